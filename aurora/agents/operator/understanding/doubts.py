"""Reasons to ask back although a question has a likely kind: what it says is not all accounted for by that kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

from aurora.agents.operator.lists import entries
from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding import slots as amounts
from aurora.agents.operator.understanding.names import Mention
from aurora.agents.operator.understanding.similarity import AnyKind, labelled, words_of
from aurora.agents.operator.understanding.words import everyday, number_of, stem

SURE = 0.95
"""Least probability of a kind that has no use for one word of the question."""
MAX_UNEXPLAINED = 1
"""Most words of a question that its kind has no use for."""
MANY_KINDS = 12
"""Kinds of questions from which a word says nothing about any of them."""

CHANGES: frozenset[Kind] = frozenset({
    "what_if_load", "what_if_node_fails", "what_if_zone_fails", "what_if_price", "what_if_add_nodes",
    "what_if_remove_node", "make_plan", "drain", "apply_plan", "rollback_plan",
})  # fmt: skip
"""Kinds about a change, real or supposed."""


class Reading(NamedTuple):
    """A question, and how it is about to be answered.

    Attributes:
        kind: Kind of the question.
        text: The masked question.
        plain: The plain text, names replaced, amounts kept.
        mentions: The names in it.
        slots: The slots of the kind.
        likeness: Probability of the kind.
    """

    kind: Kind
    text: str
    plain: str
    mentions: tuple[Mention, ...]
    slots: Mapping[str, Any]
    likeness: float


def doubt(reading: Reading) -> str:
    """Return why a question is asked back; empty if all that it says is accounted for."""
    return next((reason for check in _CHECKS if (reason := check(reading))), "")


_NAME = r"<(?:node|zone|task|workload|series)>"
_EXCEPT = re.compile(
    rf"\b(?:except|excluding|excepting|other than|apart from|aside from|besides|leaving out|rather than|instead of|"
    rf"but not|and not)\s+(?:for\s+)?(?:the\s+)?(?:node\s+)?{_NAME}|,\s*not\s+{_NAME}|"
    rf"\b(?:all|every|each|everything|anything|any|everyone)\b[^,;?]*\bbut\s+(?:the\s+)?{_NAME}|"
    r"\bexcept\b|\bexcluding\b|\b(?:all|everything|every one|anything|every node) but\b"
)


def _leaves_out(reading: Reading) -> str:
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


def _orders_things(reading: Reading) -> str:
    is_order = reading.kind == "what_if_add_nodes" and _ORDERED.search(reading.plain)
    return "I can't order nodes, and only say what they would change" if is_order else ""


def _is_unwanted(reading: Reading) -> str:
    return "it says what is not wanted" if reading.kind in CHANGES and _UNWANTED.search(reading.plain) else ""


_FROM_TO = re.compile(r"\b(?:from|between)\b|\bto\s|->")
_SHARES: frozenset[Kind] = frozenset({"what_if_load", "what_if_price", "reserve"})


def _has_several_amounts(reading: Reading) -> str:
    if reading.kind not in _SHARES:
        return ""
    if _UNCLEAR_SHARE.search(reading.plain):
        return "it gives a range, or a growth that goes on; one percentage at a time"
    shares = {amount.value for amount in amounts.percents(reading.plain)}
    if len(shares) > 1:
        return "it names several percentages; one at a time"
    things = [m for m in reading.mentions if m.kind in ("workload", "task", "node", "zone")]
    if reading.kind != "reserve" and len(things) > 1 and len(_MULTIPLE.findall(reading.plain)) + len(shares) > 1:
        return "it names several amounts; one at a time"
    return ""


_UNCLEAR_SHARE = re.compile(
    r"\d\s?(?:%|percent)?\s?(?:to|-|–|or)\s?\d+(?:[.,]\d+)?\s?(?:%|percent)|"
    r"(?:%|percent) (?:per|each|every|a) (?:second|minute|hour|day|week|month)"
)
_MULTIPLE = re.compile(r"\b(?:doubl\w*|tripl\w*|halv\w*|twice|quadrupl\w*|half)\b")
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


def _has_another_change(reading: Reading) -> str:
    pattern = _OTHER_CHANGE.get(reading.kind)
    return "I can change one thing at a time" if pattern and pattern.search(reading.plain) else ""


_POSSESSIVE = re.compile(
    r"\b(?:its|his|her|their)\b|\bmy (?!cluster|nodes?\b|queue|pods|jobs|services|workloads|boss|manager|team|plan|"
    r"colleague|shift|money|bill|costs?|apps?\b|deployments|budget|question|hourly|users?|customers?|system)\w"
)
_DEICTIC = re.compile(
    r"\b(?:if|of|on|for|will|does|is|about|show|scale|forecast|resize|why is|why does) (?:it|that one|"
    r"this one|that|they|"
    r"them)\b(?!\s+(?:be|take|cost|hold|fit|help|safe|possible|enough|ok|true|so|the|a|all|is|many|much|we|"
    r"i|you|there|what))"
)


def _is_about_something_unnamed(reading: Reading) -> str:
    if "all" not in (reading.slots.get("workload"), reading.slots.get("task"), reading.slots.get("node")):
        return ""
    if reading.slots.get("goal") is None and (
        _POSSESSIVE.search(reading.plain) or (not reading.mentions and _DEICTIC.search(reading.plain))
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


def _names_a_part_of_a_group(reading: Reading) -> str:
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


def _has_a_name_without_use(reading: Reading) -> str:
    if reading.kind in _OF_NO_THING and any(m.kind in ("task", "workload", "node") for m in reading.mentions):
        return "it names something, and the answer would be about the whole cluster"
    used = _USED.get(reading.kind)
    if used and "all" in reading.slots.values() and any(m.kind not in used for m in reading.mentions):
        return "it names something that I can't tell the part of"
    return ""


_OF_NO_THING: frozenset[Kind] = frozenset({"best_policy", "overview", "recommend", "find_nodes"})
_NUMBER = re.compile(r"(?<![\w<.:-])\d+(?:[.,]\d+)?(?![\w>:]|\.\d)")
_CLOCK = re.compile(
    r"\b(?:at|until|till|since|before|after) \d{1,2}(?::\d\d)?(?: ?[ap]m)?\b|\b\d{1,2}(?::\d\d| ?[ap]m)\b"
)
_SCALES = re.compile(r"\bscal\w+|\breplicas?\b")
_WITH_UNIT = re.compile(
    r"\d+ ?(?:%|percent|per cent|pct|hours?|hrs?|minutes?|mins?|h|min|days?|x|times|fold|-fold)(?![a-z])"
)
_ID_DIGITS = 4
"""Fewest digits of a number that is perhaps a job's."""
_COUNTED: Mapping[Kind, int] = {"what_if_add_nodes": 1, "make_plan": 1, "what_if_load": 1, "what_if_price": 1}
_NO_AMOUNT: frozenset[Kind] = frozenset({
    "why_waiting", "why_here", "why_not", "show_task", "show_workload", "show_node", "drain", "oversized", "overview",
    "what_if_node_fails", "what_if_zone_fails", "what_if_remove_node", "forecast",
})  # fmt: skip


def _has_a_number_without_use(reading: Reading) -> str:
    plain = re.sub(
        r"\b(?:at|by|until|till|since|from|before|after) \d{1,2}(?::\d\d)?(?: ?[ap]m)?\b", " ", reading.plain
    )
    found = _NUMBER.findall(plain)
    if reading.kind in _NO_AMOUNT:
        jobs = [n for n in found if n.isdigit() and len(n) >= _ID_DIGITS]
        return f"I know nothing called {jobs[0]!r} here" if jobs else ""
    goal = reading.slots.get("goal")
    if goal == "place_waiting" and (found or _SCALES.search(reading.plain)):
        return "it does not say which workload to scale"
    if goal == "resize" and found:
        return "I choose sizes by what was used, and not by a number that is given"
    most = _COUNTED.get(reading.kind)
    spans = len(_WITH_UNIT.findall(plain))
    if reading.kind in _SHARES and spans:
        most = 0
    if most is not None and len(found) - spans > most and not _FROM_TO.search(plain):
        return "it names more amounts than I can use"
    return ""


def _has_a_share_without_use(reading: Reading) -> str:
    is_unused = reading.kind == "reserve" and amounts.percents(reading.plain) and "confidence" not in reading.slots
    return "it names a percentage that is no confidence" if is_unused else ""


_LATER = re.compile(
    r"\b(?:weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tonight|this evening|months?|years?|christmas|"
    r"easter|noon|"
    r"midnight|season|(?:end|rest) of|\d ?[ap]m|until|till)\b"
)


def _is_unclear_how_far(reading: Reading) -> str:
    is_later = (
        reading.kind in ("forecast", "reserve") and "horizon" not in reading.slots and _LATER.search(reading.plain)
    )
    return "it does not say how far ahead in hours or days" if is_later else ""


_ORDER = re.compile(
    r"^(?:and |so |ok |please )*(?:when|was|were|did|has|have|had|is|are|am|should|shall|what|would|does|do|"
    r"why|how|who|"
    r"which|if|can (?!you|we|i\b|u\b|someone)|could (?!you|we|i\b|u\b|someone))\b"
)


def _asks_about_a_deed(reading: Reading) -> str:
    is_asked = reading.kind in ("apply_plan", "rollback_plan") and _ORDER.match(reading.plain)
    return "it asks about a plan, and does not say to do it" if is_asked else ""


_MANUAL = re.compile(
    r"\bhow (?:do|can|would|should|to|does)\b.*\b(?:with|using|via) (?:kubectl|helm|scontrol|terraform|slurm|aurora)\b|"
    r"\b(?:command|syntax|documentation|manual|docs)\b"
)


def _asks_for_a_manual(reading: Reading) -> str:
    return "it asks how to do it elsewhere" if reading.kind != "help" and _MANUAL.search(reading.plain) else ""


_HISTORY = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|year|monday|tuesday|wednesday|thursday|friday|weekend|quarter)|(?:days?|"
    r"hours?|weeks?|months?) ago)\b"
)
_HAPPENED = re.compile(
    r"\b(?:was|were|got|did|been|have|has)\b.*\b(?:moved|evicted|killed|restart\w*|crash\w*|deleted|oom\w*|preempted|"
    r"rescheduled|migrated|fail\w*|die|died)\b"
)
_WHEN = re.compile(r"\b(?:when (?:will|does|do|is|are|can)|how long (?:will|does|do|until|till|before)|eta)\b")
_OF_NOW_ONLY: frozenset[Kind] = frozenset({"overview", "show_node", "show_task", "show_workload", "find_nodes",
    "why_here",                                            "why_not", "why_waiting"})  # fmt: skip


def _is_about_another_time(reading: Reading) -> str:
    if reading.kind not in _OF_NOW_ONLY:
        return ""
    if _WHEN.search(reading.plain):
        return "I don't know when it starts or ends"
    is_past = _HISTORY.search(reading.plain) and not re.search(r"\bsince\b", reading.plain)
    return "I know the present state only" if is_past or _HAPPENED.search(reading.plain) else ""


def unexplained(kind: Kind, text: str) -> tuple[str, ...]:
    """Return the words of a masked question that no example of a kind has, and that are no fillers."""
    known = _vocabulary()["show_workload" if kind == "show_task" else kind]
    return tuple(
        word
        for word in dict.fromkeys(words_of(text))
        if not word.startswith("<") and word not in known and word not in _fillers() and len(word) > 1
    )


@cache
def _vocabulary() -> Mapping[AnyKind, Collection[str]]:
    found: dict[AnyKind, set[str]] = {}
    for kind, text in labelled():
        found.setdefault(kind, set()).update(words_of(text))
    for kind in ("what_if_node_fails", "what_if_zone_fails"):
        found[kind].update(entries("failure"))
    return found


@cache
def _fillers() -> frozenset[str]:
    words = {*everyday(), *entries("fillers"), *entries("units")}
    kinds = Counter(word for known in _vocabulary().values() for word in known)
    return frozenset(words | {stem(word) for word in words} | {w for w, n in kinds.items() if n >= MANY_KINDS})


def _has_words_without_use(reading: Reading) -> str:
    words = unexplained(reading.kind, reading.text)
    if len(words) > MAX_UNEXPLAINED or (words and reading.likeness < SURE):
        return f"I don't know what {words[0]!r} has to do with it"
    return ""


_CHECKS: tuple[Callable[[Reading], str], ...] = (
    _leaves_out,
    _is_unwanted,
    _orders_things,
    _has_several_amounts,
    _has_another_change,
    _is_about_something_unnamed,
    _has_a_name_without_use,
    _has_a_number_without_use,
    _has_a_share_without_use,
    _is_unclear_how_far,
    _asks_about_a_deed,
    _names_a_part_of_a_group,
    _asks_for_a_manual,
    _is_about_another_time,
    _has_words_without_use,
)
