"""Reads pipelines as people write them."""

from __future__ import annotations

import re

from aurora.errors import InputError
from aurora.learning.composition.pipeline import Branch, Pipeline, Stage

_ID = re.compile(r"[A-Za-z0-9][\w.@:-]*")


def read_pipeline(text: str) -> Pipeline:
    """Return the pipeline of a text such as `vader ? 0.8 | tf-idf > logistic + minilm > logistic`.

    Raises:
        InputError: The text does not have that form.
    """
    parts = text.split("|")
    stages = tuple(_stage(part, is_last=number == len(parts) - 1) for number, part in enumerate(parts))
    return Pipeline(stages)


def _stage(text: str, *, is_last: bool) -> Stage:
    members, mark, limit = text.partition("?")
    threshold = None
    if mark:
        try:
            threshold = float(limit)
        except ValueError:
            raise InputError("a number is expected after the question mark", parameter="pipeline", value=text) from None
        if not 0.5 <= threshold <= 1:  # noqa: PLR2004  # the range of a threshold
            raise InputError("a threshold lies between 0.5 and 1", parameter="pipeline", value=text)
    if is_last and mark:
        raise InputError("the last stage always answers: leave its threshold out", parameter="pipeline", value=text)
    if not is_last and not mark:
        raise InputError("a stage before the last needs a threshold: ? 0.8", parameter="pipeline", value=text)
    return Stage(tuple(_branch(part) for part in members.split("+")), threshold)


def _branch(text: str) -> Branch:
    names = [name.strip() for name in text.split(">")]
    if not all(_ID.fullmatch(name) for name in names):
        raise InputError("ids of components are expected: a > b", parameter="pipeline", value=text)
    return Branch(tuple(names[:-1]), names[-1])
