"""Checks sentences against facts: each is parsed and must state what its claims state.

A sentence that can't be parsed is not shown_name, and reported as unchecked, not as false.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aurora.agents.explain.telling.facts import KnownFacts
from aurora.agents.explain.telling.lexicon import noun
from aurora.agents.explain.telling.quantities import Amount, Quantity, agrees, write
from aurora.agents.explain.telling.reading import Before, Clause, TooInvolved, sentences
from aurora.agents.explain.telling.readings import Fact, Reading
from aurora.sim.explain.names import quoted, shown_name
from aurora.sim.policies.features import FEATURE_INDEX

UNCHECKED = "could not be checked"
"""Beginning of the reason where a sentence may be true but was not checked."""
MAX_SENTENCE = 600
"""Most characters of a sentence that is parsed."""
_MISSING = object()
_CALLED = {
    "own": "value",
    "against": "value of the other",
    "of": "limit",
    "other": "other candidate",
    "option": "subject",
    "side": "side of the threshold",
    "value": "value",
}
"""Names of slots in a reason, where the slot's own name is unclear."""


class Held(NamedTuple):
    """Sentences after the check.

    Attributes:
        text: Sentences that hold, in their order, as one text.
        kept: The same, one by one.
        struck: The others, each with the reason; one that begins with `UNCHECKED` is not called false.
    """

    text: str
    kept: tuple[str, ...]
    struck: tuple[tuple[str, str], ...]


def hold(sentences_cited: Sequence[tuple[str, Sequence[int]]], known: KnownFacts) -> Held:
    """Keep the sentences that state what the claims they cite state.

    Args:
        sentences_cited: Sentences, each with the numbers, from 1, of the claims that it cites.
        known: Facts of the claims. Background facts may be stated with any citation.
    """
    kept, struck = list[str](), list[tuple[str, str]]()
    before = Before(known.names.winner)
    for text, cited in sentences_cited:
        reason, after = _judged(text, cited, known, before)
        if reason:
            struck.append((text, reason))  # the next sentence then follows the last one shown
        else:
            kept.append(" ".join(text.split()))
            before = after
    return Held(" ".join(kept), tuple(kept), tuple(struck))


def _judged(text: str, cited: Sequence[int], known: KnownFacts, before: Before) -> tuple[str, Before]:
    """Return why a sentence does not hold, "" if it does, and what the next one may refer back to."""
    if not cited:
        return "it cites no claim", before
    wrong = [n for n in cited if not 1 <= n <= len(known.facts)]
    if wrong:
        return f"there is no claim {wrong[0]}", before
    if len(text) > MAX_SENTENCE:
        return f"{UNCHECKED}: it is longer than {MAX_SENTENCE} characters", before
    cited_facts = [(f"claim {n}", known.facts[n - 1]) for n in dict.fromkeys(cited)]
    cited_facts += [
        ("what is known of the run" if not known.names.winner else "the decision", f) for f in known.background
    ]
    best: list[str] | None = None
    try:
        for clauses, after in sentences(text.strip(), known.names, before):
            faults = _faults(clauses, cited_facts)
            if not faults:
                return "", after
            best = faults if best is None or len(faults) < len(best) else best
    except TooInvolved:
        return f"{UNCHECKED}: it is too involved", before
    if best is None:
        return f"{UNCHECKED}: it is not put in words that can be read back", before
    return best[0], before


def _faults(clauses: Sequence[Clause], cited_facts: Sequence[tuple[str, Fact]]) -> list[str]:
    """Return the faults of a parse of a sentence."""
    faults = list[str]()
    because = False
    for place, clause in enumerate(clauses):
        fact, fault = _borne_out(clause, cited_facts)
        if fact is None:
            faults.append(fault)
            continue
        because = clause.link == "because" or (because and clause.link == "and")
        if clause.link == "because" and (place == 0 or clauses[place - 1].kind not in ("placement", "best")):
            faults.append("it gives a reason for what is no decision")
        elif because and fact.role != "reason":
            faults.append("it gives as a reason what did not decide")
        elif clause.link == "but" and fact.role == "reason" and clause.kind != "cause":
            faults.append(f"{UNCHECKED}: it contrasts what is no contrast")
    return faults


def _borne_out(clause: Clause, cited_facts: Iterable[tuple[str, Fact]]) -> tuple[Fact | None, str]:
    """Return the fact that a clause states; else its difference from the nearest fact."""
    nearest: tuple[int, str] | None = None
    for where, fact in cited_facts:
        for reading in fact.readings:
            if reading.kind != clause.kind:
                continue
            wrong = [n for n, value in clause.slots.items() if not _same(value, reading.slots.get(n, _MISSING))]
            if not wrong:
                return fact, ""
            if nearest is None or len(wrong) < nearest[0]:
                nearest = len(wrong), _difference(wrong[0], clause, reading, where)
    return None, nearest[
        1
    ] if nearest else f"its claims don't say this (no {clause.kind.replace('_', ' ')} is among them)"


def _same(stated: object, known: object) -> bool:
    if isinstance(stated, Quantity):
        return isinstance(known, Amount) and agrees(stated, known)
    return stated == known


def _difference(slot: str, clause: Clause, reading: Reading, where: str) -> str:
    known = reading.slots.get(slot)
    slot_name = _CALLED.get(slot, slot)
    if known is None:
        return f"{where} says nothing of a {slot_name} of {_written_value(clause.slots[slot])}"
    return f"its {slot_name} is {_written_value(clause.slots[slot])}, but {where} says {_written_value(known)}"


def _written_value(value: object) -> str:
    match value:
        case Quantity(number, unit):
            return f"{number:g} {unit}".strip()
        case Amount():
            return write(value)
        case frozenset():
            return " and ".join(sorted(noun(str(f), "operator") for f in value))
        case str() if value in FEATURE_INDEX:
            return noun(value, "operator")
        case str():
            return shown_name(value)
    return quoted(str(value))
