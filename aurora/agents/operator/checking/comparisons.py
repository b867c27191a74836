"""Checks the comparisons of a sentence: superlatives and comparatives, by the rows of the cited evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import UNITS, Amount, Quantity, agrees
from aurora.agents.operator.checking.facts import WORD, Facts, rows_of
from aurora.agents.operator.checking.figures import stated_numbers
from aurora.agents.operator.checking.vocabulary import UNCHECKED, alike, stem

PAIR = 2
"""Names that a comparative compares."""


class _Superlative(NamedTuple):
    """Fields that a comparison is about, the first that a list has, and whether the largest is meant."""

    fields: tuple[str, ...]
    is_largest: bool


def _of(fields: str, is_largest: bool) -> _Superlative:
    return _Superlative(tuple(fields.split()), is_largest)


_SUPERLATIVES = {
    "fullest": _of("fullest_share requested_share", True),
    "busiest": _of("fullest_share requested_share used", True),
    "emptiest": _of("fullest_share requested_share", False),
    "cheapest": _of("price cost", False),
    "dearest": _of("price cost", True),
    "most expensive": _of("price cost", True),
    "least expensive": _of("price cost", False),
    "best": _of("reward mean value", True),
    "worst": _of("reward mean value", False),
    "most oversized": _of("freed", True),
    "largest": _of("", True),
    "biggest": _of("", True),
    "highest": _of("", True),
    "most": _of("", True),
    "longest": _of("", True),
    "smallest": _of("", False),
    "lowest": _of("", False),
    "least": _of("", False),
    "fewest": _of("", False),
    "shortest": _of("", False),
}
_COMPARATIVES = {
    "fuller": "fullest",
    "busier": "busiest",
    "emptier": "emptiest",
    "cheaper": "cheapest",
    "dearer": "dearest",
    "more expensive": "dearest",
    "better": "best",
    "worse": "worst",
    "larger": "largest",
    "bigger": "largest",
    "higher": "largest",
    "greater": "largest",
    "longer": "largest",
    "more": "largest",
    "smaller": "smallest",
    "lower": "smallest",
    "less": "smallest",
    "fewer": "smallest",
    "shorter": "smallest",
}
_SUPERLATIVE = re.compile(rf"\b(?:{'|'.join(sorted(_SUPERLATIVES, key=len, reverse=True))})\b", re.IGNORECASE)
_COMPARATIVE = re.compile(rf"\b({'|'.join(sorted(_COMPARATIVES, key=len, reverse=True))})\b(.{{0,60}}?)\bthan\b", re.I)
HARMLESS = re.compile(
    r"\bat (?:most|least|best|worst|the latest)\b|\bsmallest (?:set of )?changes?\b|\beasiest\b|\bleast_\w+|"
    r"\b(?:no|not) (?:more|less) than\b|\b(?:or|and) more\b|\bany ?more\b|\bmore room\b",
    re.IGNORECASE,
)
_SLIGHT = re.compile(r"\b(?:slightly|marginally|a bit|a little) $", re.IGNORECASE)
_SLIGHT_SHARE = 0.15
"""Largest difference, relative to the larger one, that is called slight."""
_OF_NUMBER = re.compile(r"^\s*(?:about |around |the |its )?(?:\$|-)?\d")


def wrong_comparison(text: str, masked: str, facts: Facts, named: frozenset[str]) -> str:
    """Return which comparison of a sentence the rows of the evidence do not bear out; "" if none.

    Args:
        text: The sentence, names blanked out.
        masked: The sentence, with names as `<name>`.
        facts: Facts of the cited evidence.
        named: Names that it is about.
    """
    text = HARMLESS.sub(lambda m: "~" * len(m[0]), text)
    for match in _COMPARATIVE.finditer(text):
        if _OF_NUMBER.match(text[match.end() :]):
            continue  # the number is checked as a bound
        is_slight = _SLIGHT.search(text[: match.start()]) is not None
        fault = _wrong_pair(match[1].casefold(), text, masked, facts, named, is_slight=is_slight)
        if fault:
            return fault
    spoken = " ".join(t.text for t in facts.texts).casefold()
    for match in _SUPERLATIVE.finditer(text):
        if re.match(r" [a-z]+", text[match.end() :]) and _phrase(text, match) in spoken:
            continue  # the evidence says it in these words
        fault = _wrong_extreme(match[0].casefold(), text, facts, named)
        if fault:
            return fault
    return ""


def verified_comparisons(text: str) -> list[tuple[int, int]]:
    """Return where a sentence compares: all that `wrong_comparison` finds no fault with is verified."""
    return [m.span() for p in (_COMPARATIVE, _SUPERLATIVE) for m in p.finditer(text)]


def _phrase(text: str, match: re.Match[str]) -> str:
    """Return a word of a sentence with the one after it, in lower case."""
    return " ".join(text[match.start() :].casefold().split()[:2]).rstrip(".,;:")


def _measured(name: str, text: str, facts: Facts) -> Iterator[tuple[tuple[str, str], dict[str, float]]]:
    """Yield, for each list and field that a comparison may be about, the value of each row."""
    said = {a for w in WORD.findall(text) for a in alike(w)}
    words = said | {stem(w) for w in said}
    columns: dict[tuple[str, str], dict[str, float]] = {}
    for listed, row, owner, figure in rows_of(facts):
        columns.setdefault((listed, row), {})[owner] = figure.amount.value
    columns = {key: column for key, column in columns.items() if len(set(column.values())) > 1}
    resources = [r for r in ("cpu", "memory") if r in words]
    wanted = _SUPERLATIVES[name].fields
    if wanted and len(resources) != 1:
        field = next((w for w in wanted if any(w in row for _, row in columns)), "")
        yield from ((k, c) for k, c in columns.items() if field and field in k[1])
        return
    if wanted:
        columns = {k: c for k, c in columns.items() if any(w in k[1] for w in wanted) and resources[0] in k[1]}
        yield from columns.items()
        return
    scores = {key: len({stem(w) for w in _field_words(key[1]) & words}) for key in columns}
    best = max(scores.values(), default=0)
    yield from ((k, c) for k, c in columns.items() if best and scores[k] == best)


def _field_words(field: str) -> set[str]:
    generic = {"resources", "resource", "share", "id", "per", "hour", ""}
    return {a for t in re.split(r"[^a-z]+", field.casefold()) if t not in generic for a in alike(t)}


def _wrong_extreme(name: str, text: str, facts: Facts, named: frozenset[str]) -> str:
    superlative = _SUPERLATIVES[name]
    numbers = [s.quantity for s in stated_numbers(text)]
    candidates = 0
    if any(f.key & {name} and not f.where[1] and any(agrees(n, f.amount) for n in numbers) for f in facts.figures):
        return ""
    if name == "best" and any("best" in t.tokens and t.text in named for t in facts.texts):
        return ""
    for listing in facts.listings:
        if listing.order == name and listing.members:
            if listing.members[0] in named:
                return ""
            candidates += 1
    for (listed, _row), column in _measured(name, text, facts):
        if not _is_whole(listed, name, facts):
            continue
        candidates += 1
        several = [v for o, v in column.items() if o in named]
        if len(several) > 1 and len(several) == len(named & set(column)) == len(named):
            rest = [v for o, v in column.items() if o not in named]
            if not rest or (min(several) >= max(rest) if superlative.is_largest else max(several) <= min(rest)):
                return ""
            continue
        extreme = (max if superlative.is_largest else min)(column.values())
        holders = {o for o, v in column.items() if v == extreme}
        if holders & named or (not named and any(_is_value(n, extreme) for n in numbers)):
            return ""
    if candidates and named:
        return f"its evidence has another one as the {name}"
    return f"{UNCHECKED}: the cited evidence does not list what “{name}” compares"


def _is_value(stated: Quantity, value: float) -> bool:
    """Return whether a number is a value, in whichever unit it has."""
    return any(agrees(stated, Amount(value, d)) for d, units in UNITS.items() if stated.unit in units)


def _is_whole(listed: str, name: str, facts: Facts) -> bool:
    """Return whether a list has all rows, or those that the comparison needs come first in it."""
    for listing in facts.listings:
        if listing.order and listing.order == name:
            return True
    return all(listing.is_whole for listing in facts.listings if listing.size > 1 and listing.members)


def _wrong_pair(word: str, text: str, masked: str, facts: Facts, named: frozenset[str], *, is_slight: bool) -> str:
    name = _COMPARATIVES[word]
    if len(named) != PAIR:
        return f"{UNCHECKED}: “{word} than” needs two names that the cited evidence lists"
    order = sorted(named, key=lambda n: masked.find(f"<{n}>"))
    is_largest = _SUPERLATIVES[name].is_largest
    compared = 0
    for _, column in _measured(name, text, facts):
        if not set(order) <= set(column):
            continue
        compared += 1
        first, second = column[order[0]], column[order[1]]
        if is_slight and abs(first - second) > _SLIGHT_SHARE * max(abs(first), abs(second)):
            continue
        if (first > second) if is_largest else (first < second):
            return ""
    return "the cited evidence says the opposite" if compared else f"{UNCHECKED}: its evidence does not compare the two"
