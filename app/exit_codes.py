"""Exit codes of the command line: documented in the README, and stable."""

from __future__ import annotations

from docqa.answers import Status
from docqa.errors import (
    DocqaError,
    ModelRejected,
    ModelUnreachable,
    NetworkForbidden,
    NoCompletion,
    OutOfBudget,
    UnreadableDocument,
    UsageError,
)

ANSWERED = 0
FAILED = 1
USAGE = 2
UNREADABLE_DOCUMENT = 3
NOT_FOUND = 4
PARTIAL = 5
NO_MODEL = 6
OUT_OF_BUDGET = 7
INTERRUPTED = 130

OF_STATUS: dict[Status, int] = {"answered": ANSWERED, "not_found": NOT_FOUND, "partial": PARTIAL}

_OF_ERROR: tuple[tuple[type[DocqaError], int], ...] = (
    (UnreadableDocument, UNREADABLE_DOCUMENT),
    (ModelUnreachable, NO_MODEL),
    (ModelRejected, NO_MODEL),
    (NoCompletion, NO_MODEL),
    (NetworkForbidden, NO_MODEL),
    (OutOfBudget, OUT_OF_BUDGET),
    (UsageError, USAGE),
    (DocqaError, FAILED),
)


def of_error(error: DocqaError) -> int:
    """The exit code for an error of the user's."""
    return next(code for kind, code in _OF_ERROR if isinstance(error, kind))
