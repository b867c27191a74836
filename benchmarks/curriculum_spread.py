"""How much the reference policies differ at each level of the curriculum.

    python benchmarks/curriculum_spread.py --per-family 10 --seed 0

Prints for each level the best and the worst reference by mean reward, the paired difference between them with its 95 %
bootstrap interval, how many of all pairs of references differ measurably (interval apart from zero), on how many
scenarios the best reference of that very scenario is another one than the best on average, and the mean share of
tasks that had to wait.
"""

import argparse
from itertools import combinations

import numpy as np

from aurora.agents.arena.evaluation import arena
from aurora.agents.arena.sources import open_source
from aurora.evals.champion import fresh_scenarios
from aurora.sim.kernel import run
from aurora.sim.outcome import Status
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.statistics.intervals import paired_interval

WAITED = 1e-6
"""Seconds between a task's being ready and its start from which it counts as waiting."""


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-family", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    source = open_source("generated", None)
    print("| level | scenarios | best | worst | difference [95 %] | pairs that differ | another is best | waited |")
    print("|---|---|---|---|---|---|---|---|")
    for level in LEVELS:
        scenarios = fresh_scenarios(source, level.number, arguments.per_family, arguments.seed)
        ground = arena(source, scenarios, 2)
        values, names = ground.reference_values, ground.reference_names
        order = np.argsort(-values.mean(axis=1))
        best, worst = int(order[0]), int(order[-1])
        gap = paired_interval(values[best] - values[worst])
        pairs = [paired_interval(values[a] - values[b]) for a, b in combinations(range(len(names)), 2)]
        differ = np.mean([p.low > 0 or p.high < 0 for p in pairs])
        another = np.mean(values[best] < ground.mark - 1e-9)
        program = compile_policy(source.references[names[best]])
        waited = []
        for encoded in scenarios:
            tasks = run(encoded, program).tasks
            done = tasks.status == Status.COMPLETED
            ready = np.array([t.arrival_time for t in encoded.scenario.tasks])
            waited.append(np.mean((tasks.start - ready)[done] > WAITED) if done.any() else 1.0)
        print(
            f"| {level.number} | {len(scenarios)} | {names[best]} {values[best].mean():.3f} "
            f"| {names[worst]} {values[worst].mean():.3f} | {gap.mean:.3f} [{gap.low:.3f}, {gap.high:.3f}] "
            f"| {differ:.0%} | {another:.0%} | {np.mean(waited):.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
