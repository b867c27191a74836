import numpy as np
import pytest

from aurora.errors import ConstraintError
from aurora.sim.kernel import encode, run
from aurora.sim.optimum.constraints import violations
from aurora.sim.optimum.plans import plan_of, run_plan
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, NodeFailure, Task
from tests.sim.kernel.test_kernel_against_reference import random_scenario
from tests.sim.optimum.test_bounds import scenario


def without_devices_and_batteries(seed: int):
    what = random_scenario(seed)
    nodes = tuple(n.model_copy(update={"battery": None}) for n in what.nodes)
    # Tasks of no length may share an instant one after the other, in an order that a plan doesn't say.
    plain = {"accelerators": 0, "accelerator_share": 1.0}
    tasks = tuple(t.model_copy(update={**plain, "duration": max(t.duration, 1.0)}) for t in what.tasks)
    workload = what.workload_definition.model_copy(update={"tasks": tasks, "simultaneous_events": "together"})
    return what.model_copy(update={"nodes": nodes, "workload_definition": workload})


@pytest.mark.parametrize(
    ("seeds", "least"), [(range(0, 150, 4), 1), pytest.param(range(150), 5, marks=pytest.mark.slow)]
)
def test_a_plan_starts_as_written_if_and_only_if_it_violates_no_constraint(seeds: range, least: int) -> None:
    kept, broken = 0, 0
    for seed in seeds:
        what = without_devices_and_batteries(seed)
        encoded = encode(what)
        outcome = run(encoded, compile_policy(REFERENCES["fastest"]))
        if outcome.summary.completed < len(what.tasks):
            continue
        rng = np.random.default_rng(seed)
        plan = list(plan_of(outcome, what))
        if rng.random() < 0.6:
            k = int(rng.integers(len(plan)))
            plan[k] = plan[k].model_copy(update={"start": max(0.0, plan[k].start + float(rng.integers(-8, 9)))})
        found = violations(encoded, tuple(plan))
        ran = run_plan(encoded, tuple(plan)).tasks
        as_written = np.allclose(ran.start, [line.start for line in plan], atol=1e-6) and (ran.attempts == 1).all()
        # Congestion is felt at the start, so a task that moved may end elsewhere; the kernel says when.
        assert bool(as_written) == (not found), (seed, found)
        kept, broken = kept + as_written, broken + (not as_written)
    assert kept > 3 * least
    assert broken > least


def lines(*starts: float, node: str = "n") -> tuple[PlannedTask, ...]:
    return tuple(PlannedTask(task_id=f"t{i}", node_id=node, start=s) for i, s in enumerate(starts))


def test_every_kind_of_violation_is_found_with_its_amount() -> None:
    tasks = [
        Task(task_id="t0", arrival_time=5, cpu_required=3, memory_required=6, duration=10),
        Task(task_id="t1", arrival_time=0, cpu_required=2, memory_required=6, duration=10, patience=4),
        Task(task_id="t2", arrival_time=0, cpu_required=0, duration=10, dependencies=("t1",)),
        Task(task_id="t3", arrival_time=0, duration=1, accelerators=1, accelerator_models=("B",)),
        Task(task_id="t4", arrival_time=0, duration=1),
    ]
    nodes = [Node(node_id="n", cpu=4, memory=8, accelerators=1, accelerator_model="A")]
    encoded = encode(scenario(tasks, nodes, node_failures=(NodeFailure(node_id="n", start=20, duration=10),)))
    found = {v.constraint: v for v in violations(encoded, lines(4, 6, 13, 0))}
    assert found["arrival"].amount == pytest.approx(1)
    assert found["patience"].amount == pytest.approx(2)
    assert found["dependency"].amount == pytest.approx(3)
    assert found["dependency"].tasks == ("t2", "t1")
    assert found["cpu"].amount == pytest.approx(1)
    assert found["memory"].amount == pytest.approx(4)
    assert found["memory"].tasks == ("t0", "t1")
    assert found["node_down"].amount == pytest.approx(3)
    assert found["model"].where == "n"
    assert found["unplanned"].tasks == ("t4",)


def test_a_task_may_start_when_another_ends() -> None:
    tasks = [Task(task_id=f"t{i}", arrival_time=0, cpu_required=4, duration=10) for i in range(3)]
    encoded = encode(scenario(tasks, [Node(node_id="n", cpu=4)]))
    assert violations(encoded, lines(0, 10, 20)) == []
    assert violations(encoded, lines(0, 9.9, 20))[0].constraint == "cpu"


def test_unknown_names_are_refused() -> None:
    encoded = encode(scenario([Task(task_id="t0", arrival_time=0, duration=1)], [Node(node_id="n", cpu=4)]))
    with pytest.raises(ConstraintError, match="elsewhere"):
        violations(encoded, lines(0, node="elsewhere"))
