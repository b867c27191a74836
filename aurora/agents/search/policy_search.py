"""The defender without a model: CMA-ES on a policy's weights, and variation of its structure.

Every generation meets the same scenarios (common random numbers), drawn afresh each iteration, so that
a candidate is never better for having met easier ones, and none can settle on a fixed set.
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
"""First step size, relative to each weight's own scale."""
SMALLEST_SIGMA = 0.08
"""Below this the search would stand still on the next iteration's scenarios."""
FEWEST_WEIGHTS = 4
"""A structure with fewer can be a candidate, but is not worth tuning."""
STRUCTURES = 2
"""Structural variants a generation, each with the weights as they are."""


class Settings(NamedTuple):
    """How hard an iteration searches.

    Attributes:
        population: Candidates a generation.
        generations: Generations an iteration.
        jobs: Threads.
    """

    population: int = 16
    generations: int = 12
    jobs: int = 1


class SearchState(Frozen):
    """Where the search stands between iterations; JSON, so a resumed run goes on to the bit.

    Attributes:
        policy: JSON of the policy whose weights are tuned.
        sigma: CMA-ES's overall step size.
        shape: Rows of the matrix that turns a standard normal step into one of the weights: what was
            learnt of their covariance. Empty: each weight's own scale.
        parent: Id of the policy that the weights belong to.
    """

    policy: dict[str, Any]
    sigma: float = FIRST_SIGMA
    shape: tuple[tuple[float, ...], ...] = ()
    parent: str = ""


class Proposal(NamedTuple):
    """What an iteration of search found.

    Attributes:
        candidates: Distinct policies with origin and parents, best on the training scenarios first.
        state: State for the next iteration.
        failures: What could not be tried, and why.
        history: Best mean value over the mark of each generation.
    """

    candidates: tuple[tuple[Policy, str, tuple[str, ...]], ...]
    state: SearchState
    failures: tuple[str, ...]
    history: tuple[float, ...]


def first_state(template: Policy) -> SearchState:
    """The state before the first iteration."""
    return SearchState(policy=template.model_dump(mode="json"), parent=template.policy_id)


def tunable(policy: Policy) -> NDArray[np.bool_]:
    """Which of a policy's constants are weights: those that multiply something, in `order` or a score.

    What is added within a logarithm, or compared with, keeps its meaning and is left to variation.
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
    """The weights of a policy, seen from a search that steps around 0 with a standard deviation of 1.

    Attributes:
        base: Policy whose weights are tuned.
        program: The policy compiled.
        mask: Which of its constants are weights, bool [constants].
        start: Their values, float64 [weights].
        shape: Turns a step of the search into one of the weights, float64 [weights, weights].
    """

    base: Policy
    program: Program
    mask: NDArray[np.bool_]
    start: FloatArray
    shape: FloatArray

    def program_at(self, point: FloatArray) -> Program:
        """Return the program with the weights of a point."""
        consts = self.program.consts.copy()
        consts[self.mask] = self.start + self.shape @ point
        return self.program._replace(consts=consts)

    def policy_at(self, point: FloatArray) -> Policy:
        """Return the policy with the weights of a point, rounded to six digits."""
        consts = np.array(constants(self.base))
        consts[self.mask] = self.start + self.shape @ point
        policy = with_constants(self.base, [float(f"{c:.6g}") for c in consts])
        return policy.model_copy(update={"policy_id": policy_key(policy)})


class _Explored(NamedTuple):
    """What the generations of a search found.

    Attributes:
        centre: Where the search's distribution stands.
        best_point: The best point that was sampled.
        best_structure: The best structural variant; None: none was valid.
        failures: What could not be tried, and why.
        history: Best mean advantage of each generation.
    """

    centre: FloatArray
    best_point: FloatArray
    best_structure: Policy | None
    failures: tuple[str, ...]
    history: tuple[float, ...]


Candidate = tuple[Policy, str, tuple[str, ...]]
"""A policy with its origin and its parents."""


def search(  # what a search needs
    state: SearchState,
    where: Arena,
    others: Sequence[Policy],
    settings: Settings,
    seed: int,
    tick: Callable[[int, float], None],
) -> Proposal:
    """Search for one iteration.

    Args:
        state: State after the iteration before.
        where: Training scenarios with the references' values.
        others: Policies to cross with: references and elites.
        settings: How hard to search.
        seed: Random seed of this iteration.
        tick: Called after every generation with its number and best mean advantage; may raise to stop.

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
    # A weight's own scale: its magnitude, or a tenth of a unit for one that starts at zero.
    shape = np.diag(np.maximum(np.abs(start), 0.1))
    if len(state.shape) == len(start):
        shape = np.array(state.shape)
    return _Weights(base, compile_policy(base), mask, start, shape)


def _strategy(weights: int, sigma: float, settings: Settings, seed: int) -> Any:
    """Return pycma's search over so many weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that matplotlib is absent, which only plots would need
        import cma  # noqa: PLC0415  # slow to import, used here only

    return cma.CMAEvolutionStrategy(
        np.zeros(weights),
        sigma,
        {
            "popsize": settings.population,
            "seed": seed % (2**31 - 2) + 1,
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
    """Evaluate generations of points and of structural variants, all on the same scenarios."""
    failures: list[str] = []
    history: list[float] = []
    best_structure: tuple[float, Policy] | None = None
    best_point = (-np.inf, np.zeros(len(weights.start)))
    for generation in range(settings.generations):
        points = strategy.ask()
        structures: list[Policy] = []
        for _ in range(STRUCTURES):
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
    """Return the distinct candidates, best mean first, and each one's advantage on every scenario, by id."""
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
    """Whether a lead over the same scenarios is more than twice its standard error."""
    return bool(len(lead) > 1 and lead.mean() > 2 * lead.std(ddof=1) / np.sqrt(len(lead)))


def _learnt(shape: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    """The shape of the next iteration's steps: searching with it afresh samples as before.

    With steps A y and y ~ N(0, C), those of a new search with y ~ N(0, I) are A chol(C) y.
    """
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance)))
    return tuple(tuple(float(f"{v:.6g}") for v in row) for row in shape @ factor)
