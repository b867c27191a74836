"""Benchmark of cloning: identification of planted experts, agreement with the clone, savings by fine-tuning."""

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

HELD_OUT_SEED_OFFSET = 10_000
"""Offset added to a seed for the held-out accounts."""
HELD_OUT_PERIODS = 14 * PER_DAY
"""Number of periods for which held-out accounts are run: two weeks."""
SHARE_OF_EXPERTS = 0.25
"""Share of experts among generated accounts."""
NEIGHBOURS = 15
Tell = Callable[[str], None]


def identification(
    population: Population, catalogue: Catalogue, adjust: Adjustment, share: float | None = None
) -> tuple[dict[str, Any], set[str]]:
    """Return the precision and recall of the identified experts, and their ids."""
    planted = {t.account_id for t in population.truth if t.behaviour == "expert"}
    judged = experts.identify_experts(population.accounts, catalogue, adjust=adjust, share=share)
    identified = {s.account_id for s in judged.scores if s.is_expert}
    hits = len(identified & planted)
    return {
        "found": len(identified),
        "planted": len(planted),
        "precision": hits / len(identified) if identified else math.nan,
        "recall": hits / len(planted) if planted else math.nan,
    }, identified


def agreement(chosen: NDArray[np.int64], data: Decisions) -> dict[str, float]:
    """Return the agreement of a policy's choices with those of experts.

    Returns:
        `all`: share of equal choices among all decisions; `acting`: the same among decisions in which the expert
        changed something; `f1`: harmonic mean of precision and recall, averaged over the experts' moves. A policy that
        always keeps the configuration has a low `f1`.
    """
    same = chosen == data.moves
    scores = []
    for move in np.unique(data.moves):
        hits = float((same & (data.moves == move)).sum())
        scores.append(2 * hits / float((data.moves == move).sum() + (chosen == move).sum()))
    return {"all": float(same.mean()), "acting": float(same[data.moves != KEEP].mean()), "f1": float(np.mean(scores))}


def asked_again(population: Population, catalogue: Catalogue, seed: int) -> NDArray[np.int64]:
    """Return the second choices of the generator's experts in the same situations, in the order of `expert_states`.

    Their forecasts err at random, so experts don't always agree with themselves. No policy can agree with them more.
    """
    choices: list[int] = []
    for account, truth in zip(population.accounts, population.truth, strict=True):
        if truth.behaviour != "expert":
            continue
        rng = np.random.default_rng([seed, 72, len(choices)])
        steps = account.period // STEP
        seen = demand(truth.workload, truth.start, len(account) * steps, truth.seed, origin=truth.start)
        seen = seen.reshape(-1, steps)
        machines = new_machines(account.configurations[0], float(seen[0, 0]), catalogue)
        for t, configuration in enumerate(account.configurations[:-1]):
            setting = setting_of(configuration, truth.workload, truth.limit, truth.data, catalogue)
            advance(machines, configuration.instance, setting, seen[t])
            past = seen[: t + 1]
            needs = truth.workload, truth.limit, truth.data
            choices.append(expert(View((), configuration, machines, *needs, past, catalogue, PER_DAY, rng)))
    return np.array(choices)


def nearest_neighbours(train: Decisions, scale: NDArray[np.float32]) -> Choose:
    """Return a policy that makes the most frequent possible move among the nearest situations of experts."""
    table = train.features / scale
    squares = (table**2).sum(axis=1)

    def choose(features: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        moves = np.empty(len(features), np.int64)
        for k, row in enumerate(features / scale):
            near = np.argpartition(squares - 2 * table @ row, NEIGHBOURS)[:NEIGHBOURS]
            votes = np.bincount(train.moves[near], minlength=len(MOVES)) * masks[k]
            moves[k] = votes.argmax()
        return moves

    return choose


def run_experts(population: Population, cases: Sequence[Case], catalogue: Catalogue, seed: int) -> Served:
    """Run the accounts with the generator's experts, who know the past demand exactly."""
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
    """Run the whole of cloning for each seed, from generated accounts to the fine-tuned policy.

    Args:
        seeds: Random seeds of populations and training.
        accounts: Number of accounts whose histories are learnt from.
        held_out: Number of other accounts, for measuring agreement and cost.
        steps: Number of steps of fine-tuning, and of training from scratch.
        shapes: Measured series that generated demand follows.
        tell: Callback for progress messages.

    Returns:
        Results by key; see docs/explanation/cloning.md.
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
    tell(f"seed {seed}: {accounts} accounts for learning, {held_out} held out")
    known = generate(seed, accounts, SHARE_OF_EXPERTS, shapes=shapes)
    others = generate(seed + HELD_OUT_SEED_OFFSET, held_out, SHARE_OF_EXPERTS, shapes=shapes)
    found_experts: dict[str, Any] = {}
    found_experts["mixture"], identified = identification(known, catalogue, "reference")
    found_experts["top_share"], _ = identification(known, catalogue, "reference", SHARE_OF_EXPERTS)
    found_experts["top_share_by_bill"], _ = identification(known, catalogue, "none", SHARE_OF_EXPERTS)
    teachers = [a for a in known.accounts if a.account_id in identified]
    tell(f"seed {seed}: cloning {len(teachers)} accounts identified as experts")
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
    tell(f"seed {seed}: training from scratch, {steps} steps")
    scratch = TuneSettings(seed=seed, entropy=0.01)
    policies["scratch"] = chooser(tune(None, draw, catalogue, steps, scratch))
    policies["keep"] = lambda features, masks: np.zeros(len(features), np.int64)
    cases = [true_case(a, t, HELD_OUT_PERIODS, seed) for a, t in zip(others.accounts, others.truth, strict=True)]
    served = {name: run_policy(choose, cases, catalogue) for name, choose in policies.items()}
    served["expert"] = run_experts(others, cases, catalogue, seed)
    change = compare_served(served["clone"], served["fine_tuned"])
    mixture = found_experts["mixture"]
    tell(
        f"seed {seed}: precision {mixture['precision']:.2f}, recall {mixture['recall']:.2f}, "
        f"agreement {agreed['clone']['all']:.3f}; fine-tuned compared with the clone: "
        f"cost {change['cost_change']['mean']:+.1%}, misses {change['misses_change']['mean']:+.2%}"
    )
    return {
        "seed": seed,
        "identification": found_experts,
        "decisions": len(test.moves),
        "keep_share": float((test.moves == KEEP).mean()),
        "agreement": agreed,
        "policies": {name: served_means(s) for name, s in served.items()},
        "fine_tuned_beside_clone": change,
    }, served


def _summary(runs: Sequence[dict[str, Any]], served: Sequence[dict[str, Served]]) -> dict[str, Any]:
    """Summarise all seeds: means, and paired comparisons of all held-out accounts together."""
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
