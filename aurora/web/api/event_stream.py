"""Events of a turn as server-sent events, without a thread a reader."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from aurora.web.refusals import BusyError
from aurora.web.turns import TurnEvent
from aurora.web.turns.log import TurnLog

MEDIA_TYPE = "text/event-stream"
BEAT = 15.0
"""Seconds after which a comment shows a silent reader that the connection lives."""
MOST_READERS = 1_000
"""Most readers of events at once."""


class Readers:
    """Counts who reads."""

    def __init__(self) -> None:
        self.count = 0

    def response(self, log: TurnLog, after: int) -> StreamingResponse:
        """Return the events of a turn after a number, then those that come, until it ends or waits for a person.

        Args:
            log: Events of the turn.
            after: Number of the last event that the reader has; 0: all are wanted.

        Raises:
            BusyError: There are as many readers as may be.
        """
        if self.count >= MOST_READERS:
            raise BusyError(f"{MOST_READERS:,} readers of events are here; come back later", retry_after=10)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._read(log, after), media_type=MEDIA_TYPE, headers=headers)

    async def _read(self, log: TurnLog, after: int) -> AsyncIterator[str]:
        new = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and the reader with it
                loop.call_soon_threadsafe(new.set)

        self.count += 1
        log.listen(wake)
        try:
            while True:
                new.clear()
                found, is_open = log.after(after)
                for number, event in found:
                    yield written(number, event)
                    after = number
                if found:
                    continue
                if not is_open:
                    return
                try:
                    await asyncio.wait_for(new.wait(), BEAT)
                except TimeoutError:
                    yield ": at work\n\n"
        finally:
            self.count -= 1
            log.leave(wake)


def written(number: int, event: TurnEvent) -> str:
    """Return an event in the format of server-sent events; its data is one line of JSON."""
    return f"id: {number}\nevent: {event.type}\ndata: {event.model_dump_json()}\n\n"
