"""Every wait of every task, of all families and policies, checked against an occupancy recomputed here.

The check below shares nothing with `aurora.sim.explain.shortage` and `aurora.sim.explain.waits` but the attempts
themselves, and those are compared with the reference simulator.
"""

import itertools
import math
import random

import numpy as np
import pytest

from aurora.sim.explain.claims import run_of
from aurora.sim.explain.history import History
from aurora.sim.explain.queue_heads import heads
from aurora.sim.explain.shortage import places_of
from aurora.sim.explain.waiting_claims import check_waiting, infeasible_claims, wait_claims
from aurora.sim.outcome import Status
from aurora.sim.policies.references import QUEUE_REFERENCES, REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Scenario, Task
from tests.sim.kernel.test_kernel_against_reference import random_scenario, with_allowed_nodes
from tests.sim.reference_simulator import ReferenceSimulator


class Watched(ReferenceSimulator):
    """The reference simulator, recording every start and the head of the queue after each round."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.starts_seen: list[tuple[int, float, int, dict[int, int]]] = []
        self.heads_seen: list[tuple[float, int | None]] = []

    def place(self, t: int, c: int) -> None:
        super().place(t, c)
        run = self.running[t]
        self.starts_seen.append((t, self.now, -1 if run.node is None else run.node, run.devices))

    def dispatch(self) -> None:
        super().dispatch()
        self.heads_seen.append((self.now, self.head))


def scenarios(level: int, seed: int) -> list[Scenario]:
    rng = np.random.default_rng(seed)
    return [expand(sample_spec(family, level, rng)) for family in FAMILIES]


def free(run: History, task: Task, place, time: float, now, emptied) -> bool:
    """Return whether a candidate has room for a task between two events, from the attempts alone.

    `now` are the attempts that run at the time, `emptied` those that an empty battery ended.
    """
    tasks, failures = run.scenario.tasks, run.scenario.environmental_conditions.node_failures
    if place.node >= 0:
        node = run.scenario.nodes[place.node]
        assert not task.allowed_nodes or node.node_id in task.allowed_nodes
        if any(
            f.node_id == node.node_id and f.start <= time < f.start + (f.duration or math.inf) for f in failures
        ) or any(a.node == place.node and a.end <= time for a in emptied):
            return False
        on = [a for a in now if a.node == place.node]
        if node.cpu - sum(tasks[a.task].cpu_required for a in on) + 1e-9 < task.cpu_required:
            return False
        if node.memory - sum(tasks[a.task].memory_required for a in on) + 1e-9 < task.memory_required:
            return False
        if task.accelerators:
            left = [1.0] * node.accelerators
            for a in on:
                for d in a.devices:
                    left[d] -= tasks[a.task].accelerator_share
            if task.accelerator_models and node.accelerator_model not in task.accelerator_models:
                return False
            if sum(x + 1e-6 >= task.accelerator_share for x in left) < task.accelerators:
                return False
    links = run.outcome.paths[place.path] if place.path >= 0 else ()
    for link in links:
        held = sum(tasks[a.task].bandwidth for a in now if a.path >= 0 and link in run.outcome.paths[a.path])
        if run.scenario.links[link].bandwidth - held + 1e-9 < task.bandwidth:
            return False
    return True


def moments(run: History, start: float, end: float) -> list[float]:
    """Return about fifteen moments between events from `start` to `end`."""
    events = {start, end}
    for a in run.attempts:
        events |= {t for t in (a.start, a.end) if start < t < end}
    for f in run.scenario.environmental_conditions.node_failures:
        events |= {t for t in (f.start, f.start + (f.duration or math.inf)) if start < t < end}
    ordered = sorted(t for t in events if math.isfinite(t))
    between = [(a + b) / 2 for a, b in itertools.pairwise(ordered)]
    last = [ordered[-1] + 1.0] if math.isinf(end) else []
    return (between + last)[:: max(1, len(between) // 15)]


def check_waits(run: History) -> int:
    """Compare every wait of every task with the occupancy; return the number of waits."""
    numbers, seen = {t.task_id: k for k, t in enumerate(run.scenario.tasks)}, 0
    finish, leaders = run.outcome.tasks.finish, heads(run)
    emptied = [a for a in run.attempts if a.ending == "battery_empty"]
    for t, task in enumerate(run.scenario.tasks):
        status = run.outcome.tasks.status[t]
        if status == Status.UNPLACEABLE:
            lacking = infeasible_claims(run, t, None)
            assert lacking
            assert all(check_waiting(c, run).holds for c in lacking)
            continue
        told, places = wait_claims(run, t), places_of(run.encoded, t)
        attempts = run.of_task.get(t, [])
        waited = sum(w.end - w.start for w in told if w.end is not None)
        busy = sum(a.end - a.start for a in attempts)
        if status == Status.COMPLETED:  # all of its time is told
            assert waited + busy == pytest.approx(finish[t] - task.arrival_time, rel=1e-6, abs=1e-6)
        if status == Status.UNPLACED:
            assert told[-1].end is None
        for wait in told:
            seen += 1
            assert check_waiting(wait, run).holds
            end = math.inf if wait.end is None else wait.end
            for time in moments(run, wait.start, end):
                now = [a for a in run.attempts if a.start <= time < a.end]
                has_room = any(free(run, task, place, time, now, emptied) for place in places)
                ready = all(finish[numbers[d]] <= time for d in task.dependencies)
                leader = [h.task for h in leaders if h.start <= time < h.end]
                assert ready == (wait.reason != "dependency")
                match wait.reason:
                    case "room":
                        assert not has_room
                    case "queue":
                        assert leader
                        assert leader != [t]
                        assert run.scenario.tasks[leader[0]].task_id in wait.on
                    case "policy":
                        raise AssertionError("these policies place what has room and is in its turn")
            if wait.reason == "room" and wait.end is not None and status != Status.DROPPED:
                assert wait.on or wait.returned
                assert all(any(a.end == wait.end for a in run.of_task[numbers[n]]) for n in wait.on)
            if wait.reason == "room":
                assert infeasible_claims(run, t, wait.start)
    return seen


LEVEL_4 = ("best_fit", "fgd", "random", "cheapest", "sjf", "fcfs+easy", "wfp3+easy")


@pytest.mark.parametrize("name", LEVEL_4)
def test_every_wait_of_every_task_is_explained_correctly(name: str) -> None:
    """Every policy with a quarter of the families, every family with a policy at least."""
    some = scenarios(4, 11)[LEVEL_4.index(name) % 4 :: 4]
    assert sum(check_waits(run_of(scenario, REFERENCES[name])) for scenario in some) > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", LEVEL_4)
def test_every_wait_in_every_family_is_explained_correctly(name: str) -> None:
    seen = sum(check_waits(run_of(scenario, REFERENCES[name])) for scenario in scenarios(4, 11))
    assert seen > 50


@pytest.mark.parametrize("name", ["best_fit", "fgd", "cheapest", "fcfs+easy"])
def test_waits_are_explained_correctly_where_tasks_may_use_some_nodes_only(name: str) -> None:
    seen = sum(check_waits(run_of(with_allowed_nodes(scenario), REFERENCES[name])) for scenario in scenarios(3, 14))
    assert seen > 50


@pytest.mark.slow
@pytest.mark.parametrize("name", list(REFERENCES))
def test_every_wait_under_every_reference_is_explained_correctly(name: str) -> None:
    for level in (2, 3, 5):
        for scenario in scenarios(level, 12):
            check_waits(run_of(scenario, REFERENCES[name]))


NAMES = ("fgd", "random", "worst_fit", "wfp3", "sjf+easy")


@pytest.mark.parametrize("name", NAMES)
def test_attempts_devices_and_queue_heads_equal_the_reference_simulator(name: str) -> None:
    for scenario in scenarios(3, 13)[NAMES.index(name) % 4 :: 4]:
        policy = REFERENCES[name]
        slow = Watched(scenario, policy).simulate()
        run = run_of(scenario, policy)
        assert len(slow.starts_seen) == len(run.attempts)
        for (t, start, node, devices), a in zip(slow.starts_seen, run.attempts, strict=True):
            assert (t, node, tuple(sorted(devices))) == (a.task, a.node, a.devices)
            assert a.start == pytest.approx(start)
        if not policy.allocation_strategy.head_of_line_blocking:
            continue
        for time, head in slow.heads_seen:
            at = [h.task for h in heads(run) if h.start <= time + 1e-9 and time + 1e-9 < h.end]
            assert at == ([] if head is None else [head])


def crowded_instants(seed: int) -> Scenario:
    """Return a scenario whose tasks share devices, and start and end at few instants, many of them at once."""
    draw = random.Random(seed)
    tasks = []
    for number in range(draw.randint(5, 25)):
        many = draw.random() < 0.3
        task = {
            "task_id": f"t{number}",
            "arrival_time": draw.randint(0, 3),
            "duration": draw.choice([0, 0, 1, 2]),
            "accelerators": draw.randint(1, 2) if many else 1,
            "accelerator_share": 1.0 if many else draw.choice([1.0, 0.5, 0.3]),
        }
        tasks.append(task)
    nodes = [{"node_id": f"n{k}", "cpu": 8, "memory": 32, "accelerators": draw.randint(1, 4)} for k in range(2)]
    workload = {"time_horizon": 20.0, "tasks": tasks}
    fields = {"scenario_id": "z", "domain": "cloud", "seed": seed, "nodes": nodes, "workload_definition": workload}
    return Scenario.model_validate(fields)


@pytest.mark.parametrize("name", ["fgd", "random", "worst_fit"])
def test_devices_are_known_where_tasks_take_no_time(name: str) -> None:
    for seed in range(40):
        scenario = crowded_instants(seed)
        slow = Watched(scenario, REFERENCES[name]).simulate()
        attempts = run_of(scenario, REFERENCES[name]).attempts
        assert [tuple(sorted(s[3])) for s in slow.starts_seen] == [a.devices for a in attempts]


def steady(seed: int) -> Scenario:
    """Return a small, crowded scenario in which nodes stay up, tasks wait, and each takes some time."""
    scenario = random_scenario(seed)
    nodes = tuple(n.model_copy(update={"battery": None}) for n in scenario.nodes)
    tasks = tuple(t.model_copy(update={"duration": max(t.duration, 0.5), "patience": None}) for t in scenario.tasks)
    workload = scenario.workload_definition.model_copy(update={"tasks": tasks, "simultaneous_events": "together"})
    conditions = scenario.environmental_conditions.model_copy(update={"node_failures": ()})
    return scenario.model_copy(
        update={"nodes": nodes, "workload_definition": workload, "environmental_conditions": conditions}
    )


@pytest.mark.parametrize("backfill", ["none", "easy"])
@pytest.mark.parametrize(
    "order",
    [
        "floor(task.expected_start / 4) + task.duration / 1e9",
        "task.predicted_duration * task.cpu",
        "task.room * task.cpu + cluster.idle_nodes + task.submit_time * cluster.whole_nodes",
        "task.duration * (1 if cluster.next_release > 5 else -1) + cluster.cpu_free_median + cluster.cpu_free_high",
        "task.duration * (1 if floor(1000 * cluster.typical_fit) > 500 else -1)",
    ],
)
def test_queue_heads_by_the_state_of_the_nodes_equal_the_reference_simulator(order: str, backfill: str) -> None:
    strategy = REFERENCES["sjf"].allocation_strategy.model_copy(
        update={"order": order, "backfill": backfill, "head_of_line_blocking": True}
    )
    policy = REFERENCES["sjf"].model_copy(update={"allocation_strategy": strategy})
    seen = 0
    for scenario in map(steady, range(12)):
        slow, found = Watched(scenario, policy).simulate(), heads(run_of(scenario, policy))
        for time, head in slow.heads_seen:
            at = [h.task for h in found if h.start <= time + 1e-9 and time + 1e-9 < h.end]
            assert at == ([] if head is None else [head])
            seen += head is not None
    assert seen


def test_queue_heads_are_the_same_with_one_event_at_a_time() -> None:
    for scenario in scenarios(3, 14)[:3]:
        workload = scenario.workload_definition.model_copy(update={"simultaneous_events": "one_by_one"})
        tasks = tuple(t.model_copy(update={"arrival_time": 20.0 * (t.arrival_time // 20)}) for t in workload.tasks)
        apart = scenario.model_copy(update={"workload_definition": workload.model_copy(update={"tasks": tasks})})
        for name in QUEUE_REFERENCES[1:3]:
            slow = Watched(apart, REFERENCES[name]).simulate()
            found = heads(run_of(apart, REFERENCES[name]))
            for time, head in dict(slow.heads_seen).items():  # of several rounds at an instant the last one
                at = [h.task for h in found if h.start <= time + 1e-9 and time + 1e-9 < h.end]
                assert at == ([] if head is None else [head])
