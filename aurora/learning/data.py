"""Reads utilisation series from files: CSV and Parquet in long form, and public traces as they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from aurora.errors import DataError
from aurora.learning.frames import PARQUET_MAGIC, csv_frame, first_fields, is_number, parquet_frame
from aurora.learning.layouts import LAYOUTS, carbon, layout_of
from aurora.learning.long_form import ID, TIME, VALUE, read_long_form
from aurora.learning.pseudonyms import with_pseudonyms
from aurora.learning.repair import repair
from aurora.learning.samples import Floats, Samples
from aurora.learning.series import Finding, Panel, Series
from aurora.reading import TABLE_BYTES, read_bytes


def read_panel(paths: Sequence[Path], *, hash_accounts_with: str | None = None, detect: bool = True) -> Panel:
    r"""The series of some files, made regular, with all that was found wrong with them.

    Series of the long form with the same `unique_id` in several files are one series. What is named by its file, such
    as a trace, is not: two files of one name are refused.

    Args:
        paths: `.csv`, `.csv.gz`, `.parquet`, `.parquet.gz`; the layout is told by its look.
        hash_accounts_with: A secret key, with which names of accounts are replaced by keyed hashes; see `pseudonyms`.
        detect: Whether to look for lasting steps and outliers, which are reported and left. It takes most of the time.

    Raises:
        DataError: A file is absent, damaged, of no known layout, or empty; a time or a value is text (with its line);
            a unit is not known; a series has fewer than two values.

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
        raise DataError("no file was given; name at least one .csv, .csv.gz or .parquet")
    samples = _joined([_read(Path(path)) for path in paths])
    return panel_of(samples, hash_accounts_with=hash_accounts_with, detect=detect)


def panel_of(samples: Sequence[Samples], *, hash_accounts_with: str | None = None, detect: bool = True) -> Panel:
    """A panel of samples from anywhere; see `read_panel`.

    Raises:
        DataError: As `repair`, and two series have the same `unique_id`.
    """
    if hash_accounts_with is not None:
        samples = with_pseudonyms(samples, hash_accounts_with)
    series: list[Series] = []
    findings: list[Finding] = []
    for sample in samples:
        one, found = repair(sample, detect=detect)
        series.append(one)
        findings += found
    names = {s.unique_id for s in series}
    if len(names) < len(series):
        twice = next(s.unique_id for k, s in enumerate(series) if any(s.unique_id == o.unique_id for o in series[:k]))
        raise DataError(f"two series are called {twice!r}; give the files or series different names")
    return Panel(tuple(series), tuple(findings))


def _read(path: Path) -> tuple[list[Samples], bool]:
    """The series of a file, and whether it names them itself."""
    raw = read_bytes(path, limit=TABLE_BYTES)
    if not raw.strip():
        raise DataError(f"{path} is empty; a header and rows are expected")
    if raw.startswith(PARQUET_MAGIC):
        frame = parquet_frame(path, raw)
        if "carbon_intensity" in frame and VALUE not in frame:
            return carbon(path, raw), False
        return read_long_form(path, frame), ID in frame
    layout = layout_of(raw)
    if layout is not None:
        return layout.read(path, raw), False
    fields = first_fields(raw)
    if TIME not in fields or VALUE not in fields:
        shown = ",".join(fields)[:80]
        why = "has no header" if any(is_number(f) for f in fields) else "has no columns ds and y"
        looks = "; ".join(f"{layout.name}: {layout.look}" for layout in LAYOUTS)
        raise DataError(f"{path} {why} (line 1 is {shown!r}): write unique_id,ds,y, or a known layout ({looks})")
    return read_long_form(path, csv_frame(path, raw)), ID in fields


def _joined(files: Sequence[tuple[list[Samples], bool]]) -> list[Samples]:
    """Samples with the same id, from several files that name their series, as one."""
    parts: dict[tuple[str, int], list[Samples]] = {}
    for number, (samples, is_named) in enumerate(files, 1):
        for sample in samples:
            parts.setdefault((sample.unique_id, 0 if is_named else number), []).append(sample)
    return [same[0] if len(same) == 1 else _join(same) for same in parts.values()]


def _join(same: Sequence[Samples]) -> Samples:
    """One series of several files; a label that changes between them is a covariate, if it is a number."""
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
    )


def _numbers_of(samples: Samples, name: str) -> Floats:
    """A covariate, or a label that is a number, for each value."""
    if name in samples.covariates:
        return samples.covariates[name]
    text = samples.labels.get(name, "")
    if not is_number(text):
        raise DataError(
            f"{samples.name}: {name} is {text!r} here and not in another file with this series; a label must be the "
            "same in all, and a covariate a number"
        )
    return np.full(len(samples.y), float(text))
