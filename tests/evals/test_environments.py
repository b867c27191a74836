import math

import pytest

from aurora.evals.speed import environments


def test_every_stepping_interface_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(environments, "STEPS", {1: 20, 2: 5})
    monkeypatch.setattr(environments, "SINGLE_STEPS", 128)
    monkeypatch.setattr(environments, "SCENARIOS", 10)
    result = environments.bench_environments(2)
    assert [row["level"] for row in result["levels"]] == [1, 2]
    for row in result["levels"]:
        rates = [row[k] for k in ("steps_per_second", "gymnasium", "sb3_vectorised", "sb3_dummy")]
        assert all(0 < rate < math.inf for rate in rates)
        assert row["min"] <= row["steps_per_second"] <= row["max"]
        assert row["gymnasium"] < row["steps_per_second"]
    assert all(row["microseconds_per_decision"] > 0.5 for row in result["networks"])
