"""Evaluates the numbers of a clause: each word must be of the cell that a number near it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice, product

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount, agrees
from aurora.agents.operator.checking.facts import Cell
from aurora.agents.operator.checking.figures import Stated, blanked, stated_numbers
from aurora.agents.operator.checking.reading.words import LIGHT, STATISTICS, UNIT_WORDS, concept, concepts_in, words_in

_MOST_COMBINATIONS = 400
_TENSES = frozenset({"before", "after", "now", "proposed"})
"""Concepts that need no cell of their own: which of two cells is meant."""
RESOURCES = frozenset({"cpu", "memory", "gpu", "mig", "ephemeral", "storage"})
BOUNDS: tuple[tuple[re.Pattern[str], Callable[[float, float], bool]], ...] = (
    (re.compile(r"\b(?:at least|no less than|no fewer than) (?:the )?$", re.I), lambda v, x: v >= x),
    (re.compile(r"\b(?:at most|up to|no more than|not more than) (?:the )?$", re.I), lambda v, x: v <= x),
    (
        re.compile(r"\b(?:more than|over|above|exceed(?:s|ing)?|higher than|greater than) (?:the )?$", re.I),
        lambda v, x: v > x,
    ),
    (re.compile(r"\b(?:less than|fewer than|under|below|lower than) (?:the )?$", re.I), lambda v, x: v < x),
)
_BOUND_WORDS = re.compile(
    r"\b(?:at least|at most|up to|no (?:more|less|fewer) than|more than|less than|fewer than|over|above|below|under|"
    r"exceed(?:s|ing)?|(?:higher|lower|greater) than)\b",
    re.IGNORECASE,
)
_FORMER = r"instead of|rather than|compared (?:to|with)"
"""What is before a number that was so before."""
_OF = re.compile(r"^(?: [a-z]+)?(?:,)? (?:out )?of (?:its |the |all )*$", re.IGNORECASE)
"""What is between a part and the whole of which it is."""


def measured(
    text: str,
    cells: Sequence[Cell],
    context: frozenset[str] = frozenset(),
    topic: frozenset[str] = frozenset(),
    *,
    is_member: bool = False,
    totals: Sequence[Cell] = (),
) -> bool | None:
    """Return whether the numbers of a clause are those of its words; None: no cells have these words.

    Args:
        text: The clause, without its subject.
        cells: Cells of the subject.
        context: Concepts that hold for the clause without being in it, such as `after`.
        topic: Concepts that need no support.
        is_member: True: the cells are of one record of several that are alike, so that another number decides.
        totals: Cells of the whole, which a number after "of" may be.
    """
    text = blanked(text)
    numbers = list(stated_numbers(text))
    if not numbers:
        return None
    parts = [
        _BOUND_WORDS.sub(" ", text[a:b])
        for a, b in zip([0, *(n.end for n in numbers)], [*(n.start for n in numbers), len(text)], strict=True)
    ]
    heard = [concepts_in(p) for p in parts]
    said = frozenset().union(*heard) | context | frozenset(concept(n.noun) for n in numbers if n.noun)
    is_had = bool({"has", "have", "with"} & set(words_in(parts[0]))) and not said & STATISTICS
    choices = [
        _candidates(n, k, numbers, text, (*cells, *totals) if k and _OF.match(parts[k]) else cells, said, is_had=is_had)
        for k, n in enumerate(numbers)
    ]
    if not all(choices):
        return None
    is_known = False
    for chosen in islice(product(*choices), _MOST_COMBINATIONS):
        if not _accounts(chosen, heard, numbers, topic, parts):
            continue
        is_known = True
        if all(_agrees(n, c, text) for n, c in zip(numbers, chosen, strict=True)):
            return True
    is_pair = len(numbers) == 2 and _OF.match(parts[1]) is not None  # noqa: PLR2004  # "8 of 12"
    is_whole = bool(numbers[-1].noun or numbers[-1].quantity.unit) and bool(said & STATISTICS)
    is_bound = _BOUND_WORDS.match(text.strip()) is not None or re.match(r"(?:is|are) (?:well|far) ", text) is not None
    if is_member:
        return False if is_known else None
    return False if is_known and is_whole and not is_bound and (len(numbers) == 1 or is_pair) else None


def _candidates(
    number: Stated,
    place: int,
    numbers: Sequence[Stated],
    text: str,
    cells: Sequence[Cell],
    said: frozenset[str],
    *,
    is_had: bool,
) -> list[Cell]:
    """Return the cells that a number may be by its unit and noun, which are told apart by words that are said."""
    before = text[: number.start]
    gap = text[numbers[place - 1].end : number.start] if place else before
    allowed = said | ({"allocatable"} if is_had or _OF.match(gap) or before.endswith(" of ") else frozenset())
    if is_had and not any("allocatable" in c.words for c in cells):
        allowed |= {"requested"}
    if place and _OF.match(gap):
        allowed |= {"total"}
    if place and _OF.match(gap) and not any("allocatable" in c.words for c in cells):
        allowed |= {"requested"}
    sides = (
        {"before", "now"}
        if re.search(rf"\b(?:from|{_FORMER}) (?:about |around |the )?$", before)
        else {"after", "proposed"}
        if re.search(r"\bto (?:about |around |just |only )?$", before)
        else set()
    )
    allowed |= sides
    if sides and "limit" not in said:
        allowed |= {"requested"}
    if not said & {"mean", "highest", "p50", "low", "high"}:
        allowed |= {"latest"}
    if said & {"rise", "fall", "stay"}:
        allowed |= {"after", "proposed"}
    if re.search(r"\bby (?:about |around |only )?$", before) or re.match(
        r"(?: [a-z]+)? (?:more|less|fewer|higher|lower)\b", text[number.end :]
    ):
        allowed |= {"difference"}
        is_change = any("difference" in c.words for c in cells)
    else:
        is_change = False
    noun = concept(number.noun) if number.noun else ""
    found = [
        c
        for c in cells
        if _fits_unit(number, c, said)
        and (not noun or noun in c.words or noun in RESOURCES)
        and not (c.words & STATISTICS) - allowed
        and (c.dimension == COUNT or ("each" in c.words) == ("each" in said))
        and not (is_change and "difference" not in c.words)
        and not (sides and c.words & _TENSES and not c.words & sides)
        and (c.dimension not in (COUNT, "") or c.words & said)
    ]
    return found


def _fits_unit(number: Stated, cell: Cell, said: frozenset[str]) -> bool:
    unit = number.quantity.unit
    if unit == "" and not number.noun and said & {"cpu", "memory"} & cell.words:
        return cell.dimension in ("cores", "GiB") or (cell.dimension == COUNT and "node" in cell.words)
    if unit == "" and cell.dimension == "share":
        return False
    if unit == "$" and cell.dimension == "$/h":
        return True
    if unit in ("$/h", "$") and cell.dimension == "$":
        return unit == "$"
    return unit in UNITS.get(cell.dimension, {})


def _accounts(
    chosen: Sequence[Cell],
    heard: Sequence[frozenset[str]],
    numbers: Sequence[Stated],
    topic: frozenset[str],
    parts: Sequence[str],
) -> bool:
    """Return whether each word is of a cell beside it."""
    own = [
        c.words | UNIT_WORDS.get(n.quantity.unit, frozenset()) | ({concept(n.noun)} if n.noun else frozenset())
        for c, n in zip(chosen, numbers, strict=True)
    ]
    last = len(chosen) - 1
    for place, words in enumerate(heard):
        near = own[max(0, place - 1)] | own[min(place, last)]
        if place == 0:
            near = own[0]
        if place > last:
            near = own[last]
        if place > 1 and _OF.match(parts[place - 1]):
            near = near | own[place - 2]
        if words - near - _TENSES - {"hour"} - topic:
            return False
    resources = [c.words & RESOURCES for c in chosen]
    said = frozenset().union(*heard) & RESOURCES
    return all(not (r and said) or bool(r & said) or n.quantity.unit for r, n in zip(resources, numbers, strict=True))


def _agrees(number: Stated, cell: Cell, text: str) -> bool:
    quantity = number.quantity
    if quantity.unit == "$" and cell.dimension == "$/h":
        quantity = quantity._replace(unit="$/h")
    if quantity.unit == "" and cell.dimension in ("cores", "GiB"):
        quantity = quantity._replace(unit=cell.dimension)
    before = text[: number.start]
    for pattern, holds in BOUNDS:
        if pattern.search(before):
            return holds(cell.value, quantity.number * UNITS[cell.dimension][quantity.unit])
    return agrees(quantity, Amount(cell.value, cell.dimension))


def has_bound(text: str) -> bool:
    """Return whether a text says that a number is exceeded, or not."""
    return _BOUND_WORDS.search(text) is not None


def columns_of(words: frozenset[str], cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells whose concepts are those of a phrase: all that it says, and no statistic that it doesn't."""
    found = [c for c in cells if words <= c.words and not (c.words & STATISTICS) - words]
    if not found:
        return []
    extra = min(len(c.words - words) for c in found)
    return [c for c in found if len(c.words - words) == extra]


def strange_words(text: str, known: frozenset[str]) -> frozenset[str]:
    """Return the concepts of a text that are not accounted for."""
    return frozenset(concept(w) for w in words_in(text) if w not in LIGHT) - known
