"""Checks what a sentence claims beyond its numbers: comparisons, states, causes, quantifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aurora.agents.operator.checking.facts import Facts, rows_of
from aurora.agents.operator.checking.figures import blanked, clause_at, stated_numbers
from aurora.agents.operator.checking.vocabulary import NEUTRAL, alike, stem

UNCHECKED = "could not be checked"
"""Beginning of the reason where a sentence may be true."""


QUOTED = "^"
"""What stands in place of each character of a quotation, which evidence bears out."""


class _Superlative(NamedTuple):
    """Fields that a comparison is about, the first that a list has, and whether the largest is meant."""

    fields: tuple[str, ...]
    is_largest: bool


def _of(fields: str, is_largest: bool) -> _Superlative:
    return _Superlative(tuple(fields.split()), is_largest)


_SUPERLATIVES = {
    "fullest": _of("fullest_share requested_share", True),
    "busiest": _of("fullest_share requested_share used", True),
    "emptiest": _of("fullest_share requested_share", False),
    "cheapest": _of("price cost", False),
    "dearest": _of("price cost", True),
    "most expensive": _of("price cost", True),
    "least expensive": _of("price cost", False),
    "best": _of("reward mean value", True),
    "worst": _of("reward mean value", False),
    "largest": _of("", True),
    "biggest": _of("", True),
    "highest": _of("", True),
    "most": _of("", True),
    "longest": _of("", True),
    "smallest": _of("", False),
    "lowest": _of("", False),
    "least": _of("", False),
    "fewest": _of("", False),
    "shortest": _of("", False),
}
_COMPARATIVES = {
    "fuller": "fullest",
    "busier": "busiest",
    "emptier": "emptiest",
    "cheaper": "cheapest",
    "dearer": "dearest",
    "more expensive": "dearest",
    "better": "best",
    "worse": "worst",
    "larger": "largest",
    "bigger": "largest",
    "higher": "largest",
    "greater": "largest",
    "longer": "largest",
    "more": "largest",
    "smaller": "smallest",
    "lower": "smallest",
    "less": "smallest",
    "fewer": "smallest",
    "shorter": "smallest",
}
_SUPERLATIVE = re.compile(rf"\b(?:{'|'.join(sorted(_SUPERLATIVES, key=len, reverse=True))})\b", re.IGNORECASE)
_COMPARATIVE = re.compile(rf"\b({'|'.join(sorted(_COMPARATIVES, key=len, reverse=True))})\b(.{{0,60}}?)\bthan\b", re.I)
_HARMLESS = re.compile(
    r"\bat (?:most|least|best|worst|the latest)\b|\bsmallest (?:set of )?changes?\b|\beasiest\b|\bleast_\w+|"
    r"\b(?:no|not) (?:more|less) than\b|\b(?:or|and) more\b|\bany ?more\b|\bmore room\b",
    re.IGNORECASE,
)
_OF_NUMBER = re.compile(r"^\s*(?:about |around )?(?:\$|-)?\d")

_STATES: dict[str, tuple[re.Pattern[str], frozenset[str], bool]] = {
    "cordoned": (re.compile(r"\b(?:cordoned|unschedulable)\b", re.I), frozenset({"cordoned", "unschedulable"}), True),
    "not ready": (re.compile(r"\b(?:not ready|unready|notready|down)\b", re.I), frozenset({"ready"}), True),
    "ready": (re.compile(r"\b(?<!not )ready\b", re.I), frozenset({"ready"}), False),
    "usable": (re.compile(r"\busable\b", re.I), frozenset({"usable"}), True),
    "waiting": (re.compile(r"\b(?:waits?|waiting|pending|unplaced)\b", re.I), frozenset({"pending", "waiting"}), True),
    "running": (re.compile(r"\b(?:runs?|running)\b", re.I), frozenset({"running"}), True),
    "maintenance": (re.compile(r"\bmaintenance\b", re.I), frozenset({"maintenance"}), True),
    "failed": (re.compile(r"\b(?:failed|crashed|died)\b", re.I), frozenset({"failed", "crashed"}), True),
    "fits": (
        re.compile(r"\b(?:fits?|has (?:enough )?room for|would take|could take|can take)\b", re.I),
        frozenset({"fit"}),
        True,
    ),
}
"""State -> how it is said, words of a path or a text, and whether these mean the state itself."""
_NOT = re.compile(
    r"\b(?:not|no longer|never|neither|nor|cannot|without)\b|n't\b|\b(?:no|none of the|nowhere|nobody)\b", re.IGNORECASE
)
_DONE = re.compile(
    r"\b(?:(?:is|was|are|were|has been|have been|been|now|already|i|i've|i have|we|successfully) )+"
    r"(?:now |successfully |already )*(?:applied|rolled back|undone|carried out|executed|deleted|moved|evicted|"
    r"scaled|drained|resized|removed)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|thanks to|on account of|as a result of|caused by|on grounds of|"
    r"(?<!ever )since(?! \d))\b",
    re.IGNORECASE,
)
_EFFECT = re.compile(
    r"(?:^|[,;]|\band) ?(?:therefore|hence|thus|consequently|so(?! (?:that|far|many|much))|"
    r"as a result|which is why|that is why|that's why)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_ALL = re.compile(r"\b(?:all|every|each|both|any)\b (?:of )?(?:the )?(?:other )?([a-z]+)", re.IGNORECASE)
_NONE = re.compile(r"\b(?:no|none of the|not a single|zero)\b (?:[a-z]+ )?([a-z]+)", re.IGNORECASE)
_N_OF_N = re.compile(r"\b(?:(\d+) of \1|all|every)\b(?: the)? ([a-z]+)", re.IGNORECASE)


def wrong_claim(text: str, facts: Facts, named: frozenset[str], tools: frozenset[str], *, is_code: bool = False) -> str:
    """Return what a sentence claims without support; "" if nothing.

    Args:
        text: The sentence, names masked.
        facts: Facts of the cited evidence.
        named: Names that it is about, as the evidence has them.
        tools: Tools of the cited evidence that succeeded.
        is_code: True: code wrote its words, so that denials are its own.
    """
    blank = blanked(text)
    return (
        _wrong_deed(blank, facts, named, tools)
        or _wrong_comparison(blank, text, facts, named)
        or _wrong_place(text, facts, named)
        or _wrong_state(text, facts, named)
        or ("" if is_code else _wrong_negation(text, facts, named))
        or _wrong_quantifier(blank, facts)
        or _wrong_cause(text, facts)
    )


def _wrong_deed(text: str, facts: Facts, named: frozenset[str], tools: frozenset[str]) -> str:
    """Return whether something is said to be done that the evidence does not have as done."""
    match = _DONE.search(text)
    if match is None:
        return ""
    said = match[0].casefold()
    wanted = (
        "rolled back" if said.endswith(("rolled back", "undone")) else "applied" if said.endswith("applied") else ""
    )
    states = [t for t in facts.texts if t.tokens & {"state", "status"} and (not named or t.owners & named)]
    if any(t.text == wanted for t in states) or (not wanted and tools & {"apply_plan", "roll_back_plan"}):
        return ""
    return "says that something was done, and the cited evidence does not have it as done"


def _wrong_comparison(text: str, masked: str, facts: Facts, named: frozenset[str]) -> str:
    text = _HARMLESS.sub(lambda m: "~" * len(m[0]), text)
    for match in _COMPARATIVE.finditer(text):
        if _OF_NUMBER.match(text[match.end() :]):
            continue  # the number is checked as a bound
        fault = _wrong_pair(match[1].casefold(), text, masked, facts, named)
        if fault:
            return fault
    spoken = " ".join(t.text for t in facts.texts).casefold()
    for match in _SUPERLATIVE.finditer(text):
        if re.match(r" [a-z]+", text[match.end() :]) and _phrase(text, match) in spoken:
            continue  # the evidence says it in these words
        fault = _wrong_extreme(match[0].casefold(), text, facts, named)
        if fault:
            return fault
    return ""


def _phrase(text: str, match: re.Match[str]) -> str:
    """Return a word of a sentence with the one after it, in lower case."""
    return " ".join(text[match.start() :].casefold().split()[:2]).rstrip(".,;:")


def _measured(name: str, text: str, facts: Facts) -> Iterator[tuple[tuple[str, str], dict[str, float]]]:
    """Yield, for each list and field that a comparison may be about, the value of each row."""
    words = {a for w in _WORD.findall(text) for a in alike(w)}
    columns: dict[tuple[str, str], dict[str, float]] = {}
    for listed, row, owner, figure in rows_of(facts):
        columns.setdefault((listed, row), {})[owner] = figure.amount.value
    columns = {key: column for key, column in columns.items() if len(column) > 1}
    resources = [r for r in ("cpu", "memory") if r in words]
    wanted = _SUPERLATIVES[name].fields
    if wanted and len(resources) != 1:
        field = next((w for w in wanted if any(w in row for _, row in columns)), "")
        yield from ((k, c) for k, c in columns.items() if field and field in k[1])
        return
    if wanted:
        columns = {k: c for k, c in columns.items() if any(w in k[1] for w in wanted) and resources[0] in k[1]}
        yield from columns.items()
        return
    scores = {key: len({stem(w) for w in _field_words(key[1]) & words}) for key in columns}
    best = max(scores.values(), default=0)
    yield from ((k, c) for k, c in columns.items() if best and scores[k] == best)


def _field_words(field: str) -> set[str]:
    generic = {"resources", "resource", "share", "id", "per", "hour", ""}
    return {a for t in re.split(r"[^a-z]+", field.casefold()) if t not in generic for a in alike(t)}


def _wrong_extreme(name: str, text: str, facts: Facts, named: frozenset[str]) -> str:
    superlative = _SUPERLATIVES[name]
    numbers = [s.quantity.number for s in stated_numbers(text)]
    candidates = 0
    for listing in facts.listings:
        if listing.order == name and listing.members:
            if listing.members[0] in named:
                return ""
            candidates += 1
    for (listed, _row), column in _measured(name, text, facts):
        if not _is_whole(listed, name, facts):
            continue
        candidates += 1
        extreme = (max if superlative.is_largest else min)(column.values())
        holders = {o for o, v in column.items() if v == extreme}
        if holders & named or (not named and numbers):
            return ""
    if candidates and named:
        return f"its evidence has another one as the {name}"
    return f"{UNCHECKED}: the cited evidence does not list what “{name}” compares"


def _is_whole(listed: str, name: str, facts: Facts) -> bool:
    """Return whether a list has all rows, or those that the comparison needs come first in it."""
    for listing in facts.listings:
        if listing.order and listing.order == name:
            return True
    return all(listing.is_whole for listing in facts.listings if listing.size > 1 and listing.members)


def _wrong_pair(word: str, text: str, masked: str, facts: Facts, named: frozenset[str]) -> str:
    name = _COMPARATIVES[word]
    if len(named) != 2:  # noqa: PLR2004  # a pair
        return f"{UNCHECKED}: “{word} than” needs two names that the cited evidence lists"
    order = sorted(named, key=lambda n: masked.find(f"<{n}>"))
    is_largest = _SUPERLATIVES[name].is_largest
    compared = 0
    for _, column in _measured(name, text, facts):
        if not set(order) <= set(column):
            continue
        compared += 1
        first, second = column[order[0]], column[order[1]]
        if (first > second) if is_largest else (first < second):
            return ""
    return "the cited evidence says the opposite" if compared else f"{UNCHECKED}: its evidence does not compare the two"


def _wrong_state(text: str, facts: Facts, named: frozenset[str]) -> str:
    names = sorted(named)
    blank = blanked(text)
    for state, (said, tokens, is_same) in _STATES.items():
        match = said.search(blank)
        about = frozenset() if match is None else _about(text, match.start(), match.end(), names)
        if match is None or not about:
            continue
        before = blank[max(0, match.start() - 30) : match.start()]
        is_negated = _NOT.search(before) is not None and state != "not ready"
        holds = _holds(state, tokens, is_same, about, facts)
        if holds is None:
            continue
        if holds == is_negated:
            return f"the cited evidence says the opposite of “{'not ' if is_negated else ''}{match[0]}”"
    return ""


_ON = re.compile(r"<([^>]*)>(?: \w+)? (?:is|runs|stays|was|sits)( not|n't)? (?:now |still )?on (?:node )?<([^>]*)>")


def _wrong_place(text: str, facts: Facts, named: frozenset[str]) -> str:
    """Return whether a task is said to be on a node that it is not on, or the reverse."""
    for match in _ON.finditer(text):
        task, node = match[1], match[3]
        places = _places(task, facts)
        if places and (node in places) == bool(match[2]):
            return f"the cited evidence has {task} on {', '.join(sorted(places))}"
        if match[2] and not places and not any(task in owners for _, owners in facts.nulls):
            return f"{UNCHECKED}: the cited evidence does not say where {task} is"
    return ""


def _places(task: str, facts: Facts) -> set[str]:
    own = [t for t in facts.texts if task in t.owners]
    runs = {t.text for t in own if {"runs", "on"} <= t.tokens and " " not in t.text}
    return runs or {t.text for t in own if {"node", "id"} <= t.tokens and "runs" not in facts.words}


def _about(text: str, start: int, end: int, names: Sequence[str]) -> frozenset[str]:
    """Return the names that a word is about: those of its clause, or of the sentence where the clause has no other."""
    clause = clause_at(text, start, end)
    near = frozenset(re.findall(r"<([^>]*)>", clause)) & frozenset(names)
    if near or any(c.isdigit() for c in clause):
        return near
    return frozenset(names)


_KNOWLEDGE = re.compile(
    r"\b(?:known|measured|recorded|given|priced|available|told|said|say|says|know|looked up|evidence)\b", re.I
)
_DENIES = re.compile(
    r"\b(?:not|no|lacks?|insufficient|never|without|cannot|0 of|nothing|none|untolerated|broken)\b", re.I
)
_NEGATED = re.compile(
    r"\b(?:not|never|no longer|neither|nor|cannot|lacks?|lacked|lacking|without)\b|n't\b", re.IGNORECASE
)


def _wrong_negation(text: str, facts: Facts, named: frozenset[str]) -> str:
    """Return which denial of a sentence the evidence does not have."""
    blank = blanked(_HARMLESS.sub(lambda m: "~" * len(m[0]), text))
    names = sorted(named)
    denials = [t.text for t in facts.texts if _DENIES.search(t.text)]
    for match in _NEGATED.finditer(blank):
        after = blank[match.end() : match.end() + 40]
        clause = clause_at(blank, match.start(), match.end())
        if re.search(r"\bI (?:do|ca|can|could|would|am|did|wo)?\s*$", blank[: match.start()]) or re.match(
            r"(?:n't)? only", after
        ):
            continue
        about = _about(text, match.start(), match.end(), names)
        if QUOTED in after or (match[0].casefold() == "without" and re.match(r" ~", after)):
            continue
        if re.match(r"(?:n't|not)$", match[0]) and re.match(r" (?:now |still )?on ", after):
            continue  # the place was checked
        if (
            re.match(r" (?:cordoned|ready|usable|schedulable)\b", after)
            and facts.words & {"cordoned", "usable"}
            and not about
        ):
            continue
        if match[0].casefold() == "never" and any("never" in t.tokens and t.text for t in facts.texts):
            continue
        if _KNOWLEDGE.search(clause) and (facts.nulls or denials):
            continue
        if about and any(
            said.search(after) and _holds(state, tokens, same, about, facts) is not None
            for state, (said, tokens, same) in _STATES.items()
        ):
            continue  # the state was checked
        words = {stem(a) for w in _WORD.findall(after)[:4] for a in alike(w)} - _THIN
        if not any(words & {stem(a) for w in _WORD.findall(d) for a in alike(w)} for d in denials):
            return f"{UNCHECKED}: the cited evidence does not deny that (“{match[0]}”)"
    return ""


_THIN = frozenset(
    stem(w) for w in "the a an of to in on for any and or have had has be been is are it its node task".split()
)


def _holds(state: str, tokens: frozenset[str], is_same: bool, names: frozenset[str], facts: Facts) -> bool | None:
    """Return whether names are in a state by the evidence; None: it does not say."""
    if state == "fits":
        return _fits(names, facts)
    for path, owners, value in facts.flags:
        if owners & names and path & tokens:
            return value == is_same if state != "not ready" else not value
    if state in ("waiting", "running"):
        rows = {t.text for t in facts.texts if "state" in t.tokens and names & t.owners}
        known = {"waiting": "pending", "running": "running"}[state]
        return None if not rows or len(names) > 1 else known in rows
    about = [t for t in facts.texts if t.owners & names or (not t.owners and "conditions" in t.tokens)]
    if state == "failed":
        return any(any(w in t.text.casefold() for w in tokens) for t in facts.texts if t.owners & names)
    spoken = [t for t in about if any(w in t.text.casefold() for w in tokens)]
    listed = [listing for listing in facts.listings if listing.tokens & tokens]
    mentioned = [t for t in facts.texts if any(n in t.text for n in names) and t.tokens & tokens]
    if state in ("cordoned", "maintenance"):
        if spoken or mentioned or any(set(listing.members) & names for listing in listed):
            return True
        return False if listed or any("conditions" in t.tokens for t in facts.listings) else None
    if state in ("ready", "not ready"):
        down = any(set(listing.members) & names for listing in listed)
        return (down if state == "not ready" else not down) if listed else None
    return None


def _fits(names: frozenset[str], facts: Facts) -> bool | None:
    fitting = [li for li in facts.listings if li.tokens & {"fits", "fitting"}]
    if any(set(li.members) & names for li in fitting):
        return True
    if any(li.is_whole and li.members for li in fitting) and len(names) > 1:
        return False
    reasons = [li for li in facts.listings if li.owners & names and "reasons" in li.tokens]
    return (not any(li.size for li in reasons)) if reasons else None


def _wrong_quantifier(text: str, facts: Facts) -> str:
    for match in _ALL.finditer(text):
        noun = match[1].casefold()
        if match[0].casefold().startswith(("each", "any")) or noun in ("time", "in", "that", "of", "it", "together"):
            continue
        if re.match(r" (?:together|in (?:all|sum|total))\b", text[match.end() :]):
            continue
        likes = {stem(a) for a in alike(noun)}
        support = [m for t in facts.texts for m in _N_OF_N.finditer(t.text) if stem(m[2].casefold()) in likes]
        is_counted = re.search(r"\b(?:usable|ready)\b", text) is not None and _equal_counts(facts)
        if not support and not is_counted:
            return f"{UNCHECKED}: the cited evidence does not say “{match[0]}”"
    for match in _NONE.finditer(text):
        if not _is_none(match, facts):
            return f"the cited evidence does not say “{match[0]}”"
    return ""


def _equal_counts(facts: Facts) -> bool:
    usable = {f.amount.value for f in facts.figures if "usable" in f.tokens and not f.is_length}
    nodes = {f.amount.value for f in facts.figures if f.where[0].endswith(".nodes") and not f.is_length}
    return bool(usable & nodes)


def _is_none(match: re.Match[str], facts: Facts) -> bool:
    words = [
        w for w in _WORD.findall(match[0].casefold()) if w not in ("no", "none", "of", "the", "not", "a", "single")
    ]
    wanted = {a for w in words for a in alike(w)} | {stem(w) for w in words}
    if any(re.search(r"\b(?:no|none|0 of|nothing|not|nowhere|without)\b", t.text, re.I) for t in facts.texts):
        spoken = " ".join(t.text.casefold() for t in facts.texts)
        if any(w in spoken for w in wanted):
            return True
    if any(li.size == 0 and {stem(t) for t in li.tokens} & {stem(w) for w in wanted} for li in facts.listings):
        return True
    if any(f.amount.value == 0 and {stem(t) for t in f.tokens} & {stem(w) for w in wanted} for f in facts.figures):
        return True
    return any({stem(t) for t in tokens} & {stem(w) for w in wanted} for tokens, _ in facts.nulls)


def _wrong_cause(text: str, facts: Facts) -> str:
    clauses = [text[m.end() :] for m in _CAUSE.finditer(text)]
    clauses += [text[: m.start()] for m in _EFFECT.finditer(text) if m.start() > 0]
    if any(m.start() == 0 for m in _EFFECT.finditer(text)):
        clauses.append(_EFFECT.sub("", text))
    if not clauses:
        return ""
    spoken = facts.reasons
    if not spoken and not facts.nulls:
        return "gives a reason, and the cited evidence has none"
    known = {stem(w) for w in _WORD.findall(spoken.replace("_", " ").replace(".", " "))}
    unknown = {stem(t) for tokens, _ in facts.nulls for t in tokens}
    for clause in clauses:
        if QUOTED in clause:
            continue
        content = [w for w in _WORD.findall(re.sub(r"<[^>]*>|~+", " ", clause)) if w.casefold() not in _SAYING]
        strange = [w for w in content if not {stem(a) for a in alike(w)} & (known | unknown)]
        carried = [w for w in content if w not in strange]
        missing = [w for w in strange if w.casefold() not in NEUTRAL or w.casefold() in _WEIGHTY]
        if missing:
            return f"gives a reason that the cited evidence does not give (“{missing[0]}”)"
        if facts.nulls and _KNOWLEDGE.search(clause) and _NOT.search(clause):
            continue
        if not {stem(w) for w in carried} - _GENERIC:
            return "gives a reason that the cited evidence does not give"
    return ""


_GENERIC = frozenset(stem(w) for w in "node nodes pod pods task tasks job jobs cluster them they".split())
_SAYING = frozenset(
    "the a an of and or it its is are was were has have had be been to in on for that this there at by with only "
    "which than more less one two no not too so as from would could can will do does but also all other others".split()
)
_WEIGHTY = frozenset(
    "price cost priority memory cpu core cores gpu gpus load pressure replicas label labels policy zone reservation "
    "limit limits full empty cordoned drained demand capacity rule rules".split()
)
"""Words that need no evidence elsewhere, and do in a reason."""
