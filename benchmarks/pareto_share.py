"""On which share of fresh scenarios a policy is Pareto-optimal against every plan.

    python benchmarks/pareto_share.py champion.json --levels 1-3 --per-family 5 --effort 5

The objectives are those that each scenario weighs, or latency and cost alone with `--objectives latency,cost`.

Each scenario is tested by the epsilon-constraint method with CP-SAT. What could not be decided in the effort is
counted apart; the share lies between that proved optimal and that with the undecided. Intervals are Wilson's, 95 %.
"""

import argparse

from aurora.agents.arena.sources import open_source
from aurora.champions.named import load_policy
from aurora.evals.champion import fresh_scenarios
from aurora.evals.pareto import ParetoShare, pareto_share
from aurora.sim.optimum.pareto_test import TESTED
from aurora.sim.policies.compiler import compile_policy


def row(name: str, found: ParetoShare) -> str:
    """Return a line of the table."""
    shares = " | ".join(f"{s.mean:.0%} [{s.low:.0%}, {s.high:.0%}]" for s in (found.optimal, found.at_most))
    return f"| {name} | {' | '.join(map(str, found.verdicts.values()))} | {shares} |"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("policy", help="name of a reference or champion, or a policy file")
    parser.add_argument("--objectives", default="", help="objectives that count; default: those of each scenario")
    parser.add_argument("--levels", default="1-3", help="first and last level")
    parser.add_argument("--per-family", type=int, default=5)
    parser.add_argument("--effort", type=float, default=5.0, help="CP-SAT's deterministic time for each search")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    program = compile_policy(load_policy(given.policy))
    source = open_source("generated", None)
    print("| level | optimal | dominated | undecided | incomplete | too large | optimal, share | optimal or open |")
    print("|---" * 8 + "|")
    first, _, last = given.levels.partition("-")
    for level in range(int(first), int(last or first) + 1):
        scenarios = fresh_scenarios(source, level, given.per_family, given.seed)
        chosen = [n for n in TESTED if n in given.objectives.split(",")] or None
        found = pareto_share(scenarios, program, objectives=chosen, effort=given.effort, jobs=given.jobs)
        print(row(str(level), found), flush=True)


if __name__ == "__main__":
    main()
