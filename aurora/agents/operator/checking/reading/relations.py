"""Reads what a clause says of things together: moves, ranks, lists of names, the only one, what never happened."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurora.agents.operator.checking.facts import Facts
from aurora.agents.operator.checking.reading.measures import columns_of, measured
from aurora.agents.operator.checking.reading.phrases import NAME, NAMES
from aurora.agents.operator.checking.reading.predicates import predicate
from aurora.agents.operator.checking.reading.subjects import KINDS, NOUN, chosen, is_called, named_records, names_in
from aurora.agents.operator.checking.reading.words import LIGHT, concept, concepts_in, words_in

_MOVE = re.compile(
    rf"^(?:(?:the )?(?:plan )?(?P<plan>{NAME}) |(?:it|the plan|the drain|step (?P<step>\d+)|change (?P<change>\d+)) |)"
    rf"(?:(?:would )?(?:also )?(?:moves?|moving|puts?|places?|move) )?(?:the )?(?P<tasks>{NAMES})(?: pods?| tasks?)?"
    r"(?: (?:would |will )?(?:also )?(?:both |all )?(?:then )?(?:be |is |are |get |gets )?"
    r"(?:lands?|go|goes|moves?|moved|placed|put|end up|ends up|placed again|land again|again placed|run"
    r"|runs|move|rescheduled)(?: again| back)?)?"
    rf"(?: (?:from|off) (?:node )?(?P<source>{NAME}))?(?: again)?(?: to| onto| on) (?:node )?(?P<node>{NAME})$",
    re.IGNORECASE,
)
_RANK = re.compile(
    rf"^(?P<who>{NAME}) (?:ranks?|comes?|is|came|finishes|is ranked|would rank) (?:the |in"
    rf" )?(?P<place>first|second|third|fourth|fifth|last)"
    r"(?: place)?(?: of (?:the )?(?:\d+|all)(?: listed)?(?: policies)?)?(?P<tail> (?:with|at) .*)?$",
    re.IGNORECASE,
)
_EMPTIES = re.compile(
    rf"^(?:(?:the plan|it|the drain|plan {NAME}|{NAME}) )?(?:would )?(?:empties|empty) (?:node )?(?P<node>{NAME})$|"
    rf"^(?:node )?(?P<node2>{NAME}) (?:would|will) (?:then )?be (?:empty|emptied)(?: afterwards)?$",
    re.IGNORECASE,
)
_RESPECTIVE = re.compile(
    rf"^(?P<names>{NAMES})(?P<said>[^<]*?)(?: from (?:node )?(?P<source>{NAME}))?(?P<way> to| onto| on)"
    rf" (?P<nodes>{NAMES}),? respectively\.?$",
    re.IGNORECASE,
)
_PLACES = ("first", "second", "third", "fourth", "fifth")
_LIST = re.compile(
    rf"^(?:the |these |they |those )?(?:are |is )?(?P<how>(?:\d+ )?(?:[a-z-]+ ){{0,3}}[a-z-]+)? ?(?:is|are"
    rf"|:)? ?(?P<names>{NAMES})$",
    re.IGNORECASE,
)
_ARE = re.compile(
    rf"^(?P<names>{NAMES}) (?:is|are) (?:all )?the (?P<how>(?:only )?(?:\d+ )?[a-z -]*?{NOUN})(?: there)?$",
    re.IGNORECASE,
)
_ONLY = re.compile(
    rf"^(?:only (?P<names>{NAMES})|(?P<names2>{NAMES}) (?:is|are) the only (?P<noun>[a-z ]*?(?:{NOUN}"
    rf"|ones?)(?: listed)?)(?: (?:that|which|(?P<has>with)))?) ?(?P<said>.*)$",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"^(?:(?:it|the (?:pod|task|job)) )?(?:has|was|is|were|have|had)?(?:n't| not| never)(?: yet)? ?(?:been"
    r" )?(?P<what>restarted|killed)"
    r"(?: yet| so far)?(?: for (?:lack of )?memory| (?:by|for) running out of memory| out of memory)?$",
    re.IGNORECASE,
)


def related(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    """Return whether what a clause says of things together is so; None: it says nothing that the records decide.

    Args:
        clause: The clause, names masked.
        facts: Facts of the cited evidence.
        last: Names that the clause before was about.
    """
    for read in (_move, _emptied, _rank, _only, _list, _never):
        found = read(clause, facts, last)
        if found is not None:
            return found
    return None


def _move(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    match = _MOVE.match(clause)
    if match is None:
        return None
    node = match["node"].strip("<>")
    number = match["step"] or match["change"]
    verdicts = []
    for name in names_in(match["tasks"]):
        tasks = [
            t for t in facts.goes_to if t == name or name in t.split("/") or t.rpartition("/")[2].startswith(f"{name}-")
        ]
        if not tasks:
            return None
        source = match["source"]
        is_so = any(node in facts.goes_to[t] for t in tasks) and (
            source is None or any(source.strip("<>") in facts.comes_from.get(t, ()) for t in tasks)
        )
        verdicts.append(is_so)
    if number:
        changes = [
            t.text for t in facts.texts if "change" in t.tokens and t.text.startswith(("move", "cordon", "place"))
        ]
        place = int(number) - 1
        verdicts.append(place < len(changes) and all(n in changes[place] for n in (*names_in(match["tasks"]), node)))
    return all(verdicts)


def respective(masked: str, facts: Facts) -> bool | None:
    """Return whether a sentence that ends with "respectively" is so: tasks to nodes, or values of named things.

    Args:
        masked: The sentence, names masked.
        facts: Facts of the cited evidence.
    """
    match = _RESPECTIVE.match(masked)
    if match is None:
        return None
    names = names_in(match["names"])
    nodes = names_in(match["nodes"] or "")
    if (
        nodes
        and len(nodes) == len(names)
        and re.search(r"\b(?:go|goes|move|moves|land|placed|run)\b", match["said"] + match["way"])
    ):
        source = f" from {match['source']}" if match["source"] else ""
        found = [_move(f"<{t}>{source} to <{n}>", facts, ()) for t, n in zip(names, nodes, strict=True)]
        return None if None in found else all(found)
    return None


def _emptied(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    match = _EMPTIES.match(clause)
    if match is None:
        return None
    names = {match["node"] or match["node2"]}
    lists = [set(m) for r in facts.wholes for k, m in r.lists.items() if k == {"empti"}]
    return any({n.strip("<>") for n in names} <= m for m in lists) if lists else None


def _rank(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    match = _RANK.match(clause)
    if match is None:
        return None
    name = match["who"].strip("<>")
    for group in facts.groups:
        names = [r.name for r in group.records]
        if group.kind != "policy_id" or name not in names:
            continue
        word = match["place"].casefold()
        if word == "last":
            return names[-1] == name if group.is_whole else None
        place = _PLACES.index(word)
        if names[place : place + 1] != [name]:
            return False
        if match["tail"]:
            record = group.records[place]
            return measured(match["tail"], record.cells, frozenset(), record.topic)
        return True
    return None


def _list(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    """Return whether names are those of a whole list: "the 3 zones are a, b and c"."""
    match = _ARE.match(clause) or _LIST.match(clause)
    if match is None or not match["how"]:
        return None
    how, names = match["how"], names_in(match["names"])
    count = re.search(r"\d+", how)
    if count and int(count[0]) != len(names):
        return None
    words = frozenset(concept(w) for w in words_in(how) if w not in LIGHT and w not in ("only", "listed"))
    noun = concept(next((w for w in reversed(words_in(how)) if w in KINDS), ""))
    for record in facts.wholes:
        for key, members in record.lists.items():
            found = {m.partition(":")[0] for m in members}
            if words and (words - {noun} <= key if words - {noun} else words <= key) and found == set(names):
                return True
    for group in facts.groups:
        records = chosen(re.sub(r"\d+", "", how), None, group)
        if records and len(records) == len(names) and all(any(is_called(r, n) for r in records) for n in names):
            return True
    return None


def listed(clause: str, facts: Facts, heard: frozenset[str]) -> bool | None:
    """Return whether names are those of the list that was spoken of before: "1 is cordoned (node-c2)".

    Args:
        clause: The names.
        facts: Facts of the cited evidence.
        heard: Concepts of what was said before.
    """
    names = set(names_in(clause))
    for record in facts.wholes:
        for key, members in record.lists.items():
            if key - {"node", "task"} <= heard and key and {m.partition(":")[0] for m in members} == names:
                return True
    for group in facts.groups:
        for state in ("hot", "overfull"):
            if state in heard and group.records and all(state in r.states for r in group.records):
                return {r.name for r in group.records if r.states[state]} == names or None
        for state in ("pending", "running"):
            if state in heard and state in group.words and group.is_whole:
                return True if {r.name for r in group.records} == names else None
    return None


def _only(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    match = _ONLY.match(clause)
    if match is None:
        return None
    names = names_in(match["names"] or match["names2"])
    noun = match["noun"] or ""
    said = f"has {match['said']}" if match["has"] else match["said"]
    kind = next((KINDS[w] for w in reversed(words_in(noun)) if w in KINDS), "")
    adjectives = " ".join(w for w in words_in(noun) if w not in KINDS and w not in ("one", "ones", "other", "listed"))
    if not said and not adjectives:
        return None
    holds = predicate(said or f"is {adjectives}", frozenset(), is_member=True)
    also = predicate(f"is {adjectives}", frozenset()) if said and adjectives else None
    for group in facts.groups:
        if (
            (kind and group.kind != kind)
            or not (group.is_whole or "listed" in noun)
            or not all(any(is_called(r, n) for r in group.records) for n in names)
        ):
            continue
        records = [r for r in group.records if also is None or also(r)]
        verdicts = [holds(r) for r in records]
        if verdicts and all(v is not None for v in verdicts):
            met = [r for r, v in zip(records, verdicts, strict=True) if v]
            return len(met) == len(names) and all(any(is_called(r, n) for n in names) for r in met)
    for record in facts.wholes:
        for key, members in record.lists.items():
            if adjectives and concepts_in(adjectives) <= key and not said:
                return {m.partition(":")[0] for m in members} == set(names)
    return None


def _never(clause: str, facts: Facts, last: Sequence[str]) -> bool | None:
    names = names_in(clause)[:1] or tuple(last)
    match = _NEVER.match(re.sub(r"^<[^>]*> ", "", clause))
    if match is None:
        return None
    records = [r for n in names for r in named_records(n, facts.groups)] or facts.wholes
    cells = [c for r in records for c in columns_of(frozenset({concept(match["what"])}), r.cells)]
    return all(c.value == 0 for c in cells) if cells else None
