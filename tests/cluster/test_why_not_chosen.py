"""Why a task is not on a node, with the policy's preference; every change is tried out."""

from __future__ import annotations

import random

import pytest

from aurora.cluster.explanation.why_not import NodeContrast, sentence, why_not_chosen
from aurora.cluster.samples import load_sample
from aurora.cluster.snapshot import Affinity, Taint
from aurora.sim.policies.references import REFERENCES
from tests.cluster.clusters import WEB, node, snapshot, task


def test_a_node_that_fits_and_is_not_preferred_says_on_what_it_lost_and_what_would_change_it() -> None:
    cluster = snapshot(node("a"), node("b"), task("old", "b", 2.0), task("new"))
    found = why_not_chosen(cluster, "shop/new", "b")
    assert found.steps == ()
    assert found.is_enough
    assert found.chosen == "a"
    assert found.because_of == ("fit.cpu_left",)
    assert found.cordons == ("a",)
    # a has 3 / 4 of its cores left, a score of floor((75 + 100) / 2) = 87; b of c cores needs 88, so (c - 3) / c of
    # 0.76 at least: 12.5 cores
    (amount,) = found.amounts
    assert (amount.kind, amount.subject, amount.now) == ("cpu", "b", 4.0)
    assert amount.then == pytest.approx(12.5, rel=0.01)
    assert "least_allocated prefers a for its share of cores left" in sentence(found)
    assert "or closing a" in sentence(found)


def test_a_price_that_would_make_the_policy_choose_it() -> None:
    cluster = snapshot(node("a", price_per_hour=1.0), node("b", price_per_hour=2.0), task("new"))
    found = why_not_chosen(cluster, "shop/new", "b", REFERENCES["cheapest"])
    assert [e.kind for e in found.amounts] in (["price"], ["cpu"])


def test_constraints_come_first_and_the_preference_is_asked_with_them_gone() -> None:
    closed = node("b", is_cordoned=True, taints=(Taint(key="gpu", effect="NoSchedule"),))
    cluster = snapshot(node("a"), closed, task("old", "a", 2.0), task("new"))
    found = why_not_chosen(cluster, "shop/new", "b")
    assert {s.text for s in found.steps} == {
        "uncordon b",
        "let shop/new tolerate gpu, or remove the taint from b",
    }
    assert found.chosen == "b"
    assert sentence(found).endswith("least_allocated then chooses it.")


def test_two_equal_nodes_are_a_draw() -> None:
    found = why_not_chosen(snapshot(node("a"), node("b"), task("new")), "shop/new", "b")
    assert found.is_draw
    assert "both are as good, and it comes first in the list" in sentence(found)


def test_tasks_that_keep_apart_and_accelerators_are_among_the_constraints() -> None:
    apart = Affinity(topology_key="kubernetes.io/hostname", selector=WEB, is_anti=True)
    web = {"labels": {"app": "web"}, "affinities": (apart,)}
    gpu = {"allocatable": {"nvidia.com/gpu": 1.0}, "accelerator_model": "T4"}
    asks = {"requests": {"cpu": 1.0, "nvidia.com/gpu": 2.0}, "accelerator_models": ("A100",)}
    cluster = snapshot(node("a", **gpu), task("1", "a", **web), task("2", **web, **asks))
    found = why_not_chosen(cluster, "shop/2", "a")
    assert {s.reason.kind for s in found.steps} == {"insufficient", "model", "apart from tasks"}
    assert found.is_enough
    assert found.chosen == "a"


@pytest.mark.parametrize("name", ["web-shop", "gpu-cluster", "hpc-queue"])
def test_every_answer_on_the_samples_holds(name: str) -> None:
    cluster, rng = load_sample(name), random.Random(5)
    tasks = [t for t in cluster.tasks if t.state in ("pending", "running") and t.kind in ("pod", "job")]
    found: list[NodeContrast] = []
    for t in rng.sample(tasks, 12):
        other = rng.choice([n.node_id for n in cluster.nodes if n.node_id != t.node_id])
        found.append(why_not_chosen(cluster, t.task_id, other))
    assert all(c.is_enough for c in found)
    told = [c for c in found if c.chosen not in (None, c.node_id)]
    assert told
    assert all(c.amounts or c.cordons or c.because_of or c.is_draw for c in told)
