"""Checks the numbers of a sentence: each must be a figure of the cited evidence, about whom and what is named there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount, Quantity, agrees, read
from aurora.agents.operator.checking.facts import Facts, Figure
from aurora.agents.operator.checking.vocabulary import stem

_COUNTED = frozenset({"task", "tasks", "link", "links", "start", "starts", "device", "devices", "accelerator"})
_QUALIFIERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(words.split()), frozenset(tokens.split()))
    for name, words, tokens in (
        ("free", "free spare available left unused room", "free left"),
        (
            "requested",
            "requested requests request asks asked asking reserved reserves needs",
            "requested requests asks",
        ),
        ("used", "used uses use usage using measured", "used use"),
        ("allocatable", "allocatable capacity", "allocatable capacity"),
        ("limit", "limit limits", "limit limits"),
        ("pending", "wait waits waiting waited pending", "pending waiting waited"),
        ("running", "run runs running", "running"),
        ("restarts", "restart restarts restarted", "restarts"),
    )
}
"""Name -> words of a sentence, words of a path."""
_TENSES = {
    "before": (frozenset("before now today currently".split()), frozenset({"before", "now"})),
    "after": (frozenset("after afterwards then would becomes become".split()), frozenset({"after", "proposed"})),
}
_RESOURCES = {
    "cpu": (frozenset("cpu core cores processor".split()), frozenset({"cpu", "core", "cores"})),
    "memory": (frozenset("memory ram".split()), frozenset({"memory", "gib"})),
}
_NOUNS: dict[str, frozenset[str]] = {
    noun: frozenset(tokens.split())
    for nouns, tokens in (
        (
            "pod pods task tasks job jobs",
            "pod pods task tasks job jobs running pending waiting displaced unplaced replicas placed newly again",
        ),
        (
            "node nodes machine machines",
            "node nodes usable unpriced cordoned ready hot overfull candidates fitting fits fit emptied insufficient",
        ),
        ("zone zones", "zone zones"),
        ("workload workloads deployment deployments", "workload workloads"),
        ("replica replicas", "replicas running pods"),
        ("change changes", "changes change"),
        ("step steps", "steps done undone step horizon"),
        ("policy policies", "policies compared policy"),
        ("restart restarts", "restarts"),
        ("device devices accelerator accelerators gpu gpus", "device devices accelerator gpu gpus nvidia com"),
        ("link links", "link links"),
        ("core cores", "cores"),
    )
    for noun in nouns.split()
}
_BOUND = re.compile(
    r"(?P<least>at least|no less than|more than|over|above|exceed(?:s|ing)|greater than|higher than)\s+(?:the |its )?$|"
    r"(?P<most>at most|no more than|less than|under|below|fewer than|lower than|up to|within)\s+(?:the |its )?$",
    re.IGNORECASE,
)
_STRICT = re.compile(r"^(?:more|over|above|exceed|greater|higher|less than|under|below|fewer|lower)", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:()]|\b(?:and|but|while|whereas|which|because)\b", re.IGNORECASE)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?|\b\d{1,2}:\d{2}(?::\d{2})?\b")
_BORROW = re.compile(r"\s*(?:of|to|and|or|-|–|,|/|out of)\s*(?:its |the |all )?")
_WORDS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_WORD_NUMBER = re.compile(rf"\b({'|'.join(_WORDS)})\b(?=\s+(?:[a-z-]+\s+)?({'|'.join(_NOUNS)})\b)", re.IGNORECASE)


class Stated(NamedTuple):
    """A number of a sentence.

    Attributes:
        quantity: The number with its unit.
        start, end: Its place.
        noun: Word after it, in lower case; "" if none.
    """

    quantity: Quantity
    start: int
    end: int
    noun: str


def stated_numbers(text: str) -> Iterator[Stated]:
    """Yield the numbers of a sentence; those of names and times are to be masked before."""
    at = 0
    found: list[Stated] = []
    while at < len(text):
        is_inside = at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_.")
        quantity = None if is_inside else read(text, at)
        if quantity is None:
            at += 1
            continue
        found.append(_stated(text, quantity[0], at, quantity[1]))
        at = quantity[1]
    for match in _WORD_NUMBER.finditer(text):
        quantity_of_word = Quantity(float(_WORDS[match[1].casefold()]), "", 1.0, False)
        found.append(Stated(quantity_of_word, match.start(), match.end(1), match[2].casefold()))
    found.sort(key=lambda s: s.start)
    for stated in found:
        following = next((f for f in found if f.start > stated.end - 1 and f is not stated), None)
        gap = "" if following is None else text[stated.end : following.start]
        if not stated.quantity.unit and following is not None and _BORROW.fullmatch(gap) and following.quantity.unit:
            unit = following.quantity.unit
            yield stated._replace(quantity=stated.quantity._replace(unit=unit))
        else:
            yield stated


def _stated(text: str, quantity: Quantity, start: int, end: int) -> Stated:
    unit = quantity.unit
    noun = unit if unit in _COUNTED else ""
    if unit in _COUNTED:
        quantity = quantity._replace(unit="")
    if not noun:
        words = re.findall(r"[a-z]+", text[end : end + 40].casefold())[:3]
        noun = next((w for w in words if w in _NOUNS), "")
    return Stated(quantity, start, end, noun)


def wrong_number(
    masked: str, facts: Facts, named: frozenset[str], question_numbers: Sequence[Quantity], raw: str
) -> str:
    """Return what is wrong with the numbers of a sentence; "" if each is borne out.

    Args:
        masked: The sentence, with names as `<name>`.
        facts: Facts of the cited evidence.
        named: Names that the sentence is about.
        question_numbers: Numbers of the question, which may be repeated.
        raw: Evidence and question as text, in which times must occur.
    """
    text = blanked(masked)
    for time in _DATE.findall(text):
        if time not in raw:
            return f"the time {time} is in no cited evidence"
    text = _DATE.sub(lambda m: "~" * len(m[0]), text)
    earlier: list[Stated] = []
    for stated in stated_numbers(text):
        if any(q.number == stated.quantity.number and q.unit == stated.quantity.unit for q in question_numbers):
            continue
        about = _subjects(masked, stated, named)
        readings = [stated, *_readings(stated, earlier)]
        earlier.append(stated)
        if not any(_is_borne_out(r, text, list(admissible(r, text, facts, about))) for r in readings):
            shown = text[stated.start : stated.end].strip()
            whom = f" of {', '.join(sorted(named))}" if named else ""
            return f"{shown} is no such figure{whom} in the cited evidence"
    return ""


def blanked(masked: str) -> str:
    """Return a sentence with its names blanked out, each character in its place."""
    return re.sub(r"<[^>]*>", lambda m: "~" * len(m[0]), masked)


def _readings(stated: Stated, earlier: Sequence[Stated]) -> Iterator[Stated]:
    """Yield what a bare number may mean by the numbers before it: "of the 4 cores, 3 are requested"."""
    if not stated.quantity.unit and not stated.noun:
        for before in earlier:
            yield stated._replace(quantity=stated.quantity._replace(unit=before.quantity.unit), noun=before.noun)


def _subjects(masked: str, stated: Stated, named: frozenset[str]) -> frozenset[str]:
    """Return whom a number is about: the names just before it in its part of the sentence, else all that are named."""
    start = max(masked.rfind(c, 0, stated.start) for c in ",;:") + 1
    part = masked[start : stated.start]
    found = list(re.finditer(r"<([^>]*)>", part))
    if not found or "respectively" in masked:
        return named
    near = [found[-1]]
    for match in reversed(found[:-1]):
        if not re.fullmatch(r"(?:,| and| or|&|\s)+", part[match.end() : near[-1].start()]):
            break
        near.append(match)
    subjects = frozenset(m[1] for m in near) & named
    return subjects or named


def admissible(stated: Stated, text: str, facts: Facts, named: frozenset[str]) -> Iterator[Figure]:
    """Yield the figures that a number may be: about the named, of the resource and the kind that its clause names."""
    clause = clause_at(text, stated.start, stated.end)
    words = re.findall(r"[a-z]+", clause.casefold())
    before = text[: stated.start].rstrip().casefold()
    of_whole = re.search(r"\b(?:of|out of)(?: its| the| all)?$", before) is not None
    kinds = set() if of_whole else _nearest(clause, stated, text)
    tense = "before" if before.endswith(" from") else "after" if before.endswith(" to") else ""
    if not tense:
        tenses = [t for t, (marks, _) in _TENSES.items() if marks & set(words)]
        tense = tenses[0] if len(tenses) == 1 else ""
    resources = {r for r, (marks, _) in _RESOURCES.items() if marks & set(words)}
    nouns = _NOUNS.get(stated.noun)
    is_bare = not stated.noun and not stated.quantity.unit
    for figure in facts.figures:
        if named and figure.owners and not figure.owners & named:
            continue
        if figure.amount.dimension == COUNT and nouns is not None and not figure.key & nouns:
            continue
        groups = {g for g, (_, tokens) in _QUALIFIERS.items() if tokens & figure.tokens}
        if kinds and (groups or (is_bare and figure.amount.dimension == COUNT)) and not kinds & groups:
            continue
        if tense and not _TENSES[tense][1] & figure.tokens and any(t & figure.tokens for _, t in _TENSES.values()):
            continue
        own = {r for r, (_, tokens) in _RESOURCES.items() if tokens & figure.tokens}
        if len(resources) == 1 and own and not own & resources:
            continue
        yield figure


def clause_at(text: str, start: int, end: int) -> str:
    """Return the clause in which a place is."""
    left = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    return text[left:right]


def _nearest(clause: str, stated: Stated, text: str) -> set[str]:
    start = text.find(clause)
    place = stated.start - start
    best: tuple[int, str] | None = None
    for match in re.finditer(r"[a-z]+", clause.casefold()):
        for group, (words, _) in _QUALIFIERS.items():
            if match[0] in words:
                gap = min(abs(match.start() - place), abs(match.end() - place))
                best = min(best, (gap, group)) if best else (gap, group)
    return {best[1]} if best else set()


def _is_borne_out(stated: Stated, text: str, figures: Sequence[Figure]) -> bool:
    bound = _BOUND.search(text[max(0, stated.start - 24) : stated.start])
    if bound is None:
        return any(_agrees(stated.quantity, f.amount) for f in figures)
    if any(f"{bound[0].strip()} {text[stated.start : stated.end]}".casefold() in f.said for f in figures):
        return True
    words = {stem(w) for w in re.findall(r"[a-z]+", clause_at(text, stated.start, stated.end).casefold())}
    scores = [len({stem(t) for t in f.tokens} & words) for f in figures]
    best = [f for f, s in zip(figures, scores, strict=True) if s == max(scores)]
    return any(_is_within(stated.quantity, f.amount, bound) for f in best)


def _is_within(quantity: Quantity, amount: Amount, bound: re.Match[str]) -> bool:
    size = UNITS.get(amount.dimension, {}).get(quantity.unit)
    if size is None:
        return False
    value = quantity.number * size
    strict = _STRICT.match(bound[0]) is not None
    if bound["least"]:
        return amount.value > value if strict else amount.value >= value
    return amount.value < value if strict else amount.value <= value


def _agrees(quantity: Quantity, amount: Amount) -> bool:
    return agrees(quantity, amount)
