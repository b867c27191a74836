"""Watches the events of turns: counts, logs and traces turns and their tool calls, without words of a person."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from aurora.graphs.chat.streaming import ApprovalEvent, DoneEvent, ErrorEvent, LookupEvent
from aurora.tools.harness import MORE
from aurora.tools.registry import ROWS
from aurora.web.observability.metrics import Meter
from aurora.web.observability.tracing import Tracing
from aurora.web.turns.events import StartedEvent, TurnEvent

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_LOG = logging.getLogger(__name__)


class TurnWatch:
    """Watches the turns of one conversation.

    Args:
        meter: Counts.
        tracing: Makes traces; None: none.
    """

    def __init__(self, meter: Meter, tracing: Tracing | None) -> None:
        self._meter = meter
        self._tracing = tracing
        self._started = time.perf_counter()
        self._span: Span | None = None

    def __call__(self, event: TurnEvent) -> None:
        """Take an event."""
        match event:
            case StartedEvent():
                self._started = time.perf_counter()
                self._span = None if self._tracing is None else self._tracing.turn()
            case LookupEvent(outcome="running"):
                pass
            case LookupEvent():
                self._tool(event)
            case ApprovalEvent():
                self._end("asks a person")
            case DoneEvent():
                self._end("answered")
            case ErrorEvent():
                self._end("stopped" if event.kind == "Stopped" else "failed")
            case _:
                pass

    def _tool(self, event: LookupEvent) -> None:
        tool = event.tool if event.tool in ROWS or event.tool == MORE else "unknown"
        self._meter.tool(tool, event.outcome, event.seconds, "turn")
        if self._tracing is not None:
            self._tracing.tool(self._span, tool, event.outcome, event.seconds)
        known = {"tool": tool, "outcome": event.outcome, "seconds": round(event.seconds, 4)}
        _LOG.info("tool call", extra=known)

    def _end(self, end: str) -> None:
        seconds = time.perf_counter() - self._started
        self._meter.turn(end, seconds)
        if self._tracing is not None and self._span is not None:
            self._tracing.end_turn(self._span, end, is_error=end == "failed")
            self._span = None
        _LOG.info("turn", extra={"end": end, "seconds": round(seconds, 4)})
