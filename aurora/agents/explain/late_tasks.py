"""Finds the tasks of a run that were late or did not complete, grouped by cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from aurora.agents.explain.names import join_names
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
"""Number of tasks whose cause is determined, latest first; the others are counted."""
MAX_WORK = 200_000
"""Approximate limit of placements and nodes examined for all of them; takes some seconds."""
UNEXPLAINED = "not looked into"


class TroubledTask(NamedTuple):
    """A task that was late or did not complete.

    Attributes:
        status: End of the task.
        because: Cause in a few words.
        claims: Claims that support the cause, besides the status.
    """

    status: StatusClaim
    because: str
    claims: tuple[Claim, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return an item of `late` or `not_completed` in `aurora explain --json`."""
        late = {"late": self.status.late} if self.status.status == "late" else {}
        return {"task_id": self.status.task, "status": self.status.status, "because": self.because, **late}


def troubles(run: History) -> list[TroubledTask]:
    """Return the tasks that did not complete, then those that were late, latest first."""
    statuses = [s for t in range(len(run.scenario.tasks)) if (s := status_claim(run, t)).status != "completed"]
    numbers = {t.task_id: k for k, t in enumerate(run.scenario.tasks)}
    statuses.sort(key=lambda s: (s.status == "late", -s.late, numbers[s.task]))
    size = len(run.attempts) + len(run.scenario.nodes)
    most = min(MOST_EXPLAINED, max(FEWEST_EXPLAINED, MAX_WORK // max(1, size)))
    explained = [_explained(run, numbers[s.task], s) for s in statuses[:most]]
    return explained + [TroubledTask(s, UNEXPLAINED) for s in statuses[most:]]


def _explained(run: History, task: int, status: StatusClaim) -> TroubledTask:
    if status.status == "unplaceable":
        lacks = infeasible_claims(run, task, None)
        return TroubledTask(status, f"can never have {cause_in_a_word(None, lacks)}", tuple(lacks))
    if status.status == "failed":
        return TroubledTask(status, "lost to failures of nodes too often")
    waits = wait_claims(run, task)
    if status.status == "late" and status.late > sum(length(w) for w in waits):  # it would be late without its waits
        return TroubledTask(status, "beyond the limit by network latency alone")
    if not waits:
        lacks = infeasible_claims(run, task, run.scenario.tasks[task].arrival_time)
        return TroubledTask(status, f"left for want of {cause_in_a_word(None, lacks)}", tuple(lacks))
    longest = max(waits, key=length)
    lacks = infeasible_claims(run, task, longest.start) if longest.reason == "room" else []
    return TroubledTask(status, f"waited for {cause_in_a_word(longest, lacks)}", (longest, *lacks))


def troubles_text(troubled: Sequence[TroubledTask]) -> list[str]:
    """Write a sentence about the tasks that did not complete and one about the late ones, where there are any."""
    late = [t for t in troubled if t.status.status == "late"]
    undone = [t for t in troubled if t.status.status != "late"]
    return [
        f"{title}, {len(group):,} task{'' if len(group) == 1 else 's'}: {'; '.join(_grouped(group))}."
        for title, group in (("Not completed", undone), ("Late", late))
        if group
    ]


def _grouped(troubled: Sequence[TroubledTask]) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for trouble in troubled:
        groups[trouble.because].append(trouble.status.task)
    ranked = sorted(groups.items(), key=lambda item: (item[0] == UNEXPLAINED, -len(item[1])))
    return [f"{len(names):,} {because} ({join_names(names)})" for because, names in ranked]


def troubles_claims(troubled: Sequence[TroubledTask]) -> list[Claim]:
    """Return every claim about the tasks."""
    return [claim for trouble in troubled for claim in (trouble.status, *trouble.claims)]
