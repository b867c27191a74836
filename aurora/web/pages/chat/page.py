"""Builds the page of a conversation, and does what a person asks of it."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui

from aurora.agents.operator.answer import Mode, Sentence
from aurora.agents.operator.answering.talk import first_questions
from aurora.cluster.plans.edit_language import parse_edit
from aurora.errors import AuroraError, InputError
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.sessions import SessionRow
from aurora.tools.plan_edits import edited_as_asked
from aurora.web.context import WebContext
from aurora.web.design.components import button, element, error_state, link, text
from aurora.web.design.frame import frame
from aurora.web.pages.chat.approval import Edited
from aurora.web.pages.chat.composer import Composer
from aurora.web.pages.chat.course import Course, Deeds
from aurora.web.pages.chat.evidence import EvidencePanel
from aurora.web.pages.chat.sessions import SessionList
from aurora.web.pages.chat.turn import Actions
from aurora.web.refusals import AbsentError
from aurora.web.security.visitors import visitor_of
from aurora.web.turns import Turns
from aurora.web.views.chat.conversation import (
    COMMANDS,
    PlanMade,
    about,
    conversation_shown,
    is_unknown_command,
)
from aurora.web.views.chat.evidence import evidence_shown
from aurora.web.views.chat.modes import answerer

LEAD = "Ask in plain words. Each answer names what it rests on, and nothing changes without your approval."
EVERY = 1.0
"""Seconds between looks for turns of other tabs and programs."""
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
        self._turns: Turns = context.turns
        self.session_id = session_id
        self._talk: Conversation | None = None
        self._about = ""
        self._is_sending = False

    # Building

    def build(self, talk: Conversation | None, ask: str) -> None:
        """Make the page's elements; `begin` fills them.

        Args:
            talk: The conversation; None: a new one.
            ask: Question that is written and not sent.
        """
        self._talk = talk
        actions = Actions(ask=self.ask, open=self.open, plan=self._plan)
        deeds = Deeds(actions, self.decide, self.edit, self._go_on, self._show_state, self._ended)
        with element("div", "chat") as self.root:
            self._list = SessionList(self._context, self._owner, lambda: self.session_id, self._tell, self._leave)
            with element("div", "conversation"):
                self._about_box = element("div")
                self._course = Course(self._turns, self._context.settings.first_mode, deeds)
                self._welcome = element("div", "stack welcome")
                self._composer = Composer(self.ask, self.stop, self._switch, ask, self._context.settings.mode)
            self._evidence = EvidencePanel()
        self._keys = ui.keyboard(self._key, active=False, repeating=False, ignore=[])
        self._timer = ui.timer(EVERY, self._watch)

    async def begin(self) -> None:
        """Show what is kept, and what comes."""
        if self._talk is not None:
            await self._course.open(self._talk)
            self._attach()
        await self._list.refresh()
        self._show_state()

    async def _ended(self) -> None:
        await self._list.refresh()

    def _attach(self) -> None:
        self._course.attach(self._turns.log(self.session_id))

    def _show_about(self) -> None:
        desk = self._context.desk if self._talk is None else self._talk.surroundings.desk
        model = self._context.settings.model if self._talk is None else self._talk.surroundings.operator.name
        words, who = about(desk.cluster), answerer(model)
        if words == self._about:
            return
        self._about = words
        self._about_box.clear()
        with self._about_box, element("div", "about small"):
            text("span", words, "muted break")
            with element("details"):
                text("summary", who.title)
                text("p", who.meaning, "muted break")
            button("Read the cluster anew", lambda: self.ask("/refresh"), kind="quiet", icon="refresh")

    def _show_welcome(self) -> None:
        if not self._course.is_empty:
            self._welcome.clear()
            return
        if self._welcome.default_slot.children:
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
        if self._course.is_running:
            self._tell("An answer comes. Wait for its end, or stop it with Escape.")
            return
        if question.strip().startswith("/plan edit"):
            await self._edit_in_words(question.strip().removeprefix("/plan edit"))
            return
        if is_unknown_command(question):
            self._tell(f"There is no such command here. There are {', '.join(COMMANDS)}; else ask in plain words.")
            return
        self._is_sending = True
        is_new, wanted = not self.session_id, self._course.mode
        try:
            if is_new:
                row = await asyncio.to_thread(self._new)
                self.session_id = row.session_id
                self._talk = await asyncio.to_thread(self._turns.conversation, row.session_id)
                await self._course.open(self._talk)
                ui.run_javascript(f"history.replaceState(null, '', '/chat/{row.session_id}')")
                mode = mode or wanted
            await asyncio.to_thread(self._start, question.strip(), mode)
        except AuroraError as error:
            self._tell(str(error))
            return
        finally:
            self._is_sending = False
        self._tell("")
        self._composer.clear()
        self._attach()
        if is_new:
            await self._list.refresh()

    def _new(self) -> SessionRow:
        return self._turns.new(owner=self._owner)

    def _start(self, question: str, mode: Mode | None) -> None:
        self._turns.start(self.session_id, question, mode=mode)

    async def stop(self) -> None:
        """Stop the answer that comes."""
        if self._course.is_running:
            await self._do(self._turns.stop, self.session_id)

    async def open(self, evidence_id: str, sentence: Sentence | None, opener: str) -> None:
        """Open a result.

        Args:
            evidence_id: Its id, such as E3.
            sentence: The sentence whose citation was pressed; None: the call itself was.
            opener: Id of the element that was pressed.
        """
        found = (self._course.shown.evidence or {}).get(evidence_id)
        if found is None and self._talk is not None:  # it came after the last look
            now = await asyncio.to_thread(conversation_shown, self._talk)
            found = (now.evidence or {}).get(evidence_id)
        if found is None:
            self._tell(f"The result {evidence_id} is not there yet. Open it when the answer has ended.")
            return
        shown = await asyncio.to_thread(evidence_shown, found, sentence)
        self._evidence.show(shown, opener)

    async def decide(self, decision: dict[str, Any]) -> None:
        """Answer the question about a plan."""
        await self._do(self._turns.decide, self.session_id, decision)
        self._attach()

    async def edit(self, edited: Edited) -> None:
        """Make another plan of the one that waits, about which a person is asked then."""
        card, talk = self._course.card, self._talk
        if card is None or talk is None:
            return
        try:
            self._context.require("plan")
            made = await asyncio.to_thread(
                edited_as_asked,
                talk.surroundings.desk,
                card.shown.plan_id,
                without=edited.leave_out,
                asks=edited.asks,
                command=f"card of a conversation: {self._context.who}",
            )
        except AuroraError as error:
            self._tell(str(error))
            return
        action = {"name": "apply_plan", "args": {"plan_id": made.plan_id}}
        await self.decide({"type": "edit", "sha256": card.shown.sha256, "edited_action": action})

    async def _edit_in_words(self, words: str) -> None:
        """Make another plan of the one that waits, in the language of `aurora plan edit`."""
        card = self._course.card
        try:
            wanted = parse_edit(words)
            if card is None or not card.shown.plan_id.startswith(wanted.plan_id):
                raise InputError("no such plan waits here; /apply it first, or edit it on its page under Plans")
        except InputError as error:
            self._tell(str(error))
            return
        self._tell("")
        self._composer.clear()
        await self.edit(Edited(wanted.without, wanted.asks))

    async def _switch(self, mode: Mode) -> None:
        if mode == self._course.mode:
            return
        if self.session_id:
            await self.ask(f"/mode {mode}")
        else:
            self._course.mode = mode
            self._show_state()

    async def _go_on(self) -> None:
        await self._do(self._turns.go_on, self.session_id)
        self._attach()

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

    def _show_state(self) -> None:
        course = self._course
        self._keys.active = course.is_running
        self._composer.show(course.mode, is_running=course.is_running, is_asked=course.card is not None)
        self._show_about()
        self._show_welcome()

    async def _watch(self) -> None:
        """Look for turns that another tab or program began, and for a conversation that was deleted."""
        if not self.session_id:
            return
        try:
            log = await asyncio.to_thread(self._turns.log, self.session_id)
        except AuroraError as error:  # it was deleted, or its file is gone
            self._timer.deactivate()
            self._tell(str(error))
            return
        if not self._course.is_attached(log):
            self._course.attach(log)

    def _plan(self, plan_id: str) -> PlanMade | None:
        return (self._course.shown.plans or {}).get(plan_id)

    def _tell(self, problem: str) -> None:
        self._composer.tell(problem)

    def _leave(self) -> None:
        with self.root:
            ui.navigate.to("/chat")
