"""Connections to the archive's database, with explanations of errors of SQLAlchemy and SQLite."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from aurora.errors import StoreError

_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=NORMAL")
_REMEDIES = (
    ("locked", "another process holds it; wait for it and try again"),
    ("full", "free some space; nothing committed is lost, and the run can go on"),
    ("disk i/o", "see to the disk; nothing committed is lost, and the run can go on"),
    ("readonly", "it can't be written; copy the folder to a writable place"),
    ("unable to open", "check the path and its permissions"),
    ("malformed", "it is damaged; take it from a copy"),
    ("not a database", "is it the right file?"),
    ("no such table", "it is damaged or not an archive; is it the right file?"),
    ("no such column", "it is damaged or not an archive; is it the right file?"),
)


def open_engine(where: str | Path) -> tuple[Engine, bool]:
    """Return the engine of a database, and whether it can only be read.

    Args:
        where: Path of a file, or URL of a database (`postgresql+psycopg://...`).

    Raises:
        StoreError: The file can't be written, and its last changes are not in it yet.
    """
    if "://" in str(where):
        return create_engine(str(where)), False
    path = Path(where).absolute()
    if _is_writable(path):
        engine = create_engine(URL.create("sqlite", database=str(path)))
        event.listen(engine, "connect", _set_pragmas)
        return engine, False
    write_ahead_log = path.with_name(f"{path.name}-wal")
    if write_ahead_log.exists() and write_ahead_log.stat().st_size:
        raise StoreError(
            f"{where} can't be written, and its last changes lie beside it in {write_ahead_log.name}; "
            "copy the folder to where it can be written, and read the copy"
        )
    # A database with a write-ahead log needs a shared-memory file beside it, unless nobody can change it.
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False)), True


@contextmanager
def database_errors(where: str, what: str) -> Iterator[None]:
    """Raise errors of the database or of damaged content as one `StoreError` of one line.

    Args:
        where: Name of the archive.
        what: Failed action as it follows "can't", such as "be read".

    Raises:
        StoreError: The database failed, or its content is damaged.
    """
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).split("\n", 1)[0][:200]
        remedy = next((r for word, r in _REMEDIES if word in reason.lower()), "is it the right file?")
        raise StoreError(f"{where} can't {what}: {reason}; {remedy}") from None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise StoreError(f"{where} can't {what}: its content is damaged ({reason}); take it from a copy") from None


def _is_writable(path: Path) -> bool:
    """Return True if a database may be written or created here; a folder that is absent fails when it is opened."""
    return os.access(path.parent, os.W_OK) and os.access(path, os.W_OK) if path.exists() else True


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
