"""Doubts about what is wanted: exceptions, negations, two changes at once, deeds, manuals, and other times."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding.doubts.reading import CHANGES, Reading

_NAME = r"<(?:node|zone|task|workload|series)>"
_EXCEPT = re.compile(
    rf"\b(?:except|excluding|excepting|other than|apart from|aside from|besides|leaving out|rather than|instead of|"
    rf"but not|and not)\s+(?:for\s+)?(?:the\s+)?(?:node\s+)?{_NAME}|,\s*not\s+{_NAME}|"
    rf"\b(?:all|every|each|everything|anything|any|everyone)\b[^,;?]*\bbut\s+(?:the\s+)?{_NAME}|"
    r"\bexcept\b|\bexcluding\b|\b(?:all|everything|every one|anything|every node) but\b"
)


_STAYS = re.compile(
    rf"\b(?:keep|leave|spare|skip|not touch)(?:ing|s)? (?:the )?{_NAME}|"
    rf"{_NAME} (?:can |may |should |must |to |will |has to )?(?:stays?|remains?|be kept|keeps|be left|is fine|"
    rf"is ok)\b"
)


def leaves_out(reading: Reading) -> str:
    """Return a doubt where something is left out, such as `all nodes but <node>`."""
    if reading.kind in CHANGES and _STAYS.search(reading.plain):
        return "it says what stays as it is, and I can't leave out what is named"
    if reading.kind in ("why_not", "why_here", "compare_policies") or not _EXCEPT.search(reading.plain):
        return ""
    return "it leaves something out, and I can't leave out what is named"


_UNWANTED = re.compile(
    r"\b(?:do|does|did|would|will|should|must|shall) not (?:want|wish|intend|plan to|like|touch)\b|"
    r"^(?:no|nope|nah|never mind)\b[, ]|\b(?:never mind|forget (?:it|that)|no need to)\b"
)


_ORDERED = re.compile(
    r"^(?:please |can you |could you |go )*(?:order|purchase)\b|\bfrom the (?:vendor|supplier|shop)\b"
)


def orders_things(reading: Reading) -> str:
    """Return a doubt where hardware is ordered."""
    is_order = reading.kind == "what_if_add_nodes" and _ORDERED.search(reading.plain)
    return "I can't order nodes, and only say what they would change" if is_order else ""


def is_unwanted(reading: Reading) -> str:
    """Return a doubt where a change is not wanted."""
    return "it says what is not wanted" if reading.kind in CHANGES and _UNWANTED.search(reading.plain) else ""


_OTHER_CHANGE: Mapping[Kind, re.Pattern[str]] = {
    "what_if_add_nodes": re.compile(
        r"\badd\w* .*\bto (?:the )?<node>|\b(?:remov\w+|drain\w*|fail\w*|dies?|crash\w*|replac\w+|swap\w*|"
        r"exchang\w+|instead|get rid|decommission\w*|"
        r"doubl\w+|tripl\w+)\b"
    ),
    "what_if_remove_node": re.compile(
        r"\b(?:replac\w+|swap\w*|exchang\w+|doubl\w+|tripl\w+)\b|\bfails\b|\b(?:add|buy|adding|buying)\b(?! up)"
    ),
    "what_if_node_fails": re.compile(
        r"\b(?:drained|draining|replac\w+|swapp\w+|doubl\w+|tripl\w+)\b|\bwhile .*\b(?:is|are|being)\b|\btwice the\b"
    ),
    "what_if_zone_fails": re.compile(
        r"\b(?:drained|draining|doubl\w+|tripl\w+|fail ?over|network|link|connection between|between)\b|\btwice the\b"
    ),
    "what_if_load": re.compile(r"\b(?:drain\w*|remov\w+|add(?:ing)? \S+ (?:more )?nodes?|pric\w+)\b"),
    "what_if_price": re.compile(r"\b(?:drain\w*|traffic|load)\b"),
    "drain": re.compile(r"\b(?:kubectl|scontrol|with helm)\b(?! (?:drain|cordon|update))"),
    "find_nodes": re.compile(
        r"^(?:please )?(?:drain|remove|delete|cordon|evacuate)\b|"
        r"\b(?:what if|if|when) .*\b(?:fail\w*|dies?|crash\w*|goes down|remov\w+|drain\w*)\b"
    ),
}
"""Words of a question of one kind by which it speaks of another change too."""


def has_another_change(reading: Reading) -> str:
    """Return a doubt where a second change is spoken of."""
    pattern = _OTHER_CHANGE.get(reading.kind)
    return "I can change one thing at a time" if pattern and pattern.search(reading.plain) else ""


_ORDER = re.compile(
    r"^(?:and |so |ok |please )*(?:when|was|were|did|has|have|had|is|are|am|should|shall|what|would|does|do|"
    r"why|how|who|"
    r"which|if|can (?!you|we|i\b|u\b|someone)|could (?!you|we|i\b|u\b|someone))\b"
)


def asks_about_a_deed(reading: Reading) -> str:
    """Return a doubt where a plan is asked about, and not to be applied or rolled back."""
    is_asked = reading.kind in ("apply_plan", "rollback_plan") and _ORDER.match(reading.plain)
    return "it asks about a plan, and does not say to do it" if is_asked else ""


_EXPLAINS = re.compile(
    r"\b(?:why|y|how|reason\w*|expla\w*|justif\w*|who|what|which|grounds?|logic|basis|motiv\w*|background|"
    r"because|chance|"
    r"choice|choos\w*|chose\w*|decision|decide\w*|rationale|caus\w*|purpose|speaks|is it)\b"
)


def explains_nothing(reading: Reading) -> str:
    """Return a doubt where no reason is asked for, and the answer would be one."""
    is_why = reading.kind == "why_here" and not _EXPLAINS.search(reading.plain)
    return "it does not ask for a reason" if is_why else ""


_MANUAL = re.compile(
    r"\bhow (?:do|can|would|should|to|does)\b.*\b(?:with|using|via) (?:kubectl|helm|scontrol|terraform|slurm|"
    r"aurora)\b|"
    r"\b(?:command|syntax|documentation|manual|docs)\b"
)


def asks_for_a_manual(reading: Reading) -> str:
    """Return a doubt where it is asked how another tool does it."""
    return "it asks how to do it elsewhere" if reading.kind != "help" and _MANUAL.search(reading.plain) else ""


_HISTORY = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|year|monday|tuesday|wednesday|thursday|friday|weekend|quarter)|"
    r"(?:days?|"
    r"hours?|weeks?|months?) ago)\b"
)
_HAPPENED = re.compile(
    r"\b(?:was|were|got|did|been|have|has)\b.*\b(?:moved|evicted|killed|restart\w*|crash\w*|deleted|oom\w*|preempted|"
    r"rescheduled|migrated|fail\w*|die|died)\b"
)
_WHEN = re.compile(r"\b(?:when (?:will|does|do|is|are|can)|how long (?:will|does|do|until|till|before)|eta)\b")
_OF_NOW_ONLY: frozenset[Kind] = frozenset({"overview", "show_node", "show_task", "show_workload", "find_nodes",
    "why_here",                                            "why_not", "why_waiting"})  # fmt: skip


def is_about_another_time(reading: Reading) -> str:
    """Return a doubt where the past or a start is asked about."""
    if reading.kind not in _OF_NOW_ONLY:
        return ""
    if _WHEN.search(reading.plain):
        return "I don't know when it starts or ends"
    is_past = _HISTORY.search(reading.plain) and not re.search(r"\bsince\b", reading.plain)
    return "I know the present state only" if is_past or _HAPPENED.search(reading.plain) else ""
