"""The plots of a report's numbers: comparisons, progress, ratings, Pareto front."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from aurora.evals.champion import Verdict
from aurora.memory.names import REFERENCE, policy_name
from aurora.memory.store import Store
from aurora.quantities import with_unit
from aurora.sim.objectives import WITH_TARGET
from aurora.sim.rewards import LEARNABLE

INK, BLUE, ORANGE, GREEN, GREY = "#1b2a41", "#2a6f97", "#e07a1f", "#3a7d44", "#8a94a3"
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Colours that colour-blind people can distinguish (Okabe and Ito, 2008)."""
MAX_CURVES = 5
"""Largest number of policies, besides the champion, whose ratings are drawn over iterations."""
MAX_RATED = 12
"""Largest number of policies whose latest ratings are drawn."""


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


def in_band(rates: Sequence[float]) -> float:
    """Return the share of success rates from 0.3 to 0.7, 0 to 1."""
    return sum(LEARNABLE[0] <= r <= LEARNABLE[1] for r in rates) / max(1, len(rates))


def elo_plots(store: Store, champion: str) -> str:
    """Plot ratings over iterations, and the latest ones, with the champion highlighted."""
    top = store.top(MAX_RATED)
    labels = {p["policy_id"]: html.escape(policy_name(p["policy_id"], p["origin"])) for p in top}
    history = store.rating_history(list(labels))
    learnt = [p["policy_id"] for p in top if p["origin"] != REFERENCE and p["policy_id"] != champion][:MAX_CURVES]
    curves = go.Figure()
    for policy in top:
        name = policy["policy_id"]
        after = history[name]
        if not after or (policy["origin"] != REFERENCE and name not in (*learnt, champion)):
            continue
        style = _rated_style(name, policy["origin"], champion, learnt)
        x = [iteration + 1 for iteration in after]
        trace = _curve(x, list(after.values()), labels[name], style[0], width=style[1])
        trace.update(mode="lines+markers", showlegend=policy["origin"] != REFERENCE)
        curves.add_trace(trace)
    curves.update_xaxes(title="iteration")
    curves.update_yaxes(title="Elo")
    latest = go.Figure(
        go.Scatter(
            x=[p["elo"] for p in top],
            y=[_marked(labels[p["policy_id"]], p["policy_id"] == champion) for p in top],
            mode="markers",
            marker={
                "size": 12,
                "color": [_rated_style(p["policy_id"], p["origin"], champion, ())[0] for p in top],
                "symbol": ["star" if p["policy_id"] == champion else "circle" for p in top],
            },
        )
    )
    latest.update_yaxes(autorange="reversed")
    latest.update_xaxes(title="latest Elo (star: champion; grey: references)")
    return figure_html(curves, 380) + figure_html(latest, 360)


def _rated_style(name: str, origin: str, champion: str, learnt: Sequence[str]) -> tuple[str, int]:
    if name == champion:
        return ORANGE, 4
    if origin == REFERENCE:
        return GREY, 1
    return (COLOURS[learnt.index(name) % len(COLOURS)] if name in learnt else BLUE), 2


def _marked(label: str, is_champion: bool) -> str:
    return f"{label} (champion)" if is_champion else label


def pareto_plot(store: Store) -> str:
    """Plot the Pareto front of the last scenario: cost, latency and energy of its policies."""
    scenarios = store.scenarios()
    if not scenarios:
        return "<p>No scenario yet.</p>"
    name = scenarios[-1]["scenario_id"]
    front = store.fronts().get(name, {})
    origins = {p["policy_id"]: p["origin"] for p in store.top(10**6)}
    counted = [o for o in WITH_TARGET if all(o.field in s for s in front.values())]
    if len({tuple(s[o.field] for o in counted) for s in front.values()}) <= 1:
        amounts = ", ".join(o.meaning for o in counted)
        return f"<p>Scenario {html.escape(name)}: {amounts} tell no two policies apart, so there is no front.</p>"
    figure = go.Figure(
        go.Scatter(
            x=[s["cost"] for s in front.values()],
            y=[s["latency_mean"] for s in front.values()],
            hovertext=[
                f"{html.escape(policy_name(p, origins.get(p, '')))}: "
                + ", ".join(with_unit(s[o.field], o.shown_unit) for o in counted)
                for p, s in front.items()
            ],
            hoverinfo="text",
            mode="markers",
            marker={
                "size": 11,
                "color": [s["energy"] / 3.6e6 for s in front.values()],
                "colorscale": "Viridis",
                "showscale": True,
                "colorbar": {"title": "kWh"},
            },
        )
    )
    figure.update_xaxes(title="cost, $")
    figure.update_yaxes(title="mean latency, s")
    meaning = f"no other policy is better in {', '.join(o.meaning for o in counted)} and SLA violations at once"
    return f"<p>Scenario {html.escape(name)}. For each policy shown, {meaning}.</p>" + figure_html(figure)


def _curve(
    x: Sequence[float], y: Sequence[float], name: str, colour: str, *, width: int = 2, shape: str = "linear"
) -> go.Scatter:
    line = {"color": colour, "width": width, "shape": shape}
    return go.Scatter(x=list(x), y=list(y), name=name, mode="lines+markers" if len(x) == 1 else "lines", line=line)
