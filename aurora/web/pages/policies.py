"""The pages on policies: what ships, the references, and the champions of runs."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import ui

from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    badge,
    card,
    command,
    data_table,
    element,
    facts,
    link,
    text,
)
from aurora.web.design.frame import frame
from aurora.web.design.reading import Words, show_read
from aurora.web.design.tables import small_table
from aurora.web.views.policies import KINDS, Judged, PolicyLine, PolicyView, path_of, policy_lines, policy_view

BEST_HERE = "which policy is best for this cluster?"
PARTS_SHOWN, REFERENCES_SHOWN = 12, 8
"""Rows of tables that are visible at once."""


def add(context: WebContext) -> None:
    """Register the pages.

    Args:
        context: What the pages share.
    """
    runs = context.settings.runs

    @ui.page("/policies")
    def policies() -> None:
        lead = "Rules that choose a node for each task: champions that self-play found, and well-known references."
        with frame("Policies", active="policies", lead=lead):
            words = Words("Reading policies", "The policies could not be read")
            show_read(lambda: policy_lines(runs), _list, words)

    @ui.page("/policies/{name:path}")
    def policy(name: str) -> None:
        with frame(name, active="policies", lead="What a policy does, how it was found, and what it achieves."):
            words = Words("Reading the policy", "The policy could not be read", "All policies", "/policies")
            show_read(lambda: policy_view(name, runs), _policy, words)


def _list(lines: list[PolicyLine]) -> None:
    with card("Which policy is best?"):
        text(
            "p",
            "It depends on what you place. Take the champion that is made for it where its whole interval is above 0: "
            "it is ahead of every reference there. Elsewhere, a reference is as good or better. Open one to see why.",
        )
        link("Which is best for this cluster?", f"/chat?ask={quote(BEST_HERE, safe='')}", is_button=True)
        data_table(
            (
                Column("name", "Policy"),
                Column("purpose", "Made for"),
                Column("ahead_text", "Ahead of the closest reference by [95 %]"),
            ),
            [line._asdict() for line in lines if line.kind == "champion"],
            label="Shipped champions",
            row_key="name",
            on_select=lambda name: ui.navigate.to(path_of(name)),
        ).classes("wide")
    data_table(
        (
            Column("name", "Policy"),
            Column("kind", "Kind"),
            Column("purpose", "For"),
            Column("ahead", "Ahead by [95 %]", is_number=True, shown="ahead_text"),
            Column("source", "Trained on"),
        ),
        [{**line._asdict(), "kind": KINDS[line.kind]} for line in lines],
        label="Policies",
        row_key="name",
        search="Search policies",
        on_select=lambda name: ui.navigate.to(path_of(name)),
        page_size=50,
    ).classes("wide")
    text(
        "p",
        "Leads are on scenarios that a champion never met, over the reference that comes closest there. Units differ "
        "from source to source, so compare within one.",
        "muted small",
    )


def _policy(view: PolicyView) -> None:
    with element("div", "line"):
        badge(KINDS[view.kind], "info" if view.kind != "reference" else "neutral")
        if view.in_decisions:
            link("See its decisions", view.in_decisions, is_button=True)
        if view.run_path:
            link("The run", view.run_path, is_button=True)
        link("All policies", "/policies", is_button=True)
    with card("What it does"):
        text("p", view.purpose, "break")
        if view.idea:
            text("p", view.idea, "break")
        if view.words != f"{view.purpose}.":
            text("p", view.words, "muted break")
        with element("div", "program-text").props('tabindex=0 role=region aria-label="Program"'):
            text("pre", view.program)
    if view.lead or view.judged:
        with card("What it achieves"):
            if view.lead:
                text("p", view.lead, "break")
            for judged in view.judged:
                _judged(judged)
    if view.parts:
        with card("What each part is worth"):
            text("p", f"Value that is lost without a part, {view.parts_unit}, with its 95 % interval.", "muted")
            _long_table(("without", "loss [95 %]"), view.parts, PARTS_SHOWN, label="Loss without each part")
    if view.provenance:
        with card("How it was found"):
            facts([(k, v) for k, _, v in (line.partition(": ") for line in view.provenance)])
    if view.family:
        with card("Of the same origin"), element("div", "line"):
            for name in view.family:
                link(name, path_of(name))
    with card("Use it"):
        for meaning, line in view.commands:
            text("p", meaning, "muted small")
            command(line)


def _judged(judged: Judged) -> None:
    text("p", judged.title, "small break")
    _long_table(
        ("reference", "its mean", "champion ahead by [95 %]"),
        judged.rows,
        REFERENCES_SHOWN,
        label="Leads over references, closest first",
    )


def _long_table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], most: int, *, label: str) -> None:
    """Show the first rows of a table, and all of them on request."""
    numbers = tuple(range(1, len(columns)))
    small_table(columns, rows[:most], label=label, numbers=numbers)
    if len(rows) > most:
        with element("details"):
            text("summary", f"All {len(rows)}")
            small_table(columns, rows, label=f"{label}, all", numbers=numbers)
