from aurora.evals.pareto import pareto_share
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Task
from tests.sim.optimum.test_bounds import scenario


def test_the_share_counts_every_verdict() -> None:
    """Of two idle nodes the cheap one is best in latency and cost; what does not fit leaves tasks undone."""
    nodes = [Node(node_id="dear", cpu=4, price_per_hour=3600), Node(node_id="cheap", cpu=4, price_per_hour=36)]
    task = Task(task_id="t", arrival_time=0, cpu_required=4, duration=10)
    late = [task, task.model_copy(update={"task_id": "u", "cpu_required": 4.0, "patience": 0.0})]
    scenarios = [encode(scenario([task], nodes)), encode(scenario(late, nodes[:1]))]
    cheap = pareto_share(scenarios, compile_policy(REFERENCES["cheapest"]), effort=0.2)
    assert cheap.verdicts == {"optimal": 1, "dominated": 0, "undecided": 0, "incomplete": 1, "too large": 0}
    assert cheap.optimal.mean == 0.5
    assert cheap.optimal == cheap.at_most
    assert cheap.optimal.low < 0.5 < cheap.optimal.high
    first = pareto_share(scenarios[:1], compile_policy(REFERENCES["first_fit"]), effort=0.2)
    assert first.verdicts["dominated"] == 1
