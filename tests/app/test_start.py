"""What is loaded: starting fast is a promise, so the list of imports is asserted, not the time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import DocqaCommand

HEAVY = (
    "torch transformers sentence_transformers streamlit llama_index langgraph langchain_core openai faiss onnxruntime "
    "pandas scipy sklearn nltk PIL docx pptx openpyxl rapidocr cv2"
).split()

SCRIPT = """
import sys
{action}
print("loaded:", *sorted(name for name in {names!r} if name in sys.modules), sep="\\n")
"""


def loaded(action: str, names: list[str], cache_dir: Path | None = None) -> str:
    environment = {**os.environ, "DOCQA_CACHE_DIR": str(cache_dir or "")}
    script = SCRIPT.format(action=action, names=names)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    return done.stdout


def test_importing_docqa_loads_nothing_heavy() -> None:
    assert loaded("import docqa", [*HEAVY, "numpy", "rich", "typer", "sqlite3"]) == "loaded:\n"


def test_help_loads_nothing_heavy() -> None:
    action = "from docqa.app.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    assert loaded(action, [*HEAVY, "numpy", "sqlite3"]).endswith("\nloaded:\n")


@pytest.mark.parametrize(("model", "expected"), [("embedded", "onnxruntime\n"), ("embedded:lexical", "")])
def test_asking_an_indexed_document_loads_what_reads_it_and_nothing_else_that_is_heavy(
    docqa: DocqaCommand, lease: Path, tmp_path: Path, model: str, expected: str
) -> None:
    assert docqa("index", str(lease)).code == 0
    encoder = "embedded" if expected else "none"
    arguments = ["ask", str(lease), "When does it end unless it is renewed in writing?", "--model", model]
    arguments += ["--encoder", encoder]
    action = (
        f"from docqa.app.cli import main\ntry:\n    main({arguments!r})\n"
        "except SystemExit as end:\n    assert not end.code, end.code"
    )
    output = loaded(action, [*HEAVY, "pypdfium2", "lxml", "docqa.retrieval.readers.docx"], tmp_path / "cache")
    assert "31 May 2027" in output
    assert output.endswith(f"\nloaded:\n{expected}")
