"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aurora.errors import DataError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file beside `path`, with its ending, to write to; it takes the place of `path` when all went well.

    Readers see the old file or the new one, also after a loss of power. After an error or an interrupt nothing is left
    of the new one.

    Raises:
        DataError: It can't be written.
    """
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield partial
        with partial.open("rb+") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name is on disk only with its folder
        finally:
            os.close(folder)
    except OSError as error:
        raise DataError(
            f"can't write {path}: {error.strerror or error}; check the folder and its permissions"
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by a text, in UTF-8; see `replaced`.

    Raises:
        DataError: It can't be written.
    """
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf-8")
