"""Reads what is said of a forecast: its course from one step to another, its peak, and the intervals around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from aurora.agents.explain.telling.quantities import UNITS, Amount, Quantity, agrees
from aurora.agents.operator.checking.facts import Facts, Record
from aurora.agents.operator.checking.figures import stated_numbers

_WHAT = (
    r"(?:the |its |x'?s? )?(?:(?:expected|median|forecast|predicted|cpu|memory|demand|p50|use|x|of|for) ?){0,5}"
    r"(?: ?(?:is|are) (?:expected|forecast|predicted) to| ?(?:would|will))?"
)
_N = r"(?:about |around |just )?\d+(?:\.\d+)?(?: (?:cores?|GiB))?"
_T = (
    r"(?: ?(?:in|after|at|within|for)? ?(?:(?:\d+|an|one) (?:minutes?|hours?|min|h)(?: from now| ahead| time)?|"
    r"now|the (?:first|last) step))"
)
_COURSE = re.compile(
    rf"^{_WHAT} ?(?P<way>rises?|climbs?|grows?|increases?|falls?|drops?|decreases?|goes|go|moves?|starts?|begins?)"
    rf"(?: by (?P<by>{_N}),?)?(?: from| at| with)? (?P<first>{_N})(?P<when>{_T})?"
    rf"(?:,? (?:to|and (?:peaks?|tops out) at|and (?:rises?|climbs?) to) (?P<second>{_N})(?P<then>{_T})?)?$",
    re.IGNORECASE,
)
_PEAK = re.compile(
    rf"^{_WHAT} ?(?P<way>peaks?|tops out|bottoms out|reaches its (?:peak|maximum))(?: at| of| with)? (?P<first>{_N})"
    rf"(?P<when>{_T})?$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"^(?:(?P<before>{_T}),? )?(?:with )?(?:an? )?(?P<share>\d+(?:\.\d+)? ?%)"
    r"(?: (?:of (?:the |all )?(?:cases|outcomes|values)|probability|confidence|chance|interval|certainty))*,?"
    r"(?: (?:it |demand |the (?:use|demand|value|median) )?(?:lies?|lie|is|are|stays?|falls?|fall|runs?|spans?|goes))?"
    rf"(?: (?:from|between|within))? (?P<low>{_N}) (?:and|to|-) (?P<high>{_N})(?P<when>{_T})?$",
    re.IGNORECASE,
)
_QUANTILES = {50: ("p25", "p75"), 80: ("p10", "p90"), 90: ("p05", "p95"), 98: ("p01", "p99")}
"""Percent of an interval -> its quantiles."""


def coursed(clause: str, facts: Facts) -> bool | None:
    """Return whether what a clause says of a forecast's course is so; None: it says nothing of one.

    Args:
        clause: The clause, names masked.
        facts: Facts of the cited evidence.
    """
    steps = [r for g in facts.groups for r in g.records if any("p50" in c.words for c in r.cells)]
    if len(steps) < 2:  # noqa: PLR2004  # no course
        return None
    clause = re.sub(r"<[^>]*>", "x", clause)
    match = _BETWEEN.match(clause)
    if match:
        return _between(match.groupdict(), steps)
    match = _PEAK.match(clause)
    if match:
        values = _values(steps, "p50")
        value = min(values) if match["way"].casefold().startswith("bottom") else max(values)
        is_so = any(_is(q, value) for q in _read(match["first"]))
        return is_so and (not match["when"] or value in _values(_rows(steps, match["when"]), "p50"))
    match = _COURSE.match(clause)
    return _course(match.groupdict(), steps) if match else None


def _between(said: Mapping[str, str | None], steps: Sequence[Record]) -> bool | None:
    columns = _QUANTILES.get(round(float((said["share"] or "").strip(" %"))))
    when = said["when"] or said["before"]
    rows = _rows(steps, when) if when else steps
    if columns is None or not rows:
        return None
    unit = next((q.unit for q in _read(said["high"])), "")
    low, high = (next(_read(said[k]))._replace(unit=unit) for k in ("low", "high"))
    found = _values(rows, columns[0]), _values(rows, columns[1])
    is_so = all(found) and _is(low, min(found[0])) and _is(high, max(found[1]))
    return is_so or (False if when else None)


def _course(said: Mapping[str, str | None], steps: Sequence[Record]) -> bool | None:
    unit = next((q.unit for k in ("first", "second") for q in _read(said[k]) if q.unit), "")
    found = []
    for number, when in (("first", "when"), ("second", "then")):
        if not said[number]:
            continue
        rows = _rows(steps, said[when]) if said[when] else (steps[:1] if number == "first" else steps)
        quantity = next(_read(said[number]))._replace(unit=unit)
        values = [v for v in _values(rows, "p50") if _is(quantity, v)]
        if not values:
            return False
        found.append(values[0])
    if len(found) == 1:
        return True
    if said["by"] and not any(
        _is(q._replace(unit=unit), round(abs(found[1] - found[0]), 9)) for q in _read(said["by"])
    ):
        return False
    way = (said["way"] or "").casefold()
    if re.match(r"rise|climb|grow|increas", way):
        return found[1] > found[0]
    return found[1] < found[0] if re.match(r"fall|drop|decreas", way) else True


def _read(text: str | None) -> Iterator[Quantity]:
    yield from (s.quantity for s in stated_numbers(text or ""))


def _rows(steps: Sequence[Record], when: str | None) -> list[Record]:
    """Return the steps at a time, such as "in an hour"."""
    text = re.sub(r"\b(?:an|one) (?=hour|minute)", "1 ", when or "")
    if "last" in text:
        return list(steps[-1:])
    if "first" in text or text.strip() == "now":
        return list(steps[:1])
    found = []
    for quantity in _read(text):
        size = UNITS["s"].get(quantity.unit, 0.0)
        for record in steps:
            ahead = [c.value for c in record.cells if c.dimension == "s"]
            if ahead and abs(ahead[0] - quantity.number * size) < 1:
                found.append(record)
    return found


def _values(records: Sequence[Record], column: str) -> list[float]:
    return [c.value for r in records for c in r.cells if column in c.words]


def _is(quantity: Quantity, value: float) -> bool:
    dimension = "GiB" if quantity.unit in UNITS["GiB"] else "cores"
    return agrees(quantity._replace(unit=quantity.unit or dimension), Amount(value, dimension))
