"""A valid call of every tool on the sample web-shop."""

from typing import Any

TASK, NODE, SERIES = "batch/train-ranking-2962b", "node-a1", "shop/Deployment/web/cpu"
MAKE = {"goal": "drain", "node_ids": ["node-a2"]}


def calls_of_reading(plan_id: str, result_id: str) -> dict[str, dict[str, Any]]:
    """Return the arguments of a valid call of each tool that reads.

    Args:
        plan_id: A plan of the folder.
        result_id: A result that was cut.
    """
    return {
        "futures": {"series_ids": [SERIES], "horizon": 3, "futures": 20},
        "measured_series": {},
        "forecast": {"unique_id": SERIES, "horizon": 2},
        "cluster_overview": {},
        "find_nodes": {},
        "find_tasks": {},
        "find_workloads": {},
        "node_details": {"node_id": NODE},
        "task_details": {"task_id": TASK},
        "why_task_waits": {"task_id": TASK},
        "why_not_on_node": {"task_id": TASK, "node_id": NODE},
        "why_task_is_here": {"task_id": "kube-system/network-agent-70578"},
        "cluster_what_if": {"changes": [{"kind": "node_fails", "node_id": NODE}]},
        "rank_cluster_policies": {"policy_ids": ["least_allocated", "cheapest"]},
        "oversized": {},
        "show_plan": {"plan_id": plan_id},
        "check_plan": {"plan_id": plan_id},
        "list_plans": {},
        "explain_plan": {"plan_id": plan_id},
        "more": {"id": result_id, "offset": 4000},
        "refresh_cluster": {},
    }
