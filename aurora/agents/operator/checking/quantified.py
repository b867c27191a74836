"""Evaluates what a sentence says of all, none, most or only some rows of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import UNITS, Amount, agrees
from aurora.agents.operator.checking.facts import WORD, Facts, Row, Table, tokens_of
from aurora.agents.operator.checking.figures import Stated, stated_numbers
from aurora.agents.operator.checking.tables import dimension_of_column, numbers_of
from aurora.agents.operator.checking.vocabulary import alike, stem

_VERB = (
    r"(?:is|are|isn't|aren't|has|have|hasn't|haven't|asks?(?: for)?|requests?|uses?|costs?|runs?|leaves?|needs?|"
    r"consists? of|belongs?|(?:do(?:es)?n't|do(?:es)? not|would|can|could) [a-z]+)"
)
_NAME = r"<[^>]*>"
_END = r"(?=[,;:]|\.(?!\d)| but | while |$)"
_QUANTIFIED = re.compile(
    r"(?<![\w-])(?P<how>all|every|each|none|no|most|only|both|\d+(?= of (?:the |all )?(?:\d+ )?[a-z]))"
    r"(?: of)?(?: the| these| all)?(?: (?P<total>\d+))?"
    rf"(?P<whom>(?: (?!{_VERB} )(?:{_NAME}|[a-z]+|(?<=>),))+?) (?P<verb>{_VERB}) (?P<what>[^,;:]*?){_END}",
    re.IGNORECASE,
)
_BOTH = re.compile(
    rf"(?P<whom>{_NAME}(?:(?:, | and |, and ){_NAME})+) (?P<how>both|all|each) "
    rf"(?P<verb>{_VERB}) (?P<what>[^,;:]*?){_END}",
    re.IGNORECASE,
)
_KINDS = {
    word: kind
    for kind, words in (
        ("task_id", "task tasks pod pods job jobs"),
        ("node_id", "node nodes machine machines"),
        ("policy_id", "policy policies"),
        ("workload_id", "workload workloads deployment deployments"),
        ("plan_id", "plan plans"),
    )
    for word in words.split()
}
_LISTS = {"remedy": "remedies", "remedies": "remedies", "fixes": "remedies", "fix": "remedies", "series": "series"}
_STATES = {"pending": "pending", "waiting": "pending", "running": "running"}
_SKIPPED = frozenset("the of these those listed that here in on a an above shown them".split())
_BOUNDS: tuple[tuple[re.Pattern[str], Callable[[float, float], bool]], ...] = (
    (re.compile(r"\b(?:more than|over|above|exceeding|higher than) (?:the )?$", re.I), lambda v, x: v > x),
    (re.compile(r"\b(?:at least) $", re.I), lambda v, x: v >= x),
    (re.compile(r"\b(?:less than|fewer than|under|below|lower than) (?:the )?$", re.I), lambda v, x: v < x),
    (re.compile(r"\b(?:at most|up to|no more than) $", re.I), lambda v, x: v <= x),
)
_NEGATED = re.compile(r"\b(?:not|no)\b|n't\b", re.IGNORECASE)
_EXCEPT = re.compile(rf"\b(?:except|other than|but)(?: for)? {_NAME}(?:(?:, | and ){_NAME})*")
_PLACE = re.compile(r"\b(?:in|on|of) (?:zone |node )?<([^>]*)>")
Holds = Callable[[Row], bool]


class Verdict(NamedTuple):
    """Where a sentence says something of rows, and whether it is so."""

    start: int
    end: int
    is_true: bool


def quantified(masked: str, facts: Facts) -> Iterator[Verdict]:
    """Yield what a sentence says of the rows of lists, where the evidence decides it.

    Args:
        masked: The sentence, names masked, numbers in digits.
        facts: Facts of the cited evidence.
    """
    for match in _BOTH.finditer(masked):
        yield from _verdict(match, "all", facts, _Choice(are=tuple(_names(match["whom"]))))
    for match in _QUANTIFIED.finditer(masked):
        choice = _choice(match["whom"], match["how"].casefold())
        if choice is not None:
            yield from _verdict(match, match["how"].casefold(), facts, choice)


@dataclass(frozen=True)
class _Choice:
    """Rows that are meant.

    Attributes:
        kind: Identifying field of their table; "": any.
        listed: Word of the table's key; "": any.
        state: State that they have; "": any.
        places: Zones or nodes that they belong to.
        left_out: Names that are excepted.
        only: Names that alone are said to be so.
        are: Names of the rows; empty: all.
        is_usable: True: usable nodes only.
        is_listed: True: those that the result lists, which may not be all.
    """

    kind: str = ""
    listed: str = ""
    state: str = ""
    places: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    are: tuple[str, ...] = ()
    is_usable: bool = False
    is_listed: bool = False

    def rows(self, table: Table) -> list[Row]:
        """Return the rows of a table that are meant; none if it cannot decide about them."""
        is_known = (
            (not self.kind or table.kind == self.kind)
            and (not self.listed or self.listed in table.words)
            and (table.is_whole or self.is_listed or bool(self.are))
            and (not self.state or all("state" in r.values for r in table.rows))
            and (not self.is_usable or all("is_usable" in r.values for r in table.rows))
            and all(any(p in r.names for r in table.rows) for p in self.places)
            and all(any(_is(r, n) for r in table.rows) for n in (*self.only, *self.left_out, *self.are))
        )
        return [r for r in table.rows if self._has(r)] if is_known else []

    def _has(self, row: Row) -> bool:
        return (
            (not self.state or row.values["state"] == self.state)
            and (not self.is_usable or bool(row.values["is_usable"]))
            and all(p in row.names for p in self.places)
            and not any(_is(row, n) for n in self.left_out)
            and (not self.are or any(_is(row, n) for n in self.are))
        )


def _names(text: str) -> list[str]:
    return re.findall(r"<([^>]*)>", text)


def _is(row: Row, name: str) -> bool:
    return row.name == name or name in row.name.split("/") or row.name.rpartition("/")[2].startswith(f"{name}-")


def _choice(whom: str, how: str) -> _Choice | None:
    """Return which rows are meant; None: the words are not understood."""
    excepted = _EXCEPT.search(whom)
    rest = whom.replace(excepted[0], " ") if excepted else whom
    places = _PLACE.findall(rest)
    rest = _PLACE.sub(" ", rest)
    only = tuple(_names(rest)) if how == "only" else ()
    words = [w.casefold() for w in WORD.findall(re.sub(_NAME, " ", rest))]
    kind = next((_KINDS[w] for w in reversed(words) if w in _KINDS), "")
    listed = next((_LISTS[w] for w in words if w in _LISTS), "")
    known = {*_KINDS, *_LISTS, *_STATES, *_SKIPPED, "usable"} | ({"and"} if only else set())
    if set(words) - known or ("<" in rest and not only) or not (only if how == "only" else kind or listed):
        return None
    return _Choice(
        kind=kind,
        listed=listed,
        state=next((_STATES[w] for w in words if w in _STATES), ""),
        places=tuple(places),
        left_out=tuple(_names(excepted[0])) if excepted else (),
        only=only,
        is_usable="usable" in words,
        is_listed="listed" in words,
    )


def _verdict(match: re.Match[str], how: str, facts: Facts, choice: _Choice) -> Iterator[Verdict]:
    results: list[bool] = []
    total = match.groupdict().get("total")
    for table in facts.tables:
        rows = choice.rows(table)
        holds = _predicate(match["verb"], match["what"], rows) if rows else None
        if holds is None:
            continue
        met = [r for r in rows if holds(r)]
        results.append(_is_so(how, met, rows, choice.only) and (total is None or int(total) == len(rows)))
    if results:
        yield Verdict(match.start(), match.end(), all(results))


def _is_so(how: str, met: Sequence[Row], rows: Sequence[Row], only: Sequence[str]) -> bool:
    if how in ("all", "every", "each", "both"):
        return len(met) == len(rows)
    if how in ("none", "no"):
        return not met
    if how == "most":
        return 2 * len(met) > len(rows)
    if how == "only":
        return all(any(_is(r, n) for n in only) for r in met) and all(any(_is(r, n) for r in met) for n in only)
    return len(met) == int(how)


def _predicate(verb: str, what: str, rows: Sequence[Row]) -> Holds | None:
    """Return what a predicate says of a row; None: it is not understood, or the rows do not decide it."""
    parts = [p for p in re.split(r" and (?=[a-z]+ (?:[a-z]+ )*\$?\d)", what) if p.strip()]
    return _all_of([_part(f"{verb} {p}" if n == 0 else p, rows) for n, p in enumerate(parts)])


def _all_of(holds: Sequence[Holds | None]) -> Holds | None:
    known = [h for h in holds if h is not None]
    if not known or len(known) < len(holds):
        return None
    return lambda row: all(h(row) for h in known)


def _part(text: str, rows: Sequence[Row]) -> Holds | None:
    denied = _NEGATED.search(text) is not None
    text = re.sub(r"\bone\b", "1", text)
    numbers = list(stated_numbers(text))
    if len(numbers) == 2 and " at $" in text:  # noqa: PLR2004  # "use 12 nodes at $2.808 per hour"
        first, second = text.split(" at $", 1)
        return _all_of([_part(first, rows), _part(f"cost ${second}", rows)])
    if len(numbers) > 1:
        return None
    holds = _numeric(text, numbers[0], rows) if numbers else _flag(text, rows)
    if holds is None or not denied:
        return holds
    return lambda row: not holds(row)


def _words(text: str) -> set[str]:
    return {stem(a) for w in WORD.findall(re.sub(_NAME, " ", text)) for a in alike(w)}


_FILLERS = frozenset(
    stem(w)
    for w in "more less fewer than over above under below at least most up to no of its it isn't aren't their the "
    "a an is are has have "
    "for not do does would can could cost leave leaves task tasks "
    "consist consists run runs listed hour per an each them by core cores gib".split()
)


def _numeric(text: str, stated: Stated, rows: Sequence[Row]) -> Holds | None:
    unit = "$/h" if stated.quantity.unit == "$" else stated.quantity.unit
    quantity = stated.quantity._replace(unit=unit)
    chosen = _columns(text, unit, rows)
    if not chosen:
        return None
    bound = next((check for pattern, check in _BOUNDS if pattern.search(text[: stated.start])), None)

    def holds(row: Row) -> bool:
        amounts = [Amount(float(row.values[c]), dimension_of_column(c)) for c in chosen]
        if bound is not None:
            return all(bound(a.value, quantity.number * UNITS[a.dimension][unit]) for a in amounts)
        return any(agrees(quantity, a) for a in amounts)

    return holds


def _columns(text: str, unit: str, rows: Sequence[Row]) -> list[str]:
    """Return the columns that a predicate is about; none if that is not clear."""
    said = _words(text)
    scores: dict[str, int] = {}
    for column in numbers_of(rows):
        if unit in UNITS[dimension_of_column(column)]:
            tokens = tokens_of(column) - {"number", "pods", "id"} | ({"move"} if "changes" in column else set())
            words = {stem(a) for t in tokens for a in alike(t)}
            scores[column] = len(words & said)
    best = max(scores.values(), default=0)
    chosen = [c for c, s in scores.items() if s == best] if best else []
    covered = {stem(a) for c in chosen for t in tokens_of(c) for a in alike(t)} | {"mov"}
    strange = {stem(w) for w in WORD.findall(re.sub(_NAME, " ", text))} - covered - _FILLERS
    return chosen if len(chosen) == 1 and not strange else []


def _flag(text: str, rows: Sequence[Row]) -> Holds | None:
    said = (
        {stem(w) for w in WORD.findall(re.sub(_NAME, " ", text))}
        - _FILLERS
        - {"isn't", "aren't", stem("isn't"), stem("aren't")}
    )
    flags = {c for r in rows for c, v in r.values.items() if isinstance(v, bool)}
    chosen = [c for c in flags if said and said <= {stem(t) for t in tokens_of(c)}]
    if len(chosen) == 1 and all(chosen[0] in r.values for r in rows):
        return lambda row: bool(row.values[chosen[0]])
    states = said & {"pend", "run", "wait"}
    if said and said == states and all("state" in r.values for r in rows):
        wanted = "running" if "run" in said else "pending"
        return lambda row: bool(row.values["state"] == wanted)
    return None
