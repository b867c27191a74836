"""Reads what a clause compares with the number before it, fractions of a whole, and which resource is the scarcest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aurora.agents.explain.telling.quantities import NUMBER_WORDS, UNITS, Quantity
from aurora.agents.operator.checking.facts import Cell, Facts, Record
from aurora.agents.operator.checking.figures import blanked, stated_numbers
from aurora.agents.operator.checking.reading.measures import RESOURCES, columns_of, measured
from aurora.agents.operator.checking.reading.subjects import named_records, names_in
from aurora.agents.operator.checking.reading.words import concept, concepts_in

_AGAINST = re.compile(
    r"^(?:which |that |this )?(?:is |are |stays )?(?:(?:well|far|just|slightly|a bit|a little|much|still|only) )*"
    r"(?P<way>below|under|less than|fewer than|lower than|above|over|more than|higher than|greater than)"
    r" (?:the |its )?(?P<rest>.*\d.*)$",
    re.IGNORECASE,
)
_RATIO = re.compile(
    r"^(?:which |that )?(?:is |are )?(?P<about>about |around |roughly |almost |nearly |more than |over |less than )?"
    r"(?P<ratio>twice|double|half|(?:\d+|two|three|four|five|six|seven|eight|nine|ten) times) (?:(?:the"
    r"|its|their|that of the) )?(?P<rest>.*\d.*)$",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"(?:(?P<way>more than|over|just over|slightly over|slightly more than|a little over|less than|under|just under|"
    r"slightly under|nearly|almost|about|around|roughly|approximately|close to|exactly|only|at least) )?"
    r"\b(?P<share>half|(?:a|one) third|(?:a|one) quarter|two thirds|three quarters|2 thirds|3 quarters|a"
    r" fifth|a tenth)(?: of)?\b",
    re.IGNORECASE,
)
_SHARES = {
    "half": 0.5,
    "a third": 1 / 3,
    "one third": 1 / 3,
    "a quarter": 0.25,
    "one quarter": 0.25,
    "two thirds": 2 / 3,
    "2 thirds": 2 / 3,
    "three quarters": 0.75,
    "3 quarters": 0.75,
    "a fifth": 0.2,
    "a tenth": 0.1,
}
_SCARCE = re.compile(
    r"^(?:the )?(?P<what>cpu|memory|gpus?|mig(?: slices)?)(?: (?:is|are) (?:the |clearly |by far |even )*"
    r"(?P<way>tightest|scarcest|fullest|most (?:heavily )?(?:used|requested)|scarcer|tighter|fuller)(?: resource)?)"
    r"(?: than (?P<other>cpu|memory|gpus?|mig(?: slices)?))?(?: (?:with|at) (?P<rest>.*))?$",
    re.IGNORECASE,
)
_ABOUT, _EXACT = 0.15, 0.03
"""Largest relative error of a fraction that is called approximate, and of one that is not."""


def against(
    clause: str, facts: Facts, last: Sequence[str], number: Quantity | None, heard: frozenset[str]
) -> bool | None:
    """Return whether a comparison with the number before, a fraction or the scarcest resource is so; None: none is.

    Args:
        clause: The clause, names masked.
        facts: Facts of the cited evidence.
        last: Names that the clause before was about.
        number: Last number of the clause before.
        heard: Concepts of the clause before.
    """
    scarce = _SCARCE.match(clause)
    if scarce:
        return _is_scarcest(scarce, facts)
    found = _is_fraction(clause, facts, last)
    if found is not None or number is None:
        return found
    match = _AGAINST.match(clause) or _RATIO.match(clause)
    if match is None:
        return None
    rest = match["rest"]
    others = list(stated_numbers(blanked(rest)))
    if len(others) != 1:
        return None
    cells = [c for r in _about(rest, facts, last) for c in (r.cells,)]
    said = heard & RESOURCES
    if not any(measured(_nameless(rest), c, said) or measured(_nameless(rest), c, said | heard) for c in cells):
        return None
    first, second = _size(number, others[0].quantity.unit), _size(others[0].quantity, number.unit)
    if first is None or second is None:
        return None
    groups = match.groupdict()
    if groups.get("ratio"):
        word = groups["ratio"].casefold()
        ratio = {"twice": 2.0, "double": 2.0, "half": 0.5}.get(word) or _number(word.split()[0])
        about = (groups["about"] or "").strip().casefold()
        if about in ("more than", "over"):
            return first > ratio * second
        if about == "less than":
            return first < ratio * second
        return abs(first - ratio * second) <= (_ABOUT if about else _EXACT) * ratio * second
    is_below = groups["way"].casefold().split()[0] in ("below", "under", "less", "fewer", "lower")
    return first < second if is_below else first > second


def _number(word: str) -> float:
    return float(word) if word.isdigit() else float(NUMBER_WORDS.index(word))


def _nameless(text: str) -> str:
    return " ".join(re.sub(r"(?:that )?<[^>]*>(?:'s)?(?: alone)?|\bit\b", " ", text).split())


def _about(text: str, facts: Facts, last: Sequence[str]) -> Iterator[Record]:
    names = names_in(text) or last
    for name in names:
        yield from named_records(name, facts.groups)
    if not names_in(text):
        yield from facts.wholes


def _size(quantity: Quantity, other: str) -> float | None:
    """Return a number in the base unit of its dimension, or of the other's where it has no unit."""
    unit = quantity.unit or other
    sizes = [units[unit] for units in UNITS.values() if unit in units]
    return quantity.number * sizes[0] if sizes else None


def _is_fraction(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    match = _FRACTION.search(clause)
    if match is None or re.search(r"\b(?:as|twice|times|than)\b", clause.replace(match[0], "")):
        return None
    rest = f"{clause[: match.start()]} {clause[match.end() :]}"
    if list(stated_numbers(blanked(rest))):
        return None
    share = _SHARES[match["share"].casefold()]
    words = concepts_in(_nameless(rest)) | {"share"}
    for record in _about(rest, facts, last):
        cells = columns_of(words, record.cells) or columns_of(words | {"allocatable"}, record.cells)
        values = {round(c.value, 6) for c in cells}
        if len(values) == 1:
            return _compares(values.pop(), share, (match["way"] or "").casefold())
    return None


def _compares(value: float, share: float, way: str) -> bool:
    if way in ("more than", "over", "at least"):
        return value > share
    if way in ("less than", "under"):
        return value < share
    if way in ("just over", "slightly over", "slightly more than", "a little over"):
        return share < value <= share * (1 + _ABOUT)
    if way in ("just under", "slightly under", "nearly", "almost"):
        return share * (1 - _ABOUT) <= value <= share
    return abs(value - share) <= (_EXACT if way in ("", "exactly", "only") else _ABOUT) * share


def _is_scarcest(match: re.Match[str], facts: Facts) -> bool | None:
    for record in facts.wholes:
        shares = {r: _share(r, record.cells) for r in ("cpu", "memory", "gpu", "mig")}
        known = {r: v for r, v in shares.items() if v is not None}
        what = concept(match["what"].split()[0])
        if what not in known or len(known) < 2:  # noqa: PLR2004  # nothing to compare
            continue
        if match["other"]:
            other = concept(match["other"].split()[0])
            is_so = other in known and known[what] > known[other]
        elif match["way"].casefold() in ("scarcer", "tighter", "fuller"):
            return True if known[what] == max(known.values()) else None
        else:
            is_so = known[what] == max(known.values())
        if is_so and match["rest"]:
            return measured(match["rest"], record.cells, frozenset({what})) or None
        return is_so
    return None


def _share(resource: str, cells: Sequence[Cell]) -> float | None:
    found = [c.value for c in cells if {resource, "requested", "share"} == c.words]
    return found[0] if found else None
