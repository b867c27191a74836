"""Published results beside ours: prints the tables of docs/reference/published.md. Needs AURORA_DATA."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from aurora.evals.published.openb import bench_openb
from aurora.evals.published.swf import bench_swf
from aurora.sim.policies.references import REFERENCES
from tests.evals.test_published import NAMES, OPENB, SWF


def main() -> None:
    """Print both tables as Markdown."""
    traces = Path(os.environ["AURORA_DATA"])
    print("| trace | policy | published | ours, mean | sd |\n|---|---|---|---|---|")
    for trace, rows in OPENB.items():
        for name, published in rows.items():
            result = bench_openb(
                traces / "openb" / "openb_node_list_gpu_node.csv.gz",
                traces / "openb" / f"openb_pod_list_{trace}.csv.gz",
                REFERENCES[name],
                seeds=range(42, 52),
                node_orders=2,
            )
            print(f"| {trace} | {name} | {published:.2f} | {result['mean_130']:.2f} | {result['sd_130']:.2f} |")
    print("\n| log | backfill | policy | published | ours |\n|---|---|---|---|---|")
    for (log, processors, backfill), row in SWF.items():
        for name, published in zip(NAMES, row, strict=True):
            path = traces / "swf" / f"{log}.swf.gz"
            value = bench_swf(path, processors, REFERENCES[name], backfill=backfill)["bounded_slowdown"]
            print(f"| {log} | {backfill} | {name} | {published:.2f} | {value:.2f} |")


if __name__ == "__main__":
    main()
