"""`aurora recommend`: what to do with accounts, doing it, undoing it, and what came of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from aurora.cli import options
from aurora.cli.output import emit_json, emit_table, note, say
from aurora.cli.steps import steps
from aurora.errors import DataError

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.accounts import Catalogue
    from aurora.learning.plan_file import Plan
    from aurora.learning.recommend import Basis, Recommendation


class _Files(TyperGroup):
    """`aurora recommend FILE` means `aurora recommend accounts FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["accounts", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Files,
    help="What to do with accounts: `aurora recommend FILE...` is short for `aurora recommend accounts FILE...`.",
    no_args_is_help=True,
)

_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_CATALOGUE = options.path(None, help="Prices, JSON; without it, a synthetic catalogue.")


@app.command()
def accounts(
    data: list[Path] = options.path_argument(
        help="Histories (.jsonl, .parquet); with --inventory, series of utilisation."
    ),
    inventory: Path | None = options.path(None, help="Configurations of the workloads whose utilisation DATA holds."),
    catalogue: Path | None = _CATALOGUE,
    plan: Path | None = options.path(None, help="Write a plan with all changes that may be made."),
    ledger: Path | None = options.path(None, help="Realised savings so far, with which the confidence is compared."),
    misses: float = options.share(0.01, least=0.0001, most=0.5, help="Share of requests that may be late."),
    least_days: float = options.number(
        7.0, least=1, most=3660, unit="days", help="Days of measurements without which nothing is said."
    ),
    quick: bool = typer.Option(False, "--quick", help="Without the search for what would change a finding."),
    plot: Path | None = options.path(None, help="Chart of savings, .html or .png."),
    as_json: bool = _JSON,
) -> None:
    """For each account: the finding, why, what to change, what it saves, how sure that is, what would change it.

    Example: aurora recommend histories.jsonl --plan plan.json --json
    """
    from aurora.evals.charts import check_plot_path, write_charts
    from aurora.learning import ledger as books
    from aurora.learning.plan_file import write_plan
    from aurora.learning.recommend import Basis
    from aurora.learning.rightsizing import Goals
    from aurora.learning.savings import shipped_calibration

    check_plot_path(plot)
    earned = None if ledger is None else books.calibration(books.settled(ledger))
    basis = Basis(
        _catalogue(catalogue),
        shipped_calibration(),
        Goals(misses=misses),
        earned,
        least_days,
        with_flips=not quick,
    )
    found = _of_histories(data, basis) if inventory is None else _of_series(data, inventory, basis)
    if plan is not None:
        write_plan(_plan(found, basis), plan)
        note(f"wrote {plan}: {sum(r.is_applicable for r in found)} changes")
    if plot is not None:
        write_charts(_charts(found), plot)
    if as_json:
        emit_json([recommendation_json(r) for r in found])
        return
    emit_table(
        "recommendations",
        ("account", "finding", "risk", "saves $/month", "interval", "confidence", "change"),
        [_row(r) for r in found],
    )
    for r in found:
        note(f"{r.account}: {'; '.join(r.reasons)}")
        for flip in r.flips:
            note(f"  {flip.told}")


def _catalogue(path: Path | None) -> Catalogue:
    from aurora.learning.accounts import load_catalogue, synthetic_catalogue

    return synthetic_catalogue() if path is None else load_catalogue(path)


def _of_histories(data: list[Path], basis: Basis) -> list[Recommendation]:
    from dataclasses import replace

    from aurora.learning.accounts import read_accounts
    from aurora.learning.precedents import experts_among
    from aurora.learning.recommend import recommend_account

    histories = read_accounts(data, basis.catalogue)
    for finding in histories.findings:
        note(f"{finding.unique_id}: {finding.message}")
    experts, who = experts_among(histories.accounts, basis.catalogue)
    note(who)
    basis = replace(basis, experts=experts)
    with steps() as told:
        found = []
        for account in histories.accounts:
            found.append(recommend_account(account, basis))
            told("accounts", len(found), len(histories.accounts))
    return found


def _of_series(data: list[Path], inventory: Path, basis: Basis) -> list[Recommendation]:
    from aurora.learning.data import read_panel
    from aurora.learning.plan_file import read_json
    from aurora.learning.recommend import recommend, refusal
    from aurora.learning.utilisation import by_workload, parse_entry, usage_of_series, values_needed

    entries = {k: parse_entry(k, v, basis.catalogue) for k, v in read_json(inventory).items()}
    panel = read_panel(data)
    for finding in panel.findings:
        note(f"{finding.unique_id}: {finding.message}")
    workloads = by_workload(panel.series)
    unknown = sorted(set(workloads) - set(entries))
    if unknown:
        raise DataError(f"{inventory} has no {', '.join(unknown[:5])}; add their configurations, or leave them out")
    found = []
    with steps() as told:
        for name, metrics in workloads.items():
            cpu = metrics.get("cpu")
            have = 0 if cpu is None else int(cpu.observed.sum())
            need = 0 if cpu is None else values_needed(cpu.step, basis.need_days)
            if cpu is None or have < need:
                found.append(refusal(name, have, need))
            else:
                usage = usage_of_series(name, metrics, entries[name], basis.catalogue)
                found.append(recommend(usage, basis, have=have, need=need))
            told("workloads", len(found), len(workloads))
    return found


def _row(r: Recommendation) -> tuple[object, ...]:
    from dataclasses import asdict

    changes = ""
    if r.now is not None and r.proposed is not None:
        now, new = asdict(r.now), asdict(r.proposed)
        changes = ", ".join(f"{k} {now[k]} -> {new[k]}" for k in now if now[k] != new[k])
    saved = r.savings
    return (
        r.account,
        r.finding,
        "" if r.risk is None else r.risk,
        "" if saved is None else f"{saved.expected:.0f}",
        "" if saved is None else f"{saved.low:.0f} to {saved.high:.0f}",
        "" if r.confidence is None else f"{r.confidence.value:.0%}",
        changes,
    )


def recommendation_json(r: Recommendation) -> dict[str, Any]:
    """A recommendation with the keys that docs/recommendations.md lists."""
    from dataclasses import asdict

    result = asdict(r)
    result["price_source"] = None if r.savings is None else r.savings.price_source
    result["flips"] = [{**asdict(f), "text": f.told} for f in r.flips]
    if r.precedents is not None:
        result["precedents"]["nearest"] = [
            {"account": s.account_id, "period": s.period, "move": s.move, "distance": s.distance}
            for s in r.precedents.nearest
        ]
    return result


def _plan(found: list[Recommendation], basis: Basis) -> Plan:
    from dataclasses import asdict

    from aurora.learning.plan_file import Change, Plan
    from aurora.learning.recommend import changed

    changes = []
    for r in changed(found):
        if r.now is None or r.proposed is None or r.savings is None:
            continue
        promise = asdict(r.savings)
        changes.append(Change(r.account, asdict(r.now), asdict(r.proposed), f"{r.finding}: {r.reasons[0]}", promise))
    return Plan(tuple(changes), f"aurora recommend, {basis.catalogue.source}")


def _charts(found: list[Recommendation]) -> list[Any]:
    from aurora.evals.charts import Band, Chart, Line

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

    from aurora.learning.accounts import read_accounts
    from aurora.learning.plan_file import write_json

    found = read_accounts(data, _catalogue(catalogue)).accounts
    write_json(out, {a.account_id: {**asdict(a.configurations[-1]), "tags": list(a.tags)} for a in found})
    note(f"wrote {out}: {len(found)} accounts")


@app.command()
def apply(
    plan: Path = options.path_argument(help="A plan, of `aurora recommend --plan`."),
    inventory: Path = options.path(..., help="Configurations to change, JSON: account -> configuration."),
    rollback: Path | None = options.path(None, help="Where the inverse goes; PLAN.rollback.json by default."),
    ledger: Path | None = options.path(None, help="Where the promised savings go, to be settled later."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be changed."),
    as_json: bool = _JSON,
) -> None:
    """Apply a plan, all or nothing; it is refused if a configuration is not what the plan was made for.

    Example: aurora recommend apply plan.json --inventory inventory.json --ledger ledger.jsonl
    """
    from datetime import UTC, datetime

    from aurora.learning import ledger as books
    from aurora.learning.plan_file import apply as applied_to
    from aurora.learning.plan_file import apply_to_file, diff, read_json, read_plan

    found = read_plan(plan)
    if dry_run:
        _, todo = applied_to(found, read_json(inventory))
        lines = diff(todo)
        emit_json({"diff": lines}) if as_json else say("\n".join(lines))
        return
    undo = rollback or plan.with_name(f"{plan.stem}.rollback.json")
    done = apply_to_file(found, inventory, undo)  # before anything is promised; both can be repeated after a kill
    if ledger is not None:
        day = datetime.now(UTC).date().isoformat()
        known = {p.change_id for p in books.open_promises(ledger)} | {
            r.prediction.change_id for r in books.settled(ledger)
        }
        promises = [
            books.Prediction(f"{c.account}@{found.sha256[:12]}", c.account, day, **_promised(c.promise))
            for c in found.changes
            if c.promise
        ]
        books.promise(ledger, [p for p in promises if p.change_id not in known])
    result = {
        "changed": list(done.changed),
        "unchanged": list(done.unchanged),
        "rollback": None if done.rollback is None else str(done.rollback),
        "diff": [line for line in diff(found) if line.split(":", 1)[0] in set(done.changed)],
    }
    if as_json:
        emit_json(result)
        return
    say("\n".join(result["diff"] or ["nothing to do: everything is as the plan proposes"]))
    if done.rollback is not None:
        note(f"undo with: aurora recommend rollback {done.rollback} --inventory {inventory}")


def _promised(promise: Any) -> dict[str, Any]:
    return {
        "savings": promise["expected"],
        "low": promise["low"],
        "high": promise["high"],
        "level": promise["level"],
        "price_source": promise["price_source"],
    }


@app.command()
def rollback(
    plan: Path = options.path_argument(help="The rollback file that `apply` wrote."),
    inventory: Path = options.path(..., help="Configurations to change back."),
    as_json: bool = _JSON,
) -> None:
    """Undo a plan: the inverse is a plan like any other, with its own preconditions.

    Example: aurora recommend rollback plan.rollback.json --inventory inventory.json
    """
    apply(plan, inventory, None, None, False, as_json)


@app.command()
def realised(
    ledger: Path = options.path_argument(help="The ledger."),
    change: str | None = options.text(None, help="Id of a change; without it, the calibration so far."),
    savings: float | None = options.number(
        None, least=-options.MAX_MONEY, most=options.MAX_MONEY, unit="dollars", help="What it saved, dollars a month."
    ),
    day: date | None = options.day(None, help="When that was measured; today by default."),
    as_json: bool = _JSON,
) -> None:
    """Settle a promise, and say how the promises so far have held.

    Example: aurora recommend realised ledger.jsonl --change web-1@1a2b3c4d5e6f --savings 112
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from aurora.learning import ledger as books

    if (change is None) != (savings is None):
        raise options.usage_error("--change", "give it together with --savings, or neither")
    if change is not None and savings is not None:
        when = datetime.now(UTC).date() if day is None else day
        books.settle(ledger, change, savings, when.isoformat())
    done, waiting = books.settled(ledger), books.open_promises(ledger)
    found = books.calibration(done)
    result: dict[str, Any] = {
        "settled": len(done),
        "open": [p.change_id for p in waiting],
        "calibration": None if found is None else {**asdict(found), "is_calibrated": found.is_calibrated},
    }
    if as_json:
        emit_json(result)
        return
    rows = [(r.prediction.change_id, r.prediction.savings, r.savings, r.is_within) for r in done]
    emit_table("promised and realised", ("change", "promised", "realised", "within"), rows)
    if found is None:
        note(f"nothing is settled yet; {len(waiting)} promises are open")
        return
    state = "holds" if found.is_calibrated else "is not shown to hold"
    note(
        f"{found.within:.0%} ({found.low:.0%} to {found.high:.0%}) of {found.count} within their interval; the stated "
        f"{found.level:.0%} {state}; bias ${found.bias:+.2f} a month"
    )
