"""Puts claims about waits, attempts and lacking resources into words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aurora.agents.explain.names import join_names
from aurora.quantities import plain
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import moment
from aurora.sim.explain.shortage import Resource
from aurora.sim.explain.waiting_claims import (
    AttemptClaim,
    HoldClaim,
    InfeasibleClaim,
    StatusClaim,
    WaitClaim,
    WaitingClaim,
)

_LAST_OF_TEENS = 20
RESOURCES: Mapping[Resource, str] = {
    "cpu": "cores",
    "memory": "memory",
    "accelerators": "idle accelerators",
    "accelerator_share": "a large enough share of one accelerator",
    "model": "an accelerator of a model that is allowed",
    "bandwidth": "bandwidth",
}
"""Resources that candidates may lack."""
_STATES: Mapping[Resource, tuple[str, str]] = {
    "node_down": ("is down", "are down"),
    "battery": ("has an empty battery", "have an empty battery"),
    "path": ("can't be reached", "can't be reached"),
    "not_allowed": ("is not one of its allowed nodes", "are not among its allowed nodes"),
}
"""Phrases for candidates that are unusable for a reason other than an amount."""


def amount(resource: Resource, value: float) -> str:
    """Format an amount of a resource with its unit."""
    number = plain(value)
    match resource:
        case "cpu":
            return f"{number} core" if number == "1" else f"{number} cores"
        case "memory":
            return f"{number} GiB"
        case "bandwidth":
            return f"{number} Gbit/s"
        case "accelerator_share":
            return f"{number} of one accelerator"
    return f"{number} accelerator" if number == "1" else f"{number} accelerators"


def ordinal(value: int) -> str:
    """Format an ordinal number: 1st, 2nd, 3rd, 4th."""
    ends: Mapping[int, str] = {1: "st", 2: "nd", 3: "rd"}
    is_teen = value % 100 in range(10, _LAST_OF_TEENS)
    return f"{value}{'th' if is_teen else ends.get(value % 10, 'th')}"


def waiting_sentence(claim: WaitingClaim) -> str:
    """Write a claim as a clause that stands alone."""
    match claim:
        case WaitClaim():
            return f"{shown_name(claim.task)} {waited(claim)}"
        case HoldClaim(task, where, resource, held, start, end):
            of = f"{amount(resource, held)} of {shown_name(where)}"
            return f"{shown_name(task)} held {of} from {moment(start)} to {moment(end)}"
        case InfeasibleClaim():
            when = "with everything free" if claim.time is None else f"at {moment(claim.time)}"
            return f"for {shown_name(claim.task)}, {when}, {lacking(claim)}"
        case AttemptClaim():
            return f"{shown_name(claim.task)}, {attempt(claim)}"
        case StatusClaim():
            return f"{shown_name(claim.task)} {status(claim)}"


def duration_of(claim: WaitClaim) -> str:
    """Format the length of a wait."""
    return "to the end of the run" if claim.end is None else moment(claim.end - claim.start)


def waited(claim: WaitClaim, room: str = "no candidate had room") -> str:
    """Write a clause on what a task waited for; it begins with `waited`.

    Args:
        claim: Claim about the wait.
        room: Clause for a time in which no candidate had room.
    """
    time = duration_of(claim)
    match claim.reason:
        case "dependency":
            which = " to complete" if claim.end is not None else ", which did not complete"
            return f"waited {time} for {join_names(claim.on)}{which}"
        case "queue":
            return f"waited {time} behind {join_names(claim.on)} at the head of the queue"
        case "policy":
            return f"waited {time} though there was room: the policy did not place it"
    return f"waited {time}: {until(claim)}{room}"


def until(claim: WaitClaim) -> str:
    """Write what made room in the end, as the beginning of a clause."""
    ended = f"{join_names(claim.on)} ended" if claim.on else ""
    back = f"{join_names(claim.returned)} came back" if claim.returned else ""
    both = " and ".join(x for x in (ended, back) if x)
    return f"until {both} " if both else "all that time " if claim.end is not None else "from then on "


def lacking(claim: InfeasibleClaim) -> str:
    """Write how many candidates lack a resource, or what one of them lacks."""
    state, resource = _STATES.get(claim.resource), claim.resource
    if claim.where:
        if state is not None:
            return f"{shown_name(claim.where)} {state[0]}"
        if resource == "model":
            return f"{shown_name(claim.where)} lacks {RESOURCES[resource]}"
        free = "" if claim.time is None else " free"
        return f"{shown_name(claim.where)} has {amount(resource, claim.most)}{free}, and it asks for {_asked(claim)}"
    few = claim.lacking == 1
    if state is not None:
        return f"{claim.lacking} of {claim.candidates} {state[0] if few else state[1]}"
    lack = f"{claim.lacking} of {claim.candidates} {'lacks' if few else 'lack'} {RESOURCES[resource]}"
    if resource == "model":
        return lack
    kind = "largest" if claim.time is None else "most free"
    return f"{lack} ({kind} {plain(claim.most)} of {_asked(claim)} asked)"


def _asked(claim: InfeasibleClaim) -> str:
    return amount(claim.resource, claim.asked)


def attempt(claim: AttemptClaim) -> str:
    """Write where and when an attempt began, and how it ended."""
    where = shown_name(claim.where)
    ends: Mapping[str, Callable[[], str]] = {
        "completed": lambda: f"completed at {moment(claim.end)}",
        "node_failed": lambda: f"lost at {moment(claim.end)} when {where} failed",
        "battery_empty": lambda: f"lost at {moment(claim.end)} when the battery of {where} was empty",
    }
    return f"{ordinal(claim.number)} attempt: {where} at {moment(claim.start)}, {ends[claim.ending]()}"


def status(claim: StatusClaim) -> str:
    """Write the final status of a task."""
    words = {
        "completed": "completed",
        "late": f"completed {moment(claim.late)} after its limit",
        "unplaced": "was not placed by the end of the run",
        "dropped": "left when its patience was used up",
        "failed": "was lost in its last attempt and not started again",
        "unplaceable": "can never be placed",
    }
    return words[claim.status]
