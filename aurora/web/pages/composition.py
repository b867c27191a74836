"""The pages on composition: components, what searches measured, and the deployments with their adaptation."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import ui

from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    Tone,
    badge,
    card,
    command,
    data_table,
    element,
    empty_state,
    error_state,
    facts,
    link,
    text,
)
from aurora.web.design.figures import figure
from aurora.web.design.frame import frame
from aurora.web.design.reading import Words, show_read
from aurora.web.design.tables import Cell, points, small_table
from aurora.web.views.composition import (
    ComponentLine,
    DeploymentView,
    Front,
    component_lines,
    deployment,
    deployments,
    fronts,
)

COSTS = (
    "It depends on what you weigh. No other composition beats one of these in accuracy, latency and cost together. "
    "Costs are core hours for a million requests, or in the currency of the price file that the search was given."
)
TONES: dict[str, Tone] = {
    "better": "good",
    "swapped": "good",
    "kept": "neutral",
    "worse": "bad",
    "failed": "bad",
    "rolled back": "bad",
    "undecided": "warn",
}


def add(context: WebContext) -> None:
    """Register the pages.

    Args:
        context: What the pages share.
    """
    runs = context.settings.runs

    @ui.page("/composition")
    def composition() -> None:
        lead = "Inference applications made of models and transformations: which are best, which run, how they adapt."
        with frame("Composition", active="composition", lead=lead):
            words = Words("Reading the catalogue and the deployments", "The compositions could not be read")
            show_read(lambda: (deployments(runs), fronts(runs), component_lines(runs)), _all, words)

    @ui.page("/composition/{name}")
    def one(name: str) -> None:
        with frame(name, active="composition", lead="What serves, the versions before it, and why it was changed."):
            words = Words(
                "Reading the deployment", "The deployment could not be read", "All compositions", "/composition"
            )
            show_read(lambda: deployment(runs, name), _deployment, words)


def path_of(name: str) -> str:
    """Return the path of a deployment's page."""
    return f"/composition/{quote(name, safe='')}"


def _all(found: tuple[list[DeploymentView], list[Front], list[ComponentLine]]) -> None:
    running, measured, components = found
    _deployments(running)
    _fronts(measured)
    _catalogue(components)


def _deployments(views: list[DeploymentView]) -> None:
    with card("Deployments"):
        if not views:
            empty_state(
                "Nothing is deployed",
                "A deployment answers requests by a composition, and is changed while it runs. "
                "This one is for trying: its components need no model.",
                command='aurora compose deploy "plain ? 0.8 | sleep-2ms" --trial --name films --detach',
                icon="rocket_launch",
            )
            return
        data_table(
            (
                Column("name", "Deployment"),
                Column("state", "State"),
                Column("task", "Task"),
                Column("pipeline", "Serves"),
            ),
            [
                {
                    "name": view.name,
                    "state": view.problem or ("runs" if view.is_running else "stopped"),
                    "task": view.task or "–",
                    "pipeline": view.pipeline,
                }
                for view in views
            ],
            label="Deployments",
            row_key="name",
            on_select=lambda name: ui.navigate.to(path_of(name)),
        ).classes("wide")


def _fronts(found: list[Front]) -> None:
    with card("Which composition is best?"):
        if not found:
            empty_state(
                "No composition has been measured",
                "A search fits and measures the models of a task, for some minutes, then compositions of them.",
                command="aurora compose search machines --weights accuracy=1,latency=0.1,cost=0.05",
                icon="query_stats",
            )
            return
        text("p", COSTS)
    for front in found:
        with card(front.title):
            failed = f", {front.failed} could not be run" if front.failed else ""
            text("p", f"{front.measured:,} compositions were measured{failed}. {front.note}", "muted small break")
            if not front.front:
                text("p", "None of them can serve the load.", "bad")
                continue
            best = front.front[-1]
            summary = f"{len(front.front)} compositions are in the Pareto set; {best.pipeline} is the most accurate."
            figure(front.chart, summary=summary)
            small_table(
                (
                    "composition",
                    "right answers",
                    "p95, ms",
                    f"cost of a million, {front.currency}",
                    "memory, MB",
                    "runs as",
                ),
                [
                    (
                        one.pipeline,
                        f"{100 * one.accuracy:.1f} %",
                        _digits(one.latency_ms),
                        _digits(one.cost),
                        _digits(one.memory_mb),
                        one.runs,
                    )
                    for one in front.front
                ],
                label=f"Pareto set, {front.title}",
                numbers=(1, 2, 3, 4),
            )


def _digits(value: float | None) -> str:
    """Return a number with three digits, so that a column of them can be compared."""
    return "–" if value is None else f"{value:#.3g}".removesuffix(".")


def _catalogue(lines: list[ComponentLine]) -> None:
    with card("Catalogue"):
        data_table(
            (
                Column("name", "Component"),
                Column("kind", "Kind"),
                Column("takes", "Takes"),
                Column("description", "What it is"),
                Column("tasks", "For"),
                Column("source", "From"),
                Column("state", "Withdrawn because"),
            ),
            [line._asdict() for line in lines],
            label="Components",
            row_key="name",
            search="Search components",
        ).classes("wide")


def _deployment(view: DeploymentView) -> None:
    with element("div", "line"):
        badge("runs" if view.is_running else "stopped", "good" if view.is_running else "neutral")
        link("All compositions", "/composition", is_button=True)
    if view.problem:
        error_state("The deployment could not be read", view.problem)
        return
    with card("What serves"):
        facts([("version", view.version or "none"), ("task", view.task or "–"), ("composition", view.pipeline)])
        if len(view.stages) > 1:
            text("p", "Its stages, in the order in which they are tried:", "muted small")
        points(view.stages)
    with card("Adaptation"):
        if view.steps:
            small_table(
                ("adaptation", "time", "step", "composition", "verdict", "why"),
                [
                    (
                        line.number,
                        line.time,
                        line.step,
                        line.pipeline,
                        Cell(line.verdict, TONES[line.verdict]) if line.verdict in TONES else line.verdict,
                        line.reason,
                    )
                    for line in view.steps
                ],
                label="Steps of adaptations, the latest first",
            )
            if view.left_out:
                text("p", f"{view.left_out} earlier steps are in the journal of the deployment.", "muted small")
        else:
            empty_state(
                "It has not been adapted",
                "Give requests with labels, and AURORA looks for drift and for a better composition.",
                command=view.commands[1][1],
                icon="sync",
            )
    with card("Versions"):
        small_table(
            ("version", "time", "what", "who", "why", "found"),
            [tuple(line) for line in view.versions],
            label="Versions, the latest first",
        )
    with card("Use it"):
        for meaning, line in view.commands:
            text("p", meaning, "muted small")
            command(line)
