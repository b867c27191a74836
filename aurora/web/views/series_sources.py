"""Series that a page may open: the history of the cluster, and files of the folders that the desk serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.errors import InputError
from aurora.files import inside
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Panel
from aurora.tools.desk import Desk
from aurora.web.settings import WebSettings

HISTORY = "history"
"""Key of the history of the open cluster."""
SERIES_SUFFIXES = (".csv", ".csv.gz", ".parquet")
MAX_FILES, MAX_DEPTH = 200, 4
"""Most files that are listed, and the depth of folders that is searched for them."""


class Source(NamedTuple):
    """A place that series come from.

    Attributes:
        key: Its name in addresses: `history`, or the path of a file.
        label: Its name for people.
    """

    key: str
    label: str


def folders(settings: WebSettings) -> tuple[Path, ...]:
    """Return the folders whose files pages may open: runs, and the data folder where there is one."""
    return tuple(f for f in (settings.runs, settings.data) if f is not None)


def files_of(settings: WebSettings, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """Return files of the served folders by their endings, sorted; hidden ones and links out of them are left out.

    Args:
        settings: The settings of the desk.
        suffixes: Endings of names, such as `.csv`.
    """
    found = (
        path
        for folder in folders(settings)
        if folder.is_dir()
        for path in _walk(folder, MAX_DEPTH)
        if path.name.endswith(tuple(suffixes))
    )
    return tuple(sorted(path for path, _ in zip(found, range(MAX_FILES), strict=False)))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:  # a folder that may not be read has nothing to offer
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_file():
            yield entry
        elif depth > 1 and entry.is_dir():
            yield from _walk(entry, depth - 1)


def allowed(name: str, settings: WebSettings) -> Path:
    """Return a file that a person named, if it lies in a served folder.

    Args:
        name: Path, absolute or relative to a served folder or to where the desk was started.
        settings: The settings of the desk.

    Raises:
        InputError: It lies elsewhere.
        FileError: It is absent.
    """
    return inside(Path(name), folders(settings))


def sources(desk: Desk, settings: WebSettings) -> tuple[Source, ...]:
    """Return the places that series come from, the history of the cluster first.

    Args:
        desk: What is open.
        settings: The settings of the desk.
    """
    own = (Source(HISTORY, f"History of {desk.cluster.snapshot_id}"),) if desk.series_ids else ()
    return (*own, *(Source(str(path), str(path)) for path in files_of(settings, SERIES_SUFFIXES)))


def open_source(key: str, desk: Desk, settings: WebSettings) -> Panel:
    """Return the series of a place.

    Args:
        key: Key of the place; see `Source`.
        desk: What is open.
        settings: The settings of the desk.

    Raises:
        InputError: The file lies outside of the served folders, or the cluster has no history.
        FileError: The file is absent, or can't be read.
        DataError: The file holds no series.
    """
    if key != HISTORY:
        return read_panel([allowed(key, settings)], detect=False)
    if not desk.series_ids:
        raise InputError("the open cluster has no history; start the desk with `aurora serve --history FILE`")
    return Panel(tuple(desk.series(name) for name in desk.series_ids))
