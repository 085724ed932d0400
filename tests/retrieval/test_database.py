"""One SQLite file: sharing it, filling it up, damaging it, and meeting one from the future."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from docqa.errors import StoreError
from docqa.retrieval import database as database_module
from docqa.retrieval.database import DamagedDatabase, Database

SCHEMA = "CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT);"


def _open(path: Path, remarks: list[str] | None = None, version: int = 1) -> Database:
    heard = [] if remarks is None else remarks
    return Database(path, SCHEMA, version, heard.append)


def _fill(database: Database, n: int) -> None:
    with database.transaction() as connection:
        connection.executemany("INSERT INTO notes (text) VALUES (?)", [("x" * 1000,) for _ in range(n)])


def _fill_and_be_interrupted(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('half')")
        raise KeyboardInterrupt


def test_a_transaction_left_by_an_exception_leaves_nothing(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")
    with pytest.raises(KeyboardInterrupt):
        _fill_and_be_interrupted(database)
    assert database.rows("SELECT * FROM notes") == []
    _fill(database, 1)
    assert database.row("SELECT count(*) FROM notes") == (1,)


def test_threads_may_share_a_database(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")

    def fill_often() -> None:
        for _ in range(20):
            _fill(database, 1)

    threads = [threading.Thread(target=fill_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.row("SELECT count(*) FROM notes") == (80,)


def test_many_connections_may_create_the_same_file_at_once(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def create() -> None:
        try:
            _open(tmp_path / "d.sqlite").close()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert _open(tmp_path / "d.sqlite").row("PRAGMA journal_mode") == ("wal",)


_ANOTHER_PROCESS = f"""
import sys
from pathlib import Path
from docqa.retrieval.database import Database
database = Database(Path(sys.argv[1]), {SCHEMA!r}, 1, print)
with database.transaction() as connection:
    connection.executemany("INSERT INTO notes (text) VALUES (?)", [("y" * 1000,)] * 100)
database.close()
"""


def test_a_second_connection_here_does_not_let_another_process_take_the_log_away(tmp_path: Path) -> None:
    first, second = _open(tmp_path / "d.sqlite"), _open(tmp_path / "d.sqlite")
    for _ in range(3):
        _fill(first, 100)
        subprocess.run([sys.executable, "-c", _ANOTHER_PROCESS, str(tmp_path / "d.sqlite")], check=True)
    assert first.row("SELECT count(*) FROM notes") == second.row("SELECT count(*) FROM notes") == (600,)
    assert _open(tmp_path / "d.sqlite").row("PRAGMA integrity_check") == ("ok",)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")
    _fill(database, 1)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(modes, 0o600)
    assert "d.sqlite-wal" in modes


def test_a_file_from_a_newer_docqa_is_refused_and_left_alone(tmp_path: Path) -> None:
    _open(tmp_path / "d.sqlite", version=2).close()
    before = (tmp_path / "d.sqlite").read_bytes()
    with pytest.raises(StoreError, match=r"newer docqa \(format 2.*update docqa") as caught:
        _open(tmp_path / "d.sqlite", version=1)
    assert not isinstance(caught.value, DamagedDatabase)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "d.sqlite").read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "d.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="another program's database"):
        _open(tmp_path / "d.sqlite")


def test_a_file_that_is_no_database_is_moved_aside_with_a_remark(tmp_path: Path) -> None:
    (tmp_path / "d.sqlite").write_bytes(b"not a database" * 100)
    remarks: list[str] = []
    database = _open(tmp_path / "d.sqlite", remarks)
    _fill(database, 1)
    [remark] = remarks
    [aside] = tmp_path.glob("d.sqlite.damaged-*")
    assert aside.name in remark
    assert aside.read_bytes().startswith(b"not a database")


def test_damage_that_shows_later_raises_once_and_begins_afresh(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")
    _fill(database, 200)
    database.close()
    with (tmp_path / "d.sqlite").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 40 * 4096)
    remarks: list[str] = []
    database = _open(tmp_path / "d.sqlite", remarks)
    with pytest.raises(DamagedDatabase, match="moved aside"):
        database.rows("SELECT sum(length(text)) FROM notes")
    assert len(remarks) == 1
    assert database.rows("SELECT * FROM notes") == []


def test_a_second_owner_of_a_damaged_file_does_not_move_the_fresh_one(tmp_path: Path) -> None:
    (tmp_path / "d.sqlite").write_bytes(b"not a database" * 100)
    first = _open(tmp_path / "d.sqlite")
    _fill(first, 3)
    first._damaged()
    assert first.row("SELECT count(*) FROM notes") == (3,)


def test_a_full_disk_is_one_clear_line_and_leaves_the_file_whole(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")
    _fill(database, 5)
    database.rows("PRAGMA max_page_count = 10")
    with pytest.raises(StoreError, match="disk is full; free some space"):
        _fill(database, 500)
    assert database.row("SELECT count(*) FROM notes") == (5,)


def test_a_writer_that_never_ends_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.1)
    database, other = _open(tmp_path / "d.sqlite"), _open(tmp_path / "d.sqlite")
    with other.transaction(), pytest.raises(StoreError, match="another process has been writing to it"):
        _fill(database, 1)
    _fill(database, 1)


def test_a_read_only_database_is_one_clear_line(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")
    database.rows("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="cannot be written; choose another cache directory"):
        _fill(database, 1)


def test_deleted_text_does_not_stay_legible(tmp_path: Path) -> None:
    database = _open(tmp_path / "d.sqlite")
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('the secret sentence')")
    with database.transaction() as connection:
        connection.execute("DELETE FROM notes")
    database.shrink()
    assert b"secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
