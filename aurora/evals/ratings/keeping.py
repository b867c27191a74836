"""Keeps ratings that are given one at a time: a form of each rater beside the key, which `read_forms` reads."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aurora.errors import InputError
from aurora.evals.ratings.form import COLUMNS, cell
from aurora.evals.ratings.items import CRITERIA, LEAST, MOST, Criterion, Item, RatingSet
from aurora.evals.ratings.reading import Rating, read_forms
from aurora.files import locked, write_atomically, writing

FOLDER = "given"
"""Folder beside the key with the forms of raters."""
LONGEST_NAME, LONGEST_COMMENT = 60, 2_000
"""Most characters of a rater's name, and of a comment."""
_LOCK = ".lock"
_ONE_AT_A_TIME = threading.Lock()  # the pages of a process wait for each other; another process is told to try again
_PLAIN = re.compile(r"[^a-z0-9]+")


def checked_name(name: str) -> str:
    """Return a rater's name without spaces around it.

    Raises:
        InputError: It is empty, too long, or has control characters.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(
            f"a name has 1 to {LONGEST_NAME} printable characters", parameter="rater", value=name[:LONGEST_NAME]
        )
    return name


def form_path(folder: Path, rater: str) -> Path:
    """Return the form of a rater: a readable part of the name, and a hash that keeps names apart."""
    digest = hashlib.sha256(rater.encode()).hexdigest()[:8]
    plain = _PLAIN.sub("-", rater.lower()).strip("-")[:30]
    return folder / FOLDER / f"{plain or 'rater'}-{digest}.csv"


def order_of(rating_set: RatingSet, rater: str) -> tuple[Item, ...]:
    """Return the items in a rater's own order, always the same: an early place must favour no item."""
    digest = hashlib.sha256(f"{rating_set.name} {rater}".encode()).digest()
    places = np.random.default_rng(int.from_bytes(digest[:8], "big")).permutation(len(rating_set.items))
    return tuple(rating_set.items[int(place)] for place in places)


def given_ratings(folder: Path, rating_set: RatingSet, rater: str | None = None) -> list[Rating]:
    """Return the ratings that were given so far.

    Args:
        folder: Folder of the key.
        rating_set: The set.
        rater: Name of a rater; None: of all.

    Raises:
        FileError: A form can't be read.
        DataError: A form is damaged.
    """
    if rater is not None:
        path = form_path(folder, rater)
        return read_forms([path], rating_set) if path.exists() else []
    return read_forms(sorted((folder / FOLDER).glob("*.csv")), rating_set)


def keep_rating(  # what a rating is
    folder: Path,
    rating_set: RatingSet,
    rater: str,
    item: str,
    scores: Mapping[Criterion, int],
    comment: str = "",
) -> list[Rating]:
    """Keep what a rater thinks of an item, in place of an earlier rating, and return all of that rater's.

    Args:
        folder: Folder of the key.
        rating_set: The set.
        rater: Name of the rater.
        item: Name of the item.
        scores: Criterion -> rating, 1 to 5; criteria may be left out.
        comment: Remark; "": none.

    Raises:
        InputError: The item is unknown, a rating is out of range, or a text is too long.
        FileError: The form can't be read or written.
        DataError: The form is damaged.
    """
    rater = checked_name(rater)
    if item not in {i.item for i in rating_set.items}:
        raise InputError("there is no such item in the set", parameter="item", value=item[:80])
    for criterion, score in scores.items():
        if criterion not in CRITERIA or score not in range(LEAST, MOST + 1):
            reason = f"rate {', '.join(CRITERIA)} with whole numbers from {LEAST} to {MOST}"
            raise InputError(reason, parameter=str(criterion)[:40], value=score)
    comment = " ".join(comment.split())
    if len(comment) > LONGEST_COMMENT:
        raise InputError(f"a comment has at most {LONGEST_COMMENT:,} characters", parameter="comment")
    path = form_path(folder, rater)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _ONE_AT_A_TIME, locked(path.parent / _LOCK, busy=f"keeps ratings in {path.parent}; try again"):
        ratings = {r.item: r for r in given_ratings(folder, rating_set, rater)}
        ratings[item] = Rating(item, rater, dict(scores), comment)
        kept = [r for r in ratings.values() if r.scores or r.comment]
        write_atomically(path, _form(rating_set, kept))
    return kept


def _form(rating_set: RatingSet, ratings: Sequence[Rating]) -> str:
    """Return the ratings as a filled form."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for r in ratings:
        scores = [r.scores.get(c, "") for c in CRITERIA]
        writer.writerow([rating_set.name, r.item, cell(r.rater), *scores, cell(r.comment)])
    return "\ufeff" + stream.getvalue()
