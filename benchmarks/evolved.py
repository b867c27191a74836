"""An evolved placement policy against the references on openb, on seeds and node orders it never saw.

    AURORA_DATA=TRACES python benchmarks/evolved.py champion.json --seeds 100-109

Prints allocation at 130 %, and the paired difference to FGD with its 95 % bootstrap interval, for each trace.
"""

import argparse
import os
from pathlib import Path

import numpy as np

from aurora.cli.bench import parse_seeds
from aurora.evals.openb import bench_openb
from aurora.evals.statistics import paired_interval
from aurora.sim.references import load_policy

TRACES = ("default", "gpushare60", "gpuspec33", "multigpu30")


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy")
    parser.add_argument("--seeds", default="100-109")
    parser.add_argument("--reference", default="fgd")
    arguments = parser.parse_args()
    folder = Path(os.environ["AURORA_DATA"]) / "openb"
    print(f"| trace | {arguments.reference} | evolved | difference [95 %] |\n|---|---|---|---|")
    for trace in TRACES:
        values = []
        for name in (arguments.reference, arguments.policy):
            result = bench_openb(
                folder / "openb_node_list_gpu_node.csv.gz",
                folder / f"openb_pod_list_{trace}.csv.gz",
                load_policy(name),
                seeds=parse_seeds(arguments.seeds),
            )
            values.append(np.array([r["allocation_pct_130"] for r in result["runs"]]))
        gain = paired_interval(values[1] - values[0])
        print(
            f"| {trace} | {values[0].mean():.2f} | {values[1].mean():.2f} "
            f"| {gain.mean:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}] |"
        )


if __name__ == "__main__":
    main()
