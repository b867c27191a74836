"""Why a task is not on a node: the constraints, then the policy's preference, and what would put it there.

The changes are made and simulated before they are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aurora.cluster.feasibility import NOT_READY, UNSCHEDULABLE, Room
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.scenario import SnapshotScenario, to_scenario
from aurora.cluster.snapshot import Node, Snapshot, Task
from aurora.cluster.waiting import Step, known_task, why_not
from aurora.quantities import plain
from aurora.sim.explain.change_sets import smallest_changes
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import Decision, cause, is_level, last_decision
from aurora.sim.explain.edits import Edit, EditKind
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import NOUNS
from aurora.sim.policies.policy import Policy

MAX_ROUNDS = 3
"""Most times that reasons are removed which show only when others are gone."""
MAX_CORDONED = 5
"""Most nodes that are proposed to be closed so that the policy chooses another."""
MAX_PAIRS = 1_000_000
"""Pairs of task and node up to which other amounts are searched; each set needs simulations."""
WORDS: dict[EditKind, str] = {
    "cpu": "{then} cores on {node} instead of {now}",
    "memory": "{then} GiB of memory on {node} instead of {now}",
    "accelerators": "{then} devices on {node} instead of {now}",
    "price": "a price of {node} of ${then} an hour instead of ${now}",
    "latency": "a latency of link {node} of {then} ms instead of {now}",
    "bandwidth": "a bandwidth of link {node} of {then} Gbit/s instead of {now}",
}
"""Changes of amounts in words; others are no changes of a cluster."""


@dataclass(frozen=True, slots=True)
class NodeContrast:
    """Why a task is not on a node.

    Attributes:
        task_id, node_id: Task and node.
        policy_id: Policy that is asked.
        steps: Changes without which the node does not take the task; empty if it fits.
        is_enough: Whether the node takes the task with these, tried out.
        chosen: Node that the policy chooses then; None if it finds none.
        because_of: Features because of which that node beats this one; empty if it is this one, or for a draw.
        is_draw: Whether both are equally good to the policy, so that the order of the list decides.
        amounts: Smallest set of amounts with which the policy chooses this node, simulated; empty if none is found.
        cordons: Nodes without which it does, simulated; empty if there are too many.
    """

    task_id: str
    node_id: str
    policy_id: str
    steps: tuple[Step, ...]
    is_enough: bool
    chosen: str | None
    because_of: tuple[str, ...] = ()
    is_draw: bool = False
    amounts: tuple[Edit, ...] = ()
    cordons: tuple[str, ...] = ()

    @property
    def amount_texts(self) -> tuple[str, ...]:
        """The amounts in words."""
        return tuple(
            WORDS[e.kind].format(node=shown_name(e.subject), then=plain(e.then), now=plain(e.now)) for e in self.amounts
        )

    def to_json(self) -> dict[str, Any]:
        """Return the contrast as JSON values."""
        return {
            "task_id": self.task_id,
            "node_id": self.node_id,
            "policy_id": self.policy_id,
            "steps": [s.text for s in self.steps],
            "is_enough": self.is_enough,
            "chosen": self.chosen,
            "because_of": list(self.because_of),
            "is_draw": self.is_draw,
            "amounts": list(self.amount_texts),
            "cordons": list(self.cordons),
        }


def why_not_chosen(snapshot: Snapshot, task_id: str, node_id: str, policy: Policy = DEFAULT_POLICY) -> NodeContrast:
    """Explain why a task is not on a node: what keeps it away, and which node the policy prefers without that.

    A task that runs elsewhere is judged as if it waited.

    Args:
        snapshot: The cluster.
        task_id: The task.
        node_id: A node that it is not on.
        policy: Policy that is asked.

    Raises:
        InputError: The snapshot has no such task or node, or the task is on that node.
        PolicyError: An expression of the policy is not valid.
    """
    known_task(snapshot, task_id)
    changed, steps = snapshot, list[Step]()
    for _ in range(MAX_ROUNDS):
        remedy = why_not(changed, task_id, node_id)
        if not remedy.steps:
            break
        steps += remedy.steps
        changed = _with_steps(changed, task_id, node_id, remedy.steps)
    is_enough = not why_not(changed, task_id, node_id).steps
    if not is_enough:
        return NodeContrast(task_id, node_id, policy.policy_id, tuple(steps), False, None)
    return _preferred(changed, task_id, node_id, policy, tuple(steps))


def _preferred(snapshot: Snapshot, task_id: str, node_id: str, policy: Policy, steps: tuple[Step, ...]) -> NodeContrast:
    """Ask a policy for its choice where the node fits, and what would change it."""
    converted, short = _alone(snapshot, task_id)
    names = {name: s for s, name in converted.node_ids.items()}
    run = run_of(converted.scenario, policy)
    decision = last_decision(converted.scenario, policy, run.outcome, short)
    contrast = NodeContrast(task_id, node_id, policy.policy_id, steps, True, None)
    if decision is None:
        return contrast
    chosen = converted.node_ids[decision.chosen.name]
    if chosen == node_id:
        return replace(contrast, chosen=chosen)
    option = next((o for o in decision.options if o.name == names[node_id]), None)
    number = next(k for k, t in enumerate(converted.scenario.tasks) if t.task_id == short)
    amounts: tuple[Edit, ...] = ()
    if len(converted.scenario.tasks) * len(converted.scenario.nodes) <= MAX_PAIRS:
        amounts = smallest_changes(run, number, names[node_id]) or ()
    ids = {**converted.node_ids, **{l.link_id: l.link_id for l in converted.scenario.links}}
    is_possible = all(e.kind in WORDS for e in amounts)
    is_draw = option is not None and is_level(decision, option.features)
    return replace(
        contrast,
        chosen=chosen,
        because_of=() if option is None or is_draw else cause(decision, option),
        is_draw=is_draw,
        amounts=tuple(e._replace(subject=ids[e.subject]) for e in amounts) if is_possible else (),
        cordons=_cordons(snapshot, task_id, node_id, policy, decision, converted),
    )


def _alone(snapshot: Snapshot, task_id: str, without: Sequence[str] = ()) -> tuple[SnapshotScenario, str]:
    """Return the scenario in which the task waits alone for a node that fits, and its id there."""
    task = snapshot.tasks_by_id[task_id].model_copy(update={"state": "pending", "node_id": None})
    others = tuple(t for t in snapshot.tasks if t.holds_resources and t.task_id != task_id)
    asked = snapshot.model_copy(update={"tasks": (*others, task)})
    room = Room(asked)
    fitting = [n for n in room.fitting(task) if n not in without]
    converted = to_scenario(asked, allowed={task_id: fitting}, room=room)
    return converted, next(s for s, name in converted.task_ids.items() if name == task_id)


def _cordons(  # what the decision was about
    snapshot: Snapshot, task_id: str, node_id: str, policy: Policy, decision: Decision, converted: SnapshotScenario
) -> tuple[str, ...]:
    """Return the nodes that rank higher, if the policy chooses this one without them; empty if there are too many."""
    ranked = [converted.node_ids[o.name] for o in decision.options]
    if node_id not in ranked:
        return ()
    better = tuple(ranked[: ranked.index(node_id)])
    if not 0 < len(better) <= MAX_CORDONED:
        return ()
    again, short = _alone(snapshot, task_id, better)
    run = run_of(again.scenario, policy)
    second = last_decision(again.scenario, policy, run.outcome, short)
    return better if second is not None and again.node_ids[second.chosen.name] == node_id else ()


def _with_steps(snapshot: Snapshot, task_id: str, node_id: str, steps: Sequence[Step]) -> Snapshot:
    """Return a snapshot with the steps of a remedy made."""
    node, tasks = snapshot.nodes_by_id[node_id], dict(snapshot.tasks_by_id)
    for step in steps:
        if step.kind == "move":
            tasks[step.task_id] = tasks[step.task_id].model_copy(update={"node_id": step.to_node})
            continue
        node = _opened(node, step)
        tasks[task_id] = _loosened(tasks[task_id], step)
        if step.reason.kind == "apart from tasks" and step.reason.subject in tasks:
            other = tasks[step.reason.subject]
            kept = tuple(a for a in other.affinities if not a.is_anti)
            tasks[other.task_id] = other.model_copy(update={"affinities": kept})
    nodes = tuple(node if n.node_id == node_id else n for n in snapshot.nodes)
    return snapshot.model_copy(update={"nodes": nodes, "tasks": tuple(tasks.values())})


def _opened(node: Node, step: Step) -> Node:
    """Return a node with what a step changes of it."""
    reason = step.reason
    match reason.kind:
        case "insufficient":
            more = node.allocatable.get(reason.subject, 0.0) + reason.asked - reason.free
            return node.model_copy(update={"allocatable": {**node.allocatable, reason.subject: more}})
        case "cordoned":
            taints = tuple(t for t in node.taints if t.key != UNSCHEDULABLE.key)
            return node.model_copy(update={"is_cordoned": False, "taints": taints})
        case "not ready":
            taints = tuple(t for t in node.taints if t.key not in NOT_READY)
            return node.model_copy(update={"is_ready": True, "taints": taints})
        case "maintenance":
            windows = tuple(w for w in node.maintenance if w[2] != reason.subject)
            return node.model_copy(update={"maintenance": windows})
        case "taint":
            texts = {t: f"{t.key}={t.value}:{t.effect}" if t.value else t.key for t in node.taints}
            return node.model_copy(update={"taints": tuple(t for t, text in texts.items() if text != reason.subject)})
        case "selector":
            key, _, value = reason.subject.partition("=")
            return node.model_copy(update={"labels": {**node.labels, key: value}})
        case _:
            return node


def _loosened(task: Task, step: Step) -> Task:
    """Return a task with what a step changes of it."""
    match step.reason.kind:
        case "affinity":
            return task.model_copy(update={"node_affinity": ()})
        case "model":
            return task.model_copy(update={"accelerator_models": ()})
        case "with tasks":
            return task.model_copy(update={"affinities": tuple(a for a in task.affinities if a.is_anti)})
        case "apart from tasks":
            return task.model_copy(update={"affinities": tuple(a for a in task.affinities if not a.is_anti)})
        case "spread":
            return task.model_copy(update={"spreads": ()})
        case _:
            return task


def sentence(contrast: NodeContrast) -> str:
    """Return a contrast in words."""
    task, node = shown_name(contrast.task_id), shown_name(contrast.node_id)
    steps = "; ".join(s.text for s in contrast.steps)
    if not contrast.is_enough:
        return f"{task} does not fit {node}, and no set of changes was found that makes it fit. Known: {steps}."
    first = f"{node} takes {task} with: {steps}." if steps else f"{node} would take {task} now."
    if contrast.chosen is None:
        return f"{first} {contrast.policy_id} chooses no node for it."
    if contrast.chosen == contrast.node_id:
        return f"{first} {contrast.policy_id} then chooses it."
    why = " (both are as good, and it comes first in the list)" if contrast.is_draw else ""
    ways = [" and ".join(contrast.amount_texts)] if contrast.amounts else []
    ways += [f"closing {', '.join(map(shown_name, contrast.cordons))}"] if contrast.cordons else []
    would = f" What would change that, simulated: {'; or '.join(ways)}." if ways else ""
    return f"{first} {contrast.policy_id} prefers {shown_name(contrast.chosen)}{why or _on(contrast)}.{would}"


def _on(contrast: NodeContrast) -> str:
    listed = " and ".join(NOUNS[f].words for f in contrast.because_of)
    return f" for its {listed}" if listed else ""
