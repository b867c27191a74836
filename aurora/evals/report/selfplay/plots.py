"""The plots of a report's numbers: comparisons, progress, ratings, Pareto front."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from aurora.evals.champion import Verdict
from aurora.evals.report.selfplay.elo import MAX_CURVES, RatingCurve, drawn, rating_curves
from aurora.evals.report.selfplay.front import front_of
from aurora.evals.report.selfplay.standing import in_band
from aurora.memory.store import Store

INK, BLUE, ORANGE, GREEN, GREY = "#1b2a41", "#2a6f97", "#e07a1f", "#3a7d44", "#8a94a3"
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours that colour-blind people can distinguish (Okabe and Ito, 2008)."""


def figure_html(figure: go.Figure, height: int = 340) -> str:
    """Render a figure for the page, in its colours."""
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        plot_bgcolor="white",
        font={"family": "system-ui, sans-serif", "color": INK},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    figure.update_xaxes(gridcolor="#e9edf2", zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor="#e9edf2", zerolinecolor=GREY, automargin=True)
    config = {"displayModeBar": False, "responsive": True}
    text: str = figure.to_html(full_html=False, include_plotlyjs=False, config=config)
    return text


def comparison_plot(verdicts: Sequence[Verdict], unit: str) -> str:
    """Plot the champion's lead over every reference and over the start, with intervals."""
    figure = go.Figure()
    names = [c.reference for c in verdicts[-1].comparisons]
    for place, verdict in enumerate(verdicts):
        rows = {c.reference: c.difference for c in verdict.comparisons}
        shown = [("start of the search", verdict.start.difference), *((name, rows[name]) for name in names)]
        figure.add_trace(
            go.Scatter(
                x=[d.mean for _, d in shown],
                y=[name for name, _ in shown],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [d.high - d.mean for _, d in shown],
                    "arrayminus": [d.mean - d.low for _, d in shown],
                },
                mode="markers",
                name=f"level {verdict.level}" if verdict.level else "fresh scenarios",
                marker={"color": COLOURS[place % len(COLOURS)]},
                orientation="h",
                offsetgroup=str(verdict.level),
            )
        )
    figure.update_layout(scattermode="group")  # levels next to each other, not on top
    figure.add_vline(x=0, line_color=INK, line_width=1)
    figure.update_xaxes(title=f"champion's lead, {unit}")
    return figure_html(figure, 140 + 8 * len(verdicts) * (len(names) + 1))


def progress_plots(steps: Sequence[Mapping[str, Any]]) -> str:
    """Plot value, level and share of learnable scenarios over iterations, on separate axes."""
    x = [e["iteration"] + 1 for e in steps]
    value = go.Figure()
    value.add_trace(_curve(x, [e["training_advantage"] for e in steps], "best candidate, training", GREY))
    value.add_trace(_curve(x, [e["validation_advantage"] for e in steps], "champion, validation", BLUE, width=3))
    value.update_yaxes(title="over the best reference")
    level = go.Figure(_curve(x, [e["level"] for e in steps], "level", ORANGE, shape="hv"))
    level.update_yaxes(title="level", range=[0.5, 5.5], dtick=1)
    share = go.Figure(_curve(x, [100 * in_band(e["success_rates"]) for e in steps], "in the 0.3–0.7 band", GREEN))
    share.update_yaxes(title="% of scenarios", range=[-5, 105])
    share.update_xaxes(title="iteration")
    return figure_html(value) + figure_html(level, 180) + figure_html(share, 220)


def elo_plots(store: Store, champion: str) -> str:
    """Plot ratings over iterations, and the latest ones, with the champion highlighted."""
    top = rating_curves(store, champion)
    learnt = [c.policy_id for c in top if c.role == "policy"][:MAX_CURVES]
    curves = go.Figure()
    for curve in drawn(top):
        style = _rated_style(curve, learnt)
        x, y = [p.iteration + 1 for p in curve.points], [p.elo for p in curve.points]
        trace = _curve(x, y, html.escape(curve.name), style[0], width=style[1])
        trace.update(mode="lines+markers", showlegend=curve.role != "reference")
        curves.add_trace(trace)
    curves.update_xaxes(title="iteration")
    curves.update_yaxes(title="Elo")
    latest = go.Figure(
        go.Scatter(
            x=[c.elo for c in top],
            y=[_marked(html.escape(c.name), c.role == "champion") for c in top],
            mode="markers",
            marker={
                "size": 12,
                "color": [_rated_style(c, ())[0] for c in top],
                "symbol": ["star" if c.role == "champion" else "circle" for c in top],
            },
        )
    )
    latest.update_yaxes(autorange="reversed")
    latest.update_xaxes(title="latest Elo (star: champion; grey: references)")
    return figure_html(curves, 380) + figure_html(latest, 360)


def _rated_style(curve: RatingCurve, learnt: Sequence[str]) -> tuple[str, int]:
    if curve.role == "champion":
        return ORANGE, 4
    if curve.role == "reference":
        return GREY, 1
    place = learnt.index(curve.policy_id) if curve.policy_id in learnt else None
    return (BLUE if place is None else COLOURS[place % len(COLOURS)]), 2


def _marked(label: str, is_champion: bool) -> str:
    return f"{label} (champion)" if is_champion else label


def pareto_plot(store: Store) -> str:
    """Plot the Pareto front of the last scenario: cost, latency and energy of its policies."""
    scenarios = store.scenarios()
    if not scenarios:
        return "<p>No scenario yet.</p>"
    front = front_of(store, scenarios[-1]["scenario_id"])
    sentence = f"<p>Scenario {html.escape(front.scenario_id)}. {html.escape(front.meaning)}</p>"
    if not front.points:
        return sentence
    figure = go.Figure(
        go.Scatter(
            x=[p.cost for p in front.points],
            y=[p.latency for p in front.points],
            hovertext=[f"{html.escape(p.name)}: {', '.join(p.amounts)}" for p in front.points],
            hoverinfo="text",
            mode="markers",
            marker={
                "size": 11,
                "color": [p.energy for p in front.points],
                "colorscale": "Viridis",
                "showscale": True,
                "colorbar": {"title": "kWh"},
            },
        )
    )
    figure.update_xaxes(title="cost, $")
    figure.update_yaxes(title="mean latency, s")
    return sentence + figure_html(figure)


def _curve(
    x: Sequence[float], y: Sequence[float], name: str, colour: str, *, width: int = 2, shape: str = "linear"
) -> go.Scatter:
    line = {"color": colour, "width": width, "shape": shape}
    return go.Scatter(x=list(x), y=list(y), name=name, mode="lines+markers" if len(x) == 1 else "lines", line=line)
