"""What-ifs compare a cluster before and after changes; policies are ranked by placing its tasks anew."""

from __future__ import annotations

from aurora.cluster.changes import AddNodes, Load, NodeFails, Price
from aurora.cluster.ranking import rank_policies
from aurora.cluster.what_if import what_if
from aurora.sim.policies.references import REFERENCES
from tests.cluster.clusters import node, snapshot, task


def test_tasks_of_a_node_that_fails_go_where_they_fit_and_the_others_wait() -> None:
    nodes = (node("a", price_per_hour=0.1), node("b", price_per_hour=0.1))
    cluster = snapshot(*nodes, task("1", "a", 3.0), task("2", "a", 1.0), task("3", "b", 2.5))
    made = [t.model_copy(update={"workload_id": "shop/Deployment/web"}) for t in cluster.tasks]
    result = what_if(cluster.model_copy(update={"tasks": tuple(made)}), [NodeFails(node_id="a")])
    assert sorted(result.displaced) == ["shop/1", "shop/2"]
    assert [(c.task_id, c.node_id) for c in result.after.placed] == [("shop/2", "b")]
    assert [c.task_id for c in result.newly_waiting] == ["shop/1"]
    assert result.after.hot[0].node_id == "b"


def test_nodes_that_are_added_take_what_waits_and_cost_money() -> None:
    cluster = snapshot(node("a", price_per_hour=0.1), task("1", "a", 4.0), task("2", cpu=2.0))
    result = what_if(cluster, [AddNodes(like="a", count=2)])
    assert (len(result.before.waiting), len(result.after.waiting)) == (1, 0)
    assert (result.before.price_per_hour, round(result.after.price_per_hour or 0, 6)) == (0.1, 0.3)


def test_load_and_prices_show_in_the_state_afterwards() -> None:
    cluster = snapshot(node("a", price_per_hour=0.1), task("1", "a", 3.5))
    assert [h.node_id for h in what_if(cluster, [Load(factor=1.2)]).after.overfull] == ["a"]
    assert what_if(cluster, [Price(factor=2.0)]).after.price_per_hour == 0.2


def test_changes_are_told_in_words_and_leave_the_snapshot_as_it_is() -> None:
    cluster = snapshot(node("a"), task("1", "a"))
    assert what_if(cluster, [Load(factor=2.0)]).changes == ("requests and use of every task times 2",)
    assert cluster.tasks[0].requests == {"cpu": 1.0}


def test_policies_are_ranked_by_tasks_without_a_node_then_by_reward() -> None:
    cluster = snapshot(
        node("a", price_per_hour=1.0), node("b", price_per_hour=0.1), task("1", "a", 2.0), task("2", "a", 2.0)
    )
    ranking = rank_policies(cluster, {n: REFERENCES[n] for n in ("cheapest", "least_allocated")})
    assert [(r.policy_id, r.nodes_used, r.price_per_hour) for r in ranking.rows] == [
        ("cheapest", 1, 0.1),
        ("least_allocated", 2, 1.1),
    ]
    assert ranking.tasks == 2
