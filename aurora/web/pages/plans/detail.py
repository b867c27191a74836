"""One plan: what it changes and what may be done with it."""

from __future__ import annotations

import asyncio

from nicegui import ui

from aurora.errors import AuroraError
from aurora.web.context import WebContext
from aurora.web.design.components import (
    button,
    element,
    empty_state,
    error_state,
    link,
    loading,
)
from aurora.web.design.frame import frame
from aurora.web.pages.plans import parts
from aurora.web.pages.plans.dialogs import ask_approval, ask_edit, ask_work
from aurora.web.views.plans.acting import Applications, Work
from aurora.web.views.plans.plan import PlanShown, plan_shown, watched

POLL_SECONDS = 1.0
"""Seconds between two looks at what was done with a plan, here or by somebody else."""


def add_detail(context: WebContext, applications: Applications) -> None:
    """Register the page of one plan.

    Args:
        context: What the pages share.
        applications: Applications that are under way.
    """

    @ui.page("/plans/{plan_id}")
    def plan(plan_id: str) -> None:
        with frame(f"Plan {plan_id[:12]}", active="plans"):
            _Plan(context, applications, plan_id).build()


class _Plan:
    """The plan that one browser sees.

    Args:
        context: What the pages share.
        applications: Applications that are under way.
        plan_id: What the address names.
    """

    def __init__(self, context: WebContext, applications: Applications, plan_id: str) -> None:
        self.context = context
        self.applications = applications
        self.plan_id = plan_id
        self.shown: PlanShown | None = None
        self.seen: tuple[object, ...] = ()

    def build(self) -> None:
        """Show the plan, and go on looking at what is done with it."""
        self.head = element("div", "stack")
        self.body = element("div", "page")
        self.foot = element("div", "page")
        with self.head:
            loading("Reading the plan")
        ui.timer(0, self.load, once=True)
        self.timer = ui.timer(POLL_SECONDS, self._look, active=False)

    async def load(self) -> None:
        """Read the plan and show it."""
        try:
            shown = await asyncio.to_thread(plan_shown, self.plan_id, self.context.desk)
            self.plan_id = shown.plan_id
            self.seen = await asyncio.to_thread(watched, self.context.desk.plans, self.plan_id)
        except AuroraError as error:
            self._failed(str(error))
            return
        is_first = self.shown is None
        self.shown = shown
        self._head(shown)
        if is_first:
            with self.body:
                parts.content(shown, self.context.desk)
        self._foot(shown)
        self.timer.activate()

    def _failed(self, message: str) -> None:
        self.head.clear()
        self.body.clear()
        self.foot.clear()
        with self.head:
            if "no plan" in message or "no id" in message or "no folder" in message:
                empty_state("There is no such plan", f"{message[:1].upper()}{message[1:]}.", icon="search_off")
                link("To all plans", "/plans", is_button=True)
            else:
                error_state("The plan could not be read", message, retry=self.load)
                link("To all plans", "/plans", is_button=True)

    async def _look(self) -> None:
        """Show the plan anew if something was done with it."""
        now = await asyncio.to_thread(watched, self.context.desk.plans, self.plan_id)
        if now != self.seen:
            await self.load()

    def _head(self, shown: PlanShown) -> None:
        problem = self.applications.problem(shown.plan_id)
        self.head.clear()
        with self.head:
            parts.state(shown)
            if problem and not shown.is_under_way:
                error_state("The last attempt ended early", problem)
            if shown.replaced_by:
                link(f"To plan {shown.replaced_by}, which replaces it", f"/plans/{shown.replaced_by}", is_button=True)
            self._actions(shown)
            parts.steps(shown)

    def _actions(self, shown: PlanShown) -> None:
        if not shown.actions:
            return
        with element("div", "line").props('role=group aria-label="What may be done"'):
            for action in shown.actions:
                match action:
                    case "approve":
                        button("Approve …", lambda: ask_approval(shown, self.context, self.load), kind="primary")
                    case "apply":
                        button("Apply …", lambda: self._ask("apply", "Apply"), kind="primary")
                    case "resume":
                        button("Go on …", lambda: self._ask("apply", "Go on with"), kind="primary")
                    case "roll back":
                        button("Roll back …", lambda: self._ask("roll back", "Roll back"), kind="danger")
                    case "edit":
                        button("Edit …", lambda: ask_edit(shown, self.context))

    def _ask(self, work: Work, verb: str) -> None:
        assert self.shown is not None  # its buttons are shown
        ask_work(self.shown, verb, work, self.context, self.applications, self.load)

    def _foot(self, shown: PlanShown) -> None:
        self.foot.clear()
        with self.foot:
            parts.record(shown)
