"""A cluster as its scheduler sees it: the state of the kernel with the names of the system, safe for threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.cluster.clearances import HORIZON
from aurora.cluster.scenario import demand_of, kubernetes_priority, short_name, to_scenario
from aurora.cluster.scheduler.names import NodeList
from aurora.cluster.scheduler.scoring import NO_ROOM
from aurora.cluster.scheduler.state import ClusterState, Decision
from aurora.cluster.snapshot import Snapshot, Task
from aurora.errors import DataError
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios import scenario as sim
from aurora.sim.scenarios.typical import typical_tasks

ASSUMED_SECONDS = 30.0
"""Seconds for which a choice counts as made until the cluster says where the task is, as in kube-scheduler's cache."""


TARGET_TASKS = 200
"""Most tasks from which the targets of objectives are computed."""


class Ranked(NamedTuple):
    """Nodes that a policy was asked about.

    Attributes:
        decision: The decision on the nodes that are known.
        nodes: The nodes that were asked about.
        never: bool [n], by candidate, whether the task does not fit the node even when it is empty.
    """

    decision: Decision
    nodes: NodeList
    never: NDArray[np.bool_]

    @property
    def choice(self) -> str | None:
        """The node that the policy chooses; None for none."""
        return None if self.decision.node < 0 else str(self.nodes.table.names[self.decision.node])

    def score_of(self, name: str) -> float | None:
        """Return the score of a node; None where it has none that is finite."""
        number = self.nodes.table.number_of.get(name, -1)
        place = int(np.searchsorted(self.decision.candidates, number))
        if place >= len(self.decision.candidates) or self.decision.candidates[place] != number:
            return None
        value = float(self.decision.scores[place])
        return value if abs(value) < float("inf") else None


class _Choice(NamedTuple):
    """A choice that counts as made.

    Attributes:
        until: Time by the clock until which it does.
        work: The task.
        node: Its node.
    """

    until: float
    work: sim.Task
    node: str


class LiveCluster:
    """The nodes of a cluster and the tasks on them, and a policy that ranks nodes for waiting tasks.

    Args:
        snapshot: The cluster at the start.
        policy: The policy.
        horizon: Seconds that a task of unknown length is taken to run.
        clock: Seconds from any beginning.
        frame: Scenario with the nodes of the snapshot, from which objectives and the typical mix of tasks are taken;
            None: those of the snapshot's tasks.

    Raises:
        DataError: The snapshot has no node.
        PolicyError: An expression of the policy is not valid.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        policy: Policy,
        *,
        horizon: float = HORIZON,
        clock: Callable[[], float] = time.monotonic,
        frame: sim.Scenario | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.policy = policy
        self._horizon = horizon
        self._clock = clock
        self._frame = frame
        self._begun = clock()
        self._assumed: dict[str, _Choice] = {}
        self.replace(snapshot)

    def replace(self, snapshot: Snapshot) -> None:
        """Begin anew from a snapshot.

        Raises:
            DataError: The snapshot has no node.
        """
        if not snapshot.nodes:
            raise DataError(f"snapshot {snapshot.snapshot_id} has no node, so nothing can be scheduled")
        # Made without the lock: questions are answered by the old state meanwhile, for seconds with many nodes.
        scenario = self._frame or self._scenario(snapshot)
        state = ClusterState(scenario.nodes, self.policy, scenario=scenario, names=[n.node_id for n in snapshot.nodes])
        for task in snapshot.tasks:
            if task.holds_resources and task.node_id is not None:
                state.bind(self.work(task, snapshot), task.node_id, now=self.now)
        for node in snapshot.nodes:
            if node.is_cordoned or not node.is_ready:
                state.set_up(node.node_id, False)
        waiting = {t.task_id for t in snapshot.tasks if t.state == "pending" and t.node_id is None}
        with self.lock:
            assumed = self._assumed
            self.snapshot, self.state, self._waiting, self._assumed = snapshot, state, waiting, {}
            for task_id, choice in assumed.items():
                if task_id not in state and choice.node in state.number_of:
                    state.bind(choice.work, choice.node, now=self.now)
                    self._assumed[task_id] = choice
            self.heard_at = self._clock()

    def _scenario(self, snapshot: Snapshot) -> sim.Scenario:
        """Return the scenario from which nodes, objectives and the typical mix of tasks are taken."""
        idle = Task(task_id="none", state="pending", requests={}, limits={}, used={})
        placed = [t for t in snapshot.tasks if t.state in ("running", "pending")] or [idle]
        # Where tasks are, and what they demand of one another, is not a matter of targets; without it this is fast.
        plain = {"state": "pending", "node_id": None, "affinities": (), "spreads": (), "dependencies": ()}
        chosen = tuple(t.model_copy(update=plain) for t in placed[:: 1 + len(placed) // TARGET_TASKS])
        names = [n.node_id for n in snapshot.nodes[:1]]
        converted = to_scenario(
            snapshot.model_copy(update={"tasks": chosen}),
            horizon=self._horizon,
            allowed={t.task_id: names for t in chosen},
        )
        self.notes = converted.notes
        mix = typical_tasks(tuple(self.work(t, snapshot) for t in placed))
        return converted.scenario.model_copy(update={"typical_tasks": mix})

    @property
    def frame(self) -> sim.Scenario:
        """Nodes, objectives and typical mix of tasks, as a scenario."""
        return self.state.frame

    @property
    def now(self) -> float:
        """Seconds since this object began."""
        return self._clock() - self._begun

    @property
    def age(self) -> float:
        """Seconds since the cluster was heard from last."""
        return self._clock() - self.heard_at

    @property
    def waiting(self) -> int:
        """Number of tasks that wait for a node, as far as known."""
        return len(self._waiting)

    def node_of(self, task_id: str) -> str | None:
        """Return the node on which a task holds room; None if on none."""
        return self.state.node_of(short_name(task_id))

    def work(self, task: Task, snapshot: Snapshot | None = None) -> sim.Task:
        """Return a task as the policy sees it.

        Args:
            task: The task.
            snapshot: Snapshot that it is of; None: the present one.
        """
        of = snapshot or self.snapshot
        seconds = self._horizon
        if task.ends_at is not None and task.started_at is not None:
            seconds = max(1.0, (task.ends_at - task.started_at).total_seconds())
        elif task.time_limit:
            seconds = task.time_limit
        return sim.Task(
            task_id=short_name(task.task_id),
            arrival_time=self._arrival(task.created_at, of),
            duration=seconds,
            priority=kubernetes_priority(task.priority)
            if of.system == "kubernetes"
            else min(5, max(1, task.priority or 3)),
            **demand_of(task)._asdict(),
        )

    def _arrival(self, created: datetime | None, snapshot: Snapshot) -> float:
        """Return when a task arrived; the beginning for those that were there before it."""
        if created is None:
            return self.now
        return max(0.0, (created - snapshot.taken_at).total_seconds())

    def rank(self, task: Task, names: Sequence[str] | NodeList | None = None) -> Ranked:
        """Let the policy score nodes for a task.

        Args:
            task: The task; one that is assumed to be on a node is taken from there first.
            names: Nodes to score; None: all.
        """
        work = self.work(task)
        with self.lock:
            self._expire()
            if work.task_id in self._assumed:
                self._forget(work.task_id)
            nodes = self._resolved(names)
            if work.task_id in self.state:  # asked again about a task that runs: it is scored as if it were new
                work = work.model_copy(update={"task_id": f"{work.task_id[:120]}#again"})
            decision = self.state.decide(work, nodes.candidates, now=self.now, waiting=max(1, self.waiting))
            never = decision.marks == NO_ROOM
            if never.any():
                never &= self.state.never_fits(work)[nodes.candidates]
            return Ranked(decision, nodes, never)

    def _resolved(self, names: Sequence[str] | NodeList | None) -> NodeList:
        """Return nodes by the numbers that they have now."""
        table = self.state.table
        if names is None:
            return table.all
        if not isinstance(names, NodeList):
            return table.resolve(names)
        return names if names.table is table else table.resolve(names.names)

    def warm_up(self) -> None:
        """Decide once for a task that nobody asked about, so that the first question does not wait for compilation."""
        probe = Task(task_id="warm-up", state="pending", requests={}, limits={}, used={})
        self.rank(probe)
        with self.lock:
            self.state.bind(self.work(probe), 0, now=self.now)
            self.state.delete("warm-up", now=self.now)

    def assume(self, task: Task, node_id: str) -> None:
        """Count a task as placed until the cluster says where it is, or for `ASSUMED_SECONDS`.

        Nothing happens if the cluster has said where it is, or the node is not known yet.
        """
        work = self.work(task)
        with self.lock:
            if node_id not in self.state.number_of:
                return
            self.retract(task)
            if work.task_id not in self.state:
                self.state.bind(work, node_id, now=self.now)
                self._assumed[work.task_id] = _Choice(self._clock() + ASSUMED_SECONDS, work, node_id)

    def retract(self, task: Task) -> None:
        """Count a task as placed no more, unless the cluster has said that it is."""
        with self.lock:
            if short_name(task.task_id) in self._assumed:
                self._forget(short_name(task.task_id))

    def update(self, task: Task) -> None:
        """Take in what the cluster says of a task: it waits, holds room on a node, or has ended."""
        work = self.work(task)
        with self.lock:
            self.heard_at = self._clock()
            on = task.node_id if task.holds_resources else None
            (self._waiting.discard if on or task.state != "pending" else self._waiting.add)(task.task_id)
            if work.task_id in self._assumed and on is None and task.state == "pending":
                return
            if on != self.state.node_of(work.task_id) or work.task_id in self._assumed:
                self._forget(work.task_id)
                if on is not None and on in self.state.number_of:
                    self.state.bind(work, on, now=self.now)

    def remove(self, task_id: str) -> None:
        """Take in that a task is gone."""
        with self.lock:
            self.heard_at = self._clock()
            self._waiting.discard(task_id)
            self._forget(short_name(task_id))

    def set_up(self, node_id: str, is_up: bool) -> None:
        """Take in that a node takes new tasks, or none."""
        with self.lock:
            self.heard_at = self._clock()
            self.state.set_up(node_id, is_up)

    def heard(self) -> None:
        """Take in that the cluster was heard from and nothing has changed."""
        self.heard_at = self._clock()

    def _forget(self, task_id: str) -> None:
        self._assumed.pop(task_id, None)
        self.state.delete(task_id, now=self.now)

    def _expire(self) -> None:
        now = self._clock()
        while self._assumed:  # the oldest is the first
            task_id, choice = next(iter(self._assumed.items()))
            if choice.until > now:
                return
            self._forget(task_id)
