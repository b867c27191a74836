"""An evolved policy against the references on published protocols, on seeds or sequences that it never saw.

    AURORA_DATA=TRACES python benchmarks/evolved.py openb champion.json --seeds 100-109
    AURORA_DATA=TRACES python benchmarks/evolved.py lublin champion.json

openb: GPU allocation at 130 % on four lists, and the paired difference to FGD. lublin: mean bounded slowdown over
ten published sequences with EASY backfilling, and the paired difference to SAF, SJF and F1. Intervals are 95 %
bootstrap intervals.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aurora.champions.named import load_policy
from aurora.cli.options import parse_seeds
from aurora.evals.published.openb import bench_openb
from aurora.evals.published.swf import bench_swf
from aurora.statistics.intervals import Interval, paired_interval

LISTS = ("default", "gpushare60", "gpuspec33", "multigpu30")


def openb(policy: str, seeds: str, folder: Path) -> None:
    """Print the table of placement as Markdown."""

    def allocated(name: str, pods: str) -> NDArray[np.float64]:
        result = bench_openb(
            folder / "openb" / "openb_node_list_gpu_node.csv.gz",
            folder / "openb" / f"openb_pod_list_{pods}.csv.gz",
            load_policy(name),
            seeds=parse_seeds(seeds, "--seeds"),
        )
        return np.array([r["allocation_pct_130"] for r in result["runs"]])

    print("| pods | fgd | evolved | evolved less fgd [95 %] |\n|---|---|---|---|")
    for pods in LISTS:
        fgd, evolved = allocated("fgd", pods), allocated(policy, pods)
        gain = paired_interval(evolved - fgd)
        print(f"| {pods} | {fgd.mean():.2f} | {evolved.mean():.2f} | {_text(gain)} |")


def lublin(policy: str, folder: Path) -> None:
    """Print the table of queues as Markdown."""

    def slowdowns(name: str) -> NDArray[np.float64]:
        result = bench_swf(folder / "swf" / "lublin_256.swf.gz", 256, load_policy(name), backfill="easy")
        return np.array([s["bounded_slowdown"] for s in result["sequences"]])

    evolved = slowdowns(policy)
    print("| policy | bounded slowdown | less that of the evolved one [95 %] |\n|---|---|---|")
    print(f"| evolved | {evolved.mean():.2f} | |")
    for name in ("saf", "sjf", "f1"):
        values = slowdowns(name)
        gain = paired_interval(values - evolved)
        print(f"| {name} | {values.mean():.2f} | {_text(gain)} |")


def _text(interval: Interval) -> str:
    return f"{interval.mean:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", choices=("openb", "lublin"))
    parser.add_argument("policy")
    parser.add_argument("--seeds", default="100-109", help="of openb")
    arguments = parser.parse_args()
    folder = Path(os.environ["AURORA_DATA"])
    if arguments.protocol == "openb":
        openb(arguments.policy, arguments.seeds, folder)
    else:
        lublin(arguments.policy, folder)


if __name__ == "__main__":
    main()
