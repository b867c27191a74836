"""Forgetting: later champions of a run on the levels of the curriculum that earlier ones have left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.evals.results.result import Cell, Metric, Table, metric
from aurora.evals.results.samples import Sample
from aurora.evals.transfer.domains import TRAINED, fresh_scenarios
from aurora.evals.transfer.measuring import VALUE, measure_policies
from aurora.evals.transfer.settings import Effort
from aurora.evals.transfer.training import Trajectory
from aurora.sim.policies.policy import Policy
from aurora.statistics.intervals import Interval, mean_interval
from aurora.types import Progress, no_progress

SUITE = "forgetting"
END = "the end"
"""Name of the moment at which a run's evaluations are used up."""


class Forgotten(NamedTuple):
    """A later champion on a level that an earlier one has left.

    Attributes:
        trained: Domain that the runs train on.
        level: Level that was left.
        later: Moment of the later champion: `level 3`, when that level was left, or `the end`.
        seeds: Number of runs that left the level.
        changed: Number of them whose later champion is another policy; the others can't have forgotten anything.
        left: Mean reward on the level of the champion with which it was left.
        change: Reward of the later champion less that, on the same scenarios.
        scenarios: Number of scenarios.
    """

    trained: str
    level: int
    later: str
    seeds: int
    changed: int
    left: Interval
    change: Interval
    scenarios: int


def measure_forgetting(
    folder: Path,
    trained: str,
    runs: Sequence[Trajectory],
    effort: Effort,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> list[Forgotten]:
    """Measure the champions with which levels were left, and the last ones, on fresh scenarios of those levels.

    Args:
        folder: Folder of the evaluation.
        trained: Name of what the runs train on.
        runs: Champions of each run.
        effort: Effort of the judgement.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the number of samples done.
    """
    moments = [_moments(run) for run in runs]
    levels = sorted({level for run in runs for level in run.left_levels()} & set(effort.levels))
    if not levels:
        return []
    scenarios = fresh_scenarios(TRAINED[trained].judged, effort.scenarios, effort.seeds[0], levels=levels)
    contestants = {policy.policy_id: (policy,) for own in moments for policy in own.values()}
    samples = measure_policies(
        folder, f"{SUITE} {trained}", scenarios, contestants, interrupted=interrupted, progress=progress
    )
    found = []
    for level in levels:
        for later in [f"level {other}" for other in levels if other > level] + [END]:
            pairs = [
                (own[f"level {level}"].policy_id, own[later].policy_id)
                for own in moments
                if f"level {level}" in own and later in own
            ]
            if pairs:
                found.append(_compared(samples, trained, level, later, pairs))
    return found


def _moments(run: Trajectory) -> Mapping[str, Policy]:
    return {**{f"level {level}": policy for level, policy in run.left_levels().items()}, END: run.champion}


def _compared(
    samples: Sequence[Sample], trained: str, level: int, later: str, pairs: Sequence[tuple[str, str]]
) -> Forgotten:
    own = [s for s in samples if s.stratum.endswith(f"-{level}")]
    values = {(s.subject, s.sample): s.values[VALUE] for s in own}
    left: dict[str, list[float]] = {}
    change: dict[str, list[float]] = {}
    for scenario, stratum in {s.sample: s.stratum for s in own}.items():
        before = [values[first, scenario] for first, _ in pairs]
        after = [values[second, scenario] for _, second in pairs]
        left.setdefault(stratum, []).append(float(np.mean(before)))
        change.setdefault(stratum, []).append(float(np.mean(after)) - float(np.mean(before)))
    return Forgotten(
        trained=trained,
        level=level,
        later=later,
        seeds=len(pairs),
        changed=sum(first != second for first, second in pairs),
        left=mean_interval([np.array(v) for v in left.values()]),
        change=mean_interval([np.array(v) for v in change.values()]),
        scenarios=sum(map(len, left.values())),
    )


def forgetting_metrics(rows: Sequence[Forgotten]) -> list[Metric]:
    """Return what the champion at the end gains or loses on every level that was left."""
    return [
        metric(
            f"change on level {r.level}", r.change, better="higher", samples=r.scenarios, subject=r.trained, suite=SUITE
        )
        for r in rows
        if r.later == END
    ]


def forgetting_table(rows: Sequence[Forgotten]) -> Table:
    """Return every later champion on every level that was left."""
    cells: list[tuple[Cell, ...]] = [
        (
            r.trained,
            r.level,
            r.later,
            r.left.mean,
            r.change.mean,
            r.change.low,
            r.change.high,
            r.seeds,
            r.changed,
            r.scenarios,
        )
        for r in rows
    ]
    return Table(
        title="forgetting: later champions on levels that were left",
        columns=(
            "trained in",
            "level",
            "champion at",
            "reward when left",
            "change",
            "low",
            "high",
            "runs",
            "champions changed",
            "scenarios",
        ),
        rows=tuple(cells),
        note="When left: reward of the champion with which the level was left, on fresh scenarios of it. Change: "
        "reward of the later champion less that, on the same scenarios. Below 0, something was forgotten.",
    )
