"""The views of self-play tell what the log and the archive of a run say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora.agents.arena.files_source import FilesSource
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.openb_source import OpenbSource
from aurora.agents.arena.sources import SOURCES
from aurora.agents.arena.swf_source import SwfSource
from aurora.agents.arena.trace_source import TraceSource
from aurora.evals.report.selfplay.standing import EliteCell
from aurora.graphs.following import Position, Reading, follow
from aurora.graphs.result import run_result
from aurora.graphs.run import open_run
from aurora.graphs.run_control import RunControl
from aurora.graphs.run_directory import open_archive
from aurora.graphs.run_list import run_row
from aurora.graphs.settings import SelfPlaySettings
from aurora.web.views.selfplay import decisions_of, new_name, run_line, run_lines, unit_of
from aurora.web.views.selfplay_charts import elo_chart, front_chart, live_chart, reward_chart
from aurora.web.views.selfplay_live import Live, heard
from aurora.web.views.selfplay_standing import elite_rows, kept_verdicts, scenario_front, standing


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of two short iterations."""
    folder = tmp_path_factory.mktemp("runs")
    settings = SelfPlaySettings(seed=3, population=4, generations=2, training_per_family=1, validation_per_family=1)
    with open_run(folder / "short", settings) as opened:
        opened.play(iterations=2, jobs=1)
    return folder


def _reading(*events: dict[str, object], is_anew: bool = False) -> Reading:
    return Reading(tuple(events), Position(), is_anew, 0, is_whole=True)


def test_a_run_is_listed_with_its_champion(runs: Path) -> None:
    (line,) = run_lines(runs, RunControl(runs))
    assert (line.name, line.source, line.seed, line.state, line.ended, line.iterations) == (
        "short",
        "generated",
        "3",
        "stopped",
        "done",
        2,
    )
    with open_archive(runs / "short") as store:
        last = store.last_iteration()
    assert last is not None
    assert line.champion == last[1]["champion"]["policy_id"]
    assert line.advantage == last[1]["champion_value"]
    assert line.age.endswith("ago")


def test_the_standing_has_the_figures_of_the_command_line(runs: Path) -> None:
    stands = standing(runs / "short")
    assert stands is not None
    with open_archive(runs / "short") as store:
        told = run_result(runs / "short", store, GeneratedSource(), "done").to_json()
        events = [e for e in store.events() if e["event"] == "iteration"]
    assert stands.champion.policy_id == told["champion"]
    assert stands.champion.validation.mean == pytest.approx(told["validation_advantage"])
    assert stands.iterations == told["iterations"]
    facts = dict(stands.facts)
    assert facts["simulations"] == f"{told['evaluations']:,}"
    assert facts["policies kept"] == str(told["counts"]["policies"])
    assert {c.policy_id: c.elo for c in stands.ratings} | {p["policy_id"]: p["elo"] for p in told["top"]} == {
        c.policy_id: c.elo for c in stands.ratings
    }
    assert [s.validation for s in stands.steps] == [e["validation_advantage"] for e in events]
    for step, event in zip(stands.steps, events, strict=True):
        mean = sum(event["attacker_rewards"]) / len(event["attacker_rewards"])
        assert step.attacker.mean == pytest.approx(mean)
        assert step.attacker.low <= mean <= step.attacker.high
    assert reward_chart(stands.steps, "reward").marks
    assert elo_chart(stands.ratings).marks
    assert stands.front is not None
    assert scenario_front(runs / "short", stands.cards[-1].scenario_id).scenario_id == stands.cards[-1].scenario_id
    assert len(front_chart(stands.front).marks) == 1
    assert kept_verdicts(runs / "short") is None  # no report was written


def test_a_run_without_an_iteration_has_no_standing(tmp_path: Path) -> None:
    with open_run(tmp_path / "new", SelfPlaySettings(seed=1)):
        pass
    assert standing(tmp_path / "new") is None


def test_the_log_is_told_while_it_grows(runs: Path) -> None:
    live = heard(Live(), follow(runs / "short" / "events.jsonl"))
    assert (live.committed, live.iteration, live.stopped) == (1, 1, "done")
    assert live.now == "Iteration 2 is finished."
    live = heard(live, _reading({"event": "started", "iteration": 2, "level": 4}))
    assert live.now == "Iteration 3, level 4: the attacker looks for scenarios."
    generation = {"event": "generation", "iteration": 2, "generation": 0, "generations": 12, "advantage": 0.25}
    live = heard(live, _reading(generation, generation | {"generation": 1, "advantage": 0.5}))
    assert live.now == "Iteration 3, level 4: generation 2 of 12."
    assert live.advantages == (0.25, 0.5)
    assert live_chart(live, "reward").marks[0].x == [1, 2]
    assert live.stopped == ""
    live = heard(live, _reading({"event": "stopped", "iteration": 1, "reason": "interrupted", "simulated": 1}))
    assert live.stopped == "interrupted"
    assert heard(live, _reading(is_anew=True)) == Live()  # the log was cut: what was known is void


@pytest.mark.parametrize(
    "event",
    [
        {"event": "started", "iteration": 0, "level": "high"},
        {"event": "generation", "iteration": 0, "generation": None, "generations": [], "advantage": "x"},
        {"event": "model", "iteration": 0},
        {"event": "iteration", "iteration": 0, "level": {}},
        {"event": "prompts", "iteration": 0, "judged": 3},
        {"event": "remark", "iteration": 0},
        {"event": "stopped", "iteration": 0, "reason": ["x"], "seconds": True},
        {"event": "unheard-of", "iteration": 0},
    ],
)
def test_a_damaged_event_does_no_harm(event: dict[str, object]) -> None:
    assert isinstance(heard(Live(), _reading(event)).now, str)


def test_a_run_that_can_not_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    manifest = {"format": 1, "settings": {"source": "<b>", "seed": 1}, "files": {}}
    (tmp_path / "odd" / "manifest.json").write_text(json.dumps(manifest))
    line = run_line(run_row(tmp_path, "odd"), RunControl(tmp_path))
    assert "there is no source '<b>'" in line.problem
    assert unit_of(run_row(tmp_path, "odd")) == "value"


def test_units_are_those_of_the_sources() -> None:
    units = {"generated": GeneratedSource, "openb": OpenbSource, "openb_lists": OpenbSource, "swf": SwfSource}
    units |= {"files": FilesSource, **dict.fromkeys(("azure", "utilisation", "edge", "slices"), TraceSource)}
    assert {name: row.unit for name, row in SOURCES.items()} == {name: kind.unit for name, kind in units.items()}


def test_the_map_of_elites_is_a_table() -> None:
    cells = [EliteCell("order", "cost", f, m, "p") for f, m in (("batch", 0.1), ("spot", 0.3))]
    cells.append(EliteCell("plain", "latency_mean", "", -0.2, "q"))
    families, rows = elite_rows(cells)
    assert families == ("all", "batch", "spot")
    assert [(r.use, r.style) for r in rows] == [("order", "cost"), ("plain", "latency")]
    assert [c.text for c in rows[0].cells] == ["", "+0.1000", "+0.3000"]
    assert {c.shade for r in rows for c in r.cells if c.text} == {"load-1", "load-2", "load-4"}
    assert elite_rows([]) == ((), ())


def test_links_carry_any_name() -> None:
    run = "run%3Aa+b%26d"
    assert decisions_of("a b&d", "x?y") == f"/decisions?policy={run}%3Abest&scenario={run}%3Ax%3Fy"
    assert decisions_of("study/base/1", "x") == ""


def test_a_new_name_is_free(tmp_path: Path) -> None:
    (tmp_path / "run-1").mkdir()
    assert new_name(tmp_path) == "run-2"
