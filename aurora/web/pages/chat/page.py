"""Builds the page of a conversation and keeps it in step: what is kept, then what comes, from this tab or another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from nicegui import background_tasks, ui

from aurora.agents.operator.answer import Mode, Sentence
from aurora.agents.operator.answering.talk import first_questions
from aurora.errors import AuroraError
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.sessions import SessionRow
from aurora.graphs.chat.streaming import ErrorEvent
from aurora.tools.plan_edits import EditPlanArguments, Replicas, TaskNode, edit_plan
from aurora.web.context import WebContext
from aurora.web.design.components import button, element, error_state, link, text
from aurora.web.design.frame import frame
from aurora.web.pages.chat.approval import ApprovalCard, Edited
from aurora.web.pages.chat.composer import Composer
from aurora.web.pages.chat.evidence import EvidencePanel
from aurora.web.pages.chat.sessions import SessionList
from aurora.web.pages.chat.turn import Actions, TurnView
from aurora.web.refusals import AbsentError
from aurora.web.security.visitors import visitor_of
from aurora.web.turns import StartedEvent
from aurora.web.turns.log import TurnLog
from aurora.web.views.chat.conversation import (
    COMMANDS,
    ConversationShown,
    PlanMade,
    about,
    conversation_shown,
    is_unknown_command,
)
from aurora.web.views.chat.evidence import evidence_shown
from aurora.web.views.chat.modes import answerer
from aurora.web.views.chat.turns import turn_begun, with_event

LEAD = "Ask in plain words. Each answer names what it rests on, and nothing changes without your approval."
EVERY = 1.0
"""Seconds between looks for turns of other tabs and programs."""
RECENT = 30
"""Turns that are shown at first."""
HEAD = '<link rel="stylesheet" href="/assets/chat.css"><script defer src="/assets/chat.js"></script>'


async def show(context: WebContext, session_id: str, ask: str) -> None:
    """Build the page.

    Args:
        context: What the server shares.
        session_id: The conversation; "": a new one, which begins with its first question.
        ask: Question that is written and not sent.
    """
    ui.add_head_html(HEAD)
    with frame("Chat", active="chat", lead=LEAD):
        owner = visitor_of(ui.context.client.request)
        page = Page(context, session_id, owner)
        try:
            talk = await asyncio.to_thread(opened, context, session_id, owner) if session_id else None
        except AuroraError as error:
            ui.context.client.status_code = 404
            error_state("This conversation can't be opened", str(error))
            link("Begin a new conversation", "/chat", is_button=True)
            return
        page.build(talk, ask)
        await page.begin()


def opened(context: WebContext, session_id: str, owner: str) -> Conversation:
    """Return a conversation of a visitor, or on this machine one that no server made, such as of `aurora chat`.

    Args:
        context: What the server shares.
        session_id: The conversation.
        owner: The visitor.

    Raises:
        AuroraError: There is none, it belongs to someone else, or it can't be opened.
    """
    try:
        context.turns.row(session_id, owner=owner)
    except AbsentError:
        if not context.settings.is_local:
            raise
        context.turns.row(session_id, owner="")
    return context.turns.conversation(session_id)


class Page:
    """One tab that shows a conversation.

    Args:
        context: What the server shares.
        session_id: The conversation; "": a new one.
        owner: Whose new conversations are.
    """

    def __init__(self, context: WebContext, session_id: str, owner: str) -> None:
        self._context = context
        self._owner = owner
        self._turns = context.turns
        self.session_id = session_id
        self._talk: Conversation | None = None
        self._shown = ConversationShown()
        self._mode: Mode = context.settings.mode
        self._views: list[TurnView] = []
        self._first = 0  # number of the first turn that is shown
        self._live: TurnView | None = None
        self._card: ApprovalCard | None = None
        self._card_id = ""  # hash of the plan of the last card
        self._log: TurnLog | None = None
        self._number = 0  # of the last event that was taken
        self._is_running = False
        self._is_due = False
        self._is_new = True  # nothing was taken yet: what is kept was shown a moment ago
        self._is_sending = False
        self._loop = asyncio.get_running_loop()
        self._actions = Actions(ask=self.ask, open=self.open, plan=self._plan)

    # Building

    def build(self, talk: Conversation | None, ask: str) -> None:
        """Make the page's elements; `begin` fills them.

        Args:
            talk: The conversation; None: a new one.
            ask: Question that is written and not sent.
        """
        self._talk = talk
        with element("div", "chat") as self.root:
            self._list = SessionList(self._context, self._owner, lambda: self.session_id, self._tell, self._leave)
            with element("div", "conversation"):
                self._show_about()
                self._earlier = element("div")
                self._log_box = element("div", "log")
                self._log_box.props('role=log aria-live=polite aria-relevant=additions aria-label="Conversation"')
                self._log_box.props["data-log"] = True
                self._approval_box = element("div", "stack").props("aria-live=polite")
                self._welcome = element("div", "stack welcome")
                self._composer = Composer(self.ask, self.stop, self._switch, ask)
            self._evidence = EvidencePanel()
        self._keys = ui.keyboard(self._key, active=False, repeating=False, ignore=[])
        ui.timer(EVERY, self._watch)
        ui.context.client.on_delete(self._forget)

    async def begin(self) -> None:
        """Show what is kept, and what comes."""
        if self._talk is not None:
            await self._settle()
            self._attach(self._turns.log(self.session_id))
        await self._list.refresh()
        self._show_state()

    def _show_about(self) -> None:
        desk = self._context.desk if self._talk is None else self._talk.surroundings.desk
        model = self._context.settings.model if self._talk is None else self._talk.surroundings.operator.name
        who = answerer(model)
        with element("div", "about small"):
            text("span", about(desk.cluster), "muted break")
            with element("details"):
                text("summary", who.title)
                text("p", who.meaning, "muted break")
            button("Read the cluster anew", lambda: self.ask("/refresh"), kind="quiet", icon="refresh")

    def _show_welcome(self) -> None:
        self._welcome.clear()
        if self._views or self._live is not None or self._shown.unfinished:
            return
        desk = self._context.desk if self._talk is None else self._talk.surroundings.desk
        with self._welcome:
            text("h2", "What do you want to know?")
            text("p", "Press one of these, or write your own question below.", "muted")
            with element("div", "asks"):
                for question in first_questions(desk):
                    button(question, lambda q=question: self.ask(q)).classes("ask break")

    # What a person does

    async def ask(self, question: str, *, mode: Mode | None = None) -> None:
        """Ask a question, or say a word to the conversation such as `/apply PLAN`.

        Args:
            question: What is asked.
            mode: What the conversation may do from now on; None: as it is.
        """
        if not question.strip() or self._is_sending:
            return
        if self._is_running:
            self._tell("An answer comes. Wait for its end, or stop it with Escape.")
            return
        if is_unknown_command(question):
            self._tell(f"There is no such command here. There are {', '.join(COMMANDS)}; else ask in plain words.")
            return
        self._is_sending = True
        is_new = not self.session_id
        try:
            if is_new:
                row = await asyncio.to_thread(self._new)
                self.session_id = row.session_id
                self._talk = await asyncio.to_thread(self._turns.conversation, row.session_id)
                ui.run_javascript(f"history.replaceState(null, '', '/chat/{row.session_id}')")
                mode = mode or self._mode
            await asyncio.to_thread(self._start, question.strip(), mode)
        except AuroraError as error:
            self._tell(str(error))
            return
        finally:
            self._is_sending = False
        self._tell("")
        self._composer.clear()
        self._attach(self._turns.log(self.session_id))
        if is_new:
            await self._list.refresh()

    def _new(self) -> SessionRow:
        return self._turns.new(owner=self._owner)

    def _start(self, question: str, mode: Mode | None) -> None:
        self._turns.start(self.session_id, question, mode=mode)

    async def stop(self) -> None:
        """Stop the answer that comes."""
        if self._is_running:
            await self._do(self._turns.stop, self.session_id)

    async def open(self, evidence_id: str, sentence: Sentence | None, opener: str) -> None:
        """Open a result.

        Args:
            evidence_id: Its id, such as E3.
            sentence: The sentence whose citation was pressed; None: the call itself was.
            opener: Id of the element that was pressed.
        """
        found = (self._shown.evidence or {}).get(evidence_id)
        if found is None and self._talk is not None:  # it came after the last look
            self._shown = await asyncio.to_thread(conversation_shown, self._talk)
            found = (self._shown.evidence or {}).get(evidence_id)
        if found is None:
            self._tell(f"The result {evidence_id} is not there yet. Open it when the answer has ended.")
            return
        shown = await asyncio.to_thread(evidence_shown, found, sentence)
        self._evidence.show(shown, opener)

    async def decide(self, decision: dict[str, Any]) -> None:
        """Answer the question about a plan."""
        await self._do(self._turns.decide, self.session_id, decision)
        self._attach(self._turns.log(self.session_id))

    async def edit(self, edited: Edited) -> None:
        """Make another plan of the one that waits, about which a person is asked then."""
        card, talk = self._card, self._talk
        if card is None or talk is None:
            return
        arguments = EditPlanArguments(
            plan_id=card.shown.plan_id,
            leave_out=edited.leave_out,
            moves=tuple(TaskNode(task_id=t, node_id=n) for t, n in edited.nodes.items()),
            replicas=tuple(Replicas(workload_id=w, replicas=r) for w, r in edited.replicas.items()),
        )
        try:
            made = await asyncio.to_thread(edit_plan, talk.surroundings.desk, arguments)
        except AuroraError as error:
            self._tell(str(error))
            return
        action = {"name": "apply_plan", "args": {"plan_id": made.plan_id}}
        await self.decide({"type": "edit", "sha256": card.shown.sha256, "edited_action": action})

    async def _switch(self, mode: Mode) -> None:
        if mode == self._mode:
            return
        if self.session_id:
            await self.ask(f"/mode {mode}")
        else:
            self._mode = mode
            self._show_state()

    async def _go_on(self) -> None:
        await self._do(self._turns.go_on, self.session_id)
        self._attach(self._turns.log(self.session_id))

    async def _do(self, work: Any, *arguments: Any) -> None:
        try:
            await asyncio.to_thread(work, *arguments)
        except AuroraError as error:
            self._tell(str(error))
        else:
            self._tell("")

    async def _key(self, event: Any) -> None:
        if event.action.keydown and event.key.escape:
            await self.stop()

    # What comes

    def _attach(self, log: TurnLog | None) -> None:
        """Take the events of a turn from now on."""
        if log is None or log is self._log:
            self._wake()
            return
        self._forget()
        self._log, self._number = log, 0
        log.listen(self._wake)
        self._wake()

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
            background_tasks.create(self._take(), name=f"chat {self.session_id}")

    async def _take(self) -> None:
        self._is_due = False
        log = self._log
        if log is None or self.root.is_deleted:
            return
        events, is_open = log.after(self._number)
        is_first, self._is_new = self._is_new, False
        is_kept = is_first and not is_open and not (events and isinstance(events[-1][1], ErrorEvent))
        with self.root:
            was_running, self._is_running = self._is_running, is_open
            if is_first and not is_kept and self._live is not None:  # its events tell it anew
                self._live.remove()
                self._live = None
            for _, event in () if is_kept else events:
                self._take_event(event)
            if events:
                self._number = events[-1][0]
            if not is_open and (was_running or events):
                await self._settle()
                await self._list.refresh()
            self._show_state()

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
            else:
                self._live.remove()
            self._live = None
        if self._live is None:
            with self._log_box:
                self._live = TurnView(self._actions, begun)
        else:
            self._live.update(begun)
        self._welcome.clear()

    async def _settle(self) -> None:
        """Show what is kept."""
        talk = self._talk
        if talk is None:
            return
        self._shown = shown = await asyncio.to_thread(conversation_shown, talk)
        self._mode = await asyncio.to_thread(self._turns.mode, self.session_id)
        if self.root.is_deleted:
            return
        with self.root:
            self._show_told(shown)
            self._show_waiting(shown)
            self._show_state()

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
                with self._log_box:
                    self._views.append(TurnView(self._actions, turn))
        if self._live is not None and self._live.shown.state == "told":  # it is among the told ones
            self._live.remove()
            self._live = None

    def _show_waiting(self, shown: ConversationShown) -> None:
        self._remove_card()
        if shown.waiting is not None and shown.approval is not None and not self._is_running:
            if self._live is None:
                with self._log_box:
                    self._live = TurnView(self._actions, shown.waiting)
            else:
                self._live.update(shown.waiting)
            desk = self._talk.surroundings.desk if self._talk is not None else self._context.desk
            is_new = self._card_id != shown.approval.sha256
            self._card_id = shown.approval.sha256
            with self._approval_box:
                self._card = ApprovalCard(shown.approval, self.decide, self.edit, list(desk.cluster.nodes_by_id))
            if is_new and not self._is_new:
                ui.run_javascript(f"auroraChat.focus('{self._card.heading.html_id}', true)")
        elif shown.unfinished and not self._is_running and self._live is None:
            with self._approval_box, element("div", "state") as state:
                text("h2", "The last turn was interrupted")
                text("p", f"{shown.unfinished}", "break")
                button("Go on with it", self._go_on)
            self._approval_box.props["data-unfinished"] = state.html_id

    def _remove_card(self) -> None:
        self._card = None
        self._approval_box.clear()

    def _show_earlier(self) -> None:
        self._earlier.clear()
        if self._first:
            with self._earlier:
                button(f"Show the {self._first:,} turns before", self._show_all, kind="quiet")

    async def _show_all(self) -> None:
        self._first = 0
        self._earlier.clear()
        for view in self._views:
            view.remove()
        self._views = []
        await self._settle()

    def _show_state(self) -> None:
        self._keys.active = self._is_running
        is_asked = self._card is not None
        self._composer.show(self._mode, is_running=self._is_running, is_asked=is_asked)
        self._show_welcome()

    async def _watch(self) -> None:
        """Look for turns that another tab or program began, and for a conversation that was deleted."""
        if not self.session_id:
            return
        try:
            log = await asyncio.to_thread(self._turns.log, self.session_id)
        except AuroraError as error:
            self._tell(str(error))
            return
        if log is not self._log:
            self._attach(log)

    def _plan(self, plan_id: str) -> PlanMade | None:
        return (self._shown.plans or {}).get(plan_id)

    def _tell(self, problem: str) -> None:
        self._composer.tell(problem)

    def _leave(self) -> None:
        with self.root:
            ui.navigate.to("/chat")
