"""Reads the numbers of a sentence, and the figures of the evidence that each may be: about whom and what it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aurora.agents.explain.telling.quantities import COUNT, NUMBER_WORDS, Quantity, read
from aurora.agents.operator.checking.facts import Facts, Figure

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
        ("hot", "hot", "hot"),
        ("overfull", "overfull", "overfull"),
        ("usable", "usable", "usable"),
        ("newly", "newly", "newly"),
        ("displaced", "displaced", "displaced"),
    )
}
"""Name -> words of a sentence, words of a path."""
_STRICT = frozenset({"hot", "overfull", "usable", "newly", "displaced"})
"""Those that no figure without them can stand for."""
_KEYED = (("coverage", re.compile(r"\b(?:cover(?:ed|s)?|held|contain(?:ed|s)?)(?: only| just)? $", re.IGNORECASE)),)
"""Word of a path -> what is before a number that can be such a figure only, where there is one."""
_STATISTICS = {
    name: (frozenset(words.split()), frozenset({name}))
    for name, words in (
        ("mean", "mean average typically"),
        ("highest", "highest maximum max peak peaked most"),
        ("latest", "latest last now"),
    )
}
"""Statistics of a series, likewise."""
_TENSES = {
    "before": (frozenset("before now today currently".split()), frozenset({"before", "now"})),
    "after": (
        frozenset("after afterwards then would becomes become needs need should".split()),
        frozenset({"after", "proposed"}),
    ),
}
_RESOURCES = {
    "cpu": (frozenset("cpu core cores processor".split()), frozenset({"cpu", "core", "cores"})),
    "memory": (frozenset("memory ram".split()), frozenset({"memory", "gib"})),
    "gpu": (frozenset("gpu gpus".split()), frozenset({"gpu"})),
    "mig": (frozenset("mig slice slices".split()), frozenset({"mig"})),
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
        ("move moves", "changes change move moves"),
        ("cordon cordons", "cordon cordons"),
        ("step steps", "steps done undone step horizon"),
        ("policy policies", "policies compared policy"),
        ("restart restarts", "restarts"),
        ("device devices accelerator accelerators gpu gpus", "device devices accelerator gpu gpus nvidia com"),
        ("link links", "link links"),
        ("core cores", "cores"),
    )
    for noun in nouns.split()
}
_QUANTILES = frozenset("p01 p05 p10 p25 p50 p75 p90 p95 p99".split())
_QUANTILE = re.compile(r"\b(\d\d)(?:th|st|nd|rd)\b|\bp(\d\d)\b")
_SAYS_QUANTILE = re.compile(
    r"\d ?%|\bp\d|percent|quantile|quartile|interval|between|range|"
    r"\b(?:from|upper|lower|high|low|bounds?|most|worst|best|least|confiden|certain)",
    re.IGNORECASE,
)
"""What says that another quantile than the median is meant."""
_CLAUSE = re.compile(r"[,;:()]|\b(?:and|but|while|whereas|which|because)\b", re.IGNORECASE)
_BORROW = re.compile(r"\s*(?:of|to|and|or|-|–|,|/|out of)\s*(?:its |the |all )?")
_WORDS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_WORD_NUMBER = re.compile(rf"\b({'|'.join(_WORDS)})\b(?=\s+(?:[a-z-]+\s+)?({'|'.join(_NOUNS)})\b)", re.IGNORECASE)

_ABOVE_ONE = re.compile(
    rf"(?<![\w-])(?:{'|'.join(NUMBER_WORDS[:1:-1])})(?![\w-]|[ -](?:thirds?|quarters?|halves|fifths?|tenths?|times)\b)",
    re.IGNORECASE,
)


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


def in_digits(text: str) -> str:
    """Return a sentence with the numbers above one in digits, so that each is checked; fractions stay in words."""
    return _ABOVE_ONE.sub(lambda m: str(NUMBER_WORDS.index(m[0].casefold())), text)


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
        is_shorter = following is not None and (stated.quantity.unit, following.quantity.unit) == ("$", "$/h")
        if (
            following is not None
            and following.quantity.unit
            and (not stated.quantity.unit or is_shorter)
            and _BORROW.fullmatch(gap)
        ):
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


def blanked(masked: str) -> str:
    """Return a sentence with its names blanked out, each character in its place."""
    return re.sub(r"<[^>]*>", lambda m: "~" * len(m[0]), masked)


def admissible(
    stated: Stated, text: str, facts: Facts, named: frozenset[str], *, is_any_kind: bool = False
) -> Iterator[Figure]:
    """Yield the figures that a number may be: about the named, of the resource and the kind that its clause names.

    Args:
        stated: The number.
        text: The sentence, names blanked out.
        facts: Facts of the cited evidence.
        named: Names that the number is about.
        is_any_kind: True: whether requested, used or free does not matter.
    """
    clause = clause_at(text, stated.start, stated.end)
    words = re.findall(r"[a-z]+", clause.casefold())
    before = text[: stated.start].rstrip().casefold()
    of_whole = re.search(r"\b(?:of|out of)(?: its| the| all)?$", before) is not None
    nearest = _nearest(clause, stated, text)
    kinds = set() if of_whole or is_any_kind else nearest
    tense = "before" if before.endswith(" from") else "after" if before.endswith(" to") else ""
    if not tense:
        tenses = [t for t, (marks, _) in _TENSES.items() if marks & set(words)]
        tense = tenses[0] if len(tenses) == 1 else ""
    is_of_tasks = stated.noun in ("pod", "pods", "task", "tasks", "job", "jobs")
    is_of_nodes = stated.noun in ("", "node", "nodes", "machine", "machines")
    strict = nearest & _STRICT if is_of_nodes and not of_whole else set()
    strict |= {w for w in ("newly", "displaced") if w in words} if is_of_tasks and not of_whole else set()
    strict |= nearest & {"pending"} if is_of_tasks and not of_whole else set()
    statistics = _nearest(clause, stated, text, _STATISTICS)
    resources = {r for r, (marks, _) in _RESOURCES.items() if marks & set(words)}
    nouns = _NOUNS.get(stated.noun)
    quantiles = _quantiles(text)
    key = next((k for k, said in _KEYED if said.search(text[: stated.start])), "")
    is_keyed = any(key in f.tokens for f in facts.figures)
    own_keys = {f.key for f in facts.figures if f.owners & named and "freed" in f.key} if named else set()
    is_bare = not stated.noun and not stated.quantity.unit
    for figure in facts.figures:
        if named and figure.owners and not figure.owners & named and not _is_of_all(figure, facts, named, nouns):
            continue
        if {"hot", "share"} <= figure.tokens and re.search(r"\bhot\b", text):
            yield figure  # the threshold
            continue
        if named and not figure.owners and not of_whole and figure.key and figure.key in own_keys:
            continue  # the named have a figure of their own
        if (quantiles and figure.tokens & _QUANTILES and not figure.tokens & quantiles) or (
            is_keyed and key not in figure.tokens
        ):
            continue
        if figure.amount.dimension == COUNT and nouns is not None and not figure.key & nouns:
            continue
        groups = {g for g, (_, tokens) in _QUALIFIERS.items() if tokens & figure.tokens}
        if kinds and (groups or (is_bare and figure.amount.dimension == COUNT)) and not kinds & groups:
            continue
        if strict and not strict & groups:
            continue
        if tense and not _TENSES[tense][1] & figure.tokens and any(t & figure.tokens for _, t in _TENSES.values()):
            continue
        own_statistics = {g for g, (_, tokens) in _STATISTICS.items() if tokens & figure.key}
        if statistics and own_statistics and not statistics & own_statistics:
            continue
        own = {r for r, (_, tokens) in _RESOURCES.items() if tokens & figure.tokens}
        if len(resources) == 1 and own and not own & resources:
            continue
        yield figure


def _quantiles(text: str) -> frozenset[str]:
    """Return the quantiles that a sentence may mean: those it names, the median where it names none; empty: any."""
    named = frozenset(f"p{a or b}" for a, b in _QUANTILE.findall(text))
    if named:
        return named | {"p50"}
    if re.search(r"\bmedian\b", text, re.IGNORECASE) and not re.search(r"%|percent|interval|bound", text):
        return frozenset({"p50"})
    return frozenset() if _SAYS_QUANTILE.search(text) else frozenset({"p50"})


def _is_of_all(figure: Figure, facts: Facts, named: frozenset[str], nouns: frozenset[str] | None) -> bool:
    """Return whether a figure is about a result as a whole, in which what is named is a part of another kind."""
    if not figure.is_top:
        return False
    if all(facts.kinds.get(o) == "plan_id" for o in figure.owners):
        return not any(facts.kinds.get(n) == "plan_id" for n in named)
    kinds = {facts.kinds.get(n, "") for n in named}
    if "" in kinds or kinds & {facts.kinds.get(o, "") for o in figure.owners}:
        return False
    return figure.amount.dimension == COUNT and nouns is not None


def clause_at(text: str, start: int, end: int) -> str:
    """Return the clause in which a place is."""
    left = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    return text[left:right]


def _nearest(
    clause: str,
    stated: Stated,
    text: str,
    groups: Mapping[str, tuple[frozenset[str], frozenset[str]]] = _QUALIFIERS,
) -> set[str]:
    start = text.find(clause)
    place = stated.start - start
    best: tuple[int, str] | None = None
    for match in re.finditer(r"[a-z]+", clause.casefold()):
        for group, (words, _) in groups.items():
            if match[0] in words:
                gap = min(abs(match.start() - place), abs(match.end() - place))
                best = min(best, (gap, group)) if best else (gap, group)
    return {best[1]} if best else set()
