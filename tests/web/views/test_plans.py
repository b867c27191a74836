"""What the page Plans shows and does, without a browser."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aurora.cluster.files import snapshot_sha256
from aurora.cluster.plans import folder as plans_folder
from aurora.cluster.plans.asks import Ask, check_ask
from aurora.cluster.plans.report import apply_from_folder
from aurora.cluster.plans.targets.files import FilesTarget
from aurora.cluster.plans.targets.target import Step
from aurora.errors import ConstraintError, DataError, InputError, PlanError
from aurora.graphs.chat.opening import open_desk
from aurora.tools.desk import Desk
from aurora.web.views.plans.acting import Applications, approve, edit
from aurora.web.views.plans.forms import make, names_for, names_like
from aurora.web.views.plans.listing import listing, matching
from aurora.web.views.plans.papers import files_of, inverse_lines, reasons_of
from aurora.web.views.plans.plan import plan_shown

DRAIN = Ask("drain", "node-a1")
SCALE = Ask("scale", "shop/Deployment/checkout", replicas=5)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk("sample:web-shop", plans=tmp_path / "plans")


def _made(desk: Desk, *asks: Ask) -> tuple[str, str]:
    plan = make(asks, desk, "least_allocated", is_simulated=False, who="ada").plan
    return plan.plan_id, plan.sha256


def _applications(desk: Desk) -> Applications:
    return Applications(desk, desk.refresh)


def _run(desk: Desk, plan_id: str, sha256: str, work: str = "apply") -> Applications:
    applications = _applications(desk)
    assert applications.start(plan_id, sha256, work, "ada")  # type: ignore[arg-type]
    applications.wait(plan_id)
    return applications


def test_a_plan_is_made_shown_approved_applied_and_rolled_back(desk: Desk) -> None:
    report = make([DRAIN, SCALE], desk, "least_allocated", who="ada", origin="sample:web-shop")
    plan_id, sha256 = report.plan.plan_id, report.plan.sha256
    shown = plan_shown(plan_id, desk)
    assert (shown.status, shown.actions) == ("new", ("approve", "edit"))
    assert shown.violations == ()
    replicas = next(c for c in shown.changes if c.subject == "shop/Deployment/checkout")
    assert [(f.name, f.before, f.after) for f in replicas.fields] == [("replicas", "4", "5")]
    pending = next(e for e in shown.effect if e.name == "Tasks that wait")
    assert (pending.before.expected, pending.before.low) == ("3", "")
    fullest = next(e for e in shown.effect if e.name.startswith("Fullest node, cores"))
    assert fullest.before.low.endswith("%") and fullest.before.low != fullest.before.high
    assert shown.money[0].count("$") == 2
    assert shown.left
    assert dict(shown.made_with)["Measured use"] == "sample:web-shop"

    approve(plan_id, sha256, "ada", desk)
    shown = plan_shown(plan_id, desk)
    assert (shown.status, shown.actions) == ("approved", ("apply", "edit"))
    assert [(a.who, a.holds) for a in shown.approvals] == [("ada", True)]

    assert _run(desk, plan_id, sha256).problem(plan_id) == ""
    shown = plan_shown(plan_id, desk)
    assert (shown.status, shown.actions) == ("applied", ("roll back",))
    assert {s.state for s in shown.steps} == {"done"}
    assert shown.journal[0].who == "ada" and shown.journal[0].text == "applied"
    assert any(line.who == "ada" and line.text.startswith("application begun") for line in shown.journal)

    _run(desk, plan_id, sha256, "roll back")
    shown = plan_shown(plan_id, desk)
    assert shown.status == "rolled back"
    assert not list((desk.plans / f"{plan_id}.files").glob("*"))
    assert shown.journal[0].text == "rolled back"


def test_nothing_is_applied_without_an_approval_of_that_hash(desk: Desk) -> None:
    plan_id, sha256 = _made(desk, SCALE)
    assert "is not approved" in _run(desk, plan_id, sha256).problem(plan_id)
    with pytest.raises(PlanError, match="another hash"):
        approve(plan_id, "0" * 64, "ada", desk)
    with pytest.raises(PlanError, match="another hash"):
        _applications(desk).start(plan_id, "0" * 64, "apply", "ada")
    with pytest.raises(InputError, match="say who"):
        approve(plan_id, sha256, "  ", desk)
    assert plan_shown(plan_id, desk).status == "new"


def test_approving_twice_leaves_one_approval(desk: Desk) -> None:
    plan_id, sha256 = _made(desk, SCALE)
    assert approve(plan_id, sha256, "ada", desk) == approve(plan_id, sha256, " ada ", desk)
    assert len(plans_folder.approvals(desk.plans)) == 1


class _Slow(FilesTarget):
    """Files, each of which waits until the test lets it go."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.go = threading.Event()
        self.made: list[str] = []

    def make(self, step: Step, direction: object) -> None:
        self.go.wait(20)
        self.made.append(step.text)
        super().make(step, direction)  # type: ignore[arg-type]


def test_two_tabs_and_a_double_click_apply_once(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id, sha256 = _made(desk, SCALE)
    approve(plan_id, sha256, "ada", desk)
    slow = _Slow(tmp_path / "out")
    first, second = _applications(desk), _applications(desk)
    for applications in (first, second):
        monkeypatch.setattr(applications, "_target", lambda plan: slow)
    assert first.start(plan_id, sha256, "apply", "ada")
    assert not first.start(plan_id, sha256, "apply", "ada")
    while not (shown := plan_shown(plan_id, desk)).is_under_way:
        time.sleep(0.01)
    assert (shown.status, shown.actions) == ("in progress", ())
    while "begun" not in {s.state for s in plan_shown(plan_id, desk).steps}:
        time.sleep(0.01)
    assert second.start(plan_id, sha256, "apply", "bob")  # as another process would
    second.wait(plan_id)
    assert "nother process" in second.problem(plan_id)
    slow.go.set()
    first.wait(plan_id)
    assert second.start(plan_id, sha256, "apply", "bob")
    second.wait(plan_id)
    assert second.problem(plan_id) == ""
    assert len(slow.made) == len(set(slow.made)) == len(plan_shown(plan_id, desk).steps)


class _Dying(FilesTarget):
    """Files of a process that is killed before the second one."""

    def make(self, step: Step, direction: object) -> None:
        if "undo" in step.text:
            raise KeyboardInterrupt
        super().make(step, direction)  # type: ignore[arg-type]


@pytest.mark.parametrize("then", ["resume", "roll back"])
def test_an_interrupted_application_is_resumed_or_rolled_back(desk: Desk, then: str) -> None:
    plan_id, sha256 = _made(desk, SCALE)
    approve(plan_id, sha256, "ada", desk)
    place = desk.plans / f"{plan_id}.files"
    with pytest.raises(KeyboardInterrupt):
        apply_from_folder(plan_id, _Dying(place), desk.plans)
    shown = plan_shown(plan_id, desk)
    assert (shown.status, shown.actions) == ("interrupted", ("resume", "roll back"))
    assert listing(desk.plans, datetime.now(UTC)).counts == {"interrupted": 1}
    states = [s.state for s in shown.steps]
    assert states.count("begun") == 1 and "done" in states
    assert _run(desk, plan_id, sha256, "apply" if then == "resume" else "roll back").problem(plan_id) == ""
    assert plan_shown(plan_id, desk).status == ("applied" if then == "resume" else "rolled back")
    assert bool(list(place.rglob("*.yaml"))) == (then == "resume")


def test_an_interrupted_plan_without_a_valid_approval_asks_for_one(desk: Desk) -> None:
    plan_id, sha256 = _made(desk, SCALE)
    approve(plan_id, sha256, "ada", desk)
    with pytest.raises(KeyboardInterrupt):
        apply_from_folder(plan_id, _Dying(desk.plans / f"{plan_id}.files"), desk.plans)
    now = datetime.now(UTC)
    assert plan_shown(plan_id, desk, now + timedelta(hours=2)).actions == ("approve", "roll back")
    assert plan_shown(plan_id, desk, now + timedelta(hours=48)).actions == ("roll back",)


def test_an_edit_replaces_the_plan_and_needs_its_own_approval(desk: Desk) -> None:
    plan_id, sha256 = _made(desk, DRAIN, SCALE)
    approve(plan_id, sha256, "ada", desk)
    number = next(c.number for c in plan_shown(plan_id, desk).changes if c.subject == "shop/Deployment/checkout")
    other = edit(plan_id, sha256, desk, without=[number], asks=[Ask("cordon", "node-b1")], who="ada")
    shown = plan_shown(plan_id, desk)
    assert (shown.status, shown.replaced_by, shown.actions) == ("replaced", other.plan_id, ())
    new = plan_shown(other.plan_id, desk)
    assert (new.status, new.replaces) == ("new", plan_id)
    assert "shop/Deployment/checkout" not in {c.subject for c in new.changes}
    assert "was replaced" in _run(desk, plan_id, sha256).problem(plan_id)


def test_a_plan_that_breaks_a_constraint_is_neither_approved_nor_applied(desk: Desk) -> None:
    waiting = next(t for t in names_for("waiting", desk.cluster) if "train-ranking" in t)
    plan_id, sha256 = _made(desk, Ask("move", waiting, "node-a1"))
    shown = plan_shown(plan_id, desk)
    assert shown.actions == ("edit",)
    assert "does not fit" in shown.violations[0]
    with pytest.raises(ConstraintError):
        approve(plan_id, sha256, "ada", desk)


def test_a_system_that_changed_since_is_found(desk: Desk, tmp_path: Path) -> None:
    plan_id, _ = _made(desk, Ask("cordon", "node-a1"))
    cluster = desk.cluster
    nodes = tuple(n.model_copy(update={"is_cordoned": n.node_id == "node-a1"}) for n in cluster.nodes)
    changed = cluster.model_copy(update={"nodes": nodes})
    assert snapshot_sha256(changed) != snapshot_sha256(cluster)
    later = Desk([], snapshot=changed, plans=desk.plans)
    assert "not as planned" in plan_shown(plan_id, later).violations[0]


def test_a_plan_of_another_system_is_checked_as_it_was_made(desk: Desk) -> None:
    plan_id, _ = _made(desk, SCALE)
    other = open_desk("sample:gpu-cluster", plans=desk.plans)
    shown = plan_shown(plan_id, other)
    assert shown.violations == ()
    assert "another system is open" in shown.checked_on


def test_files_inverse_and_reasons_are_shown(desk: Desk) -> None:
    plan_id, _ = _made(desk, DRAIN, SCALE)
    files, why = files_of(plan_id, desk.plans)
    assert why == ""
    assert "replicas: 5" in dict(files)["workloads/shop-deployment-checkout.yaml"]
    assert "shop/Deployment/checkout: replicas 5 -> 4" in inverse_lines(plan_id, desk.plans)
    assert any("node-a1" in line for line in reasons_of(plan_id, desk))


def test_slurm_gets_scripts_and_what_it_cannot_do_is_said(tmp_path: Path) -> None:
    desk = open_desk("sample:hpc-queue", plans=tmp_path)
    node = desk.cluster.nodes[0].node_id
    plan_id, _ = _made(desk, Ask("cordon" if not desk.cluster.nodes[0].is_cordoned else "uncordon", node))
    files, _ = files_of(plan_id, desk.plans)
    assert dict(files)["apply.sh"].startswith("#!/bin/sh")


def test_the_list_is_searched_and_a_damaged_file_hides_no_other(desk: Desk) -> None:
    plan_id, _ = _made(desk, SCALE)
    other, _ = _made(desk, Ask("cordon", "node-b1"))
    found = listing(desk.plans, datetime.now(UTC))
    assert [r.plan_id for r in found.rows] == [other, plan_id]
    assert [r.plan_id for r in matching(found.rows, "CHECKOUT scale")] == [plan_id]
    assert matching(found.rows, status="applied") == ()
    path = desk.plans / f"{other}.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "source": "somebody else"}))
    found = listing(desk.plans, datetime.now(UTC))
    assert [r.plan_id for r in found.rows] == [plan_id]
    assert "was altered" in found.problems[0]
    with pytest.raises(DataError, match="altered"):
        plan_shown(other, desk)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (Ask("drain"), "name a node"),
        (Ask("move", "shop/web"), "name the node that it goes to"),
        (Ask("scale", "shop/Deployment/checkout"), "how many tasks"),
        (Ask("scale", "shop/Deployment/checkout", replicas=-1), "how many tasks"),
        (Ask("resize", "shop/Deployment/checkout"), "at least one"),
        (Ask("resize", "shop/Deployment/checkout", sizes={"requests.cpu": float("nan")}), "at least one"),
        (Ask("resize", "shop/Deployment/checkout", sizes={"__class__": 1.0}), "at least one"),
    ],
)
def test_an_ask_that_lacks_something_says_what(ask: Ask, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_ask(ask)


def test_unknown_names_are_refused_by_the_library(desk: Desk) -> None:
    with pytest.raises(InputError, match="node-zz"):
        _made(desk, Ask("drain", "node-zz"))
    with pytest.raises(InputError, match="add at least one"):
        _made(desk)
    assert not desk.holds_plans


def test_names_are_offered_by_what_was_typed(desk: Desk) -> None:
    assert names_like(names_for("node", desk.cluster), "A1")[0] == "node-a1"
    assert len(names_like([f"n{k}" for k in range(5000)], "n")) == 50
