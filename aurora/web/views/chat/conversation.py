"""Everything that the chat page shows of a conversation that is kept, read at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aurora.agents.operator.answer import Answer
from aurora.cluster.plans import folder
from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.surroundings import now
from aurora.tools.harness import Evidence
from aurora.web.views.chat.approval import ApprovalShown, approval_shown
from aurora.web.views.chat.turns import TurnShown, evidence_by_id, turn_asked, turns_shown

COMMANDS = ("/mode", "/apply", "/plan edit", "/rollback", "/refresh")
"""Words to the conversation itself that may be typed as a question."""


@dataclass(frozen=True)
class PlanMade:
    """A plan that an answer made.

    Attributes:
        plan_id: Its id.
        status: How far it is, in words.
        may_apply: True: a person may be asked to approve it.
        may_undo: True: something of it was applied.
    """

    plan_id: str
    status: str
    may_apply: bool
    may_undo: bool


@dataclass(frozen=True)
class ConversationShown:
    """A conversation that is kept.

    Attributes:
        turns: Turns that were told, oldest first.
        waiting: The turn whose plan waits for a person; None: none does.
        approval: The plan that waits; None: none does.
        unfinished: Question of a turn that its process did not live to end; "": there is none.
        evidence: Tool calls by id, such as E3.
        plans: Plans that its answers made, by id.
    """

    turns: tuple[TurnShown, ...] = ()
    waiting: TurnShown | None = None
    approval: ApprovalShown | None = None
    unfinished: str = ""
    evidence: Mapping[str, Evidence] | None = None
    plans: Mapping[str, PlanMade] | None = None


def conversation_shown(talk: Conversation, *, at: datetime | None = None) -> ConversationShown:
    """Return a conversation as it is kept; a turn at work is not in it.

    Args:
        talk: The conversation.
        at: Time now; None: the clock's.
    """
    turns, evidence = talk.turns, talk.evidence
    told = turns_shown(turns, evidence)
    request = talk.request
    waiting = approval = None
    if request is not None:
        waiting = turn_asked(Answer.model_validate(talk.state["answer"]), turns, evidence)
        approval = approval_shown(request, talk.surroundings.desk, at=at)
    named = {p for t in (*told, *([waiting] if waiting else [])) for p in t.plans}
    return ConversationShown(
        turns=told,
        waiting=waiting,
        approval=approval,
        unfinished=talk.unfinished if request is None else "",
        evidence=evidence_by_id(evidence),
        plans=_plans(talk, named, at or now()) if named else {},
    )


def _plans(talk: Conversation, named: set[str], at: datetime) -> dict[str, PlanMade]:
    try:
        listed = folder.list_plans(talk.surroundings.desk.plans, at)
    except AuroraError:  # the plans page says what is wrong with the folder
        return {}
    return {p.plan.plan_id: _plan(p) for p in listed if p.plan.plan_id in named}


def _plan(listed: folder.ListedPlan) -> PlanMade:
    status = f"replaced by {listed.replaced_by}" if listed.status == "replaced" else str(listed.status)
    return PlanMade(
        listed.plan.plan_id,
        status,
        may_apply=listed.status in ("new", "approved", "stopped", "in progress"),
        may_undo=listed.status in ("applied", "stopped", "in progress"),
    )


def is_unknown_command(text: str) -> bool:
    """Return whether a text begins with a slash, and is no word to the conversation.

    >>> is_unknown_command("/mode apply"), is_unknown_command("/why"), is_unknown_command("why?")
    (False, True, False)
    """
    word = text.strip().split(maxsplit=1)[0] if text.strip() else ""
    return word.startswith("/") and word not in COMMANDS


def about(snapshot: Snapshot) -> str:
    """Return what a conversation is about, in words."""
    return (
        f"About {snapshot.snapshot_id}: {len(snapshot.nodes):,} nodes and {len(snapshot.tasks):,} tasks, "
        f"read {snapshot.taken_at:%Y-%m-%d %H:%M} UTC."
    )
