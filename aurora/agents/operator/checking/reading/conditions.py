"""Reads the condition of a sentence, such as "with 30% more load", by the changes that the cited evidence tries."""

from __future__ import annotations

import re

from aurora.agents.operator.checking.facts import Facts
from aurora.agents.operator.checking.figures import blanked, stated_numbers
from aurora.agents.operator.checking.reading.subjects import names_in
from aurora.agents.operator.checking.reading.words import LIGHT, words_in
from aurora.agents.operator.checking.vocabulary import stem

_FIRST = re.compile(
    r"^(?P<said>(?:if|with|without|after|once|should|when|in case|at|assuming|were|adding|draining|failing"
    r"|losing) [^,;]+?)"
    r"(?:, (?:then )?|(?<=>) (?=(?:the|a|an|no|there) )|"
    r" (?=(?:would|raises|lowers|leaves|brings|reduces|increases|makes|puts|saves|places)\b))",
    re.I,
)
_OPEN = re.compile(r"^(?P<said>with \d+ ?% more load|with \d+ more nodes?(?: like <[^>]*>)?)(?=[ ,])", re.I)
_LAST = re.compile(
    r"(?P<said>(?:,? )(?:if|with|without|after|once|when|in case|at|assuming) [^,;<]*(?:<[^>]*>[^,;<]*)?)\.?$", re.I
)
_MIDDLE = re.compile(
    r" (?P<said>(?:if|with|without|after|once|when|in case|at) [^,;:<]*(?:<[^>]*>[^,;:<]*)?)(?=[,:])", re.I
)
_MEANS = {
    "fails": "fail fails failed failure failing fell gone lost losing loss down goes went out lose without"
    " drop drops dropped",
    "add": "add adding added more extra new another like additional nodes node were",
    "times": "load more higher demand increase increased increases grew rise rises grows extra additional",
    "drain": "drain drained draining drains plan applied carried out empty emptied",
    "cordon": "plan applied drain drained draining move moves",
    "move": "plan applied drain drained draining move moves moved",
    "scale": "plan applied scale scaled scaling replicas",
}
_ROUNDING = 1e-6
_FACTOR = re.compile(r"\btimes (\d+(?:\.\d+)?)")


def condition(masked: str, facts: Facts) -> tuple[str, frozenset[str], list[tuple[int, int]]]:
    """Return a sentence with its condition blanked out, the concepts that hold under it, and where it was.

    Args:
        masked: The sentence, names masked.
        facts: Facts of the cited evidence.
    """
    changes = [t.text for t in facts.texts if t.tokens & {"changes", "change"} and " " in t.text]
    for pattern in (_FIRST, _OPEN, _LAST, _MIDDLE):
        match = pattern.search(masked)
        if match is None or not any(_is_tried(match["said"], c) for c in changes):
            continue
        start, end = match.span("said")
        after = frozenset({"after", "proposed"})
        return masked[:start] + " " * (end - start) + masked[end:], after, [(start, end)]
    would = re.search(r"\b(?:would|afterwards|then)\b", masked, re.IGNORECASE)
    return masked, frozenset({"after", "proposed"}) if would and changes else frozenset(), []


def _is_tried(said: str, change: str) -> bool:
    """Return whether a condition is a change that was tried."""
    kind = next((k for k in _MEANS if re.search(rf"\b{k}\b", change)), "")
    if not kind or any(n not in change for n in names_in(said)):
        return False
    known = {stem(w) for w in (*_MEANS[kind].split(), *words_in(change), "if", "with", "in", "case", "once", "when")}
    known |= {stem(w) for w in ("should", "after", "without", "assuming", "node", "nodes", "we", "you", "were", "at")}
    if any(stem(w) not in known and w not in LIGHT for w in words_in(said)):
        return False
    factor = _FACTOR.search(change)
    for number in stated_numbers(blanked(said)):
        value = number.quantity.number
        if factor and number.quantity.unit == "%":
            if abs(value - 100 * (float(factor[1]) - 1)) > _ROUNDING:
                return False
        elif not re.search(rf"(?<![\w.-]){value:g}(?![\w.])", change):
            return False
    return bool(names_in(said)) or any(c.isdigit() for c in said) or kind in ("drain", "cordon", "move")
