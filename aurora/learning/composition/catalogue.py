"""The catalogue: which components there are, what they take and give, where they are from, and which are withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from aurora.learning.composition.components.component import Component
from aurora.reading import parse_json
from aurora.types import Frozen


class Provenance(Frozen):
    """Where a component is from.

    Attributes:
        package: Distribution that brings the method or the weights; empty: a file of the user's.
        licence: Its licence.
        source: Paper, address or file.
    """

    package: str = ""
    licence: str = ""
    source: str = ""


class Entry(Component):
    """A component in a catalogue.

    Attributes:
        description: What it is, in a few words.
        tasks: Tasks whose space of pipelines it belongs to; empty: every task that it fits.
        provenance: Where it is from.
        deprecated: Why it is not to be used any more; empty: it may be used.
    """

    description: str = ""
    tasks: tuple[str, ...] = ()
    provenance: Provenance = Provenance()
    deprecated: str = ""

    def is_for(self, task: str) -> bool:
        """Return whether the space of a task's pipelines has it."""
        return not self.deprecated and (not self.tasks or task in self.tasks)


class _Shipped(Frozen):
    entries: tuple[Entry, ...]


@cache
def shipped() -> Mapping[str, Entry]:
    """Return the components that AURORA brings: id -> entry."""
    text = files("aurora.learning.composition").joinpath("catalogue.json").read_text()
    return {entry.id: entry for entry in _Shipped.model_validate(parse_json(text, "catalogue.json")).entries}
