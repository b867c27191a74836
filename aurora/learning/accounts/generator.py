"""Generated accounts whose truth is known: who is an expert, and the outcome under any other configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.accounts.behaviour import BEHAVIOURS, MISSES, Behaviour, View
from aurora.learning.accounts.catalogue import Catalogue, synthetic_catalogue
from aurora.learning.accounts.configuration import (
    COUNTS,
    MOVES,
    Configuration,
    apply_move,
    check_configuration,
)
from aurora.learning.accounts.history import COLUMN, Account, Rating
from aurora.learning.accounts.simulator import Machines, advance, new_machines, setting_of
from aurora.learning.accounts.workload import DAY, DIFFICULTIES, STEP, Difficulty, Workload, demand, draw_workload
from aurora.learning.series.series import Series

PERIOD = 14_400
"""Seconds of a generated period: configurations are looked at six times a day."""
PER_DAY = DAY // PERIOD
STEPS = PERIOD // STEP
START = 1_767_571_200
"""Begin of generated histories: Monday, 5 January 2026."""
TIERS = ("bronze", "silver", "gold")
SITES = ("north", "south", "west")

_OTHERS: Mapping[Behaviour, float] = {
    "average": 0.4,
    "negligent": 0.2,
    "thrasher": 0.15,
    "underprovisioner": 0.1,
    "lucky": 0.15,
}
"""Shares of behaviours among those who are no experts."""
_DIFFICULTIES: Mapping[Behaviour, tuple[float, float, float]] = {"expert": (0.1, 0.45, 0.45), "lucky": (1.0, 0.0, 0.0)}
"""Probability of an easy, usual, hard workload. The trap: experts are asked where it is hard, and the lucky have it
easy, so that cost alone shows the wrong people."""
_DIFFICULTIES_OF_OTHERS = (0.25, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Truth:
    """Truth about a generated account, which only benchmarks know.

    Attributes:
        account_id: Name of the account.
        behaviour: Behaviour of whoever runs it.
        difficulty: Difficulty of its workload.
        workload: Workload that its demand is drawn from.
        limit: Promised response time, seconds.
        data: Stored data, GiB.
        start: Unix time of the first period of its history.
        end: Unix time after the last period.
        configuration: Configuration in the last period.
        seed: Random seed of its demand.
        state: State of its machines at the end of the history; see `simulator.Machines`.
    """

    account_id: str
    behaviour: Behaviour
    difficulty: Difficulty
    workload: Workload
    limit: float
    data: float
    start: int
    end: int
    configuration: Configuration
    seed: tuple[int, ...]
    state: tuple[float, ...]


class Population(NamedTuple):
    """Generated accounts, and apart from them the truth, in the same order."""

    accounts: tuple[Account, ...]
    truth: tuple[Truth, ...]


def generate(
    seed: int,
    accounts: int,
    share_of_experts: float = 0.2,
    *,
    periods: int = 28 * PER_DAY,
    shapes: Sequence[Series] = (),
    catalogue: Catalogue | None = None,
) -> Population:
    """Generate accounts that are run by experts, average people, and worse.

    Args:
        seed: Random seed; the same arguments give the same accounts.
        accounts: Number of accounts.
        share_of_experts: Share of accounts that experts run, 0 to 1.
        periods: Periods of history, each of `PERIOD` seconds.
        shapes: Measured series; every second workload that isn't easy follows one of them.
        catalogue: Catalogue of prices; None: the synthetic one.

    Raises:
        InputError: An argument is out of its range, or a shape has no demand.
    """
    if accounts < 1 or periods < 1 or seed < 0:
        raise InputError(f"accounts ({accounts}) and periods ({periods}) must be at least 1, seed ({seed}) at least 0")
    if not 0 <= share_of_experts <= 1:
        raise InputError("give a share from 0 to 1", parameter="share_of_experts", value=share_of_experts)
    for shape in shapes:
        if not len(shape) or not np.isfinite(shape.y).all() or shape.y.max() <= 0:
            reason = f"series {shape.unique_id!r} can't be the shape of a demand: no value of it is above 0"
            raise InputError(reason, parameter="shapes")
    table = catalogue or synthetic_catalogue()
    rng = np.random.default_rng([seed, 41])
    experts = round(accounts * share_of_experts)
    names = list(_OTHERS)
    others = rng.choice(len(names), accounts - experts, p=list(_OTHERS.values()))
    kinds: list[Behaviour] = ["expert"] * experts
    kinds += [names[int(k)] for k in others]
    made = [
        _account(seed, number, kinds[k], periods, shapes, table) for number, k in enumerate(rng.permutation(accounts))
    ]
    return Population(tuple(a for a, _ in made), tuple(t for _, t in made))


def _account(
    seed: int, number: int, kind: Behaviour, periods: int, shapes: Sequence[Series], catalogue: Catalogue
) -> tuple[Account, Truth]:
    rng = np.random.default_rng([seed, 42, number])
    odds = _DIFFICULTIES.get(kind, _DIFFICULTIES_OF_OTHERS)
    difficulty = DIFFICULTIES[int(rng.choice(len(DIFFICULTIES), p=odds))]
    measured = shapes and difficulty != "easy" and rng.random() < 0.5  # noqa: PLR2004  # a half
    workload = draw_workload(rng, difficulty, shapes[int(rng.integers(len(shapes)))] if measured else None)
    limit = workload.service * float(rng.uniform(4, 20 if difficulty == "easy" else 12))
    data = float(np.exp(rng.uniform(np.log(50), np.log(3000))))
    demand_seed = (seed, 43, number)
    y = demand(workload, START, periods * STEPS, demand_seed, origin=START).reshape(-1, STEPS)
    configuration = _habit(rng, kind, workload, data, catalogue)
    machines = new_machines(configuration, float(y[0, 0]), catalogue)
    rows: list[NDArray[np.float64]] = []
    configurations: list[Configuration] = []
    for t in range(periods):
        if t:
            view = View(rows, configuration, machines, workload, limit, data, y[:t], catalogue, PER_DAY, rng)
            changed = apply_move(configuration, MOVES[BEHAVIOURS[kind](view)], catalogue)
            configuration = configuration if changed is None else changed
        setting = setting_of(configuration, workload, limit, data, catalogue)
        rows.append(advance(machines, configuration.instance, setting, y[t]))
        configurations.append(configuration)
    values = np.array(rows)
    name = f"account-{seed}-{number:04d}"
    account = Account(
        name,
        START,
        PERIOD,
        limit,
        data,
        tuple(configurations),
        values,
        tier=TIERS[int(rng.integers(len(TIERS)))],
        site=SITES[int(rng.integers(len(SITES)))],
        tags=("web" if workload.daily > 0.3 else "batch",),  # noqa: PLR2004  # a clear rhythm
        ratings=_ratings(rng, values),
    )
    state = tuple(float(v) for v in machines.state)
    end = START + periods * PERIOD
    truth = Truth(name, kind, difficulty, workload, limit, data, START, end, configuration, demand_seed, state)
    return account, truth


def _habit(
    rng: np.random.Generator, kind: Behaviour, workload: Workload, data: float, catalogue: Catalogue
) -> Configuration:
    """Draw a first configuration, as people choose it before they have seen the load."""
    family = str(rng.choice(catalogue.families))
    sizes = catalogue.sizes(family)
    roomy = [s for s in sizes if s.memory >= 1.5 * workload.memory_base] or sizes[-1:]
    size = roomy[int(rng.integers(min(3, len(roomy))))]
    slack = rng.uniform(0.5, 0.9) if kind == "underprovisioner" else rng.uniform(1.0, 2.5)
    wanted = workload.level * slack / (0.6 * size.cores)
    least = max(1, int(wanted * rng.uniform(0.3, 1.0)))
    storage = [s.name for s in catalogue.storage if s.iops >= workload.level * workload.io_per_core * slack]
    network = [n.name for n in catalogue.network if n.gbit >= workload.level * workload.network_per_core * slack]
    minimum = next((c for c in COUNTS if c >= least), COUNTS[-1])
    maximum = next((c for c in COUNTS if c >= max(minimum, wanted * 1.5)), COUNTS[-1])
    return Configuration(
        size.name,
        storage[0] if storage else catalogue.storage[-1].name,
        network[0] if network else catalogue.network[-1].name,
        minimum,
        maximum,
        target=float(rng.choice([0.4, 0.5, 0.6, 0.7])),
        cooldown=int(rng.choice([300, 600, 1200])),
    )


def _ratings(rng: np.random.Generator, values: NDArray[np.float64]) -> tuple[Rating, ...]:
    """Draw stars by raters who differ in what they expect, see a single day, and like a small bill too."""
    ratings = []
    for _ in range(int(rng.poisson(5))):
        period = int(rng.integers(len(values)))
        misses = float(values[max(0, period - PER_DAY) : period + 1, MISSES].mean())
        bill = float(values[:, COLUMN["cost"]].mean())
        opinion = 4.4 - 15 * misses - 0.3 * np.log(bill) + rng.normal(0, 0.5) + rng.normal(0, 0.8)
        ratings.append(Rating(period, f"rater-{int(rng.integers(40)):02d}", int(np.clip(round(opinion), 1, 5))))
    return tuple(sorted(ratings))


def simulate(
    truth: Truth, configuration: Configuration, periods: int, seed: int, *, catalogue: Catalogue | None = None
) -> Account:
    """Simulate an account's next periods under a configuration that does not change.

    Demand depends on the truth and the seed only, not on the configuration: two configurations under one seed are a
    paired comparison (common random numbers).

    Args:
        truth: Truth about the account.
        configuration: Configuration from the first period after its history.
        periods: Number of periods.
        seed: Random seed of the future's demand.
        catalogue: Catalogue of prices; None: the synthetic one.

    Returns:
        A history that begins where the account's ended, without ratings.

    Raises:
        DataError: The configuration is not possible.
        InputError: `periods` or `seed` are below their least.
    """
    if periods < 1 or seed < 0:
        raise InputError(f"periods must be at least 1 and seed at least 0; they are {periods} and {seed}")
    table = catalogue or synthetic_catalogue()
    check_configuration(configuration, table, f"account {truth.account_id!r}")
    y = demand(truth.workload, truth.end, periods * STEPS, (*truth.seed, 44, seed), origin=truth.start)
    machines = Machines(np.array(truth.state), truth.configuration.instance)
    setting = setting_of(configuration, truth.workload, truth.limit, truth.data, table)
    values = np.array([advance(machines, configuration.instance, setting, part) for part in y.reshape(-1, STEPS)])
    return Account(truth.account_id, truth.end, PERIOD, truth.limit, truth.data, (configuration,) * periods, values)
