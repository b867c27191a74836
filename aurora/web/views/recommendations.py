"""Data of the page Recommendations: what is wrong or wasted, the evidence, the money, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from aurora.cluster.container_use import container_uses
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.proposals import propose_advice
from aurora.cluster.plans.provenance import record
from aurora.cluster.plans.report import PlanReport, new_plan
from aurora.cluster.problems import find_problems
from aurora.cluster.resource_prices import resource_prices
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.learning.rightsizing.containers import Prices, advise
from aurora.learning.rightsizing.containers.advice import (
    HOURS_PER_MONTH,
    ContainerReport,
)
from aurora.learning.rightsizing.containers.files import read_containers
from aurora.learning.rightsizing.report import RecommendationReport, recommend
from aurora.quantities import percent
from aurora.tools.desk import Desk
from aurora.types import Progress, no_progress
from aurora.web.settings import WebSettings
from aurora.web.views.advice_rows import RANKS, AdviceRow, Money, account_row, container_row, problem_row
from aurora.web.views.series_sources import allowed

CPU_SHARES = (0.25, 0.75)
"""Parts of a node's price that are for its cores, between which savings of containers are stated: providers differ."""
ACCOUNT_SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")
CONTAINER_SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class RecommendationsView:
    """Recommendations of a source.

    Attributes:
        title: What they are for.
        rows: The recommendations, the worst first, then those that save most.
        money_note: What savings and their intervals rest on, in a sentence.
        remarks: Repairs and what was left out, in sentences.
        advice: Advice for containers, of which plans are made; None without any.
        report: Recommendations for accounts; None without any.
    """

    title: str
    rows: tuple[AdviceRow, ...]
    money_note: str = ""
    remarks: tuple[str, ...] = ()
    advice: ContainerReport | None = None
    report: RecommendationReport | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by severity."""
        return {s: sum(r.severity == s for r in self.rows) for s in RANKS}

    @property
    def savings(self) -> Money | None:
        """Sum of the savings of all rows that lower costs; None where no money is known.

        The ends are sums of ends, so the interval is too wide rather than too narrow.
        """
        known = [r.money for r in self.rows if r.money is not None]
        lower = [m for m in known if m.expected > 0]
        return Money(*(sum(m[k] for m in lower) for k in range(3))) if known else None

    @property
    def most(self) -> AdviceRow | None:
        """The recommendation that saves most; None where none saves anything."""
        saving = [r for r in self.rows if r.money is not None and r.money.expected > 0]
        return max(saving, key=lambda r: r.money.expected if r.money is not None else 0.0, default=None)

    def row(self, key: str) -> AdviceRow:
        """Return a row by its key.

        Raises:
            InputError: There is none.
        """
        found = next((r for r in self.rows if r.key == key), None)
        if found is None:
            raise InputError("there is no such recommendation", parameter="key", value=key)
        return found


def cluster_recommendations(desk: Desk) -> RecommendationsView:
    """Return what is wrong in the open cluster, and the sizes of containers where their use was measured.

    Args:
        desk: What is open.

    Raises:
        InputError: No cluster is open.
        DataError: The measured series belong to no container of it.
    """
    cluster = desk.cluster
    rows = [problem_row(k, p) for k, p in enumerate(find_problems(cluster).problems)]
    remarks: tuple[str, ...] = ()
    advice, note = None, ""
    series = desk.container_series()
    if series:
        uses = container_uses(cluster, series)
        low, middle, high = (_prices(cluster, share) for share in (CPU_SHARES[0], 0.5, CPU_SHARES[1]))
        advice = advise(uses, prices=middle)
        every = tuple(p for p in (low, middle, high) if p is not None)
        rows += [container_row(a, every, can_plan=True) for a in advice.containers]
        if advice.prices is not None:
            note = (
                f"Savings are those of a month of {HOURS_PER_MONTH:.0f} hours at the prices of the nodes. The interval "
                f"is from {percent(CPU_SHARES[0])} to {percent(CPU_SHARES[1])} of a node's price for its cores, the "
                "rest for its memory. A negative amount costs more."
            )
    else:
        remarks = (
            "No use of containers was measured, so no sizes are proposed: start with `aurora serve --history FILE`.",
        )
    return RecommendationsView(cluster.snapshot_id, _sorted(rows), note, remarks, advice)


def container_file(name: str, settings: WebSettings, prices: Prices | None = None) -> RecommendationsView:
    """Return the sizes of containers whose histories are in a file.

    Args:
        name: Path of the file, in a served folder.
        settings: The settings of the desk.
        prices: Prices of requests; None for no money.

    Raises:
        InputError: The file lies elsewhere.
        FileError: It is absent, or can't be read.
        DataError: It holds no histories of containers.
    """
    read = read_containers(allowed(name, settings))
    advice = advise(read.uses, prices=prices)
    rows = [container_row(a, () if prices is None else (prices,), can_plan=False) for a in advice.containers]
    note = "Savings are exact at the prices given: requests of all pods for a month of 730 hours."
    remarks = tuple(f"{f.unique_id}: {f.message}" for f in read.findings)
    return RecommendationsView(name, _sorted(rows), note if prices else "", remarks, advice)


def account_file(name: str, settings: WebSettings, progress: Progress = no_progress) -> RecommendationsView:
    """Return recommendations for accounts whose histories are in a file, without the search for flips.

    Args:
        name: Path of the file, in a served folder.
        settings: The settings of the desk.
        progress: Receives the accounts done.

    Raises:
        InputError: The file lies elsewhere, or holds series instead of histories.
        FileError: It is absent, or can't be read.
        DataError: It holds no histories of accounts.
    """
    report = recommend(allowed(name, settings), with_flips=False, progress=progress)
    rows = [account_row(r) for r in report.recommendations]
    note = (
        "Savings are those of a month of 30 days, with their 80 % interval; negative: it costs more. "
        f"Prices: {report.price_source}."
    )
    return RecommendationsView(name, _sorted(rows), note, (*report.remarks, *report.assumptions), None, report)


def plan_of(view: RecommendationsView, keys: Collection[str], desk: Desk, who: str) -> PlanReport:
    """Make a plan of the sizes of some containers and keep it in the folder of plans.

    Args:
        view: Recommendations of the open cluster.
        keys: Keys of their rows.
        desk: What is open.
        who: Who makes it.

    Raises:
        InputError: No row of the keys can go into a plan, or no folder of plans is open.
        DataError: The changes don't fit the snapshot.
        FileError: The folder can't be written.
    """
    wanted = {r.subject for r in view.rows if r.key in keys and r.can_plan}
    if view.advice is None or not wanted:
        raise InputError("choose recommendations that change the size of a container", parameter="keys")
    rows = [
        row
        for row, a in zip(view.advice.to_json()["containers"], view.advice.containers, strict=True)
        if a.name in wanted
    ]
    history = [desk.series(name) for name in desk.series_ids]
    return new_plan(
        desk.cluster,
        propose_advice(desk.cluster, rows),
        desk.plans,
        source=f"recommendations of the web desk, {who}",
        effect_of=partial(simulate_effect, policy=DEFAULT_POLICY, history=history),
        provenance=record(DEFAULT_POLICY, seed=0, command=f"page /recommendations: {', '.join(sorted(wanted))}"),
    )


def _sorted(rows: Sequence[AdviceRow]) -> tuple[AdviceRow, ...]:
    return tuple(sorted(rows, key=lambda r: (-RANKS[r.severity], -(r.money.expected if r.money else 0.0), r.subject)))


def _prices(cluster: Snapshot, cpu_share: float) -> Prices | None:
    """Return the prices of requests in a cluster; None where no node has a price."""
    prices = resource_prices(cluster, cpu_share)
    return Prices(prices["cpu"], prices["memory"]) if {"cpu", "memory"} <= set(prices) else None
