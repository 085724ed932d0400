"""The exit code of every kind of failure, as the README's table has it."""

from __future__ import annotations

import pytest

from docqa.app import exit_codes
from docqa.errors import (
    DocqaError,
    DocumentsTooLong,
    MalformedReply,
    ModelRejected,
    ModelUnreachable,
    NetworkForbidden,
    OutOfBudget,
    PasswordRequired,
    StoreError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreError("the cache directory is read-only"), 1),
        (MalformedReply("no JSON"), 1),
        (UsageError("unknown route"), 2),
        (DocumentsTooLong("more tokens than the window"), 2),
        (PasswordRequired("a.pdf", "encrypted"), 3),
        (ModelUnreachable("nobody answers"), 6),
        (ModelRejected("the server refuses the key"), 6),
        (NetworkForbidden("--offline"), 6),
        (OutOfBudget("the limit of 5 s is reached"), 7),
    ],
)
def test_every_kind_of_error_has_the_code_that_the_readme_names(error: DocqaError, code: int) -> None:
    assert exit_codes.of_error(error) == code
