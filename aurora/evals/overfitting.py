"""Measures over-fitting: a champion on fresh scenarios of the training, validation and test families of its source.

Three things make a champion look better than it is. The search fits the training families; the choice of the best of
many candidates fits the scenarios of validation; and both fit families that are not those of tomorrow. Scenarios are
fresh in all three sets, so the differences between the sets are those of families. What the choice itself adds is the
optimism: the value by which the champion was chosen, less its value on fresh scenarios of the same families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import advantages, arena
from aurora.agents.arena.source import Source
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.statistics.intervals import Interval, independent_difference, mean_interval
from aurora.types import Progress, no_progress

OVERFITTING_SEED = 3_000_017
"""Constant in the seed of these scenarios, which separates them from all others of a run."""
LEAST_PER_FAMILY, MOST_PER_FAMILY = 2, 20
"""Bounds of the number of scenarios of each family; within them it is that of the source's validation."""
MOST_CHAMPIONS = 12
"""Largest number of iterations whose champions are measured; of more, some are left out evenly."""
STAGE = "report: training, validation and test"
"""Stage of progress of `measure_overfitting`."""


class SetResult(NamedTuple):
    """A champion on fresh scenarios of one set of families.

    Attributes:
        families: Families of the set.
        scenarios: Number of scenarios.
        advantage: Value over the best reference of each scenario, mean with its 95 % interval.
        gain: Value over the start of the search, mean with its 95 % interval.
    """

    families: tuple[str, ...]
    scenarios: int
    advantage: Interval
    gain: Interval


class CurvePoint(NamedTuple):
    """The champion after an iteration, on the same scenarios.

    Attributes:
        iteration: Number of the iteration, from 0.
        evaluations: Simulations of the run up to then.
        champion: Id of the policy.
        training, validation, test: Mean value over the best reference in each set; None without test families.
    """

    iteration: int
    evaluations: int
    champion: str
    training: float
    validation: float
    test: float | None


class Overfitting(NamedTuple):
    """A champion on the three sets, and what it loses from one to the next.

    Attributes:
        training, validation, test: Results in each set; None without test families.
        training_less_validation, validation_less_test: Differences of the advantages, with 95 % intervals. They hold
            the families' own differences too: compare them with those of the start.
        start_training_less_validation, start_validation_less_test: The same differences of the start of the search.
        selection: Mean value over the best reference by which the champion was chosen.
        optimism: That value less the advantage on fresh validation scenarios.
        curve: Champions over the iterations.
    """

    training: SetResult
    validation: SetResult
    test: SetResult | None
    training_less_validation: Interval
    validation_less_test: Interval | None
    start_training_less_validation: Interval
    start_validation_less_test: Interval | None
    selection: float
    optimism: float
    curve: tuple[CurvePoint, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; the keys are those of `overfitting` in `aurora selfplay --json`."""
        return {name: _plain(value) for name, value in self._asdict().items()}


def overfitting_from_json(data: Mapping[str, Any]) -> Overfitting:
    """Read what `Overfitting.to_json` wrote."""
    values: dict[str, Any] = dict(data)
    for name in ("training", "validation", "test"):
        if values[name] is not None:
            part = values[name]
            values[name] = SetResult(
                tuple(part["families"]), part["scenarios"], Interval(**part["advantage"]), Interval(**part["gain"])
            )
    for name, value in data.items():
        if "_less_" in name and value is not None:
            values[name] = Interval(**value)
    values["curve"] = tuple(CurvePoint(**point) for point in data["curve"])
    return Overfitting(**values)


class Step(NamedTuple):
    """The champion after an iteration of a run.

    Attributes:
        iteration: Number of the iteration, from 0.
        evaluations: Simulations of the run up to then.
        champion: Policy that was the champion.
    """

    iteration: int
    evaluations: int
    champion: Policy


def chosen_steps(iterations: Sequence[int]) -> list[int]:
    """Return the iterations to measure: all, or `MOST_CHAMPIONS` of them evenly, with the first and the last one."""
    if len(iterations) <= MOST_CHAMPIONS:
        return list(iterations)
    places = np.linspace(0, len(iterations) - 1, MOST_CHAMPIONS).round().astype(int)
    return [iterations[k] for k in dict.fromkeys(places.tolist())]


def set_scenarios(source: Source, families: Sequence[str], seed: int) -> list[list[EncodedScenario]]:
    """Draw fresh scenarios of each family, at all levels in turn where the source has them."""
    count = min(max(source.effort.validation_per_family, LEAST_PER_FAMILY), MOST_PER_FAMILY)
    drawn = []
    for family in families:
        rng = np.random.default_rng([OVERFITTING_SEED, seed, *family.encode()])
        levels = [1 + k % len(LEVELS) if source.has_levels else 1 for k in range(count)]
        drawn.append([encode(source.expand(source.sample(family, level, rng))) for level in levels])
    return drawn


def measure_overfitting(
    source: Source,
    steps: Sequence[Step],
    selection: float,
    *,
    seed: int,
    jobs: int,
    progress: Progress = no_progress,
) -> Overfitting:
    """Measure the champions of a run on fresh scenarios of training, validation and test.

    Args:
        source: Source of the run, with its three sets of families.
        steps: Champions over the iterations, at least one; the last one is the champion of the run.
        selection: Mean value over the best reference by which it was chosen.
        seed: Random seed of the run.
        jobs: Number of threads.
        progress: Receives the sets done.
    """
    champions = {step.champion.policy_id: step.champion for step in steps}
    measured = []
    sets = [families for families in (source.training, source.validation, source.test) if families]
    for number, families in enumerate(sets):
        measured.append(_measured(source, families, champions, seed, jobs))
        progress(STAGE, number + 1, len(sets))
    last = steps[-1].champion.policy_id
    rows, starts = [m.advantages[last] for m in measured], [m.start for m in measured]
    results = [m.result(last) for m in measured]
    means = {name: [_mean(m.advantages[name]) for m in measured] for name in champions}
    return Overfitting(
        training=results[0],
        validation=results[1],
        test=results[2] if source.test else None,
        training_less_validation=independent_difference(rows[0], rows[1]),
        validation_less_test=independent_difference(rows[1], rows[2]) if source.test else None,
        start_training_less_validation=independent_difference(starts[0], starts[1]),
        start_validation_less_test=independent_difference(starts[1], starts[2]) if source.test else None,
        selection=selection,
        optimism=selection - results[1].advantage.mean,
        curve=tuple(_point(step, means[step.champion.policy_id]) for step in steps),
    )


def _plain(value: Any) -> Any:
    """Return named tuples as objects and other tuples as lists, at any depth."""
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        plain = [_plain(v) for v in value]
        return plain if names is None else dict(zip(names, plain, strict=True))
    return value


class _Measured(NamedTuple):
    """The champions and the start on a set; values are by family, float64 [scenarios] each."""

    families: tuple[str, ...]
    advantages: Mapping[str, list[NDArray[np.float64]]]
    start: list[NDArray[np.float64]]

    def result(self, champion: str) -> SetResult:
        """Return the result of a champion."""
        rows = self.advantages[champion]
        gains = [row - first for row, first in zip(rows, self.start, strict=True)]
        return SetResult(self.families, sum(len(row) for row in rows), mean_interval(rows), mean_interval(gains))


def _measured(
    source: Source, families: tuple[str, ...], champions: Mapping[str, Policy], seed: int, jobs: int
) -> _Measured:
    drawn = set_scenarios(source, families, seed)
    ground = arena(source, [scenario for family in drawn for scenario in family], jobs)
    programs = [compile_policy(p) for p in (source.templates[0], *champions.values())]
    ends = np.cumsum([len(family) for family in drawn])[:-1]
    first, *rows = (np.split(row, ends) for row in advantages(ground, programs, jobs))
    return _Measured(families, dict(zip(champions, rows, strict=True)), first)


def _mean(rows: Sequence[NDArray[np.float64]]) -> float:
    """Return the mean over families of their means."""
    return float(np.mean([row.mean() for row in rows]))


def _point(step: Step, means: Sequence[float]) -> CurvePoint:
    training, validation, *test = means
    return CurvePoint(
        step.iteration, step.evaluations, step.champion.policy_id, training, validation, test[0] if test else None
    )
