"""Tools over an open cluster answer from the snapshot, and say so where none is open."""

from __future__ import annotations

import json

import pytest

from aurora.champions.named import policy_names
from aurora.champions.shipped import shipped_champion, shipped_champions
from aurora.cluster.samples.load import SAMPLES, load_sample
from aurora.cluster.snapshot import Workload
from aurora.errors import InputError
from aurora.sim.policies.references import REFERENCES
from aurora.tools.cluster import NoArguments, cluster_overview
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from tests.cluster.clusters import node, snapshot, task

WEB = Workload(workload_id="shop/Deployment/web", kind="Deployment", replicas=3)
CLUSTER = snapshot(
    node("a", price_per_hour=0.2),
    node("b", "z2", is_cordoned=True),
    task("web-1", "a", 1.5, workload_id=WEB.workload_id),
    task("web-2", "a", 0.5, workload_id=WEB.workload_id),
    task("web-3", cpu=3.0, workload_id=WEB.workload_id),
    workloads=(WEB,),
)


def _call(tool: str, **arguments: object) -> dict[str, object]:
    harness = Harness(Desk([], snapshot=CLUSTER), (tool,))
    text = harness.call(tool, arguments)
    assert text.startswith("[E1] "), text
    result: dict[str, object] = json.loads(text.removeprefix("[E1] "))
    return result


def test_the_overview_counts_nodes_tasks_room_and_money() -> None:
    state = _call("cluster_overview")
    assert (state["nodes"], state["usable_nodes"], state["running"], state["pending"]) == (2, 1, 2, 1)
    assert state["price_per_hour"] == 0.2
    assert state["resources"][0] == {  # type: ignore[index]
        "resource": "cpu",
        "allocatable": 8.0,
        "requested": 2.0,
        "free": 6.0,
        "requested_share": 0.25,
        "used": None,
    }


def test_nodes_come_in_the_order_asked_for() -> None:
    assert [n["node_id"] for n in _call("find_nodes", order="emptiest")["nodes"]] == ["b", "a"]  # type: ignore[attr-defined]
    assert _call("find_nodes", contains="Z2")["count"] == 1


def test_a_node_shows_its_tasks_and_marks() -> None:
    assert [t["task_id"] for t in _call("node_details", node_id="a")["tasks"]] == ["shop/web-1", "shop/web-2"]  # type: ignore[attr-defined]
    assert _call("node_details", node_id="b")["conditions"] == ["cordoned"]


def test_tasks_are_found_by_state_and_workload() -> None:
    assert _call("find_tasks", state="pending", contains="deployment/web")["count"] == 1
    assert _call("find_workloads")["workloads"] == [
        {
            "workload_id": "shop/Deployment/web",
            "kind": "Deployment",
            "running": 2,
            "pending": 1,
            "replicas": 3,
            "cpu_requested": 2.0,
            "memory_requested": 0.0,
        }
    ]


def test_a_waiting_task_is_explained_with_what_would_place_it() -> None:
    why = _call("why_task_waits", task_id="shop/web-3")
    assert why["summary"] == "0 of 2 nodes fit: 1 insufficient cpu, 1 cordoned"
    first = why["remedies"][0]  # type: ignore[index]
    assert first == {"node_id": "a", "changes": ["free 1 core on a"], "command": None, "likewise": []}


def test_why_not_tells_reasons_and_changes() -> None:
    why = _call("why_not_on_node", task_id="shop/web-1", node_id="b")
    assert (why["reasons"], why["changes"]) == (["is cordoned"], ["uncordon b"])


def test_a_wrong_name_fails_with_the_nearest() -> None:
    harness = Harness(Desk([], snapshot=CLUSTER), ("node_details",))
    assert "no node 'aa'; did you mean a?" in harness.call("node_details", {"node_id": "aa"})


def test_without_a_cluster_a_tool_says_how_to_open_one() -> None:
    with pytest.raises(InputError, match="open one with a snapshot"):
        cluster_overview(Desk([]), NoArguments())


def test_why_here_names_the_nodes_that_fit_and_a_policys_choice() -> None:
    why = _call("why_task_is_here", task_id="shop/web-1")
    assert (why["node_id"], why["fitting"]) == ("a", ["a"])
    assert why["summary"] == "1 of 2 nodes fit: 1 cordoned"
    assert why["policy_chooses"] == "a"


def test_a_what_if_tells_what_gets_a_node() -> None:
    found = _call("cluster_what_if", changes=[{"kind": "uncordon", "node_id": "b"}])
    assert found["newly_placed"] == [{"task_id": "shop/web-3", "node_id": "b"}]
    assert (found["before"]["waiting"], found["after"]["waiting"]) == (1, 0)  # type: ignore[index]


def test_policies_are_ranked_on_the_cluster() -> None:
    found = _call("rank_cluster_policies", policy_ids=["first_fit", "cheapest"])
    assert found["compared"] == 2
    assert found["champions"] == []


def test_champions_are_ranked_with_their_provenance() -> None:
    name = policy_names()[-1]
    found = _call("rank_cluster_policies", policy_ids=["first_fit", name])
    origin = shipped_champion(name).provenance
    shipped = {
        "policy_id": name,
        "source": origin.source,
        "simulations": origin.simulations,
        "trained_on": list(origin.training_families),
    }
    assert found["champions"] == [shipped]
    assert found["about"] == {  # type: ignore[comparison-overlap]
        "first_fit": REFERENCES["first_fit"].policy_description,
        name: found["about"][name],  # type: ignore[index]
    }


@pytest.mark.parametrize("champion", shipped_champions(), ids=lambda c: c.name)
def test_what_a_champion_does_is_one_sentence_with_its_purpose_and_idea(champion) -> None:
    told = _call("rank_cluster_policies", policy_ids=[champion.policy_name])["about"][champion.policy_name]  # type: ignore[index]
    assert ". " not in told
    for clause in f"{champion.purpose} {champion.idea}".strip().removesuffix(".").split(". "):
        assert clause[1:].removesuffix(".") in told  # its first letter may be small


def test_all_policies_but_those_of_fronts_are_ranked() -> None:
    assert _call("rank_cluster_policies")["compared"] == len(policy_names(with_fronts=False))


def test_nodes_are_listed_by_free_memory_and_cores_those_that_can_not_be_used_last() -> None:
    for sample in SAMPLES:
        desk = Desk([], snapshot=load_sample(sample))
        for order, resource in (("free_memory", "memory"), ("free_cores", "cpu")):
            harness = Harness(desk, ("find_nodes",))
            harness.call("find_nodes", {"order": order, "limit": 40})
            nodes = json.loads(harness.journal[0].text)["nodes"]
            free = [r["free"] for n in nodes if n["is_usable"] for r in n["resources"] if r["resource"] == resource]
            assert free == sorted(free, reverse=True)
            usable = [n["is_usable"] for n in nodes]
            assert usable == sorted(usable, reverse=True)


def test_the_remedies_of_a_waiting_task_are_in_the_part_of_the_result_that_is_shown() -> None:
    for sample in SAMPLES:
        snapshot = load_sample(sample)
        for waiting in (t for t in snapshot.tasks if t.state == "pending"):
            harness = Harness(Desk([], snapshot=snapshot), ("why_task_waits",))
            shown = harness.call("why_task_waits", {"task_id": waiting.task_id})
            whole = json.loads(harness.journal[0].text)
            assert all(change in shown for remedy in whole["remedies"] for change in remedy["changes"])


def test_the_slices_of_a_device_count_for_how_full_a_node_is() -> None:
    harness = Harness(Desk([], snapshot=load_sample("gpu-cluster")), ("find_nodes",))
    found = json.loads(harness.call("find_nodes", {"contains": "mig-1", "order": "fullest"}).removeprefix("[E1] "))
    row = found["nodes"][0]
    slices = [r["requested_share"] for r in row["resources"] if "/mig-" in r["resource"]]
    assert slices
    assert row["fullest_share"] == pytest.approx(max(slices))
