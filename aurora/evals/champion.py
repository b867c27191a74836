"""Compares a policy with the references, the start of its search and the bounds, on fresh scenarios."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import arena, measurements
from aurora.agents.arena.source import Source
from aurora.evals.gains import Gain, gains
from aurora.evals.optimality import Distance, distance, distance_from_json
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.statistics.intervals import Interval, paired_interval
from aurora.types import Progress, no_progress

FRESH_SEED = 2_000_003
"""Seed offset of fresh scenarios; it keeps them apart from training and validation for any seed of the run."""

STAGE = "report: fresh scenarios"
"""Stage of progress of `evaluate_champion`."""


class ReferenceComparison(NamedTuple):
    """A policy against another policy.

    Attributes:
        reference: Name of the other policy.
        difference: Policy less other policy, mean over scenarios with its 95 % interval.
        reference_mean: Mean value of the other policy.
    """

    reference: str
    difference: Interval
    reference_mean: float


class Verdict(NamedTuple):
    """A policy on fresh scenarios of one level.

    Attributes:
        level: Level, 1 to 5; 0 where the source has none.
        scenarios: Number of scenarios.
        mean: Mean value of the policy.
        comparisons: Comparisons with every reference, closest first.
        start: ReferenceComparison with the policy at which the search began.
        start_against_closest: Start less closest reference, with its 95 % interval.
        gains: Gains over the closest reference by objective; empty where the value is no reward.
        gains_over_start: Gains over the start by objective.
        distance: Distance from the lower bounds; None where the source has none.
    """

    level: int
    scenarios: int
    mean: float
    comparisons: tuple[ReferenceComparison, ...]
    start: ReferenceComparison
    start_against_closest: Interval
    gains: tuple[Gain, ...]
    gains_over_start: tuple[Gain, ...]
    distance: Distance | None

    @property
    def is_ahead(self) -> bool:
        """Return True if the interval of every difference lies above zero."""
        return min(c.difference.low for c in self.comparisons) > 0

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain values; the keys are those of `aurora selfplay --json`."""
        return {
            "level": self.level,
            "scenarios": self.scenarios,
            "mean": self.mean,
            "ahead_of_all": self.is_ahead,
            "comparisons": [_comparison_json(c) for c in self.comparisons],
            "start": _comparison_json(self.start),
            "start_against_closest": self.start_against_closest._asdict(),
            "gains": [_gain_json(g) for g in self.gains],
            "gains_over_start": [_gain_json(g) for g in self.gains_over_start],
            "distance": None if self.distance is None else self.distance.to_json(),
        }


def verdict_from_json(data: dict[str, Any]) -> Verdict:
    """Read a verdict that `Verdict.to_json` wrote."""
    far = data["distance"]
    return Verdict(
        level=data["level"],
        scenarios=data["scenarios"],
        mean=data["mean"],
        comparisons=tuple(_comparison(c) for c in data["comparisons"]),
        start=_comparison(data["start"]),
        start_against_closest=Interval(**data["start_against_closest"]),
        gains=tuple(_gain(g) for g in data["gains"]),
        gains_over_start=tuple(_gain(g) for g in data["gains_over_start"]),
        distance=None if far is None else distance_from_json(far),
    )


def fresh_scenarios(source: Source, level: int, per_family: int, seed: int) -> list[EncodedScenario]:
    """Draw scenarios of all families of a source, those for validation included, that no run has met."""
    rng = np.random.default_rng([FRESH_SEED, seed, level])
    return [
        encode(source.expand(source.sample(family, level, rng)))
        for _ in range(per_family)
        for family in source.training + source.validation
    ]


def evaluate_champion(  # what is judged, on what, and how long
    source: Source,
    policy: Policy,
    *,
    per_family: int,
    bounded: int,
    seed: int,
    jobs: int,
    progress: Progress = no_progress,
) -> list[Verdict]:
    """Compare a policy with every reference, the start and the bounds, on fresh scenarios of every level.

    Args:
        source: Source of scenarios, with its value, references and start of the search.
        policy: Policy to compare.
        per_family: Scenarios of each family and level.
        bounded: Number of these for which bounds are computed, where the source has levels.
        seed: Random seed of the scenarios.
        jobs: Number of threads.
        progress: Receives the steps done; a level counts one, and each scenario with bounds another.
    """
    levels = [level.number for level in LEVELS] if source.has_levels else [0]
    families = len(source.training + source.validation)
    to_bound = bounded * families if source.has_levels else 0
    steps = len(levels) * (1 + to_bound)
    verdicts: list[Verdict] = []
    for place, level in enumerate(levels):
        before = place * (1 + to_bound)
        scenarios = fresh_scenarios(source, max(1, level), per_family, seed)
        verdict = _on_level(source, policy, level, scenarios, jobs)
        progress(STAGE, before + 1, steps)
        if to_bound:
            far = distance(
                scenarios[:to_bound],
                compile_policy(policy),
                jobs=jobs,
                progress=partial(_counted, progress, before + 1, steps),
            )
            verdict = verdict._replace(distance=far)
        verdicts.append(verdict)
    return verdicts


def _counted(  # the protocol, for a part of the steps
    progress: Progress, before: int, steps: int, stage: str, done: int, total: int | None = None, detail: str = ""
) -> None:
    progress(STAGE, before + done, steps, detail)


def _on_level(source: Source, policy: Policy, level: int, scenarios: list[EncodedScenario], jobs: int) -> Verdict:
    """Return the comparisons of one level, without the distance from the bounds."""
    ground = arena(source, scenarios, jobs)
    start = source.templates[0]
    (own, own_sums), (first, first_sums) = _measured(source, scenarios, (policy, start), jobs)
    rows = [
        ReferenceComparison(name, paired_interval(own - reference), float(reference.mean()))
        for name, reference in zip(ground.reference_names, ground.reference_values, strict=True)
    ]
    rows.sort(key=lambda c: c.difference.mean)
    closest = rows[0].reference
    ((reference, reference_sums),) = _measured(source, scenarios, (source.references[closest],), jobs)
    rewarded = source.unit == "reward"
    return Verdict(
        level=level,
        scenarios=len(scenarios),
        mean=float(own.mean()),
        comparisons=tuple(rows),
        start=ReferenceComparison(start.policy_id, paired_interval(own - first), float(first.mean())),
        start_against_closest=paired_interval(first - reference),
        gains=gains(reference_sums, own_sums) if rewarded else (),
        gains_over_start=gains(first_sums, own_sums) if rewarded else (),
        distance=None,
    )


def _measured(source: Source, scenarios: list[EncodedScenario], policies: tuple[Policy, ...], jobs: int) -> Any:
    rows = measurements(source, scenarios, [compile_policy(p) for p in policies], jobs)
    return [(np.array([value for value, _ in row]), [summary for _, summary in row]) for row in rows]


def _comparison_json(comparison: ReferenceComparison) -> dict[str, Any]:
    return {
        "reference": comparison.reference,
        "reference_mean": comparison.reference_mean,
        **comparison.difference._asdict(),
    }


def _comparison(data: dict[str, Any]) -> ReferenceComparison:
    difference = Interval(data["mean"], data["low"], data["high"])
    return ReferenceComparison(data["reference"], difference, data["reference_mean"])


def _gain_json(gain: Gain) -> dict[str, Any]:
    return {**gain._asdict(), "change": None if gain.change is None else gain.change._asdict()}


def _gain(data: dict[str, Any]) -> Gain:
    return Gain(**{**data, "change": None if data["change"] is None else Interval(**data["change"])})
