"""Gains are sums over tasks, in units, with intervals over scenarios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aurora.evals.gains import gains
from aurora.sim.outcome import Summary


def summary(rng: np.random.Generator) -> Summary:
    return Summary(
        tasks=10,
        completed=10,
        unplaced=0,
        sla_violations=int(rng.integers(0, 4)),
        latency_mean=float(rng.uniform(1, 9)),
        latency_p95=0.0,
        latency_max=0.0,
        bounded_slowdown=1.0,
        makespan=1.0,
        cpu_utilization=0.0,
        memory_utilization=0.0,
        accelerator_utilization=0.0,
        bandwidth_utilization=0.0,
        cost=float(rng.uniform(1, 2)),
        energy=float(rng.uniform(100, 200)),
        decisions=10,
    )


@pytest.fixture
def before() -> list[Summary]:
    rng = np.random.default_rng(1)
    return [summary(rng) for _ in range(40)]


def test_a_policy_compared_with_itself_gains_nothing(before):
    for gain in gains(before, before):
        assert gain.before == gain.after
        assert gain.change == (0, 0, 0)


def test_a_known_saving_is_measured_in_units(before):
    after = [replace(s, cost=0.9 * s.cost, sla_violations=max(0, s.sla_violations - 1)) for s in before]
    found = {g.objective: g for g in gains(before, after)}
    assert found["cost"].before == pytest.approx(sum(s.cost for s in before) / 400)
    assert found["cost"].change is not None
    assert found["cost"].change.mean == pytest.approx(-10)
    assert found["cost"].change.low == pytest.approx(-10) == found["cost"].change.high
    assert found["latency"].change == (0, 0, 0)
    fewer = sum(s.sla_violations > 0 for s in before)
    assert found["sla"].change is not None
    assert found["sla"].change.mean == pytest.approx(100 * fewer / 400)


def test_an_objective_of_zero_has_no_percentage(before):
    free = [replace(s, cost=0.0) for s in before]
    assert {g.objective: g.change for g in gains(free, before)}["cost"] is None


def test_scenarios_are_weighted_by_their_tasks(before):
    long = replace(before[0], tasks=1000, completed=1000, latency_mean=100.0)
    found = gains([*before, long], [*before, replace(long, latency_mean=50.0)])[0]
    assert found.change is not None
    assert found.change.mean < -45
