"""The turns of a conversation on the page: those that are kept, the one that comes, and the plan that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from nicegui import background_tasks, ui

from aurora.agents.operator.answer import Mode
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.streaming import ErrorEvent
from aurora.web.design.components import button, element, text
from aurora.web.pages.chat.approval import ApprovalCard, Decide, Edit
from aurora.web.pages.chat.turn import Actions, TurnView
from aurora.web.turns import StartedEvent, Turns
from aurora.web.turns.log import TurnLog
from aurora.web.views.chat.conversation import ConversationShown, conversation_shown
from aurora.web.views.chat.turns import turn_begun, with_event

RECENT = 30
"""Turns that are shown at first."""


@dataclass(frozen=True)
class Deeds:
    """What turns and cards call.

    Attributes:
        actions: What a turn calls.
        decide: Answers the question about a plan.
        edit: Makes another plan of the one that waits.
        go_on: Goes on with a turn that was interrupted.
        changed: Called after something has come.
        ended: Called after a turn has ended, or waits.
    """

    actions: Actions
    decide: Decide
    edit: Edit
    go_on: Callable[[], Awaitable[None]]
    changed: Callable[[], None]
    ended: Callable[[], Awaitable[None]]


class Course:
    """The turns on the page. It is made in the slot that is entered.

    Events are taken one batch at a time, so that what is kept and what comes are never mixed.

    Args:
        turns: Live conversations of the server.
        mode: Mode of a new conversation.
        deeds: What turns and cards call.

    Attributes:
        shown: What is kept, as of the last look.
        mode: What the conversation may do.
        is_running: Whether a turn is at work.
        card: The plan that waits for a decision; None: none does.
    """

    def __init__(self, turns: Turns, mode: Mode, deeds: Deeds) -> None:
        self.shown = ConversationShown()
        self.mode = mode
        self.is_running = False
        self.card: ApprovalCard | None = None
        self._turns = turns
        self._deeds = deeds
        self._talk: Conversation | None = None
        self._views: list[TurnView] = []
        self._first = 0  # number of the first turn that is shown
        self._live: TurnView | None = None
        self._plan_seen = ""  # hash of the plan of the last card
        self._log: TurnLog | None = None
        self._number = 0  # of the last event that was taken
        self._is_due = False
        self._is_new = True  # nothing was taken yet: what is kept was shown a moment ago
        self._taking = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        with element("div", "stack") as self.root:
            self._earlier = element("div")
            self._turns_box = element("div", "log")
            self._turns_box.props('role=log aria-live=polite aria-relevant=additions aria-label="Conversation"')
            self._turns_box.props["data-log"] = True
            self._waiting_box = element("div", "stack").props("aria-live=polite")
        ui.context.client.on_delete(self._forget)

    @property
    def is_empty(self) -> bool:
        """Whether there is no turn yet."""
        return not self._views and self._live is None and not self.shown.unfinished

    async def open(self, talk: Conversation) -> None:
        """Show what is kept of a conversation."""
        self._talk = talk
        async with self._taking:
            await self._settle()

    def attach(self, log: TurnLog | None) -> None:
        """Take the events of a turn from now on; None: there are none."""
        if log is not None and log is not self._log:
            self._forget()
            self._log, self._number = log, 0
            log.listen(self._wake)
        self._wake()

    def is_attached(self, log: TurnLog | None) -> bool:
        """Return whether the events of a turn are taken."""
        return log is self._log

    def _forget(self) -> None:
        if self._log is not None:
            self._log.leave(self._wake)

    def _wake(self) -> None:
        """Have new events taken; any thread may call it."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        if not self._is_due and not self.root.is_deleted:
            self._is_due = True
            background_tasks.create(self._take(), name="turns of a chat page")

    async def _take(self) -> None:
        async with self._taking:
            self._is_due = False
            log = self._log
            if log is None or self.root.is_deleted:
                return
            events, is_open = log.after(self._number)
            is_first, self._is_new = self._is_new, False
            is_kept = is_first and not is_open and not (events and isinstance(events[-1][1], ErrorEvent))
            with self.root:
                was_running, self.is_running = self.is_running, is_open
                if is_first and not is_kept and self._live is not None:  # its events tell it anew
                    self._live.remove()
                    self._live = None
                for _, event in () if is_kept else events:
                    self._take_event(event)
                self._number = events[-1][0] if events else self._number
                if not is_open and (was_running or events):
                    await self._settle()
                    await self._deeds.ended()
                self._deeds.changed()

    def _take_event(self, event: Any) -> None:
        if not isinstance(event, StartedEvent):
            if self._live is not None:
                self._live.update(with_event(self._live.shown, event))
            return
        self._remove_card()
        begun = turn_begun(event.question)
        if event.cause == "decision" and self._live is not None:
            self._live.update(replace(self._live.shown, state="running"))
            return
        if event.cause == "question" and self._live is not None:
            if self._live.shown.state == "asked":  # its plan was put aside
                self._views.append(self._live)
            self._live = None  # one that failed stays where it is
        if self._live is None:
            with self._turns_box:
                self._live = TurnView(self._deeds.actions, begun)
        else:
            self._live.update(begun)

    async def _settle(self) -> None:
        """Show what is kept."""
        talk = self._talk
        if talk is None:
            return
        self.shown = shown = await asyncio.to_thread(conversation_shown, talk)
        self.mode = await asyncio.to_thread(self._turns.mode, talk.session_id)
        if self.root.is_deleted:
            return
        with self.root:
            self._show_told(shown)
            self._show_waiting(shown, talk)

    def _show_told(self, shown: ConversationShown) -> None:
        told = shown.turns
        if not self._views and self._live is None:
            self._first = max(0, len(told) - RECENT)
            self._show_earlier()
        for k, turn in enumerate(told[self._first :]):
            if k < len(self._views):
                self._views[k].update(turn)
            elif self._live is not None:
                self._live.update(turn)
                self._views.append(self._live)
                self._live = None
            else:
                with self._turns_box:
                    self._views.append(TurnView(self._deeds.actions, turn))
        if self._live is not None and self._live.shown.state == "told":  # it is among the told ones
            self._live.remove()
            self._live = None

    def _show_waiting(self, shown: ConversationShown, talk: Conversation) -> None:
        self._remove_card()
        if self.is_running:
            return
        if shown.waiting is not None and shown.approval is not None:
            if self._live is None:
                with self._turns_box:
                    self._live = TurnView(self._deeds.actions, shown.waiting)
            else:
                self._live.update(shown.waiting)
            is_new, self._plan_seen = self._plan_seen != shown.approval.sha256, shown.approval.sha256
            snapshot = talk.surroundings.desk.cluster
            with self._waiting_box:
                self.card = ApprovalCard(shown.approval, self._deeds.decide, self._deeds.edit, snapshot)
            if is_new and not self._is_new:
                ui.run_javascript(f"auroraChat.focus('{self.card.heading.html_id}', true)")
        elif shown.unfinished and self._live is None:
            with self._waiting_box, element("div", "state"):
                text("h2", "The last turn was interrupted")
                text("p", shown.unfinished, "break")
                button("Go on with it", self._deeds.go_on)

    def _remove_card(self) -> None:
        self.card = None
        self._waiting_box.clear()

    def _show_earlier(self) -> None:
        self._earlier.clear()
        if self._first:
            with self._earlier:
                button(f"Show the {self._first:,} turns before", self._show_all, kind="quiet")

    async def _show_all(self) -> None:
        async with self._taking:
            self._first = 0
            self._earlier.clear()
            told = self.shown.turns
            for view in self._views:
                view.remove()
            self._views = []
            with self._turns_box:
                self._views = [TurnView(self._deeds.actions, turn) for turn in told]
            if self._live is not None:
                self._live.root.move(self._turns_box)
