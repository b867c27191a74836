"""Where a search starts: the source's template, or a policy of the user's own."""

from __future__ import annotations

from dataclasses import replace

from aurora.agents.arena.source import Source
from aurora.agents.search.policy_search import FEWEST_WEIGHTS, tunable
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import compile_policy, policy_key
from aurora.sim.policies.policy import Policy

START = "start"
"""Origin of the policy that a run started from."""


def checked_start(policy: Policy) -> Policy:
    """Return a policy as a run can start from it, with an id that says what it does.

    Raises:
        PolicyError: It is a trained network or an explicit plan, or an expression is not valid.
    """
    if policy.allocation_strategy.network is not None:
        raise PolicyError(f"policy {policy.policy_id} is a trained network; start from one with decision_rules")
    if policy.allocation_plan is not None:
        raise PolicyError(f"policy {policy.policy_id} is a plan for one scenario; start from one without a plan")
    compile_policy(policy)
    return policy.model_copy(update={"policy_id": policy_key(policy)})


def with_start(source: Source, start: Policy | None) -> Source:
    """Return the source with a policy in front of its templates; as it is without one.

    Raises:
        PolicyError: The source prescribes how the queue is kept, and the policy keeps it otherwise.
    """
    if start is None:
        return source
    own, given = start.allocation_strategy, source.templates[0].allocation_strategy
    if source.queue_is_given:
        for name in ("head_of_line_blocking", "backfill"):
            if getattr(own, name) != getattr(given, name):
                raise PolicyError(
                    f"policy {start.policy_id}: source {source.name} prescribes {name} = {getattr(given, name)!r}, "
                    f"the policy has {getattr(own, name)!r}; change it"
                )
    return replace(source, templates=(start, *(t for t in source.templates if t.policy_id != start.policy_id)))


def is_tunable(policy: Policy) -> bool:
    """Return whether a policy has weights enough to tune: numbers that multiply something in its order or scores."""
    return bool(tunable(policy).sum() >= FEWEST_WEIGHTS)


def first_searched(source: Source) -> Policy:
    """Return the template whose weights the search tunes first: the first that has enough of them."""
    return next((t for t in source.templates if is_tunable(t)), source.templates[-1])
