"""The table of sources of scenarios: the command line, the settings of a run and the documentation read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aurora.errors import InputError

if TYPE_CHECKING:  # heavy at run time, and the command line reads the table when it starts
    from aurora.agents.arena.source import Source


class SourceRow(NamedTuple):
    """A row of the table.

    Attributes:
        about: Where its scenarios come from, in words.
        data: What the folder holds that it reads; "" where it reads none.
        open: Opens it from that folder.
        unit: Unit of its values, as the source itself says once it is open.
    """

    about: str
    data: str
    open: Callable[[Path], Source]
    unit: str = "reward"


def _generated(_: Path) -> Source:
    from aurora.agents.arena.generated_source import GeneratedSource  # noqa: PLC0415  # heavy

    return GeneratedSource()


def _openb(folder: Path) -> Source:
    from aurora.agents.arena.openb_source import OpenbSource  # noqa: PLC0415  # heavy

    return OpenbSource.open(folder / "openb")


def _openb_lists(folder: Path) -> Source:
    from aurora.agents.arena.openb_source import OpenbSource  # noqa: PLC0415  # heavy

    return OpenbSource.open_lists(folder / "openb")


def _swf(folder: Path) -> Source:
    from aurora.agents.arena.swf_source import SwfSource  # noqa: PLC0415  # heavy

    return SwfSource.open(folder / "swf")


def _azure(folder: Path) -> Source:
    from aurora.agents.arena.trace_source import open_azure  # noqa: PLC0415  # heavy

    return open_azure(folder / "azure_vm")


def _utilisation(folder: Path) -> Source:
    from aurora.agents.arena.trace_source import open_utilisation  # noqa: PLC0415  # heavy

    return open_utilisation(folder / "dc_util")


def _edge(folder: Path) -> Source:
    from aurora.agents.arena.trace_source import open_edge  # noqa: PLC0415  # heavy

    return open_edge(folder / "eua")


def _slices(folder: Path) -> Source:
    from aurora.agents.arena.trace_source import open_slices  # noqa: PLC0415  # heavy

    return open_slices(folder)


def _files(folder: Path) -> Source:
    from aurora.agents.arena.files_source import FilesSource  # noqa: PLC0415  # heavy

    return FilesSource.open(folder)


SOURCES: Mapping[str, SourceRow] = {
    "generated": SourceRow("generators, at five levels", "", _generated),
    "openb": SourceRow("the openb trace of a cluster with accelerators", "openb/", _openb, "allocated devices, %"),
    "openb_lists": SourceRow(
        "the openb trace, with four published lists of pods", "openb/", _openb_lists, "allocated devices, %"
    ),
    "swf": SourceRow("logs of batch jobs in the Standard Workload Format", "swf/", _swf, "-log bounded slowdown"),
    "azure": SourceRow("arrivals of Azure's virtual machines", "azure_vm/", _azure),
    "utilisation": SourceRow("measured utilisation of Google's and Alibaba's machines", "dc_util/", _utilisation),
    "edge": SourceRow("the EUA sites and users", "eua/", _edge),
    "slices": SourceRow("flows over Topology Zoo graphs, and measured traffic", "topology/ and traffic/", _slices),
    "files": SourceRow("your own scenario or spec files", "scenario or spec files (*.json)", _files),
}


def open_source(name: str, data: Path | None) -> Source:
    """Open a source by its name in `SOURCES`.

    Args:
        name: Name of the source.
        data: Folder with the traces (as `openb/` and `swf/` in it), or with scenario files for `files`.

    Raises:
        InputError: The source is unknown, or needs a folder.
        FileError: The trace or the folder is absent.
        DataError: The content of a file is not valid.
        ScenarioError: A file of `files` is not a scenario.
    """
    row = SOURCES.get(name)
    if row is None:
        raise InputError(f"there is no such source; there are {', '.join(SOURCES)}", parameter="source", value=name)
    if data is None and row.data:
        raise InputError(f"source {name} needs the folder that holds {row.data}", parameter="data")
    return row.open(data or Path())
