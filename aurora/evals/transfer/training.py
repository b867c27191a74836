"""Trains champions by self-play within a number of evaluations, in folders that resume."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from aurora.agents.models.budget import Budget
from aurora.errors import RunError
from aurora.graphs.run import Run, open_run
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.store import Store
from aurora.prompts.loader import load_prompt
from aurora.sim.policies.policy import Policy
from aurora.types import Progress, no_progress


class Point(NamedTuple):
    """The champion after an iteration.

    Attributes:
        evaluations: Simulations of the run so far.
        level: Level of the curriculum that the iteration was played at.
        champion: Best policy on validation.
    """

    evaluations: int
    level: int
    champion: Policy


class Trajectory(NamedTuple):
    """The champions of a run within a number of evaluations.

    Attributes:
        points: Champion after each iteration, at least one.
    """

    points: tuple[Point, ...]

    @property
    def champion(self) -> Policy:
        """The last champion."""
        return self.points[-1].champion

    @property
    def evaluations(self) -> int:
        """Simulations after which it was chosen."""
        return self.points[-1].evaluations

    def changes(self) -> list[Point]:
        """Return the points at which the champion differs from the one before, the first included."""
        earlier = [None, *(p.champion.policy_id for p in self.points)]
        return [p for p, before in zip(self.points, earlier, strict=False) if p.champion.policy_id != before]

    def left_levels(self) -> dict[int, Policy]:
        """Return the champion with which each level of the curriculum was left, by level."""
        return {
            p.level: p.champion for p, after in zip(self.points, self.points[1:], strict=False) if after.level > p.level
        }


def train(
    folder: Path,
    settings: SelfPlaySettings,
    evaluations: int,
    *,
    budget: Budget = Budget(),  # noqa: B008  # immutable
    progress: Progress = no_progress,
    stage: str = "training",
) -> Trajectory:
    """Run self-play up to a number of evaluations, or read the run where it has been trained before.

    The iteration that passes the limit is played but does not count, so no champion costs more than the limit, unless
    the first iteration alone does. Equal settings and limits give equal champions, however often a run is killed.

    Args:
        folder: Folder of the run; it is created.
        settings: Settings of the run.
        evaluations: Largest number of simulations.
        budget: Budget of the model over the whole run.
        progress: Receives the evaluations done.
        stage: Stage of the progress.

    Raises:
        RunError: Another process trains in the folder, or it holds a run with other settings.
        ModelError: The model failed, and another try can't succeed.
        KeyboardInterrupt: The training was interrupted; another call continues it.
    """
    if settings.proposer != "search" and not settings.prompts:
        prompts = tuple(load_prompt(role).prompt_id for role in ("attacker", "defender"))
        settings = settings.model_copy(update={"prompts": prompts})
    with open_run(folder, settings) as run:
        done, iterations = _state(run)
        while done < evaluations:
            progress(stage, done, evaluations)
            finished = run.play(iterations=iterations + 1, budget=budget)
            if finished.reason == "interrupted":
                raise KeyboardInterrupt
            if finished.reason != "done":
                break
            done, iterations = _state(run)
        progress(stage, evaluations, evaluations)
        return trajectory(run.store, evaluations)


def trajectory(store: Store, evaluations: int) -> Trajectory:
    """Return the champions of a run within a number of evaluations; the first iteration always counts.

    Args:
        store: Archive of the run.
        evaluations: Largest number of simulations.

    Raises:
        RunError: No iteration is finished.
    """
    events = [e for e in store.events() if e["event"] == "iteration"]
    if not events:
        raise RunError("the run holds no finished iteration; go on with a larger budget")
    counted = [e for e in events if e["evaluations"] <= evaluations] or events[:1]
    policies = {name: store.policy(name) for name in {e["champion"] for e in counted}}
    return Trajectory(tuple(Point(e["evaluations"], e["level"], policies[e["champion"]]) for e in counted))


def _state(run: Run) -> tuple[int, int]:
    """Return the evaluations and the iterations of a run so far."""
    last = run.store.last_iteration()
    return (0, 0) if last is None else (last[1]["evaluations"], last[0] + 1)
