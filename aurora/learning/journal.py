"""Files of JSON lines that only grow: what was written stays, also when the process or the power goes."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora.errors import DataError


def append(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Add records at the end and wait until they are on disk.

    A last line that an earlier process did not finish is cut off first: it was never acknowledged.

    Raises:
        DataError: The file can't be written, or another process writes to it.
    """
    text = "".join(json.dumps(r, sort_keys=True, allow_nan=False) + "\n" for r in records)
    try:
        with path.open("a+b") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DataError(f"another process writes to {path}; wait for it") from None
            stream.seek(0)
            stream.truncate(_whole(stream.read()))
            stream.seek(0, os.SEEK_END)
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise DataError(f"can't write {path}: {error.strerror}") from None


def read(path: Path) -> list[dict[str, Any]]:
    """All whole records, oldest first; none if there is no file. A torn last line is left out.

    Raises:
        DataError: The file can't be read, or a line before the last is not a JSON object.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror}") from None
    records: list[dict[str, Any]] = []
    for number, line in enumerate(data[: _whole(data)].splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number} is not JSON ({error}); restore the file from a copy") from None
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {number} is not a JSON object; restore the file from a copy")
        records.append(record)
    return records


def _whole(data: bytes) -> int:
    """Length of the part that ends with a finished line."""
    return data.rfind(b"\n") + 1
