"""Policies of experts, whose rules are known: the rule alone, or with weak preferences that break ties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy

PREFERENCE = 0.01
"""Weight of what breaks ties, against the rule."""


class Strategy(NamedTuple):
    """A strategy of experts.

    Attributes:
        rule: Score of its rule, about 1 in size.
        features: Features of the rule.
    """

    rule: str
    features: tuple[str, ...]


STRATEGIES: Mapping[str, Strategy] = {
    "best fit": Strategy("-(fit.cpu_left + fit.memory_left)", ("fit.cpu_left", "fit.memory_left")),
    "nearest": Strategy("-10 * fit.latency", ("fit.latency",)),
    "cheapest": Strategy("-100 * fit.cost", ("fit.cost",)),
    "greenest": Strategy("-fit.energy / 10000", ("fit.energy",)),
    "fastest": Strategy("-fit.duration / 600", ("fit.duration",)),
    "round robin": Strategy("-node.last_placement / 10", ("node.last_placement",)),
    "first fit": Strategy("-node.index", ("node.index",)),
}
"""Strategies whose rules read no common feature."""


def policy_of(name: str, *, breaks_ties: bool) -> Policy:
    """Return the policy of a strategy.

    Args:
        name: Name of the strategy.
        breaks_ties: True: the rules of all other strategies break ties.
    """
    ties = [f"{PREFERENCE} * ({s.rule})" for other, s in STRATEGIES.items() if breaks_ties and other != name]
    score = " + ".join([f"({STRATEGIES[name].rule})", *ties])
    strategy = AllocationStrategy(decision_rules=(DecisionRule(score=score),))
    return Policy(policy_id=name.replace(" ", "_"), allocation_strategy=strategy)
