"""The card of a plan that waits for a decision: approve with a confirmation, reject with a reason, edit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from aurora.cluster.plans.asks import Ask
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.web.design.components import badge, button, element, text
from aurora.web.pages.plans.form import AskForm
from aurora.web.views.chat.approval import ApprovalShown, Choice, interval_text
from aurora.web.views.plans.change import Change
from aurora.web.views.plans.plan import PlanShown

Decide = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Edited:
    """What a person wants otherwise in a plan.

    Attributes:
        leave_out: Numbers of changes to leave out.
        asks: Changes in place of its own ones of the same matter, or at the end.
    """

    leave_out: tuple[int, ...]
    asks: tuple[Ask, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is otherwise."""
        return not (self.leave_out or self.asks)


Edit = Callable[[Edited], Awaitable[None]]


class ApprovalCard:
    """The card. It is made in the slot that is entered.

    Args:
        shown: The plan.
        decide: Called with the decision.
        edit: Called with what is wanted otherwise.
        snapshot: The system, for the names of an edit.
    """

    def __init__(self, shown: ApprovalShown, decide: Decide, edit: Edit, snapshot: Snapshot) -> None:
        self.shown = shown
        self._decide = decide
        self._edit = edit
        self._snapshot = snapshot
        with element("section", "card approval") as self.root:
            self.root.props["aria-label"] = shown.title
            self.root.props["data-plan"] = shown.plan_id
            self._show()

    def remove(self) -> None:
        """Take the card off the page."""
        self.root.delete()

    def _show(self) -> None:
        shown = self.shown
        with element("div", "line spread"):
            self.heading = text("h2", shown.title).props("tabindex=-1")
            badge("waits for your decision", "warn")
        if shown.problem:
            text("p", shown.problem, "break").props("role=alert")
        text("p", f"Hash {shown.sha256}", "mono small muted break")
        if shown.plan is not None:
            text("p", f"Applied to: {shown.plan.target}.", "break")
        if shown.warning:
            text("p", shown.warning, "bad break").props("role=alert")
        self._changes = element("div", "stack")
        with self._changes:
            _show_changes(shown)
        self._effect = element("div", "stack")
        if shown.plan is not None and shown.action == "apply":
            with self._effect:
                _show_effect(shown.plan)
        if shown.expires:
            text("p", shown.expires)
        self._buttons = element("div", "line")
        with self._buttons:
            self._show_buttons()

    def _show_buttons(self) -> None:
        verb = "Approve" if self.shown.action == "apply" else "Undo it"
        if not self.shown.warning:
            button(f"{verb} …", self._confirm, kind="primary")
        if self.shown.may_edit and self.shown.plan is not None and self.shown.plan.left:
            button("Edit …", self._show_edit)
        button("Reject …", self._ask_reason, kind="danger")

    def _confirm(self) -> None:
        shown = self.shown
        is_apply = shown.action == "apply"
        with ui.dialog() as dialog, element("div", "card confirm"):
            text("h2", f"{'Approve and apply' if is_apply else 'Undo'} plan {shown.plan_id}?")
            count = "1 change" if len(shown.changes) == 1 else f"{len(shown.changes)} changes"
            text("p", f"{count}, hash {shown.sha256[:12]}.", "break")
            if shown.plan is not None:
                text("p", f"Applied to: {shown.plan.target}.", "break")
            text("p", "It is carried out at once, and can't be stopped halfway.")
            with element("div", "line"):
                yes = "Approve and apply" if is_apply else "Undo"
                button(yes, lambda: self._send(dialog, {"type": "approve"}), kind="primary")
                button("Not yet", dialog.close).props("autofocus")
        dialog.open()

    def _ask_reason(self) -> None:
        with ui.dialog() as dialog, element("div", "card confirm"):
            text("h2", f"Reject plan {self.shown.plan_id}?")
            text("p", "Nothing is changed. The reason is kept with the conversation.")
            reason = ui.input("Reason (optional)").props("outlined dense autofocus maxlength=500")

            async def reject() -> None:
                await self._send(dialog, {"type": "reject", "message": str(reason.value or "").strip()})

            reason.on("keydown.enter", reject)
            with element("div", "line"):
                button("Reject", reject, kind="danger")
                button("Back", dialog.close)
        dialog.open()

    async def _send(self, dialog: ui.dialog, decision: dict[str, Any]) -> None:
        dialog.close()
        self._buttons.set_visibility(False)
        try:
            await self._decide({**decision, "sha256": self.shown.sha256})
        finally:
            if not self.root.is_deleted:
                self._buttons.set_visibility(True)

    def _show_edit(self) -> None:
        self._buttons.set_visibility(False)
        self._effect.set_visibility(False)
        self._changes.clear()
        with self._changes:
            text("h3", "What to keep, and what otherwise")
            text("p", "This makes another plan, whose effect is simulated anew. You are asked about that one.", "muted")
            nodes = list(self._snapshot.nodes_by_id)
            rows = [_EditRow(choice, nodes) for choice in self.shown.choices]
            with element("details"):
                text("summary", "Add a change: move, scale, resize, close or open a node")
                with element("div", "stack"):
                    form = AskForm(self._snapshot, in_edit=True)
            problem = text("p", "", "bad break").props("role=alert")

            async def make() -> None:
                try:
                    edited = Edited(_left_out(rows), (*_altered(rows), *form.all()))
                except InputError as error:
                    problem.set_text(str(error))
                    return
                if edited.is_empty:
                    problem.set_text("Nothing is otherwise yet: leave a change out, choose another value, or add one.")
                    return
                if len(edited.leave_out) == len(rows) and not edited.asks:
                    problem.set_text("No change would be left. Reject the plan instead.")
                    return
                wait.set_visibility(True)
                await self._edit(edited)
                if not self.root.is_deleted:
                    wait.set_visibility(False)

            with element("div", "line"):
                button("Make the other plan", make, kind="primary")
                button("Back", self._leave_edit)
                wait = text("span", "Simulating …", "muted")
                wait.set_visibility(False)

    def _leave_edit(self) -> None:
        self._changes.clear()
        with self._changes:
            _show_changes(self.shown)
        self._effect.set_visibility(True)
        self._buttons.set_visibility(True)


class _EditRow:
    """A change with its choices."""

    def __init__(self, choice: Choice, nodes: list[str]) -> None:
        self.choice = choice
        self.value: Any = None
        change, now = choice.change, choice.value
        with element("div", "line edit-row"):
            self.keeps = ui.checkbox(f"{change.number}. {change.text}", value=True).classes("break")
            if choice.editable == "node":
                self.value = ui.select(nodes if now in nodes else [now, *nodes], value=now, label="Node")
                self.value.props("outlined dense")
            elif choice.editable == "replicas":
                self.value = ui.number("Tasks", value=float(now), min=0, max=100_000, step=1, precision=0)
                self.value.props("outlined dense")

    def wanted(self, kind: str) -> str | None:
        """Return what is wanted otherwise; None: nothing, or another kind."""
        if self.choice.editable != kind or not self.keeps.value or self.value.value in (None, ""):
            return None
        chosen = str(int(self.value.value)) if kind == "replicas" else str(self.value.value)
        return chosen if chosen != self.choice.value else None


def _left_out(rows: list[_EditRow]) -> tuple[int, ...]:
    return tuple(r.choice.change.number for r in rows if not r.keeps.value)


def _altered(rows: list[_EditRow]) -> Iterator[Ask]:
    for row in rows:
        subject = row.choice.change.subject
        if (node := row.wanted("node")) is not None:
            yield Ask("move", subject, node=node)
        if (replicas := row.wanted("replicas")) is not None:
            yield Ask("scale", subject, replicas=int(replicas))


def _show_changes(shown: ApprovalShown) -> None:
    if not shown.changes:
        return
    with _table("What changes", ("No.", "Change", "Field", "Now", "Afterwards", "Reason")):
        for change in shown.changes:
            _show_change(change)


def _show_change(change: Change) -> None:
    for k, one in enumerate(change.fields or (None,)):
        with element("tr"):
            text("td", str(change.number) if k == 0 else "", "number")
            text("td", change.text if k == 0 else "", "break")
            for cell in ("", "", "") if one is None else (one.name, one.before, one.after):
                text("td", cell, "break")
            text("td", change.reason if k == 0 else "", "break muted")


def _show_effect(plan: PlanShown) -> None:
    if plan.effect:
        with _table("Simulated effect", ("Measure", "Before", "After")):
            for row in plan.effect:
                with element("tr"):
                    text("td", row.name)
                    text("td", interval_text(row.before), "number")
                    text("td", interval_text(row.after), "number")
    text("p", plan.effect_note or "The effect was not simulated.", "muted small break")
    for line in plan.money or ("Prices of the nodes are not known.",):
        text("p", line, "break")
    if plan.risks:
        text("h3", "What may go wrong")
        with element("ul", "risks"):
            for kind, message in plan.risks:
                with element("li", "break"):
                    badge(kind, "warn")
                    text("span", f" {message}")


@contextmanager
def _table(title: str, columns: tuple[str, ...]) -> Iterator[None]:
    """Show a table; its rows are made within."""
    with element("div", "scroll") as frame:
        frame.props("tabindex=0 role=region")
        frame.props["aria-label"] = title
        with element("table", "rows"):
            text("caption", title)
            with element("thead"), element("tr"):
                for column in columns:
                    text("th", column).props("scope=col")
            with element("tbody"):
                yield
