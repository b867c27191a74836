"""The page Rating: explanations for people to rate, one at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from nicegui import ui
from nicegui.events import KeyEventArguments

from aurora.errors import AuroraError
from aurora.evals.ratings.items import CRITERIA, LEAST, MOST, Criterion, RatingSet
from aurora.evals.ratings.keeping import LONGEST_COMMENT, LONGEST_NAME, checked_name
from aurora.evals.ratings.sampling import FormSettings
from aurora.evals.report.evaluations.texts import cell_text
from aurora.web.context import WebContext
from aurora.web.design.components import button, card, element, empty_state, error_state, link, loading, text
from aurora.web.design.frame import frame
from aurora.web.design.tables import points, small_table
from aurora.web.design.working import compute
from aurora.web.views.rating import (
    ItemView,
    Results,
    SetLine,
    item_view,
    make_set,
    open_set,
    rate_item,
    results,
    scale_text,
    set_lines,
)


def add(context: WebContext) -> None:
    """Register the pages.

    Args:
        context: What the pages share.
    """

    @ui.page("/rating")
    def rating() -> None:
        lead = "People say whether explanations help them. Some have a planted error; nobody is told which."
        with frame("Rating", active="rating", lead=lead):
            _Sets(context).build()

    @ui.page("/rating/{name:path}")
    def rate(request: Request, name: str) -> None:
        rater = request.query_params.get("rater", "")
        with frame("Rate explanations", active="rating", lead=f"Set {name}."):
            _Rater(context, name, rater).build()


def rating_path(name: str, rater: str) -> str:
    """Return the path of the page where a rater rates a set."""
    return f"/rating/{quote(name)}?{urlencode({'rater': rater})}"


class _Sets:
    def __init__(self, context: WebContext) -> None:
        self.context = context

    def build(self) -> None:
        self.place = element("div", "stack")
        with self.place:
            loading("Looking for sets")
        ui.timer(0, self._read, once=True)

    async def _read(self) -> None:
        lines = await compute(set_lines, self.context.settings.runs)
        self.place.clear()
        with self.place:
            if not lines:
                empty_state(
                    "No explanations to rate yet",
                    "Make a set below, or on the command line.",
                    command="aurora eval rate new --out runs/eval/ratings",
                    icon="rate_review",
                )
            for line in lines:
                self._set(line)
            self._new(is_first=not lines)

    def _set(self, line: SetLine) -> None:
        with card(line.name):
            if line.problem:
                text("p", line.problem, "bad break")
                return
            text("p", f"{line.items} explanations, in an order of your own.", "muted")
            if line.raters:
                done = ", ".join(f"{name} ({count} of {line.items})" for name, count in line.raters)
                text("p", f"Rated so far by {done}.", "small break")
            with element("div", "line"):
                name = ui.input("Your name").props(f"outlined dense maxlength={LONGEST_NAME}")
                problem = text("span", "", "bad").props("role=alert")

                def begin() -> None:
                    try:
                        rater = checked_name(str(name.value or ""))
                    except AuroraError as error:
                        problem.set_text(str(error))
                        return
                    ui.navigate.to(rating_path(line.name, rater))

                name.on("keydown.enter", begin)
                button("Begin, or go on", begin, kind="primary")
            text(
                "p",
                "The name tells raters apart, and brings you back to where you stopped. It is kept with your ratings.",
                "muted small",
            )

    def _new(self, *, is_first: bool) -> None:
        with card("Make a set"), element("details") as made:
            if is_first:
                made.props("open")
            text("summary", "Draw explanations of fresh decisions and runs")
            with element("div", "controls"):
                name = ui.input("Name", value="eval/ratings").props("outlined dense")
                decisions = ui.number("Decisions", value=20, min=0).props("outlined dense")
                runs = ui.number("Whole runs", value=5, min=0).props("outlined dense")
                planted = ui.number("With a planted error", value=6, min=0).props("outlined dense")
                seed = ui.number("Random seed", value=0, min=0).props("outlined dense")
            place = element("div", "stack rate-made")

            async def make() -> None:
                does.disable()
                place.clear()
                with place:
                    loading("Simulating and explaining; this takes up to a minute")
                try:
                    settings = FormSettings(*(int(f.value or 0) for f in (decisions, runs, planted, seed)))
                    wanted = str(name.value or "").strip()
                    await compute(make_set, self.context.settings.runs, wanted, settings, self.context.who)
                except AuroraError as error:
                    place.clear()
                    with place:
                        text("p", str(error), "bad break").props("role=alert")
                    return
                finally:
                    does.enable()
                await self._read()

            does = button("Make the set", make)


class _Rater:
    def __init__(self, context: WebContext, name: str, rater: str) -> None:
        self.context = context
        self.name = name
        self.rater = rater
        self.view: ItemView | None = None
        self.scores: dict[Criterion, int] = {}
        self.current = 0
        self.is_saving = False

    def build(self) -> None:
        self.place = element("div", "stack")
        with self.place:
            loading("Opening the set")
        ui.keyboard(on_key=self._key, ignore=["input", "select", "textarea"])
        ui.timer(0, self._open, once=True)

    async def _open(self) -> None:
        try:
            self.rater = checked_name(self.rater)
            self.folder, self.set = await compute(open_set, self.context.settings.runs, self.name)
        except AuroraError as error:
            self._failed(error)
            return
        await self._go(None)

    def _failed(self, error: AuroraError) -> None:
        self.place.clear()
        with self.place:
            error_state("This can't be rated", str(error))
            link("All sets", "/rating")

    async def _go(self, number: int | None) -> None:
        try:
            view = await compute(item_view, self.folder, self.set, self.rater, number)
        except AuroraError as error:
            self._failed(error)
            return
        self.view = view
        self.scores = {q.criterion: q.score for q in view.questions if q.score is not None}
        self.current = next((k for k, q in enumerate(view.questions) if q.score is None), 0)
        self._show(view)

    def _show(self, view: ItemView) -> None:
        self.place.clear()
        with self.place:
            with element("div", "line spread"):
                text(
                    "span",
                    f"Explanation {view.place} of {view.total}; {view.finished} finished by {self.rater}",
                    "muted",
                )
                link("Stop here", "/rating", is_button=True)
            with element("div", "bar").props("role=progressbar aria-valuemin=0") as bar:
                bar.props["aria-valuemax"], bar.props["aria-valuenow"] = str(view.total), str(view.finished)
                bar.props["aria-label"] = "Finished explanations"
                element("div").style(f"width:{100 * view.finished / view.total:.0f}%")
            with card(view.question):
                text("div", view.text, "rated-text")
                for table in view.facts:
                    text("p", table.caption, "small")
                    small_table(table.columns, table.rows, label=table.caption)
            with card("What do you think?"):
                text(
                    "p",
                    f"Keys {LEAST} to {MOST} rate the marked question, Enter goes on. Each is kept at once.",
                    "muted small",
                )
                self.criteria = element("div", "stack")
                self._show_criteria()
                self.comment = ui.textarea("Remark, if you like", value=view.comment)
                self.comment.props(f"outlined autogrow maxlength={LONGEST_COMMENT}").on("blur", self._keep)
                self.said = text("p", "", "small").props("role=status")
                with element("div", "line"):
                    if view.place > 1:
                        button("Back", lambda: self._go(view.place - 1), kind="quiet")
                    button("Next", self._next, kind="primary")
        if view.finished == view.total:
            self._show_finished()

    def _show_criteria(self) -> None:
        assert self.view is not None  # it is shown
        self.criteria.clear()
        with self.criteria:
            for k, question in enumerate(self.view.questions):
                classes = "rate-criterion current" if k == self.current else "rate-criterion"
                with element("div", classes).props("role=group") as group:
                    group.props["aria-label"] = f"{question.criterion}: {question.text}"
                    text("span", f"{question.criterion.capitalize()}: {question.text}")
                    with element("div", "rate-scale"):
                        for score in range(LEAST, MOST + 1):
                            is_chosen = self.scores.get(question.criterion) == score
                            made = button(
                                str(score),
                                lambda k=k, score=score: self._rate(k, score),
                                kind="primary" if is_chosen else "plain",
                            )
                            made.props["aria-label"] = f"{question.criterion}: {scale_text(score)}"
                            made.props["aria-pressed"] = str(is_chosen).lower()
                        text("span", f"{LEAST} not at all, {MOST} entirely", "muted small")

    async def _key(self, event: KeyEventArguments) -> None:
        if self.view is None or not event.action.keydown or event.action.repeat or event.modifiers.ctrl:
            return
        if event.key.number is not None and LEAST <= event.key.number <= MOST:
            await self._rate(self.current, event.key.number)
        elif event.key == "Enter" and len(self.scores) == len(CRITERIA):
            await self._next()

    async def _rate(self, place: int, score: int) -> None:
        assert self.view is not None  # it is shown
        self.scores[self.view.questions[place].criterion] = score
        left = [k for k, q in enumerate(self.view.questions) if q.criterion not in self.scores]
        self.current = left[0] if left else min(place + 1, len(self.view.questions) - 1)
        self._show_criteria()
        await self._keep()

    async def _keep(self, _: Any = None) -> bool:
        if self.view is None:
            return False
        comment = str(self.comment.value or "")
        if not self.scores and not comment.strip():
            return True
        view, scores = self.view, dict(self.scores)
        try:
            await compute(rate_item, self.folder, self.set, self.rater, view, scores, comment)
        except AuroraError as error:
            self.said.set_text(f"Not kept: {error}")
            return False
        self.said.set_text("Kept.")
        return True

    async def _next(self) -> None:
        if self.view is None or self.is_saving:
            return
        self.is_saving = True
        try:
            if await self._keep():
                is_last = self.view.place == self.view.total
                await self._go(None if is_last else self.view.place + 1)
        finally:
            self.is_saving = False

    def _show_finished(self) -> None:
        with self.place, card("All explanations are rated"):
            text("p", "Thank you. You may still go back and change a rating.")
            place = element("div", "stack")
            with place:
                button("Show how people agree", lambda: self._results(place))
                text("p", "It names the planted errors: look when you are done.", "muted small")

    async def _results(self, place: ui.element) -> None:
        try:
            found = await compute(results, self.folder, self.set)
        except AuroraError as error:
            with place:
                error_state("The ratings could not be read", str(error))
            return
        place.clear()
        with place:
            _tables(found, self.set)


def _tables(found: Results, rating_set: RatingSet) -> None:
    points(found.notes)
    for table in found.tables:
        text("h3", table.title)
        rows = [tuple(cell_text(cell) for cell in row) for row in table.rows]
        small_table(table.columns, rows, label=table.title, numbers=tuple(range(2, len(table.columns))))
        if table.note:
            text("p", table.note, "muted small")
    wrong = ", ".join(f"{i.item} ({i.planted})" for i in rating_set.items if i.planted)
    text("p", f"Planted errors: {wrong or 'none'}.", "small break")
