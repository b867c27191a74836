"""Reads filled rating forms, and names every cell that is no rating."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.errors import DataError
from aurora.evals.ratings.form import COLUMNS
from aurora.evals.ratings.items import CRITERIA, LEAST, MOST, Criterion, RatingSet
from aurora.reading import read_text

MOST_FAULTS = 10
"""Most bad cells that a message names."""
_FORMULA = ("'=", "'+", "'-", "'@", "'\t")


class Rating(NamedTuple):
    """What a person thinks of an explanation.

    Attributes:
        item: Name of the item.
        rater: Name of the person.
        scores: Criterion -> rating, 1 to 5; criteria without a rating are absent.
        comment: Remark; empty: none.
    """

    item: str
    rater: str
    scores: dict[Criterion, int]
    comment: str


def read_forms(paths: Sequence[Path], rating_set: RatingSet) -> list[Rating]:
    """Return the ratings in filled forms; rows without any rating are left out.

    Commas, semicolons and tabs are accepted between cells, as spreadsheets write them. A row without the rater's name
    counts for the name of its file.

    Args:
        paths: Filled forms.
        rating_set: Key of the set that they belong to.

    Raises:
        FileError: A form can't be read.
        DataError: Cells are no ratings, items are unknown, or a person rated an item twice; up to ten are named.
    """
    faults: list[str] = []
    ratings: list[Rating] = []
    places: dict[tuple[str, str], str] = {}
    for path in paths:
        for place, row in _rows(path):
            rating = _rating(place, row, path.stem, rating_set, faults)
            if rating is None:
                continue
            before = places.setdefault((rating.rater, rating.item), place)
            if before != place:
                faults.append(f"{place}: {rating.rater} rated {rating.item} in {before} already; leave one of them out")
            else:
                ratings.append(rating)
    if faults:
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise DataError("; ".join(faults[:MOST_FAULTS]) + more)
    return ratings


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the place and the cells of each row of a form."""
    text = read_text(path).removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        missing = [c for c in COLUMNS[:-1] if c not in [(n or "").strip().lower() for n in reader.fieldnames or ()]]
        if missing:
            raise DataError(f"{path} has no column {missing[0]!r}; give a form that `aurora eval rate new` wrote")
        line = reader.line_num + 1
        for row in reader:
            cells = {k.strip().lower(): (v or "").strip() for k, v in row.items() if isinstance(k, str)}
            yield f"{path}, line {line}", cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path} is no CSV table: {error}; save the form as CSV again") from None


def _rating(place: str, row: dict[str, str], stem: str, rating_set: RatingSet, faults: list[str]) -> Rating | None:
    """Return the rating in a row; None where it has none, or a fault, which is noted."""
    if not any(row.values()):
        return None
    noted = len(faults)
    if row["set"] != rating_set.name:
        faults.append(f"{place}, set: {row['set']!r} is another set than the key's, {rating_set.name}")
    elif row["item"] not in {i.item for i in rating_set.items}:
        faults.append(f"{place}, item: there is no {row['item']!r} in the set")
    scores: dict[Criterion, int] = {}
    for criterion in CRITERIA:
        if row[criterion]:
            value = _whole(row[criterion])
            if value is None:
                faults.append(
                    f"{place}, {criterion}: {row[criterion][:20]!r} is no whole number from {LEAST} to {MOST}"
                )
            else:
                scores[criterion] = value
    comment = _plain(row.get("comment", ""))
    if len(faults) > noted or not (scores or comment):
        return None
    return Rating(row["item"], _plain(row["rater"]) or stem, scores, comment)


def _plain(text: str) -> str:
    """Return a text without the mark that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text.startswith(_FORMULA) else text


def _whole(text: str) -> int | None:
    """Return a rating, which spreadsheets may write as 4.0 or 4,0; None: the text is none."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return int(value) if value in range(LEAST, MOST + 1) else None
