"""Schemas of models' answers, and their conversion to scenarios and policies.

Every field is required and described, sizes are bounded, and nothing is recursive, which all providers accept. The
rules of the resulting types (`ScenarioSpec`, `Policy`) hold as well.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, create_model, model_validator
from pydantic.json_schema import SkipJsonSchema

from aurora.agents.roles.grammar import policy_grammar
from aurora.errors import PolicyError, ScenarioError
from aurora.sim.objectives import BY_NAME, GENERAL
from aurora.sim.policies.compiler import policy_key
from aurora.sim.policies.expression import ALL_SCOPES, DECISION_SCOPES, parse
from aurora.sim.policies.features import Scope
from aurora.sim.policies.policy import (
    MAX_EXPRESSION_LENGTH,
    AllocationStrategy,
    DecisionRule,
    Policy,
    parse_policy,
)
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.scenario import Domain, WorkloadPattern
from aurora.sim.scenarios.spec import ScenarioSpec, parse_spec
from aurora.types import Frozen
from aurora.validation import explain_validation

Amount = Annotated[float, Field(gt=0, le=1e9)]
Amount0 = Annotated[float, Field(ge=0, le=1e9)]
MODEL_FAMILY = "model"
"""Family of the scenarios that models write."""
SCHEMAS_KEPT = 64
"""Schemas of explanations that are kept; nearly every explanation has its own."""
SIZE_TOLERANCE = 0.5
"""Largest relative deviation of a scenario's tasks and nodes from the numbers of its level."""


class RangeAnswer(Frozen):
    """Values drawn log-uniformly from low to low * spread."""

    low: Amount = Field(description="smallest value")
    spread: float = Field(ge=1, le=1000, description="largest value over smallest; 1: all are alike")


class GroupAnswer(Frozen):
    """Tasks of one kind."""

    count: int = Field(ge=1, le=1000, description="tasks of this kind")
    pattern: WorkloadPattern = Field(
        description="arrivals: bursty at a few instants, periodic evenly, sporadic at random"
    )
    bursts: int = Field(ge=1, le=50, description="instants of arrival of a bursty group; 1 otherwise")
    cpu: RangeAnswer | None = Field(description="cores a task; null for flows")
    memory: RangeAnswer | None = Field(description="GiB a task; null for none")
    duration: RangeAnswer = Field(description="seconds on a node of speed 1")
    priorities: list[Annotated[int, Field(ge=1, le=5)]] = Field(
        min_length=1, max_length=5, description="drawn from these; 5 is most urgent"
    )
    sla_latency_ms: RangeAnswer | None = Field(description="latest latency (waiting and network), ms; null for none")
    accelerators: int = Field(ge=0, le=8, description="devices a task")
    accelerator_share: float = Field(ge=0.05, le=1, description="share of a device; below 1 only with 1 accelerator")
    bandwidth: RangeAnswer | None = Field(description="Gbit/s held on each link of the path; null for none")
    data_size: RangeAnswer | None = Field(description="GiB moved before the task can answer; null for none")
    has_source: bool = Field(description="whether each task has a site its user or data is at; needs a topology")
    is_flow: bool = Field(description="whether it only uses bandwidth between two sites; then cpu and memory are null")
    dependency: Literal["none", "chain", "fork_join"] = Field(description="how tasks wait for each other")
    width: int = Field(ge=2, le=16, description="tasks of a chain or fork; 2 where there is none")


class NodeClassAnswer(Frozen):
    """Nodes of one kind."""

    count: int = Field(ge=1, le=1000, description="nodes of this kind")
    cpu: Amount = Field(description="cores")
    memory: Amount0 = Field(description="GiB")
    accelerators: int = Field(ge=0, le=8, description="devices")
    speed: float = Field(ge=0.1, le=10, description="1: tasks take their duration; 2: half of it")
    price_per_hour: Amount0 = Field(description="dollars for the whole node")
    idle_power: Amount0 = Field(description="watts while it hosts a task")
    load_power: Amount0 = Field(description="watts that full load adds")
    battery: Amount | None = Field(description="joules; null on mains")
    site: Literal["none", "core", "spread"] = Field(description="no site, all at the first, or spread over all")


class TopologyAnswer(Frozen):
    """Sites and the links between them."""

    kind: Literal["none", "star", "ring", "random"] = Field(description="shape; none: no network")
    sites: int = Field(ge=2, le=50, description="of no account where kind is none")
    bandwidth: RangeAnswer = Field(description="Gbit/s of a link")
    latency_ms: RangeAnswer = Field(description="of a link")


class TroubleAnswer(Frozen):
    """What goes wrong within the horizon."""

    node_failures: int = Field(ge=0, le=50, description="nodes that fail for a while")
    congestions: int = Field(ge=0, le=50, description="times that links slow down")
    price_changes: int = Field(ge=0, le=50, description="times that all prices change")


if TYPE_CHECKING:
    WeightsAnswer = Frozen
else:
    WeightsAnswer = create_model(
        "WeightsAnswer",
        __base__=Frozen,
        __doc__="What matters; only the proportions count.",
        **{name: (float, Field(ge=0, le=1, description=BY_NAME[name].brief)) for name in GENERAL},
    )


class ScenarioAnswer(Frozen):
    """A scenario as a short description that is expanded into tasks and nodes."""

    rationale: str = Field(max_length=600, description="why allocation policies should find this hard")
    domain: Domain = Field(description="cloud: nodes; network: flows; edge: nodes at sites; hybrid: mixed")
    time_horizon: float = Field(ge=1, le=1e6, description="seconds within which tasks arrive")
    groups: list[GroupAnswer] = Field(min_length=1, max_length=6, description="the tasks")
    node_classes: list[NodeClassAnswer] = Field(max_length=6, description="the nodes; empty only if all are flows")
    topology: TopologyAnswer = Field(description="the network")
    trouble: TroubleAnswer = Field(description="what goes wrong")
    objective_weights: WeightsAnswer = Field(description="what matters")


class ScenariosAnswer(Frozen):
    """The scenarios that were asked for."""

    scenarios: list[ScenarioAnswer] = Field(min_length=1, max_length=5, description="as different as they can be")


def _parsed(scopes: frozenset[Scope]) -> Callable[[str], str]:
    """Return a validator of expressions that read features of these scopes."""

    def accept(text: str) -> str:
        try:
            parse(text, scopes=scopes)
        except PolicyError as error:
            raise ValueError(str(error)) from None
        return text

    return accept


_Text = Annotated[str, Field(min_length=1, max_length=MAX_EXPRESSION_LENGTH)]
OfDecision = Annotated[_Text, AfterValidator(_parsed(DECISION_SCOPES))]
"""Expression without features of a candidate."""
OfCandidate = Annotated[_Text, AfterValidator(_parsed(ALL_SCOPES))]
"""Expression over all features."""


class RuleAnswer(Frozen):
    """A rule of a policy."""

    when: OfDecision = Field(description="expression over task, cluster and objective; 1: always")
    score: OfCandidate = Field(description="expression; the candidate with the highest value wins")


class ProgramAnswer(Frozen):
    """An allocation policy: expressions in the policy language."""

    description: str = Field(max_length=600, description="the idea, for people")
    order: OfDecision = Field(description="expression over task, cluster, objective; LOWEST value goes first")
    admit: OfCandidate = Field(description="expression; candidates for which it is 0 are not used now; 1: all are")
    rules: list[RuleAnswer] = Field(min_length=1, max_length=4, description="the first whose `when` is not 0 scores")
    head_of_line_blocking: bool = Field(description="whether the first task waits at the head until it fits")
    backfill: Literal["none", "easy"] = Field(description="easy: others may overtake a blocked head")
    device_choice: Literal["best_fit", "worst_fit", "least_fragmentation", "random"] = Field(
        description="which device of a node a fractional task takes"
    )


class InvalidPolicy(Frozen):
    """An invalid policy of an answer, with the reason; the answer's other policies are kept."""

    reason: str


def _or_reason(value: Any) -> ProgramAnswer | InvalidPolicy:
    """Validate a policy; return it, or an `InvalidPolicy` with the reason."""
    try:
        return ProgramAnswer.model_validate(value)
    except ValidationError as error:
        return InvalidPolicy(reason=explain_validation(error))


class PolicyAnswer(ProgramAnswer):
    """An allocation policy, and others where several were asked for."""

    grammar: ClassVar[Callable[[], str]] = policy_grammar
    """Grammar that constrains a local model: it describes an expression more closely than a schema can."""
    alternatives: list[Annotated[ProgramAnswer | SkipJsonSchema[InvalidPolicy], BeforeValidator(_or_reason)]] = Field(
        default=[], max_length=2, description="the other policies that were asked for; empty if only one was"
    )

    @property
    def programs(self) -> tuple[ProgramAnswer | InvalidPolicy, ...]:
        """Return the policy and its alternatives in the order in which they were written."""
        return (self, *self.alternatives)


def to_policy(answer: ProgramAnswer) -> Policy:
    """Convert an answer to a policy whose name is a hash of its behaviour.

    Raises:
        PolicyError: The policy breaks a rule of policies.
    """
    strategy = AllocationStrategy(
        order=answer.order,
        admit=answer.admit,
        decision_rules=tuple(DecisionRule(when=r.when, score=r.score) for r in answer.rules),
        head_of_line_blocking=answer.head_of_line_blocking,
        backfill=answer.backfill,
        device_choice=answer.device_choice,
    )
    policy = Policy(policy_id="answer", policy_description=answer.description, allocation_strategy=strategy)
    return parse_policy(policy.model_copy(update={"policy_id": policy_key(policy)}).model_dump(mode="json"))


def sizes(target: int) -> tuple[int, int]:
    """Return the fewest and most tasks or nodes of a scenario, from the number of its level."""
    return max(1, math.floor(target * (1 - SIZE_TOLERANCE))), math.ceil(target * (1 + SIZE_TOLERANCE))


def to_spec(answer: ScenarioAnswer, level: int, seed: int) -> ScenarioSpec:
    """Convert an answer to a scenario spec whose name is a hash of its content.

    Args:
        answer: Valid answer.
        level: Level of the curriculum.
        seed: Random seed of the expansion.

    Raises:
        ScenarioError: The spec breaks a rule of specs, or its size does not suit the level.
    """
    wanted = LEVELS[level - 1]
    tasks, nodes = sum(g.count for g in answer.groups), sum(c.count for c in answer.node_classes)
    for unit, count, target in (("tasks", tasks, wanted.tasks), ("nodes", nodes, wanted.nodes)):
        if unit == "nodes" and not answer.node_classes:
            continue  # a network of flows only
        low, high = sizes(target)
        if not low <= count <= high:
            raise ScenarioError(f"{count} {unit} in all, but level {level} asks for {low} to {high}")
    data = _with_ranges(answer.model_dump(mode="json"))
    for node_class in data["node_classes"]:
        node_class["full_power"] = node_class["idle_power"] + node_class.pop("load_power")
    if data["topology"]["kind"] == "none":
        data["topology"] = {"kind": "none"}
    digest = hashlib.sha256(json.dumps([data, level, seed], sort_keys=True).encode()).hexdigest()[:12]
    named = {"spec_id": f"model-{digest}", "family": MODEL_FAMILY, "level": level, "seed": seed}
    return parse_spec({**named, **data}, where="scenario")


def _with_ranges(value: Any) -> Any:
    """Rewrite ranges by their ends, as specs have them."""
    if isinstance(value, dict):
        if set(value) == {"low", "spread"}:
            return {"low": value["low"], "high": value["low"] * value["spread"]}
        return {k: _with_ranges(v) for k, v in value.items()}
    return [_with_ranges(v) for v in value] if isinstance(value, list) else value


Link = Literal["none", "because", "also", "but"]


class SentenceAnswer(Frozen):
    """A sentence, chosen and not written."""

    facts: list[Annotated[str, Field(pattern="^[0-9]{1,3}[a-h]$")]] = Field(
        min_length=1, max_length=4, description="ids of facts with the letter of a phrasing"
    )
    link: Link = Field(description="to what was said before")
    figures: bool = Field(description="whether figures in parentheses are told")


class FreeSentence(Frozen):
    """A sentence that a model wrote itself, in place of choosing."""

    text: str = Field(min_length=1, max_length=2000)
    claims: list[Annotated[int, Field(ge=1, le=999)]] = Field(min_length=1, max_length=20)


class ExplanationAnswer(Frozen):
    """An explanation, arranged from facts."""

    sentences: list[SentenceAnswer] = Field(
        max_length=8, description="in their order", json_schema_extra={"minItems": 1}
    )
    free: SkipJsonSchema[tuple[FreeSentence, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _sorted(cls, data: Any) -> Any:
        """Separate written sentences from chosen ones, and fill in unambiguous omissions of the latter."""
        if not isinstance(data, dict) or not isinstance(data.get("sentences"), list) or "free" in data:
            return data
        written = [s for s in data["sentences"] if isinstance(s, dict) and "text" in s]
        chosen = [_meant(s) for s in data["sentences"] if s not in written]
        if not written and not chosen:
            raise ValueError("there is no sentence")
        return {**data, "sentences": chosen, "free": written}


def _meant(sentence: Any) -> Any:
    """Complete a chosen sentence of a server without a schema mode: facts by number only, no link."""
    if not isinstance(sentence, dict) or not isinstance(sentence.get("facts"), list):
        return sentence
    facts = [f"{f}a" if str(f).isdecimal() else f for f in sentence["facts"]]
    return {"link": "none", "figures": True, **sentence, "facts": facts}


@lru_cache(maxsize=SCHEMAS_KEPT)
def explanation_answer(facts: tuple[str, ...], sentences: int) -> type[ExplanationAnswer]:
    """Make the schema of an explanation that can choose only the given facts and phrasings.

    Args:
        facts: Ids of facts with the letters of their phrasings, such as "1a".
        sentences: Most sentences.
    """
    ids: Any = Literal[facts]
    chosen = create_model(
        "SentenceAnswer",
        __base__=SentenceAnswer,
        __doc__=SentenceAnswer.__doc__,
        facts=(
            list[ids],
            Field(min_length=1, max_length=4, description=SentenceAnswer.model_fields["facts"].description),
        ),
    )
    return create_model(
        "ExplanationAnswer",
        __base__=ExplanationAnswer,
        __doc__=ExplanationAnswer.__doc__,
        sentences=(
            list[chosen],  # made above
            Field(max_length=sentences, description="in their order", json_schema_extra={"minItems": 1}),
        ),
    )
