"""Templates: policies with many tunable weights from which the search starts.

Each score is a weighted sum of features that contains several references as special cases, so that tuning the weights
alone moves between and beyond them. Magnitudes that differ between scenarios (dollars, joules, seconds) enter by their
logarithm, whose differences don't depend on the unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from aurora.sim.policies.compiler import policy_key
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy


def _sum(weights: Mapping[str, float]) -> str:
    return " + ".join(f"{weight!r} * {term}" for term, weight in weights.items()).replace("+ -", "- ")


def _policy(description: str, strategy: AllocationStrategy) -> Policy:
    policy = Policy(policy_id="template", policy_description=description, allocation_strategy=strategy)
    return policy.model_copy(update={"policy_id": policy_key(policy)})


_PLACEMENT: Mapping[str, float] = {
    "fit.fragmentation_increase": -2.0,
    # Devices that are left without cores for them are lost, whatever comes.
    "fit.stranded_accelerators_increase": -1.0,
    "(fit.stranded_accelerators / 8)": 0.0,
    "(fit.stranded_cpu_increase / 32)": 0.0,
    "(fit.stranded_cpu / 32)": 0.0,
    "fit.cpu_left": 0.0,
    "fit.accelerators_left": 0.0,
    "node.model_demand": 0.0,
    "(node.accelerators_idle / 8)": 0.0,
    "(node.accelerators_total / 8)": 0.0,
    "(node.cpu_total / 128)": 0.0,
    "node.active": 0.0,
}
_SHARED: Mapping[str, float] = {
    # A device is worth what the mix will leave unused of it, rather than what fits on it now.
    "fit.device_waste_increase": -2.0,
    "fit.device_left": 0.0,
    "fit.device_shared": 0.0,
    **_PLACEMENT,
    "fit.fragmentation_increase": 0.0,
    "fit.stranded_accelerators_increase": -0.4,
}


def placement_template() -> Policy:
    """Return the template for accelerator clusters: a rule for each of four classes of request."""
    whens = ("task.accelerators == 0", "task.accelerator_share < 1", "task.accelerators == 1", "1")
    rules = tuple(DecisionRule(when=when, score=_sum(_SHARED if "share" in when else _PLACEMENT)) for when in whens)
    strategy = AllocationStrategy(algorithm_type="custom", decision_rules=rules, device_choice="best_fit")
    return _policy("weighted waste, fragmentation, fit and node features, by class of request", strategy)


_LENGTH, _WIDTH = "log(task.duration + 10)", "log(task.dominant_share)"
_OVER = "max(0, task.dominant_share + cluster.cpu_load - 1)"
_STRETCH = "log(1 + task.wait / (task.duration + 10))"
_FITS_NOT = f"({_OVER} > 0.000001)"
_ESTIMATE = "(task.duration % 60 == 0)"
"""1 for whole minutes: people's estimates are (98 % on SDSC-SP2), and run times seldom (1 % on Lublin-1)."""
_SHORT, _FEW, _QUIET = 300, 4, 6
"""A job of at least so many seconds starts only while fewer than so many run, or fewer than so many wait."""
_TERMS: Mapping[str, float] = {_LENGTH: 1.3, _WIDTH: 0.8, _OVER: 2.7, _FITS_NOT: 0.1, _STRETCH: -0.1}
_CURVES = (f"({_LENGTH} * {_WIDTH})", f"({_LENGTH} * {_LENGTH})", f"({_LENGTH} * {_OVER})", f"({_STRETCH} * {_WIDTH})")
_PREDICTED = "log(task.predicted_duration + 10)"
_AGING = "log(1 + task.wait / (task.predicted_duration + 10))"
_AGE = f"({_AGING} * {_AGING})"
"""Small for a usual wait, and more than any order in the end: no job starves."""
_ESTIMATES: Mapping[str, float] = {_PREDICTED: 0.65, _LENGTH: 0.65, _WIDTH: 1.3, _FITS_NOT: 0.2, _AGE: -0.12}
"""Where requests are estimates: by area, of a length between the request and that of the user's last jobs."""


def _queue(admit: str, order: str, description: str) -> Policy:
    strategy = AllocationStrategy(
        algorithm_type="custom",
        order=order,
        admit=admit,
        decision_rules=(DecisionRule(score="-node.index"),),
        head_of_line_blocking=True,
        backfill="easy",
    )
    return _policy(description, strategy)


def queue_templates() -> tuple[Policy, ...]:
    """Return the templates for one machine with a queue: an order of jobs, with EASY backfilling.

    The first is for any log. It holds long jobs while several run, which leaves room for short ones, where the length
    is known and others wait. The second does so whatever waits, for a crowded machine. The third holds no job, for
    requests that are estimates.
    """
    about = "weighted length, width, fit and waiting time of a job"
    held = f"task.duration < {_SHORT} or cluster.running < {_FEW}"
    plain = {**_TERMS, **dict.fromkeys(_CURVES, 0.0)}
    guessed = {
        _PREDICTED: 0.65,
        **plain,
        _LENGTH: 0.65,
        _WIDTH: 1.3,
        _OVER: 0.0,
        _FITS_NOT: 0.2,
        _STRETCH: 0.0,
        _AGE: -0.12,
    }
    return (
        _queue(
            f"{_ESTIMATE} or {held} or cluster.queue_length < {_QUIET}",
            f"1 + {_sum(_ESTIMATES)} if {_ESTIMATE} else {_sum(plain)}",
            f"{about}; long ones start while few run or few wait",
        ),
        _queue(held, _sum(plain), f"{about}; long ones start while few run"),
        _queue("1", _sum(guessed), about),
    )


_ORDER: Mapping[str, float] = {
    "log(task.duration + 1)": 0.5,
    "log(task.dominant_share + 0.01)": 0.2,
    "log(task.wait + 10)": -0.2,
    "task.priority": -0.05,
    "log(task.sla_latency + 0.1)": 0.1,
    "log(task.dependents + 1)": -0.3,
}
# The reward that a scenario with this task alone would have with a candidate. Where others are as it is, its slope is
# that of the reward: an amount far beyond its target hardly counts any more.
_REWARD: Mapping[str, float] = {
    "(objective.cost / (1 + fit.cost / objective.cost_target))": 1.0,
    "(objective.energy / (1 + fit.energy / objective.energy_target))": 1.0,
    "(objective.latency / (1 + (task.wait + fit.latency) / objective.latency_target))": 1.0,
    "(objective.latency * log(fit.duration + 0.001))": -0.02,
    "(objective.qos * (fit.latency > task.slack))": -1.0,
}
_FLOW: Mapping[str, float] = {
    "log(fit.cost + 0.000001)": -0.05,
    "log(fit.latency + 0.001)": -0.05,
    "path.load": -0.5,
    "log(path.hops + 1)": -0.05,
}
_CANDIDATE: Mapping[str, float] = {
    "log(fit.cost + 0.000001)": -0.025,
    "log(fit.duration + 0.001)": -0.02,
    "log(fit.energy + 0.001)": -0.015,
    "log(fit.latency + 0.001)": -0.01,
    "fit.cpu_left": -0.01,
    "fit.memory_left": -0.005,
    "fit.fragmentation_increase": -0.01,
    "node.active": 0.01,
    "node.battery": 0.005,
    "path.load": -0.01,
}


def general_template() -> Policy:
    """Return the template for any domain: an order, and a rule each for flows and for tasks on a node."""
    rules = (
        DecisionRule(when="task.cpu == 0", score=_sum({**_FLOW, **_REWARD})),
        DecisionRule(score=_sum({**_CANDIDATE, **_REWARD})),
    )
    strategy = AllocationStrategy(algorithm_type="custom", order=_sum(_ORDER), decision_rules=rules)
    return _policy("weighted rewards, cost, time, energy and latency of a candidate, for flows and for tasks", strategy)
