"""Titles of the tools in plain words, as pages and other programs show them to people."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "simulate_policy": "Simulate a policy",
    "compare_policies": "Compare policies",
    "what_if": "Simulate what would happen",
    "futures": "Simulate possible futures",
    "check_constraints": "Check constraints",
    "is_solvable": "Check whether a scenario can be solved",
    "objective_bounds": "Bounds of the objectives",
    "explain_decision": "Explain a decision",
    "similar_scenarios": "Similar scenarios of the archive",
    "similar_policies": "Similar policies of the archive",
    "top_policies": "Best policies of the archive",
    "policy_elo": "Rating of a policy",
    "show_policy": "Show a policy",
    "feature_table": "Features of the policy language",
    "check_expression": "Check an expression",
    "measured_series": "Measured use over time",
    "forecast": "Forecast demand",
    "recommend": "Recommend purchases",
    "experiment": "Result of an experiment",
    "draft_policy": "Draft a policy",
    "cluster_overview": "Overview of the cluster",
    "find_nodes": "Find nodes",
    "find_tasks": "Find tasks",
    "find_workloads": "Find workloads",
    "node_details": "Details of a node",
    "task_details": "Details of a task",
    "why_task_waits": "Why a task waits",
    "why_not_on_node": "Why a task is not on a node",
    "why_task_is_here": "Why a task is on its node",
    "cluster_what_if": "Simulate a change of the cluster",
    "rank_cluster_policies": "Rank policies on this cluster",
    "rl_advice": "Advice of a trained policy",
    "oversized": "Find workloads that ask for too much",
    "make_plan": "Make a plan",
    "edit_plan": "Edit a plan",
    "show_plan": "Show a plan",
    "check_plan": "Check a plan",
    "list_plans": "List plans",
    "explain_plan": "Explain a plan",
    "apply_plan": "Apply a plan",
    "roll_back_plan": "Undo a plan",
    "compose_pipeline": "Check and score a pipeline",
    "profile": "Measure a chain of components",
    "pipeline_status": "State of deployed pipelines",
    "deploy": "Deploy a pipeline",
    "train": "Train a policy",
    "evidence": "Read more of an earlier result",
}
"""Tool -> title; `evidence` is the harness's own."""


def title_of(tool: str) -> str:
    """Return the title of a tool; of an unknown one, its name.

    >>> title_of("why_task_waits")
    'Why a task waits'
    """
    return TITLES.get(tool, tool)
