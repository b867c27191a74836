"""Doubts about names beside each other: lists, choices, names that no slot holds, and parts of what is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aurora.agents.operator.questions import QUESTIONS, Kind
from aurora.agents.operator.understanding.doubts.reading import Reading
from aurora.agents.operator.understanding.mentions import Mention

_SORT: Mapping[str, str] = {
    "task": "thing", "workload": "thing", "series": "thing", "node": "node", "zone": "zone", "plan": "plan",
    "policy": "policies",
}  # fmt: skip
"""Sort of slot of each kind of name."""
_PLACEHOLDERS = re.compile(r"<(?P<kind>node|zone|task|workload|series|plan|policy)>")
_WORDS_BETWEEN = (
    r"also|the|a|an|my|our|its|both|new|old|all|s|'s|nodes?|zones?|workloads?|pods?|jobs?|tasks?|sites?|"
    r"racks?|halls?|"
    r"hosts?|box(?:es)?|machines?|servers?|vms?|instances?|deployments?|services?|statefulsets?|apps?|arrays?|"
    r"schedulers?|polic(?:y|ies)|type|worker|spot"
)
_JOINED = re.compile(
    rf"[\s,/&+'\"]*(?:(?:{_WORDS_BETWEEN})[\s,/&+]*)*(?:(?:and|n|plus|as well as|as well|along with|"
    rf"together with|with|including|"
    rf"or|und)\b[\s,]*)?(?:(?:{_WORDS_BETWEEN})\b[\s'\"]*)*"
)
"""What may stand between two names of one list."""
_CHOICE = re.compile(r"\b(?:or|either)\b")
_MAY_CHOOSE: frozenset[Kind] = frozenset({"compare_policies", "best_policy"})
"""Kinds whose answer weighs one name against another."""


def joins_what_stands_apart(reading: Reading) -> str:
    """Return a doubt where several names of one slot are no list."""
    if reading.kind in ("compare_policies", "best_policy"):
        return ""
    for first, second, between in _neighbours(reading):
        if reading.kind == "why_not" and first.kind == "node":
            if _JOINED.fullmatch(between) or _CHOICE.search(between):
                return "it names several nodes; name one"
            continue  # "on A and not on B" is read there
        if set(first.ids) & set(second.ids):
            continue
        if not _JOINED.fullmatch(between):
            return "it names several things apart from each other; ask about one of them at a time"
        if _CHOICE.search(between):
            return "it names several to choose from; ask about one of them at a time"
    return ""


def _neighbours(reading: Reading) -> Iterator[tuple[Mention, Mention, str]]:
    """Yield the names of one sort that follow each other, with the text between them."""
    marks = list(_PLACEHOLDERS.finditer(reading.plain))
    if len(marks) != len(reading.mentions):
        return  # a pronoun stands for one of them
    last: dict[str, tuple[Mention, int]] = {}
    for mark, mention in zip(marks, reading.mentions, strict=True):
        sort = _SORT[mention.kind]
        if sort in last:
            yield last[sort][0], mention, reading.plain[last[sort][1] : mark.start()]
        last[sort] = mention, mark.end()


_ASIDE: Mapping[Kind, frozenset[str]] = {
    "why_waiting": frozenset({"node"}),
    "what_if_add_nodes": frozenset({"thing"}),
    "check_plan": frozenset({"thing", "node", "zone"}),
    "apply_plan": frozenset({"thing", "node"}),
    "rollback_plan": frozenset({"thing", "node"}),
}
"""Sorts of names that a kind's answer covers without a slot: what would start on a new node, what a plan did."""


def drops_a_name(reading: Reading) -> str:
    """Return a doubt where a name is of no sort that the kind has a slot for, or in no slot."""
    row = QUESTIONS[reading.kind]
    for mention in reading.mentions:
        sort = _SORT[mention.kind]
        if sort == "policies":
            continue
        if sort not in row.needs | row.may | _ASIDE.get(reading.kind, frozenset()):
            return f"it names a {mention.kind} that I have no use for there"
    return ""


_PART = re.compile(
    r"\b(?:gpus?|cards?|disks?|drives?|cpus?|cores?|dimms?|fans?|nics?|ports?|slices?|kubelet|containerd|"
    r"network|link|"
    r"power suppl(?:y|ies)|psu)\s+(?:of|in|on|from)\s+(?:the\s+)?(?:node\s+)?<(?:node|zone)>|"
    r"<(?:node|zone)>(?:'?s)?\s+(?:gpus?|cards?|disks?|drives?|dimms?|fans?|nics?|network|kubelet|psu)\b"
)
_WHOLE: frozenset[Kind] = frozenset({"what_if_node_fails", "what_if_zone_fails", "what_if_remove_node", "drain"})


def changes_a_part(reading: Reading) -> str:
    """Return a doubt where only a part of a node or zone changes."""
    is_part = reading.kind in _WHOLE and _PART.search(reading.plain) and not _GOES_WHOLE.search(reading.plain)
    return "it is about a part of what is named, and I know the whole only" if is_part else ""


_GOES_WHOLE = re.compile(
    r"\b(?:goes|go|gone|going|whole|completely|entire|shut\w*|down|dies?|it (?:breaks|fails|crashes|gives))\b"
)
