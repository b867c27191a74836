"""Sizes requests and limits of containers from measured use, by AURORA's strategy or by published rules.

May import `aurora.learning.series` and what is below it; knows nothing of clusters, accounts or catalogues.
"""

from aurora.learning.rightsizing.containers.advice import (
    CalibrationSummary,
    ContainerAdvice,
    ContainerReport,
    Prices,
    ResourceAdvice,
)
from aurora.learning.rightsizing.containers.advise import advise
from aurora.learning.rightsizing.containers.samples import made_up_containers
from aurora.learning.rightsizing.containers.strategies import CPU_RISK, MEMORY_RISK, STRATEGIES, Rule, Strategy
from aurora.learning.rightsizing.containers.use import Autoscaler, ContainerUse, OomEvent, Size

__all__ = [
    "CPU_RISK",
    "MEMORY_RISK",
    "STRATEGIES",
    "Autoscaler",
    "CalibrationSummary",
    "ContainerAdvice",
    "ContainerReport",
    "ContainerUse",
    "OomEvent",
    "Prices",
    "ResourceAdvice",
    "Rule",
    "Size",
    "Strategy",
    "advise",
    "made_up_containers",
]
