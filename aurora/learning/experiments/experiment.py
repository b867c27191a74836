"""Experiments as their users see them: registered once, fed with new days, asked where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from aurora.errors import InputError
from aurora.learning.experiments.analysis import (
    Standing,
    add_days,
    day_after,
    history,
    means_before,
    standing,
)
from aurora.learning.experiments.measurements import Ingested, Row, read_rows
from aurora.learning.experiments.power import Expected, day_model, detectable, expected
from aurora.learning.experiments.registration import (
    Direction,
    Registration,
    Rules,
    assign,
    check_free,
    load_registration,
    register,
)
from aurora.types import FloatArray

Amount = float | str
"""An amount in the unit of its metric, or a share of the metric's mean, such as "3%"."""
LARGEST_AMOUNT = 1e12
"""Largest margin or effect."""
MAX_NAMES_LISTED = 5
"""Most names that a message lists."""


@dataclass(frozen=True, slots=True)
class ExperimentDesign:
    """Design of an experiment, fixed before its first day.

    Attributes:
        metric: Column of the one metric that decides.
        guardrail: Column of the metric that must not get worse.
        start: First day.
        direction: Direction in which the metric is better.
        guardrail_direction: Direction in which the guardrail is better.
        margin: Amount by which the guardrail may get worse.
        effect: Smallest change of the metric worth having; None: the smallest that the experiment can find.
        alpha: Probability of any false stop, over all days.
        guardrail_alpha: The guardrail's part of `alpha`.
        days: Longest duration.
        earliest: First day on which the experiment may stop, except for harm.
        strata: Columns that blocks never span.
        seed: Random seed of the assignment.
    """

    metric: str
    guardrail: str
    start: date
    direction: Direction = "lower"
    guardrail_direction: Direction = "lower"
    margin: Amount = 0.0
    effect: Amount | None = None
    alpha: float = 0.05
    guardrail_alpha: float = 0.02
    days: int = 28
    earliest: int = 7
    strata: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    """Decision of an experiment by its registered rules, and the effect so far by intention to treat.

    Attributes:
        registration: The registered experiment.
        standing: Analysis of the days so far; None before the first.
        ingested: Days that were added just before, if any.
    """

    registration: Registration
    standing: Standing | None
    ingested: Ingested | None = None

    @property
    def effect(self) -> tuple[float, float | None, float | None] | None:
        """Return the estimate on the day of the verdict and its interval; None for an end that is infinite."""
        if self.standing is None:
            return None
        looks, k = self.standing.verdict.metric, self.standing.verdict.day - 1
        return float(looks.estimate[k]), _finite(looks.low[k]), _finite(looks.high[k])

    @property
    def level(self) -> float:
        """Return the probability with which the interval holds on all days at once."""
        return 1 - self.registration.rules.alpha + self.registration.rules.guardrail_alpha

    def to_json(self) -> dict[str, Any]:
        """Return the status as `aurora experiment status --json` prints it."""
        result: dict[str, Any] = {
            "experiment_id": self.registration.experiment_id,
            "decision": "continue",
            "measured_days": 0,
        }
        added = self.ingested
        if added is not None:
            result["added"] = {"days": added.days, "rows": added.rows, "left_out": dict(added.left_out)}
        if self.standing is None or self.effect is None:
            return {**result, "reason": "no day is measured yet"}
        verdict = self.standing.verdict
        estimate, low, high = self.effect
        return {
            **result,
            "decision": verdict.decision,
            "measured_days": self.standing.days,
            "day": verdict.day,
            "date": day_after(self.registration, verdict.day).isoformat(),
            "reason": verdict.reason,
            "estimate": estimate,
            "low": low,
            "high": high,
            "level": self.level,
            "missing_days": list(self.standing.missing_days),
        }


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """Effect of a change by intention to treat, with compliance and the effect by day.

    Attributes:
        registration: The registered experiment.
        standing: Analysis of the days so far.
    """

    registration: Registration
    standing: Standing

    def to_json(self) -> dict[str, Any]:
        """Return the report as `aurora experiment report --json` prints it."""
        status = ExperimentStatus(self.registration, self.standing)
        return {**registration_json(self.registration), **status.to_json(), **self._effects(status)}

    def _effects(self, status: ExperimentStatus) -> dict[str, Any]:
        now, verdict = self.standing, self.standing.verdict
        k = verdict.day - 1
        estimate, low, high = status.effect or (0.0, None, None)
        looks = zip(verdict.metric.estimate, verdict.metric.low, verdict.metric.high, strict=True)
        return {
            "intention_to_treat": {
                "estimate": estimate,
                "low": low,
                "high": high,
                "level": status.level,
                "p_value": now.p_value,
                "is_valid_at_any_time": True,
            },
            "guardrail": {
                "metric": self.registration.rules.guardrail,
                "worse_by": float(verdict.guardrail.estimate[k]),
                "at_least": _finite(verdict.guardrail.low[k]),
                "margin": self.registration.rules.margin,
            },
            "per_protocol": None if now.per_protocol is None else {**asdict(now.per_protocol), "is_randomised": False},
            "compliance": {"treated": asdict(now.treated), "control": asdict(now.control)},
            "by_day": [
                {"day": d, "estimate": float(e), "low": _finite(low), "high": _finite(high)}
                for d, (e, low, high) in enumerate(looks, 1)
            ],
        }


@dataclass(frozen=True, slots=True)
class Experiment:
    """A randomised control group in a folder: registered once, then judged after every day by the registered rules.

        experiment = Experiment.register(folder, before, ExperimentDesign("cost", "latency", date(2026, 7, 1)))
        experiment.add("july.csv")
        experiment.status().to_json()["decision"]

    Attributes:
        directory: Folder of the experiment.
        registration: Assignment and rules, which can't be changed.
    """

    directory: Path
    registration: Registration

    @classmethod
    def open(cls, directory: Path | str) -> Experiment:
        """Open a registered experiment.

        Raises:
            DataError: The folder holds none, or its registration was altered.
        """
        return cls(Path(directory), load_registration(Path(directory)))

    @classmethod
    def register(
        cls,
        directory: Path | str,
        before: Path | str | Sequence[Row],
        design: ExperimentDesign,
        *,
        name: str | None = None,
    ) -> Experiment:
        """Register an experiment: assign the accounts at random, and simulate what it can find.

        Args:
            directory: New folder of the experiment.
            before: Measurements before the start, or their file: account, day, the metrics.
            design: Metrics, error rates and duration.
            name: Id of the experiment; None: the folder's name.

        Raises:
            InputError: The design is not possible, or an account changes its stratum.
            DataError: The measurements are not valid, or too few.
            FileError: A file can't be read or written.
        """
        folder = Path(directory)
        check_free(folder)
        amounts = [None if a is None else parse_amount(a, p) for a, p in _amounts_of(design)]
        metrics = design.metric, design.guardrail
        rows = read_rows(Path(before), metrics, design.strata) if isinstance(before, Path | str) else list(before)
        values = history(rows, metrics, design.start)
        means = means_before(values)
        levels = np.array(list(means.values())).mean(axis=0)
        margin, effect = (
            None if a is None else _absolute(*a, float(level)) for a, level in zip(amounts, levels[::-1], strict=True)
        )
        rules = Rules(
            metric=design.metric,
            direction=design.direction,
            guardrail=design.guardrail,
            guardrail_direction=design.guardrail_direction,
            margin=margin or 0.0,
            alpha=design.alpha,
            guardrail_alpha=design.guardrail_alpha,
            effect=1.0 if effect is None else effect,
            days=design.days,
            earliest=min(design.earliest, design.days),
        )
        experiment_id = name or folder.name
        strata = _strata(rows, design.strata)
        subjects = assign(means, strata, experiment_id=experiment_id, seed=design.seed, block_size=rules.block_size)
        outlook = _power(values, rules, is_given=effect is not None)
        draft = Registration(
            experiment_id=experiment_id,
            created=datetime.now(UTC).date(),
            start=design.start,
            seed=design.seed,
            rules=replace(rules, effect=outlook.effect),
            subjects=subjects,
            expected={"power": outlook.power, "days": -1.0 if np.isnan(outlook.days) else outlook.days},
        )
        return cls(folder, register(folder, draft))

    def add(self, measurements: Path | str | Sequence[Row]) -> Ingested:
        """Add measurements of new days; a day that is added is closed.

        Args:
            measurements: Rows, or their file.

        Raises:
            DataError: The measurements are not valid.
            FileError: A file can't be read or written.
        """
        rules = self.registration.rules
        if isinstance(measurements, Path | str):
            measurements = read_rows(Path(measurements), (rules.metric, rules.guardrail))
        return add_days(self.directory, self.registration, measurements)

    def status(self, ingested: Ingested | None = None) -> ExperimentStatus:
        """Decide by the registered rules whether to go on or to stop.

        Args:
            ingested: Days that were added just before, for the result to repeat.

        Raises:
            DataError: The measurements are damaged or of another registration.
        """
        return ExperimentStatus(self.registration, standing(self.directory, self.registration), ingested)

    def report(self) -> ExperimentReport:
        """Estimate the effect so far.

        Raises:
            InputError: No day is measured yet.
            DataError: The measurements are damaged or of another registration.
        """
        now = standing(self.directory, self.registration)
        if now is None:
            raise InputError(
                f"{self.directory} has no measurements yet; add some with `aurora experiment status --add FILE`"
            )
        return ExperimentReport(self.registration, now)


def parse_amount(amount: Amount, parameter: str) -> tuple[float, bool]:
    """Return the number of an amount such as 0.5 or "3%", and whether it is a share in per cent.

    Args:
        amount: Amount in the metric's unit, or a share of its mean.
        parameter: Name of the parameter, for the message.

    Raises:
        InputError: It is neither, or out of range.
    """
    text = str(amount)
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 <= number <= LARGEST_AMOUNT:  # also NaN
        allowed = f"write a number from 0 to {LARGEST_AMOUNT:g} like 0.5, or a share of the mean like 3%"
        raise InputError(allowed, parameter=parameter, value=amount)
    return number, text.endswith("%")


def _amounts_of(design: ExperimentDesign) -> tuple[tuple[Amount | None, str], ...]:
    return (design.margin, "margin"), (design.effect, "effect")


def _absolute(number: float, is_share: bool, mean: float) -> float:
    return abs(mean) * number / 100 if is_share else number


def _strata(rows: Sequence[Row], columns: Sequence[str]) -> dict[str, str]:
    """Return the stratum of each account."""
    strata = {r.account: ", ".join(r.labels[c] for c in columns) for r in rows}
    changing = {r.account for r in rows if ", ".join(r.labels[c] for c in columns) != strata[r.account]}
    if changing:
        names = ", ".join(sorted(changing)[:MAX_NAMES_LISTED])
        raise InputError(f"{names}: {','.join(columns)} changes between days; strata must stay the same")
    return strata


def _power(values: dict[str, FloatArray], rules: Rules, *, is_given: bool) -> Expected:
    """Simulate the experiment: its power at the given effect, or the smallest effect that it can find."""
    model = day_model(np.array([v[0] for v in values.values()]))
    days_before = next(iter(values.values())).shape[1]
    return (expected if is_given else detectable)(model, len(values), days_before, rules)


def registration_json(registration: Registration) -> dict[str, Any]:
    """Return a registration as `aurora experiment new --json` prints it, without the treated accounts."""
    rules, treated = registration.rules, registration.treated
    days = registration.expected["days"]
    return {
        "experiment_id": registration.experiment_id,
        "sha256": registration.sha256,
        "start": registration.start.isoformat(),
        "accounts": len(treated),
        "treated": int(treated.sum()),
        "control": int((~treated).sum()),
        "metric": rules.metric,
        "direction": rules.direction,
        "effect": rules.effect,
        "guardrail": rules.guardrail,
        "margin": rules.margin,
        "alpha": rules.alpha,
        "guardrail_alpha": rules.guardrail_alpha,
        "days": rules.days,
        "power": registration.expected["power"],
        "expected_days": days if days > 0 else None,
    }


def _finite(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None  # NaN compares as false
