"""Benchmark of cloning: identification of planted experts, agreement of the clone, savings by fine-tuning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts import KEEP, MOVES, Catalogue, Population, generate, synthetic_catalogue
from aurora.learning.accounts.behaviour import View, expert
from aurora.learning.accounts.generator import PER_DAY
from aurora.learning.accounts.simulator import Machines, advance, new_machines, setting_of
from aurora.learning.accounts.workload import STEP, demand
from aurora.learning.experts import experts
from aurora.learning.experts.account_env import AccountEnv, Case, true_case, twin_cases
from aurora.learning.experts.cloning import Choose, CloneSettings, Decisions, chooser, clone, decisions_of
from aurora.learning.experts.expert_score import Adjustment
from aurora.learning.experts.fine_tuning import TuneSettings, tune
from aurora.learning.experts.serving import Served, compare_served, run_policy, served_means, served_of
from aurora.learning.series.series import Series

HELD_OUT = 10_000
"""Added to a seed for the accounts that nothing is learnt from."""
FUTURE = 14 * PER_DAY
"""Periods for which held-out accounts are run: two weeks."""
SHARE_OF_EXPERTS = 0.25
"""Share of experts among generated accounts."""
NEIGHBOURS = 15
Tell = Callable[[str], None]


def identification(
    population: Population, catalogue: Catalogue, adjust: Adjustment, share: float | None = None
) -> tuple[dict[str, Any], set[str]]:
    """Precision and recall of the accounts that are taken for experts, and their names."""
    planted = {t.account_id for t in population.truth if t.behaviour == "expert"}
    judged = experts.identify_experts(population.accounts, catalogue, adjust=adjust, share=share)
    found = {s.account_id for s in judged.scores if s.is_expert}
    hits = len(found & planted)
    return {
        "found": len(found),
        "planted": len(planted),
        "precision": hits / len(found) if found else math.nan,
        "recall": hits / len(planted) if planted else math.nan,
    }, found


def agreement(chosen: NDArray[np.int64], data: Decisions) -> dict[str, float]:
    """Return how often a policy chose as the experts did.

    Returns:
        `all`: share of all decisions; `acting`: of those in which the expert changed something; `f1`: mean over the
        moves that experts made of the harmonic mean of precision and recall, which majority can't win by keeping.
    """
    same = chosen == data.moves
    scores = []
    for move in np.unique(data.moves):
        hits = float((same & (data.moves == move)).sum())
        scores.append(2 * hits / float((data.moves == move).sum() + (chosen == move).sum()))
    return {"all": float(same.mean()), "acting": float(same[data.moves != KEEP].mean()), "f1": float(np.mean(scores))}


def asked_again(population: Population, catalogue: Catalogue, seed: int) -> NDArray[np.int64]:
    """Return what the generator's experts choose if they are asked a second time, in the order of `expert_states`.

    Their forecasts err at random, so they don't always agree with themselves: nobody can agree with them more.
    """
    found: list[int] = []
    for account, truth in zip(population.accounts, population.truth, strict=True):
        if truth.behaviour != "expert":
            continue
        rng = np.random.default_rng([seed, 72, len(found)])
        steps = account.period // STEP
        seen = demand(truth.workload, truth.start, len(account) * steps, truth.seed, origin=truth.start)
        seen = seen.reshape(-1, steps)
        machines = new_machines(account.configurations[0], float(seen[0, 0]), catalogue)
        for t, configuration in enumerate(account.configurations[:-1]):
            setting = setting_of(configuration, truth.workload, truth.limit, truth.data, catalogue)
            advance(machines, configuration.instance, setting, seen[t])
            past = seen[: t + 1]
            needs = truth.workload, truth.limit, truth.data
            found.append(expert(View((), configuration, machines, *needs, past, catalogue, PER_DAY, rng)))
    return np.array(found)


def nearest_neighbours(train: Decisions, scale: NDArray[np.float32]) -> Choose:
    """Return a policy that makes the possible move that most of the nearest situations of experts have."""
    table = train.features / scale
    squares = (table**2).sum(axis=1)

    def choose(features: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        found = np.empty(len(features), np.int64)
        for k, row in enumerate(features / scale):
            near = np.argpartition(squares - 2 * table @ row, NEIGHBOURS)[:NEIGHBOURS]
            votes = np.bincount(train.moves[near], minlength=len(MOVES)) * masks[k]
            found[k] = votes.argmax()
        return found

    return choose


def run_experts(population: Population, cases: Sequence[Case], catalogue: Catalogue, seed: int) -> Served:
    """Run the same accounts by the generator's experts, who know the demand so far exactly."""
    rows, moves = [], np.zeros(len(cases))
    for k, (case, truth) in enumerate(zip(cases, population.truth, strict=True)):
        environment = AccountEnv(lambda _, c=case: c, catalogue)  # type: ignore[misc]
        environment.take_over(case)
        steps = case.demand.shape[1]
        past = demand(truth.workload, truth.start, len(case.account) * steps, truth.seed, origin=truth.start)
        seen = np.vstack([past.reshape(-1, steps), case.demand])
        rng = np.random.default_rng([seed, 71, k])
        for t in range(len(case.demand)):
            now = len(case.account) + t
            machines = Machines(environment.machine_state, environment.configuration.instance)
            view = View(
                (),
                environment.configuration,
                machines,
                truth.workload,
                truth.limit,
                truth.data,
                seen[:now],
                catalogue,
                PER_DAY,
                rng,
            )
            move = expert(view)
            moves[k] += move != KEEP
            environment.step(np.int64(move))
        rows.append(environment.served)
    return served_of(rows, cases, moves)


def bench_cloning(
    seeds: Sequence[int],
    *,
    accounts: int = 200,
    held_out: int = 80,
    steps: int = 40_000,
    shapes: Sequence[Series] = (),
    tell: Tell = lambda _: None,
) -> dict[str, Any]:
    """Everything from generated accounts to the fine-tuned policy, for each seed.

    Args:
        seeds: Random seeds of populations and training.
        accounts: Number of accounts whose histories are learnt from.
        held_out: Other accounts, for agreement and for cost.
        steps: Steps of fine-tuning, and of training from scratch.
        shapes: Measured series that generated demand follows.
        tell: Is told what is done.

    Returns:
        As docs/explanation/cloning.md says.
    """
    catalogue = synthetic_catalogue()
    runs = [_seed(seed, accounts, held_out, steps, shapes, catalogue, tell) for seed in seeds]
    return {
        "accounts": accounts,
        "held_out": held_out,
        "steps": steps,
        "catalogue": catalogue.source,
        "shapes": len(shapes),
        "seeds": [r for r, _ in runs],
        "summary": _summary([r for r, _ in runs], [s for _, s in runs]),
    }


def _seed(
    seed: int,
    accounts: int,
    held_out: int,
    steps: int,
    shapes: Sequence[Series],
    catalogue: Catalogue,
    tell: Tell,
) -> tuple[dict[str, Any], dict[str, Served]]:
    tell(f"seed {seed}: {accounts} accounts to learn from, {held_out} held out")
    known = generate(seed, accounts, SHARE_OF_EXPERTS, shapes=shapes)
    others = generate(seed + HELD_OUT, held_out, SHARE_OF_EXPERTS, shapes=shapes)
    found: dict[str, Any] = {}
    found["mixture"], identified = identification(known, catalogue, "reference")
    found["top_share"], _ = identification(known, catalogue, "reference", SHARE_OF_EXPERTS)
    found["top_share_by_bill"], _ = identification(known, catalogue, "none", SHARE_OF_EXPERTS)
    teachers = [a for a in known.accounts if a.account_id in identified]
    tell(f"seed {seed}: cloning {len(teachers)} accounts taken for experts")
    copied = clone(teachers, catalogue, CloneSettings(seed=seed))
    train = experts.expert_states(teachers, catalogue)
    planted = [a for a, t in zip(others.accounts, others.truth, strict=True) if t.behaviour == "expert"]
    test = decisions_of(experts.expert_states(planted, catalogue), catalogue)
    neighbours = nearest_neighbours(decisions_of(train, catalogue), train.scale)
    policies: dict[str, Choose] = {"clone": chooser(copied), "neighbours": neighbours}
    agreed = {name: agreement(choose(test.features, test.masks), test) for name, choose in policies.items()}
    agreed["majority"] = agreement(np.zeros_like(test.moves), test)
    agreed["copy_last"] = agreement(test.previous, test)
    agreed["expert_again"] = agreement(asked_again(others, catalogue, seed), test)
    draw = twin_cases(known.accounts, catalogue)
    tell(f"seed {seed}: fine-tuning, {steps} steps")
    policies["fine_tuned"] = chooser(tune(copied, draw, catalogue, steps, TuneSettings(seed=seed)))
    tell(f"seed {seed}: the same from scratch")
    scratch = TuneSettings(seed=seed, entropy=0.01)
    policies["scratch"] = chooser(tune(None, draw, catalogue, steps, scratch))
    policies["keep"] = lambda features, masks: np.zeros(len(features), np.int64)
    cases = [true_case(a, t, FUTURE, seed) for a, t in zip(others.accounts, others.truth, strict=True)]
    served = {name: run_policy(choose, cases, catalogue) for name, choose in policies.items()}
    served["expert"] = run_experts(others, cases, catalogue, seed)
    beside = compare_served(served["clone"], served["fine_tuned"])
    tell(
        f"seed {seed}: precision {found['mixture']['precision']:.2f}, recall {found['mixture']['recall']:.2f}, "
        f"agreement {agreed['clone']['all']:.3f}; fine-tuned beside the clone: "
        f"cost {beside['cost_change']['mean']:+.1%}, misses {beside['misses_change']['mean']:+.2%}"
    )
    return {
        "seed": seed,
        "identification": found,
        "decisions": len(test.moves),
        "keep_share": float((test.moves == KEEP).mean()),
        "agreement": agreed,
        "policies": {name: served_means(s) for name, s in served.items()},
        "fine_tuned_beside_clone": beside,
    }, served


def _summary(runs: Sequence[dict[str, Any]], served: Sequence[dict[str, Served]]) -> dict[str, Any]:
    """Over all seeds: means, and paired comparisons of all held-out accounts together."""
    together = {
        name: Served(*(np.concatenate(column) for column in zip(*(s[name] for s in served), strict=True)))
        for name in served[0]
    }
    return {
        "identification": {
            how: {k: _range([r["identification"][how][k] for r in runs]) for k in ("precision", "recall")}
            for how in runs[0]["identification"]
        },
        "agreement": {
            name: {k: float(np.mean([r["agreement"][name][k] for r in runs])) for k in ("all", "acting", "f1")}
            for name in runs[0]["agreement"]
        },
        "policies": {name: served_means(s) for name, s in together.items()},
        "fine_tuned_beside": {
            name: compare_served(together[name], together["fine_tuned"]) for name in together if name != "fine_tuned"
        },
    }


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"mean": float(np.mean(values)), "least": float(np.min(values))}
