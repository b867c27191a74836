"""The list of runs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from nicegui import ui

from aurora.errors import AuroraError
from aurora.graphs.run_control import RunControl, State
from aurora.web.context import WebContext
from aurora.web.design.components import (
    Column,
    Tone,
    badge,
    button,
    data_table,
    element,
    empty_state,
    error_state,
    link,
    loading,
    text,
)
from aurora.web.design.working import compute
from aurora.web.pages.selfplay.asking import ask_start
from aurora.web.views.selfplay import STATE_WORDS, RunLine, run_lines

SECONDS = 3.0
"""Seconds between two looks at the folder."""
TONES: dict[State, Tone] = {"starting": "info", "running": "good", "pausing": "warn", "stopped": "neutral"}
"""Tone of each state."""


def run_path(name: str) -> str:
    """Return the path of the page of a run."""
    return f"/selfplay/{quote(name)}"


class RunList:
    """The list of one visitor.

    Args:
        context: What the pages share.
        control: Knows what each run does.
    """

    def __init__(self, context: WebContext, control: RunControl) -> None:
        self.context = context
        self.control = control
        self.shown: list[tuple[object, ...]] | None = None
        self.is_looking = False

    def build(self) -> None:
        """Show the list, and keep it up to date."""
        with element("div", "line spread"):
            text("span", f"Runs in the folder {self.context.settings.runs}", "muted break")
            button("Start a run", self._start, kind="primary", icon="play_arrow")
        self.playing = element("div", "stack")
        self.place = element("div", "stack")
        with self.place:
            loading("Looking for runs")
        ui.timer(SECONDS, self._look)

    def _start(self) -> None:
        def opened(directory: Path) -> None:
            ui.navigate.to(run_path(directory.relative_to(self.context.settings.runs).as_posix()))

        ask_start(self.context, self.control, opened)

    async def _look(self) -> None:
        if self.is_looking:
            return
        self.is_looking = True
        try:
            lines = await compute(run_lines, self.context.settings.runs, self.control)
        except AuroraError as error:
            self._show_error(str(error))
            return
        finally:
            self.is_looking = False
        key: list[tuple[object, ...]] = [line._replace(changed=None) for line in lines]
        if key != self.shown:  # a table that is built anew loses its page and search
            self.shown = key
            self._show(lines)

    def _show_error(self, message: str) -> None:
        self.shown = None
        self.place.clear()
        with self.place:
            error_state("The runs could not be read", message)

    def _show(self, lines: list[RunLine]) -> None:
        self.playing.clear()
        with self.playing:
            for line in lines:
                if line.state != "stopped":
                    with element("div", "card tight"), element("div", "line spread"):
                        with element("div", "line"):
                            badge(STATE_WORDS[line.state], TONES[line.state])
                            link(line.name, run_path(line.name))
                            text("span", f"{line.iterations} iterations, level {line.level or 1}", "muted")
                        link("Watch", run_path(line.name), is_button=True)
        self.place.clear()
        with self.place:
            if not lines:
                empty_state(
                    "No run yet",
                    "Start one here, or on the command line; it shows up as soon as it has begun.",
                    command="aurora selfplay --iterations 10 --seed 1 --run runs/first",
                    icon="sports_kabaddi",
                )
                return
            data_table(
                (
                    Column("name", "Run"),
                    Column("state", "State"),
                    Column("source", "Scenarios"),
                    Column("iterations", "Iterations", is_number=True),
                    Column("level", "Level", is_number=True),
                    Column("advantage", "Validation lead", is_number=True, shown="advantage_text"),
                    Column("champion", "Champion"),
                    Column("changed", "Last event", is_number=True, shown="age"),
                ),
                [_row(line) for line in lines],
                label="Runs of self-play",
                row_key="name",
                search="Search runs",
                on_select=lambda name: ui.navigate.to(run_path(name)),
            ).classes("wide")


def _row(line: RunLine) -> dict[str, object]:
    state = STATE_WORDS[line.state] if line.state != "stopped" else line.ended
    source = ", ".join(part for part in (line.source, f"seed {line.seed}" if line.seed else "") if part)
    return {
        **line._asdict(),
        "state": line.problem or state,
        "source": source if line.author in ("", "search") else f"{source}, {line.author}",
        "advantage_text": "" if line.advantage is None else f"{line.advantage:+.4f}",
        "age": line.age,
    }
