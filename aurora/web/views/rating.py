"""The data of the rating page: sets of explanations, a rater's next item, and the agreement of raters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from aurora import journal
from aurora.errors import AuroraError, InputError
from aurora.evals.ratings.form import write_forms
from aurora.evals.ratings.items import CRITERIA, KEY_FILE, MOST, QUESTIONS, Criterion, Facts, RatingSet, load_key
from aurora.evals.ratings.keeping import checked_name, given_ratings, keep_rating, order_of
from aurora.evals.ratings.reading import Rating
from aurora.evals.ratings.sampling import FormSettings, sample_set
from aurora.evals.ratings.summary import summarise_ratings
from aurora.evals.results.result import Table
from aurora.graphs.run_list import run_folder

JOURNAL = "journal.jsonl"
"""File of a set: who made it and who rated what, and when."""
MOST_DEPTH = 4
"""Depth of folders in which sets are looked for."""
MOST_DECISIONS, MOST_RUNS = 200, 50
"""Largest numbers of explanations of a set that is made here; the command line makes larger ones."""


class SetLine(NamedTuple):
    """A set of explanations.

    Attributes:
        name: Path of its folder below the folder of runs.
        items: Number of explanations.
        raters: Names of those who have rated, with the number of explanations that each has finished.
        problem: Why it can't be used; "": it can.
    """

    name: str
    items: int
    raters: tuple[tuple[str, int], ...]
    problem: str


class Question(NamedTuple):
    """A criterion as a rater reads it."""

    criterion: Criterion
    text: str
    score: int | None


class ItemView(NamedTuple):
    """An explanation as a rater sees it: without its key.

    Attributes:
        item: Name of the item, which says nothing about it.
        place: Its place in the rater's order, from 1.
        total: Number of items.
        question: Question that the explanation answers.
        text: The explanation.
        facts: Tables to check it against.
        questions: Criteria with the ratings so far.
        comment: Remark so far.
        finished: Number of items that this rater has finished.
    """

    item: str
    place: int
    total: int
    question: str
    text: str
    facts: tuple[Facts, ...]
    questions: tuple[Question, ...]
    comment: str
    finished: int


class Results(NamedTuple):
    """What people think of the explanations.

    Attributes:
        tables: Means with intervals, agreement, and who notices planted errors.
        notes: Remarks.
    """

    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def set_lines(folder: Path) -> list[SetLine]:
    """Return the sets below a folder, by name.

    Args:
        folder: Folder of runs.
    """
    keys = sorted(
        k for depth in range(1, MOST_DEPTH + 1) for k in folder.glob("/".join(["*"] * depth) + f"/{KEY_FILE}")
    )
    return [_line(folder, key.parent) for key in keys if not key.is_symlink()]


def _line(folder: Path, place: Path) -> SetLine:
    name = place.relative_to(folder).as_posix()
    try:
        rating_set = load_key(place)
        finished = _finished(given_ratings(place, rating_set))
    except AuroraError as error:
        return SetLine(name, 0, (), str(error))
    return SetLine(name, len(rating_set.items), tuple(sorted(finished.items())), "")


def _finished(ratings: list[Rating]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for rating in ratings:
        counts[rating.rater] = counts.get(rating.rater, 0) + (len(rating.scores) == len(CRITERIA))
    return counts


def open_set(folder: Path, name: str) -> tuple[Path, RatingSet]:
    """Return the folder and the content of a set.

    Args:
        folder: Folder of runs.
        name: Name of the set in the list.

    Raises:
        RunError: The name leads out of the folder.
        FileError: There is no such set.
        DataError: It was changed.
    """
    place = run_folder(folder, name)
    return place, load_key(place / KEY_FILE)


def make_set(folder: Path, name: str, settings: FormSettings, who: str) -> Path:
    """Draw explanations, plant errors in some, and write the forms and the key to a new folder.

    Args:
        folder: Folder of runs.
        name: Name of the set.
        settings: Content of the form.
        who: Name of the person who asks.

    Raises:
        InputError: A number is out of range.
        RunError: The name leads out of the folder.
        FileError: There is something of that name, or it can't be written.
    """
    total = settings.decisions + settings.runs
    for field, least, most in (("decisions", 0, MOST_DECISIONS), ("runs", 0, MOST_RUNS), ("planted", 0, total)):
        value = getattr(settings, field)
        if not least <= value <= most:
            raise InputError(f"give a number from {least} to {most}", parameter=field, value=value)
    if not total:
        raise InputError("a form needs an explanation", parameter="decisions", value=0)
    place = run_folder(folder, name)
    if place.exists():
        raise InputError(f"there is a folder {name!r} already; give another name", parameter="name")
    write_forms(place, sample_set(settings))
    _note(place, who, "made the set")
    return place


def item_view(place: Path, rating_set: RatingSet, rater: str, number: int | None = None) -> ItemView:
    """Return an item for a rater.

    Args:
        place: Folder of the set.
        rating_set: The set.
        rater: Name of the rater.
        number: Place in the rater's order, from 1; None: the first that is not finished, else the first.

    Raises:
        InputError: The name is no name.
        FileError: The rater's form can't be read.
        DataError: It is damaged.
    """
    order = order_of(rating_set, checked_name(rater))
    given = {r.item: r for r in given_ratings(place, rating_set, checked_name(rater))}
    done = [i.item for i in order if i.item in given and len(given[i.item].scores) == len(CRITERIA)]
    if number is None:
        number = next((k for k, i in enumerate(order, 1) if i.item not in done), 1)
    number = min(max(1, number), len(order))
    item = order[number - 1]
    rating = given.get(item.item)
    scores = {} if rating is None else rating.scores
    return ItemView(
        item=item.item,
        place=number,
        total=len(order),
        question=item.question,
        text=item.text,
        facts=item.facts,
        questions=tuple(Question(c, QUESTIONS[c], scores.get(c)) for c in CRITERIA),
        comment="" if rating is None else rating.comment,
        finished=len(done),
    )


def rate_item(
    place: Path, rating_set: RatingSet, rater: str, view: ItemView, scores: dict[Criterion, int], comment: str
) -> None:
    """Keep a rater's view of an item, and note it.

    Args:
        place: Folder of the set.
        rating_set: The set.
        rater: Name of the rater.
        view: The item.
        scores: Criterion -> rating, 1 to 5.
        comment: Remark; "": none.

    Raises:
        InputError: A rating is out of range, or a text is too long.
        FileError: The form can't be written.
        DataError: The form is damaged.
    """
    keep_rating(place, rating_set, rater, view.item, scores, comment)
    _note(place, checked_name(rater), f"rated {view.item}")


def results(place: Path, rating_set: RatingSet) -> Results:
    """Return means, agreement and detection over all raters.

    Args:
        place: Folder of the set.
        rating_set: The set.

    Raises:
        FileError: A form can't be read.
        DataError: A form is damaged.
    """
    found = summarise_ratings(rating_set, given_ratings(place, rating_set))
    return Results(found.tables, found.notes)


def scale_text(score: int) -> str:
    """Return a rating in words for screen readers."""
    ends = {1: ", not at all", MOST: ", entirely"}
    return f"{score} of {MOST}{ends.get(score, '')}"


def _note(place: Path, who: str, what: str) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    journal.append(place / JOURNAL, [{"when": when, "who": who, "what": what}])
