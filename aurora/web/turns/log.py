"""The events of one turn: kept for readers that come late, handed on to those that wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from aurora.web.turns.events import TurnEvent

Wake = Callable[[], None]
Watch = Callable[[TurnEvent], None]


def first_number(after: int = 0) -> int:
    """Return the number of the first event of a turn: above all before it, those of a killed process included.

    Args:
        after: Number of the last event so far.
    """
    return max(after + 1, time.time_ns() // 1_000_000)


class TurnLog:
    """The events of one turn, numbered.

    Args:
        first: Number of the first event.
        watch: Receives each event as it comes.
    """

    def __init__(self, first: int, watch: Watch | None = None) -> None:
        self._first = first
        self._watch = watch
        self._events: list[TurnEvent] = []
        self._changed = threading.Condition()
        self._readers: set[Wake] = set()
        self._is_open = True

    @property
    def last(self) -> int:
        """Number of the last event; that before the first one where there is none."""
        return self._first + len(self._events) - 1

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return self._is_open

    @property
    def readers(self) -> int:
        """Readers that wait."""
        return len(self._readers)

    def put(self, event: TurnEvent) -> None:
        """Add an event."""
        if self._watch is not None:
            self._watch(event)
        with self._changed:
            self._events.append(event)
        self._tell()

    def close(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self._is_open = False
        self._tell()

    def reopen(self) -> None:
        """Say that more comes, as after a person's decision."""
        with self._changed:
            self._is_open = True

    def after(self, number: int) -> tuple[list[tuple[int, TurnEvent]], bool]:
        """Return the events after a number, and whether more may come."""
        with self._changed:
            start = max(0, number + 1 - self._first)
            found = [(self._first + k, e) for k, e in enumerate(self._events[start:], start)]
            return found, self._is_open

    def read(self, number: int) -> Iterator[tuple[int, TurnEvent]]:
        """Yield the events after a number, then those that come, until the turn has ended or waits for a person."""
        while True:
            found, is_open = self.after(number)
            yield from found
            number = found[-1][0] if found else number
            if not found and not is_open:
                return
            with self._changed:
                while self.last <= number and self._is_open:
                    self._changed.wait()

    def listen(self, wake: Wake) -> None:
        """Have a function called, in whatever thread, when something is new."""
        with self._changed:
            self._readers.add(wake)

    def leave(self, wake: Wake) -> None:
        """Have it called no more."""
        with self._changed:
            self._readers.discard(wake)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
            readers = tuple(self._readers)
        for wake in readers:
            wake()
