"""Over-fitting: the champions of a run on training, validation and test."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from aurora.agents.arena.evaluation import advantage, arena
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.evals.overfitting import (
    MOST_CHAMPIONS,
    Step,
    chosen_steps,
    measure_overfitting,
    overfitting_from_json,
    set_scenarios,
)
from aurora.sim.policies.references import REFERENCES

SOURCE = replace(
    GeneratedSource(),
    training=("batch", "sensors"),
    validation=("services",),
    test=("vehicles", "backbone"),
    effort=GeneratedSource().effort._replace(validation_per_family=3),
)
STEPS = [Step(0, 10, REFERENCES["worst_fit"]), Step(1, 20, SOURCE.templates[0])]


def test_each_set_is_measured_on_its_own_fresh_scenarios() -> None:
    found = measure_overfitting(SOURCE, STEPS, 0.5, seed=3, jobs=1)
    for part, families in ((found.training, SOURCE.training), (found.validation, SOURCE.validation)):
        drawn = [s for family in set_scenarios(SOURCE, families, 3) for s in family]
        expected = advantage(arena(SOURCE, drawn, 1), SOURCE.templates[0], 1).mean()
        assert (part.families, part.scenarios) == (families, len(drawn))
        assert part.advantage.mean == pytest.approx(expected)
    assert found.test is not None
    assert found.test.families == SOURCE.test
    assert found.training.gain == (0, 0, 0)  # the champion is the start
    assert found.training_less_validation == found.start_training_less_validation
    assert found.training_less_validation.mean == pytest.approx(
        found.training.advantage.mean - found.validation.advantage.mean
    )
    assert found.optimism == pytest.approx(0.5 - found.validation.advantage.mean)
    assert [p.evaluations for p in found.curve] == [10, 20]
    assert found.curve[-1].test == pytest.approx(found.test.advantage.mean)
    assert found.curve[0].training != found.curve[1].training
    assert overfitting_from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_source_without_test_families_has_no_test() -> None:
    found = measure_overfitting(replace(SOURCE, test=()), STEPS, 0.5, seed=3, jobs=1)
    assert found.test is found.validation_less_test is found.start_validation_less_test is found.curve[0].test is None
    assert overfitting_from_json(found.to_json()) == found


def test_a_family_has_the_same_scenarios_whatever_others_are_drawn() -> None:
    alone, both = set_scenarios(SOURCE, ["batch"], 1), set_scenarios(SOURCE, ["sensors", "batch"], 1)
    assert [e.scenario for e in alone[0]] == [e.scenario for e in both[1]]
    assert alone[0][0].scenario != set_scenarios(SOURCE, ["batch"], 2)[0][0].scenario


def test_long_runs_are_thinned_evenly() -> None:
    assert chosen_steps(range(5)) == [0, 1, 2, 3, 4]
    thinned = chosen_steps(range(100))
    assert len(thinned) == MOST_CHAMPIONS
    assert (thinned[0], thinned[-1]) == (0, 99)
    assert np.diff(thinned).max() <= 10
