"""Texts of scenarios and policies for an embedder: similar ones get similar words.

Small sentence models read numbers poorly, so sizes, loads and times become words on scales. Nothing in
a text depends on an id or a seed. Scenarios are described from their specs: no trace has to be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Union

from pydantic import TypeAdapter, ValidationError

from aurora.errors import PolicyError, StoreError
from aurora.sim.objectives import ObjectiveName
from aurora.sim.policies.compiler import network_in_words, parse_sections
from aurora.sim.policies.expression import Apply, Expr, Num, Ref, to_text, walk
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Op
from aurora.sim.scenarios.generators import FAMILIES, TEST_FAMILIES
from aurora.sim.scenarios.resample import ResampleSpec
from aurora.sim.scenarios.spec import Range, ScenarioSpec, TaskGroup
from aurora.sim.scenarios.traces.openb import OpenbSpec
from aurora.sim.scenarios.traces.swf import SwfSpec
from aurora.sim.scenarios.traces.trace_spec import TraceSpec
from aurora.validation import explain_validation

TEXTS_VERSION = 1
"""Version of the wording; an index of another version is rebuilt. A test fails if the wording changes alone."""

MAX_TERMS_SHOWN = 4
"""Maximum number of terms of a score in a text, largest weight first."""
MAX_TEXT_LENGTH = 500
"""Maximum length of a text, in characters; embedding one of this length takes about 30 ms on one core."""

Scale = Sequence[tuple[float, str]]
"""Limits in rising order, each with the word for values below it."""

_COUNT: Scale = ((8, "a few"), (30, "some"), (75, "many"), (200, "very many"), (math.inf, "a huge number of"))
_LOAD: Scale = ((0.3, "light load"), (0.7, "moderate load"), (1.0, "heavy load"), (math.inf, "overload"))
_SECONDS: Scale = ((1, "instant"), (60, "short"), (600, "medium long"), (7200, "long"), (math.inf, "very long"))
_SHARE: Scale = ((0.1, "tiny"), (0.25, "small"), (0.5, "large"), (math.inf, "very large"))
_OFTEN: Scale = ((1, "no"), (3, "a few"), (8, "some"), (math.inf, "many"))
_WEIGHT: Scale = ((0.1, "hardly any"), (0.7, "few"), (1.5, "as many as traced"), (4, "many"), (math.inf, "mostly"))
_CORES: Scale = ((0.7, "far fewer"), (0.95, "fewer"), (1.05, "as traced"), (math.inf, "more"))
_GAPS: Scale = ((0.7, "very dense"), (0.95, "dense"), (1.05, "as logged"), (1.5, "sparse"), (math.inf, "very sparse"))


def archived_scenario_text(document: str) -> str:
    """Return the text of an archived scenario.

    Args:
        document: JSON of the scenario's spec.

    Raises:
        StoreError: The document is no spec that this AURORA knows.
    """
    try:
        return scenario_text(_archived_spec().validate_json(document))
    except ValidationError as error:
        raise StoreError(f"the archive holds a scenario that can't be read: {explain_validation(error)}") from None


def archived_policy_text(document: str) -> str:
    """Return the text of an archived policy.

    Args:
        document: JSON of the policy.

    Raises:
        StoreError: The document is no policy.
    """
    try:
        return policy_text(Policy.model_validate_json(document))
    except (ValidationError, PolicyError) as error:
        reason = explain_validation(error) if isinstance(error, ValidationError) else str(error)
        raise StoreError(f"the archive holds a policy that can't be read: {reason}") from None


def scenario_text(spec: object) -> str:
    """Return a description of a scenario: domain, family, sizes, load, tasks, nodes, conditions, objectives.

    Args:
        spec: A spec of one of the types in `SPEC_TEXTS`.

    Raises:
        TypeError: The spec is of another type.
    """
    for kind, words in SPEC_TEXTS.items():
        if isinstance(spec, kind):
            return words(spec)
    raise TypeError(f"no text is known for {type(spec).__name__}; add its type to aurora.memory.texts.SPEC_TEXTS")


@cache
def _archived_spec() -> TypeAdapter[Any]:
    union: Any = Union[tuple(SPEC_TEXTS)]  # noqa: UP007  # of the types in the table
    return TypeAdapter(union)


def _generated(spec: ScenarioSpec) -> str:
    tasks, nodes = sum(g.count for g in spec.groups), sum(c.count for c in spec.node_classes)
    family = FAMILIES.get(spec.family) or TEST_FAMILIES.get(spec.family)
    meaning = f" {spec.family}, {family.meaning}." if family else ""
    parts = [
        f"{spec.domain} scenario:{meaning}",
        f"{_word(_COUNT, tasks)} tasks{f' on {_word(_COUNT, nodes)} nodes' if nodes else ''}{_load(spec)}.",
        *dict.fromkeys(_group(spec, g) for g in spec.groups),
        _nodes(spec),
        _topology(spec),
        _trouble(spec),
        _objectives(spec.objective_weights),
        spec.rationale,
    ]
    return " ".join(p for p in parts if p)[:MAX_TEXT_LENGTH]


def policy_text(policy: Policy) -> str:
    """Return a text on a policy: its description, its queueing, and the largest weights of its expressions."""
    strategy, sections = policy.allocation_strategy, parse_sections(policy)
    kind = strategy.algorithm_type.replace("_", " ")
    parts = [f"{policy.policy_description}.", "" if kind == "custom" else f"{kind} policy."]
    if strategy.head_of_line_blocking:
        parts.append("EASY backfilling." if strategy.backfill == "easy" else "The head of the queue blocks.")
    parts.append(f"Next task: {_terms(sections.order, more='small', less='large')} first.")
    if sections.admit != Num(1.0):
        parts.append(f"Only where {_spaced(to_text(sections.admit))}.")
    for score, guards in _by_score(sections.rules).items():
        parts.append(f"Candidate{guards}: {score}.")
    if strategy.network is not None:
        parts.append(f"Candidate: highest score of {network_in_words(strategy.network)}.")
    parts.append(f"Shared device: {strategy.device_choice.replace('_', ' ')}.")
    return " ".join(p for p in parts if p)[:MAX_TEXT_LENGTH]


def _by_score(rules: Sequence[tuple[Expr, Expr]]) -> dict[str, str]:
    """Return the distinct texts of scores, each with the conditions under which it is used."""
    guards: dict[str, str] = {}
    for when, score in rules:
        terms = _terms(score, more="high", less="low")
        guard = "" if when == Num(1.0) else f" if {_spaced(to_text(when))}"
        guards[terms] = guards.get(terms, "") + guard
    return guards


def _word(scale: Scale, value: float) -> str:
    return next(word for limit, word in scale if value < limit or limit == math.inf)


def _mean(bounds: Range | None) -> float:
    """Return the mean of a log-uniform distribution; 0 without bounds."""
    if bounds is None:
        return 0.0
    if bounds.high <= bounds.low * (1 + 1e-9):
        return bounds.low
    return (bounds.high - bounds.low) / math.log(bounds.high / bounds.low)


def _load(spec: ScenarioSpec) -> str:
    """Return the requested core-seconds relative to those within the horizon, in words; "" if none are requested."""
    capacity = sum(c.count * c.cpu * c.speed for c in spec.node_classes) * spec.time_horizon
    work = sum(g.count * _mean(g.cpu) * _mean(g.duration) for g in spec.groups)
    return f", {_word(_LOAD, work / capacity)}" if work and capacity else ""


def _group(spec: ScenarioSpec, group: TaskGroup) -> str:
    duration = _word(_SECONDS, _mean(group.duration))
    if group.is_flow:
        words = [f"{group.pattern} {duration} network flows"]
    else:
        largest = max((c.cpu for c in spec.node_classes), default=math.inf)
        words = [f"{group.pattern} {duration} {_word(_SHARE, _mean(group.cpu) / largest)} tasks"]
    if group.accelerators:
        words.append("shared accelerators" if group.accelerator_share < 1 else "whole accelerators")
    if group.accelerator_models:
        words.append("certain device models")
    if group.sla_latency_ms is not None:
        words.append("deadlines")
    if group.dependency != "none":
        words.append(f"{group.dependency.replace('_', '-')} dependencies")
    if group.has_source:
        words.append("data from user sites")
    return f"Tasks: {', '.join(words)}."


def _nodes(spec: ScenarioSpec) -> str:
    classes = spec.node_classes
    if not classes:
        return ""
    words = ["alike" if len(classes) == 1 else "of different kinds"]
    if len({c.price_per_hour for c in classes}) > 1:
        words.append("different prices")
    if any(c.accelerators for c in classes):
        words.append("accelerators")
    if any(c.battery for c in classes):
        words.append("batteries")
    return f"Nodes: {', '.join(words)}."


def _topology(spec: ScenarioSpec) -> str:
    topology = spec.topology
    return "" if topology.kind == "none" else f"{topology.kind} network of {_word(_COUNT, topology.sites)} sites."


def _trouble(spec: ScenarioSpec) -> str:
    kinds = {
        "node failures": spec.trouble.node_failures,
        "congestion": spec.trouble.congestions,
        "price changes": spec.trouble.price_changes,
    }
    parts = [f"{_word(_OFTEN, count)} {kind}" for kind, count in kinds.items() if count]
    return f"Trouble: {', '.join(parts)}." if parts else "No trouble."


def _objectives(weights: Mapping[ObjectiveName, float]) -> str:
    """Return the objectives with more than the mean weight, heaviest first."""
    mean = sum(weights.values()) / len(weights) if weights else 0.0
    heavy = sorted((name for name, weight in weights.items() if weight > mean), key=lambda n: (-weights[n], n))
    return f"Matters most: {', '.join(heavy)}." if heavy else ""


def _openb(spec: OpenbSpec) -> str:
    mix = {
        "pods that share an accelerator": spec.fractional_weight,
        "pods with one whole accelerator": spec.whole_weight,
        "pods with several accelerators": spec.multiple_weight,
        "pods without accelerator": spec.cpu_only_weight,
    }
    parts = [
        "cloud scenario: packing pods onto nodes with accelerators, openb trace.",
        *(f"{_word(_WEIGHT, weight)} {kind}." for kind, weight in mix.items()),
        f"{_word(_SHARE, spec.constrained_share)} share bound to device models." if spec.constrained_share else "",
        f"Cores asked for: {_word(_CORES, spec.cpu_factor)}.",
        f"{_word(_LOAD, spec.load)}.",
    ]
    return " ".join(p for p in parts if p)


def _swf(spec: SwfSpec) -> str:
    return (
        f"cloud scenario: queue of batch jobs on one large machine, from a log. "
        f"{_word(_COUNT, spec.length / 10)} jobs, stretch {spec.family.replace('_', ' ')}. "
        f"Arrivals: {_word(_GAPS, spec.gap_factor)}."
    )


def _resampled(spec: ResampleSpec) -> str:
    return f"variant of the scenario {spec.scenario}. Arrivals: {_word(_GAPS, spec.gap_factor)}."


def _traced(spec: TraceSpec) -> str:
    return f"scenario of a real trace, part {spec.family.replace('_', ' ')}. {_word(_LOAD, spec.load)}."


SPEC_TEXTS: Mapping[type, Callable[[Any], str]] = {
    ScenarioSpec: _generated,
    OpenbSpec: _openb,
    SwfSpec: _swf,
    ResampleSpec: _resampled,
    TraceSpec: _traced,
}
"""Types of archived specs, each with the function that describes it; a source with its own spec type adds a row."""


def _spaced(text: str) -> str:
    """Return names of features as words."""
    return text.replace(".", " ").replace("_", " ")


def _terms(expr: Expr, *, more: str, less: str) -> str:
    """Return the terms of a sum with the largest weights as words, with the direction of each where it is clear."""
    weights: dict[str, float] = {}
    for weight, rest in _linear(expr, 1.0):
        names = list(dict.fromkeys(_spaced(e.name) for e in walk(rest) if isinstance(e, Ref)))
        if names and weight:
            key = names[0] if isinstance(rest, Ref) else f"some mix of {' and '.join(names)}"
            weights[key] = weights.get(key, 0.0) + weight
    heaviest = sorted(weights, key=lambda n: (-abs(weights[n]), n))[:MAX_TERMS_SHOWN]
    words = [n if n.startswith("some mix") else f"{more if weights[n] > 0 else less} {n}" for n in heaviest]
    return ", ".join(words) or "whichever comes"


def _linear(expr: Expr, factor: float) -> list[tuple[float, Expr]]:
    """Return the terms of a sum as factors and the expressions that they multiply."""
    if isinstance(expr, Apply):
        first, *others = expr.args
        match expr.op:
            case Op.ADD:
                return _linear(first, factor) + _linear(others[0], factor)
            case Op.SUB:
                return _linear(first, factor) + _linear(others[0], -factor)
            case Op.NEG:
                return _linear(first, -factor)
            case Op.MUL if isinstance(first, Num):
                return _linear(others[0], factor * first.value)
            case Op.MUL | Op.DIV if isinstance(others[0], Num) and others[0].value:
                number = others[0].value
                return _linear(first, factor * number if expr.op is Op.MUL else factor / number)
            case Op.LOG | Op.SQRT | Op.EXP | Op.FLOOR | Op.SIGMOID:  # rise with their argument
                inner = [t for t in _linear(first, 1.0) if not isinstance(t[1], Num)]
                if len(inner) == 1:
                    return [(math.copysign(factor, factor * inner[0][0]), inner[0][1])]
    return [(factor, expr)]
