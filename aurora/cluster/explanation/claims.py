"""The claims that the explanation of a plan may make.

A claim names tasks, nodes, workloads and amounts, and nothing in it is trusted: `aurora.cluster.explanation.checking`
recomputes each from the plan, the snapshot, the policy, the history and what came later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from aurora.cluster.feasibility import ReasonKind
from aurora.cluster.plans.plan import RiskCode, Value

GroupReason = Literal["features", "draw", "many", "only", "another", "none"]
"""features: a smallest set of them beat the rival, which is the best node that the plan does not use, or the runner-up
where it uses all; draw: as high as the rival, and first in the list; many: no set of up to three features decided;
only: no other node was a candidate; another: the policy chooses another node; none: the policy finds no node."""
AvoidedKind = Literal["several", "outscored", "filled"] | ReasonKind
"""A reason that holds for every task of the plan; several: different ones; outscored: the policy ranks other nodes
higher; filled: tasks placed before took its room."""
Basis = Literal["used", "requested"]
TaskMeasure = Literal["network_latency", "cost_per_task_hour"]
CameMeasure = Literal[
    "as_planned", "pending", "cost_per_hour", "fullest_node_cpu", "fullest_node_memory", "network_latency",
    "cost_per_task_hour",
]  # fmt: skip


class GroupClaim(NamedTuple):
    """A claim that one reason decided for each of some tasks of the plan.

    Attributes:
        reason: See `GroupReason`.
        features: The features that decided, for `features`.
        tasks: The tasks.
        nodes: Nodes that the plan gives them.
    """

    reason: GroupReason
    features: tuple[str, ...]
    tasks: tuple[str, ...]
    nodes: tuple[str, ...]


class RoomClaim(NamedTuple):
    """A claim on the mean share of a resource of the plan's nodes that is taken before the plan.

    Attributes:
        nodes: Nodes that take tasks.
        resource: The resource.
        basis: `used`: measured use; `requested`: requests of the tasks there.
        share: Mean over the nodes.
    """

    nodes: tuple[str, ...]
    resource: str
    basis: Basis
    share: float


class AvoidedClaim(NamedTuple):
    """A claim on the reason for which nodes take none of the plan's tasks.

    Attributes:
        nodes: The nodes.
        kind: See `AvoidedKind`.
        subject: Resource, taint, label or reason of the maintenance, where it is the same for all tasks.
        since: Start of the maintenance, ISO 8601; empty for other kinds.
        features: Features on which the nodes lost, for `outscored`; empty where they differ.
    """

    nodes: tuple[str, ...]
    kind: AvoidedKind
    subject: str = ""
    since: str = ""
    features: tuple[str, ...] = ()


class UpcomingClaim(NamedTuple):
    """A claim that a node which takes tasks goes into maintenance later.

    Attributes:
        node: The node.
        since: Start of the maintenance, ISO 8601.
        subject: Reason of the maintenance.
    """

    node: str
    since: str
    subject: str


class NearClaim(NamedTuple):
    """A claim on the network latency between planned nodes and the zones of their tasks' data.

    Attributes:
        tasks: Tasks with a known zone of their data.
        latency: Mean latency, seconds.
        is_reason: Whether the policy reads the latency.
    """

    tasks: tuple[str, ...]
    latency: float
    is_reason: bool


class ForecastClaim(NamedTuple):
    """A claim on the highest demand of a workload within a time, as it is forecast.

    Attributes:
        series: Id of the series.
        model: Rule that served the series best so far; see `aurora.learning.forecasting.peak`.
        ahead: Seconds within which it is the highest.
        now, median, low, high: Latest value, and median and 80 % interval of the highest one, in the series' unit.
    """

    series: str
    model: str
    ahead: int
    now: float
    median: float
    low: float
    high: float


class SpikeClaim(NamedTuple):
    """A claim on how long a spike lasts, by earlier spikes of the series that lasted at least as long.

    Attributes:
        series: Id of the series.
        level: Value above which the series is in a spike: its 95 % quantile.
        so_far: Seconds that the spike has lasted.
        median, low, high: Duration in all, seconds: median and 80 % interval.
        episodes: Earlier spikes that were counted.
    """

    series: str
    level: float
    so_far: int
    median: float
    low: float
    high: float
    episodes: int


class FullestClaim(NamedTuple):
    """A claim that no node is fuller than one after the plan.

    Attributes:
        resource: Resource of which the largest share is requested.
        node: The fullest node.
        share: Requested share there.
    """

    resource: str
    node: str
    share: float


class ChangedClaim(NamedTuple):
    """A claim on a field that a change of the plan sets, other than a task's node.

    Attributes:
        number: Number of the change from 1.
        subject: Node, task or workload.
        field: The field.
        now, proposed: Its value before and after.
    """

    number: int
    subject: str
    field: str
    now: Value
    proposed: Value


class WaitsClaim(NamedTuple):
    """A claim on why a task has no node after the plan.

    Attributes:
        task: The task.
        summary: How many nodes fit, and what the others lack.
    """

    task: str
    summary: str


class RiskClaim(NamedTuple):
    """A claim on something that may go wrong.

    Attributes:
        code: Kind of the risk.
        subjects: Tasks, nodes or workloads concerned.
    """

    code: RiskCode
    subjects: tuple[str, ...]


class ExpectedClaim(NamedTuple):
    """A claim on a simulated measure of the system.

    Attributes:
        measure: Name of the measure in the plan's effect.
        before, after: Mean over the simulations.
        low, high: Interval after the plan, at the effect's level.
        level: Share of the simulations in the interval.
    """

    measure: str
    before: float
    after: float
    low: float
    high: float
    level: float


class ExpectedOfTasksClaim(NamedTuple):
    """A claim on a measure of the plan's tasks on their planned nodes.

    Attributes:
        measure: network_latency in seconds to the task's data, or cost_per_task_hour in dollars: the price of the
            share of a node that a task asks for.
        value: Mean over the tasks for which it is known.
        tasks: Number of those.
    """

    measure: TaskMeasure
    value: float
    tasks: int


class CameClaim(NamedTuple):
    """A claim on a measure of the later snapshot.

    Attributes:
        measure: See `CameMeasure`; as_planned: tasks of the plan that are on their planned node.
        value: Its value.
        of: Number of the plan's tasks that were found, for measures of tasks; 0 for others.
    """

    measure: CameMeasure
    value: float
    of: int


class MadeClaim(NamedTuple):
    """A claim on how the plan was made.

    Attributes:
        policy: Policy that the plan was made with.
        is_asked: Whether it is, to the letter, the policy that is asked for its decisions here.
        seed: Seed of the simulated effect; None: it was not simulated.
        snapshot: First digits of the hash of the snapshot that the plan was made from.
    """

    policy: str
    is_asked: bool
    seed: int | None
    snapshot: str


PlanClaim = (
    GroupClaim
    | RoomClaim
    | AvoidedClaim
    | UpcomingClaim
    | NearClaim
    | ForecastClaim
    | SpikeClaim
    | FullestClaim
    | ChangedClaim
    | WaitsClaim
    | RiskClaim
    | ExpectedClaim
    | ExpectedOfTasksClaim
    | CameClaim
    | MadeClaim
)
KINDS: Mapping[type, str] = {
    GroupClaim: "group",
    RoomClaim: "room",
    AvoidedClaim: "avoided",
    UpcomingClaim: "upcoming",
    NearClaim: "near",
    ForecastClaim: "forecast",
    SpikeClaim: "spike",
    FullestClaim: "fullest",
    ChangedClaim: "changed",
    WaitsClaim: "waits",
    RiskClaim: "risk",
    ExpectedClaim: "expected",
    ExpectedOfTasksClaim: "expected of tasks",
    CameClaim: "came",
    MadeClaim: "made",
}


class CheckedPlanClaim(NamedTuple):
    """A claim with its verdict.

    Attributes:
        claim: The claim.
        holds: Whether it is true.
        evidence: What was recomputed.
        text: The claim in words.
    """

    claim: PlanClaim
    holds: bool
    evidence: str
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return an item of `claims` in `aurora plan explain --json`."""
        return {
            "kind": KINDS[type(self.claim)],
            "text": self.text,
            "fields": self.claim._asdict(),
            "holds": self.holds,
            "evidence": self.evidence,
        }
