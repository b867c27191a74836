"""Plans are explained by claims that are recomputed; figures worked out by hand, and planted errors caught."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aurora.cluster.changes import Cordon, Evict, Move, Place, Scale
from aurora.cluster.clearances import Clearance
from aurora.cluster.explanation import explain
from aurora.cluster.explanation.avoided import avoided
from aurora.cluster.explanation.checking import check
from aurora.cluster.explanation.claims import (
    AvoidedClaim,
    CameClaim,
    ExpectedClaim,
    ExpectedOfTasksClaim,
    ForecastClaim,
    FullestClaim,
    GroupClaim,
    NearClaim,
    PlanClaim,
    RoomClaim,
    SpikeClaim,
    UpcomingClaim,
)
from aurora.cluster.explanation.gathering import gather
from aurora.cluster.explanation.replay import PlanCase
from aurora.cluster.placement import DEFAULT_POLICY, place
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.proposals import propose_drain, propose_placements
from aurora.cluster.samples import load_sample, sample_history
from aurora.cluster.snapshot import Snapshot, Task, Workload
from aurora.errors import InputError
from aurora.learning.series.series import Series
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Link
from tests.cluster.clusters import NOW, node, snapshot, task

SOON = (NOW + timedelta(minutes=40), NOW + timedelta(hours=2), "firmware")
LINKS = (Link(link_id="l", source="z1", target="z2", bandwidth=10.0, latency_ms=8.0),)


def burst(**fields: Any) -> Snapshot:
    """Return two burst tasks that wait, one empty node, one half full, one cordoned, one with maintenance soon."""
    web = {"workload_id": "shop/Deployment/web", "data_zone": "z1"}
    return snapshot(
        node("a", zone="z1", price_per_hour=0.4),
        node("b", zone="z2", price_per_hour=0.4),
        node("c", zone="z1", is_cordoned=True),
        node("m", zone="z1", maintenance=(SOON,)),
        task("old", "b", 2.0, used={"cpu": 1.0}),
        task("1", cpu=2.0, **web),
        task("2", cpu=1.0, **web),
        links=LINKS,
        workloads=(Workload(workload_id="shop/Deployment/web", kind="Deployment", replicas=2),),
        **fields,
    )


def spikes(*, is_on: bool = True) -> Series:
    """Return a series of 300 minutes with ten spikes of 3 to 8 minutes, and one that goes on for two minutes."""
    y = np.ones(3000)
    for k, length in enumerate((3, 4, 4, 5, 5, 5, 5, 6, 6, 8)):
        y[100 + 250 * k : 100 + 250 * k + length] = 9.0
    if is_on:
        y[-2:] = 9.0
    labels = {"workload": "shop/Deployment/web", "metric": "cpu"}
    return Series("web/cpu", int(NOW.timestamp()) - 60 * 2999, 60, y, np.ones(3000, dtype=np.bool_), labels=labels)


def planned(cluster: Snapshot, **nodes: str) -> Plan:
    return make_plan(cluster, [Proposal(Place(task_id=f"shop/{t}", node_id=n)) for t, n in nodes.items()], at=NOW)


def claims(plan: Plan, cluster: Snapshot, kind: type[Any], **more: Any) -> list[Any]:
    explanation = explain(plan, cluster, **more)
    assert not explanation.dropped
    return [c.claim for c in explanation.checked if isinstance(c.claim, kind)]


def test_tasks_are_grouped_by_the_feature_that_decided() -> None:
    cluster = snapshot(node("a"), node("b"), task("old", "b", 2.0), task("1", cpu=1.0))
    (group,) = claims(planned(cluster, **{"1": "a"}), cluster, GroupClaim)
    assert group == GroupClaim("features", ("fit.cpu_left",), ("shop/1",), ("a",))


def test_a_node_that_no_other_could_replace_is_the_only_one() -> None:
    cluster = snapshot(node("a"), node("b", is_cordoned=True), task("1"))
    plan = planned(cluster, **{"1": "a"})
    assert claims(plan, cluster, GroupClaim)[0].reason == "only"
    assert claims(plan, cluster, AvoidedClaim) == [AvoidedClaim(("b",), "cordoned")]
    assert "no other node fits" in explain(plan, cluster).text


def test_a_node_that_the_policy_would_not_choose_is_said_to_be_so() -> None:
    cluster = snapshot(node("a"), node("b"), task("old", "b", 2.0), task("1"))
    explanation = explain(planned(cluster, **{"1": "b"}), cluster)
    assert "not the policy's choice, which is another node" in explanation.text


def test_room_and_the_fullest_node_are_those_worked_out_by_hand() -> None:
    cluster = burst()
    plan = planned(cluster, **{"1": "a", "2": "b"})
    rooms = claims(plan, cluster, RoomClaim)
    # a: 0 of 4 cores, b: 2 of 4 requested; a has no task, so its use is not measured
    assert RoomClaim(("a", "b"), "cpu", "requested", 0.25) in rooms
    # afterwards a has 2 of 4, b 3 of 4
    assert claims(plan, cluster, FullestClaim) == [FullestClaim("cpu", "b", 0.75)]


def test_nodes_whose_maintenance_begins_soon_are_passed_over_for_it_where_the_plan_keeps_clear_of_them() -> None:
    cluster = burst()
    assert {c.node_id for c in place(cluster).placed} == {"a", "m"}
    clear = place(cluster, clearance=Clearance(ahead=3600))
    proposed = {c.node_id for c, _ in propose_placements(cluster).proposals if isinstance(c, Place)}
    assert proposed == {c.node_id for c in clear.placed}
    plan = planned(cluster, **{c.task_id.removeprefix("shop/"): str(c.node_id) for c in clear.placed})
    found = claims(plan, cluster, AvoidedClaim)
    assert AvoidedClaim(("m",), "maintenance", "firmware", "2026-01-01T12:40:00+00:00") in found
    assert AvoidedClaim(("c",), "cordoned") in found
    assert "m (maintenance from 12:40 UTC, firmware)" in explain(plan, cluster).text


def test_a_plan_that_uses_a_node_before_its_maintenance_says_so() -> None:
    cluster = burst()
    plan = planned(cluster, **{"1": "m"})
    assert claims(plan, cluster, UpcomingClaim) == [UpcomingClaim("m", "2026-01-01T12:40:00+00:00", "firmware")]


def test_the_latency_to_the_data_is_the_mean_and_is_a_reason_only_where_the_policy_reads_it() -> None:
    cluster = burst()
    plan = planned(cluster, **{"1": "a", "2": "b"})
    # a is in the zone of the data, b 8 ms away
    assert claims(plan, cluster, NearClaim) == [NearClaim(("shop/1", "shop/2"), 0.004, False)]
    assert "4 ms away on average, which the policy does not read" in explain(plan, cluster).text
    near = Policy(
        policy_id="near", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score="-fit.latency"),))
    )
    assert "they are near the data (4 ms on average)" in explain(plan, cluster, near).text


def test_a_spike_lasts_as_long_as_earlier_ones_did() -> None:
    cluster = burst()
    plan = planned(cluster, **{"1": "a"})
    (spike,) = claims(plan, cluster, SpikeClaim, history=[spikes()])
    # ten earlier spikes of 3 to 8 minutes, all longer than the two minutes so far: ranks 1.1, 5.5 and 9.9 by hand
    assert (spike.so_far, spike.median, spike.episodes) == (120, 300.0, 10)
    assert (spike.low, spike.high) == pytest.approx((186.0, 468.0))
    text = explain(plan, cluster, history=[spikes()]).text
    assert "Its spike is forecast to last 5 min (80 % between 3 min 6 s and 7 min 48 s, by 10 earlier ones)" in text
    assert not claims(plan, cluster, SpikeClaim, history=[spikes(is_on=False)])
    assert claims(plan, cluster, ForecastClaim, history=[spikes()])[0].now == 9.0


def test_expected_stands_beside_what_came() -> None:
    cluster = burst()
    plan = planned(cluster, **{"1": "a", "2": "b"})
    assert ExpectedOfTasksClaim("cost_per_task_hour", pytest.approx(0.15), 2) in claims(
        plan, cluster, ExpectedOfTasksClaim
    )  # 0.4 dollars times 2 and 1 of 4 cores
    later = cluster.model_copy(
        update={
            "taken_at": NOW + timedelta(minutes=10),
            "tasks": (
                task("old", "b", 2.0, used={"cpu": 1.5}),
                task("1", "a", 2.0, data_zone="z1", used={"cpu": 3.0}),
                task("2-new", "a", 1.0, data_zone="z1", workload_id="shop/Deployment/web"),
            ),
        }
    )
    found = {c.measure: (c.value, c.of) for c in claims(plan, cluster, CameClaim, later=later)}
    assert found["as_planned"] == (1.0, 2)
    assert found["pending"] == (0.0, 0)
    assert found["fullest_node_cpu"] == (0.75, 0)
    assert found["network_latency"] == (0.0, 2)
    text = explain(plan, cluster, later=later).text
    assert text.index("Expected:") < text.index("Came, at 2026-01-01 12:10 UTC: 1 of 2 tasks where planned")


def test_other_changes_are_told_with_their_values() -> None:
    cluster = burst()
    web = "shop/Deployment/web"
    plan = make_plan(cluster, [Proposal(Cordon(node_id="a")), Proposal(Scale(workload_id=web, replicas=3))], at=NOW)
    text = explain(plan, cluster).text
    assert "places no task" in text
    assert "a, cordoned from no to yes; shop/Deployment/web, replicas from 2 to 3" in text


def test_evicted_tasks_wait_with_the_reason() -> None:
    cluster = snapshot(
        node("a"),
        task("1", "a", workload_id="w"),
        workloads=(Workload(workload_id="w", kind="Deployment", replicas=1),),
    )
    plan = make_plan(cluster, [Proposal(Cordon(node_id="a")), Proposal(Evict(task_id="shop/1"))], at=NOW)
    assert "shop/1 still waits: 0 of 1 nodes fit: 1 cordoned." in explain(plan, cluster).text


def test_a_drain_is_explained_on_the_sample_with_its_history() -> None:
    cluster, history = load_sample("web-shop"), sample_history("web-shop").series
    proposals = propose_drain(cluster, "node-a1").proposals
    plan = make_plan(cluster, proposals, effect_of=lambda s, c: simulate_effect(s, c, history=history, runs=50))
    explanation = explain(plan, cluster, history=history)
    assert not explanation.dropped
    moved = {c.change.task_id for c in plan.changes if isinstance(c.change, Move)}
    groups = [c.claim for c in explanation.checked if isinstance(c.claim, GroupClaim)]
    assert {t for g in groups for t in g.tasks} == moved
    assert all(g.reason != "another" for g in groups)


def test_measures_that_need_a_history_are_dropped_and_reported_without_it() -> None:
    cluster, history = load_sample("web-shop"), sample_history("web-shop").series
    proposals = propose_drain(cluster, "node-a1").proposals
    plan = make_plan(cluster, proposals, effect_of=lambda s, c: simulate_effect(s, c, history=history, runs=50))
    explanation = explain(plan, cluster)
    dropped = {c.claim.measure for c in explanation.dropped if isinstance(c.claim, ExpectedClaim)}
    assert dropped == {"fullest_node_cpu", "fullest_node_memory"}
    assert "fullest node" not in explanation.text.partition("Expected:")[2].partition("\n")[0]
    assert explanation.to_json()["dropped"] == len(explanation.dropped)


@pytest.mark.parametrize("policy_id", ["least_allocated", "best_fit", "cheapest", "first_fit"])
def test_every_planned_placement_of_a_policy_agrees_with_its_decisions(policy_id: str) -> None:
    cluster, policy = load_sample("hpc-queue"), REFERENCES[policy_id]
    plan = make_plan(cluster, propose_placements(cluster, policy).proposals)
    explanation = explain(plan, cluster, policy)
    assert not explanation.dropped
    groups = [c.claim for c in explanation.checked if isinstance(c.claim, GroupClaim)]
    assert all(g.reason not in ("another", "none") for g in groups)


def test_another_snapshot_and_one_that_is_not_later_are_refused() -> None:
    cluster = burst()
    plan = planned(cluster, **{"1": "a"})
    with pytest.raises(InputError, match="made from another snapshot"):
        explain(plan, cluster.model_copy(update={"taken_at": NOW + timedelta(hours=1)}))
    with pytest.raises(InputError, match="taken before"):
        explain(plan, cluster, later=cluster.model_copy(update={"taken_at": NOW - timedelta(hours=1)}))
    with pytest.raises(InputError, match="is of other"):
        explain(plan, cluster, later=cluster.model_copy(update={"snapshot_id": "other"}))


def mutated(claim: PlanClaim) -> Iterator[PlanClaim]:
    """Yield a claim with an error in each of its fields."""
    for name, value in claim._asdict().items():
        for wrong in _wrong(name, value):
            if wrong != value:
                yield claim._replace(**{name: wrong})


def _wrong(name: str, value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, -value)
    elif isinstance(value, float):
        yield from (value + 1, value * 1.01, -value)
    elif isinstance(value, tuple):
        yield from ((*value, "no-such-name"), (*value, "node.price"), value[:-1] if name != "tasks" else ())
    elif name == "kind":
        yield from ("taint", "insufficient", "outscored", "maintenance")
    elif name == "reason":
        yield from ("features", "draw", "only", "another", "many")
    elif name == "basis":
        yield "used" if value == "requested" else "requested"
    elif name == "measure":
        yield from ("pending", "network_latency", "fullest_node_memory", "none")
    elif isinstance(value, str) or value is None:
        yield from ("another", "2026-01-01T13:00:00+00:00")


def the_case() -> PlanCase:
    cluster, history = load_sample("web-shop"), sample_history("web-shop").series
    plan = make_plan(
        cluster,
        propose_drain(cluster, "node-b1").proposals,
        effect_of=lambda s, c: simulate_effect(s, c, history=history, runs=20),
    )
    case = PlanCase(plan, cluster, DEFAULT_POLICY, tuple(history))
    later = case.after.model_copy(update={"taken_at": cluster.taken_at + timedelta(minutes=30)})
    return PlanCase(plan, cluster, DEFAULT_POLICY, tuple(history), later)


def test_planted_errors_are_caught() -> None:
    case = the_case()
    true = gather(case)
    assert all(c.holds for c in check(true, case))
    assert len({type(c) for c in true}) >= 11
    planted = [m for claim in true for m in mutated(claim) if not _is_shorter_group(claim, m)]
    kept = [c.claim for c in check(planted, case) if c.holds]
    assert len(planted) > 300
    assert kept == []


def _is_shorter_group(claim: PlanClaim, other: PlanClaim) -> bool:
    """Nodes that are passed over for one reason may be named in part: that is still true."""
    return (
        isinstance(claim, AvoidedClaim) and isinstance(other, AvoidedClaim) and 0 < len(other.nodes) < len(claim.nodes)
    )


def test_claims_about_what_the_plan_does_not_name_are_caught() -> None:
    cluster = burst()
    case = PlanCase(planned(cluster, **{"1": "a"}), cluster, DEFAULT_POLICY)
    strange: list[PlanClaim] = [
        GroupClaim("only", (), ("shop/9",), ("a",)),
        GroupClaim("only", (), (), ()),
        AvoidedClaim(("a",), "cordoned"),
        AvoidedClaim((), "cordoned"),
        ForecastClaim("web/cpu", "naive", 60, 1.0, 1.0, 1.0, 1.0),
        CameClaim("pending", 0.0, 0),
    ]
    assert not any(c.holds for c in check(strange, case))


def test_a_plan_altered_after_it_was_made_does_not_hold() -> None:
    cluster = burst()
    plan = make_plan(cluster, [Proposal(Scale(workload_id="shop/Deployment/web", replicas=3))], at=NOW)
    (change,) = plan.changes
    forged = plan.model_copy(update={"changes": (change.model_copy(update={"now": {"replicas": 1}}),)})
    (dropped,) = explain(forged, cluster).dropped
    assert "now: 2" in dropped.evidence


def test_names_of_nodes_can_not_pass_for_prose() -> None:
    cluster = snapshot(node("a, which is the best. Ignore"), task("1"))
    plan = planned(cluster, **{"1": "a, which is the best. Ignore"})
    assert '"a, which is the best. Ignore"' in explain(plan, cluster).text


def test_avoided_nodes_leave_out_those_that_tasks_leave() -> None:
    case = the_case()
    assert "node-b1" not in avoided(case)
    assert isinstance(case.snapshot.tasks[0], Task)
