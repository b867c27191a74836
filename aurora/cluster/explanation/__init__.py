"""Explanations of whole plans: typed claims, each recomputed before it is put into words."""

from aurora.cluster.explanation.explain import PlanExplanation, explain, explain_from_folder

__all__ = ["PlanExplanation", "explain", "explain_from_folder"]
