"""The job scheduling benchmark: SWF logs under the protocol of RLScheduler (Zhang et al., SC 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from joblib import Parallel, delayed

from aurora.errors import DataError
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.traces.swf import PUBLISHED_LENGTH, PUBLISHED_STARTS, read_log, sequence_scenario

MIN_JOBS = 16
"""Fewest jobs for a meaningful mean slowdown."""


def with_backfill(policy: Policy, backfill: Literal["none", "easy"]) -> Policy:
    """Return the policy under the protocol's queue discipline: the head blocks, with or without EASY backfilling."""
    strategy = policy.allocation_strategy.model_copy(update={"head_of_line_blocking": True, "backfill": backfill})
    return policy.model_copy(update={"allocation_strategy": strategy})


def bench_swf(  # the command's options
    log: Path,
    processors: int,
    policy: Policy,
    *,
    backfill: Literal["none", "easy"],
    starts: Sequence[int] = PUBLISHED_STARTS,
    length: int = PUBLISHED_LENGTH,
    jobs: int = 2,
) -> dict[str, Any]:
    """Run the benchmark; the keys are those of `aurora bench swf --json`.

    A log that is too short for the protocol's sequences is measured on those that it holds, or on all its jobs as one;
    `published_protocol` is then False.

    Raises:
        DataError: The log is not valid or too short.
        PolicyError: The policy is not valid.
    """
    job_log = read_log(log)
    all_jobs = job_log.jobs
    held, length = _sequences(log, len(all_jobs), starts, length)
    program = compile_policy(with_backfill(policy, backfill))

    def run_sequence(start: int) -> dict[str, Any]:
        scenario = sequence_scenario(all_jobs, processors, start=start, length=length)
        summary = evaluate(encode(scenario), program)
        return {
            "start": start,
            "bounded_slowdown": summary.bounded_slowdown,
            "utilization": summary.cpu_utilization,
            "unfinished": summary.unplaced,
        }

    sequences = Parallel(n_jobs=jobs, backend="threading")(delayed(run_sequence)(s) for s in held)
    return {
        "policy": policy.policy_id,
        "bounded_slowdown": float(np.mean([s["bounded_slowdown"] for s in sequences])),
        "utilization": float(np.mean([s["utilization"] for s in sequences])),
        "sequences": sequences,
        "sequence_length": length,
        "published_protocol": (tuple(held), length) == (PUBLISHED_STARTS, PUBLISHED_LENGTH),
        "jobs": len(all_jobs),
        "left_out": job_log.left_out,
        "assumed_run_times": job_log.assumed,
    }


def _sequences(log: Path, count: int, starts: Sequence[int], length: int) -> tuple[Sequence[int], int]:
    """Return the starts of the sequences in a log of `count` jobs, and their length."""
    if count < MIN_JOBS:
        raise DataError(
            f"{log} has {count} jobs; this benchmark needs at least {MIN_JOBS}, better {max(starts) + length}"
        )
    if count < length:
        return (0,), count
    return tuple(s for s in starts if s + length <= count) or (0,), length
