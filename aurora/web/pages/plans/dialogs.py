"""Questions before something is done with a plan: approve, apply, roll back, edit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from nicegui import ui

from aurora.cluster.plans.folder import load, snapshot_of
from aurora.errors import AuroraError
from aurora.web.context import WebContext
from aurora.web.design.components import button, element, error_state, facts, sheet, text
from aurora.web.pages.plans.deed import deed, place_for_problems
from aurora.web.pages.plans.form import AskForm
from aurora.web.views.plans.acting import MINUTES, Applications, Work, approve, edit
from aurora.web.views.plans.plan import PlanShown

Reload = Callable[[], Awaitable[None]]
USUAL_MINUTES = 60


@contextmanager
def _dialog(title: str) -> Iterator[ui.dialog]:
    with ui.dialog() as dialog:
        dialog.props["aria-label"] = title
        dialog.on("hide", dialog.delete)
        with element("div", "card ask-card"):
            text("h2", title, "break")
            yield dialog
    dialog.open()


def ask_approval(shown: PlanShown, context: WebContext, reload: Reload) -> None:
    """Ask whether the plan that is shown is approved, by whom and for how long.

    Args:
        shown: The plan.
        context: What the pages share.
        reload: Shows the plan anew.
    """
    with _dialog(f"Approve plan {shown.plan_id}?") as dialog:
        facts(
            [
                ("Changes", str(len(shown.changes))),
                ("Risks", ", ".join(code for code, _ in shown.risks) or "none named"),
                ("Goes to", shown.target),
                ("Hash", shown.sha256),
            ]
        )
        who = ui.input("Your name, for the journal", value=context.who).props("outlined dense maxlength=100")
        minutes = ui.select(MINUTES, value=USUAL_MINUTES, label="It holds for").props("outlined dense")
        problem = place_for_problems()

        async def give() -> None:
            context.require("apply")
            await asyncio.to_thread(
                approve,
                shown.plan_id,
                shown.sha256,
                str(who.value or ""),
                context.desk,
                minutes=float(minutes.value or USUAL_MINUTES),
            )
            dialog.close()
            await reload()

        with element("div", "line"):
            deed("Approve", give, problem, failed="It was not approved")
            button("Cancel", dialog.close)


def ask_work(  # what the question is about, each by its name
    shown: PlanShown, verb: str, work: Work, context: WebContext, applications: Applications, reload: Reload
) -> None:
    """Ask before a plan is applied or rolled back.

    Args:
        shown: The plan.
        verb: What is done, as the button says.
        work: What to do.
        context: What the pages share.
        applications: Begins it.
        reload: Shows the plan anew.
    """
    with _dialog(f"{verb} plan {shown.plan_id}?") as dialog:
        lost = sum(not c.can_undo for c in shown.changes)
        if work == "apply":
            text("p", f"It goes to {shown.target}.", "break")
            text("p", "Steps that are done already are not done again.", "muted")
            if lost:
                text("p", f"A rollback does not undo {lost} of its {len(shown.changes)} changes.", "muted")
        else:
            text("p", f"What was done is undone, the last step first, at {shown.target}.", "break")
            if lost:
                text("p", f"{lost} of its {len(shown.changes)} changes stay as they are.", "muted")
        problem = place_for_problems()

        async def begin() -> None:
            context.require("apply")
            await asyncio.to_thread(applications.start, shown.plan_id, shown.sha256, work, context.who)
            dialog.close()
            await asyncio.to_thread(applications.wait, shown.plan_id, 0.5)
            await reload()

        with element("div", "line"):
            kind: Literal["primary", "danger"] = "primary" if work == "apply" else "danger"
            deed(verb.removesuffix(" with"), begin, problem, failed="Nothing was done", kind=kind)
            button("Cancel", dialog.close)


def ask_edit(shown: PlanShown, context: WebContext) -> None:
    """Ask what is to be otherwise in a plan, and make another one.

    Args:
        shown: The plan.
        context: What the pages share.
    """
    folder = context.desk.plans
    with sheet(f"Edit plan {shown.plan_id}"):
        text("p", "Another plan is made, which needs its own approval. This one stays, marked as replaced.", "muted")
        try:
            snapshot = snapshot_of(folder, load(folder, shown.plan_id))
        except AuroraError as error:
            error_state("It can't be edited", str(error))
            return
        text("h3", "Changes that stay")
        kept = {c.number: ui.checkbox(f"{c.number}  {c.text}", value=True).classes("break") for c in shown.changes}
        text("h3", "Other changes")
        text("p", "One of the same task, node, replicas or sizes takes the place of the plan's own.", "muted small")
        form = AskForm(snapshot, in_edit=True)
        problem = place_for_problems()

        async def make() -> None:
            context.require("plan")
            other = await asyncio.to_thread(
                edit,
                shown.plan_id,
                shown.sha256,
                context.desk,
                without=[number for number, box in kept.items() if not box.value],
                asks=form.all(),
                who=context.who,
            )
            ui.navigate.to(f"/plans/{other.plan_id}")

        deed("Make another plan", make, problem, failed="No plan was made", waiting="Making another plan")
