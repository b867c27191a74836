"""Ranks policies on a cluster: how each would place all of its tasks anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aurora.cluster.clearances import HORIZON
from aurora.cluster.scenario import to_scenario
from aurora.cluster.snapshot import Snapshot
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import score
from aurora.types import Progress, no_progress


class RankedPolicy(NamedTuple):
    """What a policy makes of a cluster's tasks.

    Attributes:
        policy_id: The policy.
        reward: Reward by the cluster's objectives, 0 to 1, higher is better.
        unplaced: Tasks that it leaves without a node.
        nodes_used: Nodes that hold a task.
        price_per_hour: Dollars an hour of those nodes.
        wait: Mean wait of the tasks that it places, seconds.
    """

    policy_id: str
    reward: float
    unplaced: int
    nodes_used: int
    price_per_hour: float
    wait: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Policies on a cluster, the best first: fewest tasks without a node, then the highest reward.

    Attributes:
        rows: The policies.
        tasks: Tasks that were placed anew; daemons and static ones stay where they are.
        objectives: What the reward weighs.
    """

    rows: tuple[RankedPolicy, ...]
    tasks: int
    objectives: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the ranking as JSON values."""
        return {"tasks": self.tasks, "objectives": list(self.objectives), "policies": [r._asdict() for r in self.rows]}


def rank_policies(
    snapshot: Snapshot, policies: Mapping[str, Policy], *, horizon: float = HORIZON, progress: Progress = no_progress
) -> Ranking:
    """Let each policy place a cluster's tasks anew, on the nodes that labels, taints and models allow.

    Affinities and spreads between tasks are left out, since they depend on the order of placement.

    Args:
        snapshot: The cluster.
        policies: Policies by id.
        horizon: Seconds that a task of unknown length runs.
        progress: Receives the policies done.

    Raises:
        DataError: The cluster has no nodes or tasks.
        PolicyError: An expression of a policy is not valid.
    """
    converted = to_scenario(snapshot, horizon=horizon, keep_running=False)
    encoded = encode(converted.scenario)
    nodes = converted.scenario.nodes
    rows = []
    for done, (name, policy) in enumerate(policies.items(), 1):
        outcome = run(encoded, compile_policy(policy), policy_id=name)
        used = {int(n) for n in outcome.tasks.node if n >= 0}
        rows.append(
            RankedPolicy(
                name,
                score(outcome.summary, converted.scenario).reward,
                outcome.summary.unplaced,
                len(used),
                sum(nodes[n].price_per_hour for n in used),
                outcome.summary.latency_mean,
            )
        )
        progress("policies", done, len(policies), name)
    rows.sort(key=lambda r: (r.unplaced, -r.reward, r.policy_id))
    moved = sum(t.state == "running" and t.kind not in ("daemon", "static") for t in snapshot.tasks)
    return Ranking(tuple(rows), moved, converted.scenario.objectives)
