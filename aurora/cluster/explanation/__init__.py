"""Explanations of whole plans: typed claims, each recomputed before it is put into words."""

from aurora.cluster.explanation.explain import PlanExplanation, explain

__all__ = ["PlanExplanation", "explain"]
