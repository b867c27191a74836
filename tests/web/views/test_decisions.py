"""What the page Decisions shows, without a browser."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from aurora.agents.explain.explainer import explain
from aurora.cluster.samples.load import load_sample
from aurora.errors import AuroraError, InputError, PolicyError, ScenarioError
from aurora.sim.explain.decision import last_decision, split_scores, terms
from aurora.sim.report import report_simulation
from aurora.web.views.decisions.counterfactual import instead, what_if
from aurora.web.views.decisions.decision import explained
from aurora.web.views.decisions.runs import Run, Runs, chart, loads, node_series, overview, task_rows
from aurora.web.views.decisions.sources import (
    Places,
    open_policy,
    open_scenario,
    policy_choices,
    scenario_choices,
)

PLACES = Places(load_sample("web-shop"), Path("no-runs"))


def _run(scenario: str, policy: str, places: Places = PLACES) -> Run:
    return Runs().get(open_scenario(scenario, places), open_policy(policy, places), policy)


@pytest.fixture(scope="module")
def batch() -> Run:
    return _run("generated:batch:3:7", "cheapest")


def test_every_offer_without_a_file_can_be_opened() -> None:
    keys = [c.key for c in scenario_choices(PLACES)]
    assert {"snapshot", "snapshot:anew", "sample:gpu-cluster:anew"} <= set(keys)
    for key in keys:
        assert open_scenario(key, PLACES).scenario.tasks
    for choice in policy_choices(PLACES):
        assert open_policy(choice.key, PLACES).policy_id == choice.key


def test_the_run_is_that_of_the_command_line(batch: Run) -> None:
    expected = report_simulation(batch.history.scenario, batch.history.policy)
    found = batch.report.to_json()
    assert {key: found[key] for key in expected.to_json()} == expected.to_json()
    assert dict(overview(batch).measures)["tasks completed"] == "50"


def test_bars_of_a_lane_do_not_overlap_and_every_start_has_one(batch: Run) -> None:
    drawn = chart(batch)
    assert len(drawn.bars) == len(batch.history.attempts)
    assert sum(r.tasks for r in drawn.rows) == len(drawn.bars)
    by_lane: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for bar in drawn.bars:
        assert bar.lane < drawn.rows[bar.row].lanes
        by_lane.setdefault((bar.row, bar.lane), []).append((bar.start, bar.end))
    for spans in by_lane.values():
        spans.sort()
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))


def test_loads_add_up_to_the_utilisation(batch: Run) -> None:
    found = loads(batch, "cpu", bins=400)
    cores = np.array([n.cpu for n in batch.history.scenario.nodes if n.cpu > 0])
    used = (found.shares * cores[:, None]).sum() * found.edges[1]
    expected = sum(
        (a.end - a.start) * batch.history.scenario.tasks[a.task].cpu_required for a in batch.history.attempts
    )
    assert used == pytest.approx(expected, rel=1e-9)
    assert found.shares.max() <= 1 + 1e-9


def test_steps_of_a_node_stay_within_its_size(batch: Run) -> None:
    node = chart(batch).rows[0].name
    steps = node_series(batch, node, "cpu")
    assert steps[0][0] == 0.0
    assert all(0 <= share <= 1 + 1e-9 for _, share in steps)
    assert steps[-1][1] == pytest.approx(0.0, abs=1e-9)
    assert node_series(batch, "no such node", "cpu") == ()


def test_a_node_leads_to_its_tasks_and_those_to_their_decisions(batch: Run) -> None:
    row = chart(batch).rows[0]
    rows = task_rows(batch, row.name)
    assert len(rows) == row.tasks
    shown = explained(batch, rows[0].task_id)
    assert shown.candidates[0].name == row.name
    assert row.name not in shown.others
    assert len(task_rows(batch)) == len(batch.history.scenario.tasks)


def test_terms_of_every_candidate_add_up_to_its_score() -> None:
    run = _run("snapshot:anew", "champion:general")
    seen = 0
    for row in task_rows(run)[20:40]:
        shown = explained(run, row.task_id)
        assert not shown.is_relative
        for candidate in shown.candidates:
            assert len(candidate.parts) == len(shown.terms)
            assert math.fsum(candidate.parts) == pytest.approx(candidate.score, rel=1e-9, abs=1e-9)
            seen += 1
    assert seen > 20


def test_the_split_of_two_options_is_the_one_of_terms(batch: Run) -> None:
    scenario, policy, outcome = batch.history.scenario, batch.history.policy, batch.history.outcome
    for task in scenario.tasks[:10]:
        decision = last_decision(scenario, policy, outcome, task.task_id)
        assert decision is not None
        if decision.runner_up is None:
            continue
        split = split_scores(decision, decision.options[:2])
        pairs = terms(decision, decision.runner_up)
        assert split.terms == tuple(t.text for t in pairs)
        assert split.values == (tuple(t.chosen for t in pairs), tuple(t.other for t in pairs))


def test_the_text_is_that_of_aurora_explain(batch: Run) -> None:
    task_id = task_rows(batch)[3].task_id
    expected = explain(batch.history.scenario, batch.history.policy, task_id, level="full").text
    assert "\n".join(explained(batch, task_id).lines) == expected


def test_a_task_that_is_not_placed_says_why() -> None:
    run = _run("snapshot", "least_allocated")
    undone = overview(run).not_completed[0]
    shown = explained(run, undone.task_id)
    assert (shown.is_placed, shown.candidates, shown.number) == (False, (), None)
    assert "can never be placed" in shown.lines[0]
    found = instead(run, undone.task_id, shown.others[0])
    assert any("cores" in change for change in found.changes)
    assert found.after is not None
    assert undone.task_id in {m.task_id for m in found.moved}


def test_a_task_that_waited_says_for_what(batch: Run) -> None:
    waited = max(task_rows(batch), key=lambda r: r.wait or 0.0)
    shown = explained(batch, waited.task_id)
    assert shown.waits
    assert set(shown.waits[0].on) <= {t.task_id for t in batch.history.scenario.tasks}


def test_the_smallest_change_brings_the_task_there(batch: Run) -> None:
    rows = [r for r in task_rows(batch) if len(explained(batch, r.task_id).candidates) > 1]
    shown = explained(batch, rows[0].task_id)
    found = instead(batch, shown.task_id, shown.candidates[1].name)
    assert found.lines[0].startswith("Not on")
    if found.after is not None:
        assert explained(found.after, shown.task_id).candidates[0].name == shown.candidates[1].name
        before = {m.name: m.before for m in found.measures}
        assert before == dict(overview(batch).measures)


def test_what_if_texts_are_those_of_the_command_line(batch: Run) -> None:
    node = chart(batch).rows[0].name
    found = what_if(batch, [f"remove:{node}", "load:+10%"])
    assert found.after is not None and len(found.changes) == 2
    assert node not in {r.name for r in chart(found.after).rows}
    for bad in ([], ["remove"], ["nonsense:x"], ["load:many"], [f"remove:{node}"] * 6, ["remove:no-such-node"]):
        with pytest.raises((InputError, ScenarioError)):
            what_if(batch, bad)


def test_runs_are_kept_and_told_apart() -> None:
    runs = Runs()
    opened = open_scenario("generated:batch:1:1", PLACES)
    first = runs.get(opened, open_policy("first_fit", PLACES), "first_fit")
    assert runs.get(open_scenario("generated:batch:1:1", PLACES), open_policy("first_fit", PLACES), "x") is first
    assert runs.get(opened, open_policy("best_fit", PLACES), "best_fit") is not first


@pytest.mark.parametrize(
    "key",
    [
        "",
        "nonsense",
        "generated:batch",
        "generated:batch:9:1",
        "generated:batch:1:-1",
        "generated:batch:1:²",
        "generated:none:1:1",
        "file:/etc/passwd",
        "file:../secret.json",
        "file:link.json",
        "file:a\0b.json",
        "file:" + "x" * 5000 + ".json",
        "run:..:x",
        "run:/etc:x",
        "run::x",
        "sample:nope",
    ],
)
def test_a_key_that_names_nothing_or_leads_outside_is_refused(key: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"scenario_id": "secret"}))
    (data / "link.json").symlink_to(secret)
    with pytest.raises(AuroraError):
        open_scenario(key, Places(PLACES.snapshot, tmp_path / "runs", data))
    with pytest.raises((InputError, PolicyError)):
        open_policy(key, Places(PLACES.snapshot, tmp_path / "runs", data))


def test_files_of_the_data_folder_are_offered_and_opened(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    scenario = open_scenario("generated:batch:1:1", PLACES).scenario
    (tmp_path / "inner" / "<b>one.json").write_text(scenario.model_dump_json(exclude_none=True))
    policy = open_policy("best_fit", PLACES)
    (tmp_path / "policy.json").write_text(policy.model_dump_json(exclude_none=True))
    (tmp_path / "other.json").write_text("{}")
    places = Places(PLACES.snapshot, tmp_path / "runs", tmp_path)
    assert [c.key for c in scenario_choices(places) if c.key.startswith("file:")] == ["file:inner/<b>one.json"]
    assert [c.key for c in policy_choices(places) if c.key.startswith("file:")] == ["file:policy.json"]
    assert open_scenario("file:inner/<b>one.json", places).scenario == scenario
    assert open_policy("file:policy.json", places) == policy


def test_a_trace_takes_no_more_memory_than_its_decisions(batch: Run) -> None:
    trace = batch.history.outcome.trace
    assert trace is not None
    assert trace.features.base is None
    assert len(trace.features) == len(batch.history.attempts)


def test_large_runs_are_kept_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurora.web.views.decisions.runs.BYTES_KEPT", 1)
    runs = Runs()
    opened = open_scenario("generated:batch:1:1", PLACES)
    first = runs.get(opened, open_policy("first_fit", PLACES), "first_fit")
    assert runs.get(opened, open_policy("first_fit", PLACES), "first_fit") is first
    runs.get(opened, open_policy("best_fit", PLACES), "best_fit")
    assert runs.get(opened, open_policy("first_fit", PLACES), "first_fit") is not first


def test_an_unknown_task_is_refused(batch: Run) -> None:
    with pytest.raises(ScenarioError, match="choose one"):
        explained(batch, "no such task")
