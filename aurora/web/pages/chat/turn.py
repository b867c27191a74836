"""Shows one turn: the question, tool steps, sentences with their evidence, tables, questions back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from aurora.agents.operator.answer import Sentence, Table
from aurora.web.design.components import badge, button, element, text
from aurora.web.views.chat.conversation import PlanMade
from aurora.web.views.chat.steps import Step
from aurora.web.views.chat.turns import UNKNOWN, TurnShown

MOST_ROWS = 30
"""Rows of a table that are shown at first."""
_NUMBER = re.compile(r"[-−]?\$?[\d,.]+(?: ?[%\w/]+)?")


@dataclass(frozen=True)
class Actions:
    """What a turn calls.

    Attributes:
        ask: Asks a question, in a mode where one is given.
        open: Opens a result: its id, the sentence whose citation was pressed, and the id of the pressed element.
        plan: Returns a plan that an answer made; None: it is not known here.
    """

    ask: Callable[..., Awaitable[None]]
    open: Callable[[str, Sentence | None, str], Awaitable[None]]
    plan: Callable[[str], PlanMade | None]


class TurnView:
    """A turn on the page. It is made in the slot that is entered, and updated as the turn comes.

    Args:
        actions: What it calls.
        shown: The turn at first.
    """

    def __init__(self, actions: Actions, shown: TurnShown) -> None:
        self._actions = actions
        self._sentences = 0
        self._steps: tuple[Step, ...] | None = None
        self._rest: object = None
        with element("article", "turn") as self.root:
            kind = "word" if shown.is_command else "asked"
            text("h2", shown.question, f"{kind} break")
            self._steps_box = element("div", "lookups-box")
            self._answer_box = element("div", "answer")
            self._rest_box = element("div", "stack")
        self.shown = shown
        self.update(shown)

    def update(self, shown: TurnShown) -> None:
        """Show the turn as it is now; sentences that are there already stay as they are."""
        before, self.shown = self.shown, shown
        self.root.props["aria-busy"] = "true" if shown.state == "running" else "false"
        self.root.props["data-state"] = shown.state
        if shown.steps != self._steps or (before.state == "running") != (shown.state == "running"):
            self._steps = shown.steps
            self._show_steps(shown)
        if before.sentences[: self._sentences] != shown.sentences[: self._sentences]:
            self._answer_box.clear()
            self._sentences = 0
        with self._answer_box:
            for sentence in shown.sentences[self._sentences :]:
                self._show_sentence(sentence)
        self._sentences = len(shown.sentences)
        plans = tuple(self._actions.plan(p) for p in shown.plans)
        rest = (shown.reading, shown.tables, shown.asks_back, shown.as_of, shown.state, shown.error, shown.by, plans)
        if rest != self._rest:
            self._rest = rest
            self._rest_box.clear()
            with self._rest_box:
                self._show_rest(shown, [p for p in plans if p is not None])

    def remove(self) -> None:
        """Take the turn off the page."""
        self.root.delete()

    def _show_steps(self, shown: TurnShown) -> None:
        self._steps_box.clear()
        is_running = shown.state == "running"
        with self._steps_box:
            if is_running and not shown.steps:
                _working("Working")
            if not shown.steps:
                return
            with element("details", "lookups") as details:
                if is_running:
                    details.props["open"] = True
                with element("summary"):
                    if is_running:
                        ui.spinner(size="1rem").props("aria-hidden=true")
                    text("span", _summary(shown))
                with element("ul"):
                    for step in shown.steps:
                        self._show_step(step)

    def _show_step(self, step: Step) -> None:
        with element("li"), element("button", "lookup") as row:
            row.props["type"] = "button"
            row.props["data-step"] = step.id
            text("span", step.id, "mono id")
            text("span", step.title)
            if step.subject:
                text("span", step.subject, "muted break")
            if step.outcome:
                badge(step.outcome, "warn")
            text("span", step.seconds or "running …", "muted small seconds")
            row.on("click", lambda _, s=step, r=row: self._actions.open(s.id, None, r.html_id))

    def _show_sentence(self, sentence: Sentence) -> None:
        if sentence.struck:
            with element("div", "struck"):
                badge("struck out", "warn")
                said = text("s", sentence.text, "break")
                said.props["data-struck"] = True
                self._show_cites(sentence)
                text("span", f"Not supported: {sentence.struck}.", "why muted small break")
            return
        with element("span", "sentence break"):
            text("span", f"{sentence.text} ")
            self._show_cites(sentence)

    def _show_cites(self, sentence: Sentence) -> None:
        for cite in sentence.cites:
            made = text("button", cite, "cite")
            made.props["type"] = "button"
            made.props["aria-label"] = f"Evidence {cite}"
            made.props["data-cite"] = cite
            made.on("click", lambda _, c=cite, s=sentence, m=made: self._actions.open(c, s, m.html_id))

    def _show_rest(self, shown: TurnShown, plans: Sequence[PlanMade]) -> None:
        if shown.reading:
            text("p", shown.reading, "muted small break")
        if shown.is_unknown and not shown.is_command:
            text("p", UNKNOWN)
        for table in shown.tables:
            self._show_table(table)
        if shown.asks_back:
            text("p", "Did you mean:")
            with element("div", "line asks"):
                for question in shown.asks_back:
                    button(question, lambda q=question: self._actions.ask(q)).classes("ask break")
        for plan in plans if shown.state == "told" else ():
            self._show_plan(plan)
        if shown.error:
            with element("div", "state error").props("role=alert"):
                text("h3", "This turn failed")
                text("p", shown.error, "break")
                button("Ask again", lambda: self._actions.ask(shown.asked))
        foot = [shown.as_of, shown.struck_text, f"{shown.by}." if shown.by and shown.state == "told" else ""]
        if any(foot):
            text("p", " ".join(f for f in foot if f), "muted small break")

    def _show_table(self, table: Table) -> None:
        with element("div", "scroll") as frame:
            frame.props("tabindex=0 role=region")
            frame.props["aria-label"] = table.title
            with element("table", "rows"):
                with element("caption"):
                    text("span", f"{table.title} ")
                    self._show_cites(Sentence(text=table.title, cites=table.cites))
                with element("thead"), element("tr"):
                    for column in table.columns:
                        text("th", column).props("scope=col")
                with element("tbody") as body:
                    _rows(table.rows[:MOST_ROWS])
        if len(table.rows) > MOST_ROWS:

            def more() -> None:
                with body:
                    _rows(table.rows[MOST_ROWS:])
                rest.delete()

            rest = button(f"Show all {len(table.rows):,} rows", more, kind="quiet")

    def _show_plan(self, plan: PlanMade) -> None:
        with element("div", "made-plan line"):
            text("span", f"Plan {plan.plan_id}", "mono")
            badge(plan.status, "good" if plan.status == "applied" else "info")
            link = text("a", "Look at it")
            link.props["href"] = f"/plans/{plan.plan_id}"
            if plan.may_apply:
                button("Ask me to approve it", lambda: self._actions.ask(f"/apply {plan.plan_id}", mode="apply"))
            if plan.may_undo:
                button("Ask me to undo it", lambda: self._actions.ask(f"/rollback {plan.plan_id}", mode="apply"))


def _working(words: str) -> None:
    with element("div", "loading"):
        ui.spinner(size="1rem").props("aria-hidden=true")
        text("span", f"{words} …")


def _summary(shown: TurnShown) -> str:
    running = [s for s in shown.steps if s.state == "running"]
    if shown.state == "running" and running:
        step = running[-1]
        return f"Looking up: {step.title}{f', {step.subject}' if step.subject else ''}"
    if shown.state == "running":
        return "Waiting for the answer"
    times = "once" if len(shown.steps) == 1 else f"{len(shown.steps)} times"
    failed = sum(s.state == "failed" for s in shown.steps)
    return f"Looked up {times}{f', {failed} failed' if failed else ''}"


def _rows(rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        with element("tr"):
            for cell in row:
                text("td", cell, "number" if _NUMBER.fullmatch(cell) else "break")
