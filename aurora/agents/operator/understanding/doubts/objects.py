"""Doubts about what a question names: things without a use, without a name, and parts of groups."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding.doubts.reading import Reading
from aurora.agents.operator.understanding.words import number_of

_POSSESSIVE = re.compile(
    r"\b(?:its|his|her|their)\b|\bmy (?!cluster|nodes?\b|queue|pods|jobs|services|workloads|boss|manager|team|plan|"
    r"colleague|shift|money|bill|costs?|apps?\b|deployments|budget|question|hourly|users?|customers?|system)\w"
)
_OWN = re.compile(
    r"\b(?:which|what|any|all|who)\b(?: \w+){1,4} (?:near|close to|at|hit|hitting|reach|reaching|above|"
    r"over|beyond|below|within) (?:its|their)\b"
)
"""Whose something is, where the sentence asks for its owner: "which containers are near their limit"."""
_DEICTIC = re.compile(
    r"\b(?:if|of|on|for|will|does|is|about|show|scale|forecast|resize|why is|why does) (?:it|that one|"
    r"this one|that|they|"
    r"them)\b(?!\s+(?:be|take|cost|hold|fit|help|safe|possible|enough|ok|true|so|the|a|all|is|many|much|we|"
    r"i|you|there|what))"
)


def is_about_something_unnamed(reading: Reading) -> str:
    """Return a doubt where one thing is meant and none is named."""
    if "all" not in (reading.slots.get("workload"), reading.slots.get("task"), reading.slots.get("node")):
        return ""
    if reading.slots.get("goal") is None and (
        _POSSESSIVE.search(_OWN.sub(" ", reading.plain)) or (not reading.mentions and _DEICTIC.search(reading.plain))
    ):
        return "it does not say which by name"
    return ""


_USED: Mapping[Kind, frozenset[str]] = {
    "what_if_price": frozenset({"node", "zone"}),
    "what_if_load": frozenset({"workload", "task", "series"}),
    "forecast": frozenset({"workload", "task", "series"}),
    "reserve": frozenset({"workload", "task", "series"}),
    "oversized": frozenset({"workload", "task", "series"}),
}


_GROUP_PART = re.compile(
    r"\b(?P<part>(?:one|any|some|two|three|four|either|half|most|few|\d+) of|an?|any|some|half|most|one|two|"
    r"three|four|five|"
    r"six|both|\d+)\s+(?:the |my |our |your )?(?:more )?$"
)


def names_a_part_of_a_group(reading: Reading) -> str:
    """Return a doubt where some nodes of a group are meant, and not which."""
    if reading.kind not in _OF_NODES:
        return ""
    places = [m.start() for m in re.finditer("<node>", reading.plain)]
    for place, mention in zip(places, [m for m in reading.mentions if m.kind == "node"], strict=False):
        part = _GROUP_PART.search(reading.plain[:place])
        many = len(mention.ids)
        if part and many > 1 and number_of(_COUNT_OF.get(part["part"], part["part"])) != many:
            return f"it says {part['part']!r} of {many} nodes, and not which"
    return ""


_COUNT_OF = {"both": "2"}
_OF_NODES: frozenset[Kind] = frozenset(
    {"what_if_node_fails", "what_if_remove_node", "what_if_price", "drain", "show_node"}
)


_SUPERLATIVE = re.compile(
    r"\b(?:[a-z]{3,}iest|(?:full|bus|cheap|dear|hot|cold|large|small|old|new|big|high|low|fast|slow|great)(?:i?est)|"
    r"(?:most|least) (?!of\b|likely\b)\w+|best|worst)\s+(?:<node>|<zone>|nodes?|hosts?|machines?|box|server)"
)


def names_the_most_of_some(reading: Reading) -> str:
    """Return a doubt where a node is named by what it is most of, such as `the fullest node`."""
    is_named_so = reading.kind in _OF_NODES and _SUPERLATIVE.search(reading.plain)
    return "it says which node by a comparison; name the node" if is_named_so else ""


def has_a_name_without_use(reading: Reading) -> str:
    """Return a doubt where a name has no slot."""
    if reading.kind in _OF_NO_THING and any(m.kind in ("task", "workload", "node") for m in reading.mentions):
        return "it names something, and the answer would be about the whole cluster"
    used = _USED.get(reading.kind)
    if used and "all" in reading.slots.values() and any(m.kind not in used for m in reading.mentions):
        return "it names something that I can't tell the part of"
    return ""


_OF_NO_THING: frozenset[Kind] = frozenset({"best_policy", "overview", "recommend", "find_nodes"})
