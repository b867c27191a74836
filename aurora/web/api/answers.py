"""Bodies of answers: JSON without numbers that are not finite, and pages of lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from aurora.errors import InputError

T = TypeVar("T")
MOST_OF_A_PAGE = 200
USUAL_PAGE = 50

Limit = Annotated[int, Query(ge=1, le=MOST_OF_A_PAGE, description="most entries of the page")]
Cursor = Annotated[str, Query(max_length=400, description="`next_cursor` of the page before; empty: the first page")]


class OrjsonResponse(JSONResponse):
    """JSON in which what is not finite is null, as in the command line's `--json`."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


class Page(BaseModel, Generic[T]):
    """A part of a list."""

    items: list[T] = Field(description="the entries of this page, in order")
    total: int = Field(description="entries of the whole list now")
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null: this is the last")


def page_of(entries: Sequence[T], key: Callable[[T], str], limit: int, cursor: str) -> dict[str, Any]:
    """Return a page of a list, with the keys of `Page`.

    A page begins behind the entry that the page before ended with; where that is gone, at the same place of the list.

    Args:
        entries: The whole list.
        key: Returns what tells an entry apart.
        limit: Most entries of the page.
        cursor: `next_cursor` of the page before; "": the first page.

    Raises:
        InputError: The cursor is none.
    """
    start = _start(entries, key, cursor) if cursor else 0
    items = list(entries[start : start + limit])
    end = start + len(items)
    following = _written(end, key(items[-1])) if items and end < len(entries) else None
    return {"items": items, "total": len(entries), "next_cursor": following}


def _start(entries: Sequence[T], key: Callable[[T], str], cursor: str) -> int:
    try:
        place, colon, last = base64.urlsafe_b64decode(cursor.encode("ascii")).decode().partition(":")
        start = int(place) if colon and place.isascii() and place.isdigit() else -1
    except (ValueError, binascii.Error):
        start, last = -1, ""
    if start < 0:
        raise InputError("this is no cursor; take `next_cursor` of a page, or leave it out", parameter="cursor")
    if 0 < start <= len(entries) and key(entries[start - 1]) == last:
        return start
    return next((k + 1 for k, e in enumerate(entries) if key(e) == last), min(start, len(entries)))


def _written(place: int, last: str) -> str:
    return base64.urlsafe_b64encode(f"{place}:{last}".encode()).decode()


class OpenModel(BaseModel):
    """An answer whose listed keys are the ones to rely on; there may be more."""

    model_config = ConfigDict(extra="allow")
