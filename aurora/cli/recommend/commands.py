"""`aurora recommend`: recommendations for accounts, plans, and the files to try them with."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.recommend import containers, plans
from aurora.cli.terminal.groups import with_default
from aurora.cli.terminal.output import emit_json, note, say, terminal_width
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import DataError

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.accounts import Catalogue
    from aurora.learning.rightsizing.recommend import Recommendation
    from aurora.learning.rightsizing.report import RecommendationReport


class Format(StrEnum):
    """Output formats of recommendations."""

    table = "table"
    csv = "csv"
    md = "md"
    json = "json"


app = typer.Typer(
    cls=with_default("accounts"),
    help="Recommendations for accounts: `aurora recommend FILE...` is short for `aurora recommend accounts FILE...`.",
    no_args_is_help=True,
)

MAX_ASSUMPTIONS_SHOWN = 5
"""Largest number of assumptions that are printed one by one."""
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_CATALOGUE = options.path(
    None, help="Prices: JSON of `recommend catalogue`, or CSV with type,vCPU,GiB,$/h. Default: synthetic ones."
)


@app.command()
def accounts(
    data: list[Path] = options.path_argument(
        help="Histories (.jsonl, .parquet); with --inventory, series of utilisation."
    ),
    inventory: Path | None = options.path(None, help="Inventory with the configurations of the workloads in DATA."),
    catalogue: Path | None = _CATALOGUE,
    plan: Path | None = options.path(None, help="Write a plan with all applicable changes to this file."),
    why: list[str] = options.text([], help="Print the reasons of this account; may be repeated; `all` prints all."),
    quick: bool = typer.Option(False, "--quick", help="Skip the search for changes that would flip a finding."),
    misses: float = options.share(0.01, least=0.0001, most=0.5, help="Allowed share of late requests."),
    least_days: float = options.number(
        7.0, least=1, most=3660, unit="days", help="Days of measurements below which no recommendation is made."
    ),
    least_instances: int | None = options.count(
        None, most=1000, help="Smallest number of instances to keep. Default: 2 if there are as many, else 1."
    ),
    name: str | None = options.text(
        None, help="Pattern that names series WORKLOAD/METRIC from their labels, such as '{instance}/{metric}'."
    ),
    metric: list[str] = options.text(
        [], help="Name of a metric in DATA, such as cpu=node_cpu_utilisation; may be repeated."
    ),
    ledger: Path | None = options.path(None, help="Ledger of realised savings, with which the confidence is compared."),
    plot: Path | None = options.path(None, help="File for a chart of savings, .html or .png."),
    output: Format = typer.Option(Format.table, "--format", help="Format of the printed output."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON, as --format json does."),
) -> None:
    """Recommend changes for each account, with reasons, savings, confidence, and changes that would flip the finding.

    Takes about 5 seconds an account, less with --quick.

    Example: aurora recommend histories.jsonl --plan plan.json --why all
    """
    from aurora.charts import check_plot_path, write_charts
    from aurora.cli.recommend import advice
    from aurora.learning.rightsizing.plan_file import write_plan
    from aurora.learning.rightsizing.report import recommend

    check_plot_path(plot)
    if inventory is None and (name is not None or metric):
        raise options.usage_error("--inventory", "--name and --metric are for series of utilisation; give FILE too")
    note_compiling()
    with steps() as progress:
        report = recommend(
            data,
            inventory=inventory,
            catalogue=catalogue,
            misses=misses,
            least_days=least_days,
            least_instances=least_instances,
            with_flips=not quick,
            ledger=ledger,
            name=name,
            metric=_metrics(metric),
            progress=progress,
        )
    _note_remarks(report)
    recommendations = report.recommendations
    wanted = _wanted(why, recommendations)
    if plan is not None:
        write_plan(report.plan(), plan)
        note(f"wrote {plan}: {sum(r.is_applicable for r in recommendations)} changes")
    if plot is not None:
        write_charts([report.savings_chart()], plot)
    if as_json or output is Format.json:
        emit_json(report.to_json())
    elif output is Format.csv:
        typer.echo(advice.as_csv(recommendations), nl=False)
    elif output is Format.md:
        typer.echo(advice.as_markdown(recommendations), nl=False)
    else:
        advice.show_table(recommendations)
        for r in wanted:
            say("\n" + "\n".join(advice.why(r, terminal_width())))
        if not wanted:
            note("reasons: --why ACCOUNT, or --why all")


def _metrics(pairs: list[str]) -> dict[str, str]:
    """Parse METRIC=NAME pairs into the metric of each name in the data."""
    from aurora.learning.rightsizing.utilisation import METRICS

    names = {}
    for pair in pairs:
        metric, is_pair, theirs = pair.partition("=")
        if not is_pair or metric not in METRICS or not theirs:
            raise options.usage_error("--metric", f"{pair!r}: write METRIC=NAME, METRIC one of {', '.join(METRICS)}")
        names[theirs] = metric
    return names


def _note_remarks(report: RecommendationReport) -> None:
    for text in (*report.remarks, *report.assumptions[:MAX_ASSUMPTIONS_SHOWN]):
        note(text)
    more = len(report.assumptions) - MAX_ASSUMPTIONS_SHOWN
    if more > 0:
        note(f"and {more} more assumptions about units and gaps: --why all")


def _wanted(why: list[str], found: Sequence[Recommendation]) -> list[Recommendation]:
    """Return the recommendations whose reasons are requested."""
    unknown = sorted(set(why) - {r.account for r in found} - {"all"})
    if unknown:
        have = ", ".join(r.account for r in found[:5])
        raise DataError(f"--why: no account {', '.join(unknown[:5])} in the data; it has {have}")
    return list(found) if "all" in why else [r for r in found if r.account in why]


def _catalogue(path: Path | None) -> Catalogue:
    from aurora.learning.accounts import load_catalogue, synthetic_catalogue

    return synthetic_catalogue() if path is None else load_catalogue(path)


@app.command()
def sample(
    out: Path = options.path(..., help="File to write, .jsonl, .jsonl.gz or .parquet."),
    number: int = options.count(20, "--accounts", most=10_000, help="Number of accounts."),
    days: int = options.count(28, most=365, help="Days of history."),
    seed: int = options.seed(),
) -> None:
    """Write histories of made-up accounts, for trying the other commands.

    Example: aurora recommend sample --out histories.jsonl
    """
    from aurora.learning.accounts import PER_DAY, generate, write_accounts

    note_compiling()
    write_accounts(generate(seed, number, periods=days * PER_DAY).accounts, out)
    note(f"wrote {out}: {number} accounts, {days} days; made up by a simulator, with a synthetic catalogue's prices")


@app.command("inventory")
def inventory_(
    data: list[Path] = options.path_argument(help="Histories (.jsonl, .parquet)."),
    out: Path = options.path(..., help="File to write."),
    catalogue: Path | None = _CATALOGUE,
) -> None:
    """Write the present configurations in histories as an inventory to which plans can be applied.

    Example: aurora recommend inventory histories.jsonl --out inventory.json
    """
    from dataclasses import asdict

    from aurora.learning.accounts import OPTIONAL, read_accounts
    from aurora.learning.rightsizing.plan_file import write_json

    histories = read_accounts(data, _catalogue(catalogue), optional=OPTIONAL).accounts
    write_json(out, {a.account_id: {**asdict(a.present), "tags": list(a.tags)} for a in histories})
    note(f"wrote {out}: {len(histories)} accounts")


@app.command("catalogue")
def catalogue_(
    out: Path = options.path(..., help="File to write, .json."),
    catalogue: Path | None = _CATALOGUE,
) -> None:
    """Write the catalogue of prices, to be edited with your provider's prices and passed with --catalogue.

    Example: aurora recommend catalogue --out prices.json
    """
    from aurora.learning.accounts import catalogue_json
    from aurora.learning.rightsizing.plan_file import write_json

    prices = _catalogue(catalogue)
    write_json(out, catalogue_json(prices))
    note(f"wrote {out}: {len(prices.instances)} instance types, prices: {prices.source}")


app.command("containers")(containers.containers)
app.command("apply")(plans.apply)
app.command("rollback")(plans.rollback)
app.command("realised")(plans.realised)
