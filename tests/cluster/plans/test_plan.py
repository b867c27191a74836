"""A plan says what changes, what may go wrong and what undoes it; its hash covers everything; it is never altered."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from aurora.cluster.changes import Cordon, Drain, Evict, Move, NodeFails, Place, Resize, Scale, apply_changes
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.plans.approval import approve, check_approval, check_prefix
from aurora.cluster.plans.editing import edit
from aurora.cluster.plans.folder import approvals, list_plans, load, record_approval, save, snapshot_of
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Effect, Estimate, Measure, Plan, diff, inverse, parse_plan
from aurora.cluster.plans.proposals import propose_drain, propose_placements, propose_sizes
from aurora.cluster.plans.validation import validate
from aurora.cluster.samples import load_sample
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError, InputError, PlanError
from tests.cluster.clusters import SHOP_TIME as NOW
from tests.cluster.clusters import pod, shop, workload
from tests.cluster.clusters import shop_node as node

WEB = "shop/Deployment/web"


def _plan(*changes: object, snapshot: Snapshot | None = None) -> Plan:
    return make_plan(snapshot or shop(), [Proposal(c) for c in changes], at=NOW)  # type: ignore[arg-type]


def test_a_drain_becomes_its_parts_with_reasons_and_money() -> None:
    proposed = propose_drain(shop(), "a")
    plan = make_plan(shop(), proposed.proposals, at=NOW)
    assert diff(plan) == [
        "a: cordoned no -> yes",
        "shop/web-1: node a -> b",
        "shop/web-2: node a -> b",
        "shop/db-0: node a -> b",
    ]
    assert {c.reason for c in plan.changes} == {"drain of a"}
    assert plan.money is not None
    assert (plan.money.per_hour_now, plan.money.per_hour_proposed) == (0.4, 0.2)
    assert plan.money.emptied == ("a",)
    assert {r.code for r in plan.risks} == {"single replica", "stateful", "node not chosen", "not undone"}
    assert "scheduler chooses" in plan.changes[1].carried_out


def test_a_move_in_kubernetes_cordons_the_node_that_the_pod_leaves_meanwhile() -> None:
    plan = _plan(Move(task_id="shop/web-1", node_id="b"), Move(task_id="shop/web-2", node_id="b"))
    assert [c.change.kind for c in plan.changes] == ["cordon", "move", "move", "uncordon"]


def test_the_plan_after_its_inverse_is_the_system_of_before() -> None:
    snapshot = shop(system="csv")
    plan = _plan(
        Drain(node_id="a", onto={"shop/web-1": "b"}),
        Resize(workload_id=WEB, container="app", requests={"cpu": 0.2}, limits={"memory": None}),
        snapshot=snapshot,
    )
    after = apply_changes(snapshot, [c.change for c in plan.changes])
    assert snapshot_sha256(after) == plan.after_sha256
    undo = inverse(plan)
    assert undo.snapshot_sha256 == plan.after_sha256
    assert apply_changes(after, [c.change for c in undo.changes]) == snapshot
    assert inverse(undo).changes[0].change == plan.changes[0].change


def test_the_inverse_names_what_nothing_brings_back() -> None:
    (risk,) = inverse(_plan(Evict(task_id="shop/web-1"))).risks
    assert risk.code == "not undone"
    assert risk.subjects == ("shop/web-1",)


def test_the_hash_covers_every_field() -> None:
    plan = _plan(Scale(workload_id=WEB, replicas=4), Evict(task_id="shop/db-0"))
    data = plan.model_dump(mode="json")
    effect = {"measures": [], "level": 0.8, "runs": 1, "method": "none"}
    others = {"source": "x", "snapshot_id": "y", "expires_at": "2026-12-01T00:00:00Z", "effect": effect, "money": None}
    others |= {"risks": [], "created_at": "2026-11-01T11:00:00Z", "after_sha256": "0" * 64, "changes": []}
    for field, value in others.items():
        assert Plan.model_validate({**data, field: value}).sha256 != plan.sha256, field


def test_an_altered_file_is_refused() -> None:
    data = _plan(Scale(workload_id=WEB, replicas=4)).to_json()
    assert parse_plan(json.loads(json.dumps(data))).to_json() == data
    data["changes"][0]["change"]["replicas"] = 40
    with pytest.raises(DataError, match="altered"):
        parse_plan(data)
    with pytest.raises(DataError, match="is not a plan"):
        parse_plan([])


def test_an_edited_plan_is_another_one() -> None:
    plan = _plan(Scale(workload_id=WEB, replicas=4), Cordon(node_id="b"))
    other = edit(plan, shop(), without=[2], changes=[Proposal(Cordon(node_id="a"))], at=NOW)
    assert [c.change for c in other.changes] == [Scale(workload_id=WEB, replicas=4), Cordon(node_id="a")]
    assert other.sha256 != plan.sha256
    with pytest.raises(InputError, match="changes 1 to 2"):
        edit(plan, shop(), without=[3], at=NOW)
    with pytest.raises(InputError, match="another snapshot"):
        edit(plan, shop(snapshot_id="other"), without=[1], at=NOW)


def test_what_ifs_and_nothing_are_no_plan() -> None:
    with pytest.raises(InputError, match="a plan can't make it happen"):
        _plan(NodeFails(node_id="a"))
    with pytest.raises(InputError, match="nothing to change"):
        _plan(Cordon(node_id="c"))


def test_an_effect_is_part_of_the_plan() -> None:
    estimate = Estimate(expected=1, low=0, high=2)
    measure = Measure(name="pending", before=estimate, after=estimate)
    effect = Effect(measures=(measure,), runs=3, method="test")
    plan = make_plan(shop(), [Proposal(Cordon(node_id="a"))], at=NOW, effect_of=lambda *_: effect)
    assert plan.effect is not None
    assert plan.effect.measure("pending") == measure
    assert plan.sha256 != _plan(Cordon(node_id="a")).sha256


# Validation


def _codes(plan: Plan, snapshot: Snapshot | None = None, **options: object) -> list[tuple[str, int]]:
    return [(v.code, v.change) for v in validate(plan, snapshot or shop(), **options)]  # type: ignore[arg-type]


def test_a_plan_that_breaks_nothing_is_valid() -> None:
    assert _codes(_plan(Place(task_id="shop/batch-1", node_id="a")), at=NOW, target="kubernetes") == []


def test_a_task_that_does_not_fit_is_named_with_the_reason() -> None:
    (violation,) = validate(_plan(Place(task_id="shop/batch-1", node_id="c")), shop())
    assert violation.code == "does not fit"
    assert violation.text == "change 1: shop/batch-1 does not fit c: is cordoned"


def test_room_follows_the_changes_before() -> None:
    """Node a has 2.4 of 4 cores free: one task of 1.9 cores fits, and a second only once others have left."""
    pods = (*shop().tasks[:-1], *(pod(f"batch-{k}", None, "Deployment/batch", cpu=1.9) for k in (1, 2)))
    snapshot = shop(tasks=pods)
    places = [Place(task_id=f"shop/batch-{k}", node_id="a") for k in (1, 2)]
    assert _codes(_plan(*places, snapshot=snapshot), snapshot) == [("does not fit", 2)]
    evictions = [Evict(task_id="shop/db-0"), Move(task_id="shop/web-1", node_id="b"), Evict(task_id="shop/web-2")]
    roomy = shop(tasks=pods, workloads=(*shop().workloads[1:], workload("Deployment", "web", 3)))
    made = _plan(*evictions, *places, snapshot=roomy)
    assert _codes(made, roomy) == []


def test_a_disruption_budget_is_kept_one_task_after_the_other() -> None:
    """At least 2 of 3 tasks of web must run: one may be evicted; a second one not before the first runs again."""
    assert _codes(_plan(Evict(task_id="shop/web-1"))) == []
    assert _codes(_plan(Evict(task_id="shop/web-1"), Evict(task_id="shop/web-2"))) == [("disruption budget", 2)]


@pytest.mark.parametrize(
    ("budget", "least"),
    [({"min_available": "50%"}, 2), ({"max_unavailable": "25%"}, 2), ({"max_unavailable": "0"}, 3), ({}, 0)],
)
def test_budgets_round_as_kubernetes_does(budget: dict[str, str], least: int) -> None:
    from aurora.cluster.plans.validation import least_available

    assert least_available(workload("Deployment", "web", 3, **budget), 3) == least


def test_what_nothing_makes_again_is_not_evicted() -> None:
    assert _codes(_plan(Evict(task_id="shop/bare"))) == [("nothing makes it again", 1)]


def test_more_replicas_than_there_is_room_for() -> None:
    (violation,) = validate(_plan(Scale(workload_id=WEB, replicas=30)), shop())
    assert violation.code == "does not fit"
    assert "of the 30 tasks of shop/Deployment/web would have no node" in violation.message


def test_owned_and_autoscaled_workloads() -> None:
    owned = shop(workloads=(workload("Deployment", "web", 3, managed_by="argocd", autoscaler=(2, 4)),))
    plan = _plan(Scale(workload_id=WEB, replicas=5), snapshot=owned)
    assert {"managed", "autoscaled"} <= {r.code for r in plan.risks}
    assert _codes(plan, owned, target="files") == [("autoscaler", 1)]
    assert _codes(plan, owned, target="kubernetes") == [("autoscaler", 1), ("managed", 1)]
    assert _codes(plan, owned, target="kubernetes", allow_managed=[WEB]) == [("autoscaler", 1)]


def test_a_system_that_has_changed_since_breaks_the_changes_concerned() -> None:
    plan = _plan(Scale(workload_id=WEB, replicas=4), Cordon(node_id="b"))
    moved = shop(workloads=(workload("Deployment", "web", 5), *shop().workloads[1:]))
    assert _codes(plan, moved) == [("changed since", 1)]
    assert _codes(plan, shop(nodes=(node("a"), node("b", is_cordoned=True), node("c")))) == [("changed since", 2)]
    assert _codes(plan, shop(snapshot_id="other")) == [("another system", 0)]
    assert _codes(plan, at=NOW + timedelta(hours=24)) == [("expired", 0)]


def test_only_a_workload_with_one_task_can_be_bound_to_a_node() -> None:
    assert _codes(_plan(Move(task_id="shop/web-1", node_id="b", is_pinned=True))) == [("not supported", 1)]
    assert _codes(_plan(Move(task_id="shop/api-1", node_id="a", is_pinned=True))) == []


# Approvals and the folder


def test_an_approval_is_for_one_hash_and_ends() -> None:
    plan, other = _plan(Cordon(node_id="a")), _plan(Cordon(node_id="b"))
    approval = approve(plan, "ada", NOW, timedelta(hours=1))
    assert check_approval(plan, [approval], NOW + timedelta(minutes=59)) == approval
    with pytest.raises(PlanError, match="ended at 2026-11-01 13:00"):
        check_approval(plan, [approval], NOW + timedelta(hours=1))
    with pytest.raises(PlanError, match="is not approved"):
        check_approval(other, [approval], NOW)
    with pytest.raises(PlanError, match="has expired"):
        approve(plan, "ada", NOW + timedelta(days=2))
    with pytest.raises(InputError, match="at least 6 digits"):
        check_prefix(plan, plan.sha256[:3])
    with pytest.raises(PlanError, match="does not have a hash"):
        check_prefix(plan, other.sha256[:8])


def test_plans_live_in_a_folder_with_their_snapshots_and_approvals(tmp_path: Path) -> None:
    plan = _plan(Cordon(node_id="a"))
    save(tmp_path, plan, shop())
    assert load(tmp_path, plan.plan_id[:6]) == plan
    assert snapshot_of(tmp_path, plan) == shop()
    assert [p.status for p in list_plans(tmp_path, NOW)] == ["new"]
    record_approval(tmp_path, approve(plan, "ada", NOW))
    assert approvals(tmp_path)[0].who == "ada"
    assert [p.status for p in list_plans(tmp_path, NOW)] == ["approved"]
    assert [p.status for p in list_plans(tmp_path, NOW + timedelta(days=2))] == ["expired"]
    with pytest.raises(InputError, match="has no plan"):
        load(tmp_path, "ffff")


# Proposals


def test_waiting_tasks_are_placed_or_said_to_wait() -> None:
    big = pod("huge-1", None, "Deployment/batch", cpu=64.0)
    proposed = propose_placements(shop(tasks=(*shop().tasks, big)))
    assert [p.change.kind for p in proposed.proposals] == ["place"]
    assert len(proposed.remarks) == 1
    assert "shop/huge-1 waits: 0 of 3 nodes fit" in proposed.remarks[0]


def test_advice_becomes_sizes(tmp_path: Path) -> None:
    size = {"request": 0.5, "limit": None}
    row = {"workload": WEB, "container": "app", "cpu": {"now": size, "proposed": {"request": 0.2, "limit": None}}}
    path = tmp_path / "advice.json"
    path.write_text(json.dumps({"containers": [row, {**row, "workload": "shop/Deployment/gone"}]}))
    proposed = propose_sizes(shop(), path)
    assert [p.change for p in proposed.proposals] == [
        Resize(workload_id=WEB, container="app", requests={"cpu": 0.2}, limits={})
    ]
    assert proposed.remarks == ("shop/Deployment/gone is not in the snapshot",)
    path.write_text("{}")
    with pytest.raises(DataError, match="no list `containers`"):
        propose_sizes(shop(), path)


def test_cores_that_an_autoscaler_counts_by_stay_unless_its_target_changes_too(tmp_path: Path) -> None:
    """A smaller request under the same target would add pods; a plan can't change the target."""
    sizes = {r: {"now": {"request": 1.0}, "proposed": {"request": 0.5}} for r in ("cpu", "memory")}
    path = tmp_path / "advice.json"
    path.write_text(
        json.dumps({"containers": [{"workload": WEB, "container": "app", **sizes, "autoscaler_target": 0.9}]})
    )
    proposed = propose_sizes(shop(), path)
    assert [p.change for p in proposed.proposals] == [
        Resize(workload_id=WEB, container="app", requests={"memory": 0.5}, limits={})
    ]
    assert "must become 90%" in proposed.remarks[0]


def test_a_plan_moves_nothing_to_a_node_whose_maintenance_is_near() -> None:
    cluster = load_sample("web-shop")  # node-b1 and node-b2 are switched off 40 minutes after it was taken
    change = propose_drain(cluster, "node-b1").proposals[0].change
    assert isinstance(change, Drain)
    assert change.onto
    assert "node-b2" not in change.onto.values()
