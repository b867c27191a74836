from pathlib import Path

import numpy as np
import pytest

import aurora
from aurora.evals.explanations.interventions import decided_again, moved, winner_after
from aurora.evals.explanations.readability import TERMS, readability
from aurora.evals.explanations.sampling import SampledRun, sampled_decisions, sampled_run
from aurora.evals.explanations.simulation import Shift, is_overturned, predicted
from aurora.evals.explanations.strategies import STRATEGIES, policy_of
from aurora.evals.explanations.suites.agreement import expected, named
from aurora.evals.explanations.suites.completeness import reason_of
from aurora.evals.explanations.transformations import in_other_units, new_name, old_name, permuted, renamed
from aurora.sim.explain.claims import CauseClaim, FlipClaim, run_of
from aurora.sim.explain.decision import Decision, cause, decisions
from aurora.sim.explain.flip import LEVERS, flips


def contested(count: int = 40) -> list[tuple[int, int, int]]:
    found = []
    for key in sampled_decisions(count, seed=0):
        decision = sampled_run(key.seed, key.run).decisions[key.decision]
        if decision.runner_up is not None and cause(decision, decision.runner_up):
            found.append(tuple(key))
    assert len(found) > 5
    return found


def test_a_price_changes_from_the_decision_on() -> None:
    scenario = aurora.generate("batch", level=3, seed=4)
    run = SampledRun("0/0", run_of(scenario, aurora.load_policy("cheapest")))
    decision = next(d for d in run.decisions if d.time > 0 and d.runner_up is not None)
    dear = 3 * decision.chosen.features["node.price"]
    changed = moved(scenario, decision, decision.chosen, "node.price", dear)
    assert changed is not None
    again = decided_again(run, decision, changed)
    assert again is not None
    there = next(o for o in again.options if o.name == decision.chosen.name)
    assert there.features["node.price"] == pytest.approx(dear)


def test_the_runner_up_wins_beyond_the_threshold_that_is_stated() -> None:
    simulated = []
    for seed, number, place in contested(100):
        run = sampled_run(seed, number)
        decision = run.decisions[place]
        other = decision.runner_up
        assert other is not None
        for flip in flips(decision, other):
            lever = next(l for l in LEVERS if l.feature == flip.feature)
            for factor, winner in ((1.02, other.name), (0.98, decision.chosen.name)):
                value = flip.now + factor * (flip.threshold - flip.now)
                won = winner_after(run, decision, other, lever, value)
                simulated += [won == winner] if won is not None else []
    assert len(simulated) > 5
    assert all(simulated)


def test_names_can_be_made_and_taken_back_and_other_scenarios_mean_the_same() -> None:
    assert old_name(f"{new_name('a.b', 3)}–{new_name('ü', 7)}") == "a.b–ü"
    scenario, policy = aurora.generate("offload", level=2, seed=1), aurora.load_policy("cheapest")
    mine = aurora.simulate(scenario, policy).summary
    assert aurora.simulate(renamed(scenario, 5), policy).summary == mine
    other, priced = in_other_units(scenario, policy)
    assert aurora.simulate(other, priced).summary.cost == pytest.approx(100 * mine.cost)
    assert set(permuted(scenario, np.random.default_rng(0)).nodes) == set(scenario.nodes)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_rule_alone_is_the_reason(name: str) -> None:
    policy = policy_of(name, breaks_ties=False)
    history = run_of(aurora.generate("batch", level=3, seed=4), policy)
    told = [
        (expected(d, name, breaks_ties=False), named(d)) for d in decisions(history.scenario, policy, history.outcome)
    ]
    assert all(e == n for e, n in told)


def test_a_reason_is_a_cause_a_draw_or_the_only_candidate() -> None:
    found = {reason_of(sampled_run(k.seed, k.run).case(k.decision)) for k in sampled_decisions(60, seed=0)}
    assert found >= {"cause", "draw", "only candidate"}


def test_the_reader_applies_the_threshold_and_the_cause() -> None:
    for seed, run, number in contested():
        decision: Decision = sampled_run(seed, run).decisions[number]
        other = decision.runner_up
        assert other is not None
        values = {(o.name, f): v for o in decision.options for f, v in o.features.items()}
        for flip in flips(decision, other)[:1]:
            claim = FlipClaim(other.name, flip.feature, flip.threshold, flip.is_below)
            lever = next(l for l in LEVERS if l.feature == flip.feature)
            for factor, truth in ((1.01, True), (0.5, False)):
                shift = Shift(other, lever, flip.now, flip.now + factor * (flip.threshold - flip.now))
                assert is_overturned(decision, shift) == truth
                assert predicted([claim], values, shift, decision.chosen.name) == truth
        claim = CauseClaim(other.name, cause(decision, other))
        lever = next((l for l in LEVERS if not l.follows & set(claim.features)), None)
        if lever is not None:
            shift = Shift(other, lever, 1.0, 2.0)
            assert not predicted([claim], values, shift, decision.chosen.name)


def test_readability_counts_words_without_names_and_numbers() -> None:
    found = readability("Task t1 on n-1.b, because: the lowest fragmentation (0.25 against 3).\nIt waited.")
    assert (found.words, found.sentences, found.jargon) == (9, 2, 1)
    assert (
        readability("We see a cat.").ease > readability("Administrative heterogeneity necessitates consolidation.").ease
    )


def test_jargon_is_what_the_glossary_explains() -> None:
    glossary = (Path(aurora.__file__).parents[1] / "docs" / "glossary.md").read_text("utf-8").lower()
    explained = {
        word.strip() for line in glossary.splitlines() if line.startswith("|") for word in line.split("|")[1].split(",")
    }
    assert explained >= TERMS
