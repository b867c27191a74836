"""The table of all tools: name, arguments, function and effect."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from aurora.tools import (
    archive,
    cluster,
    cluster_changes,
    forecasting,
    futures,
    language,
    plan_changes,
    recommendation,
    rl,
    simulation,
)
from aurora.tools.desk import Desk

Effect = Literal["reads", "plans", "changes"]
"""Effect of a tool on the world, fixed in code: no model's claim counts. `plans` writes plans, which change nothing."""


class Tool(NamedTuple):
    """A tool.

    Attributes:
        effect: `changes` if it changes anything beyond its conversation, `plans` if all that it writes is a plan.
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


TOOLS: Mapping[str, Tool] = {
    "simulate_policy": Tool("reads", simulation.SimulateArguments, simulation.simulate_policy),
    "compare_policies": Tool("reads", simulation.CompareArguments, simulation.compare_policies),
    "what_if": Tool("reads", simulation.WhatIfArguments, simulation.what_if),
    "futures": Tool("reads", futures.FuturesArguments, futures.futures),
    "check_constraints": Tool("reads", simulation.ConstraintArguments, simulation.check_constraints),
    "is_solvable": Tool("reads", simulation.ScenarioArguments, simulation.is_solvable, digits=15),
    "objective_bounds": Tool("reads", simulation.ScenarioArguments, simulation.objective_bounds),
    "explain_decision": Tool("reads", simulation.ExplainArguments, simulation.explain_decision),
    "similar_scenarios": Tool("reads", archive.SimilarArguments, archive.similar_scenarios),
    "similar_policies": Tool("reads", archive.SimilarArguments, archive.similar_policies),
    "top_policies": Tool("reads", archive.TopArguments, archive.top_policies),
    "policy_elo": Tool("reads", archive.PolicyArguments, archive.policy_elo),
    "show_policy": Tool("reads", archive.PolicyArguments, archive.show_policy),
    "feature_table": Tool("reads", language.FeatureArguments, language.feature_table),
    "check_expression": Tool("reads", language.ExpressionArguments, language.check_expression),
    "measured_series": Tool("reads", forecasting.SeriesArguments, forecasting.measured_series, digits=4),
    "forecast": Tool("reads", forecasting.ForecastArguments, forecasting.forecast, digits=4),
    "recommend": Tool("reads", recommendation.RecommendArguments, recommendation.recommend),
    "experiment": Tool("reads", recommendation.ExperimentArguments, recommendation.experiment),
    "draft_policy": Tool("reads", language.DraftArguments, language.draft_policy, leaves_draft=True),
    "cluster_overview": Tool("reads", cluster.NoArguments, cluster.cluster_overview),
    "find_nodes": Tool("reads", cluster.NodesArguments, cluster.find_nodes),
    "find_tasks": Tool("reads", cluster.TasksArguments, cluster.find_tasks),
    "find_workloads": Tool("reads", cluster.WorkloadsArguments, cluster.find_workloads),
    "node_details": Tool("reads", cluster.NodeArguments, cluster.node_details),
    "task_details": Tool("reads", cluster.TaskArguments, cluster.task_details),
    "why_task_waits": Tool("reads", cluster.TaskArguments, cluster.why_task_waits),
    "why_not_on_node": Tool("reads", cluster.WhyNotArguments, cluster.why_not_on_node),
    "why_task_is_here": Tool("reads", cluster_changes.WhyHereArguments, cluster_changes.why_task_is_here),
    "cluster_what_if": Tool("reads", cluster_changes.ClusterWhatIfArguments, cluster_changes.cluster_what_if),
    "rank_cluster_policies": Tool("reads", cluster_changes.RankArguments, cluster_changes.rank_cluster_policies),
    "rl_advice": Tool("reads", rl.AdviceArguments, rl.rl_advice),
    "apply_plan": Tool("changes", plan_changes.ApplyArguments, plan_changes.apply_plan),
    "roll_back_plan": Tool("changes", plan_changes.RollBackArguments, plan_changes.roll_back_plan),
    "train": Tool("changes", rl.TrainArguments, rl.train, leaves_draft=True),
}
