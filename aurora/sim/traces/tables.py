"""Reads text tables, plain or gzipped, without trusting them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from aurora.errors import DataError
from aurora.reading import TABLE_BYTES, read_text


def rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each row of a CSV file with a header.

    Raises:
        DataError: A required column is absent, or a row has another number of fields than the header.
    """
    reader = csv.reader(io.StringIO(read_text(path, limit=TABLE_BYTES)))
    try:
        header = next(reader, None)
        if not header:
            raise DataError(f"{path} is empty; a header with {', '.join(required)} is expected")
        missing = [column for column in required if column not in header]
        if missing:
            raise DataError(f"{path}: no column {missing[0]!r} in the header {','.join(header)[:200]!r}")
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"{path}, line {reader.line_num}: {len(fields)} fields where the header has {len(header)}"
                )
            yield reader.line_num, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None


def number(path: Path, line: int, field: str, text: str, *, default: float | None = None) -> float:
    """A finite, non-negative number; `default` for an empty field.

    Raises:
        DataError: It is not one.
    """
    if not text.strip() and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} is not a number") from None
    if not math.isfinite(value) or value < 0:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} must be finite and not negative")
    return value


def whole(path: Path, line: int, field: str, text: str, *, most: int) -> int:
    """A whole number from 0 to `most`.

    Raises:
        DataError: It is not one.
    """
    value = number(path, line, field, text)
    if value != int(value) or value > most:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} must be a whole number up to {most}")
    return int(value)
