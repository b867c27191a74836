"""The attacker finds where a composition fails, and the composer answers with one that loses less."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.scores.objective import reward
from aurora.learning.composition.selfplay.contenders import contenders
from aurora.learning.composition.selfplay.demands import SIMULATED, Bounds, under, usual_demand
from aurora.learning.composition.selfplay.playing import PlaySettings, mixed_regret, play
from tests.learning.composition.selfplay.tables import FAST, SLOW, WEIGHTS, evaluator

LIMITS = Limits(branches=2, thresholds=(0.7,))


def played(peak=20.0, shift=0.3, seed=0, **fields):
    table = evaluator()
    bounds = Bounds(usual_demand(table, 2), peak, shift)
    return play(table, [FAST, SLOW], WEIGHTS, bounds, PlaySettings(seed=seed, **fields))


def test_a_peak_breaks_the_slow_composition_and_the_fast_one_is_the_answer():
    found = played()
    assert found.usual.pipeline == SLOW
    assert found.usual.weakness.demand.rate > 100
    assert found.usual.weakness.reward == 0
    assert found.usual.weakness.best == FAST
    assert found.robust.pipeline == FAST
    assert found.robust.weakness.regret < found.usual.weakness.regret
    assert found.rounds[0].attacked == SLOW


def test_without_room_the_best_as_usual_is_the_most_robust():
    found = played(peak=1.0, shift=0.0)
    assert found.robust == found.usual
    assert found.usual.weakness.regret == 0
    assert len(found.rounds) == 1


def test_a_weakness_is_what_scores_under_its_demand_say():
    found = played()
    worst = found.robust.weakness
    scores = under(evaluator(), worst.demand, SIMULATED)
    assert worst.reward == pytest.approx(max(0.0, reward(scores(found.robust.pipeline), WEIGHTS)))
    assert worst.best_reward == pytest.approx(max(0.0, reward(scores(worst.best), WEIGHTS)))


def test_the_same_seed_plays_the_same_and_no_pure_choice_beats_the_mix():
    assert played(seed=3) == played(seed=3)
    found = played()
    assert 0 <= found.mixed_regret <= found.robust.weakness.regret + 1e-9


def test_the_value_of_a_known_game():
    assert mixed_regret(np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(0.5)
    assert mixed_regret(np.array([[0.0, 0.2], [0.0, 0.3]])) == pytest.approx(0.0)


def test_contenders_have_the_best_at_the_usual_load_and_at_the_peak():
    table = evaluator()
    found = contenders(table, LIMITS, WEIGHTS, 20.0)
    assert {FAST, SLOW} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", ["rounds", "tries"])
def test_nothing_to_play_is_named(name):
    with pytest.raises(InputError, match=name):
        played(**{name: 0})
