"""Which terms of a champion decide: of one that ships, or of a training in another domain than its own.

    AURORA_DATA=TRACES python benchmarks/champion_terms.py champion:gpu --per-family 12
    python benchmarks/champion_terms.py runs/eval/transfer/trained/cloud-1 --domain edge --scenarios 8 --seed 1

Of a champion that ships, each term, rule and choice is removed, and the loss is measured on fresh scenarios of the
families that neither its training nor its choice met, with 95 % intervals, paired by scenario.

The champion of a training, as `aurora eval transfer` takes it from its folder, is judged on the scenarios of that
evaluation against a reference. Then the rule or the term of a score whose removal helps most is removed, again and
again; these are chosen on the scenarios on which they are judged. Prints the gain over the reference with its 95 %
interval, and of what it is made: the difference of each objective's weight times score, and of what tasks left undone
cost.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.alterations import with_weights
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.sources import open_source
from aurora.champions.champion import PREFIX, Champion
from aurora.champions.shipped import shipped_champion, shipped_names
from aurora.evals.policy_parts import losses
from aurora.evals.shipping import Judging, fresh
from aurora.evals.transfer.domains import TRAINED, fresh_scenarios
from aurora.evals.transfer.training import trajectory
from aurora.graphs.run_directory import open_archive
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy, parse_sections
from aurora.sim.policies.expression import Apply, Expr, to_text
from aurora.sim.policies.policy import DecisionRule, Policy
from aurora.sim.policies.program import Op
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score
from aurora.statistics.intervals import mean_interval

Rule = tuple[str, tuple[str, ...]]
"""A rule: its `when`, and the terms of its score with their signs."""


class Judge:
    """Judges rules against a reference on scenarios.

    Args:
        domain: Domain of the scenarios.
        scenarios: Scenarios of each family and level.
        seed: Random seed of the scenarios.
        reference: Name of the reference.
    """

    def __init__(self, domain: str, scenarios: int, seed: int, reference: str) -> None:
        drawn = fresh_scenarios(TRAINED[domain].judged, scenarios, seed)
        self._encoded = [encode(j.scenario) for j in drawn]
        self._strata = [j.stratum for j in drawn]
        self._reference = self._parts(REFERENCES[reference])

    def _parts(self, policy: Policy) -> list[dict[str, float]]:
        program, source, parts = compile_policy(policy), GeneratedSource(), []
        for encoded in self._encoded:
            outcome = run(encoded, program)
            scores, weights = score(outcome.summary, encoded.scenario), encoded.scenario.weights()
            undone = source.value(encoded.scenario, outcome) - scores.reward
            earned: dict[str, float] = {name: weights[name] * value for name, value in scores.objectives.items()}
            parts.append({**earned, "undone": undone})
        return parts

    def gains(self, policy: Policy) -> tuple[list[np.ndarray], dict[str, float]]:
        """Return the gains of each stratum, and their parts over all scenarios."""
        parts = self._parts(policy)
        rows = [{n: own[n] - other[n] for n in own} for own, other in zip(parts, self._reference, strict=True)]
        strata: dict[str, list[float]] = {}
        for stratum, row in zip(self._strata, rows, strict=True):
            strata.setdefault(stratum, []).append(sum(row.values()))
        return [np.array(v) for v in strata.values()], {n: float(np.mean([r[n] for r in rows])) for n in rows[0]}


class Removal(NamedTuple):
    """Rules without one of their parts, and the text of that part."""

    removed: str
    rules: list[Rule]


def terms(expr: Expr, sign: str = "+") -> list[str]:
    """Return the terms of a sum with their signs."""
    if isinstance(expr, Apply) and expr.op in (Op.ADD, Op.SUB):
        other = sign if expr.op is Op.ADD else "-" if sign == "+" else "+"
        return terms(expr.args[0], sign) + terms(expr.args[1], other)
    return [f"{sign} ({to_text(expr)})"]


def removals(rules: Sequence[Rule]) -> Iterator[Removal]:
    """Yield the rules without each rule, and without each term."""
    for i, (when, score_terms) in enumerate(rules):
        if len(rules) > 1 and i < len(rules) - 1:  # without the last rule, tasks would wait for ever
            yield Removal(f"rule: when {when} score {' '.join(score_terms)}", [*rules[:i], *rules[i + 1 :]])
        for k, term in enumerate(score_terms):
            fewer = (when, (*score_terms[:k], *score_terms[k + 1 :]))
            if fewer[1]:
                yield Removal(f"rule {i + 1}: {term}", [*rules[:i], fewer, *rules[i + 1 :]])


def with_rules(policy: Policy, rules: Sequence[Rule]) -> Policy:
    """Return the policy with other rules."""
    own = tuple(DecisionRule(when=when, score=f"0 {' '.join(score_terms)}") for when, score_terms in rules)
    strategy = policy.allocation_strategy.model_copy(update={"decision_rules": own})
    return policy.model_copy(update={"allocation_strategy": strategy})


def print_losses(champion: Champion, judging: Judging) -> None:
    """Print the losses without each part of a champion that ships as a Markdown table."""
    data = os.environ.get("AURORA_DATA")
    source = open_source(champion.provenance.source, Path(data) if data else None)
    source = with_weights(source, champion.weights)
    families = source.test or source.validation
    print(f"| {champion.policy_name} without | loss, {source.unit} [95 %] |\n|---|---|")
    strata = [fresh(source, family, judging)[1] for family in families]
    for row in losses(champion.policy, source, strata, judging.jobs):
        print(f"| {row.part} | {row.loss.mean:+.4f} [{row.loss.low:+.4f}, {row.loss.high:+.4f}] |", flush=True)


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("champion", help="name of a champion that ships, or folder of a training")
    parser.add_argument("--per-family", type=int, default=32, help="scenarios of each family, of a champion that ships")
    parser.add_argument("--domain", default="edge")
    parser.add_argument("--reference", default="nearest")
    parser.add_argument("--evaluations", type=int, default=12_000)
    parser.add_argument("--scenarios", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3)
    given = parser.parse_args()
    if given.champion.removeprefix(PREFIX) in shipped_names():
        print_losses(shipped_champion(given.champion), Judging(given.per_family, given.seed))
        return
    judge = Judge(given.domain, given.scenarios, given.seed, given.reference)
    with open_archive(Path(given.champion)) as store:
        policy = trajectory(store, given.evaluations).champion
    rules = [(to_text(when), tuple(terms(value))) for when, value in parse_sections(policy).rules]
    print(f"| {policy.policy_id} | gain over {given.reference} [95 %] | made of |\n|---|---|---|")
    removed = "as it is"
    for step in range(given.steps + 1):
        strata, parts = judge.gains(with_rules(policy, rules))
        gain = mean_interval(strata)
        made = ", ".join(f"{name} {value:+.4f}" for name, value in parts.items())
        print(f"| {removed} | {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] | {made} |", flush=True)
        if step < given.steps:
            best = max(removals(rules), key=lambda r: float(np.mean(judge.gains(with_rules(policy, r.rules))[0])))
            removed, rules = f"less {best.removed}", best.rules


if __name__ == "__main__":
    main()
