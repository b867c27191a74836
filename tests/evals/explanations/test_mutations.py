from collections import Counter

import numpy as np
import pytest

from aurora.agents.explain.explainer import claims_of
from aurora.agents.explain.telling.facts import known_of_decision
from aurora.cluster.explanation.checking import check as check_plan
from aurora.cluster.explanation.gathering import gather
from aurora.evals.explanations.mutations.claims import false_claims, irrelevant, weak
from aurora.evals.explanations.mutations.emphasis import exchanged
from aurora.evals.explanations.mutations.plan_claims import false_plan_claims
from aurora.evals.explanations.mutations.sentence import Said
from aurora.evals.explanations.sampling import sampled_decisions, sampled_plan, sampled_run
from aurora.evals.explanations.suites import mutation
from aurora.sim.explain.claims import check


def test_false_claims_of_every_kind_are_caught() -> None:
    made: Counter[str] = Counter()
    for key in sampled_decisions(60, seed=4):
        case = sampled_run(key.seed, key.run).case(key.decision)
        assert case.decision is not None
        others = sampled_run(key.seed, key.run).decisions
        for kind, false in false_claims(
            claims_of(case.decision), case.decision, others, np.random.default_rng(1)
        ).items():
            made[kind] += len(false)
            assert not [c for c in check(false, case) if c.holds], kind
    assert {k for k, n in made.items() if n >= 5} == {
        "wrong number", "wrong node", "wrong comparator", "cause of another decision", "true but irrelevant cause",
        "right number, wrong subject", "misleading emphasis",
    }  # fmt: skip


def test_a_true_comparison_without_weight_is_no_reason() -> None:
    judged = []
    for key in sampled_decisions(60, seed=4):
        run = sampled_run(key.seed, key.run)
        decision = run.decisions[key.decision]
        for claim in (*irrelevant(decision), *weak(decision)):
            assert check([claim], run.case(key.decision))[0].holds
            known = known_of_decision([claim], decision, run.history.scenario)
            assert known.facts[0].role == "setting"
            judged.append(mutation._is_struck_as_reason(claim, claims_of(decision), decision, run))
    assert len(judged) > 50
    assert all(judged)


def test_false_claims_about_plans_are_caught_and_true_ones_kept() -> None:
    made: Counter[str] = Counter()
    for number in range(3):
        case = sampled_plan(2, number).case
        true = gather(case)
        assert all(c.holds for c in check_plan(true, case))
        for kind, false in false_plan_claims(true, case, np.random.default_rng(0)).items():
            made[kind] += len(false)
            assert not [c.claim for c in check_plan(false, case) if c.holds], kind
    assert min(made[k] for k in mutation.KINDS) > 0


def test_a_miss_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation, "_is_struck", lambda text, cited, known: False)
    (key,) = sampled_decisions(1, seed=4)
    found = mutation._of_decision(sampled_run(key.seed, key.run), key.decision, np.random.default_rng(0))
    assert found.shares["true sentences kept"][0] == found.shares["true sentences kept"][1]
    caught, made = found.shares["unsupported advice"]
    assert made > 0
    assert caught == 0


def test_numbers_are_exchanged_between_their_subjects() -> None:
    said = Said("n1 has a lower price than n2 (3.25 J against 4 J).", 1, "pair", ("n1", "n2"), ("n3",), ("price",), ())
    assert list(exchanged(said, np.random.default_rng(0))) == [
        "n1 has a lower price than n2 (4 J against 3.25 J).",
        "n3 has a lower price than n2 (3.25 J against 4 J).",
    ]
