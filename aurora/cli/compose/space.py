"""`aurora compose space`: every pipeline of a task's space, its front, and the best of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.compose import space_options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import steps

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.composition.spaces.survey import Choice


def space(  # one parameter an option
    task: str = space_options.TASK,
    folder: Path = space_options.FOLDER,
    chains: int = space_options.CHAINS,
    stages: int = space_options.STAGES,
    branches: int = space_options.BRANCHES,
    gate_branches: int = options.count(
        1, most=space_options.MAX_BRANCHES, help="Most branches of a stage before the last."
    ),
    transformations: int = space_options.TRANSFORMATIONS,
    rate: float = space_options.RATE,
    workers: int = space_options.WORKERS,
    prices: Path | None = space_options.PRICES,
    plot: Path | None = options.path(None, help="File for a chart of the front, .html or .png."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Score every pipeline of a task's space, and print the front: what nothing else beats in all three figures.

    Measures the chains of the task first, which takes minutes; what was measured before is read.

    Example: aurora compose space machines --rate 200 --plot front.html
    """
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.learning.composition.spaces.survey import survey  # likewise
    from aurora.learning.composition.spaces.task_space import front_chart, open_task_space  # likewise
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    check_plot_path(plot)
    settings = space_options.space_settings(
        chains, (stages, branches, gate_branches, transformations), (rate, workers), prices
    )
    with steps() as progress:
        found = open_task_space(load_task(task), folder, settings, progress=progress)
    for chain, reason in found.failures.items():
        note(f"{chain} is left out: {reason}")
    seen = survey(found.space, found.sealed)
    if plot is not None:
        write_charts([front_chart(task, found.space, seen)], plot)
        note(f"wrote {plot}")
    if as_json:
        given = {"task": task, "rate": rate, "workers": workers, "currency": settings.prices.currency}
        emit_json(given | seen.to_json())
        return
    columns = ("pipeline", "accuracy", "sealed", "p95 ms", f"{settings.prices.currency} / 1000", "memory MB")
    emit_table(f"front of {task}", columns, [_row(choice) for choice in seen.front])
    note(f"{seen.pipelines:,} pipelines of {seen.chains} chains; {seen.overloaded:,} can't keep up with the load")
    note(
        f"the best single chain is {seen.best_single.pipeline}: {seen.best_single.selection.accuracy:.1%}; "
        f"the best pipeline has {seen.best.selection.accuracy:.1%}"
    )


def _row(choice: Choice) -> tuple[object, ...]:
    scores, sealed = choice.selection, choice.sealed
    unseen = None if sealed is None else sealed.accuracy
    return (choice.pipeline, scores.accuracy, unseen, scores.latency * 1e3, scores.cost, scores.memory / 1e6)
