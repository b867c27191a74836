"""The page Experiments: randomised control groups, their effect as days go by, stop rules, and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import ui

from aurora.errors import AuroraError
from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    Tone,
    badge,
    card,
    command,
    data_table,
    element,
    empty_state,
    error_state,
    facts,
    loading,
    metric,
    text,
)
from aurora.web.design.figures import figure
from aurora.web.design.frame import frame
from aurora.web.design.tables import Cell, small_table
from aurora.web.design.working import compute
from aurora.web.views.experiments import (
    ExperimentRow,
    ExperimentView,
    experiment_folders,
    experiment_rows,
    experiment_view,
)
from aurora.web.views.ledgers import LedgerView, ledgers

VERDICTS: dict[str, Tone] = {"within": "good", "outside": "bad", "open": "neutral"}
NEW = """aurora experiment sample --out runs/june.csv
aurora experiment new runs/trial --before runs/june.csv --metric cost --guardrail latency --start 2026-07-01"""


def add(context: WebContext) -> None:
    """Register the page.

    Args:
        context: What the pages share.
    """

    @ui.page("/experiments")
    def experiments(request: Request) -> None:
        with frame(
            "Experiments",
            active="experiments",
            lead="Changes tried on some accounts, drawn at random, against a control group; valid at every look.",
        ):
            _Page(context, request.query_params.get("experiment", "")).build()


class _Page:
    """The page of one visitor: which experiment is shown."""

    def __init__(self, context: WebContext, key: str) -> None:
        self.context = context
        self.key = key

    def build(self) -> None:
        """Show the parts, and begin to read."""
        self.list = element("div", "stack")
        self.details = element("div", "stack")
        self.ledger = element("div", "stack")
        self._show(self.list, lambda: loading("Reading experiments"))
        ui.timer(0, self._load, once=True)

    async def _load(self) -> None:
        settings = self.context.settings
        rows = await compute(experiment_rows, settings)
        if not rows:
            self._show(
                self.list,
                lambda: empty_state(
                    "No experiment is registered",
                    f"Register one in a folder below {settings.runs}: its groups are drawn at random.",
                    command=NEW,
                    icon="science",
                ),
            )
        else:
            self._show(self.list, lambda: self._list(rows))
            await self._open(self.key or next((r.key for r in rows if not r.problem), ""))
        books = await compute(ledgers, settings)
        self._show(self.ledger, lambda: _ledgers(books))

    def _list(self, rows: tuple[ExperimentRow, ...]) -> None:
        with card("Registered"):
            if any(not r.problem for r in rows):
                options = {r.key: f"{r.name}: {r.metric}, {r.accounts}, from {r.start}" for r in rows if not r.problem}
                ui.select(
                    options,
                    label="Experiment",
                    value=self.key if self.key in options else next(iter(options)),
                    on_change=self._chosen,
                ).props("outlined dense options-dense")
            for row in rows:
                if row.problem:
                    text("p", f"{row.name} can't be opened: {row.problem}", "small break")

    async def _chosen(self, event: Any) -> None:
        key = str(event.value or "")
        ui.navigate.history.replace(f"/experiments?experiment={quote(key)}")
        await self._open(key)

    async def _open(self, key: str) -> None:
        if not key:
            return
        self.key = key
        known = {str(folder): folder for folder in experiment_folders(self.context.settings)}
        self._show(self.details, lambda: loading("Testing the effect after each day"))
        try:
            view = await compute(experiment_view, known.get(key, Path("no experiment of the served folders")))
        except AuroraError as error:
            message = str(error)
            self._show(self.details, lambda: error_state("The experiment could not be opened", message))
            return
        self._show(self.details, lambda: _experiment(view, key))

    @staticmethod
    def _show(place: ui.element, build: Callable[[], Any]) -> None:
        place.clear()
        with place:
            build()


def _day(view: ExperimentView) -> tuple[str, str, str]:
    """Return what the day of an experiment is, the day, and how it is meant."""
    day = int(view.day.split()[0])
    later = f"{view.measured} days are measured; days after the decision don't alter it." if day < view.measured else ""
    return ("Decided on day" if later else "Day"), view.day, " ".join(filter(None, (later, view.missing)))


def _experiment(view: ExperimentView, key: str) -> None:
    with card(view.name):
        with element("div", "line"):
            badge(view.decision, view.tone)
            text("span", view.reason, "break")
        with element("div", "grid"):
            metric(*_day(view))
            if view.effect:
                metric("Effect", view.effect, view.effect_note)
                metric("p-value", view.p_value, "of no effect, valid however often one looks")
        if not view.charts:
            text("p", "Add the measurements of the first days:", "muted")
            command(f"aurora experiment status {key} --add FILE")
    if view.charts:
        with card("Effect as days go by"):
            for title, chart, summary in view.charts:
                text("h3", title)
                figure(chart, summary=summary)
            with element("details", "as-table"):
                text("summary", "Intervals of each day")
                small_table(
                    ("day", "date", "effect (valid on all days)", "guardrail, worse by"),
                    [(str(d.day), d.date, d.effect, d.guardrail) for d in view.days],
                    label="Effect by day",
                )
        with card("Groups"):
            small_table(
                ("group", "accounts", "as assigned", "crossed over", "not known", "values missing"),
                [tuple(str(cell) for cell in arm) for arm in view.arms],
                label="Groups and their actual treatment",
                numbers=range(1, 6),
            )
            if view.per_protocol:
                text("p", view.per_protocol, "small muted")
    with card("Stop rules"):
        small_table(
            ("rule", "when", "now", "state"),
            [
                (r.name, r.condition, r.state, Cell("met", "warn") if r.is_met else Cell("not met", "neutral"))
                for r in view.rules
            ],
            label="Registered stop rules",
        )
        facts(view.registered)
    with element("details", "as-table"):
        text("summary", f"Who is in which group ({len(view.assigned)} accounts)")
        data_table(
            (Column("account", "Account"), Column("block", "Block", is_number=True), Column("arm", "Group")),
            [{"id": a, "account": a, "block": b, "arm": arm} for a, b, arm in view.assigned],
            label="Accounts and their groups",
        )


def _ledgers(books: tuple[LedgerView, ...]) -> None:
    with card("Ledger of promised savings"):
        if not books:
            text("p", "No ledger yet. Applying recommendations with a ledger writes down what they promise.", "muted")
            command("aurora recommend apply plan.json --inventory inventory.json --ledger runs/ledger.jsonl")
        for book in books:
            text("h3", book.key, "break")
            if book.problem:
                text("p", book.problem, "break")
                continue
            with element("div", "line"):
                if book.is_calibrated is not None:
                    held = book.is_calibrated
                    badge("intervals hold" if held else "intervals don't hold", "good" if held else "bad")
                text("span", book.summary, "small")
            small_table(
                ("change", "account", "promised on", "promised", "realised", "interval"),
                [(*row[:5], Cell(row.verdict, VERDICTS[row.verdict])) for row in book.rows],
                label=f"Promises of {book.key}",
            )
