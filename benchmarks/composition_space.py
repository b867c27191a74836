"""Enumerates the whole space of pipelines of a task, and how often climbing by single edits misses its optimum.

    python benchmarks/composition_space.py machines --rate 200

Profiles the task's chains first. What was measured before is read from the folder. Latency is the predicted 95th
percentile under the load; sealed figures are from items that no choice has seen. Climbs start at random pipelines and
take the best single edit until none raises the reward; the interval is Wilson's, 95 %.
"""

import argparse
import sys
from pathlib import Path

from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.spaces.survey import Choice, climb_all, survey
from aurora.learning.composition.spaces.task_space import CHAINS, SpaceSettings, TaskSpace, open_task_space
from aurora.learning.composition.tasks.registry import TASKS, load_task

SETTINGS = ((1.0, 0.0, 0.0), (1.0, 0.02, 0.0), (1.0, 0.1, 0.0), (1.0, 0.05, 0.05), (1.0, 0.2, 0.2))
"""Weights of accuracy, latency and cost; the scales are the slowest and the dearest single chain."""


def tell(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
    """Print progress now and then."""
    if done == total or done % 20 == 0:
        print(f"{stage} {done}/{total} {detail}", file=sys.stderr, flush=True)


def row(choice: Choice) -> str:
    """Return a line of the table of pipelines."""
    sealed = "-" if choice.sealed is None else f"{choice.sealed.accuracy:.4f} | {choice.sealed.latency * 1e3:.3f}"
    scores: Measured = choice.selection
    shown = f"{scores.accuracy:.4f} | {scores.latency * 1e3:.3f} | {scores.cost:.3g} | {scores.memory / 1e6:.1f}"
    return f"| {str(choice.pipeline).replace('|', '&#124;')} | {shown} | {sealed} |"


def print_climbs(found: TaskSpace, starts: int) -> None:
    """Print how often climbs miss the optimum, for each setting of the weights."""
    edits = EditSpace(found.rules, found.space.chains)
    scales = found.space.scales()
    print("\n| w1, w2, w3 | optimum | reward | climbs that miss it | mean gap | pipelines scored by a climb |")
    print("|---|---|---|---|---|---|")
    for w1, w2, w3 in SETTINGS:
        weights = Weights(w1, w2, w3, *scales)
        best = found.space.optimum(weights)
        ends = climb_all(found.space, edits, weights, starts=starts)
        shown = str(found.space.pipeline(best)).replace("|", "&#124;")
        share = f"{ends.missed}/{ends.starts} [{ends.low:.0%}, {ends.high:.0%}]"
        reward = found.space.rewards(weights)[best]
        print(
            f"| {w1:g}, {w2:g}, {w3:g} | {shown} | {reward:.4f} | {share} | {ends.mean_gap:.4f} "
            f"| {ends.mean_scored:.0f} |",
            flush=True,
        )


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=sorted(TASKS))
    parser.add_argument("--folder", type=Path, default=Path("runs/compose"))
    parser.add_argument("--chains", type=int, default=CHAINS)
    parser.add_argument("--branches", type=int, default=2)
    parser.add_argument("--transformations", type=int, default=1)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--starts", type=int, default=100)
    given = parser.parse_args()
    settings = SpaceSettings(
        limits=Limits(branches=given.branches, transformations=given.transformations),
        chains=given.chains,
        queue=QueueModel(rate=given.rate, workers=given.workers),
    )
    found = open_task_space(load_task(given.task), given.folder, settings, progress=tell)
    seen = survey(found.space, found.sealed)
    print(
        f"{given.task}: {seen.pipelines:,} pipelines of {seen.chains} chains at {given.rate:g} requests a second on "
        f"{given.workers} workers, {seen.overloaded:,} overloaded; scored in {found.seconds:.1f} s; "
        f"{len(found.failures)} chains could not be measured\n"
    )
    print("| pipeline | accuracy | p95 ms | cost | memory MB | sealed accuracy | sealed p95 ms |")
    print("|---|---|---|---|---|---|---|")
    for choice in seen.front:
        print(row(choice))
    print("\nbest single chain, then the most accurate pipeline:\n")
    print(row(seen.best_single))
    print(row(seen.best))
    print_climbs(found, given.starts)


if __name__ == "__main__":
    main()
