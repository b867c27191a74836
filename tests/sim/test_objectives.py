"""The table of objectives is consistent, and carbon is computed, bounded, scored and shown by it."""

from typing import Any, get_args

import numpy as np
import pytest

from aurora.agents.explain.wording import MEASURES as NOUNS_OF_RUNS
from aurora.errors import ScenarioError
from aurora.evals.compare import compare_policies
from aurora.sim.kernel import encode, simulate
from aurora.sim.measures import MEASURES, measures_of
from aurora.sim.objectives import GENERAL, OBJECTIVES, OPTIONAL_FIELDS, WITH_TARGET, ObjectiveName, ObjectiveTargets
from aurora.sim.optimum.bounds import Bounds, bounds
from aurora.sim.outcome import Summary
from aurora.sim.policies.features import FEATURE_INDEX
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.references import REFERENCES
from aurora.sim.report import report_simulation
from aurora.sim.rewards import objective_vector, score
from aurora.sim.scenarios.expansion import usual_targets
from aurora.sim.scenarios.scenario import Node, Scenario, parse_scenario
from aurora.sim.scenarios.whatif import CarbonChanges, NodeRemoved, all_changed, changed
from aurora.tools.simulation import SHORT_SUMS, ObjectiveBounds
from tests.sim.kernel.test_kernel_against_reference import random_scenario, with_carbon


def hour(intensities: tuple[float | None, ...], *changes: dict[str, Any], **more: Any) -> Scenario:
    """Return a scenario with one task that keeps a core of each node busy for an hour, at 600 W."""
    nodes = [
        {"node_id": f"n{k}", "cpu": 1, "idle_power": 100, "full_power": 600, "carbon_intensity": intensity}
        for k, intensity in enumerate(intensities)
    ]
    tasks = [
        {"task_id": f"t{k}", "arrival_time": 0, "duration": 3600, "cpu_required": 1} for k in range(len(intensities))
    ]
    data = {
        "scenario_id": "hour",
        "domain": "cloud",
        "nodes": nodes,
        "workload_definition": {"tasks": tasks, "time_horizon": 3600},
        "environmental_conditions": {"dynamic_carbon": changes},
        **more,
    }
    return parse_scenario(data)


def carbon_of(scenario: Scenario) -> float:
    return simulate(scenario, REFERENCES["first_fit"]).summary.carbon


def test_names_targets_sums_and_features_follow_the_table() -> None:
    assert tuple(o.name for o in OBJECTIVES) == get_args(ObjectiveName)
    assert tuple(o.name for o in WITH_TARGET) == tuple(ObjectiveTargets.model_fields)
    assert {o.field for o in OBJECTIVES} <= set(Summary.__slots__)
    assert {o.bound for o in OBJECTIVES if o.bound} == set(Bounds._fields)
    assert set(OPTIONAL_FIELDS) <= set(Node.model_fields)
    features = [f"objective.{o.name}" for o in OBJECTIVES] + [f"objective.{o.name}_target" for o in WITH_TARGET]
    assert {*features, *(o.fit for o in OBJECTIVES if o.fit)} <= set(FEATURE_INDEX)
    assert [FEATURE_INDEX[f] for f in features] == list(range(FEATURE_INDEX[features[0]], len(FEATURE_INDEX)))


def test_every_reader_shows_the_objectives_of_the_table() -> None:
    assert {o.measure for o in OBJECTIVES} <= {m.name for m in MEASURES}
    assert {o.field for o in OBJECTIVES} <= set(SHORT_SUMS) & set(NOUNS_OF_RUNS)
    assert {o.bound for o in OBJECTIVES if o.bound} | {"reward"} == set(ObjectiveBounds.model_fields)
    standing = compare_policies([hour((400, 100))], {"first_fit": REFERENCES["first_fit"]}).winner
    assert set(standing.amounts) == {o.name for o in OBJECTIVES}
    assert {o.compared for o in OBJECTIVES} <= set(standing.to_json())


def test_optional_features_are_no_inputs_of_networks() -> None:
    assert GENERAL == ("latency", "cost", "energy", "qos")
    assert not any("carbon" in text for text in (*CANDIDATE_INPUTS, *CONTEXT_INPUTS))


@pytest.mark.parametrize(
    ("changes", "grams"),
    [
        ((), 0.6 * (400 + 100)),
        (({"time": 1800, "factor": 0.5},), 0.3 * (400 + 100) + 0.3 * (200 + 50)),
        (
            ({"time": 900, "factor": 3, "node_id": "n1"}, {"time": 2700, "factor": 0}),
            0.45 * 400 + 0.15 * 100 + 0.3 * 300,
        ),
        (({"time": 0, "factor": 2}, {"time": 9000, "factor": 50}), 0.6 * (800 + 200)),
    ],
)
def test_carbon_is_energy_times_the_intensity_at_that_time(changes: tuple[dict[str, Any], ...], grams: float) -> None:
    assert carbon_of(hour((400, 100), *changes)) == pytest.approx(grams)


def test_a_what_if_multiplies_the_intensities_that_nodes_state() -> None:
    scenario = hour((400, 100), {"time": 1800, "factor": 0.5})
    everywhere, one = (all_changed(scenario, [CarbonChanges(factor=3, node_id=n)]) for n in (None, "n0"))
    assert carbon_of(everywhere) == pytest.approx(3 * carbon_of(scenario))
    assert [n.carbon_intensity for n in one.nodes] == [1200, 100]
    for node_id in (None, "n0"):
        with pytest.raises(ScenarioError, match="carbon_intensity that could change"):
            all_changed(hour((None, None)), [CarbonChanges(factor=2, node_id=node_id)])


def test_a_node_that_states_no_intensity_emits_nothing() -> None:
    scenario = hour((None, 100))
    assert carbon_of(scenario) == pytest.approx(60)
    assert scenario.counted == (*GENERAL, "carbon") and hour((None, None)).counted == GENERAL


def test_carbon_is_scored_against_its_target() -> None:
    targets = usual_targets(hour((400, 100)).tasks, hour((400, 100)).nodes, [])
    assert targets.carbon == pytest.approx(2 * 0.6 * 250)
    scenario = hour((400, 100), objectives=["carbon", "qos"], objective_targets={"carbon": 300})
    outcome = simulate(scenario, REFERENCES["first_fit"])
    assert score(outcome, scenario).objectives == pytest.approx({"carbon": 0.5, "qos": 1.0})
    assert objective_vector(outcome.summary, scenario.counted)[-1] == pytest.approx(300)
    assert len(objective_vector(outcome.summary)) == len(GENERAL)


def test_carbon_is_shown_only_where_a_node_states_an_intensity() -> None:
    for scenario, is_shown in ((hour((400, 100)), True), (hour((None, None)), False)):
        report = report_simulation(scenario, REFERENCES["first_fit"]).with_bounds()
        data = report.to_json()
        assert ("carbon" in data["summary"], "carbon" in data["bounds"]) == (is_shown, is_shown)
        assert ("carbon" in [m.name for m in measures_of(report)]) == is_shown
        assert data["bounds"].get("carbon", 0) <= data["summary"].get("carbon", 0)


def test_the_bound_on_carbon_waits_for_the_cleanest_hour() -> None:
    later = hour((400, 400), {"time": 7200, "factor": 0.25}, {"time": 10800, "factor": 1})
    assert bounds(encode(later)).carbon == pytest.approx(2 * 0.6 * 100, rel=1e-5)


@pytest.mark.parametrize(
    ("seeds", "fewest"), [(range(4, 40, 10), 7), pytest.param(range(40), 30, marks=pytest.mark.slow)]
)
def test_no_reference_beats_the_bound_on_carbon(seeds: range, fewest: int) -> None:
    judged = 0
    for seed in seeds:
        scenario = with_carbon(random_scenario(seed))
        try:
            least = bounds(encode(scenario))
        except ScenarioError:
            continue
        for name in ("first_fit", "greenest", "cheapest", "fcfs+easy"):
            summary = simulate(scenario, REFERENCES[name]).summary
            if summary.completed == len(scenario.tasks):
                judged += 1
                assert summary.carbon >= least.carbon - 1e-9, (seed, name)
    assert judged > fewest


def test_removing_a_node_removes_its_changes() -> None:
    scenario = hour((400, 100), {"time": 10, "factor": 2, "node_id": "n0"}, {"time": 20, "factor": 3})
    left = changed(scenario, NodeRemoved(node_id="n0"))
    assert [c.time for c in left.environmental_conditions.dynamic_carbon] == [20]


def test_a_change_of_an_unknown_node_is_refused() -> None:
    with pytest.raises(ScenarioError, match="dynamic_carbon: unknown node 'n7'"):
        hour((400,), {"time": 10, "factor": 2, "node_id": "n7"})


def test_carbon_intensities_do_not_change_placements() -> None:
    for seed in range(12):
        plain = random_scenario(seed)
        stated = plain.model_copy(
            update={"nodes": tuple(n.model_copy(update={"carbon_intensity": 300.0}) for n in plain.nodes)}
        )
        before, after = (simulate(s, REFERENCES["cheapest"]) for s in (plain, stated))
        assert np.array_equal(before.tasks.start, after.tasks.start, equal_nan=True)
        assert after.summary.carbon == pytest.approx(after.summary.energy * 300 / 3.6e6)
        assert before.summary.carbon == 0
