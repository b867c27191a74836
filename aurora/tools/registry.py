"""The table of all tools: name, arguments, function and effect.

A tool's module is loaded when the tool is first looked up, since simulations and forecasts are slow to import, and an
operator's first answer often needs neither.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from aurora.tools.desk import Desk

Effect = Literal["reads", "measures", "plans", "changes"]
"""Effect of a tool on the world, fixed in code: no model's claim counts. `plans` writes plans, which change nothing;
`measures` runs code for minutes and keeps what it measured, and changes nothing that serves."""


class Tool(NamedTuple):
    """A tool.

    Attributes:
        effect: `changes` if it changes anything beyond its conversation, `plans` if all that it writes is a plan,
            `measures` if it is what it measured.
        arguments: Type of its arguments.
        run: Function of the tool.
        leaves_draft: True: it leaves a draft for other tools, so it runs even where its result is recorded.
        digits: Significant digits of its numbers: few, since a model pays for each; a plan needs all.
    """

    effect: Effect
    arguments: type[BaseModel]
    run: Callable[[Desk, Any], BaseModel]
    leaves_draft: bool = False
    digits: int = 6

    @property
    def description(self) -> str:
        """Return the description for models: the docstring of its function."""
        return inspect.getdoc(self.run) or ""


class Row(NamedTuple):
    """Where a tool is.

    Attributes:
        effect: See `Tool`.
        module: Module of `aurora.tools`.
        arguments, run: Names there of the type of its arguments and of its function.
        leaves_draft, digits: See `Tool`.
    """

    effect: Effect
    module: str
    arguments: str
    run: str
    leaves_draft: bool = False
    digits: int = 6


class _Tools(Mapping[str, Tool]):
    """The tools of rows, each loaded when it is looked up."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> Tool:
        row = self._rows[name]
        module = import_module(f"aurora.tools.{row.module}")
        return Tool(row.effect, getattr(module, row.arguments), getattr(module, row.run), row.leaves_draft, row.digits)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows


ROWS: Mapping[str, Row] = {
    "simulate_policy": Row("reads", "simulation", "SimulateArguments", "simulate_policy"),
    "compare_policies": Row("reads", "simulation", "CompareArguments", "compare_policies"),
    "what_if": Row("reads", "simulation", "WhatIfArguments", "what_if"),
    "futures": Row("reads", "futures", "FuturesArguments", "futures"),
    "check_constraints": Row("reads", "simulation", "ConstraintArguments", "check_constraints"),
    "is_solvable": Row("reads", "simulation", "ScenarioArguments", "is_solvable", digits=15),
    "objective_bounds": Row("reads", "simulation", "ScenarioArguments", "objective_bounds"),
    "explain_decision": Row("reads", "simulation", "ExplainArguments", "explain_decision"),
    "similar_scenarios": Row("reads", "archive", "SimilarArguments", "similar_scenarios"),
    "similar_policies": Row("reads", "archive", "SimilarArguments", "similar_policies"),
    "top_policies": Row("reads", "archive", "TopArguments", "top_policies"),
    "policy_elo": Row("reads", "archive", "PolicyArguments", "policy_elo"),
    "show_policy": Row("reads", "archive", "PolicyArguments", "show_policy"),
    "feature_table": Row("reads", "language", "FeatureArguments", "feature_table"),
    "check_expression": Row("reads", "language", "ExpressionArguments", "check_expression"),
    "measured_series": Row("reads", "forecasting", "SeriesArguments", "measured_series", digits=4),
    "forecast": Row("reads", "forecasting", "ForecastArguments", "forecast", digits=4),
    "recommend": Row("reads", "recommendation", "RecommendArguments", "recommend"),
    "experiment": Row("reads", "recommendation", "ExperimentArguments", "experiment"),
    "draft_policy": Row("reads", "language", "DraftArguments", "draft_policy", leaves_draft=True),
    "cluster_overview": Row("reads", "cluster", "NoArguments", "cluster_overview"),
    "find_nodes": Row("reads", "cluster", "NodesArguments", "find_nodes"),
    "find_tasks": Row("reads", "cluster", "TasksArguments", "find_tasks"),
    "find_workloads": Row("reads", "cluster", "WorkloadsArguments", "find_workloads"),
    "node_details": Row("reads", "cluster", "NodeArguments", "node_details"),
    "task_details": Row("reads", "cluster", "TaskArguments", "task_details"),
    "why_task_waits": Row("reads", "cluster", "TaskArguments", "why_task_waits"),
    "why_not_on_node": Row("reads", "cluster", "WhyNotArguments", "why_not_on_node"),
    "why_task_is_here": Row("reads", "cluster_changes", "WhyHereArguments", "why_task_is_here"),
    "cluster_what_if": Row("reads", "cluster_changes", "ClusterWhatIfArguments", "cluster_what_if"),
    "rank_cluster_policies": Row("reads", "cluster_changes", "RankArguments", "rank_cluster_policies"),
    "rl_advice": Row("reads", "rl", "AdviceArguments", "rl_advice"),
    "oversized": Row("reads", "rightsizing", "OversizedArguments", "oversized", digits=4),
    "make_plan": Row("plans", "plans", "NewPlanArguments", "new_plan"),
    "edit_plan": Row("plans", "plan_edits", "EditPlanArguments", "edit_plan"),
    "show_plan": Row("reads", "plans", "PlanArguments", "show_plan"),
    "check_plan": Row("reads", "plans", "PlanArguments", "check_plan"),
    "list_plans": Row("reads", "plans", "NoPlanArguments", "list_plans"),
    "explain_plan": Row("reads", "plan_explanation", "ExplainPlanArguments", "explain_plan"),
    "apply_plan": Row("changes", "plan_changes", "ApplyArguments", "apply_plan"),
    "roll_back_plan": Row("changes", "plan_changes", "RollBackArguments", "roll_back_plan"),
    "compose_pipeline": Row("measures", "composition", "ComposeArguments", "compose_pipeline"),
    "profile": Row("measures", "composition", "ProfileArguments", "profile"),
    "pipeline_status": Row("reads", "composition", "StatusArguments", "pipeline_status"),
    "deploy": Row("changes", "composition", "DeployArguments", "deploy"),
    "train": Row("changes", "rl", "TrainArguments", "train", leaves_draft=True),
}
TOOLS: Mapping[str, Tool] = _Tools(ROWS)
