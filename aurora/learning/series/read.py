"""Reads utilisation series from files: CSV and Parquet in long form, and public traces in their own layouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aurora.errors import DataError, InputError
from aurora.learning.series.frames import PARQUET_MAGIC, csv_frame, note, parquet_frame, written
from aurora.learning.series.layouts import CARBON_COLUMNS, LAYOUTS, carbon, layout_of
from aurora.learning.series.long_form import MAX_SERIES, read_long_form, read_wide_form
from aurora.learning.series.pseudonyms import with_pseudonyms
from aurora.learning.series.quality.repair import repair
from aurora.learning.series.samples import Samples
from aurora.learning.series.series import Finding, Panel, Series
from aurora.learning.series.series_files import series_files
from aurora.learning.tables.columns import ID, Roles, is_long_form, is_time_name, roles
from aurora.learning.tables.notation import is_number
from aurora.learning.tables.text_table import TextTable, text_table
from aurora.learning.tables.time_forms import looks_like_time
from aurora.reading import TABLE_BYTES, read_bytes
from aurora.types import FloatArray

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd


MAX_VALUES = 40_000_000
"""Largest number of values of a panel, filled-in values and covariates included; 0.4 GiB."""


def read_panel(paths: Sequence[Path], *, hash_accounts_with: str | None = None, detect: bool = True) -> Panel:
    r"""Read series from files, repair them, and report their defects.

    In the long form, rows with the same `unique_id` in several files are one series. Series that are named by their
    file, such as traces, are not joined: two files with the same name are refused.

    Args:
        paths: `.csv`, `.csv.gz`, `.parquet`, `.parquet.gz`, folders of them, or patterns; the layout is recognised
            by the first lines.
        hash_accounts_with: Secret key for replacing names of accounts by keyed hashes; see `pseudonyms`.
        detect: True to search for lasting steps and outliers, which are reported and left. The search takes most of the
            time.

    Raises:
        InputError: `paths` is empty.
        FileError: A file is absent, or can't be read.
        DataError: A file is damaged, of no known layout, or empty; a time or a value is text (with its line); a unit is
            not known; a series has fewer than two values.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "cpu.csv"
        ...     _ = path.write_text("ds,y\n2024-01-01T00:00Z,1\n2024-01-01T00:05Z,2\n2024-01-01T00:15Z,4\n")
        ...     panel = read_panel([path])
        >>> panel.series[0].y.tolist(), panel.series[0].step
        ([1.0, 2.0, 3.0, 4.0], 300)
        >>> panel.findings[0].message
        '1 steps have no value, in 1 gaps of up to 1: filled in along a line'
    """
    if not paths:
        raise InputError("no file was given; name at least one .csv, .csv.gz or .parquet")
    samples = _joined([_read(path) for path in series_files([Path(path) for path in paths])])
    return panel_of(samples, hash_accounts_with=hash_accounts_with, detect=detect)


def panel_of(samples: Sequence[Samples], *, hash_accounts_with: str | None = None, detect: bool = True) -> Panel:
    """Repair samples from any source; see `read_panel`.

    Raises:
        DataError: A series can't be repaired (see `repair`), or two series have the same `unique_id`.
    """
    if hash_accounts_with is not None:
        samples = with_pseudonyms(samples, hash_accounts_with)
    if len(samples) > MAX_SERIES:
        raise DataError(
            f"{samples[0].name} and {len(samples) - 1} others: {MAX_SERIES} are the most that are read; split"
        )
    series: list[Series] = []
    findings: list[Finding] = []
    size = 0
    for sample in samples:
        repaired, own_findings = repair(sample, detect=detect)
        size += len(repaired) * (1 + len(repaired.covariates))
        if size > MAX_VALUES:
            raise DataError(f"{sample.name}: with it there are over {MAX_VALUES} values, gaps included; split them")
        series.append(repaired)
        findings += own_findings
    names = {s.unique_id for s in series}
    if len(names) < len(series):
        counts = Counter(s.unique_id for s in series)
        twice = counts.most_common(1)[0][0]
        raise DataError(f"two series are called {twice!r}; give the files or series different names")
    return Panel(tuple(series), tuple(findings))


def _read(path: Path) -> tuple[list[Samples], bool]:
    """Read the series of a file, and whether the file names them."""
    raw = read_bytes(path, limit=TABLE_BYTES)
    if not raw.strip():
        raise DataError(f"{path} is empty; a header and rows are expected")
    if raw.startswith(PARQUET_MAGIC):
        return _read_parquet(path, raw)
    table = text_table(path, raw)
    header = table.header
    layout = None if is_long_form(header) else layout_of(path, table)
    if layout is not None:
        return layout.read(path, table), False
    parts = roles(header, table.fields(1))
    if parts is None or _has_no_names(header):
        raise _unknown(path, table)
    text = [name for name, meaning in parts.names.items() if meaning == ID]
    frame = csv_frame(path, table, text=text)
    for remark in parts.notes:
        note(frame, remark)
    return _samples(path, frame, parts, table)


def _read_parquet(path: Path, raw: bytes) -> tuple[list[Samples], bool]:
    frame = parquet_frame(path, raw)
    if set(frame.columns) == set(CARBON_COLUMNS):
        return carbon(path, frame), False
    first = [str(frame[column].iloc[0]) for column in frame.columns]
    parts = roles(list(frame.columns), first)
    if parts is None:
        shown = ",".join(frame.columns)[:80]
        raise DataError(f"{path} has no columns ds and y ({shown!r}): name the column of times ds and that of values y")
    for remark in parts.notes:
        note(frame, remark)
    return _samples(path, frame, parts, None)


def _samples(path: Path, frame: pd.DataFrame, parts: Roles, table: TextTable | None) -> tuple[list[Samples], bool]:
    """Return the series of a table with known columns, and whether the table names them."""
    of = {meaning: name for name, meaning in parts.names.items()}
    frame = _without_row_numbers(frame, parts).rename(columns=parts.names)
    frame.attrs["called"] = of
    if parts.wide:
        return read_wide_form(path, frame, parts.wide), False

    def as_written(columns: Sequence[str]) -> pd.DataFrame:
        names = [of.get(column, column) for column in columns]
        return written(path, table, names).rename(columns=parts.names)  # type: ignore[arg-type]

    return read_long_form(path, frame, as_written if table is not None else None), ID in frame


def _without_row_numbers(frame: pd.DataFrame, parts: Roles) -> pd.DataFrame:
    """Drop a first column that has no name and numbers the rows, as pandas writes its index."""
    name = frame.columns[0]
    if name in parts.names or name not in ("column 1", "Unnamed: 0") or not is_number(str(frame[name].iloc[0])):
        return frame
    rows = np.asarray(frame[name]) if frame[name].dtype.kind in "iu" else np.array([])
    if len(rows) < len(frame) or rows[0] not in (0, 1) or (np.diff(rows) != 1).any():
        return frame
    note(frame, "the first column numbers the rows, and is left out")
    return frame.drop(columns=name)


def _has_no_names(header: Sequence[str]) -> bool:
    """Return whether a first line is a row of values rather than names of columns."""
    return not any(map(is_time_name, header)) and any(is_number(f) or looks_like_time(f) for f in header)


def _unknown(path: Path, table: TextTable) -> DataError:
    """Return an error for a text file with unknown columns."""
    shown = table.separator.join(table.header)[:80]
    looks = "; ".join(f"{layout.name}: {layout.look}" for layout in LAYOUTS)
    where = f"(line {table.skipped + 1} is {shown!r})"
    if _has_no_names(table.header):
        return DataError(f"{path} has no header {where}: write unique_id,ds,y, or a known layout ({looks})")
    if len(table.header) == 1:
        return DataError(
            f"{path} has a single column {where}: separate fields by commas, semicolons or tabs, and name them "
            "unique_id,ds,y"
        )
    return DataError(
        f"{path} has no columns ds and y, and which of its columns are times and values is not certain {where}: call "
        f"the column of times ds, that of values y, and that of the series' names unique_id; known layouts: {looks}"
    )


def _joined(files: Sequence[tuple[list[Samples], bool]]) -> list[Samples]:
    """Join samples with the same id from several files that name their series."""
    parts: dict[tuple[str, int], list[Samples]] = {}
    for number, (samples, is_named) in enumerate(files, 1):
        for sample in samples:
            parts.setdefault((sample.unique_id, 0 if is_named else number), []).append(sample)
    return [same[0] if len(same) == 1 else _join(same) for same in parts.values()]


def _join(same: Sequence[Samples]) -> Samples:
    """Join the parts of a series; a numeric label that differs between files becomes a covariate."""
    first = same[0]
    names = list(dict.fromkeys(name for s in same for name in (*s.labels, *s.covariates)))
    alike = {name for name in names if all(s.labels.get(name, "") == first.labels.get(name, "") for s in same)}
    alike -= {name for s in same for name in s.covariates}
    observed = [np.ones(len(s.y), dtype=bool) if s.observed is None else s.observed for s in same]
    return replace(
        first,
        times=np.concatenate([s.times for s in same]),
        y=np.concatenate([s.y for s in same]),
        observed=np.concatenate(observed),
        covariates={n: np.concatenate([_numbers_of(s, n) for s in same]) for n in names if n not in alike},
        labels={name: value for name, value in first.labels.items() if name in alike},
        source=", ".join(s.source for s in same),
        notes=tuple(dict.fromkeys(note for s in same for note in s.notes)),
    )


def _numbers_of(samples: Samples, name: str) -> FloatArray:
    """Return a covariate, or a numeric label, for each value."""
    if name in samples.covariates:
        return samples.covariates[name]
    text = samples.labels.get(name, "")
    if not is_number(text):
        raise DataError(
            f"{samples.name}: {name} is {text!r} here and not in another file with this series; a label must be the "
            "same in all, and a covariate a number"
        )
    return np.full(len(samples.y), float(text))
