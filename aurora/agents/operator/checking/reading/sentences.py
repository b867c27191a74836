"""Splits a sentence into clauses, and reads each in full: whom it is about, and what it says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import Quantity
from aurora.agents.operator.checking.facts import Facts, Record
from aurora.agents.operator.checking.figures import blanked, stated_numbers
from aurora.agents.operator.checking.reading.against import against
from aurora.agents.operator.checking.reading.columns import compared, without_numbers
from aurora.agents.operator.checking.reading.conditions import condition
from aurora.agents.operator.checking.reading.courses import coursed
from aurora.agents.operator.checking.reading.measures import RESOURCES, has_bound, measured
from aurora.agents.operator.checking.reading.phrases import plain as plain_words
from aurora.agents.operator.checking.reading.phrases import variants
from aurora.agents.operator.checking.reading.predicates import all_hold, predicate
from aurora.agents.operator.checking.reading.records import summed
from aurora.agents.operator.checking.reading.relations import listed, related, respective
from aurora.agents.operator.checking.reading.subjects import Subject, named_records, names_in, subjects
from aurora.agents.operator.checking.reading.words import LIGHT, concepts_in, words_in
from aurora.agents.operator.checking.vocabulary import stem

_BREAK = re.compile(
    r"[;,:()–—]| - |\b(?:and|but|while|whereas|so|which means|i\.e\.|that is|namely|because|since|as"
    r"|e\.g\.)\b|\bwhich\b",
    re.IGNORECASE,
)
_SILENT = re.compile(
    r"^(?:and|but|while|whereas|i\.e\.|that is|namely|,|;|:|\(|\)|–|—|\.| |for example|for instance|in short|overall|"
    r"in total|all in all|by comparison|in addition|also|however|note that|in other words|as of now|at the"
    r" moment|respectively)+$",
    re.IGNORECASE,
)
"""What may stand between clauses that were read."""
_INTRO = re.compile(
    r"^(?:and |but |while |whereas |for example,? |for instance,? |overall,? |in short,? |currently,? |right now,? |"
    r"at the moment,? |in total,? |also,? |note that |i\.e\.,? |that is,? |so |namely,? |in addition,? |at"
    r" present,? )+",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\b(?:together|combined|in total|altogether|in sum|in all)\b,? ?", re.IGNORECASE)
_AVERAGE = re.compile(r"\b(?:on average|the average|an average of)\b ?", re.IGNORECASE)
_EACH = re.compile(r"\b(?:each|apiece|per node|per pod|per task|every one)\b", re.IGNORECASE)
_RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
_VERBAL = re.compile(
    r"^(?:is|are|has|have|needs?|asks?|requests?|uses?|runs?|costs?|wants?|would"
    r"|could)\b",
    re.IGNORECASE,
)
_NOT_FREE = re.compile(r"^none of (?:them|these|those|which) (?:is|are) (free|left|available)$", re.IGNORECASE)
_NONE = re.compile(
    r"^(?:no|none of the) (?=(?:[a-z]+ )?(?:nodes?|tasks?|pods?|jobs?|risks?|changes?|steps?)\b)", re.IGNORECASE
)
_TIME = re.compile(r"\b\d{1,2}:\d{2}\b|\b\d{4}-\d{2}-\d{2}\b")
_MOST_BREAKS = 14


@dataclass(frozen=True)
class Carried:
    """What earlier clauses of a sentence leave to a later one.

    Attributes:
        names: Names that the last was about.
        heard: Concepts that it said.
        number: Its last number.
        records: Records of the group that it was about.
    """

    names: tuple[str, ...] = ()
    heard: frozenset[str] = frozenset()
    number: Quantity | None = None
    records: tuple[Record, ...] = ()


class Verdict(NamedTuple):
    """Where a sentence says something, and whether it is so."""

    start: int
    end: int
    is_true: bool


def read_sentence(masked: str, facts: Facts) -> list[Verdict]:
    """Return the clauses of a sentence that could be read in full, each with whether it holds.

    Args:
        masked: The sentence, names masked, numbers in digits.
        facts: Facts of the cited evidence.
    """
    if _RESPECTIVELY.search(masked):
        found = respective(masked, facts)
        return [] if found is None else [Verdict(0, len(masked), found)]
    first: list[Verdict] | None = None
    for text in variants(masked):
        verdicts = _read_clauses(text, facts)
        if verdicts and is_read(text, verdicts) and all(v.is_true for v in verdicts):
            return [Verdict(0, len(masked), is_true=True)]
        first = verdicts if first is None else first
    return first or []


def _read_clauses(masked: str, facts: Facts) -> list[Verdict]:
    text, context, spans = condition(masked, facts)
    verdicts = [Verdict(a, b, is_true=True) for a, b in spans]
    text, among, records = _without_group(text, facts)
    verdicts += among
    marks = [m.span() for m in _BREAK.finditer(blanked(text))][:_MOST_BREAKS]
    starts = [0, *(e for _, e in marks)]
    ends = [*(s for s, _ in marks), len(text.rstrip(" ."))]
    carried = Carried(names=_main(facts), records=records)
    at = 0
    while at < len(starts):
        for stop in range(len(ends) - 1, at - 1, -1):
            found, group = _read(text[starts[at] : ends[stop]], facts, carried, context)
            if found is not None:
                verdicts.append(Verdict(starts[at], ends[stop], found))
                carried = _after(text[starts[at] : ends[stop]], carried, group)
                at = stop
                break
        else:
            carried = replace(carried, names=names_in(text[starts[at] : ends[at]]) or carried.names)
        at += 1
    return verdicts


def _main(facts: Facts) -> tuple[str, ...]:
    """Return the name that results are about, where there is one."""
    names = {g.records[0].name for g in facts.groups if len(g.records) == 1 and not g.words and g.records[0].name}
    return tuple(names) if len(names) == 1 else ()


def _after(clause: str, carried: Carried, group: tuple[Record, ...]) -> Carried:
    numbers = [s.quantity for s in stated_numbers(blanked(clause))]
    return Carried(
        names_in(clause) or carried.names,
        concepts_in(clause) or carried.heard,
        numbers[-1] if numbers else carried.number,
        group or carried.records,
    )


_AMONG = re.compile(r"^(?:among|of|out of) (?P<whom>(?:the|these|those|all) [^,<]*(?:<[^>]*>)?), ", re.IGNORECASE)


def _without_group(text: str, facts: Facts) -> tuple[str, list[Verdict], tuple[Record, ...]]:
    """Return a sentence without the group that it begins with: "Of the 5 nodes, ..."; and that such a group exists."""
    match = _AMONG.match(text)
    if match is None:
        return text, [], ()
    whom = match["whom"]
    found = [s for s in subjects(whom, facts, ()) if s.end == len(whom)]
    if not found:
        return text, [], ()
    records = found[0].records[0] if not found[0].names else ()
    return " " * match.end() + text[match.end() :], [Verdict(0, match.end(), is_true=True)], records


def is_read(masked: str, verdicts: Sequence[Verdict]) -> bool:
    """Return whether the clauses that were read are all that a sentence says."""
    rest = masked
    for verdict in verdicts:
        rest = rest[: verdict.start] + "\n" * (verdict.end - verdict.start) + rest[verdict.end :]
    return all(_SILENT.match(p.strip()) or not p.strip() or _says_nothing(p) for p in re.split(r"\n+", rest))


def _says_nothing(part: str) -> bool:
    """Return whether a part of a sentence has but words that claim nothing."""
    return not concepts_in(part) and re.search(r"[\d<^~$%\"]", part) is None


def _read(said: str, facts: Facts, carried: Carried, context: frozenset[str]) -> tuple[bool | None, tuple[Record, ...]]:
    """Return whether a clause holds, None if it could not be read, and the group that it is about."""
    clause = plain_words(_INTRO.sub("", " ".join(said.split())).strip(" ,.;:"))
    clause = _without_deed(clause, facts)
    clause = _NOT_FREE.sub(lambda m: f"has no {' '.join(sorted(carried.heard & RESOURCES))} {m[1]}", clause)
    if not clause or "^" in clause or _TIME.search(clause):
        return None, ()
    if not concepts_in(without_numbers(clause)) and not (names_in(clause) and re.search(r"\d", blanked(clause))):
        if re.search(r"\d", clause):
            return _numbers(clause, facts, carried.names, context | carried.heard), ()
        return (listed(clause, facts, carried.heard) if names_in(clause) else None), ()
    found = []
    groups: list[tuple[Record, ...]] = []
    for verdict, group in _verdicts(clause, facts, carried, context):
        if verdict is not None:
            found.append(verdict)
            groups += [group] if group else []
    return (any(found) if found else None), (groups[0] if groups else ())


_DEED = re.compile(
    r"^(?:(?:the )?(?:plan )?(?P<plan><[^>]*>)|the plan|it)? ?(?:would |will |could )?(?P<deed>scales?"
    r"|scaling|resizes?|resizing)"
    r" (?=(?:the )?(?:workload )?<)",
    re.IGNORECASE,
)


def _without_deed(clause: str, facts: Facts) -> str:
    """Return a clause without the deed that it begins with, where a change of the evidence is such a deed."""
    match = _DEED.match(clause)
    deeds = {stem(t.text.split()[0]) for t in facts.texts if "change" in t.tokens and " " in t.text}
    return clause[match.end() :] if match and stem(match["deed"]) in deeds else clause


def _verdicts(
    clause: str, facts: Facts, carried: Carried, context: frozenset[str]
) -> Iterator[tuple[bool | None, tuple[Record, ...]]]:
    yield compared(clause, facts), ()
    yield coursed(clause, facts), ()
    yield related(clause, facts, carried.names), ()
    yield against(clause, facts, carried.names, carried.number, carried.heard), ()
    is_sum, is_mean = _TOGETHER.search(clause) is not None, _AVERAGE.search(clause) is not None
    plain = _AVERAGE.sub("", _TOGETHER.sub("", clause)).strip()
    main = _main(facts)
    if main and names_in(plain)[-1:] == main and plain.endswith(f"<{main[0]}>"):
        yield from _verdicts(
            re.sub(r" ?(?:for |of |to )?<[^>]*>$", "", plain), facts, replace(carried, names=()), context
        )
    for subject in subjects(plain, facts, carried.names, carried.records):
        group = subject.records[0] if not subject.names else ()
        yield _subject(subject, plain, facts, context, carried.heard, is_sum=is_sum, is_mean=is_mean), group
    none = _NONE.match(plain)
    if none and not names_in(plain):
        zero = f"0 {plain[none.end() :]}"
        known = [
            v for r in facts.wholes if (v := measured(zero, r.cells, context, r.topic, is_member=True)) is not None
        ]
        yield (any(known) if known else None), ()
    if not names_in(plain):
        for said in (context, context | (carried.heard & RESOURCES)):
            known = [v for r in facts.wholes if (v := measured(plain, r.cells, said | _always(r), r.topic)) is not None]
            if known and not any(known) and said == context and not carried.heard and not _VERBAL.match(plain):
                yield False, ()
            for record in _wholes(facts):
                is_counted = measured(plain, record.cells, said | _always(record), record.topic)
                if is_counted or (not re.search(r"\d", plain) and predicate(plain, said)(record)):
                    yield True, ()


def _numbers(clause: str, facts: Facts, last: Sequence[str], heard: frozenset[str]) -> bool | None:
    """Return whether numbers without words are those of what was said before them."""
    names = names_in(clause) or last
    text = re.sub(r"<[^>]*>", " ", clause)
    pieces = re.split(
        r" (?:and|against|versus|vs|compared (?:with|to)) |, ", re.sub(r"\b(?:at|with|for) ", "", text).strip()
    )
    if len(names) > 1 and len(pieces) == len(names):
        unit = re.search(r" ?(?:cores?|GiB|%)\b|%", text)
        each = [p if re.search(r"[a-zA-Z%$]", p) or not unit else p + unit[0] for p in pieces]
        found = [named_records(n, facts.groups) for n in names]
        if all(any(measured(p, r.cells, heard, r.topic) for r in rs) for p, rs in zip(each, found, strict=True)):
            return True
    if names:
        found = [named_records(n, facts.groups) for n in names]
        if all(found) and all(any(measured(text, r.cells, heard, r.topic) for r in rs) for rs in found):
            return True
    if any(measured(text, r.cells, heard | _always(r), r.topic) for r in _wholes(facts)):
        return True
    known = [measured(text, r.cells, heard, r.topic, is_member=True) for r in facts.wholes]
    return False if "%" in text and not names and False in known else None


def _wholes(facts: Facts) -> Iterator[Record]:
    yield from facts.wholes
    for group in facts.groups:
        if not group.kind:
            yield from group.records


def _always(record: Record) -> frozenset[str]:
    """Return the concepts that need not be said of a record."""
    return frozenset({"p50"}) if any("p50" in c.words for c in record.cells) else frozenset()


def _subject(  # one return for each way in which numbers are of several things
    subject: Subject,
    clause: str,
    facts: Facts,
    context: frozenset[str],
    heard: frozenset[str],
    *,
    is_sum: bool,
    is_mean: bool,
) -> bool | None:
    said = subject.said or clause[subject.end :]
    if not concepts_in(without_numbers(said)) and not names_in(said):
        context = context | heard
    elif not concepts_in(said) & RESOURCES:
        context = context | (heard & RESOURCES)
    if not [w for w in words_in(said) if w not in LIGHT] and not re.search(r"\d|<", said):
        return None
    records = [r for rs in subject.records for r in rs]
    is_group = not subject.names
    if subject.total is not None and is_group and subject.total != len(records):
        return False
    if is_mean and len(records) > 1:
        return measured(said, summed(records, factor=1.0 / len(records)), context)
    is_plural = len(records) > 1 and (is_group or len(subject.names) > 1)
    if is_sum and is_plural:
        return measured(said, summed(_first(subject)), context)
    if is_group and subject.place and subject.how == "the" and not _EACH.search(said):
        wholes = [r for n in [subject.place] for r in named_records(n, facts.groups)]
        sums = (*summed(records), *(c for r in wholes for c in r.cells if "allocatable" in c.words))
        if measured(said, sums, context):
            return True
    if not is_plural and any("each" in c.words for r in records for c in r.cells) and _EACH.search(said):
        return all_hold(subject.records, lambda r: measured(said, r.cells, context | {"each"}, r.topic, is_member=True))
    holds = predicate(_EACH.sub("", said), context, is_member=is_group)
    if (
        is_plural
        and (subject.names or subject.how == "the")
        and not has_bound(said)
        and not _EACH.search(said)
        and measured(said, summed(_first(subject)), context)
    ):
        return True
    if not is_group and len(subject.names) > 1:
        exact = all_hold(subject.records, predicate(_EACH.sub("", said), context, is_member=True))
        some = any(holds(r) for r in records)
        if some and exact is False:
            return False
    if not is_group:
        totals = [c for r in facts.wholes for c in r.cells]
        if " of " in said and len(subject.names) == 1:
            about = context | ({"requested", "pending"} if "accounts" in words_in(said) else frozenset())
            if any(measured(said, r.cells, about, r.topic, totals=totals) for r in records):
                return True
        return all_hold(subject.records, holds)
    verdicts = [holds(r) for r in records]
    if any(v is None for v in verdicts) or (subject.how.isdigit() and "lacks" in words_in(said)):
        return None  # how many lack something is counted by the summary, which counts each node once
    return _is_so(subject.how, sum(bool(v) for v in verdicts), len(records))


def _first(subject: Subject) -> list[Record]:
    return list(subject.records[0]) if not subject.names else [rs[0] for rs in subject.records]


def _is_so(how: str, met: int, total: int) -> bool | None:
    if how in ("all", "the", "every", "each", "both", "any"):
        return met == total
    if how in ("none", "no", "neither"):
        return met == 0
    if how == "most":
        return 2 * met > total
    if how == "half":
        return 2 * met == total
    return met == int(how) if how.isdigit() else None
