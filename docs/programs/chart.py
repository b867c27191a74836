"""The chart of the README: the same scenario under two policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import aurora

FAMILY, LEVEL, SEED = "batch", 3, 4
POLICIES = ("first_fit", "cheapest")


def draw(path: Path) -> None:
    """Draw which node runs which task, and when, under each policy.

    Args:
        path: The PNG to write.
    """
    mpl.use("Agg")
    scenario = aurora.generate(FAMILY, level=LEVEL, seed=SEED)
    figure = Figure(figsize=(9, 4.6), dpi=110, layout="constrained")
    axes: Any = figure.subplots(1, len(POLICIES), sharey=True, sharex=True)
    for axis, name in zip(axes, POLICIES, strict=True):
        outcome = aurora.simulate(scenario, aurora.load_policy(name))
        _bars(axis, scenario, outcome)
        summary = outcome.summary
        axis.set_title(f"{name}: ${summary.cost:.2f}, mean latency {summary.latency_mean:.0f} s", fontsize=10)
        axis.set_xlabel("minutes from the start")
    axes[0].set_ylabel("node")
    figure.suptitle(
        "A bar is a task on its node; the darker, the longer it waited (darkest: 10 minutes or more)", fontsize=10
    )
    figure.savefig(path)


def _bars(axis: Any, scenario: Any, outcome: Any) -> None:
    colours = mpl.colormaps["viridis_r"]
    tasks = outcome.tasks
    for i in range(len(tasks.start)):
        if not np.isfinite(tasks.finish[i]):
            continue
        node, start = int(tasks.node[i]), float(tasks.start[i])
        wait = start - scenario.workload_definition.tasks[i].arrival_time
        axis.barh(
            node,
            (float(tasks.finish[i]) - start) / 60,
            left=start / 60,
            height=0.8,
            color=colours(min(1.0, wait / 600)),
            edgecolor="white",
            linewidth=0.4,
            alpha=0.75,
        )
