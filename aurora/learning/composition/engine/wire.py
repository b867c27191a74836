"""JSON of the endpoint: items in, answers and problems out."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import numpy as np
import orjson

from aurora.errors import InputError
from aurora.learning.composition.engine.answers import Answer
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType

PROBLEM_JSON = "application/problem+json"
_USAGE = 'give {"item": ITEM} or {"items": [ITEM, ...]}'


def read_items(body: bytes, kind: ValueType, most: int) -> Batch:
    """Return the items of a request.

    Args:
        body: The body: `{"item": ITEM}` or `{"items": [ITEM, ...]}`. An item is a text, a list of numbers, or an object
            with a number for each named column.
        kind: Type of the items.
        most: Most items.

    Raises:
        InputError: The body is no such JSON, or an item does not fit the type; the message has its number.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is no JSON: {error}") from None
    if not isinstance(data, dict) or set(data) not in ({"item"}, {"items"}):
        raise InputError(_USAGE)
    items = data["items"] if "items" in data else [data["item"]]
    if not isinstance(items, list) or not items:
        raise InputError(_USAGE)
    if len(items) > most:
        raise InputError(f"{len(items):,} items; at most {most:,} are answered at once")
    return _texts(items) if kind.kind == "text" else _numbers(items, kind)


def _texts(items: Sequence[Any]) -> list[str]:
    for number, item in enumerate(items, 1):
        if not isinstance(item, str):
            raise InputError(f"item {number} is no text")
    return list(items)


def _numbers(items: Sequence[Any], kind: ValueType) -> Array:
    rows = [_row(number, item, kind) for number, item in enumerate(items, 1)]
    try:
        with np.errstate(over="ignore"):  # what is too large is told below
            found = np.array(rows, np.float32)
    except (ValueError, TypeError, OverflowError):
        raise InputError("every item is a list of numbers") from None
    if not np.isfinite(found).all():
        number = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0]) + 1
        raise InputError(f"item {number} holds what is no finite number of 32 bits")
    return found


def _row(number: int, item: Any, kind: ValueType) -> list[Any]:
    if isinstance(item, dict):
        if not kind.names:
            raise InputError(f"item {number}: the columns have no names here; give a list of {kind.width} numbers")
        missing = [name for name in kind.names if name not in item]
        unknown = [name for name in item if name not in kind.names]
        if missing or unknown:
            what = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)[:200]}, which is no column"
            raise InputError(f"item {number} {what}")
        item = [item[name] for name in kind.names]
    if not isinstance(item, list) or (kind.width is not None and len(item) != kind.width):
        raise InputError(f"item {number} is no list of {kind.width} numbers")
    if not all(type(value) in (int, float) for value in item):
        raise InputError(f"item {number} holds what is no number")
    return item


def answer_json(answer: Answer) -> bytes:
    """Return an answer as JSON."""
    best = answer.probabilities.argmax(axis=1).tolist()
    answers = [
        {"label": answer.classes[k], "probability": row[k], "probabilities": row, "stage": stage + 1}
        for k, row, stage in zip(best, answer.probabilities.tolist(), answer.stages.tolist(), strict=True)
    ]
    found: dict[str, Any] = {"version": answer.version, "classes": answer.classes, "answers": answers}
    if answer.degraded:
        found["degraded"] = answer.degraded
    return orjson.dumps(found)


def problem_json(status: int, detail: str) -> bytes:
    """Return an error as problem details (RFC 9457)."""
    title = HTTPStatus(status).phrase
    return orjson.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
