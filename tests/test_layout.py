"""The layout holds: every package is shipped, every room has its link, and nothing that ships is left out."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
ROOMS = ("agents", "app", "eval", "llm", "retrieval", "ui")


def test_the_wheel_has_every_package_that_is_on_the_disk() -> None:
    folders = {"docqa": ROOT / "docqa", **{f"docqa.{room}": ROOT / room for room in ROOMS}}
    found = {"docqa"}
    for name, folder in folders.items():
        if name != "docqa":
            found |= {".".join((name, *path.parent.relative_to(folder).parts)) for path in folder.rglob("__init__.py")}
    assert sorted(SETTINGS["setuptools"]["packages"]) == sorted(found)


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_room_has_its_link_in_the_import_package() -> None:
    for room in ROOMS:
        link = ROOT / "docqa" / room
        assert link.is_symlink()
        assert link.resolve() == ROOT / room


def test_every_room_is_mapped_for_the_wheel() -> None:
    expected = {"docqa": "docqa", **{f"docqa.{room}": room for room in ROOMS}}
    assert SETTINGS["setuptools"]["package-dir"] == expected


def test_nothing_refers_to_the_rooms_by_their_bare_names() -> None:
    banned = SETTINGS["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    assert sorted(banned) == sorted(ROOMS)
