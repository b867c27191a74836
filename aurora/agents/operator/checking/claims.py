"""Checks what a sentence claims beyond its numbers: comparisons, states, causes, quantifiers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurora.agents.operator.checking.causes import wrong_cause
from aurora.agents.operator.checking.clauses import unsupported_clause
from aurora.agents.operator.checking.comparisons import HARMLESS, verified_comparisons, wrong_comparison
from aurora.agents.operator.checking.derived import without_fractions
from aurora.agents.operator.checking.facts import Facts, Figure, Text
from aurora.agents.operator.checking.figures import blanked, clause_at
from aurora.agents.operator.checking.relations import states_scarcity, verified_relations, wrong_relation
from aurora.agents.operator.checking.vocabulary import KNOWLEDGE, NOT, QUOTED, UNCHECKED, alike, stem

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
        re.compile(
            r"\b(?:fits?|has (?:enough )?room for|(?:would|could|ca|can|cannot)(?:n't)? (?:take|host|hold))\b", re.I
        ),
        frozenset({"fit"}),
        True,
    ),
}
"""State -> how it is said, words of a path or a text, and whether these mean the state itself."""
_DONE = re.compile(
    r"(?:\b(?:is|was|are|were|been|now|already|i|i've|we|successfully|has|have|(?:is|was|are|were|has|have)n't) )+"
    r"(?:(?:now|successfully|already|still|fully|also|both|all|not|yet|been|only|partly|never) )*"
    r"(?:applied|rolled back|undone|carried out|executed|deleted|moved|evicted|scaled|drained|resized|removed|done|"
    r"completed?|finished|changed|stopped|fixed|solved|(?:un)?cordoned(?= by)|in place|in force|in effect)\b|"
    r"\bchanges? (?:was|were|has been|have been) (?:now |already )?made\b",
    re.IGNORECASE,
)
_DENIED_DEED = re.compile(
    r"(?:\b(?:nothing|neither|not|never|nor|no [a-z]+|none of [a-z ]{1,30})|n't)(?: yet)? $", re.I
)
_UNDONE = re.compile(rf"\bnothing (?=(?:has|was|is)\b)(?:{_DONE.pattern})", re.IGNORECASE)
_NOTHING = re.compile(
    r"\b(nothing|no one|none of (?:them|these|those)|no other [a-z]+|nothing else)\b((?: [a-z]+){1,3})", re.IGNORECASE
)
_NO_PLAN = re.compile(
    r"\b(?:no plan (?:could|can) be|(?:could|can)(?:n't| ?not) \w+ a plan)\b(?: made)?", re.IGNORECASE
)
_IF_DONE = re.compile(r"\b(?:if|until|unless|once(?! again| more))\b", re.IGNORECASE)
_SUPPOSED = re.compile(r"(?:if|were|should|suppose|assuming)\b.*\bwould\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|in case|should|were|suppose|assuming|without|when|once)\b[^,;]*$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_ALL = re.compile(
    r"\b(?<!\bin )(?:all|every|each|both|any)\b (?:of )?(?:the )?(?:\d+ )?(?P<other>other )?([a-z]+)", re.IGNORECASE
)
_NONE = re.compile(r"\b(?:no|none of the|not a single|zero)\b (?:[a-z]+ )?([a-z]+)", re.IGNORECASE)
_VALID = re.compile(r"\b(?:breaks?|violates?) no constraints?\b", re.IGNORECASE)
"""A plan without violations."""
_N_OF_N = re.compile(r"\b(?:(\d+) of \1|all|every)\b(?: the)? ([a-z]+)", re.IGNORECASE)


def wrong_claim(text: str, facts: Facts, named: frozenset[str], *, is_code: bool = False) -> str:
    """Return what a sentence claims without support; "" if nothing.

    Args:
        text: The sentence, names masked.
        facts: Facts of the cited evidence.
        named: Names that it is about, as the evidence has them.
        is_code: True: code wrote its words, so that denials are its own.
    """
    blank = blanked(text)
    return (
        _wrong_deed(blank, facts, named)
        or wrong_comparison(without_fractions(blank), text, facts, named)
        or wrong_relation(text, facts, named)
        or _wrong_place(text, facts, named)
        or _wrong_state(text, facts, named)
        or ("" if is_code else _wrong_negation(text, facts, named))
        or ("" if is_code else _wrong_nothing(blank, facts, named))
        or _wrong_quantifier(blank, facts, named)
        or wrong_cause(text, facts)
        or ("" if is_code else unsupported_clause(text, facts, named, _verified(text, facts, named)))
    )


def _verified(text: str, facts: Facts, named: frozenset[str]) -> str:
    """Return a sentence with what the checks of claims have verified blanked out with `_`."""
    blank = blanked(text)
    spans = [m.span() for p in (_DONE, _UNDONE) for m in p.finditer(blank)]
    spans += [m.span() for m in _NO_PLAN.finditer(blank) if any("error" in t.tokens for t in facts.texts)]
    spans += [m.span() for m in _ALL.finditer(blank) if not m[0].casefold().startswith(("each", "any"))]
    if any("violations" in li.key and li.size == 0 for li in facts.listings):
        spans += [m.span() for m in _VALID.finditer(blank)]
    spans += verified_comparisons(blank)
    spans += verified_relations(text, facts, named)
    for state, (said, tokens, is_same) in _STATES.items():
        for match in said.finditer(blank):
            about = _about(text, match.start(), match.end(), sorted(named))
            if about and _holds(state, tokens, is_same, about, facts) is not None:
                spans.append(match.span())
    spans += [m.span() for m in _DENIED.finditer(blank) if _is_zero(m[1], facts, named)]
    for start, end in spans:
        blank = blank[:start] + "_" * (end - start) + blank[end:]
    return blank


def _wrong_deed(text: str, facts: Facts, named: frozenset[str]) -> str:
    """Return whether something is said to be done, or not to be, that the evidence has otherwise."""
    states = [
        t for t in facts.texts if t.tokens & {"state", "status"} and (not named & _plans(facts) or t.owners & named)
    ]
    for match in _DONE.finditer(text):
        said = match[0].casefold()
        clause = clause_at(text, match.start(), match.end())
        if _IF_DONE.search(clause.partition(match[0])[0]):
            continue
        verb = said.split()[-1]
        is_done = _is_done(verb, states, facts) or any(verb == t.text and t.owners & named for t in states)
        is_denied = _DENIED_DEED.search(text[: match.start()]) is not None or NOT.search(said) is not None
        if is_denied and is_done:
            return "says that something was not done, and the cited evidence has it as done"
        if not is_denied and not is_done:
            return "says that something was done, and the cited evidence does not have it as done"
    return ""


def _is_done(verb: str, states: Sequence[Text], facts: Facts) -> bool:
    """Return whether the evidence has something as done: the state of a plan, or a step that was made."""
    came = {t.text for t in states}
    if verb in ("back", "undone"):
        return "rolled back" in came
    if verb == "applied":
        return "applied" in came
    if verb in ("done", "complete", "completed", "finished", "made", "place", "force", "effect"):
        return bool(came & {"done", "applied", "rolled back"})
    steps = " ".join(t.text for t in facts.texts if {"steps", "text"} <= t.tokens)
    return "done" in came and stem(verb) in {stem(w) for w in _WORD.findall(steps)}


def _plans(facts: Facts) -> frozenset[str]:
    return frozenset(n for n, kind in facts.kinds.items() if kind == "plan_id")


def _wrong_state(text: str, facts: Facts, named: frozenset[str]) -> str:
    names = sorted(named)
    blank = blanked(text)
    for state, (said, tokens, is_same) in _STATES.items():
        match = said.search(blank)
        about = frozenset() if match is None else _about(text, match.start(), match.end(), names)
        if match is None or not about:
            continue
        if re.match(r"[^,;]*\bonly (?:after|if|once|when)\b", blank[match.end() :]):
            continue
        before = re.split("[:;]", blank[max(0, match.start() - 30) : match.start()])[-1]
        if _IF.search(blank[: match.start()]) or _SUPPOSED.match(blank):
            continue
        is_negated = (NOT.search(before) or NOT.search(match[0])) is not None and state != "not ready"
        each = [about] if state == "fits" or len(about) == 1 else [frozenset({n}) for n in about if _is_node(n, facts)]
        known = [h for names in each if (h := _holds(state, tokens, is_same, names, facts)) is not None]
        if any(h == is_negated for h in known):
            return f"the cited evidence says the opposite of “{'not ' if is_negated else ''}{match[0]}”"
    return ""


def _is_node(name: str, facts: Facts) -> bool:
    return facts.kinds.get(name, "node_id") == "node_id" and "/" not in name


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


_COORDINATED = re.compile(r"<[^>]*>(?:(?:,| and|, and) <[^>]*>)+")


def _about(text: str, start: int, end: int, names: Sequence[str]) -> frozenset[str]:
    """Return the names that a word is about: those of its clause, or of the sentence where the clause has no other."""
    clause = clause_at(text, start, end)
    near = frozenset(re.findall(r"<([^>]*)>", clause)) & frozenset(names)
    for listed in _COORDINATED.findall(text):
        if near & set(re.findall(r"<([^>]*)>", listed)):
            near |= frozenset(re.findall(r"<([^>]*)>", listed)) & frozenset(names)
    if near or any(c.isdigit() for c in clause) or re.search(r"\b(?:no|none|any|every|all)\b", clause, re.I):
        return near
    return frozenset(names)


_DENIES = re.compile(
    r"\b(?:not|no|lacks?|insufficient|never|without|cannot|0 of|nothing|none|untolerated|broken)\b", re.I
)
_NEGATED = re.compile(
    r"\b(?:not|never|no longer|neither|nor|cannot|lacks?|lacked|lacking|without)\b|n't\b", re.IGNORECASE
)


def _wrong_negation(text: str, facts: Facts, named: frozenset[str]) -> str:
    """Return which denial of a sentence the evidence does not have."""
    blank = blanked(HARMLESS.sub(lambda m: "~" * len(m[0]), text))
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
        if states_scarcity(clause) or re.match(r" exceeds?\b", after) or _DONE.search(clause):
            continue  # checked elsewhere
        if _is_zero(after, facts, about):
            continue
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
        if KNOWLEDGE.search(clause) and (facts.nulls or denials):
            continue
        if about and any(
            said.search(blank[max(0, match.start() - 5) : match.end() + 40])
            and _holds(state, tokens, same, about, facts) is not None
            for state, (said, tokens, same) in _STATES.items()
        ):
            continue  # the state was checked
        words = {stem(a) for w in _WORD.findall(after)[:4] for a in alike(w)} - _THIN
        if not any(words & {stem(a) for w in _WORD.findall(d) for a in alike(w)} for d in denials):
            return f"{UNCHECKED}: the cited evidence does not deny that (“{match[0]}”)"
    return ""


def _is_zero(after: str, facts: Facts, about: frozenset[str]) -> bool:
    """Return whether what is denied is counted, and the count is 0."""
    clause = re.split(r"[,;:]", after)[0]
    if any(c.isdigit() for c in clause):
        return False
    words = {stem(a) for w in _WORD.findall(clause)[:8] for a in alike(w)} - _THIN
    zeros = (f for f in facts.figures if f.amount.value == 0 and (not about or not f.owners or f.owners & about))
    return any(
        {stem(t) for t in f.key - _COUNTING} <= words if f.is_length else _is_event(f, words) for f in zeros if f.key
    )


def _is_event(figure: Figure, words: set[str]) -> bool:
    return bool(
        {
            stem(t)
            for t in figure.key
            & {"restarts", "kills", "displaced", "overfull", "hot", "unplaced", "pending", "waiting"}
        }
        & words
    )


_COUNTING = frozenset({"count", "total"})
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
        if not rows and len(names) == 1 and any("waited" in f.tokens and f.owners & names for f in facts.figures):
            return state == "waiting"
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
    sizes = {t.text == "fits" for t in facts.texts if "finding" in t.tokens and t.owners & names}
    if sizes:
        return sizes.pop() if len(sizes) == 1 else None
    reasons = [li for li in facts.listings if li.owners & names and "reasons" in li.tokens]
    return (not any(li.size for li in reasons)) if reasons else None


def _wrong_nothing(text: str, facts: Facts, named: frozenset[str]) -> str:
    spoken = " ".join(t.text for t in facts.texts).casefold()
    for match in _NOTHING.finditer(text):
        is_deed = _UNDONE.match(text, match.start()) is not None
        if not is_deed and match[0].casefold() not in spoken and not _is_zero(match[2], facts, named):
            return f"{UNCHECKED}: the cited evidence does not say “{match[0]}”"
    return ""


def _wrong_quantifier(text: str, facts: Facts, named: frozenset[str]) -> str:
    for match in _ALL.finditer(text):
        noun = match[2].casefold()
        if match[0].casefold().startswith(("each", "any")) or noun in _NO_NOUN:
            continue
        if noun in ("be", "been", "get", "find") and _are_all_placed(facts):
            continue
        if noun in ("oversized", "undersized") and any(noun in f.key for f in facts.figures):
            continue
        if re.match(r" (?:together|in (?:all|sum|total))\b", text[match.end() :]):
            continue
        likes = {stem(a) for a in alike(noun)}
        support = [m for t in facts.texts for m in _N_OF_N.finditer(t.text) if stem(m[2].casefold()) in likes]
        others = len(named) if match["other"] else 0
        is_counted = re.search(r"\b(?:usable|ready)\b", text) is not None and _equal_counts(facts, others)
        if not support and not is_counted and not _are_as_many(match, facts, named):
            return f"{UNCHECKED}: the cited evidence does not say “{match[0]}”"
    for match in _NONE.finditer(text):
        if _BOUNDED.search(_rest(match)) or not _is_none(match, facts, named):
            return f"the cited evidence does not say “{match[0]}”"
    return ""


_DENIED = re.compile(r"\b(?:no|none|not|never|without)\b((?: [a-z]+){0,7})", re.IGNORECASE)
_NO_NOUN = frozenset("time in that of it together above below over under at on with by exceed cost costs".split())


def _are_all_placed(facts: Facts) -> bool:
    """Return whether as many tasks were placed again as had lost their node."""
    displaced = {f.amount.value for f in facts.figures if "displaced" in f.key}
    placed = {float(li.size) for li in facts.listings if {"placed", "again"} <= li.key}
    return bool(displaced & placed)


def _are_as_many(match: re.Match[str], facts: Facts, named: frozenset[str]) -> bool:
    """Return whether the evidence has a number twice, as what there is and as what is so: 3 steps, 3 done."""
    number = re.search(r"\d+", match[0]) or (
        re.search(r"\b\d+\b", match.string[: match.start()]) if match[2].casefold() == "them" else None
    )
    if number is None:
        return False
    words = {stem(w) for w in _WORD.findall(match.string)}
    keys = {
        f.key
        for f in facts.figures
        if f.amount.value == float(number[0]) and (not named or not f.owners or f.owners & named) and f.key
    }
    return len(keys) > 1 and sum(bool({stem(t) for t in k} & words) for k in keys) > 1


def _equal_counts(facts: Facts, others: int = 0) -> bool:
    usable = {f.amount.value for f in facts.figures if "usable" in f.tokens and not f.is_length}
    nodes = {f.amount.value for f in facts.figures if f.where[0].endswith(".nodes") and not f.is_length}
    return bool({u + others for u in usable} & nodes)


def _is_none(match: re.Match[str], facts: Facts, named: frozenset[str]) -> bool:
    words = [
        w for w in _WORD.findall(match[0].casefold()) if w not in ("no", "none", "of", "the", "not", "a", "single")
    ]
    wanted = {a for w in words for a in alike(w)} | {stem(w) for w in words}
    parts = (p.casefold() for t in facts.texts for p in re.split(r"[,;:.\n] ", t.text))
    rest = [{stem(a) for a in alike(w)} for w in _WORD.findall(_rest(match)) if w.casefold() not in _SAYS_NO_MORE]
    if not re.search(r"\d", _rest(match)) and any(
        re.search(r"\b(?:no|none|0 of|nothing|not|nowhere|without)\b", p)
        and any(w in p for w in wanted)
        and all(words & {stem(w) for w in _WORD.findall(p)} for words in rest)
        for p in parts
    ):
        return True
    said = {stem(a) for w in _WORD.findall(f"{match[0]} {_rest(match)}") for a in alike(w)}
    if any(li.size == 0 and li.key and {stem(t) for t in li.key} <= said for li in facts.listings):
        return True
    if any(li.size == 0 and {stem(t) for t in li.tokens} & {stem(w) for w in wanted} for li in facts.listings):
        return True
    is_free = re.search(r"\b(?:left|free|spare)\b", _rest(match)) is not None
    if any(
        f.amount.value == 0
        and {stem(t) for t in f.tokens} & {stem(w) for w in wanted}
        and (not named or not f.owners or f.owners & named)
        and (not is_free or f.key & {"free", "left"})
        for f in facts.figures
    ):
        return True
    return any({stem(t) for t in tokens} & {stem(w) for w in wanted} for tokens, _ in facts.nulls)


_BOUNDED = re.compile(
    r"\b(?:more|less|fewer|over|above|below|under|least|most|beyond|exceed\w*|than)\b[^,;:]*\d", re.IGNORECASE
)
"""What denies an amount of each row, which only rows that are compared bear out."""
_SAYS_NO_MORE = frozenset(
    "the a an of to in on at for it its this that is are was be been has have had can could will would do does as by "
    "there here now currently today at all so and or any which who with node nodes task tasks pod pods job jobs".split()
)


def _rest(match: re.Match[str]) -> str:
    """Return what comes after a match in its clause."""
    return re.split(r"[,;:]", match.string[match.end() :])[0]
