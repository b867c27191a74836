"""Tasks that are packed whole never count for more than the nodes that hold them, and bounds know that."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.sim.kernel import encode, run
from aurora.sim.kernel.layout import TOLERANCE
from aurora.sim.optimum.objective_space import axes_of
from aurora.sim.optimum.options import task_options
from aurora.sim.optimum.packing import packed
from aurora.sim.optimum.reward_bound import weighted_bounds
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Task
from tests.sim.optimum.test_bounds import scenario


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(1e-6, 1e6))
def test_what_fits_on_a_node_counts_for_one_node_at_most(parts: list[float], capacity: float) -> None:
    """The simulator lets a task start where it exceeds what is left by its tolerance."""
    left, shares = capacity, []
    for part in parts:
        wanted = part * capacity
        if left + TOLERANCE >= wanted:
            shares.append(wanted / capacity)
            left -= wanted
    assert sum(packed(share, capacity) for share in shares) <= 1


@pytest.mark.parametrize("capacity", [1e-3, 1.0, 64.0])
def test_two_halves_fit_even_when_they_exceed_the_node_by_the_tolerance(capacity: float) -> None:
    half = (capacity + TOLERANCE) / 2 / capacity
    assert packed(half, capacity) <= 1 / 2
    assert packed(1 / 2 + 1e-3, capacity) == (0 if capacity == 1e-3 and TOLERANCE > 1e-6 else 1)


def test_the_bound_of_latency_knows_that_large_tasks_take_turns() -> None:
    """On a node that holds one of them, four tasks of 0.6 end after 10, 20, 30 and 40 seconds: 25 in the mean.

    By shares alone they would need 0.6 of that time.
    """
    tasks = [Task(task_id=f"t{k}", arrival_time=0, cpu_required=6, duration=10) for k in range(4)]
    what = scenario(tasks, [Node(node_id="n", cpu=10, memory=10)])
    encoded = encode(what)
    axes = axes_of(what)
    best = axes.of(run(encoded, compile_policy(REFERENCES["first_fit"])).summary)
    weights = np.array([float(name == "latency") for name in axes.names])
    bound = weighted_bounds(encoded, task_options(encoded), axes).bound(weights, float(weights @ best), 1000)
    assert 0.8 < bound / float(weights @ best) <= 1
