"""A task's course through a run, as claims and as text.

The course is what it waited for and who held that, every attempt with its end, and the task's final status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from aurora.agents.explain.waiting_words import amount, attempt, lacking, status, waited
from aurora.quantities import plain
from aurora.sim.explain.claims import Claim
from aurora.sim.explain.history import History
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import moment
from aurora.sim.explain.shortage import Place, Resource, name_of, places_of
from aurora.sim.explain.waiting_claims import (
    AttemptClaim,
    HoldClaim,
    InfeasibleClaim,
    StatusClaim,
    WaitClaim,
    WaitingClaim,
    attempt_claims,
    hold_claims,
    infeasible_at,
    infeasible_claims,
    status_claim,
    wait_claims,
)
from aurora.sim.scenarios.scenario import Task

MAX_CANDIDATES_NAMED = 3
"""Most candidates of which each is described by itself."""
MAX_HOLDERS_NAMED = 3
"""Most tasks named as holders of what a task lacked."""
WORDS: Mapping[Resource, str] = {
    "cpu": "cores",
    "memory": "memory",
    "accelerators": "idle accelerators",
    "accelerator_share": "a share of an accelerator",
    "model": "an accelerator of an allowed model",
    "bandwidth": "bandwidth",
    "node_down": "a node that is up",
    "battery": "a node with power",
    "path": "a path",
    "not_allowed": "a node that it may use",
}
"""Phrases for the resource waited for."""
MAX_WAITS_DETAILED = 4
"""Most waits of a task that are described in detail, longest first."""
NO_NODE = {
    "node_down": "no {kind} was up",
    "battery": "the battery of every {kind} was empty",
    "path": "no path led to {a_kind}",
}
"""Clauses for a lack that all candidates share."""
CandidateKind = Literal["node", "allowed node", "path"]
"""Kinds of candidates of a task: all nodes, those that it may use, or the paths of a flow."""


def candidate_kind(task: Task) -> CandidateKind:
    """Return the kind of a task's candidates."""
    if task.destination_site is not None:
        return "path"
    return "allowed node" if task.allowed_nodes else "node"


def way_claims(run: History, task: int) -> list[WaitingClaim]:
    """Return the claims about a task's course: its status, attempts, waits, and what was lacking."""
    became = status_claim(run, task)
    waits = wait_claims(run, task)
    claims: list[WaitingClaim] = [became, *attempt_claims(run, task), *waits]
    if became.status == "unplaceable":
        return [*claims, *_lacking_claims(run, task, None)]
    in_detail = sorted((w for w in waits if w.reason == "room"), key=length)[-MAX_WAITS_DETAILED:]
    for wait in sorted(in_detail, key=lambda w: w.start):
        claims += _lacking_claims(run, task, wait.start)
        place = _where_next(run, task, wait)
        claims += hold_claims(run, task, place, wait.start)[:MAX_HOLDERS_NAMED]
    if became.status == "dropped" and not waits:  # it left on arrival
        claims += _lacking_claims(run, task, run.scenario.tasks[task].arrival_time)
    return list(dict.fromkeys(claims))


def length(wait: WaitClaim) -> float:
    """Return the length of a wait, seconds; infinite if it never ended."""
    return float("inf") if wait.end is None else wait.end - wait.start


def _lacking_claims(run: History, task: int, time: float | None) -> list[InfeasibleClaim]:
    grouped = infeasible_claims(run, task, time)
    places = places_of(run.encoded, task)
    if not grouped or len(places) > MAX_CANDIDATES_NAMED:
        return grouped
    names = dict.fromkeys(name_of(run.encoded, place) for place in places)
    return grouped + [claim for name in names for claim in infeasible_at(run, task, time, name)]


def _where_next(run: History, task: int, wait: WaitClaim) -> Place:
    """Return the place of the task after a wait; its first candidate if it was never placed."""
    later = [a for a in run.of_task.get(task, ()) if a.start >= wait.start]
    return Place(later[0].node, later[0].path) if later else places_of(run.encoded, task)[0]


def way_text(claims: Sequence[Claim], *, kind: CandidateKind, is_full: bool) -> list[str]:
    """Write sentences about a task's course from claims that hold.

    Args:
        claims: Claims of one task.
        kind: Kind of its candidates.
        is_full: True: include who held what.
    """
    lines = _waits_text(claims, kind)
    if is_full:
        held = [c for c in claims if isinstance(c, HoldClaim)]
        lines += [
            f"{shown_name(c.task)} held {amount(c.resource, c.amount)} of {shown_name(c.where)} "
            f"from {moment(c.start)} to {moment(c.end)}."
            for c in held
        ]
    attempts = [c for c in claims if isinstance(c, AttemptClaim)]
    if len(attempts) > 1 or any(a.ending != "completed" for a in attempts):
        lines.append(f"{_capital('; '.join(attempt(a) for a in attempts))}.")
    return lines


def _waits_text(claims: Sequence[Claim], kind: CandidateKind) -> list[str]:
    every = [c for c in claims if isinstance(c, WaitClaim)]
    longest = sorted(every, key=length)[-MAX_WAITS_DETAILED:]
    lines = []
    for wait in (w for w in every if w in longest):
        opening = "It" if wait.end is not None else f"From {moment(wait.start)} on it"
        lines.append(f"{opening} {waited(wait, room_text(claims, wait.start, kind))}.")
    rest = [w for w in every if w not in longest]
    if rest:
        total = sum(length(w) for w in rest)
        lines.append(f"It waited {moment(total)} more in {len(rest)} shorter stretches.")
    return lines


def room_text(claims: Sequence[Claim], time: float | None, kind: CandidateKind) -> str:
    """Write that no candidate had room, and what they lacked."""
    lacks = [c for c in claims if isinstance(c, InfeasibleClaim) and c.time == time]
    grouped, singles = [c for c in lacks if not c.where], [c for c in lacks if c.where]
    if not grouped:
        return f"no {kind} had room"
    only = grouped[0]
    if len(grouped) == 1 and only.resource in NO_NODE:
        return NO_NODE[only.resource].format(kind=kind, a_kind=f"an {kind}" if kind == "allowed node" else f"a {kind}")
    if len(grouped) == 1 and only.asked and only.resource != "model":
        by_candidate = ", ".join(f"{shown_name(c.where)}: {plain(c.most)}" for c in singles)
        return f"no {kind} had {_free(only)} ({by_candidate or f'the most was {plain(only.most)}'})"
    return f"0/{only.candidates} {kind}s had room: {', '.join(_short(c) for c in grouped)}"


def _free(claim: InfeasibleClaim) -> str:
    asked = amount(claim.resource, claim.asked)
    match claim.resource:
        case "cpu":
            return f"{plain(claim.asked)} free {asked.split()[-1]}"
        case "accelerators":
            return f"{plain(claim.asked)} idle {asked.split()[-1]}"
    return f"{asked} free"


def _short(claim: InfeasibleClaim) -> str:
    """Write a lack with its count, in kubectl's manner: `38 lack cores (most free 1 of 2 asked)`."""
    count, _, rest = lacking(claim).partition(f" of {claim.candidates} ")
    return f"{count} {rest}"


def fate_text(task_id: str, claims: Sequence[Claim], kind: CandidateKind) -> str:
    """Say why a task was never placed, as a sentence."""
    became = next(c for c in claims if isinstance(c, StatusClaim))
    opening = f"Task {shown_name(task_id)} {status(became)}"
    if became.status == "unplaceable":
        return f"{opening}: {too_large_text(claims, kind)}."
    here = [c for c in claims if isinstance(c, InfeasibleClaim) and not c.where]
    if became.status == "dropped" and here and not any(isinstance(c, WaitClaim) for c in claims):
        return f"{opening} at {moment(here[0].time or 0.0)}: {room_text(claims, here[0].time, kind)}."
    return f"{opening}."


def too_large_text(claims: Sequence[Claim], kind: CandidateKind) -> str:
    """Say why a task fits nowhere even when everything is free."""
    grouped = [c for c in claims if isinstance(c, InfeasibleClaim) and c.time is None and not c.where]
    if not grouped:
        return f"no {kind} is large enough"
    only = grouped[0]
    if only.resource == "path" and only.lacking == only.candidates:
        return "no path leads to its destination" if kind == "path" else f"no path leads to any {kind}"
    if len(grouped) == 1 and only.asked and only.resource != "model":
        asked = amount(only.resource, only.asked)
        return f"it asks for {asked}, {_largest(only.candidates, kind)} has {plain(only.most)}"
    lacks = ", ".join(_short(c) for c in grouped)
    if kind == "allowed node":
        return f"none of its allowed nodes ({only.candidates}) is large enough: {lacks}"
    return f"0/{only.candidates} {kind}s are large enough: {lacks}"


def _largest(candidates: int, kind: CandidateKind) -> str:
    if kind == "allowed node":
        return "its only allowed node" if candidates == 1 else f"the largest of its {candidates} allowed nodes"
    return "the widest path" if kind == "path" else "the largest node"


def wait_in_a_word(claims: Sequence[Claim]) -> str:
    """Summarise in one line how long a task waited and mostly for what; empty if it did not wait."""
    every = [c for c in claims if isinstance(c, WaitClaim)]
    total = sum(length(w) for w in every if w.end is not None)
    if not total:
        return ""
    longest = max(every, key=length)
    lacks = [c for c in claims if isinstance(c, InfeasibleClaim) and not c.where and c.time == longest.start]
    return f"waited {moment(total)}, most of it for {cause_in_a_word(longest, lacks)}"


def cause_in_a_word(wait: WaitClaim | None, lacks: Sequence[InfeasibleClaim]) -> str:
    """Name the cause of a wait in a few words: of several resources the one that most candidates lacked."""
    reasons = {"dependency": "others to complete", "queue": "a turn in the queue", "policy": "the policy"}
    if wait is not None and wait.reason in reasons:
        return reasons[wait.reason]
    return WORDS[lacks[0].resource] if lacks else "room"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
