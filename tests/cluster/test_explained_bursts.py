"""The example that explanations of plans are to reach: a burst on the edge, read as an operator reads it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aurora.cluster.changes import Place
from aurora.cluster.explanation import explain
from aurora.cluster.explanation.claims import AvoidedClaim, GroupClaim
from aurora.cluster.explanation.explain import PlanExplanation
from aurora.cluster.explanation.wording import RISKS, names
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import make_plan
from aurora.cluster.plans.plan import RiskCode
from aurora.cluster.plans.proposals import propose_placements
from aurora.cluster.snapshot import Node, Snapshot, Task, Workload
from aurora.evals.explanations.sampling import sampled_plan
from aurora.learning.series.series import Series
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.scenarios.scenario import Link
from tests.cluster.clusters import NOW, node, snapshot, task

NEAR = Policy(
    policy_id="near", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score="-fit.latency"),))
)
BURST = "shop/Deployment/burst"
EDGE = (7, 12, 15)
FIRMWARE = (NOW + timedelta(minutes=55), NOW + timedelta(hours=3), "firmware")
RIDDLES = re.compile(r"\b(\w+) \1\b|  |\(\)|nodes? node|: :|;;|,,| ,|(?<!\w)-[0-9]|[0-9]%")
"""Repeated words, empty brackets, negative amounts, and a percent sign without its space."""


def cluster() -> Snapshot:
    """Return 15 nodes, of which three at the edge are near the data of a burst, and three go into maintenance."""
    things: list[Node | Task] = []
    for k in range(1, 16):
        zone, busy = ("edge-a", 2.8) if k in EDGE else ("core", 1.0 if k in (3, 4, 5) else 6.4)
        room = {"cpu": 8.0, "memory": 32.0, "pods": 20.0}
        maintenance = (FIRMWARE,) if k in (3, 4, 5) else ()
        things.append(node(f"node-{k}", zone, allocatable=room, price_per_hour=0.4, maintenance=maintenance))
        things.append(
            task(f"svc-{k}", f"node-{k}", requests={"cpu": busy, "memory": 8.0}, used={"cpu": busy, "memory": 6.0})
        )
    fields: dict[str, Any] = {"workload_id": BURST, "data_zone": "edge-b", "requests": {"cpu": 1.4, "memory": 2.0}}
    things += [task(f"burst-{k}", **fields) for k in range(1, 8)]
    links = (
        Link(link_id="near", source="edge-a", target="edge-b", bandwidth=10.0, latency_ms=8.0),
        Link(link_id="far", source="core", target="edge-b", bandwidth=10.0, latency_ms=40.0),
    )
    workloads = (Workload(workload_id=BURST, kind="Deployment", replicas=7),)
    return snapshot(*things, links=links, workloads=workloads)


def demand() -> Series:
    """Return the burst's cores: ten earlier spikes of 3 to 8 minutes to about 9, and one that has lasted two."""
    rng = np.random.default_rng(0)
    y = 1 + 0.1 * np.abs(rng.normal(size=3000))
    for k, length in enumerate((3, 4, 4, 5, 5, 5, 5, 6, 6, 8)):
        y[100 + 250 * k : 100 + 250 * k + length] = 9 + 0.3 * rng.normal(size=length)
    y[-2:] = 9.0
    labels = {"workload": BURST, "metric": "cpu"}
    return Series(f"{BURST}/cpu", int(NOW.timestamp()) - 60 * 2999, 60, y, np.ones(3000, dtype=np.bool_), labels=labels)


def explained(policy: Policy) -> PlanExplanation:
    asked, history = cluster(), (demand(),)
    proposals = propose_placements(asked, policy).proposals
    plan = make_plan(
        asked, proposals, at=NOW, effect_of=lambda s, c: simulate_effect(s, c, policy, history=history, runs=20)
    )
    places = {c.task_id: c.node_id for c, _ in proposals if isinstance(c, Place)}
    tasks = tuple(
        t.model_copy(update={"state": "running", "node_id": places[t.task_id], "used": {"cpu": 1.3, "memory": 1.5}})
        if t.task_id in places
        else t
        for t in asked.tasks
    )
    later = asked.model_copy(update={"taken_at": NOW + timedelta(minutes=10), "tasks": tasks})
    return explain(plan, asked, policy, history=history, later=later)


def test_a_burst_is_told_by_what_decided_for_its_nodes() -> None:
    found = explained(NEAR)
    assert not found.dropped
    (group,) = [c.claim for c in found.checked if isinstance(c.claim, GroupClaim)]
    assert group.features == ("fit.latency",)
    assert group.nodes == ("node-7", "node-12", "node-15")
    lines = found.text.splitlines()
    assert lines[0].endswith("puts 7 tasks on node-7, node-12 and node-15.")
    assert lines[1].startswith("Because, by the policy near: best on network latency (all 7); they had room (")
    assert "they are near the data (8 ms on average)" in lines[1]
    assert "node-1 to node-6, node-8 to node-11, node-13 and node-14 (room, but worse on network latency)" in lines[2]


def test_nodes_with_maintenance_ahead_are_named_with_it() -> None:
    found = explained(DEFAULT_POLICY)
    (avoided,) = [c.claim for c in found.checked if isinstance(c.claim, AvoidedClaim) and c.claim.kind == "maintenance"]
    assert avoided.nodes == ("node-3", "node-4", "node-5")
    assert "node-3 to node-5 (maintenance from 12:55 UTC, firmware)" in found.text


def test_a_spike_is_forecast_from_spikes_and_what_came_stands_in_the_order_of_what_was_expected() -> None:
    text = explained(NEAR).text
    stated = r"forecast to peak at ([0-9.]+) cores within 1 h \(80 % between ([0-9.]+) and ([0-9.]+); 9 now\)"
    peak = re.search(stated, text)
    assert peak is not None and 8.5 < float(peak[1]) <= float(peak[3]) < 10.5
    assert "Its spike is forecast to last 5 min (80 % between" in text
    (expected,) = re.findall(r"^Expected: (.*)$", text, re.MULTILINE)
    (came,) = re.findall(r"^Came, at .*? UTC: (.*)$", text, re.MULTILINE)
    order = ("to the data", "of CPU used", "of memory used", "for a task", "for all nodes", "without a node")
    for told in (expected, came):
        places = [told.index(words) for words in order]
        assert places == sorted(places)
    assert came.startswith("7 of 7 tasks where planned; 8 ms to the data; ")


@pytest.mark.parametrize("number", range(9))
def test_texts_of_sampled_plans_hold_no_riddles(number: int) -> None:
    case = sampled_plan(5, number).case
    found = explain(case.plan, case.snapshot, case.policy, history=case.history)
    assert not found.dropped
    prose = re.sub(r'"[^"]*"', "QUOTED", found.text)
    assert not [m[0] for m in RIDDLES.finditer(prose)]


def test_rows_of_names_are_told_by_their_ends() -> None:
    assert names(["cn08", "cn09", "cn10", "cn12"]) == "cn08 to cn10 and cn12"
    assert names(["a1", "a2"]) == "a1 and a2"
    assert names(["n1", "n02", "n3"]) == "n1, n02 and n3"
    assert names([f"x{3 * k}" for k in range(9)]) == "x0, x3, x6, x9, x12 and 4 more"


def test_every_risk_reads_for_one_subject_and_for_several() -> None:
    assert set(RISKS) == set(RiskCode.__args__)  # type: ignore[attr-defined]
    assert all(text.count("{}") == 1 for pair in RISKS.values() for text in pair)
