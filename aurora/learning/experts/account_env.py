"""Running an account as a gymnasium environment: observe a situation, make one move, pay for the period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError, InputError
from aurora.learning.accounts import FEATURES, KEEP, METRICS, MOVES, Account, Catalogue, Configuration, Truth
from aurora.learning.accounts.behaviour import burden
from aurora.learning.accounts.configuration import apply_move
from aurora.learning.accounts.history import M_COST, M_MISSES
from aurora.learning.accounts.numbers import C_FIXED, NUMBERS, numbers_of_history
from aurora.learning.accounts.one_day_cost import numbers_after_moves
from aurora.learning.accounts.simulator import Machines, advance, new_machines, setting_of
from aurora.learning.accounts.situation import BOUND, situation
from aurora.learning.accounts.twin import LEAST_DAYS, fitted_workload
from aurora.learning.accounts.workload import DAY, STEP, Workload, demand

WINDOW_DAYS = 9
"""Days of history that a situation depends on, and one more."""
CORE_PRICE = 0.06
"""Dollars per core-hour by which rewards are made comparable between accounts."""
MAX_CACHED = 20_000
"""Most configurations whose moves are cached: some 60 MB."""
MIN_REWARD = -20.0
"""Least reward of a period; lower ones are clipped."""


class Case(NamedTuple):
    """An account to take over, and its demand from then on.

    Attributes:
        account: History so far, at least one period.
        workload: Needs of the application.
        demand: Busy cores in each step to come, float64 [periods, steps of a period].
        state: State of the machines, float64 [4]; see `simulator.Machines`.
    """

    account: Account
    workload: Workload
    demand: NDArray[np.float64]
    state: NDArray[np.float64]


class AccountEnv(gymnasium.Env[NDArray[np.float32], np.int64]):
    """One account, from being taken over until the demand of its case is over.

    The observation is the situation (`accounts.FEATURES`), the action a move of `accounts.MOVES`; one that is not
    possible changes nothing (`action_masks` returns which are). The reward of a period is minus its burden (dollars,
    with misses at their price) over what its demand would cost at `CORE_PRICE`, plus `improvement` times the change
    of the potential -burden of the last period: since that is a difference of potentials, it rewards improvement at
    once and leaves the best policy as it is (Ng, Harada & Russell, ICML 1999).

    Args:
        draw: Function from a random generator to the case of an episode.
        catalogue: Catalogue of prices.
        improvement: Weight of the potential, 0 to 1.
        discount: Discount of the learner, which the potential needs.
        seed: Random seed of the cases; `reset(seed=...)` begins anew.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  # gymnasium's own declaration

    def __init__(
        self,
        draw: Callable[[np.random.Generator], Case],
        catalogue: Catalogue,
        *,
        improvement: float = 0.5,
        discount: float = 0.95,
        seed: int = 0,
    ) -> None:
        self.observation_space = gymnasium.spaces.Box(-BOUND, BOUND, (len(FEATURES),), np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(MOVES))
        self._draw = draw
        self._catalogue = catalogue
        self._improvement = improvement
        self._discount = discount
        self._known: dict[tuple[Configuration, float], NDArray[np.float64]] = {}
        self.reset(seed=seed)

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Take over another account.

        Args:
            seed: Random seed of the cases from here on.
            options: Ignored; gymnasium's own parameter.
        """
        super().reset(seed=seed)
        return self.take_over(self._draw(self.np_random)), {}

    def take_over(self, case: Case) -> NDArray[np.float32]:
        """Begin with a given case, and return the observation."""
        account = case.account
        keep = min(len(account), WINDOW_DAYS * max(1, DAY // account.period))
        first = len(account) - keep
        total = keep + len(case.demand)
        self._case = case
        self._values = np.empty((total, len(METRICS)))
        self._numbers = np.empty((total, NUMBERS))
        self._values[:keep] = account.values[first:]
        self._numbers[:keep] = numbers_of_history(account.between(first, len(account)), self._catalogue)
        self._start = account.start + first * account.period
        self._begin = self._now = keep
        self._configuration = account.configurations[-1]
        self._after_moves = self._after_moves_now()
        same = [c == self._configuration for c in account.configurations[::-1]]
        self._settled = same.index(False) - 1 if False in same else len(same) - 1
        self._machines = Machines(case.state.copy(), self._configuration.instance)
        fixed = self._numbers[keep - 1, C_FIXED] * account.hours
        worth = case.demand.mean(axis=0).sum() * STEP / 3600 * CORE_PRICE
        self._unit = float(worth + min(fixed, worth))
        self._potential = -self._relative(self._values[keep - 1], case.demand[0])
        return self._observe()

    @property
    def configuration(self) -> Configuration:
        """Present configuration."""
        return self._configuration

    @property
    def machine_state(self) -> NDArray[np.float64]:
        """Copy of the machines' state, float64 [4]; see `simulator.Machines`."""
        return self._machines.state.copy()

    @property
    def served(self) -> NDArray[np.float64]:
        """Metrics of the periods since the account was taken over, float64 [periods, len(METRICS)]."""
        return self._values[self._begin : self._now]

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which moves are possible: bool [len(MOVES)]."""
        return ~np.isnan(self._after_moves[:, 0])

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Make a move and serve a period.

        Returns:
            The situation, the reward, False (an account has no end of its own), whether the case's demand is over,
            and the period's `cost` (dollars) and `misses` (share).

        Raises:
            InputError: The episode is over.
        """
        case, t = self._case, self._now - self._begin
        if t >= len(case.demand):
            raise InputError("the episode is over; call reset() before the next step")
        account = case.account
        after = apply_move(self._configuration, MOVES[int(action)], self._catalogue)
        self._settled += 1
        if after is not None and after != self._configuration:
            self._configuration, self._settled = after, 0
            self._after_moves = self._after_moves_now()
        setting = setting_of(self._configuration, case.workload, account.limit, account.data, self._catalogue)
        values = advance(self._machines, self._configuration.instance, setting, case.demand[t])
        self._values[self._now] = values
        self._numbers[self._now] = self._after_moves[KEEP]
        self._now += 1
        relative = self._relative(values, case.demand[t])
        reward = -relative - self._improvement * (self._discount * relative + self._potential)
        self._potential = -relative
        info = {"cost": float(values[M_COST]), "misses": float(values[M_MISSES])}
        return self._observe(), float(reward), False, t + 1 == len(case.demand), info

    def _after_moves_now(self) -> NDArray[np.float64]:
        """Return the configurations after each move; cached, since configurations recur."""
        key = self._configuration, self._case.account.data
        after = self._known.get(key)
        if after is None:
            if len(self._known) >= MAX_CACHED:
                self._known.clear()
            after = self._known[key] = numbers_after_moves(*key, self._catalogue)
        return after

    def _relative(self, values: NDArray[np.float64], asked: NDArray[np.float64]) -> float:
        return min(-MIN_REWARD, burden(values, asked) / self._unit)

    def _observe(self) -> NDArray[np.float32]:
        account = self._case.account
        first = max(0, self._now - WINDOW_DAYS * max(1, DAY // account.period))
        return situation(
            self._values[first : self._now],
            self._numbers[first : self._now],
            self._after_moves,
            self._settled,
            account.limit,
            self._start + first * account.period,
            account.period,
        )


def twin_cases(
    accounts: Sequence[Account], catalogue: Catalogue, *, periods: int = 42, disturb: float = 0.5
) -> Callable[[np.random.Generator], Case]:
    """Return a source of cases that are drawn from histories alone: an account is taken over at a random period.

    Its demand is estimated from the history (see `twin`), with other noise. A share of the cases begins some random
    moves away from the history's configuration, after one period under it.

    Args:
        accounts: Histories; those shorter than a week or an episode are left out.
        catalogue: Catalogue that configurations name things from.
        periods: Periods of an episode.
        disturb: Share of cases that begin with another configuration.

    Raises:
        DataError: No history is long enough.
    """
    usable = [
        (a, fitted_workload(a, catalogue))
        for a in accounts
        if len(a) * a.period >= LEAST_DAYS * DAY and len(a) >= periods + 2
    ]
    if not usable:
        raise DataError(
            f"none of {len(accounts)} histories has the {LEAST_DAYS} days and {periods + 2} periods that are needed"
        )

    def draw(rng: np.random.Generator) -> Case:
        account, workload = usable[int(rng.integers(len(usable)))]
        at = int(rng.integers(1, len(account) - periods))
        steps = account.period // STEP
        seed = (int(rng.integers(2**31)), 45)
        start = account.start + (at - 1) * account.period
        y = demand(workload, start, (periods + 1) * steps, seed, origin=account.start).reshape(-1, steps)
        configuration = account.configurations[at - 1]
        history = account.between(max(0, at - 60), at)
        if rng.random() < disturb:
            for _ in range(int(rng.integers(1, 9))):
                configuration = (
                    apply_move(configuration, MOVES[int(rng.integers(KEEP + 1, len(MOVES)))], catalogue)
                    or configuration
                )
        machines = new_machines(configuration, float(y[0, 0]), catalogue)
        setting = setting_of(configuration, workload, account.limit, account.data, catalogue)
        last = advance(machines, configuration.instance, setting, y[0])
        history = replace(
            history,
            configurations=(*history.configurations[:-1], configuration),
            values=np.vstack([history.values[:-1], last]),
        )
        return Case(history, workload, y[1:], machines.state)

    return draw


def true_case(account: Account, truth: Truth, periods: int, seed: int) -> Case:
    """Return a generated account at the end of its history, with its true demand.

    Args:
        account: History of the account.
        truth: Truth about it.
        periods: Number of periods.
        seed: Random seed of the future's demand; `accounts.simulate` with the same seed meets the same demand.
    """
    steps = account.period // STEP
    y = demand(truth.workload, truth.end, periods * steps, (*truth.seed, 44, seed), origin=truth.start)
    return Case(account, truth.workload, y.reshape(-1, steps), np.array(truth.state))
