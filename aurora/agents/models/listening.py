"""Lets a caller read an answer while a model writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

STOPPED = "stopped"
"""Fault of a request that nobody waits for any more."""


class Listener(Protocol):
    """Reads the text of an answer while it arrives."""

    @property
    def has_passed_on(self) -> bool:
        """Whether a part of this answer has reached a person, so that another one can't replace it."""

    @property
    def has_left(self) -> bool:
        """Whether nobody waits for the answer any more, so that the connection is closed."""

    def begin(self) -> None:
        """Forget the text so far: a request is sent, and what came of an earlier try is void."""

    def add(self, text: str) -> None:
        """Take the next part of the text."""


_current: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a listener read the answers to requests in this block."""
    token = _current.set(listener)
    try:
        yield
    finally:
        _current.reset(token)


def current_listener() -> Listener | None:
    """Return the listener of the block around this request; None: there is none, so that nothing is streamed."""
    return _current.get()
