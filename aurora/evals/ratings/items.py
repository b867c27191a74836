"""The items of a rating form: explanations of decisions and of runs, some with a planted error, and their key."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from aurora.errors import DataError
from aurora.files import write_atomically
from aurora.reading import read_json
from aurora.types import Frozen
from aurora.validation import explain_validation

Criterion = Literal["completeness", "correctness", "clarity"]
CRITERIA: tuple[Criterion, ...] = ("completeness", "correctness", "clarity")
QUESTIONS: dict[Criterion, str] = {
    "completeness": "Does it give every reason that mattered?",
    "correctness": "Does everything it says agree with the facts?",
    "clarity": "Is it easy to understand?",
}
"""Question of each criterion, as people and the judge read it."""
LEAST, MOST = 1, 5
"""Ends of the scale: not at all, and entirely."""
KEY_FILE = "key.json"
"""Name of the file that says which items have a planted error."""

Kind = Literal["decision", "run"]


class Facts(Frozen):
    """What a reader can check an explanation against."""

    caption: str = Field(description="Meaning of the table.")
    columns: tuple[str, ...] = Field(description="Headings.")
    rows: tuple[tuple[str, ...], ...] = Field(description="Cells, written with their units.")


class Item(Frozen):
    """An explanation to rate."""

    item: str = Field(description="Name of the item, which says nothing about it.")
    kind: Kind = Field(description="What is explained: a decision, or a whole run.")
    question: str = Field(description="Question that the explanation answers.")
    text: str = Field(description="Explanation that is shown.")
    facts: tuple[Facts, ...] = Field(description="Tables to check it against.")
    planted: str = Field("", description="Kind of the planted error; empty: there is none.")
    original: str = Field("", description="Explanation before the error was planted; empty: there is none.")


class RatingSet(Frozen):
    """The items of a form with their key; it is kept apart from the forms."""

    format: Literal[1] = Field(1, description="Version of this format.")
    name: str = Field("", description="Hash of the items, which forms name; empty: computed.")
    seed: int = Field(description="Random seed of the items and their order.")
    items: tuple[Item, ...] = Field(description="Items in the order in which they are shown.")


def named(rating_set: RatingSet) -> RatingSet:
    """Return a set with the name that its content gives it."""
    content = rating_set.model_copy(update={"name": ""}).model_dump_json()
    return rating_set.model_copy(update={"name": hashlib.sha256(content.encode()).hexdigest()[:8]})


def save_key(path: Path, rating_set: RatingSet) -> None:
    """Write the key of a set.

    Raises:
        FileError: The file can't be written.
    """
    write_atomically(path, rating_set.model_dump_json(indent=1) + "\n")


def load_key(path: Path) -> RatingSet:
    """Read the key of a set from a file, or from the folder that holds it.

    Raises:
        FileError: The file can't be read.
        DataError: It is no key, or its items were changed.
    """
    file = path / KEY_FILE if path.is_dir() else path
    try:
        found = RatingSet.model_validate(read_json(file))
    except ValidationError as error:
        raise DataError(
            f"{file} is no key of ratings: {explain_validation(error)}; see `aurora eval rate new`"
        ) from None
    if named(found).name != found.name:
        raise DataError(f"{file} was changed after it was written; use the file as `aurora eval rate new` wrote it")
    return found
