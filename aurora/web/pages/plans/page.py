"""The list of plans, and its form."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from fastapi import Request
from nicegui import ui

from aurora.cluster.plans.asks import FORMS, Ask
from aurora.errors import AuroraError
from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    button,
    card,
    data_table,
    element,
    empty_state,
    error_state,
    loading,
    search_field,
    sheet,
    text,
)
from aurora.web.design.frame import frame
from aurora.web.pages.plans.deed import deed, place_for_problems
from aurora.web.pages.plans.detail import add_detail
from aurora.web.pages.plans.form import AskForm, policy_select
from aurora.web.views.plans.acting import Applications
from aurora.web.views.plans.forms import make
from aurora.web.views.plans.listing import Listing, listing, matching

LEAD = "Changes of the cluster, each read, approved by its hash, applied step by step, and undone if need be."


def add(context: WebContext) -> None:
    """Register the pages of plans.

    Args:
        context: What the pages share.
    """
    applications = Applications(context.desk, context.refresh)
    add_detail(context, applications)

    @ui.page("/plans")
    def plans(request: Request) -> None:
        with frame("Plans", active="plans", lead=LEAD):
            _List(context, _asked(request)).build()


def _asked(request: Request) -> list[Ask]:
    """Return what the address asks for: `?drain=node-a1`, `?remedy=TASK`, or `?new=1` for an empty form."""
    given = request.query_params
    return [Ask(kind, subject[:300]) for kind in FORMS for subject in given.getlist(kind)[:10] if subject]


class _List:
    """The list that one browser sees.

    Args:
        context: What the pages share.
        asked: What the address asks for.
    """

    def __init__(self, context: WebContext, asked: list[Ask]) -> None:
        self.context = context
        self.asked = asked
        self.words = self.status = ""
        self.listing: Listing | None = None

    def build(self) -> None:
        """Show the list, and the form if the address asks for it."""
        with element("div", "line spread"):
            text("span", str(self.context.settings.plans), "muted break mono small")
            button("Make a plan", self.open_form, kind="primary", icon="add")
        self.body = element("div", "stack")
        with self.body:
            loading("Reading the plans")
        ui.timer(0, self.load, once=True)
        if self.asked or "new" in ui.context.client.request.query_params:
            ui.timer(0, self.open_form, once=True)

    async def load(self) -> None:
        """Read the folder of plans."""
        try:
            self.listing = await asyncio.to_thread(listing, self.context.settings.plans, datetime.now(UTC))
        except AuroraError as error:
            message = str(error)
            self.body.clear()
            with self.body:
                error_state("The plans could not be read", message, retry=self.load)
            return
        self.show()

    def show(self) -> None:
        """Show what was read."""
        found = self.listing
        assert found is not None  # `load` has read it
        self.body.clear()
        with self.body:
            for problem in found.problems:
                error_state("A plan could not be read", problem)
            if not found.rows:
                empty_state(
                    "There is no plan yet",
                    "Make one here, ask for one in the chat, or let the command line make it.",
                    command="aurora plan new sample:web-shop --drain node-a1",
                    icon="assignment",
                )
                return
            with card(classes="plans-list"):
                with element("div", "line tools"):
                    search_field("Search plans", self._search).set_value(self.words)
                    states = {"": f"any status ({len(found.rows)})"}
                    states |= {s: f"{s} ({n})" for s, n in found.counts.items()}
                    ui.select(states, value=self.status, label="Status", on_change=self._filter).props("outlined dense")
                self.place = element("div", "stack")
            self._rows()

    def _search(self, words: str) -> None:
        self.words = words
        self._rows()

    def _filter(self, event: object) -> None:
        self.status = str(getattr(event, "value", ""))
        self._rows()

    def _rows(self) -> None:
        assert self.listing is not None  # as above
        rows = matching(self.listing.rows, self.words, self.status)
        self.place.clear()
        with self.place:
            if not rows:
                text("p", "No plan matches. Take words out of the search, or choose any status.", "muted")
                return
            data_table(
                (
                    Column("id", "Plan"),
                    Column("status", "Status"),
                    Column("summary", "Changes"),
                    Column("changes", "Number", is_number=True),
                    Column("risks", "Risks", is_number=True),
                    Column("made", "Made (UTC)"),
                    Column("left", "May be applied for"),
                    Column("system", "System"),
                ),
                [{"id": r.plan_id, **r._asdict(), "left": r.left or "–"} for r in rows],
                label="Plans",
                on_select=lambda plan_id: ui.navigate.to(f"/plans/{plan_id}"),
            )

    def open_form(self) -> None:
        """Open the form beside the page."""
        context = self.context
        with sheet("Make a plan"):
            text("p", f"For {context.desk.cluster.snapshot_id}. Nothing is changed: a plan is only written.", "muted")
            form = AskForm(context.desk.cluster, asks=self.asked)
            self.asked = []
            policy = policy_select()
            simulated = ui.checkbox("Simulate the effect", value=True)
            problem = place_for_problems()

            async def write() -> None:
                context.require("plan")
                settings = context.settings
                report = await asyncio.to_thread(
                    make,
                    form.all(),
                    context.desk,
                    str(policy.value),
                    is_simulated=bool(simulated.value),
                    who=context.who,
                    origin=settings.snapshot if settings.history is None else str(settings.history),
                )
                ui.navigate.to(f"/plans/{report.plan.plan_id}")

            deed("Make the plan", write, problem, failed="No plan was made", waiting="Making the plan")
