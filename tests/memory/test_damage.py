"""A damaged, foreign, locked or read-only archive gives a one-line error, and nothing is lost."""

import os
import sqlite3
import stat

import pytest
from sqlalchemy.exc import OperationalError

from aurora.errors import AuroraError, StoreError
from aurora.memory.database import database_errors
from aurora.memory.records import Iteration, NewPolicy
from aurora.memory.store import Store
from aurora.sim.policies.references import REFERENCES

ODD = ("a?b=c", "a#b", "a%20b", "a b é", "file:x", "a&mode=memory")


def filled(path):
    policies = [NewPolicy(REFERENCES[name], "reference") for name in ("first_fit", "best_fit")]
    with Store.open(path) as store:
        store.commit(Iteration(0, policies, [], [], [], [], {}, {"champion": None}, []))
    return path


def read(path):
    with Store.open(path) as store:
        return (store.counts(), store.top(10), store.last_iteration(), store.events(), store.documents("policies"))


@pytest.mark.parametrize("name", ODD)
def test_an_archive_is_created_at_its_exact_path(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    filled(folder / "archive.sqlite")
    assert (folder / "archive.sqlite").is_file()
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert read(folder / "archive.sqlite")[0]["policies"] == 2


STATEMENTS = [
    "UPDATE meta SET value='soon'",
    "UPDATE meta SET value='-1'",
    "UPDATE meta SET value='99'",
    "DELETE FROM meta",
    "DROP TABLE meta",
    "DROP TABLE policies",
    "DROP TABLE iterations",
    "ALTER TABLE policies DROP COLUMN origin",
    "UPDATE policies SET document='{'",
    "UPDATE policies SET document='[]'",
    "UPDATE policies SET document='{\"allocation_strategy\": 3}'",
    "UPDATE policies SET document=x'ff00'",
    "UPDATE iterations SET state='{'",
    "UPDATE iterations SET events='[[[['",
    f"UPDATE iterations SET state='{'[' * 100_000}'",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_damaged_archive_gives_a_one_line_error(tmp_path, statement):
    path = filled(tmp_path / "archive.sqlite")
    connection = sqlite3.connect(path)
    connection.execute("DROP INDEX IF EXISTS policies_by_rating") if "COLUMN" in statement else None
    connection.execute(statement)
    connection.commit()
    connection.close()
    try:
        read(path)
    except StoreError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 600


def test_damaged_pages_give_a_one_line_error_and_are_not_altered(tmp_path):
    path = filled(tmp_path / "archive.sqlite")
    whole = path.read_bytes()
    for place in range(0, len(whole), 1024):
        damaged = whole[:place] + b"\xa5" * 512 + whole[place + 512 :]
        path.write_bytes(damaged)
        try:
            read(path)
        except AuroraError as error:
            assert "\n" not in str(error)
    for end in (0, 100, 1024, 5000):
        path.write_bytes(whole[:end])
        try:
            read(path)
        except AuroraError as error:
            assert "\n" not in str(error)


def test_a_database_of_another_program_is_not_altered(tmp_path):
    path = tmp_path / "archive.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE people (name)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="no archive"):
        Store.open(path)
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["people"]


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"\x1f\x8b" * 100])
def test_a_foreign_or_empty_file_is_refused_or_initialised(tmp_path, content):
    path = tmp_path / "archive.sqlite"
    path.write_bytes(content)
    try:
        read(path)
    except StoreError as error:
        assert "right file" in str(error)


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """An archive in a read-only folder; root may write anywhere, so access is denied by a patch."""
    folder = tmp_path / "run?"
    folder.mkdir()
    path = filled(folder / "archive.sqlite")
    path.chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "access", lambda *_: False)
    yield path
    folder.chmod(stat.S_IRWXU)


def test_a_read_only_archive_can_be_read(read_only):
    assert read(read_only)[0]["policies"] == 2
    assert [p.name for p in read_only.parent.iterdir()] == ["archive.sqlite"]
    with Store.open(read_only) as store, pytest.raises(StoreError, match="readonly"):
        store.commit(Iteration(1, [], [], [], [], [], {}, {}, []))


def test_a_read_only_archive_with_a_write_ahead_log_needs_a_copy(read_only):
    read_only.parent.chmod(stat.S_IRWXU)
    read_only.with_name("archive.sqlite-wal").write_bytes(b"x" * 100)
    with pytest.raises(StoreError, match="copy the folder"):
        Store.open(read_only)


def test_a_locked_archive_names_the_lock():
    locked = OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))
    with pytest.raises(StoreError, match="another process holds it"), database_errors("archive", "be read"):
        raise locked
