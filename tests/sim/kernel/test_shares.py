"""Shares of a device: shares that sum to one fit on one device, and nothing more."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.sim.kernel import simulate
from aurora.sim.kernel.encode import share_of
from aurora.sim.kernel.layout import DEVICE
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from tests.sim.reference_simulator import ReferenceSimulator


def on_one_device(shares: list[float]) -> Scenario:
    tasks = [
        Task(task_id=f"t{i}", arrival_time=0, duration=5, cpu_required=1, accelerators=1, accelerator_share=share)
        for i, share in enumerate(shares)
    ]
    return Scenario(
        scenario_id="shares",
        domain="cloud",
        nodes=(Node(node_id="n", cpu=1024, accelerators=1),),
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=1),
    )


@given(st.integers(1, 1000))
def test_exactly_n_shares_of_one_nth_fit_on_a_device(n: int) -> None:
    assert n * share_of(1 / n) <= DEVICE < (n + 1) * share_of(1 / n)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
def test_shares_that_sum_to_one_fit_on_a_device(sizes: list[int]) -> None:
    assert sum(share_of(float(Fraction(size, sum(sizes)))) for size in sizes) <= DEVICE


@given(st.integers(1, 1000))
def test_shares_in_thousandths_are_exact(milli: int) -> None:
    assert share_of(milli / 1000) * 1000 == milli * DEVICE


@pytest.mark.parametrize(
    ("share", "fit"), [(1 / 7, 7), (0.1429, 7), (0.142857, 7), (0.143, 6), (0.1667, 6), (0.17, 5), (1 / 11, 11)]
)
def test_the_kernel_and_the_reference_start_as_many_as_fit(share: float, fit: int) -> None:
    scenario = on_one_device([share] * (fit + 1))
    outcome = simulate(scenario, REFERENCES["best_fit"])
    assert sorted(outcome.tasks.start.tolist()) == [0.0] * fit + [5.0]
    slow = ReferenceSimulator(scenario, REFERENCES["best_fit"]).simulate()
    assert sorted(slow.start) == [0.0] * fit + [5.0]


def test_the_smallest_share_is_one_part() -> None:
    assert share_of(5e-324) == share_of(1e-9) == 1
