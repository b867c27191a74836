"""GEPA on the same bench, cases and budget."""

import json

import pytest

from aurora.evals.gepa_rival import evolve_with_gepa
from aurora.graphs.prompt_evolution.budget import EvolutionBudget
from aurora.graphs.prompt_evolution.run import Inner, open_evolution, standing_of
from tests.graphs.prompt_evolution.planted import FIRST, GOOD, SETTINGS, Planted, PlantedBench, variant, worker

pytest.importorskip("gepa")
GEPA = SETTINGS.model_copy(update={"method": "gepa"})


def evolve(directory, text: str, budget: EvolutionBudget, asked: list[str]):
    bench = PlantedBench()

    def reflect(system: str, user: str) -> str:
        asked.append(user)
        return f"```\n{text}\n```"

    with open_evolution(directory, GEPA) as opened:
        selection = frozenset(c.name for c in opened.cases(bench).selection)
        inner = Inner(Planted(answer=worker(selection)), Planted(answer=reflect))
        with opened.working(bench, budget=budget, inner=inner) as (context, first):
            return evolve_with_gepa(context, first).standing


def test_gepa_finds_the_planted_sentence_within_the_budget(tmp_path) -> None:
    asked: list[str] = []
    standing = evolve(tmp_path, variant(GOOD), EvolutionBudget(2, 60), asked)
    assert standing.variant(standing.kept[0]).text.strip() == variant(GOOD).strip()
    assert standing.proposals <= 2
    assert standing.evaluations <= 60
    assert standing.judged[0].verdict == "gain"
    assert "it was beaten" in asked[0]
    assert "scenario-" not in asked[0]
    assert standing_of(tmp_path) == standing
    again = evolve(tmp_path, variant(GOOD), EvolutionBudget(2, 60), asked)
    assert again == standing


def test_what_breaks_a_rule_costs_no_call_and_wins_nothing(tmp_path) -> None:
    standing = evolve(tmp_path, variant("Do as scenario-cloudy:0 wants."), EvolutionBudget(2, 60), [])
    assert standing.kept == (FIRST.prompt_id,)
    assert {s.prompt_id for s in standing.samples} == {FIRST.prompt_id}
    calls = [json.loads(line) for line in (tmp_path / "calls.jsonl").open()]
    assert sum(c["kind"] == "model" for c in calls) <= 8 + 2


def test_a_small_budget_holds_exactly(tmp_path) -> None:
    standing = evolve(tmp_path, variant(GOOD), EvolutionBudget(5, 27), [])
    assert standing.evaluations <= 27
