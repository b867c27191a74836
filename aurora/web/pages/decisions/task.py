"""What happened to one task: candidates with the terms of their scores, waits, and what would have changed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from aurora.quantities import plain
from aurora.web.design.components import Tone, badge, button, card, element, facts, text
from aurora.web.views.decisions.decision import Candidate, Explained

TONES: dict[str, Tone] = {
    "completed": "good",
    "late": "warn",
    "unplaced": "bad",
    "dropped": "bad",
    "failed": "bad",
    "unplaceable": "bad",
}
Pick = Callable[[str], Any]


def show_task(  # what can be opened from it, each by its name
    found: Explained, on_task: Pick, on_node: Pick, on_close: Callable[[], Any], on_instead: Pick
) -> ui.element:
    """Show what happened to a task, and return the place for a counterfactual.

    Args:
        found: What happened.
        on_task: Called with another task that is opened.
        on_node: Called with a node that is opened.
        on_close: Called when it is closed.
        on_instead: Called with a candidate that it is to be explained against.
    """
    with card(f"Task {found.task_id}", classes="task-card"):
        with element("div", "line spread"):
            with element("div", "line"):
                badge(found.status, TONES.get(found.status, "neutral"))
                for name, value in found.asks:
                    text("span", f"{name} {value}", "muted small break")
            button("Close", on_close, kind="quiet")
        with element("div", "stack"):
            for line in found.lines[:1]:
                text("p", line, "break")
            if len(found.lines) > 1:
                with element("details"):
                    text("summary", "In full, each sentence checked against the run")
                    for line in found.lines[1:]:
                        text("p", line, "break small")
        _why(found)
        if found.candidates:
            _candidates(found, on_node)
            _terms(found)
        _way(found, on_task, on_node)
        return _instead(found, on_instead)


def _why(found: Explained) -> None:
    rows = []
    if found.number is not None:
        rows.append(("Decided", f"at {found.time}, decision {found.number + 1} of the run"))
    if len(found.candidates) > 1:
        rows.append(("Runner-up", found.candidates[1].name))
        rows.append(("Decided by", ", ".join(found.because) or "a draw, or more than three features together"))
    if found.flips:
        rows.append(("It would have flipped", " ".join(found.flips)))
    if not found.has_choices:
        rows.append(("Decided by", "an explicit plan, which has no scores"))
    if rows:
        facts(rows)


def _candidates(found: Explained, on_node: Pick) -> None:
    """Show the candidates with their scores, and the features that the score reads."""
    shown, more = len(found.candidates), found.feasible - len(found.candidates)
    text("h3", f"Candidates: {found.feasible} had room" + (f", the best {shown} are shown" if more > 0 else ""))
    features = [name for name, _ in found.candidates[0].features]
    values = [dict(c.features) for c in found.candidates]
    telling = [f for f in features if len({v[f] for v in values}) > 1] if len(values) > 1 else features
    with _table("Candidates", ["Candidate", "Score", *telling]):
        for number, candidate in enumerate(found.candidates):
            with element("tr", "chosen" if number == 0 else ""):
                with element("th").props("scope=row"), element("div", "line"):
                    cell = text("button", candidate.name, "cell-link").props("type=button")
                    cell.on("click", lambda _, name=candidate.name: on_node(name))
                    if number == 0:
                        badge("chosen", "good")
                text("td", f"{candidate.score:.6g}", "number")
                for feature in telling:
                    text("td", values[number][feature], "number")
    same = [f"{f} {values[0][f]}" for f in features if f not in telling]
    if same:
        text("p", f"The same for all: {', '.join(same)}.", "muted small break")


def _terms(found: Explained) -> None:
    """Show the score of each candidate split into the terms of the policy, against the winner's."""
    best = found.candidates[0]
    columns = found.candidates[:6]
    text("h3", "Scores by the terms of the policy")
    if found.is_relative:
        text("p", "A network has no terms. Each input gets its share of the distance from the winner.", "muted small")
    heads = ["Term", *(c.name for c in columns)]
    if len(found.candidates) > 1:
        heads.append("Runner-up against chosen")
    largest = _largest(found.candidates[:2])
    with _table("Terms of the scores", heads):
        order = sorted(range(len(found.terms)), key=lambda k: len({c.parts[k] for c in found.candidates}) == 1)
        for k in order:  # terms that tell candidates apart come first
            with element("tr"):
                text("th", _written(found.terms[k]), "mono break").props("scope=row")
                for candidate in columns:
                    text("td", f"{candidate.parts[k] + 0.0:.6g}", "number")
                if len(found.candidates) > 1:
                    _difference(found.candidates[1].parts[k] - best.parts[k], largest)
        with element("tr", "sum"):
            text("th", "Distance from the winner" if found.is_relative else "Score").props("scope=row")
            for candidate in columns:
                text("td", f"{candidate.score - (best.score if found.is_relative else 0):.6g}", "number")
            if len(found.candidates) > 1:
                _difference(found.candidates[1].score - best.score, largest)


def _written(term: str) -> str:
    """Return a term without a double minus, where that is a sign before a factor."""
    return term.removeprefix("--") if not set("<>=&|") & set(term) else term


def _largest(pair: Sequence[Candidate]) -> float:
    """Return the largest difference of a term between the winner and the runner-up."""
    if len(pair) < 2:  # noqa: PLR2004
        return 0.0
    gaps = [abs(a - b) for a, b in zip(pair[0].parts, pair[1].parts, strict=True)]
    return max([*gaps, abs(pair[0].score - pair[1].score)])


def _difference(value: float, largest: float) -> None:
    """Show a difference as a number and as a bar to the left or right of the middle."""
    share = 0.0 if largest <= 0 else min(1.0, abs(value) / largest)
    with element("td"), element("div", "gap-cell"):
        with element("div", "gap-bar").props("aria-hidden=true"):
            side = "left" if value >= 0 else "right"
            element("div", "more" if value >= 0 else "less").style(f"{side}:50%;width:{50 * share:.1f}%")
        text("span", f"{'+' if value > 0 else ''}{plain(value)}" if value else "0", "number")


def _table(label: str, heads: Sequence[str]) -> ui.element:
    """Return the body of a table with headings, which scrolls sideways where it is wide."""
    with element("div", "plain-scroll").props("tabindex=0 role=region") as scroll:
        scroll.props["aria-label"] = label
        with element("table", "plain-table"):
            with element("thead"), element("tr"):
                for number, head in enumerate(heads):
                    text("th", head, "number" if number else "").props("scope=col")
            return element("tbody")


def _way(found: Explained, on_task: Pick, on_node: Pick) -> None:
    """Show the starts and waits of a task, with the tasks that it waited for."""
    if found.attempts:
        text("h3", "Starts")
        for attempt in found.attempts:
            text("p", attempt, "break")
    if not found.waits:
        return
    text("h3", "Waits")
    for wait in found.waits:
        with element("div", "line"):
            text("span", wait.text, "break")
            for name in wait.on[:8]:
                text("button", name, "cell-link").props("type=button").on("click", lambda _, n=name: on_task(n))
            if len(wait.on) > 8:  # noqa: PLR2004
                text("span", f"and {len(wait.on) - 8} more", "muted")
            for name in wait.nodes[:8]:
                text("button", name, "cell-link").props("type=button").on("click", lambda _, n=name: on_node(n))


def _instead(found: Explained, on_instead: Pick) -> ui.element:
    """Show the question for another candidate, and return the place for the answer."""
    text("h3", "Why not elsewhere?")
    if not found.others:
        text("p", "There is no other node or path.", "muted")
        return element("div", "stack")
    first = found.candidates[1].name if len(found.candidates) > 1 else found.others[0]
    with element("div", "line"):
        choice = ui.select(list(found.others), value=first, label="Node or path", with_input=True)
        choice.props("outlined dense")
        button("Show what would bring it there", lambda: on_instead(str(choice.value or first)))
    return element("div", "stack")
