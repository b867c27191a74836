"""Follows the log of a run while it grows, from where an earlier reading stopped, in any process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from aurora.errors import RunError

MOST_BYTES = 8 << 20
"""Most bytes of a reading; the rest comes with the next one."""
_MARK_BYTES = 200


class Position(NamedTuple):
    """Where a reading of a log stopped.

    Attributes:
        offset: Bytes that were read, up to the end of a line.
        mark: The last bytes before the offset. A resumed run cuts its log and writes on, so these may change.
    """

    offset: int = 0
    mark: bytes = b""


class Reading(NamedTuple):
    """The events that a log has gained.

    Attributes:
        events: Events in their order, with the seconds since the log was opened.
        position: Where the next reading begins.
        is_anew: True if the log was cut or replaced: the events are all of it, and earlier readings are void.
        unreadable: Number of lines that are no events.
        is_whole: False if the log has more than a reading takes; read again.
    """

    events: tuple[dict[str, Any], ...]
    position: Position
    is_anew: bool
    unreadable: int
    is_whole: bool


def follow(path: Path, since: Position = Position()) -> Reading:  # noqa: B008  # immutable
    """Return the events of a log since an earlier reading. A line that is still being written comes next time.

    Args:
        path: The log, `events.jsonl` of a run. One that is not there yet has no events.
        since: Where the earlier reading stopped.

    Raises:
        RunError: The log can't be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(since.offset - len(since.mark))
            is_anew = file.read(len(since.mark)) != since.mark
            start = Position() if is_anew else since
            file.seek(start.offset)
            data = file.read(MOST_BYTES)
            is_whole = not file.read(1)
    except FileNotFoundError:
        return Reading((), Position(), since.offset > 0, 0, is_whole=True)
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror}; check its permissions") from None
    data = data[: data.rfind(b"\n") + 1]
    if not data and not is_whole:
        raise RunError(f"{path} has a line of more than {MOST_BYTES} bytes; is it the log of a run?")
    events = [_event(line) for line in data.splitlines()]
    known = tuple(event for event in events if event is not None)
    position = Position(start.offset + len(data), data[-_MARK_BYTES:]) if data else start
    return Reading(known, position, is_anew, len(events) - len(known), is_whole)


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_event = (
        isinstance(event, dict) and isinstance(event.get("event"), str) and isinstance(event.get("iteration"), int)
    )
    return event if is_event else None
