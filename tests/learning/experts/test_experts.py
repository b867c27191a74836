"""Experts among accounts are found by their decisions for their workload and not by a small bill."""

from dataclasses import replace

import numpy as np
import pytest

from aurora.errors import DataError, InputError
from aurora.learning import accounts
from aurora.learning.experts import experts
from aurora.learning.experts.difficulty import reference_cost
from aurora.learning.experts.experts import identify_experts
from aurora.learning.experts.mixture import fit_mixture

CATALOGUE = accounts.synthetic_catalogue()


@pytest.fixture(scope="module")
def population() -> accounts.Population:
    return accounts.generate(201, 150, 0.25, periods=126)


def planted(population: accounts.Population) -> set[str]:
    return {t.account_id for t in population.truth if t.behaviour == "expert"}


def precision_and_recall(result: experts.Identification, population: accounts.Population) -> tuple[float, float]:
    found = {s.account_id for s in result.scores if s.is_expert}
    hits = len(found & planted(population))
    return hits / max(1, len(found)), hits / len(planted(population))


def test_planted_experts_are_found(population: accounts.Population) -> None:
    precision, recall = precision_and_recall(identify_experts(population.accounts, CATALOGUE), population)
    assert precision >= 0.8
    assert recall >= 0.35
    precision, recall = precision_and_recall(identify_experts(population.accounts, CATALOGUE, share=0.25), population)
    assert min(precision, recall) >= 0.65


def test_adjusting_for_difficulty_raises_precision(population: accounts.Population) -> None:
    by_cost = experts.Weights(economy=1, utilisation=0, practice=0, feedback=0)
    plain, adjusted = (
        precision_and_recall(
            identify_experts(population.accounts, CATALOGUE, weights=by_cost, share=0.25, adjust=how),
            population,
        )[0]
        for how in ("none", "reference")
    )
    assert adjusted > plain + 0.05


def test_the_order_of_accounts_does_not_matter(population: accounts.Population) -> None:
    one = identify_experts(population.accounts, CATALOGUE, share=0.2)
    other = identify_experts(population.accounts[::-1], CATALOGUE, share=0.2)
    assert [s.account_id for s in one.scores] == [s.account_id for s in other.scores]
    np.testing.assert_allclose([s.score for s in one.scores], [s.score for s in other.scores])
    assert sum(s.is_expert for s in one.scores) == 30


def test_intervals_contain_their_scores_and_widen_with_variance(population: accounts.Population) -> None:
    judged = identify_experts(population.accounts, CATALOGUE, share=0.2).scores
    assert np.mean([s.low <= s.score <= s.high for s in judged]) > 0.95
    by_name = {a.account_id: a for a in population.accounts}
    spread = [by_name[s.account_id].metric("misses")[42:].std() for s in judged]
    width = np.array([s.high - s.low for s in judged])
    calm, wild = np.array(spread) < np.median(spread), np.array(spread) >= np.median(spread)
    assert np.median(width[calm]) < np.median(width[wild])


def test_weights_change_the_score(population: accounts.Population) -> None:
    by_stars = identify_experts(population.accounts, CATALOGUE, share=0.2, weights=experts.Weights(0, 0, 0, feedback=1))
    stars = [s.parts["feedback"] for s in by_stars.scores]
    assert stars == sorted(stars, reverse=True)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (experts.Weights(economy=-1), "'economy'"),
        (experts.Weights(0, 0, 0, 0), "all weights"),
        (experts.Weights(practice=float("nan")), "'practice'"),
    ],
)
def test_bad_weights_are_refused(weights: experts.Weights, message: str) -> None:
    with pytest.raises(InputError, match=message):
        experts.check_weights(weights)


def test_too_little_history_is_refused_with_the_count(population: accounts.Population) -> None:
    some = [a.between(0, 30) for a in population.accounts[:10]] + list(population.accounts[10:])
    identification = identify_experts(some, CATALOGUE, share=0.2)
    assert len(identification.refused) == 10
    assert identification.refused[0].days == 5.0
    assert len(identification.scores) == 140
    with pytest.raises(DataError, match=r"^12 accounts .* 20 are needed"):
        identify_experts(population.accounts[:12], CATALOGUE)


def test_the_reference_does_not_depend_on_the_configuration_of_cores() -> None:
    truth = accounts.generate(4, 1, 1.0, periods=60).truth[0]
    ample = replace(truth.configuration, minimum=20, maximum=40, instance="general-8", network="12g", storage="fast")
    cost = [
        reference_cost(accounts.simulate(truth, c, 60, 1), CATALOGUE).sum() for c in (ample, replace(ample, minimum=30))
    ]
    assert cost[0] == pytest.approx(cost[1], rel=0.25)


def test_a_mixture_recovers_the_true_groups() -> None:
    rng = np.random.default_rng(1)
    y = np.concatenate([rng.normal(0, 1, 200), rng.normal(8, 1, 50)])
    two = fit_mixture(y, 2)
    assert two.mean == pytest.approx([0, 8], abs=0.5)
    assert two.deviation == pytest.approx(1, abs=0.15)
    assert 3 < two.upper_bound < 6
    assert two.bic < fit_mixture(y, 1).bic
    one = rng.normal(0, 1, 300)
    assert fit_mixture(one, 1).bic < fit_mixture(one, 3).bic


def test_the_probability_of_the_upper_group_increases_and_is_half_at_the_boundary() -> None:
    rng = np.random.default_rng(2)
    wide = fit_mixture(np.concatenate([rng.normal(0, 0.2, 200), rng.normal(1.5, 1.0, 60)]), 3)
    assert (np.diff(wide.upper(np.linspace(-5, 5, 200))) >= -1e-12).all()
    assert wide.upper(np.array([wide.upper_bound]))[0] == pytest.approx(0.5, abs=1e-6)


def test_the_most_similar_situation_to_an_expert_s_is_itself(population: accounts.Population) -> None:
    own = [a for a in population.accounts if a.account_id in planted(population)][:4]
    states = experts.expert_states(own, CATALOGUE)
    found = experts.similar_situations(states.features[200], states, 5)
    assert found[0].distance == 0
    assert (found[0].account_id, found[0].period) == (own[1].account_id, 200 - 125)
    assert [s.distance for s in found] == sorted(s.distance for s in found)
    for s in found:
        assert accounts.moves_between(s.before, s.after, CATALOGUE) == (() if s.move == "keep" else (s.move,))
