"""From a question to its meaning: kind by similarity, slots by names; asks back where it is not sure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aurora.agents.operator.answer import Turn
from aurora.agents.operator.lists import entries
from aurora.agents.operator.questions import QUESTIONS, Kind
from aurora.agents.operator.understanding.clauses import asks, clauses
from aurora.agents.operator.understanding.doubts.checks import doubt, strangeness
from aurora.agents.operator.understanding.doubts.inference import is_inferred
from aurora.agents.operator.understanding.doubts.reading import Reading
from aurora.agents.operator.understanding.masking import MAX_QUESTION, Masked, mask
from aurora.agents.operator.understanding.mentions import Mention
from aurora.agents.operator.understanding.names import Names
from aurora.agents.operator.understanding.pronouns import with_pronouns
from aurora.agents.operator.understanding.resolve import Resolver, Slots
from aurora.agents.operator.understanding.scoring import probabilities
from aurora.agents.operator.understanding.similarity import examples, words_of

THRESHOLD = 0.8
"""Least probability of a kind at which a question counts as understood: a step above the 0.7 that `lowest_threshold`
of `aurora.evals.understanding` finds on each four fifths of the first three sets, all in sight while this was built."""
HINT = 0.3
"""Least probability at which it is said that a question can mean several things."""
CERTAIN = 0.8
"""Probability from which one part of a question is a question of its own."""
LEAST_KNOWN = 0.5
"""Least share of words that occur in examples."""
SHORT = 4
"""Most words of a question that only goes on with the one before."""
MAX_PARTS = 3
"""Most questions that are answered at once."""


@dataclass(frozen=True)
class Meaning:
    """What a question means.

    Attributes:
        kind: Kind of the question; None: not understood.
        slots: Ids and amounts that it names.
        likeness: Probability of that kind.
        nearest: Kinds that were perhaps meant, the likeliest first.
        reason: Why it was not understood.
        named: What it names, for questions back: `task`, `workload`, `node`, `zone`, `plan`.
        text: The question, or the part of it that asks.
        is_doubted: What it says contradicts its likely kind, or goes beyond it.
        is_inferred: It may be read in another way, or what is not named was inferred.
        several: The questions in it, where there are several; at most three.
        left: Questions beyond those.
    """

    kind: Kind | None
    slots: Slots = field(default_factory=dict)
    likeness: float = 0.0
    nearest: tuple[Kind, ...] = ()
    reason: str = ""
    named: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    is_doubted: bool = False
    is_inferred: bool = False
    several: tuple[Meaning, ...] = ()
    left: int = 0

    @property
    def questions(self) -> tuple[Meaning, ...]:
        """What is to be answered: this, or each of several."""
        return self.several or (self,)


def understand(question: str, names: Names, history: Sequence[Turn] = (), *, threshold: float | None = None) -> Meaning:
    """Return what a question means in the open desk.

    Args:
        question: The question.
        names: Names of the desk.
        history: Earlier turns, for "it" and "the second one".
        threshold: Least probability of a kind; None: `THRESHOLD`.
    """
    least = THRESHOLD if threshold is None else threshold
    whole = _understood(question, names, history, least=least)
    pieces = clauses(question[:MAX_QUESTION])
    if len(pieces) == 1:
        return whole
    parts: list[Meaning] = []
    context: tuple[Mention, ...] = ()
    for piece in pieces:
        masked = mask(piece, names)
        if any(not word.startswith("<") for word in words_of(masked.text)):
            parts.append(_understood(piece, names, history, context, least=max(least, CERTAIN)))
        context = (*masked.mentions, *context)
    several = _several(question, parts)
    if len(several) > 1:
        return Meaning(None, nearest=whole.nearest, several=several[:MAX_PARTS], left=len(several[MAX_PARTS:]))
    sure = [part for part in parts if part.kind is not None]
    is_one = len({(part.kind, str(part.slots)) for part in sure}) == 1
    if whole.kind is None and is_one and _stands_for_all(sure[0], parts, whole):
        return replace(sure[0], is_inferred=True)
    return whole


def _stands_for_all(part: Meaning, parts: Sequence[Meaning], whole: Meaning) -> bool:
    """Return whether one part is the question and the others only lead to it: they ask and name nothing else."""
    others = [other for other in parts if other is not part]
    is_followed = all(not asks(other.text) or len(other.text.split()) <= SHORT for other in others)
    is_question = asks(part.text) or (bool(part.named) and is_followed)
    return is_question and not whole.is_doubted and whole.named.items() <= part.named.items()


def _several(question: str, parts: Sequence[Meaning]) -> tuple[Meaning, ...]:
    """Return the questions that stand beside each other; those that only spell out one are one."""
    found: list[Meaning] = []
    for part in parts:
        is_question = part.kind is not None
        if not is_question or any((part.kind, part.slots) == (other.kind, other.slots) for other in found):
            continue
        if found and _is_continued(found[-1], part):
            continue
        found.append(part)
    if any(_STATES.match(part.text.casefold()) and not asks(part.text) for part in found):
        return ()
    asking = [asks(part.text) for part in found]
    if not all(asking) and (any(asking) or not _LISTED.search(question)):
        return ()  # what only states something is no question
    return tuple(found)


def _is_continued(first: Meaning, part: Meaning) -> bool:
    """Return whether a part only asks what follows from the change that the first is about, or what is wrong there."""
    if part.kind not in _GENERAL:
        return False
    if first.kind is not None and first.kind.startswith("what_if"):
        return not part.named or _ASKS_EFFECT.match(part.text.casefold()) is not None
    is_short = part.kind in ("overview", "help", "recommend") and len(part.text.split()) <= SHORT
    return is_short and bool(first.named) and not part.named and not _EVERYTHING.search(part.text.casefold())


_STATES = re.compile(r"^(?:(?:and|but|so|hi|hello),? )*(?:i|we|my|our|it|there|they|he|she|somebody|someone)\b")
"""How a part begins that states something, where it does not ask."""
_LISTED = re.compile(r"[?;\n]\s*\S")
"""Ends one question of several, whatever their form."""
_ASKS_EFFECT = re.compile(r"^(?:what (?:does|would|will) (?:it|that|this)|would|will|does|do|can|could|is|are)\b")
"""How the second half of a question about a change begins, when it asks for what follows."""


def _understood(
    question: str, names: Names, history: Sequence[Turn], context: tuple[Mention, ...] = (), *, least: float
) -> Meaning:
    masked = mask(question, names)
    resolver = Resolver(names, masked.mentions, masked.plain)
    masked = with_pronouns(masked, resolver, names, history, context)
    have = resolver.have()
    scores = probabilities(masked.text, have)
    order = sorted(scores, key=lambda k: -scores[k])
    best = order[0]
    nearest = tuple(_specific(k, resolver) for k in order if k != "other")[:3]

    def unsure(reason: str, *, is_doubted: bool = False) -> Meaning:
        return Meaning(
            None,
            nearest=nearest,
            likeness=scores[best],
            reason=reason,
            named=resolver.named(),
            text=question,
            is_doubted=is_doubted,
        )

    words = set(words_of(masked.text))
    is_bare = not words - _BARE or (len(words) > 1 and all(w.startswith("<") or w == "on" for w in words))
    is_strange = examples().known_share(masked.text) < LEAST_KNOWN
    is_example = examples().has(masked.text, best)
    if _ONLY_A_NAME.fullmatch(masked.plain):
        return unsure("it does not say what you want to know about it" if have else "")
    if best == "other" or (not is_example and (is_bare or is_strange)):
        return unsure("")
    if scores[best] < least and not is_example:
        return unsure("that can mean several things" if scores[best] > HINT else "")
    kind = _specific(best, resolver)
    problem = _problem(kind, masked, resolver)
    if problem:
        return unsure(problem)
    if kind in _CARRIED and not have & {"thing"} and not _EVERYTHING.search(masked.plain):
        things = [m for m in context if m.kind in ("workload", "task", "series")]
        if len({m.ids for m in things}) == 1:
            resolver.refer(things[0])
    filled = resolver.fill(kind)
    if isinstance(filled, str):
        return unsure(filled)
    part = names.unresolved(masked.plain) if kind in _OF_ALL and "all" in filled.values() else ""
    if part:
        return unsure(f"it names {part!r}, and I don't know of what")
    kind, filled = _by_state(kind, filled, resolver, masked.plain)
    text = _without(masked.text, names.users)
    other_user = _beside(masked.plain, names.users)
    if other_user and "thing" in QUESTIONS[kind].needs | QUESTIONS[kind].may:
        return unsure(f"it also speaks of {other_user!r}", is_doubted=True)
    reading = Reading(kind, text, masked.plain, masked.mentions, filled, scores[best])
    reason = "" if is_example else doubt(reading)
    if reason:
        return unsure(reason, is_doubted=True)
    reason = "" if is_example else strangeness(reading)
    if reason:
        return unsure(reason)
    return Meaning(
        kind,
        filled,
        scores[best],
        nearest,
        named=resolver.named(),
        text=question,
        is_inferred=is_inferred(reading) or resolver.has_referred,
    )


def _beside(plain: str, users: Collection[str]) -> str:
    """Return a user that is named beside another one; empty if none is."""
    found = re.search(rf"\b(?:and|or|but|not|than) ({'|'.join(map(re.escape, users))})\b", plain) if users else None
    return found[1] if found else ""


def _without(text: str, words: Collection[str]) -> str:
    """Return a text without the rest of misspelt names, and without some words and their possessive forms."""
    text = re.sub(r"(?<=>)\s+[-_/][a-z0-9]+", " ", text)
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, words))})(?:'?s)?\b", " ", text) if words else text


_ALONE = frozenset({"what_if_load", "what_if_node_fails", "what_if_zone_fails", "what_if_remove_node",
                    "what_if_add_nodes"})  # fmt: skip
"""Changes that are asked about alone; another node or amount beside them is another change."""
_ONE_THING = re.compile(
    r"\b(?:the|my|this|that|her|his)\s+(?:(?!whole|entire|other|next|same)[\w-]+\s+){0,2}"
    r"(?:job|pod|deployment|service|statefulset|daemonset)\b"
)
"""Speaks of one task or workload that has no name that is known."""


def _names_more(kind: Kind, have: Collection[str]) -> bool:
    if kind == "what_if_load":
        return bool({"node", "zone"} & set(have))
    return "factor" in have or (kind == "what_if_node_fails" and "zone" in have)


_SHOWN = frozenset({"show_workload", "show_node"})
_CONDITIONS = frozenset({"whatif", "if", "simulat"})
_FAILURE = _CONDITIONS | frozenset(entries("failure"))
"""Words of which a question about the failure of a zone has one."""
_CARRIED = frozenset({"forecast", "reserve"})
"""Kinds that are about the workload of an earlier clause, where they name none."""
_OF_ALL = frozenset({"forecast", "reserve", "what_if_load", "oversized"})
"""Kinds that are about every workload where they name none."""
_EVERYTHING = re.compile(r"\b(?:all|everything|overall|total|whole|entire|cluster)\b")
_GENERAL = frozenset({"overview", "find_nodes", "why_waiting", "recommend", "help", "show_node", "show_task",
                      "show_workload", "what_if_load", "best_policy", "oversized"})  # fmt: skip
"""Kinds that a question about a change may seem to go on with, when it asks for its effect."""


def _problem(kind: Kind, masked: Masked, resolver: Resolver) -> str:
    """Return why a question of a kind can't be answered as it is put; empty if it can."""
    have, row = resolver.have(), QUESTIONS[kind]
    said = set(words_of(masked.text))
    if kind == "what_if_zone_fails" and not said & _FAILURE:
        return "it says of a zone, but not what happens to it"
    if kind in _ALONE and _names_more(kind, have):
        return "I can change one thing at a time"
    if row.may & {"thing"} and "thing" not in have and _ONE_THING.search(masked.plain):
        return "it does not say which by name"
    if kind in _SHOWN and said & _CONDITIONS:
        return "I know what happens when nodes fail, and not when tasks do"
    if _FORBIDS.search(masked.plain):
        return "it says what not to do"
    strange = [name for name in examples().strange_names(masked.text) if not resolver.is_sort_of_node(name)]
    if strange and (row.may | row.needs) & {"thing", "node"} and not have & {"thing", "node", "zone"}:
        return f"I know nothing called {strange[0]!r} here"
    unknown = masked.broken or resolver.unknown_name()
    if unknown:
        return f"I know nothing called {unknown!r} here"
    lacking = [need for need in row.needs if need not in have]
    return f"the question names no {_NEED[lacking[0]]} that I know" if lacking else ""


def _by_state(kind: Kind, filled: Slots, resolver: Resolver, plain: str) -> tuple[Kind, Slots]:
    """Return the kind that suits the state of tasks, with its slots.

    One without a node is asked about because it waits; where the only task of a workload runs is asked about that task.
    """
    if kind == "why_here" and "claimed_node" not in filled and not resolver.has_node(filled["task"]):
        return "why_waiting", filled
    if kind == "show_workload" and _WHERE.search(plain):
        running = resolver.tasks(lambda task: task.node_id is not None)
        if len(running) == 1 and isinstance(filled["workload"], str):
            return "show_task", {"task": running[0]}
    return kind, filled


_WHERE = re.compile(r"\b(?:where|(?:which|what) (?:node|host|box|machine|server|vm)(?! has)|on which|on what)\b")
_FORBIDS = re.compile(
    r"^(?:please |pls )?(?:do not|never|stop|avoid|without)\b|\bdo not (?:apply|drain|remove|scale|make|place)\b"
)
_BARE = frozenset(
    ["<time>", "<num>", "<pct>", "why", "what", "how", "which", "who", "when", "where", "not", "now", "on"]
)
"""Words that ask nothing by themselves."""
_ONLY_A_NAME = re.compile(r"(?:and |so )?(?:(?:what|how) about )?(?:the )?<\w+>\W*")
"""A a question that names something and asks nothing."""
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
