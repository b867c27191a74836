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

from aurora.agents.arena.evaluation import Arena, values
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
from aurora.types import Frozen

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
        state: For the next iteration.
        evaluations: Simulations that were run.
        failures: What could not be tried, and why.
        history: Best mean value over the mark of each generation.
    """

    candidates: tuple[tuple[Policy, str, tuple[str, ...]], ...]
    state: SearchState
    evaluations: int
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


def search(  # what a search needs
    state: SearchState,
    where: Arena,
    others: Sequence[Policy],
    settings: Settings,
    seed: int,
    tick: Callable[[int, float], None],
) -> Proposal:
    """One iteration of search.

    Args:
        state: From the iteration before.
        where: Training scenarios with the references' values.
        others: Policies to cross with: references and elites.
        settings: How hard to search.
        seed: Of this iteration.
        tick: Called after every generation with its number and best mean advantage; may raise to stop.

    Raises:
        PolicyError: The policy of the state is a trained network.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that matplotlib is absent, which only plots would need
        import cma  # noqa: PLC0415  # slow to import, used here only

    rng = np.random.default_rng([seed, 7])
    base = parse_policy(state.policy)
    if base.allocation_strategy.network is not None:
        raise PolicyError(f"policy {base.policy_id} is a trained network; search starts from one with rules")
    others = [p for p in others if p.allocation_strategy.network is None]
    program = compile_policy(base)
    mask = tunable(base)
    start = np.array(constants(base))[mask]
    # A weight's own scale: its magnitude, or a tenth of a unit for one that starts at zero.
    shape = np.diag(np.maximum(np.abs(start), 0.1))
    if len(state.shape) == len(start):
        shape = np.array(state.shape)
    strategy = cma.CMAEvolutionStrategy(
        np.zeros(len(start)),
        state.sigma,
        {
            "popsize": settings.population,
            "seed": seed % (2**31 - 2) + 1,
            "verbose": -9,
            "maxiter": settings.generations + 1,
        },
    )
    mark = where.mark

    def programs_of(points: Sequence[NDArray[np.float64]]) -> list[Program]:
        batch = []
        for point in points:
            consts = program.consts.copy()
            consts[mask] = start + shape @ point
            batch.append(program._replace(consts=consts))
        return batch

    failures: list[str] = []
    history: list[float] = []
    evaluations = 0
    best_structure: tuple[float, Policy] | None = None
    best_point = (-np.inf, np.zeros(len(start)))
    for generation in range(settings.generations):
        points = strategy.ask()
        structures: list[Policy] = []
        for _ in range(STRUCTURES):
            try:
                other = others[int(rng.integers(len(others)))]
                structures.append(vary(base, other, rng, queue_is_given=where.source.queue_is_given))
            except PolicyError as error:
                failures.append(str(error))
        batch = programs_of(points) + [compile_policy(p) for p in structures]
        got = (values(where.source, where.scenarios, batch, settings.jobs) - mark).mean(axis=1)
        evaluations += len(batch) * len(where.scenarios)
        strategy.tell(points, [-float(v) for v in got[: len(points)]])
        top = int(np.argmax(got[: len(points)]))
        if got[top] > best_point[0]:
            best_point = (float(got[top]), np.array(points[top]))
        for policy, value in zip(structures, got[len(points) :], strict=True):
            if best_structure is None or value > best_structure[0]:
                best_structure = (float(value), policy)
        history.append(float(got.max()))
        tick(generation, history[-1])

    def tuned(point: NDArray[np.float64]) -> Policy:
        consts = np.array(constants(base))
        consts[mask] = start + shape @ point
        policy = with_constants(base, [float(f"{c:.6g}") for c in consts])
        return policy.model_copy(update={"policy_id": policy_key(policy)})

    parents = (state.parent,)
    centre = tuned(np.array(strategy.result.xfavorite))
    found = [(centre, "cma-mean", parents), (tuned(best_point[1]), "cma-best", parents)]
    if best_structure is not None:
        found.append((best_structure[1], "structure", parents))
    unique = {p.policy_id: (p, origin, from_) for p, origin, from_ in reversed(found)}
    candidates = list(unique.values())
    finals = values(where.source, where.scenarios, [compile_policy(p) for p, _, _ in candidates], settings.jobs) - mark
    evaluations += finals.size
    means = finals.mean(axis=1)
    order = sorted(range(len(candidates)), key=lambda i: (-means[i], candidates[i][0].policy_id))
    ranked = tuple(candidates[i] for i in order)
    leader, origin, _ = ranked[0]
    own = next(i for i, (p, _, _) in enumerate(candidates) if p.policy_id == centre.policy_id)
    if origin == "structure" and _is_clear(finals[order[0]] - finals[own]) and tunable(leader).sum() >= FEWEST_WEIGHTS:
        following = SearchState(policy=leader.model_dump(mode="json"), parent=leader.policy_id)
    else:
        following = SearchState(
            policy=centre.model_dump(mode="json"),
            sigma=float(np.clip(strategy.sigma, SMALLEST_SIGMA, FIRST_SIGMA)),
            shape=_learnt(shape, np.asarray(strategy.sm.covariance_matrix)),
            parent=centre.policy_id,
        )
    return Proposal(ranked, following, evaluations, tuple(failures), tuple(history))


def _is_clear(lead: NDArray[np.float64]) -> bool:
    """Whether a lead over the same scenarios is more than twice its standard error."""
    return bool(len(lead) > 1 and lead.mean() > 2 * lead.std(ddof=1) / np.sqrt(len(lead)))


def _learnt(shape: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    """The shape of the next iteration's steps: searching with it afresh samples as before.

    With steps A y and y ~ N(0, C), those of a new search with y ~ N(0, I) are A chol(C) y.
    """
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance)))
    return tuple(tuple(float(f"{v:.6g}") for v in row) for row in shape @ factor)
