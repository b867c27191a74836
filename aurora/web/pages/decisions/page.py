"""The page Decisions: choices, the run that they name, and the task that is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import quote

from fastapi import Request
from nicegui import ui

from aurora.errors import AuroraError
from aurora.web.context import WebContext
from aurora.web.design.components import card, element, error_state, link, loading, text
from aurora.web.design.frame import frame
from aurora.web.pages.decisions import pictures
from aurora.web.pages.decisions.choices import Choices
from aurora.web.pages.decisions.task import show_task
from aurora.web.pages.decisions.what_if import WhatIfForm, show_counterfactual
from aurora.web.views.decisions.asked import Asked, read_asked
from aurora.web.views.decisions.counterfactual import instead, what_if
from aurora.web.views.decisions.decision import explained
from aurora.web.views.decisions.runs import (
    Chart,
    Overview,
    Resource,
    Run,
    Runs,
    chart,
    loads,
    overview,
    task_rows,
)
from aurora.web.views.decisions.sources import SNAPSHOT, Opened, Places, open_policy, open_scenario

LEAD = "Where a policy puts each task, when, and why; and what would have changed that."
POLL_SECONDS = 0.4
T = TypeVar("T")


def add(context: WebContext) -> None:
    """Register the page.

    Args:
        context: What the pages share.
    """
    runs = Runs()

    @ui.page("/decisions")
    def decisions(request: Request) -> None:
        with frame("Decisions", active="decisions", lead=LEAD):
            _Page(context, runs, read_asked(request.query_params)).build()


class _Page:
    """What one browser sees.

    Args:
        context: What the pages share.
        runs: Simulates runs and keeps some.
        asked: What the address asks for.
    """

    def __init__(self, context: WebContext, runs: Runs, asked: Asked) -> None:
        self.context = context
        self.runs = runs
        self.asked = asked
        self.run: Run | None = None
        self.drawn: Chart | None = None
        self.timeline: Any = None

    @property
    def places(self) -> Places:
        """Where scenarios and policies are looked for."""
        settings = self.context.settings
        return Places(self.context.desk.cluster, settings.runs, settings.data)

    def build(self) -> None:
        """Show the choices, and begin to simulate."""
        with card("Scenario and policy"):
            self.choices = Choices(self.places, self.asked, self._chosen)
        self.body = element("div", "page")
        with self.body:
            loading("Opening the scenario")
        ui.timer(0, self.load, once=True)
        ui.timer(0, self.choices.load, once=True)

    async def _chosen(self, scenario: str, policy: str) -> None:
        """Show another run; the task stays open where it has one of that name."""
        self._ask(Asked(scenario=scenario, policy=policy, task=self.asked.task, show=self.asked.show))
        await self.load()

    def _ask(self, asked: Asked) -> None:
        """Keep what is asked for, in the address too."""
        self.asked = asked
        with self.body:  # who was clicked may be gone by now
            ui.navigate.history.replace(asked.path)

    async def load(self) -> None:
        """Simulate what is asked for, and show it."""
        asked = self.asked

        def compute(tell: Callable[[str], None]) -> tuple[Run, Overview, Chart]:
            tell("Opening the scenario")
            places = self.places
            opened: Opened = open_scenario(asked.scenario, places)
            run = self.runs.get(opened, open_policy(asked.policy, places), asked.policy, tell)
            tell("Drawing")
            return run, overview(run), chart(run)

        self.body.clear()
        found = await self._computed(self.body, compute, "This could not be simulated", self.load)
        if found is None or asked != self.asked:
            return
        self.run, view, self.drawn = found
        self.body.clear()
        with self.body:
            pictures.figures(view)
            self.picture = element("div", "stack")
            self.task = element("div", "page")
            self.list = element("div", "stack")
            with card("What if"):
                text("p", "The same run with something changed, beside the run as it is.", "muted")
                self.form = WhatIfForm(self.run.history.scenario, asked.changes, self.try_changes)
                self.beside = element("div", "stack")
            pictures.notes(view)
        await self._picture()
        self._list()
        if asked.task:
            await self.open_task(asked.task)
        if asked.changes:
            await self.try_changes(asked.changes)

    async def _computed(
        self, place: ui.element, compute: Callable[[Callable[[str], None]], T], failed: str, again: Callable[[], Any]
    ) -> T | None:
        """Compute beside the event loop, with the step that is under way; None: it failed, and that is shown."""
        step = ["Waiting"]

        def tell(text_of_step: str) -> None:
            step[0] = text_of_step

        with place:
            box = element("div")
            with box:
                waiting = loading(step[0])
            word = waiting.default_slot.children[-1]
            timer = ui.timer(POLL_SECONDS, lambda: cast(Any, word).set_text(f"{step[0]} …"))
        try:
            return await asyncio.to_thread(compute, tell)
        except AuroraError as error:
            with place:
                error_state(failed, str(error), retry=again)
            return None
        finally:
            timer.cancel()
            timer.delete()
            box.delete()

    async def _picture(self) -> None:
        """Show placements or loads over time."""
        run, drawn, show = self.run, self.drawn, self.asked.show
        assert run is not None and drawn is not None  # `load` has made them
        found = await asyncio.to_thread(loads, run, cast(Resource, show)) if show else None
        self.picture.clear()
        with self.picture:
            self.timeline = pictures.over_time(
                drawn,
                found,
                overview(run).resources,
                show,
                selected=self.asked.task,
                on_show=self._show,
                on_task=self.open_task,
                on_row=self.open_node,
            )

    async def _show(self, show: str) -> None:
        self._ask(self.asked._replace(show=show))
        await self._picture()

    def _list(self) -> None:
        run = self.run
        assert run is not None and self.drawn is not None  # as above
        rows = task_rows(run, self.asked.node)
        names = [r.name for r in self.drawn.rows]
        self.list.clear()
        with self.list:
            pictures.tasks(rows, names, self.asked.node, run, on_task=self.open_task, on_node=self.open_node)

    async def open_node(self, name: str) -> None:
        """List the tasks of a node or path; empty: all tasks."""
        self._ask(self.asked._replace(node=name))
        self._list()
        if name:
            _into_view(self.list)

    async def open_task(self, task_id: str) -> None:
        """Show what happened to a task."""
        run, against = self.run, self.asked.against if task_id == self.asked.task else ""
        assert run is not None  # as above
        self._ask(self.asked._replace(task=task_id, against=against))
        self.task.clear()
        found = await self._computed(
            self.task, lambda tell: explained(run, task_id), "This task can't be explained", self._close_task
        )
        if found is None or self.asked.task != task_id:
            return
        self.task.clear()
        waits_here = self.asked.scenario == SNAPSHOT and not found.is_placed
        with self.task:
            if waits_here:
                remedy = f"/plans?remedy={quote(task_id, safe='')}"
                link("Make a plan that makes room for it", remedy, is_button=True)
            self.instead = show_task(found, self.open_task, self.open_node, self._close_task, self.ask_instead)
        if self.timeline is not None:
            self.timeline.choose(task_id)
        _into_view(self.task)
        if against:
            await self.ask_instead(against)

    def _close_task(self) -> None:
        self._ask(self.asked._replace(task="", against=""))
        self.task.clear()
        if self.timeline is not None:
            self.timeline.choose("")

    async def ask_instead(self, candidate: str) -> None:
        """Show why the open task did not go to a candidate, and the run in which it would have."""
        run, task_id = self.run, self.asked.task
        assert run is not None  # as above
        self._ask(self.asked._replace(against=candidate))
        self.instead.clear()
        found = await self._computed(
            self.instead, lambda tell: instead(run, task_id, candidate, tell), "This can't be told", self._close_task
        )
        if found is None or self.asked.against != candidate:
            return
        self.instead.clear()
        with self.instead:
            show_counterfactual(run, found, task_id, self.open_task)

    async def try_changes(self, changes: tuple[str, ...]) -> None:
        """Show the run with changes beside the run as it is."""
        run = self.run
        assert run is not None  # as above
        self._ask(self.asked._replace(changes=changes))
        self.beside.clear()
        if not changes:
            return
        found = await self._computed(
            self.beside,
            lambda tell: what_if(run, changes, tell),
            "This can't be simulated",
            lambda: self.try_changes(changes),
        )
        if found is None or self.asked.changes != changes:
            return
        self.beside.clear()
        with self.beside:
            show_counterfactual(run, found, self.asked.task, self.open_task)


def _into_view(place: ui.element) -> None:
    with place:
        ui.run_javascript(f"document.getElementById('c{int(place.id)}')?.scrollIntoView({{block: 'start'}})")
