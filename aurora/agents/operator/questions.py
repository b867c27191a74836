"""The kinds of questions: what they must name, how each is asked back, and the tools that answer it.

How people put them is in `data/examples`, one file a kind. There, `<thing>` stands for a task or a workload, `<node>`,
`<zone>`, `<policy>` and `<plan>` for names, `<pct>`, `<num>` and `<time>` for amounts. Wordings that only differ by
synonyms (`data/synonyms.txt`) are given once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Kind = Literal[
    "why_here",
    "why_waiting",
    "why_not",
    "what_if_load",
    "what_if_node_fails",
    "what_if_zone_fails",
    "what_if_price",
    "what_if_add_nodes",
    "what_if_remove_node",
    "forecast",
    "reserve",
    "oversized",
    "best_policy",
    "compare_policies",
    "check_plan",
    "make_plan",
    "drain",
    "recommend",
    "overview",
    "show_node",
    "show_task",
    "show_workload",
    "find_nodes",
    "help",
    "apply_plan",
    "rollback_plan",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


class QuestionKind(NamedTuple):
    """A kind of question.

    Attributes:
        needs: Names without which it can't be answered, in addition to what the conversation is about.
        may: Names that it may have besides.
        ask: How it is asked back; names of the open cluster are filled in.
        tools: Tools that answer it.
    """

    needs: frozenset[str]
    may: frozenset[str]
    ask: str
    tools: tuple[str, ...]


def _kind(needs: str, may: str, ask: str, tools: str) -> QuestionKind:
    return QuestionKind(frozenset(needs.split()), frozenset(may.split()), ask, tuple(tools.split()))


QUESTIONS: Mapping[Kind, QuestionKind] = {
    "why_here": _kind("thing", "node zone", "why is {task} on {node}?", "why_task_is_here"),
    "why_waiting": _kind("", "thing", "why is {waiting} waiting?", "why_task_waits find_tasks"),
    "why_not": _kind("thing node", "", "why is {task} not on {other}?", "why_not_on_node why_task_waits"),
    "what_if_load": _kind("factor", "thing", "what if the load of {workload} grows by 30 %?", "cluster_what_if"),
    "what_if_node_fails": _kind("node", "", "what if {node} fails?", "cluster_what_if"),
    "what_if_zone_fails": _kind("zone", "", "what if zone {zone} fails?", "find_nodes cluster_what_if"),
    "what_if_price": _kind("factor", "node zone", "what if prices rise by 20 %?", "cluster_what_if"),
    "what_if_add_nodes": _kind("", "node count", "what if I add two nodes like {node}?", "cluster_what_if"),
    "what_if_remove_node": _kind("node", "", "what if I remove {node}?", "cluster_what_if"),
    "forecast": _kind(
        "", "thing series horizon", "how much will {workload} need in the next hour?", "measured_series forecast"
    ),
    "reserve": _kind(
        "",
        "thing series horizon confidence factor",
        "how much should I reserve for {workload} to be 95 % sure?",
        "measured_series futures",
    ),
    "oversized": _kind("", "thing", "which workloads ask for too much?", "oversized"),
    "best_policy": _kind("", "policy", "which policy is best for this cluster?", "rank_cluster_policies"),
    "compare_policies": _kind("policies", "", "compare best_fit and least_allocated", "rank_cluster_policies"),
    "check_plan": _kind("plan", "", "is plan {plan} still valid?", "check_plan"),
    "make_plan": _kind("", "thing node count", "make a plan to place what waits", "make_plan oversized"),
    "drain": _kind("node", "", "drain {node}", "make_plan"),
    "recommend": _kind("", "", "what do you recommend?", "cluster_overview find_tasks"),
    "overview": _kind("", "", "how full is the cluster, and what does it cost?", "cluster_overview"),
    "show_node": _kind("node", "", "show {node}", "node_details"),
    "show_task": _kind("thing", "", "show {task}", "task_details"),
    "show_workload": _kind("thing", "", "show {workload}", "find_workloads find_tasks"),
    "find_nodes": _kind("", "zone", "which nodes are the fullest?", "find_nodes"),
    "help": _kind("", "", "help", ""),
    "apply_plan": _kind("plan", "", "apply plan {plan}", "show_plan"),
    "rollback_plan": _kind("plan", "", "roll back plan {plan}", "show_plan"),
}
"""Every kind that is answered."""
