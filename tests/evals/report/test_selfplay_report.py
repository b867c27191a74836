"""The report of a run, and the reuse of its computed verdicts."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.evals import champion as judging
from aurora.evals.champion import evaluate_champion, verdict_from_json
from aurora.evals.report.selfplay import overfitting as keeping
from aurora.evals.report.selfplay import page, plots, write_report
from aurora.evals.report.selfplay.program import shortened
from aurora.evals.report.selfplay.timeline import lanes
from aurora.evals.report.selfplay.words import opening
from aurora.graphs.run import open_run
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.sim.policies.compiler import constants

SMALL = SelfPlaySettings(seed=3, population=6, generations=2, training_per_family=1, validation_per_family=1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run") / "r"
    with open_run(directory, SMALL) as run:
        run.play(iterations=2)
    return directory


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(GeneratedSource, "judged_per_family", 1)
    monkeypatch.setattr(page, "BOUNDED_PER_FAMILY", 0)


def test_the_starting_policy_is_a_row_of_every_comparison():
    source = chosen_source(SMALL)
    start = source.templates[0]
    ticks: list[tuple[int, int]] = []
    verdicts = evaluate_champion(
        source,
        start,
        per_family=1,
        bounded=0,
        seed=5,
        jobs=1,
        progress=lambda _, done, of=None, detail="": ticks.append((done, of)),
    )
    assert [v.level for v in verdicts] == [1, 2, 3, 4, 5]
    assert ticks == [(k, 5) for k in range(1, 6)]
    for verdict in verdicts:
        assert verdict.start.difference == (0, 0, 0)  # the start against itself
        assert verdict.start_against_closest.mean == pytest.approx(verdict.comparisons[0].difference.mean)
        assert all(g.change is None or g.change == (0, 0, 0) for g in verdict.gains_over_start)
        assert [g.objective for g in verdict.gains] == ["latency", "cost", "energy", "sla"]
        assert verdict_from_json(verdict.to_json()) == verdict


def test_a_report_is_written_and_its_verdicts_are_cached(finished, quick, monkeypatch):
    path, verdicts, found = write_report(finished, SMALL)
    text = path.read_text()
    assert "closest reference" in text
    assert "Terms" in text
    assert "Over-fitting" in text
    assert found.curve[-1].training == pytest.approx(found.training.advantage.mean)
    assert opening(verdicts, "reward")[:40] in text
    assert not re.search(r"(src|href)=['\"]https?:", text.partition("</script>")[2])
    monkeypatch.setattr(judging, "fresh_scenarios", lambda *_: pytest.fail("judged again"))
    monkeypatch.setattr(keeping, "measure_overfitting", lambda *_, **__: pytest.fail("measured again"))
    assert write_report(finished, SMALL)[1:] == (verdicts, found)
    (finished / page.VERDICTS_FILE).write_text("{")  # a damaged copy is computed again
    (finished / keeping.OVERFITTING_FILE).write_text("[]")
    monkeypatch.undo()
    monkeypatch.setattr(GeneratedSource, "judged_per_family", 1)
    monkeypatch.setattr(page, "BOUNDED_PER_FAMILY", 0)
    assert write_report(finished, SMALL)[1:] == (verdicts, found)


def test_rounded_constants_change_no_value():
    source = chosen_source(SMALL)
    policy = source.templates[0]
    short, said = shortened(source, policy, seed=1, jobs=1)
    assert len(constants(short)) == len(constants(policy))
    assert "rounded to 2 digits" in said


def test_overlapping_tasks_of_a_node_have_separate_lanes():
    rng = np.random.default_rng(2)
    places = [f"n{k}" for k in rng.integers(0, 3, 60)]
    starts = rng.uniform(0, 10, 60).tolist()
    finishes = [s + d for s, d in zip(starts, rng.uniform(0.1, 4, 60).tolist(), strict=True)]
    rows = lanes(places, starts, finishes)
    for i in range(60):
        for j in range(i):
            if (places[i], rows[i]) == (places[j], rows[j]):
                assert finishes[i] <= starts[j] or finishes[j] <= starts[i]
    assert lanes(["a", "a", "b"], [0, 1, 0], [1, 2, 9]) == [0, 0, 0]


def test_a_front_without_differences_is_a_sentence_and_no_plot():
    amounts = {"latency_mean": 0.0, "cost": 0.0, "energy": 0.0, "carbon": 0.0}
    fronts = {"s": {"a": amounts, "b": amounts}}
    store = SimpleNamespace(scenarios=lambda: [{"scenario_id": "s"}], fronts=lambda _: fronts, origins=lambda _: {})
    assert "no front" in plots.pareto_plot(store)
    fronts["s"]["b"] = amounts | {"cost": 1.0}
    assert "no other policy is better" in plots.pareto_plot(store)
