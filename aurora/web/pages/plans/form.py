"""The form in which a person asks for changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from nicegui import ui

from aurora.champions.named import policy_names
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.asks import FORMS, MAX_ASKS, Ask, AskKind, Subject, check_ask
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.web.design.components import button, element, error_state, text
from aurora.web.views.plans.forms import SIZES, names_for, names_like

FIELD = "outlined dense"


def policy_select() -> ui.select:
    """Show the choice of the policy that chooses nodes."""
    names = list(policy_names(with_fronts=False))
    made = ui.select(names, value=DEFAULT_POLICY.policy_id, label="Policy that chooses nodes", with_input=True)
    return made.props(FIELD)


class AskForm:
    """Changes that are asked for, one after the other.

    Args:
        snapshot: The system, for names.
        asks: What is asked for at first.
        in_edit: True: only changes that a plan which is edited takes.
    """

    def __init__(self, snapshot: Snapshot, *, asks: Sequence[Ask] = (), in_edit: bool = False) -> None:
        self.snapshot = snapshot
        self.asks = list(asks)
        kinds = {k: f.title for k, f in FORMS.items() if f.in_edits or not in_edit}
        self.listed = element("div", "stack")
        self.kind = ui.select(kinds, value=next(iter(kinds)), label="Change", on_change=self._fields).props(FIELD)
        self.place = element("div", "stack")
        self.problem = element("div", "stack").props("aria-live=polite")
        self.inputs: dict[str, Any] = {}
        button("Add this change", self.add, icon="add")
        self._fields()
        self._list()

    def all(self) -> list[Ask]:
        """Return what is asked for; what is typed in and not added yet counts too.

        Raises:
            InputError: What is typed in is not complete.
        """
        ask = self._typed()
        form = FORMS[ask.kind]
        if ask.subject or ask.node or ask.sizes or (not form.subject and not self.asks):
            check_ask(ask)
            return [*self.asks, ask]
        return list(self.asks)

    def add(self) -> None:
        """Add what is typed in."""
        self.problem.clear()
        ask = self._typed()
        try:
            check_ask(ask)
            if len(self.asks) >= MAX_ASKS:
                raise InputError(f"a form takes at most {MAX_ASKS} changes", parameter="asks")
        except InputError as error:
            with self.problem:
                error_state("This can't be added", str(error))
            return
        self.asks.append(ask)
        self._fields()
        self._list()

    def _list(self) -> None:
        self.listed.clear()
        with self.listed:
            for number, ask in enumerate(self.asks):
                with element("div", "line spread"):
                    text("span", ask.text, "break")
                    remove = button("Remove", lambda k=number: self._remove(k), kind="quiet")
                    remove.props["aria-label"] = f"Remove: {ask.text}"

    def _remove(self, number: int) -> None:
        del self.asks[number]
        self._list()

    def _fields(self, _: object = None) -> None:
        """Show the fields of the kind that is chosen."""
        form = FORMS[cast(AskKind, self.kind.value)]
        self.place.clear()
        self.inputs = {}
        with self.place:
            text("p", form.about, "muted small")
            if form.subject:
                label = {"waiting": "Waiting task", "task or node": "Task or node"}.get(form.subject)
                self.inputs["subject"] = self._name(label or form.subject.capitalize(), form.subject)
            if form.takes_node:
                label = "Node (empty: the easiest)" if form.node_is_optional else "To node"
                self.inputs["node"] = self._name(label, "node")
            if form.takes_replicas:
                self.inputs["replicas"] = ui.number("Tasks", min=0, max=100_000, precision=0).props(FIELD)
            if form.takes_sizes:
                self.inputs["container"] = ui.input("Container (empty: the only one)").props(FIELD)
                for size in SIZES:
                    field, _, resource = size.partition(".")
                    unit = "cores" if resource == "cpu" else "GiB"
                    what = "Request" if field == "requests" else "Limit"
                    label = f"{what} of {resource.replace('cpu', 'cores')} ({unit}, empty: stays)"
                    self.inputs[size] = ui.number(label, min=0).props(FIELD)

    def _name(self, label: str, subject: Subject) -> ui.input:
        """Show a field for a name, which offers names like what is typed."""
        names = names_for(subject, self.snapshot)
        field = ui.input(label, autocomplete=names_like(names, "")).props(FIELD)
        field.on_value_change(lambda e: field.set_autocomplete(names_like(names, str(e.value or ""))))
        return field

    def _typed(self) -> Ask:
        """Return what is typed in."""
        values = {name: field.value for name, field in self.inputs.items()}
        replicas = values.get("replicas")
        return Ask(
            cast(AskKind, self.kind.value),
            subject=str(values.get("subject") or "").strip(),
            node=str(values.get("node") or "").strip(),
            replicas=None if replicas is None else int(replicas),
            container=str(values.get("container") or "").strip(),
            sizes={s: float(values[s]) for s in SIZES if values.get(s) is not None},
        )
