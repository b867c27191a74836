"""Opens what a person names as a snapshot: files of any kind that is read, or a sample."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from aurora.cluster.files import read_snapshot
from aurora.cluster.readers.slurm import is_slurm, read_slurm
from aurora.cluster.readers.tables import TableGuess, guess_tables, read_tables
from aurora.cluster.samples.load import load_sample
from aurora.cluster.snapshot import Note, Snapshot
from aurora.errors import DataError, InputError
from aurora.learning.series.series import Series
from aurora.reading import TABLE_BYTES, read_text

Kind = Literal["kubernetes", "slurm", "csv", "aurora"]
"""Kinds of files that become a snapshot; `aurora` is a scenario file."""
FoundKind = Literal["snapshot", "kubernetes", "slurm", "csv", "aurora"]
"""Kinds of files that are told apart by their content."""
LIVE = "kubernetes"
"""Name of the cluster of the kubeconfig's current context; `kubernetes:CONTEXT` is that of another one."""
SAMPLE = "sample:"
"""Start of the name of a sample."""
CLOCK_TOLERANCE = timedelta(minutes=10)
"""Time by which a snapshot may be ahead of this machine's clock without a note."""


def open_snapshot(
    *names: Path | str,
    kind: Kind | None = None,
    prices: Mapping[str, float] | None = None,
    mapping: Mapping[str, str] | None = None,
    confirm: Callable[[Sequence[TableGuess]], bool] | None = None,
    time_zone: str | None = None,
) -> Snapshot:
    """Read a snapshot, whatever it is stored as.

    Args:
        names: A snapshot file or `sample:NAME`; or `kubernetes[:CONTEXT]`, which is read live; or files, or a folder of
            files, that kubectl or Slurm's commands wrote; or a table of nodes and one of tasks (CSV); or a scenario
            file.
        kind: Kind of the files; None: it is found in their content.
        prices: Dollars an hour by instance type, for nodes without a price.
        mapping: Heading of a table to the name of a field.
        confirm: Asked where headings of tables are guessed; None: a guess is refused.
        time_zone: IANA name of the time zone of times that name none, in Slurm's text and in tables; None: UTC.

    Returns:
        The snapshot. Its notes say what was repaired, assumed, or could not be represented.

    Raises:
        InputError: There is no such sample or time zone, `kind` is none, no file is given, headings were guessed and
            not confirmed, or a time zone was given for files whose times have one.
        FileError: A file can't be read.
        DataError: A file is of no kind that is read, or not what its kind says.
        ScenarioError: A scenario file is no scenario.

    Example:
        >>> import aurora
        >>> len(aurora.read_snapshot("sample:hpc-queue").nodes)
        23
    """
    if not names:
        raise InputError("give a snapshot, files of a system, or a sample such as sample:web-shop", parameter="names")
    if kind is not None and kind not in get_args(Kind):
        raise InputError(f"there are {', '.join(get_args(Kind))}", parameter="kind", value=kind)
    paths = [Path(n) for n in names]
    context = live_context(names[0])
    if context is not None and kind is None:
        from aurora.cluster.readers.kubernetes.live import read_live  # noqa: PLC0415  # heavy, used here only

        snapshot, found = read_live(context or None, prices=prices), "snapshot"
    elif str(names[0]).startswith(SAMPLE):
        snapshot = load_sample(str(names[0]).removeprefix(SAMPLE))
        found = "snapshot"
    else:
        paths, found = (paths, kind) if kind else _with_kind(paths)
        snapshot = _read(found, paths, prices, mapping, confirm, time_zone or "UTC")
    if time_zone is not None and found not in ("slurm", "csv"):
        raise InputError("times have a zone already, except in Slurm's text and in tables", parameter="time_zone")
    if len(names) > 1 and found in ("snapshot", "aurora"):
        raise InputError(f"give one snapshot; {names[1]} is another", parameter="names")
    return _priced(_dated(snapshot, datetime.now(UTC)), prices)


def _with_kind(paths: Sequence[Path]) -> tuple[list[Path], FoundKind]:
    """Return the files to read and their kind; in place of a folder of another kind than Kubernetes, its files.

    Raises:
        FileError: A file can't be read.
        DataError: The first file is of no kind that is read, or a folder has files of several kinds.
    """
    folder, *others = paths
    if not folder.is_dir():
        return list(paths), kind_of(folder)
    by_kind: dict[FoundKind, list[Path]] = {}
    for file in sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith(".")):
        with contextlib.suppress(DataError):  # other files may lie in the folder too
            by_kind.setdefault(kind_of(file), []).append(file)
    if not by_kind or ("kubernetes" in by_kind and "slurm" not in by_kind):
        return list(paths), "kubernetes"  # its reader takes folders within folders, and notes what it leaves out
    if len(by_kind) > 1:
        examples = ", ".join(f"{files[0].name} ({kind})" for kind, files in by_kind.items())
        raise DataError(f"{folder} has files of several kinds: {examples}; name the files to read")
    ((kind, files),) = by_kind.items()
    return [*files, *others], kind


def live_context(name: Path | str) -> str | None:
    """Return the context of `kubernetes[:CONTEXT]`, "" for the current one; None if a name is no such form."""
    kind, _, context = str(name).partition(":")
    return context if kind == LIVE and not Path(name).exists() else None


def kind_of(path: Path) -> FoundKind:
    """Return the kind of a file from its content.

    Raises:
        FileError: The file can't be read.
        DataError: It is of no kind that is read.
    """
    if str(path) == "-" or path.is_dir():
        return "kubernetes"
    text = read_text(path, limit=TABLE_BYTES, undecodable="replace")
    start = text.lstrip()
    head = start[:20_000]
    if not head:
        raise DataError(f"{path} is empty; give a file that {_READ}")
    if start[0] == "{" and not re.search(r'"(apiVersion|items)"\s*:', head):
        keys = set(re.findall(r'"(snapshot_id|scenario_id|spec_id)"\s*:', text))
        if "snapshot_id" in keys:
            return "snapshot"
        if keys:
            return "aurora"
    if is_slurm(text):
        return "slurm"
    if start[0] in "{[" or re.search(r"^(apiVersion|kind|items):", head, re.MULTILINE):
        return "kubernetes"
    first = head.splitlines()[0]
    if any(separator in first for separator in ",;\t"):
        return "csv"
    raise DataError(f"{path} is no file of a known kind; give one that {_READ}")


_READ = (
    "kubectl get nodes,pods -A -o json or Slurm's scontrol show node -o and squeue --json wrote, a snapshot, "
    "a scenario, or CSV tables (aurora snapshot template)"
)


def _read(
    kind: str,
    paths: Sequence[Path],
    prices: Mapping[str, float] | None,
    mapping: Mapping[str, str] | None,
    confirm: Callable[[Sequence[TableGuess]], bool] | None,
    time_zone: str,
) -> Snapshot:
    match kind:
        case "kubernetes":
            from aurora.cluster.readers.kubernetes import read_kubernetes  # noqa: PLC0415  # heavy, used here only

            return read_kubernetes(paths, prices=prices)
        case "slurm":
            return read_slurm(paths, time_zone=time_zone)
        case "csv":
            return _read_tables(paths, mapping, confirm, time_zone)
        case "aurora":
            from aurora.cluster.readers.scenarios import read_scenario  # noqa: PLC0415  # heavy, used here only

            return read_scenario(paths[0])
        case _:
            return read_snapshot(paths[0])


def _read_tables(
    paths: Sequence[Path],
    mapping: Mapping[str, str] | None,
    confirm: Callable[[Sequence[TableGuess]], bool] | None,
    time_zone: str,
) -> Snapshot:
    if len(paths) > 2:  # noqa: PLR2004  # nodes and tasks
        raise InputError("give two tables, nodes and tasks", parameter="names")
    tasks = paths[1] if len(paths) > 1 else None
    guesses = guess_tables(paths[0], tasks, mapping=mapping)
    by_hand = set(mapping or ())
    is_sure = all(c.heading == c.field or c.heading in by_hand for g in guesses for c in g.columns)
    if not is_sure and (confirm is None or not confirm(guesses)):
        raise InputError(
            "the headings of the tables are guessed and not confirmed; "
            "`aurora snapshot read csv NODES TASKS` shows the guess and asks"
        )
    return read_tables(paths[0], tasks, mapping=mapping, time_zone=time_zone)


def _dated(snapshot: Snapshot, now: datetime) -> Snapshot:
    """Return a snapshot with a note where it is dated after now."""
    ahead = snapshot.taken_at - now
    if ahead <= CLOCK_TOLERANCE or snapshot.system == "aurora" or any(n.code == "sample" for n in snapshot.notes):
        return snapshot
    note = Note(
        kind="assumed",
        code="from-the-future",
        message=f"it is dated {snapshot.taken_at:%Y-%m-%d %H:%M} UTC, after this machine's clock; its time is kept",
    )
    return snapshot.model_copy(update={"notes": (*snapshot.notes, note)})


def _priced(snapshot: Snapshot, prices: Mapping[str, float] | None) -> Snapshot:
    """Return a snapshot whose nodes without a price have that of their type."""
    if not prices:
        return snapshot
    nodes = tuple(
        n.model_copy(update={"price_per_hour": prices[n.instance_type]})
        if n.price_per_hour is None and n.instance_type is not None and n.instance_type in prices
        else n
        for n in snapshot.nodes
    )
    return snapshot.model_copy(update={"nodes": nodes})


def open_history(name: Path | str) -> tuple[Series, ...]:
    """Return the measured series of a file or of a sample.

    Args:
        name: Path of a file of series, or `sample:web-shop`.

    Raises:
        InputError: There is no such sample, or it has no history.
        FileError: The file can't be read.
        DataError: The file is none of series.
    """
    from aurora.cluster.samples.history import sample_history  # noqa: PLC0415  # used here only
    from aurora.learning.series.read import read_panel  # noqa: PLC0415  # heavy, used here only

    if str(name).startswith(SAMPLE):
        return tuple(sample_history(str(name).removeprefix(SAMPLE)).series)
    return tuple(read_panel([Path(name)], detect=False).series)
