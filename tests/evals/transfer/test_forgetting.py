"""Forgetting: what later champions lose on levels that were left, planted and found."""

from pathlib import Path

import pytest

from aurora.evals.transfer.forgetting import END, Forgotten, forgetting_metrics, forgetting_table, measure_forgetting
from aurora.evals.transfer.settings import Effort
from aurora.evals.transfer.training import Point, Trajectory
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES

EFFORT = Effort(100, (1, 2), 8, (1, 2))
FARTHEST = Policy(
    policy_id="farthest",
    policy_description="the farthest and dearest node",
    allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score="fit.latency + fit.cost"),)),
)
POLICIES = {"nearest": REFERENCES["nearest"], "farthest": FARTHEST}


def _run(*champions: tuple[int, str]) -> Trajectory:
    return Trajectory(tuple(Point(10 * k, level, POLICIES[name]) for k, (level, name) in enumerate(champions, 1)))


def _measured(folder: Path, *runs: Trajectory) -> dict[tuple[int, str], Forgotten]:
    rows = measure_forgetting(folder, "edge", runs, EFFORT)
    return {(r.level, r.later): r for r in rows}


def test_planted_forgetting_is_found(tmp_path: Path) -> None:
    runs = [_run((1, "nearest"), (2, "nearest"), (3, "farthest")) for _ in range(2)]
    found = _measured(tmp_path, *runs)
    assert found[1, END].change.high < 0
    assert found[2, END].change.high < 0
    assert (found[1, "level 2"].change, found[1, "level 2"].changed) == ((0, 0, 0), 0)  # still the same champion
    assert (found[1, END].seeds, found[1, END].changed) == (2, 2)
    table = forgetting_table(list(found.values()))
    row = dict(zip(table.columns, next(r for r in table.rows if r[1:3] == (1, END)), strict=True))
    assert row["change"] == found[1, END].change.mean
    assert (row["runs"], row["champions changed"]) == (2, 2)
    assert [m.value for m in forgetting_metrics(list(found.values()))] == [
        found[1, END].change.mean,
        found[2, END].change.mean,
    ]


def test_what_was_learned_since_is_no_forgetting(tmp_path: Path) -> None:
    assert _measured(tmp_path, _run((1, "farthest"), (2, "nearest")))[1, END].change.low > 0


def test_the_change_is_a_mean_over_the_runs_that_left_the_level(tmp_path: Path) -> None:
    forgets, keeps = _run((1, "nearest"), (2, "farthest")), _run((1, "nearest"), (2, "nearest"))
    stays = _run((1, "nearest"), (1, "farthest"))
    alone = _measured(tmp_path / "a", forgets)[1, END]
    among = _measured(tmp_path / "b", forgets, keeps, stays)[1, END]
    assert among.change.mean == pytest.approx(alone.change.mean / 2)
    assert (among.seeds, among.changed) == (2, 1)


def test_a_level_that_no_run_left_is_not_measured(tmp_path: Path) -> None:
    assert _measured(tmp_path, _run((1, "nearest"), (1, "farthest"))) == {}
    assert not (tmp_path / "samples.jsonl").exists()
