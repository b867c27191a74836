"""Steps of a graph of services: each takes what a client sent or what the step before answered, and passes it on.

The state has the items, the answers so far, the items that this step answered (`asked`) and, where there are any, those
that it is not sure of (`unsure`). A router of KServe hands it from step to step and looks for `unsure` to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from aurora.errors import InputError
from aurora.learning.composition.engine.answers import Answer
from aurora.learning.composition.engine.loading import mean
from aurora.learning.composition.pipelines.value_types import Array

_FIELDS = frozenset({"items", "answers", "asked", "unsure", "classes"})


class Step(NamedTuple):
    """What a step is to do.

    Attributes:
        items: All items, as JSON.
        asked: Places of those that are to be answered here.
        probabilities: Answers so far, one an item; empty lists where there are none.
    """

    items: list[Any]
    asked: list[int]
    probabilities: list[list[float]]


def read_step(body: bytes) -> Step:
    """Return what a step is to do with `{"item": ...}`, `{"items": [...]}`, or the state of the step before.

    Raises:
        InputError: The body is neither.
    """
    data = _object(body)
    if set(data) <= {"item", "items"} and len(data) == 1:
        items = data["items"] if "items" in data else [data["item"]]
        if not isinstance(items, list) or not items:
            raise InputError('give {"item": ITEM} or {"items": [ITEM, ...]}')
        return Step(items, list(range(len(items))), [[] for _ in items])
    items, probabilities, _, unsure = _state(data)
    return Step(items, unsure, probabilities)


def state_of(step: Step, answer: Answer | None, threshold: float | None, classes: Sequence[str]) -> bytes:
    """Return the state after a step, as JSON.

    Args:
        step: What was to do.
        answer: Answers to the items that were asked; None if none was.
        threshold: Probability of the likeliest class below which an item is unsure; None: all are sure.
        classes: Names of the classes.
    """
    probabilities = list(step.probabilities)
    if answer is not None:
        for place, row in zip(step.asked, answer.probabilities.tolist(), strict=True):
            probabilities[place] = row
    return _written(step.items, probabilities, step.asked, threshold, classes)


def mean_of(body: bytes, threshold: float | None) -> bytes:
    """Return the state that averages those of the branches of a stage, as an ensemble of KServe hands them over.

    Args:
        body: JSON object of the states, by the name of the branch.
        threshold: See `state_of`.

    Raises:
        InputError: The body is no such object, or the states differ in their items or classes.
    """
    data = _object(body)
    states = [one for one in data.values() if isinstance(one, dict)]
    if not states or len(states) != len(data):
        raise InputError("give an object with the state of each branch")
    read = [_state(one) for one in states]
    items, _, asked, _ = read[0]
    classes = states[0].get("classes")
    if any(one[0] != items or one[2] != asked for one in read) or any(one.get("classes") != classes for one in states):
        raise InputError("the states of the branches have different items or classes")
    probabilities: Array = mean([np.array(one[1], np.float32) for one in read])
    return _written(items, probabilities.tolist(), asked, threshold, classes or ())


def threshold_of(path: str, prefix: str) -> float | None:
    """Return the threshold at the end of a path such as `/graph/0.8`; None for `/graph`.

    Raises:
        InputError: What follows is no number from 0 to 1.
    """
    rest = path.removeprefix(prefix).strip("/")
    if not rest:
        return None
    try:
        value = float(rest)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputError(f"a threshold from 0 to 1 is expected after {prefix}/")
    return value


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise InputError("the body is no JSON object")
    return data


def _state(data: dict[str, Any]) -> tuple[list[Any], list[list[float]], list[int], list[int]]:
    items, answers = data.get("items"), data.get("answers")
    is_state = set(data) <= _FIELDS and isinstance(items, list) and isinstance(answers, list)
    if not is_state or len(items) != len(answers):  # type: ignore[arg-type]
        raise InputError("the body is neither a request nor the state of a step before")
    assert isinstance(items, list)
    assert isinstance(answers, list)
    places = [data.get("asked", []), data.get("unsure", [])]
    for place in places:
        if not isinstance(place, list) or not all(type(k) is int and 0 <= k < len(items) for k in place):
            raise InputError("asked and unsure are lists of places of items")
    try:
        probabilities = [[float(value) for value in answer["probabilities"]] for answer in answers]
    except (TypeError, KeyError, ValueError):
        raise InputError("an answer of the step before has no probabilities") from None
    return items, probabilities, places[0], places[1]


def _written(
    items: list[Any],
    probabilities: list[list[float]],
    asked: list[int],
    threshold: float | None,
    classes: Sequence[str],
) -> bytes:
    best = [int(np.argmax(row)) for row in probabilities]
    answers = [
        {"label": classes[k], "probability": row[k], "probabilities": row}
        for k, row in zip(best, probabilities, strict=True)
    ]
    state: dict[str, Any] = {"items": items, "answers": answers, "asked": asked, "classes": list(classes)}
    if threshold is not None:
        unsure = [place for place in asked if max(probabilities[place]) < threshold]
        if unsure:
            state["unsure"] = unsure
    return orjson.dumps(state)
