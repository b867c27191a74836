"""Parts of the page of one plan, without what changes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aurora.errors import AuroraError
from aurora.tools.desk import Desk
from aurora.web.design.components import (
    Tone,
    badge,
    button,
    card,
    element,
    error_state,
    facts,
    link,
    loading,
    text,
)
from aurora.web.views.plans.change import Change
from aurora.web.views.plans.effect import Amount
from aurora.web.views.plans.papers import files_of, inverse_lines, reasons_of
from aurora.web.views.plans.plan import PlanShown

TONES: dict[str, Tone] = {
    "new": "neutral",
    "approved": "info",
    "replaced": "neutral",
    "expired": "warn",
    "in progress": "info",
    "interrupted": "warn",
    "stopped": "bad",
    "applied": "good",
    "rolled back": "neutral",
}
STEP_TONES: dict[str, Tone] = {
    "done": "good",
    "found": "good",
    "begun": "info",
    "undone": "neutral",
    "waiting": "neutral",
}
STEP_WORDS = {"found": "was so already", "begun": "under way", "waiting": "not yet"}
CHANGES_SHOWN = 100
"""Changes that are shown at once; the others open on demand."""


def state(shown: PlanShown) -> None:
    """Show how far a plan is, and what to do next.

    Args:
        shown: The plan.
    """
    with element("div", "line"):
        badge(shown.status, TONES.get(shown.status, "neutral"))
        text("span", f"for {shown.snapshot_id} ({shown.system})", "break")
        when = f"may be applied for {shown.left}" if shown.left else f"expired at {shown.expires}"
        if shown.status in ("new", "approved", "expired"):
            text("span", when, "muted")
    text("p", shown.advice)
    if shown.violations:
        with card("What it breaks", classes="warned"), element("ul", "points"):
            for violation in shown.violations:
                text("li", violation, "break")


def steps(shown: PlanShown) -> None:
    """Show the steps of an application.

    Args:
        shown: The plan.
    """
    if not shown.steps:
        return
    made = sum(s.state in ("done", "found", "undone") for s in shown.steps)
    doing = "Rollback" if shown.is_rollback else "Application"
    with card(f"{doing}: {made} of {len(shown.steps)} steps"):
        with element("div", "bar").props("role=progressbar aria-valuemin=0") as bar:
            bar.props["aria-valuenow"] = made
            bar.props["aria-valuemax"] = len(shown.steps)
            bar.props["aria-label"] = f"{doing}, steps that are dealt with"
            element("div").style(f"width:{100 * made / len(shown.steps):.1f}%")
        with element("ol", "plan-steps").props("aria-live=polite"):
            for step in shown.steps:
                with element("li", "line"):
                    badge(STEP_WORDS.get(step.state, step.state), STEP_TONES.get(step.state, "neutral"))
                    text("span", step.text, "break")
        for remark in shown.remarks:
            text("p", remark, "break muted small")
        text("p", f"Where: {shown.target}", "muted small break")


def content(shown: PlanShown, desk: Desk) -> None:
    """Show what a plan changes, its effect, risks and money, its files, and the reasons.

    Args:
        shown: The plan.
        desk: The folder of plans, policies and measured use.
    """
    _changes(shown)
    with element("div", "grid"):
        _effect(shown)
        with element("div", "stack"):
            _risks(shown)
            if shown.money:
                with card("Money"):
                    for line in shown.money:
                        text("p", line, "break")
    with card("What is written, and why"):
        text("p", f"Applied, it goes to {shown.target}.", "muted break")
        _on_demand("Files", lambda: files_of(shown.plan_id, desk.plans), _files)
        _on_demand("What a rollback puts back", lambda: inverse_lines(shown.plan_id, desk.plans), _lines)
        _on_demand("Why these nodes", lambda: reasons_of(shown.plan_id, desk), _sentences)


def _changes(shown: PlanShown) -> None:
    with card(f"Changes ({len(shown.changes)})"):
        for change in shown.changes[:CHANGES_SHOWN]:
            _change(change)
        rest = shown.changes[CHANGES_SHOWN:]
        if rest:
            place = element("div", "stack")

            def more() -> None:
                show.delete()
                with place:
                    for change in rest:
                        _change(change)

            show = button(f"Show {len(rest)} more", more)


def _change(change: Change) -> None:
    with element("div", "plan-change"):
        with element("div", "line"):
            text("span", str(change.number), "muted")
            text("span", change.text, "break strong")
            if not change.can_undo:
                badge("not undone by a rollback", "warn")
        with element("dl", "facts"):
            for field in change.fields:
                text("dt", field.name)
                with element("dd", "line"):
                    text("del", field.before, "before break")
                    text("span", "becomes", "muted small")
                    text("ins", field.after, "after break")
        notes = [n for n in (change.reason, change.carried_out) if n]
        if notes:
            text("p", ". ".join(f"{n[:1].upper()}{n[1:]}" for n in notes) + ".", "muted small break")


def _effect(shown: PlanShown) -> None:
    with card("Simulated effect"):
        if not shown.effect:
            text(
                "p",
                "It was not simulated when the plan was made. “Edit …” makes another plan, and simulates its effect.",
                "muted",
            )
            return
        scroll = element("div", "plain-scroll").props('tabindex=0 role=region aria-label="Measures before and after"')
        with scroll, element("table", "plain-table"):
            with element("thead"), element("tr"):
                for title in ("Measure", "Before", "After"):
                    text("th", title, "" if title == "Measure" else "number").props("scope=col")
            with element("tbody"):
                for row in shown.effect:
                    with element("tr"):
                        text("th", row.name).props("scope=row")
                        _amount(row.before)
                        _amount(row.after)
        text("p", shown.effect_note, "muted small break")


def _amount(amount: Amount) -> None:
    with element("td", "number"):
        text("span", amount.expected)
        if amount.low:
            text("span", f"{amount.low} to {amount.high}", "muted small own-line")


def _risks(shown: PlanShown) -> None:
    with card("Risks"):
        if not shown.risks:
            text("p", "No rule names one. That is no proof that there is none.", "muted")
        for code, message in shown.risks:
            with element("div", "stack tight-stack"):
                badge(code, "warn")
                text("span", message, "break")


def _on_demand(title: str, read: Callable[[], Any], show: Callable[[Any], None]) -> None:
    """Show a part that is computed when it is opened."""
    with element("details") as part:
        text("summary", title)
        place = element("div", "stack")
    opened = False

    async def fill() -> None:
        nonlocal opened
        if opened:
            return
        opened = True
        with place:
            waiting = loading(title)
        try:
            found = await asyncio.to_thread(read)
        except AuroraError as error:
            opened = False
            waiting.delete()
            place.clear()
            with place:
                error_state("This could not be shown", str(error))
            return
        waiting.delete()
        with place:
            show(found)

    part.on("toggle", fill)


def _files(found: tuple[tuple[tuple[str, str], ...], str]) -> None:
    files, why = found
    if why:
        text("p", f"{why[:1].upper()}{why[1:]}", "muted break")
    for name, body in files:
        text("h3", name, "break")
        block = text("pre", body, "plan-file")
        block.props["tabindex"] = "0"
        block.props["aria-label"] = name


def _lines(lines: tuple[str, ...]) -> None:
    if not lines:
        text("p", "Nothing: no change of it can be undone.", "muted")
    for line in lines:
        text("div", line, "mono small break")


def _sentences(lines: tuple[str, ...]) -> None:
    for line in lines:
        text("p", line, "break")
    text("p", "Each sentence was computed again from the snapshot before it is shown.", "muted small")


def record(shown: PlanShown) -> None:
    """Show who approved a plan, its journal, and how it was made.

    Args:
        shown: The plan.
    """
    with card("Journal"):
        for approval in shown.approvals:
            with element("div", "line"):
                badge("holds" if approval.holds else "ended", "good" if approval.holds else "neutral")
                text("span", f"approval by {approval.who}, {approval.at} to {approval.until}", "break")
        with element("ol", "plan-journal"):
            for line in shown.journal:
                with element("li"):
                    text("span", line.at, "muted small")
                    text("span", f"{line.who}: {line.text}" if line.who else line.text, "break")
    with card("How it was made"):
        facts([*shown.made_with, ("Made", shown.made), ("Expires", shown.expires), ("Checked on", shown.checked_on)])
        text("p", "Hash, to which approvals are bound:", "muted small")
        text("div", shown.sha256, "mono small break")
        if shown.replaces:
            link(f"Edited from plan {shown.replaces}", f"/plans/{shown.replaces}")
