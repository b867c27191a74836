"""Data of the page Cluster."""

from __future__ import annotations

import pytest

from aurora.cluster.opening import open_snapshot
from aurora.cluster.overview import node_states, overview
from aurora.cluster.samples.load import load_sample
from aurora.cluster.waiting import why_waiting
from aurora.errors import InputError
from aurora.web.views import changes, cluster
from aurora.web.views.changes import changes_view
from aurora.web.views.cluster import cluster_view, node_tiles, node_view
from aurora.web.views.tasks import task_matches, why_view
from tests.web.clusters import large_cluster


@pytest.fixture(scope="module")
def shop():
    return open_snapshot("sample:web-shop")


@pytest.fixture(scope="module", params=["web-shop", "gpu-cluster", "hpc-queue"])
def sample(request):
    return open_snapshot(f"sample:{request.param}")


def test_tiles_have_the_shares_of_the_overview(sample):
    tiles = node_tiles(sample)
    states = node_states(sample)
    assert [t.node_id for t in tiles.tiles] == [n.node_id for n in sample.nodes]
    for tile, state in zip(tiles.tiles, states, strict=True):
        assert len(tile.shares) == len(tiles.measures)
        assert tile.shares[0] == round(state.fullest, 3)
        assert tile.tasks == state.tasks
        requested = dict(zip(tiles.measures, tile.shares, strict=True))["cores requested"]
        assert requested == round(state.resources["cpu"].requested_share, 3)


def test_every_label_of_a_small_cluster_can_be_searched(sample):
    tiles = node_tiles(sample)
    for tile, node in zip(tiles.tiles, sample.nodes, strict=True):
        assert {tiles.words[k] for k in tile.words} == {f"{k}={v}" for k, v in node.labels.items()}


def test_only_shared_labels_of_a_large_cluster_are_sent():
    tiles = node_tiles(large_cluster(cluster.MOST_LISTED + 1))
    assert not [w for w in tiles.words if w.startswith("kubernetes.io/hostname")]
    assert "pool=pool-3" in tiles.words


def test_trouble_is_named(shop):
    view = cluster_view(shop)
    troubled = {t.node_id: t.trouble for t in view.nodes.tiles if t.trouble}
    assert troubled == {n.node_id: "cordoned" for n in shop.nodes if n.is_cordoned}


def test_figures_are_those_of_the_overview(shop):
    figures = {f.label: f for f in cluster_view(shop).figures}
    seen = overview(shop)
    assert figures["Nodes"].value == str(seen.nodes)
    assert figures["Tasks running"].note == f"{seen.tasks['pending']} waiting"
    assert figures["Money"].value == f"${seen.price_per_hour:.2f}/h"
    dearest = max(n.price_per_hour for n in shop.nodes)
    named = figures["Money"].note.removeprefix("dearest: ").partition(",")[0]
    assert shop.nodes_by_id[named].price_per_hour == dearest
    assert figures["Energy, estimated"].value.endswith("kWh/h")


def test_waiting_tasks_come_with_the_longest_wait_first(sample):
    rows = cluster_view(sample).waiting
    assert {r.task_id for r in rows} == {t.task_id for t in sample.tasks if t.state == "pending" and not t.node_id}
    waits = [r.seconds for r in rows if r.seconds is not None]
    assert waits == sorted(waits, reverse=True)


def test_why_a_task_waits_is_what_the_library_says(sample):
    for row in cluster_view(sample).waiting:
        view, why = why_view(sample, row.task_id), why_waiting(sample, row.task_id)
        assert (view.summary, view.never, view.fits_now) == (why.summary, why.never, why.fits_now)
        assert [r.node_id for r in view.remedies] == [r.node_id for r in why.remedies]
        assert len(view.nodes) == len(sample.nodes)


def test_a_change_that_does_the_same_for_many_nodes_is_told_once(sample):
    for row in cluster_view(sample).waiting:
        remedies = why_view(sample, row.task_id).remedies
        assert len({r.steps for r in remedies}) == len(remedies)
        for remedy in (r for r in remedies if r.likewise):
            assert remedy.title.startswith(f"On {remedy.node_id}")
            assert remedy.likewise[0] in remedy.title
            assert not any(remedy.node_id in step for step in remedy.steps)


def test_why_is_refused_for_a_task_that_does_not_wait(shop):
    running = next(t.task_id for t in shop.tasks if t.state == "running")
    with pytest.raises(InputError, match="does not wait"):
        why_view(shop, running)


def test_details_of_a_node_name_its_tasks_and_resources(shop):
    for node in shop.nodes:
        view = node_view(shop, node.node_id)
        assert {t.task_id for t in view.tasks} == {t.task_id for t in shop.tasks_by_node[node.node_id]}
        assert {r.resource for r in view.resources} >= {"cores", "memory"}
        assert ("Zone", node.zone) in view.facts
    assert node_view(shop, "no-such-node") is None


def test_changes_between_two_readings_are_listed(shop):
    first, second, *others = shop.nodes
    moved = next(t for t in shop.tasks if t.node_id == first.node_id)
    after = shop.model_copy(
        update={
            "nodes": (first.model_copy(update={"is_cordoned": True, "price_per_hour": 9.0}), second, *others),
            "tasks": tuple(t.model_copy(update={"node_id": second.node_id}) if t is moved else t for t in shop.tasks),
        }
    )
    lines = changes_view(shop, after).lines
    assert ("node", first.node_id, "is_cordoned: no → yes") in lines
    assert ("moved", moved.task_id, f"{first.node_id} → {second.node_id}") in lines
    assert [kind for kind, _, _ in lines][-1] == "money"
    assert changes_view(shop, shop).lines == ()


def test_more_changes_than_are_listed_are_counted(shop):
    empty = shop.model_copy(update={"nodes": (), "tasks": (), "workloads": ()})
    large = large_cluster(changes.MOST_CHANGES + 5)
    view = changes_view(empty, large)
    assert len(view.lines) == changes.MOST_CHANGES
    assert view.left_out > 0


def test_a_cluster_without_nodes_or_figures_is_shown_too(shop):
    empty = shop.model_copy(update={"nodes": (), "tasks": (), "workloads": ()})
    view = cluster_view(empty)
    assert view.nodes.tiles == ()
    assert view.waiting == ()
    assert [f.label for f in view.figures] == ["Nodes", "Tasks running"]


def test_tasks_are_found_by_parts_of_their_names_waiting_ones_first() -> None:
    shop = load_sample("web-shop")
    found = task_matches(shop, "SHOP search")
    assert found.rows[0].task_id == "shop/search-index-0"
    assert found.rows[0].text.endswith(", waits")
    assert all(row.node_id for row in found.rows[1:])
    many = task_matches(shop, "shop/")
    assert len(many.rows) == 8
    assert many.title.endswith("the first 8:")
    assert not task_matches(shop, "s").rows
    assert not task_matches(shop, "no such task").rows


def test_what_no_node_has_is_said_once() -> None:
    shop = load_sample("web-shop")
    assert why_view(shop, "batch/train-ranking-2962b").needs == "a node with 12 cores and a node with 48 GiB"
    assert not why_view(shop, "shop/search-index-0").needs
