"""The page Recommendations: what is wrong or wasted, with evidence and money, and a plan of what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from nicegui import ui

from aurora.errors import AuroraError
from aurora.learning.rightsizing.containers import Prices
from aurora.types import Cancelled
from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    Tone,
    badge,
    button,
    card,
    command,
    data_table,
    element,
    empty_state,
    error_state,
    link,
    loading,
    metric,
    text,
)
from aurora.web.design.frame import frame
from aurora.web.design.tables import points
from aurora.web.design.working import CANCELLED, Stop, compute
from aurora.web.views.advice_rows import AdviceRow
from aurora.web.views.recommendations import (
    ACCOUNT_SUFFIXES,
    CONTAINER_SUFFIXES,
    RecommendationsView,
    account_file,
    cluster_recommendations,
    container_file,
    plan_of,
)
from aurora.web.views.series_sources import files_of

TONES: dict[str, Tone] = {"error": "bad", "warning": "warn", "hint": "info", "none": "neutral"}
WORDS = {"error": "error", "warning": "warning", "hint": "hint", "none": "no change"}
KINDS = {"accounts": "Histories of accounts", "containers": "Histories of containers"}
SHOWN = ("error", "warning", "hint")
"""Severities that are shown at first."""
CLUSTER = ""
"""Parameter of the open cluster; else the path of a file."""


def add(context: WebContext) -> None:
    """Register the page.

    Args:
        context: What the pages share.
    """

    @ui.page("/recommendations")
    def recommendations(request: Request) -> None:
        asked = request.query_params
        kind = asked.get("kind", "accounts")
        shown = set(asked.get("show", "").split(",")) & set(WORDS)
        with frame(
            "Recommendations",
            active="recommendations",
            lead="What is wrong or wasted, what it rests on, what a change saves, and a plan that makes it.",
        ):
            page = _Page(context, asked.get("file", CLUSTER), kind if kind in KINDS else "accounts")
            page.severities = shown or set(SHOWN)
            page.row = asked.get("row", "")
            page.build()


class _Page:
    """The page of one visitor: what is shown, filtered and chosen."""

    def __init__(self, context: WebContext, file: str, kind: str) -> None:
        self.context = context
        self.file = file
        self.kind = kind
        self.prices: Prices | None = None
        self.view: RecommendationsView | None = None
        self.severities = set(SHOWN)
        self.row = ""
        self.chosen: set[str] = set()

    def build(self) -> None:
        """Show the parts, and begin to compute."""
        self.summary = element("div", "stack")
        with element("div", "split"):
            self.list = element("div", "stack")
            with element("div", "stack"):
                self.details = element("div", "stack")
                self._import_card()
        self._show(self.list, lambda: loading("Looking for what can be improved"))
        ui.timer(0, self._load, once=True)

    async def _load(self) -> None:
        state: dict[str, str] = {}

        def progress(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
            state["text"] = f"{done} of {total} {stage}"

        self._show(self.list, lambda: loading("Looking for what can be improved"))
        stop = Stop()
        with self.list:
            label = text("span", "", "muted small")
            if self.file and self.kind != "containers":
                button("Cancel", stop.ask, kind="quiet")
        watch = ui.timer(0.5, lambda: label.set_text(state.get("text", "")))
        context, file = self.context, self.file
        try:
            if not file:
                self.view = await compute(cluster_recommendations, context.desk)
            elif self.kind == "containers":
                self.view = await compute(container_file, file, context.settings, self.prices)
            else:
                self.view = await compute(account_file, file, context.settings, stop.among(progress))
        except Cancelled:
            self.view = None
            self._show(self.list, lambda: error_state("Cancelled", CANCELLED, retry=self._load))
            return
        except AuroraError as error:
            self.view = None
            self.summary.clear()
            self.details.clear()
            message = str(error)
            self._show(self.list, lambda: error_state("There are no recommendations", message, retry=self._load))
            return
        finally:
            watch.cancel()
        self.chosen.clear()
        self._summary()
        self._rows()
        self._details(self.row if self.row in {r.key for r in self.view.rows} else None)

    def _summary(self) -> None:
        view = self.view
        if view is None:
            return
        counts, savings = view.counts, view.savings

        def build() -> None:
            with element("div", "grid tiles"):
                for severity, note in (
                    ("error", "it does not work as it is"),
                    ("warning", "it may fail at any time"),
                    ("hint", "it wastes, or is not known"),
                ):
                    with card(classes="tight"):
                        metric(f"{WORDS[severity].capitalize()}s", str(counts[severity]), note)
                if savings is not None:
                    with card(classes="tight"):
                        metric("Savings a month", savings.value, f"{savings.range}, of all that lowers costs")
                most = view.most
                if most is not None and most.money is not None:
                    with card(classes="tight"):
                        metric("Saves most", most.money.value, f"a month ({most.money.range})")
                        made = text("button", most.subject, "link break small")
                        made.props("type=button")
                        made.on("click", lambda: self._open_details(most.key))

        self._show(self.summary, build)

    def _rows(self) -> None:
        view = self.view
        if view is None:
            return
        shown = [r for r in view.rows if r.severity in self.severities]

        def build() -> None:
            with card(f"Recommendations for {view.title}"):
                self._filters()
                if not shown:
                    empty_state("Nothing to recommend", "Nothing of the chosen severities was found.", icon="task_alt")
                else:
                    self._table(shown)
                    if any(r.can_plan for r in view.rows):
                        self._plan_bar()
                if view.money_note:
                    text("p", view.money_note, "small muted")
                if view.remarks:
                    points(view.remarks)

        self._show(self.list, build)

    def _filters(self) -> None:
        counts = self.view.counts if self.view is not None else {}
        with element("div", "line").props('role=group aria-label="Severities that are shown"'):
            for severity, word in WORDS.items():
                ui.checkbox(
                    f"{word} ({counts.get(severity, 0)})",
                    value=severity in self.severities,
                    on_change=lambda e, s=severity: self._filter(s, is_shown=bool(e.value)),
                )

    def _filter(self, severity: str, *, is_shown: bool) -> None:
        (self.severities.add if is_shown else self.severities.discard)(severity)
        self._remember()
        self._rows()

    def _table(self, rows: list[AdviceRow]) -> None:
        table = data_table(
            (
                Column("rank", "Severity", is_number=True, shown="severity"),
                Column("subject", "Subject"),
                Column("finding", "Finding"),
                Column("savings", "Saves a month (interval)", is_number=True, shown="money"),
            ),
            [r.to_row() for r in rows],
            label="Recommendations",
            search="Search recommendations",
        )
        table.columns[0]["align"] = "left"
        table.classes("wide")
        table.add_slot(
            "body-cell-rank",
            """<q-td :props="props"><span class="badge" :class="{bad: props.row.severity == 'error',
            warn: props.row.severity == 'warning', info: props.row.severity == 'hint'}">{{ props.row.severity }}</span>
            </q-td>""",
        )
        table.add_slot(
            "body-cell-subject",
            """<q-td :props="props"><button type="button" class="link break"
            @click.stop="$parent.$emit('details', props.row.id)">{{ props.row.subject }}</button></q-td>""",
        )
        table.add_slot(
            "body-cell-savings",
            """<q-td :props="props"><div class="nowrap">{{ props.row.money }}</div>
            <div class="nowrap muted" v-if="props.row.range">{{ props.row.range }}</div></q-td>""",
        )
        table.on("details", lambda e: self._open_details(str(e.args)))

    def _open_details(self, key: str) -> None:
        """Show a recommendation and bring it into view, which a narrow screen needs."""
        self._details(key)
        self.details.run_method("scrollIntoView", {"block": "nearest"})

    def _details(self, key: str | None) -> None:
        row = None if not key or self.view is None else self.view.row(key)
        if row is not None and row.key != self.row:
            self.row = row.key
            self._remember()

        def build() -> None:
            if row is None:
                with card("Details"):
                    text("p", "Choose a recommendation to see its evidence and what to do.", "muted")
                return
            with card(row.subject):
                with element("div", "line"):
                    badge(WORDS[row.severity], TONES[row.severity])
                    text("span", row.finding)
                if row.action:
                    text("h3", "What to do")
                    text("p", row.action, "break")
                if row.money is not None:
                    metric("Saves a month", row.money.text, self.view.money_note if self.view is not None else "")
                if row.confidence:
                    metric("Confidence", row.confidence)
                if row.evidence:
                    text("h3", "Evidence")
                    points(row.evidence)
                if row.would_change:
                    text("h3", "What would change it")
                    points(row.would_change)
                self._next(row)

        self._show(self.details, build)

    def _next(self, row: AdviceRow) -> None:
        with element("div", "line"):
            if row.can_plan:
                ui.checkbox(
                    "Take it into a plan",
                    value=row.key in self.chosen,
                    on_change=lambda e: self._choose(row.key, is_chosen=bool(e.value)),
                )
            if row.kind == "cluster":
                link("Ask about it", f"/chat?ask={quote(f'what about {row.finding}: {row.subject}?')}", is_button=True)
        if row.kind == "account" and self.file:
            text("p", "A plan for accounts is a file that `aurora recommend apply` carries out.", "small muted")
            command(f"aurora recommend {self.file} --plan plan.json")

    def _choose(self, key: str, *, is_chosen: bool) -> None:
        (self.chosen.add if is_chosen else self.chosen.discard)(key)
        self._rows()

    def _plan_bar(self) -> None:
        with element("div", "line spread"):
            text("span", f"{len(self.chosen)} chosen for a plan", "muted")
            with element("div", "line"):
                button("Choose all", self._choose_all, kind="quiet")
                self.make = button("Make a plan", self._make, kind="primary")
                if not self.chosen:
                    self.make.disable()

    def _choose_all(self) -> None:
        view = self.view
        if view is not None:
            every = {r.key for r in view.rows if r.can_plan}
            self.chosen = set() if self.chosen == every else every
            self._rows()

    async def _make(self) -> None:
        """Make the plan; a second click does nothing meanwhile."""
        view = self.view
        if view is None or not self.chosen or not self.make.enabled:
            return
        self.make.disable()
        self.make.set_text("Making the plan …")
        try:
            self.context.require("plan")
            report = await compute(plan_of, view, frozenset(self.chosen), self.context.desk, self.context.who)
        except AuroraError as error:
            ui.notify(str(error), type="negative", multi_line=True)
            self._rows()
            return
        ui.navigate.to(f"/plans/{quote(report.plan.plan_id)}")

    def _import_card(self) -> None:
        settings = self.context.settings
        with card("Another source"):
            text("p", "Histories of accounts or containers, from a file of the runs or data folder.", "muted small")
            self.kind_field = ui.select(KINDS, label="Kind", value=self.kind).props("outlined dense")
            names = sorted({str(p) for p in files_of(settings, (*ACCOUNT_SUFFIXES, *CONTAINER_SUFFIXES))})
            self.file_field = ui.input("File", value=self.file, autocomplete=names).props("outlined dense clearable")
            with element("div", "controls"):
                self.core_price = ui.number("Core, $/h", min=0).props('outlined dense hint="Containers only"')
                self.gib_price = ui.number("GiB, $/h", min=0).props('outlined dense hint="Containers only"')
            with element("div", "line"):
                button("Open the file", self._open, icon="folder_open")
                button("The cluster", self._cluster, kind="quiet")
            text("p", "A file to try: ", "small muted")
            command("aurora recommend sample --out runs/histories.jsonl")

    async def _open(self) -> None:
        core, gib = self.core_price.value, self.gib_price.value
        self.prices = None if core is None or gib is None else Prices(float(core), float(gib))
        self.file, self.kind, self.row = str(self.file_field.value or ""), str(self.kind_field.value), ""
        self._remember()
        await self._load()

    def _remember(self) -> None:
        """Put what is shown into the address, so that a reload shows the same."""
        asked = {"file": self.file, "kind": self.kind if self.file else "", "row": self.row}
        if self.severities != set(SHOWN):
            asked["show"] = ",".join(s for s in WORDS if s in self.severities)
        query = urlencode({name: value for name, value in asked.items() if value})
        ui.navigate.history.replace(f"/recommendations?{query}" if query else "/recommendations")

    async def _cluster(self) -> None:
        self.file_field.set_value("")
        await self._open()

    @staticmethod
    def _show(place: ui.element, build: Callable[[], Any]) -> None:
        place.clear()
        with place:
            build()
