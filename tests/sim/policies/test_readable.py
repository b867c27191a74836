from aurora.sim.policies.compiler import readable
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy


def shown(score: str) -> str:
    strategy = AllocationStrategy(decision_rules=(DecisionRule(score=score),))
    return readable(Policy(policy_id="p", allocation_strategy=strategy))


def test_a_long_sum_has_a_term_on_each_line_with_its_sign_in_front() -> None:
    text = shown("1.5 * fit.cpu_left - -0.2 * fit.memory_left + -3 * node.active - 2 * node.tasks + node.speed")
    assert text.splitlines()[1:6] == [
        "highest 1.5 * fit.cpu_left",
        "    + 0.2 * fit.memory_left",
        "    - 3 * node.active",
        "    - 2 * node.tasks",
        "    + node.speed",
    ]


def test_a_short_score_stays_on_its_line() -> None:
    assert "highest fit.cpu_left + 2 * node.active" in shown("fit.cpu_left + 2 * node.active")


def test_a_long_order_is_broken_as_scores_are() -> None:
    order = "2 * log(task.duration + 10) - 0.5 * task.wait / 600 + task.cpu"
    strategy = AllocationStrategy(order=order, decision_rules=(DecisionRule(score="1"),))
    assert readable(Policy(policy_id="p", allocation_strategy=strategy)).splitlines()[:4] == [
        "next: lowest 2 * log(task.duration + 10)",
        "    - 0.5 * task.wait / 600",
        "    + task.cpu",
        "    (whatever fits is placed)",
    ]
