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
from aurora.sim.scenarios.scenario import Conditions, Link, Node, NodeFailure, Scenario, Task, Workload

kernel_run = importlib.import_module("aurora.sim.kernel.run")  # the package has a function of that name


def scenario(tasks: list[Task], nodes: list[Node], **conditions: object) -> Scenario:
    return Scenario(
        scenario_id="s",
        domain="cloud",
        nodes=tuple(nodes),
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=100),
        environmental_conditions=Conditions(**conditions),  # type: ignore[arg-type]
    )


def flavoured(seed: int, tasks: int = 400, nodes: int = 37, *, limited: float = 0.0) -> Scenario:
    """Return a scenario of few kinds of tasks on many nodes, with devices and failures, which uses the score cache.

    Args:
        seed: Random seed.
        tasks: Number of tasks.
        nodes: Number of nodes.
        limited: Share of tasks that may use one to three nodes only.
    """
    rng = np.random.default_rng(seed)
    flavours = [(1.0, 0, 1.0), (2.0, 1, 0.5), (4.0, 1, 1.0), (2.0, 2, 1.0), (1.0, 1, 0.25)]
    made = []
    for i in range(tasks):
        cpu, count, share = flavours[int(rng.integers(len(flavours)))]
        is_limited = limited > 0 and rng.random() < limited
        allowed = tuple(f"n{int(k)}" for k in rng.integers(nodes, size=int(rng.integers(1, 4)))) if is_limited else ()
        made.append(
            Task(
                task_id=f"t{i}",
                arrival_time=float(i),
                cpu_required=cpu,
                memory_required=1.0,
                duration=float(rng.integers(20, 400)),
                accelerators=count,
                accelerator_share=share,
                allowed_nodes=allowed,
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


@pytest.mark.parametrize("least_nodes", [0, 10**6], ids=["from kept scores", "over all nodes at once"])
@pytest.mark.parametrize("name", ["first_fit", "best_fit", "fgd", "random", "fcfs+easy"])
def test_fast_paths_leave_out_the_tasks_that_may_use_some_nodes_only(
    name: str, least_nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_run, "MIN_NODES_FOR_CACHE", least_nodes)
    for seed, limited in itertools.product(range(3), (0.3, 1.0)):
        what = flavoured(seed, nodes=60, limited=limited)
        encoded, program = encode(what), compile_policy(REFERENCES[name])
        quick, general = run(encoded, program), run(encoded, program, trace_top=1)
        np.testing.assert_array_equal(quick.tasks.node, general.tasks.node)
        np.testing.assert_array_equal(quick.tasks.finish, general.tasks.finish)
        assert encoded.all_nodes == (limited < 1)
        for node, task in zip(quick.tasks.node, what.tasks, strict=True):
            assert node < 0 or not task.allowed_nodes or what.nodes[node].node_id in task.allowed_nodes


def test_a_task_that_may_use_every_node_is_as_one_without_a_list() -> None:
    nodes = [Node(node_id=f"n{i}", cpu=1) for i in range(3)]
    tasks = [Task(task_id="a", arrival_time=0, duration=1, allowed_nodes=("n2", "n0", "n1", "n0"))]
    encoded = encode(scenario(tasks, nodes))
    assert encoded.plain
    assert len(encoded.problem.candidate_node) == 3


def test_the_fastest_paths_of_a_source_are_kept_for_the_nodes_that_a_task_may_use() -> None:
    what = Scenario(
        scenario_id="s",
        domain="edge",
        nodes=tuple(Node(node_id=n, cpu=1, site=n) for n in ("a", "b", "c", "x")),
        links=(
            Link(link_id="ab", source="a", target="b", bandwidth=1),
            Link(link_id="bc", source="b", target="c", bandwidth=1),
        ),
        workload_definition=Workload(
            tasks=(
                Task(task_id="t", arrival_time=0, duration=1, source_site="a", allowed_nodes=("c", "x")),
                Task(task_id="u", arrival_time=0, duration=1, source_site="a", allowed_nodes=("x",)),
            ),
            time_horizon=1,
        ),
    )
    outcome = simulate(what, REFERENCES["first_fit"])
    assert outcome.tasks.status.tolist() == [Status.COMPLETED, Status.UNPLACEABLE]
    assert outcome.tasks.node.tolist() == [2, -1]
    assert outcome.paths[outcome.tasks.path[0]] == (0, 1)


def test_thousands_of_tasks_with_a_node_of_their_own_are_encoded_without_a_look_at_every_node() -> None:
    nodes = [Node(node_id=f"n{i}", cpu=1) for i in range(2000)]
    tasks = [
        Task(task_id=f"t{i}", arrival_time=i, duration=1, cpu_required=1 / (1 + i), allowed_nodes=(f"n{i % 2000}",))
        for i in range(4000)
    ]
    encoded = encode(scenario(tasks, nodes))
    assert len(encoded.problem.candidate_node) == 2000
    assert run(encoded, compile_policy(REFERENCES["best_fit"])).tasks.node.tolist() == [i % 2000 for i in range(4000)]


def test_a_flow_that_stays_at_its_site_uses_no_node() -> None:
    what = Scenario(
        scenario_id="s",
        domain="network",
        nodes=(Node(node_id="n", cpu=1, site="a", idle_power=5, full_power=5),),
        workload_definition=Workload(
            tasks=(Task(task_id="f", arrival_time=0, duration=2, source_site="a", destination_site="a"),),
            time_horizon=1,
        ),
    )
    outcome = simulate(what, REFERENCES["first_fit"])
    assert (outcome.tasks.node.tolist(), outcome.summary.energy, outcome.summary.completed) == ([-1], 0.0, 1)


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


def test_a_plan_on_a_node_that_the_task_may_not_use_is_refused() -> None:
    tasks = [Task(task_id="a", arrival_time=0, duration=5, allowed_nodes=("m",))]
    made = scenario(tasks, [Node(node_id="n", cpu=1), Node(node_id="m", cpu=1)])
    plans = [(PlannedTask(task_id="a", node_id=n, start=0),) for n in ("n", "m")]
    wrong, right = (REFERENCES["first_fit"].model_copy(update={"allocation_plan": plan}) for plan in plans)
    with pytest.raises(ConstraintError, match="'a' may not use node 'n'; its allowed_nodes are m"):
        simulate(made, wrong)
    assert simulate(made, right).tasks.node.tolist() == [1]


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
