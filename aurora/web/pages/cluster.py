"""The page Cluster: the snapshot at a glance."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import run, ui

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
    metric,
    text,
)
from aurora.web.design.frame import frame
from aurora.web.views.cluster import cluster_view


def add(context: WebContext) -> None:
    """Register the page."""

    @ui.page("/")
    def cluster() -> None:
        with frame("Cluster", active="cluster", lead="What the cluster holds now, what waits, and what it costs."):
            _body(context)


def _body(context: WebContext) -> None:
    @ui.refreshable
    def body() -> None:
        view = cluster_view(context.desk.cluster)
        with element("div", "line spread"):
            text("span", f"{view.name}, read {view.taken_at:%Y-%m-%d %H:%M} UTC", "muted")
            button("Read again", again, icon="refresh")
        with element("div", "grid"):
            for figure in view.figures:
                with card(classes="tight"):
                    metric(figure.label, figure.value, figure.note)
        with card("Nodes"):
            data_table(
                (
                    Column("id", "Node"),
                    Column("load", "Requested", is_number=True, shown="shown"),
                    Column("tasks", "Tasks", is_number=True),
                    Column("trouble", "State"),
                    Column("kind", "Kind"),
                    Column("zone", "Zone"),
                ),
                [{"id": t.node_id, **t._asdict()} for t in view.tiles],
                label="Nodes",
                search="Search nodes",
            )
        with card("Waiting tasks"):
            if not view.waiting:
                empty_state("Nothing waits", "Tasks that find no node are listed here.")
            for row in view.waiting:
                with element("div", "line"):
                    text("span", row.task_id, "break")
                    text("span", f"asks for {row.asks}, waits {row.waits}", "muted small")
                    question = quote(f"why is {row.task_id} pending?")
                    text("a", "Ask why").props["href"] = f"/chat?ask={question}"

    async def again() -> None:
        try:
            await run.io_bound(context.refresh)
        except AuroraError as error:
            problem.clear()
            with problem:
                error_state("The cluster could not be read again", str(error), retry=again)
            return
        problem.clear()
        body.refresh()

    problem = element("div", "stack")
    body()
