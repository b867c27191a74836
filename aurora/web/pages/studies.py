"""The page Studies and evaluations: what lies in the folder of runs, its reports, and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from aurora.errors import AuroraError
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
    search_field,
    text,
)
from aurora.web.design.frame import frame
from aurora.web.design.tables import small_table
from aurora.web.design.working import compute
from aurora.web.views.studies import (
    MOST_CHOSEN,
    StudyLine,
    compare_command,
    report_command,
    report_page,
    study_lines,
    study_runs,
)

ROWS_SHOWN = 50


def add(context: WebContext) -> None:
    """Register the pages.

    Args:
        context: What the pages share.
    """

    @ui.page("/studies")
    def studies() -> None:
        lead = "Measurements that were made on the command line. Open the report of one, or compare several."
        with frame("Studies and evaluations", active="studies", lead=lead):
            _List(context).build()

    @ui.page("/studies/report")
    def report(request: Request) -> None:
        names = request.query_params.getlist("of")
        title = "Report" if len(names) < 2 else f"Comparison of {len(names)}"  # noqa: PLR2004
        with frame(title, active="studies", lead=", ".join(names)):
            _Report(context, names).build()


def report_path(names: list[str]) -> str:
    """Return the path of the report of some evaluations."""
    return f"/studies/report?{urlencode([('of', name) for name in names])}"


def _when(created: str) -> str:
    """Return a time of ISO 8601 as people read it; another text as it is."""
    try:
        return f"{datetime.fromisoformat(created).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return created


class _List:
    def __init__(self, context: WebContext) -> None:
        self.context = context
        self.lines: list[StudyLine] = []
        self.chosen: list[str] = []
        self.wanted = ""
        self.most = ROWS_SHOWN

    def build(self) -> None:
        with element("div", "line"):
            search_field("Search studies and evaluations", self._search)
            self.compare = button("Compare the chosen", self._compare, kind="primary", icon="compare_arrows")
            self.compare.disable()
            self.note = text(
                "span",
                "Choose two or more of the same kind; the others are compared with the one chosen first.",
                "muted small",
            )
        self.place = element("div", "stack")
        with self.place:
            loading("Reading studies")
        ui.timer(0, self._read, once=True)

    async def _read(self) -> None:
        try:
            self.lines = await compute(study_lines, self.context.settings.runs)
        except (AuroraError, OSError) as error:
            self.place.clear()
            with self.place:
                error_state("The folder could not be read", str(error), retry=self._read)
            return
        self._show()

    def _search(self, wanted: str) -> None:
        self.wanted, self.most = wanted.casefold(), ROWS_SHOWN
        self._show()

    def _show(self) -> None:
        self.place.clear()
        found = [line for line in self.lines if self.wanted in f"{line.name} {line.kind}".casefold()]
        with self.place:
            if not self.lines:
                empty_state(
                    "No study or evaluation yet",
                    f"They are looked for in {self.context.settings.runs}, where the command line keeps them.",
                    command="aurora eval benchmark --out runs/eval/benchmark",
                    icon="query_stats",
                )
            elif not found:
                text("p", "Nothing fits; change the search.", "muted")
            for line in found[: self.most]:
                self._line(line)
            if len(found) > self.most:
                button(f"Show more of {len(found)}", self._more)

    def _more(self) -> None:
        self.most += ROWS_SHOWN
        self._show()

    def _line(self, line: StudyLine) -> None:
        with card(line.name, classes="tight"):
            with element("div", "line spread"):
                with element("div", "line"):
                    badge(line.kind or "Evaluation", "info")
                    if line.created:
                        text(
                            "span",
                            f"{_when(line.created)}, {line.metrics} metric{'' if line.metrics == 1 else 's'}",
                            "muted small",
                        )
                    if line.state:
                        text("span", f"runs: {line.state}", "small")
                with element("div", "line"):
                    if line.has_result and not line.problem:
                        link("Open the report", report_path([line.name]), is_button=True)
                        box = ui.checkbox("Compare", value=line.name in self.chosen)
                        box.props["aria-label"] = f"Compare {line.name}"
                        box.on_value_change(lambda e, name=line.name: self._choose(name, bool(e.value)))
            if line.problem:
                text("p", line.problem, "bad break")
            if line.command:
                command(line.command)
            if line.is_study and not line.problem:
                self._runs(line)

    def _runs(self, line: StudyLine) -> None:
        with element("details"):
            text("summary", "Its runs")
            place = element("div", "stack")
            place.mark(f"runs of {line.name}")

        async def show() -> None:
            try:
                runs = await compute(study_runs, self.context.settings.runs / line.name)
            except AuroraError as error:
                place.clear()
                with place:
                    error_state("The runs could not be read", str(error))
                return
            place.clear()
            with place:
                text("p", "A process plays it." if runs.is_running else "No process plays it.", "muted small")
                small_table(
                    ("run", "state", "iterations", "evaluations", "reason of a failure"),
                    [
                        (
                            str(r.run),
                            r.state,
                            str(r.iterations),
                            "–" if r.evaluations is None else f"{r.evaluations:,}",
                            r.failure,
                        )
                        for r in runs.rows
                    ],
                    label=f"Runs of {line.name}",
                    numbers=(2, 3),
                )

        with place:
            button("Show", show)

    def _choose(self, name: str, is_chosen: bool) -> None:
        self.chosen = [n for n in self.chosen if n != name] + ([name] if is_chosen else [])
        count = len(self.chosen)
        self.compare.set_enabled(2 <= count <= MOST_CHOSEN)  # noqa: PLR2004  # two to compare
        self.note.set_text(
            f"{count} chosen; {self.chosen[0]} is compared with." if count else "Choose two or more of the same kind."
        )

    def _compare(self) -> None:
        ui.navigate.to(report_path(self.chosen))


class _Report:
    def __init__(self, context: WebContext, names: list[str]) -> None:
        self.folder = context.settings.runs
        self.names = names

    def build(self) -> None:
        self.place = element("div", "stack")
        with self.place:
            loading("Writing the report")
        ui.timer(0, self._show, once=True)

    async def _show(self) -> None:
        try:
            page = await compute(report_page, self.folder, self.names)
            lines = {line.name: line for line in await compute(study_lines, self.folder)}
        except AuroraError as error:
            self.place.clear()
            with self.place:
                error_state("The report could not be written", str(error), retry=self._show)
                link("All studies and evaluations", "/studies")
            return
        self.place.clear()
        with self.place:
            with element("div", "line spread"):
                link("All studies and evaluations", "/studies", is_button=True)
                button("Save as HTML", lambda: self._save(page), icon="download")
            # The page is data from files: the frame has no right to run, load or navigate anything.
            shown = element("iframe", "report-frame")
            shown.props["sandbox"] = ""
            shown.props["srcdoc"] = page
            shown.props["title"] = f"Report of {', '.join(self.names)}"
            text("p", "On the command line:", "muted small")
            command(report_command(self.folder, self.names))
            if len(self.names) == 2 and all(name in lines for name in self.names):  # noqa: PLR2004
                command(compare_command(self.folder, lines[self.names[0]], lines[self.names[1]]))

    def _save(self, page: str) -> None:
        ui.download.content(page, "report.html", "text/html")
