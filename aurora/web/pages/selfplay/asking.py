"""Dialogs of the pages on self-play: start, pause and resume a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from aurora.errors import AuroraError, InputError
from aurora.graphs.run_control import NewRun, RunControl
from aurora.graphs.run_list import RunRow
from aurora.web.context import WebContext
from aurora.web.design.components import button, element, text
from aurora.web.design.working import compute
from aurora.web.views.selfplay import new_name, source_choices

DEFAULT_ITERATIONS, DEFAULT_SEED = 10, 1


class Form:
    """A dialog with fields, an error in words, and a button that does it.

    Args:
        title: Heading.
        does: Word of the button.
        kind: Weight of the button.
    """

    def __init__(self, title: str, does: str, kind: Any = "primary") -> None:
        self._work: Callable[[], Any] | None = None
        self._then: Callable[[Any], Any] = lambda result: None
        with ui.dialog() as self.dialog, element("div", "card ask-dialog").props("role=dialog") as box:
            box.props["aria-label"] = title
            text("h2", title)
            self.fields = element("div", "stack")
            self.problem = element("div", "stack").props("role=alert")
            with element("div", "line"):
                self.button = button(does, self._do, kind=kind)
                button("Cancel", self.dialog.close, kind="quiet")

    def open(self, work: Callable[[], Any], then: Callable[[Any], Any]) -> None:
        """Show the dialog.

        Args:
            work: Called off the event loop when the button is pressed; its error of the library is shown.
            then: Called with its result.
        """
        self._work, self._then = work, then
        self.problem.clear()
        self.dialog.open()

    async def _do(self) -> None:
        if self._work is None:
            return
        self.button.disable()  # a double click asks once
        self.problem.clear()
        try:
            result = await compute(self._work)
        except AuroraError as error:
            with self.problem:
                text("p", _in_words(error), "bad break")
            return
        finally:
            self.button.enable()
        self.dialog.close()
        self._then(result)


def _in_words(error: AuroraError) -> str:
    field = error.parameter if isinstance(error, InputError) else None
    return f"{str(field).replace('_', ' ').capitalize()}: {error}" if field else str(error)


def ask_start(context: WebContext, control: RunControl, then: Callable[[Any], Any]) -> None:
    """Ask for a new run, and start it.

    Args:
        context: What the pages share.
        control: Starts it.
        then: Called with its folder.
    """
    settings = context.settings
    form = Form("Start a run", "Start")
    with form.fields:
        name = ui.input("Name of the run", value=new_name(settings.runs)).props("outlined dense autofocus")
        source = ui.select(source_choices(settings.data), value="generated", label="Scenarios").props("outlined dense")
        with element("div", "grid"):
            iterations = _number("Iterations", DEFAULT_ITERATIONS, least=1)
            seed = _number("Random seed", DEFAULT_SEED, least=0)
            minutes = _number("Minutes at most", None, least=0.1)
            jobs = _number("Threads", 1, least=1)
        text(
            "p",
            "The run is a process of its own: it goes on if this page or the server closes. "
            "Ten iterations of generated scenarios take about a minute on two quiet cores.",
            "muted small",
        )

    def work() -> Any:
        new = NewRun(
            name=str(name.value or "").strip(),
            source=str(source.value),
            seed=_whole(seed.value, "seed"),
            iterations=_whole(iterations.value, "iterations"),
            time_limit=None if minutes.value is None else float(minutes.value) * 60,
            jobs=_whole(jobs.value, "jobs"),
            data=settings.data if source.value != "generated" else None,
        )
        return control.start(new, context.who)

    form.open(work, then)


def ask_resume(context: WebContext, control: RunControl, row: RunRow, then: Callable[[Any], Any]) -> None:
    """Ask how far a run shall go on, and resume it.

    Args:
        context: What the pages share.
        control: Resumes it.
        row: The run.
        then: Called when it is resumed.
    """
    asks_model = row.settings is not None and row.settings.proposer != "search"
    form = Form(f"Resume {row.name}", "Resume")
    with form.fields:
        text("p", f"It has {row.iterations} finished iterations, and goes on as it was begun.", "muted")
        with element("div", "grid"):
            iterations = _number("Iterations in all", row.iterations + DEFAULT_ITERATIONS, least=1)
            jobs = _number("Threads", 1, least=1)
            calls = _number("Model calls in all, at most", 100, least=0) if asks_model else None
        if asks_model and row.settings is not None:
            text("p", f"It asks the model {row.settings.model}, which may cost money.", "warn")

    def work() -> None:
        control.resume(
            row.directory,
            context.who,
            iterations=_whole(iterations.value, "iterations"),
            jobs=_whole(jobs.value, "jobs"),
            max_calls=None if calls is None else _whole(calls.value, "max_calls"),
        )

    form.open(work, then)


def ask_pause(context: WebContext, control: RunControl, row: RunRow, then: Callable[[Any], Any]) -> None:
    """Ask whether a run shall pause, and interrupt it as Ctrl-C does.

    Args:
        context: What the pages share.
        control: Interrupts it.
        row: The run.
        then: Called when it is interrupted.
    """
    form = Form(f"Pause {row.name}?", "Pause", "danger")
    with form.fields:
        text(
            "p",
            "Its process is interrupted, as Ctrl-C does. The unfinished iteration is dropped; finished ones are kept, "
            "and no simulation is run twice when it is resumed.",
        )
    form.open(lambda: control.pause(row.directory, context.who), then)


def _number(label: str, value: float | None, *, least: float) -> ui.number:
    field = ui.number(label, value=value, min=least)
    field.props("outlined dense")
    return field


def _whole(value: Any, name: str) -> int:
    if value is None or float(value) != int(value):
        raise InputError("give a whole number", parameter=name, value=value)
    return int(value)
