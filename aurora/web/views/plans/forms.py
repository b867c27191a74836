"""Plans of what a person asks for in a form, and the names that the form offers."""

from __future__ import annotations

from collections.abc import Sequence

from aurora.cluster.plans.asks import Ask, Subject, request_of
from aurora.cluster.plans.report import PlanReport
from aurora.cluster.plans.requests import make_requested
from aurora.cluster.snapshot import Snapshot
from aurora.tools.desk import Desk

SIZES = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""Fields of a resize that the form shows, in cores and GiB."""
NAMES_OFFERED = 50


def make(
    asks: Sequence[Ask], desk: Desk, policy_id: str, *, is_simulated: bool = True, who: str = "", origin: str = ""
) -> PlanReport:
    """Make a plan of what was asked for, and keep it in the desk's folder.

    Args:
        asks: What was asked for.
        desk: The open cluster, its measured use, policies and the folder.
        policy_id: Policy that chooses nodes.
        is_simulated: Whether the effect is simulated.
        who: Person who asked.
        origin: File or sample that the measured use comes from; empty: none is open.

    Raises:
        InputError: Nothing is asked for, or a change does not fit the system.
        PolicyError: There is no such policy.
        DataError: No task waits.
        FileError: A file can't be written.
    """
    snapshot = desk.cluster
    request = request_of(asks, snapshot, desk.policy(policy_id), is_simulated=is_simulated)
    series = [desk.series(name) for name in desk.series_ids]
    return make_requested(
        snapshot,
        request,
        desk.plans,
        history=series,
        origin=origin if series else "",
        source=f"page of plans: {who}" if who else "page of plans",
        command="; ".join(a.text for a in asks),
    )


def names_for(subject: Subject, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names that a form takes.

    Args:
        subject: What it is about.
        snapshot: The system.
    """
    nodes = tuple(n.node_id for n in snapshot.nodes)
    tasks = tuple(t.task_id for t in snapshot.tasks)
    match subject:
        case "node":
            return nodes
        case "task":
            return tasks
        case "task or node":
            return (*nodes, *tasks)
        case "waiting":
            return tuple(t.task_id for t in snapshot.tasks if t.state == "pending" and t.node_id is None)
        case "workload":
            return tuple(w.workload_id for w in snapshot.workloads)
        case _:
            return ()


def names_like(names: Sequence[str], text: str, limit: int = NAMES_OFFERED) -> list[str]:
    """Return names that hold a text, those that begin with it first.

    Args:
        names: All names.
        text: What was typed.
        limit: Most names.
    """
    wanted = text.lower()
    held = [n for n in names if wanted in n.lower()]
    return sorted(held, key=lambda n: not n.lower().startswith(wanted))[:limit]
