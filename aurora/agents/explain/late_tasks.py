"""Which tasks of a run were late or did not complete, grouped by what caused it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from aurora.agents.explain.names import listed
from aurora.agents.explain.waiting import cause_in_a_word, length
from aurora.sim.explain.claims import Claim
from aurora.sim.explain.history import History
from aurora.sim.explain.waiting_claims import (
    StatusClaim,
    infeasible_claims,
    status_claim,
    wait_claims,
)

MOST_EXPLAINED, FEWEST_EXPLAINED = 200, 20
"""Tasks whose cause is looked for, the latest first; the others are counted."""
WORK = 200_000
"""Placements and nodes that are looked at for all of them together, about; some seconds."""
UNEXPLAINED = "not looked into"


class Trouble(NamedTuple):
    """A task that was late or did not complete.

    Attributes:
        status: What became of it.
        because: The cause in a few words.
        claims: What bears it out, besides the status.
    """

    status: StatusClaim
    because: str
    claims: tuple[Claim, ...] = ()


def troubles(run: History) -> list[Trouble]:
    """Every task that was late or did not complete, the latest first, those that did not complete before them."""
    found = [s for t in range(len(run.scenario.tasks)) if (s := status_claim(run, t)).status != "completed"]
    numbers = {t.task_id: k for k, t in enumerate(run.scenario.tasks)}
    found.sort(key=lambda s: (s.status == "late", -s.late, numbers[s.task]))
    size = len(run.attempts) + len(run.scenario.nodes)
    most = min(MOST_EXPLAINED, max(FEWEST_EXPLAINED, WORK // max(1, size)))
    explained = [_explained(run, numbers[s.task], s) for s in found[:most]]
    return explained + [Trouble(s, UNEXPLAINED) for s in found[most:]]


def _explained(run: History, task: int, status: StatusClaim) -> Trouble:
    if status.status == "unplaceable":
        lacks = infeasible_claims(run, task, None)
        return Trouble(status, f"can never have {cause_in_a_word(None, lacks)}", tuple(lacks))
    if status.status == "failed":
        return Trouble(status, "lost to failures of nodes too often")
    waits = wait_claims(run, task)
    if status.status == "late" and status.late > sum(length(w) for w in waits):  # it would be late without its waits
        return Trouble(status, "beyond the limit by network latency alone")
    if not waits:
        lacks = infeasible_claims(run, task, run.scenario.tasks[task].arrival_time)
        return Trouble(status, f"left for want of {cause_in_a_word(None, lacks)}", tuple(lacks))
    longest = max(waits, key=length)
    lacks = infeasible_claims(run, task, longest.start) if longest.reason == "room" else []
    return Trouble(status, f"waited for {cause_in_a_word(longest, lacks)}", (longest, *lacks))


def troubles_text(found: Sequence[Trouble]) -> list[str]:
    """A sentence about the tasks that did not complete, and one about those that were late, where there are any."""
    late = [t for t in found if t.status.status == "late"]
    undone = [t for t in found if t.status.status != "late"]
    return [
        f"{title}, {len(group):,} task{'' if len(group) == 1 else 's'}: {'; '.join(_grouped(group))}."
        for title, group in (("Not completed", undone), ("Late", late))
        if group
    ]


def _grouped(found: Sequence[Trouble]) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for trouble in found:
        groups[trouble.because].append(trouble.status.task)
    ranked = sorted(groups.items(), key=lambda item: (item[0] == UNEXPLAINED, -len(item[1])))
    return [f"{len(names):,} {because} ({listed(names)})" for because, names in ranked]


def troubles_claims(found: Sequence[Trouble]) -> list[Claim]:
    """Every claim about them."""
    return [claim for trouble in found for claim in (trouble.status, *trouble.claims)]
