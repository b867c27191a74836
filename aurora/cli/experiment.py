"""`aurora experiment`: registers a change with a control group, and judges it every day."""

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

app = typer.Typer(
    help="Experiments with randomised control groups, whose tests stay valid when evaluated every day.",
    no_args_is_help=True,
)

SMALL_EFFECT = 0.01
"""Share of the mean below which a stated effect may be meant as a share."""

_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


class Better(StrEnum):
    """Direction in which a metric is better."""

    less = "lower"
    more = "higher"


@app.command()
def new(
    directory: Path = options.path_argument(help="Folder of the experiment, which is created."),
    before: Path = options.path(
        ..., help="Measurements before the start, with account, day and metrics: CSV, JSONL or Parquet."
    ),
    metric: str = options.text(..., help="Column of the metric that decides."),
    guardrail: str = options.text(..., help="Column of the metric that must not get worse."),
    start: date = options.day(..., help="First day of the experiment, such as 2026-03-31."),
    direction: Better = typer.Option(Better.less, help="Direction in which the metric is better."),
    guardrail_direction: Better = typer.Option(Better.less, help="Direction in which the guardrail is better."),
    margin: str = options.text("0", help="Amount by which the guardrail may get worse: 0.5, or 2% of its mean."),
    effect: str | None = options.text(
        None, help="Smallest change worth having: 0.5, or 3%. Default: the smallest detectable one."
    ),
    alpha: float = options.share(0.05, least=0.001, most=0.5, help="Probability of any false stop, over all days."),
    guardrail_alpha: float = options.share(
        0.02, least=0.0001, most=0.5, help="Part of --alpha that the guardrail uses."
    ),
    days: int = options.count(28, least=2, most=366, help="Largest number of days."),
    earliest: int = options.count(7, most=366, help="First day on which the experiment may stop, except for harm."),
    strata: str = options.text("", help="Columns whose values are the same within a block, such as tier,site."),
    seed: int = options.seed("Random seed of the assignment."),
    name: str | None = options.text(None, help="Id of the experiment; default: the folder's name."),
    as_json: bool = _JSON,
) -> None:
    """Register an experiment's assignment, metrics and stopping rules, which can't be changed afterwards.

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
    note("simulating the experiment to estimate its power")
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
    """Check that a text is an amount such as `0.5` or `3%`, and return it."""
    from aurora.learning.experiments.experiment import parse_amount

    try:
        parse_amount(text, option)
    except InputError as error:
        raise options.usage_error(option, f"{options.shown(text)}: {error.reason}") from None
    return text


def _warn_of_small_effect(effect: str, registration: Registration) -> None:
    """Warn if an effect without a per cent sign is so small that a share may be meant."""
    rules, mean = registration.rules, float(registration.before[:, 0].mean())
    if not effect.strip().endswith("%") and 0 < rules.effect < SMALL_EFFECT * abs(mean):
        share = percent(rules.effect / abs(mean))
        note(f"--effect {effect} is {share} of the mean of {rules.metric} ({plain(mean)}); write 5% for a share of it")


@app.command()
def sample(
    out: Path = options.path(..., help="File to write, .csv."),
    number: int = options.count(64, "--accounts", least=16, most=10_000, help="Number of accounts."),
    days: int = options.count(30, most=366, help="Number of days."),
    seed: int = options.seed(),
    of: Path | None = options.path(
        None, help="Folder of a registered experiment, whose days are written instead of days before it."
    ),
    effect: float = options.share(0.1, least=0, most=0.9, help="With --of: share by which the change lowers the cost."),
) -> None:
    """Write made-up measurements of accounts (cost in dollars, latency in milliseconds), for trying the commands.

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
        None, help="Measurements of new days, with account, day and metrics, and optionally `received`."
    ),
    as_json: bool = _JSON,
) -> None:
    """Add new days, and decide by the registered rules whether to continue or stop.

    Example: aurora experiment status trial --add july.csv --json
    """
    from aurora.learning.experiments.experiment import Experiment

    trial = Experiment.open(directory)
    added = None if add is None else trial.add(add)
    current = trial.status(added)
    result = current.to_json()
    if as_json:
        emit_json(result)
        return
    if added is not None:
        note(f"{added.days} new days, {added.rows} rows")
        for reason, count in added.left_out.items():
            note(f"{count} rows not used: {reason}")
    if current.standing is not None and current.standing.missing_days:
        note(f"no values on day {', '.join(map(str, current.standing.missing_days))}")
    emit_table("status", ("what", "value"), [(k, v) for k, v in result.items() if not isinstance(v, dict)])


@app.command()
def report(
    directory: Path = options.path_argument(help="Folder of the experiment."),
    plot: Path | None = options.path(None, help="File for a chart of the effect by day, .html or .png."),
    as_json: bool = _JSON,
) -> None:
    """Report the effect by intention to treat, compliance, and the effect among compliant accounts.

    Example: aurora experiment report trial --plot effect.html
    """
    from aurora.charts import check_plot_path, write_charts
    from aurora.learning.experiments.effect_charts import effect_charts
    from aurora.learning.experiments.experiment import Experiment

    check_plot_path(plot)
    effects = Experiment.open(directory).report()
    result = effects.to_json()
    if plot is not None:
        write_charts(effect_charts(effects.registration, effects.standing), plot)
    if as_json:
        emit_json(result)
        return
    flat = [(k, v) for k, v in result.items() if not isinstance(v, dict | list)]
    emit_table(effects.registration.experiment_id, ("what", "value"), flat)
    for title in ("intention_to_treat", "guardrail", "per_protocol"):
        if result[title]:
            emit_table(title.replace("_", " "), tuple(result[title]), [tuple(result[title].values())])
    arms = result["compliance"]
    emit_table("compliance", ("arm", *arms["treated"]), [(a, *v.values()) for a, v in arms.items()])
