import importlib
import itertools

import numpy as np
import pytest

from aurora.errors import ConstraintError, ScenarioError
from aurora.sim.kernel import encode, evaluate, run, simulate
from aurora.sim.outcome import Status
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, PlannedTask, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Conditions, Node, NodeFailure, Scenario, Task, Workload

kernel_run = importlib.import_module("aurora.sim.kernel.run")  # the package has a function of that name


def scenario(tasks: list[Task], nodes: list[Node], **conditions: object) -> Scenario:
    return Scenario(
        scenario_id="s",
        domain="cloud",
        nodes=tuple(nodes),
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=100),
        environmental_conditions=Conditions(**conditions),  # type: ignore[arg-type]
    )


def flavoured(seed: int, tasks: int = 400, nodes: int = 37) -> Scenario:
    """Return a scenario of few kinds of tasks on many nodes, with devices and failures, which uses the score cache."""
    rng = np.random.default_rng(seed)
    flavours = [(1.0, 0, 1.0), (2.0, 1, 0.5), (4.0, 1, 1.0), (2.0, 2, 1.0), (1.0, 1, 0.25)]
    made = []
    for i in range(tasks):
        cpu, count, share = flavours[int(rng.integers(len(flavours)))]
        made.append(
            Task(
                task_id=f"t{i}",
                arrival_time=float(i),
                cpu_required=cpu,
                memory_required=1.0,
                duration=float(rng.integers(20, 400)),
                accelerators=count,
                accelerator_share=share,
            )
        )
    return scenario(
        made,
        [Node(node_id=f"n{i}", cpu=float(8 + i % 3 * 4), memory=16, accelerators=i % 4) for i in range(nodes)],
        node_failures=tuple(
            NodeFailure(node_id=f"n{int(rng.integers(nodes))}", start=float(rng.integers(300)), duration=20.0)
            for _ in range(12)
        ),
    )


@pytest.mark.parametrize("least_nodes", [0, 10**6], ids=["from kept scores", "over all nodes at once"])
@pytest.mark.parametrize(
    "name", ["best_fit", "fgd", "gpu_packing", "gpu_clustering", "round_robin", "dot_product", "borg_gpu", "random"]
)
def test_fast_paths_give_the_same_decisions_as_the_general_path(
    name: str, least_nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_run, "MIN_NODES_FOR_CACHE", least_nodes)
    for seed, nodes in itertools.product(range(3), (15, 130)):
        encoded, program = encode(flavoured(seed, nodes=nodes)), compile_policy(REFERENCES[name])
        quick, general = run(encoded, program), run(encoded, program, trace_top=1)
        np.testing.assert_array_equal(quick.tasks.node, general.tasks.node)
        np.testing.assert_array_equal(quick.tasks.finish, general.tasks.finish)
        assert bool(encoded.classes) == (name == "fgd" or (name != "random" and least_nodes == 0))


@pytest.mark.parametrize("admit", ["node.tasks < 3", "node.cpu_free > 100", "fit.cpu_left > 0.2 or task.cpu < 2"])
@pytest.mark.parametrize("score", ["0 / 1 - 0", "log(node.cpu_free - 9) * 1e308 * 1e308", "-node.cpu_load", "task.cpu"])
def test_all_paths_treat_non_finite_scores_and_admissions_alike(admit: str, score: str) -> None:
    rules = (DecisionRule(when="task.cpu > 1", score=score), DecisionRule(score="-" + score))
    policy = Policy(policy_id="p", allocation_strategy=AllocationStrategy(admit=admit, decision_rules=rules))
    for nodes in (15, 130, 220):
        encoded, program = encode(flavoured(3, nodes=nodes)), compile_policy(policy)
        quick, general = run(encoded, program), run(encoded, program, trace_top=1)
        np.testing.assert_array_equal(quick.tasks.node, general.tasks.node)


def test_a_repeated_run_is_identical_to_the_bit() -> None:
    encoded, program = encode(flavoured(1)), compile_policy(REFERENCES["fgd"])
    assert evaluate(encoded, program) == evaluate(encoded, program) == run(encoded, program).summary


def test_a_failed_node_requeues_its_tasks() -> None:
    outcome = simulate(
        scenario(
            [Task(task_id="t", arrival_time=0, cpu_required=1, duration=10)],
            [Node(node_id="n", cpu=1)],
            node_failures=(NodeFailure(node_id="n", start=4, duration=3),),
        ),
        REFERENCES["first_fit"],
    )
    assert outcome.tasks.attempts.tolist() == [2]
    assert outcome.tasks.start.tolist() == [7.0]
    assert outcome.tasks.finish.tolist() == [17.0]


def test_the_trace_explains_every_placement() -> None:
    made = flavoured(2, tasks=60, nodes=9)
    outcome = simulate(made, REFERENCES["best_fit"], trace=True)
    assert outcome.trace is not None
    assert len(outcome.trace.task) == outcome.summary.decisions
    scores = outcome.trace.scores
    assert np.all((np.diff(scores, axis=1) <= 0) | np.isnan(scores[:, 1:]))


def test_a_plan_is_followed_and_other_tasks_stay_unplaced() -> None:
    made = scenario(
        [Task(task_id=t, arrival_time=0, cpu_required=1, duration=5) for t in ("a", "b", "c")],
        [Node(node_id="n", cpu=1), Node(node_id="m", cpu=1)],
    )
    plan = (PlannedTask(task_id="a", node_id="m", start=2), PlannedTask(task_id="b", node_id="m", start=3))
    policy = REFERENCES["first_fit"].model_copy(update={"allocation_plan": plan})
    outcome = simulate(made, policy)
    assert outcome.tasks.node.tolist() == [1, 1, -1]
    assert outcome.tasks.start[:2].tolist() == [2.0, 7.0]
    assert outcome.tasks.status.tolist() == [Status.COMPLETED, Status.COMPLETED, Status.UNPLACED]


@pytest.mark.parametrize(
    "line",
    [
        PlannedTask(task_id="x", node_id="n", start=0),
        PlannedTask(task_id="a", node_id="x", start=0),
        PlannedTask(task_id="a", node_id=None, start=0),
        PlannedTask(task_id="a", node_id="n", path=("l",), start=0),
    ],
)
def test_a_plan_with_unknown_names_is_refused(line: PlannedTask) -> None:
    made = scenario([Task(task_id="a", arrival_time=0, cpu_required=1, duration=5)], [Node(node_id="n", cpu=1)])
    with pytest.raises(ConstraintError):
        simulate(made, REFERENCES["first_fit"].model_copy(update={"allocation_plan": (line,)}))


def test_a_task_that_fits_nowhere_is_reported() -> None:
    made = scenario(
        [
            Task(task_id="a", arrival_time=0, cpu_required=9, duration=5),
            Task(task_id="b", arrival_time=1, cpu_required=1, duration=5),
        ],
        [Node(node_id="n", cpu=1)],
    )
    blocking = Policy(
        policy_id="p",
        allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score="1"),), head_of_line_blocking=True),
    )
    assert simulate(made, blocking).tasks.status.tolist() == [Status.UNPLACEABLE, Status.COMPLETED]


def test_a_flow_that_asks_for_cores_is_refused() -> None:
    task = Task(task_id="a", arrival_time=0, duration=1, cpu_required=1, source_site="x", destination_site="x")
    with pytest.raises(ScenarioError, match="flow"):
        encode(scenario([task], [Node(node_id="n", cpu=1, site="x")]))
