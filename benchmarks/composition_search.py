"""Counts the measurements that ways of searching need until they are near the optimum of an enumerated space.

    python benchmarks/composition_search.py machines made-up:5 --seeds 10

Near: within 2 % of the optimum's reward, and within 0.5 %. All measurements count, those of single chains too. A search
that is not near after a tenth of the space, or after `--most` measurements, counts with that number. Agents were
developed on made-up tasks 0 to 2; judge them on others. Intervals are 95 % (bootstrap over settings and seeds).
"""

from __future__ import annotations

import argparse
import sys
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

SETTINGS = ((1.0, 0.0, 0.0), (1.0, 0.02, 0.0), (1.0, 0.1, 0.0), (1.0, 0.05, 0.05), (1.0, 0.2, 0.2))
"""Weights of accuracy, latency and cost; the scales are the slowest and the dearest single chain."""
NEAR, NEARER, SHARE = 0.02, 0.005, 0.1
AGENTS = ("ppo", "dqn", "random", "greedy", "hill-climbing")


class Needed(NamedTuple):
    """Measurements until near and until nearer, and whether each was reached within the budget."""

    near: int
    nearer: int
    is_near: bool
    is_nearer: bool


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


def needed(problem: Problem, space: ScoredSpace, agent: str, seed: int, most: int) -> Needed:
    """Search until nearer than 0.5 %, or until the budget is spent."""
    optimum = float(space.rewards(problem.weights).max())
    walk = Search(problem, agent, seed)
    reached: dict[float, int] = {}
    while len(walk.steps) < most and NEARER not in reached and (pipeline := walk.ask()) is not None:
        step = walk.tell(space(pipeline))
        for share in (NEAR, NEARER):
            if share not in reached and step.best >= optimum - share * abs(optimum):
                reached[share] = len(walk.steps)
    return Needed(reached.get(NEAR, most), reached.get(NEARER, most), NEAR in reached, NEARER in reached)


def main() -> None:
    """Print a table of each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", help="tasks, or made-up:SEED")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--most", type=int, default=300, help="most measurements of a search")
    parser.add_argument("--agents", nargs="+", default=AGENTS)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    given = parser.parse_args()
    for name in given.tasks:
        rules, space = judged(name, given.folder)
        most = min(given.most, int(SHARE * len(space)))
        print(f"\n{name}: {len(space):,} pipelines of {len(space.chains)} chains; at most {most} measurements\n")
        moves = EditSpace(rules, space.chains)
        everything = tuple(space.pipeline(k) for k in range(len(space)))
        found: dict[str, list[Needed]] = {agent: [] for agent in given.agents}
        for amounts in SETTINGS:
            limits = rules.limits
            weights = Weights(*amounts, *space.scales())
            problem = Problem(weights, moves, space.chains, {}, everything, 1.0, limits.stages, limits.branches)
            for agent in given.agents:
                runs = [needed(problem, space, agent, seed, most) for seed in range(given.seeds)]
                found[agent] += runs
                near = sum(run.is_near for run in runs)
                print(f"  {amounts} {agent}: near in {near} of {len(runs)}", file=sys.stderr, flush=True)
        print_table(found)


def print_table(found: dict[str, list[Needed]]) -> None:
    """Print what each agent needed, and the difference to the first one, paired by setting and seed."""
    first = next(iter(found))
    print("| agent | near within budget | measurements until near | until nearer | more than the first until near |")
    print("|---|---|---|---|---|")
    for agent, runs in found.items():
        count = sum(run.is_near for run in runs)
        low, high = wilson(count, len(runs))
        cells = [f"{count}/{len(runs)} [{low:.0%}, {high:.0%}]"]
        for values in ([run.near for run in runs], [run.nearer for run in runs]):
            mean = paired_interval(np.array(values, float))
            cells.append(f"median {np.median(values):.0f}, mean {mean.mean:.0f} [{mean.low:.0f}, {mean.high:.0f}]")
        pairs = zip(runs, found[first], strict=True)
        more = paired_interval(np.array([run.near - other.near for run, other in pairs], float))
        cells.append("-" if agent == first else f"{more.mean:+.0f} [{more.low:+.0f}, {more.high:+.0f}]")
        print(f"| {agent} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
