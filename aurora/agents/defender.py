"""The defender with a model: up to three policies, at rising temperatures, each from a conversation with tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from aurora.agents.agent import run_agent
from aurora.agents.answers import PolicyAnswer, to_policy
from aurora.agents.briefing import brief, features_told, program_told, quoted, value_table
from aurora.agents.metered import MeteredModel
from aurora.errors import AnswerError, ModelError, PolicyError
from aurora.prompts.loader import Prompt
from aurora.sim.compiler import compile_policy
from aurora.sim.policy import AllocationStrategy, Policy
from aurora.sim.scenario import Scenario
from aurora.tools.harness import Harness

STANCES: tuple[tuple[float, str], ...] = (
    (0.2, "improve the best policy above in the way you are surest of"),
    (0.7, "take another structure than the policies above"),
    (1.0, "be bold: use a feature or an idea that none of the policies above uses"),
)
"""Temperature of each candidate, and what it is told."""
REFERENCES_SHOWN = 8
TOOLS = (
    "draft_policy",
    "compare_policies",
    "simulate_policy",
    "check_expression",
    "feature_table",
    "show_policy",
    "explain_decision",
    "objective_bounds",
    "what_if",
    "top_policies",
    "similar_policies",
    "similar_scenarios",
    "policy_elo",
    "rl_advice",
)
"""Tools of the defender."""


class DefendBriefing(NamedTuple):
    """What the defender is told.

    Attributes:
        scenarios: To do well on.
        measure: What a value is.
        references: Values of the reference policies on each scenario.
        best: The best policies so far, with their mean value.
        failures: Reasons why earlier attempts failed.
        queue: A strategy whose blocking and backfilling are part of the protocol; None: they are free.
    """

    scenarios: Sequence[Scenario]
    measure: str
    references: Mapping[str, Sequence[float]]
    best: Sequence[tuple[Policy, float]]
    failures: Sequence[str]
    queue: AllocationStrategy | None = None


class Candidates(NamedTuple):
    """What the defender wrote: policies, and why there are no more of them."""

    policies: tuple[Policy, ...]
    failures: tuple[str, ...]


def write_policies(
    model: MeteredModel, prompt: Prompt, briefing: DefendBriefing, harness: Callable[[], Harness], count: int
) -> Candidates:
    """Ask a model for policies, in conversations side by side.

    Args:
        model: Who is asked.
        prompt: Of the defender.
        briefing: What it is told.
        harness: Makes the tools of a conversation.
        count: Candidates, at most three.

    Raises:
        ModelError: The provider failed in a way that another try can't mend.
        BudgetExceeded: The budget is spent.
    """
    slots = _slots(briefing)

    def accept(answer: PolicyAnswer) -> Policy:
        policy = to_policy(answer)
        compile_policy(policy)
        given, own = briefing.queue, policy.allocation_strategy
        if given is not None and _discipline(given) != _discipline(own):
            raise PolicyError(f"the queue discipline is given: {_discipline(given)}")
        return policy

    def one(place: int) -> tuple[Policy | None, tuple[str, ...]]:
        temperature, stance = STANCES[place]
        tools = harness()
        filled = prompt.fill(
            **slots,
            calls=str(tools.limits.calls),
            candidate=str(place + 1),
            candidates=str(count),
            stance=stance,
        )
        try:
            finished = run_agent(model, filled, PolicyAnswer, accept, harness=tools, temperature=temperature)
        except AnswerError as error:
            return None, (str(error),)
        except ModelError as error:
            if not error.retryable:
                raise
            return None, (str(error),)
        return finished.value, finished.rejected

    with ThreadPoolExecutor(max_workers=count) as pool:
        found = list(pool.map(one, range(count)))
    policies = {policy.policy_id: policy for policy, _ in found if policy is not None}
    return Candidates(tuple(policies.values()), tuple(reason for _, reasons in found for reason in reasons))


def _discipline(strategy: AllocationStrategy) -> str:
    return f"head_of_line_blocking {str(strategy.head_of_line_blocking).lower()}, backfill {strategy.backfill}"


def _slots(briefing: DefendBriefing) -> dict[str, str]:
    names = [s.scenario_id for s in briefing.scenarios]
    given = "" if briefing.queue is None else f" The queue discipline is given: {_discipline(briefing.queue)}."
    best = [f"- {value:.4f}, {p.policy_id}:\n{program_told(p)}" for p, value in briefing.best]
    return {
        "features": features_told(),
        "measure": briefing.measure + given,
        "answer": f"one call of {PolicyAnswer.__name__}",
        "scenarios": "\n".join(brief(s) for s in briefing.scenarios),
        "references": value_table(briefing.references, names, REFERENCES_SHOWN),
        "policies": "\n".join(best) or "- none yet",
        "failures": quoted(briefing.failures),
    }
