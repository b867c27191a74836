"""The page Forecasts and what-if: what follows a series, the capacity that covers it, and what-ifs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request
from nicegui import ui

from aurora.errors import AuroraError
from aurora.types import Cancelled
from aurora.web.context import WebContext
from aurora.web.design.components import button, card, element, empty_state, error_state, loading, metric, text
from aurora.web.design.figures import figure
from aurora.web.design.frame import frame
from aurora.web.design.tables import Cell, points, small_table
from aurora.web.design.working import CANCELLED, Stop, compute
from aurora.web.views.asked import HORIZON, LEAST_LOAD, MOST_LOAD, MOST_PRICE, Asked, read_asked
from aurora.web.views.forecasts import (
    MAX_HORIZON,
    MIN_HORIZON,
    ForecastView,
    FuturesView,
    chosen,
    forecast_view,
    futures_view,
    series_rows,
    summed,
)
from aurora.web.views.series_sources import open_source, sources
from aurora.web.views.what_ifs import (
    ClusterWhatIfView,
    DemandWhatIfView,
    FigureRow,
    Sliders,
    cluster_what_if,
    demand_what_if,
)

AT_ONCE_SECONDS = 0.3
"""Longest time of a what-if that runs at every move of a slider; slower ones wait for a button."""
HORIZONS = (6, HORIZON, 24, 48, MAX_HORIZON)
VERDICTS = {"kept": "good", "not kept": "bad"}


def add(context: WebContext) -> None:
    """Register the page.

    Args:
        context: What the pages share.
    """

    @ui.page("/forecasts")
    def forecasts(request: Request) -> None:
        with frame(
            "Forecasts and what-if",
            active="forecasts",
            lead="What measured demand will do next, the capacity that covers it, and what changes would do.",
        ):
            _Page(context, read_asked(request.query_params)).build()


class _Page:
    """The page of one visitor: what is asked for, and the parts that show it."""

    def __init__(self, context: WebContext, asked: Asked) -> None:
        self.context = context
        self.asked = asked
        self.futures: FuturesView | None = None
        self.is_running = self.is_waiting = False

    def build(self) -> None:
        """Show the choices, and begin to compute."""
        places = sources(self.context.desk, self.context.settings)
        if not places:
            empty_state(
                "No series is open",
                f"Start the desk with a history of the cluster, or put files of series (.csv, .parquet) into "
                f"{self.context.settings.runs}.",
                command="aurora serve --history FILE",
                icon="show_chart",
            )
        else:
            with card("What to forecast"):
                self.choices = element("div", "controls")
            self.forecast = element("div", "stack")
            self.tiers = element("div", "stack")
        with card("What if"):
            self._sliders()
            self.cluster = element("div", "stack")
            with self.cluster:
                loading("Simulating the cluster")
            self.demand = element("div", "stack")
        ui.timer(0, self._start, once=True)

    async def _start(self) -> None:
        await self._what_if()
        if sources(self.context.desk, self.context.settings):
            await self._open()
            await self._what_if()

    async def _open(self) -> None:
        """Read the series, and show what can be chosen."""
        places = sources(self.context.desk, self.context.settings)
        source = self.asked.source or places[0].key
        problem = None
        try:
            panel = await compute(open_source, source, self.context.desk, self.context.settings)
        except AuroraError as error:
            panel, problem = None, str(error)
        rows = () if panel is None else series_rows(panel)
        self.choices.clear()
        with self.choices:
            keys = {p.key: p.label for p in places}
            _select("Series from", keys | {source: keys.get(source, source)}, source, self._source)
            if panel is not None:
                known = {r.key: r.label for r in rows}
                now = self.asked.series or rows[0].key
                _select("Series", known, now if now in known else None, self._series)
                steps = sorted({*HORIZONS, self.asked.horizon})
                _select("Steps ahead", {k: f"{k} steps" for k in steps}, self.asked.horizon, self._horizon)
                ui.number(
                    "Cores in one unit of the series",
                    value=self.asked.cores,
                    min=0,
                    on_change=lambda e: self._cores(e.value),
                ).props('outlined dense debounce=600 hint="Only for series that are not in cores" clearable')
        if panel is None or problem is not None:
            message = problem or ""
            self._show(self.forecast, lambda: error_state("The series could not be read", message, retry=self._open))
            self.tiers.clear()
            return
        try:
            series = chosen(panel, self.asked.series)
        except AuroraError as error:
            self._failed(self.forecast, "The series is not there", error)
            return
        ids = {s.unique_id for s in series}
        findings = [f"{f.unique_id}: {f.message}" for f in panel.findings if f.unique_id in ids]
        await self._forecast(series, findings)
        await self._futures(series)

    async def _forecast(self, series: Sequence[Any], findings: Sequence[str]) -> None:
        self._show(self.forecast, lambda: loading("Forecasting"))
        self.tiers.clear()
        try:
            view = await compute(lambda: forecast_view(summed(series), self.asked.horizon, findings))
        except AuroraError as error:
            self._failed(self.forecast, "There is no forecast", error)
            return
        self._show(self.forecast, lambda: _forecast_part(view))

    async def _futures(self, series: Sequence[Any]) -> None:
        state: dict[str, str] = {}

        def progress(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
            state["text"] = f"{stage}: {done} of {total}"

        self.futures = None
        self._show(self.tiers, lambda: loading("Sampling futures and checking tiers at past moments"))
        stop = Stop()
        with self.tiers:
            label = text("span", "", "muted small")
            button("Cancel", stop.ask, kind="quiet")
        watch = ui.timer(0.5, lambda: label.set_text(state.get("text", "")))
        asked = self.asked
        try:
            self.futures = await compute(
                lambda: futures_view(series, asked.horizon, cores_per_unit=asked.cores, progress=stop.among(progress))
            )
        except Cancelled:
            self._show(self.tiers, lambda: error_state("Cancelled", CANCELLED, retry=lambda: self._futures(series)))
            return
        except AuroraError as error:
            self._failed(self.tiers, "There are no tiers for these series", error)
            return
        finally:
            watch.cancel()
        view = self.futures
        self._show(self.tiers, lambda: _futures_part(view))

    def _sliders(self) -> None:
        now = self.asked.sliders
        text("p", "Simulated at once: nothing is changed in the cluster.", "muted")
        with element("div", "controls"):
            self.load = _slider("Load", now.load, LEAST_LOAD, MOST_LOAD, self._moved)
            self.price = _slider("Price of nodes", now.price, 0.0, MOST_PRICE, self._moved)
            nodes = {"": "none"} | {n.node_id: n.node_id for n in self.context.desk.cluster.nodes}
            self.node = _select("Node that fails", nodes, now.node_id if now.node_id in nodes else "", self._moved)
        with element("div", "line"):
            self.go = button("Simulate", self._what_if, kind="primary")
            self.go.set_visibility(False)
            button("Reset", self._reset, kind="quiet")
            self.took = text("span", "", "muted small").props("role=status")

    async def _reset(self) -> None:
        for slider in (self.load, self.price):
            slider.set_value(1.0)
        self.node.set_value("")
        await self._moved()

    async def _moved(self, _: Any = None) -> None:
        sliders = Sliders(float(self.load.value), str(self.node.value or ""), float(self.price.value))
        if sliders == self.asked.sliders:
            return
        self._ask(self.asked._replace(sliders=sliders))
        if not self.go.visible:
            await self._what_if()

    async def _what_if(self) -> None:
        """Simulate the sliders' changes; moves meanwhile are simulated together afterwards."""
        if self.is_running:
            self.is_waiting = True
            return
        self.is_running = self.is_waiting = True
        while self.is_waiting:
            self.is_waiting = False
            self.took.set_text("Simulating …")
            await self._simulate(self.asked.sliders)
        self.is_running = False

    async def _simulate(self, sliders: Sliders) -> None:
        snapshot, view = self.context.desk.cluster, self.futures

        def both() -> tuple[ClusterWhatIfView, DemandWhatIfView | None, float]:
            began = time.perf_counter()
            cluster = cluster_what_if(snapshot, sliders)
            demand = None if view is None else demand_what_if(view.report, sliders)
            return cluster, demand, time.perf_counter() - began

        try:
            cluster, demand, seconds = await compute(both)
        except AuroraError as error:
            self._failed(self.cluster, "The what-if could not be simulated", error)
            return
        self.go.set_visibility(seconds > AT_ONCE_SECONDS)
        self.took.set_text(f"Simulated in {1000 * seconds:.0f} ms")
        self._show(self.cluster, lambda: _cluster_part(cluster))
        self._show(self.demand, lambda: None if demand is None else _demand_part(demand))

    def _ask(self, asked: Asked) -> None:
        self.asked = asked
        ui.navigate.history.replace(asked.address)

    async def _source(self, event: Any) -> None:
        self._ask(self.asked._replace(source=str(event.value or ""), series=""))
        await self._open()
        await self._what_if()

    async def _series(self, event: Any) -> None:
        self._ask(self.asked._replace(series=str(event.value or "")))
        await self._open()
        await self._what_if()

    async def _horizon(self, event: Any) -> None:
        self._ask(self.asked._replace(horizon=min(max(int(event.value), MIN_HORIZON), MAX_HORIZON)))
        await self._open()
        await self._what_if()

    async def _cores(self, value: Any) -> None:
        self._ask(self.asked._replace(cores=float(value) if value else None))
        await self._open()
        await self._what_if()

    def _failed(self, place: ui.element, title: str, error: AuroraError) -> None:
        message = str(error)
        self._show(place, lambda: error_state(title, message))

    @staticmethod
    def _show(place: ui.element, build: Callable[[], Any]) -> None:
        place.clear()
        with place:
            build()


def _select(label: str, options: dict[Any, str], value: Any, on_change: Callable[..., Any]) -> ui.select:
    made = ui.select(options, label=label, value=value, on_change=on_change, with_input=len(options) > 12)  # noqa: PLR2004
    made.props("outlined dense options-dense")
    return made


class _Slider(ui.slider):
    """A slider that moves at once; the server sends no value back, which would undo moves made meanwhile."""

    LOOPBACK = False


def _slider(label: str, value: float, least: float, most: float, on_change: Callable[..., Any]) -> ui.slider:
    with element("div", "slider"):
        with element("div", "name"):
            text("span", label)
            shown = text("span", f"× {value:.2f}")
        made = _Slider(min=least, max=most, step=0.05, value=value, on_change=on_change)
        made.props["aria-label"] = f"{label}, times"
        made.on_value_change(lambda e: shown.set_text(f"× {e.value:.2f}"))
    return made


def _forecast_part(view: ForecastView) -> None:
    with card("Forecast"):
        with element("div", "grid"):
            metric("Next value", view.next_median, f"{view.next_interval}, 80 % interval")
            metric("At the end of the horizon", view.last_median, f"{view.last_interval}, 80 % interval")
            metric("Measured up to", view.end, view.end_note)
        figure(view.chart, summary=view.summary)
        text("p", view.method, "small muted")
        with element("details", "as-table"):
            text("summary", "Intervals of each step")
            small_table(
                ("time", "median", "50 % interval", "80 % interval", "95 % interval"),
                view.steps,
                label="Intervals of each step",
            )
        if view.findings:
            text("h3", "Defects of the data")
            points(view.findings)


def _futures_part(view: FuturesView) -> None:
    with card("Capacity that covers the demand"):
        figure(view.fan, summary=view.fan_summary)
        small_table(
            ("tier", "capacity", "exceeded at some step", "held at past moments", "promise"),
            [
                (t.name, t.cores, t.exceeded, t.kept, Cell(t.verdict, VERDICTS.get(t.verdict, "neutral")))  # type: ignore[arg-type]
                for t in view.tiers
            ],
            label="Tiers of capacity",
        )
        if view.past is not None:
            text("h3", "How the promise held")
            figure(view.past, summary=view.past_summary)
        text("p", view.basis, "small muted")
        if view.notes:
            points(view.notes)
    with card("Plans in the same futures"):
        small_table(
            ("plan", "nodes", "cost (5 to 95 %)", "jobs too late (5 to 95 %)", "worse by (95 %)", "best with"),
            view.plans,
            label="Plans of capacity, the best first",
        )
        text("p", view.terms, "small muted")


def _cluster_part(view: ClusterWhatIfView) -> None:
    text("h3", f"The cluster: {', '.join(view.changes)}" if view.changes else "The cluster as it is")
    small_table(
        ("figure", "now", "with the changes", "change"),
        [(f.name, f.before, f.after, _state(f)) for f in view.figures],
        label="The cluster before and after",
    )
    if view.full:
        text("p", f"Overfull: {'; '.join(view.full)}", "small break")
    if view.waiting_count:
        with element("details", "as-table"):
            text("summary", f"{view.waiting_count} tasks lose their place")
            small_table(("task", "why no node takes it"), view.waiting, label="Tasks without a node")


def _state(figure: FigureRow) -> str:
    if figure.is_worse:
        return Cell("worse", "warn")
    return "" if figure.before == figure.after else "changed"


def _demand_part(view: DemandWhatIfView) -> None:
    text("h3", f"Plans of capacity: {view.changes}" if view.changes else "Plans of capacity as forecast")
    earlier = {p.name: p for p in view.before}
    small_table(
        ("plan", "nodes", "cost as forecast", "cost now", "jobs too late as forecast", "jobs too late now"),
        [(p.name, p.nodes, earlier[p.name].cost, p.cost, earlier[p.name].missed, p.missed) for p in view.after],
        label="Plans of capacity with the changes, the best first",
    )
