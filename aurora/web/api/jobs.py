"""Long work of requests: done at once where it is short, else as a job to poll, or to cancel."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field

from aurora.errors import AuroraError
from aurora.types import Cancelled, Frozen, Progress
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OrjsonResponse, Page, page_of
from aurora.web.api.owners import Owner
from aurora.web.refusals import AbsentError, BusyError

logger = logging.getLogger(__name__)
Work = Callable[[Progress], Any]
"""Does the work, and tells its steps. A step is where it ends when it is cancelled."""
JobId = Annotated[str, Path(min_length=1, max_length=32, description="id of the job")]
AT_ONCE = 2
"""Jobs that run at once."""
MOST_WAITING = 32
"""Most jobs that wait; more are refused."""
MOST_KEPT = 200
"""Jobs whose results are kept; the oldest that have ended are dropped beyond it."""
PATIENCE = 10.0
"""Seconds in which work is answered at once."""


class JobState(Frozen):
    """A job."""

    job_id: str = Field(description="its id")
    kind: str = Field(description="what it does, such as `simulate`")
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = Field(description="how far it is")
    progress: str = Field(default="", description="running: the step it is at, where the work tells any")
    created_at: float = Field(description="when it was asked for, seconds since 1970")
    seconds: float = Field(description="time since it was asked for, or until it ended, seconds")
    result: Any = Field(default=None, description="done: what the request would have answered at once")
    problem: str | None = Field(default=None, description="failed: what happened, and what to do")


class Job:
    """A piece of work.

    Args:
        kind: What it does.
        owner: Whose it is.
        work: Does it.
    """

    def __init__(self, kind: str, owner: str, work: Work) -> None:
        self.job_id = secrets.token_hex(8)
        self.kind = kind
        self.owner = owner
        self.work = work
        self.future: Future[Any] = Future()
        self.created_at = time.time()
        self.ended_at = 0.0
        self._step = ""
        self._is_unwanted = threading.Event()

    def run(self) -> None:
        """Do the work, unless nobody wants it any more."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.work(self._at)
        except Cancelled as error:
            self.ended_at = time.time()
            self.future.set_exception(error)
        except Exception as error:  # it is raised again where the result is asked for
            if not isinstance(error, AuroraError):
                logger.exception("job %s (%s) failed", self.job_id, self.kind)
            self.ended_at = time.time()
            self.future.set_exception(error)
        else:
            self.ended_at = time.time()
            self.future.set_result(result)

    def _at(self, stage: str, done: int, total: int | None = None, detail: str = "") -> None:
        """Take note of a step of the work, and end it where nobody wants it any more; see `Progress`."""
        del detail
        self._step = f"{stage}: {done}" if total is None else f"{stage}: {done} of {total}"
        if self._is_unwanted.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """Have it end: at once where it waits, else at its next step; what has ended stays as it is."""
        self._is_unwanted.set()
        self.future.cancel()

    @property
    def state(self) -> JobState:
        """How far it is."""
        state: Literal["waiting", "running", "done", "failed", "cancelled"]
        state = "running" if self.future.running() else "waiting"
        result, problem = None, None
        if self.future.cancelled() or (self.future.done() and isinstance(self.future.exception(), Cancelled)):
            state = "cancelled"
        elif self.future.done():
            error = self.future.exception()
            state = "done" if error is None else "failed"
            result = self.future.result() if error is None else None
            if error is not None:
                ours = isinstance(error, AuroraError)
                problem = str(error) if ours else f"the server failed ({type(error).__name__}); its log has more"
        return JobState(
            job_id=self.job_id,
            kind=self.kind,
            state=state,
            progress=self._step if state == "running" else "",
            created_at=self.created_at,
            seconds=round((self.ended_at or time.time()) - self.created_at, 3),
            result=result,
            problem=problem,
        )


class Jobs:
    """Runs long work in threads of its own.

    Attributes:
        patience: Seconds in which work is answered at once.

    Args:
        patience: Seconds in which work is answered at once.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: SimpleQueue[Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._has_threads = False

    async def answer(self, kind: str, owner: str, work: Work) -> Response:
        """Return the result of work; where it takes longer, 202 with the address of its job.

        Args:
            kind: What it does.
            owner: Whose it is.
            work: Does it, in another thread, and tells its steps; returns JSON values.

        Raises:
            AuroraError: What the work raises.
            BusyError: As much waits as may.
        """
        job = self._submit(kind, owner, work)
        done = asyncio.wrap_future(job.future)
        done.add_done_callback(lambda f: f.cancelled() or f.exception())  # it may be told by the job alone
        try:
            result = await asyncio.wait_for(asyncio.shield(done), self.patience)
        except TimeoutError:
            headers = {"Location": f"/api/jobs/{job.job_id}", "Retry-After": "2"}
            return OrjsonResponse(job.state.model_copy(update={"result": None}).model_dump(), 202, headers=headers)
        except BaseException:
            self.forget(job)
            raise
        self.forget(job)
        return OrjsonResponse(result)

    def find(self, job_id: str, owner: str) -> Job:
        """Return a job.

        Raises:
            AbsentError: There is none, or it belongs to someone else.
        """
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise AbsentError("there is no such job; results are kept for a while only", parameter="job_id")
        return job

    def of(self, owner: str) -> list[Job]:
        """Return the jobs of an owner, the newest first."""
        with self._lock:
            return [j for j in reversed(self._jobs.values()) if j.owner == owner]

    def forget(self, job: Job) -> None:
        """Drop a job and its result; one that is at work ends at its next step."""
        job.cancel()
        with self._lock:
            self._jobs.pop(job.job_id, None)

    def _submit(self, kind: str, owner: str, work: Work) -> Job:
        job = Job(kind, owner, work)
        with self._lock:
            if sum(not j.future.done() for j in self._jobs.values()) >= AT_ONCE + MOST_WAITING:
                raise BusyError("too much work waits already; ask again later")
            ended = [j.job_id for j in self._jobs.values() if j.future.done()]
            for job_id in ended[: max(0, len(self._jobs) - MOST_KEPT)]:
                del self._jobs[job_id]
            self._jobs[job.job_id] = job
            if not self._has_threads:
                self._has_threads = True
                for k in range(AT_ONCE):
                    threading.Thread(target=self._run, name=f"jobs {k}", daemon=True).start()
        self._waiting.put(job)
        return job

    def _run(self) -> None:
        while True:
            self._waiting.get().run()


ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": JobState, "description": "It takes longer: poll the job at the address in `Location`."}
}
"""How work that takes longer is described in OpenAPI."""


def router(jobs: Jobs) -> APIRouter:
    """Return the routes of jobs.

    Args:
        jobs: The jobs.
    """
    routes = APIRouter(prefix="/jobs", tags=["jobs"])

    @routes.get("", response_model=Page[JobState])
    def list_jobs(owner: Owner, limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List your jobs, the newest first, without their results."""
        page = page_of(jobs.of(owner), lambda j: j.job_id, limit, cursor)
        return {**page, "items": [j.state.model_copy(update={"result": None}) for j in page["items"]]}

    @routes.get("/{job_id}", response_model=JobState)
    def read_job(job_id: JobId, owner: Owner) -> Any:
        """Read a job with its result."""
        return OrjsonResponse(jobs.find(job_id, owner).state.model_dump())

    @routes.delete("/{job_id}", status_code=204)
    def forget_job(job_id: JobId, owner: Owner) -> None:
        """Drop a job and its result; one that is at work ends at its next step."""
        jobs.forget(jobs.find(job_id, owner))

    @routes.post("/{job_id}/cancel", status_code=202, response_model=JobState)
    def cancel_job(job_id: JobId, owner: Owner) -> Any:
        """Cancel a job: one that waits is not begun, one at work ends at its next step, one that has ended stays."""
        job = jobs.find(job_id, owner)
        job.cancel()
        return OrjsonResponse(job.state.model_copy(update={"result": None}).model_dump(), 202)

    return routes
