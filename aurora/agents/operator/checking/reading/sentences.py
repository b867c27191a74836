"""Splits a sentence into clauses, and reads each in full: whom it is about, and what it says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aurora.agents.operator.checking.facts import Facts, Record
from aurora.agents.operator.checking.reading.columns import compared, without_numbers
from aurora.agents.operator.checking.reading.conditions import condition
from aurora.agents.operator.checking.reading.measures import measured
from aurora.agents.operator.checking.reading.predicates import all_hold, predicate
from aurora.agents.operator.checking.reading.records import summed
from aurora.agents.operator.checking.reading.relations import related, respective
from aurora.agents.operator.checking.reading.subjects import Subject, named_records, names_in, subjects
from aurora.agents.operator.checking.reading.words import LIGHT, concepts_in, words_in
from aurora.agents.operator.checking.reading.words import plain as plain_words

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
_MOST_BREAKS = 14


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
    text, context, spans = condition(masked, facts)
    verdicts = [Verdict(a, b, is_true=True) for a, b in spans]
    text, among = _without_group(text, facts)
    verdicts += among
    marks = [m.span() for m in _BREAK.finditer(text)][:_MOST_BREAKS]
    starts = [0, *(e for _, e in marks)]
    ends = [*(s for s, _ in marks), len(text.rstrip(" ."))]
    last: tuple[str, ...] = ()
    heard: frozenset[str] = frozenset()
    at = 0
    while at < len(starts):
        for stop in range(len(ends) - 1, at - 1, -1):
            found = _read(text, starts[at], ends[stop], facts, last, context, heard)
            if found is not None:
                verdicts.append(Verdict(starts[at], ends[stop], found))
                heard = concepts_in(text[starts[at] : ends[stop]]) or heard
                last = names_in(text[starts[at] : ends[stop]]) or last
                at = stop
                break
        else:
            last = names_in(text[starts[at] : ends[at]]) or last
        at += 1
    return verdicts


_AMONG = re.compile(r"^(?:among|of|out of) (?P<whom>(?:the|these|those|all) [^,<]*(?:<[^>]*>)?), ", re.IGNORECASE)


def _without_group(text: str, facts: Facts) -> tuple[str, list[Verdict]]:
    """Return a sentence without the group that it begins with: "Of the 5 nodes, ..."; and that such a group exists."""
    match = _AMONG.match(text)
    if match is None:
        return text, []
    whom = match["whom"]
    if not any(s.end == len(whom) for s in subjects(whom, facts, ())):
        return text, []
    return " " * match.end() + text[match.end() :], [Verdict(0, match.end(), is_true=True)]


def is_read(masked: str, verdicts: Sequence[Verdict]) -> bool:
    """Return whether the clauses that were read are all that a sentence says."""
    rest = masked
    for verdict in verdicts:
        rest = rest[: verdict.start] + "\n" * (verdict.end - verdict.start) + rest[verdict.end :]
    return all(_SILENT.match(part.strip()) or not part.strip() for part in re.split(r"\n+", rest))


def _read(
    text: str, start: int, end: int, facts: Facts, last: Sequence[str], context: frozenset[str], heard: frozenset[str]
) -> bool | None:
    clause = " ".join(text[start:end].split())
    clause = plain_words(_INTRO.sub("", clause).strip(" ,.;:"))
    if not clause or "^" in clause:
        return None
    if not concepts_in(without_numbers(clause)):
        return _numbers(clause, facts, last, context | heard) if re.search(r"\d", clause) else None
    found = [v for v in _verdicts(clause, facts, last, context) if v is not None]
    return any(found) if found else None


def _verdicts(clause: str, facts: Facts, last: Sequence[str], context: frozenset[str]) -> Iterator[bool | None]:
    yield compared(clause, facts)
    yield related(clause, facts, last)
    is_sum, is_mean = _TOGETHER.search(clause) is not None, _AVERAGE.search(clause) is not None
    plain = _AVERAGE.sub("", _TOGETHER.sub("", clause)).strip()
    for subject in subjects(plain, facts, last):
        yield _subject(subject, plain, facts, context, is_sum=is_sum, is_mean=is_mean)
    if not names_in(plain):
        known = [v for r in facts.wholes if (v := measured(plain, r.cells, context | _always(r), r.topic)) is not None]
        if known and not any(known):
            yield False
        for record in _wholes(facts):
            is_counted = measured(plain, record.cells, context | _always(record), record.topic)
            if is_counted or (not re.search(r"\d", plain) and predicate(plain, context)(record)):
                yield True


def _numbers(clause: str, facts: Facts, last: Sequence[str], heard: frozenset[str]) -> bool | None:
    """Return whether numbers without words are those of what was said before them."""
    names = names_in(clause) or last
    text = re.sub(r"<[^>]*>", " ", clause)
    if names:
        found = [named_records(n, facts.groups) for n in names]
        if all(found) and all(any(measured(text, r.cells, heard, r.topic) for r in rs) for rs in found):
            return True
    return True if any(measured(text, r.cells, heard | _always(r), r.topic) for r in _wholes(facts)) else None


def _wholes(facts: Facts) -> Iterator[Record]:
    yield from facts.wholes
    for group in facts.groups:
        if not group.kind:
            yield from group.records


def _always(record: Record) -> frozenset[str]:
    """Return the concepts that need not be said of a record."""
    return frozenset({"p50"}) if any("p50" in c.words for c in record.cells) else frozenset()


def _subject(
    subject: Subject, clause: str, facts: Facts, context: frozenset[str], *, is_sum: bool, is_mean: bool
) -> bool | None:
    said = subject.said or clause[subject.end :]
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
    if is_group and subject.place and subject.how == "all" and not _EACH.search(said):
        wholes = [r for n in [subject.place] for r in named_records(n, facts.groups)]
        sums = (*summed(records), *(c for r in wholes for c in r.cells if "allocatable" in c.words))
        if measured(said, sums, context):
            return True
    if not is_plural and any("each" in c.words for r in records for c in r.cells) and _EACH.search(said):
        return all_hold(subject.records, lambda r: measured(said, r.cells, context | {"each"}, r.topic))
    holds = predicate(_EACH.sub("", said), context)
    if (
        is_plural
        and (subject.names or subject.how == "all")
        and not _EACH.search(said)
        and measured(said, summed(_first(subject)), context)
    ):
        return True
    if not is_group:
        return all_hold(subject.records, holds)
    verdicts = [holds(r) for r in records]
    if any(v is None for v in verdicts) or (subject.how.isdigit() and "lacks" in words_in(said)):
        return None  # how many lack something is counted by the summary, which counts each node once
    return _is_so(subject.how, sum(bool(v) for v in verdicts), len(records))


def _first(subject: Subject) -> list[Record]:
    return list(subject.records[0]) if not subject.names else [rs[0] for rs in subject.records]


def _is_so(how: str, met: int, total: int) -> bool | None:
    if how in ("all", "every", "each", "both", "any"):
        return met == total
    if how in ("none", "no", "neither"):
        return met == 0
    if how == "most":
        return 2 * met > total
    if how == "half":
        return 2 * met == total
    return met == int(how) if how.isdigit() else None
