"""The GPU placement benchmark: openb under the protocol of FGD (Weng et al., USENIX ATC 2023)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from aurora.errors import DataError
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Program
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces.openb import openb_scenario, read_nodes, read_pods


def allocation(scenario: Scenario, outcome: Outcome, arrived: float) -> float:
    """Return the allocated share of device capacity, per cent, once `arrived` times the capacity was requested.

    Tasks never leave in this protocol, so what is allocated is the sum over the tasks placed so far.
    """
    capacity = sum(n.accelerators for n in scenario.nodes)
    demand = np.array([t.accelerators * t.accelerator_share for t in scenario.tasks])
    placed = np.isin(outcome.tasks.status, (Status.COMPLETED,))
    so_far = np.cumsum(demand) <= arrived * capacity + 1e-9
    return float(100 * demand[placed & so_far].sum() / capacity)


def bench_openb(  # the command's options
    nodes: Path,
    pods: Path,
    policy: Policy,
    *,
    seeds: Sequence[int],
    node_orders: int = 2,
    jobs: int = 2,
) -> dict[str, Any]:
    """Run the benchmark, and FGD on the same cases; the keys are those of `aurora bench openb --json`.

    Raises:
        DataError: A trace file is not valid.
        PolicyError: The policy is not valid.
    """
    node_list, pod_list = read_nodes(nodes), read_pods(pods)
    if not any(n.accelerators for n in node_list):
        raise DataError(f"{nodes} lists no node with a device (gpu); this benchmark measures how many are allocated")
    models = {n.accelerator_model for n in node_list if n.accelerators}
    stranded = [p for p in pod_list if p.devices and p.models and models.isdisjoint(p.models)]
    ours, fgd = compile_policy(policy), compile_policy(REFERENCES["fgd"])
    cases = [(seed, order) for order in range(node_orders) for seed in seeds]

    def run_case(seed: int, order: int) -> tuple[dict[str, Any], dict[str, Any]]:
        encoded = encode(openb_scenario(node_list, pod_list, seed=seed, node_order=order))
        row = _row(encoded, ours, seed, order)
        return row, row if policy == REFERENCES["fgd"] else _row(encoded, fgd, seed, order)

    pairs = Parallel(n_jobs=jobs, backend="threading")(delayed(run_case)(s, o) for s, o in cases)
    rows, by_fgd = (list(column) for column in zip(*pairs, strict=True))
    means, fgd_means = _means(rows), _means(by_fgd)
    return {
        "policy": policy.policy_id,
        "trace": pods.name.split(".")[0],
        "runs": rows,
        "pods_without_model": len(stranded),
        "models_of_no_node": sorted({m for p in stranded for m in p.models}),
        **means,
        "fgd": {
            **fgd_means,
            **{f"difference_{part}": means[f"mean_{part}"] - fgd_means[f"mean_{part}"] for part in (100, 130)},
        },
    }


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the mean allocation once all capacity was requested and at the end, and the spread of the latter."""
    final = np.array([r["allocation_pct_130"] for r in rows])
    return {
        "mean_100": float(np.mean([r["allocation_pct_100"] for r in rows])),
        "mean_130": float(final.mean()),
        "sd_130": float(final.std(ddof=1)) if len(final) > 1 else 0.0,
    }


def _row(encoded: EncodedScenario, program: Program, seed: int, order: int) -> dict[str, Any]:
    started = time.perf_counter()
    outcome = run(encoded, program)
    seconds = time.perf_counter() - started
    scenario = encoded.scenario
    placed = outcome.tasks.status == Status.COMPLETED
    cpu = np.array([t.cpu_required for t in scenario.tasks])
    return {
        "seed": seed,
        "node_order": order,
        "allocation_pct_100": allocation(scenario, outcome, 1.0),
        "allocation_pct_130": allocation(scenario, outcome, float("inf")),
        "failed_pods": int((~placed).sum()),
        "cpu_pct": float(100 * cpu[placed].sum() / sum(n.cpu for n in scenario.nodes)),
        "seconds": seconds,
    }
