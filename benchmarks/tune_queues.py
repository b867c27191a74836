"""Tunes the weights of a queue template for slowdown with and without backfilling, and compares it with its rivals.

    python benchmarks/tune_queues.py sdsc --data TRACES --out tuned.json
    python benchmarks/tune_queues.py sdsc --data TRACES --judge tuned.json

CMA-ES tunes on stretches of the training families, which are drawn anew every few generations. The loss is the mean,
over families and both disciplines, of the mean logarithm of the slowdowns and the logarithm of their mean, in equal
shares. So neither a typical stretch nor a bad one rules alone. `--judge` compares on the validation families, which
tuning does not meet. `train_queues.py --start tuned.json` goes on from the result.
"""

import argparse
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import cma
import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.source import Source
from aurora.agents.arena.sources import open_source
from aurora.agents.search.lineage import new_lineage, weights_of
from aurora.files import write_atomically
from aurora.sim.grid import Block, run_grid
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.outcome import PLACE_OF_SUM
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy, read_policy
from aurora.sim.policies.program import Program
from aurora.statistics.intervals import paired_interval
from benchmarks.train_queues import TRAININGS, template_of

SLOWDOWN = PLACE_OF_SUM["bounded_slowdown"]
UNPLACED = PLACE_OF_SUM["unplaced"]
UNFINISHED = 1e6
"""Slowdown that counts where a policy leaves jobs undone."""
DISCIPLINES = ("none", "easy")
DRAWN_FOR = 3
"""Generations on the same stretches."""


class Stretches(NamedTuple):
    """Stretches of logs, those of each family together.

    Attributes:
        families: Names of the families.
        per_family: Stretches of each family.
        scenarios: The encoded scenarios.
    """

    families: tuple[str, ...]
    per_family: int
    scenarios: tuple[EncodedScenario, ...]


def draw(source: Source, families: Sequence[str], per_family: int, seed: int) -> Stretches:
    """Draw stretches of some families."""
    scenarios = []
    for family in families:
        rng = np.random.default_rng([seed, *family.encode()])
        scenarios += [encode(source.expand(source.sample(family, 1, rng))) for _ in range(per_family)]
    return Stretches(tuple(families), per_family, tuple(scenarios))


def slowdowns(stretches: Stretches, programs: Sequence[Program]) -> NDArray[np.float64]:
    """Return mean bounded slowdowns, float64 [disciplines, families, stretches of a family, programs]."""
    found = np.empty((len(DISCIPLINES), len(stretches.scenarios), len(programs)))
    for number in range(len(DISCIPLINES)):

        def take(block: Block, number: int = number) -> None:
            values = np.where(block.sums[:, :, UNPLACED] > 0, UNFINISHED, block.sums[:, :, SLOWDOWN])
            found[number][block.scenarios, block.policies] = values

        run_grid(stretches.scenarios, [p._replace(easy=number) for p in programs], 1, take)
    return found.reshape(len(DISCIPLINES), len(stretches.families), stretches.per_family, len(programs))


def losses(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the loss of each program, of `slowdowns`; see above."""
    typical, mean = np.log(found).mean(axis=2), np.log(found.mean(axis=2))
    total: NDArray[np.float64] = (typical + mean).mean(axis=(0, 1)) / 2
    return total


def tuned(start: Policy, source: Source, families: Sequence[str], given: argparse.Namespace) -> Policy:
    """Return a policy with weights tuned by CMA-ES, at the mean of the last distribution."""
    weights = weights_of(new_lineage(start))
    options = {"popsize": given.population, "seed": given.seed + 1, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(np.zeros(len(weights.start)), given.sigma, options)
    for generation in range(given.generations):
        if generation % DRAWN_FOR == 0:
            stretches = draw(source, families, given.per_family, 1000 * given.seed + generation)
            mark = losses(slowdowns(stretches, [compile_policy(start)]))[0]
        points = strategy.ask()
        found = losses(slowdowns(stretches, [weights.program_at(point) for point in points]))
        strategy.tell(points, found.tolist())
        write_atomically(given.out, weights.policy_at(np.asarray(strategy.mean)).model_dump_json(indent=1) + "\n")
        print(f"{generation + 1}: {found.mean() - mark:+.3f}, best {found.min() - mark:+.3f} to the start", flush=True)
    return weights.policy_at(np.asarray(strategy.mean))


def judge(policies: Sequence[Policy], source: Source, families: Sequence[str], given: argparse.Namespace) -> None:
    """Print the mean slowdown of policies and references on fresh stretches, and how far the first is ahead."""
    stretches = draw(source, families, given.per_family, given.seed)
    names = [*(f"policy {number}" for number in range(1, len(policies) + 1)), *source.references]
    found = slowdowns(stretches, [compile_policy(p) for p in (*policies, *source.references.values())])
    for number, discipline in enumerate(DISCIPLINES):
        for place, family in enumerate(families):
            own = found[number, place]
            print(f"\n### {family}, {discipline}, {len(own)} stretches\n\n| policy | mean | geometric | log lead |")
            print("|---|---|---|---|")
            for column, name in enumerate(names):
                lead = paired_interval(np.log(own[:, column] / own[:, 0]))
                text = f"{lead.mean:+.3f} [{lead.low:+.3f}, {lead.high:+.3f}]" if column else ""
                geometric = np.exp(np.log(own[:, column]).mean())
                print(f"| {name} | {own[:, column].mean():.1f} | {geometric:.1f} | {text} |")
    print("\nloss:", {n: round(float(v), 4) for n, v in zip(names, losses(found), strict=True)})


def main() -> None:
    """Tune a template and write the policy, or judge policies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=TRAININGS)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds swf/")
    parser.add_argument("--start", type=Path, help="policy to start from; without it, the template")
    parser.add_argument("--out", type=Path, default=Path("tuned.json"), help="file of the tuned policy")
    parser.add_argument("--judge", type=Path, nargs="+", default=[], help="policy files to judge, instead of tuning")
    parser.add_argument("--population", type=int, default=12)
    parser.add_argument("--generations", type=int, default=24)
    parser.add_argument("--per-family", type=int, default=8, help="stretches of each family")
    parser.add_argument("--sigma", type=float, default=0.2, help="initial step, relative to each weight")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    source = open_source("swf", given.data)
    part = source.validation if given.judge else source.training
    patterns = TRAININGS[given.name].families or ("*",)
    families = [f for f in part if any(fnmatchcase(f, pattern) for pattern in patterns)]
    if given.judge:
        judge([read_policy(path) for path in given.judge], source, families, given)
        return
    start = read_policy(given.start) if given.start else template_of(given.name)
    policy = tuned(start, source, families, given)
    print(f"{given.out}: {policy.policy_id}")


if __name__ == "__main__":
    main()
