"""Counterfactuals: the form of a what-if, and two runs side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from aurora.errors import AuroraError
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import EXAMPLES, parse_change
from aurora.web.design.components import Column, button, card, data_table, element, error_state, text
from aurora.web.pages.decisions.pictures import still
from aurora.web.views.decisions.asked import MAX_CHANGES
from aurora.web.views.decisions.counterfactual import Counterfactual
from aurora.web.views.decisions.runs import Run, chart

KINDS = {
    "fail": "A node fails",
    "remove": "A node is not there",
    "load": "Tasks ask for more or less",
    "price": "Prices change",
    "carbon": "Carbon intensities change",
}
STARTS = {"load": "+30%", "price": "x2", "carbon": "x2"}
"""What a field holds at first."""


class WhatIfForm:
    """Changes to try.

    Args:
        scenario: The scenario, for names of nodes.
        changes: Changes at first.
        on_try: Called with the changes.
    """

    def __init__(
        self, scenario: Scenario, changes: tuple[str, ...], on_try: Callable[[tuple[str, ...]], Awaitable[None]]
    ) -> None:
        self.changes = list(changes)
        self.on_try = on_try
        self.first = scenario.nodes[0].node_id if scenario.nodes else ""
        self.listed = element("div", "stack")
        with element("div", "choice-grid"):
            self.kind = ui.select(KINDS, value="fail", label="Change", on_change=self._start).props("outlined dense")
            self.value = ui.input("Which, and how much").props("outlined dense maxlength=200")
        self.problem = element("div", "stack").props("aria-live=polite")
        with element("div", "line"):
            button("Add and simulate", self._add)
        self._start()
        self._list()

    def _start(self, _: object = None) -> None:
        kind = str(self.kind.value)
        usual = {"remove": self.first, "fail": f"{self.first}@100/600"}
        self.value.set_value(STARTS.get(kind, usual.get(kind, "")))
        self.value.props["hint"] = EXAMPLES[kind]  # type: ignore[index]

    async def _add(self) -> None:
        self.problem.clear()
        kind, value = str(self.kind.value), str(self.value.value or "").strip()
        try:
            parse_change(kind, value)  # type: ignore[arg-type]
        except AuroraError as error:
            with self.problem:
                error_state("This change can't be read", str(error))
            return
        added = f"{kind}:{value}"
        if added not in self.changes:
            self.changes = [*self.changes, added][-MAX_CHANGES:]
        self._list()
        await self.on_try(tuple(self.changes))

    def _list(self) -> None:
        self.listed.clear()
        with self.listed:
            for change in self.changes:
                kind, _, value = change.partition(":")
                with element("div", "line spread"):
                    text("span", f"{KINDS.get(kind, kind)}: {value}", "break")
                    remove = button("Remove", lambda c=change: self._remove(c), kind="quiet")
                    remove.props["aria-label"] = f"Remove {change}"

    async def _remove(self, change: str) -> None:
        self.changes = [c for c in self.changes if c != change]
        await self.on_try(tuple(self.changes))
        self._list()


def show_counterfactual(run: Run, found: Counterfactual, task_id: str, on_task: Callable[[str], Any]) -> None:
    """Show why a task is not elsewhere, and the run with the change beside the run as it is.

    Args:
        run: The run as it is.
        found: The other run, and what differs.
        task_id: Task that is marked on both sides.
        on_task: Called with a task that is opened.
    """
    for line in found.lines:
        text("p", line, "break")
    if found.after is None:
        text("p", "No set of up to three changes was found that brings it there.", "muted")
        return
    with element("div", "stack remedy"):
        text("span", "With this change:" if len(found.changes) == 1 else "With these changes together:", "muted")
        with element("ul", "points"):
            for change in found.changes:
                text("li", change, "break")
    before, after = chart(run), chart(found.after)
    end = max(before.end, after.end)
    with element("div", "side-by-side"):
        for title, side in (("As it is", before), ("With the change", after)):
            with card(title, level=3):
                still(side, end, task_id)
    data_table(
        (
            Column("id", "Measure"),
            Column("before", "As it is"),
            Column("after", "With the change"),
            Column("difference", "Difference"),
            Column("relative", "In per cent"),
        ),
        [{"id": m.name, **m._asdict()} for m in found.measures],
        label="Measures as it is and with the change",
    )
    text("h3", f"Tasks that differ ({len(found.moved):,})")
    if not found.moved:
        text("p", "Every task is where and when it was.", "muted")
        return
    data_table(
        (Column("id", "Task"), Column("before", "As it is"), Column("after", "With the change")),
        [{"id": m.task_id, **m._asdict()} for m in found.moved],
        label="Tasks that differ",
        page_size=10,
        on_select=on_task,
    )
