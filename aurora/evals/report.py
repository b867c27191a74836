"""The report of a run: one self-contained page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.offline

from aurora.agents.sources import Source
from aurora.evals.champion import Verdict, judge
from aurora.evals.model_usage import model_usage
from aurora.files import write_atomically
from aurora.graphs.run_directory import ARCHIVE, REPORT
from aurora.graphs.workbench import SelfPlaySettings, chosen_source
from aurora.memory.store import REFERENCE, Store
from aurora.sim.compiler import compile_policy, readable
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.outcome import Status
from aurora.sim.policy import Policy, parse_policy
from aurora.sim.rewards import LEARNABLE

INK, BLUE, ORANGE, GREEN, GREY = "#1b2a41", "#2a6f97", "#e07a1f", "#3a7d44", "#b8c0cc"
GANTT_TASKS = 80
FILLING_POINTS = 400
FRESH_PER_FAMILY = {"generated": 16, "openb": 3, "swf": 20}
BOUNDED_PER_FAMILY = 2
DISTANCE_COLUMNS = ("level", "scenarios", "bound", "champion", "gap [95 %]", "latency", "cost", "energy")

_STYLE = "report.css"


def write_report(directory: Path, settings: SelfPlaySettings, *, jobs: int = 1) -> tuple[Path, list[Verdict]]:
    """Write `report.html` into a run directory; returns its path, and what it says of the champion.

    Reads the archive, and simulates the champion and the references on fresh scenarios.
    """
    source = chosen_source(settings)
    with Store.open(directory / ARCHIVE) as store:
        last = store.last_iteration()
        assert last is not None  # the caller reports finished iterations only
        champion = parse_policy(last[1]["champion"])
        verdicts = judge(
            source,
            champion,
            per_family=FRESH_PER_FAMILY[source.name],
            bounded=BOUNDED_PER_FAMILY,
            seed=settings.seed,
            jobs=jobs,
        )
        page = _page(source, settings, champion, store, verdicts, model_usage(directory, store))
    path = directory / REPORT
    write_atomically(path, page)
    return path, verdicts


def _page(
    source: Source,
    settings: SelfPlaySettings,
    champion: Policy,
    store: Store,
    verdicts: list[Verdict],
    usage: dict[str, Any] | None,
) -> str:
    events = store.events()
    steps = [e for e in events if e["event"] == "iteration"]
    rates = [r for e in steps for r in e["success_rates"]]
    in_band = sum(LEARNABLE[0] <= r <= LEARNABLE[1] for r in rates) / max(1, len(rates))
    counts = store.counts()
    facts = [
        ("iterations", str(len(steps))),
        ("simulations", f"{steps[-1]['evaluations']:,}"),
        ("policies kept", str(counts["policies"])),
        ("scenarios kept", str(counts["scenarios"])),
        ("level reached", str(steps[-1]["level"])),
        ("scenarios in the 0.3–0.7 band", f"{in_band:.0%}"),
        ("validation advantage", f"{steps[-1]['validation_advantage']:+.4f}"),
    ]
    sections = [
        ("Champion against the references, on fresh scenarios", _comparison(source, verdicts)),
        *([("Distance from what is possible", _distances(verdicts))] if source.has_levels else []),
        ("Search, validation and curriculum over iterations", _progress(steps)),
        ("Elo", _elo(store)),
        ("Pareto front of the last scenario", _pareto(store)),
        ("What was forgotten", _forgetting(events)),
        ("One run of the champion", _gantt(source, champion, store)),
        *([] if usage is None else [(f"The model, {settings.model}", _model(usage))]),
        ("The champion in readable form", f"<pre>{html.escape(readable(champion))}</pre>"),
    ]
    tiles = "".join(f"<div><b>{html.escape(v)}</b><span>{html.escape(k)}</span></div>" for k, v in facts)
    body = "".join(f"<section><h2>{html.escape(t)}</h2>{c}</section>" for t, c in sections)
    title = f"AURORA self-play: {settings.source}, seed {settings.seed}"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{resources.files(__package__).joinpath(_STYLE).read_text()}</style>"
        f"<script>{plotly.offline.get_plotlyjs()}</script></head><body><main>"
        f"<h1>{html.escape(title)}</h1><p class='lead'>Champion {html.escape(champion.policy_id)}, chosen on "
        f"validation families {html.escape(', '.join(source.validation))}; values in {html.escape(source.unit)}.</p>"
        f"<div class='facts'>{tiles}</div>{body}</main></body></html>"
    )


def _figure(figure: go.Figure, height: int = 340) -> str:
    figure.update_layout(
        height=height,
        margin={"l": 60, "r": 20, "t": 20, "b": 45},
        plot_bgcolor="white",
        font={"family": "system-ui, sans-serif", "color": INK},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1},
    )
    figure.update_xaxes(gridcolor="#e9edf2", zeroline=False)
    figure.update_yaxes(gridcolor="#e9edf2", zerolinecolor=GREY)
    text: str = figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})
    return text


def _comparison(source: Source, verdicts: list[Verdict]) -> str:
    rows: list[tuple[str, ...]] = []
    figure = go.Figure()
    for level, mean, compared, _ in verdicts:
        closest = compared[0]
        gap = closest.difference
        where = str(level) if level else "all"
        rows.append(
            (
                where,
                f"{mean:.4f}",
                closest.reference,
                f"{closest.reference_mean:.4f}",
                f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]",
                "ahead of all" if min(c.difference.low for c in compared) > 0 else "not ahead of all",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=[c.difference.mean for c in compared],
                y=[c.reference for c in compared],
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [c.difference.high - c.difference.mean for c in compared],
                    "arrayminus": [c.difference.mean - c.difference.low for c in compared],
                },
                mode="markers",
                name=f"level {level}" if level else "fresh scenarios",
                orientation="h",
                offsetgroup=where,
            )
        )
    figure.update_layout(scattermode="group")  # levels beside each other, not on top
    figure.add_vline(x=0, line_color=INK, line_width=1)
    figure.update_xaxes(title=f"champion less reference, {source.unit} (95 % bootstrap interval)")
    names = ("level", "champion", "closest reference", "its mean", "difference [95 %]", "verdict")
    return _figure(figure, 160 + 14 * len(verdicts) * len(source.references)) + _table(names, rows)


def _distances(verdicts: list[Verdict]) -> str:
    rows = [
        (
            str(v.level),
            str(v.distance.scenarios),
            f"{v.distance.bound:.4f}",
            f"{v.distance.reward:.4f}",
            f"{v.distance.gap.mean:.4f} [{v.distance.gap.low:.4f}, {v.distance.gap.high:.4f}]",
            *(ratio_text(r) for r in (v.distance.latency, v.distance.cost, v.distance.energy)),
        )
        for v in verdicts
        if v.distance is not None
    ]
    return (
        "<p>No plan that completes every task earns more than the bound: each objective at its own lower bound, as if "
        "the others did not count. The last columns are the champion's sums over those of the bounds.</p>"
        + _table(DISTANCE_COLUMNS, rows)
    )


def ratio_text(ratio: float | None) -> str:
    """A ratio to a bound; a bound of zero gives none."""
    return "bound is 0" if ratio is None else f"{ratio:.2f}"


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(n)}</th>" for n in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _model(usage: dict[str, Any]) -> str:
    """What the model has cost, and what went wrong on the way."""
    told = [
        ("calls", f"{usage['calls']:,}"),
        ("tokens in", f"{usage['tokens_in']:,}"),
        ("tokens out", f"{usage['tokens_out']:,}"),
        ("dollars", f"{usage['dollars']:.4f}" if usage["dollars"] else "0, or no price is known"),
        ("seconds of waiting", f"{usage['seconds']:.1f}"),
        ("answers sent back to it", str(usage["answers_sent_back"])),
        *((f"fault: {name}", str(count)) for name, count in usage["faults"].items()),
        *((f"tool calls, {name}", str(count)) for name, count in usage["tool_calls"].items()),
    ]
    return _table(("", ""), told)


def _progress(steps: list[dict[str, Any]]) -> str:
    x = [e["iteration"] + 1 for e in steps]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=x,
            y=[e["training_advantage"] for e in steps],
            name="best candidate, training",
            line={"color": GREY},
        )
    )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=[e["validation_advantage"] for e in steps],
            name="champion, validation",
            line={"color": BLUE, "width": 3},
        )
    )
    figure.update_yaxes(title="value over the best reference")
    lower = go.Figure()
    lower.add_trace(go.Scatter(x=x, y=[e["level"] for e in steps], name="level", line={"color": ORANGE, "shape": "hv"}))
    lower.add_trace(
        go.Scatter(
            x=x,
            y=[
                sum(LEARNABLE[0] <= r <= LEARNABLE[1] for r in e["success_rates"]) / max(1, len(e["success_rates"]))
                for e in steps
            ],
            name="share of scenarios in the 0.3–0.7 band",
            line={"color": GREEN},
        )
    )
    lower.update_xaxes(title="iteration")
    return _figure(figure) + _figure(lower, 240)


def _elo(store: Store) -> str:
    top = store.top(12)
    lines = go.Figure()
    history = store.rating_history([p["policy_id"] for p in top])
    for policy in top:
        after = history[policy["policy_id"]]
        lines.add_trace(
            go.Scatter(
                x=[iteration + 1 for iteration in after],
                y=list(after.values()),
                mode="lines+markers",
                name=html.escape(policy["policy_id"]),
                line={"color": GREY} if policy["origin"] == REFERENCE else {},
            )
        )
    lines.update_xaxes(title="iteration")
    lines.update_yaxes(title="Elo (grey: reference policies)")
    figure = go.Figure(
        go.Bar(
            x=[p["elo"] for p in top],
            y=[p["policy_id"] for p in top],
            orientation="h",
            marker={"color": [GREY if p["origin"] == "reference" else BLUE for p in top]},
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(
        title="Elo (grey: reference policies)",
        range=[min(p["elo"] for p in top) - 30, max(p["elo"] for p in top) + 30],
    )
    return _figure(lines, 420) + _figure(figure, 380)


def _pareto(store: Store) -> str:
    fronts = store.fronts()
    scenarios = store.scenarios()
    if not scenarios:
        return "<p>No scenario yet.</p>"
    name = scenarios[-1]["scenario_id"]
    front = fronts.get(name, {})
    figure = go.Figure(
        go.Scatter(
            x=[s["cost"] for s in front.values()],
            y=[s["latency_mean"] for s in front.values()],
            hovertext=[html.escape(p) for p in front],
            mode="markers",
            marker={
                "size": 11,
                "color": [s["energy"] for s in front.values()],
                "colorscale": "Viridis",
                "showscale": True,
                "colorbar": {"title": "energy, J"},
            },
        )
    )
    figure.update_xaxes(title="cost, $")
    figure.update_yaxes(title="mean latency, s")
    return f"<p>{html.escape(name)}: nobody is better in latency, cost, energy and violations at once.</p>" + _figure(
        figure
    )


def _forgetting(events: list[dict[str, Any]]) -> str:
    rows = [
        (str(e["level"]), str(e["iteration"] + 1), ", ".join(f"level {k}: {v:.0%}" for k, v in e["success"].items()))
        for e in events
        if e["event"] == "forgetting"
    ]
    if not rows:
        return "<p>The run has not moved up a level.</p>"
    return _table(("moved up to level", "iteration", "champion's success on earlier levels"), rows)


def _gantt(source: Source, champion: Policy, store: Store) -> str:
    scenarios = store.scenarios()
    if not scenarios:
        return "<p>No scenario yet.</p>"
    scenario = source.expand(source.parse(scenarios[-1]["spec"]))
    encoded = encode(scenario)
    if source.name == "openb":  # tasks never leave: a time line would show nothing
        return _filling(source, champion, encoded)
    outcome = run(encoded, compile_policy(champion))
    figure = go.Figure()
    done = np.flatnonzero(outcome.tasks.status == Status.COMPLETED)[:GANTT_TASKS]
    where = [
        scenario.nodes[outcome.tasks.node[i]].node_id
        if outcome.tasks.node[i] >= 0
        else " → ".join(scenario.links[l].link_id for l in outcome.paths[outcome.tasks.path[i]]) or "local"
        for i in done
    ]
    figure.add_trace(
        go.Bar(
            base=[float(outcome.tasks.start[i]) for i in done],
            x=[float(outcome.tasks.finish[i] - outcome.tasks.start[i]) for i in done],
            y=[html.escape(w) for w in where],
            text=[html.escape(scenario.tasks[i].task_id) for i in done],
            orientation="h",
            marker={
                "color": [scenario.tasks[i].priority for i in done],
                "colorscale": "Blues",
                "cmin": 0,
                "cmax": 6,
                "line": {"color": "white", "width": 1},
            },
        )
    )
    figure.update_layout(barmode="overlay")
    figure.update_traces(opacity=0.75)
    figure.update_xaxes(title="seconds (darker: more urgent)")
    return f"<p>{html.escape(scenario.scenario_id)}, first {len(done)} tasks.</p>" + _figure(figure, 420)


def _filling(source: Source, champion: Policy, encoded: EncodedScenario) -> str:
    """What of the demand that has arrived is allocated, as the cluster fills up."""
    scenario = encoded.scenario
    demand = np.array([t.accelerators * t.accelerator_share for t in scenario.tasks])
    devices = sum(n.accelerators for n in scenario.nodes)
    arrival = np.argsort([t.arrival_time for t in scenario.tasks], kind="stable")
    arrived = 100 * np.cumsum(demand[arrival]) / devices
    shown = np.linspace(0, len(arrived) - 1, min(FILLING_POINTS, len(arrived))).astype(int)
    figure = go.Figure()
    for name, policy, colour in (("champion", champion, BLUE), *_closest(source)):
        placed = run(encoded, compile_policy(policy)).tasks.status == Status.COMPLETED
        allocated = 100 * np.cumsum(np.where(placed, demand, 0)[arrival]) / devices
        figure.add_trace(go.Scatter(x=arrived[shown], y=allocated[shown], name=name, line={"color": colour}))
    figure.update_xaxes(title="devices asked for so far, % of all")
    figure.update_yaxes(title="allocated, %", range=[60, 100])
    return f"<p>{html.escape(scenario.scenario_id)}: pods arrive and stay.</p>" + _figure(figure, 420)


def _closest(source: Source) -> list[tuple[str, Policy, str]]:
    """References to show beside a champion: the published best, and the simplest."""
    return [
        (name, source.references[name], colour)
        for name, colour in (("fgd", ORANGE), ("first_fit", GREY))
        if name in source.references
    ]
