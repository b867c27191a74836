"""Benchmark of experiments: false alarms, power and stopped harm in many simulated experiments."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aurora.learning.experiments.analysis import NORMAL_975, Verdict, apply_rules
from aurora.learning.experiments.power import day_model, detectable
from aurora.learning.experiments.registration import Rules
from aurora.learning.experiments.sequential import mixture_radius, resample
from aurora.statistics.intervals import wilson
from aurora.types import FloatArray

Rng = np.random.Generator

ACCOUNTS, DAYS_BEFORE, DAYS, BLOCK = 200, 14, 28, 8
GUARDRAIL_CORRELATION = 0.3
"""Correlation of the metric with the guardrail."""
RULES = Rules("cost", "lower", "latency", "lower", 0.0, 0.05, 0.02, 1.0, DAYS, 7)
MIXTURE_SCALE = 0.3
HARM_SIZES = (1.0, 2.0)
"""Sizes of the harm to the guardrail, as multiples of the metric's smallest detectable effect."""


def _steady(rng: Rng, days: int) -> FloatArray:
    return 2 * rng.normal(size=(ACCOUNTS, 1)) + rng.normal(size=(ACCOUNTS, days))


def _persistent(rng: Rng, days: int) -> FloatArray:
    noise = rng.normal(size=(ACCOUNTS, days))
    for d in range(1, days):
        noise[:, d] = 0.8 * noise[:, d - 1] + 0.6 * noise[:, d]
    return 2 * rng.normal(size=(ACCOUNTS, 1)) + noise


def _drifting(rng: Rng, days: int) -> FloatArray:
    return _steady(rng, days) + 0.3 * np.cumsum(rng.normal(size=(ACCOUNTS, days)), axis=1)


def _skewed(rng: Rng, days: int) -> FloatArray:
    level = np.exp(rng.normal(size=(ACCOUNTS, 1)))
    weekend = np.where(np.arange(days) % 7 >= 5, rng.uniform(0.3, 1.0, (ACCOUNTS, 1)), 1.0)  # noqa: PLR2004  # Saturday and Sunday
    return level * weekend + 0.5 * rng.standard_t(2.2, (ACCOUNTS, days))


WORLDS: Mapping[str, Callable[[Rng, int], FloatArray]] = {
    "steady": _steady,
    "persistent": _persistent,
    "drifting": _drifting,
    "skewed": _skewed,
}
"""Models of the days of accounts: independent; autocorrelated (0.8); random walks; log-normal with fat tails and
weekends. Seeds alternate between them."""


@dataclass(frozen=True, slots=True)
class _Played:
    world: str
    verdict: Verdict
    holds: bool
    naive: bool
    mixture: bool


class _Table:
    """Experiments that share blocks and resamples for all seeds."""

    def __init__(self) -> None:
        self.blocks = tuple(np.arange(k, k + BLOCK) for k in range(0, ACCOUNTS, BLOCK))
        treated = np.tile(np.arange(BLOCK) < BLOCK // 2, ACCOUNTS // BLOCK)
        self.assignments = resample(treated, self.blocks, RULES.resamples, 1)

    def play(self, seed: int, effects: Mapping[str, float], harm: float, gain: float) -> _Played:
        """Simulate an experiment in the seed's world.

        Args:
            seed: Random seed of the world and of the assignment.
            effects: Smallest effect worth having, by world.
            harm: Harm to the guardrail, as a multiple of that effect.
            gain: Gain of the metric, as a multiple of that effect.
        """
        world = list(WORLDS)[seed % len(WORLDS)]
        rng = np.random.default_rng((seed, 77))
        span = DAYS_BEFORE + DAYS
        metric = WORLDS[world](rng, span)
        guardrail = GUARDRAIL_CORRELATION * metric + np.sqrt(1 - GUARDRAIL_CORRELATION**2) * WORLDS[world](rng, span)
        before = np.column_stack([m[:, :DAYS_BEFORE].mean(axis=1) for m in (metric, guardrail)])
        order = np.argsort(before[:, 0])
        metric, guardrail, before = metric[order, DAYS_BEFORE:], guardrail[order, DAYS_BEFORE:], before[order]
        self.assignments[:, 0] = resample(self.assignments[:, 1], self.blocks, 2, seed)[:, 1]
        treated = self.assignments[:, :1]
        size = effects[world]
        truth = -gain * size
        rules = replace(RULES, effect=size)
        verdict = apply_rules(
            metric + truth * treated,
            guardrail + harm * size * treated,
            before,
            self.assignments,
            self.blocks,
            rules,
        )
        looks = verdict.metric
        radius = mixture_radius(looks.se, rules.alpha - rules.guardrail_alpha, MIXTURE_SCALE)
        return _Played(
            world,
            verdict,
            bool(np.all((looks.low <= truth) & (truth <= looks.high))),
            bool(np.any(np.abs(looks.estimate) > NORMAL_975 * looks.se)),
            bool(np.any(np.abs(looks.estimate) > radius)),
        )


def bench_experiment(seeds: int, progress: Callable[[str, int, int], None] | None = None) -> dict[str, Any]:
    """Simulate experiments without an effect, with one, and with harm; each is evaluated every day.

    Args:
        seeds: Number of experiments of each kind.
        progress: Function that receives the kind, the number of finished experiments, and their total.
    """
    started = time.perf_counter()
    outlooks = {}
    for k, (world, draw) in enumerate(WORLDS.items()):
        past = draw(np.random.default_rng((k, 78)), DAYS_BEFORE)  # a seed that no judged experiment has
        outlooks[world] = detectable(day_model(past), ACCOUNTS, DAYS_BEFORE, RULES)
    effects = {w: o.effect for w, o in outlooks.items()}
    table = _Table()

    def played(kind: str, harm: float, gain: float) -> list[_Played]:
        experiments = []
        for seed in range(seeds):
            experiments.append(table.play(seed, effects, harm, gain))
            if progress is not None:
                progress(kind, seed + 1, seeds)
        return experiments

    nothing = played("no effect", 0.0, 0.0)
    gained = played("an effect", 0.0, 1.0)
    harmed = [(h, played(f"harm {h:g}", h, 0.0)) for h in HARM_SIZES]
    return {
        "seeds": seeds,
        "accounts": ACCOUNTS,
        "days": DAYS,
        "alpha": RULES.alpha,
        "guardrail_alpha": RULES.guardrail_alpha,
        "no_effect": {
            "alarms": _rate([_is_alarm(p) for p in nothing]),
            "alarms_of_metric": _rate([p.verdict.metric.stopped is not None for p in nothing]),
            "alarms_of_guardrail": _rate([p.verdict.guardrail.stopped is not None for p in nothing]),
            "alarms_by_world": _by_world(nothing, _is_alarm),
            "futility": _rate([p.verdict.decision == "stop_futility" for p in nothing]),
            "alarms_of_daily_z_test": _rate([p.naive for p in nothing]),
            "alarms_of_mixture": _rate([p.mixture for p in nothing]),
        },
        "effect": {
            "effects": effects,
            "promised_power": {w: o.power for w, o in outlooks.items()},
            "power": _rate([p.verdict.decision == "stop_benefit" for p in gained]),
            "power_by_world": _by_world(gained, lambda p: p.verdict.decision == "stop_benefit"),
            "median_day": _median([p.verdict.day for p in gained if p.verdict.decision == "stop_benefit"]),
            "futility": _rate([p.verdict.decision == "stop_futility" for p in gained]),
            "interval_holds_on_all_days": _rate([p.holds for p in gained]),
            "power_of_mixture": _rate([p.mixture for p in gained]),
        },
        "harm": [
            {
                "size": size,
                "stopped": _rate([p.verdict.decision == "stop_harm" for p in runs]),
                "median_day": _median([p.verdict.day for p in runs if p.verdict.decision == "stop_harm"]),
            }
            for size, runs in harmed
        ],
        "seconds": time.perf_counter() - started,
    }


def _is_alarm(played: _Played) -> bool:
    return played.verdict.decision in ("stop_benefit", "stop_harm")


def _rate(hits: list[bool]) -> dict[str, float]:
    low, high = wilson(sum(hits), len(hits))
    return {"rate": sum(hits) / len(hits), "low": low, "high": high}


def _by_world(runs: list[_Played], holds: Callable[[_Played], bool]) -> dict[str, float]:
    worlds: dict[str, list[bool]] = {}
    for p in runs:
        worlds.setdefault(p.world, []).append(holds(p))
    return {w: sum(v) / len(v) for w, v in worlds.items()}


def _median(days: list[int]) -> float | None:
    return float(np.median(days)) if days else None
