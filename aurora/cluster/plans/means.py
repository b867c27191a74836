"""What each system can and will do for a change, said in the plan.

Kubernetes has no move: a pod is bound to its node for life. What comes closest is to evict it while its node is
cordoned. Its controller makes another pod, and the cluster's scheduler chooses the node. Only a workload with a single
task can be bound to a node, by a node selector in its template.
"""

from __future__ import annotations

from aurora.cluster.changes import Cordon, Evict, Move, Place, PlanChange, Resize, Scale, Uncordon
from aurora.cluster.snapshot import System


def means(system: System, change: PlanChange) -> str:
    """Return what a system does for a change; empty where the change itself says it."""
    return _kubernetes(change) if system == "kubernetes" else _slurm(change) if system == "slurm" else ""


def can_undo(system: System, change: PlanChange) -> bool:
    """Return whether a system can undo a change: what was stopped elsewhere is not stopped again to bring it back."""
    is_stopped = isinstance(change, Evict) or (isinstance(change, Move) and not change.is_pinned)
    return not (is_stopped and system in ("kubernetes", "slurm"))


def _kubernetes(change: PlanChange) -> str:
    match change:
        case Place():
            return f"the pod is bound to {change.node_id} as a scheduler does it, unless the cluster's own is faster"
        case Move(is_pinned=True):
            return f"its workload's template gets a node selector for {change.node_id}, which restarts it there"
        case Move():
            return f"evicted; its controller makes another pod, and the scheduler chooses: {change.node_id} is expected"
        case Evict():
            return "evicted through the Eviction API; its controller makes another pod, which waits for room"
        case Resize():
            return "its workload's template changes, which restarts all of its pods one after the other"
        case _:
            return ""


def _slurm(change: PlanChange) -> str:
    match change:
        case Place():
            return f"the job asks for {change.node_id} by name; Slurm starts it there when it is its turn"
        case Move():
            return f"requeued, asking for {change.node_id} by name: it starts anew, from its checkpoint if it has one"
        case Evict():
            return "requeued: it starts anew when it is its turn, from its checkpoint if it has one"
        case Cordon():
            return "State=DRAIN: running jobs go on, no new ones start"
        case Uncordon():
            return "State=RESUME"
        case Scale() | Resize():
            return "Slurm can't do it for jobs that are submitted"
        case _:
            return ""
