"""Appends to and reads files of JSON lines that only grow and survive a killed process or a power failure."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aurora.errors import DataError, FileError
from aurora.reading import TABLE_BYTES, decode, parse_json, read_bytes
from aurora.validation import explain_validation

RecordT = TypeVar("RecordT", bound=BaseModel)


def append(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Append records to a file and wait until they are on disk.

    A last line that an earlier process did not finish is cut off first: it was never acknowledged.

    Raises:
        FileError: The file can't be written, or another process writes to it.
    """
    text = "".join(json.dumps(r, sort_keys=True, allow_nan=False) + "\n" for r in records)
    try:
        with path.open("a+b") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise FileError(f"another process writes to {path}; wait for it") from None
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise FileError(f"can't write {path}: it is no regular file; give the path of a file")
            stream.seek(0)
            stream.truncate(_whole(stream.read()))
            stream.seek(0, os.SEEK_END)
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileError(f"can't write {path}: {getattr(error, 'strerror', None) or error}") from None


def read(path: Path) -> list[dict[str, Any]]:
    """Return all complete records, oldest first; none if there is no file. A torn last line is left out.

    Raises:
        FileError: The file can't be read.
        DataError: A line before the last is not a JSON object.
    """
    if not is_there(path):
        return []
    data = read_bytes(path, limit=TABLE_BYTES)
    text = decode(data[: _whole(data)], str(path))
    records: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        record = parse_json(line, f"{path}, line {number}")
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {number} is not a JSON object; restore the file from a copy")
        records.append(record)
    return records


def read_as(path: Path, kind: type[RecordT], name: str) -> list[RecordT]:
    """Return all complete records as values of a type, oldest first; see `read`.

    Args:
        path: The file.
        kind: Type of the records.
        name: What a record is, for the message, such as "sample".

    Raises:
        FileError: The file can't be read.
        DataError: A line is not of the type.
    """
    values = []
    for number, record in enumerate(read(path), 1):
        try:
            values.append(kind.model_validate(record))
        except ValidationError as error:
            raise DataError(f"{path}, line {number} is no {name}: {explain_validation(error)}") from None
    return values


def is_there(path: Path) -> bool:
    """Return whether a file of that name exists, readable or not."""
    try:
        return path.exists()
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return True


def _whole(data: bytes) -> int:
    """Return the length of the part that ends with a complete line."""
    return data.rfind(b"\n") + 1
