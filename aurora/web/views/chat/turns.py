"""A conversation as it is shown: turns with sentences, tool steps, tables, questions back; and a turn that comes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from aurora.agents.operator.answer import Answer, Sentence, Table, Turn
from aurora.agents.operator.answering.talk import INTRODUCTION
from aurora.graphs.chat.approval import TOOL_OF_ACTION
from aurora.graphs.chat.graph import GRAPH
from aurora.graphs.chat.streaming import ApprovalEvent, DoneEvent, ErrorEvent, LookupEvent, SentenceEvent
from aurora.tools.harness import Evidence
from aurora.web.views.chat.steps import PLANNERS, Step, plan_of, step_of_event, step_of_evidence

UNKNOWN = "I don't know: nothing that I could say is borne out by what was looked up."
RULES = "rules"
_COMMANDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/mode (\w+)"), "Mode: {0}"),
    (re.compile(r"/mode"), "Which mode?"),
    (re.compile(r"/refresh"), "Read the cluster anew"),
    (re.compile(r"/apply (\w+)"), "Apply plan {0}"),
    (re.compile(r"/rollback (\w+)"), "Undo plan {0}"),
)
"""Form of a word to the conversation itself, and how it is shown."""

TurnState = Literal["told", "asked", "running", "failed"]
"""Told: it has ended; asked: a person is asked; running: it comes; failed: it ended with an error."""


@dataclass(frozen=True, slots=True)
class TurnShown:
    """A turn as it is shown.

    Attributes:
        question: The question; of a word to the conversation, what it means.
        asked: The question as it was asked.
        is_command: True: it is a word to the conversation, such as a switch of the mode.
        by: Who answers, in words; "": the conversation itself.
        reading: How the question was read; "": it has one reading.
        sentences: Sentences in order, struck ones included.
        tables: Tables below them.
        asks_back: Questions that were perhaps meant.
        as_of: Age of what was looked up on a live cluster; "": it is none.
        steps: Tool calls, in order.
        plans: Ids of plans that it made; where it applied one that a person's edit made, of that one.
        state: How far it is.
        error: What ended it, and what to do; "": nothing did.
    """

    question: str
    asked: str = ""
    is_command: bool = False
    by: str = ""
    reading: str = ""
    sentences: tuple[Sentence, ...] = ()
    tables: tuple[Table, ...] = ()
    asks_back: tuple[str, ...] = ()
    as_of: str = ""
    steps: tuple[Step, ...] = ()
    plans: tuple[str, ...] = ()
    state: TurnState = "told"
    error: str = ""

    @property
    def struck(self) -> int:
        """Sentences that were struck."""
        return sum(bool(s.struck) for s in self.sentences)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing of the answer holds."""
        holds = any(not s.struck for s in self.sentences)
        return self.state == "told" and not (holds or self.tables or self.asks_back or self.error)

    @property
    def struck_text(self) -> str:
        """Says how many sentences were struck; "": none."""
        if not self.struck:
            return ""
        total = len(self.sentences)
        verb = "was" if self.struck == 1 else "were"
        return f"{self.struck} of {total} sentence{'s' * (total > 1)} {verb} not supported and struck."


def answered_by(name: str) -> str:
    """Return who answers, in words; "" for the conversation itself.

    >>> answered_by("rules")
    'Rules, without a language model'
    """
    if name in ("", GRAPH):
        return ""
    return "Rules, without a language model" if name == RULES else f"{name}, each sentence checked"


def turns_shown(turns: Sequence[Turn], evidence: Sequence[Evidence]) -> tuple[TurnShown, ...]:
    """Return the turns that were told, each with its own tool calls.

    Args:
        turns: The turns, oldest first.
        evidence: Tool calls of the whole conversation.
    """
    ends = _ends(turns)
    shown: list[TurnShown] = []
    made: set[str] = set()
    for turn, before, until in zip(turns, (0, *ends), ends, strict=False):
        told = _answered(turn.answer, _between(evidence, before, until))
        edited = tuple(p for p in _applied(evidence, before, until) if p not in made)  # made by an edit, not an answer
        shown.append(replace(told, plans=told.plans + edited))
        made.update(shown[-1].plans)
    return tuple(shown)


def turn_asked(answer: Answer, turns: Sequence[Turn], evidence: Sequence[Evidence]) -> TurnShown:
    """Return the turn whose plan waits for a person.

    Args:
        answer: Its answer so far.
        turns: The turns before it.
        evidence: Tool calls of the whole conversation.
    """
    before = (0, *_ends(turns))[-1]
    return replace(_answered(answer, _between(evidence, before, None)), state="asked")


def turn_begun(question: str, *, error: str = "") -> TurnShown:
    """Return a turn of which nothing is there but its question.

    Args:
        question: The question.
        error: Why nothing more comes; "": it does.
    """
    title, is_command = question_shown(question)
    return TurnShown(title, question, is_command, state="failed" if error else "running", error=error)


def with_event(turn: TurnShown, event: Any) -> TurnShown:
    """Return a turn that comes, with its next event.

    Args:
        turn: The turn so far.
        event: Of `aurora.graphs.chat.streaming`; others change nothing.
    """
    match event:
        case LookupEvent():
            steps = {s.id: s for s in turn.steps} | {event.id: step_of_event(event)}
            return replace(turn, steps=tuple(steps.values()))
        case SentenceEvent():
            return replace(turn, sentences=(*turn.sentences, *_told([event.sentence])))
        case DoneEvent():
            return replace(_answered(event.answer, ()), steps=turn.steps, plans=turn.plans)
        case ApprovalEvent():
            return replace(turn, state="asked")
        case ErrorEvent():
            return replace(turn, state="failed", error=event.message)
    return turn


def question_shown(question: str) -> tuple[str, bool]:
    """Return how a question is shown, and whether it is a word to the conversation itself.

    >>> question_shown("/apply 41f9ce38"), question_shown("why?")
    (('Apply plan 41f9ce38', True), ('why?', False))
    """
    for form, title in _COMMANDS:
        match = form.fullmatch(question.strip())
        if match is not None:
            return title.format(*match.groups()), True
    return question, False


def _ends(turns: Sequence[Turn]) -> list[int]:
    """Return the number of the last result of each turn; of turns that don't record it, the last that it cites."""
    ends: list[int] = []
    for turn in turns:
        before = ends[-1] if ends else 0
        ends.append(max(before, _cited(turn.answer)) if turn.evidence_until is None else turn.evidence_until)
    return ends


def _answered(answer: Answer, evidence: Sequence[Evidence]) -> TurnShown:
    title, is_command = question_shown(answer.question)
    return TurnShown(
        question=title,
        asked=answer.question,
        is_command=is_command,
        by=answered_by(answer.by),
        reading=answer.reading,
        sentences=_told(answer.sentences),
        tables=answer.tables,
        asks_back=answer.asks_back,
        as_of=answer.as_of,
        steps=tuple(step_of_evidence(e) for e in evidence),
        plans=_plans(evidence),
    )


def _told(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences without the one that says who answers, which the page says elsewhere."""
    return tuple(s for s in sentences if s.text != INTRODUCTION)


def _plans(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    made = (plan_of(e) for e in evidence if e.tool in PLANNERS and e.outcome == "ok")
    return tuple(dict.fromkeys(p for p in made if p))


def _applied(evidence: Sequence[Evidence], after: int, until: int) -> tuple[str, ...]:
    calls = (e for e in _between(evidence, after, until) if e.tool == TOOL_OF_ACTION["apply"] and e.outcome == "ok")
    named = (e.arguments.get("plan_id") for e in calls if isinstance(e.arguments, dict))
    return tuple(dict.fromkeys(p for p in named if isinstance(p, str)))


def _between(evidence: Sequence[Evidence], after: int, until: int | None) -> tuple[Evidence, ...]:
    return tuple(e for e in evidence if e.number > after and (until is None or e.number <= until))


def _cited(answer: Answer) -> int:
    groups = [s.cites for s in answer.sentences] + [t.cites for t in answer.tables]
    cites = [c for group in groups for c in group]
    return max((int(c[1:]) for c in cites if re.fullmatch(r"E\d{1,6}", c)), default=0)


def evidence_by_id(evidence: Sequence[Evidence]) -> Mapping[str, Evidence]:
    """Return tool calls by their ids, such as E3."""
    return {f"E{e.number}": e for e in evidence}
