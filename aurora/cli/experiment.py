"""`aurora experiment`: a control group for a change, registered before it begins and judged after every day."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.errors import DataError
from aurora.quantities import percent, plain

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.experiments.experiment import Standing
    from aurora.learning.experiments.measurements import Ingested
    from aurora.learning.experiments.registration import Registration

app = typer.Typer(help="Randomised control groups with tests that may be looked at every day.", no_args_is_help=True)

PUNY = 0.01
"""An effect below this share of the mean may have been meant as a share."""

MOST_AMOUNT = 1e12
"""Largest margin or effect."""

_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


class Better(StrEnum):
    """Which way a metric is better."""

    less = "lower"
    more = "higher"


@app.command()
def new(
    directory: Path = options.path_argument(help="Folder of the experiment; it is made."),
    before: Path = options.path(
        ..., help="Measurements before the start: account, day, the metrics; CSV, JSONL, Parquet."
    ),
    metric: str = options.text(..., help="Column of the one metric that decides."),
    guardrail: str = options.text(..., help="Column of what must not get worse."),
    start: date = options.day(..., help="First day, such as 2026-03-31."),
    direction: Better = typer.Option(Better.less, help="Which way the metric is better."),
    guardrail_direction: Better = typer.Option(Better.less, help="Which way the guardrail is better."),
    margin: str = options.text("0", help="By how much the guardrail may get worse: 0.5, or 2% of its mean."),
    effect: str | None = options.text(
        None, help="Smallest change worth having: 0.5, or 3%; without it, what can be found."
    ),
    alpha: float = options.share(0.05, least=0.001, most=0.5, help="Probability of any false stop, over all days."),
    guardrail_alpha: float = options.share(0.02, least=0.0001, most=0.5, help="The guardrail's part of it."),
    days: int = options.count(28, least=2, most=366, help="At most."),
    earliest: int = options.count(7, most=366, help="First day on which it may stop, except for harm."),
    strata: str = options.text("", help="Columns that blocks never span, such as tier,site."),
    seed: int = options.seed("Of the assignment."),
    name: str | None = options.text(None, help="The experiment's id; the folder's name by default."),
    as_json: bool = _JSON,
) -> None:
    """Register an experiment: who is treated, what decides, when it stops. It can't be changed afterwards.

    Example: aurora experiment new trial --before june.csv --metric cost --guardrail latency --start 2026-07-01
    """
    from dataclasses import replace  # with the others
    from datetime import UTC, datetime

    import numpy as np

    from aurora.learning.experiments.experiment import history, means_before
    from aurora.learning.experiments.measurements import read_rows
    from aurora.learning.experiments.power import POWER, day_model, detectable, expected
    from aurora.learning.experiments.registration import Registration, Rules, assign, check_free, register

    check_free(directory)
    labels = tuple(s for s in strata.split(",") if s)
    rows = read_rows(before, (metric, guardrail), labels)
    found = history(rows, (metric, guardrail), start)
    means = means_before(found)
    levels = np.array(list(means.values())).mean(axis=0)
    rules = Rules(
        metric,
        direction.value,
        guardrail,
        guardrail_direction.value,
        _amount(margin, float(levels[1]), "--margin"),
        alpha,
        guardrail_alpha,
        1.0 if effect is None else _amount(effect, float(levels[0]), "--effect"),
        days,
        min(earliest, days),
    )
    groups = {r.account: ", ".join(r.labels[c] for c in labels) for r in rows}
    changing = {r.account for r in rows if ", ".join(r.labels[c] for c in labels) != groups[r.account]}
    if changing:
        raise DataError(f"{', '.join(sorted(changing)[:5])}: {strata} changes between days; strata must stay the same")
    subjects = assign(means, groups, experiment_id=name or directory.name, seed=seed, block_size=rules.block_size)
    if effect is not None and not effect.strip().endswith("%") and 0 < rules.effect < PUNY * abs(levels[0]):
        share = percent(rules.effect / abs(float(levels[0])))
        note(f"--effect {effect} is {share} of the mean of {metric} ({plain(levels[0])}); write 5% for a share of it")
    note(f"{len(subjects)} accounts; playing the experiment through to see what it can find")
    model = day_model(np.array([v[0] for v in found.values()]))
    played = len(found), next(iter(found.values())).shape[1]
    outlook = (detectable if effect is None else expected)(model, *played, rules)
    rules = replace(rules, effect=outlook.effect)
    days_to_stop = -1.0 if np.isnan(outlook.days) else outlook.days
    draft = Registration(
        name or directory.name,
        datetime.now(UTC).date(),
        start,
        seed,
        rules,
        subjects,
        {"power": outlook.power, "days": days_to_stop},
    )
    done = register(directory, draft)
    result = {**_registered(done), "treated_accounts": [s.account for s in subjects if s.treated]}
    if as_json:
        emit_json(result)
        return
    emit_table("registered", ("what", "value"), [(k, v) for k, v in result.items() if k != "treated_accounts"])
    if outlook.power < POWER:
        note(f"power is {outlook.power:.2f} only: take more accounts or days, or look for a larger effect")
    emit_table("treated accounts", ("account",), [(a,) for a in result["treated_accounts"]])


@app.command()
def sample(
    out: Path = options.path(..., help="File to write, .csv."),
    number: int = options.count(64, "--accounts", least=16, most=10_000, help="How many."),
    days: int = options.count(30, most=366, help="How many."),
    seed: int = options.seed(),
    of: Path | None = options.path(None, help="Folder of a registered experiment: its days, not those before."),
    effect: float = options.share(0.1, least=0, most=0.9, help="With --of: by how much the change lowers the cost."),
) -> None:
    """Write made-up measurements of accounts (cost in dollars, latency in milliseconds), to try the commands with.

    Examples: aurora experiment sample --out june.csv

    aurora experiment sample --of trial --days 14 --out july.csv
    """
    from aurora.learning.experiments.measurements import write_rows
    from aurora.learning.made_up import FIRST_DAY, made_up_rows

    first, treated = FIRST_DAY, None
    if of is not None:
        from aurora.learning.experiments.registration import load_registration

        registration = load_registration(of)
        first, number = registration.start, len(registration.subjects)
        treated = {s.account: effect if s.treated else 0.0 for s in registration.subjects}
    rows = list(made_up_rows(number, first, days, seed, treated))
    if treated is not None and {r.account for r in rows} != set(treated):
        raise DataError(f"--of {of}: it is not an experiment on the accounts of `aurora experiment sample`")
    write_rows(rows, out)
    note(f"wrote {out}: {number} accounts, {days} days from {first}; made up")


@app.command()
def status(
    directory: Path = options.path_argument(help="Folder of the experiment."),
    add: Path | None = options.path(
        None, help="Measurements with new days: account, day, the metrics, perhaps received."
    ),
    as_json: bool = _JSON,
) -> None:
    """Take in new days, and say whether to go on or to stop, by the registered rules.

    Example: aurora experiment status trial --add july.csv --json
    """
    from aurora.learning.experiments.experiment import add_days, standing
    from aurora.learning.experiments.measurements import read_rows
    from aurora.learning.experiments.registration import load_registration

    registration = load_registration(directory)
    taken = None
    if add is not None:
        rules = registration.rules
        taken = add_days(directory, registration, read_rows(add, (rules.metric, rules.guardrail)))
    now = standing(directory, registration)
    result = _status(registration, now, taken)
    if as_json:
        emit_json(result)
        return
    if taken is not None:
        note(f"{taken.days} new days, {taken.rows} rows")
        for reason, count in taken.left_out.items():
            note(f"{count} rows not used: {reason}")
    if now is not None and now.missing_days:
        note(f"no values on day {', '.join(map(str, now.missing_days))}")
    emit_table("status", ("what", "value"), [(k, v) for k, v in result.items() if not isinstance(v, dict)])


@app.command()
def report(
    directory: Path = options.path_argument(help="Folder of the experiment."),
    plot: Path | None = options.path(None, help="Chart of the effect by day, .html or .png."),
    as_json: bool = _JSON,
) -> None:
    """The effect by intention to treat, with who complied, and those who did beside it.

    Example: aurora experiment report trial --plot effect.html
    """
    from aurora.charts import check_plot_path, write_charts
    from aurora.learning.experiments.experiment import standing
    from aurora.learning.experiments.registration import load_registration

    check_plot_path(plot)
    registration = load_registration(directory)
    now = standing(directory, registration)
    if now is None:
        raise DataError(f"{directory} has no measurements yet; add some with `aurora experiment status --add FILE`")
    result = {**_registered(registration), **_status(registration, now, None), **_report(registration, now)}
    if plot is not None:
        write_charts(_charts(registration, now), plot)
    if as_json:
        emit_json(result)
        return
    flat = [(k, v) for k, v in result.items() if not isinstance(v, dict | list)]
    emit_table(registration.experiment_id, ("what", "value"), flat)
    for title in ("intention_to_treat", "guardrail", "per_protocol"):
        if result[title]:
            emit_table(title.replace("_", " "), tuple(result[title]), [tuple(result[title].values())])
    arms = result["compliance"]
    emit_table("compliance", ("arm", *arms["treated"]), [(a, *v.values()) for a, v in arms.items()])


def _amount(text: str, mean: float, option: str) -> float:
    """The number of `0.5`, or of `3%` of a mean."""
    try:
        amount = float(text[:-1]) if text.endswith("%") else float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= MOST_AMOUNT:  # also NaN
        allowed = f"write a number from 0 to {MOST_AMOUNT:g} like 0.5, or a share of the mean like 3%"
        raise options.usage_error(option, f"{options.shown(text)}: {allowed}")
    return abs(mean) * amount / 100 if text.endswith("%") else amount


def _registered(registration: Registration) -> dict[str, Any]:
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


def _number(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None  # NaN compares as false


def _status(registration: Registration, now: Standing | None, taken: Ingested | None) -> dict[str, Any]:
    from aurora.learning.experiments.experiment import day_after

    result: dict[str, Any] = {"experiment_id": registration.experiment_id, "decision": "continue", "measured_days": 0}
    if taken is not None:
        result["added"] = {"days": taken.days, "rows": taken.rows, "left_out": dict(taken.left_out)}
    if now is None:
        return {**result, "reason": "no day is measured yet"}
    verdict = now.verdict
    k = verdict.day - 1
    return {
        **result,
        "decision": verdict.decision,
        "measured_days": now.days,
        "day": verdict.day,
        "date": day_after(registration, verdict.day).isoformat(),
        "reason": verdict.reason,
        "estimate": float(verdict.metric.estimate[k]),
        "low": _number(verdict.metric.low[k]),
        "high": _number(verdict.metric.high[k]),
        "level": 1 - registration.rules.alpha + registration.rules.guardrail_alpha,
        "missing_days": list(now.missing_days),
    }


def _report(registration: Registration, now: Standing) -> dict[str, Any]:
    from dataclasses import asdict

    verdict = now.verdict
    k = verdict.day - 1
    per_protocol = None if now.per_protocol is None else {**asdict(now.per_protocol), "is_randomised": False}
    return {
        "intention_to_treat": {
            "estimate": float(verdict.metric.estimate[k]),
            "low": _number(verdict.metric.low[k]),
            "high": _number(verdict.metric.high[k]),
            "level": 1 - registration.rules.alpha + registration.rules.guardrail_alpha,
            "p_value": now.p_value,
            "is_valid_at_any_time": True,
        },
        "guardrail": {
            "metric": registration.rules.guardrail,
            "worse_by": float(verdict.guardrail.estimate[k]),
            "at_least": _number(verdict.guardrail.low[k]),
            "margin": registration.rules.margin,
        },
        "per_protocol": per_protocol,
        "compliance": {"treated": asdict(now.treated), "control": asdict(now.control)},
        "by_day": [
            {"day": d + 1, "estimate": float(e), "low": _number(low), "high": _number(high)}
            for d, (e, low, high) in enumerate(
                zip(verdict.metric.estimate, verdict.metric.low, verdict.metric.high, strict=True)
            )
        ],
    }


def _charts(registration: Registration, now: Standing) -> list[Any]:
    import numpy as np

    from aurora.charts import Band, Chart, Line

    rules, looks, harm = registration.rules, now.verdict.metric, now.verdict.guardrail
    days = list(range(1, len(looks.estimate) + 1))
    level = f"{100 * (1 - rules.alpha + rules.guardrail_alpha):.0f} % over all days"
    sign = 1 if rules.direction == "higher" else -1
    first = int(np.argmax(np.isfinite(looks.high)))
    effect = Chart(
        f"{registration.experiment_id}: {now.verdict.decision}, {now.verdict.reason}",
        "day",
        f"treated less control, {rules.metric}",
        (
            Band(level, days[first:], list(looks.low[first:]), list(looks.high[first:])),
            Line("effect (intention to treat)", days, list(looks.estimate)),
            Line("smallest effect worth having", days, [sign * rules.effect] * len(days)),
        ),
    )
    start = int(np.argmax(np.isfinite(harm.low)))
    guardrail = Chart(
        "guardrail",
        "day",
        f"{rules.guardrail}, worse by",
        (
            Line("estimate", days, list(harm.estimate)),
            Line("at least", days[start:], list(harm.low[start:])),
            Line("margin", days, [rules.margin] * len(days)),
        ),
    )
    return [effect, guardrail]
