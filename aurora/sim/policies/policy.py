"""Policies: small programs in the expression language, or explicit plans.

The executable part of a policy determines which waiting task is next (`order`), on which candidates it may be placed
now (`admit`), and the score of each admitted candidate (`decision_rules`).
`docs/reference/kernel.md` gives the exact meaning, `docs/reference/policy-language.md` the language.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from aurora.errors import PolicyError
from aurora.reading import read_json
from aurora.sim.policies.inputs import parse_input
from aurora.sim.scenarios.scenario import Moment
from aurora.types import Frozen, Identifier, NonNegative, Positive
from aurora.validation import explain_validation

MAX_EXPRESSION_LENGTH = 4000
MAX_RULES = 16
MAX_INPUTS = 96
MAX_UNITS = 64
MAX_LAYERS = 3
"""Largest number of layers of a network: two hidden layers and the one that gives the score."""

Expression = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_EXPRESSION_LENGTH,
        description="expression of the policy language, such as '-(node.cpu_free - task.cpu)'",
    ),
]


class DecisionRule(Frozen):
    """The first rule whose `when` holds scores the candidates of a decision."""

    when: Expression = Field(
        default="1",
        description="expression over task.*, cluster.* and objective.* features; the rule holds where it is not zero",
    )
    score: Expression = Field(description="expression over all features; the candidate with the highest score wins")


Weight = Annotated[float, Field(ge=-1e6, le=1e6)]


class Layer(Frozen):
    """A layer of a network: weights times what comes in, plus a bias."""

    weights: tuple[Annotated[tuple[Weight, ...], Field(max_length=MAX_INPUTS)], ...] = Field(
        min_length=1, max_length=MAX_UNITS, description="a row of weights for every unit of the layer"
    )
    bias: tuple[Weight, ...] = Field(max_length=MAX_UNITS, description="a bias for every unit of the layer")


class Network(Frozen):
    """A trained network that scores candidates one by one, all with the same weights.

    An input is a feature, squashed (`aurora.sim.policies.features.squash`) after it is divided by its scale; so a
    network sees what an environment shows. The last layer has one unit and no activation: the score.
    """

    inputs: tuple[str, ...] = Field(
        min_length=1,
        max_length=MAX_INPUTS,
        description="features, or ratios of them like 'objective.cost * fit.cost / objective.cost_target'",
    )
    scale: tuple[Positive, ...] = Field(description="typical magnitude of every input, by which the input is divided")
    activation: Literal["relu", "tanh"] = Field(default="relu", description="activation of the hidden layers")
    layers: tuple[Layer, ...] = Field(
        min_length=1, max_length=MAX_LAYERS, description="the layers, the last of one unit: the score"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.scale) != len(self.inputs):
            raise ValueError(f"{len(self.scale)} scales for {len(self.inputs)} inputs")
        try:
            varies = [parse_input(text).varies for text in self.inputs]
        except PolicyError as error:
            raise ValueError(str(error)) from None
        if not any(varies):
            raise ValueError("no input differs between candidates; name one of node, fit or path")
        if len(set(self.inputs)) < len(self.inputs):
            raise ValueError("an input is named twice")
        sizes = [len(self.inputs), *(len(layer.weights) for layer in self.layers)]
        for number, ((size, units), layer) in enumerate(zip(pairwise(sizes), self.layers, strict=True)):
            if {len(row) for row in layer.weights} != {size} or len(layer.bias) != units:
                raise ValueError(f"layers.{number}: {units} units need {size} weights each and {units} biases")
        if sizes[-1] != 1:
            raise ValueError(f"the last layer has {sizes[-1]} units; the score is one")
        return self


class AllocationStrategy(Frozen):
    """The executable part of a policy: rules that score candidates, or a network that does."""

    algorithm_type: Literal["greedy", "bin_packing", "load_balancing", "custom"] = Field(
        default="custom", description="kind of algorithm, for people"
    )
    order: Expression = Field(
        default="task.submit_time",
        description="expression over task.*, cluster.* and objective.* features; the waiting task with the LOWEST "
        "value is placed next, ties to the task listed first",
    )
    admit: Expression = Field(
        default="1",
        description="expression over all features; a candidate for which it is zero is not used now, and where none is "
        "left the task is held",
    )
    decision_rules: tuple[DecisionRule, ...] = Field(
        default=(),
        max_length=MAX_RULES,
        description="rules that score the candidates; at least one, unless there is a network",
    )
    network: Network | None = Field(
        default=None, description="trained network that scores instead of rules; null: rules do"
    )
    head_of_line_blocking: bool = Field(
        default=False,
        description="true: the task picked by `order` waits at the head until it fits, and is not chosen again; "
        "false: whatever fits is placed",
    )
    backfill: Literal["none", "easy"] = Field(
        default="none",
        description="easy: other tasks may overtake a blocked head if they don't delay it; none: nobody may",
    )
    device_choice: Literal["best_fit", "worst_fit", "least_fragmentation", "random"] = Field(
        default="best_fit", description="which device of its node a task takes that needs a share of one"
    )
    pseudocode: str = Field(default="", max_length=8000, description="what it does, for people; never executed")

    @model_validator(mode="after")
    def _scores_somehow(self) -> Self:
        if bool(self.decision_rules) == (self.network is not None):
            raise ValueError("give at least one of decision_rules, or a network, and not both")
        return self


class PlannedTask(Frozen):
    """One line of an explicit allocation plan."""

    task_id: Identifier = Field(description="the task that is placed")
    node_id: Identifier | None = Field(default=None, description="the node that it takes; null only for a flow")
    path: tuple[Identifier, ...] = Field(
        default=(), description="ids of the links that it takes, in order; empty: the shortest path"
    )
    start: Moment = Field(
        description="seconds from the start of the scenario; not before its arrival and its dependencies"
    )


class ExpectedPerformance(Frozen):
    """The author's expectations of a policy; compared with outcomes, never trusted."""

    latency: NonNegative | None = Field(default=None, description="mean latency that is expected, seconds")
    cost: NonNegative | None = Field(default=None, description="cost that is expected, dollars")
    energy: NonNegative | None = Field(default=None, description="energy that is expected, joules")
    sla_violation_share: NonNegative | None = Field(
        default=None, description="share of tasks late or not completed that is expected, 0 to 1"
    )


class Policy(Frozen):
    """A policy: the unit that is evolved, rated, stored, exported and approved."""

    policy_id: Identifier = Field(description="name of the policy")
    policy_description: str = Field(default="", max_length=4000, description="description for people")
    allocation_strategy: AllocationStrategy = Field(description="the executed part: order, admission and scores")
    allocation_plan: tuple[PlannedTask, ...] | None = Field(
        default=None, description="explicit placements for one scenario, which override the strategy; null: none"
    )
    expected_performance: ExpectedPerformance | None = Field(
        default=None, description="its author's expectations; compared with outcomes, never trusted"
    )


def parse_policy(data: object, *, where: str = "policy") -> Policy:
    """Validate `data` (parsed JSON) as a policy, its expressions not yet compiled.

    Raises:
        PolicyError: Names the first fields at fault and what each should be.
    """
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise PolicyError(f"{where}: {explain_validation(error)}") from None


def read_policy(path: Path) -> Policy:
    """Read a policy from a JSON file, as `aurora policies export` writes it.

    Raises:
        PolicyError: The file is absent, not JSON, or not a valid policy.
    """
    return parse_policy(read_json(path, error=PolicyError), where=str(path))
