"""The map of nodes: tiles that the browser searches, filters and orders by itself, also thousands of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui


class NodeMap(ui.element, component="node_map.js"):
    """Nodes as tiles coloured by load, each with its share as a number.

    Args:
        tiles: Of each node its id, its share by each measure (None: not measured), the number of its tasks, its
            trouble, kind and zone, and positions of its labels in `words`.
        words: Labels that tiles refer to.
        measures: Names of the shares.
        limits: Shares between the steps of the load scale.
        on_pick: Called with the id of a node that is opened.
        on_seek: Called with what is searched, after a pause.
        selected: Node that is open; "": none.
    """

    def __init__(
        self,
        tiles: Sequence[Sequence[Any]],
        words: Sequence[str],
        measures: Sequence[str],
        limits: Sequence[float],
        *,
        on_pick: Callable[[str], Any],
        on_seek: Callable[[str], Any],
        selected: str = "",
    ) -> None:
        super().__init__()
        self._props["tiles"] = [tuple(tile) for tile in tiles]  # named tuples are no JSON
        self._props["words"] = list(words)
        self._props["measures"] = list(measures)
        self._props["limits"] = list(limits)
        self._props["selected"] = selected
        self.on("pick", lambda event: on_pick(str(event.args)))
        self.on("seek", lambda event: on_seek(str(event.args)))

    def select(self, node_id: str) -> None:
        """Mark the node that is open.

        Args:
            node_id: The node; "": none.
        """
        self.run_method("choose", node_id)
