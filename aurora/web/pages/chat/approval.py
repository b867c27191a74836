"""The card of a plan that waits for a decision: approve with a confirmation, reject with a reason, edit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from aurora.web.design.components import badge, button, element, text
from aurora.web.views.chat.approval import ApprovalShown, ChangeShown

Decide = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Edited:
    """What a person wants otherwise in a plan.

    Attributes:
        leave_out: Numbers of changes to leave out.
        nodes: Task to its other node.
        replicas: Workload to its other number of tasks.
    """

    leave_out: tuple[int, ...]
    nodes: dict[str, str]
    replicas: dict[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is otherwise."""
        return not (self.leave_out or self.nodes or self.replicas)


Edit = Callable[[Edited], Awaitable[None]]


class ApprovalCard:
    """The card. It is made in the slot that is entered.

    Args:
        shown: The plan.
        decide: Called with the decision.
        edit: Called with what is wanted otherwise.
        nodes: Nodes that a task may go to.
    """

    def __init__(self, shown: ApprovalShown, decide: Decide, edit: Edit, nodes: list[str]) -> None:
        self.shown = shown
        self._decide = decide
        self._edit = edit
        self._nodes = nodes
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
        text("p", _where(shown), "break")
        if shown.warning:
            text("p", shown.warning, "break").props("role=alert")
        self._changes = element("div", "stack")
        with self._changes:
            _show_changes(shown)
        if shown.effect_note:
            _show_effect(shown)
        for line in shown.money:
            text("p", line, "break")
        if shown.risks:
            text("h3", "What may go wrong")
            with element("ul", "risks"):
                for kind, message in shown.risks:
                    with element("li", "break"):
                        badge(kind, "warn")
                        text("span", f" {message}")
        if shown.expires:
            text("p", shown.expires, "" if not shown.is_expired else "bad")
        self._buttons = element("div", "line")
        with self._buttons:
            self._show_buttons()

    def _show_buttons(self) -> None:
        verb = "Approve" if self.shown.action == "apply" else "Undo it"
        if not (self.shown.is_expired or self.shown.warning):
            button(f"{verb} …", self._confirm, kind="primary")
            if self.shown.may_edit:
                button("Edit …", self._show_edit)
        button("Reject …", self._ask_reason, kind="danger")

    def _confirm(self) -> None:
        shown = self.shown
        is_apply = shown.action == "apply"
        with ui.dialog() as dialog, element("div", "card confirm"):
            text("h2", f"{'Approve and apply' if is_apply else 'Undo'} plan {shown.plan_id}?")
            count = "1 change" if len(shown.changes) == 1 else f"{len(shown.changes)} changes"
            text("p", f"{count}, hash {shown.sha256[:12]}. {_where(shown)}", "break")
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
        self._changes.clear()
        with self._changes:
            text("h3", "What to keep, and what otherwise")
            text("p", "This makes another plan, whose effect is simulated anew. You are asked about that one.", "muted")
            rows = [_EditRow(change, self._nodes) for change in self.shown.changes]
            problem = text("p", "", "bad break").props("role=alert")

            async def make() -> None:
                edited = _edited(rows)
                if edited.is_empty:
                    problem.set_text("Nothing is otherwise yet: leave a change out, or choose another value.")
                    return
                if len(edited.leave_out) == len(rows):
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
        self._buttons.set_visibility(True)


class _EditRow:
    """A change with its choices."""

    def __init__(self, change: ChangeShown, nodes: list[str]) -> None:
        self.change = change
        self.value: Any = None
        with element("div", "line edit-row"):
            self.keeps = ui.checkbox(f"{change.number}. {change.title}", value=True).classes("break")
            if change.editable == "node":
                options = nodes if change.value in nodes else [change.value, *nodes]
                self.value = ui.select(options, value=change.value, label="Node", with_input=True)
                self.value.props("outlined dense")
            elif change.editable == "replicas":
                self.value = ui.number("Tasks", value=float(change.value), min=0, max=100_000, step=1, precision=0)
                self.value.props("outlined dense")


def _edited(rows: list[_EditRow]) -> Edited:
    kept = [r for r in rows if r.keeps.value]
    nodes = {
        r.change.subject: str(r.value.value)
        for r in kept
        if r.change.editable == "node" and r.value.value and str(r.value.value) != r.change.value
    }
    replicas = {
        r.change.subject: int(r.value.value)
        for r in kept
        if r.change.editable == "replicas" and r.value.value is not None and int(r.value.value) != int(r.change.value)
    }
    return Edited(tuple(r.change.number for r in rows if not r.keeps.value), nodes, replicas)


def _where(shown: ApprovalShown) -> str:
    if shown.place:
        return f"It changes {shown.place}, after a dry run on its server."
    return "Files or scripts are written beside the plan; no cluster is changed by this page."


def _show_changes(shown: ApprovalShown) -> None:
    if not shown.changes:
        return
    with element("div", "scroll") as frame:
        frame.props('tabindex=0 role=region aria-label="Changes"')
        with element("table", "rows"):
            text("caption", "What changes")
            with element("thead"), element("tr"):
                for column in ("No.", "Change", "Field", "Now", "Afterwards", "Reason"):
                    text("th", column).props("scope=col")
            with element("tbody"):
                for change in shown.changes:
                    _show_change(change)


def _show_change(change: ChangeShown) -> None:
    for k, one in enumerate(change.fields or (None,)):
        with element("tr"):
            text("td", str(change.number) if k == 0 else "", "number")
            text("td", change.title if k == 0 else "", "break")
            for cell in ("", "", "") if one is None else (one.name, one.now, one.proposed):
                text("td", cell, "break")
            text("td", change.reason if k == 0 else "", "break muted")


def _show_effect(shown: ApprovalShown) -> None:
    if shown.effect:
        with element("div", "scroll") as frame:
            frame.props('tabindex=0 role=region aria-label="Simulated effect"')
            with element("table", "rows"):
                text("caption", "Simulated effect")
                with element("thead"), element("tr"):
                    for column in ("Measure", "Before", "After"):
                        text("th", column).props("scope=col")
                with element("tbody"):
                    for measure in shown.effect:
                        with element("tr"):
                            text("td", measure.name)
                            text("td", measure.before, "number")
                            text("td", measure.after, "number")
    text("p", shown.effect_note, "muted small break")
