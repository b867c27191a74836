"""Data of the page Experiments: registered experiments, their effect by day, and stop rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import Literal, NamedTuple

from aurora.charts import Chart
from aurora.errors import AuroraError
from aurora.learning.experiments.analysis import Compliance, Standing
from aurora.learning.experiments.effect_charts import effect_charts
from aurora.learning.experiments.experiment import Experiment, ExperimentStatus
from aurora.learning.experiments.registration import FILE, Registration, Rules
from aurora.quantities import percent, plain
from aurora.web.settings import WebSettings
from aurora.web.views.series_sources import files_of

DECISIONS = {
    "continue": "go on",
    "stop_benefit": "stop: it is better",
    "stop_harm": "stop: it harms",
    "stop_futility": "stop: not worth it",
    "stop_end": "stop: no answer",
}
"""Decisions in words."""
Tone = Literal["good", "bad", "warn", "info"]
TONES: dict[str, Tone] = {"continue": "info", "stop_benefit": "good", "stop_harm": "bad"}
"""Tones of decisions; the others are `warn`."""


class ExperimentRow(NamedTuple):
    """An experiment of the list.

    Attributes:
        key: Path of its folder.
        name: Its id.
        metric: Metric that decides, and the direction in which it is better.
        accounts: Accounts of both arms.
        start: First day.
        days: Longest duration, days.
        problem: Why it can't be opened; "" where it can.
    """

    key: str
    name: str
    metric: str = ""
    accounts: str = ""
    start: str = ""
    days: int = 0
    problem: str = ""


class DayRow(NamedTuple):
    """Effect after a day.

    Attributes:
        day: Number of the day, from 1.
        date: Its date.
        effect: Estimate with its interval.
        guardrail: How much the guardrail got worse, and at least how much.
    """

    day: int
    date: str
    effect: str
    guardrail: str


class ArmRow(NamedTuple):
    """One arm: accounts assigned, with their actual treatment.

    Attributes:
        arm: `with the change` or `control`.
        accounts, complied, crossed, unknown: Numbers of accounts.
        missing: Number of account-days without a value.
    """

    arm: str
    accounts: int
    complied: int
    crossed: int
    unknown: int
    missing: int


class Rule(NamedTuple):
    """A registered stop rule.

    Attributes:
        name: Decision that it leads to.
        condition: When it does.
        state: How far it is now.
        is_met: Whether it decided.
    """

    name: str
    condition: str
    state: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """Where an experiment stands.

    Attributes:
        name: Its id.
        decision: Decision by the registered rules, in words.
        tone: `good`, `bad`, `warn` or `info`.
        reason: Reason of the decision.
        day: Day of the decision and the registered number of days.
        measured: Days that are measured; those after the decision don't alter it.
        effect: Effect with its interval; "" before the first day.
        effect_note: What the interval means.
        p_value: p-value, valid at any look; "" before the first day.
        charts: Effect and guardrail by day: heading, chart, and what it shows; empty before the first day.
        days: Effect by day, the latest first.
        arms: Both arms with compliance.
        per_protocol: Comparison by actual treatment, in a sentence; "" where nobody knows it.
        rules: Stop rules.
        registered: Facts of the registration, name and value.
        assigned: Accounts with block and arm.
        missing: Days without values, in a sentence; "" for none.
    """

    name: str
    decision: str
    tone: Tone
    reason: str
    day: str
    measured: int
    effect: str
    effect_note: str
    p_value: str
    charts: tuple[tuple[str, Chart, str], ...]
    days: tuple[DayRow, ...]
    arms: tuple[ArmRow, ...]
    per_protocol: str
    rules: tuple[Rule, ...]
    registered: tuple[tuple[str, str], ...]
    assigned: tuple[tuple[str, int, str], ...]
    missing: str


def experiment_folders(settings: WebSettings) -> tuple[Path, ...]:
    """Return the folders of experiments below the served folders.

    Args:
        settings: The settings of the desk.
    """
    return tuple(path.parent for path in files_of(settings, (FILE,)) if path.name == FILE)


def experiment_rows(settings: WebSettings) -> tuple[ExperimentRow, ...]:
    """Return the experiments below the served folders; one that can't be opened with the reason.

    Args:
        settings: The settings of the desk.
    """
    rows = []
    for folder in experiment_folders(settings):
        try:
            registration = Experiment.open(folder).registration
        except AuroraError as error:
            rows.append(ExperimentRow(str(folder), folder.name, problem=str(error)))
            continue
        rules, treated = registration.rules, int(registration.treated.sum())
        rows.append(
            ExperimentRow(
                str(folder),
                registration.experiment_id,
                f"{rules.metric}, {rules.direction} is better",
                f"{treated} with the change, {len(registration.subjects) - treated} control",
                registration.start.isoformat(),
                rules.days,
            )
        )
    return tuple(rows)


def experiment_view(folder: Path) -> ExperimentView:
    """Return where an experiment stands by its registered rules.

    Args:
        folder: Its folder.

    Raises:
        FileError: The folder holds none.
        DataError: Its registration was altered, or its measurements are damaged.
    """
    experiment = Experiment.open(folder)
    status = experiment.status()
    registration, now = status.registration, status.standing
    rules = registration.rules
    decision = "continue" if now is None else now.verdict.decision
    effect = status.effect
    return ExperimentView(
        name=registration.experiment_id,
        decision=DECISIONS[decision],
        tone=TONES.get(decision, "warn"),
        reason="no day is measured yet" if now is None else now.verdict.reason,
        day=f"{0 if now is None else now.verdict.day} of {rules.days}",
        measured=0 if now is None else len(_days(registration, now)),
        effect="" if effect is None else _with_interval(*effect),
        effect_note=f"{rules.metric} of treated less control, in its unit; the interval holds on all days at once with "
        f"{percent(round(status.level, 6))}",
        p_value="" if now is None else plain(now.p_value, 2),
        charts=() if now is None else _charts(registration, now, status),
        days=() if now is None else _days(registration, now),
        arms=() if now is None else (_arm("with the change", now.treated), _arm("control", now.control)),
        per_protocol="" if now is None else _per_protocol(now),
        rules=_rules(rules, now),
        registered=_registered(registration, status),
        assigned=tuple(
            (s.account, s.block, "with the change" if s.treated else "control") for s in registration.subjects
        ),
        missing=""
        if now is None or not now.missing_days
        else f"No values on day {', '.join(map(str, now.missing_days))}.",
    )


def _with_interval(estimate: float, low: float | None, high: float | None) -> str:
    return f"{_signed(estimate)} ({_end(low, '-')} to {_end(high, '+')})"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{plain(value)}"


def _end(value: float | None, sign: str) -> str:
    return f"{sign}∞" if value is None or not isfinite(value) else _signed(value)


def _charts(registration: Registration, now: Standing, status: ExperimentStatus) -> tuple[tuple[str, Chart, str], ...]:
    effect, guardrail = effect_charts(registration, now)
    rules = registration.rules
    return (
        (
            f"Effect on {rules.metric}",
            effect,
            f"Effect on {rules.metric} after each day. The band holds the effect on all days at once with "
            f"{percent(round(status.level, 6))}, so it may be looked at every day.",
        ),
        (
            f"Guardrail: {rules.guardrail}",
            guardrail,
            f"How much {rules.guardrail} got worse, in its unit. The experiment stops when the lower end passes the "
            "margin.",
        ),
    )


def _days(registration: Registration, now: Standing) -> tuple[DayRow, ...]:
    effect, guard = now.verdict.metric, now.verdict.guardrail
    return tuple(
        DayRow(
            k + 1,
            (registration.start + timedelta(days=k)).isoformat(),
            _with_interval(float(effect.estimate[k]), float(effect.low[k]), float(effect.high[k])),
            f"{_signed(float(guard.estimate[k]))} (at least {_end(float(guard.low[k]), '-')})",
        )
        for k in reversed(range(len(effect.estimate)))
    )


def _arm(name: str, arm: Compliance) -> ArmRow:
    return ArmRow(name, arm.accounts, arm.complied, arm.crossed, arm.unknown, arm.missing)


def _per_protocol(now: Standing) -> str:
    other = now.per_protocol
    if other is None:
        return ""
    return (
        f"By actual treatment ({other.treated} against {other.control} accounts): {_signed(other.effect)} "
        f"({_signed(other.low)} to {_signed(other.high)}, 95 % on this day alone). It is not randomised, so it decides "
        "nothing."
    )


def _rules(rules: Rules, now: Standing | None) -> tuple[Rule, ...]:
    decision = None if now is None else now.verdict.decision
    better = "falls" if rules.direction == "lower" else "rises"
    day = 0 if now is None else now.verdict.day
    harm = gain = ""
    if now is not None and day:
        harm = f"worse by at least {_end(float(now.verdict.guardrail.low[day - 1]), '-')} so far"
        gain = _with_interval(
            *(
                float(values[day - 1])
                for values in (now.verdict.metric.estimate, now.verdict.metric.low, now.verdict.metric.high)
            )
        )
    is_harm = decision == "stop_harm"
    return (
        Rule(
            "Stop for harm",
            f"on any day: {rules.guardrail} is worse by more than {plain(rules.margin)} for certain (error "
            f"{percent(rules.guardrail_alpha)} over all days), or {rules.metric} got worse for certain",
            harm,
            is_harm,
        ),
        Rule(
            "Stop for benefit",
            f"from day {rules.earliest}: {rules.metric} {better} for certain (error "
            f"{percent(round(rules.alpha - rules.guardrail_alpha, 9))} over all days)",
            gain,
            decision == "stop_benefit",
        ),
        Rule(
            "Stop for futility",
            f"from day {rules.earliest}: a benefit of {plain(rules.effect)}, the least worth having, is excluded",
            gain,
            decision == "stop_futility",
        ),
        Rule("Stop at the end", f"on day {rules.days}", f"day {day}", decision == "stop_end"),
    )


def _registered(registration: Registration, status: ExperimentStatus) -> tuple[tuple[str, str], ...]:
    rules, expected = registration.rules, registration.expected
    days = expected["days"]
    return (
        ("Registered", f"{registration.created.isoformat()}, hash {registration.sha256[:12]}"),
        ("First day", registration.start.isoformat()),
        (
            "Assignment",
            f"at random within {len(registration.blocks)} blocks of like accounts, seed {registration.seed}",
        ),
        ("Metric", f"{rules.metric}, {rules.direction} is better"),
        ("Smallest effect worth having", f"{plain(rules.effect)}, in the unit of {rules.metric}"),
        ("Guardrail", f"{rules.guardrail}, {rules.guardrail_direction} is better, margin {plain(rules.margin)}"),
        ("Probability of any false stop", f"{percent(rules.alpha)} over all days"),
        ("Power", percent(round(expected["power"], 3))),
        ("Expected duration", f"{plain(days, 2)} days" if days > 0 else "not known"),
    )
