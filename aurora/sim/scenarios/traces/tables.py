"""Reads and validates text tables, plain or gzipped."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from aurora.errors import DataError
from aurora.reading import TABLE_BYTES, read_text
from aurora.validation import explain_validation

MAX_NUMBER = 1e12
"""Largest plausible number in a trace; a scenario's numbers go to 1e15."""
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
MIN_NUMBER = 1e-9
"""Smallest number of a trace that is not 0."""


def rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and fields of each row of a CSV file with a header.

    The header determines the separator: a comma, or a semicolon or tab if that gives the columns. With semicolons,
    `0,5` is a half. Blanks around fields are removed, and so is a separator at the end of every line.

    Raises:
        DataError: A required column is absent or doubled, or a row has another number of fields than the header.
    """
    text = read_text(path, limit=TABLE_BYTES)
    first = text[: text.find("\n")] if "\n" in text else text
    separator = max(",;\t", key=first.count)
    has_blanks = f" {separator}" in text or f"{separator} " in text or " \n" in text or "\n " in text
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise DataError(f"{path} is empty; a header with {', '.join(required)} is expected")
        missing = [column for column in required if column not in header]
        if missing:
            raise DataError(f"{path}: no column {missing[0]!r} in the header {separator.join(header)[:200]!r}")
        doubled = [column for column in required if header.count(column) > 1]
        if doubled:
            raise DataError(f"{path} has two columns {doubled[0]!r}; leave one out")
        for fields in reader:
            if has_blanks:
                fields = [field.strip() for field in fields]  # noqa: PLW2901  # the same fields
            if not any(fields):
                continue
            if len(fields) != len(header):
                raise DataError(
                    f"{path}, line {reader.line_num}: {len(fields)} fields where the header has {len(header)}"
                )
            row = dict(zip(header, fields, strict=True))
            if not row.get("", "0").strip():  # a separator at the end of every line
                del row[""]
            if separator == ";":
                row = {k: v.replace(",", ".") if _DECIMAL_COMMA.fullmatch(v) else v for k, v in row.items()}
            yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None


def number(path: Path, line: int, field: str, text: str, *, default: float | None = None) -> float:
    """Parse a finite, non-negative number; return `default` for an empty field.

    Raises:
        DataError: The text is not one.
    """
    if not text.strip() and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} is not a number") from None
    if 0 < value < MIN_NUMBER:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} is too small; give 0 or at least {MIN_NUMBER:g}")
    if not math.isfinite(value) or not 0 <= value <= MAX_NUMBER:
        raise DataError(
            f"{path}, line {line}, {field}: {text[:40]!r} must be finite, not negative, and at most {MAX_NUMBER:g}"
        )
    return value


def whole(path: Path, line: int, field: str, text: str, *, most: int) -> int:
    """Parse a whole number from 0 to `most`.

    Raises:
        DataError: The text is not one.
    """
    value = number(path, line, field, text)
    if value != int(value) or value > most:
        raise DataError(f"{path}, line {line}, {field}: {text[:40]!r} must be a whole number up to {most}")
    return int(value)


@contextmanager
def scenario_of(source: str) -> Iterator[None]:
    """Turn a scenario's validation error into a `DataError` of the trace; a context manager or decorator.

    Raises:
        DataError: The trace's numbers, though each is valid, give no valid scenario.
    """
    try:
        yield
    except ValidationError as error:
        raise DataError(f"{source} gives no valid scenario: {explain_validation(error)}; check its numbers") from None
