"""Waiting tasks are placed by a policy, and every constraint of the cluster holds afterwards."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.cluster.feasibility import HOSTNAME, Room
from aurora.cluster.placement import place
from aurora.cluster.samples import SAMPLES, load_sample
from aurora.cluster.scenario import PENDING_ARRIVAL, to_scenario
from aurora.cluster.snapshot import Affinity, Snapshot, Spread, Taint
from aurora.errors import DataError, InputError
from aurora.sim.kernel import simulate
from aurora.sim.policies.references import REFERENCES
from tests.cluster.clusters import NOW, WEB, node, snapshot, task
from tests.examples import examples


def test_running_tasks_keep_their_nodes_and_waiting_ones_take_what_is_left() -> None:
    cluster = snapshot(node("a"), node("b"), task("1", "a", 3.0), task("2", "b", 1.0), task("new", cpu=3.0))
    converted = to_scenario(cluster)
    outcome = simulate(converted.scenario, REFERENCES["first_fit"])
    assert [converted.scenario.nodes[n].node_id for n in outcome.tasks.node] == ["a", "b", "b"]
    assert outcome.tasks.start.tolist() == [0.0, 0.0, PENDING_ARRIVAL]


def test_a_policy_chooses_among_the_nodes_that_fit() -> None:
    cluster = snapshot(node("a"), node("b"), task("1", "a", 2.0), task("new", cpu=1.0))
    assert place(cluster, REFERENCES["least_allocated"]).placed[0].node_id == "b"
    assert place(cluster, REFERENCES["most_allocated"]).placed[0].node_id == "a"


def test_anti_affinity_between_two_waiting_tasks_is_kept() -> None:
    apart = (Affinity(topology_key=HOSTNAME, selector=WEB, is_anti=True),)
    pair = [task(str(k), labels={"app": "web"}, affinities=apart) for k in range(3)]
    choices = place(snapshot(node("a"), node("b"), *pair), REFERENCES["first_fit"])
    assert sorted(c.node_id or "-" for c in choices.choices) == ["-", "a", "b"]
    assert choices.choices[-1].reason == "0 of 2 nodes fit: 2 anti-affinity not met"


def test_the_number_of_pods_and_taints_are_kept() -> None:
    full = [task(str(k), "a", 0.0) for k in range(3)]
    tainted = node("b", taints=(Taint(key="gpu", effect="NoSchedule"),))
    choices = place(snapshot(node("a"), tainted, *full, task("new", cpu=0.1)))
    assert choices.choices[0].reason == "0 of 2 nodes fit: 1 insufficient pods, 1 untolerated taint gpu"


@pytest.mark.parametrize("policy", ["first_fit", "least_allocated", "most_allocated"])
def test_a_spread_over_zones_of_many_nodes_is_kept_and_everything_placed(policy: str) -> None:
    even = (Spread(topology_key="zone", max_skew=1, selector=WEB),)
    nodes = [node(f"n{k}", f"z{k // 40}") for k in range(120)]
    web = [task(str(k), labels={"app": "web"}, spreads=even) for k in range(31)]
    cluster = snapshot(*nodes, *web)
    choices = place(cluster, REFERENCES[policy])
    zones = Counter(cluster.nodes_by_id[str(c.node_id)].zone for c in choices.placed)
    assert sorted(zones.values()) == [10, 10, 11]
    _holds(cluster, policy)


def test_a_gang_is_placed_whole_or_not_at_all() -> None:
    gang = [task(f"g{k}", cpu=3.0, gang="g") for k in range(3)]
    choices = place(snapshot(node("a"), node("b"), *gang, task("small", cpu=3.0)))
    assert [c.task_id for c in choices.placed] == ["shop/small"]
    assert "its gang g does not fit as a whole" in choices.choices[1].reason


def test_a_task_that_depends_on_another_waits_for_it() -> None:
    job = task("1", "a", ends_at=NOW + timedelta(minutes=10))
    choices = place(snapshot(node("a"), job, task("2", dependencies=("shop/1",))))
    assert choices.choices[0].reason == "waits for shop/1 to finish"


def test_known_ends_are_kept_and_unknown_ones_noted() -> None:
    job = task("1", "a", ends_at=NOW + timedelta(minutes=10))
    converted = to_scenario(snapshot(node("a"), job, task("2", "a")), horizon=100.0)
    assert [t.duration for t in converted.scenario.tasks] == [600.0, 100.0]
    assert [n.code for n in converted.notes if n.kind == "assumed"] == ["unknown-duration"]


def test_an_overcommitted_node_is_noted_and_keeps_its_tasks() -> None:
    converted = to_scenario(snapshot(node("a"), task("1", "a", 3.0), task("2", "a", 3.0)))
    assert converted.scenario.nodes[0].cpu == 6.0
    assert "overcommitted-node" in [n.code for n in converted.notes]


def test_long_names_are_shortened_and_known_by_both_names() -> None:
    long = task("x" * 300, "a")
    converted = to_scenario(snapshot(node("a"), long))
    (short,) = converted.task_ids
    assert len(short) == 128
    assert converted.task_ids[short] == long.task_id


def test_nothing_to_place_is_an_error() -> None:
    with pytest.raises(DataError, match="waits for a node"):
        place(snapshot(node("a"), task("1", "a")))
    with pytest.raises(InputError, match="'shop/1' is no waiting task"):
        place(snapshot(node("a"), task("1", "a"), task("2")), tasks=["shop/1"])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_placed_within_their_constraints(name: str) -> None:
    _holds(load_sample(name))


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 1.0, 2.0, 3.5]), st.booleans(), st.booleans()), min_size=1, max_size=12),
    st.sampled_from(["first_fit", "least_allocated", "most_allocated"]),
)
@settings(max_examples=examples(25), deadline=None)
def test_whatever_is_placed_keeps_every_constraint(kinds: list[tuple[float, bool, bool]], policy: str) -> None:
    apart = (Affinity(topology_key=HOSTNAME, selector=WEB, is_anti=True),)
    even = (Spread(topology_key="zone", max_skew=1, selector=WEB),)
    tasks = [
        task(str(k), cpu=cpu, labels={"app": "web"}, affinities=apart if a else (), spreads=even if s else ())
        for k, (cpu, a, s) in enumerate(kinds)
    ]
    _holds(snapshot(node("a"), node("b", "z2"), node("c", "z2"), *tasks), policy)


def _holds(cluster: Snapshot, policy: str = "least_allocated") -> None:
    """Check that each task fitted its node when it was placed, in the order in which they were."""
    room = Room(cluster)
    for choice in place(cluster, REFERENCES[policy]).placed:
        asked = cluster.tasks_by_id[choice.task_id]
        assert choice.node_id is not None
        assert room.reasons(asked, choice.node_id) == ()
        room.take(asked, choice.node_id)
