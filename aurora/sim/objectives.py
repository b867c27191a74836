"""The objectives of a scenario, in one table.

Scenario validation, rewards, the features `objective.*`, comparisons, explanations, tools, reports and the archive
read it. A new objective is a name in `ObjectiveName`, a row in `OBJECTIVES`, perhaps a target in `ObjectiveTargets`,
and its computation; CONTRIBUTING.md lists the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import Field

from aurora.types import Frozen, Positive

ObjectiveName = Literal["latency", "cost", "energy", "qos", "carbon"]
"""The names of the table's rows."""


class ObjectiveTargets(Frozen):
    """Values at which an objective scores one half (the proposal's constants by default)."""

    latency: Positive = Field(default=0.1, description="mean latency in seconds that scores one half")
    cost: Positive = Field(default=100.0, description="cost of all tasks in dollars that scores one half")
    energy: Positive = Field(default=1000.0, description="energy in joules that scores one half")
    carbon: Positive = Field(default=100.0, description="grams of CO2 that score one half")


class Objective(NamedTuple):
    """One row of the table: an amount that a policy keeps low.

    Attributes:
        name: As scenarios write it.
        field: Field of `Summary` with the amount.
        unit: Unit of the amount.
        meaning: The amount in a word, as in "weight of … among the objectives".
        brief: The amount in a few words, for those who set weights.
        noun: The amount in prose, as in "mean latency: 3 s".
        measure: Name of the amount among the measures of a simulation.
        compared: Column of the amount in comparisons of policies, and its key in `aurora compare --json`.
        target: Meaning of the target in features, for a task where amounts add up; empty without a target: the score
            is then the share of tasks that the amount leaves out.
        target_scale: Typical magnitude of that feature.
        adds_up: Whether the amount is a sum over tasks; otherwise it is a mean.
        fit: Feature that says what a candidate adds to the amount; empty if there is none.
        needs: Optional field of a node that at least one node must state for the amount to say anything; empty: none.
        bound: Field of `Bounds` with a lower bound of the amount; empty without one, 0 is then the bound.
        bound_meaning: Description of that bound, with its unit.
        substance: What the amount weighs, as tables write it after the unit; empty where the unit is clear.
    """

    name: ObjectiveName
    field: str
    unit: str
    meaning: str
    brief: str
    noun: str
    measure: str
    compared: str
    target: str = ""
    target_scale: float = 1.0
    adds_up: bool = True
    fit: str = ""
    needs: str = ""
    bound: str = ""
    bound_meaning: str = ""
    substance: str = ""

    @property
    def shown_unit(self) -> str:
        """The unit as tables show it, such as "g CO2"."""
        return f"{self.unit} {self.substance}".rstrip()

    def amount(self, summary: object) -> float:
        """Return the amount of an outcome, lower is better, from its `aurora.sim.outcome.Summary`."""
        value: float = getattr(summary, self.field)
        return value

    def least(self, bounds: object) -> float:
        """Return the lower bound of the amount from `aurora.sim.optimum.bounds.Bounds`; 0 without one."""
        value: float = getattr(bounds, self.bound) if self.bound else 0
        return value


OBJECTIVES: tuple[Objective, ...] = (
    Objective(
        "latency",
        field="latency_mean",
        unit="s",
        meaning="latency",
        brief="mean latency",
        noun="mean latency",
        measure="latency, mean",
        compared="latency",
        target="mean latency that scores one half",
        adds_up=False,
        fit="fit.latency",
        bound="latency",
        bound_meaning="mean, seconds",
    ),
    Objective(
        "cost",
        field="cost",
        unit="$",
        meaning="cost",
        brief="dollars",
        noun="cost",
        measure="cost, paid by tasks",
        compared="cost",
        target="cost a task that scores one half",
        fit="fit.cost",
        bound="cost",
        bound_meaning="dollars",
    ),
    Objective(
        "energy",
        field="energy",
        unit="J",
        meaning="energy",
        brief="joules",
        noun="energy",
        measure="energy",
        compared="energy",
        target="energy a task that scores one half",
        target_scale=10000,
        fit="fit.energy",
        bound="energy",
        bound_meaning="joules",
    ),
    Objective(
        "qos",
        field="sla_violations",
        unit="tasks",
        meaning="SLAs",
        brief="share of tasks within their SLA",
        noun="missed SLAs",
        measure="tasks late or not completed",
        compared="misses",
        bound="violations",
        bound_meaning="tasks beyond their SLA",
    ),
    Objective(
        "carbon",
        field="carbon",
        unit="g",
        meaning="CO2",
        brief="grams of CO2",
        noun="CO2",
        measure="carbon",
        compared="carbon",
        target="CO2 a task that scores one half",
        fit="fit.carbon",
        needs="carbon_intensity",
        bound="carbon",
        bound_meaning="grams of CO2; only where a node states a carbon intensity",
        substance="CO2",
    ),
)
"""In the order in which they are listed and in which their weights and targets are features."""

WITH_TARGET: tuple[Objective, ...] = tuple(o for o in OBJECTIVES if o.target)
"""Objectives that score 1 / (1 + amount / target)."""

SHARES: tuple[Objective, ...] = tuple(o for o in OBJECTIVES if not o.target)
"""Objectives that score the share of tasks which the amount leaves out."""

BY_NAME: Mapping[ObjectiveName, Objective] = {o.name: o for o in OBJECTIVES}

GENERAL: tuple[ObjectiveName, ...] = tuple(o.name for o in OBJECTIVES if not o.needs)
"""Objectives that say something of every scenario: what counts where a scenario names none, and in generated ones."""

OPTIONAL_FIELDS: tuple[str, ...] = tuple(dict.fromkeys(o.needs for o in OBJECTIVES if o.needs))
"""Fields of a node that some objective needs."""
