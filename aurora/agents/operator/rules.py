"""The operator that needs no model: fixed rules for what a question means, tools, and sentences from their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aurora.agents.operator.answer import Answer, Audience, Mode, Sentence, Turn
from aurora.agents.operator.answering import ahead, changes, cluster, placement, plans, policies, sizes, talk
from aurora.agents.operator.answering.reading import read_as
from aurora.agents.operator.answering.reply import Reply, UnansweredError
from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding.meaning import Meaning, understand
from aurora.agents.operator.understanding.names import Names
from aurora.agents.operator.understanding.words import is_greeting
from aurora.errors import AuroraError
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

NAME = "rules"

_ANSWERS: Mapping[Kind, Callable[[Reply, Mapping[str, Any]], None]] = {
    "why_here": placement.why_here,
    "why_waiting": placement.why_waiting,
    "why_not": placement.why_not,
    "what_if_load": changes.what_if_load,
    "what_if_node_fails": changes.what_if_node_fails,
    "what_if_zone_fails": changes.what_if_zone_fails,
    "what_if_price": changes.what_if_price,
    "what_if_add_nodes": changes.what_if_add_nodes,
    "what_if_remove_node": changes.what_if_remove_node,
    "overview": cluster.overview,
    "show_node": cluster.show_node,
    "show_task": cluster.show_task,
    "show_workload": cluster.show_workload,
    "find_nodes": cluster.find_nodes,
    "help": talk.help_,
    "forecast": ahead.forecast,
    "reserve": ahead.reserve,
    "oversized": sizes.oversized,
    "recommend": sizes.recommend,
    "best_policy": policies.best_policy,
    "compare_policies": policies.compare_policies,
    "make_plan": plans.make_plan,
    "drain": plans.drain,
    "check_plan": plans.check_plan,
    "apply_plan": plans.apply_plan,
    "rollback_plan": plans.rollback_plan,
}

_ORDINALS = ("First", "Second", "Third")
"""Begin the headings of questions that are asked at once."""


class RulesOperator:
    """Answers by fixed rules; see `aurora.agents.operator.questions` for what it understands."""

    name = NAME

    def __init__(self) -> None:
        self._names: tuple[Desk, Names] | None = None

    def answer(
        self,
        question: str,
        harness: Harness,
        history: tuple[Turn, ...],
        mode: Mode,
        audience: Audience | None = None,
    ) -> Answer:
        """Answer a question; see `Operator`. An answer of rules comes at once, so that nobody reads it before."""
        del audience
        first = () if any(t.answer.by == NAME for t in history) else (Sentence(text=talk.INTRODUCTION),)
        if talk.cluster_of(harness.desk) is None:
            text = "No cluster is open; start with --snapshot FILE, or with --snapshot sample:web-shop."
            return Answer(question=question, by=NAME, sentences=(*first, Sentence(text=text)))
        meaning = understand(question, self.names(harness.desk), history)
        if meaning.kind is None and not meaning.several:
            return self._asked_back(question, meaning, harness, first)
        reply = Reply(harness, mode)
        for ordinal, part in zip(_ORDINALS, meaning.questions, strict=False):
            if reply.approval is not None:
                reply.asks_back.append(part.text)  # a person decides first
                continue
            if meaning.several:
                reply.say(f"{ordinal}: {part.text.rstrip(' .?!')}?")
            _answer(reply, part)
        if meaning.left:
            reply.say(f"I answer {len(meaning.several)} questions at a time; please ask the rest again.")
        return Answer(
            question=question,
            by=NAME,
            sentences=(*first, *reply.sentences),
            tables=tuple(reply.tables),
            asks_back=tuple(reply.asks_back),
            read_as=_reading(meaning),
            approval=reply.approval,
        )

    def names(self, desk: Desk) -> Names:
        """Return the names of a desk; those of its plans anew each time."""
        plans = plan_ids(desk)
        if self._names is None or self._names[0] is not desk:
            self._names = desk, Names(desk, plans, talk.POLICY_IDS)
        self._names[1].plan_ids = plans
        return self._names[1]

    @staticmethod
    def _asked_back(question: str, meaning: Meaning, harness: Harness, first: tuple[Sentence, ...]) -> Answer:
        cluster = talk.cluster_of(harness.desk)
        newest = {"plan": plan} if (plan := next(iter(plan_ids(harness.desk)), "")) else {}
        back = talk.asked_back(meaning.nearest, cluster, {**newest, **meaning.named})
        reason = meaning.reason.replace('"', "'")  # it quotes the question, and no evidence
        text = f"I am not sure what you mean: {reason}." if reason else "I am not sure what you mean."
        if is_greeting(question):
            text = talk.GREETING
        return Answer(question=question, by=NAME, sentences=(*first, Sentence(text=text)), asks_back=back)


def plan_ids(desk: Desk) -> tuple[str, ...]:
    """Return the ids of a desk's plans, the newest first; none where it has no folder, or it can't be read."""
    try:
        folder = desk.plans
        files = sorted(folder.glob("????????????.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    except (AuroraError, OSError):
        return ()
    return tuple(p.stem for p in files)


def _reading(meaning: Meaning) -> str:
    """Return how a question was read, where that is not its only reading; of several questions, each."""
    if not any(part.is_inferred for part in meaning.questions):
        return ""
    return " ".join(read_as(part.kind, part.slots) for part in meaning.questions if part.kind)


def _answer(reply: Reply, meaning: Meaning) -> None:
    assert meaning.kind is not None  # it was understood
    try:
        if cluster.have_ended(reply, meaning.slots) and meaning.kind != "show_task":
            cluster.say_ended(reply, meaning.slots)
            return
        _ANSWERS[meaning.kind](reply, meaning.slots)
    except UnansweredError as error:
        reply.sentences.append(_unknown(error))


def _unknown(error: UnansweredError) -> Sentence:
    return Sentence(text=f"I don't know, because {error.reason.rstrip('.')}.", cites=(error.cite,))
