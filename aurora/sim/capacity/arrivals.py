"""Turns paths of demand into arriving jobs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ScenarioError
from aurora.sim.capacity.capacity import JobClass
from aurora.sim.kernel.variants import Jobs

MAX_JOBS = 20_000
"""Largest number of jobs of a future; with more, jobs are too small for the demand."""


def jobs_of(demand: NDArray[np.float64], job: JobClass, step: float) -> Jobs:
    """Return jobs that keep the demanded number of cores busy, in each future.

    Work accumulates at the rate of the demand, and a job arrives whenever the work of one more job has accumulated: a
    change of time turns a steady stream into one of varying rate (Çinlar 1975, section 4.7; here without randomness).
    Jobs that arrived before the start are running at the start, with only the rest of their time left, as if demand had
    always been that of the first step. By Little's law, the busy cores equal the demand if no job waits, delayed by the
    length of a job.

    Args:
        demand: float64 [futures, steps], cores, not negative.
        job: Cores and length of each job.
        step: Time step of the demand, seconds.

    Returns:
        Jobs of every future; a future with too little demand for a single job gets one of length 0.

    Raises:
        ScenarioError: A future has more than `MAX_JOBS` jobs; the message says how large they should be.
    """
    worth = job.cores * job.seconds
    futures, steps = demand.shape
    edges = np.concatenate([[-job.seconds], np.arange(steps + 1) * step])
    rates = np.concatenate([demand[:, :1], demand], axis=1)
    work = np.concatenate([np.zeros((futures, 1)), np.cumsum(rates * np.diff(edges), axis=1)], axis=1) / worth
    counts = np.floor(work[:, -1] + 0.5).astype(np.int64)
    most = int(counts.max())
    if most > MAX_JOBS:
        raise ScenarioError(
            f"a future would have {most} jobs of {job.cores:g} cores and {job.seconds:g} s, at most {MAX_JOBS} are "
            f"simulated; make jobs {most / MAX_JOBS:.1f} times larger (job_cores, job_seconds), or nodes larger"
        )
    start = np.concatenate([[0], np.cumsum(np.maximum(counts, 1))]).astype(np.int64)
    arrival, duration = np.zeros(start[-1]), np.zeros(start[-1])
    marks = np.arange(most) + 0.5
    for k, count in enumerate(counts):
        if count:
            when = np.interp(marks[:count], work[k], edges)
            arrival[start[k] : start[k + 1]] = when
            duration[start[k] : start[k + 1]] = job.seconds + np.minimum(when, 0.0)
    np.maximum(arrival, 0.0, out=arrival)
    return Jobs(start, arrival, duration)
