"""What a policy is: a small program in the expression language, or an explicit plan.

The executable part of a policy says which waiting task is next (`order`), on which candidates it
may be placed now (`admit`), and how good each admitted candidate is (`decision_rules`).
`docs/kernel.md` gives the exact meaning, `docs/policy-language.md` the language.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from aurora.errors import PolicyError
from aurora.sim.scenario import Frozen, Identifier, NonNegative, explain_validation

MAX_EXPRESSION_LENGTH = 4000
MAX_RULES = 16

Expression = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_EXPRESSION_LENGTH,
        description="an expression of the policy language, e.g. '-(node.cpu_free - task.cpu)'",
    ),
]


class DecisionRule(Frozen):
    """The first rule whose `when` holds scores the candidates of a decision."""

    when: Expression = Field(default="1", description="over task.* and cluster.* features only; holds when not zero")
    score: Expression = Field(description="over all features; the highest score wins")


class AllocationStrategy(Frozen):
    """The executable part of a policy."""

    algorithm_type: Literal["greedy", "bin_packing", "load_balancing", "custom"] = "custom"
    order: Expression = Field(
        default="task.submit_time",
        description="over task.* and cluster.* features; the LOWEST value is placed next, "
        "ties to the task listed first",
    )
    admit: Expression = Field(
        default="1",
        description="over all features; a candidate for which it is zero is not used now; "
        "where none is left the task is held",
    )
    decision_rules: tuple[DecisionRule, ...] = Field(min_length=1, max_length=MAX_RULES)
    head_of_line_blocking: bool = Field(
        default=False,
        description="true: the task picked by `order` waits at the head until it fits, and is not "
        "chosen again; false: whatever fits is placed",
    )
    backfill: Literal["none", "easy"] = Field(
        default="none", description="easy: others may overtake a blocked head if they don't delay it"
    )
    device_choice: Literal["best_fit", "worst_fit", "least_fragmentation", "random"] = Field(
        default="best_fit", description="which device of the node a fractional task takes"
    )
    pseudocode: str = Field(default="", max_length=8000, description="for people; never executed")


class PlannedTask(Frozen):
    """One line of an explicit allocation plan."""

    task_id: Identifier
    node_id: Identifier | None = Field(default=None, description="None only for a flow")
    path: tuple[Identifier, ...] = Field(default=(), description="link ids in order; empty: the shortest path")
    start: NonNegative = Field(description="seconds; not before arrival and dependencies")


class ExpectedPerformance(Frozen):
    """What the author of a policy expects of it; compared with outcomes, never trusted."""

    latency: NonNegative | None = Field(default=None, description="average, seconds")
    cost: NonNegative | None = Field(default=None, description="dollars")
    energy: NonNegative | None = Field(default=None, description="joules")
    sla_violation_share: NonNegative | None = Field(default=None, description="0 to 1")


class Policy(Frozen):
    """A policy: the unit that is evolved, rated, stored, exported and approved."""

    policy_id: Identifier
    policy_description: str = Field(default="", max_length=4000)
    allocation_strategy: AllocationStrategy
    allocation_plan: tuple[PlannedTask, ...] | None = Field(
        default=None, description="explicit placements for one scenario; overrides the strategy"
    )
    expected_performance: ExpectedPerformance | None = None


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
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"can't read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{path} is not JSON: {error}") from None
    return parse_policy(data, where=str(path))
