"""Claims in words, for operators and for engineers: what an explanation says when no model words it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from aurora.sim.claims import (
    FEASIBLE,
    SCORE,
    CauseClaim,
    Claim,
    ComparisonClaim,
    FlipClaim,
    OutcomeClaim,
    ValueClaim,
)
from aurora.sim.features import FEATURES
from aurora.sim.whatif import Change, LoadChanges, NodeFails, NodeRemoved, PriceChanges

Audience = Literal["operator", "engineer"]


def _share(value: float) -> str:
    return f"{100 * value:.3g} %"


def _seconds(value: float) -> str:
    return f"{1000 * value:.3g} ms" if abs(value) < 1 else f"{value:.4g} s"


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}"  # no zero keeps a sign


def _unit(name: str) -> Callable[[float], str]:
    return lambda value: f"{value:.4g} {name}"


class Noun(NamedTuple):
    """How a feature is called, and how its value is written."""

    words: str
    written: Callable[[float], str]


_UNITS: Mapping[str, Callable[[float], str]] = {
    "share": _share,
    "s": _seconds,
    "0 or 1": _number,
    "": _number,
    "$": lambda v: f"${v:.4g}",
    "$/h": lambda v: f"${v:.4g}/h",
}
_WORDS: Mapping[str, str] = {
    "node.index": "place in the list",
    "node.cpu_total": "size in cores",
    "node.cpu_free": "count of free cores",
    "node.cpu_load": "load",
    "node.memory_total": "size in memory",
    "node.memory_free": "free memory",
    "node.memory_load": "memory load",
    "node.accelerators_total": "number of accelerators",
    "node.accelerators_free": "free accelerator capacity",
    "node.accelerators_idle": "number of idle accelerators",
    "node.accelerator_load": "accelerator load",
    "node.accelerator_largest_free": "largest free share of one accelerator",
    "node.accelerator_tasks": "number of tasks on accelerators",
    "node.fragmentation": "fragmentation",
    "node.model_demand": "demand for its accelerator model",
    "node.speed": "speed",
    "node.price": "price",
    "node.idle_power": "idle power",
    "node.full_power": "full power",
    "node.battery": "battery",
    "node.tasks": "number of tasks",
    "node.active": "activity",
    "node.last_placement": "time since its last task",
    "node.failures": "number of failures",
    "fit.cpu_left": "share of cores left",
    "fit.memory_left": "share of memory left",
    "fit.accelerators_left": "share of accelerators left",
    "fit.device_left": "share of the accelerator left",
    "fit.device_shared": "sharing of the accelerator",
    "fit.fragmentation_increase": "added fragmentation",
    "fit.same_class_tasks": "number of tasks alike",
    "fit.duration": "run time",
    "fit.cost": "cost",
    "fit.energy": "energy",
    "fit.latency": "network latency",
    "fit.random": "random number",
    "path.hops": "number of hops",
    "path.bandwidth_free": "free bandwidth",
    "path.load": "path load",
    "task.slack": "time left",
    SCORE: "score",
    FEASIBLE: "number of candidates with room",
}
NOUNS: Mapping[str, Noun] = {
    f.name: Noun(_WORDS.get(f.name, f.meaning), _UNITS.get(f.unit) or _unit(f.unit)) for f in FEATURES
} | {SCORE: Noun(_WORDS[SCORE], _number), FEASIBLE: Noun(_WORDS[FEASIBLE], _number)}


MEASURES: Mapping[str, Noun] = {
    "completed": Noun("completed tasks", _number),
    "sla_violations": Noun("missed SLAs", _number),
    "latency_mean": Noun("mean latency", _seconds),
    "cost": Noun("cost", _UNITS["$"]),
    "energy": Noun("energy", lambda v: f"{v:,.0f} J"),
}
"""Sums of an outcome."""


def called(feature: str, audience: Audience) -> str:
    """What an audience calls a feature."""
    return feature if audience == "engineer" or feature not in NOUNS else NOUNS[feature].words


def written(feature: str, value: float) -> str:
    """A feature's value with its unit."""
    return NOUNS[feature].written(value) if feature in NOUNS else _number(value)


def sentence(claim: Claim, values: Mapping[tuple[str, str], float], audience: Audience) -> str:
    """A claim as a clause.

    Args:
        claim: A claim that was checked.
        values: Of (option, feature), as far as the clause shows them.
        audience: For whom.
    """
    match claim:
        case ValueClaim(feature=feature, value=value) if feature == FEASIBLE:
            return f"{value:g} candidate{'s' if value > 1 else ''} had room"
        case ValueClaim(option, feature, value):
            return f"{called(feature, audience)} of {option} is {written(feature, value)}"
        case ComparisonClaim():
            return _comparison(claim, values, audience)
        case CauseClaim(other, features):
            return f"{other} lost on {' and '.join(called(f, audience) for f in features)}"
        case FlipClaim(option, feature, threshold, is_below):
            side, name = "under" if is_below else "over", called(feature, audience)
            far, now = written(feature, threshold), written(feature, values[option, feature])
            return f"{option} would have won if its {name} were {side} {far} (it was {now})"
        case OutcomeClaim(change, measure, value):
            noun = MEASURES.get(measure) or Noun(measure.replace("_", " "), _number)
            told = noun.written(value)
            return f"{noun.words}: {told}" if change is None else f"{_changed(change)}, {noun.words} would be {told}"


def _comparison(claim: ComparisonClaim, values: Mapping[tuple[str, str], float], audience: Audience) -> str:
    name = called(claim.feature, audience)
    own = written(claim.feature, values[claim.option, claim.feature])
    match claim.relation:
        case "lowest" | "highest":
            return f"{claim.relation} {name} of the candidates ({own})"
        case "within" | "beyond":
            limit = written(claim.other, values[claim.option, claim.other])
            return f"{name} {claim.relation} the {called(claim.other, audience)} ({own} of {limit})"
        case "equal":
            return f"same {name} as {claim.other} ({own})"
    other = written(claim.feature, values[claim.other, claim.feature])
    return f"{claim.relation} {name} than {claim.other} ({own} against {other})"


def _changed(change: Change) -> str:
    match change:
        case NodeFails():
            until = "for good" if change.duration is None else f"for {change.duration:g} s"
            return f"if {change.node_id} failed at {change.start:g} s {until}"
        case NodeRemoved():
            return f"without {change.node_id}"
        case LoadChanges():
            whose = "all tasks" if change.task_id is None else f"task {change.task_id}"
            return f"if {whose} asked for {change.factor:g} times as much"
        case PriceChanges():
            whose = "all nodes" if change.node_id is None else change.node_id
            return f"if {whose} cost {change.factor:g} times as much"
