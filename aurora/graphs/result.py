"""The result of a run of self-play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora.agents.arena.source import Source
from aurora.errors import RunError
from aurora.graphs.events import StopReason
from aurora.memory.names import policy_name
from aurora.memory.store import Store
from aurora.sim.policies.policy import Policy, parse_policy

MAX_POLICIES_SHOWN = 10
"""Maximum number of policies in a result."""


@dataclass(frozen=True)
class SelfPlayResult:
    """The result of a run of self-play.

    Attributes:
        run: Folder of the run.
        iterations: Committed iterations.
        stopped: Reason why the run stopped.
        champion: Best policy on validation.
        validation_advantage: Its mean value over the best reference of each validation scenario.
        evaluations: Simulations of all committed iterations.
        counts: Rows of the archive, by kind.
        unit: Unit of values.
        top: Policies with the highest Elo: name, policy_id, elo, games, origin, iteration and parents.
    """

    run: Path
    iterations: int
    stopped: StopReason
    champion: Policy
    validation_advantage: float
    evaluations: int
    counts: Mapping[str, int]
    unit: str
    top: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values; the keys are those of `aurora selfplay --json`."""
        return {
            "run": str(self.run),
            "iterations": self.iterations,
            "stopped": self.stopped,
            "champion": self.champion.policy_id,
            "validation_advantage": self.validation_advantage,
            "evaluations": self.evaluations,
            "counts": dict(self.counts),
            "unit": self.unit,
            "top": [dict(row) for row in self.top],
        }


def run_result(directory: Path, store: Store, source: Source, stopped: StopReason) -> SelfPlayResult:
    """Return the result of a run.

    Args:
        directory: Folder of the run.
        store: Archive of the run.
        source: Source of the run.
        stopped: Reason why the run stopped.

    Raises:
        RunError: No iteration is finished.
    """
    last = store.last_iteration()
    if last is None:
        raise RunError(f"{directory} holds no finished iteration ({stopped}); go on with this run and a larger budget")
    number, state = last
    return SelfPlayResult(
        run=directory,
        iterations=number + 1,
        stopped=stopped,
        champion=parse_policy(state["champion"]),
        validation_advantage=state["champion_value"],
        evaluations=state["evaluations"],
        counts=store.counts(),
        unit=source.unit,
        top=tuple(
            {"name": policy_name(p["policy_id"], p["origin"])}
            | {k: p[k] for k in ("policy_id", "elo", "games", "origin", "iteration", "parents")}
            for p in store.top(MAX_POLICIES_SHOWN)
        ),
    )
