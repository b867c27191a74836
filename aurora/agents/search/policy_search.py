"""Policy search, the defender without a model: CMA-ES on a policy's weights, and variation of its structure.

All generations of an iteration meet the same scenarios (common random numbers), so no candidate is ahead only
because it met easier ones. Each iteration draws new scenarios, so no candidate can overfit a fixed set.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import Arena, advantages
from aurora.agents.search.variation import vary
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import (
    Sections,
    compile_policy,
    constants,
    parse_sections,
    policy_key,
    with_constants,
)
from aurora.sim.policies.expression import Apply, Expr, Num
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.policies.program import Op, Program
from aurora.types import FloatArray, Frozen

FIRST_SIGMA = 0.3
"""Initial step size, relative to each weight's own scale."""
SMALLEST_SIGMA = 0.08
"""Smallest step size that is handed on; with less the search would stall on the next iteration's scenarios."""
FEWEST_WEIGHTS = 4
"""Weights that a structure needs to be worth tuning; with fewer it can still be a candidate."""
STRUCTURES_PER_GENERATION = 2
"""Structural variants per generation; they are evaluated with untuned weights."""


class Settings(NamedTuple):
    """Effort of the search in one iteration.

    Attributes:
        population: Candidates per generation.
        generations: Generations per iteration.
        jobs: Number of threads.
    """

    population: int = 16
    generations: int = 12
    jobs: int = 1


class SearchState(Frozen):
    """State of the search between iterations; it is stored as JSON, and a resumed run continues from it exactly.

    Attributes:
        policy: JSON of the policy whose weights are tuned.
        sigma: Overall step size of CMA-ES.
        shape: Rows of the matrix that turns a standard normal step into a step of the weights: the covariance
            learned so far. Empty: each weight's own scale.
        parent: Id of the policy that the weights belong to.
    """

    policy: dict[str, Any]
    sigma: float = FIRST_SIGMA
    shape: tuple[tuple[float, ...], ...] = ()
    parent: str = ""


class Proposal(NamedTuple):
    """The result of an iteration of search.

    Attributes:
        candidates: Distinct policies with origin and parents, best on the training scenarios first.
        state: State with which the next iteration begins.
        failures: Reasons why variants could not be built.
        history: Best mean advantage in each generation.
    """

    candidates: tuple[tuple[Policy, str, tuple[str, ...]], ...]
    state: SearchState
    failures: tuple[str, ...]
    history: tuple[float, ...]


def first_state(template: Policy) -> SearchState:
    """Return the state before the first iteration."""
    return SearchState(policy=template.model_dump(mode="json"), parent=template.policy_id)


def tunable(policy: Policy) -> NDArray[np.bool_]:
    """Return which of a policy's constants are weights: those that multiply something in `order` or a score.

    Constants within a logarithm or a comparison keep their meaning; only variation changes them.

    Returns:
        Flags, bool [constants].
    """
    sections: Sections = parse_sections(policy)
    flags: list[bool] = []

    def visit(expr: Expr, is_weight: bool) -> None:
        if isinstance(expr, Num):
            flags.append(is_weight)
        elif isinstance(expr, Apply):
            factor = expr.op is Op.MUL and not all(isinstance(a, Num) for a in expr.args)
            for arg in expr.args:
                visit(arg, factor and searched)

    for number, expr in enumerate(sections.flat()):
        searched = number == 0 or (number >= 2 and number % 2 == 1)  # noqa: PLR2004  # order and scores
        visit(expr, False)
    return np.array(flags, bool)


class _Weights(NamedTuple):
    """The weights of a policy in the coordinates of the search: it starts at 0, with steps of about 1.

    Attributes:
        base: Policy whose weights are tuned.
        program: The compiled policy.
        mask: Flags of the constants that are weights, bool [constants].
        start: Initial values of the weights, float64 [weights].
        shape: Matrix that turns a step of the search into a step of the weights, float64 [weights, weights].
    """

    base: Policy
    program: Program
    mask: NDArray[np.bool_]
    start: FloatArray
    shape: FloatArray

    def program_at(self, point: FloatArray) -> Program:
        """Return the program with the weights at a point of the search."""
        consts = self.program.consts.copy()
        consts[self.mask] = self.start + self.shape @ point
        return self.program._replace(consts=consts)

    def policy_at(self, point: FloatArray) -> Policy:
        """Return the policy with the weights at a point of the search, rounded to six digits."""
        consts = np.array(constants(self.base))
        consts[self.mask] = self.start + self.shape @ point
        policy = with_constants(self.base, [float(f"{c:.6g}") for c in consts])
        return policy.model_copy(update={"policy_id": policy_key(policy)})


class _Explored(NamedTuple):
    """The best points and structures over all generations of a search.

    Attributes:
        centre: Mean of the search distribution.
        best_point: Best sampled point.
        best_structure: Best structural variant; None: none was valid.
        failures: Reasons why variants could not be built.
        history: Best mean advantage in each generation.
    """

    centre: FloatArray
    best_point: FloatArray
    best_structure: Policy | None
    failures: tuple[str, ...]
    history: tuple[float, ...]


Candidate = tuple[Policy, str, tuple[str, ...]]
"""A policy, its origin, and the ids of its parents."""


def search(
    state: SearchState,
    where: Arena,
    others: Sequence[Policy],
    settings: Settings,
    seed: int,
    tick: Callable[[int, float], None],
) -> Proposal:
    """Run one iteration of policy search.

    Args:
        state: State after the previous iteration.
        where: Training scenarios with the references' values.
        others: Policies for crossover: references and elites.
        settings: Effort of the search.
        seed: Random seed of this iteration.
        tick: Callback after each generation, with its number and best mean advantage; it may raise to stop the search.

    Raises:
        PolicyError: The policy of the state is a trained network.
    """
    weights = _weights(state)
    strategy = _strategy(len(weights.start), state.sigma, settings, seed)
    mates = [p for p in others if p.allocation_strategy.network is None]
    explored = _explore(weights, strategy, where, mates, settings, np.random.default_rng([seed, 7]), tick)
    centre = weights.policy_at(explored.centre)
    ranked, leads = _ranked(weights, centre, explored, state.parent, where, settings.jobs)
    leader, origin, _ = ranked[0]
    ahead = leads[leader.policy_id] - leads[centre.policy_id]
    if origin == "structure" and _is_clear(ahead) and tunable(leader).sum() >= FEWEST_WEIGHTS:
        following = SearchState(policy=leader.model_dump(mode="json"), parent=leader.policy_id)
    else:
        following = SearchState(
            policy=centre.model_dump(mode="json"),
            sigma=float(np.clip(strategy.sigma, SMALLEST_SIGMA, FIRST_SIGMA)),
            shape=_learnt(weights.shape, np.asarray(strategy.sm.covariance_matrix)),
            parent=centre.policy_id,
        )
    return Proposal(ranked, following, explored.failures, explored.history)


def _weights(state: SearchState) -> _Weights:
    base = parse_policy(state.policy)
    if base.allocation_strategy.network is not None:
        raise PolicyError(f"policy {base.policy_id} is a trained network; search starts from one with rules")
    mask = tunable(base)
    start = np.array(constants(base))[mask]
    # The scale of a weight is its magnitude, but at least a tenth, so that one at zero moves too.
    shape = np.diag(np.maximum(np.abs(start), 0.1))
    if len(state.shape) == len(start):
        shape = np.array(state.shape)
    return _Weights(base, compile_policy(base), mask, start, shape)


def _strategy(weights: int, sigma: float, settings: Settings, seed: int) -> Any:
    """Return a CMA-ES run of pycma over `weights` dimensions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pycma warns without matplotlib, which only its plots need
        import cma  # noqa: PLC0415  # slow to import, used here only

    return cma.CMAEvolutionStrategy(
        np.zeros(weights),
        sigma,
        {
            "popsize": settings.population,
            # pycma's own `seed` seeds numpy's global generator, which runs in other threads would share.
            "randn": np.random.RandomState(seed % (2**31 - 2) + 1).randn,
            "seed": np.nan,
            "verbose": -9,
            "maxiter": settings.generations + 1,
        },
    )


def _explore(
    weights: _Weights,
    strategy: Any,
    where: Arena,
    mates: Sequence[Policy],
    settings: Settings,
    rng: np.random.Generator,
    tick: Callable[[int, float], None],
) -> _Explored:
    """Evaluate generations of points and structural variants, all on the same scenarios."""
    failures: list[str] = []
    history: list[float] = []
    best_structure: tuple[float, Policy] | None = None
    best_point = (-np.inf, np.zeros(len(weights.start)))
    for generation in range(settings.generations):
        points = strategy.ask()
        structures: list[Policy] = []
        for _ in range(STRUCTURES_PER_GENERATION):
            try:
                mate = mates[int(rng.integers(len(mates)))]
                structures.append(vary(weights.base, mate, rng, queue_is_given=where.source.queue_is_given))
            except PolicyError as error:
                failures.append(str(error))
        batch = [weights.program_at(point) for point in points] + [compile_policy(p) for p in structures]
        means = advantages(where, batch, settings.jobs).mean(axis=1)
        strategy.tell(points, [-float(v) for v in means[: len(points)]])
        top = int(np.argmax(means[: len(points)]))
        if means[top] > best_point[0]:
            best_point = (float(means[top]), np.array(points[top]))
        for policy, value in zip(structures, means[len(points) :], strict=True):
            if best_structure is None or value > best_structure[0]:
                best_structure = (float(value), policy)
        history.append(float(means.max()))
        tick(generation, history[-1])
    structure = None if best_structure is None else best_structure[1]
    centre = np.array(strategy.result.xfavorite)
    return _Explored(centre, best_point[1], structure, tuple(failures), tuple(history))


def _ranked(
    weights: _Weights, centre: Policy, explored: _Explored, parent: str, where: Arena, jobs: int
) -> tuple[tuple[Candidate, ...], dict[str, FloatArray]]:
    """Return the distinct candidates, best mean first, and by id the advantage of each on every scenario."""
    candidates: list[Candidate] = [
        (centre, "cma-mean", (parent,)),
        (weights.policy_at(explored.best_point), "cma-best", (parent,)),
    ]
    if explored.best_structure is not None:
        candidates.append((explored.best_structure, "structure", (parent,)))
    unique = {candidate[0].policy_id: candidate for candidate in reversed(candidates)}
    rows = advantages(where, [compile_policy(policy) for policy, _, _ in unique.values()], jobs)
    means = dict(zip(unique, rows.mean(axis=1).tolist(), strict=True))
    order = sorted(unique, key=lambda name: (-means[name], name))
    return tuple(unique[name] for name in order), dict(zip(unique, rows, strict=True))


def _is_clear(lead: NDArray[np.float64]) -> bool:
    """Return True if the mean of paired differences is more than twice its standard error."""
    return bool(len(lead) > 1 and lead.mean() > 2 * lead.std(ddof=1) / np.sqrt(len(lead)))


def _learnt(shape: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    """Return the shape with which a new search samples the distribution that the old one has learned.

    Steps are A y with y ~ N(0, C); a new search with z ~ N(0, I) takes the steps A chol(C) z.
    """
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance)))
    return tuple(tuple(float(f"{v:.6g}") for v in row) for row in shape @ factor)
