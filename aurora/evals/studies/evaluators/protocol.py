"""The contract of an evaluator, and what it returns of each item."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from aurora.errors import AuroraError

Stopped = Callable[[], bool]
"""Function that returns True once the work must stop."""
Work = Callable[[Any, Stopped], Any]
"""Function of a module that evaluates an item; it may be called in another process."""


class Evaluated(NamedTuple):
    """The result of an item.

    Attributes:
        place: Place of the item among those submitted.
        value: Value that the function returned; None after a failure.
        failure: Reason of the failure; empty: there is none.
    """

    place: int
    value: Any
    failure: str = ""


class Answer(NamedTuple):
    """The result of an item as a worker sends it.

    Attributes:
        value: Value that the function returned; None after a failure.
        failure: Reason of the failure; empty: there is none.
        seconds: Duration.
    """

    value: Any
    failure: str
    seconds: float


class Evaluator(Protocol):
    """Evaluates items on several workers; values do not depend on their number or kind."""

    def submit(self, work: Work, items: Sequence[Any], *, interrupted: Stopped = lambda: False) -> Iterator[Evaluated]:
        """Evaluate items, and yield each result when it is there, in any order.

        A failure concerns its item alone. A worker that dies is replaced and its items are evaluated again.

        Args:
            work: Function of a module.
            items: Items; they and their values can be pickled.
            interrupted: Returns True once the work must stop; the rest of the items is then left out.
        """


def evaluate(work: Work, items: Sequence[Any], stopped: Stopped) -> list[Answer]:
    """Evaluate the items of a batch one after the other."""
    return [_answer(work, item, stopped) for item in items]


def _answer(work: Work, item: Any, stopped: Stopped) -> Answer:
    began = time.perf_counter()
    try:
        value, failure = work(item, stopped), ""
    except AuroraError as error:
        value, failure = None, str(error) or type(error).__name__
    except Exception as error:  # it belongs to this item; the others go on
        last = traceback.extract_tb(error.__traceback__)[-1]
        value, failure = (
            None,
            f"a fault of AURORA itself in {Path(last.filename).name}, line {last.lineno} "
            f"({type(error).__name__}: {str(error)[:200]})",
        )
    return Answer(value, failure, time.perf_counter() - began)
