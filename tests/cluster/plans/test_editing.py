"""An edited plan is another one, made anew; the old one stays, marked; no approval passes from one to the other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aurora.cluster.changes import Change, Cordon, Drain, Evict, Move, Place, Resize, Scale, apply_changes
from aurora.cluster.files import snapshot_sha256
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans import folder
from aurora.cluster.plans.approval import check_approval
from aurora.cluster.plans.editing import edit
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.moves import propose_move
from aurora.cluster.plans.plan import Plan, parse_plan
from aurora.cluster.plans.provenance import record
from aurora.cluster.plans.report import apply_from_folder, approve_in_folder, edit_in_folder, roll_back_from_folder
from aurora.cluster.snapshot import Snapshot
from aurora.errors import ConstraintError, InputError, PlanError
from tests.cluster.clusters import SHOP_TIME as NOW
from tests.cluster.clusters import shop

WEB = "shop/Deployment/web"
OLD_HASH = "933aec813acf94f5a27bde983e21d2082f25cf0f5d3bb526dacbf61d9899ae0b"


def _plan(*changes: Change, snapshot: Snapshot | None = None) -> Plan:
    return make_plan(snapshot or shop(), [Proposal(c) for c in changes], at=NOW)  # type: ignore[arg-type]


def _edited(plan: Plan, *changes: Change, without: tuple[int, ...] = ()) -> list[Change]:
    made = edit(plan, shop(), without=without, changes=[Proposal(c) for c in changes], at=NOW)  # type: ignore[arg-type]
    return [c.change for c in made.changes]


def test_a_change_of_the_same_matter_takes_the_old_ones_place() -> None:
    size = {"workload_id": WEB, "container": "app"}
    plan = _plan(Scale(workload_id=WEB, replicas=4), Resize(**size, requests={"cpu": 0.2}, limits={}))
    other = Resize(**size, requests={"memory": 0.5}, limits={"memory": None})
    assert _edited(plan, Scale(workload_id=WEB, replicas=2), other) == [
        Scale(workload_id=WEB, replicas=2),
        Resize(**size, requests={"cpu": 0.2, "memory": 0.5}, limits={"memory": None}),
    ]
    assert _edited(plan, Scale(workload_id="shop/Deployment/api", replicas=2))[0] == plan.changes[0].change


def test_a_task_of_a_drain_goes_elsewhere_or_stays() -> None:
    plan = _plan(Drain(node_id="b", onto={"shop/web-3": "a"}))
    kinds = [c.change.kind for c in plan.changes]
    assert kinds == ["cordon", "move", "evict", "evict"]
    moved = _edited(plan, Move(task_id="shop/api-1", node_id="a"), without=(4,))
    assert moved == [plan.changes[0].change, plan.changes[1].change, Move(task_id="shop/api-1", node_id="a")]


def test_closing_a_node_while_pods_move_follows_the_moves() -> None:
    plan = _plan(Move(task_id="shop/web-1", node_id="b"), Move(task_id="shop/db-0", node_id="b"))
    assert [c.kind for c in _edited(plan, without=(3,))] == ["cordon", "move", "uncordon"]
    assert _edited(plan, Scale(workload_id=WEB, replicas=4), without=(2, 3)) == [Scale(workload_id=WEB, replicas=4)]
    with pytest.raises(InputError, match="leave out the moves instead"):
        _edited(plan, without=(1,))


def test_a_waiting_task_is_placed_and_a_running_one_moves() -> None:
    assert propose_move(shop(), "shop/batch-1", "a").change == Place(task_id="shop/batch-1", node_id="a")
    assert propose_move(shop(), "shop/web-1", "b").change == Move(task_id="shop/web-1", node_id="b")


def test_effect_risks_inverse_and_hash_are_those_of_a_plan_made_anew() -> None:
    plan = _plan(Scale(workload_id=WEB, replicas=4), Evict(task_id="shop/db-0"))
    simulated = edit(plan, shop(), without=[2], at=NOW, effect_of=simulate_effect)
    fresh = make_plan(shop(), [Proposal(Scale(workload_id=WEB, replicas=4))], at=NOW, effect_of=simulate_effect)
    assert simulated.changes == fresh.changes
    assert (simulated.risks, simulated.effect, simulated.money) == (fresh.risks, fresh.effect, fresh.money)
    assert simulated.after_sha256 == snapshot_sha256(apply_changes(shop(), [c.change for c in fresh.changes]))
    assert simulated.sha256 not in (plan.sha256, fresh.sha256)


def test_an_edit_does_not_lengthen_a_plans_life() -> None:
    plan = _plan(Cordon(node_id="a"), Cordon(node_id="b"))
    later = NOW + timedelta(hours=20)
    assert edit(plan, shop(), without=[1], at=later).expires_at == plan.expires_at
    with pytest.raises(PlanError, match="has expired"):
        edit(plan, shop(), without=[1], at=NOW + timedelta(hours=24))


def test_nothing_and_everything_are_no_edit() -> None:
    plan = _plan(Cordon(node_id="a"))
    with pytest.raises(InputError, match="say which changes"):
        _edited(plan)
    with pytest.raises(InputError, match="no change of plan"):
        _edited(plan, without=(1,))


# In a folder


@pytest.fixture
def kept(tmp_path: Path) -> Plan:
    plan = _plan(Scale(workload_id=WEB, replicas=4), Cordon(node_id="b"))
    folder.save(tmp_path, plan, shop())
    return plan


def _statuses(path: Path) -> dict[str, tuple[str, str]]:
    return {p.plan.plan_id: (p.status, p.replaced_by) for p in folder.list_plans(path, NOW)}


def test_the_old_plan_stays_marked_and_its_approval_holds_for_neither(tmp_path: Path, kept: Plan) -> None:
    given = approve_in_folder(kept.plan_id, "ada", tmp_path, at=NOW)
    other = edit_in_folder(kept.plan_id, tmp_path, without=[2], at=NOW).plan
    assert _statuses(tmp_path) == {
        kept.plan_id: ("replaced", other.plan_id),
        other.plan_id: ("new", ""),
    }
    with pytest.raises(PlanError, match="is not approved"):
        check_approval(other, [given], NOW)
    for attempt in (
        lambda: approve_in_folder(kept.plan_id, "ada", tmp_path, at=NOW),
        lambda: apply_from_folder(kept.plan_id, None, tmp_path, at=NOW),
    ):
        with pytest.raises(PlanError, match=f"replaced by plan {other.plan_id}"):
            attempt()
    with pytest.raises(PlanError, match="is not approved"):
        apply_from_folder(other.plan_id, None, tmp_path, at=NOW)
    (tmp_path / f"{other.plan_id}.json").unlink()
    assert _statuses(tmp_path) == {kept.plan_id: ("approved", "")}


def test_a_damaged_file_replaces_nothing(tmp_path: Path, kept: Plan) -> None:
    other = edit_in_folder(kept.plan_id, tmp_path, without=[2], at=NOW).plan
    path = tmp_path / f"{other.plan_id}.json"
    path.write_text(path.read_text().replace('"replicas": 4', '"replicas": 9'))
    assert folder.replacement_of(tmp_path, kept) is None
    (tmp_path / "0123456789ab.json").write_text("{")
    assert folder.replacement_of(tmp_path, kept) is None


def test_a_plan_that_was_applied_is_not_edited_and_one_that_was_undone_is(tmp_path: Path, kept: Plan) -> None:
    approve_in_folder(kept.plan_id, "ada", tmp_path, at=NOW)
    apply_from_folder(kept.plan_id, None, tmp_path, at=NOW)
    with pytest.raises(InputError, match=r"is applied; undo it with `aurora plan rollback"):
        edit_in_folder(kept.plan_id, tmp_path, without=[2], at=NOW)
    roll_back_from_folder(kept.plan_id, None, tmp_path)
    edit_in_folder(kept.plan_id, tmp_path, without=[2], at=NOW)
    assert _statuses(tmp_path)[kept.plan_id][0] == "rolled back"
    with pytest.raises(InputError, match="was rolled back"):
        approve_in_folder(kept.plan_id, "ada", tmp_path, at=NOW)


# Approval of what can't be applied


def test_a_plan_that_breaks_a_constraint_is_not_approved(tmp_path: Path) -> None:
    plan = _plan(Cordon(node_id="a"), Scale(workload_id=WEB, replicas=90))
    folder.save(tmp_path, plan, shop())
    with pytest.raises(ConstraintError, match=rf"would have no node.*aurora plan edit {plan.plan_id} --drop 2`"):
        approve_in_folder(plan.plan_id, "ada", tmp_path, at=NOW)
    assert folder.approvals(tmp_path) == ()


def test_a_plan_of_a_system_that_has_changed_is_not_approved(tmp_path: Path, kept: Plan) -> None:
    now = apply_changes(shop(), [Scale(workload_id=WEB, replicas=6)])
    with pytest.raises(ConstraintError, match=r"not as planned.*make another plan from a new snapshot") as error:
        approve_in_folder(kept.plan_id, "ada", tmp_path, snapshot=now, at=NOW)
    assert "--drop" not in str(error.value)
    approve_in_folder(kept.plan_id, "ada", tmp_path, snapshot=shop(), at=NOW)


# How a plan was made


def test_how_a_plan_was_made_is_part_of_its_hash_and_file() -> None:
    made = record(DEFAULT_POLICY, seed=3, history="use.csv", command="aurora plan new shop.json --cordon a")
    plan = make_plan(shop(), [Proposal(Cordon(node_id="a"))], at=NOW, provenance=made)
    assert parse_plan(plan.to_json()) == plan
    assert plan.provenance is not None
    assert (plan.provenance.policy_id, plan.provenance.seed) == ("least_allocated", 3)
    changed = plan.model_copy(update={"provenance": made.model_copy(update={"seed": 4})})
    assert Plan.model_validate(changed.model_dump()).sha256 != plan.sha256


def test_a_file_from_before_plans_recorded_how_they_were_made_is_read() -> None:
    """The hash of such a file, computed when the field was not there yet."""
    plan = _plan(Cordon(node_id="a"))
    old = {k: v for k, v in plan.to_json().items() if k != "provenance"}
    assert old["sha256"] == OLD_HASH
    assert parse_plan(old) == plan
