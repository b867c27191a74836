"""Reads text files as tables: finds the encoding, the line ends, the separator and the header."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from aurora.errors import DataError
from aurora.learning.tables.columns import is_time_name
from aurora.learning.tables.notation import is_number
from aurora.learning.tables.time_forms import looks_like_time
from aurora.reading import decode

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MAX_PREAMBLE = 30
"""Largest number of lines before the header."""
_FOREIGN = (
    (b"{", "JSON; write its values as CSV, such as unique_id,ds,y (jq -r '... | @csv')"),
    (b"[", "JSON; write its values as CSV, such as unique_id,ds,y (jq -r '... | @csv')"),
    (b"<", "XML or a web page, perhaps a server's login page; export the values as CSV"),
    (b"ARROW1", "an Arrow (Feather) file; save it as Parquet"),
    (b"ORC", "an ORC file; save it as Parquet"),
    (b"Obj\x01", "an Avro file; save it as Parquet"),
    (b"SQLite format 3", "a SQLite database; export the values as CSV"),
    (b"\x89HDF", "an HDF5 file; save it as Parquet"),
    (b"%PDF", "a PDF document; export the values as CSV"),
)
"""First bytes of files that are no table of text, with the kind of file and the remedy."""


class TextTable(NamedTuple):
    """A table of text, ready for a parser.

    Attributes:
        body: Text in UTF-8 from the header on, or from the first row if there is no header.
        separator: Separator of fields.
        skipped: Lines before the body.
        header: Fields of the body's first line, stripped of blanks and quotes; "column 2" where the second is empty.
        notes: Remarks on the file's form, for people; empty for plain CSV.
    """

    body: bytes
    separator: str
    skipped: int
    header: tuple[str, ...]
    notes: tuple[str, ...]

    def fields(self, line: int) -> tuple[str, ...]:
        """Return the fields of a line of the body, counted from 0; () if it is absent or beyond `MAX_PREAMBLE`."""
        lines = _head(self.body)
        return fields_of(lines[line], self.separator) if line < len(lines) else ()


def text_table(path: Path, raw: bytes) -> TextTable:
    """Find the form of a text file.

    Raises:
        DataError: The file is of another kind, or binary.
    """
    begin = raw[:1024].lstrip()
    for mark, kind in _FOREIGN:
        if begin.startswith(mark):
            raise DataError(f"{path} is {kind}")
    notes: list[str] = []
    body = _utf8(path, raw, notes)
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    body, skipped, separator = _without_preamble(body)
    first = (_head(body) or [""])[0]
    if not separator:
        separator = _separator(first)
    body, more = _after_descriptions(body, separator)
    if more:
        skipped, first = skipped + more, _head(body)[0]
    if separator != ",":
        notes.append(f"fields are separated by {SEPARATORS.get(separator, repr(separator))}")
    if skipped:
        notes.append(f"{skipped} lines before the header are left out")
    header = tuple(name or f"column {k}" for k, name in enumerate(fields_of(first, separator), 1))
    return TextTable(body, separator, skipped, header, tuple(notes))


def fields_of(line: str, separator: str) -> tuple[str, ...]:
    """Split a line into fields, stripped of blanks and quotes."""
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        row = line.split(separator)
    return tuple(field.strip() for field in row)


def _utf8(path: Path, raw: bytes, notes: list[str]) -> bytes:
    """Return the text in UTF-8, without a byte-order mark."""
    if raw.isascii() and b"\0" not in raw[:64]:
        return raw
    try:
        text = decode(raw, str(path))
    except DataError:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise
        if b"\0" in raw:
            raise DataError(f"{path} is binary, no table of text; CSV or Parquet is expected") from None
        notes.append("it is not UTF-8, and taken for Windows-1252: check names with accents")
        return raw.decode("cp1252", errors="replace").encode()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:64]:
        notes.append("it is UTF-16")
    return text.encode(errors="replace")


def _head(body: bytes) -> list[str]:
    """Return the first lines, without line ends."""
    return [line.rstrip("\r") for line in body[: 1 << 20].decode(errors="replace").split("\n")[:MAX_PREAMBLE]]


def _without_preamble(body: bytes) -> tuple[bytes, int, str]:
    """Return the body from the header on, the number of lines before it, and the separator of a line `sep=;`.

    Empty lines and comments (`#`) are left out. The last comment is the header if the rows have none.
    """
    separator, comment = "", ""
    skipped = 0
    for line in _head(body):
        text = line.strip()
        if text.lower().startswith("sep=") and len(text) == len("sep=;"):
            separator = text[-1]
        elif text.startswith("#"):
            comment = text.lstrip("# ")
        elif text:
            break
        skipped += 1
    rest = body.split(b"\n", skipped)[skipped] if skipped and body.count(b"\n") >= skipped else body
    first = (_head(rest) or [""])[0]
    if comment and any(map(is_number, fields_of(first, separator or ","))):
        guess = separator or _separator(first)
        if len(fields_of(comment, guess)) == len(fields_of(first, guess)) > 1:
            return comment.encode() + b"\n" + rest, skipped - 1, separator
    return rest, skipped, separator


def _separator(line: str) -> str:
    return max(SEPARATORS, key=lambda s: len(fields_of(line, s)))


def _after_descriptions(body: bytes, separator: str) -> tuple[bytes, int]:
    """Skip lines about the series before the first time; return the body from its header on, and their number.

    The header is the line above the first time if it names a column of times. CloudWatch's exports have no such line;
    their names are in the line `Label`.
    """
    rows = [fields_of(line, separator) for line in _head(body)]
    first = next((k for k, row in enumerate(rows) if len(row) > 1 and _begins_with_time(row[0])), 0)
    if first < 2 or any(map(is_time_name, rows[0])):  # noqa: PLR2004  # a header and no more
        return body, 0
    if any(map(is_time_name, rows[first - 1])):
        return body.split(b"\n", first - 1)[first - 1], first - 1
    labels = next((row for row in rows[:first] if row[:1] and row[0].lower() == "label"), ())
    if len(labels) != len(rows[first]):
        return body, 0
    header = io.StringIO()
    csv.writer(header, delimiter=separator, lineterminator="\n").writerow(("time", *labels[1:]))
    return header.getvalue().encode() + body.split(b"\n", first)[first], first - 1


def _begins_with_time(field: str) -> bool:
    return looks_like_time(field) or (field.isdigit() and len(field) >= len("1700000000"))
