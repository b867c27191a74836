"""Checks the numbers of a sentence: each must be a figure of the cited evidence, or follow from figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount, Quantity, agrees
from aurora.agents.operator.checking.derived import is_delta, is_derived, wrong_fraction
from aurora.agents.operator.checking.facts import Facts, Figure
from aurora.agents.operator.checking.figures import Stated, admissible, blanked, clause_at, stated_numbers
from aurora.agents.operator.checking.vocabulary import stem

_BOUND = re.compile(
    r"(?P<never>(?:never|not|n't) exceeds?)\s+(?:the |its )?$|"
    r"(?P<least>at least|no less than|more than|over|above|exceed(?:s|ing)|greater than|higher than)\s+(?:the |its )?$|"
    r"(?P<most>at most|no more than|less than|under|below|fewer than|lower than|up to|within)\s+(?:the |its )?$",
    re.IGNORECASE,
)
_NUMBERS_IN_WORDS = ["an", "one", "two", "three", "four", "five", "six"]
_TIME_IN_WORDS = re.compile(rf"\bin ({'|'.join(_NUMBERS_IN_WORDS)}) (hours?|minutes?)\b", re.IGNORECASE)
_OVER = re.compile(r"^(?:over|within)\s*$", re.IGNORECASE)
_TOGETHER = re.compile(r"\b(?:together|in total|in all|combined|altogether|in sum)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"(?:it|the (?:pod|task|job|plan)|they)\b", re.IGNORECASE)
_SPAN = re.compile(r"\b(?:over|within|next)(?: the)?(?: next| coming)? $", re.IGNORECASE)
"""What is before a time that spans all rows of a list, such as the steps of a forecast."""
_STRICT = re.compile(r"^(?:more|over|above|exceed|greater|higher|less than|under|below|fewer|lower)", re.IGNORECASE)
_CHANGED = frozenset({"difference", "freed", "saving", "savings", "saved"})
"""Words of the paths of amounts by which something changes."""
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?|\b\d{1,2}:\d{2}(?::\d{2})?\b")


def wrong_number(
    masked: str, facts: Facts, named: frozenset[str], question_numbers: Sequence[Quantity], raw: str
) -> str:
    """Return what is wrong with the numbers of a sentence; "" if each is borne out.

    Args:
        masked: The sentence, with names as `<name>`.
        facts: Facts of the cited evidence.
        named: Names that the sentence is about.
        question_numbers: Numbers of the question, which may be repeated.
        raw: Evidence and question as text, in which times must occur.
    """
    text = blanked(masked)
    for time in _DATE.findall(text):
        if time not in raw:
            return f"the time {time} is in no cited evidence"
    text = _DATE.sub(lambda m: "~" * len(m[0]), text)
    earlier: list[Stated] = []
    rows: list[tuple[Stated, frozenset[str]]] = [(s, _items(s, facts)) for s in _times_in_words(text)]
    spoken = "\n".join(t.text for t in facts.texts).casefold()
    for stated in stated_numbers(text):
        if any(q.number == stated.quantity.number and q.unit == stated.quantity.unit for q in question_numbers):
            continue
        if _is_enumerated(stated, masked) or re.search(r"\bchange $", text[: stated.start], re.IGNORECASE):
            continue  # what is named is checked by itself
        about = _subjects(masked, stated, named)
        about |= _tops(facts) if _PRONOUN.match(text) and about == named else frozenset()
        readings = [stated, *_readings(stated, earlier, text)]
        is_sum = len(named) != 1 and _TOGETHER.search(clause_at(text, stated.start, stated.end)) is not None
        if not any(
            _is_borne_out(r, text, _figures(r, text, facts, about, is_sum), earlier, is_change=is_delta(r, text, facts))
            or is_derived(r, text, facts, about, named)
            for r in readings
        ):
            shown = text[stated.start : stated.end].strip()
            whom = f" of {', '.join(sorted(about))}" if about else ""
            return f"{shown} is no such figure{whom} in the cited evidence"
        if _is_misquoted(stated, text, spoken):
            return f"{text[stated.start : stated.end].strip()} is not the number that the cited evidence has there"
        earlier.append(stated)
        if not (stated.quantity.unit in UNITS["s"] and _SPAN.search(text[: stated.start])):
            rows.append((stated, _items(stated, facts)))
    return _wrong_rows(rows, text) or wrong_time(text, facts) or wrong_fraction(masked, facts, named)


def _figures(stated: Stated, text: str, facts: Facts, about: frozenset[str], is_sum: bool) -> list[Figure]:
    """Return the figures that a number may be; where several are summed up, none of a single row."""
    figures = list(admissible(stated, text, facts, about))
    return [f for f in figures if not f.where[1] or f.amount.dimension == COUNT] if is_sum else figures


def _tops(facts: Facts) -> frozenset[str]:
    """Return the names that whole results are about."""
    return frozenset(o for f in facts.figures if f.is_top and not f.said for o in f.owners)


def _is_enumerated(stated: Stated, masked: str) -> bool:
    """Return whether a number counts the names that are listed after it: "four nodes (a, b, c and d)"."""
    listed = re.match(r"[^<>.;()]{0,40}[:(] ?(<[^>]*>(?:(?:,| and|, and) <[^>]*>)+)", masked[stated.end :])
    return listed is not None and stated.noun != "" and listed[1].count("<") == stated.quantity.number


def _is_misquoted(stated: Stated, text: str, spoken: str) -> bool:
    """Return whether the words after a number occur in the evidence, after other numbers only."""
    words = re.findall(r"[a-z.]+|\d+", text[stated.end : stated.end + 60].casefold())
    count = 4 if words[:1] == ["of"] else 2
    if len(words) < count or not stated.quantity.number.is_integer() or stated.quantity.unit:
        return False
    after = r"\s+".join(re.escape(w) for w in words[:count])
    numbers = re.findall(rf"(?<![\d.])(\d+)\s+{after}(?![a-z\d])", spoken)
    return bool(numbers) and str(int(stated.quantity.number)) not in numbers


def _times_in_words(text: str) -> Iterator[Stated]:
    for match in _TIME_IN_WORDS.finditer(text):
        number = float(_NUMBERS_IN_WORDS.index(match[1].casefold()) or 1)
        yield Stated(Quantity(number, match[2].casefold(), 1.0, False), match.start(), match.end(), "")


def _items(stated: Stated, facts: Facts) -> frozenset[str]:
    """Return the nameless rows that a number may be from; none if it is also a figure elsewhere."""
    items = {f.item for f in facts.figures if agrees(stated.quantity, f.amount)}
    return frozenset() if "" in items else frozenset(items)


def _wrong_rows(rows: Sequence[tuple[Stated, frozenset[str]]], text: str) -> str:
    """Return which numbers of a clause are from different rows of a nameless list, such as the steps of a forecast."""
    for stated, items in rows:
        clause = clause_at(text, stated.start, stated.end)
        others = [
            o
            for s, o in rows
            if o and s.quantity.unit != stated.quantity.unit and clause_at(text, s.start, s.end) == clause
        ]
        if items and others and not any(items & o for o in others):
            return f"{text[stated.start : stated.end].strip()} is from another row than what stands beside it"
    return ""


def wrong_time(text: str, facts: Facts) -> str:
    """Return whether a time and the number nearest to it are from different rows of a nameless list; "" if not.

    Args:
        text: The sentence, names blanked out.
        facts: Facts of the cited evidence.
    """
    stated = list(stated_numbers(text))
    times = [s for s in stated if s.quantity.unit in UNITS["s"] and not _SPAN.search(text[: s.start])]
    others = [s for s in stated if s.quantity.unit and s.quantity.unit not in UNITS["s"] and s.quantity.unit != "%"]
    for time in times if others else ():
        near = min(others, key=lambda s: max(s.start - time.end, time.start - s.end))
        steps, rows = _items(time, facts), _items(near, facts)
        if steps and rows and not steps & rows:
            return f"{text[near.start : near.end].strip()} is from another row than what stands beside it"
    return ""


def _readings(stated: Stated, earlier: Sequence[Stated], text: str) -> Iterator[Stated]:
    """Yield what a number may mean by what is around it: "of the 4 cores, 3 are requested", "$2 an hour, not $3"."""
    if not stated.quantity.unit and not stated.noun and not re.match(r" ?[A-Z]", text[stated.end :]):
        for unit, said in (("cores", r"\b(?:cores?|cpu)\b"), ("GiB", r"\b(?:GiB|memory)\b")):
            if re.search(said, text, re.IGNORECASE):
                yield stated._replace(quantity=stated.quantity._replace(unit=unit))
    if not stated.quantity.unit and stated.noun in ("core", "cores"):
        yield stated._replace(quantity=stated.quantity._replace(unit="cores"))
    if stated.quantity.unit == "$" and re.search(r"hour|/h\b", text):
        yield stated._replace(quantity=stated.quantity._replace(unit="$/h"))
    if not stated.quantity.unit and not stated.noun:
        for before in earlier:
            yield stated._replace(quantity=stated.quantity._replace(unit=before.quantity.unit), noun=before.noun)


def _subjects(masked: str, stated: Stated, named: frozenset[str]) -> frozenset[str]:
    """Return whom a number is about: the names just before it in its part of the sentence, else all that are named."""
    start = max(masked.rfind(c, 0, stated.start) for c in ",;:(") + 1
    part = masked[start : stated.start]
    found = list(re.finditer(r"<([^>]*)>", part))
    if not found or "respectively" in masked:
        return named
    near = [found[-1]]
    for match in reversed(found[:-1]):
        if not re.fullmatch(r"(?:,| and| or|&|\s)+", part[match.end() : near[-1].start()]):
            break
        near.append(match)
    subjects = frozenset(m[1] for m in near) & named
    return subjects or named


def _is_borne_out(
    stated: Stated, text: str, figures: Sequence[Figure], earlier: Sequence[Stated], *, is_change: bool
) -> bool:
    if is_change:
        figures = [f for f in figures if f.tokens & _CHANGED and "changes" not in f.tokens]
    bound = _BOUND.search(text[max(0, stated.start - 24) : stated.start])
    if bound is None:
        return any(agrees(stated.quantity, f.amount) for f in figures)
    if any(f"{bound[0].strip()} {text[stated.start : stated.end]}".casefold() in f.said for f in figures):
        return True
    if any(_is_between(stated, e, bound) for e in earlier) and any(agrees(stated.quantity, f.amount) for f in figures):
        return True
    is_span = bool(stated.noun) or stated.quantity.unit in UNITS["s"]
    if _OVER.search(bound[0]) and is_span and any(agrees(stated.quantity, f.amount) for f in figures):
        return True  # over so many tasks: not a bound
    if bound[0].casefold().startswith("up to"):
        return any(agrees(stated.quantity, f.amount) for f in figures)
    figures = [f for f in figures if stated.quantity.unit in UNITS.get(f.amount.dimension, {})]
    words = {stem(w) for w in re.findall(r"[a-z]+", clause_at(text, stated.start, stated.end).casefold())}
    scores = [len({stem(t) for t in f.tokens} & words) for f in figures]
    best = [f for f, s in zip(figures, scores, strict=True) if s == max(scores)]
    if bound["never"]:
        return bool(best) and all(_is_within(stated.quantity, f.amount, bound) for f in best)
    return any(_is_within(stated.quantity, f.amount, bound) for f in best)


def _is_between(stated: Stated, earlier: Stated, bound: re.Match[str]) -> bool:
    """Return whether an earlier number of the sentence is on the said side of a number: "29 cores, below the 42"."""
    known = Amount(earlier.quantity.number, "")
    return earlier.quantity.unit == stated.quantity.unit and _is_within(stated.quantity._replace(unit=""), known, bound)


def _is_within(quantity: Quantity, amount: Amount, bound: re.Match[str]) -> bool:
    size = UNITS.get(amount.dimension, {}).get(quantity.unit)
    if size is None:
        return False
    value = quantity.number * size
    strict = _STRICT.match(bound[0]) is not None
    if bound["least"]:
        return amount.value > value if strict else amount.value >= value
    return amount.value < value if strict else amount.value <= value
