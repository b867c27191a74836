"""The state of a cluster in the kernel's arrays, kept up to date task by task, and decisions of a policy on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.cluster.scheduler import scoring
from aurora.cluster.scheduler.names import NameTable
from aurora.errors import InputError
from aurora.sim.episodes import empty_state
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import MAX_MODELS, accelerator_class, encode, share_of
from aurora.sim.kernel.lanes import LANES
from aurora.sim.kernel.pins import Pinned
from aurora.sim.objectives import WITH_TARGET
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Conditions, Node, Scenario, Task, Workload
from aurora.sim.scenarios.typical import typical_tasks
from aurora.types import FloatArray

FIRST_SLOTS = 1024
"""Rows for tasks at first; their number doubles when they are used up."""
ALL_MODELS = (1 << (MAX_MODELS + 1)) - 1
"""Mask of a task that may use every device model."""

NO_ROOM = "no room"
HELD = "held by the policy's admit"
NO_RULE = "no rule of the policy holds"
REASONS = {scoring.NO_ROOM: NO_ROOM, scoring.HELD: HELD, scoring.NO_RULE: NO_RULE}
"""Why a candidate is out of the question, by its mark."""


class Decision(NamedTuple):
    """What a policy makes of a waiting task.

    Attributes:
        node: Number of the node that it chooses; -1 for none.
        candidates: int64 [n], numbers of the nodes that were asked about, rising.
        marks: int64 [n], marks of `scoring`.
        scores: float64 [n], scores; NaN where a candidate is out of the question.
    """

    node: int
    candidates: NDArray[np.int64]
    marks: NDArray[np.int64]
    scores: FloatArray


class ClusterState:
    """Nodes and the tasks that hold room on them.

    Not safe for threads: whoever shares it locks around every call.

    Attributes:
        frame: Scenario of the nodes, the objectives and the typical mix of tasks, from which an equal state is made.
        node_ids: Names of the nodes, by number.
        table: The same as a table for lists of names.
        number_of: Numbers of the nodes, by name.

    Args:
        nodes: The nodes.
        policy: The policy that decides.
        typical: Tasks from whose mix fragmentation is computed, and by whose demands the objectives are set.
        scenario: Scenario from which objectives, targets, typical tasks and the seed are taken; None: of none.
        names: Names by which nodes are asked for; None: their ids.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        policy: Policy,
        *,
        typical: Sequence[Task] = (),
        scenario: Scenario | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        if not nodes:
            raise InputError("a cluster without nodes schedules nothing", parameter="nodes")
        base = _base(nodes, typical, scenario)
        problem = encode(base).problem
        self.frame = base
        self.node_ids = tuple(n.node_id for n in nodes) if names is None else tuple(names)
        self.table = NameTable(self.node_ids)
        self.number_of = self.table.number_of
        self.policy_id = policy.policy_id
        self.all_nodes = np.arange(len(nodes))
        self._models = _model_numbers(base)
        self._largest = [max(getattr(n, a) for n in nodes) for a in ("cpu", "memory", "accelerators")]
        self._policy = Pinned(compile_policy(policy))
        self._registers = 1 + max((int(k[1]) for k in self._policy.fields.code), default=0)
        self._slots: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._free_slots = list(range(FIRST_SLOTS - 1, -1, -1))
        self._problem = Pinned(_with_slots(problem, FIRST_SLOTS))
        self._state = Pinned(_empty_state(self._problem.fields))
        self._scratch = Pinned(_scratch(len(nodes), self._registers))
        self._marks = np.empty(len(nodes), np.int64)
        self._scores = np.empty(len(nodes))
        scoring.begin(self._problem.address, self._state.address)

    def __len__(self) -> int:
        """Return the number of tasks that hold room."""
        return len(self._nodes)

    def __contains__(self, task_id: str) -> bool:
        """Return whether a task holds room."""
        return task_id in self._nodes

    def node_of(self, task_id: str) -> str | None:
        """Return the node on which a task holds room; None if on none."""
        node = self._nodes.get(task_id)
        return None if node is None else self.node_ids[node]

    def free(self, node_id: str) -> tuple[float, float, float]:
        """Return what is free on a node: cores, GiB, devices."""
        n, state = self.number_of[node_id], self._state.fields
        return (
            float(state.node_f[at.S_CPU_FREE, n]),
            float(state.node_f[at.S_MEMORY_FREE, n]),
            float(state.node_i[at.S_FREE_SHARES, n]) / at.DEVICE,
        )

    def fragmentation(self) -> float:
        """Return the share of all devices that are free, and that the typical task mix can't use (FGD's F)."""
        state, devices = self._state.fields, float(self._problem.fields.node_i[at.N_DEVICES].sum())
        return float(state.node_f[at.S_FRAGMENTATION].sum()) / devices if devices else 0.0

    def never_fits(self, task: Task) -> NDArray[np.bool_]:
        """Return, by node, whether a task does not fit even an empty one: nothing that is evicted makes room for it."""
        problem = self._problem.fields
        cores, memory = problem.node_f[at.N_CPU], problem.node_f[at.N_MEMORY]
        found = (cores + at.TOLERANCE < task.cpu_required) | (memory + at.TOLERANCE < task.memory_required)
        if task.accelerators:
            found |= problem.node_i[at.N_DEVICES] < task.accelerators
            if task.accelerator_models:
                wanted = [self._models[m] for m in task.accelerator_models if m in self._models]
                found |= ~np.isin(problem.node_i[at.N_MODEL], wanted)
        return np.asarray(found)

    def in_use(self) -> NDArray[np.bool_]:
        """Return, by node, whether it holds a task."""
        return np.asarray(self._state.fields.node_i[at.S_TASKS] > 0)

    def decide(
        self,
        task: Task,
        candidates: NDArray[np.int64] | None = None,
        *,
        now: float = 0.0,
        slot: int | None = None,
        waiting: int = 1,
    ) -> Decision:
        """Score nodes for a task by the policy.

        Args:
            task: The task.
            candidates: Rising numbers of the nodes to score; None: all.
            now: Time, seconds, on the clock of the tasks' arrivals.
            slot: Row that the task takes, on which only `fit.random` depends; None: one by the task's name.
            waiting: Tasks that wait, this one included.

        Raises:
            InputError: The task holds room already.
        """
        chosen = self.all_nodes if candidates is None else candidates
        if task.task_id in self._slots:
            raise InputError(f"task {task.task_id} holds room already", parameter="task")
        row = self._free_slot(slot)
        self._fill(row, task)
        self._state.fields.counters[at.K_WAITING] = waiting
        marks, scores = self._marks[: len(chosen)], self._scores[: len(chosen)]
        best = scoring.score(
            self._problem.address,
            self._policy.address,
            self._state.address,
            self._scratch.address,
            row,
            chosen,
            now,
            marks,
            scores,
        )
        return Decision(-1 if best < 0 else int(chosen[best]), chosen, marks.copy(), scores.copy())

    def bind(self, task: Task, node: int | str, *, now: float = 0.0, slot: int | None = None) -> bool:
        """Let a task take its room on a node, whether or not it fits.

        Returns:
            False if no device has room for it; it then counts without devices.

        Raises:
            InputError: There is no such node, or the task holds room already.
        """
        number = self.number_of.get(node, -1) if isinstance(node, str) else node
        if not 0 <= number < len(self.node_ids):
            raise InputError(f"{node!r} is no node of the cluster", parameter="node")
        if task.task_id in self._slots:
            raise InputError(f"task {task.task_id} holds room already", parameter="task")
        row = self._free_slot(slot)
        self._fill(row, task)
        if self._free_slots[-1] == row:
            self._free_slots.pop()
        else:
            self._free_slots.remove(row)
        self._slots[task.task_id] = row
        self._nodes[task.task_id] = number
        return bool(scoring.hold(self._problem.address, self._policy.address, self._state.address, row, number, now))

    def delete(self, task_id: str, *, now: float = 0.0) -> None:
        """Let a task give back its room; nothing happens if it holds none."""
        row = self._slots.pop(task_id, None)
        if row is None:
            return
        del self._nodes[task_id]
        scoring.release(self._problem.address, self._state.address, row, now)
        self._free_slots.append(row)

    def set_up(self, node_id: str, is_up: bool) -> None:
        """Let a node take new tasks, or keep them away from it; tasks that run stay."""
        n, state = self.number_of[node_id], self._state.fields
        down = 0 if is_up else 1
        state.counters[at.K_NODES_DOWN] += down - int(state.node_i[at.S_DOWN, n])
        state.node_i[at.S_DOWN, n] = down

    def _free_slot(self, wanted: int | None) -> int:
        while not self._free_slots or (wanted is not None and wanted >= len(self._problem.fields.task_f)):
            self._grow()
        return self._free_slots[-1] if wanted is None else wanted

    def _grow(self) -> None:
        """Double the rows for tasks."""
        problem, state = self._problem.fields, self._state.fields
        old = len(problem.task_f)
        grown = _with_slots(problem, 2 * old)
        grown.task_f[:old], grown.task_i[:old] = problem.task_f, problem.task_i
        fresh = _empty_state(grown)
        fresh.run_f[:old], fresh.run_i[:old], fresh.running[:old] = state.run_f, state.run_i, state.running[:old]
        kept = {name: getattr(state, name) for name in _OF_NODES}
        self._problem, self._state = Pinned(grown), Pinned(fresh._replace(**kept))
        self._free_slots = list(range(2 * old - 1, old - 1, -1)) + self._free_slots

    def _fill(self, row: int, task: Task) -> None:
        """Write a task's row, as the kernel encodes it."""
        problem = self._problem.fields
        share = share_of(task.accelerator_share) if task.accelerators else 0
        demands = (task.cpu_required, task.memory_required, task.accelerators * share / at.DEVICE)
        models = set(task.accelerator_models)
        problem.task_f[row] = (
            task.arrival_time,
            task.arrival_time,
            task.cpu_required,
            task.memory_required,
            task.duration,
            task.duration if task.requested_duration is None else task.requested_duration,
            at.NO_LIMIT if task.sla_latency_ms is None else task.sla_latency_ms / 1000,
            0.0,
            0.0,
            math.inf,
            task.priority,
            0.0,
            max((d / c for d, c in zip(demands, self._largest, strict=True) if c), default=0.0),
            0.0,
        )
        problem.task_i[row] = (
            task.accelerators,
            share,
            ALL_MODELS if not models else sum(1 << self._models[m] for m in models if m in self._models),
            0,
            accelerator_class(task.accelerators, share),
            -1,
            1,
            0,
            0,
            bool(task.accelerators and models),
            0,  # a cluster's users have no history of run times here
            0,
        )
        self._state.fields.run_i[row, at.R_ATTEMPTS] = 0
        outlook = self._state.fields.node_i[at.S_OUTLOOK]
        np.minimum(outlook, 1, out=outlook)  # what was known of the task that had the row before


_OF_NODES = ("node_f", "node_i", "devices", "link_f", "clock", "counters", "freed", "trial_devices")
"""Fields of the kernel's state that do not depend on the number of rows for tasks."""


def _base(nodes: Sequence[Node], typical: Sequence[Task], scenario: Scenario | None) -> Scenario:
    """Return a scenario of the nodes with one task that asks for nothing.

    The targets of amounts that add up are divided by the number of tasks, as the kernel does where it knows them all.
    """
    alone = tuple(n.model_copy(update={"site": None}) for n in nodes)
    nothing = Workload(
        tasks=(Task(task_id="none", arrival_time=0.0, cpu_required=0.0, duration=1.0),), time_horizon=1.0
    )
    if scenario is None:
        return Scenario(
            scenario_id="cluster",
            domain="cloud",
            nodes=alone,
            workload_definition=nothing,
            typical_tasks=typical_tasks(tuple(typical)) if typical else (),
        )
    shares: dict[str, float] = {
        o.name: getattr(scenario.objective_targets, o.name) / len(scenario.tasks) for o in WITH_TARGET if o.adds_up
    }
    mix = scenario.typical_tasks or typical_tasks(tuple(typical) or scenario.tasks)
    return scenario.model_copy(
        update={
            "nodes": alone,
            "links": (),
            "workload_definition": nothing,
            "typical_tasks": mix,
            "environmental_conditions": Conditions(),
            "objective_targets": scenario.objective_targets.model_copy(update=shares),
        }
    )


def _model_numbers(scenario: Scenario) -> Mapping[str, int]:
    """Return the numbers of device models, in the order in which the kernel numbers them."""
    named = {n.accelerator_model for n in scenario.nodes if n.accelerator_model is not None}
    for kind in scenario.typical_tasks:
        named.update(kind.accelerator_models)
    return {model: k + 1 for k, model in enumerate(sorted(named))}


def _with_slots(problem: at.Problem, slots: int) -> at.Problem:
    """Return a problem with rows for tasks in place of its own tasks."""
    return problem._replace(
        task_f=np.zeros((slots, at.TASK_FLOATS)),
        task_i=np.zeros((slots, at.TASK_INTS), np.int64),
        children_start=np.zeros(slots + 1, np.int64),
        arrivals=np.arange(slots),
    )


def _empty_state(problem: at.Problem) -> at.State:
    tasks, nodes = len(problem.task_f), problem.node_f.shape[1]
    most = max(1, int(problem.node_i[at.N_DEVICES].max(initial=0)))
    return empty_state(tasks, nodes, most, problem.link_f.shape[1])


def _scratch(nodes: int, registers: int) -> at.Scratch:
    none_f, none_i = np.zeros((at.STATE_FLOATS, 0)), np.zeros((at.STATE_INTS, 0), np.int64)
    longest = (max(1, nodes) + LANES - 1) & -LANES
    values: dict[str, Any] = {name: np.zeros(max(1, nodes), np.int64) for name in ("nodes", "paths", "numbers")}
    return at.Scratch(
        **values,
        scores=np.zeros(longest),
        scalars=np.zeros(registers),
        vectors=np.zeros((registers, longest)),
        rows=np.zeros(registers, np.int64),
        tasks=np.zeros(1, np.int64),
        others=np.zeros(1, np.int64),
        changed=np.zeros(max(1, nodes), np.int64),
        saved_f=none_f,
        saved_i=none_i,
        saved_devices=np.zeros((0, 1), np.int64),
        saved_links=np.zeros((at.LINK_STATE, 0)),
    )
