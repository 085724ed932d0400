"""Damaged files of every format give pages or one clear line, never another error and never a wait."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docqa.errors import DocqaError
from tests.retrieval.readers.samples import WRITERS, read

MAX_SECONDS = 5.0
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CONTAINERS = ["a.docx", "a.pptx", "a.xlsx", "a.epub"]
STRANGE = [b"", b"-1", b"0", b"99999999999999999999", b"1e999", b"nan", b"../../x", b"\xc3\xa9", b"<", b"rId1"]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    return {name: write(folder / name).read_bytes() for name, write in WRITERS.items()}


def survives(path: Path, data: bytes) -> None:
    """Read the damaged file; the test fails by any exception but a DocqaError, and by time."""
    path.write_bytes(data)
    started = time.process_time()
    message = ""
    try:
        read(path)
    except DocqaError as error:
        message = str(error)
    assert not message or message.startswith(f"{path}: ")
    assert "\n" not in message
    assert time.process_time() - started < MAX_SECONDS


@pytest.mark.parametrize("name", sorted(WRITERS))
@given(data=st.data())
@FUZZ
def test_flipped_lost_and_doubled_bytes(
    tmp_path: Path, originals: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    content = bytearray(originals[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        match data.draw(st.sampled_from(["flip", "cut", "lose", "double"])):
            case "flip":
                content[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "cut":
                del content[max(1, at) :]
            case "lose":
                del content[at : at + data.draw(st.integers(1, 50))]
            case "double":
                content[at:at] = content[at : at + data.draw(st.integers(1, 50))]
    survives(tmp_path / name, bytes(content))


@pytest.mark.parametrize("name", CONTAINERS)
@given(data=st.data())
@FUZZ
def test_parts_with_tags_and_values_gone_wrong(
    tmp_path: Path, originals: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    with zipfile.ZipFile(io.BytesIO(originals[name])) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    target = data.draw(st.sampled_from(sorted(part for part in parts if not part.startswith("docProps"))))
    tokens = re.split(rb"(<[^>]*>)", parts[target])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(tokens) - 1))
        match data.draw(st.sampled_from(["drop", "repeat", "strange value", "strange text"])):
            case "drop":
                tokens[at] = b""
            case "repeat":
                tokens[at] *= data.draw(st.sampled_from([2, 300]))
            case "strange value":
                value = b'"' + data.draw(st.sampled_from(STRANGE)) + b'"'
                tokens[at] = re.sub(rb'"[^"]*"', lambda _, value=value: value, tokens[at])
            case "strange text":
                tokens[at] = tokens[at] if tokens[at].startswith(b"<") else data.draw(st.sampled_from(STRANGE))
    parts[target] = b"".join(tokens)
    if data.draw(st.integers(0, 9)) == 0:
        parts.pop(data.draw(st.sampled_from(sorted(parts))))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    survives(tmp_path / name, buffer.getvalue())


@given(content=st.binary(min_size=1, max_size=300), name=st.sampled_from(sorted(WRITERS)))
@FUZZ
def test_any_bytes_under_any_name(tmp_path: Path, content: bytes, name: str) -> None:
    survives(tmp_path / name, content)


@given(
    pieces=st.lists(
        st.sampled_from(
            ["<", ">", "<table>", "<tr>", "<td colspan=3 rowspan=2>", "<p hidden>", "</p>", "<li>", "<h1>", "x"]
        )
        | st.text(max_size=5),
        max_size=60,
    )
)
@FUZZ
def test_any_soup_of_tags(tmp_path: Path, pieces: list[str]) -> None:
    survives(tmp_path / "a.html", ("<html>" + "".join(pieces)).encode(errors="replace"))


@given(
    pieces=st.lists(
        st.sampled_from(
            ["# ", "- ", "1. ", "|", "|-|", "```", "---", "> ", "`", "**", "[", "](", ")", "<!--", "-->", "\n", "x"]
        )
        | st.text(max_size=5),
        max_size=80,
    )
)
@FUZZ
def test_any_soup_of_marks(tmp_path: Path, pieces: list[str]) -> None:
    survives(tmp_path / "a.md", "".join(pieces).encode(errors="replace") or b"x")
