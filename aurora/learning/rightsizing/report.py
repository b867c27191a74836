"""Recommendations for many accounts at once: from histories, or from series of utilisation with an inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aurora.charts import Band, Chart, Line
from aurora.errors import DataError, InputError
from aurora.learning.accounts import OPTIONAL, Account, Catalogue, load_catalogue, read_accounts, synthetic_catalogue
from aurora.learning.experts.precedents import experts_among
from aurora.learning.rightsizing import savings_ledger
from aurora.learning.rightsizing.plan_file import ChangePlan, PlannedChange, read_inventory
from aurora.learning.rightsizing.recommend import (
    MIN_DAYS,
    Basis,
    Recommendation,
    applicable,
    recommend_account,
    recommend_workload,
)
from aurora.learning.rightsizing.rightsizing import Goals
from aurora.learning.rightsizing.savings import shipped_calibration
from aurora.learning.rightsizing.utilisation import by_workload, ended_early, parse_entry, renamed
from aurora.learning.series.dataframes import is_frame, read_series, series_of
from aurora.learning.series.series import Panel, Series
from aurora.types import Progress, no_progress

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

MAX_NAMES_LISTED = 5
"""Most names that a message lists."""


@dataclass(frozen=True, slots=True)
class RecommendationReport:
    """Recommendations for the accounts or workloads of some data.

    Attributes:
        recommendations: One for each account, in the order of their names.
        price_source: Source of the prices, with its date.
        remarks: Repairs of the data, and what was left out of the comparison, in sentences.
    """

    recommendations: tuple[Recommendation, ...]
    price_source: str
    remarks: tuple[str, ...] = ()

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What was assumed of single workloads (units, gaps), in sentences."""
        return tuple(text for r in self.recommendations for text in r.assumptions if text.startswith(r.account))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the recommendations as `aurora recommend --json` prints them."""
        return [recommendation_json(r) for r in self.recommendations]

    def plan(self) -> ChangePlan:
        """Return a plan with all changes that may be applied, the largest savings first."""
        changes = []
        for r in applicable(self.recommendations):
            if r.now is None or r.proposed is None or r.savings is None:
                continue
            promise = {**asdict(r.savings), "risk": r.risk}
            reason = f"{r.finding}: {'; '.join(r.reasons)}"
            changes.append(PlannedChange(r.account, asdict(r.now), asdict(r.proposed), reason, promise))
        return ChangePlan(tuple(changes), f"aurora recommend, {self.price_source}")

    def savings_chart(self) -> Chart:
        """Return a chart of expected savings by account, with their intervals.

        Raises:
            DataError: No account is to be changed.
        """
        saved = sorted((r.savings for r in self.recommendations if r.savings is not None), key=lambda s: -s.expected)
        if not saved:
            raise DataError("no account is to be changed, so there is nothing to draw")
        places = list(range(1, len(saved) + 1))
        interval = Band(f"{saved[0].level:.0%} interval", places, [s.low for s in saved], [s.high for s in saved])
        expected = Line("expected", places, [s.expected for s in saved], points=True)
        return Chart("Savings by account, largest first", "account", "$ a month", (interval, expected))


def recommendation_json(recommendation: Recommendation) -> dict[str, Any]:
    """Return a recommendation with the keys that docs/recommendations.md lists."""
    result = asdict(recommendation)
    savings, precedents = recommendation.savings, recommendation.precedents
    result["price_source"] = None if savings is None else savings.price_source
    result["flips"] = [{**asdict(f), "text": f.text} for f in recommendation.flips]
    if precedents is not None:
        result["precedents"]["nearest"] = [
            {"account": s.account_id, "period": s.period, "move": s.move, "distance": s.distance}
            for s in precedents.nearest
        ]
    return result


def recommend(  # noqa: PLR0913  # a question whose every part has a default
    data: pd.DataFrame | Panel | Sequence[Series] | Sequence[Account] | Path | str | Sequence[Path | str],
    *,
    inventory: Path | str | Mapping[str, Mapping[str, Any]] | None = None,
    catalogue: Catalogue | Path | str | None = None,
    misses: float = 0.01,
    least_days: float = MIN_DAYS,
    least_instances: int | None = None,
    with_flips: bool = True,
    with_precedents: bool = True,
    ledger: Path | str | None = None,
    name: str | None = None,
    metric: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> RecommendationReport:
    """Recommend for each account whether to change its configuration, to what, and what that saves.

    Args:
        data: Accounts, or files with their histories; with `inventory`: series of utilisation, a DataFrame of them, or
            files.
        inventory: Configurations of the workloads whose utilisation `data` holds: workload -> configuration, or a JSON
            file of that.
        catalogue: Catalogue of prices, or its file; None: the synthetic one.
        misses: Share of requests that may be late.
        least_days: Days of measurements below which an account is not judged.
        least_instances: Instances that must stay; None: 2 where there are as many, else 1.
        with_flips: Whether to search for the smallest changes that lead to another finding; takes most of the time.
        with_precedents: Whether to compare with what experts among the accounts did.
        ledger: Ledger of realised savings, with which the stated confidence is compared.
        name: Template of WORKLOAD/METRIC for the names of series, such as `{instance}/{metric}`.
        metric: Name of a metric in `data` -> cpu, memory, io, bandwidth or running.
        progress: Receives the number of accounts done.

    Raises:
        InputError: Arguments contradict each other, or a workload has no configuration.
        DataError: A file or a series is not valid; the message names it.
        FileError: A file can't be read.

    Example:
        >>> from aurora.learning.accounts import generate
        >>> report = recommend(generate(1, 2).accounts, with_flips=False, with_precedents=False)
        >>> [r.finding for r in report.recommendations]
        ['over', 'over']
    """
    if inventory is None and (name is not None or metric):
        raise InputError(
            "`name` and `metric` are for series of utilisation; give their configurations too", parameter="inventory"
        )
    earned = None
    if ledger is not None:
        savings_ledger.check_ledger(Path(ledger))
        earned = savings_ledger.promise_calibration(savings_ledger.settlements(Path(ledger)))
    prices = synthetic_catalogue() if catalogue is None else catalogue
    basis = Basis(
        prices if isinstance(prices, Catalogue) else load_catalogue(Path(prices)),
        shipped_calibration(),
        Goals(misses=misses, least=least_instances),
        earned,
        least_days,
        with_flips=with_flips,
    )
    if inventory is not None:
        series, remarks = _series(data, name, metric or {})
        return _of_workloads(series, inventory, basis, remarks, progress)
    accounts, remarks = _accounts(data, basis.catalogue)
    if with_precedents:
        experts, who = experts_among(accounts, basis.catalogue)
        basis, remarks = replace(basis, experts=experts), [*remarks, who]
    return _of_accounts(accounts, basis, remarks, progress)


def _accounts(data: Any, catalogue: Catalogue) -> tuple[Sequence[Account], list[str]]:
    if is_frame(data) or isinstance(data, Panel):
        raise InputError("series of utilisation need the configurations of their workloads", parameter="inventory")
    items: list[Any] = [data] if isinstance(data, Path | str) else list(data)
    if all(isinstance(item, Account) for item in items):
        return items, []
    if not all(isinstance(item, Path | str) for item in items):
        raise InputError("give accounts, or files with their histories", parameter="data")
    histories = read_accounts([Path(item) for item in items], catalogue, optional=OPTIONAL)
    return histories.accounts, [f"{f.unique_id}: {f.message}" for f in histories.findings]


def _of_accounts(
    accounts: Sequence[Account], basis: Basis, remarks: Sequence[str], progress: Progress
) -> RecommendationReport:
    recommendations = []
    progress("accounts", 0, len(accounts))
    for account in accounts:
        recommendations.append(recommend_account(account, basis))
        progress("accounts", len(recommendations), len(accounts))
    return RecommendationReport(tuple(recommendations), basis.catalogue.source, tuple(remarks))


def _of_workloads(
    series: Sequence[Series], inventory: Any, basis: Basis, remarks: list[str], progress: Progress
) -> RecommendationReport:
    configurations = inventory if isinstance(inventory, Mapping) else read_inventory(Path(inventory))
    where = "it" if isinstance(inventory, Mapping) else str(inventory)
    entries = {k: parse_entry(k, v, basis.catalogue) for k, v in configurations.items()}
    workloads = by_workload(series)
    unknown = sorted(set(workloads) - set(entries))
    if unknown:
        raise InputError(
            f"{where} has no {_listed(unknown)}; add their configurations, leave them out, or say with name=TEMPLATE "
            "how series are named (WORKLOAD/METRIC is expected)",
            parameter="inventory",
        )
    silent = [name for name in entries if name not in workloads]
    if silent:
        remarks.append(f"{len(silent)} workloads of {where} have no series: {', '.join(silent[:MAX_NAMES_LISTED])}")
    for name, days in ended_early(workloads).items():
        remarks.append(
            f"workload {name} was last seen {days:.1f} days before the others; what it used until then counts"
        )
    recommendations = []
    progress("workloads", 0, len(workloads))
    for name, metrics in workloads.items():
        recommendations.append(recommend_workload(name, metrics, entries[name], basis))
        progress("workloads", len(recommendations), len(workloads))
    return RecommendationReport(tuple(recommendations), basis.catalogue.source, tuple(remarks))


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:MAX_NAMES_LISTED], *(["..."] if len(names) > MAX_NAMES_LISTED else [])])


def _series(data: Any, name: str | None, metric: Mapping[str, str]) -> tuple[list[Series], list[str]]:
    if isinstance(data, Path | str):
        data = [data]
    if is_frame(data) or (not isinstance(data, Panel) and all(isinstance(item, Path | str) for item in data)):
        try:
            data = read_series(data)
        except DataError as error:
            if not is_frame(data) and any(str(path).endswith((".jsonl", ".jsonl.gz")) for path in data):
                raise DataError(f"{error}; histories (with account_id) are read without an inventory") from None
            raise
    remarks = [f"{f.unique_id}: {f.message}" for f in data.findings] if isinstance(data, Panel) else []
    series = list(series_of(data))
    if name is not None or metric:
        series = renamed(series, name or "{name}/{metric}", metric)
    return series, remarks
