"""Checks what a sentence claims of things together: who goes where, who lacks what, what rises, who comes first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aurora.agents.explain.telling.quantities import UNITS, Amount, agrees
from aurora.agents.operator.checking.facts import Facts, Text
from aurora.agents.operator.checking.figures import blanked, clause_at, stated_numbers
from aurora.agents.operator.checking.vocabulary import DOWN, UNCHECKED, UP, alike

_NAMES = r"<[^>]*>(?:(?:,| and| or|, and|, or) <[^>]*>)*"
_GOES = re.compile(
    rf"(?P<tasks>{_NAMES})[^<>;]{{0,40}}?(?: (?:from|of) (?:node )?<(?P<source>[^>]*)>)?[^<>;]{{0,20}}? "
    r"(?P<way>to|onto|on) (?:node )?<(?P<node>[^>]*)>"
)
_OF_MOVES = frozenset(
    "move moves moved moving go goes going land lands placed place put sit sits stay stays run runs running is are be "
    "would will to onto on from of and both then now node pod pods task tasks job jobs expected instead".split()
)
"""Words between a task and the node that it goes to, which say no more."""
_RESOURCES = {
    "cpu": r"cpu|cores?|processors?",
    "memory": r"memory|ram",
    "gpu": r"gpus?|accelerators?|nvidia\.com/gpu",
}
_RES = r"(?P<resource>cpu|cores?|processors?|memory|ram|gpus?|accelerators?)\b"
_SCARCE = re.compile(
    r"(?P<deny>\b(?:no|not|never|without)\b|n't)?(?: [a-z]+)? ?"
    r"\b(?:lacks?|lacking|short (?:of|on)|insufficient|too little|held back by|runs? out of|a lack of)"
    rf" (?:free |spare |the |its )?{_RES}",
    re.IGNORECASE,
)
_ENOUGH = re.compile(
    r"(?P<deny>\b(?:no|not|never|without)\b|n't)?(?: [a-z]+)? ?"
    rf"\b(?:enough|sufficient|plenty of) (?:free |spare )?{_RES}",
    re.IGNORECASE,
)
_PROBLEM = re.compile(
    rf"\b{_RES} (?:(?:would |will |still |also )*(?P<keeps>keeps?|blocks?|prevents?|stops?|rules?|holds?) "
    r"(?:out |off |back )?"
    r"(?=~)|(?:is|was) (?P<deny>not |never )?(?:the |a |an )?(?:main |only |real )?"
    r"(?P<what>problem|bottleneck|issue|constraint|obstacle|blocker|limit|short|scarce|tight|enough|sufficient|"
    r"what (?:keeps|blocks|stops|prevents|holds))\b)",
    re.IGNORECASE,
)
_TOLERATES = re.compile(r"\b(?P<deny>not |never |n't |un|cannot )?tolerat(?:es?|ed|ing)\b", re.IGNORECASE)
_EVENTS = {
    "killed": (re.compile(r"\bkill(?:s|ed)?\b", re.IGNORECASE), frozenset({"kills", "killed"})),
    "restarted": (re.compile(r"\brestarted\b", re.IGNORECASE), frozenset({"restarts"})),
}
_BEFELL = re.compile(r"\b(?:was|were|been|got|gets|is|are|being) (?:just )?(?:oom-?)?killed\b", re.IGNORECASE)
"""What says that something was killed, rather than how probable that is."""
_TREND = re.compile(rf"\b(?:(?P<up>{UP})|(?P<down>{DOWN}))\b", re.IGNORECASE)
_FIELDS = {
    "price": re.compile(r"\b(?:cost|costs|price|prices|bill|dollars)\b|\$", re.IGNORECASE),
    "waiting": re.compile(r"\b(?:waiting|pending|waits?)\b", re.IGNORECASE),
    "cpu": re.compile(r"\b(?:cpu|cores?)\b", re.IGNORECASE),
    "memory": re.compile(r"\b(?:memory|ram|GiB)\b", re.IGNORECASE),
}
_SAME = re.compile(r"\b(?:the )?same as (?:before|now|without)\b", re.IGNORECASE)
_STAYS = re.compile(r"\b(?:stays?|remains?|unchanged)\b", re.IGNORECASE)
_SERIES = re.compile(r"\b(?:forecast|median|demand|quantile|p50|series)\b", re.IGNORECASE)
_AGAIN = re.compile(r"\b(?:then|after|afterwards|again|before)\b", re.IGNORECASE)
_PEAK = re.compile(r"\b(?:peaks?|peaking|maximum|tops out|highest value|at its highest)\b", re.IGNORECASE)
_RANGE = re.compile(
    r"\b(?:(?:stays?|keeps?|remains?|lies?) )?(?:between|from|within) (\d+(?:\.\d+)?) (?:and|to) (\d+(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_RANK = re.compile(r"<([^>]*)> (?:ranks?|ranked|comes|came|is|would rank|is ranked) (first|second|third|last)\b", re.I)
_CHOOSES = re.compile(r"\b(?:choose|pick|prefer)s? (?:node )?<([^>]*)>", re.IGNORECASE)
_CHANGE = re.compile(r"\bchange (\d+)\b[^<>;]{0,60}<([^>]*)>", re.IGNORECASE)
_HAS = re.compile(r"<([^>]*)> has (?:an?|the) ([a-z]+)", re.IGNORECASE)
_TO_NODE = r"(?:node )?<(?P<node>[^>]*)>"
_ROOM = re.compile(
    rf"\b(?:moving|by moving|if you move) <(?P<task>[^>]*)>(?: from (?:node )?<[^>]*>)? to {_TO_NODE} would "
    r"(?:make room(?: for <(?P<one>[^>]*)>)?|let <(?P<other>[^>]*)> (?:start|run|fit)) on (?:node )?<(?P<there>[^>]*)>",
    re.IGNORECASE,
)
_HAS_NO = re.compile(r"\b(?:has no|lacks an?|lacks the) ([a-z]+)")
_LAST_PART = re.compile(r"^.*(?: but |: )")
"""What is before the last part of a sentence: a denial there denies nothing after it."""
_PLACES = {"first": 0, "second": 1, "third": 2}
_NOT = re.compile(r"\b(?:not|never|cannot|without|no)\b|n't\b", re.IGNORECASE)


def wrong_relation(masked: str, facts: Facts, named: frozenset[str]) -> str:
    """Return what a sentence claims of things together that the evidence does not have; "" if nothing.

    Args:
        masked: The sentence, with names as `<name>`.
        facts: Facts of the cited evidence.
        named: Names that the sentence is about.
    """
    return (
        _wrong_move(masked, facts)
        or _wrong_scarcity(masked, facts, named)
        or _wrong_toleration(blanked(masked), facts)
        or _wrong_event(blanked(masked), facts, named)
        or _wrong_trend(blanked(masked), facts)
        or _wrong_peak(blanked(masked), facts)
        or _wrong_time_of_peak(blanked(masked), facts)
        or _wrong_range(blanked(masked), facts)
        or _wrong_rank(masked, facts)
        or _wrong_choice(masked, facts)
        or _wrong_change(masked, facts)
        or _wrong_possession(masked, facts)
        or _wrong_room(masked, facts)
    )


def verified_relations(masked: str, facts: Facts, named: frozenset[str]) -> list[tuple[int, int]]:
    """Return where a sentence says what the evidence decides: a resource that is short, a rise, an event."""
    text = blanked(masked)
    spans = []
    for match, _ in _scarcities(text):
        about = frozenset(re.findall(r"<([^>]*)>", clause_at(masked, match.start(), match.end()))) & named or named
        if _reasons(facts, about):
            spans.append(match.span())
    spans += [m.span() for m in _TREND.finditer(text) if _is_trend(m, text, facts)]
    if any(not t.change for t in facts.trends):
        spans += [m.span() for m in _SAME.finditer(text)]
    for said, tokens in _EVENTS.values():
        spans += [m.span() for m in said.finditer(text) if any(f.tokens & tokens for f in facts.figures)]
    spans += [m.span() for m in _STAYS.finditer(text) if _is_unchanged(m, text, facts)]
    spans += [m.span() for m in _ROOM.finditer(masked)]
    spans += [m.span() for m in _GOES.finditer(masked) if _is_move(m, facts)]
    spans += [
        m.span() for m in _CHOOSES.finditer(masked) if any({"policy", "chooses"} <= t.tokens for t in facts.texts)
    ]
    spans += [m.span() for m in _RANGE.finditer(text) if _sequences(facts)]
    return spans


def _is_unchanged(match: re.Match[str], text: str, facts: Facts) -> bool:
    """Return whether what is said to stay is before as after."""
    clause = clause_at(text, match.start(), match.end())
    fields = {f for f, said in _FIELDS.items() if said.search(clause)}
    changes = [t.change for t in facts.trends if t.tokens & fields]
    return bool(changes) and not any(changes)


def _is_move(match: re.Match[str], facts: Facts) -> bool:
    """Return whether what is said of tasks is no more than where they go, which the evidence has."""
    words = {w.casefold() for w in re.findall(r"[A-Za-z']+", blanked(match[0]))}
    return words <= _OF_MOVES and all(
        match["node"] in _goals(t, match["source"], facts) for t in re.findall(r"<([^>]*)>", match["tasks"])
    )


def _is_trend(match: re.Match[str], text: str, facts: Facts) -> bool:
    """Return whether the evidence has the change that a word says."""
    clause = clause_at(text, match.start(), match.end())
    fields = {f for f, said in _FIELDS.items() if said.search(clause)}
    if any(t.tokens & fields and t.change and (t.change > 0) == (match["up"] is not None) for t in facts.trends):
        return True
    return _SERIES.search(clause) is not None and bool(_sequences(facts))


def states_scarcity(clause: str) -> bool:
    """Return whether a clause says that a resource is short or enough, which is checked here."""
    return any(p.search(clause) for p in (_SCARCE, _ENOUGH, _PROBLEM))


def _wrong_move(masked: str, facts: Facts) -> str:
    for match in _GOES.finditer(masked):
        is_denied = _NOT.search(_LAST_PART.sub("", blanked(match[0]))) is not None
        for task in re.findall(r"<([^>]*)>", match["tasks"]):
            nodes = _goals(task, match["source"], facts)
            if not nodes or facts.kinds.get(match["node"], "node_id") != "node_id":
                continue
            sources = facts.comes_from.get(task, set()) if match["way"] == "on" else set()
            if is_denied and match["node"] in nodes:
                return f"the cited evidence has {task} on {match['node']}"
            if not is_denied and match["node"] not in nodes | sources:
                return f"the cited evidence has {task} on {', '.join(sorted(nodes))}"
    return ""


def _goals(task: str, source: str | None, facts: Facts) -> set[str]:
    """Return where a task goes, or any task of what is named, from a node where one is said."""
    if task in facts.goes_to:
        return facts.goes_to[task]
    short = task.rpartition("/")[2]
    own = [t for t in facts.goes_to if t.rpartition("/")[2].startswith(f"{short}-")]
    return {n for t in own if not source or source in facts.comes_from.get(t, {source}) for n in facts.goes_to[t]}


def _wrong_scarcity(masked: str, facts: Facts, named: frozenset[str]) -> str:
    text = blanked(masked)
    for match, is_short in _scarcities(text):
        word = match["resource"].casefold()
        resource = next(r for r, words in _RESOURCES.items() if re.fullmatch(words, word))
        clause = clause_at(masked, match.start(), match.end())
        about = frozenset(re.findall(r"<([^>]*)>", clause)) & named or named
        texts = _reasons(facts, about)
        if not texts:
            if is_short:
                return f"{UNCHECKED}: the cited evidence does not say that {word} is short"
            continue
        counts = re.compile(rf"\b(\d+) insufficient (?:{_RESOURCES[resource]})", re.IGNORECASE)
        numbers = {c[1] for t in texts for c in counts.finditer(t.text)}
        stated = re.search(r"\b(\d+) (?:of \S+ )?nodes?\b", clause)
        if is_short and stated and numbers and stated[1] not in numbers:
            return f"the cited evidence has another number of nodes that lack {word}"
        lacks = re.compile(rf"\b(?:insufficient|lacks?|short of) (?:{_RESOURCES[resource]})", re.IGNORECASE)
        found = any(lacks.search(t.text) for t in texts)
        if found != is_short:
            return f"the cited evidence says the opposite of “{match[0].strip()}”"
    return ""


def _scarcities(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    """Yield where a sentence says something of a resource, and whether it says that it is short."""
    for match in _SCARCE.finditer(text):
        yield match, match["deny"] is None
    for match in _ENOUGH.finditer(text):
        yield match, match["deny"] is not None
    for match in _PROBLEM.finditer(text):
        is_good = (match["what"] or "").casefold() in ("enough", "sufficient")
        yield match, (match["deny"] is None) != is_good


def _reasons(facts: Facts, about: frozenset[str]) -> list[Text]:
    """Return the texts that say why nodes do not fit: of what is named, the narrowest row first."""
    texts = [t for t in facts.texts if t.is_reason and t.tokens & {"reasons", "reason", "summary", "error", "never"}]
    nodes = {n for n in about if facts.kinds.get(n) == "node_id"}
    if nodes:
        return [t for t in texts if t.owners & nodes and "reasons" in t.tokens]
    return [t for t in texts if not about or t.owners & about or any(n in t.text for n in about)]


def _wrong_toleration(text: str, facts: Facts) -> str:
    for match in _TOLERATES.finditer(text):
        if match["deny"] or _NOT.search(text[max(0, match.start() - 20) : match.start()]):
            continue
        found = [m for t in facts.texts for m in _TOLERATES.finditer(t.text)]
        if found and all(m["deny"] for m in found):
            return f"the cited evidence says the opposite of “{match[0]}”"
    return ""


def _wrong_event(text: str, facts: Facts, named: frozenset[str]) -> str:
    for event, (said, tokens) in _EVENTS.items():
        match = said.search(text)
        told = _BEFELL.search(text)
        if (
            told
            and not any(_BEFELL.search(t.text) for t in facts.texts)
            and not any(f.tokens & t for f in facts.figures for _, t in _EVENTS.values())
        ):
            return f"{UNCHECKED}: the cited evidence does not say that anything “{told[0]}”"
        values = [
            f.amount.value
            for f in facts.figures
            if f.tokens & tokens and (not named or not f.owners or f.owners & named)
        ]
        if match is None or not values:
            continue
        is_denied = _NOT.search(text[max(0, match.start() - 30) : match.start()]) is not None
        if any(values) == is_denied:
            return f"the cited evidence says the opposite of “{'not ' if is_denied else ''}{event}”"
    return ""


def _wrong_trend(text: str, facts: Facts) -> str:
    for match in _TREND.finditer(text):
        clause = clause_at(text, match.start(), match.end())
        is_up = match["up"] is not None
        if _NOT.search(text[max(0, match.start() - 20) : match.start()]):
            continue
        fields = [f for f, said in _FIELDS.items() if said.search(clause)]
        changes = [t.change for t in facts.trends if t.tokens & set(fields)] if len(fields) == 1 else []
        if changes and not any((c > 0) == is_up and c for c in changes):
            return f"the cited evidence does not have it so (“{match[0]}”)"
        runs = _sequences(facts) if _SERIES.search(clause) else []
        if runs and not any(_runs(values, is_up, _AGAIN.search(text) is not None) for values in runs):
            return f"the cited evidence has it the other way (“{match[0]}”)"
    return ""


def _sequences(facts: Facts) -> list[list[float]]:
    """Return the medians of forecasts, step by step."""
    steps: dict[tuple[str, str, str], list[float]] = {}
    for figure in facts.figures:
        if "p50" in figure.tokens:
            steps.setdefault(figure.where, []).append(figure.amount.value)
    return [values for values in steps.values() if len(values) > 1]


def _runs(values: list[float], is_up: bool, is_later: bool) -> bool:
    """Return whether values rise, or fall: from the first to the last, or at some time where one is said."""
    if is_up:
        return max(values) > values[0]
    return values[-1] < values[0] or (is_later and values[-1] < max(values))


def _wrong_peak(text: str, facts: Facts) -> str:
    """Return whether a number that is said to be the peak is not the largest of its column."""
    match = _PEAK.search(text)
    runs = _sequences(facts)
    if match is None or not runs:
        return ""
    amounts = [s for s in stated_numbers(text[match.end() :]) if s.quantity.unit in ("core", "cores", "GiB", "MiB")]
    if not amounts or re.search(r"\bp\d|percent|quantile|upper", text, re.IGNORECASE):
        return ""
    number, step = amounts[0].quantity.number, amounts[0].quantity.step
    if any(abs(number - max(values)) <= step for values in runs):
        return ""
    return "the cited evidence has another number as the largest"


def _wrong_range(text: str, facts: Facts) -> str:
    """Return whether a median that is said to stay within a range leaves it."""
    match = _RANGE.search(text)
    runs = _sequences(facts)
    if match is None or not runs or not _SERIES.search(text) or re.search(r"%|percent|interval", text):
        return ""
    low, high = sorted((float(match[1]), float(match[2])))
    step = 10.0 ** -min(len(m.partition(".")[2]) for m in (match[1], match[2]))
    if any(min(v) >= low - step and max(v) <= high + step for v in runs):
        return ""
    return "the cited evidence has numbers outside of this range"


def _wrong_time_of_peak(text: str, facts: Facts) -> str:
    """Return whether the largest value of a forecast is said to come at another time than its own."""
    steps: dict[str, dict[str, float]] = {}
    for figure in facts.figures:
        for column in ("p50", "ahead"):
            if column in figure.tokens and figure.item:
                steps.setdefault(figure.item, {})[column] = figure.amount.value
    rows = [s for s in steps.values() if len(s) > 1]
    if not rows or not _PEAK.search(text):
        return ""
    largest = max(r["p50"] for r in rows)
    times = [r["ahead"] for r in rows if r["p50"] == largest]
    stated = [
        s.quantity
        for s in stated_numbers(text)
        if s.quantity.unit
        and s.quantity.unit in UNITS["s"]
        and not re.search(r"\b(?:over|within|next|during|for)(?: the)?(?: next)? $", text[: s.start])
    ]
    if stated and not any(agrees(s, Amount(t, "s")) for s in stated for t in times):
        return "the cited evidence has the largest value at another time"
    return ""


def _wrong_rank(masked: str, facts: Facts) -> str:
    for match in _RANK.finditer(masked):
        name, word = match[1], match[2].casefold()
        for listing in facts.listings:
            if name not in listing.members or "policies" not in listing.tokens:
                continue
            if word == "last" and not listing.is_whole:
                return f"{UNCHECKED}: the list was cut"
            place = _PLACES.get(word, len(listing.members) - 1)
            if listing.members[place : place + 1] != (name,):
                return f"the cited evidence has another one as the {word}"
    return ""


def _wrong_choice(masked: str, facts: Facts) -> str:
    """Return whether a policy is said to choose another node than it does."""
    chosen = {t.text for t in facts.texts if {"policy", "chooses"} <= t.tokens}
    for match in _CHOOSES.finditer(masked):
        if chosen and match[1] not in chosen:
            return f"the cited evidence has {', '.join(sorted(chosen))} as the choice"
    return ""


def _wrong_change(masked: str, facts: Facts) -> str:
    """Return whether a change of a plan, named by its number, is about something else."""
    changes = [t.text for t in facts.texts if "change" in t.tokens and "now" not in t.tokens and " " in t.text]
    for match in _CHANGE.finditer(masked):
        place = int(match[1]) - 1
        if changes and place < len(changes) and match[2] not in changes[place]:
            return f"the cited evidence has another change as number {match[1]}"
    return ""


def _wrong_possession(masked: str, facts: Facts) -> str:
    """Return whether something is said to have what the evidence says that it lacks."""
    for match in _HAS.finditer(masked):
        denied = {w for t in facts.texts if match[1] in t.owners for w in _HAS_NO.findall(t.text.casefold())}
        if alike(match[2]) & denied:
            return f"the cited evidence says that {match[1]} has none"
    return ""


def _wrong_room(masked: str, facts: Facts) -> str:
    """Return whether a move is said to make room where no remedy of the evidence has it alone, or for another task."""
    changes = [t for t in facts.texts if {"remedies", "changes"} <= t.tokens]
    for match in _ROOM.finditer(masked):
        own = [t for t in changes if match["there"] in t.owners]
        waiting = match["one"] or match["other"]
        is_known = [t.text for t in own] == [f"move {match['task']} to {match['node']}"]
        if not is_known or (waiting and waiting not in own[0].owners):
            return f"the cited evidence does not say that this makes room on {match['there']}"
    return ""
