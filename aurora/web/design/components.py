"""Components of the pages. Every text goes through NiceGUI's text elements, so that data can't become markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

Tone = Literal["neutral", "good", "warn", "bad", "info"]


def element(tag: str, classes: str = "") -> ui.element:
    """Return an element of HTML without text.

    Args:
        tag: Its tag.
        classes: Its classes.
    """
    made = ui.element(tag)
    if classes:
        made.classes(classes)
    return made


def text(tag: str, content: str, classes: str = "") -> TextElement:
    """Return an element that shows a text as it is.

    Args:
        tag: Its tag, such as `h2` or `p`.
        content: The text; markup in it is shown, not read.
        classes: Its classes.
    """
    made = TextElement(tag=tag, text=content)
    if classes:
        made.classes(classes)
    return made


@contextmanager
def card(title: str = "", *, level: int = 2, classes: str = "") -> Iterator[ui.element]:
    """Show a card, with a heading where it has a title.

    Args:
        title: The heading.
        level: Level of the heading, 2 or 3.
        classes: Further classes.
    """
    with element("section", f"card {classes}".strip()) as made:
        if title:
            made.props["aria-label"] = title
            text(f"h{level}", title)
        yield made


def metric(label: str, value: str, note: str = "") -> ui.element:
    """Show a figure with its name.

    Args:
        label: What it is.
        value: The figure with its unit.
        note: What it rests on, or its interval.
    """
    with element("div", "metric") as made:
        text("span", label, "label")
        text("span", value, "value")
        if note:
            text("span", note.replace(" %", "\N{NO-BREAK SPACE}%"), "note")
    return made


def interval(value: str, low: str, high: str, *, share: str = "95 %") -> ui.element:
    """Show an estimate with its interval.

    Args:
        value: The estimate with its unit.
        low: Lower end.
        high: Upper end.
        share: Share of cases that the interval is to hold.
    """
    with element("span", "interval") as made:
        text("span", value)
        text("span", f" ({low} to {high}, {share})", "range")
    return made


def badge(content: str, tone: Tone = "neutral") -> TextElement:
    """Show a state as a word on a ground; a shape before it repeats the tone.

    Args:
        content: The word.
        tone: What it means for the reader.
    """
    return text("span", content, f"badge {tone}")


def button(
    content: str,
    on_click: Callable[..., Any] | None = None,
    *,
    kind: Literal["plain", "primary", "danger", "quiet"] = "plain",
    icon: str | None = None,
) -> ui.button:
    """Show a button.

    Args:
        content: What it does, as a verb.
        on_click: Called when it is pressed.
        kind: Its weight; one button of a page is primary.
        icon: Name of a Material icon.
    """
    return (
        ui.button(content, on_click=on_click, color=None, icon=icon).props("unelevated no-caps").classes(f"btn {kind}")
    )


def link(content: str, path: str, *, is_button: bool = False) -> TextElement:
    """Show a link to a page of this desk.

    Args:
        content: Its text.
        path: Path of the page, from `/`, with what it needs encoded.
        is_button: True: it looks like a button.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError(f"{path!r} is no path of this desk")
    made = text("a", content, "btn" if is_button else "")
    made.props["href"] = path
    return made


def search_field(label: str, on_change: Callable[[str], Any]) -> ui.input:
    """Show the search of a page, which `/` goes to.

    Args:
        label: What is searched.
        on_change: Called with the text while it is written.
    """
    field = ui.input(label, on_change=lambda e: on_change(str(e.value or "")))
    field.props('outlined dense clearable debounce=120 type=search data-search hint=""').classes("search")
    return field


def empty_state(title: str, remedy: str, *, command: str = "", icon: str = "inbox") -> ui.element:
    """Show that there is nothing yet, and what fills it.

    Args:
        title: What is not there.
        remedy: What to do.
        command: Command that does it.
        icon: Name of a Material icon.
    """
    with element("div", "state") as made:
        ui.icon(icon).props("aria-hidden=true")
        text("h2", title)
        text("p", remedy, "muted")
        if command:
            text("div", command, "command")
    return made


def error_state(title: str, message: str, *, retry: Callable[..., Any] | None = None) -> ui.element:
    """Show what failed, and what to do.

    Args:
        title: What could not be done.
        message: What happened and the remedy, as errors of the library say it.
        retry: Tries again.
    """
    with element("div", "state error").props("role=alert") as made:
        ui.icon("error_outline").props("aria-hidden=true")
        text("h2", title)
        text("p", message, "break")
        if retry is not None:
            button("Try again", retry)
    return made


@contextmanager
def sheet(title: str, *, closed: Callable[[], Any] | None = None) -> Iterator[ui.element]:
    """Open a sheet beside the page, over all of it where the screen is narrow; Escape closes it.

    Args:
        title: Its heading.
        closed: Called when it is closed.
    """
    with ui.dialog() as dialog:
        dialog.props("position=right full-height transition-show=fade transition-hide=fade")
        dialog.props["aria-label"] = title

        def end() -> None:
            dialog.delete()
            if closed is not None:
                closed()

        dialog.on("hide", end)
        with element("div", "sheet") as made:
            with element("div", "line spread head"):
                text("h2", title, "break")
                button("Close", dialog.close, kind="quiet")
            with element("div", "stack") as place:
                yield place
    del made
    dialog.open()


def loading(what: str) -> ui.element:
    """Show that something is computed.

    Args:
        what: What is under way, such as `Reading the cluster`.
    """
    with element("div", "loading").props("role=status") as made:
        ui.spinner(size="1.25rem")
        text("span", f"{what} …")
    return made


def command(content: str) -> TextElement:
    """Show a command of the command line."""
    return text("div", content, "command")


def facts(rows: Sequence[tuple[str, str]]) -> ui.element:
    """Show names and values in two columns.

    Args:
        rows: Names and values.
    """
    with element("dl", "facts") as made:
        for name, value in rows:
            text("dt", name)
            text("dd", value)
    return made


UNBROKEN = 22
"""Characters up to which a name in the first column of a table is not broken, however narrow the screen."""
_PICK = """<q-td :props="props"><button type="button" class="cell-link"
    :style="{minWidth: Math.min(SHORT, String(props.value).length) + 'ch'}"
    @click="() => $parent.$emit('pick', props.row['ROW_KEY'])">{{ props.value }}</button></q-td>"""


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        key: Key of its value in a row.
        title: Heading, with the unit.
        is_number: True: right-aligned, and sorted by number.
        shown: Key of the text that is shown instead of the value; "": the value itself.
    """

    key: str
    title: str
    is_number: bool = False
    shown: str = ""


def data_table(
    columns: Sequence[Column],
    rows: Sequence[dict[str, Any]],
    *,
    label: str,
    row_key: str = "id",
    search: str = "",
    on_select: Callable[[str], Any] | None = None,
    page_size: int = 25,
) -> ui.table:
    """Show a table with sorting, paging and a search; the browser does all three, also for thousands of rows.

    Args:
        columns: Its columns.
        rows: Its rows; each has the keys of the columns and `row_key`.
        label: What it lists, for screen readers.
        row_key: Key that tells rows apart.
        search: Label of its search field; "": none.
        on_select: Called with the row key of a row whose first cell is pressed, which is a button then.
        page_size: Rows of a page.
    """
    specs = [_column(c) for c in columns]
    with element("div", "stack"):
        if search:
            search_field(search, lambda found: table.set_filter(found))  # noqa: PLW0108  # the table comes after it
        table = ui.table(
            columns=specs,
            rows=list(rows),
            row_key=row_key,
            pagination={"rowsPerPage": page_size, "sortBy": None} if len(rows) > page_size else None,
        )
        table.props("flat dense wrap-cells").props["aria-label"] = label
        if on_select is not None:
            table.add_slot(
                f"body-cell-{columns[0].key}", _PICK.replace("ROW_KEY", row_key).replace("SHORT", str(UNBROKEN))
            )
            table.on("pick", lambda event: on_select(str(event.args)))
    return table


def _column(column: Column) -> dict[str, Any]:
    """Return a column as Quasar's table takes it; numbers are sorted by their value, whatever is shown."""
    spec = {
        "name": column.key,
        "label": column.title,
        "field": column.shown or column.key,
        "sortable": True,
        "align": "right" if column.is_number else "left",
    }
    if column.is_number:
        key = column.key
        spec[":sort"] = f"(a, b, x, y) => (x['{key}'] ?? -Infinity) - (y['{key}'] ?? -Infinity)"
    return spec
