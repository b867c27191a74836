"""Capacity plans: reserved and on-demand nodes for the time to come, and the jobs that they serve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from aurora.errors import ScenarioError
from aurora.reading import read_json
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from aurora.types import Frozen, Identifier, NonNegative, Positive
from aurora.validation import explain_validation

MAX_NODES = 5000
MAX_PLANS = 64

IN_ORDER = Policy(
    policy_id="in_order",
    policy_description="first come, first served, on the first node with room: reserved nodes before on-demand ones",
    allocation_strategy=AllocationStrategy(
        algorithm_type="greedy", decision_rules=(DecisionRule(score="-node.index"),), head_of_line_blocking=True
    ),
)
"""Default policy of a plan. Jobs are identical, so strict order costs nothing and saves the search of a long queue at
every event: a run takes a fifth of first fit's time."""


class JobClass(Frozen):
    """The unit in which demand arrives: a demand of d cores is a stream of such jobs that keeps d cores busy."""

    cores: Positive = Field(description="cores of each job")
    seconds: Positive = Field(description="seconds that each job runs")
    sla: NonNegative = Field(default=60.0, description="longest acceptable wait, seconds")


class CapacityPlan(Frozen):
    """How much capacity is reserved, and how much more may be bought when it is needed."""

    plan_id: Identifier
    reserved_nodes: int = Field(ge=0, le=MAX_NODES, description="paid for all of the time, used or not")
    burst_nodes: int = Field(default=0, ge=0, le=MAX_NODES, description="on demand: paid for the share and time used")
    node_cores: Positive = Field(default=4.0, description="cores of each node")
    reserved_price: NonNegative = Field(default=0.1, description="dollars per hour of a reserved node")
    burst_price: NonNegative = Field(default=0.25, description="dollars per hour of an on-demand node")
    idle_power: NonNegative = Field(default=100.0, description="watts of a node that hosts at least one job")
    full_power: NonNegative = Field(default=300.0, description="watts at full load")
    policy_id: Identifier = Field(default=IN_ORDER.policy_id, description="who places jobs")

    @property
    def nodes(self) -> int:
        """Number of reserved and on-demand nodes."""
        return self.reserved_nodes + self.burst_nodes


def template(plan: CapacityPlan, job: JobClass, horizon: float) -> Scenario:
    """Return the plan's nodes with a single job, which the jobs of a future replace.

    A reserved node costs nothing here, as its price is paid in any case, so a policy that reads prices sees the cost of
    one more job.

    Args:
        plan: The plan.
        job: Kind of job that its nodes serve.
        horizon: Horizon, seconds.

    Raises:
        ScenarioError: The plan has no nodes, a job fits on none, or the powers are in the wrong order.
    """
    if not plan.nodes:
        raise ScenarioError(f"plan {plan.plan_id}: reserved_nodes and burst_nodes are both 0; set at least one above")
    if job.cores > plan.node_cores:
        raise ScenarioError(
            f"plan {plan.plan_id}: node_cores {plan.node_cores:g} is less than a job's {job.cores:g} cores; "
            "make the nodes larger or the jobs smaller"
        )
    if plan.full_power < plan.idle_power:
        raise ScenarioError(f"plan {plan.plan_id}: full_power must be at least idle_power")
    nodes = tuple(
        Node(
            node_id=f"{'reserved' if k < plan.reserved_nodes else 'burst'}-{k}",
            cpu=plan.node_cores,
            price_per_hour=0.0 if k < plan.reserved_nodes else plan.burst_price,
            idle_power=plan.idle_power,
            full_power=plan.full_power,
        )
        for k in range(plan.nodes)
    )
    only = Task(
        task_id="job-0", arrival_time=0.0, cpu_required=job.cores, duration=job.seconds, sla_latency_ms=job.sla * 1000
    )
    return Scenario(
        scenario_id=plan.plan_id,
        domain="cloud",
        nodes=nodes,
        workload_definition=Workload(tasks=(only,), time_horizon=horizon, max_attempts=1000),
    )


def read_plans(path: Path) -> tuple[CapacityPlan, ...]:
    """Read plans from a JSON file: a list of them, or an object with such a list under "plans".

    Raises:
        ScenarioError: The file is absent, not JSON, or a plan is not valid; names the field.
    """
    data = read_json(path, error=ScenarioError)
    if isinstance(data, dict) and "plans" in data:
        data = data["plans"]
    try:
        plans = TypeAdapter(tuple[CapacityPlan, ...]).validate_python(data)
    except ValidationError as error:
        raise ScenarioError(f"{path}: {explain_validation(error)}") from None
    check_plans(plans, where=str(path))
    return plans


def check_plans(plans: Sequence[CapacityPlan], *, where: str = "plans") -> None:
    """Refuse an empty list of plans, too many plans, or two with the same name.

    Raises:
        ScenarioError: The list is refused; the message says why.
    """
    if not 1 <= len(plans) <= MAX_PLANS:
        raise ScenarioError(f"{where}: {len(plans)} plans; give from 1 to {MAX_PLANS}")
    ids = [p.plan_id for p in plans]
    for name in ids:
        if ids.count(name) > 1:
            raise ScenarioError(f"{where}: plan_id {name!r} is used twice; give every plan a name of its own")


BUSY_JOBS = 12
"""Least number of jobs that run at once at the mean demand: enough to follow the demand, few enough to be fast."""

MAX_PARTS = 64
"""Largest number of jobs on a node by default."""

MANY_JOBS = 4000
"""Number of jobs of a future above which they are made longer by default."""

JOBS_PER_STEP = 3
"""Length of a job by default, as a share of a step; capacity then follows demand within a step."""


def job_for(plans: Sequence[CapacityPlan], demand: float, step: float, steps: int, sla: float = 60.0) -> JobClass:
    """Return jobs that fill the nodes of plans without remainder and are small compared with the demand.

    Args:
        plans: Plans; the smallest of their nodes counts.
        demand: Mean demand, cores.
        step: Time step of the demand, seconds.
        steps: Number of steps of a future; jobs are longer, up to a step, where there would be very many.
        sla: Longest acceptable wait, seconds.
    """
    node = min(p.node_cores for p in plans)
    parts = 1
    while parts < MAX_PARTS and demand * parts < BUSY_JOBS * node:
        parts += 1
    many = demand * parts / node * steps * JOBS_PER_STEP / MANY_JOBS
    return JobClass(cores=node / parts, seconds=step * min(1.0, max(1.0, many) / JOBS_PER_STEP), sla=sla)
