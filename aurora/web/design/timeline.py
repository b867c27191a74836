"""Rows over time: bars of tasks, or shares by stretches of time; thousands of bars on a canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

Kind = tuple[str, str, bool]
"""Word, name of a colour of the palette, and whether bars are hatched."""


class Timeline(ui.element, component="timeline.js"):
    """A picture of rows over time, which zooms and says what lies under the pointer.

    Everything it shows must stand beside it as a table too: a canvas has nothing for screen readers.

    Args:
        rows: Name and number of lanes of each row.
        bars: Row, lane, start and end in seconds, position of the kind, name, and number of the start, of each bar.
        shares: Of each row, a share of each stretch of time; then no bars are drawn.
        limits: Shares between the steps of the load scale.
        kinds: Kinds of bars.
        end: Last moment, seconds.
        label: What it shows, for screen readers.
        selected: Name of the bars that are marked; "": none.
        on_task: Called with the name of a bar that is clicked.
        on_row: Called with the name of a row that is clicked.
    """

    def __init__(  # noqa: PLR0913  # what a picture needs, each by its name
        self,
        rows: Sequence[tuple[str, int]],
        *,
        end: float,
        label: str,
        bars: Sequence[Sequence[Any]] = (),
        shares: Sequence[Sequence[float]] = (),
        limits: Sequence[float] = (),
        kinds: Sequence[Kind] = (),
        selected: str = "",
        on_task: Callable[[str], Any] | None = None,
        on_row: Callable[[str], Any] | None = None,
    ) -> None:
        super().__init__()
        self._props["rows"] = [list(row) for row in rows]
        self._props["bars"] = [list(bar) for bar in bars]
        self._props["shares"] = [[round(share, 4) for share in row] for row in shares]
        self._props["limits"] = list(limits)
        self._props["kinds"] = [list(kind) for kind in kinds]
        self._props["end"] = max(end, 1e-9)
        self._props["label"] = label
        self._props["selected"] = selected
        self._props["fixed"] = on_task is None and on_row is None
        if on_task is not None:
            self.on("task", lambda event: on_task(str(event.args)))
        if on_row is not None:
            self.on("row", lambda event: on_row(str(event.args)))

    def choose(self, name: str) -> None:
        """Mark the bars of a name.

        Args:
            name: The name; "": none.
        """
        self.run_method("mark", name)
