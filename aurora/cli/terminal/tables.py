"""Layout of tables for terminals of any width, without cutting off cells.

A table that is too wide is narrowed in this order: headers and texts are wrapped at words; few rows are turned into
columns; the columns are shared out over several tables, each with the key columns; long words are broken; every row
becomes a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

GAP = "  "
MIN_TEXT_WIDTH = 20
"""Least number of columns to which a text is wrapped, if the table fits in another way."""
MAX_ROWS_TURNED = 4
"""Most rows of a wide table whose rows are turned into columns."""
LONG_WORD = 24
"""Length above which a word may be broken after a punctuation mark."""
MAX_PARTS = 3
"""Most tables over which the columns of one are shared out."""

_NUMERIC = re.compile(r"[-+<]?\$?\d[\d,.]*(e[-+]?\d+)?( ?[%\w/]{1,6})?|-|")
_BREAKS = re.compile(r"(?<=[/,;:_=&|.-])(?=.)")


class Row(NamedTuple):
    """A line of a table; the title and the headers are strong."""

    text: str
    is_strong: bool = False


class Column(NamedTuple):
    """A column with the widths at which it is whole, has no wrapped cell, and is readable."""

    header: str
    cells: tuple[str, ...]
    is_numeric: bool
    natural: int
    unwrapped: int
    least: int


def laid_out(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, keys: int = 1, rule: str = "─"
) -> list[Row]:
    """Lay a table out.

    Args:
        title: Title of the table.
        columns: Headers.
        rows: Cells as text.
        width: Columns of the terminal.
        keys: Number of first columns that identify a row; they are repeated where a table is split.
        rule: Character of the rule below the headers.

    Returns:
        Lines no wider than `width`, except where a single character is.
    """
    cells_and_widths = [_column(header, [row[k] for row in rows]) for k, header in enumerate(columns)]
    lines = [Row(line, True) for line in wrapped(title, width)]
    if _fits(cells_and_widths, width):
        return lines + _table(cells_and_widths, width, rule)
    if rows and len(rows) <= MAX_ROWS_TURNED:
        turned = _turned(cells_and_widths, len(rows))
        if _fits(turned, width):
            return lines + _table(turned, width, rule)
    parts = _parts(cells_and_widths, width, keys) or _parts([_foldable(c) for c in cells_and_widths], width, keys)
    if parts is None:
        return lines + list(_blocks(cells_and_widths, len(rows), width, keys))
    for k, part in enumerate(parts):
        lines += [Row("")] * (k > 0) + _table(part, width, rule)
    return lines


def wrapped(text: str, width: int, *, hang: str = "") -> list[str]:
    """Wrap a text at words; a word that is wider than `width` is broken after a punctuation mark or, at last, anywhere.

    Args:
        text: Text to wrap; blanks at its beginning stay.
        width: Width of a line in columns, at least 1.
        hang: Text at the start of every line but the first.
    """
    width = max(1, width)
    lines: list[str] = []
    words = text.split(" ")
    begin = next((k for k, word in enumerate(words) if word), len(words))
    line, is_open = " " * begin, False  # is_open: the line has a word
    for word in words[begin:]:
        for k, piece in enumerate(_pieces(word, width - len(hang))):
            joined = line + (" " if is_open and k == 0 else "") + piece
            if is_open and cell_len(joined) > width:
                lines.append(line.rstrip())
                joined = hang + piece
            line, is_open = joined, True
    return [*lines, line.rstrip()]


def _pieces(word: str, width: int) -> list[str]:
    """Break a word into pieces that fit."""
    if cell_len(word) <= width:
        return [word]
    pieces: list[str] = []
    for part in _BREAKS.split(word):
        if pieces and cell_len(pieces[-1] + part) <= width:
            pieces[-1] += part
        else:
            pieces += chop_cells(part, max(1, width))
    return pieces


def _column(header: str, cells: Sequence[str]) -> Column:
    is_numeric = bool(cells) and all(_NUMERIC.fullmatch(cell) for cell in cells)
    unwrapped = max(map(cell_len, cells), default=0)
    if is_numeric:
        least = unwrapped
    else:
        longest = max((_unbroken(word) for cell in cells for word in cell.split(" ")), default=0)
        least = min(unwrapped, max(longest, MIN_TEXT_WIDTH))
    heading = max(map(cell_len, _heading(header)), default=0)
    natural = max(cell_len(header), unwrapped)
    return Column(header, tuple(cells), is_numeric, natural, max(heading, unwrapped), max(heading, least))


def _foldable(column: Column) -> Column:
    """Return a column whose long words, such as hashes, may be broken anywhere."""
    if column.is_numeric:
        return column
    heading = max(map(cell_len, _heading(column.header)), default=0)
    return column._replace(least=max(heading, min(column.least, LONG_WORD)))


def _unbroken(word: str) -> int:
    if cell_len(word) <= LONG_WORD:
        return cell_len(word)
    return max(map(cell_len, _BREAKS.split(word)))


def _heading(header: str) -> list[str]:
    """Return the words of a header; names are split after underscores."""
    return re.sub(r"(?<=_)(?=.)", " ", header).split()


def _fits(columns: Sequence[Column], width: int) -> bool:
    return sum(c.least for c in columns) + len(GAP) * (len(columns) - 1) <= width


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return the widths of columns whose least widths fit: room goes to cells first, then to headers."""
    room = width - len(GAP) * (len(columns) - 1)
    least, natural = [c.least for c in columns], [c.natural for c in columns]
    for most in ([c.unwrapped for c in columns], natural):
        if sum(most) > room:
            wants = [m - have for m, have in zip(most, least, strict=True)]
            spare = room - sum(least)
            return [have + spare * want // sum(wants) for have, want in zip(least, wants, strict=True)]
        least = most
    return natural


def _table(columns: Sequence[Column], width: int, rule: str) -> list[Row]:
    widths = _widths(columns, width)
    headers = [_header_lines(c, w) for c, w in zip(columns, widths, strict=True)]
    height = max(map(len, headers))
    headers = [[""] * (height - len(lines)) + lines for lines in headers]  # aligned at the bottom, above the rule
    rows = [Row(_line(columns, widths, [lines[k] for lines in headers]), True) for k in range(height)]
    rows.append(Row(GAP.join(rule * w for w in widths)))
    for row in range(len(columns[0].cells)):
        cells = [wrapped(c.cells[row], w) for c, w in zip(columns, widths, strict=True)]
        for k in range(max(map(len, cells))):
            rows.append(Row(_line(columns, widths, [lines[k] if k < len(lines) else "" for lines in cells])))
    return rows


def _header_lines(column: Column, width: int) -> list[str]:
    if cell_len(column.header) <= width:
        return [column.header]
    lines = [""]
    for word in _heading(column.header):
        glue = "" if not lines[-1] or lines[-1][-1] == "_" else " "
        if lines[-1] and cell_len(lines[-1] + glue + word) > width:
            lines.append(word)
        else:
            lines[-1] += glue + word
    return lines


def _line(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> str:
    padded = []
    for column, width, cell in zip(columns, widths, cells, strict=True):
        blanks = " " * (width - cell_len(cell))
        padded.append(blanks + cell if column.is_numeric else cell + blanks)
    return GAP.join(padded).rstrip()


def _turned(columns: Sequence[Column], rows: int) -> list[Column]:
    """Return the columns of a table whose rows and columns are swapped."""
    first = _column(columns[0].header, [c.header for c in columns[1:]])
    return [first, *(_column(columns[0].cells[r], [c.cells[r] for c in columns[1:]]) for r in range(rows))]


def _parts(columns: Sequence[Column], width: int, keys: int) -> list[list[Column]] | None:
    """Share the columns out over several tables; None if one does not fit next to the keys, or they are too many."""
    if _fits(columns, width):
        return [list(columns)]
    head, rest = list(columns[:keys]), columns[keys:]
    parts: list[list[Column]] = []
    for column in rest:
        if parts and _fits([*parts[-1], column], width):
            parts[-1].append(column)
        elif _fits([*head, column], width):
            parts.append([*head, column])
        else:
            return None
    return parts if 0 < len(parts) <= MAX_PARTS else None


def _blocks(columns: Sequence[Column], rows: int, width: int, keys: int) -> Iterator[Row]:
    """Yield each row as lines of header and cell."""
    labels = columns[keys:] or columns
    indent = min(max(cell_len(c.header) for c in labels) + 4, max(2, width // 2))
    for row in range(rows):
        yield from (Row(line, True) for line in wrapped(GAP.join(c.cells[row] for c in columns[:keys]), width))
        for column in labels:
            label = f"  {column.header}"
            if cell_len(label) + 2 > indent:
                yield from (Row(line) for line in wrapped(label, width, hang="  "))
                label = ""
            lines = wrapped(column.cells[row], width - indent)
            for k, line in enumerate(lines):
                yield Row((label if k == 0 else "").ljust(indent) + line)
