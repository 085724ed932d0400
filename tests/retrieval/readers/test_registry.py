"""Which reader opens what, and what that costs to ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docqa.errors import UnreadableDocument, UsageError
from docqa.retrieval.readers import media_types
from docqa.retrieval.readers.base import Reader, ReadOptions
from docqa.retrieval.readers.registry import READERS, open_document, reader_for, reader_of, reader_version
from tests.retrieval.readers.samples import WRITERS

WITHOUT_PDF = sorted(set(READERS) - {media_types.PDF})


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_file_finds_its_reader_and_starts_anywhere(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name)
    media_type, reader = reader_for(path)
    assert reader.version == reader_version(media_type)
    with open_document(path, ReadOptions()) as reading:
        pages = list(reading)
        assert list(reading) == pages
    assert [page.index for page in pages] == list(range(reading.n_pages))
    for first_page in range(len(pages) + 2):
        with open_document(path, ReadOptions(), first_page) as reading:
            assert reading.n_pages == len(pages)
            assert list(reading) == pages[first_page:]


def test_every_kind_has_a_reader_with_a_version_of_its_own() -> None:
    readers: list[Reader] = [reader_of(media_type) for media_type in WITHOUT_PDF]
    assert set(READERS) == set(media_types.LABELS) == set(media_types.EXTENSIONS.values()) | {media_types.PDF}
    assert len({reader.version for reader in readers}) == len({type(reader) for reader in readers})


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no reader for image/png; the known kinds are .*text/html"):
        reader_of("image/png")


def test_asking_what_a_file_is_imports_no_parser(tmp_path: Path) -> None:
    for name, content in (("a.pdf", "%PDF-1.7"), ("a.txt", "words")):
        (tmp_path / name).write_text(content)
    parsers = ("lxml", "docx", "pptx", "openpyxl", "charset_normalizer", "pypdfium2")
    program = (
        "import sys; from pathlib import Path; from docqa.retrieval.readers.detect import detect;"
        "import docqa.retrieval.readers.registry; [detect(Path(name)) for name in sys.argv[1:]];"
        f"print([name for name in {parsers} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.pdf"), str(tmp_path / "a.txt")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"


def test_a_file_that_is_not_there_is_reported_by_every_door(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="does not exist"):
        open_document(tmp_path / "gone.docx", ReadOptions())
