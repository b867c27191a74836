"""Approvals: who approved which plan, by its hash, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from aurora.cluster.plans.plan import Plan, Sha256
from aurora.cluster.snapshot import Name, Time
from aurora.errors import InputError, PlanError
from aurora.types import Frozen

VALID_FOR = timedelta(hours=1)
"""How long an approval holds."""
MIN_PREFIX = 6
"""Fewest digits of a hash by which a plan is approved in passing."""


class Approval(Frozen):
    """One person's approval of one plan."""

    plan_sha256: Sha256 = Field(description="hash of the plan")
    who: Name = Field(description="who approved it")
    at: Time = Field(description="when")
    expires_at: Time = Field(description="from when on it does not hold any more")


def approve(plan: Plan, who: str, at: datetime, valid_for: timedelta = VALID_FOR) -> Approval:
    """Return an approval of a plan, which ends with the plan at the latest.

    Args:
        plan: The plan, as it was shown to whoever approves it.
        who: Name of the person.
        at: When it is approved.
        valid_for: How long the approval holds.

    Raises:
        InputError: `who` is empty, or `valid_for` is not positive.
        PlanError: The plan has expired.
    """
    if not who.strip():
        raise InputError("say who approves the plan", parameter="who")
    if valid_for <= timedelta(0):
        raise InputError("an approval must hold for some time", parameter="valid_for", value=valid_for)
    check_lifetime(plan, at)
    return Approval(plan_sha256=plan.sha256, who=who, at=at, expires_at=min(at + valid_for, plan.expires_at))


def check_prefix(plan: Plan, prefix: str) -> None:
    """Check that a plan's hash begins with what a person typed.

    Raises:
        InputError: The prefix is too short.
        PlanError: The plan has another hash.
    """
    if len(prefix) < MIN_PREFIX:
        raise InputError(f"give at least {MIN_PREFIX} digits of the plan's hash", parameter="prefix", value=prefix)
    if not plan.sha256.startswith(prefix.lower()):
        raise PlanError(f"plan {plan.plan_id} does not have a hash that begins with {prefix}; look at it once more")


def check_approval(plan: Plan, approvals: Iterable[Approval], at: datetime) -> Approval:
    """Return the approval under which a plan may be applied at a time.

    Raises:
        PlanError: None is for this very plan, or all that are have expired.
    """
    check_lifetime(plan, at)
    given = [a for a in approvals if a.plan_sha256 == plan.sha256]
    valid = [a for a in given if a.at <= at < a.expires_at]
    if valid:
        return max(valid, key=lambda a: a.expires_at)
    if given:
        ended = max(a.expires_at for a in given)
        raise PlanError(f"the approval of plan {plan.plan_id} ended at {ended:%Y-%m-%d %H:%M} UTC; approve it again")
    raise PlanError(f"plan {plan.plan_id} is not approved; read it, then: aurora plan approve {plan.plan_id}")


def check_lifetime(plan: Plan, at: datetime) -> None:
    """Check that a plan may still be applied.

    Raises:
        PlanError: It has expired.
    """
    if plan.is_expired(at):
        when = f"{plan.expires_at:%Y-%m-%d %H:%M} UTC"
        raise PlanError(f"plan {plan.plan_id} has expired at {when}; make another from a new snapshot")
