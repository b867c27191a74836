"""Reads and writes panels in long form: a row for each value, in CSV or Parquet.

The columns are `unique_id` (optional for a single series), `ds` and `y`. `ds` is ISO 8601, UTC without a zone, or Unix
time in seconds or milliseconds. A further column that is constant within each series is a label, such as `metric`,
`unit`, `tier`, `site`. A column of changing numbers is a covariate. The optional `observed` marks measured values.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError, FileError, InputError
from aurora.files import replaced
from aurora.learning.series.frames import are_numbers, numbers
from aurora.learning.series.layouts import groups, stem
from aurora.learning.series.samples import Samples, known_unit
from aurora.learning.series.series import Panel
from aurora.learning.series.times import unix_times
from aurora.learning.tables.columns import ID, OBSERVED, TIME, VALUE
from aurora.types import FloatArray

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

SUFFIXES = (".parquet", ".csv", ".csv.gz")
"""Endings of files to which a panel can be written."""


MAX_SERIES = 100_000
"""Largest number of series of a file; more would take minutes."""


def read_long_form(
    path: Path, frame: pd.DataFrame, written: Callable[[Sequence[str]], pd.DataFrame] | None = None
) -> list[Samples]:
    """Read the series of a table in long form.

    Args:
        path: Path of the file, for messages.
        frame: Table to read.
        written: Function that returns columns as written, for labels that look like numbers; None if the table keeps
            texts.

    Raises:
        DataError: A column is absent, a time or a value is text, a text changes within a series, a unit is not known,
            or there are more than `MAX_SERIES`.
    """
    for column in (TIME, VALUE):
        if column not in frame:
            raise DataError(f"{path} has no column {column!r}; the long form has unique_id, ds and y")
    times, y = unix_times(path, frame, TIME), numbers(path, frame, VALUE)
    seen = _observed(path, frame) if OBSERVED in frame else None
    names = _texts(frame, ID) if ID in frame else _Texts(np.zeros(len(frame), dtype=np.int64), (stem(path),))
    nameless = names.codes == (names.values.index("") if "" in names.values else -1)
    if nameless.any():
        raise DataError(f"{path}: {int(nameless.sum())} rows have no {ID}; fill it in, or leave the column out")
    if len(names.values) > MAX_SERIES:
        raise DataError(f"{path} has more than {MAX_SERIES} series; split it")
    parts = [(names.values[int(names.codes[rows[0]])], rows) for _, rows in groups(names.codes)]
    labels, covariates = _others(path, frame, [rows for _, rows in parts], written)
    samples: list[Samples] = []
    for name, rows in parts:
        own = {column: text.values[text.codes[rows[0]]] for column, text in labels.items()}
        own = {column: text for column, text in own.items() if text}
        if "unit" in own:
            _check_unit(path, name, own["unit"])
        if "clock" in frame.attrs:
            own.setdefault("clock", frame.attrs["clock"])
        own_covariates = {column: values[rows] for column, values in covariates.items()}
        own_covariates = {
            column: values for column, values in own_covariates.items() if not np.isnan(values).all()
        }  # columns of other series
        observed = None if seen is None else seen[rows]
        notes = () if samples else tuple(frame.attrs["notes"])
        samples.append(Samples(name, times[rows], y[rows], observed, own_covariates, own, str(path), notes=notes))
    return samples


def read_wide_form(path: Path, frame: pd.DataFrame, columns: Sequence[str]) -> list[Samples]:
    """Read each of some columns as a series at the times of the column `ds`.

    Raises:
        DataError: A time or a value is text, or no column has a value.
    """
    times = unix_times(path, frame, TIME)
    values = {column: numbers(path, frame, column) for column in columns if column in frame}
    clock = {"clock": frame.attrs["clock"]} if "clock" in frame.attrs else {}
    notes = tuple(frame.attrs["notes"])
    samples: list[Samples] = []
    for column, y in values.items():
        if not np.isnan(y).all():
            own_notes = () if samples else notes
            samples.append(Samples(f"{stem(path)}/{column}", times, y, labels=clock, source=str(path), notes=own_notes))
    if not samples:
        raise DataError(f"{path}: none of its columns holds a number")
    return samples


def _others(
    path: Path,
    frame: pd.DataFrame,
    parts: Sequence[NDArray[np.int64]],
    written: Callable[[Sequence[str]], pd.DataFrame] | None,
) -> tuple[dict[str, _Texts], dict[str, FloatArray]]:
    """Return the labels and the covariates of a table; a label is constant within each series."""
    order = np.concatenate(parts)
    firsts = np.concatenate([np.full(len(rows), rows[0]) for rows in parts])

    def is_label(text: _Texts) -> bool:
        return bool((text.codes[order] == text.codes[firsts]).all())

    columns = [column for column in frame.columns if column not in (ID, TIME, VALUE, OBSERVED)]
    texts = {column: _texts(frame, column) for column in columns}
    labels = {column: text for column, text in texts.items() if is_label(text)}
    numeric = [column for column in labels if written is not None and are_numbers(frame, column)]
    if numeric and written is not None:
        again = written(numeric).loc[frame.index]
        exact = {column: _texts(again, column) for column in numeric}
        labels = {column: exact.get(column, text) for column, text in labels.items()}
        labels = {column: text for column, text in labels.items() if is_label(text)}
    covariates: dict[str, FloatArray] = {}
    for column in columns:
        if column in labels:
            continue
        if not are_numbers(frame, column):
            raise DataError(
                f"{path}, column {column!r} is text that changes within a series; if it names the series, call it "
                f"{ID}; else a label must stay the same and a covariate must be a number: code it as numbers or leave "
                "it out"
            )
        covariates[column] = numbers(path, frame, column)
    return labels, covariates


def _check_unit(path: Path, name: str, unit: str) -> None:
    try:
        known_unit(unit)
    except DataError as error:
        raise DataError(f"{path}, series {name!r}: {error}") from None


def _observed(path: Path, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Read the marks of measured values: true and false, or 1 and 0."""
    texts = frame[OBSERVED].astype(str).str.strip().str.lower()
    yes, no = texts.isin(("true", "1", "1.0")), texts.isin(("false", "0", "0.0"))
    if not (yes | no).all():
        raise DataError(f"{path}, column {OBSERVED!r}: {texts[~(yes | no)].iloc[0]!r} is neither true nor false")
    return np.asarray(yes, dtype=bool)


class _Texts(NamedTuple):
    """A column of texts, coded as positions in `values`."""

    codes: NDArray[np.int64]
    values: tuple[str, ...]


def _texts(frame: pd.DataFrame, column: str) -> _Texts:
    """Return a column as texts: whole numbers without a point, missing values as ""."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    codes, unique = pd.factorize(frame[column])
    texts = [*(_text(value) for value in unique), ""]  # the last is for missing values, whose code is -1
    values = tuple(dict.fromkeys(texts))
    places = np.array([values.index(text) for text in texts]) if len(values) < len(texts) else np.arange(len(texts))
    return _Texts(places[codes], values)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(float(value))
    return str(value).strip()


def long_form(panel: Panel) -> pd.DataFrame:
    """Return a panel's series as a table that `read_panel` reads back unchanged."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    lengths = [len(s) for s in panel.series]
    times = np.concatenate([s.start + s.step * np.arange(len(s), dtype=np.int64) for s in panel.series])
    columns: dict[str, Any] = {
        ID: np.repeat(np.array([s.unique_id for s in panel.series], dtype=object), lengths),
        TIME: pd.to_datetime(times, unit="s", utc=True),
        VALUE: np.concatenate([s.y for s in panel.series]),
        OBSERVED: np.concatenate([s.observed for s in panel.series]),
    }
    for name in sorted({name for s in panel.series for name in s.covariates}):
        columns[name] = np.concatenate([s.covariates.get(name, np.full(len(s), np.nan)) for s in panel.series])
    for name in sorted({name for s in panel.series for name in s.labels}):
        columns[name] = np.repeat(np.array([s.labels.get(name, "") for s in panel.series], dtype=object), lengths)
    return pd.DataFrame(columns)


def check_long_form_path(path: Path) -> None:
    """Refuse a file to which a panel can't be written, before the panel is built.

    Raises:
        InputError: The file's ending is not one of `SUFFIXES`.
        FileError: The file's folder is absent.
    """
    if not path.name.endswith(SUFFIXES):
        raise InputError(f"{path}: the name must end in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise FileError(f"{path}: there is no folder {path.parent}; create it first")


def write_long_form(panel: Panel, path: Path) -> None:
    """Write a panel's series in long form; a failed write leaves no partial file.

    Raises:
        InputError: The file's ending is not one of `SUFFIXES`.
        FileError: The file can't be written, or its folder is absent.
    """
    check_long_form_path(path)
    frame = long_form(panel)
    with replaced(path) as partial:
        if path.suffix == ".parquet":
            buffer = io.BytesIO()
            frame.to_parquet(buffer, index=False)
            partial.write_bytes(buffer.getvalue())
        else:
            packed: Any = {"method": "gzip", "mtime": 0} if path.suffix == ".gz" else None
            frame.to_csv(partial, index=False, compression=packed, date_format="%Y-%m-%dT%H:%M:%SZ")
