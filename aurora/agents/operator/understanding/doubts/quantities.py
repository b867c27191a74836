"""Doubts about amounts: several of them, those without a use, and times without a length."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding import slots as amounts
from aurora.agents.operator.understanding.doubts.reading import Reading

_FROM_TO = re.compile(r"\b(?:from|between)\b|\bto\s|->")
_SHARES: frozenset[Kind] = frozenset({"what_if_load", "what_if_price", "reserve"})


def has_several_amounts(reading: Reading) -> str:
    """Return a doubt where several amounts fit one slot."""
    if reading.kind not in _SHARES:
        return ""
    if _UNCLEAR_SHARE.search(reading.plain):
        return "it gives a range, or a growth that goes on; one percentage at a time"
    if reading.kind == "reserve" and len(set(_QUANTILE.findall(reading.plain))) > 1:
        return "it names several confidences; one at a time"
    shares = {amount.value for amount in amounts.percents(reading.plain)}
    if len(shares) > 1:
        return "it names several percentages; one at a time"
    things = [m for m in reading.mentions if m.kind in ("workload", "task", "node", "zone")]
    if reading.kind != "reserve" and len(things) > 1 and len(_MULTIPLE.findall(reading.plain)) + len(shares) > 1:
        return "it names several amounts; one at a time"
    return ""


_QUANTILE = re.compile(r"\bp\d{2,3}\b")
_UNCLEAR_SHARE = re.compile(
    r"\d\s?(?:%|percent)?\s?(?:to|-|–|or)\s?\d+(?:[.,]\d+)?\s?(?:%|percent)|"
    r"(?:%|percent) (?:per|each|every|a) (?:second|minute|hour|day|week|month)"
)
_MULTIPLE = re.compile(r"\b(?:doubl\w*|tripl\w*|halv\w*|twice|quadrupl\w*|half)\b")


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


_MAY_COUNT: frozenset[Kind] = frozenset({"why_not", "oversized", "forecast"})
"""Kinds of which a question may say how much there is or is asked for."""


def has_a_number_without_use(reading: Reading) -> str:
    """Return a doubt where a number has no slot."""
    plain = re.sub(
        r"\b(?:at|by|until|till|since|from|before|after|in) \d{1,2}(?::\d\d)?(?: ?[ap]m)?\b", " ", reading.plain
    )
    found = _NUMBER.findall(plain)
    if reading.kind in _NO_AMOUNT:
        jobs = [n for n in found if n.isdigit() and len(n) >= _ID_DIGITS]
        if jobs:
            return f"I know nothing called {jobs[0]!r} here"
        rest = _NUMBER.findall(_WITH_UNIT.sub(" ", plain))
        is_loose = bool(rest) and reading.kind not in _MAY_COUNT
        return f"it says {rest[0]}, and I don't know of what" if is_loose else ""
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


def has_a_share_without_use(reading: Reading) -> str:
    """Return a doubt where a percentage has no slot."""
    is_unused = reading.kind == "reserve" and amounts.percents(reading.plain) and "confidence" not in reading.slots
    return "it names a percentage that is no confidence" if is_unused else ""


_SPANS = re.compile(
    r"\b(?:\d+(?:\.\d+)? ?-?|(?:an?|one|two|three|four|five|six|eight|ten|twelve|half an?)[ -])"
    r"(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|d|m)\b"
)


def has_several_spans(reading: Reading) -> str:
    """Return a doubt where several lengths of time fit one slot."""
    is_ahead = reading.kind in ("forecast", "reserve")
    several = is_ahead and len(_SPANS.findall(reading.plain)) > 1 and reading.slots.get("horizon") != _HOUR_AND_A_HALF
    return "it names several lengths of time; one at a time" if several else ""


_HOUR_AND_A_HALF = 5400.0
_SCALED = re.compile(r"\b(?:re-?)?scal\w+|\breplicas?\b|\bcopies\b|\b(?:many|more|fewer) (?:pods|tasks|instances)\b")
_DEVICES = re.compile(
    r"\bhow many (?:nodes|machines|hosts|servers|pods|replicas)\b|"
    r"\b(?:gpus?|vram|disks?|storage|network|bandwidth|iops|licen[sc]es?|costs?|bill|money|price[sd]?|dollars|"
    r"spend\w*)\b"
)


def measures_something_else(reading: Reading) -> str:
    """Return a doubt where an amount is of replicas, or demand is of what no series has."""
    if reading.kind == "what_if_load" and _SCALED.search(reading.plain):
        return "it speaks of replicas, and the answer would be about load"
    is_unmeasured = reading.kind in ("forecast", "reserve") and _DEVICES.search(reading.plain)
    return "I know the demand of cores and memory only" if is_unmeasured else ""


_LATER = re.compile(
    r"\b(?:weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tonight|this evening|months?|years?|christmas|"
    r"easter|noon|"
    r"midnight|season|(?:end|rest) of|\d ?[ap]m|until|till)\b"
)


def is_unclear_how_far(reading: Reading) -> str:
    """Return a doubt where a time ahead has no length."""
    is_later = (
        reading.kind in ("forecast", "reserve") and "horizon" not in reading.slots and _LATER.search(reading.plain)
    )
    return "it does not say how far ahead in hours or days" if is_later else ""
