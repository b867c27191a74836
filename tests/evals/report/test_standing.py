"""The data of a run's pages are the figures of its archive and of its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora.errors import StoreError
from aurora.evals.report.selfplay.elo import MAX_RATED, drawn, rating_curves
from aurora.evals.report.selfplay.front import front_of
from aurora.evals.report.selfplay.gallery import ScenarioCard, leads_by_iteration, scenario_cards
from aurora.evals.report.selfplay.standing import (
    changed_lines,
    elite_map,
    lineages,
    reigns,
    run_facts,
    searched,
    validation_interval,
)
from aurora.graphs.run import Run, open_run
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.store import Store
from aurora.sim.policies.references import REFERENCES


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run of two iterations."""
    directory = tmp_path_factory.mktemp("runs") / "short"
    settings = SelfPlaySettings(seed=3, population=4, generations=2, training_per_family=1, validation_per_family=1)
    with open_run(directory, settings) as opened:
        _played(opened)
    return directory


def _played(opened: Run) -> None:
    assert opened.play(iterations=2, jobs=1).iterations == 2


def test_ratings_are_those_of_the_archive_within_their_intervals(run: Path) -> None:
    with Store.open(run / "archive.sqlite") as store:
        last = store.last_iteration()
        assert last is not None
        champion = last[1]["champion"]["policy_id"]
        curves = rating_curves(store, champion)
        top = {p["policy_id"]: p["elo"] for p in store.top(MAX_RATED)}
        history = store.rating_history(list(top))
    assert {c.policy_id: c.elo for c in curves if c.policy_id in top} == top
    for curve in curves:
        if curve.policy_id in history:
            assert {p.iteration: p.elo for p in curve.points} == history[curve.policy_id]
        for point in curve.points:
            assert point.low <= point.elo <= point.high
    assert sum(c.role == "champion" for c in curves) == 1
    assert {c.role for c in drawn(curves)} <= {"champion", "reference", "policy"}


def test_the_standing_is_that_of_the_last_checkpoint(run: Path) -> None:
    with Store.open(run / "archive.sqlite") as store:
        last = store.last_iteration()
        assert last is not None
        state = last[1]
        steps = [e for e in store.events() if e["event"] == "iteration"]
        led = reigns(steps, store)
        facts = dict(run_facts(steps, store.counts()))
    interval = validation_interval(state)
    assert interval is not None
    assert interval.mean == pytest.approx(state["champion_value"])
    assert interval.low <= interval.mean <= interval.high
    search = searched(state)
    rows = lineages(search)
    assert [r.role for r in rows] == ["leader", *["challenger"] * len(search.challengers)]
    assert rows[0].weights > 0
    assert len(elite_map(search.elites)) == len(search.elites) > 0
    assert led[-1].policy_id == state["champion"]["policy_id"]
    assert (led[0].first, led[-1].last) == (0, 1)
    assert facts["iterations"] == "2"
    assert validation_interval({"race": None}) is None


def test_cards_tell_who_solves_a_scenario(run: Path) -> None:
    with Store.open(run / "archive.sqlite") as store:
        last = store.last_iteration()
        assert last is not None
        champion = last[1]["champion"]["policy_id"]
        cards = scenario_cards(store, champion, most=100)
        rows = {r["scenario_id"]: r for r in store.scenarios()}
        for card in cards:
            values = store.values(card.scenario_id)
            assert card.players == len(values)
            assert card.best_value == max(values.values())
            assert card.reference_value == max(values[name] for name in REFERENCES if name in values)
            assert card.success_rate == rows[card.scenario_id]["success_rate"]
        front = front_of(store, cards[0].scenario_id)
    assert len(cards) == len(rows)
    assert cards[0].iteration == max(c.iteration for c in cards)
    assert [c.text for c in cards if not c.text] == []
    assert front.scenario_id == cards[0].scenario_id
    leads = leads_by_iteration(cards)
    assert sum(map(len, leads.values())) == sum(c.lead is not None for c in cards)


@pytest.mark.parametrize(
    ("rate", "lead", "words"),
    [
        (1.0, None, "Easy: all candidates"),
        (0.0, 0.01, "Out of reach: no candidate"),
        (
            0.5,
            -0.0123,
            "Between easy and hopeless: 50% of the candidates do as well as the best reference. "
            "The champion is 0.0123 behind fgd.",
        ),
        (0.9, 0.0, "Mostly solved: 90%"),
        (0.1, None, "Mostly lost: 10%"),
    ],
)
def test_a_card_says_why_a_scenario_is_hard(rate: float, lead: float | None, words: str) -> None:
    value = None if lead is None else 0.5 + lead
    card = ScenarioCard("s", "batch", 1, 0, "text", rate, 0.4, "p", 0.6, "fgd", 0.5, value, 7)
    assert card.why.startswith(words)


def test_a_changed_program_is_told_line_by_line() -> None:
    first, second = REFERENCES["first_fit"], REFERENCES["fgd"]
    lines = changed_lines(first, second)
    assert {line.mark for line in lines} >= {"+", "-"}
    assert all(line.mark == " " for line in changed_lines(first, first))


def test_a_state_of_another_version_is_told(run: Path) -> None:
    with pytest.raises(StoreError, match="state of the search"):
        searched(json.loads('{"searcher": {"policy": 3}}'))
