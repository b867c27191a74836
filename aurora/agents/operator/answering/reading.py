"""Says in plain words how a question was read: its kind with all names and amounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aurora.agents.operator.answering.reply import duration_of, ids_of, listed
from aurora.agents.operator.questions import Kind
from aurora.quantities import plain

MOST_NAMES = 4
"""Most names of one slot that are said."""
_SECONDS = 60


def read_as(kind: Kind, slots: Mapping[str, Any]) -> str:
    """Return the question that is answered, in plain words.

    Args:
        kind: Its kind.
        slots: Its names and amounts.

    >>> read_as("what_if_node_fails", {"node": ["node-a1", "node-b2"]})
    'what if node-a1 and node-b2 fail?'
    >>> read_as("what_if_load", {"factor": 0.8, "workload": "all"})
    'what if the load of every workload falls by 20 %?'
    """
    return _READINGS[kind](slots)


def _names(value: str | Sequence[str], every: str = "") -> str:
    if value == "all":
        return every
    ids = ids_of(value)
    if len(ids) > MOST_NAMES:
        return f"{', '.join(ids[:MOST_NAMES])} and {len(ids) - MOST_NAMES} more"
    return listed(ids)


def _many(value: str | Sequence[str]) -> bool:
    return len(ids_of(value)) > 1


def _why_here(slots: Mapping[str, Any]) -> str:
    verb, pronoun = ("are", "they are") if _many(slots["task"]) else ("is", "it is")
    return f"why {verb} {_names(slots['task'])} where {pronoun}?"


def _why_waiting(slots: Mapping[str, Any]) -> str:
    if slots["task"] == "all":
        return "why is each waiting task waiting?"
    return f"why {'are' if _many(slots['task']) else 'is'} {_names(slots['task'])} waiting?"


def _why_not(slots: Mapping[str, Any]) -> str:
    return f"why {'are' if _many(slots['task']) else 'is'} {_names(slots['task'])} not on {_names(slots['node'])}?"


def _changed(factor: float, is_plural: bool) -> str:
    """Return by how much something changes, such as `rises by 30 %`."""
    amount = plain(round(100 * abs(factor - 1), 4))
    return f"{'rise' if factor >= 1 else 'fall'}{'' if is_plural else 's'} by {amount} %"


def _load(slots: Mapping[str, Any]) -> str:
    change = _changed(slots["factor"], is_plural=False)
    return f"what if the load of {_names(slots['workload'], 'every workload')} {change}?"


def _price(slots: Mapping[str, Any]) -> str:
    return f"what if the prices of {_names(slots['node'], 'all nodes')} {_changed(slots['factor'], is_plural=True)}?"


def _fails(slots: Mapping[str, Any]) -> str:
    return f"what if {_names(slots['node'])} {'fail' if _many(slots['node']) else 'fails'}?"


def _zone_fails(slots: Mapping[str, Any]) -> str:
    is_plural = _many(slots["zone"])
    return f"what if zone{'s' if is_plural else ''} {_names(slots['zone'])} {'fail' if is_plural else 'fails'}?"


def _adds(slots: Mapping[str, Any]) -> str:
    count = slots["count"]
    like = f" like {_names(slots['like'])}" if "like" in slots else ""
    return f"what if I add {count} node{'' if count == 1 else 's'}{like}?"


def _ahead(slots: Mapping[str, Any]) -> str:
    return f" in the next {duration_of(slots['horizon'] / _SECONDS)}" if "horizon" in slots else ""


def _forecast(slots: Mapping[str, Any]) -> str:
    what = f"how much {slots['series'].rpartition('/')[2]}" if "series" in slots else "how much"
    return f"{what} will {_names(slots['workload'], 'every workload')} need{_ahead(slots)}?"


def _reserve(slots: Mapping[str, Any]) -> str:
    what = f"how much {slots['metric']}" if "metric" in slots else "how much"
    sure = f" to be {plain(100 * slots['confidence'])} % sure" if "confidence" in slots else ""
    whom = _names(slots["workload"], "every workload")
    return f"{what} should I reserve for {whom}{_ahead(slots)}{sure}?"


def _oversized(slots: Mapping[str, Any]) -> str:
    if slots["workload"] == "all":
        return "which workloads request too much?"
    is_plural = _many(slots["workload"])
    return f"{'do' if is_plural else 'does'} {_names(slots['workload'])} request too much or too little?"


def _plan(slots: Mapping[str, Any]) -> str:
    match slots["goal"]:
        case "scale":
            return f"make a plan to scale {_names(slots['workload'])} to {slots['replicas']} replicas"
        case "resize":
            return f"make a plan to resize {_names(slots.get('workload', 'all'), 'what is wrongly sized')}"
        case _:
            return f"make a plan to place {_names(slots.get('task', 'all'), 'what waits')}"


def _nodes(slots: Mapping[str, Any]) -> str:
    where = f" of {_names(slots['zone'])}" if "zone" in slots else ""
    return f"which nodes{where} are the {slots['order']}?"


_READINGS: Mapping[Kind, Callable[[Mapping[str, Any]], str]] = {
    "why_here": _why_here,
    "why_waiting": _why_waiting,
    "why_not": _why_not,
    "what_if_load": _load,
    "what_if_node_fails": _fails,
    "what_if_zone_fails": _zone_fails,
    "what_if_price": _price,
    "what_if_add_nodes": _adds,
    "what_if_remove_node": lambda slots: f"what if I remove {_names(slots['node'])}?",
    "forecast": _forecast,
    "reserve": _reserve,
    "oversized": _oversized,
    "best_policy": lambda _: "which policy is best for this cluster?",
    "compare_policies": lambda slots: f"compare {_names(slots['policies'])}",
    "check_plan": lambda slots: f"is plan {slots['plan']} still valid?",
    "make_plan": _plan,
    "drain": lambda slots: f"make a plan to drain {_names(slots['node'])}",
    "recommend": lambda _: "what do you recommend?",
    "overview": lambda _: "how full is the cluster, and what does it cost?",
    "show_node": lambda slots: f"show {_names(slots['node'])}",
    "show_task": lambda slots: f"show {_names(slots['task'])}",
    "show_workload": lambda slots: f"show {_names(slots['workload'])}",
    "find_nodes": _nodes,
    "help": lambda _: "what can I ask?",
    "apply_plan": lambda slots: f"apply plan {slots['plan']}",
    "rollback_plan": lambda slots: f"roll back plan {slots['plan']}",
}
