"""Numbers that follow from figures of the evidence: sums, differences, and fractions and ratios in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount, Quantity, agrees
from aurora.agents.operator.checking.facts import Facts, Figure
from aurora.agents.operator.checking.figures import Stated, admissible, blanked, clause_at, stated_numbers
from aurora.agents.operator.checking.vocabulary import DOWN, UP, stem

_SUM = re.compile(r"\b(?:together|total(?:s|ling)?|combined|altogether|alone|sum|add(?:s|ed)? up|all|both)\b", re.I)
_DIFFERENCE = re.compile(
    r"\b(?:more|less|fewer|higher|lower|short|shortfall|lacks?|lacking|missing|difference|gap|above|below|over|under|by|"
    r"saves?|saving|extra|another|beyond|margin|headroom|spare|left|unused|rises?|drops?|falls?)\b",
    re.IGNORECASE,
)
_DELTA = re.compile(r"(?: (?!or\b)[a-z]+){0,2}? (?:more|less|higher|lower|extra)\b(?! than [$\d])", re.IGNORECASE)
_FRACTIONS = {
    "half": 1 / 2,
    "one half": 1 / 2,
    "a third": 1 / 3,
    "one third": 1 / 3,
    "two thirds": 2 / 3,
    "a quarter": 1 / 4,
    "one quarter": 1 / 4,
    "three quarters": 3 / 4,
    "a fifth": 1 / 5,
    "one fifth": 1 / 5,
    "a tenth": 1 / 10,
}
_RATIOS = {"twice": 2.0, "double": 2.0, "three times": 3.0, "four times": 4.0, "half": 0.5, "a third": 1 / 3}
_NEAR = r"about|around|roughly|approximately|nearly|almost|close to|just over|just under|a little over|a little under"
_FRACTION = re.compile(
    rf"(?<!and )(?<!and a )\b(?:(?P<about>{_NEAR}) |"
    r"(?P<bound>more than|over|less than|under|below|above|at least|at most) )?"
    rf"(?P<name>{'|'.join(sorted(_FRACTIONS, key=len, reverse=True))})\b(?! (?:of the time|an hour|hour|a day))",
    re.IGNORECASE,
)
_RATIO = re.compile(
    rf"\b(?:(?P<about>{_NEAR}) )?(?P<name>{'|'.join(sorted(_RATIOS, key=len, reverse=True))})\b"
    r" (?:as (?:much|many|large|high|expensive|full|long)|the (?:price|cost|size|number|amount)|that)\b",
    re.IGNORECASE,
)
_DAILY = re.compile(r"\b(?:a|per|each|one) day\b|\bdaily\b", re.IGNORECASE)
_OF_WHOLE = re.compile(r"\b[Oo]f (?:the |all )?$")
_ABOUT_ERROR = 0.15
"""Largest relative error of a fraction that is called approximate."""
_PLAIN_ERROR = 0.05


def is_derived(stated: Stated, text: str, facts: Facts, about: frozenset[str], named: frozenset[str]) -> bool:
    """Return whether a number is a sum or a difference of figures, and the sentence says so.

    Args:
        stated: The number.
        text: The sentence, names blanked out.
        facts: Facts of the cited evidence.
        about: Names that the number is about.
        named: Names that the sentence is about.
    """
    if stated.quantity.unit == "$" and _DAILY.search(text):
        return any(
            f.amount.dimension == "$/h" and _agrees(stated, Amount(24 * f.amount.value, "$")) for f in facts.figures
        )
    wide = [f for names in (about, named) for f in admissible(stated, text, facts, names, is_any_kind=True)]
    if _OF_WHOLE.search(text[: stated.start]):
        wide += admissible(stated, text, facts, frozenset(), is_any_kind=True)
        if any(_agrees(stated, s) for s in _sums(wide, frozenset())):
            return True
    if _SUM.search(text) and any(_agrees(stated, s) for s in _sums(wide, named)):
        return True
    if not _DIFFERENCE.search(text):
        return False
    return any(_agrees(stated, d) for d in (*_differences(wide, named), *_stated_differences(stated, text)))


def is_delta(stated: Stated, text: str, facts: Facts) -> bool:
    """Return whether a number is said to be by how much something differs: "$0.4 more", "3 more tasks than before"."""
    after = text[stated.end :]
    if facts.trends and re.search(rf"\b(?:{UP}|{DOWN})(?: [a-z]+){{0,5}} by $", text[: stated.start], re.IGNORECASE):
        return True
    if not stated.quantity.unit:
        return bool(facts.trends) and re.match(r"(?: [a-z]+)? (?:more|fewer)\b", after) is not None
    return _DELTA.match(after) is not None


def wrong_fraction(masked: str, facts: Facts, named: frozenset[str]) -> str:
    """Return which fraction or ratio in words the evidence does not bear out; "" if none.

    Args:
        masked: The sentence, with names as `<name>`.
        facts: Facts of the cited evidence.
        named: Names that it is about.
    """
    text = blanked(masked)
    ratios = list(_RATIO.finditer(text))
    for match in ratios:
        if not _is_ratio(match, masked, facts, named):
            return f"could not be checked: “{match[0]}” is no figure of the cited evidence"
    for match in _FRACTION.finditer(text):
        if any(r.start() <= match.start() < r.end() for r in ratios):
            continue
        if not _is_fraction(match, text, facts, named):
            return f"“{match[0]}” is no such figure in the cited evidence"
    return ""


def without_fractions(text: str) -> str:
    """Return a sentence with its fractions and ratios in words blanked out, each character in its place."""
    text = _RATIO.sub(lambda m: "~" * len(m[0]), text)
    return _FRACTION.sub(lambda m: "~" * len(m[0]), text)


def _agrees(stated: Stated, amount: Amount) -> bool:
    return agrees(stated.quantity, amount)


def _columns(figures: Sequence[Figure]) -> Iterator[dict[frozenset[str], Figure]]:
    columns: dict[tuple[str, str], dict[frozenset[str], Figure]] = {}
    for figure in figures:
        row, listed, name = figure.where
        if listed and name and not figure.is_length:
            columns.setdefault((listed, row), {})[figure.owners] = figure
    yield from columns.values()


def _sums(figures: Sequence[Figure], named: frozenset[str]) -> Iterator[Amount]:
    """Yield the sums of each column: over all of its rows, and over those that are named."""
    for column in _columns(figures):
        for rows in (list(column.values()), [f for o, f in column.items() if o & named]):
            if len(rows) > 1:
                yield Amount(sum(f.amount.value for f in rows), rows[0].amount.dimension)


def _differences(figures: Sequence[Figure], named: frozenset[str]) -> Iterator[Amount]:
    """Yield differences: of two named rows in a column, of two numbers of a text, and those known as such."""
    for column in _columns(figures):
        rows = [f for o, f in column.items() if o & named]
        yield from (_difference(a, b) for a, b in combinations(rows, 2))
    texts: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        if figure.said:
            texts.setdefault((figure.said, figure.amount.dimension), []).append(figure)
    for rows in texts.values():
        yield from (_difference(a, b) for a, b in combinations(rows[:4], 2) if a.amount.dimension != COUNT)
    yield from (f.amount for f in figures if "difference" in f.tokens)


def _difference(first: Figure, second: Figure) -> Amount:
    return Amount(abs(first.amount.value - second.amount.value), first.amount.dimension)


def _stated_differences(stated: Stated, text: str) -> Iterator[Amount]:
    """Yield the differences of the other numbers of a sentence: "2.07 against 1.77 cores: 0.3 more"."""
    others = [s.quantity for s in stated_numbers(text) if s.start != stated.start]
    for first, second in combinations(others, 2):
        for dimension, units in UNITS.items():
            if first.unit in units and second.unit in units and stated.quantity.unit in units:
                value = abs(first.number * units[first.unit] - second.number * units[second.unit])
                if value and dimension not in (COUNT, "share"):
                    yield Amount(value, dimension)


def _is_fraction(match: re.Match[str], text: str, facts: Facts, named: frozenset[str]) -> bool:
    share = _FRACTIONS[match["name"].casefold()]
    percent = Quantity(100 * share, "%", 1.0, match["about"] is not None)
    stated = Stated(percent, match.start(), match.end(), "")
    bound = (match["bound"] or "").casefold()
    words = {stem(w) for w in re.findall(r"[a-z]+", clause_at(text, match.start(), match.end()).casefold())}
    for about in (named, frozenset[str]()):
        shares = [f for f in admissible(stated, text, facts, about) if f.amount.dimension == "share"]
        scores = [len({stem(t) for t in f.tokens} & words) for f in shares]
        best = [f.amount.value for f, s in zip(shares, scores, strict=True) if s == max(scores) and s > 0]
        if any(_compares(v, share, bound, match["about"]) for v in best):
            return True
    numbers = [s.quantity for s in stated_numbers(text)]
    if len(numbers) >= 2 and numbers[0].unit in ("", numbers[1].unit) and numbers[1].number:  # noqa: PLR2004  # a pair
        return _compares(numbers[0].number / numbers[1].number, share, bound, match["about"])
    return False


def _compares(value: float, share: float, bound: str, about: str | None) -> bool:
    if bound in ("more than", "over", "above", "at least"):
        return value > share
    if bound:
        return value < share
    near = (about or "").casefold()
    if near in ("nearly", "almost", "just under", "a little under") and value > share:
        return False
    if near in ("just over", "a little over") and value < share:
        return False
    return abs(value - share) <= (_ABOUT_ERROR if about else _PLAIN_ERROR) * share


def _is_ratio(match: re.Match[str], masked: str, facts: Facts, named: frozenset[str]) -> bool:
    """Return whether the name before a ratio has it to the one after, or to some other row, where none is named."""
    ratio = _RATIOS[match["name"].casefold()]
    error = _ABOUT_ERROR if match["about"] else _PLAIN_ERROR
    before = re.findall(r"<([^>]*)>", masked[: match.start()])
    after = set(re.findall(r"<([^>]*)>", masked[match.end() :])) & named
    words = {stem(w) for w in re.findall(r"[a-z]+", masked.casefold())}
    for column in _columns(facts.figures):
        if not {stem(t) for f in column.values() for t in f.key} & words:
            continue
        values = {name: f.amount.value for owners, f in column.items() for name in owners}
        subject = next((values[n] for n in reversed(before) if n in values), None)
        others = [v for n, v in values.items() if (n in after if after else n not in before) and v]
        if subject is not None and any(abs(subject / o - ratio) <= error * ratio for o in others):
            return True
    return False
