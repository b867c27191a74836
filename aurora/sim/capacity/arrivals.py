"""From paths of demand to jobs that arrive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ScenarioError
from aurora.sim.capacity.capacity import JobClass
from aurora.sim.kernel.variants import Jobs

MAX_JOBS = 20_000
"""Most jobs of one future; more say that jobs are too small for the demand."""


def jobs_of(demand: NDArray[np.float64], job: JobClass, step: float) -> Jobs:
    """Jobs that keep as many cores busy as is demanded, in each future.

    Work comes in at the rate of the demand, and the next job arrives whenever another job's worth of cores and
    seconds has come together (the time change that turns a steady stream into one of any rate: Çinlar 1975,
    section 4.7, here without the chance between arrivals). At the start those jobs run already that arrived before it,
    as if demand had been that of the first step: they have only the rest of their time to go. So by Little's law the
    cores that are busy without waiting are those demanded, delayed by the length of a job.

    Args:
        demand: float64 [futures, steps], cores, not negative.
        job: The unit in which demand comes.
        step: Seconds.

    Returns:
        Jobs of every future; one that has too little demand for a single job gets one of no length.

    Raises:
        ScenarioError: A future has more jobs than can be simulated; says how large they should be.
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
