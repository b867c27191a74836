"""Runs of self-play in the server's folder: started, paused, resumed, listed, followed; their champions."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from aurora.agents.arena.sources import SOURCES
from aurora.errors import RunError
from aurora.graphs.following import Position, follow
from aurora.graphs.run_control import MOST_ITERATIONS, MOST_JOBS, MOST_SECONDS, MOST_SEED, NewRun
from aurora.graphs.run_directory import ARCHIVE, EVENTS, open_archive
from aurora.graphs.run_list import RunRow as FoundRun
from aurora.graphs.run_list import find_runs, run_row
from aurora.sim.policies.compiler import readable
from aurora.sim.policies.policy import parse_policy
from aurora.types import Frozen
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OpenModel, OrjsonResponse, Page, page_of
from aurora.web.context import WebContext
from aurora.web.refusals import AbsentError
from aurora.web.views.selfplay import new_name

SLASH = "~"
"""Stands for the slash of a folder in a folder, in the id of a run."""
MOST_POLICIES = 10_000
"""Most policies of an archive that are listed, the best first."""
MOST_EVENTS = 200
RunId = Annotated[str, Path(min_length=1, max_length=400, description="id of the run, from the list")]


class Run(Frozen):
    """A run of self-play."""

    run_id: str = Field(description="its id: the path of its folder, with ~ for /")
    is_running: bool = Field(description="whether a process plays it now")
    iterations: int = Field(description="finished iterations")
    stopped: str = Field(description="why the last process stopped; empty while one plays, and after a kill")
    problem: str = Field(description="why its settings can't be read; empty: they can")
    changed_at: float = Field(description="time of its last event, seconds since 1970; 0: it has none")


class RunDetail(Frozen):
    """A run with its settings and its last finished iteration."""

    run: Run = Field(description="the run")
    settings: dict[str, Any] | None = Field(description="its settings; null: it has none that can be read")
    last: dict[str, Any] | None = Field(description="event of its last finished iteration; null: there is none")


class Events(Frozen):
    """Events of a run's log."""

    events: list[dict[str, Any]] = Field(description="the events, oldest first")
    total: int = Field(description="events of the whole log now")
    next_after: int = Field(description="give it as `after` to go on, also when more has come")


class ArchivedPolicy(OpenModel):
    """A policy of a run, as `aurora policies top --json` lists it."""

    policy_id: str = Field(description="its id")
    elo: float = Field(description="its rating")
    games: int = Field(description="games that it rests on")
    origin: str = Field(description="how it came about")
    iteration: int = Field(description="iteration in which it came, from 0")


class Champion(Frozen):
    """The champion of a run, chosen on validation scenarios."""

    iteration: int = Field(description="last finished iteration, from 0")
    policy_id: str = Field(description="its id")
    readable: str = Field(description="its rules in readable form")
    policy: dict[str, Any] = Field(description="its file")


class StartRun(Frozen):
    """A run to start."""

    name: str = Field(default="", max_length=60, description="name of its folder; empty: the next free run-N")
    source: str = Field(default="generated", max_length=64, description=f"one of {', '.join(SOURCES)}")
    seed: int = Field(default=0, ge=0, le=MOST_SEED, description="random seed")
    iterations: int = Field(default=10, ge=1, le=MOST_ITERATIONS, description="iterations at the end of the run")
    seconds: float | None = Field(default=None, ge=1, le=MOST_SECONDS, description="time limit; null: none")
    jobs: int = Field(default=1, ge=1, le=MOST_JOBS, description="threads")


class ResumeRun(Frozen):
    """How far a run is to go on."""

    iterations: int = Field(ge=1, le=MOST_ITERATIONS, description="iterations in all, earlier ones included")
    jobs: int = Field(default=1, ge=1, le=MOST_JOBS, description="threads")
    max_calls: int | None = Field(
        default=None,
        ge=0,
        le=MOST_ITERATIONS,
        description="most calls of the model in all; runs with one need it",
    )


class RunAtWork(Frozen):
    """What a run does now."""

    run_id: str = Field(description="its id")
    state: Literal["starting", "running", "pausing", "stopped"] = Field(
        description="pausing: it ends its process in order; stopped: no process plays it"
    )


def router(context: WebContext) -> APIRouter:
    """Return the routes of runs.

    Args:
        context: What the server shares.
    """
    routes = APIRouter(prefix="/runs", tags=["runs"])
    runs = context.settings.runs

    def found(run_id: str) -> FoundRun:
        try:
            return run_row(runs, run_id.replace(SLASH, "/"))
        except RunError:
            raise AbsentError("there is no such run; list them", parameter="run_id") from None

    control = context.control

    def at_work(directory: FilePath, run_id: str) -> RunAtWork:
        return RunAtWork(run_id=run_id, state=control.state(directory))

    @routes.post("", status_code=201, response_model=RunAtWork)
    def start_run(response: Response, given: StartRun | None = None) -> RunAtWork:
        """Start a run as a process of its own, which goes on when the server ends. Two at most go at a time."""
        asked = given or StartRun()
        data = context.settings.data if asked.source in SOURCES and SOURCES[asked.source].data else None
        new = NewRun(
            name=asked.name or new_name(runs),
            source=asked.source,
            seed=asked.seed,
            iterations=asked.iterations,
            time_limit=asked.seconds,
            jobs=asked.jobs,
            data=data,
        )
        directory = control.start(new, context.who)
        response.headers["Location"] = f"/api/runs/{new.name}"
        return at_work(directory, new.name)

    @routes.post("/{run_id}/pause", status_code=202, response_model=RunAtWork)
    def pause_run(run_id: RunId) -> RunAtWork:
        """Pause a run, also one of the command line: its process ends in order, without its unfinished iteration."""
        directory = found(run_id).directory
        control.pause(directory, context.who)
        return at_work(directory, run_id)

    @routes.post("/{run_id}/stop", status_code=202, response_model=RunAtWork)
    def stop_run(run_id: RunId) -> RunAtWork:
        """End the process of a run at once. Finished iterations are kept, and it can be resumed."""
        directory = found(run_id).directory
        control.stop(directory, context.who)
        return at_work(directory, run_id)

    @routes.post("/{run_id}/resume", status_code=202, response_model=RunAtWork)
    def resume_run(run_id: RunId, given: ResumeRun) -> RunAtWork:
        """Resume a run that no process plays."""
        directory = found(run_id).directory
        control.resume(directory, context.who, iterations=given.iterations, jobs=given.jobs, max_calls=given.max_calls)
        return at_work(directory, run_id)

    @routes.get("", response_model=Page[Run])
    def list_runs(limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the runs, those at work first, then the one that changed last."""
        rows = [_described(r) for r in find_runs(runs)]
        return page_of(rows, lambda r: r.run_id, limit, cursor)

    @routes.get("/{run_id}", response_model=RunDetail)
    def read_run(run_id: RunId) -> Any:
        """Read a run: its settings, and its last finished iteration."""
        row = found(run_id)
        settings = None if row.settings is None else row.settings.model_dump(mode="json")
        return OrjsonResponse({"run": _described(row).model_dump(), "settings": settings, "last": row.last})

    @routes.get("/{run_id}/events", response_model=Events)
    def read_run_events(
        run_id: RunId,
        after: Annotated[int, Query(ge=0, le=2**31, description="number of events that the reader has")] = 0,
        limit: Limit = MOST_EVENTS,
    ) -> Any:
        """Read the events of a run's log, oldest first; of a run that goes on, ask again later."""
        position = Position()
        events: list[dict[str, Any]] = []
        path = found(run_id).directory / EVENTS
        while True:
            reading = follow(path, position)
            events += reading.events
            position = reading.position
            if reading.is_whole:
                break
        part = events[after : after + limit]
        return OrjsonResponse({"events": part, "total": len(events), "next_after": min(after, len(events)) + len(part)})

    @routes.get("/{run_id}/policies", response_model=Page[ArchivedPolicy])
    def list_run_policies(run_id: RunId, limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the policies of a run's archive, the best by Elo first."""
        row = found(run_id)
        if not (row.directory / ARCHIVE).exists():
            return page_of([], str, limit, cursor)
        with open_archive(row.directory) as store:
            return OrjsonResponse(page_of(store.top(MOST_POLICIES), lambda p: str(p["policy_id"]), limit, cursor))

    @routes.get("/{run_id}/champion", response_model=Champion)
    def read_champion(run_id: RunId) -> Any:
        """Read the champion of a run."""
        row = found(run_id)
        if not (row.directory / ARCHIVE).exists():
            raise AbsentError("the run has no finished iteration yet; come back later", parameter="run_id")
        with open_archive(row.directory) as store:
            last = store.last_iteration()
        if last is None:
            raise AbsentError("the run has no finished iteration yet; come back later", parameter="run_id")
        policy = parse_policy(last[1]["champion"])
        return OrjsonResponse(
            {
                "iteration": last[0],
                "policy_id": policy.policy_id,
                "readable": readable(policy),
                "policy": policy.model_dump(mode="json", exclude_none=True),
            }
        )

    return routes


def _described(row: FoundRun) -> Run:
    return Run(
        run_id=row.name.replace("/", SLASH),
        is_running=row.is_running,
        iterations=row.iterations,
        stopped=row.stopped,
        problem=row.problem,
        changed_at=row.changed,
    )
