"""A run in sum and over time, and its tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from aurora.quantities import duration
from aurora.web.design.components import Column, button, card, data_table, element, empty_state, metric, text
from aurora.web.design.timeline import Kind, Timeline
from aurora.web.views.cluster import LOAD_LIMITS
from aurora.web.views.decisions.runs import Chart, Loads, Overview, Resource, Run, TaskRow, node_series

KINDS: tuple[Kind, ...] = (
    ("completed", "series-1", False),
    ("completed late", "series-2", True),
    ("lost: the node failed", "series-6", True),
    ("lost: battery empty", "series-4", True),
)
"""Kinds of bars, in the order of `PLACE_OF`."""
PLACE_OF = {"completed": 0, "late": 1, "node_failed": 2, "battery_empty": 3}
RESOURCES: dict[Resource, str] = {"cpu": "Load of cores", "memory": "Load of memory", "accelerators": "Load of devices"}
FIGURES = 8
"""Measures that are shown large; all are in a table that opens."""


def figures(view: Overview) -> None:
    """Show a run in sum.

    Args:
        view: The run.
    """
    if view.about:
        text("p", view.about, "muted break")
    with element("div", "figure-grid"):
        metric("tasks placed", f"{view.placed} of {view.tasks}", f"{view.late} late" if view.late else "")
        undone = len(view.not_completed)
        metric("not completed", str(undone), "the list says why" if undone else "")
        for name, value in view.measures[:FIGURES]:
            if name not in ("tasks completed", "decisions"):
                metric(name, value)
    with element("details"):
        text("summary", "All measures")
        with element("dl", "facts"):
            for name, value in view.measures:
                text("dt", name)
                text("dd", value)


def notes(view: Overview) -> None:
    """Show what a scenario assumes or leaves out.

    Args:
        view: The run.
    """
    if not view.notes:
        return
    with card("What the simulation assumes"), element("ul", "points"):
        for note in view.notes:
            text("li", note, "break")


def over_time(  # noqa: PLR0913  # what a picture needs, each by its name
    drawn: Chart,
    loads: Loads | None,
    resources: Sequence[Resource],
    show: str,
    *,
    selected: str,
    on_show: Callable[[str], Any],
    on_task: Callable[[str], Any],
    on_row: Callable[[str], Any],
) -> Timeline | None:
    """Show placements or loads over time, and return the picture.

    Args:
        drawn: Placements.
        loads: Loads of a resource; None: placements are shown.
        resources: Resources of which nodes have some.
        show: The resource that is shown; empty: placements.
        selected: Task that is marked.
        on_show: Called with a resource, or with an empty text for placements.
        on_task: Called with a task that is clicked.
        on_row: Called with a node or path that is clicked.
    """
    with card("Over time"):
        options: dict[str, str] = {"": "Placements"} | {str(r): RESOURCES[r] for r in resources}
        with element("div", "line").props('role=group aria-label="What is shown over time"'):
            for key, name in options.items():
                is_on = key == (show if show in options else "")
                chosen = button(name, lambda k=key: on_show(k), kind="primary" if is_on else "plain")
                chosen.props["aria-pressed"] = "true" if is_on else "false"
        if not drawn.bars:
            empty_state("No task was placed", "The list below says why for each.", icon="event_busy")
            return None
        if loads is None:
            text("p", "Click a bar for the decision behind it, a name for the tasks there.", "muted small")
            return _placements(drawn, selected, on_task, on_row)
        text("p", "Mean share that is used, in each stretch of time. Click a row for its tasks.", "muted small")
        return Timeline(
            [(n, 1) for n in loads.nodes],
            shares=loads.shares.tolist(),
            limits=LOAD_LIMITS,
            end=float(loads.edges[-1]),
            label=f"{RESOURCES.get(show, show)} of {len(loads.nodes)} nodes over {duration(float(loads.edges[-1]))}",  # type: ignore[call-overload]
            on_row=on_row,
        )


def _placements(
    drawn: Chart, selected: str, on_task: Callable[[str], Any] | None, on_row: Callable[[str], Any] | None
) -> Timeline:
    """Show the bars of tasks; without callbacks, nothing can be picked."""
    end = drawn.end
    timeline = Timeline(
        [(r.name, r.lanes) for r in drawn.rows],
        bars=[(b.row, b.lane, b.start, min(b.end, end), PLACE_OF[b.ending], b.task_id, b.attempt) for b in drawn.bars],
        kinds=KINDS,
        end=end,
        label=f"Placements of {len(drawn.bars)} starts on {len(drawn.rows)} nodes or paths over {duration(end)}",
        selected=selected,
        on_task=on_task,
        on_row=on_row,
    )
    if drawn.idle:
        few = ", ".join(drawn.idle[:10]) + (f" and {len(drawn.idle) - 10} more" if len(drawn.idle) > 10 else "")  # noqa: PLR2004
        text("p", f"Without a task: {few}.", "muted small break")
    return timeline


def still(drawn: Chart, end: float, selected: str) -> Timeline:
    """Show placements that can't be picked, on a given time, for a comparison.

    Args:
        drawn: Placements.
        end: Last moment of both sides, seconds.
        selected: Task that is marked.
    """
    return _placements(drawn._replace(end=end, idle=()), selected, None, None)


def tasks(  # what a list needs, each by its name
    rows: Sequence[TaskRow],
    names: Sequence[str],
    node: str,
    run: Run,
    *,
    on_task: Callable[[str], Any],
    on_node: Callable[[str], Any],
) -> None:
    """Show the tasks of a run, or of a node with its loads.

    Args:
        rows: Tasks.
        names: Nodes and paths that have tasks.
        node: Node or path that is chosen; empty: all.
        run: The run.
        on_task: Called with a task that is opened.
        on_node: Called with a node, or with an empty text for all.
    """
    with card(f"Tasks on {node}" if node else "Tasks"):
        options = {"": "any node", **{n: n for n in names}}
        if node and node not in options:
            options[node] = node
        with element("div", "line"):
            choice = ui.select(options, value=node, label="Node or path", with_input=True).props("outlined dense")
            choice.on_value_change(lambda e: on_node(str(e.value or "")))
            if node:
                button("Show all tasks", lambda: on_node(""), kind="quiet")
        if node:
            _node_loads(run, node)
        if not rows:
            empty_state("No task was there", "It got none in this run; another node or “any node” has some.")
            return
        data_table(
            (
                Column("id", "Task"),
                Column("where", "Node or path"),
                Column("start", "Starts", is_number=True, shown="start_text"),
                Column("wait", "Waits", is_number=True, shown="wait_text"),
                Column("finish", "Ends", is_number=True, shown="finish_text"),
                Column("state", "State"),
                Column("reason", "Why it did not complete"),
            ),
            [
                {
                    "id": r.task_id,
                    **r._asdict(),
                    "where": r.where or "none",
                    "start_text": _time(r.start),
                    "wait_text": _time(r.wait),
                    "finish_text": _time(r.finish),
                }
                for r in rows
            ],
            label=f"Tasks on {node}" if node else "Tasks",
            search="Search tasks",
            on_select=on_task,
        )


def _time(seconds: float | None) -> str:
    return "never" if seconds is None else duration(seconds)


def _node_loads(run: Run, node: str) -> None:
    """Show the highest load of a node by resource, and when it began."""
    found = []
    for resource, name in RESOURCES.items():
        steps = node_series(run, node, resource)
        if steps:
            at, share = max(steps, key=lambda step: step[1])
            found.append(f"{name.removeprefix('Load of ')} {100 * share:.0f} % at {duration(at)}")
    if found:
        text("p", f"Highest loads: {', '.join(found)}.", "muted")
