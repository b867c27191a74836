"""From a question to its meaning: kind by similarity, slots by names; asks back where it is not sure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aurora.agents.operator.answer import Turn
from aurora.agents.operator.questions import QUESTIONS, Kind
from aurora.agents.operator.understanding import slots as amounts
from aurora.agents.operator.understanding.names import Mention, Names, with_hosts
from aurora.agents.operator.understanding.resolve import Resolver, Slots
from aurora.agents.operator.understanding.similarity import AnyKind, examples, words_of
from aurora.agents.operator.understanding.spelling import corrected
from aurora.agents.operator.understanding.words import plain_text

THRESHOLD = 0.45
"""Least likeness to an example at which a question counts as understood."""
MARGIN = 0.12
"""Least distance to the next kind."""
NEIGHBOURS = 0.7
"""Weight of the nearest examples, compared with that of the odds of words."""
MISSING, UNWANTED = 0.22, 0.10
"""What a kind loses for each name that it needs and the question does not have, or has and the kind has no use for."""
STRANGE, ORDERED = 0.06, 0.3
"""What it loses for each word that is neither known nor everyday, and an order for a question that asks why."""
CERTAIN = 0.62
"""Likeness from which one part of a question is a question of its own."""
LEAST_KNOWN = 0.5
"""Least share of words that occur in examples."""
MAX_QUESTION = 600
"""Most letters of a question."""


@dataclass(frozen=True)
class Meaning:
    """What a question means.

    Attributes:
        kind: Kind of the question; None: not understood.
        slots: Ids and amounts that it names.
        likeness: Likeness to the kind's nearest examples.
        nearest: Kinds that were perhaps meant, the likeliest first.
        reason: Why it was not understood.
        parts: The questions in it, where there are several.
        named: What it names, for questions back: `task`, `workload`, `node`, `zone`, `plan`.
    """

    kind: Kind | None
    slots: Slots = field(default_factory=dict)
    likeness: float = 0.0
    nearest: tuple[Kind, ...] = ()
    reason: str = ""
    parts: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)


class Masked(NamedTuple):
    """A question with names and amounts replaced by placeholders.

    Attributes:
        text: The masked text.
        plain: The plain text, names replaced, amounts kept.
        mentions: The names, from left to right.
    """

    text: str
    plain: str
    mentions: tuple[Mention, ...]


_PLACEHOLDER = {
    "node": "<node>",
    "task": "<task>",
    "workload": "<workload>",
    "zone": "<zone>",
    "policy": "<policy>",
    "plan": "<plan>",
    "series": "<workload>",
}
_PRONOUN = re.compile(
    r"\b(?:it|that one|this one|the same one|(?:that|this|the same) (?:pod|job|task|node|box|host|machine|server|"
    r"deployment|service|workload|zone|app)|the (?P<nth>first|second|third|fourth|fifth|last|other) one|"
    r"the (?P<nth2>first|second|third|fourth|fifth) (?:pod|job|task|node|plan)|them|they|those)\b"
)
_IMPERSONAL = re.compile(
    r"\bit (?:be|take|cost|hold|fit|help|safe|look|work|go|going|run|make|pay|bad|worth|ok)\b|\b(?:is|was|would|will|"
    r"does|do|did|how|what|could|can|has) it\b(?= (?:be|take|cost|hold|fit|help|safe|look|work|bad|worth|ok|like|that|"
    r"possible|enough|going to)\b)|\bmake it\b"
)
_SPLIT = re.compile(
    r"[?!;]+\s*(?=\S)|(?<=\w)\.\s+(?=\S)|,?\s+(?:and|also|then|plus)\s+(?:also\s+)?"
    r"(?=(?:why|what|how|which|who|when|is|are|can|could|should|does|do|show|make|drain|apply|scale|compare|forecast|"
    r"tell|explain|place|roll|undo|list|check|resize)\b)"
)


def mask(question: str, names: Names) -> Masked:
    """Replace names and amounts of a question by placeholders."""
    text = with_hosts(plain_text(question[:MAX_QUESTION]))
    mentions = names.mentions(text)
    parts, at = [], 0
    for mention in mentions:
        parts += [text[at : mention.start], f" {_PLACEHOLDER[mention.kind]} "]
        at = mention.end
    plain = corrected("".join([*parts, text[at:]]))
    masked = amounts.mask_amounts(plain)
    return Masked(masked, plain, mentions)


def understand(question: str, names: Names, history: Sequence[Turn] = ()) -> Meaning:
    """Return what a question means in the open desk.

    Args:
        question: The question.
        names: Names of the desk.
        history: Earlier turns, for "it" and "the second one".
    """
    whole = _understood(question, names, history)
    pieces = [p.strip(" ,.?!;") for p in _SPLIT.split(question) if p and p.strip(" ,.?!;")]
    if len(pieces) > 1:
        parts = [_understood(p, names, history) for p in pieces]
        sure = [(p, m) for p, m in zip(pieces, parts, strict=True) if m.kind is not None and m.likeness >= CERTAIN]
        kinds = {(m.kind, str(m.slots)) for _, m in sure}
        if len(sure) > 1 and len({m.kind for _, m in sure}) > 1 and not _is_continued(whole, sure):
            reason = "that is more than one question"
            return Meaning(None, nearest=tuple(m.kind for _, m in sure if m.kind), reason=reason,
                           parts=tuple(p for p, _ in sure))  # fmt: skip
        if whole.kind is None and len(kinds) == 1 and len(question) < MAX_QUESTION:
            return sure[0][1]
    return whole


def _is_continued(whole: Meaning, sure: Sequence[tuple[str, Meaning]]) -> bool:
    """Return whether the parts of a question only spell out one kind, such as a failure and what follows from it."""
    return whole.kind is not None and whole.likeness >= max(m.likeness for _, m in sure)


def _understood(question: str, names: Names, history: Sequence[Turn]) -> Meaning:
    masked = mask(question, names)
    resolver = Resolver(names, masked.mentions, masked.plain)
    masked = _with_pronouns(masked, resolver, names, history)
    have = resolver.have()
    scores = _scores(masked.text, have)
    order = sorted(scores, key=lambda k: -scores[k])
    best, second = order[0], order[1]
    nearest = tuple(_specific(k, resolver) for k in order if k != "other")[:3]

    def unsure(reason: str) -> Meaning:
        return Meaning(None, nearest=nearest, likeness=scores[best], reason=reason, named=resolver.named())

    words = set(words_of(masked.text))
    is_bare = not words - _BARE or (len(words) > 1 and all(w.startswith("<") or w == "on" for w in words))
    is_strange = examples().known_share(masked.text) < LEAST_KNOWN
    if is_bare or is_strange or best == "other" or scores[best] < THRESHOLD:
        return unsure("")
    if scores[best] - scores[second] < MARGIN:
        return unsure("that can mean several things")
    kind = _specific(best, resolver)
    problem = _problem(kind, masked, resolver)
    if problem:
        return unsure(problem)
    filled = resolver.fill(kind)
    if isinstance(filled, str):
        return unsure(filled)
    kind = _by_state(kind, filled, resolver)
    return Meaning(kind, filled, scores[best], nearest)


def _scores(text: str, have: Collection[str]) -> dict[AnyKind, float]:
    """Return how well a masked question suits each kind by its words and by what it names."""
    likeness, odds = examples().likeness(text), examples().odds(text)
    strange, asks_why = len(examples().strange_words(text)), "why" in words_of(text)
    scores: dict[AnyKind, float] = {}
    for kind, value in likeness.items():
        score = NEIGHBOURS * value + (1 - NEIGHBOURS) * odds[kind]
        if kind != "other":
            row = QUESTIONS[kind]
            missing = sum(need not in have for need in row.needs)
            unwanted = sum(name in _NAMED and name not in row.needs | row.may for name in have)
            score -= MISSING * missing + UNWANTED * unwanted + STRANGE * strange
            score -= ORDERED * (kind in _ORDERS and asks_why)
        scores[kind] = score
    return scores


_ORDERS = frozenset({"drain", "make_plan", "apply_plan", "rollback_plan"})
"""Kinds that ask for something to be done; whoever asks why wants to know something."""
_NAMED = frozenset({"node", "zone", "thing", "plan", "policies"})


def _problem(kind: Kind, masked: Masked, resolver: Resolver) -> str:
    """Return why a question of a kind can't be answered as it is put; empty if it can."""
    have, row = resolver.have(), QUESTIONS[kind]
    if _FORBIDS.search(masked.plain):
        return "it says what not to do"
    strange = examples().strange_names(masked.text)
    if strange and (row.may | row.needs) & {"thing", "node"} and not have & {"thing", "node", "zone"}:
        return f"I know nothing called {strange[0]!r} here"
    unknown = resolver.unknown_name()
    if unknown:
        return f"I know nothing called {unknown!r} here"
    lacking = [need for need in row.needs if need not in have]
    return f"the question names no {_NEED[lacking[0]]} that I know" if lacking else ""


def _by_state(kind: Kind, filled: Slots, resolver: Resolver) -> Kind:
    """Return the kind that suits the state of a task: one without a node is asked about because it waits."""
    if kind == "why_here" and "claimed_node" not in filled and not resolver.has_node(filled["task"]):
        return "why_waiting"
    return kind


_FORBIDS = re.compile(
    r"^(?:please |pls )?(?:do not|never|stop|avoid|without)\b|\bdo not (?:apply|drain|remove|scale|make|place)\b"
)
_BARE = frozenset(
    ["<time>", "<num>", "<pct>", "why", "what", "how", "which", "who", "when", "where", "not", "now", "on"]
)
"""Words that ask nothing by themselves."""
_NEED: Mapping[str, str] = {
    "thing": "task or workload",
    "node": "node",
    "zone": "zone",
    "plan": "plan",
    "policies": "two policies",
    "factor": "amount",
}


def _specific(kind: Kind, resolver: Resolver) -> Kind:
    return "show_task" if kind == "show_workload" and resolver.names_a_task() else kind


def _with_pronouns(masked: Masked, resolver: Resolver, names: Names, history: Sequence[Turn]) -> Masked:
    """Fill "it" and "the second one" from earlier turns."""
    match = _PRONOUN.search(masked.plain)
    if match is None or not history or _IMPERSONAL.search(masked.plain):
        return masked
    found = _referred(match, history, names)
    if found is None:
        return masked
    resolver.refer(found)
    word = _PLACEHOLDER[found.kind]
    plain = masked.plain.replace(match[0], f" {word} ", 1)
    return Masked(amounts.mask_amounts(plain), plain, masked.mentions)


_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "other": 1}


def _referred(match: re.Match[str], history: Sequence[Turn], names: Names) -> Mention | None:
    ordinal = match["nth"] or match["nth2"]
    for turn in reversed(history):
        if ordinal:
            rows = [row[0] for table in turn.answer.tables for row in table.rows]
            text = turn.answer.text
            found = [m for cell in rows for m in names.mentions(plain_text(cell))[:1]] or list(
                _distinct(names.mentions(plain_text(text)))
            )
            place = _ORDINALS[ordinal]
            if -len(found) <= place < len(found):
                return found[place]
            continue
        asked = names.mentions(plain_text(turn.question))
        wanted = re.search(
            r"(pod|job|task|node|box|host|machine|server|deployment|service|workload|zone|plan)$", match[0]
        )
        kinds = _KINDS_OF_WORD.get(wanted[1]) if wanted else None
        told = names.mentions(plain_text(turn.answer.text))
        for mention in (*asked, *told):
            if kinds is None or mention.kind in kinds:
                return mention
    return None


_KINDS_OF_WORD: Mapping[str, Collection[str]] = {
    **dict.fromkeys(("pod", "job", "task"), ("task", "workload")),
    **dict.fromkeys(("node", "box", "host", "machine", "server"), ("node",)),
    **dict.fromkeys(("deployment", "service", "workload"), ("workload", "task")),
    "zone": ("zone",),
    "plan": ("plan",),
}


def _distinct(mentions: Sequence[Mention]) -> Sequence[Mention]:
    return list({m.ids: m for m in mentions}.values())


def names_as(value: Any) -> tuple[str, ...]:
    """Return the ids of a slot."""
    return (value,) if isinstance(value, str) else tuple(value)
