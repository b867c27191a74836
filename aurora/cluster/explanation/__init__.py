"""Explanations of whole plans: typed claims, each recomputed before it is put into words."""

from aurora.cluster.explanation.explain import PlanExplanation, explain, explain_from_folder, why_not_from_folder
from aurora.cluster.explanation.why_not import NodeContrast, why_not_chosen

__all__ = [
    "NodeContrast",
    "PlanExplanation",
    "explain",
    "explain_from_folder",
    "why_not_chosen",
    "why_not_from_folder",
]
