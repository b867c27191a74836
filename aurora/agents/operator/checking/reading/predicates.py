"""Reads what a clause says of a record: numbers, states, places, what is short; each word must be accounted for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aurora.agents.operator.checking.facts import Record
from aurora.agents.operator.checking.reading.measures import columns_of, measured
from aurora.agents.operator.checking.reading.phrases import NAME
from aurora.agents.operator.checking.reading.subjects import is_called, names_in
from aurora.agents.operator.checking.reading.words import LIGHT, concept, concepts_in, words_in
from aurora.agents.operator.checking.vocabulary import stem

Holds = Callable[[Record], bool | None]
_NEGATION = re.compile(
    r"\b(?:(?:is|are|was|were|does|do|did|has|have|can|could|will|would)(?:n't| not)|cannot|not)\b", re.I
)
_ZERO = re.compile(
    r"^(?:has|have|with|there (?:is|are)|leaves?) (?:no|zero) (?P<what>[a-z ]+?)(?: at all)?$|"
    r"^(?:no|none of (?:its|the|their)) (?P<which>[a-z ]+?)(?: (?:is|are) (?P<state>free|left|used|requested))?$",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"^(?:(?:is|are) )?(?:lack(?:s|ing)?|insufficient|short (?:of|on)) (?P<what>(?:free |enough )?(?:cpu"
    r"|cores|memory|gpus?)(?:(?:,| and|, and) (?:cpu|cores|memory|gpus?))*)$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    rf"^(?:is|are|runs?|sits?|stays?|lies?|lands?|goes|go|moves?)?(?: currently| now| placed| running)?"
    rf" ?(?:in|on|to|onto) (?:the )?(?:zone |node )?(?P<place>{NAME})$",
    re.IGNORECASE,
)
_STATE_WORDS = {
    "pending": "pending",
    "waiting": "pending",
    "waits": "pending",
    "wait": "pending",
    "unplaced": "pending",
    "running": "running",
    "runs": "running",
    "run": "running",
    "usable": "usable",
    "cordoned": "cordoned",
    "unschedulable": "cordoned",
    "maintenance": "maintenance",
    "empty": "empty",
    "unusable": "unusable",
    "hot": "hot",
    "overfull": "overfull",
    "done": "done",
    "undone": "undone",
    "notready": "not_ready",
    "new": "new",
    "applied": "applied",
    "tolerated": "tolerated",
}
_DEEDS = frozenset({"move", "cordon", "uncordon", "scale", "resize", "evict", "place", "drain", "write"})
_FREE = frozenset({"carries", "carry"})
_ROLLED = re.compile(r"\brolled back\b", re.IGNORECASE)


def predicate(text: str, context: frozenset[str], *, is_member: bool = False) -> Holds:
    """Return what a text says of a record: whether it holds; None: the record does not decide it.

    Args:
        text: The text, without its subject.
        context: Concepts that hold for the clause without being in it.
        is_member: True: it is said of records of a group, see `measured`.
    """
    text = re.sub(r"\s+", " ", text).strip(" ,.;:")
    parts = [p for p in re.split(r",? and (?:also )?|, |,? but (?:only )?", text) if p]

    def holds(record: Record) -> bool | None:
        whole = _holds(text, record, context, is_member=is_member)
        if whole is not None or len(parts) == 1:
            return whole
        each = [_holds(p, record, context, is_member=is_member) for p in parts]
        if any(e is None for e in each):
            return None
        return all(each)

    return holds


def _holds(text: str, record: Record, context: frozenset[str], *, is_member: bool) -> bool | None:
    for read in (_zero, _has, _lacks, _place, _state, _kind, _reason):
        found = read(text, record)
        if found is not None:
            return found
    if _NEGATION.search(text) or any(n not in record.names and not is_called(record, n) for n in names_in(text)):
        return None
    return measured(text, record.cells, context, record.topic, is_member=is_member)


def _zero(text: str, record: Record) -> bool | None:
    match = _ZERO.match(text)
    if match is None:
        return None
    words = concepts_in(f"{match['what'] or match['which']} {match['state'] or ''}")
    cells = columns_of(words, record.cells)
    if not cells and not words & {"free", "used", "requested"}:
        cells = columns_of(words | {"allocatable"}, record.cells)
    return all(c.value == 0 for c in cells) if cells else None


def _has(text: str, record: Record) -> bool | None:
    """Return whether a record has a resource at all, where a text says no more."""
    match = re.match(
        r"^(?:has|have) (?:any )?(?P<what>gpus?|mig slices|accelerators)(?: at all)?$", text, re.IGNORECASE
    )
    if match is None or not record.cells:
        return None
    cells = columns_of(concepts_in(match["what"]) | {"allocatable"}, record.cells)
    return any(c.value > 0 for c in cells)


def _lacks(text: str, record: Record) -> bool | None:
    denied = re.match(r"^(?:does|do|is|are)(?:n't| not) ", text)
    match = _LACKS.match(re.sub(r"^(?:does|do|is|are)(?:n't| not) ", "", text))
    if match is None or "lacks cpu" not in record.states:
        return None
    wanted = [f"lacks {w}" for w in ("cpu", "memory", "gpu") if w in concepts_in(match["what"])]
    found = all(record.states[w] for w in wanted)
    if denied:
        return not any(record.states[w] for w in wanted)
    return found


def _place(text: str, record: Record) -> bool | None:
    match = _PLACE.match(text)
    if match is None or not record.names:
        return None
    name = names_in(match["place"])[0]
    return True if name in record.names - {record.name} else None


def _reason(text: str, record: Record) -> bool | None:
    """Return whether a reason of a record says all that a text says, where it has reasons."""
    words = frozenset(concept(w) for w in words_in(text) if concept(w) == "not" or (w not in LIGHT and w not in _FREE))
    names = names_in(text)
    if "cordoned" not in record.states or re.search(r"\d", re.sub(r"<[^>]*>", "", text)) or not words:
        return None
    for reason in record.texts:
        said = frozenset(concept(w) for w in re.findall(r"[a-z']+", reason))
        if (
            words <= said
            and ("not" in words) == ("not" in said and "taint" not in words)
            and all(n.casefold() in reason for n in names)
        ):
            return True
    return None


def _kind(text: str, record: Record) -> bool | None:
    """Return whether a change is of the kind that is all that a text says, such as "are moves"."""
    words = [w for w in words_in(text) if w not in LIGHT]
    first = [t.split()[0] for t in record.texts if t.split()[0] in _DEEDS]
    if record.kind or len(words) != 1 or stem(words[0]) not in {stem(d) for d in _DEEDS} or not first:
        return None
    return stem(words[0]) == stem(first[0])


def _state(text: str, record: Record) -> bool | None:
    """Return whether a record has a state that is all that a text says."""
    plain = re.sub(r"\bnot ready\b", "notready", _ROLLED.sub("rolledback", text))
    denied = _NEGATION.search(plain) is not None
    words = [w for w in words_in(_NEGATION.sub(" ", plain)) if w not in LIGHT or w == "still"]
    if names_in(text) or re.search(r"\d", text) or len(words) != 1:
        return None
    state = "rolled back" if words[0] == "rolledback" else _STATE_WORDS.get(words[0], "")
    if state == "rolled back" and not record.kind and {"done", "undone"} & set(record.states):
        state = "undone"
    if state == "rolled back" and any(s in record.states for s in ("new", "applied", "rolled back")):
        return record.states.get(state, False) != denied
    if state not in record.states:
        others = {"new", "applied", "rolled back", "done", "undone"}
        return denied if state in others and others & set(record.states) else None
    return record.states[state] != denied


def all_hold(subjects: Sequence[Sequence[Record]], holds: Holds) -> bool | None:
    """Return whether a predicate holds of each thing, by any of the records that it may be."""
    verdicts = []
    for records in subjects:
        found = [v for r in records if (v := holds(r)) is not None]
        verdicts.append(None if not found else any(found))
    if any(v is None for v in verdicts):
        return None
    return all(verdicts)
