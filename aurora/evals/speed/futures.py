"""Measures the speed of simulating futures: many in one kernel call, against one scenario after the other."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from aurora.errors import AuroraError, InputError
from aurora.learning.futures.paths import Dependence, sample_paths
from aurora.learning.series.series import QUANTILES
from aurora.sim.capacity.arrivals import jobs_of
from aurora.sim.capacity.capacity import IN_ORDER, CapacityPlan, JobClass, job_for, template
from aurora.sim.capacity.futures import Futures, simulate_futures
from aurora.sim.kernel import simulate
from aurora.sim.outcome import Summary

STEPS = 12
STEP = 300.0
CORES = 24.0
PLANS = tuple(
    CapacityPlan(plan_id=f"{reserved}+{12 - reserved}", reserved_nodes=reserved, burst_nodes=12 - reserved)
    for reserved in (4, 6, 8, 12)
)
ONE_BY_ONE = 40
"""Number of futures built and simulated in sequence, enough to time."""


def demand(futures: int) -> Futures:
    """Sample demand of 24 cores on average: four correlated series over an hour of 5-minute steps."""
    from scipy.special import ndtri  # noqa: PLC0415  # slow to import

    quantiles = np.tile(CORES / 4 * (1 + 0.2 * ndtri(np.array(QUANTILES))), (4, STEPS, 1))
    distance = np.abs(np.subtract.outer(np.arange(STEPS), np.arange(STEPS)))
    how = Dependence(np.full((4, 4), 0.5) + 0.5 * np.eye(4), 0.9**distance, 0)
    return Futures(sample_paths(quantiles, how, futures, seed=0), tuple("abcd"), STEP)


def bench_speed(futures: int, repeats: int) -> dict[str, Any]:
    """Run all measurements; keys of `aurora bench futures --json` under `speed`.

    Args:
        futures: Number of futures per call.
        repeats: Repetitions of each measurement; the median counts.

    Raises:
        InputError: `futures` is below 1.
        AuroraError: The two methods disagree.
    """
    if futures < 1:
        raise InputError("give at least 1", parameter="futures", value=futures)
    few, many = demand(min(futures, ONE_BY_ONE)), demand(futures)
    job = job_for(PLANS, CORES, STEP, STEPS)
    before = one_by_one(few, PLANS, job)
    batched = simulate_futures(few, PLANS, job).measured["latency"][:, 0]
    for expected, batch in zip((s.latency_mean for row in before for s in row), batched.ravel(), strict=True):
        if not math.isclose(expected, batch, rel_tol=1e-9, abs_tol=1e-9):
            raise AuroraError(
                f"one future alone and among others differ: {expected} and {batch}; please report this as a bug"
            )
    rows = []
    for name, run, count in (
        ("built and simulated one by one", lambda: one_by_one(few, PLANS, job), len(few.demand)),
        ("variants, one thread", lambda: simulate_futures(many, PLANS, job), futures),
        ("variants, two threads", lambda: simulate_futures(many, PLANS, job, threads=2), futures),
    ):
        seconds, busy = [], []
        for _ in range(repeats):
            started, worked = time.perf_counter(), time.process_time()
            run()
            seconds.append(time.perf_counter() - started)
            busy.append(time.process_time() - worked)
        median = float(np.median(seconds))
        rows.append(
            {
                "how": name,
                "futures_per_second": count / median,
                "runs_per_second": count * len(PLANS) / median,
                "plans_of_1000_futures_per_second": count * len(PLANS) / median / 1000,
                "runs_per_core_second": count * len(PLANS) / float(np.median(busy)),
            }
        )
    jobs = len(jobs_of(many.demand.sum(axis=1), job, STEP).arrival) / futures
    return {"rows": rows, "plans": len(PLANS), "nodes": PLANS[0].nodes, "jobs_per_future": jobs, "futures": futures}


def one_by_one(futures: Futures, plans: Sequence[CapacityPlan], job: JobClass) -> list[list[Summary]]:
    """Build, encode and simulate a scenario for each plan and future; return summaries [plans][futures]."""
    jobs = jobs_of(futures.demand.sum(axis=1), job, futures.step)
    rows = []
    for plan in plans:
        base = template(plan, job, futures.horizon)
        row = []
        for k in range(len(futures.demand)):
            span = slice(jobs.start[k], jobs.start[k + 1])
            tasks = tuple(
                base.tasks[0].model_copy(update={"task_id": f"job-{i}", "arrival_time": float(a), "duration": float(d)})
                for i, (a, d) in enumerate(zip(jobs.arrival[span], jobs.duration[span], strict=True))
            )
            workload = base.workload_definition.model_copy(update={"tasks": tasks})
            row.append(simulate(base.model_copy(update={"workload_definition": workload}), IN_ORDER).summary)
        rows.append(row)
    return rows
