"""Policies are listed and told with the figures of their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora.champions.shipped import shipped_champion, shipped_champions
from aurora.errors import AuroraError
from aurora.sim.policies.compiler import readable
from aurora.sim.policies.references import REFERENCES
from aurora.web.views.policies import decisions_path, path_of, policy_lines, policy_view
from aurora.web.views.studies import MOST_CHOSEN, compare_command, report_command, report_page, study_lines


def test_every_champion_and_reference_is_listed(tmp_path: Path) -> None:
    names = [line.name for line in policy_lines(tmp_path)]
    assert names == [*(c.policy_name for c in shipped_champions()), *REFERENCES]
    gpu = next(line for line in policy_lines(tmp_path) if line.name == "champion:gpu")
    closest = shipped_champion("gpu").judgement.closest
    assert gpu.ahead == closest.mean
    assert gpu.ahead_text.startswith(f"{closest.mean:+.4f} [{closest.low:+.4f}, {closest.high:+.4f}]")


@pytest.mark.parametrize("name", ["champion:gpu", "champion:general-green", "champion:queue", "fgd", "nearest"])
def test_a_policy_is_told_with_its_program(tmp_path: Path, name: str) -> None:
    view = policy_view(name, tmp_path)
    policy = REFERENCES.get(name) or shipped_champion(name).policy
    assert view.program == readable(policy)
    assert view.in_decisions == decisions_path(name)
    assert all(line.startswith("aurora ") and name in line for _, line in view.commands)
    if name.startswith("champion:"):
        champion = shipped_champion(name)
        assert view.idea == champion.idea
        assert view.judged[-1].rows[0][0] == champion.validation.closest.reference
        assert len(view.parts) == len(champion.parts)


def test_fronts_know_their_origin(tmp_path: Path) -> None:
    assert "champion:general-green" in policy_view("champion:general", tmp_path).family
    family = policy_view("champion:general-green", tmp_path).family
    assert "champion:general" in family
    assert "champion:general-green" not in family


@pytest.mark.parametrize("name", ["nobody", "champion:nobody", "run:nothing", "run:../etc", "", "<script>"])
def test_an_unknown_policy_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(AuroraError):
        policy_view(name, tmp_path)


def test_paths_carry_any_name() -> None:
    assert path_of("run:a b/c?d") == "/policies/run%3Aa%20b/c%3Fd"


def _result(folder: Path, name: str, value: float, kind: str = "benchmark") -> None:
    place = folder / name
    place.mkdir(parents=True)
    hostile = "<script>window.bad=1</script>"
    metric = {"name": "reward", "value": value, "unit": hostile, "better": "higher", "samples": 3, "subject": "a"}
    provenance = {"command": "aurora eval benchmark", "created": "2026-01-01T00:00:00Z", "version": "1"}
    data = {"format": 1, "kind": kind, "provenance": provenance, "metrics": [metric], "notes": [hostile]}
    (place / "result.json").write_text(json.dumps(data))
    samples = [{"subject": "a", "sample": f"s{k}", "values": {"reward": value + k}} for k in range(3)]
    (place / "samples.jsonl").write_text("".join(json.dumps(s) + "\n" for s in samples))


def test_evaluations_are_listed_reported_and_compared(tmp_path: Path) -> None:
    _result(tmp_path, "eval/before", 0.5)
    _result(tmp_path, "eval/after", 0.75)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "result.json").write_text("{")
    lines = {line.name: line for line in study_lines(tmp_path)}
    assert set(lines) == {"eval/before", "eval/after", "damaged"}
    assert lines["eval/before"].kind == "Benchmark"
    assert not lines["damaged"].has_result
    assert lines["damaged"].problem
    page = report_page(tmp_path, ["eval/before", "eval/after"])
    assert "after compared with before" in page
    assert "<script" not in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert report_command(tmp_path, ["eval/before"]).startswith(f"aurora eval report {tmp_path}/eval/before")
    assert compare_command(tmp_path, lines["eval/before"], lines["eval/after"]).startswith("aurora eval compare ")
    for names in ([], ["eval/before"] * (MOST_CHOSEN + 1), ["../etc"], ["nothing"], ["eval/before", "eval/before"]):
        with pytest.raises(AuroraError):
            report_page(tmp_path, names)
