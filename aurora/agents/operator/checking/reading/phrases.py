"""Rewrites phrases: those that mean one word as that word, and sentences with parts put between as plain ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

NAME = r"<[^>]*>"
NAMES = rf"{NAME}(?:(?:, and |, | and | or ){NAME})*"
_PHRASES = (
    (
        re.compile(r"\b(?:have|has) (?:too little|no|not enough) (?:data|measurements?)\b|\bare not measured\b", re.I),
        "unmeasured",
    ),
    (re.compile(r"\bhalf (?:a|of a) core\b", re.I), "0.5 cores"),
    (re.compile(r"\ba (?:tenth|quarter) of a core\b", re.I), "0.1 cores"),
    (
        re.compile(r"\b(?:(?:asks?|asking) for |is |are |requests? |reserves? )?too (?:much|large|big|high)\b", re.I),
        "oversized",
    ),
    (
        re.compile(
            r"\b(?:(?:asks?|asking) for |is |are |requests? |reserves? )?too (?:little|small|low)\b(?!"
            r" (?:data|cpu|memory))",
            re.I,
        ),
        "undersized",
    ),
    (
        re.compile(
            r"\b(?:may|can|could) use (?:up to|at most)\b|\bis (?:allowed|limited|capped) (?:to use"
            r" )?(?:up to|at most|to|at)\b",
            re.I,
        ),
        "limit",
    ),
    (
        re.compile(
            r"\b(?:can't|cannot|can not|could not) be used\b|\b(?:is|are) (?:out of service|unusable|not"
            r" usable)\b|\b(?:isn't|aren't) usable\b",
            re.I,
        ),
        "unusable",
    ),
    (re.compile(r"\b(?:can|could) be used\b", re.I), "is usable"),
    (re.compile(r"\b(?:would|could|can|will) (?:take|host|hold|fit|accept)\b", re.I), "fits"),
    (
        re.compile(
            r"\b(?:do|does)(?:n't| not) have enough\b|\b(?:has|have) (?:too little|not enough|insufficient)\b|"
            r"\b(?:is|are) (?:too )?short (?:of|on)\b|\bthere is not enough\b",
            re.I,
        ),
        "lacks",
    ),
    (re.compile(r"\b(?:would |will )?(?:have|has|need|needs) to (?:be )?freed?\b", re.I), "is short"),
    (
        re.compile(
            r"\b(?:so far|right now|at the moment|as things stand|by far|by measurement|at present|as of now|"
            r"(?:in|on|from|according to) the (?:list|snapshot|overview|evidence|result)|for now|at all)\b ?",
            re.I,
        ),
        "",
    ),
    (re.compile(r"\bat (?:the )?last measurement\b", re.I), "latest"),
    (re.compile(r"\bat (?:the )?(?:most|peak)\b(?= *(?:,|$))", re.I), "highest"),
    (
        re.compile(
            r"\b(?:one|a single)(?= (?:each|task|pod|job|node|move|change|step|zone|replica|cordon|container|policy|"
            r"workload|risk|core|gpu|plan|remedy)\b)",
            re.I,
        ),
        "1",
    ),
    (re.compile(r"\b(?:node|nodes) of the cluster\b", re.I), "nodes"),
    (re.compile(r"\bone (?=(?:is|was|has|isn't|wasn't|needs|would)\b)", re.I), "1 "),
    (re.compile(r"^(?:and )?one more (?=is|has)", re.I), "1 "),
    (
        re.compile(
            r"\bno (?:additional |further |more |other |new )?(?P<what>tasks?|pods?|jobs?) (?:would|will) (?:newly )?"
            r"(?:wait|be (?:newly )?(?:waiting|pending)|be left (?:waiting|pending|without a node))\b",
            re.I,
        ),
        r"0 \g<what> newly waiting",
    ),
    (
        re.compile(r"\b(?P<number>\d+) requests\b(?= (?:are|oversized|undersized|unmeasured))", re.I),
        r"\g<number> containers",
    ),
    (re.compile(r"\b(?:stays?|remains?) (?=unplaced|pending|waiting|running|cordoned)", re.I), "is "),
    (re.compile(r"^(?:the (?:rollback|plan) )?(?:has )?undid (?P<what>.*steps)$", re.I), r"\g<what> were undone"),
    (
        re.compile(
            r"^(?P<said>.*?) (?:under|with|for|by|on|in) (?P<how>every|all|each|any)(?P<whom> (?:of the"
            r" )?(?:\d+ )?(?:the )?"
            r"(?:policy|policies|node|nodes)(?: listed)?)$",
            re.I,
        ),
        r"\g<how>\g<whom> \g<said>",
    ),
    (re.compile(rf"^(?P<node>{NAME})'s (?P<what>(?:\d+ )?(?:tasks|pods|jobs))\b", re.I), r"the \g<what> on \g<node>"),
    (
        re.compile(
            r"^(?:cutting|shrinking|lowering|reducing|resizing) (?=[^,]* (?:would|could|frees?|saves?)\b)", re.I
        ),
        "with ",
    ),
)


def plain(clause: str) -> str:
    """Return a clause with phrases that mean one word as that word, and without fillers."""
    for pattern, said in _PHRASES:
        clause = pattern.sub(said, clause)
    return " ".join(clause.split())


_BESIDE = re.compile(
    rf"\b(?P<count>\d+|the|both|all) (?P<noun>(?:[a-z-]+ ){{0,2}}?(?:pods?|tasks?|nodes?|jobs?|policies|zones))"
    rf"(?:, (?P<names>{NAMES}),| \((?P<listed>{NAMES})\)) ",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r" ?\((?P<inner>[^()]*)\)")
_START = re.compile(r"[;,:]|\b(?:and|but|while|whereas)\b(?! <)")


def variants(masked: str) -> Iterator[str]:
    """Yield a sentence, and what it says in other words: names put beside their number, brackets after the clause.

    Args:
        masked: The sentence, names masked.
    """
    yield masked
    beside = _BESIDE.search(masked)
    if beside:
        names = beside["names"] or beside["listed"]
        count = re.findall(NAME, names)
        if not beside["count"].isdigit() or int(beside["count"]) == len(count):
            noun = beside["noun"].split()
            state = f"; {names} are {' '.join(noun[:-1])}" if len(noun) > 1 else ""
            yield f"{masked[: beside.start()]}{names} {masked[beside.end() :].rstrip('.')}{state}"
    if "(" in masked:
        plain_text = _BRACKETS.sub("", masked).rstrip(". ")
        extra = []
        for match in _BRACKETS.finditer(masked):
            before = _BRACKETS.sub("", masked[: match.start()])
            named = re.search(rf"{NAME}$", before)
            start = max((m.end() for m in _START.finditer(before)), default=0)
            extra.append(f"{named[0] if named else before[start:].strip()} {match['inner']}")
        yield "; ".join((plain_text, *extra))
