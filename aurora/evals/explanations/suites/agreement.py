"""Agreement with expert strategies: under a policy whose rule is known, the rule must be the reason named.

Half of the runs follow the rule alone. In the others a weak preference for other features breaks ties, as experts do;
the strongest feature of the named reason must still be the rule's wherever the rule gave the winner the greater lead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from aurora.agents.explain.run_plan import decided_by
from aurora.evals.explanations.sampling import SampledRun
from aurora.evals.explanations.strategies import PREFERENCE, STRATEGIES, policy_of
from aurora.evals.explanations.suites.suite import Measured, Suite, listed
from aurora.evals.results.result import Metric, Table
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import Decision, advantages, decisions, is_level
from aurora.sim.policies.expression import evaluate, parse

DECISIONS_OF_A_RUN = 20
"""Most decisions of a run that are compared, spread over it."""


def named(decision: Decision) -> str:
    """Return the strategy whose feature is the strongest of the reason, or `draw`, `only candidate`, `many`."""
    kind, features = decided_by(decision)
    if not features:
        return {"no alternative": "only candidate", "a draw": "draw"}.get(kind, "many")
    assert decision.runner_up is not None  # features beat one
    lost = advantages(decision, decision.runner_up)
    strongest = max(features, key=lambda f: lost.get(f, 0.0))
    return next(name for name, s in STRATEGIES.items() if strongest in s.features)


def expected(decision: Decision, name: str, *, breaks_ties: bool) -> str:
    """Return the strategy that gave the winner the greatest lead over the runner-up, by the rules' own scores.

    Args:
        decision: Decision of a policy of `policy_of`.
        name: Its strategy.
        breaks_ties: Whether the other strategies break ties in it.
    """
    other = decision.runner_up
    if other is None:
        return "only candidate"
    if is_level(decision, other.features):
        return "draw"
    if not breaks_ties:
        return name
    leads = {
        n: (1.0 if n == name else PREFERENCE)
        * (evaluate(parse(s.rule), decision.chosen.features) - evaluate(parse(s.rule), other.features))
        for n, s in STRATEGIES.items()
    }
    return max(leads, key=lambda n: leads[n])


def _of_run(run: SampledRun, rng: np.random.Generator) -> Measured:
    number = int(run.name.split("/")[1])
    name = list(STRATEGIES)[number % len(STRATEGIES)]
    breaks_ties = bool(number // len(STRATEGIES) % 2)
    policy = policy_of(name, breaks_ties=breaks_ties)
    history = run_of(run.history.scenario, policy)
    every = list(decisions(history.scenario, policy, history.outcome))
    counts: dict[str, tuple[float, int]] = {}
    chosen = [every[k] for k in sorted(rng.permutation(len(every))[:DECISIONS_OF_A_RUN])]
    told = [(expected(d, name, breaks_ties=breaks_ties), named(d)) for d in chosen]
    contested = [(e, n) for e, n in told if e in STRATEGIES]
    kind = "with tie-breaks" if breaks_ties else "rule alone"
    hits = float(sum(e == n for e, n in contested))
    counts["agreement"] = counts[f"agreement, {kind}"] = hits, len(contested)
    for e in STRATEGIES:
        of = [n for x, n in contested if x == e]
        counts |= {f"{e} named {n}": (float(of.count(n)), len(of)) for n in (*STRATEGIES, "many")}
    return Measured(counts)


def _tables(metrics: Sequence[Metric]) -> Iterator[Table]:
    """Yield the agreement, and the strategies named for each strategy that decided."""
    yield listed(SUITE, [m for m in metrics if " named " not in m.name])
    values = {m.name: m for m in metrics}
    columns = (*STRATEGIES, "many")
    decided = [e for e in STRATEGIES if f"{e} named {e}" in values]
    yield Table(
        title="agreement: strategy that decided, and strategy named, % of decisions",
        columns=("decided", *columns, "decisions"),
        rows=tuple(
            (e, *(round(100 * values[f"{e} named {n}"].value, 1) for n in columns), values[f"{e} named {e}"].samples)
            for e in decided
        ),
    )


SUITE = Suite(
    "agreement", "the reason named is the rule that an expert strategy follows", of_run=_of_run, tables=_tables
)
