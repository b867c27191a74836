"""The effect of changes is simulated on both sides with the same hours of the past."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.cluster.changes import Cordon, Drain, Scale
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.snapshot import Workload
from aurora.learning.series.series import Series
from tests.cluster.clusters import node, snapshot, task

WEB = Workload(workload_id="shop/Deployment/web", kind="Deployment", replicas=2)


def _history(values: list[float]) -> Series:
    labels = {"workload": WEB.workload_id, "metric": "cpu"}
    return Series("web/cpu", 0, 3600, np.array(values), np.ones(len(values), bool), {}, labels)


CLUSTER = snapshot(
    node("a", price_per_hour=0.1),
    node("b", price_per_hour=0.1),
    task("1", "a", workload_id=WEB.workload_id),
    task("2", "b", workload_id=WEB.workload_id),
    workloads=(WEB,),
)


def test_draining_a_node_puts_its_load_on_the_other() -> None:
    effect = simulate_effect(CLUSTER, [Drain(node_id="a")], history=[_history([2.0] * 24)])
    fullest = effect.measure("fullest_node_cpu")
    assert fullest is not None
    # two cores, half of them on each node of four; then all on one
    assert (fullest.before.expected, fullest.after.expected) == (0.25, 0.5)


def test_the_interval_is_that_of_the_drawn_hours() -> None:
    effect = simulate_effect(CLUSTER, [Cordon(node_id="a")], history=[_history([1.0] * 50 + [3.0] * 50)], runs=2000)
    fullest = effect.measure("fullest_node_cpu")
    assert fullest is not None
    assert (fullest.before.low, fullest.before.high) == (0.125, 0.375)
    assert fullest.before.expected == pytest.approx(0.25, abs=0.01)
    assert fullest.before == fullest.after
    assert effect.runs == 2000


def test_more_replicas_share_the_same_use() -> None:
    effect = simulate_effect(CLUSTER, [Scale(workload_id=WEB.workload_id, replicas=4)], history=[_history([4.0] * 24)])
    fullest = effect.measure("fullest_node_cpu")
    assert fullest is not None
    assert (fullest.before.expected, fullest.after.expected) == (0.5, 0.5)


def test_without_a_history_the_intervals_have_no_width_and_it_says_so() -> None:
    used = snapshot(node("a"), task("1", "a", used={"cpu": 2.0}))
    effect = simulate_effect(used, [Cordon(node_id="a")])
    fullest = effect.measure("fullest_node_cpu")
    assert fullest is not None
    assert (fullest.before.low, fullest.before.high, effect.runs) == (0.5, 0.5, 1)
    assert effect.method.startswith("measured use of one time")


def test_what_is_not_measured_is_left_out() -> None:
    effect = simulate_effect(snapshot(node("a"), task("1", "a")), [Cordon(node_id="a")])
    assert [m.name for m in effect.measures] == ["pending"]
