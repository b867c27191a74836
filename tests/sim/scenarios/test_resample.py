"""Variants of a scenario: tasks are resampled in groups, and training and validation tasks are disjoint."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.sim.scenarios.resample import Part, ResampleSpec, groups_of, resampled, stretch
from aurora.sim.scenarios.scenario import parse_scenario
from tests.examples import examples

PIPELINES = expand(sample_spec("pipelines", 2, np.random.default_rng(4)))
BATCH = expand(sample_spec("batch", 2, np.random.default_rng(4)))


def spec(seed: int, part: Part = "training", **more: float) -> ResampleSpec:
    return ResampleSpec(spec_id=f"v{seed}", family="f", scenario="f", part=part, seed=seed, **more)  # type: ignore[arg-type]


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from(["training", "validation"]), st.floats(0.1, 5), st.floats(0, 1))
def test_a_variant_is_a_valid_scenario_of_about_the_same_size(seed: int, part: Part, gap: float, spread: float) -> None:
    variant = resampled(spec(seed, part, gap_factor=gap, duration_spread=spread), PIPELINES)
    again = parse_scenario(variant.model_dump(mode="json"))  # ids of their own, dependencies that are there
    assert again == variant
    widest = max(len(g.tasks) for g in groups_of(PIPELINES))
    assert len(PIPELINES.tasks) <= len(variant.tasks) < len(PIPELINES.tasks) + widest
    assert variant.nodes == PIPELINES.nodes
    assert max(t.arrival_time for t in variant.tasks) <= variant.workload_definition.time_horizon


def test_dependent_tasks_are_sampled_together() -> None:
    sizes = {len(g.tasks) for g in groups_of(PIPELINES)}
    assert max(sizes) > 1
    assert {len(g.tasks) for g in groups_of(resampled(spec(3), PIPELINES))} <= sizes


def test_training_and_validation_tasks_are_disjoint() -> None:
    groups = groups_of(BATCH)
    training, validation = stretch(groups, "training"), stretch(groups, "validation")
    assert training + validation == groups
    held_out = {t.task_id for g in validation for t in g.tasks}
    for seed in range(5):
        drawn = {t.task_id.partition("-")[2] for t in resampled(spec(seed), BATCH).tasks}
        assert not drawn & held_out
        later = {t.task_id.partition("-")[2] for t in resampled(spec(seed, "validation"), BATCH).tasks}
        assert later <= held_out


def test_the_same_spec_gives_the_same_variant_and_another_seed_another() -> None:
    assert resampled(spec(1), BATCH) == resampled(spec(1), BATCH)
    assert resampled(spec(1), BATCH).tasks != resampled(spec(2), BATCH).tasks


def test_the_arrival_rate_is_that_of_the_scenario_times_the_factor() -> None:
    def span(gap_factor: float) -> float:
        tasks = resampled(spec(1, gap_factor=gap_factor), BATCH).tasks
        return max(t.arrival_time for t in tasks) - min(t.arrival_time for t in tasks)

    assert span(2.0) == np.float64(span(1.0) * 2).round(6)
