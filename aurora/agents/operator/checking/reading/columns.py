"""Compares records by a column: superlatives, ranks, comparatives, differences and ratios."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import NUMBER_WORDS, Amount, agrees
from aurora.agents.operator.checking.facts import Facts, Group, Record
from aurora.agents.operator.checking.figures import blanked, stated_numbers
from aurora.agents.operator.checking.reading.measures import columns_of, measured
from aurora.agents.operator.checking.reading.phrases import NAME, NAMES
from aurora.agents.operator.checking.reading.subjects import KINDS, is_called, names_in
from aurora.agents.operator.checking.reading.words import LIGHT, UNIT_WORDS, concept, words_in


class _Extreme(NamedTuple):
    """Concepts that an adjective adds, and whether the largest is meant."""

    words: frozenset[str]
    is_largest: bool


def _of(words: str, is_largest: bool) -> _Extreme:
    return _Extreme(frozenset(words.split()), is_largest)


EXTREMES = {
    "fullest": _of("full share", True),
    "busiest": _of("full share", True),
    "emptiest": _of("full share", False),
    "cheapest": _of("price", False),
    "dearest": _of("price", True),
    "most expensive": _of("price", True),
    "least expensive": _of("price", False),
    "closest": _of("short", False),
    "nearest": _of("short", False),
    "farthest": _of("short", True),
    "furthest": _of("short", True),
    "best": _of("reward", True),
    "worst": _of("reward", False),
    "most oversized": _of("freed", True),
    "costliest": _of("price", True),
    "largest": _of("", True),
    "biggest": _of("", True),
    "highest": _of("", True),
    "most": _of("", True),
    "greatest": _of("", True),
    "longest": _of("", True),
    "smallest": _of("", False),
    "lowest": _of("", False),
    "least": _of("", False),
    "fewest": _of("", False),
    "shortest": _of("", False),
}
COMPARATIVES = {
    "fuller": "fullest",
    "busier": "fullest",
    "emptier": "emptiest",
    "cheaper": "cheapest",
    "dearer": "dearest",
    "more expensive": "dearest",
    "less expensive": "cheapest",
    "larger": "largest",
    "bigger": "largest",
    "higher": "highest",
    "greater": "highest",
    "more": "most",
    "smaller": "smallest",
    "lower": "lowest",
    "less": "least",
    "fewer": "fewest",
}
_NUMBERS = "|".join(NUMBER_WORDS[2:])
_S = "|".join(sorted(EXTREMES, key=len, reverse=True))
_C = "|".join(sorted(COMPARATIVES, key=len, reverse=True))
_V = (
    r"(?:is|are|was|were|has|have|would be|would have|needs?|requests?|asks? for|uses?|runs?|hosts?|costs?"
    r"|wants?|holds?|"
    r"comes with|offers?|consumes?)"
)
_ORDER = r"(?:second|third|fourth)[- ]"
_IS = re.compile(
    rf"^(?:the )?(?:[a-z]+ )?(?P<who>{NAMES})(?: (?:pods?|tasks?|nodes?))?,? (?P<verb>{_V})(?: (?:by far"
    rf"|also|still|therefore))*"
    rf"(?: together| both)? (?:the |its )?(?P<order>{_ORDER})?(?P<super>{_S})\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_THE = re.compile(
    rf"^(?:the |its )?(?P<order>{_ORDER})?(?P<super>{_S})\b(?P<rest>.*?) (?P<verb>(?:is|are|has|have"
    rf"|belongs? to|comes from|goes to|"
    rf"would be|) ?)(?:that of |those of |on |of |in |by )?(?:the )?(?:[a-z]+ )?(?P<who>{NAMES})(?P<tail>.*)$",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    rf"^(?P<who>{NAMES}) (?P<verb>.*?\d.*?),? (?:which is )?(?:by far )?the"
    rf" (?P<order>{_ORDER})?(?P<super>{_S})\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_AMONG = re.compile(
    r"\b(?:of|among|in|on|across|from|out of) (?:all |the |these |those |its |any |them\b ?|(?:\d+(?![.\d])) ?)*"
    r"(?P<among>(?:[a-z]+ ){0,2}?(?:nodes?|pods?|tasks?|jobs?|polic(?:y|ies)|workloads?|containers?|plans?"
    r"|requests?|cluster|list|"
    rf"them|these|those|{NAME}))?(?: listed| shown)?(?![a-z<])|\b(?:listed|overall|shown)\b",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(?:,| at| with| -| \(|:)? ?(?:about |around |just |only )?(?=\$?\d)")
_THAN = re.compile(
    rf"^(?:the )?(?P<a>{NAMES})(?: pods?| nodes?| tasks?)?"
    rf" (?P<verb>[^<]*?)\b(?P<comp>{_C})\b(?P<attr>[^<]*?) than (?:the |that of |on |"
    rf"node |pod )?(?P<b>{NAMES}|(?:any|every|all|the) others?(?: [a-z]+)?(?: listed)?)(?P<own>'s?)?(?P<tail>.*)$",
    re.IGNORECASE,
)
_SAME = re.compile(
    rf"^(?P<a>{NAMES}) (?P<verb>.*?),? (?:just )?(?:as (?:much|many|expensive|full|cheap"
    rf"|large)(?P<attr>[^<]*?) as|the same(?P<attr2>[^<]*?) as)"
    rf" (?:the |node )?(?P<b>{NAMES})(?P<tail>.*)$",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"^(?P<a>{NAMES}) (?P<verb>.*?)(?P<about>about |around |roughly |almost |nearly |exactly |more than "
    rf"|over |less than )?"
    rf"(?P<ratio>twice|double|half|(?:\d+|{_NUMBERS}) times) (?:as (?P<attr>much|many|large|big|expensive|full"
    rf"|high)(?P<noun>[^<]*?) as|"
    rf"(?:the |that of )?(?P<noun2>[^<]*?)(?: of| as)?) (?P<b>{NAMES})(?P<own>'s?)?(?P<tail>.*)$",
    re.IGNORECASE,
)
_EQUAL = re.compile(
    rf"^(?P<names>{NAMES}) (?P<verb>[a-z ]*?)(?:the same|equal)(?P<attr>[^<,]*?)(?:,? (?P<value>[^<]*\d[^<]*) each)?$",
    re.IGNORECASE,
)
_GAP = re.compile(
    rf"^the (?:difference|gap)(?P<attr>[^<]*?) between (?P<names>{NAMES})(?P<attr2>[^<]*?) is (?P<value>.*)$",
    re.IGNORECASE,
)


def compared(clause: str, facts: Facts) -> bool | None:
    """Return whether what a clause compares is so by the records; None: it compares nothing that they decide.

    Args:
        clause: The clause, names masked.
        facts: Facts of the cited evidence.
    """
    for read in (_than, _times, _equal, _same, _gap, _beside, _extreme):
        found = read(clause, facts)
        if found is not None:
            return found
    return None


def _extreme(clause: str, facts: Facts) -> bool | None:
    for pattern in (_IS, _THE):
        match = pattern.match(clause)
        if match is None:
            continue
        rest = match["rest"] + (f" {match['tail']}" if "tail" in match.groupdict() else "")
        words = _attribute(match["verb"])
        found = _is_extreme(names_in(match["who"]), match["super"], match["order"], rest, words, facts)
        if found is not None:
            return found
    return None


def _beside(clause: str, facts: Facts) -> bool | None:
    """Return whether a number is the extreme of its column: "has 0.82 cores free, the least of all nodes"."""
    match = _BESIDE.match(clause)
    if match is None:
        return None
    names = names_in(match["who"])
    words = frozenset(_attribute(match["verb"]))
    for number in stated_numbers(blanked(match["verb"])):
        words |= UNIT_WORDS.get(number.quantity.unit, frozenset()) | ({concept(number.noun)} if number.noun else set())
    found = _is_extreme(names, match["super"], match["order"], match["rest"], words, facts)
    if not found:
        return found
    own = [r for g in facts.groups for r in g.records if any(is_called(r, n) for n in names)]
    return True if any(measured(match["verb"], r.cells) for r in own) else None


def _attribute(text: str) -> frozenset[str]:
    return frozenset(concept(w) for w in words_in(text) if w not in LIGHT and w not in KINDS)


def _is_extreme(
    names: Sequence[str], adjective: str, order: str | None, rest: str, words: frozenset[str], facts: Facts
) -> bool | None:
    extreme = EXTREMES[adjective.casefold()]
    among = _AMONG.search(rest)
    plain = rest.replace(among[0], " ", 1) if among else rest
    value = _VALUE.search(plain)
    stated, plain = (plain[value.start() :], plain[: value.start()]) if value else ("", plain)
    if names_in(plain):
        return None
    noun = next((KINDS[w] for w in reversed(words_in(f"{plain} {among[0] if among else ''}")) if w in KINDS), "")
    wanted = _attribute(plain) | words | extreme.words
    place = next(iter(names_in(among[0])), "") if among else ""
    verdicts = []
    for group in facts.groups:
        found = _in_group(group, names, wanted, extreme, adjective, noun, place, order, "listed" in rest)
        if found is not None:
            verdicts.append(found)
    if not verdicts:
        return None
    if stated and any(verdicts):
        own = [r for g in facts.groups for r in g.records if any(is_called(r, n) for n in names)]
        if not any(
            measured(f"{plain} {stated}", r.cells, wanted) or measured(f"{plain} {stated}", r.cells) for r in own
        ):
            return None
    return any(verdicts)


def _in_group(  # noqa: PLR0913, PLR0917  # what a superlative says
    group: Group,
    names: Sequence[str],
    wanted: frozenset[str],
    extreme: _Extreme,
    adjective: str,
    noun: str,
    place: str,
    order: str | None,
    is_listed: bool,
) -> bool | None:
    is_sorted = (
        group.order == adjective.casefold()
        or (group.kind == "policy_id" and adjective.casefold() == "best")
        or (group.order == "fullest" and adjective == "busiest")
    )
    if (noun and group.kind != noun) or not (group.is_whole or is_listed or is_sorted):
        return None
    records = [r for r in group.records if not place or place in r.names or place == r.name]
    if "short" in wanted:  # of what is not short, nothing is said
        records = [r for r in records if columns_of(wanted, r.cells)]
    columns = _values(records, wanted)
    if not columns or any(not any(is_called(r, n) for r in records) for n in names):
        return None
    results = []
    for values in columns:
        own = [v for r, v in zip(records, values, strict=True) if any(is_called(r, n) for n in names)]
        rest = [v for r, v in zip(records, values, strict=True) if not any(is_called(r, n) for n in names)]
        if len(set(values)) == 1:
            return None
        if order:
            ranked = sorted(set(values), reverse=extreme.is_largest)
            rank = ("second", "third", "fourth").index(order.casefold().strip(" -")) + 1
            results.append(rank < len(ranked) and set(own) == {ranked[rank]})
            continue
        results.append(not rest or (min(own) >= max(rest) if extreme.is_largest else max(own) <= min(rest)))
    return all(results)


def _values(records: Sequence[Record], wanted: frozenset[str]) -> list[list[float]]:
    """Return the columns that a phrase means, each with the value of every record; none if that is not clear."""
    if not wanted:  # the largest of them: by all that they ask for
        wanted = frozenset({"requested"})
    for words in (wanted, wanted | {"requested"}, wanted | {"allocatable"}, wanted - {"full"} | {"requested"}):
        cells = [columns_of(words, r.cells) for r in records]
        if not cells or not all(cells):
            continue
        shared = frozenset.intersection(*(frozenset(c.words for c in cs) for cs in cells))
        if len(shared) > 1:
            shared = frozenset(
                k for k in shared if not (k - wanted) - {"cpu", "memory", "gpu", "requested", "allocatable"}
            )
        if shared:
            return [[next(c.value for c in cs if c.words == key) for cs in cells] for key in shared]
        return []
    return []


def _than(clause: str, facts: Facts) -> bool | None:
    match = _THAN.match(clause)
    if match is None:
        return None
    extreme = EXTREMES[COMPARATIVES[match["comp"].casefold()]]
    first, second = names_in(match["a"]), names_in(match["b"])
    body = f"{match['verb']} {match['attr']}"
    numbers = list(stated_numbers(blanked(body)))
    words = _attribute(without_numbers(body)) | extreme.words
    for number in numbers:
        words |= UNIT_WORDS.get(number.quantity.unit, frozenset())
    words |= frozenset(concept(w) for w in words_in(body) if w in KINDS and not second)
    words |= frozenset({"task"}) if re.search(r"\b(?:tasks|pods|jobs)\b", body) else frozenset()
    rest = _attribute(without_numbers(match["tail"]))
    tail = list(stated_numbers(blanked(match["tail"])))
    if rest - words - {"free", "requested"} or len(tail) > 1 or len(numbers) > 1:
        return None
    verdicts = []
    for group in facts.groups:
        records = list(group.records)
        others = (
            [r for r in records if any(is_called(r, n) for n in second)]
            if second
            else [r for r in records if not any(is_called(r, n) for n in first)]
        )
        own = [r for r in records if any(is_called(r, n) for n in first)]
        if not own or not others or not (second or group.is_whole or "listed" in match["b"]):
            continue
        columns = _values(records, words)
        if len(columns) != 1:
            continue
        value = dict(zip([id(r) for r in records], columns[0], strict=True))
        pairs = [(value[id(a)], value[id(b)]) for a in own for b in others]
        is_so = all((a > b) if extreme.is_largest else (a < b) for a, b in pairs)
        is_before = numbers and numbers[0].start < len(match["verb"]) and not match["verb"].rstrip().endswith(",")
        if numbers:
            dimension = _dimension(own[0], words)
            wanted = [abs(a - b) for a, b in pairs] if is_before else [a for a, _ in pairs]
            is_so = is_so and all(agrees(numbers[0].quantity, Amount(round(v, 9), dimension)) for v in wanted)
        if tail:
            dimension = _dimension(others[0], words)
            unit = tail[0].quantity.unit or {"cores": "cores", "GiB": "GiB", "$/h": "$/h"}.get(dimension, "")
            is_so = is_so and agrees(tail[0].quantity._replace(unit=unit), Amount(pairs[0][1], dimension))
        verdicts.append(is_so)
    return any(verdicts) if verdicts else None


def without_numbers(text: str) -> str:
    """Return a text with its names and numbers blanked out."""
    text = blanked(text)
    for number in reversed(list(stated_numbers(text))):
        text = text[: number.start] + " " + text[number.end :]
    return text


def _dimension(record: Record, words: frozenset[str]) -> str:
    for wanted in (words, words | {"requested"}, words | {"allocatable"}):
        cells = columns_of(wanted, record.cells)
        if cells:
            return cells[0].dimension
    return ""


def _times(clause: str, facts: Facts) -> bool | None:
    """Return whether one value is so many times another: "costs twice as much as"."""
    match = _TIMES.match(clause)
    if match is None or match["tail"].strip(" .?"):
        return None
    word = match["ratio"].casefold()
    ratio = {"twice": 2.0, "double": 2.0, "half": 0.5}.get(word) or _number(word.split()[0])
    words = _attribute(f"{match['verb']} {match['noun'] or ''} {match['noun2'] or ''}")
    words |= frozenset({"price"}) if (match["attr"] or "") == "expensive" else frozenset()
    names = (*names_in(match["a"]), *names_in(match["b"]))
    about = (match["about"] or "").strip().casefold()
    for group in facts.groups:
        records = [next((r for r in group.records if is_called(r, n)), None) for n in names]
        if None in records or len(names) != 2:  # noqa: PLR2004  # a pair
            continue
        columns = _values([r for r in records if r is not None], words)
        if len(columns) != 1 or not columns[0][1]:
            continue
        found = columns[0][0] / columns[0][1]
        if about in ("more than", "over"):
            return found > ratio
        if about == "less than":
            return found < ratio
        return (
            abs(found - ratio)
            <= (0.1 if about in ("about", "around", "roughly", "almost", "nearly") else 0.025) * ratio
        )
    return None


def _number(word: str) -> float:
    return float(word) if word.isdigit() else float(NUMBER_WORDS.index(word))


def _same(clause: str, facts: Facts) -> bool | None:
    match = _SAME.match(clause)
    if match is None or match["tail"].strip(" .does"):
        return None
    body = f"{match['verb']} {match['attr'] or match['attr2'] or ''}"
    words = _attribute(without_numbers(body)) | (frozenset({"price"}) if "expensive" in clause else frozenset())
    numbers = list(stated_numbers(blanked(body)))
    for number in numbers:
        words |= UNIT_WORDS.get(number.quantity.unit, frozenset())
    names = (*names_in(match["a"]), *names_in(match["b"]))
    for group in facts.groups:
        records = [r for r in group.records if any(is_called(r, n) for n in names)]
        columns = _values(records, words - {"expensiv", "full"})
        if len(columns) == 1 and len(records) >= len(names):
            is_so = len(set(columns[0])) == 1
            if numbers:
                dimension = _dimension(records[0], words)
                is_so = is_so and agrees(numbers[0].quantity, Amount(columns[0][0], dimension))
            return is_so
    return None


def _equal(clause: str, facts: Facts) -> bool | None:
    """Return whether several have the same value: "a and b score the same, 35 each"."""
    match = _EQUAL.match(clause)
    names = names_in(match["names"]) if match else ()
    if match is None or len(names) < 2:  # noqa: PLR2004  # of one, nothing is the same
        return None
    words = _attribute(f"{match['verb']} {match['attr']}")
    for group in facts.groups:
        records = [r for r in group.records if any(is_called(r, n) for n in names)]
        columns = _values(records, words) if words and len(records) == len(names) else []
        if len(columns) == 1:
            said = f"{' '.join(words)} {match['value']}"
            is_so = not match["value"] or all(measured(said, r.cells) for r in records)
            return len(set(columns[0])) == 1 and is_so
    return None


def _gap(clause: str, facts: Facts) -> bool | None:
    match = _GAP.match(clause)
    if match is None:
        return None
    names = names_in(match["names"])
    numbers = list(stated_numbers(blanked(match["value"])))
    words = _attribute(f"{match['attr']} {match['attr2']} {without_numbers(match['value'])}")
    if len(numbers) != 1 or len(names) != 2:  # noqa: PLR2004  # a pair
        return None
    words |= UNIT_WORDS.get(numbers[0].quantity.unit, frozenset())
    for group in facts.groups:
        records = [r for r in group.records if any(is_called(r, n) for n in names)]
        columns = _values(records, words)
        if len(columns) == 1 and len(columns[0]) == 2:  # noqa: PLR2004  # a pair
            gap = abs(columns[0][0] - columns[0][1])
            return agrees(numbers[0].quantity, Amount(round(gap, 9), _dimension(records[0], words)))
    return None
