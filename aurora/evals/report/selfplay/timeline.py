"""A run of the champion as a plot: placements over time, or the filling of a cluster."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from aurora.agents.arena.source import Source
from aurora.evals.report.selfplay.plots import BLUE, GREY, INK, ORANGE, figure_html
from aurora.memory.store import Store
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario

MOST_TASKS = 80
MOST_POINTS = 400
PRIORITY_COLOURS = ("#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c")
"""Colours of priorities 1 to 5, lightest first."""
LANE_PIXELS = 16
MIN_LABEL_WIDTH = 0.03
"""Share of the time line above which a bar has room for its task's name."""


class Bar(NamedTuple):
    """A task on a node or path.

    Attributes:
        place: Node or path on which it ran.
        lane: Row within the place; concurrent tasks have separate rows.
        task: Index of the task.
        start, finish: Start and end of the task, seconds.
    """

    place: str
    lane: int
    task: int
    start: float
    finish: float


def lanes(places: Sequence[str], starts: Sequence[float], finishes: Sequence[float]) -> list[int]:
    """Assign a row to each task so that concurrent tasks of a place have different rows.

    Args:
        places: Place of each task.
        starts: Start of each task, seconds.
        finishes: End of each task, seconds.
    """
    rows = [0] * len(places)
    free: dict[str, list[float]] = {}
    for i in sorted(range(len(places)), key=lambda i: (starts[i], i)):
        ends = free.setdefault(places[i], [])
        row = next((r for r, end in enumerate(ends) if end <= starts[i]), len(ends))
        if row == len(ends):
            ends.append(finishes[i])
        ends[row] = finishes[i]
        rows[i] = row
    return rows


def timeline(source: Source, champion: Policy, store: Store) -> str:
    """Draw the champion's allocation of the archive's last scenario."""
    scenarios = store.scenarios()
    if not scenarios:
        return "<p>No scenario yet.</p>"
    scenario = source.expand(source.parse(scenarios[-1]["spec"]))
    encoded = encode(scenario)
    if source.name == "openb":  # tasks never leave: a time line would show nothing
        return _filling(source, champion, encoded)
    return _gantt(scenario, run(encoded, compile_policy(champion)))


def _gantt(scenario: Scenario, outcome: Outcome) -> str:
    bars = _bars(scenario, outcome)
    if not bars:
        return "<p>No task completed.</p>"
    places = sorted({bar.place for bar in bars}, key=_by_number)
    height = {place: 1 + max(bar.lane for bar in bars if bar.place == place) for place in places}
    first = dict(zip(places, np.cumsum([0, *(height[p] for p in places[:-1])]).tolist(), strict=True))
    end = max(bar.finish for bar in bars)
    tasks = scenario.tasks
    rows = [first[bar.place] + bar.lane for bar in bars]
    colours = [PRIORITY_COLOURS[min(max(tasks[bar.task].priority, 1), 5) - 1] for bar in bars]
    figure = go.Figure(
        go.Bar(
            base=[bar.start for bar in bars],
            x=[bar.finish - bar.start for bar in bars],
            y=rows,
            text=[
                html.escape(tasks[bar.task].task_id) if bar.finish - bar.start > MIN_LABEL_WIDTH * end else ""
                for bar in bars
            ],
            textposition="inside",
            insidetextanchor="middle",
            textfont={"color": ["white" if tasks[bar.task].priority > 3 else INK for bar in bars]},  # noqa: PLR2004
            hovertext=[
                f"{html.escape(tasks[bar.task].task_id)} on {html.escape(bar.place)}, "
                f"{bar.start:.4g} to {bar.finish:.4g} s"
                for bar in bars
            ],
            hoverinfo="text",
            orientation="h",
            width=0.9,
            marker={"color": colours, "line": {"color": "white", "width": 1}},
        )
    )
    figure.update_yaxes(
        tickvals=[first[p] + (height[p] - 1) / 2 for p in places],
        ticktext=[html.escape(p) for p in places],
        range=[sum(height.values()) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )
    for place in places[1:]:
        figure.add_hline(y=first[place] - 0.5, line_color="#e9edf2", line_width=1)
    figure.update_xaxes(title="seconds (darker: higher priority)")
    caption = f"<p>Scenario {html.escape(scenario.scenario_id)}, the first {len(bars)} tasks that completed.</p>"
    return caption + figure_html(figure, 120 + LANE_PIXELS * sum(height.values()))


def _bars(scenario: Scenario, outcome: Outcome) -> list[Bar]:
    done = np.flatnonzero(outcome.tasks.status == Status.COMPLETED)[:MOST_TASKS]
    where = [_place(scenario, outcome, int(i)) for i in done]
    starts = [float(outcome.tasks.start[i]) for i in done]
    finishes = [float(outcome.tasks.finish[i]) for i in done]
    return [
        Bar(*row) for row in zip(where, lanes(where, starts, finishes), done.tolist(), starts, finishes, strict=True)
    ]


def _place(scenario: Scenario, outcome: Outcome, task: int) -> str:
    node = outcome.tasks.node[task]
    if node >= 0:
        return str(scenario.nodes[node].node_id)
    return " → ".join(scenario.links[l].link_id for l in outcome.paths[outcome.tasks.path[task]]) or "local"


def _by_number(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a sort key that puts n0-2 before n0-10."""
    parts = name.replace("-", " ").split()
    return tuple((not p.isdigit(), int(p) if p.isdigit() and len(p) < 10 else 0, p) for p in parts)  # noqa: PLR2004


def _filling(source: Source, champion: Policy, encoded: EncodedScenario) -> str:
    """Plot the allocated share of the devices requested as the cluster fills up."""
    scenario = encoded.scenario
    demand = np.array([t.accelerators * t.accelerator_share for t in scenario.tasks])
    devices = sum(n.accelerators for n in scenario.nodes)
    arrival = np.argsort([t.arrival_time for t in scenario.tasks], kind="stable")
    arrived = 100 * np.cumsum(demand[arrival]) / devices
    shown = np.linspace(0, len(arrived) - 1, min(MOST_POINTS, len(arrived))).astype(int)
    figure = go.Figure()
    for name, policy, colour in (("champion", champion, BLUE), *_closest(source)):
        placed = run(encoded, compile_policy(policy)).tasks.status == Status.COMPLETED
        allocated = 100 * np.cumsum(np.where(placed, demand, 0)[arrival]) / devices
        figure.add_trace(go.Scatter(x=arrived[shown], y=allocated[shown], name=name, line={"color": colour}))
    figure.update_xaxes(title="devices asked for so far, % of all")
    figure.update_yaxes(title="allocated, %", range=[60, 100])
    return f"<p>Scenario {html.escape(scenario.scenario_id)}: pods arrive and stay.</p>" + figure_html(figure, 420)


def _closest(source: Source) -> list[tuple[str, Policy, str]]:
    """Return references to compare with a champion: the published best, and the simplest."""
    return [
        (name, source.references[name], colour)
        for name, colour in (("fgd", ORANGE), ("first_fit", GREY))
        if name in source.references
    ]
