"""A cache of simulated measurements on disk, so that a run that was killed does not simulate them again.

Each measurement is written as soon as it exists, before anything uses it. An iteration that was not committed is played
again from its start with the same random numbers, and finds its measurements here.

The file begins with a mark of its layout, which is derived from the fields of `Summary`. A file of another layout is
emptied, because its records would be misread; its measurements are simulated again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import struct
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from aurora.errors import StoreError
from aurora.sim.kernel import EncodedScenario
from aurora.sim.outcome import Summary

Measurement = tuple[float, Summary]
"""Value of a policy on a scenario (higher is better), and the sums over its tasks."""

_FIELDS = tuple(dataclasses.fields(Summary))
_PART = struct.Struct("<16sq")
_RECORD = struct.Struct(f"<16s{1 + len(_FIELDS)}d")


def layout_mark(fields: Sequence[str]) -> bytes:
    """Return the mark, 16 bytes, at the start of a file whose records have these fields."""
    digest = hashlib.blake2b(" ".join(fields).encode(), digest_size=4).hexdigest()
    return f"aurora-{digest}\n".encode()


_MARK = layout_mark([f.name for f in _FIELDS])


def fingerprint(parts: Iterable[object]) -> bytes:
    """Return a hash of arrays and plain values, 16 bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        digest.update(b"|")
    return digest.digest()


def scenario_print(encoded: EncodedScenario) -> bytes:
    """Return the fingerprint of a scenario with its objectives, on which values depend."""
    scenario = encoded.scenario
    goals = (scenario.scenario_id, scenario.objectives, scenario.objective_weights, scenario.objective_targets)
    return fingerprint((*goals, *encoded.problem))


def measurement_key(scenario: bytes, program: bytes) -> bytes:
    """Return the key of a measurement, 16 bytes, from the fingerprints of a scenario and a program."""
    return hashlib.blake2b(scenario, digest_size=16, key=program).digest()


class MeasurementCache:
    """Measurements by key, in memory and, given a path, on disk.

    Threads may add at the same time; one process owns the file. A write survives the death of the process but not that
    of the machine, because a sync after every simulation would be slow; the archive is synced.

    Args:
        path: Path of the file; None: in memory only.

    Attributes:
        added: Number of measurements that this process has added.

    Raises:
        StoreError: The file can't be used, is damaged, or is no cache of measurements.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.added = 0
        self._known: dict[bytes, Measurement] = {}
        self._lock = threading.Lock()
        self._part = -1
        self._file: int | None = None
        if path is not None:
            try:
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
                self._load(path)
            except OSError as error:
                raise StoreError(f"{path} can't be used as a cache of measurements: {error.strerror}") from None

    def __enter__(self) -> Self:
        """Return the cache itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def begin(self, part: int) -> None:
        """Begin a part of a run and drop the measurements of all other parts.

        Args:
            part: Number of the iteration.

        Raises:
            StoreError: The file can't be written.
        """
        if part == self._part:
            return
        self._known.clear()
        self._part = part
        if self._file is not None:
            os.ftruncate(self._file, 0)
            self._append(_PART.pack(_MARK, part))

    def find(self, key: bytes) -> Measurement | None:
        """Return the measurement under a key; None if there is none."""
        return self._known.get(key)

    def add(self, key: bytes, measurement: Measurement) -> None:
        """Add a measurement, and write it to the file.

        Raises:
            StoreError: The file can't be written.
        """
        value, summary = measurement
        record = _RECORD.pack(key, value, *(float(getattr(summary, f.name)) for f in _FIELDS))
        with self._lock:
            if self._file is not None:
                self._append(record)
            self._known[key] = measurement
            self.added += 1

    def _append(self, record: bytes) -> None:
        assert self._file is not None
        try:
            written = os.write(self._file, record)
        except OSError as error:
            raise StoreError(
                f"the cache of measurements can't be written: {error.strerror}; free some space and go on with the run"
            ) from None
        if written < len(record):
            raise StoreError(
                "the cache of measurements can't be written: the disk is full; free some space and go on with the run"
            )

    def _load(self, path: Path) -> None:
        assert self._file is not None
        content = path.read_bytes()
        if len(content) < _PART.size:  # new, or killed before the header was complete
            os.ftruncate(self._file, 0)
            return
        mark, part = _PART.unpack_from(content)
        if not mark.startswith(b"aurora-"):
            raise StoreError(f"{path} is not a cache of measurements; move it away")
        if mark != _MARK:
            os.ftruncate(self._file, 0)
            return
        self._part = part
        complete = (len(content) - _PART.size) // _RECORD.size
        for number in range(complete):
            key, value, *sums = _RECORD.unpack_from(content, _PART.size + number * _RECORD.size)
            if not all(map(math.isfinite, sums)):
                raise StoreError(
                    f"{path} is damaged (measurement {number + 1}); move it away, its measurements are simulated again"
                )
            numbers = [int(v) if f.type == "int" else v for f, v in zip(_FIELDS, sums, strict=True)]
            self._known[key] = (value, Summary(*numbers))
        os.ftruncate(self._file, _PART.size + complete * _RECORD.size)  # a kill may have cut the last record short
