"""How much of a policy's distance from the bound is the bound's: bounds, the best known plan, and the policy.

    python benchmarks/reward_bounds.py champion.json --levels 1-5 --per-family 5 --effort 0.5

The scenarios are fresh ones of all families. "Old" takes each objective by itself, "new" all together. The best known
plan is the best of CP-SAT's on small scenarios, of some references' and of the policy's own. Intervals are 95 %
bootstrap intervals of the difference to the policy. `--families` adds a row for each family.
"""

import argparse

import numpy as np
from joblib import Parallel, delayed

from aurora.agents.arena.sources import open_source
from aurora.champions.named import load_policy
from aurora.evals.champion import fresh_scenarios
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.optimum.reward_bound import reward_bound
from aurora.sim.optimum.solver import tightest_bounds
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.program import Program
from aurora.sim.rewards import score
from aurora.statistics.intervals import paired_interval
from aurora.types import FloatArray


def measured(
    encoded: EncodedScenario, program: Program, effort: float, tasks: int, steps: int
) -> tuple[float, ...] | None:
    """Return old bound, new bound, best known plan and reward; None if the policy leaves tasks undone."""
    summary = run(encoded, program).summary
    if summary.completed < summary.tasks:
        return None
    least = tightest_bounds(encoded)
    found = reward_bound(encoded, least, known=[summary], effort=effort, tasks_solved=tasks, steps=steps)
    reward = score(summary, encoded.scenario).reward
    return found.apart, found.bound, reward if found.plan is None else found.plan, reward


def row(level: int, name: str, rows: FloatArray) -> str:
    """Return a line of the table."""
    old, new, plan, reward = rows.T
    gaps = [paired_interval(x - reward) for x in (old, new, plan)]
    cells = [f"{g.mean:.4f} [{g.low:.4f}, {g.high:.4f}]" for g in gaps]
    explained = (old - new).sum() / (old - reward).sum() if (old - reward).sum() > 0 else 0.0
    means = " | ".join(f"{x.mean():.4f}" for x in (old, new, plan, reward))
    return f"| {level} | {name} | {len(rows)} | {means} | {' | '.join(cells)} | {explained:.0%} |"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policy", help="name of a reference or champion, or a policy file")
    parser.add_argument("--levels", default="1-5", help="first and last level")
    parser.add_argument("--per-family", type=int, default=5)
    parser.add_argument("--effort", type=float, default=0.5, help="CP-SAT's deterministic time for a weighted sum")
    parser.add_argument("--tasks-solved", type=int, default=50, help="most tasks for which CP-SAT is asked")
    parser.add_argument("--steps", type=int, default=800, help="steps in which the prices of a bound are improved")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--families", action="store_true", help="print a row for each family too")
    given = parser.parse_args()
    program = compile_policy(load_policy(given.policy))
    source = open_source("generated", None)
    families = source.training + source.validation
    print(
        "| level | family | scenarios | old bound | new bound | best known plan | policy | old gap [95 %] "
        "| new gap [95 %] | gap to the plan [95 %] | share of the old gap that was the bound's |"
    )
    print("|---" * 11 + "|")
    first, _, last = given.levels.partition("-")
    for level in range(int(first), int(last or first) + 1):
        scenarios = fresh_scenarios(source, level, given.per_family, given.seed)
        found = Parallel(n_jobs=given.jobs, backend="threading")(
            delayed(measured)(e, program, given.effort, given.tasks_solved, given.steps) for e in scenarios
        )
        if given.families:
            for k, family in enumerate(families):
                own = [r for r in found[k :: len(families)] if r is not None]
                if own:
                    print(row(level, family, np.array(own)), flush=True)
        done = [r for r in found if r is not None]
        if done:
            print(row(level, "all", np.array(done)), flush=True)


if __name__ == "__main__":
    main()
