"""Words that may fill the slots of a phrasing, with their meanings.

An entry is a surface form and the slots that it fixes, such as "a lower price": feature node.price, relation lower.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from aurora.agents.explain.waiting_words import RESOURCES as ALL_RESOURCES
from aurora.agents.explain.wording import MEASURES, called
from aurora.sim.explain.nouns import NOUNS
from aurora.sim.outcome import Summary

Meaning = Mapping[str, str]
"""Slots that a surface form fixes."""

Manner = Literal["measure", "mass", "plural", "time"]


class Form(NamedTuple):
    """Wording of a feature.

    Attributes:
        noun: Name of the feature.
        manner: Style of comparison: a lower price, less energy, fewer free cores, a shorter run time.
        verb: Verb whose subject has the feature.
        also: Other nouns for the feature.
    """

    noun: str
    manner: Manner = "measure"
    verb: str = "has"
    also: tuple[str, ...] = ()


FORMS: Mapping[str, Form] = {
    "node.cpu_free": Form("free cores", "plural", also=("cores free", "free CPU cores", "count of free cores")),
    "node.cpu_total": Form("cores", "plural", also=("cores in all", "size in cores")),
    "node.memory_total": Form("memory", "mass", also=("memory in all", "size in memory")),
    "node.memory_free": Form("free memory", "mass", also=("memory free",)),
    "node.accelerators_total": Form("accelerators", "plural", also=("number of accelerators", "devices")),
    "node.accelerators_free": Form("free accelerator capacity", "mass"),
    "node.accelerators_idle": Form("idle accelerators", "plural", also=("number of idle accelerators",)),
    "node.accelerator_tasks": Form("tasks on accelerators", "plural", also=("number of tasks on accelerators",)),
    "node.fragmentation": Form("fragmentation", "mass"),
    "node.price": Form("price", also=("price per hour", "hourly price", "price an hour")),
    "node.cpu_load": Form("load", also=("CPU load",)),
    "node.tasks": Form("running tasks", "plural", also=("number of tasks", "tasks")),
    "node.failures": Form("failures", "plural", also=("number of failures",)),
    "node.last_placement": Form("last use", also=("number of its last decision",)),
    "fit.fragmentation_increase": Form("added fragmentation", "mass", verb="brings"),
    "fit.same_class_tasks": Form("tasks of the same class", "plural", also=("number of tasks alike",)),
    "fit.duration": Form("run time", "time", also=("running time", "execution time")),
    "fit.cost": Form("cost", also=("cost of the placement",)),
    "fit.energy": Form("energy", "mass", verb="takes", also=("added energy", "energy use", "energy consumption")),
    "fit.latency": Form("network latency", also=("latency",)),
    "path.hops": Form("hops", "plural", also=("number of hops",)),
    "path.bandwidth_free": Form("free bandwidth", "mass"),
    "task.slack": Form("time left", "time", also=("time that is left",)),
    "task.sla_latency": Form("latency limit", also=("latency allowed", "SLA")),
}
"""Wording of features that "a lower …" does not suit; the others use `aurora.agents.explain.wording`."""
_VERBS: Mapping[str, tuple[str, ...]] = {
    "has": ("has", "had", "offers", "offered"),
    "takes": ("takes", "took", "uses", "used", "needs", "needed", "has", "had"),
    "brings": ("brings", "brought", "adds", "added", "has", "had"),
}
_DEGREES: Mapping[str, Mapping[Manner, str]] = {
    "lower": {"measure": "a lower", "mass": "less", "plural": "fewer", "time": "a shorter"},
    "higher": {"measure": "a higher", "mass": "more", "plural": "more", "time": "a longer"},
    "lowest": {"measure": "the lowest", "mass": "the least", "plural": "the fewest", "time": "the shortest"},
    "highest": {"measure": "the highest", "mass": "the most", "plural": "the most", "time": "the longest"},
}
_ALSO: Mapping[str, tuple[str, ...]] = {
    "lower": ("a lower", "lower", "a smaller", "the lower", "less", "fewer"),
    "higher": ("a higher", "higher", "a larger", "a greater", "the higher", "more"),
    "lowest": ("the lowest", "the smallest", "the least"),
    "highest": ("the highest", "the largest", "the greatest", "the most"),
}
_PREFERRED: Mapping[tuple[str, str], str] = {
    ("node.price", "lower"): "is cheaper",
    ("node.price", "higher"): "is dearer",
    ("node.price", "lowest"): "is the cheapest",
    ("node.price", "highest"): "is the dearest",
    ("node.speed", "lower"): "is slower",
    ("node.speed", "higher"): "is faster",
    ("node.speed", "lowest"): "is the slowest",
    ("node.speed", "highest"): "is the fastest",
    ("node.last_placement", "lower"): "was used longer ago",
    ("node.last_placement", "higher"): "was used more recently",
    ("node.last_placement", "lowest"): "was used the longest ago",
    ("node.last_placement", "highest"): "was used the most recently",
}
"""Predicates written for operators in place of the general ones."""
_PREDICATES: tuple[tuple[str, str, str], ...] = (
    *((words, feature, relation) for (feature, relation), words in _PREFERRED.items()),
    ("is more expensive", "node.price", "higher"),
    ("is the most expensive", "node.price", "highest"),
    ("costs less", "node.price", "lower"),
    ("costs more", "node.price", "higher"),
    ("costs less per hour", "node.price", "lower"),
    ("costs more per hour", "node.price", "higher"),
    ("costs less", "fit.cost", "lower"),
    ("costs more", "fit.cost", "higher"),
    ("is less loaded", "node.cpu_load", "lower"),
    ("is more loaded", "node.cpu_load", "higher"),
    ("is the least loaded", "node.cpu_load", "lowest"),
    ("is the most loaded", "node.cpu_load", "highest"),
    ("is closer in the network", "fit.latency", "lower"),
    ("is farther in the network", "fit.latency", "higher"),
    ("is the closest in the network", "fit.latency", "lowest"),
    ("is the farthest in the network", "fit.latency", "highest"),
    ("runs it for less", "fit.cost", "lower"),
    ("runs it for more", "fit.cost", "higher"),
)
_RUNS: Mapping[str, tuple[str, ...]] = {
    "completed": ("completed tasks", "tasks completed", "the number of completed tasks"),
    "sla_violations": ("missed SLAs", "SLA violations", "the number of missed SLAs", "SLAs missed"),
    "latency_mean": ("mean latency", "average latency", "the mean latency", "the average latency"),
    "cost": ("cost", "the cost", "total cost", "the total cost"),
    "energy": ("energy", "the energy", "energy use", "the energy use", "energy consumption", "the energy consumption"),
}

RESOURCES: Mapping[str, str] = {name: words for name, words in ALL_RESOURCES.items() if name != "model"}
"""Resources that candidates may lack."""
STATES: Mapping[str, str] = {
    "model": "had no accelerator of a model that is allowed",
    "node_down": "could not be used while down",
    "battery": "had an empty battery",
    "path": "could not be reached",
    "not_allowed": "was not allowed",
}
"""Phrases for candidates that are unusable for a reason other than an amount."""

PAIR, TOP = ("lower", "higher"), ("lowest", "highest")


def noun(feature: str, audience: Literal["operator", "engineer"]) -> str:
    """Return a feature's name for an audience, in the singular."""
    if audience == "engineer" or feature not in FORMS:
        return called(feature, audience)
    spoken = FORMS[feature]
    return f"number of {spoken.noun}" if spoken.manner == "plural" else spoken.noun


def form(feature: str, audience: Literal["operator", "engineer"]) -> Form:
    """Return a feature's wording for an audience."""
    known = FORMS.get(feature)
    return known if known and audience == "operator" else Form(called(feature, audience))


def predicate(feature: str, relation: str, audience: Literal["operator", "engineer"]) -> str:
    """Return the predicate of a feature and relation: "has a lower price", "takes the least energy"."""
    if audience == "operator" and (feature, relation) in _PREFERRED:
        return _PREFERRED[feature, relation]
    spoken = form(feature, audience)
    return f"{spoken.verb} {_DEGREES[relation][spoken.manner]} {spoken.noun}"


class Lexicon:
    """Surface forms with their meanings, indexed for look-up in a text.

    Args:
        entries: Surface form and meaning; a form may have several.
    """

    def __init__(self, entries: Iterator[tuple[str, Meaning]]) -> None:
        self._meanings: dict[str, list[Meaning]] = defaultdict(list)
        for surface, meaning in entries:
            key = surface.lower()
            if meaning not in self._meanings[key]:
                self._meanings[key].append(meaning)
        self._longest = max(len(surface.split(" ")) for surface in self._meanings)

    def at(self, text: str, start: int) -> Iterator[tuple[int, Meaning]]:
        """Yield the meanings of the words at a position, longest first: end position and slots."""
        ends: list[tuple[int, str]] = []
        at, words = start, list[str]()
        while len(words) < self._longest and (found := _WORD.match(text, at)):
            words.append(found.group(1).lower())
            ends.append((found.end(), " ".join(words)))
            at = found.end()
        for end, key in reversed(ends):
            for meaning in self._meanings.get(key, ()):
                yield end, meaning

    def words(self) -> frozenset[str]:
        """Return every word of the lexicon."""
        return frozenset(word for surface in self._meanings for word in surface.split(" "))


_WORD = re.compile(r"[ \u00a0]*([A-Za-z0-9_]+(?:[.'/-][A-Za-z0-9_]+)*)")


def _nouns(slot: str) -> Iterator[tuple[str, Meaning]]:
    for feature in NOUNS:
        for name in names_of(feature):
            yield name, {slot: feature}


def names_of(feature: str) -> tuple[str, ...]:
    """Return every name of a feature, that of the policy language included."""
    known = FORMS.get(feature)
    also = (known.noun, f"number of {known.noun}", *known.also) if known else ()
    return tuple(dict.fromkeys((*also, called(feature, "operator"), feature)))


def _predicates(relations: tuple[str, ...]) -> Iterator[tuple[str, Meaning]]:
    for feature in NOUNS:
        spoken = FORMS.get(feature) or Form(feature)
        for relation in relations:
            meaning = {"feature": feature, "relation": relation}
            degrees = dict.fromkeys((_DEGREES[relation][spoken.manner], *_ALSO[relation]))
            for name in names_of(feature):
                for verb in dict.fromkeys((*_VERBS[spoken.verb], "has", "had")):
                    for degree in degrees:
                        yield f"{verb} {degree} {name}", meaning
    for surface, feature, relation in _PREDICATES:
        if relation in relations:
            yield surface, {"feature": feature, "relation": relation}
            if surface.startswith("is "):
                yield f"was {surface.removeprefix('is ')}", {"feature": feature, "relation": relation}


def _with_noun(relations: tuple[str, ...]) -> Iterator[tuple[str, Meaning]]:
    """Yield predicates as `_predicates` does, without a verb: "a lower price"."""
    for feature in NOUNS:
        spoken = FORMS.get(feature) or Form(feature)
        for relation in relations:
            for name in names_of(feature):
                for degree in dict.fromkeys((_DEGREES[relation][spoken.manner], *_ALSO[relation])):
                    yield f"{degree} {name}", {"feature": feature, "relation": relation}


def _pairs(slot: str, **surfaces: str) -> Iterator[tuple[str, Meaning]]:
    for value, words in surfaces.items():
        for word in words.split("|"):
            yield word, {slot: value}


LEXICONS: Mapping[str, Lexicon] = {
    "feature": Lexicon(_nouns("feature")),
    "limit": Lexicon(_nouns("limit")),
    "pair": Lexicon(_predicates(PAIR)),
    "pair_noun": Lexicon(_with_noun(PAIR)),
    "top": Lexicon(_predicates(TOP)),
    "top_noun": Lexicon(_with_noun(TOP)),
    "degree": Lexicon(
        _pairs("relation", lower="lower|smaller|shorter|less", higher="higher|larger|greater|longer|more")
    ),
    "extreme": Lexicon(
        _pairs("relation", lowest="the lowest|the smallest|the least", highest="the highest|the largest|the most")
    ),
    "within": Lexicon(
        _pairs("relation", within="within|inside|no more than|at most", beyond="beyond|over|above|more than")
    ),
    "side": Lexicon(
        _pairs("side", under="under|below|less than|lower than", over="over|above|more than|higher than|greater than")
    ),
    "direction": Lexicon(_pairs("direction", rise="rise|increase|grow|go up", fall="fall|drop|decrease|go down")),
    "resource": Lexicon((surface, {"resource": name}) for name, surface in RESOURCES.items()),
    "state": Lexicon((surface, {"resource": name}) for name, surface in STATES.items()),
    "measure": Lexicon(
        (surface, {"measure": name})
        for name in Summary.__slots__
        for surface in dict.fromkeys(
            (
                *_RUNS.get(name, ()),
                MEASURES[name].words if name in MEASURES else name.replace("_", " "),
                f"the {name.replace('_', ' ')}",
                name,
            )
        )
    ),
}
"""Lexicons by the slot that they fill."""


def measure(name: str) -> str:
    """Return the name of a total of an outcome."""
    return MEASURES[name].words if name in MEASURES else name.replace("_", " ")
