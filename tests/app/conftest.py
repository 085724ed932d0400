"""The command line as a person uses it, in this process, with a cache and a home of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from docqa.app.cli import main
from docqa.app.doctor import one_page_pdf

LEASE = (
    "The lease of the warehouse in Dock Street began on 1 June 2019.",
    "It ends on 31 May 2027 unless it is renewed in writing.",
    "The yearly rent is 48,500 dollars, due in four equal parts.",
)


@dataclass(frozen=True)
class Run:
    """What a run printed and how it ended."""

    code: int
    out: str
    err: str


DocqaCommand = Callable[..., Run]


@pytest.fixture
def docqa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> DocqaCommand:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCQA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*arguments: str) -> Run:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capsys.readouterr()
        code = ended.value.code
        return Run(0 if code is None else int(code), captured.out, captured.err)

    return run


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    path = tmp_path / "lease.pdf"
    path.write_bytes(one_page_pdf(LEASE))
    return path
