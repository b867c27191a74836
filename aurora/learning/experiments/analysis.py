"""Analysis of an experiment: judged after every day, stopped by rules that were fixed before the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.experiments.measurements import MAX_DAYS, Ingested, Measured, Row, ingest, measured
from aurora.learning.experiments.registration import JOURNAL, Registration, Rules
from aurora.learning.experiments.sequential import Looks, look, p_value, resample, running_outcomes, spending
from aurora.types import FloatArray

Decision = Literal["continue", "stop_benefit", "stop_harm", "stop_futility", "stop_end"]
MIN_DAYS_BEFORE = 7
"""Fewest days of measurements before the start: a week, so that weekends are in every account's own past."""
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Verdict:
    """Decision by the rules, and the tests after every day so far.

    Attributes:
        decision: First decision that is not to continue, if there is one.
        day: Day of that decision, from 1; the last measured day if there is none.
        reason: Reason of the decision, in words.
        metric: Two-sided test of the metric; its interval holds over all days at once.
        guardrail: One-sided test of how much the guardrail got worse.
    """

    decision: Decision
    day: int
    reason: str
    metric: Looks
    guardrail: Looks


def apply_rules(
    metric: FloatArray,
    guardrail: FloatArray,
    before: FloatArray,
    assignments: NDArray[np.bool_],
    blocks: Sequence[NDArray[np.intp]],
    rules: Rules,
) -> Verdict:
    """Apply the rules to all days so far.

    Args:
        metric: Values of the metric, NaN where nothing was measured, float64 [accounts, days so far].
        guardrail: Values of the guardrail, float64 [accounts, days so far].
        before: Covariates of the accounts before the start, float64 [accounts, covariates].
        assignments: Possible assignments, the actual one first, bool [accounts, assignments].
        blocks: Positions of each block's accounts.
        rules: Rules of the experiment.
    """
    so_far = metric.shape[1]
    spent = spending(rules.alpha - rules.guardrail_alpha, rules.days)[:so_far]
    guard = spending(rules.guardrail_alpha, rules.days)[:so_far]
    worse = 1.0 if rules.guardrail_direction == "lower" else -1.0
    tested = look(running_outcomes(metric, before), assignments, blocks, spent)
    harm = look(
        running_outcomes(worse * guardrail, before), assignments, blocks, guard, side="above", null=rules.margin
    )
    better = 1.0 if rules.direction == "higher" else -1.0
    for k in range(so_far):
        gain = better * tested.estimate[k]
        is_significant = abs(gain) > tested.threshold[k] * tested.se[k]
        if harm.stopped == k:
            reason = (
                f"the guardrail {rules.guardrail} is worse by at least {harm.low[k]:.4g} (allowed: {rules.margin:g})"
            )
            return Verdict("stop_harm", k + 1, reason, tested, harm)
        if is_significant and gain < 0:
            reason = f"{rules.metric} got worse: {_signed(tested, k)}"
            return Verdict("stop_harm", k + 1, reason, tested, harm)
        if k + 1 >= rules.earliest:
            if is_significant:
                reason = f"{rules.metric} got better: {_signed(tested, k)}"
                return Verdict("stop_benefit", k + 1, reason, tested, harm)
            most = max(better * tested.low[k], better * tested.high[k])
            if most < rules.effect and k + 1 < rules.days:
                reason = f"{rules.metric} gets better by {most:.4g} at most, less than {rules.effect:g}"
                return Verdict("stop_futility", k + 1, reason, tested, harm)
        if k + 1 == rules.days:
            return Verdict("stop_end", k + 1, "the registered end is reached without an answer", tested, harm)
    return Verdict("continue", so_far, f"day {so_far} of {rules.days}", tested, harm)


def _signed(looks: Looks, day: int) -> str:
    return f"{looks.estimate[day]:+.4g} ({looks.low[day]:+.4g} to {looks.high[day]:+.4g})"


@dataclass(frozen=True, slots=True)
class Compliance:
    """Compliance and missing values of one arm.

    Attributes:
        accounts: Number of accounts assigned to the arm.
        complied: Number of accounts that had the arm's treatment on most of the days for which it is known.
        crossed: Number of accounts that mostly had the other arm's treatment.
        unknown: Number of accounts whose treatment is not known on any day.
        missing: Number of account-days without a value of the metric.
    """

    accounts: int
    complied: int
    crossed: int
    unknown: int
    missing: int


@dataclass(frozen=True, slots=True)
class PerProtocol:
    """Comparison of the accounts that had their assigned treatment; not randomised, so not for decisions.

    Attributes:
        treated: Number of treated accounts that had the change.
        control: Number of control accounts that did not have it.
        effect: Difference of their means.
        low: Lower end of its 95 % interval on this day alone (Welch).
        high: Upper end of that interval.
    """

    treated: int
    control: int
    effect: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Analysis of an experiment's days so far.

    Attributes:
        verdict: Decision by the rules, and the tests.
        days: Number of calendar days measured so far.
        missing_days: Days, from 1, without any value.
        treated: Compliance of the treated arm.
        control: Compliance of the control arm.
        per_protocol: Comparison by actual treatment; None if no treatment is known.
        p_value: p-value of no effect on the metric up to the day of the verdict; valid at any number of looks.
    """

    verdict: Verdict
    days: int
    missing_days: tuple[int, ...]
    treated: Compliance
    control: Compliance
    per_protocol: PerProtocol | None
    p_value: float


def add_days(directory: Path, registration: Registration, rows: Sequence[Row]) -> Ingested:
    """Add new days to an experiment; see `measurements.ingest`."""
    return ingest(
        directory / JOURNAL,
        rows,
        registration.accounts,
        registration.start,
        registration.rules.days,
        registration.sha256,
    )


def standing(directory: Path, registration: Registration) -> Standing | None:
    """Analyse the days of an experiment so far; None before its first day.

    Raises:
        DataError: The measurements are damaged or of another registration.
    """
    rules = registration.rules
    metrics = (rules.metric, rules.guardrail)
    data = measured(directory / JOURNAL, registration.accounts, metrics, registration.start, registration.sha256)
    if data.received.shape[1] == 0:
        return None
    blocks, treated = registration.blocks, registration.treated
    assignments = resample(treated, blocks, rules.resamples, registration.seed)
    verdict = apply_rules(
        data.values[rules.metric], data.values[rules.guardrail], registration.before, assignments, blocks, rules
    )
    tested = running_outcomes(data.values[rules.metric], registration.before)
    missing = ~np.isfinite(data.values[rules.metric])
    known = np.isfinite(data.received)
    share = np.where(known, data.received, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    is_known = known.any(axis=1)
    had = is_known & (share > 0.5)  # noqa: PLR2004  # on most days
    lacked = is_known & ~had

    def arm(members: NDArray[np.bool_], complied: NDArray[np.bool_], crossed: NDArray[np.bool_]) -> Compliance:
        accounts, own, other, unknown = (
            int(c.sum()) for c in (members, members & complied, members & crossed, members & ~is_known)
        )
        return Compliance(accounts, own, other, unknown, int(missing[members].sum()))

    return Standing(
        verdict,
        data.received.shape[1],
        tuple(d + 1 for d in data.missing_days),
        arm(treated, had, lacked),
        arm(~treated, lacked, had),
        _per_protocol(data, registration, treated & had, ~treated & lacked) if is_known.any() else None,
        p_value(tested[:, : verdict.day], assignments, blocks, rules.days),
    )


def _per_protocol(
    data: Measured, registration: Registration, treated: NDArray[np.bool_], control: NDArray[np.bool_]
) -> PerProtocol | None:
    last = running_outcomes(data.values[registration.rules.metric], registration.before)[:, -1]
    a, b = last[treated], last[control]
    if min(len(a), len(b)) < 2:  # noqa: PLR2004  # no variance
        return None
    effect = float(a.mean() - b.mean())
    radius = NORMAL_975 * float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
    return PerProtocol(len(a), len(b), effect, effect - radius, effect + radius)


def history(rows: Sequence[Row], rules_metrics: tuple[str, str], start: date) -> dict[str, FloatArray]:
    """Return the measurements before the start by account: float64 [2, days], NaN where missing.

    Raises:
        DataError: Fewer than a week lies before the start, or an account lacks half of the days.
    """
    days = sorted({r.day for r in rows if r.day < start})
    if len(days) < MIN_DAYS_BEFORE:
        raise DataError(f"have {len(days)} of {MIN_DAYS_BEFORE} days before {start}; measure longer, or start later")
    first, span = days[0], (start - days[0]).days
    if span > MAX_DAYS:
        raise DataError(f"the first day, {first}, lies {span} days before {start}; leave out the oldest")
    values = {r.account: np.full((2, span), np.nan) for r in rows}
    for row in rows:
        if row.day < start:
            values[row.account][:, (row.day - first).days] = [row.values[m] for m in rules_metrics]
    poor = sorted(a for a, v in values.items() if np.isfinite(v).sum(axis=1).min() * 2 < len(days))
    if poor:
        raise DataError(
            f"{len(poor)} accounts have values on fewer than half of the {len(days)} days before {start} "
            f"({', '.join(poor[:5])}{', ...' if len(poor) > 5 else ''}); leave them out"  # noqa: PLR2004
        )
    return values


def means_before(values: Mapping[str, FloatArray]) -> dict[str, tuple[float, float]]:
    """Return each account's means of metric and guardrail before the start."""
    means = {a: np.nanmean(v, axis=1) for a, v in values.items()}
    return {a: (float(m[0]), float(m[1])) for a, m in means.items()}


def day_after(registration: Registration, day: int) -> date:
    """Return the calendar date of a day of the experiment, counted from 1."""
    return registration.start + timedelta(days=day - 1)
