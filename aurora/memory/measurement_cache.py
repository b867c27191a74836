"""A cache of simulated measurements on disk, so that a run that was killed does not simulate them again.

Each measurement is written as soon as it exists, before anything uses it. An iteration that was not committed is played
again from its start with the same random numbers, and finds its measurements here.

The file begins with a mark of its layout, which is derived from the fields of `Summary`. A file of another layout is
emptied, because its records would be misread; its measurements are simulated again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import struct
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from aurora.errors import StoreError
from aurora.sim.grid import structure_of
from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel.pins import Pinned
from aurora.sim.kernel.run import summary_of
from aurora.sim.outcome import Summary
from aurora.sim.policies.program import Program

Measurement = tuple[float, Summary]
"""Value of a policy on a scenario (higher is better), and the sums over its tasks."""

_FIELDS = tuple(dataclasses.fields(Summary))
_PART = struct.Struct("<16sq")
_RECORD = np.dtype([("key", "V16"), ("value", "<f8"), ("sums", "<f8", (len(_FIELDS),))])


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


_PRINTS: WeakKeyDictionary[Pinned, bytes] = WeakKeyDictionary()
"""Fingerprints of encoded scenarios, which never change, as long as they live."""


def scenario_print(encoded: EncodedScenario) -> bytes:
    """Return the fingerprint of a scenario with its objectives, on which values depend."""
    known = _PRINTS.get(encoded.pinned)
    if known is None:
        scenario = encoded.scenario
        goals = (scenario.scenario_id, scenario.objectives, scenario.objective_weights, scenario.objective_targets)
        known = _PRINTS[encoded.pinned] = fingerprint((*goals, *encoded.problem))
    return known


def program_prints(programs: Sequence[Program]) -> list[bytes]:
    """Return the fingerprint of each program; what programs have in common besides constants is hashed once."""
    known: dict[tuple[object, ...], bytes] = {}
    prints: list[bytes] = []
    for program in programs:
        structure = structure_of(program)
        if structure not in known:
            known[structure] = fingerprint(structure)
        prints.append(hashlib.blake2b(program.consts.tobytes(), digest_size=16, key=known[structure]).digest())
    return prints


def measurement_keys(scenarios: Sequence[bytes], programs: Sequence[bytes]) -> list[list[bytes]]:
    """Return the keys of measurements from fingerprints: a row for each scenario, 16 bytes for each program."""
    if not scenarios or not programs:
        return [[] for _ in scenarios]
    words = [np.frombuffer(b"".join(prints), np.uint64).reshape(-1, 2) for prints in (scenarios, programs)]
    mixed = words[0][:, None] ^ words[1][None]
    keys: list[list[bytes]] = mixed.view("V16")[..., 0].tolist()
    return keys


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
        self._known: dict[bytes, tuple[float, NDArray[np.float64]]] = {}
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
        known = self._known.get(key)
        return None if known is None else (known[0], summary_of(known[1]))

    def value(self, key: bytes) -> float | None:
        """Return the value of the measurement under a key; None if there is none."""
        known = self._known.get(key)
        return None if known is None else known[0]

    def add(self, key: bytes, measurement: Measurement) -> None:
        """Add a measurement, and write it to the file.

        Raises:
            StoreError: The file can't be written.
        """
        value, summary = measurement
        sums = [float(getattr(summary, f.name)) for f in _FIELDS]
        self.add_rows([key], np.array([value]), np.array([sums]))

    def add_rows(self, keys: Sequence[bytes], values: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
        """Add measurements, and write them to the file.

        Args:
            keys: Key of each measurement.
            values: float64 [measurements].
            sums: float64 [measurements, sums], in the order of `Summary`; not changed afterwards.

        Raises:
            StoreError: The file can't be written.
        """
        with self._lock:
            if self._file is not None:
                records = np.empty(len(keys), _RECORD)
                records["key"] = np.frombuffer(b"".join(keys), "V16")
                records["value"], records["sums"] = values, sums
                self._append(records.tobytes())
            self._known.update(zip(keys, zip(values.tolist(), sums, strict=True), strict=True))
            self.added += len(keys)

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
        records = np.frombuffer(content, _RECORD, (len(content) - _PART.size) // _RECORD.itemsize, _PART.size)
        damaged = ~np.isfinite(records["sums"]).all(axis=1)
        if damaged.any():
            raise StoreError(
                f"{path} is damaged (measurement {int(damaged.argmax()) + 1}); move it away, its measurements are "
                "simulated again"
            )
        known = zip(records["value"].tolist(), np.array(records["sums"]), strict=True)
        self._known = dict(zip(records["key"].tolist(), known, strict=True))
        os.ftruncate(self._file, _PART.size + records.nbytes)  # a kill may have cut the last record short
