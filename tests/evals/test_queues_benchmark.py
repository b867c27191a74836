"""The benchmark of queue champions prints every rival with its difference, beside the published learner."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from benchmarks.queues import LOGS, RIVALS, slowdowns, table


def test_the_table_holds_rivals_differences_and_the_learner(traces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(traces, "lublin_256", "easy", ["saf", "fcfs"], 1)
    printed = capsys.readouterr().out
    rows = {
        row[1]: row[2:-1] for row in ([c.strip() for c in line.split("|")] for line in printed.splitlines()) if row[1:]
    }
    assert set(rows) >= {*RIVALS, "RLScheduler, published"}
    assert rows["RLScheduler, published"][0] == "58.64"
    assert rows["fcfs"][0] == "235.82"  # as published
    assert rows["saf"][2] == ""  # no difference from itself
    assert rows["saf"][3].startswith("-181.82 [")
    assert len({len(r) for r in rows.values()}) == 1
    assert set(LOGS) == {"lublin_256", "SDSC-SP2-1998-4.2-cln"}


def test_a_policy_that_leaves_jobs_out_is_refused(traces: Path, tmp_path: Path) -> None:
    narrow = Policy(
        policy_id="narrow",
        policy_description="starts only narrow jobs",
        allocation_strategy=AllocationStrategy(
            algorithm_type="custom", admit="task.cpu < 2", decision_rules=(DecisionRule(score="1"),)
        ),
    )
    path = tmp_path / "narrow.json"
    path.write_text(narrow.model_dump_json())
    with pytest.raises(SystemExit, match="unfinished"):
        slowdowns(traces, "lublin_256", "easy", str(path), 1)
