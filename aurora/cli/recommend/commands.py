"""`aurora recommend`: what to do with accounts, doing it, undoing it, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.recommend import plans
from aurora.cli.terminal.groups import with_default
from aurora.cli.terminal.output import emit_json, note, say, terminal_width
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import DataError

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.accounts import Catalogue
    from aurora.learning.rightsizing.plan_file import Plan
    from aurora.learning.rightsizing.recommend import Basis, Recommendation
    from aurora.learning.series.series import Series


class Format(StrEnum):
    """How recommendations are printed."""

    table = "table"
    csv = "csv"
    md = "md"
    json = "json"


app = typer.Typer(
    cls=with_default("accounts"),
    help="What to do with accounts: `aurora recommend FILE...` is short for `aurora recommend accounts FILE...`.",
    no_args_is_help=True,
)

_SHOWN = 5
"""Remarks of a kind that are told one by one."""
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_CATALOGUE = options.path(
    None, help="Prices: JSON of `recommend catalogue`, or CSV with type,vCPU,GiB,$/h. Default: synthetic ones."
)


@app.command()
def accounts(
    data: list[Path] = options.path_argument(
        help="Histories (.jsonl, .parquet); with --inventory, series of utilisation."
    ),
    inventory: Path | None = options.path(None, help="Configurations of the workloads whose utilisation DATA holds."),
    catalogue: Path | None = _CATALOGUE,
    plan: Path | None = options.path(None, help="Write a plan with all changes that may be made."),
    why: list[str] = options.text([], help="Account whose reasons to print; may be repeated; `all` for all."),
    quick: bool = typer.Option(False, "--quick", help="Without the search for what would change a finding."),
    misses: float = options.share(0.01, least=0.0001, most=0.5, help="Share of requests that may be late."),
    least_days: float = options.number(
        7.0, least=1, most=3660, unit="days", help="Days of measurements without which nothing is said."
    ),
    least_instances: int | None = options.count(
        None, most=1000, help="Instances that must stay. Default: 2 where there are as many, else 1."
    ),
    name: str | None = options.text(
        None, help="How to name series WORKLOAD/METRIC from their labels, such as '{instance}/{metric}'."
    ),
    metric: list[str] = options.text(
        [], help="What a metric is called in DATA, such as cpu=node_cpu_utilisation; may be repeated."
    ),
    ledger: Path | None = options.path(None, help="Realised savings so far, with which the confidence is compared."),
    plot: Path | None = options.path(None, help="Chart of savings, .html or .png."),
    output: Format = typer.Option(Format.table, "--format", help="Of what is printed."),
    as_json: bool = typer.Option(False, "--json", help="The same as --format json."),
) -> None:
    """For each account: the finding, why, what to change, what it saves, how sure that is, what would change it.

    Takes about 5 seconds an account; with --quick less.

    Example: aurora recommend histories.jsonl --plan plan.json --why all
    """
    from aurora.charts import check_plot_path, write_charts
    from aurora.cli.recommend import advice
    from aurora.learning.rightsizing import savings_ledger as books
    from aurora.learning.rightsizing.plan_file import write_plan
    from aurora.learning.rightsizing.recommend import Basis
    from aurora.learning.rightsizing.rightsizing import Goals
    from aurora.learning.rightsizing.savings import shipped_calibration

    check_plot_path(plot)
    note_compiling()
    earned = None
    if ledger is not None:
        books.check_there(ledger)
        earned = books.calibration(books.settled(ledger))
    basis = Basis(
        _catalogue(catalogue),
        shipped_calibration(),
        Goals(misses=misses, least=least_instances),
        earned,
        least_days,
        with_flips=not quick,
    )
    if inventory is None:
        if name is not None or metric:
            raise options.usage_error("--inventory", "--name and --metric are for series of utilisation; give FILE too")
        found = _of_histories(data, basis)
    else:
        found = _of_series(data, inventory, basis, name, metric)
    wanted = _wanted(why, found)
    if plan is not None:
        write_plan(_plan(found, basis), plan)
        note(f"wrote {plan}: {sum(r.is_applicable for r in found)} changes")
    if plot is not None:
        write_charts(_charts(found), plot)
    if as_json or output is Format.json:
        emit_json([advice.recommendation_json(r) for r in found])
    elif output is Format.csv:
        typer.echo(advice.as_csv(found), nl=False)
    elif output is Format.md:
        typer.echo(advice.as_markdown(found), nl=False)
    else:
        advice.show_table(found)
        for r in wanted:
            say("\n" + "\n".join(advice.why(r, terminal_width())))
        if not wanted:
            note("reasons: --why ACCOUNT, or --why all")


def _wanted(why: list[str], found: list[Recommendation]) -> list[Recommendation]:
    """The accounts whose reasons are asked for."""
    unknown = sorted(set(why) - {r.account for r in found} - {"all"})
    if unknown:
        have = ", ".join(r.account for r in found[:5])
        raise DataError(f"--why: no account {', '.join(unknown[:5])} in the data; it has {have}")
    return found if "all" in why else [r for r in found if r.account in why]


def _catalogue(path: Path | None) -> Catalogue:
    from aurora.learning.accounts import load_catalogue, synthetic_catalogue

    return synthetic_catalogue() if path is None else load_catalogue(path)


def _of_histories(data: list[Path], basis: Basis) -> list[Recommendation]:
    from dataclasses import replace

    from aurora.learning.accounts import OPTIONAL, read_accounts
    from aurora.learning.experts.precedents import experts_among
    from aurora.learning.rightsizing.recommend import recommend_account

    histories = read_accounts(data, basis.catalogue, optional=OPTIONAL)
    for finding in histories.findings:
        note(f"{finding.unique_id}: {finding.message}")
    experts, who = experts_among(histories.accounts, basis.catalogue)
    note(who)
    basis = replace(basis, experts=experts)
    with steps() as told:
        found = []
        told("accounts", 0, len(histories.accounts))
        for account in histories.accounts:
            found.append(recommend_account(account, basis))
            told("accounts", len(found), len(histories.accounts))
    return found


def _of_series(
    data: list[Path], inventory: Path, basis: Basis, template: str | None, aliases: list[str]
) -> list[Recommendation]:
    from aurora.learning.rightsizing.plan_file import read_inventory
    from aurora.learning.rightsizing.recommend import recommend_workload
    from aurora.learning.rightsizing.utilisation import by_workload, ended_early, parse_entry

    entries = {k: parse_entry(k, v, basis.catalogue) for k, v in read_inventory(inventory).items()}
    workloads = by_workload(_series(data, template, aliases))
    unknown = sorted(set(workloads) - set(entries))
    if unknown:
        raise DataError(
            f"{inventory} has no {', '.join(unknown[:5])}{', ...' if len(unknown) > 5 else ''}; add their "  # noqa: PLR2004
            "configurations, leave them out, or say with --name how series are named (WORKLOAD/METRIC is expected)"
        )
    silent = [name for name in entries if name not in workloads]
    if silent:
        note(f"{len(silent)} workloads of {inventory} have no series: {', '.join(silent[:5])}")
    for name, days in ended_early(workloads).items():
        note(f"workload {name} was last seen {days:.1f} days before the others; what it used until then counts")
    found = []
    with steps() as told:
        told("workloads", 0, len(workloads))
        for name, metrics in workloads.items():
            found.append(recommend_workload(name, metrics, entries[name], basis))
            told("workloads", len(found), len(workloads))
    guesses = [text for r in found for text in r.assumptions if text.startswith(r.account)]
    for text in guesses[:_SHOWN]:
        note(text)
    if len(guesses) > _SHOWN:
        note(f"and {len(guesses) - _SHOWN} more assumptions about units and gaps: --why all")
    return found


def _series(data: list[Path], template: str | None, aliases: list[str]) -> list[Series]:
    from aurora.learning.rightsizing.utilisation import METRICS, renamed
    from aurora.learning.series.read import read_panel

    try:
        panel = read_panel(data)
    except DataError as error:
        if any(path.name.endswith((".jsonl", ".jsonl.gz")) for path in data):
            raise DataError(f"{error}; histories (with account_id) are read without --inventory") from None
        raise
    for finding in panel.findings:
        note(f"{finding.unique_id}: {finding.message}")
    names = {}
    for alias in aliases:
        metric, is_pair, theirs = alias.partition("=")
        if not is_pair or metric not in METRICS or not theirs:
            raise options.usage_error("--metric", f"{alias!r}: write METRIC=NAME, METRIC one of {', '.join(METRICS)}")
        names[theirs] = metric
    if template is None and not names:
        return list(panel.series)
    return renamed(panel.series, template or "{name}/{metric}", names)


def _plan(found: list[Recommendation], basis: Basis) -> Plan:
    from dataclasses import asdict

    from aurora.learning.rightsizing.plan_file import Change, Plan
    from aurora.learning.rightsizing.recommend import changed

    changes = []
    for r in changed(found):
        if r.now is None or r.proposed is None or r.savings is None:
            continue
        promise = {**asdict(r.savings), "risk": r.risk}
        reason = f"{r.finding}: {'; '.join(r.reasons)}"
        changes.append(Change(r.account, asdict(r.now), asdict(r.proposed), reason, promise))
    return Plan(tuple(changes), f"aurora recommend, {basis.catalogue.source}")


def _charts(found: list[Recommendation]) -> list[Any]:
    from aurora.charts import Band, Chart, Line

    rows = sorted((r for r in found if r.savings is not None), key=lambda r: -_expected(r))
    if not rows:
        raise DataError("no account is to be changed, so there is nothing to draw")
    places = list(range(1, len(rows) + 1))
    level = rows[0].savings.level if rows[0].savings is not None else 0.0
    saved = [r.savings for r in rows if r.savings is not None]
    return [
        Chart(
            "Savings by account, largest first",
            "account",
            "$ a month",
            (
                Band(f"{level:.0%} interval", places, [s.low for s in saved], [s.high for s in saved]),
                Line("expected", places, [s.expected for s in saved], points=True),
            ),
        )
    ]


def _expected(r: Recommendation) -> float:
    return 0.0 if r.savings is None else r.savings.expected


@app.command()
def sample(
    out: Path = options.path(..., help="File to write, .jsonl, .jsonl.gz or .parquet."),
    number: int = options.count(20, "--accounts", most=10_000, help="How many."),
    days: int = options.count(28, most=365, help="Of history."),
    seed: int = options.seed(),
) -> None:
    """Write histories of made-up accounts, to try the other commands with.

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
    """Write the present configurations of histories as an inventory that plans can be applied to.

    Example: aurora recommend inventory histories.jsonl --out inventory.json
    """
    from dataclasses import asdict

    from aurora.learning.accounts import OPTIONAL, read_accounts
    from aurora.learning.rightsizing.plan_file import write_json

    found = read_accounts(data, _catalogue(catalogue), optional=OPTIONAL).accounts
    write_json(out, {a.account_id: {**asdict(a.present), "tags": list(a.tags)} for a in found})
    note(f"wrote {out}: {len(found)} accounts")


@app.command("catalogue")
def catalogue_(
    out: Path = options.path(..., help="File to write, .json."),
    catalogue: Path | None = _CATALOGUE,
) -> None:
    """Write the catalogue of prices, to put your provider's in and give it with --catalogue.

    Example: aurora recommend catalogue --out prices.json
    """
    from aurora.learning.accounts import catalogue_json
    from aurora.learning.rightsizing.plan_file import write_json

    found = _catalogue(catalogue)
    write_json(out, catalogue_json(found))
    note(f"wrote {out}: {len(found.instances)} instance types, prices: {found.source}")


app.command("apply")(plans.apply)
app.command("rollback")(plans.rollback)
app.command("realised")(plans.realised)
