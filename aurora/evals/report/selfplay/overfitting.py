"""The section on over-fitting: the champion on training, validation and test, and over the budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from aurora import __version__
from aurora.agents.arena.source import Source
from aurora.errors import DataError, FileError
from aurora.evals.overfitting import (
    Overfitting,
    Step,
    chosen_steps,
    measure_overfitting,
    overfitting_from_json,
)
from aurora.evals.report.selfplay.plots import BLUE, GREY, ORANGE, figure_html
from aurora.evals.report.selfplay.tables import table
from aurora.evals.report.selfplay.words import interval_text
from aurora.files import write_atomically
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.store import Store
from aurora.reading import read_json
from aurora.types import Progress, no_progress

OVERFITTING_FILE = "overfitting.json"
"""File with the measurement, so that writing the report again takes seconds."""


def kept_overfitting(
    directory: Path,
    source: Source,
    settings: SelfPlaySettings,
    store: Store,
    jobs: int,
    progress: Progress = no_progress,
) -> Overfitting:
    """Measure the champions of a run, or read the measurement of an earlier report on the same champions.

    Args:
        directory: Folder of the run.
        source: Source of the run.
        settings: Settings of the run.
        store: Archive of the run.
        jobs: Number of threads.
        progress: Receives the sets done.
    """
    events = [e for e in store.events() if e["event"] == "iteration"]
    chosen = chosen_steps(range(len(events)))
    steps = [Step(k, events[k]["evaluations"], store.policy(events[k]["champion"])) for k in chosen]
    selection = events[-1]["validation_advantage"]
    families = [source.training, source.validation, source.test]
    named = [(k, step.evaluations, step.champion.policy_id) for k, step in zip(chosen, steps, strict=True)]
    asked = [__version__, settings.model_dump(mode="json"), families, named, selection]
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    path = directory / OVERFITTING_FILE
    if path.exists():
        try:
            kept = read_json(path)
            if kept["key"] == key:
                return overfitting_from_json(kept["overfitting"])
        except (DataError, FileError, KeyError, TypeError):  # a damaged file; its content is computed again
            pass
    found = measure_overfitting(source, steps, selection, seed=settings.seed, jobs=jobs, progress=progress)
    write_atomically(path, json.dumps({"key": key, "overfitting": found.to_json()}) + "\n")
    return found


def set_rows(found: Overfitting) -> list[tuple[str, str, int, str, str]]:
    """Return a row for each set: its name, families, number of scenarios, advantage and gain in words."""
    sets = {"training": found.training, "validation": found.validation, "test": found.test}
    return [
        (
            name,
            ", ".join(part.families),
            part.scenarios,
            interval_text(*part.advantage),
            interval_text(*part.gain),
        )
        for name, part in sets.items()
        if part is not None
    ]


def gap_rows(found: Overfitting) -> list[tuple[str, str, str]]:
    """Return a row for each gap: its name, the champion's, and that of the start of the search."""
    rows = [
        (
            "training - validation",
            interval_text(*found.training_less_validation),
            interval_text(*found.start_training_less_validation),
        )
    ]
    if found.validation_less_test is not None and found.start_validation_less_test is not None:
        rows.append(
            (
                "validation - test",
                interval_text(*found.validation_less_test),
                interval_text(*found.start_validation_less_test),
            )
        )
    return [*rows, ("validation, chosen by - fresh", f"{found.optimism:+.4f}", "")]


def overfitting_section(found: Overfitting, unit: str) -> str:
    """Render the three sets, the gaps between them, and the champions over the budget."""
    return (
        "<p>Fresh scenarios in all three sets, levels in turn. The advantage is the value over the best reference of "
        "each single scenario. Families differ, so the start of the search has gaps too: what the champion's gap has "
        "beyond the start's is over-fitting. The last gap is what choosing the best of many adds to its value.</p>"
        + table(
            ("set", "families", "scenarios", f"advantage, {unit} [95 %]", "gain over the start [95 %]"),
            [(name, families, str(count), *values) for name, families, count, *values in set_rows(found)],
        )
        + table(("gap", "champion [95 %]", "start [95 %]"), gap_rows(found))
        + _curve_plot([point._asdict() for point in found.curve])
    )


def _curve_plot(points: Sequence[Mapping[str, Any]]) -> str:
    """Plot the advantage of the champions in each set over the simulations of the run."""
    figure = go.Figure()
    x = [p["evaluations"] for p in points]
    for name, colour in (("training", GREY), ("validation", BLUE), ("test", ORANGE)):
        if points[-1][name] is None:
            continue
        y = [p[name] for p in points]
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="lines+markers", name=f"{name}, fresh", line={"color": colour, "width": 2})
        )
    figure.update_xaxes(title="simulations of the run")
    figure.update_yaxes(title="champion over the best reference")
    return figure_html(figure)
