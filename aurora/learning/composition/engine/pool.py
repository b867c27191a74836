"""Worker processes with the same branches: hands them batches, replaces those that fail, says why it can't answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.frames import Frame, Kind, answer_of, batch_frame
from aurora.learning.composition.engine.jobs import FAILED, TOO_LATE, UNAVAILABLE, Failure, Job, Outcome, Queue, joined
from aurora.learning.composition.engine.process import Process, State
from aurora.learning.composition.engine.worker import Ready, Start
from aurora.learning.composition.pipelines.pipeline import Branch

TICK_SECONDS = 0.1
"""Seconds between looks at memory and health."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 30.0
"""Pause before a worker is replaced, in seconds; it doubles with each failure without an answer between."""
FAILURES_UNTIL_BROKEN = 4
"""Failures without an answer between after which requests are refused at once instead of waiting."""
MAX_TRIES = 2
"""Batches that a job is in before its failure is told: one with others, one alone."""


class Pool:
    """Workers that have the same stages.

    Args:
        stages: Branches of each stage.
        described: The deployment.
        name: What the pool is called in reasons.

    Attributes:
        ready: What the workers have loaded; None until the first is ready.
        reason: Why the last worker failed, with its time; empty if none did, or if workers answered since.
        deaths: Workers that ended without being told to.
    """

    def __init__(self, stages: list[list[Branch]], described: Deployment, name: str) -> None:
        self.name = name
        self.ready: Ready | None = None
        self.reason = ""
        self.deaths = 0
        self._described = described
        self._start = Start(
            stages=[[list(branch.components) for branch in stage] for stage in stages],
            load=described.load,
            task=described.task,
            artefacts=described.artefacts,
            rows=described.batching.size,
            memory=described.memory_mb << 20,
        )
        self._loop = asyncio.get_running_loop()
        batching = described.batching
        self._queues = [Queue(batching.size, batching.deadline_ms / 1000) for _ in stages]
        self._workers: list[Process] = []
        self._idle: deque[Process] = deque()
        self._failures = 0
        self._timer: asyncio.TimerHandle | None = None
        self._restarts: list[asyncio.TimerHandle] = []
        self._is_stopped = False
        self._is_warm = self._loop.create_future()
        self._ticking = asyncio.ensure_future(self._tick())
        for _ in range(described.workers):
            self._hire()

    @property
    def queued(self) -> int:
        """Items that wait for a worker."""
        return sum(queue.items for queue in self._queues)

    @property
    def alive(self) -> int:
        """Workers that are ready."""
        return sum(worker.state in (State.IDLE, State.BUSY) for worker in self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of all workers."""
        return [worker.pid for worker in self._workers]

    @property
    def memory(self) -> int:
        """Resident memory of all workers, in bytes."""
        return sum(worker.memory for worker in self._workers)

    @property
    def is_broken(self) -> bool:
        """Whether there is no worker, and waiting for one is no use."""
        return self.alive == 0 and self._failures >= FAILURES_UNTIL_BROKEN

    async def warm(self) -> str:
        """Wait until all workers are ready; return an empty string, or why one is not."""
        return str(await asyncio.shield(self._is_warm))

    def submit(self, job: Job) -> None:
        """Let a job wait for a worker."""
        if self.is_broken:
            job.done(Outcome(None, failure=Failure(UNAVAILABLE, f"{self.name} has no worker: {self.reason}")))
            return
        self._queues[job.stage].add(job)
        if self._idle:
            self._pump()

    def stop(self) -> None:
        """End all workers; jobs that wait are told."""
        self._is_stopped = True
        self._ticking.cancel()
        for timer in (*self._restarts, *([self._timer] if self._timer else [])):
            timer.cancel()
        for worker in list(self._workers):
            worker.kill("the version is stopped")
        if not self._is_warm.done():
            self._is_warm.set_result("the version is stopped")
        self._refuse("the version is stopped")

    def _hire(self) -> None:
        if self._is_stopped:
            return
        seconds = self._described.timeouts.start_s
        try:
            self._workers.append(Process(self._start, seconds, self._on_ready, self._on_gone))
        except OSError as error:  # no memory, or too many processes or files
            self._replace_later(f"no process can be started: {error.strerror or error}")

    def _on_ready(self, worker: Process) -> None:
        self.ready = worker.ready
        if self.alive == self._described.workers and not self._is_warm.done():
            self._is_warm.set_result("")
        self._idle.append(worker)
        self._pump()

    def _on_gone(self, worker: Process, reason: str) -> None:
        self._workers.remove(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if not self._is_stopped:
            self.deaths += 1
            self._replace_later(reason)

    def _replace_later(self, reason: str) -> None:
        self._failures += 1
        self.reason = reason
        if not self._is_warm.done():
            self._is_warm.set_result(f"{self.name}: {reason}")
            return
        if self.is_broken:
            self._refuse(f"{self.name} has no worker: {reason}")
        pause = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 20), LONGEST_PAUSE)
        waiting = [timer for timer in self._restarts if timer.when() > self._loop.time()]
        self._restarts = [*waiting, self._loop.call_later(pause, self._hire)]

    def _pump(self) -> None:
        """Hand batches that are due to idle workers; those of later stages first: they end what has begun."""
        now = self._loop.time()
        while self._idle and not self._is_stopped:
            due = [(queue, queue.due()) for queue in reversed(self._queues)]
            queue = next((queue for queue, time in due if time is not None and time <= now), None)
            if queue is None:
                times = [time for _, time in due if time is not None]
                if times:
                    self._wake(min(times))
                return
            jobs = queue.take()
            if jobs:
                self._run(self._idle.popleft(), jobs, now)

    def _wake(self, time: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(time, self._pump)

    def _run(self, worker: Process, jobs: list[Job], now: float) -> None:
        for job in jobs:
            job.tries += 1
        batch = joined(jobs)

        def done(found: Frame | str) -> None:
            if isinstance(found, Frame):
                self._idle.append(worker)
            self._tell(jobs, found, now)
            if self._idle:
                self._pump()

        worker.send(batch_frame(batch, jobs[0].stage, 0), self._described.timeouts.stage_ms / 1000, done)

    def _tell(self, jobs: list[Job], found: Frame | str, began: float) -> None:
        """Hand answers to jobs; after a failure, run each alone if they were several, or if their worker was killed."""
        rows = sum(len(job.items) for job in jobs)
        if isinstance(found, Frame) and found.kind is Kind.ANSWER:
            self._failures, self.reason = 0, ""
            served, values, faults = answer_of(found)
            busy = self._loop.time() - began
            if faults and len(jobs) > 1:
                self._again(jobs)
                return
            place = 0
            for job in jobs:
                count = len(job.items)
                part = values[place : place + count]
                job.done(Outcome(part, faults, None, began - job.since, served, busy, rows))
                place += count
            return
        reason = found.payload.decode() if isinstance(found, Frame) else found
        is_late = isinstance(found, str) and "did not answer within" in found
        again = [job for job in jobs if not is_late and (len(jobs) > 1 or isinstance(found, str))]
        again = [job for job in again if job.tries < MAX_TRIES]
        failure = Failure(TOO_LATE if is_late else FAILED, f"{self.name}: {reason}")
        for job in jobs:
            if job not in again:
                busy = self._loop.time() - began
                job.done(Outcome(None, (), failure, began - job.since, busy, busy, rows))
        self._again(again)

    def _again(self, jobs: list[Job]) -> None:
        for job in reversed(jobs):
            job.is_alone = True
            self._queues[job.stage].add(job, first=True)
        if self._idle:
            self._loop.call_soon(self._pump)

    def _refuse(self, reason: str) -> None:
        for queue in self._queues:
            for job in queue.drain():
                job.done(Outcome(None, failure=Failure(UNAVAILABLE, reason)))

    async def _tick(self) -> None:
        """Kill workers that need too much memory, and idle ones that do not answer."""
        limit = self._described.memory_mb << 20
        patience = self._described.timeouts.health_s
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for worker in list(self._workers):
                memory = worker.memory
                if memory > limit:
                    worker.kill(f"it needs {memory >> 20} MiB, more than its limit of {limit >> 20} MiB")
                elif worker.state is State.IDLE and self._loop.time() - worker.last_seen > patience:
                    self._idle.remove(worker)
                    worker.send(Frame(Kind.PING), patience, self._answered(worker))

    def _answered(self, worker: Process) -> Callable[[Frame | str], None]:
        def done(found: Frame | str) -> None:
            if isinstance(found, Frame):
                self._idle.append(worker)
                self._pump()

        return done
