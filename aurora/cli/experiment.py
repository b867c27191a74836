"""`aurora experiment`: a control group for a change, registered before it begins and judged after every day."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.errors import DataError, InputError
from aurora.quantities import percent, plain

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.experiments.registration import Registration

app = typer.Typer(help="Randomised control groups with tests that may be looked at every day.", no_args_is_help=True)

SMALL_EFFECT = 0.01
"""Share of the mean below which an effect may have been meant as a share."""

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
    from aurora.learning.experiments.experiment import Experiment, ExperimentDesign, registration_json
    from aurora.learning.experiments.power import POWER

    design = ExperimentDesign(
        metric=metric,
        guardrail=guardrail,
        start=start,
        direction=direction.value,
        guardrail_direction=guardrail_direction.value,
        margin=_amount(margin, "--margin"),
        effect=None if effect is None else _amount(effect, "--effect"),
        alpha=alpha,
        guardrail_alpha=guardrail_alpha,
        days=days,
        earliest=earliest,
        strata=tuple(s for s in strata.split(",") if s),
        seed=seed,
    )
    note("simulating the experiment to see what it can find")
    registration = Experiment.register(directory, before, design, name=name).registration
    if effect is not None:
        _warn_of_small_effect(effect, registration)
    result = registration_json(registration)
    treated = [s.account for s in registration.subjects if s.treated]
    if as_json:
        emit_json({**result, "treated_accounts": treated})
        return
    emit_table("registered", ("what", "value"), list(result.items()))
    if registration.expected["power"] < POWER:
        power = f"{registration.expected['power']:.2f}"
        note(f"power is {power} only: take more accounts or days, or look for a larger effect")
    emit_table("treated accounts", ("account",), [(account,) for account in treated])


def _amount(text: str, option: str) -> str:
    """Return a text such as `0.5` or `3%`, once it is known to be an amount."""
    from aurora.learning.experiments.experiment import parse_amount

    try:
        parse_amount(text, option)
    except InputError as error:
        raise options.usage_error(option, f"{options.shown(text)}: {error.reason}") from None
    return text


def _warn_of_small_effect(effect: str, registration: Registration) -> None:
    """Say so if an effect without a per cent sign is so small that a share may have been meant."""
    rules, mean = registration.rules, float(registration.before[:, 0].mean())
    if not effect.strip().endswith("%") and 0 < rules.effect < SMALL_EFFECT * abs(mean):
        share = percent(rules.effect / abs(mean))
        note(f"--effect {effect} is {share} of the mean of {rules.metric} ({plain(mean)}); write 5% for a share of it")


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
    from aurora.learning.experiments.experiment import Experiment

    trial = Experiment.open(directory)
    added = None if add is None else trial.add(add)
    found = trial.status(added)
    result = found.to_json()
    if as_json:
        emit_json(result)
        return
    if added is not None:
        note(f"{added.days} new days, {added.rows} rows")
        for reason, count in added.left_out.items():
            note(f"{count} rows not used: {reason}")
    if found.standing is not None and found.standing.missing_days:
        note(f"no values on day {', '.join(map(str, found.standing.missing_days))}")
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
    from aurora.learning.experiments.effect_charts import effect_charts
    from aurora.learning.experiments.experiment import Experiment

    check_plot_path(plot)
    found = Experiment.open(directory).report()
    result = found.to_json()
    if plot is not None:
        write_charts(effect_charts(found.registration, found.standing), plot)
    if as_json:
        emit_json(result)
        return
    flat = [(k, v) for k, v in result.items() if not isinstance(v, dict | list)]
    emit_table(found.registration.experiment_id, ("what", "value"), flat)
    for title in ("intention_to_treat", "guardrail", "per_protocol"):
        if result[title]:
            emit_table(title.replace("_", " "), tuple(result[title]), [tuple(result[title].values())])
    arms = result["compliance"]
    emit_table("compliance", ("arm", *arms["treated"]), [(a, *v.values()) for a, v in arms.items()])
