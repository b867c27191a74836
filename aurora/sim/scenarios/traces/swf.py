"""The Standard Workload Format (Feitelson's Parallel Workloads Archive), and RLScheduler's sequences."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field

from aurora.errors import DataError, InputError
from aurora.reading import read_lines
from aurora.sim.objectives import ObjectiveTargets
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from aurora.sim.scenarios.traces.tables import MAX_NUMBER, scenario_of
from aurora.types import Frozen

FIELD_COUNTS = (17, 18)
STATUS_FIELD, USER_FIELD = 11, 12
PARTIAL_STATUSES = (2, 3, 4)
"""Statuses of lines for part of an interrupted job; the whole job has a line of its own."""
PUBLISHED_STARTS = (1981, 2756, 4299, 8850, 3316, 2714, 5228, 7762, 4022, 7085)
PUBLISHED_LENGTH = 1024
PUBLISHED_JOBS = 10_000
MAX_PROCS = re.compile(r"\s*;\s*MaxProcs:\s*(\d{1,3}(?:,\d{3}){1,2}|\d{1,9})(?![\w.,])", re.IGNORECASE)
FLURRY_REQUESTS, FLURRY_WIDTHS = (0.5, 1.0), (0.2, 0.95)
"""Quantiles of the sequence between which the requested time and the processors of a flurry lie."""
FLURRY_SPAN, FLURRY_RUN = (600.0, 86_400.0), (1.0, 120.0)
"""Range of the time in which the jobs of a flurry arrive, and of their run times, seconds."""
FLURRY_USER = "flurry"
"""User of the jobs of a flurry."""
UNKNOWN_RUN = 10.0
"""Run time assumed for a job whose log states none, seconds."""


class Job(NamedTuple):
    """A job; times in seconds. The user is a number, or empty if it is unknown."""

    number: int
    submit: float
    run: float
    processors: int
    requested: float
    user: str = ""


class JobLog(NamedTuple):
    """The jobs of a log.

    Attributes:
        jobs: The jobs, sorted by number.
        left_out: Number of lines that are no job to schedule: run time 0, never started, or part of a job.
        processors: `MaxProcs` of the header; 0 if it is absent.
        assumed: Number of jobs without a run time, which get `UNKNOWN_RUN`.
    """

    jobs: tuple[Job, ...]
    left_out: int
    processors: int
    assumed: int = 0


def read_jobs(path: Path, *, limit: int = PUBLISHED_JOBS) -> tuple[Job, ...]:
    """Read the jobs of a log; see `read_log`.

    Raises:
        DataError: The file is not in the format.
    """
    return read_log(path, limit=limit).jobs


def read_log(path: Path, *, limit: int = PUBLISHED_JOBS) -> JobLog:
    """Read jobs sorted by number, as RLScheduler does (Zhang et al., SC 2020).

    A run time below 0 becomes 10 s; a job with run time 0 is left out. Processors are the larger of allocated and
    requested. A requested time below 0 becomes the run time, or 0 if that is unknown. A job with neither run time nor
    processors was cancelled before it started, and is left out; so are the parts of an interrupted job.

    Args:
        path: A `.swf` or `.swf.gz` file.
        limit: Largest number of lines of jobs to read.

    Raises:
        DataError: The file is not in the format.
    """
    jobs: list[Job] = []
    seen: set[int] = set()
    taken = left_out = most = assumed = 0
    for line, text in read_lines(path, undecodable="replace"):
        if not text.strip():
            continue
        if text.lstrip().startswith(";"):
            stated = MAX_PROCS.match(text)
            most = int(stated[1].replace(",", "")) if stated else most
            continue
        if taken == limit:
            break
        taken += 1
        fields = text.split()
        if len(fields) not in FIELD_COUNTS:
            raise DataError(
                f"{path}, line {line}: {len(fields)} fields, {FIELD_COUNTS[-1]} separated by blanks are expected; "
                "write -1 for what is not known"
            )
        values = [_value(path, line, i, f) for i, f in enumerate(fields[:STATUS_FIELD], 1)]
        identity, submit, run = int(values[0]), values[1], values[3]
        if values[STATUS_FIELD - 1] in PARTIAL_STATUSES:
            left_out += 1
            continue
        if identity in seen:
            raise DataError(f"{path}, line {line}: job {identity} is listed twice")
        seen.add(identity)
        processors = int(max(values[4], values[7]))
        if run == 0 or (run < 0 and processors <= 0):
            left_out += 1
            continue
        if submit < 0:
            raise DataError(
                f"{path}, line {line}, field 2 (submit time): {submit:g} is negative; correct it, or leave the line out"
            )
        if processors <= 0:
            raise DataError(
                f"{path}, line {line}: neither field 5 nor field 8 gives the processors of a job that ran; write them, "
                "or leave the line out"
            )
        # Where neither time is known the request is 0, as in the published runs (there -1).
        requested = values[8] if values[8] >= 0 else max(run, 0.0)
        assumed += run < 0
        run = UNKNOWN_RUN if run < 0 else run
        jobs.append(Job(identity, submit, run, processors, requested, _user(path, line, fields[USER_FIELD - 1])))
    if not jobs:
        raise DataError(f"{path} lists no jobs{f' that ran ({left_out} did not)' if left_out else ''}")
    return JobLog(tuple(sorted(jobs, key=lambda j: j.number)), left_out, most, assumed)


def _user(path: Path, line: int, text: str) -> str:
    number = int(_value(path, line, USER_FIELD, text))
    return str(number) if number >= 0 else ""


def _value(path: Path, line: int, field: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{path}, line {line}, field {field}: {text[:40]!r} is not a number") from None
    if not math.isfinite(value) or abs(value) > MAX_NUMBER:
        raise DataError(f"{path}, line {line}, field {field}: {text[:40]!r} is out of range")
    return value


def sequence_scenario(
    jobs: tuple[Job, ...], processors: int, *, start: int, length: int = PUBLISHED_LENGTH
) -> Scenario:
    """Return jobs `start` to `start + length` on an empty machine; tasks are placed after each event, as published.

    Raises:
        InputError: A job requests more processors than the machine has.
        DataError: The log has fewer jobs.
    """
    chosen = jobs[start : start + length]
    if len(chosen) < length or start < 0:
        raise DataError(f"jobs {start} to {start + length} were asked for, the log has {len(jobs)}")
    too_wide = next((j for j in chosen if j.processors > processors), None)
    if too_wide is not None:
        widest = max(j.processors for j in jobs)
        raise InputError(
            f"job {too_wide.number} asks for {too_wide.processors}; give at least {widest}, which the widest job needs",
            parameter="processors",
            value=processors,
        )
    return _scenario(f"swf-{start}-{length}", chosen, processors)


def log_scenario(log: JobLog, *, first: int, count: int, processors: int | None = None) -> Scenario:
    """Return a stretch of a log as a scenario that starts with its first job, on an empty machine.

    The log states no prices and no power, so latency and SLAs are the objectives; a mean latency of a quarter of the
    mean run time scores one half.

    Args:
        log: From `read_log`.
        first: Number of the first job, from 0.
        count: Largest number of jobs.
        processors: Processors of the machine; None: as the header states, or else as the widest job needs.

    Raises:
        DataError: There is no such job, or a job requests more processors than the machine has.
    """
    size = processors or log.processors or max(j.processors for j in log.jobs)
    chosen = log.jobs[first : first + count]
    if not chosen:
        raise DataError(f"the log has {len(log.jobs)} jobs, the first asked for is number {first}, from 0")
    begin = min(j.submit for j in chosen)
    moved = tuple(j._replace(submit=j.submit - begin) for j in chosen)
    scenario = sequence_scenario(moved, size, start=0, length=len(moved))
    target = max(sum(j.run for j in moved) / len(moved) / 4, 1.0)
    return scenario.model_copy(
        update={
            "scenario_id": f"swf-{first}-{len(moved)}",
            "objectives": ("latency", "qos"),
            "objective_targets": ObjectiveTargets(latency=target),
        }
    )


@scenario_of("the log")
def _scenario(name: str, jobs: tuple[Job, ...], processors: int) -> Scenario:
    return Scenario(
        scenario_id=name,
        domain="cloud",
        nodes=(Node(node_id="machine", cpu=processors),),
        workload_definition=Workload(
            tasks=tuple(
                Task(
                    task_id=str(j.number),
                    arrival_time=j.submit,
                    cpu_required=j.processors,
                    duration=j.run,
                    requested_duration=j.requested,
                    user=j.user or None,
                )
                for j in jobs
            ),
            time_horizon=max(j.submit for j in jobs) + 1,
            simultaneous_events="one_by_one",
        ),
    )


class SwfSpec(Frozen):
    """A sequence drawn from a stretch of a log, under another load, as an attacker writes it.

    Blocks of consecutive jobs, with the gaps between them, are drawn with replacement from the stretch
    (the moving-block bootstrap; Kuensch 1989): so a short stretch gives many sequences, and the
    dependence between neighbours is kept.
    """

    spec_id: str = Field(min_length=1, max_length=128)
    family: str = Field(default="", max_length=64)
    first: int = Field(default=0, ge=0, description="first job of the stretch")
    last: int = Field(default=1024, ge=1, description="job after the stretch")
    length: int = Field(default=768, ge=16, le=4096, description="jobs of the sequence")
    block: int = Field(default=64, ge=1, le=4096, description="consecutive jobs drawn together")
    gap_factor: float = Field(default=1.0, gt=0.05, le=5, description="time between arrivals, times this")
    duration_spread: float = Field(
        default=0.0, ge=0, le=2, description="standard deviation of the log of a factor on run and requested time"
    )
    seed: int = Field(default=0, ge=0, lt=2**31)
    log: str = Field(default="", max_length=64, description="name of the log; empty: the first one")
    flurry: int = Field(default=0, ge=0, le=1024, description="jobs of a flurry that are added")


def expand_swf(spec: SwfSpec, jobs: tuple[Job, ...], processors: int) -> Scenario:
    """Return the scenario that a spec describes; deterministic.

    A flurry (Tsafrir and Feitelson, IPDPS 2006) is a burst of equal jobs of one user. Its jobs ask for a time in the
    upper half of those of the stretch, and fail within two minutes. So they wait as long jobs and count as short ones.

    Raises:
        DataError: The stretch holds fewer than two jobs.
    """
    stretch = jobs[spec.first : spec.last]
    if len(stretch) < 2:  # noqa: PLR2004  # a gap needs two
        raise DataError(f"jobs {spec.first} to {spec.last}: the log has {len(jobs)}, and two are needed")
    gaps = [0.0, *(max(b.submit - a.submit, 0.0) for a, b in pairwise(stretch))]
    block = min(spec.block, len(stretch))
    rng = np.random.default_rng([spec.seed, 4])
    drawn: list[Job] = []
    now = stretch[0].submit
    while len(drawn) < spec.length:
        start = int(rng.integers(len(stretch) - block + 1))
        for k in range(start, min(start + block, start + spec.length - len(drawn))):
            now += gaps[k] * spec.gap_factor
            job = stretch[k]
            longer = _factor(spec.duration_spread, rng)
            drawn.append(
                job._replace(
                    number=len(drawn) + 1,
                    submit=now,
                    processors=min(job.processors, processors),
                    run=job.run * longer,
                    requested=job.requested * longer,
                )
            )
    if spec.flurry:
        drawn = _with_flurry(drawn, spec.flurry, np.random.default_rng([spec.seed, 5]))
    return _scenario(spec.spec_id, tuple(drawn), processors)


def _with_flurry(jobs: list[Job], count: int, rng: np.random.Generator) -> list[Job]:
    """Add a flurry of `count` jobs, and number all jobs by their arrival."""
    begin = jobs[int(rng.integers(len(jobs) // 8, max(len(jobs) * 3 // 4, 1)))].submit
    requested = float(np.quantile([j.requested for j in jobs], rng.uniform(*FLURRY_REQUESTS)))
    processors = int(np.quantile([j.processors for j in jobs], rng.uniform(*FLURRY_WIDTHS), method="lower"))
    span = float(np.exp(rng.uniform(*np.log(FLURRY_SPAN))))
    submits = begin + rng.uniform(0, span, count)
    shortest, longest = np.log(FLURRY_RUN)
    runs = np.minimum(np.exp(rng.uniform(shortest, longest, count)), max(requested, 1.0))
    flurry = [
        Job(0, float(s), float(r), processors, requested, FLURRY_USER) for s, r in zip(submits, runs, strict=True)
    ]
    return [j._replace(number=i) for i, j in enumerate(sorted([*jobs, *flurry], key=lambda j: j.submit), 1)]


def _factor(spread: float, rng: np.random.Generator) -> float:
    """Draw a log-normal factor with mean 1, so that the work stays the same on average."""
    return float(np.exp(rng.normal(-(spread**2) / 2, spread))) if spread else 1.0
