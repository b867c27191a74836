"""The policy that a search starts from: the source's template, or one of the user."""

from __future__ import annotations

from dataclasses import replace

from aurora.agents.arena.source import Source
from aurora.agents.search.lineage import is_tunable
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import compile_policy, parse_sections, policy_key
from aurora.sim.policies.expression import Num
from aurora.sim.policies.policy import Policy

START_ORIGIN = "start"
"""Origin of the policy that a run started from."""


def checked_start(policy: Policy) -> Policy:
    """Return a policy that a run can start from, under the hash of its content as id.

    Raises:
        PolicyError: The policy is a trained network or an explicit plan, or an expression is not valid.
    """
    if policy.allocation_strategy.network is not None:
        raise PolicyError(f"policy {policy.policy_id} is a trained network; start from one with decision_rules")
    if policy.allocation_plan is not None:
        raise PolicyError(f"policy {policy.policy_id} is a plan for one scenario; start from one without a plan")
    compile_policy(policy)
    return policy.model_copy(update={"policy_id": policy_key(policy)})


def with_start(source: Source, start: Policy | None) -> Source:
    """Return the source with a policy before its templates, or unchanged without a policy.

    Raises:
        PolicyError: The source prescribes blocking and backfilling, or that every task is placed that fits, and
            the policy differs.
    """
    if start is None:
        return source
    own, given = start.allocation_strategy, source.templates[0].allocation_strategy
    if source.admission_is_given and parse_sections(start).admit != Num(1.0):
        raise PolicyError(
            f"policy {start.policy_id}: source {source.name} places every task that fits, the policy admits where "
            f"{own.admit}; set admit to 1"
        )
    if source.queue_is_given:
        for name in ("head_of_line_blocking", "backfill"):
            if getattr(own, name) != getattr(given, name):
                raise PolicyError(
                    f"policy {start.policy_id}: source {source.name} prescribes {name} = {getattr(given, name)!r}, "
                    f"the policy has {getattr(own, name)!r}; change it"
                )
    return replace(source, templates=(start, *(t for t in source.templates if t.policy_id != start.policy_id)))


def first_searched(source: Source) -> Policy:
    """Return the template that the search tunes first: the first with enough weights, else the last."""
    return next((t for t in source.templates if is_tunable(t)), source.templates[-1])
