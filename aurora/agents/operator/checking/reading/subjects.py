"""Reads whom a clause is about: named things, or a part of a list, with a quantifier."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aurora.agents.operator.checking.facts import Facts, Group, Record
from aurora.agents.operator.checking.reading.phrases import NAME, NAMES
from aurora.agents.operator.checking.reading.words import concept, words_in
from aurora.agents.operator.checking.vocabulary import stem

NOUN = (
    r"(?:remed(?:y|ies)|fix(?:es)?|changes?|steps?|tiers?|pods?|tasks?|jobs?|nodes?|machines?|polic(?:y|ies)|"
    r"workloads?|deployments?|plans?|containers?)"
)
_VERB = r"(?:is|are|was|were|has|have|would|need|asks?|needs?|runs?|costs?|requests?|uses?|wants?)"
KINDS = {
    word: kind
    for kind, words in (
        ("task_id", "task tasks pod pods job jobs"),
        ("node_id", "node nodes machine machines"),
        ("policy_id", "policy policies"),
        ("workload_id", "workload workloads deployment deployments container containers request requests"),
        ("plan_id", "plan plans"),
        ("change", "change changes"),
        ("step", "step steps"),
        ("remedies", "remedy remedies fix fixes"),
    )
    for word in words.split()
}
_STATES = {"pending": "pending", "waiting": "pending", "running": "running", "usable": "usable", "cordoned": "cordoned"}
_SKIPPED = frozenset("the of these those listed that here all a an above shown them other its".split())
_QUANTIFIED = re.compile(
    r"^(?:(?P<the>the )(?P<count>\d+ )?|(?P<how>all|both|each|every|none|no|most|only|half|neither|any|an?|\d+)\b ?)"
    r"(?:of )?(?:the |these |those |its |all )?(?:(?P<total>\d+) )?"
    rf"(?P<whom>(?:{NAME} |(?!{_VERB} )[a-z0-9-]+ ){{0,3}}?(?P<noun>{NOUN}))\b(?P<listed> listed| shown| compared)?"
    rf"(?: (?:in|on|of|from) (?:zone |node |workload )?(?P<place>{NAME}))?"
    rf"(?: (?:except|but|other than)(?: for| the one (?:for|on))? (?P<except>{NAMES}))?",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"^(?:both |all |the )*(?:{NOUN} )?(?P<names>{NAMES})(?: {NOUN})?(?P<own>'s?)?(?: both| all| each"
    rf"| alone)?(?![\w-]) ?",
    re.IGNORECASE,
)
_INNER = re.compile(
    rf"(?:\b(?:of|on|for|at|in|by|to|with|does|do) |^)(?:the )?(?:{NOUN}"
    rf" )?(?P<names>{NAMES})(?P<own>'s?)?(?: {NOUN})?(?![\w-])",
    re.IGNORECASE,
)
_PARTLY = re.compile(
    rf"^(?P<how>all|none|most|half|each|both|\d+)(?: of (?:them|these|those|which|it))? (?={_VERB}\b)", re.IGNORECASE
)
_REST = re.compile(rf"^(?:all )?(?:the )?(?:others?|rest)\b(?: (?P<count>\d+))?(?: {NOUN})? ?", re.IGNORECASE)
_PRONOUN = re.compile(
    r"^(?:its|their|it|they|this|these|that|which|the (?:pod|task|job|node|plan|policy|latter)|each"
    r")\b(?P<own>'s|s\b)? ?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Subject:
    """Whom a clause is about.

    Attributes:
        names: Names, in order; empty: records of a group.
        records: For each name the records that it may be, or the records of the group as one list.
        how: Quantifier, "each" for names.
        total: How many there are said to be; None: not said.
        end: Where the predicate begins.
        said: The predicate, where the subject is in the middle of it; "": what is after `end`.
        place: Node or zone that the records of a group belong to; "": none.
    """

    names: tuple[str, ...]
    records: tuple[tuple[Record, ...], ...]
    how: str
    total: int | None
    end: int
    said: str = ""
    place: str = ""


def is_called(record: Record, name: str) -> bool:
    """Return whether a record has a name, or what people use for it."""
    last = record.name.rpartition("/")[2]
    parts = record.name.split("/")
    return bool(record.name) and (
        record.name == name
        or name in parts
        or last.startswith(f"{name}-")
        or record.name.endswith(f"/{name}")
        or record.name.startswith(f"{name}/")
        or (record.kind in ("workload_id", "task_id") and name in record.names)
    )


def _is_of(record: Record, word: str) -> bool:
    """Return whether a record is one of a family, such as h100-1 of h100."""
    return record.kind == "node_id" and record.name.startswith(f"{word}-")


def named_records(name: str, groups: Iterable[Group]) -> tuple[Record, ...]:
    """Return the records that a name may be."""
    return tuple(r for g in groups for r in g.records if is_called(r, name))


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a masked text."""
    return tuple(re.findall(r"<([^>]*)>", text))


def subjects(clause: str, facts: Facts, last: Sequence[str], carried: tuple[Record, ...] = ()) -> list[Subject]:
    """Return whom a clause may be about.

    Args:
        clause: The clause, names masked.
        facts: Facts of the cited evidence.
        last: Names that the clause before was about.
        carried: Records of the group that it was about.
    """
    found: list[Subject] = []
    match = _PARTLY.match(clause)
    if match and carried:
        found.append(Subject((), (carried,), match["how"].casefold(), None, match.end()))
    match = _NAMED.match(clause)
    if match:
        names = names_in(match["names"])
        records = tuple(named_records(n, facts.groups) for n in names)
        if all(records):
            found.append(Subject(names, records, "each", None, match.end()))
    match = _PRONOUN.match(clause)
    if match and last:
        records = tuple(named_records(n, facts.groups) for n in last)
        if all(records):
            found.append(Subject(tuple(last), records, "each", None, match.end()))
    if not found and last and re.match(_VERB + r"\b", clause, re.IGNORECASE):
        records = tuple(named_records(n, facts.groups) for n in last)
        if all(records):
            found.append(Subject(tuple(last), records, "each", None, 0))
    match = _INNER.search(clause)
    if match and not found and not _NAMED.match(clause):
        names = names_in(match["names"])
        records = tuple(named_records(n, facts.groups) for n in names)
        if all(records) and len(names_in(clause)) == len(names):
            found.append(Subject(names, records, "each", None, 0, f"{clause[: match.start()]} {clause[match.end() :]}"))
    match = _REST.match(clause)
    if match and last:
        for group in facts.groups:
            if all(any(is_called(r, n) for r in group.records) for n in last):
                rest = tuple(r for r in group.records if not any(is_called(r, n) for n in last))
                if rest and (group.is_whole or match["count"]) and int(match["count"] or len(rest)) == len(rest):
                    found.append(Subject((), (rest,), "all", None, match.end()))
    match = _QUANTIFIED.match(clause)
    if match:
        found += _groups(match, facts)
    return found


def _how(word: str | None) -> str:
    return "the" if word is None else "all" if word.casefold() in ("a", "an") else word.casefold()


def _groups(match: re.Match[str], facts: Facts) -> list[Subject]:
    found: list[tuple[bool, Subject]] = []
    for group in facts.groups:
        whom = f"{match['whom']} listed" if match["listed"] else match["whom"]
        records = chosen(whom, match["place"], group)
        if records is None:
            continue
        left_out = names_in(match["except"] or "")
        records = tuple(r for r in records if not any(is_called(r, n) for n in left_out))
        count = match["total"] or match["count"]
        total = int(count) if count else None
        noun = concept(match["noun"])
        if records and total in (None, len(records)):
            found.append(
                (
                    noun in group.words,
                    Subject(
                        (),
                        (records,),
                        _how(match["how"]),
                        total,
                        match.end(),
                        "",
                        (match["place"] or "").strip("<>"),
                    ),
                )
            )
    exact = [s for is_exact, s in found if is_exact]
    return exact or [s for _, s in found]


def chosen(whom: str, place: str | None, group: Group) -> tuple[Record, ...] | None:
    """Return the records of a group that words mean; None: they do not mean this group, or it is cut.

    Args:
        whom: Words, such as "pending pods".
        place: Zone, node or workload that they belong to; None: any.
        group: The group.
    """
    words = [w for w in words_in(whom) if w not in _SKIPPED and not w.isdigit()]
    kind = next((KINDS[w] for w in reversed(words) if w in KINDS), "")
    states = [_STATES[w] for w in words if w in _STATES]
    strange = set(words) - set(KINDS) - set(_STATES)
    names = names_in(whom)
    if len(strange) == 1:
        word = next(iter(strange))
        if (word == "displaced" and {"again", "plac"} & group.words) or (
            word in ("oversized", "undersized") and word in {concept(w) for w in group.words} | group.words
        ):
            strange = set()
        elif any(_is_of(r, word) for r in group.records):
            names, strange = (*names, word), set()
    is_kind = group.kind == kind or (
        kind in ("change", "step", "remedies") and (kind in group.words or stem(kind) in group.words)
    )
    if kind == "node_id" and stem("remedies") in group.words:
        is_kind = False
    if strange or not kind or not is_kind or (not group.is_whole and "listed" not in whom):
        return None
    if any(not all(s in r.states for r in group.records) for s in states):
        return None
    records = tuple(r for r in group.records if all(r.states[s] for s in states))
    for name in names:
        records = tuple(r for r in records if is_called(r, name) or _is_of(r, name))
        if not records:
            return None
    for name in names_in(place or ""):
        if not any(name in r.names or is_called(r, name) for r in group.records):
            return None
        records = tuple(r for r in records if name in r.names or is_called(r, name))
    return records
