"""Scenarios with numbers of extreme magnitude."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import ScenarioError
from aurora.sim.kernel import encode
from aurora.sim.optimum.bounds import best_reward, bounds
from aurora.sim.scenarios.scenario import SMALLEST_DEMAND, parse_scenario
from aurora.sim.scenarios.whatif import LoadChanges, changed
from aurora.tools.desk import Desk
from aurora.tools.simulation import ScenarioArguments, SimulateArguments, is_solvable, simulate_policy
from aurora.types import LARGEST, SMALLEST
from tests.examples import examples

EXTREMES = (1e-9, 1e-6, 1e-3, 1.0, 60.0, 1e6, 1e9)
positive = st.sampled_from((SMALLEST, LARGEST, *EXTREMES))
not_negative = st.just(0.0) | positive
demand = st.sampled_from((0.0, SMALLEST_DEMAND, *EXTREMES[1:], LARGEST))


@st.composite
def scenarios(draw):
    tasks = []
    for k in range(draw(st.integers(1, 5))):
        task = {"task_id": f"t{k}", "arrival_time": draw(not_negative), "duration": draw(not_negative)}
        if draw(st.booleans()):
            task |= {"cpu_required": draw(demand), "memory_required": draw(demand)}
        else:
            task |= {"source_site": "a", "destination_site": "b", "bandwidth": draw(not_negative)}
            task |= {"data_size": draw(not_negative)}
        for field in ("sla_latency_ms", "patience", "requested_duration"):
            if draw(st.integers(0, 3)) == 0:
                task[field] = draw(not_negative)
        tasks.append(task)
    return {
        "scenario_id": "extreme",
        "domain": "hybrid",
        "nodes": [
            {"node_id": "n0", "cpu": LARGEST, "memory": LARGEST, "speed": draw(positive), "full_power": draw(positive)},
            {
                "node_id": "n1",
                "cpu": draw(not_negative),
                "memory": draw(not_negative),
                "price_per_hour": draw(positive),
            },
        ],
        "links": [{"link_id": "l", "source": "a", "target": "b", "bandwidth": draw(positive)}],
        "workload_definition": {"tasks": tasks, "time_horizon": draw(positive)},
        "environmental_conditions": {
            "node_failures": [{"node_id": "n0", "start": draw(not_negative), "duration": draw(positive)}],
            "network_congestion": [{"start": draw(not_negative), "duration": draw(positive), "factor": 1e6}],
            "dynamic_pricing": [{"time": draw(not_negative), "factor": draw(not_negative)}],
        },
    }


@settings(max_examples=examples(60), deadline=None)
@given(scenarios())
def test_tools_and_bounds_stay_finite_at_any_magnitude(data):
    encoded = encode(parse_scenario(data))
    desk = Desk(scenarios=[encoded])
    asked = ScenarioArguments(scenario_id="extreme")
    assert isinstance(is_solvable(desk, asked).is_solvable, bool)
    told = simulate_policy(desk, SimulateArguments(scenario_id="extreme", policy_id="best_fit", full=True))
    assert all(map(math.isfinite, told.sums.values()))
    try:
        least = bounds(encoded)
    except ScenarioError as error:
        assert "fits" in str(error)
        return
    assert all(map(math.isfinite, least))
    assert math.isfinite(best_reward(least, encoded.scenario))


@pytest.mark.parametrize("field", ["cpu_required", "memory_required"])
def test_a_demand_below_the_resolution_of_the_kernel_is_refused(field):
    task = {"task_id": "t", "arrival_time": 0, "duration": 1, field: 1e-9}
    nodes = [{"node_id": "n", "cpu": 0.0}]
    data = {"scenario_id": "s", "domain": "cloud", "nodes": nodes}
    with pytest.raises(ScenarioError, match=field):
        parse_scenario({**data, "workload_definition": {"tasks": [task], "time_horizon": 1}})


def test_a_change_that_leaves_the_range_is_refused():
    task = {"task_id": "t", "arrival_time": 0, "duration": 1, "cpu_required": 2.0}
    data = {"scenario_id": "s", "domain": "cloud", "nodes": [{"node_id": "n", "cpu": 4.0}]}
    scenario = parse_scenario({**data, "workload_definition": {"tasks": [task], "time_horizon": 1}})
    with pytest.raises(ScenarioError, match="cpu_required"):
        changed(scenario, LoadChanges(factor=1e-12))
