"""The page Cluster: nodes by load, what waits and why, money and energy, and what changed since the last reading."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from nicegui import ui

from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError
from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    badge,
    button,
    card,
    command,
    data_table,
    element,
    empty_state,
    error_state,
    facts,
    link,
    loading,
    metric,
    sheet,
    text,
)
from aurora.web.design.frame import frame
from aurora.web.design.node_map import NodeMap
from aurora.web.views.changes import ChangesView, changes_view
from aurora.web.views.cluster import LOAD_LIMITS, ClusterView, NodeView, cluster_view, node_view
from aurora.web.views.tasks import TaskMatch, TaskMatches, WhyView, task_matches, why_view

LEAD = "How full the nodes are, what waits and why, and what it costs."
BUILD_SECONDS = 30.0
"""Longest time for the first look at a large snapshot."""
MOST_WITHOUT_SEARCH = 10
"""Most waiting tasks that are listed without a search."""
MOST_NODES_OF_WHY = 500
"""Most nodes that the reasons of a waiting task list."""


class Looks:
    """Looks at snapshots, each of them once.

    Attributes:
        context: What the rooms share.
    """

    def __init__(self, context: WebContext) -> None:
        self.context = context
        self._seen: tuple[Snapshot, ClusterView] | None = None

    def view(self) -> ClusterView:
        """Return the data of the page for the snapshot that is open now."""
        snapshot = self.context.desk.cluster
        if self._seen is None or self._seen[0] is not snapshot:
            self._seen = snapshot, cluster_view(snapshot)
        return self._seen[1]

    def changes(self) -> ChangesView | None:
        """Return what changed since the reading before; None if there was none."""
        before = self.context.previous
        return None if before is None else changes_view(before, self.context.desk.cluster)

    def read_again(self) -> None:
        """Read the cluster anew.

        Raises:
            FileError: A file can't be read.
            DataError: The cluster can't be reached, or a file is none of a snapshot.
        """
        self.context.refresh()
        self.view()

    def node(self, node_id: str) -> NodeView | None:
        """Return the details of a node; None if there is none of that id."""
        return node_view(self.context.desk.cluster, node_id)

    def tasks(self, words: str) -> TaskMatches:
        """Return the tasks whose names hold words."""
        return task_matches(self.context.desk.cluster, words)

    def why(self, task_id: str) -> WhyView:
        """Return why a task waits.

        Raises:
            InputError: There is no such task, or it does not wait.
        """
        return why_view(self.context.desk.cluster, task_id)


def add(context: WebContext) -> None:
    """Register the page."""
    looks = Looks(context)

    @ui.page("/", response_timeout=BUILD_SECONDS)
    async def cluster(node: str = "", task: str = "") -> None:
        view = await asyncio.to_thread(looks.view)
        changes = await asyncio.to_thread(looks.changes)
        with frame("Cluster", active="cluster", lead=LEAD):
            page = Page(looks)
            page.build(view, changes)
            if node:
                page.open_node(node)
            elif task:
                await page.open_task(task)


class Page:
    """What one browser sees.

    Args:
        looks: Looks at the snapshot.
    """

    def __init__(self, looks: Looks) -> None:
        self.looks = looks
        self.problem = element("div", "stack")
        self.body = element("div", "page")
        self.nodes: NodeMap | None = None

    def build(self, view: ClusterView, changes: ChangesView | None) -> None:
        """Show the data of a reading in place of what was shown before."""
        self.problem.clear()
        self.body.clear()
        with self.body:
            with element("div", "line spread"):
                text("span", f"{view.name}, read {view.taken_at:%Y-%m-%d %H:%M} UTC", "muted break")
                button("Read again", self.read_again, icon="refresh")
            with element("div", "figure-grid"):
                for figure in view.figures:
                    metric(figure.label, figure.value, figure.note)
            with card("Nodes"):
                self.matches = element("div", "line").props("aria-live=polite")
                if view.nodes.tiles:
                    self.nodes = NodeMap(
                        view.nodes.tiles,
                        view.nodes.words,
                        view.nodes.measures,
                        LOAD_LIMITS,
                        on_pick=self.open_node,
                        on_seek=self.seek,
                    )
                else:
                    empty_state(
                        "This snapshot has no nodes", "Open another one.", command="aurora serve --snapshot FILE"
                    )
            self._waiting(view)
            _changes(changes)

    def _waiting(self, view: ClusterView) -> None:
        with card("Waiting tasks"):
            if not view.waiting:
                text("p", "No task waits for a node.", "muted")
                return
            text("p", "Open a task to see why it waits, and the smallest changes that would place it.", "muted")
            data_table(
                (
                    Column("id", "Task"),
                    Column("asks", "Asks for"),
                    Column("seconds", "Waits", is_number=True, shown="waits"),
                    Column("reason", "In the words of its system"),
                ),
                [{"id": row.task_id, **row._asdict()} for row in view.waiting],
                label="Waiting tasks",
                search="Search waiting tasks" if len(view.waiting) > MOST_WITHOUT_SEARCH else "",
                on_select=self.open_task,
            )

    async def read_again(self) -> None:
        """Read the cluster anew, and show what changed."""
        self.problem.clear()
        with self.problem:
            loading("Reading the cluster")
        try:
            await asyncio.to_thread(self.looks.read_again)
            changes = await asyncio.to_thread(self.looks.changes)
        except AuroraError as error:
            self.problem.clear()
            with self.problem:
                error_state("The cluster could not be read", str(error), retry=self.read_again)
            return
        self.build(self.looks.view(), changes)

    async def seek(self, words: str) -> None:
        """Show the tasks whose names hold what is searched."""
        found = await asyncio.to_thread(self.looks.tasks, words)
        self.matches.clear()
        if not found.rows:
            return
        with self.matches:
            text("span", found.title, "muted small")
            for task in found.rows:
                made = button(task.text, lambda t=task: self.open_match(t)).classes("break")
                made.props["title"] = task.task_id

    async def open_match(self, task: TaskMatch) -> None:
        """Show why a task waits, or the node that it is on."""
        if task.node_id:
            self.open_node(task.node_id)
        else:
            await self.open_task(task.task_id)

    def open_node(self, node_id: str) -> None:
        """Show the details of a node beside the page."""
        found = self.looks.node(node_id)
        with sheet(node_id, closed=self._closed):
            if found is None:
                empty_state("There is no such node", "It may be gone since the cluster was read.", icon="search_off")
                return
            _node(found)
        if self.nodes is not None:
            self.nodes.select(node_id)

    async def open_task(self, task_id: str) -> None:
        """Show why a task waits beside the page."""
        with sheet(task_id, closed=self._closed) as place:
            waiting = loading("Looking for the reason")
        try:
            why = await asyncio.to_thread(self.looks.why, task_id)
        except AuroraError as error:
            waiting.delete()
            with place:
                error_state("It can't be told why", str(error))
            return
        waiting.delete()
        with place:
            _why(why)

    def _closed(self) -> None:
        if self.nodes is not None:
            self.nodes.select("")


def _node(node: NodeView) -> None:
    badge(node.trouble or "takes tasks", "warn" if node.trouble else "good")
    facts(node.facts)
    data_table(
        (
            Column("resource", "Resource"),
            Column("share", "Share", is_number=True, shown="percent"),
            Column("amount", "Requested"),
            Column("used", "Used"),
        ),
        [
            {**row._asdict(), "percent": f"{100 * row.share:.0f} %", "amount": f"{row.requested} of {row.allocatable}"}
            for row in node.resources
        ],
        label=f"Resources of {node.node_id}",
        row_key="resource",
    )
    with element("div", "line"):
        link("What if it fails?", _ask(f"what if {node.node_id} fails?"), is_button=True)
        link("Drain it", f"/plans?drain={quote(node.node_id, safe='')}", is_button=True)
        link("Its decisions", f"/decisions?node={quote(node.node_id, safe='')}", is_button=True)
    text("h3", f"Tasks ({len(node.tasks)})")
    if node.tasks:
        data_table(
            (Column("id", "Task"), Column("state", "State"), Column("asks", "Asks for"), Column("uses", "Uses")),
            [{"id": t.task_id, **t._asdict()} for t in node.tasks],
            label=f"Tasks on {node.node_id}",
            page_size=10,
        )
    else:
        text("p", "No task is on it.", "muted")
    with element("details"):
        text("summary", f"Labels ({len(node.labels)})")
        for label in node.labels:
            text("div", label, "mono small break")


def _why(why: WhyView) -> None:
    text("p", why.summary, "break")
    rows = [("Waits", why.waits)]
    if why.system_reason:
        rows.append(("Its system says", why.system_reason))
    if why.never:
        rows.append(("No node could", why.never))
    if why.fits_now:
        rows.append(("Fits now on", ", ".join(why.fits_now[:10])))
    facts(rows)
    with element("div", "line"):
        link("Ask in the chat", _ask(f"why is {why.task_id} pending?"), is_button=True)
        if any(remedy.command for remedy in why.remedies):
            link("Make room for it", f"/plans?remedy={quote(why.task_id, safe='')}", is_button=True)
    text("h3", "The smallest changes that would place it")
    if why.needs:
        text("p", f"Nothing on the nodes that are there. It needs {why.needs}.", "break")
    elif not why.remedies:
        text("p", "None was found.", "muted")
    for remedy in () if why.needs else why.remedies:
        with element("div", "stack remedy"):
            text("span", remedy.title, "break")
            with element("ul"):
                for step in remedy.steps:
                    text("li", step, "break")
            if remedy.command:
                command(remedy.command)
    text("h3", "Why not each node")
    data_table(
        (Column("id", "Node"), Column("reasons", "Reasons")),
        [{"id": n, "reasons": r or "it fits"} for n, r in why.nodes[:MOST_NODES_OF_WHY]],
        label="Reasons by node",
        search="Search nodes and reasons",
        page_size=10,
    )


def _changes(changes: ChangesView | None) -> None:
    with card("Changed since the last reading"):
        if changes is None:
            text("p", "The cluster was read once. “Read again” shows what is different by then.", "muted")
            return
        text("p", f"{changes.before} → {changes.after}", "muted break")
        if not changes.lines:
            text("p", "Nothing but measured use.", "muted")
            return
        data_table(
            (Column("kind", "Kind"), Column("subject", "What"), Column("change", "Change")),
            [{"id": k, "kind": a, "subject": b, "change": c} for k, (a, b, c) in enumerate(changes.lines)],
            label="Changes",
            page_size=10,
        )
        if changes.left_out:
            text("p", f"{changes.left_out:,} more are not listed; aurora snapshot diff lists all.", "muted")


def _ask(question: str) -> str:
    return f"/chat?ask={quote(question, safe='')}"
