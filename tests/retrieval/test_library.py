"""The library over real files: what it gives, how fast, and what it imports for that."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from docqa.documents import Box, Health, OcrWord, Page, Span
from docqa.errors import NoTextFound, PasswordRequired, StoreError, UnreadableDocument, UsageError
from docqa.retrieval.library import Library
from docqa.retrieval.readers.base import ReadOptions
from tests.retrieval.library_samples import FormFeedReader, OneReader, contents, write_pages, write_pdf

ROOT = Path(__file__).parents[2]
NO_OCR = ReadOptions(ocr="off")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "cache", NO_OCR)


def _docx(path: Path) -> Path:
    from docx import Document

    document = Document()
    document.add_heading("Moorings", 1)
    document.add_paragraph("Each mooring is inspected by divers every spring. The next survey is due in April.")
    document.save(str(path))
    return path


def _markdown(path: Path) -> Path:
    path.write_text("# Cables\n\nThe export cable is 14 km long. It was laid in the autumn.\n", encoding="utf-8")
    return path


def test_a_pdf_a_word_file_and_a_text_are_read_found_and_indexed(library: Library, tmp_path: Path) -> None:
    for file in (write_pdf(tmp_path / "works.pdf", 3), _docx(tmp_path / "moorings.docx"), _markdown(tmp_path / "c.md")):
        document = library.add(file)
        indexed = library.indexed(document.id)
        assert indexed.document.name == file.name
        assert len(indexed.passages) > 0
        assert indexed.lexical.passages.n_units == len(indexed.passages)
        for passage in indexed.passages:
            assert document.pages[passage.page].text[passage.start_char : passage.end_char] == passage.text
            assert passage.document_id == document.id
        assert document.language == "en"
    assert {entry.name for entry in library.documents()} == {"works.pdf", "moorings.docx", "c.md"}


def test_pages_come_back_as_the_reader_gave_them(tmp_path: Path) -> None:
    from docqa.retrieval.readers.registry import open_document

    files = [write_pdf(tmp_path / "works.pdf", 40), _docx(tmp_path / "moorings.docx"), _markdown(tmp_path / "c.md")]
    library = Library(tmp_path / "cache", NO_OCR)
    for file in files:
        with open_document(file, NO_OCR) as reading:
            assert list(library.add(file).pages) == list(reading)


def test_a_cited_span_of_a_pdf_has_boxes_on_its_page(library: Library, tmp_path: Path) -> None:
    document = library.add(write_pdf(tmp_path / "works.pdf", 2))
    passage = library.passages(document.id)[0]
    boxes = library.boxes(document.id, passage.page, passage.sentences)
    page = document.pages[passage.page]
    assert len(boxes) == len(passage.sentences)
    for box in (box for sentence in boxes for box in sentence):
        assert 0 <= box.x0 < box.x1 <= page.width
        assert 0 <= box.y0 < box.y1 <= page.height
    assert all(boxes)


@pytest.mark.parametrize("change", ["touched", "moved", "edited", "gone"])
def test_boxes_come_only_from_a_file_that_still_has_the_bytes(library: Library, tmp_path: Path, change: str) -> None:
    file = write_pdf(tmp_path / "works.pdf", 2)
    document = library.add(file)
    if change == "touched":
        os.utime(file, (1, 1))
    elif change == "moved":
        library.add(file.rename(tmp_path / "elsewhere.pdf"))
    elif change == "edited":
        write_pdf(file, 3)
    else:
        file.unlink()
    [boxes] = library.boxes(document.id, 0, [Span(0, 20)])
    assert bool(boxes) is (change in ("touched", "moved"))
    assert (library.file(document.id) is not None) is (change in ("touched", "moved"))


def test_boxes_of_an_ocr_page_come_from_its_words(tmp_path: Path) -> None:
    words = (
        OcrWord(0, 3, Box(10, 10, 30, 20), 0.9),
        OcrWord(4, 9, Box(34, 11, 60, 21), 0.9),
        OcrWord(10, 14, Box(10, 30, 40, 40), 0.9),
    )

    def read_by_ocr(index: int, text: str) -> Page:
        return Page(index, "The north pier", number=1, health=Health("ocr", ocr_confidence=0.9), words=words)

    file = write_pages(tmp_path / "scan.txt", 1)
    library = Library(tmp_path / "cache", readers=OneReader(FormFeedReader(page=read_by_ocr)))
    document = library.add(file)
    file.unlink()
    assert document.pages[0].words == words
    assert library.boxes(document.id, 0, [Span(4, 14), Span(1, 2), Span(3, 4)]) == [
        (Box(34, 11, 60, 21), Box(10, 30, 40, 40)),
        (Box(10, 10, 30, 20),),
        (),
    ]


def test_an_encrypted_pdf_demands_its_password_again_though_its_text_is_stored(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(write_pdf(tmp_path / "plain.pdf", 2)))
    writer.encrypt("otter", algorithm="RC4-128")
    file = tmp_path / "locked.pdf"
    writer.write(file)
    document = Library(tmp_path / "cache").add(file, password="otter")
    library = Library(tmp_path / "cache")
    for password in (None, "beaver"):
        with pytest.raises(PasswordRequired):
            library.add(file, password=password)
    with pytest.raises(PasswordRequired):
        library.passages(document.id)
    assert library.add(file, password="otter").pages[0].text.startswith("Report on the harbour works")
    assert all(library.boxes(document.id, 0, [Span(0, 10)]))


def test_a_pdf_that_only_forbids_printing_is_open_to_all(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(write_pdf(tmp_path / "plain.pdf", 1)))
    writer.encrypt("", owner_password="owner", algorithm="RC4-128")
    file = tmp_path / "restricted.pdf"
    writer.write(file)
    document = Library(tmp_path / "cache").add(file)
    assert len(Library(tmp_path / "cache").passages(document.id)) > 0


def test_a_picture_only_pdf_without_ocr_says_what_to_do(library: Library, tmp_path: Path) -> None:
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "scan.pdf"), invariant=1)
    for shade in (90, 160):
        canvas.drawImage(
            ImageReader(Image.linear_gradient("L").point(lambda v, s=shade: (v + s) % 256)), 50, 50, 400, 600
        )
        canvas.showPage()
    canvas.save()
    with pytest.raises(NoTextFound, match=r"scan\.pdf: there is no text in it: 2 pages, 2 unreadable \(.+\)"):
        library.add(tmp_path / "scan.pdf")
    [entry] = library.documents()
    assert [page.health.source for page in library.health(entry.id).pages] == ["unreadable"] * 2


@pytest.mark.parametrize(
    ("name", "cause"),
    [("missing.pdf", "does not exist"), ("", "is a directory"), ("empty.pdf", "empty"), ("fake.pdf", "named .pdf but")],
)
def test_a_bad_file_is_one_clear_line_and_leaves_nothing(
    library: Library, tmp_path: Path, name: str, cause: str
) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "fake.pdf").write_text("<html><body>no</body></html>")
    with pytest.raises(UnreadableDocument, match=cause) as caught:
        library.add(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert library.documents() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_named_pipe_is_refused_at_once(library: Library, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableDocument, match="not a regular file"):
        library.add(tmp_path / "pipe")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file systems only take Unicode names")
def test_a_name_with_odd_bytes_can_be_read_listed_and_found(library: Library, tmp_path: Path) -> None:
    file = write_pages(Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sum\xe9.txt")), 1)
    document = library.add(file)
    assert document.name == "r\ufffdsum\ufffd.txt"
    assert library.documents()[0].paths == (file,)
    assert library.find(str(file)).id == document.id


def test_a_link_and_a_relative_path_lead_to_the_same_document(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _markdown(tmp_path / "c.md")
    (tmp_path / "link.md").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    assert library.add("c.md").id == library.add(tmp_path / "link.md").id
    assert set(library.documents()[0].paths) == {file, tmp_path / "link.md"}


def test_a_document_is_found_by_path_name_stem_and_digits(library: Library, tmp_path: Path) -> None:
    file = _markdown(tmp_path / "Cables.md")
    document = library.add(file)
    library.add(_docx(tmp_path / "moorings.docx"))
    for name in (str(file), "Cables.md", "cables", document.id[:6].upper(), document.id):
        assert library.find(name).id == document.id


def test_an_ambiguous_or_unknown_name_lists_the_candidates(library: Library, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = library.add(_markdown(tmp_path / "same.md"))
    second = library.add(write_pages(tmp_path / "other" / "same.md", 1))
    with pytest.raises(UsageError, match=rf"2 documents: .*{second.id[:12]}") as caught:
        library.find("same.md")
    assert first.id[:12] in str(caught.value)
    with pytest.raises(UsageError, match=r"no document 'nothing' in the library \(it has: same.md, same.md\)"):
        library.find("nothing")
    with pytest.raises(UsageError, match="no document"):
        library.find(first.id[:3])


def test_a_found_document_whose_file_was_edited_is_given_as_it_was_read(library: Library, tmp_path: Path) -> None:
    file = _markdown(tmp_path / "c.md")
    before = library.add(file)
    file.write_text("# Cables\n\nThere are no cables.\n")
    assert list(library.find("c.md").pages) == list(before.pages)
    assert library.add(file).id != before.id


def test_the_cache_is_its_owners_alone(library: Library, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no such modes")
    library.add(_markdown(tmp_path / "c.md"))
    folders = [tmp_path / "cache", *(path for path in (tmp_path / "cache").glob("*") if path.is_dir())]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    databases = (tmp_path / "cache").glob("library.sqlite*")
    assert {stat.S_IMODE(file.stat().st_mode) for file in databases} == {0o600}


def test_a_directory_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="choose another cache directory") as caught:
        Library(tmp_path / "file" / "cache")
    assert "\n" not in str(caught.value)


def test_a_disk_that_fills_up_while_arrays_are_written_leaves_a_store_that_goes_on(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the system then refuses to write."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such limit")
    file = write_pages(tmp_path / "a.txt", 400)
    child = (
        "import resource, sys; from docqa.retrieval.library import Library; from docqa.errors import StoreError\n"
        "from tests.retrieval.library_samples import OneReader\n"
        "library = Library(sys.argv[1], readers=OneReader())\n"
        "def limit(p):\n"
        "    if p.stage == 'index': resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try: library.add(sys.argv[2], on_progress=limit)\n"
        "except StoreError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", child, str(tmp_path / "cache"), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "choose another cache directory" in done.stdout
    assert done.stdout.count("\n") == 1
    reader = FormFeedReader()
    with Library(tmp_path / "cache", readers=OneReader(reader)) as library:
        assert len(library.add(file).pages) == 400
    assert reader.n_pages_read == 0


def test_a_damaged_cache_is_moved_aside_and_filled_again(tmp_path: Path) -> None:
    file = write_pages(tmp_path / "a.txt", 400)
    with Library(tmp_path / "cache", readers=OneReader()) as library:
        library.add(file)
    before = contents(tmp_path / "cache")
    database = tmp_path / "cache" / "library.sqlite"
    healthy = database.read_bytes()
    database.write_bytes(healthy[:4096] + b"\xff" * (len(healthy) - 4096))
    remarks: list[str] = []
    with Library(tmp_path / "cache", readers=OneReader(), notify=remarks.append) as library:
        assert len(library.add(file).pages) == 400
    assert len(remarks) == 1
    assert "moved aside" in remarks[0]
    assert contents(tmp_path / "cache") == before


def test_threads_may_share_a_library(tmp_path: Path) -> None:
    reader = FormFeedReader()
    library = Library(tmp_path / "cache", readers=OneReader(reader))
    file = write_pages(tmp_path / "a.txt", 100)
    found: list[str] = []

    def work() -> None:
        document = library.add(file)
        found.append("".join(page.text for page in document.pages))
        found.append("".join(library.passages(document.id)[i].text for i in range(100)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert reader.n_pages_read == 100


def test_a_removed_document_is_gone_and_its_file_is_not(library: Library, tmp_path: Path) -> None:
    file = _markdown(tmp_path / "c.md")
    document = library.add(file)
    library.remove(document.id)
    assert library.documents() == ()
    assert file.exists()
    assert b"export cable" not in b"".join(p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file())
    for ask in (library.passages, library.indexed, library.health, library.document, library.remove):
        with pytest.raises(StoreError, match="not in the library"):
            ask(document.id)
    with pytest.raises(StoreError, match="removed from the library"):
        document.pages[0]


IMPORTS = """
import json, sys
from docqa.retrieval.library import Library
loaded = set(sys.modules)
library = Library(sys.argv[1])
document = library.add(sys.argv[2])
later = set(sys.modules)
library.indexed(document.id)
json.dump([sorted(loaded), sorted(later), sorted(sys.modules)], sys.stdout)
"""


def test_asking_for_what_is_indexed_loads_no_reader_and_nothing_heavy(library: Library, tmp_path: Path) -> None:
    file = write_pdf(tmp_path / "works.pdf", 2)
    library.add(file)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, str(tmp_path / "cache"), str(file)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    loaded, later, last = (set(names) for names in json.loads(done.stdout))
    heavy = (
        "faiss",
        "torch",
        "llama_index",
        "langgraph",
        "PIL",
        "docx",
        "lxml",
        "pypdfium2",
        "pypdf",
        "rapidocr",
        "openai",
    )
    assert not {name for name in last if name.split(".")[0] in heavy}
    readers = {name for name in last if name.startswith("docqa.retrieval.readers.")}
    assert readers == {"docqa.retrieval.readers.base"}
    assert "numpy" not in loaded
    assert loaded < later < last


def test_an_indexed_document_is_there_in_a_tenth_of_a_second(tmp_path: Path) -> None:
    file = write_pdf(tmp_path / "works.pdf", 100)
    Library(tmp_path / "cache", NO_OCR).add(file)

    def seconds() -> float:
        started = time.perf_counter()
        with Library(tmp_path / "cache", NO_OCR) as library:
            library.indexed(library.add(file).id)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(5)) < 0.1
