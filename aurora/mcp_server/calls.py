"""Runs the calls of clients: each through a harness of its own, on a desk of its own, within limits."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from mcp import types
from pydantic import ValidationError

from aurora.errors import AuroraError
from aurora.graphs.chat.surroundings import tools_for
from aurora.mcp_server.desks import Desks
from aurora.mcp_server.results import MORE, Results
from aurora.mcp_server.schemas import OWN, REFRESH, MoreArguments, described, names_offered, own_tools
from aurora.tools.harness import Evidence, Harness, Limits
from aurora.tools.registry import ROWS
from aurora.validation import explain_validation

RUNNING = 4
"""Most tools that run at a time, those of all clients and those that nobody waits for any more."""
SECONDS = 60.0
"""Time limit of a call."""
MOST_ARGUMENTS = 100_000
"""Most bytes of a call's arguments as JSON."""
MOST_FAULT = 2000
"""Most characters of a message about a fault."""
REFRESH_SECONDS = 10.0
"""Least seconds between two readings of the cluster."""
BUSY = f"all {RUNNING} places for tools are taken; call again in some seconds"
_LOG = logging.getLogger(__name__)


class CallDone(NamedTuple):
    """A call that was answered.

    Attributes:
        tool: Name of the tool; "unknown" for a name that is none.
        outcome: Kind of result.
        seconds: Run time.
    """

    tool: str
    outcome: str
    seconds: float


class Calls:
    """The tools of a server.

    Args:
        desks: Lends the data.
        may_plan: True: tools may write plans.
        seconds: Time limit of a call.
        watch: Receives each call that was answered.
    """

    def __init__(
        self,
        desks: Desks,
        *,
        may_plan: bool = False,
        seconds: float = SECONDS,
        watch: Callable[[CallDone], None] | None = None,
    ) -> None:
        self._desks = desks
        self._may_plan = may_plan
        self._limits = Limits(seconds=seconds)
        self._watch = watch
        self._results = Results()
        self._workers = _Workers()
        self._listing = threading.Lock()
        self._listed: list[types.Tool] = []
        self._refreshing = threading.Lock()
        self._refreshed = -REFRESH_SECONDS

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the tools of `aurora.tools` that may be called."""
        return names_offered(tools_for(self._desks.desk), lambda n: ROWS[n].effect, may_plan=self._may_plan)

    def list_tools(self) -> list[types.Tool]:
        """Return the tools as a client is told of them; the first time, their modules are loaded."""
        with self._listing:
            if not self._listed:
                tools = Harness(self._desks.desk, self.names).tools
                self._listed = [*(described(name, tool) for name, tool in tools.items()), *own_tools()]
            return self._listed

    @property
    def is_at_work(self) -> bool:
        """Whether a tool runs, perhaps one that nobody waits for any more."""
        return self._workers.count > 0

    def close(self) -> None:
        """Begin no more calls."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def call(self, name: str, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Run a call; a fault is a result that says what to do."""
        started = time.perf_counter()
        outcome, text = self._outcome(name, arguments)
        if outcome == "ok":
            shown = text if name == MORE else self._results.shown(text)
        else:
            shown = f"{outcome}: {text[:MOST_FAULT]}"
        known = name if name in OWN or name in self.names else "unknown"
        done = CallDone(known, outcome, time.perf_counter() - started)
        _LOG.info("tool call", extra={"tool": done.tool, "outcome": outcome, "seconds": round(done.seconds, 4)})
        if self._watch is not None:
            self._watch(done)
        return types.CallToolResult(content=[types.TextContent(text=shown)], is_error=outcome != "ok")

    def read(self, name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
        """Return the outcome of a call and its whole text, for a person to read."""
        outcome, text = self._outcome(name, arguments)
        return outcome, text if outcome == "ok" else text[:MOST_FAULT]

    def _outcome(self, name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
        size = len(orjson.dumps(arguments))
        if size > MOST_ARGUMENTS:
            return "invalid arguments", f"they have {size:,} bytes; at most {MOST_ARGUMENTS:,} are taken"
        try:
            if name == MORE:
                return self._more(MoreArguments.model_validate(arguments))
            if name == REFRESH:
                OWN[REFRESH][1].model_validate(arguments)
                return self._refresh()
        except ValidationError as error:
            return "invalid arguments", f"{explain_validation(error)}. Call {name} again with these mended"
        if self._workers.count >= RUNNING:
            return "busy", BUSY
        evidence = self._run(name, arguments)
        return evidence.outcome, evidence.text.replace("a valid tuple", "a valid list")

    def _run(self, name: str, arguments: Mapping[str, Any]) -> Evidence:
        desk = self._desks.take()
        harness = Harness(desk, self.names, limits=self._limits, may_plan=self._may_plan, executor=self._workers)
        harness.call(name, dict(arguments))
        evidence = harness.journal[-1]
        if evidence.outcome != "timeout":  # a late call still works on the desk
            self._desks.give_back(desk)
        return evidence

    def _more(self, wanted: MoreArguments) -> tuple[str, str]:
        part = self._results.more(wanted.id, wanted.offset)
        if part is None:
            return "failed", f"there is no result {wanted.id!r} any more; call its tool again"
        return "ok", part

    def _refresh(self) -> tuple[str, str]:
        with self._refreshing:
            if time.monotonic() - self._refreshed >= REFRESH_SECONDS:
                try:
                    self._desks.refresh()
                except AuroraError as error:
                    return "failed", str(error)
                self._refreshed = time.monotonic()
        cluster = self._desks.desk.cluster
        taken = f"{cluster.taken_at:%Y-%m-%d %H:%M:%S}"
        state = {"snapshot_id": cluster.snapshot_id, "taken_at": taken, "nodes": len(cluster.nodes)}
        return "ok", json.dumps({**state, "tasks": len(cluster.tasks)}, separators=(",", ":"))


class _Workers(ThreadPoolExecutor):
    """Threads that run tools, with a count of the calls that have not ended."""

    def __init__(self) -> None:
        super().__init__(RUNNING, thread_name_prefix="mcp-tool")
        self._lock_of_count = threading.Lock()
        self.count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self._lock_of_count:
            self.count += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _: Future[Any]) -> None:
        with self._lock_of_count:
            self.count -= 1
