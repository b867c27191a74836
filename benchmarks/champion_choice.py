"""Compares rules by which the champion is chosen, on the candidates of real runs.

    python benchmarks/champion_choice.py RUN... --banks FOLDER --seeds 40

Each policy that a run archived is measured once on a bank of fresh scenarios of the validation families and of the test
families of its source. A file in FOLDER keeps the values, so a second call takes a minute. For each seed, the bank is
shuffled: a rule meets scenarios from its front and the candidates in the order of their iterations; what it chose is
judged on the back of the bank and on the test families. All rules meet the same scenarios in the same order.

Prints for each rule its simulations over today's, what its champion has more than that of the best mean on the first
set (on unseen scenarios of validation and of the test, in standard deviations over candidates, 95 % intervals over
runs), its regret on the test, and its optimism: the mean by which the champion was chosen, less that on unseen
scenarios.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from aurora.agents.arena.evaluation import values
from aurora.agents.arena.source import Source
from aurora.graphs.champion_choice import Contender, Limits, Race, choose, lead
from aurora.graphs.run import settings_of
from aurora.graphs.run_directory import ARCHIVE
from aurora.graphs.settings import chosen_source
from aurora.memory.names import REFERENCE
from aurora.memory.store import Store
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import parse_policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.generators import FAMILIES, TEST_FAMILIES
from aurora.statistics.intervals import Interval, mean_interval

SETS = 6
"""Number of first sets that a bank holds: up to four to choose by, the others to judge on."""
BASE = "best mean"
"""Rule that the others are compared with: the best mean so far on a fixed set."""


class Bank(NamedTuple):
    """Values of a run's candidates.

    Attributes:
        name: Name of the run.
        validation, test: Values, float64 [policies, scenarios].
        families: Family of each scenario of validation, in turn.
        iterations: Iteration of each policy, ascending.
        has_levels: True if scenarios of a family go through the levels in turn.
    """

    name: str
    validation: NDArray[np.float64]
    test: NDArray[np.float64]
    families: Sequence[str]
    iterations: Sequence[int]
    has_levels: bool


class Choice(NamedTuple):
    """What a rule chose.

    Attributes:
        policy: Row of the champion.
        simulations: Number of simulations.
        mean: Mean by which the champion was chosen.
    """

    policy: int
    simulations: int
    mean: float


Rule = Callable[[NDArray[np.float64], Sequence[int], int], Choice]
"""Chooses among policies by values [policies, scenarios], given their iterations and the size of the first set."""


def by_fixed_set(
    table: NDArray[np.float64],
    _: Sequence[int],
    first_set: int,
    *,
    size: int = 1,
    accept: Callable[[list[float], list[float]], bool] = lambda means, errors: means[-1] > 0,
) -> Choice:
    """Let every challenger meet a fixed set; `accept` sees the paired leads so far, and their standard errors."""
    champion, count = 0, size * first_set
    means: list[float] = []
    errors: list[float] = []
    for row in range(1, len(table)):
        mean, error = lead(table[row, :count], table[champion, :count])
        means.append(mean)
        errors.append(max(error, 1e-12))
        if accept(means, errors):
            champion = row
    return Choice(champion, count * len(table), float(table[champion, :count].mean()))


def bonferroni(level: float, means: list[float], errors: list[float]) -> bool:
    """Accept a lead that is positive at a level divided by the number of challengers so far."""
    return means[-1] > float(norm.ppf(1 - level / len(means))) * errors[-1]


def shrunken(means: list[float], errors: list[float]) -> bool:
    """Accept a lead whose empirical-Bayes estimate is positive: all leads so far are draws of one normal prior."""
    if len(means) < 3:  # a spread needs some
        return means[-1] > 0
    prior, noise = float(np.mean(means)), errors[-1] ** 2
    spread = float(np.var(means)) - float(np.mean(np.square(errors)))
    return spread > 0 and spread * means[-1] + noise * prior > 0


def by_race(
    table: NDArray[np.float64],
    iterations: Sequence[int],
    first_set: int,
    *,
    limits: Limits,
    needed: Callable[[int], float] = lambda challengers: 0.0,
) -> Choice:
    """Let the challengers of each iteration race; see `aurora.graphs.champion_choice`."""
    simulated = first_set

    def measure(names: Sequence[str], first: int, end: int) -> NDArray[np.float64]:
        nonlocal simulated
        simulated += len(names) * (end - first)
        part: NDArray[np.float64] = table[[int(n) for n in names], first:end]
        return part

    race = Race((Contender("0", table[0, :first_set]),))
    for iteration in sorted(set(iterations)):
        names = [str(row) for row in range(1, len(table)) if iterations[row] == iteration]
        race = choose(race, names, measure, first_set, needed=needed, limits=limits).race
    return Choice(int(race.champion.policy_id), simulated, float(race.champion.values.mean()))


RULES: Mapping[str, Rule] = {
    BASE: by_fixed_set,
    "best mean, 2 sets": partial(by_fixed_set, size=2),
    "best mean, 4 sets": partial(by_fixed_set, size=4),
    "Bonferroni, 0.05": partial(by_fixed_set, accept=partial(bonferroni, 0.05)),
    "Bonferroni, 0.5": partial(by_fixed_set, accept=partial(bonferroni, 0.5)),
    "shrunken lead": partial(by_fixed_set, accept=shrunken),
    "shrunken lead, 4 sets": partial(by_fixed_set, size=4, accept=shrunken),
    "race": partial(by_race, limits=Limits()),
    "race, clearly 1": partial(by_race, limits=Limits(clearly=1.0)),
    "race, clearly 2": partial(by_race, limits=Limits(clearly=2.0)),
    "race, 2 sets": partial(by_race, limits=Limits(pool=2.0)),
    "race, not from a quarter": partial(by_race, limits=Limits(first_share=1.0)),
    "race, one contender": partial(by_race, limits=Limits(contenders=2)),
    "race, lead 1 error": partial(by_race, limits=Limits(), needed=lambda challengers: 1.0),
    "race, Bonferroni 0.5": partial(
        by_race, limits=Limits(), needed=lambda challengers: float(norm.ppf(1 - 0.5 / challengers))
    ),
}


def bank_of(run: Path, folder: Path, scenarios: int, seconds: float, jobs: int) -> Bank:
    """Measure a run's candidates, or read what an earlier call kept; a set ends when its seconds are over."""
    kept = folder / f"{run.parent.name}-{run.name}.npz"
    source = chosen_source(settings_of(run))
    if not kept.exists():
        with Store.open(run / ARCHIVE) as store:
            rows = [r for r in store.dump()["policies"] if r["origin"] != REFERENCE]
        rows.sort(key=lambda r: (r["iteration"], r["policy_id"]))
        programs = [compile_policy(parse_policy(json.loads(r["document"]))) for r in rows]
        measured = {}
        for part, families in (("validation", source.validation), ("test", _test_families(source))):
            rng = np.random.default_rng([7, len(part)])
            columns, until = [], time.monotonic() + seconds
            for place in range(scenarios if part == "validation" else scenarios // 2):
                if time.monotonic() > until:
                    break
                level = 1 + place // len(families) % len(LEVELS) if source.has_levels else 1
                spec = source.sample(families[place % len(families)], level, rng)
                columns.append(values(source, [encode(source.expand(spec))], programs, jobs)[:, 0])
            measured[part] = np.array(columns).T
        np.savez(
            kept, iterations=[r["iteration"] for r in rows], validation=measured["validation"], test=measured["test"]
        )
    with np.load(kept) as data:
        validation = data["validation"]
        return Bank(
            run.name,
            validation,
            data["test"],
            [source.validation[k % len(source.validation)] for k in range(validation.shape[1])],
            data["iterations"].tolist(),
            source.has_levels,
        )


def _test_families(source: Source) -> tuple[str, ...]:
    """Return the test families, of the domains that the run was trained on where the source has domains."""
    domains = {FAMILIES[f].domain for f in source.training if f in FAMILIES}
    return tuple(f for f in source.test if f not in TEST_FAMILIES or TEST_FAMILIES[f].domain in domains)


def shuffled(bank: Bank, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return columns of a bank in another order; families and levels stay in turn."""
    families = len(dict.fromkeys(bank.families))
    turn = families * len(LEVELS) if bank.has_levels else families
    whole = bank.validation.shape[1] // turn
    order = np.stack([rng.permutation(whole) * turn + k for k in range(turn)], axis=1)
    return order.ravel()


def compare(bank: Bank, seeds: int) -> dict[str, NDArray[np.float64]]:
    """Return for each rule its mean over seeds: simulations, validation, test, regret on the test, optimism.

    Values are in standard deviations over candidates, without simulations.
    """
    families = len(dict.fromkeys(bank.families))
    first_set = max(families, bank.validation.shape[1] // SETS // families * families)
    test = bank.test.mean(axis=1)
    scales = float(bank.validation.mean(axis=1).std()), float(test.std())
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in RULES}
    for seed in range(seeds):
        rng = np.random.default_rng([11, seed])
        ties = rng.permutation(len(bank.iterations))
        rows = sorted(range(len(ties)), key=lambda r: (bank.iterations[r], ties[r]))
        table = bank.validation[rows][:, shuffled(bank, rng)]
        unseen = table[:, 4 * first_set :].mean(axis=1)
        iterations = [bank.iterations[r] for r in rows]
        for name, rule in RULES.items():
            chosen = rule(table, iterations, first_set)
            own, there = float(unseen[chosen.policy]), float(test[rows[chosen.policy]])
            regret, optimism = (float(test.max()) - there) / scales[1], (chosen.mean - own) / scales[0]
            found[name].append((chosen.simulations, own / scales[0], there / scales[1], regret, optimism))
    return {name: np.array(values).mean(axis=0) for name, values in found.items()}


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="run directories")
    parser.add_argument("--banks", type=Path, required=True, help="folder that keeps the values")
    parser.add_argument("--seeds", type=int, default=40, help="orders of scenarios and candidates for each run")
    parser.add_argument(
        "--scenarios", type=int, default=240, help="scenarios of validation in a bank; half for the test"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="time after which a bank gets no more scenarios")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.banks.mkdir(parents=True, exist_ok=True)
    results = []
    for run in arguments.runs:
        bank = bank_of(run, arguments.banks, arguments.scenarios, arguments.seconds, arguments.jobs)
        shape = f"{len(bank.iterations)} policies, {bank.validation.shape[1]} and {bank.test.shape[1]} scenarios"
        print(f"{run}: {shape}", flush=True)
        results.append(compare(bank, arguments.seeds))
    print("\n| rule | simulations | validation [95 %] | test [95 %] | runs ahead | regret on the test | optimism |")
    print("|---|---|---|---|---|---|---|")
    for name in RULES:
        rows, base = np.array([r[name] for r in results]), np.array([r[BASE] for r in results])
        gains = rows - base
        cells = [_shown(mean_interval([gains[:, k]])) for k in (1, 2)] if name != BASE else ["", ""]
        ahead = "" if name == BASE else f"{(gains[:, 2] > 0).sum()} of {len(gains)}"
        factor = math.exp(float(np.log(rows[:, 0] / base[:, 0]).mean()))
        print(
            f"| {name} | x {factor:.2f} | {cells[0]} | {cells[1]} | {ahead} | {rows[:, 3].mean():.2f} "
            f"| {rows[:, 4].mean():+.2f} |"
        )


def _shown(interval: Interval) -> str:
    return f"{interval.mean:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]"


if __name__ == "__main__":
    main()
