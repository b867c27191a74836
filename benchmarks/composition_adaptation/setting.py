"""The setting of the benchmark: chains, sizes, times, weights, and the changes that are replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.tasks import machines

CHAINS = tuple(
    parse_pipeline(text).stages[0].branches[0]
    for text in (
        "logistic",
        "naive-bayes",
        "tree-8",
        "boosting-20",
        "boosting-100",
        "forest-20",
        "standardise > logistic",
        "standardise > mlp-32",
        "standardise > mlp-256",
        "standardise > svc",
        "standardise > products > logistic",
        "select-6 > tree-8",
    )
)
LIMITS = Limits(stages=2, branches=2, gate_branches=1, transformations=2, thresholds=(0.6, 0.8, 0.95))
RATE = 200.0
WINDOW = 500
DELAY = 500
LEARNED, CHOSEN = 2000, 1000
"""Labelled requests after the alarm on which components are fitted anew, and on which candidates are measured."""
STREAM = 40_000
"""Requests after the change for which losses are counted."""
TRIAL_SECONDS = 5.0
BUDGET = 20
EARLIER = 60
"""Compositions that were measured before the change."""
JUDGED = 3000
SIMULATED = 2000
"""Requests of a simulated queue."""
TOLERANCE = 0.01
ACCURACY, LATENCY, COST = 1.0, 0.1, 0.1


@dataclass(frozen=True)
class Kind:
    """A change.

    Attributes:
        conditions: Conditions of readings after it.
        utilisation: Share of time for which the running composition would be busy under the new load; 0: same load.
        removed: Whether the model that the running composition uses most is removed.
        fee: Cost of a thousand requests that is added for that model, in the scale of costs.
        hidden: Chain that is not there before.
    """

    conditions: machines.Conditions = machines.USUAL
    utilisation: float = 0.0
    removed: bool = False
    fee: float = 0.0
    hidden: str = ""


KINDS: Mapping[str, Kind] = {
    "inputs shift": Kind(machines.Conditions(shift=1.0)),
    "law changes": Kind(machines.Conditions(change=1.0)),
    "sensor stuck": Kind(machines.Conditions(missing=("load_share",))),
    "load rises": Kind(utilisation=1.3),
    "model removed": Kind(removed=True),
    "model dearer": Kind(fee=5.0),
    "model appears": Kind(hidden="standardise > svc"),
}
