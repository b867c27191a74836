"""Writes a rating form: a self-contained page, a CSV form with the same items, and the key apart from both."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from aurora.evals.ratings.items import CRITERIA, KEY_FILE, LEAST, MOST, QUESTIONS, RatingSet, save_key
from aurora.files import write_atomically, writing

FORM_FOLDER = "form"
"""Folder with what raters get; the key is not in it."""
PAGE_FILE, CSV_FILE = "ratings.html", "ratings.csv"
COLUMNS = ("set", "item", "rater", *CRITERIA, "comment")
"""Columns of a filled form; the CSV form adds what is to be rated."""
_TEMPLATE = "form.html"


class FormFiles(NamedTuple):
    """Files of a rating form.

    Attributes:
        page: Page for raters.
        table: The same as a CSV form.
        key: Key, which raters must not see.
    """

    page: Path
    table: Path
    key: Path


def write_forms(folder: Path, rating_set: RatingSet) -> FormFiles:
    """Write the page and the CSV form of a set to `form/`, and its key beside that folder.

    Raises:
        FileError: A file can't be written.
    """
    place = folder / FORM_FOLDER
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    found = FormFiles(place / PAGE_FILE, place / CSV_FILE, folder / KEY_FILE)
    write_atomically(found.page, page(rating_set))
    write_atomically(found.table, csv_form(rating_set))
    save_key(found.key, rating_set)
    return found


def page(rating_set: RatingSet) -> str:
    """Return the page of a set. It holds no key, loads nothing, and sends nothing."""
    data = {
        "set": rating_set.name,
        "least": LEAST,
        "most": MOST,
        "criteria": [{"name": c, "question": QUESTIONS[c]} for c in CRITERIA],
        "items": [i.model_dump(include={"item", "question", "text", "facts"}) for i in rating_set.items],
    }
    template = files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return template.replace("{{data}}", json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))


def csv_form(rating_set: RatingSet) -> str:
    """Return the CSV form of a set: a row for each item, with empty cells to fill in."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([*COLUMNS, "question", "explanation", "facts"])
    for item in rating_set.items:
        facts = [
            "\n".join([f.caption, " | ".join(f.columns), *(" | ".join(row) for row in f.rows)]) for f in item.facts
        ]
        empty = [""] * (len(CRITERIA) + 2)
        writer.writerow(
            [rating_set.name, item.item, *empty, *map(cell, (item.question, item.text, "\n\n".join(facts)))]
        )
    return "\ufeff" + stream.getvalue()


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
