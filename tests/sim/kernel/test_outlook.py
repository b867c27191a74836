"""What a placement leaves for the typical mix: the formulas, and that scores of it may be kept."""

from importlib import import_module

import numpy as np
import pytest

from aurora.sim.kernel import encode, evaluate, run, simulate
from aurora.sim.kernel.run import task_classes
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.features import FEATURE_INDEX, FEATURES
from aurora.sim.policies.policy import DecisionRule, Policy
from aurora.sim.scenarios.scenario import Node, Scenario, Task, TypicalTask, Workload
from tests.sim.kernel.test_kernel_against_reference import policy, random_scenario, with_carbon
from tests.sim.reference_simulator import OUTLOOK_FEATURES, ReferenceSimulator


@pytest.mark.parametrize("device_choice", ["best_fit", "worst_fit", "least_fragmentation", "random"])
def test_every_feature_of_every_candidate_is_what_the_reference_computes(device_choice: str) -> None:
    which = policy("all", rules=(DecisionRule(score="fit.random"),), device_choice=device_choice)
    compared = 0
    for seed in range(24):
        scenario = with_carbon(random_scenario(seed))
        slow = ReferenceSimulator(scenario, which)
        slow.reads = {f.name for f in FEATURES}
        slow.simulate()
        trace = run(encode(scenario), compile_policy(which), trace_top=64).trace
        assert trace is not None
        assert trace.task.tolist() == [t for t, _ in slow.decided]
        for k, (_, seen) in enumerate(slow.decided):
            assert set(trace.candidates[k]) - {-1} == set(seen)
            for place, c in enumerate(trace.candidates[k, : len(seen)]):
                for name, value in seen[c].items():
                    got = trace.features[k, place, FEATURE_INDEX[name]]
                    assert got == pytest.approx(value, rel=1e-9, abs=1e-9), (seed, k, c, name)
                    compared += 1
    assert compared > 20_000


def task(name: str, **fields: object) -> Task:
    return Task(task_id=name, arrival_time=0, duration=10, memory_required=0, **fields)  # type: ignore[arg-type]


def outlook_of(asked: Task, node: Node, mix: tuple[TypicalTask, ...], *before: Task) -> dict[str, float]:
    """Return the outlook features of a task on a node that runs others already."""
    scenario = Scenario(
        scenario_id="one",
        domain="cloud",
        nodes=(node,),
        workload_definition=Workload(tasks=(*before, asked), time_horizon=100),
        typical_tasks=mix,
    )
    trace = simulate(scenario, policy("any"), trace=True).trace
    assert trace is not None
    return {name: float(trace.features[len(before), 0, FEATURE_INDEX[name]]) for name in OUTLOOK_FEATURES}


GPU_NODE = Node(node_id="n", cpu=16, memory=64, accelerators=4, accelerator_model="A")
MIX = (
    TypicalTask(cpu_required=4, accelerators=1, frequency=0.5),
    TypicalTask(cpu_required=2, accelerators=1, accelerator_share=0.5, frequency=0.25),
    TypicalTask(cpu_required=2, accelerators=0, frequency=0.25),
)


def test_a_task_that_takes_the_cores_strands_the_devices() -> None:
    """12 of 16 cores leave room for one whole-device task, two of half a device, and two without."""
    seen = outlook_of(task("t", cpu_required=12), GPU_NODE, MIX)
    assert seen["fit.typical_left"] == 1
    assert seen["fit.typical_lost"] == 0
    # Empty: 4 whole, 8 halves (8 by cores, 8 by devices), 8 without. After: 1, 2, 2.
    assert seen["fit.placements_left"] == pytest.approx(0.5 * 1 + 0.25 * 2 + 0.25 * 2)
    assert seen["fit.placements_lost"] == pytest.approx(0.5 * 3 + 0.25 * 6 + 0.25 * 6)
    # Of the tasks that ask for devices two thirds are whole: 4 devices are usable before, 1 after.
    assert seen["fit.usable_left"] == pytest.approx(2 / 3 * 1 + 1 / 3 * 1)
    assert seen["fit.usable_lost"] == pytest.approx(3)
    # The mix asks for 2.5 cores and 0.625 devices a task: 4 cores a device.
    assert seen["fit.stranded_accelerators"] == pytest.approx(3)
    assert seen["fit.stranded_accelerators_increase"] == pytest.approx(3)
    assert seen["fit.stranded_cpu"] == seen["fit.stranded_cpu_increase"] == 0


def test_a_task_that_takes_all_devices_strands_the_cores_and_shuts_the_mix_out() -> None:
    seen = outlook_of(task("t", cpu_required=4, accelerators=4), GPU_NODE, MIX)
    assert seen["fit.typical_left"] == 0.25
    assert seen["fit.typical_lost"] == 0.75
    assert seen["fit.usable_left"] == 0
    assert seen["fit.next_device_left"] == 1
    assert seen["fit.stranded_cpu"] == seen["fit.stranded_cpu_increase"] == 12


def test_the_next_task_fits_best_where_a_device_is_half_used() -> None:
    half = {"cpu_required": 1.0, "accelerators": 1, "accelerator_share": 0.5}
    alone = outlook_of(task("t", cpu_required=1), GPU_NODE, MIX)
    beside = outlook_of(task("t", **half), GPU_NODE, MIX)
    assert alone["fit.next_device_left"] == pytest.approx(1 / 3 * 0.5)
    assert beside["fit.next_device_left"] == pytest.approx(0, abs=1e-12)
    again = outlook_of(task("t", **half), GPU_NODE, MIX, task("s", **half))
    assert again["fit.next_device_left"] == pytest.approx(1 / 3 * 0.5)


def test_models_that_the_mix_may_not_use_are_no_use_to_it() -> None:
    mix = (
        TypicalTask(cpu_required=1, accelerators=1, accelerator_models=("B",), frequency=0.5),
        TypicalTask(cpu_required=3, accelerators=1, accelerator_models=("A",), frequency=0.5),
    )
    seen = outlook_of(task("t", cpu_required=1), GPU_NODE, mix)
    assert seen["fit.typical_left"] == 0.5
    assert seen["fit.usable_left"] == pytest.approx(0.5 * 4)
    assert seen["fit.stranded_cpu"] == 15 - 3 * 4


def crowded(seed: int) -> Scenario:
    """Return a scenario whose tasks fall in a few classes, so that scores are kept."""
    rng = np.random.default_rng(seed)
    nodes = tuple(
        Node(node_id=f"n{i}", cpu=float(rng.choice([16, 32])), memory=64, accelerators=int(rng.choice([0, 2, 4])))
        for i in range(12)
    )
    requests = [(1, 0, 1.0), (2, 1, 0.25), (4, 1, 0.5), (4, 1, 1.0), (8, 2, 1.0)]
    tasks = tuple(
        Task(
            task_id=f"t{i}",
            arrival_time=float(rng.integers(0, 60)),
            cpu_required=float(cpu),
            memory_required=1,
            accelerators=devices,
            accelerator_share=share,
            duration=float(rng.choice([4, 16, 64])),
        )
        for i, (cpu, devices, share) in enumerate(requests[int(k)] for k in rng.integers(0, 5, 200))
    )
    workload = Workload(tasks=tasks, time_horizon=200)
    return Scenario(scenario_id=f"crowded{seed}", domain="cloud", nodes=nodes, workload_definition=workload)


@pytest.mark.parametrize("name", sorted(OUTLOOK_FEATURES))
def test_a_score_of_it_may_be_kept_until_the_node_changes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("aurora.sim.kernel.run")  # the package has a function of this name
    monkeypatch.setattr(module, "MIN_NODES_FOR_CACHE", 0)  # scores of cheap features are kept too
    which: Policy = policy("kept", rules=(DecisionRule(score=f"{name} - 0.001 * node.index"),))
    program = compile_policy(which)
    for seed in range(3):
        encoded = encode(crowded(seed))
        assert task_classes(encoded, program)[1] > 0
        kept, anew = evaluate(encoded, program), run(encoded, program, trace_top=3).summary
        assert kept == anew


def test_what_stays_free_of_a_shared_device_is_what_the_mix_will_not_fill() -> None:
    """Of tasks that ask for devices two thirds take whole ones and one third halves."""
    half = {"cpu_required": 1.0, "accelerators": 1, "accelerator_share": 0.5}
    first = outlook_of(task("t", **half), GPU_NODE, MIX)
    # A half is filled by the next half, unless arrivals end; an idle device is also filled by a whole task.
    half_free = 0.01 * 0.5 / (0.01 + 1 / 3)
    idle = (0.01 + 1 / 3 * half_free) / 1.01
    assert first["fit.device_waste"] == pytest.approx(half_free)
    assert first["fit.device_waste_increase"] == pytest.approx(half_free - idle)
    second = outlook_of(task("t", **half), GPU_NODE, MIX, task("s", **half))
    assert second["fit.device_waste"] == 0
    assert second["fit.device_waste_increase"] == pytest.approx(-half_free)
    # Nothing of the mix fits on what a task of 0.7 leaves.
    assert outlook_of(task("t", **half | {"accelerator_share": 0.7}), GPU_NODE, MIX)["fit.device_waste"] == (
        pytest.approx(0.3)
    )


def test_only_tasks_that_share_a_device_waste_a_part_of_one() -> None:
    for asks in ({}, {"accelerators": 1}, {"accelerators": 3}):
        seen = outlook_of(task("t", cpu_required=1.0, **asks), GPU_NODE, MIX)
        assert seen["fit.device_waste"] == seen["fit.device_waste_increase"] == 0
