"""Plays one run of a study in its directory, or continues it; a function for evaluators."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from aurora import journal
from aurora.agents.models.budget import Budget
from aurora.errors import ModelError
from aurora.evals.model_usage import model_usage
from aurora.evals.studies.choices import Settings
from aurora.evals.studies.evaluators.protocol import Stopped
from aurora.evals.studies.locks import await_unlocked
from aurora.evals.studies.study import RunBudget
from aurora.graphs.events import Event, Listener
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.graphs.run import Run, open_run
from aurora.graphs.run_directory import LOCK
from aurora.graphs.settings import SelfPlaySettings
from aurora.graphs.state import Abandoned
from aurora.types import Frozen

SECONDS_FILE = "seconds.jsonl"
"""File of a run directory with the duration of its iterations; only where seconds are limited."""
NO_LIMIT = 1_000_000
"""Number of evaluations, proposals or generations of a run without that limit."""


OWNER_SECONDS = 20.0
"""Most seconds until the worker of a killed study has ended and left its run."""


class RunTask(NamedTuple):
    """A run to play.

    Attributes:
        directory: Run directory.
        settings: Settings of the run.
        budget: Limits of the run.
    """

    directory: Path
    settings: Settings
    budget: RunBudget


class RunOutcome(Frozen):
    """What a run came to."""

    reason: str = Field(description="Reason why it stopped.")
    iterations: int = Field(description="Finished iterations or generations.")
    evaluations: int = Field(description="Simulations, or measurements of prompts.")
    champion: dict[str, Any] | None = Field(None, description="Champion of self-play, a policy.")
    selection_value: float | None = Field(None, description="Value by which the champion or version was chosen.")
    gain: float | None = Field(None, description="Gain of the evolved prompt on sealed cases; null: not judged.")
    model_calls: int = Field(0, description="Number of calls of the model.")
    dollars: float = Field(0.0, description="Price of these calls in dollars.")

    @property
    def is_complete(self) -> bool:
        """Return whether the run reached a limit of its budget."""
        return self.reason != "interrupted"


def play_run(task: RunTask, stopped: Stopped) -> RunOutcome:
    """Play a run up to its budget; a run that was stopped or killed continues from its last finished iteration.

    Args:
        task: The run.
        stopped: Returns True once the run must stop.

    Raises:
        RunError: The directory holds another run, another process uses it, or no iteration was finished.
        ModelError: The model can't be reached, or never answered.
        StoreError: The archive can't be read or written.
    """
    await_unlocked(task.directory / LOCK, OWNER_SECONDS)
    if isinstance(task.settings, EvolutionSettings):
        return _evolve(task, task.settings)
    return _self_play(task, task.settings, stopped)


def _self_play(task: RunTask, settings: SelfPlaySettings, stopped: Stopped) -> RunOutcome:
    limits = task.budget
    with open_run(task.directory, settings) as run:
        reason = _play(run, limits, stopped) if _has_room(run, limits) else "budget spent"
        result = run.result(reason)  # type: ignore[arg-type]  # one of its reasons
        usage = model_usage(task.directory, run.store) or {"calls": 0, "requests": 0, "dollars": 0.0}
    if usage["requests"] and not usage["calls"]:
        raise ModelError(
            f"no answer came from {settings.model} in {usage['requests']} requests; see docs/guides/models.md"
        )
    return RunOutcome(
        reason=reason,
        iterations=result.iterations,
        evaluations=result.evaluations,
        champion=result.champion.model_dump(mode="json"),
        selection_value=result.validation_advantage,
        model_calls=usage["calls"],
        dollars=usage["dollars"],
    )


def _has_room(run: Run, limits: RunBudget) -> bool:
    """Return whether a run may play another iteration; a run without one always may."""
    last = run.store.last_iteration()
    if last is None:
        return True
    if limits.evaluations is not None and last[1]["evaluations"] >= limits.evaluations:
        return False
    return limits.seconds is None or _used_seconds(run.directory) < limits.seconds


def _play(run: Run, limits: RunBudget, stopped: Stopped) -> str:
    """Play until a limit is reached; return the reason of the stop."""
    left = None if limits.seconds is None else max(0.0, limits.seconds - _used_seconds(run.directory))
    finished = run.play(
        iterations=limits.iterations,
        time_limit=left,
        tell=_watch(run.directory, limits, stopped),
        budget=Budget(calls=limits.calls, tokens=limits.tokens, dollars=limits.dollars),
    )
    return finished.reason


def _watch(directory: Path, limits: RunBudget, stopped: Stopped) -> Listener:
    """Return a listener that ends a run which must stop, or whose evaluations are spent, before the next iteration."""
    spent, began = 0, time.monotonic()

    def listen(event: Event) -> None:
        nonlocal spent, began
        if event["event"] == "iteration":
            spent = event["evaluations"]
            if limits.seconds is not None:
                now = time.monotonic()
                journal.append(directory / SECONDS_FILE, [{"seconds": now - began}])
                began = now
        elif event["event"] in ("started", "generation"):
            if stopped():
                raise Abandoned("interrupted")
            if limits.evaluations is not None and spent >= limits.evaluations:
                raise Abandoned("budget spent")

    return listen


def _used_seconds(directory: Path) -> float:
    return float(sum(record["seconds"] for record in journal.read(directory / SECONDS_FILE)))


def _evolve(task: RunTask, settings: EvolutionSettings) -> RunOutcome:
    from aurora.evals.prompt_evolution import write_evaluation  # noqa: PLC0415  # heavy, for its kind only
    from aurora.graphs.prompt_evolution.benches.opening import open_bench  # noqa: PLC0415  # likewise
    from aurora.graphs.prompt_evolution.budget import EvolutionBudget  # noqa: PLC0415  # likewise
    from aurora.graphs.prompt_evolution.run import open_evolution  # noqa: PLC0415  # likewise

    limits = task.budget
    bench = open_bench(settings)
    with open_evolution(task.directory, settings) as run:
        budget = EvolutionBudget(
            limits.proposals or NO_LIMIT, limits.evaluations or NO_LIMIT, limits.tokens, limits.dollars
        )
        evolved = run.evolve(bench, generations=limits.iterations or NO_LIMIT, budget=budget)
        standing = evolved.standing
        if standing.commits:
            command = f"aurora evolve-prompts --resume {task.directory}"
            write_evaluation(task.directory, settings, standing, bench, run.cases(bench), command)
    judged = standing.judged[-1] if standing.judged else None
    kept_first = 0.0 if evolved.reason == "done" else None  # no version was ahead of the first, which stays
    return RunOutcome(
        reason=evolved.reason,
        iterations=max(0, standing.generation - 1),
        evaluations=standing.evaluations,
        selection_value=None if judged is None else judged.selection[0],
        gain=kept_first if judged is None else judged.sealed[0],
        model_calls=standing.use.calls,
        dollars=standing.use.dollars,
    )
