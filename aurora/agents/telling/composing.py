"""Writes chosen facts as prose: slots are filled here, never by whoever chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from aurora.agents.telling.facts import Fact, Known, Reading
from aurora.agents.telling.grammar import Slot, Slots, Writer, write
from aurora.agents.telling.lexicon import measure, noun, predicate
from aurora.agents.telling.names import NODES, RUNS, TASKS, Names, names_at, shown
from aurora.agents.telling.phrasings import OFFERED, THE_RUN, Phrasing, phrasings_of
from aurora.agents.telling.quantities import Amount, write_pair
from aurora.agents.telling.quantities import write as write_amount
from aurora.agents.telling.reading import SORTS, parts
from aurora.agents.wording import Audience

Link = Literal["none", "because", "also", "but"]
"""How a sentence is joined to what was said before it."""
_PAIRS = (("own", "against"), ("own", "of"), ("threshold", "now"), ("value", "now"))
"""Slots whose amounts must not look the same where they differ."""


class Choice(NamedTuple):
    """A sentence that somebody chose.

    Attributes:
        told: Numbers of claims, from 1, each with the number of its phrasing, from 0.
        link: How it is joined; where the facts don't bear that, it is not.
        figures: Whether figures in parentheses are told.
    """

    told: tuple[tuple[int, int], ...]
    link: Link = "none"
    figures: bool = True


class Sentence(NamedTuple):
    """A sentence that was written.

    Attributes:
        text: It.
        cited: Numbers of the claims that it tells.
    """

    text: str
    cited: tuple[int, ...]


def offered(fact: Fact) -> tuple[Phrasing, ...]:
    """The phrasings that may be chosen for a fact."""
    reading = fact.readings[0]
    return phrasings_of(reading.kind, reading.slots)[:OFFERED]


def compose(chosen: Sequence[Choice], known: Known, audience: Audience) -> list[Sentence]:
    """Write choices as prose, behind what the background says; a fact is told once.

    The first sentence says who was placed where. Reasons join it where that was chosen.
    """
    first = phrased(known.background[0].readings[0], 0, known.names, audience)
    written, done = list[Sentence](), set[int]()
    before: Choice | None = None
    for choice in chosen:
        told = tuple((n, k) for n, k in dict.fromkeys(choice.told) if n not in done)
        told = tuple({n: (n, k) for n, k in reversed(told)}.values())[::-1]
        if not told:
            continue
        done |= {n for n, _ in told}
        facts = [known.facts[n - 1] for n, _ in told]
        body = _body(choice._replace(told=told), known, audience)
        cited = tuple(n for n, _ in told)
        if not written and choice.link == "because" and all(f.role == "reason" for f in facts):
            written.append(Sentence(_finished(f"{first} because {body}", known.names), cited))
        else:
            if not written:
                written.append(Sentence(_finished(first, known.names), cited))
            written.append(Sentence(_finished(_linked(body, choice.link, facts, before is None), known.names), cited))
        before = choice
    return written or [Sentence(_finished(first, known.names), (1,))]


def opening(known: Known, audience: Audience) -> str:
    """The sentence that says what is explained."""
    return _finished(phrased(known.background[0].readings[0], 0, known.names, audience), known.names)


def _linked(body: str, link: Link, facts: Sequence[Fact], is_first: bool) -> str:
    if is_first:
        return body
    if link == "also":
        return f"also, {body}"
    if link == "but" and facts[0].role in ("counterfactual", "shortfall"):
        return f"but {body}"
    return body


def _finished(text: str, names: Names) -> str:
    """A sentence with its capital and full stop; names keep their case."""
    starts = (name for sort in (NODES, RUNS) for end, name in names_at(text, 0, sort, names) if text[:end] == name)
    is_name = text[0] == '"' or next(starts, None) is not None
    return f"{text if is_name else text[0].upper() + text[1:]}."


def _body(choice: Choice, known: Known, audience: Audience) -> str:
    """The clauses of a sentence; one that goes on about the same does not name it again."""
    clauses = list[str]()
    lead, condition = "", ""
    for number, which in choice.told:
        reading = known.facts[number - 1].readings[0]
        phrasing = offered(known.facts[number - 1])[which]
        text = phrased(reading, which, known.names, audience, choice.figures)
        first = phrasing.template[0]
        start = _word(first, reading.slots, known.names, audience) if isinstance(first, Slot) else THE_RUN.strip()
        before = text.partition(", ")[0] if phrasing.text.startswith("<change>") else ""
        if phrasing.leads and start and start == lead:
            clauses.append(text.removeprefix(start).strip())
        elif before and before == condition:
            clauses.append(text.removeprefix(f"{before}, "))
        else:
            clauses.append(text)
        lead, condition = (start or "") if phrasing.leads else "", before
    return _listed(clauses)


def _listed(clauses: Sequence[str]) -> str:
    if len(clauses) == 1:
        return clauses[0]
    comma = "," if len(clauses) > 2 or any(", " in c for c in clauses) else ""  # noqa: PLR2004  # a list of three
    return f"{', '.join(clauses[:-1])}{comma} and {clauses[-1]}"


def phrased(reading: Reading, which: int, names: Names, audience: Audience, figures: bool = True) -> str:
    """A fact in one of its phrasings, without capital and full stop."""
    slots = _written(reading.slots)
    writer = Writer(lambda slot, known: _word(slot, known, names, audience), parts())
    fitting = phrasings_of(reading.kind, reading.slots)
    text = write(fitting[which].template, slots, writer, is_full=figures)
    if text is None:
        raise ValueError(f"phrasing {which} of {reading.kind} needs more than {sorted(reading.slots)}")
    return text


def _written(slots: Slots) -> Slots:
    """Slots with their amounts as texts."""
    texts = {n: write_amount(v) if isinstance(v, Amount) else v for n, v in slots.items()}
    for one, two in _PAIRS:
        first, second = slots.get(one), slots.get(two)
        if isinstance(first, Amount) and isinstance(second, Amount):
            texts[one], texts[two] = write_pair(first, second)
    return texts


def _word(slot: Slot, slots: Slots, names: Names, audience: Audience) -> str | None:
    """What stands in a slot; None if it is not known."""
    name, value = slot.name, slots.get(slot.name)
    if name in ("pair", "top"):
        return predicate(str(slots["feature"]), str(slots["relation"]), audience)
    if name in ("degree", "within"):
        return str(slots["relation"])
    if name == "extreme":
        return f"the {slots['relation']}"
    if value is None:
        return None
    if name in SORTS:
        return _name(str(value), SORTS[name], names) + ("'s" if slot.is_possessive else "")
    if name in ("feature", "limit"):
        return noun(str(value), audience)
    if name == "features" and isinstance(value, frozenset):
        return _listed([noun(f, audience) for f in sorted(value)])
    return measure(str(value)) if name == "measure" else str(value)


def _name(name: str, sort: str, names: Names) -> str:
    """A name with what it is, where it does not stand for itself."""
    text = shown(name, names.words)
    if sort == TASKS:
        return f"task {text}"
    return f"node {text}" if sort == NODES and name.isdecimal() else text
