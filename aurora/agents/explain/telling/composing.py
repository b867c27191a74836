"""Writes chosen facts as prose. Code fills the slots, never the model that chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from aurora.agents.explain.names import NODES, RUNS, TASKS, Names, names_at
from aurora.agents.explain.telling.facts import KnownFacts
from aurora.agents.explain.telling.grammar import Slot, Slots, Writer, write
from aurora.agents.explain.telling.lexicon import RESOURCES, STATES, measure, noun, predicate
from aurora.agents.explain.telling.phrasings import MAX_PHRASINGS_OFFERED, THE_RUN, Phrasing, phrasings_of
from aurora.agents.explain.telling.quantities import Amount, write_pair
from aurora.agents.explain.telling.quantities import write as write_amount
from aurora.agents.explain.telling.reading import SORT_OF_LIST, SORT_OF_SLOT, parts
from aurora.agents.explain.telling.readings import Fact, Reading
from aurora.agents.explain.wording import Audience
from aurora.sim.explain.names import shown_name

Link = Literal["none", "because", "also", "but"]
"""Connective between a sentence and the one before it."""
_PAIRS = (("own", "against"), ("own", "of"), ("threshold", "now"), ("value", "now"))
"""Slots whose amounts must not look the same where they differ."""


class SentenceChoice(NamedTuple):
    """A chosen sentence.

    Attributes:
        claims: Numbers of claims, from 1, each with the number of its phrasing, from 0.
        link: Connective; it is dropped where the facts don't support it.
        figures: True: include figures in parentheses.
    """

    claims: tuple[tuple[int, int], ...]
    link: Link = "none"
    figures: bool = True


class Sentence(NamedTuple):
    """A written sentence.

    Attributes:
        text: Text of the sentence.
        cited: Numbers of the claims that it states.
    """

    text: str
    cited: tuple[int, ...]


def offered(fact: Fact, names: Names) -> tuple[int, ...]:
    """Return the phrasings of a fact that may be chosen: the first ones that its slots can fill."""
    reading = fact.readings[0]
    numbers = list[int]()
    for which in range(len(phrasings_of(reading.kind, reading.slots))):
        if len(numbers) < MAX_PHRASINGS_OFFERED and written(reading, which, names, "operator") is not None:
            numbers.append(which)
    return tuple(numbers)


def compose(chosen: Sequence[SentenceChoice], known: KnownFacts, audience: Audience) -> list[Sentence]:
    """Write choices as prose after the background; a fact is stated once.

    The first sentence states the placement. Reasons join it where that was chosen.
    """
    first = phrased(known.background[0].readings[0], 0, known.names, audience)
    sentences, done = list[Sentence](), set[int]()
    for choice in chosen:
        new: dict[int, int] = {}
        for number, which in choice.claims:
            if number not in done:
                new.setdefault(number, which)
        if not new:
            continue
        done |= set(new)
        facts, cited, is_first = [known.facts[n - 1] for n in new], tuple(new), not sentences
        body = _body(choice._replace(claims=tuple(new.items())), known, audience)
        if is_first and choice.link == "because" and all(f.role == "reason" for f in facts):
            sentences.append(Sentence(_finished(f"{first} because {body}", known.names), cited))
            continue
        if is_first:
            sentences.append(Sentence(_finished(first, known.names), cited))
        else:
            body = _linked(body, choice.link, facts)
        sentences.append(Sentence(_finished(body, known.names), cited))
    return sentences or [Sentence(_finished(first, known.names), (1,))]


def opening(known: KnownFacts, audience: Audience) -> str:
    """Write the sentence that names what is explained."""
    return _finished(phrased(known.background[0].readings[0], 0, known.names, audience), known.names)


def _linked(body: str, link: Link, facts: Sequence[Fact]) -> str:
    if link == "also":
        return f"also, {body}"
    if link == "but" and facts[0].role in ("counterfactual", "shortfall"):
        return f"but {body}"
    return body


def _finished(text: str, names: Names) -> str:
    """Add capital and full stop to a sentence; names keep their case."""
    starts = (name for sort in (NODES, RUNS) for end, name in names_at(text, 0, sort, names) if text[:end] == name)
    is_name = text[0] == '"' or next(starts, None) is not None
    return f"{text if is_name else text[0].upper() + text[1:]}."


def _body(choice: SentenceChoice, known: KnownFacts, audience: Audience) -> str:
    """Join the clauses of a sentence; a repeated subject is named once."""
    clauses = list[str]()
    lead, condition = "", ""
    for number, which in choice.claims:
        reading = known.facts[number - 1].readings[0]
        place = offered(known.facts[number - 1], known.names)[which]
        phrasing = phrasings_of(reading.kind, reading.slots)[place]
        text = phrased(reading, place, known.names, audience, choice.figures)
        start, who = _start(phrasing, reading.slots, known.names, audience)
        before = text.partition(", ")[0] if phrasing.text.startswith("<change>") else ""
        if who and who == lead:
            clauses.append(text.removeprefix(start).strip())
        elif before and before == condition:
            clauses.append(text.removeprefix(f"{before}, "))
        else:
            clauses.append(text)
        lead, condition = who, before
    return _listed(clauses)


def _start(phrasing: Phrasing, slots: Slots, names: Names, audience: Audience) -> tuple[str, str]:
    """Return the beginning of a clause that the next one may omit, and its subject; "" if it has none."""
    lead = phrasing.lead
    if lead is None:
        return "", ""
    writer = Writer(lambda slot, known: _word(slot, known, names, audience), parts())
    start = write(phrasing.template[: lead.length], slots, writer) or ""
    return start, f"{SORT_OF_SLOT[lead.slot]} {slots[lead.slot]}" if lead.slot else THE_RUN


def _listed(clauses: Sequence[str]) -> str:
    if len(clauses) == 1:
        return clauses[0]
    has_commas = any(", " in c.removeprefix("the runner-up, ").partition(", ")[2] for c in clauses[:-1])
    comma = "," if len(clauses) > 2 or has_commas or clauses[0].startswith(("without", "if")) else ""  # noqa: PLR2004
    return f"{', '.join(clauses[:-1])}{comma} and {clauses[-1]}"


def phrased(reading: Reading, which: int, names: Names, audience: Audience, figures: bool = True) -> str:
    """Write a fact by one of its phrasings, without capital and full stop.

    Raises:
        ValueError: The phrasing needs a slot that the fact does not have.
    """
    text = written(reading, which, names, audience, figures)
    if text is None:
        raise ValueError(f"phrasing {which} of {reading.kind} needs more than {sorted(reading.slots)}")
    return text


def written(reading: Reading, which: int, names: Names, audience: Audience, figures: bool = True) -> str | None:
    """Write a fact as `phrased` does; None where the phrasing needs a slot that the fact does not have."""
    slots = _amounts_written(reading.slots)
    writer = Writer(lambda slot, known: _word(slot, known, names, audience), parts())
    return write(phrasings_of(reading.kind, reading.slots)[which].template, slots, writer, is_full=figures)


def _amounts_written(slots: Slots) -> Slots:
    """Format the amounts of slots as text."""
    texts = {n: write_amount(v) if isinstance(v, Amount) else v for n, v in slots.items()}
    for slot, other in _PAIRS:
        first, second = slots.get(slot), slots.get(other)
        if isinstance(first, Amount) and isinstance(second, Amount):
            texts[slot], texts[other] = write_pair(first, second)
    return texts


def _word(slot: Slot, slots: Slots, names: Names, audience: Audience) -> str | None:
    """Return the words for a slot; None if its value is unknown."""
    name, value = slot.name, slots.get(slot.name)
    if name in ("pair", "top"):
        return predicate(str(slots["feature"]), str(slots["relation"]), audience)
    if name in ("degree", "within"):
        return str(slots["relation"])
    if name == "extreme":
        return f"the {slots['relation']}"
    if name in ("resource", "state"):
        return (RESOURCES if name == "resource" else STATES).get(str(slots["resource"]))
    if value is None:
        return None
    if name in SORT_OF_LIST and isinstance(value, frozenset):
        listed = _listed([shown_name(n, names.words) for n in sorted(value)])
        return f"task{'s' if len(value) > 1 else ''} {listed}" if name == "tasks" else listed
    if name in SORT_OF_SLOT:
        return _name(str(value), SORT_OF_SLOT[name], names) + ("'s" if slot.is_possessive else "")
    if name in ("feature", "limit"):
        return noun(str(value), audience)
    if name == "features" and isinstance(value, frozenset):
        return _listed([noun(f, audience) for f in sorted(value)])
    return measure(str(value)) if name == "measure" else str(value)


def _name(name: str, sort: str, names: Names) -> str:
    """Return a name, with its kind where it is not clear by itself."""
    text = shown_name(name, names.words)
    if sort == TASKS:
        return f"task {text}"
    return f"node {text}" if sort == NODES and name.isdecimal() else text
