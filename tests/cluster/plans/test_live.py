"""Plans on a live cluster: dry run first, one object at a time, budgets kept, and a stop at the first surprise.

Tested against the fake API server, not against a cluster; `make test-cluster` runs what it can on a real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.changes import Cordon, Drain, Evict, Move, Place, Resize, Scale
from aurora.cluster.plans.approval import approve
from aurora.cluster.plans.execution import apply_plan
from aurora.cluster.plans.proposals import propose_drain
from aurora.cluster.snapshot import Snapshot
from aurora.errors import ConstraintError, InputError, PlanError
from tests.cluster.kubernetes_api import Server, serving
from tests.cluster.kubernetes_objects import Cluster, shop_cluster
from tests.cluster.plans.live import NOW, apply, plan_of, snapshot_of, target, undo

pytest.importorskip("kubernetes")
WEB, API = "shop/Deployment/web", "shop/Deployment/api"


class Live:
    """A served cluster with its snapshot."""

    def __init__(self, cluster: Cluster, server: Server, folder: Path) -> None:
        self.cluster, self.server, self.folder = cluster, server, folder
        self.snapshot: Snapshot = snapshot_of(cluster, folder)

    def apply(self, *changes: Any, **options: Any) -> Any:
        self.plan = plan_of(self.snapshot, *changes)
        return apply(self.plan, self.snapshot, target(self.server.url, **options), self.folder / "j.jsonl")

    def undo(self) -> Any:
        return undo(self.plan, target(self.server.url), self.folder / "j.jsonl")

    def pods_on(self, node: str) -> list[str]:
        return [p["metadata"]["name"] for p in self.cluster.all("pods") if p["spec"].get("nodeName") == node]

    def container(self, name: str = "app") -> dict[str, Any]:
        containers = self.cluster.get("deployments", "shop", "web")["spec"]["template"]["spec"]["containers"]
        return next(c for c in containers if c["name"] == name)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    cluster = shop_cluster()
    with serving(cluster) as server:
        yield Live(cluster, server, tmp_path)


def test_a_resize_merges_into_its_container_and_is_undone(live: Live) -> None:
    before, proxy = json.dumps(live.container()), live.container("proxy")
    change = Resize(workload_id=WEB, container="app", requests={"cpu": 0.25}, limits={"memory": None})
    report = live.apply(change)
    assert report.progress.state == "applied"
    assert live.container()["resources"] == {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {}}
    assert live.container("proxy") == proxy
    assert {
        r["spec"]["containers"][0]["resources"]["requests"]["cpu"] for r in live.cluster.pods_of("shop", {"app": "web"})
    } == {"250m"}
    assert live.undo().progress.state == "rolled back"
    assert json.dumps(live.container()) == before


def test_applying_again_changes_nothing(live: Live) -> None:
    live.apply(Scale(workload_id=WEB, replicas=4))
    changes = list(live.cluster.changes)
    live.apply(Scale(workload_id=WEB, replicas=4))
    assert live.cluster.changes == changes == ["PATCH /apis/apps/v1/namespaces/shop/deployments/web"]
    live.undo()
    live.undo()
    assert len(live.cluster.changes) == 2
    assert live.cluster.get("deployments", "shop", "web")["spec"]["replicas"] == 3


def test_a_drain_empties_the_node_keeps_the_budget_and_is_opened_again(live: Live) -> None:
    node = next(n for n in "abc" if any(name.startswith("web") for name in live.pods_on(n)))
    least = []
    live.cluster.tick_hook = lambda: least.append(live.cluster.ready("web"))
    report = live.apply(*[p.change for p in propose_drain(live.snapshot, node).proposals])
    assert report.progress.state == "applied"
    assert live.pods_on(node) == []
    assert min(least) >= 2
    assert any("the pods of its controller are on" in remark for remark in report.progress.remarks)
    live.undo()
    assert not live.cluster.get("nodes", "", node)["spec"].get("unschedulable")
    assert "stays as it is" in " ".join(live.undo().progress.remarks)


def test_a_free_move_does_not_come_back_and_leaves_its_node_open(live: Live) -> None:
    pod = live.cluster.pods_of("shop", {"app": "api"})[0]
    node = pod["spec"]["nodeName"]
    other = next(n for n in "abc" if n != node)
    live.apply(Move(task_id=f"shop/{pod['metadata']['name']}", node_id=other))
    (now,) = live.cluster.pods_of("shop", {"app": "api"})
    assert now["spec"]["nodeName"] != node
    assert not live.cluster.get("nodes", "", node)["spec"].get("unschedulable")


def test_a_bound_move_goes_where_it_is_bound_and_back(live: Live) -> None:
    pod = live.cluster.pods_of("shop", {"app": "api"})[0]
    other = next(n for n in "abc" if n != pod["spec"]["nodeName"])
    live.apply(Move(task_id=f"shop/{pod['metadata']['name']}", node_id=other, is_pinned=True))
    assert [p["spec"]["nodeName"] for p in live.cluster.pods_of("shop", {"app": "api"})] == [other]
    live.undo()
    template = live.cluster.get("deployments", "shop", "api")["spec"]["template"]["spec"]
    assert template["nodeSelector"] == {}


def test_a_pending_pod_is_bound(tmp_path: Path) -> None:
    cluster = shop_cluster()
    for name in "abc":
        node = cluster.get("nodes", "", name)
        cluster.put({**node, "spec": {"unschedulable": True}})
    web = cluster.get("deployments", "shop", "web")
    cluster.put({**web, "spec": {**web["spec"], "replicas": 4}})
    for _ in range(5):
        cluster.tick()
    for name in "ab":
        cluster.put({**cluster.get("nodes", "", name), "spec": {}})
    with serving(cluster, is_ticking=False) as server:
        live = Live(cluster, server, tmp_path)
        (task,) = [t for t in live.snapshot.tasks if t.state == "pending"]
        plan = plan_of(live.snapshot, Place(task_id=task.task_id, node_id="b"))
        to = target(server.url)
        (step,) = to.prepare(plan, live.snapshot)
        assert to.state(step) == "old"
        to.make(step, "apply")
        assert to.state(step) == "new"
        cluster.tick()
        assert to.settle(step, "apply") == ""
        with pytest.raises(PlanError, match="already assigned"):
            to.make(step, "apply")


# Surprises


def test_what_another_tool_owns_is_refused_unless_named(tmp_path: Path) -> None:
    cluster = shop_cluster()
    web = cluster.get("deployments", "shop", "web")
    mark = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}
    with serving(cluster) as server:
        live = Live(cluster, server, tmp_path)  # the snapshot does not know it yet
        cluster.put({**web, "metadata": {**web["metadata"], "annotations": mark}})
        with pytest.raises(PlanError, match="owned by Argo CD"):
            live.apply(Scale(workload_id=WEB, replicas=4))
        assert not cluster.changes
        assert not (tmp_path / "j.jsonl").exists()
        live.snapshot = snapshot_of(cluster, tmp_path)
        with pytest.raises(ConstraintError, match="owned by argocd"):
            live.apply(Scale(workload_id=WEB, replicas=4))
        plan = plan_of(live.snapshot, Scale(workload_id=WEB, replicas=4))
        to = target(server.url, allow_managed=[WEB])
        assert apply(plan, live.snapshot, to, tmp_path / "j", allow_managed=[WEB]).progress.state == "applied"


@pytest.mark.parametrize(
    ("verb", "resource"), [("patch", "deployments"), ("create", "pods/eviction"), ("get", "pods"), ("patch", "nodes")]
)
def test_missing_rights_stop_before_the_first_change(live: Live, verb: str, resource: str) -> None:
    live.cluster.denied.add((verb, resource))
    pod = live.cluster.pods_of("shop", {"app": "web"})[0]["metadata"]["name"]
    with pytest.raises(PlanError, match=f"403 .* cannot {verb}"):
        live.apply(Cordon(node_id="a"), Scale(workload_id=WEB, replicas=4), Evict(task_id=f"shop/{pod}"))
    assert not live.cluster.changes


def test_a_cluster_that_changed_since_the_snapshot_is_not_touched(live: Live) -> None:
    web = live.cluster.get("deployments", "shop", "web")
    live.cluster.put({**web, "spec": {**web["spec"], "replicas": 7}})
    with pytest.raises(PlanError, match="neither as the plan found it nor as it proposes"):
        live.apply(Cordon(node_id="a"), Scale(workload_id=WEB, replicas=4))
    assert not live.cluster.changes


def test_a_workload_that_was_made_anew_is_another_one(live: Live) -> None:
    plan = plan_of(live.snapshot, Scale(workload_id=WEB, replicas=4))
    to = target(live.server.url)
    (step,) = to.prepare(plan, live.snapshot)
    web = live.cluster.get("deployments", "shop", "web")
    live.cluster.put({**web, "metadata": {**web["metadata"], "uid": "another"}})
    with pytest.raises(PlanError, match="deleted and made anew"):
        to.state(step)


def test_a_conflict_is_looked_at_again_and_not_overwritten(live: Live) -> None:
    """Another client changes replicas between the look and the patch: the patch fails, and the plan stops."""
    plan = plan_of(live.snapshot, Scale(workload_id=WEB, replicas=4))
    to = target(live.server.url)
    (step,) = to.prepare(plan, live.snapshot)
    honest = live.cluster.update

    def update(old: Any, new: Any, **options: Any) -> Any:
        live.cluster.update = honest  # type: ignore[method-assign]
        live.cluster.put({**old, "spec": {**old["spec"], "replicas": 9}, "metadata": dict(old["metadata"])})
        return honest(live.cluster.get("deployments", "shop", "web"), new, **options)

    live.cluster.update = update  # type: ignore[method-assign]
    with pytest.raises(PlanError, match="neither as the plan found it"):
        to.make(step, "apply")
    assert live.cluster.get("deployments", "shop", "web")["spec"]["replicas"] == 9


def test_pods_that_do_not_get_ready_stop_the_plan_and_are_rolled_back(live: Live) -> None:
    live.cluster.is_stuck = True
    plan = plan_of(
        live.snapshot, Resize(workload_id=WEB, container="app", requests={"cpu": 0.1}, limits={}), Cordon(node_id="a")
    )
    journal = live.folder / "j.jsonl"
    with pytest.raises(PlanError, match=r"stopped at step 1 of 2 .*not well after 0.5 s.*aurora plan rollback"):
        apply(plan, live.snapshot, target(live.server.url, patience=0.5), journal)
    assert not live.cluster.get("nodes", "", "a")["spec"].get("unschedulable")
    live.cluster.is_stuck = False
    assert undo(plan, target(live.server.url), journal).progress.state == "rolled back"
    assert live.container()["resources"]["requests"]["cpu"] == "500m"


def test_a_budget_without_room_stops_a_plan_before_it_begins(live: Live) -> None:
    live.cluster.is_stuck = True
    first, second = (p["metadata"] for p in live.cluster.pods_of("shop", {"app": "web"})[:2])
    live.cluster.delete("pods", "shop", first["name"])
    with pytest.raises(PlanError, match="disruption budget"):
        live.apply(Evict(task_id=f"shop/{second['name']}"))
    assert not live.cluster.changes


def test_a_server_that_does_not_answer_is_named(live: Live) -> None:
    plan = plan_of(live.snapshot, Scale(workload_id=WEB, replicas=4))
    with pytest.raises(PlanError, match=r"no answer from http://127.0.0.1:1"):
        apply(plan, live.snapshot, target("http://127.0.0.1:1"), live.folder / "j.jsonl")


def test_a_plan_goes_on_only_where_it_was_begun_and_not_after_a_rollback(live: Live) -> None:
    live.apply(Scale(workload_id=API, replicas=2))
    with serving(shop_cluster()) as other, pytest.raises(InputError, match="begun at another place"):
        apply(live.plan, live.snapshot, target(other.url), live.folder / "j.jsonl")
    live.undo()
    with pytest.raises(InputError, match="was rolled back"):
        apply(live.plan, live.snapshot, target(live.server.url), live.folder / "j.jsonl")


def test_drains_name_what_they_move(live: Live) -> None:
    proposed = propose_drain(live.snapshot, "a")
    assert isinstance(proposed.proposals[0].change, Drain)


def test_a_plan_that_stopped_goes_on_where_it_stopped(live: Live) -> None:
    live.cluster.is_stuck = True
    smaller = Resize(workload_id=WEB, container="app", requests={"cpu": 0.1}, limits={})
    plan, journal = plan_of(live.snapshot, smaller, Cordon(node_id="a")), live.folder / "j.jsonl"
    with pytest.raises(PlanError, match="stopped at step 1 of 2"):
        apply(plan, live.snapshot, target(live.server.url, patience=0.3), journal)
    live.cluster.is_stuck = False
    assert apply(plan, live.snapshot, target(live.server.url), journal).progress.state == "applied"
    assert live.cluster.get("nodes", "", "a")["spec"]["unschedulable"]
    assert len(live.cluster.changes) == 2


def test_an_approval_is_asked_for_again_when_a_plan_goes_on(live: Live) -> None:
    live.cluster.is_stuck = True
    plan = plan_of(live.snapshot, Resize(workload_id=WEB, container="app", requests={"cpu": 0.1}, limits={}))
    journal, to = live.folder / "j.jsonl", target(live.server.url, patience=0.3)
    with pytest.raises(PlanError, match="stopped"):
        apply(plan, live.snapshot, to, journal)
    later = NOW + timedelta(hours=2)
    with pytest.raises(PlanError, match=r"the approval of plan .* ended"):
        apply_plan(plan, live.snapshot, to, journal_path=journal, approvals=[approve(plan, "ada", NOW)], at=later)
    live.cluster.is_stuck = False
    assert undo(plan, to, journal).progress.state == "rolled back"


def test_pods_are_listed_in_pages(live: Live) -> None:
    """A controller's pods are counted over pages of the list."""
    to = target(live.server.url)
    pod = live.cluster.pods_of("shop", {"app": "web"})[0]
    plan = plan_of(live.snapshot, Evict(task_id=f"shop/{pod['metadata']['name']}"))
    (step,) = to.prepare(plan, live.snapshot)
    assert len(to._pods_of(step)) == len(to._pods_of(step, limit=1)) == 3
