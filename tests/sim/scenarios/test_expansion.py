"""Every spec expands to a valid scenario, or to an error that names the field."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import ScenarioError
from aurora.sim.scenarios.expansion import expand, usual_targets
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import parse_scenario
from aurora.sim.scenarios.spec import parse_spec
from aurora.types import LARGEST, SMALLEST
from tests.examples import examples

EXTREMES = (SMALLEST, 1e-9, 1e-6, 1e-3, 1.0, 60.0, 1e6, 1e9, LARGEST)
positive = st.sampled_from(EXTREMES) | st.floats(SMALLEST, LARGEST)
not_negative = st.just(0.0) | positive


@st.composite
def ranges(draw):
    low, high = sorted((draw(positive), draw(positive)))
    return {"low": low, "high": high}


@st.composite
def groups(draw):
    is_flow = draw(st.booleans())
    group = {
        "count": draw(st.integers(1, 5)),
        "pattern": draw(st.sampled_from(("bursty", "periodic", "sporadic"))),
        "duration": draw(ranges()),
        "overestimate": draw(st.floats(1, 20)),
        "is_flow": is_flow,
        "has_source": draw(st.booleans()),
        "bandwidth": draw(ranges()),
        "data_size": draw(ranges()),
        "sla_latency_ms": draw(ranges()),
    }
    return group if is_flow else {**group, "cpu": draw(ranges()), "memory": draw(ranges())}


@st.composite
def node_classes(draw):
    idle, full = sorted((draw(not_negative), draw(not_negative)))
    return {
        "count": draw(st.integers(1, 3)),
        "cpu": draw(positive),
        "memory": draw(not_negative),
        "speed": draw(positive),
        "price_per_hour": draw(not_negative),
        "idle_power": idle,
        "full_power": full,
        "battery": draw(st.none() | positive),
        "site": draw(st.sampled_from(("none", "core", "spread"))),
    }


@st.composite
def specs(draw):
    return {
        "spec_id": "extreme",
        "domain": "hybrid",
        "time_horizon": draw(positive),
        "groups": draw(st.lists(groups(), min_size=1, max_size=3)),
        "node_classes": draw(st.lists(node_classes(), min_size=1, max_size=2)),
        "topology": {
            "kind": draw(st.sampled_from(("star", "ring", "random"))),
            "sites": draw(st.integers(2, 6)),
            "bandwidth": draw(ranges()),
            "latency_ms": draw(ranges()),
            "price_per_gbps_hour": draw(not_negative),
        },
        "trouble": {
            "node_failures": draw(st.integers(0, 3)),
            "failure_duration": draw(ranges()),
            "congestions": draw(st.integers(0, 3)),
            "congestion_factor": draw(ranges()),
            "price_changes": draw(st.integers(0, 3)),
            "price_factor": draw(ranges()),
        },
        "seed": draw(st.integers(0, 99)),
    }


@settings(max_examples=examples(300), deadline=None)
@given(specs())
def test_a_valid_spec_expands_to_a_valid_scenario_at_any_magnitude(data):
    try:
        spec = parse_spec(data)
    except ScenarioError as error:
        assert "congestion_factor" in str(error) or "cpu and memory" in str(error)  # ranges of their own
        return
    scenario = expand(spec)
    assert parse_scenario(scenario.model_dump()) == scenario
    assert all(t.duration >= SMALLEST for t in scenario.tasks)


SPEC = {
    "spec_id": "small",
    "domain": "cloud",
    "time_horizon": 600.0,
    "groups": [{"count": 3, "duration": {"low": 1.0, "high": 2.0}, "cpu": {"low": 1.0, "high": 2.0}}],
    "node_classes": [{"count": 2, "cpu": 4.0}],
    "trouble": {"congestions": 1},
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_horizon": 5e-324}, "time_horizon"),
        ({"time_horizon": 1e16}, "time_horizon"),
        ({"node_classes": [{"count": 2, "cpu": 5e-324}]}, "cpu"),
        ({"trouble": {"congestion_factor": {"low": 1.0, "high": 1e15}}}, "congestion_factor"),
        ({"objective_weights": {"cost": 0.0}}, "objective_weights"),
    ],
)
def test_a_number_out_of_range_is_refused_by_its_field(change, field):
    with pytest.raises(ScenarioError, match=field):
        parse_spec({**SPEC, **change})


def test_targets_equal_a_direct_summation():
    rng = np.random.default_rng(3)
    for family in FAMILIES:
        scenario = expand(sample_spec(family, 2, rng))
        found = usual_targets(scenario.tasks, scenario.nodes, scenario.links)
        energy = 0.0
        for task in (t for t in scenario.tasks if t.destination_site is None):
            for node in scenario.nodes:
                share = max(task.cpu_required / node.cpu, task.memory_required / node.memory if node.memory else 0.0)
                energy += 1 / len(scenario.nodes) * task.duration * min(1.0, share) * node.full_power / node.speed
        assert found.energy == max(energy, 1e-3)
        assert math.isfinite(found.cost)


@pytest.mark.parametrize(
    ("tasks", "nodes", "seconds"), [(4_000, 1_000, 4), pytest.param(20_000, 5_000, 20, marks=pytest.mark.slow)]
)
def test_a_large_spec_expands_in_seconds(tasks, nodes, seconds):
    """The larger one is the largest that is allowed."""
    group = {**SPEC["groups"][0], "count": tasks}
    spec = parse_spec({**SPEC, "groups": [group], "node_classes": [{"count": nodes, "cpu": 4.0}]})
    began = time.process_time()
    assert len(expand(spec).tasks) == tasks
    assert time.process_time() - began < seconds
