"""Counts the measurements that ways of searching need until they are near the optimum of an enumerated space.

    python benchmarks/composition_search.py machines made-up:5 --seeds 10
    pip install tpot && python benchmarks/composition_search.py machines --agents ppo greedy tpot

Near: within 2 %, 0.5 % and 0.1 % of the optimum's reward. As in `aurora compose search`, the profile of each chain
alone is known to all; what is measured beside it counts. With `--cold` nothing is known, and single chains count too. A
search that is not near after a tenth of the space, or after `--most` measurements, counts with that number. Agents
were developed on made-up tasks 0 to 2; judge them on others. Intervals are 95 % (bootstrap over settings and seeds).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.environment.task_problem import open_task_problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.rules import Limits, Rules, TypedComponent, named
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.profiles.profiling import DEFAULT_FOLDER
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Weights
from aurora.learning.composition.searching.search import Search
from aurora.learning.composition.spaces.scored_space import ScoredSpace
from aurora.learning.composition.spaces.space import enumerate_space
from aurora.learning.composition.tasks.registry import load_task
from aurora.statistics.intervals import paired_interval, wilson
from benchmarks.composition_made_up import make_up
from benchmarks.composition_tpot import client, evolve

SETTINGS = ((1.0, 0.0, 0.0), (1.0, 0.02, 0.0), (1.0, 0.1, 0.0), (1.0, 0.05, 0.05), (1.0, 0.2, 0.2))
"""Weights of accuracy, latency and cost; the scales are the slowest and the dearest single chain."""
NEAR = (0.02, 0.005, 0.001)
"""Shares of the optimum's reward that may be missing."""
SHARE = 0.1
"""Share of the space that a search may measure."""
TPOT = "tpot"
AGENTS = ("ppo", "dqn", "random", "greedy", "hill-climbing")


class Needed(NamedTuple):
    """Measurements until each nearness of `NEAR`; None where the budget ended before."""

    until: tuple[int | None, ...]

    def within(self, level: int, most: int) -> int:
        """Return the measurements until a nearness, the budget where it was not reached."""
        found = self.until[level]
        return most if found is None else found


class Judged(NamedTuple):
    """A space with its rules."""

    rules: Rules
    space: ScoredSpace


def judged(name: str, folder: Path) -> Judged:
    """Return the enumerated space of a task, or of `made-up:SEED`."""
    kind, _, seed = name.partition(":")
    if kind != "made-up":
        found = open_task_problem(load_task(name), SETTINGS[0], folder)
        moves = found.problem.moves
        assert isinstance(moves, EditSpace)
        return Judged(moves.rules, enumerate_space(moves.rules.limits, found.evaluator))
    task = make_up(int(seed))
    table, classes = ValueType("columns", 4), ("0", "1")
    models = sorted({branch.model for branch in task.chains})
    components = [TypedComponent(model, "model", (table,), ValueType("probability", 2, classes)) for model in models]
    rules = Rules(named([*components, TypedComponent("pca", "transformation", (table,))]), table, classes, Limits())
    return Judged(rules, enumerate_space(rules.limits, TableEvaluator(task.chains, task.labels)))


def searched(problem: Problem, space: ScoredSpace, agent: str, seed: int) -> Iterator[float]:
    """Yield the best reward after each measurement of one of our searches."""
    walk = Search(problem, agent, seed)
    while (pipeline := walk.ask()) is not None:
        yield walk.tell(space(pipeline)).best


def needed(best: Iterable[float], optimum: float, most: int, known: float) -> Needed:
    """Return how many measurements were needed; no more are made than until the nearest, or than `most`.

    Args:
        best: Best reward after each measurement.
        optimum: Reward of the optimum.
        most: Most measurements.
        known: Best reward that is known before any; 0 measurements are needed where it is near.
    """
    until: list[int | None] = [None] * len(NEAR)
    for count, reward in enumerate(chain([known], (max(known, one) for one in islice(best, most)))):
        for level, share in enumerate(NEAR):
            if until[level] is None and reward >= optimum - share * abs(optimum):
                until[level] = count
        if None not in until:
            break
    return Needed(tuple(until))


def main() -> None:
    """Print a table of each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", help="tasks, or made-up:SEED")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--most", type=int, default=300, help="most measurements of a search")
    parser.add_argument("--cold", action="store_true", help="single chains count too")
    parser.add_argument("--agents", nargs="+", default=AGENTS)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    given = parser.parse_args()
    for name in given.tasks:
        rules, space = judged(name, given.folder)
        most = min(given.most, int(SHARE * len(space)))
        print(f"\n{name}: {len(space):,} pipelines of {len(space.chains)} chains; at most {most} measurements\n")
        moves = EditSpace(rules, space.chains)
        everything = tuple(space.pipeline(k) for k in range(len(space)))
        singles = [int(k) for k in np.flatnonzero(space.is_single)]
        found: dict[str, list[Needed]] = {agent: [] for agent in given.agents}
        with client() if TPOT in given.agents else nullcontext() as started:
            for amounts in SETTINGS:
                limits = rules.limits
                weights = Weights(*amounts, *space.scales())
                optimum = float(space.rewards(weights).max())
                known = {} if given.cold else {everything[k]: space.measured(k) for k in singles}
                problem = Problem(weights, moves, space.chains, known, everything, 1.0, limits.stages, limits.branches)
                profiled = max(map(problem.worth, known.values()), default=-np.inf)
                for agent in given.agents:
                    runs = [
                        needed(
                            accumulate(evolve(space, weights, seed, most, started, set(known)), max)
                            if agent == TPOT
                            else searched(problem, space, agent, seed),
                            optimum,
                            most,
                            profiled,
                        )
                        for seed in range(given.seeds)
                    ]
                    found[agent] += runs
                    near = sum(run.until[0] is not None for run in runs)
                    print(f"  {amounts} {agent}: near in {near} of {len(runs)}", file=sys.stderr, flush=True)
        print_table(found, most)


def print_table(found: dict[str, list[Needed]], most: int) -> None:
    """Print what each agent needed for each nearness, and the difference to the first, paired by setting and seed."""
    first = next(iter(found))
    print("| within | agent | reached | measurements until then | more than the first |")
    print("|---|---|---|---|---|")
    for level, share in enumerate(NEAR):
        for agent, runs in found.items():
            count = sum(run.until[level] is not None for run in runs)
            low, high = wilson(count, len(runs))
            values = np.array([run.within(level, most) for run in runs], float)
            others = np.array([run.within(level, most) for run in found[first]], float)
            mean, more = paired_interval(values), paired_interval(values - others)
            print(
                f"| {share:.1%} | {agent} | {count}/{len(runs)} [{low:.0%}, {high:.0%}] "
                f"| median {np.median(values):.0f}, mean {mean.mean:.0f} [{mean.low:.0f}, {mean.high:.0f}] "
                f"| {'-' if agent == first else f'{more.mean:+.0f} [{more.low:+.0f}, {more.high:+.0f}]'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
