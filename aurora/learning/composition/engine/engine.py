"""The engine: one version serves; another takes over at one point in time, or does not."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from aurora.errors import RunError
from aurora.learning.composition.engine.answers import Answer
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.metrics import Metrics
from aurora.learning.composition.engine.shadow import Comparison, Shadow
from aurora.learning.composition.engine.version import Version
from aurora.learning.composition.pipelines.value_types import Batch

Step: TypeAlias = Literal["starting", "shadow check", "serving", "refused"]


class BusyError(RunError):
    """The queue is full.

    Args:
        message: What is full.
        seconds: Seconds after which to try again.
    """

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(slots=True)
class Change:
    """A swap or a rollback, while it goes on and after.

    Attributes:
        version: The version that is to serve.
        step: How far it is.
        detail: Why it was refused, or what the shadow check found.
        began: Time of its beginning, seconds since 1970.
        seconds: How long it took; None while it goes on.
    """

    version: int
    step: Step = "starting"
    detail: str = ""
    began: float = 0.0
    seconds: float | None = None

    def end(self, step: Step, detail: str) -> None:
        """Take note of how it ended."""
        self.step, self.detail, self.seconds = step, detail, time.time() - self.began


class Engine:
    """A deployment at work.

    Args:
        history: Its journal.

    Attributes:
        active: The version that answers; None before the start.
        kept: The version before, kept warm; None if there is none.
        change: The last swap or rollback; None if there was none.
        metrics: Counts and times.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.active: Version | None = None
        self.kept: Version | None = None
        self.change: Change | None = None
        self.metrics = Metrics()
        self.swaps = 0
        self._shadow: Shadow | None = None
        self._changing = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self._starting: Version | None = None

    async def start(self, described: Deployment | None, *, who: str, why: str) -> None:
        """Start the version of a description, or the one that served last.

        Args:
            described: Description of a new version; None, or the present one's: that goes on.
            who: Who wanted it.
            why: Why.

        Raises:
            RunError: There is no version yet, or it can't be started; the reason is given.
            FileError: The journal can't be written.
        """
        serving = self.history.serving
        last = serving[-1] if serving else None
        if last is None and described is None:
            raise RunError("nothing was deployed under this name; give a pipeline")
        is_new = described is not None and (last is None or described != self.history.description(last))
        number = self.history.next if is_new or last is None else last
        chosen = described if is_new and described is not None else self.history.description(number)
        version = self._version(number, chosen)
        reason = await version.warm()
        if reason:
            version.stop()
            raise RunError(f"version {number} can't be started: {reason}")
        action: Literal["deployed", "started"] = "deployed" if is_new else "started"
        self.history.add(action, number, who=who, why=why, description=chosen if is_new else None)
        self.active, self._starting = version, None

    def answer(self, items: Batch) -> asyncio.Future[Answer]:
        """Have the version that serves now answer the items of a request.

        Raises:
            RunError: No version serves yet.
            BusyError: Too many items wait.
        """
        version = self.active
        if version is None:
            raise RunError("the service is not ready")
        if version.queued + len(items) > version.described.queue_limit:
            raise BusyError(f"{version.queued} items wait already", self._patience(version))
        answer = version.answer(items)
        if self._shadow is not None:
            self._shadow.offer(items, answer)
        return answer

    async def swap(self, described: Deployment, *, who: str, why: str) -> Change:
        """Start, warm up and shadow-check a new version, and let it take over; refused, the old one goes on.

        Raises:
            RunError: No version serves, or another change goes on.
            FileError: The journal can't be written.
        """
        old = self._begin()
        async with self._changing:
            number = self.history.next
            change = self.change = Change(number, began=time.time())
            served = old.described
            described = described.model_copy(update={"name": served.name, "host": served.host, "port": served.port})
            new = self._version(number, described)
            try:
                reason = await new.warm() or _misfit(old, new)
                found: Comparison | None = None
                if not reason and described.shadow.share:
                    change.step = "shadow check"
                    self._shadow = Shadow(new, described.shadow)
                    found = await self._shadow.result()
                    reason = found.reason
                self._shadow = None
                compared = "" if found is None else str(found)
                if reason:
                    detail = "; ".join(filter(None, (reason, compared)))
                    await asyncio.to_thread(
                        self.history.add, "refused", number, who=who, why=why, detail=detail, description=described
                    )
                    change.end("refused", detail)
                    return change
                await asyncio.to_thread(
                    self.history.add, "swapped", number, who=who, why=why, detail=compared, description=described
                )
                self._take_over(new, keeps=True)
                change.end("serving", compared)
                return change
            finally:
                self._shadow = self._starting = None
                if self.active is not new:
                    new.stop()
                if change.seconds is None:
                    change.end("refused", "the change was broken off")

    async def roll_back(self, *, who: str, why: str) -> Change:
        """Return to the version before: at once if it is still warm, else when it is.

        Raises:
            RunError: No version serves, there is none before it, or another change goes on.
            FileError: The journal can't be written.
        """
        self._begin()
        serving = self.history.serving
        if len(serving) < 2:  # noqa: PLR2004  # the present one and one before
            raise RunError("there is no version before this one")
        async with self._changing:
            number = serving[-2]
            change = self.change = Change(number, began=time.time())
            is_warm = self.kept is not None and self.kept.number == number and self.kept.is_ready
            target = self.kept if is_warm else None
            try:
                if target is None:
                    target = self._version(number, self.history.description(number))
                    reason = await target.warm()
                    if reason:
                        change.end("refused", reason)
                        return change
                await asyncio.to_thread(self.history.add, "rolled back", number, who=who, why=why)
                self._take_over(target, keeps=False)
                change.end("serving", "the version was still warm" if is_warm else "the version was started again")
                return change
            finally:
                self._starting = None
                if target is not None and target not in (self.active, self.kept):
                    target.stop()
                if change.seconds is None:
                    change.end("refused", "the change was broken off")

    async def stop(self) -> None:
        """End all workers, once what was asked is answered."""
        for task in self._retiring:
            task.cancel()
        if self.active is not None:
            await self.active.drain(self.active.described.timeouts.request_ms / 1000)
        for version in (self.active, self.kept, self._starting):
            if version is not None:
                version.stop()

    def status(self) -> dict[str, Any]:
        """Return what serves, how it does, and what was changed last, as JSON."""
        version = self.active
        if version is None:
            return {"state": "starting", "reasons": []}
        change, kept = self.change, self.kept
        return {
            "state": "degraded" if version.reasons else "ready",
            "reasons": version.reasons,
            "name": version.described.name,
            "version": version.number,
            "pipeline": version.described.pipeline,
            "task": version.described.task,
            "classes": list(version.classes),
            "input": str(version.input),
            "workers": [
                {"pool": pool.name, "ready": pool.alive, "pids": pool.pids, "memory_mb": pool.memory >> 20}
                for pool in version.pools
            ],
            "queued": version.queued,
            "open": version.open,
            "seconds": {"overhead": self.metrics.overhead, "handover": self.metrics.handover},
            "kept_warm": None if kept is None else kept.number,
            "change": None
            if change is None
            else {
                "version": change.version,
                "step": change.step,
                "detail": change.detail,
                "seconds": None if change.seconds is None else round(change.seconds, 3),
            },
            "versions": self.history.serving,
        }

    def text(self) -> str:
        """Return the metrics in the text format of Prometheus."""
        version = self.active
        if version is None:
            return self.metrics.text({"ready": 0}, {})
        gauges = {
            "ready": float(version.is_ready),
            "degraded": float(bool(version.reasons)),
            "version": version.number,
            "queued_items": version.queued,
            "open_requests": version.open,
            "workers": sum(pool.alive for pool in version.pools),
            "memory_bytes": sum(pool.memory for pool in version.pools),
        }
        deaths = sum(pool.deaths for pool in version.pools)
        return self.metrics.text(gauges, {"changes_total": self.swaps, "worker_deaths_total": deaths})

    def _version(self, number: int, described: Deployment) -> Version:
        metrics = self.metrics.of_stages(len(described.graph().stages))
        self._starting = Version(number, described, metrics)
        return self._starting

    def _begin(self) -> Version:
        if self.active is None:
            raise RunError("the service is not ready")
        if self._changing.locked():
            raise RunError("another change goes on; wait for it")
        return self.active

    def _take_over(self, new: Version, *, keeps: bool) -> None:
        """Let a version serve from now on; the one before is kept warm for a while, or ends when it has answered."""
        old, before = self.active, self.kept
        assert old is not None
        self.active, self.kept = new, old if keeps else None
        self.swaps += 1
        if before is not None and before is not new:
            self._retire(before, 0)
        self._retire(old, new.described.keep_s if keeps else 0)

    def _retire(self, version: Version, seconds: float) -> None:
        async def end() -> None:
            await asyncio.sleep(seconds)
            if version is self.active:
                return
            if version is self.kept:
                self.kept = None
            await version.drain(version.described.timeouts.request_ms / 1000)
            version.stop()

        task = asyncio.create_task(end())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _patience(self, version: Version) -> int:
        """Return after how many seconds the queue should have room, at least 1."""
        seconds = self.metrics.stages[0].seconds_per_item * version.queued / version.described.workers
        return max(1, math.ceil(seconds))


def _misfit(old: Version, new: Version) -> str:
    """Return why a version can't take the requests of another; an empty string if it can."""
    if new.classes != old.classes:
        return f"it has the classes {', '.join(new.classes)}; the service has {', '.join(old.classes)}"
    if (new.input.kind, new.input.width) != (old.input.kind, old.input.width):
        return f"it takes {new.input}; the service takes {old.input}"
    return ""
