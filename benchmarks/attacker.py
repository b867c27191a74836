"""What the attacker's search adds to self-play: learnable scenarios, and champions.

    python benchmarks/attacker.py share --seeds 1-5 --iterations 12 --folder FOLDER
    python benchmarks/attacker.py champions --seeds 1-5 --evaluations 100000 --folder FOLDER

`share` plays self-play with three attackers: the search, the earlier one that mutated what was rewarding without
simulating, and scenarios drawn at random. It prints the share of scenarios with a success rate of 0.3 to 0.7 after the
first five iterations, with the interval over seeds, and what the attacker spends.

`champions` trains with the search and with random scenarios at an equal number of simulations, and compares the
champions on fresh scenarios: drawn at random, and found by the search in runs of other seeds, which neither of the two
has met. Differences are paired by scenario; the interval is over seeds and scenarios together.

Runs are kept in the folder: a command that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import arena, values
from aurora.agents.arena.source import Source
from aurora.agents.search.scenario_search import propose
from aurora.evals.champion import fresh_scenarios
from aurora.evals.transfer.training import train
from aurora.graphs.proposers.protocols import ProposedScenario, ScenarioProposal, ScenarioProposer, ScenarioRequest
from aurora.graphs.run import open_run, proposer_name
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.memory.store import Store
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import LEARNABLE
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.statistics.intervals import Interval, mean_interval

SETTLED = 5
"""Iteration from which shares are counted: before, there are few policies to tell scenarios apart by."""
FOREIGN_SCENARIOS = 40
"""Largest number of scenarios of such a run."""
FOREIGN = 1000
"""Added to a seed for the run whose attacker's scenarios judge."""


class Mutating(NamedTuple):
    """The earlier attacker: it mutates what was rewarding, and simulates nothing."""

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        """Return the missing specs."""
        specs = propose(request.source, request.level, request.known, request.count, request.rng)
        return ScenarioProposal(tuple(map(ProposedScenario, specs)))


ATTACKERS: dict[str, tuple[ScenarioProposer | None, dict[str, Any]]] = {
    "search": (None, {}),
    "mutation": (Mutating(), {"own_proposers": (proposer_name(Mutating()), "")}),
    "random": (None, {"without": ("attacker",)}),
}


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("share", "champions"))
    parser.add_argument("--source", default="generated")
    parser.add_argument("--data", default=None)
    parser.add_argument("--seeds", default="1-5", help="first and last seed, as 1-5")
    parser.add_argument("--iterations", type=int, default=12, help="of a run, for `share`")
    parser.add_argument("--generations", type=int, default=None, help="of an iteration; default: the source's own")
    parser.add_argument("--evaluations", type=int, default=100_000, help="simulations of a training, for `champions`")
    parser.add_argument("--scenarios", type=int, default=8, help="random ones of each family and level")
    parser.add_argument("--attackers", default=",".join(ATTACKERS), help="for `share`")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    first, last = map(int, options.seeds.split("-"))
    seeds = range(first, last + 1)
    for line in (share if options.what == "share" else champions)(options, seeds):
        print(line, flush=True)


def settings_of(options: argparse.Namespace, seed: int, **changes: Any) -> SelfPlaySettings:
    """Return the settings of a run."""
    return SelfPlaySettings(
        source=options.source, data=options.data, seed=seed, generations=options.generations, **changes
    )


def share(options: argparse.Namespace, seeds: Sequence[int]) -> Iterator[str]:
    """Return the lines of the table of shares."""
    yield f"Share of scenarios with a success rate of {LEARNABLE[0]} to {LEARNABLE[1]} from iteration {SETTLED + 1}:"
    yield ""
    yield "| attacker | seeds | scenarios | share [95 %] | levels | its simulations | CPU seconds an iteration |"
    yield "|---|---|---|---|---|---|---|"
    for name in options.attackers.split(","):
        proposer, changes = ATTACKERS[name]
        shares, scenarios, levels, spent, seconds = [], 0, set[int](), [], []
        for seed in seeds:
            started = time.process_time()
            with open_run(options.folder / f"share-{name}-{seed}", settings_of(options, seed, **changes)) as run:
                before = run.store.counts()["iterations"]
                run.play(iterations=options.iterations, jobs=options.jobs, scenario_proposer=proposer)
                rows = [r for r in run.store.scenarios() if r["iteration"] >= SETTLED]
                events = [e for e in run.store.events() if e["event"] == "iteration"]
            if before < options.iterations:
                seconds.append((time.process_time() - started) / (options.iterations - before))
            in_band = [LEARNABLE[0] <= r["success_rate"] <= LEARNABLE[1] for r in rows]
            shares.append(float(np.mean(in_band)))
            scenarios += len(rows)
            levels |= {r["level"] for r in rows}
            spent.append(sum(e["attacker_simulations"] for e in events) / events[-1]["evaluations"])
        yield (
            f"| {name} | {len(seeds)} | {scenarios} | {_percent(mean_interval([np.array(shares)]))} "
            f"| {min(levels)}–{max(levels)} | {np.mean(spent):.1%} | {_seconds(seconds)} |"
        )


def champions(options: argparse.Namespace, seeds: Sequence[int]) -> Iterator[str]:
    """Return the lines of the table of champions."""
    source = chosen_source(settings_of(options, seeds[0]))
    trained = {(name, seed): _champion(options, name, seed) for name in ("search", "random") for seed in seeds}
    yield f"Champions after {options.evaluations} simulations, value over the best reference of each scenario:"
    yield ""
    yield "| scenarios | seeds | number | with the attacker | random only | difference [95 %] |"
    yield "|---|---|---|---|---|---|"
    for kind, judged in (("random", _random), ("of another attacker", _foreign)):
        leads: dict[str, list[NDArray[np.float64]]] = {"search": [], "random": []}
        for seed in seeds:
            scenarios = judged(options, source, seed)
            for name, rows in leads.items():
                rows.append(_lead(source, scenarios, trained[name, seed], options.jobs))
        difference = [a - b for a, b in zip(leads["search"], leads["random"], strict=True)]
        means = {name: np.concatenate(rows).mean() for name, rows in leads.items()}
        clusters = np.repeat(seeds, [len(d) for d in difference])
        yield (
            f"| {kind} | {len(seeds)} | {len(clusters)} | {means['search']:+.4f} | {means['random']:+.4f} "
            f"| {_value(_over_seeds(difference))} |"
        )


def _champion(options: argparse.Namespace, name: str, seed: int) -> Policy:
    changes = ATTACKERS[name][1]
    folder = options.folder / f"champion-{name}-{seed}"
    return train(folder, settings_of(options, seed, **changes), options.evaluations).champion


def _random(options: argparse.Namespace, source: Source, seed: int) -> list[EncodedScenario]:
    levels = range(1, len(LEVELS) + 1) if source.has_levels else (1,)
    return [s for level in levels for s in fresh_scenarios(source, level, options.scenarios, seed)]


def _foreign(options: argparse.Namespace, source: Source, seed: int) -> list[EncodedScenario]:
    """Return what the search found last in a run of another seed."""
    folder = options.folder / f"champion-search-{seed + FOREIGN}"
    train(folder, settings_of(options, seed + FOREIGN), options.evaluations)
    with Store.open(folder / "archive.sqlite") as store:
        rows = store.scenarios()[-FOREIGN_SCENARIOS:]
    return [encode(source.expand(source.parse(r["spec"]))) for r in rows]


def _lead(source: Source, scenarios: Sequence[EncodedScenario], policy: Policy, jobs: int) -> NDArray[np.float64]:
    where = arena(source, scenarios, jobs)
    lead: NDArray[np.float64] = values(source, scenarios, [compile_policy(policy)], jobs)[0] - where.mark
    return lead


def _over_seeds(differences: Iterable[NDArray[np.float64]], resamples: int = 4000) -> Interval:
    """Return the bootstrap interval of a mean difference, over seeds and, within them, scenarios."""
    rows, rng = list(differences), np.random.default_rng(0)
    means = [
        np.mean([rng.choice(rows[i], len(rows[i])).mean() for i in rng.integers(len(rows), size=len(rows))])
        for _ in range(resamples)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(np.mean([row.mean() for row in rows])), float(low), float(high))


def _percent(interval: Interval) -> str:
    return f"{interval.mean:.0%} [{interval.low:.0%}, {interval.high:.0%}]"


def _value(interval: Interval) -> str:
    return f"{interval.mean:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"


def _seconds(seconds: Sequence[float]) -> str:
    return f"{np.mean(seconds):.1f}" if seconds else "(kept)"


if __name__ == "__main__":
    main()
