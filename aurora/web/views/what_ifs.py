"""Data of the what-if sliders: the cluster and plans of capacity with more load, a lost node and other prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from aurora.cluster.changes import Change, Load, NodeFails, Price
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.snapshot import Snapshot
from aurora.cluster.what_if import HOT, ClusterOutlook, what_if
from aurora.learning.futures.report import FuturesReport, with_what_ifs
from aurora.quantities import count, dollars, percent, plain
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.disturbances import DemandChanges, Disturbance, NodesFail, PriceChanges
from aurora.web.views.forecasts import PlanRow, plan_rows

MAX_ROWS = 20
"""Most tasks and nodes that are listed."""
NAME = "with the changes"
"""Name of the sliders' what-if in a report."""


class Sliders(NamedTuple):
    """Positions of the sliders.

    Attributes:
        load: Factor of requests, use and demand.
        node_id: Node that fails; "": none.
        price: Factor of the price of nodes.
    """

    load: float = 1.0
    node_id: str = ""
    price: float = 1.0

    @property
    def is_neutral(self) -> bool:
        """Whether nothing is changed."""
        return self == Sliders()


class FigureRow(NamedTuple):
    """A figure of the cluster before and after, with its unit.

    Attributes:
        name: What it is.
        before: Value now.
        after: Value with the changes.
        is_worse: Whether it is worse after the changes.
    """

    name: str
    before: str
    after: str
    is_worse: bool


class WaitingRow(NamedTuple):
    """A task that has no node with the changes.

    Attributes:
        task_id: The task.
        reason: Why no node takes it.
    """

    task_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClusterWhatIfView:
    """A cluster with the sliders' changes.

    Attributes:
        changes: The changes in words; empty for none.
        figures: Figures before and after.
        waiting: Tasks that lose their place, the first few.
        waiting_count: Number of all of them.
        full: Nodes of which more is requested or used than they have, with the share; the first few.
    """

    changes: tuple[str, ...]
    figures: tuple[FigureRow, ...]
    waiting: tuple[WaitingRow, ...]
    waiting_count: int
    full: tuple[str, ...]


def cluster_what_if(snapshot: Snapshot, sliders: Sliders, policy: Policy = DEFAULT_POLICY) -> ClusterWhatIfView:
    """Simulate the sliders' changes of a cluster; tasks without a node are placed by a policy on both sides.

    Args:
        snapshot: The cluster.
        sliders: The changes.
        policy: Policy that places tasks.

    Raises:
        InputError: There is no such node, or a factor is out of range.
    """
    changes: list[Change] = []
    if sliders.load != 1:
        changes.append(Load(factor=sliders.load))
    if sliders.node_id:
        changes.append(NodeFails(node_id=sliders.node_id))
    if sliders.price != 1:
        changes.append(Price(factor=sliders.price))
    result = what_if(snapshot, changes, policy)
    lost = result.newly_waiting
    return ClusterWhatIfView(
        result.changes,
        _figures(result.before, result.after),
        tuple(WaitingRow(c.task_id, c.reason) for c in lost[:MAX_ROWS]),
        len(lost),
        tuple(f"{h.node_id}: {percent(round(h.share, 3))} of its {h.resource}" for h in result.after.overfull)[
            :MAX_ROWS
        ],
    )


def _figures(before: ClusterOutlook, after: ClusterOutlook) -> tuple[FigureRow, ...]:
    rows = [
        _counted("Tasks without a node", len(before.waiting), len(after.waiting)),
        _counted(f"Nodes above {percent(HOT)}", len(before.hot), len(after.hot)),
        _counted("Nodes above 100 %", len(before.overfull), len(after.overfull)),
    ]
    if before.price_per_hour is not None and after.price_per_hour is not None:
        now, then = before.price_per_hour, after.price_per_hour
        rows.append(FigureRow("Price of all nodes", f"{dollars(now)}/h", f"{dollars(then)}/h", then > now + 1e-9))
    for resource, filled in after.resources.items():
        earlier = before.resources.get(resource)
        if earlier is None or not (filled.requested or earlier.requested):
            continue
        now, then = earlier.requested_share, filled.requested_share
        rows.append(
            FigureRow(f"Requested {resource}", percent(round(now, 3)), percent(round(then, 3)), then > max(HOT, now))
        )
    return tuple(rows)


def _counted(name: str, before: int, after: int) -> FigureRow:
    return FigureRow(name, count(before), count(after), after > before)


@dataclass(frozen=True, slots=True)
class DemandWhatIfView:
    """Plans of capacity in the same futures with the sliders' changes.

    Attributes:
        changes: The changes in words; empty for none.
        before: Plans as forecast, the best first.
        after: The same plans with the changes, the best first.
    """

    changes: str
    before: tuple[PlanRow, ...]
    after: tuple[PlanRow, ...]


def demand_what_if(report: FuturesReport, sliders: Sliders) -> DemandWhatIfView:
    """Simulate the sliders' changes in the futures of a report: demand, one node that fails, prices of all nodes.

    Args:
        report: The report.
        sliders: The changes; any node stands for one of a plan's reserved ones.

    Raises:
        ScenarioError: A factor is out of range.
    """
    parts = []
    changes: list[DemandChanges | NodesFail | PriceChanges] = []
    if sliders.load != 1:
        parts.append(f"demand times {plain(sliders.load, 3)}")
        changes.append(DemandChanges(factor=sliders.load, start=0.0))
    if sliders.node_id:
        parts.append("one node of each plan fails at a random time")
        changes.append(NodesFail(nodes=1))
    if sliders.price != 1:
        parts.append(f"prices times {plain(sliders.price, 3)}")
        changes.append(PriceChanges(factor=sliders.price, reserved=True))
    before = plan_rows(report)
    if not changes:
        return DemandWhatIfView("", before, before)
    again = with_what_ifs(report, [Disturbance(name=NAME, changes=tuple(changes))])
    return DemandWhatIfView(", ".join(parts), before, plan_rows(again, NAME))
