"""Tools for writing policies: the table of features, the check of an expression, and drafts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aurora.errors import PolicyError
from aurora.sim.policies.compiler import policy_key
from aurora.sim.policies.expression import ALL_SCOPES, DECISION_SCOPES, count_nodes, parse, to_text
from aurora.sim.policies.features import GENERAL_FEATURES
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Expression, Policy
from aurora.tools.desk import Desk
from aurora.types import Frozen

DRAFT = "draft-"
"""Prefix of the ids of drafts."""


class FeatureArguments(Frozen):
    """Scope of the features to list."""

    scope: Literal["task", "node", "fit", "path", "cluster", "objective", "all"] = Field(description="of the features")


class FeatureRow(Frozen):
    """A feature."""

    name: str
    unit: str
    meaning: str


class FeatureList(Frozen):
    """Features of a scope."""

    features: tuple[FeatureRow, ...]


def feature_table(desk: Desk, arguments: FeatureArguments) -> FeatureList:
    """The features that expressions may read, with units and meanings."""
    wanted = (f for f in GENERAL_FEATURES if arguments.scope in ("all", f.scope))
    return FeatureList(features=tuple(FeatureRow(name=f.name, unit=f.unit, meaning=f.meaning) for f in wanted))


class ExpressionArguments(Frozen):
    """An expression to check."""

    expression: str = Field(max_length=4000, description="in the policy language")
    place: Literal["order", "admit", "when", "score"] = Field(description="where it shall stand")


class CheckedExpression(Frozen):
    """Result of checking an expression."""

    is_valid: bool
    message: str = Field(description="fault and its place; empty if valid")
    normal_form: str = Field(description="as AURORA writes it")
    nodes: int = Field(description="operations, names and numbers; at most 200")


def check_expression(desk: Desk, arguments: ExpressionArguments) -> CheckedExpression:
    """Whether an expression of the policy language is valid in its place, and what is wrong if not."""
    scopes = DECISION_SCOPES if arguments.place in ("order", "when") else ALL_SCOPES
    try:
        tree = parse(arguments.expression, scopes=scopes)
    except PolicyError as error:
        return CheckedExpression(is_valid=False, message=str(error), normal_form="", nodes=0)
    return CheckedExpression(is_valid=True, message="", normal_form=to_text(tree), nodes=count_nodes(tree))


class DraftRule(Frozen):
    """A rule that comes before the general score."""

    when: Expression = Field(description="over task, cluster and objective features")
    score: Expression = Field(description="used where `when` is not 0")


class DraftArguments(Frozen):
    """A policy to try."""

    score: Expression = Field(description="the candidate with the highest value wins")
    rules: tuple[DraftRule, ...] = Field(default=(), max_length=3, description="tried in order, before `score`")
    order: Expression = Field(default="task.submit_time", description="the LOWEST value goes first")
    admit: Expression = Field(default="1", description="candidates for which it is 0 are not used now")
    head_of_line_blocking: bool = Field(default=False, description="whether the first waits at the head until it fits")
    backfill: Literal["none", "easy"] = Field(default="none", description="easy: others may overtake a blocked head")
    device_choice: Literal["best_fit", "worst_fit", "least_fragmentation", "random"] = Field(
        default="best_fit", description="which device of a node a fractional task takes"
    )


def _check_places(arguments: DraftArguments) -> None:
    """Raise a `PolicyError` that names every invalid expression as its author named it."""
    placed = [
        ("order", arguments.order, DECISION_SCOPES),
        ("admit", arguments.admit, ALL_SCOPES),
        *((f"rules.{i}.when", rule.when, DECISION_SCOPES) for i, rule in enumerate(arguments.rules)),
        *((f"rules.{i}.score", rule.score, ALL_SCOPES) for i, rule in enumerate(arguments.rules)),
        ("score", arguments.score, ALL_SCOPES),
    ]
    problems = []
    for field, text, scopes in placed:
        try:
            parse(text, scopes=scopes)
        except PolicyError as error:
            problems.append(f"{field}: {error}")
    if problems:
        raise PolicyError("; ".join(problems))


class Drafted(Frozen):
    """A draft that other tools know by its id, and what it achieves."""

    policy_id: str
    values: dict[str, float] = Field(description="on each open scenario, higher is better")
    mean: float


def draft_policy(desk: Desk, arguments: DraftArguments) -> Drafted:
    """Note a policy as a draft, with its value on every open scenario; other tools then know it by its id."""
    _check_places(arguments)
    strategy = AllocationStrategy(
        order=arguments.order,
        admit=arguments.admit,
        decision_rules=(
            *(DecisionRule(when=r.when, score=r.score) for r in arguments.rules),
            DecisionRule(score=arguments.score),
        ),
        device_choice=arguments.device_choice,
        head_of_line_blocking=arguments.head_of_line_blocking,
        backfill=arguments.backfill,
    )
    policy = Policy(policy_id="draft", allocation_strategy=strategy)
    named = policy.model_copy(update={"policy_id": DRAFT + policy_key(policy)})
    desk.draft(named)
    values = {s: desk.worth(s, named.policy_id) for s in desk.scenario_ids}
    return Drafted(policy_id=named.policy_id, values=values, mean=sum(values.values()) / max(1, len(values)))
