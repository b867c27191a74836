"""Families of sequences of jobs: a stretch of a log, its load, and whether a flurry disturbs it.

The ten published sequences lie among the first 10,000 jobs of a log. No stretch overlaps them, so they stay unseen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from aurora.errors import DataError, FileError
from aurora.sim.scenarios.traces.swf import PUBLISHED_JOBS, PUBLISHED_LENGTH, PUBLISHED_STARTS, Job, read_log

Role = Literal["training", "validation", "test"]

KNOWN = ("lublin_256", "sdsc-sp2")
"""Names of the logs that are trained on."""
VERSION = re.compile(r"-(?:19|20)\d\d\b.*")
"""The rest of a file's name that the archive adds: year, version and filter."""
MAX_NAME = 40
LEAST_JOBS = 96
GUESSED = 0.1
"""Share of jobs whose requested time is not their run time from which on a log has estimates."""
MOST_JOBS = 200_000
"""Lines that are read of a log."""
DENSE = 0.85
"""Factor on the gaps of a dense family."""
FLURRY = 96
"""Jobs of a flurry, on average."""
SHORT_BLOCK, LONG_BLOCK = 64, 768
"""Consecutive jobs that are drawn together: of a long stretch a whole sequence, which keeps what users do over days."""
LEAST_REST = 6_000
"""Jobs after the published ones that are worth stretches of their own."""


class Log(NamedTuple):
    """A log.

    Attributes:
        name: Name in families.
        jobs: All its jobs.
        processors: Processors of the machine.
        has_estimates: True if requested times are people's estimates; False if they are the run times.
        path: The file.
    """

    name: str
    jobs: tuple[Job, ...]
    processors: int
    has_estimates: bool
    path: Path


class Stretch(NamedTuple):
    """A part of a log.

    Attributes:
        part: Name in families.
        first, last: First job, and the job after the last.
        role: Use of the stretch.
        block: Consecutive jobs that are drawn together.
    """

    part: str
    first: int
    last: int
    role: Role
    block: int


class Family(NamedTuple):
    """A family of sequences.

    Attributes:
        log: Name of the log.
        stretch: Part of the log.
        gap_factor: Usual factor on the time between arrivals.
        flurry: Usual number of jobs of a flurry; 0: none.
    """

    log: str
    stretch: Stretch
    gap_factor: float = 1.0
    flurry: int = 0

    @property
    def name(self) -> str:
        """Name of the family: log, part, and what is special."""
        special = "-dense" if self.gap_factor < 1 else "-flurry" if self.flurry else ""
        return f"{self.log}-{self.stretch.part}{special}"


def read_logs(folder: Path) -> tuple[Log, ...]:
    """Read the logs of a folder, those of `KNOWN` first.

    A log is named after its file, in lower case and without year and version.

    Raises:
        FileError: There is none.
        DataError: One is not in the format, or too short, or two have the same name.
    """
    paths = sorted(p for p in folder.glob("*") if p.name.lower().endswith((".swf", ".swf.gz")))
    if not paths:
        raise FileError(f"no *.swf or *.swf.gz in {folder}; give the folder that holds {folder.name}/")
    logs = sorted((_read(path) for path in paths), key=lambda log: (_rank(log.name), log.name))
    for log, following in pairwise(logs):
        if log.name == following.name:
            raise DataError(f"{log.path} and {following.path} are both named {log.name}; keep one of them in {folder}")
    return tuple(logs)


def _rank(name: str) -> int:
    return KNOWN.index(name) if name in KNOWN else len(KNOWN)


def _read(path: Path) -> Log:
    stem = path.name.lower().removesuffix(".gz").removesuffix(".swf")
    name = VERSION.sub("", stem)[:MAX_NAME]
    log = read_log(path, limit=MOST_JOBS)
    if len(log.jobs) < LEAST_JOBS:
        raise DataError(f"{path} has {len(log.jobs)} jobs; at least {LEAST_JOBS} are needed to draw sequences from")
    guessed = sum(j.requested != j.run for j in log.jobs) / len(log.jobs)
    processors = max(log.processors, *(j.processors for j in log.jobs))
    return Log(name, log.jobs, processors, guessed > GUESSED, path)


def find_log(logs: Sequence[Log], name: str) -> Log:
    """Return a log by its name.

    Raises:
        DataError: There is none.
    """
    log = next((log for log in logs if log.name == name), None)
    if log is None:
        raise DataError(f"there is no log {name!r}; there are {', '.join(log.name for log in logs)}")
    return log


def stretches(count: int) -> tuple[Stretch, ...]:
    """Return the parts of a log of `count` jobs that no published sequence touches.

    A long log has its parts after the published jobs. One of about 10,000 jobs has them between the sequences. A
    shorter one holds no published sequence and is divided by thirds.
    """
    rest = count - PUBLISHED_JOBS
    if rest >= LEAST_REST:
        cuts = [PUBLISHED_JOBS + int(share * rest) for share in (0.0, 0.6, 0.8, 1.0)]
        block = LONG_BLOCK
    elif count >= max(PUBLISHED_STARTS) + PUBLISHED_LENGTH:
        first, (low, high) = min(PUBLISHED_STARTS), _largest_hole()
        return (
            Stretch("early", 0, first * 2 // 3, "training", SHORT_BLOCK),
            Stretch("middle", low, high, "validation", SHORT_BLOCK),
            Stretch("second", first * 2 // 3, first, "test", SHORT_BLOCK),
        )
    else:
        cuts = [count * k // 3 for k in range(4)]
        block = SHORT_BLOCK
    names: tuple[tuple[str, Role], ...] = (("early", "training"), ("middle", "validation"), ("late", "test"))
    return tuple(Stretch(part, cuts[k], cuts[k + 1], role, block) for k, (part, role) in enumerate(names))


def _largest_hole() -> tuple[int, int]:
    """Return the longest range of jobs between published sequences."""
    ends = [start + PUBLISHED_LENGTH for start in sorted(PUBLISHED_STARTS)]
    holes = [(end, start) for end, start in zip(ends, sorted(PUBLISHED_STARTS)[1:], strict=False) if start > end]
    return max(holes, key=lambda hole: hole[1] - hole[0])


def families(logs: Sequence[Log]) -> dict[Role, tuple[Family, ...]]:
    """Return the families of each role.

    Logs of `KNOWN` are for training and validation; any other only tests. Where none is known, all are trained on.
    Only a log with estimates has flurries: where times are known, nobody asks for hours and fails at once.
    """
    known = [log.name for log in logs if log.name in KNOWN] or [log.name for log in logs]
    found: dict[Role, list[Family]] = {"training": [], "validation": [], "test": []}
    for log in logs:
        for stretch in stretches(len(log.jobs)):
            role: Role = stretch.role if log.name in known else "test"
            found[role] += [Family(log.name, stretch), Family(log.name, stretch, gap_factor=DENSE)]
            if log.has_estimates:
                found[role].append(Family(log.name, stretch, flurry=FLURRY))
    return {role: tuple(rows) for role, rows in found.items()}


def named_families(logs: Sequence[Log]) -> dict[str, Family]:
    """Return all families by their names."""
    return {family.name: family for rows in families(logs).values() for family in rows}
