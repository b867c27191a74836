"""Champions of job queues against the heuristics and a published learner, on sequences that they never saw.

    AURORA_DATA=TRACES python benchmarks/queues.py champion.json other.json

Mean bounded slowdown over the ten published sequences of Lublin-1 and SDSC-SP2, with and without EASY backfilling
(Zhang et al., SC 2020), and the paired difference of each rival from each policy. `geometric` is the geometric mean
over the sequences, which no single one rules. Intervals are 95 % bootstrap intervals over ten sequences, which overlap
in part. WFP3 and UNICEP use the true waiting time. The learner was trained on the log that it is measured on.
"""

import argparse
import os
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aurora.champions.named import load_policy
from aurora.evals.published.swf import bench_swf
from aurora.statistics.intervals import Interval, paired_interval

Backfill = Literal["none", "easy"]

LOGS = {"lublin_256": 256, "SDSC-SP2-1998-4.2-cln": 128}
RIVALS = ("fcfs", "sjf", "saf", "f1", "wfp3", "unicep")
LEARNER = {
    ("lublin_256", "none"): 254.67,
    ("lublin_256", "easy"): 58.64,
    ("SDSC-SP2-1998-4.2-cln", "none"): 466.44,
    ("SDSC-SP2-1998-4.2-cln", "easy"): 397.82,
}
"""RLScheduler's published means (Zhang et al., SC 2020)."""


def slowdowns(folder: Path, log: str, backfill: Backfill, name: str, jobs: int) -> NDArray[np.float64]:
    """Return the mean bounded slowdown of each published sequence, float64 [10]."""
    result = bench_swf(folder / "swf" / f"{log}.swf.gz", LOGS[log], load_policy(name), backfill=backfill, jobs=jobs)
    unfinished = sum(s["unfinished"] for s in result["sequences"])
    if unfinished:
        raise SystemExit(f"{name} leaves {unfinished} jobs of {log} unfinished; its slowdown means nothing")
    return np.array([s["bounded_slowdown"] for s in result["sequences"]])


def table(folder: Path, log: str, backfill: Backfill, policies: list[str], jobs: int) -> None:
    """Print the table of one log under one discipline as Markdown."""
    own = {name: slowdowns(folder, log, backfill, name, jobs) for name in policies}
    rivals = {name: slowdowns(folder, log, backfill, name, jobs) for name in RIVALS}
    titles = [f"less {Path(name).stem} [95 %]" for name in policies]
    print(f"\n### {log}, {'EASY backfilling' if backfill == 'easy' else 'no backfilling'}\n")
    print(f"| policy | bounded slowdown | geometric | {' | '.join(titles)} |\n|{'---|' * (3 + len(policies))}")
    for name, values in {**own, **rivals}.items():
        differences = ["" if name == one else _text(paired_interval(values - own[one])) for one in policies]
        mean, geometric = values.mean(), np.exp(np.log(values).mean())
        print(f"| {Path(name).stem} | {mean:.2f} | {geometric:.2f} | {' | '.join(differences)} |")
    print(f"| RLScheduler, published | {LEARNER[log, backfill]:.2f} | |{' |' * len(policies)}")


def _text(interval: Interval) -> str:
    return f"{interval.mean:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]"


def main() -> None:
    """Print the four tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policies", nargs="+", help="policy files, or names of champions")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    folder = Path(os.environ["AURORA_DATA"])
    for log in LOGS:
        for backfill in ("none", "easy"):
            table(folder, log, backfill, arguments.policies, arguments.jobs)


if __name__ == "__main__":
    main()
