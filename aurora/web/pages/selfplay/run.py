"""The page of one run: what it does now, followed by its log, and how it stands after the last iteration."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nicegui import ui

from aurora.errors import AuroraError
from aurora.graphs.following import Position, Reading, follow
from aurora.graphs.run_control import RunControl, State
from aurora.graphs.run_directory import EVENTS, REPORT
from aurora.graphs.run_list import RunRow, run_row
from aurora.web.context import WebContext
from aurora.web.design.components import (
    badge,
    button,
    card,
    command,
    element,
    empty_state,
    error_state,
    link,
    loading,
    text,
)
from aurora.web.design.figures import figure
from aurora.web.design.tables import points, small_table
from aurora.web.design.working import compute
from aurora.web.pages.selfplay.asking import ask_pause, ask_resume
from aurora.web.pages.selfplay.listing import TONES
from aurora.web.pages.selfplay.sections import Sections
from aurora.web.views.selfplay import ENDED_WORDS, STATE_WORDS, Asked, asked, failure, resume_command, unit_of
from aurora.web.views.selfplay_charts import live_chart
from aurora.web.views.selfplay_live import Live, heard
from aurora.web.views.selfplay_standing import Standing, Verdicts, kept_verdicts, standing

SECONDS = 2.0
"""Seconds between two looks at the log."""


class Look(NamedTuple):
    """What a look at a run has found.

    Attributes:
        row: The run as in the list.
        state: What it does.
        live: What its log says.
        position: Where the next look goes on.
        standing: How it stands; None: no iteration is finished, or the one that is shown is still the last.
        verdicts: The last report's figures; None: there is none, or as above.
        asked: Who asked for what.
        words: Last words of a process that failed; "": none.
        has_report: True if it has a report.
    """

    row: RunRow
    state: State
    live: Live
    position: Position
    standing: Standing | None
    verdicts: Verdicts | None
    asked: list[Asked]
    words: str
    has_report: bool


def look(folder: Path, name: str, control: RunControl, before: tuple[Live, Position], shown: int) -> Look:
    """Look at a run.

    Args:
        folder: Folder of runs.
        name: Name of the run.
        control: Knows what it does.
        before: What its log said at the look before, and where that stopped.
        shown: Iterations of the standing that is shown.

    Raises:
        AuroraError: There is no such run, or a file of it can't be read.
    """
    row = run_row(folder, name)
    live, position = before
    while True:
        reading: Reading = follow(row.directory / EVENTS, position)
        live, position = heard(live, reading), reading.position
        if reading.is_whole:
            break
    state = control.state(row.directory)
    stands = standing(row.directory) if row.iterations and row.iterations != shown else None
    return Look(
        row=row,
        state=state,
        live=live,
        position=position,
        standing=stands,
        verdicts=kept_verdicts(row.directory),
        asked=asked(row.directory),
        words=failure(row.directory, state, row),
        has_report=(row.directory / REPORT).is_file(),
    )


class RunPage:
    """The page of one visitor.

    Args:
        context: What the pages share.
        control: Starts and pauses runs.
        name: Name of the run.
    """

    def __init__(self, context: WebContext, control: RunControl, name: str) -> None:
        self.context = context
        self.control = control
        self.name = name
        self.before = (Live(), Position())
        self.shown = 0
        self.is_looking = False
        self.last: Look | None = None

    def build(self) -> None:
        """Show the page, and follow the run."""
        self.problem = element("div", "stack")
        self.top = element("div", "stack")
        self.now = element("div", "stack")
        with self.now:
            loading("Reading the run")
        self.below = element("div", "stack sections")
        self.asked = element("div", "stack")
        self.timer = ui.timer(SECONDS, self._look)

    async def _look(self) -> None:
        if self.is_looking:
            return
        self.is_looking = True
        try:
            found = await compute(look, self.context.settings.runs, self.name, self.control, self.before, self.shown)
        except AuroraError as error:
            self._show_problem(str(error))
            return
        finally:
            self.is_looking = False
        self.problem.clear()
        self._show(found)

    def _show_problem(self, message: str) -> None:
        self.problem.clear()
        if self.last is None:
            self.now.clear()
        with self.problem:
            error_state("The run could not be read", message)
            if self.last is None:
                link("All runs", "/selfplay")

    def _show(self, found: Look) -> None:
        before, self.last = self.last, found
        self.before = (found.live, found.position)
        if before is None or (before.state, before.row.iterations, before.has_report) != (
            found.state,
            found.row.iterations,
            found.has_report,
        ):
            self._show_top(found)
        if before is None or (before.live, before.state, before.words) != (found.live, found.state, found.words):
            self._show_now(found)
        if found.standing is not None:
            self.shown = found.standing.iterations
            self._show_standing(found, found.standing)
        elif before is None and not found.row.iterations:
            self._show_waiting()
        if before is None or before.asked != found.asked:
            self._show_asked(found)

    def _show_top(self, found: Look) -> None:
        self.top.clear()
        settings = found.row.settings
        with self.top, element("div", "line spread"):
            with element("div", "line"):
                state = STATE_WORDS[found.state]
                if found.state == "stopped":
                    state = ENDED_WORDS.get(found.live.stopped, state)
                badge(state, TONES[found.state]).props["data-state"] = found.state
                if settings is not None:
                    text("span", f"{settings.source} scenarios, seed {settings.seed}", "muted")
                    if settings.proposer != "search":
                        text("span", f"with the model {settings.model}", "muted break")
                if found.row.problem:
                    text("span", f"Its settings can't be read: {found.row.problem}", "muted break")
            with element("div", "line"):
                if found.state == "running":
                    button("Pause", self._pause, kind="danger", icon="pause")
                elif found.state == "stopped" and settings is not None:
                    button("Resume", self._resume, kind="primary", icon="play_arrow")
                if found.has_report:
                    button("Save the report", self._save_report, icon="download")
                link("All runs", "/selfplay", is_button=True)

    def _pause(self) -> None:
        if self.last is not None:
            ask_pause(self.context, self.control, self.last.row, lambda _: self._again())

    def _resume(self) -> None:
        if self.last is not None:
            ask_resume(self.context, self.control, self.last.row, lambda _: self._again())

    async def _again(self) -> None:
        await self._look()

    async def _save_report(self) -> None:
        if self.last is None:
            return
        path = self.last.row.directory / REPORT
        try:
            content = await compute(path.read_bytes)
        except OSError as error:
            ui.notify(f"The report can't be read: {error.strerror}", type="negative")
            return
        ui.download.content(content, f"report-{self.last.row.directory.name}.html", "text/html")

    def _show_now(self, found: Look) -> None:
        live, unit = found.live, unit_of(found.row)
        self.now.clear()
        with self.now, card("Now" if found.state != "stopped" else "When it stopped"):
            text("p", _what(found)).props("aria-live=polite")
            if found.words:
                error_state("Its process ended with these words", found.words)
            if live.generations and live.committed < live.iteration and found.state != "stopped":
                share = (live.generation + 1) / live.generations
                with element("div", "bar").props("role=progressbar aria-valuemin=0 aria-valuemax=100") as bar:
                    bar.props["aria-valuenow"] = str(round(100 * share))
                    bar.props["aria-label"] = "Generations of this iteration"
                    element("div").style(f"width:{100 * share:.0f}%")
            if len(live.advantages) > 1 and found.state != "stopped":
                figure(live_chart(live, unit), summary="Best mean advantage of each generation on training scenarios.")
            if live.calls:
                price = f", ${live.dollars:.4f}" if live.dollars else ""
                text("p", f"The model has answered {live.calls:,} calls with {live.tokens:,} tokens{price}.", "muted")
            if live.remarks:
                points(live.remarks)
            if live.unreadable:
                text("p", f"{live.unreadable} lines of the log are no events and were left out.", "muted small")
            if found.state == "stopped" and found.row.settings is not None:
                text("p", "On the command line it goes on with", "muted small")
                command(resume_command(found.row.directory, found.row.iterations + 10))

    def _show_standing(self, found: Look, stands: Standing) -> None:
        self.below.clear()
        with self.below:
            Sections(self.name, found.row, stands, found.verdicts).build()

    def _show_waiting(self) -> None:
        self.below.clear()
        with self.below:
            empty_state(
                "No iteration is finished yet",
                "Figures, champion and scenarios show up here after the first one. The first start on a machine "
                "compiles the simulator, which takes about a minute.",
                icon="hourglass_empty",
            )

    def _show_asked(self, found: Look) -> None:
        self.asked.clear()
        if found.asked:
            with self.asked, card("Who asked for what"):
                rows = [(a.when, a.who, a.what) for a in found.asked]
                small_table(("time, UTC", "who", "what"), rows, label="Requests, latest first")


def _what(found: Look) -> str:
    """Return in a sentence what the run does, or why it does nothing."""
    if found.state == "starting":
        return "Its process is starting."
    if found.state == "pausing":
        return f"{found.live.now} It was asked to pause, and stops as soon as the present step is done."
    if found.state == "running":
        return found.live.now
    ended = {
        "done": "It has finished all iterations that were asked for.",
        "time limit": "Its time was up; an unfinished iteration was dropped.",
        "interrupted": "It was paused; an unfinished iteration was dropped.",
        "budget spent": "The budget of the model is spent.",
    }
    return ended.get(found.live.stopped, "No process plays it, and the last one did not say why it stopped.")
