"""The race for the champion: who is out when, what is measured, and that the better policy wins."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from aurora.agents.arena.evaluation import advantage, arena, values
from aurora.graphs.champion_choice import Contender, Limits, Race, choose
from aurora.graphs.checkpoint import checkpoint, restored
from aurora.graphs.context import validation_arena
from aurora.graphs.selfplay import SelfPlaySettings, play
from aurora.graphs.settings import chosen_source
from aurora.graphs.validation import Pool, best_mean, race_candidates
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.store import Store
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES

SMALL = SelfPlaySettings(population=5, generations=2, training_per_family=1, validation_per_family=2, seed=7)
FIRST = 16


class Bank:
    """True means with noise: half of it the scenario's, half of it the policy's own."""

    def __init__(self, means: dict[str, float], noise: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        common = rng.normal(0, 1, 500)
        self.rows = {name: mean + common + rng.normal(0, noise, 500) for name, mean in means.items()}
        self.measured = 0

    def __call__(self, names: Sequence[str], first: int, end: int) -> np.ndarray:
        self.measured += len(names) * (end - first)
        return np.array([self.rows[name][first:end] for name in names])

    def begin(self, champion: str) -> Race:
        return Race((Contender(champion, self.rows[champion][:FIRST]),))


def test_a_challenger_that_is_clearly_behind_meets_a_few_scenarios_only() -> None:
    bank = Bank({"champion": 0.0, "bad": -5.0}, 0.5, 1)
    chosen = choose(bank.begin("champion"), ["bad"], bank, FIRST)
    assert chosen.race.champion.policy_id == "champion"
    assert len(chosen.met["bad"]) == bank.measured == FIRST // 4


def test_a_challenger_that_is_clearly_ahead_replaces_the_champion_without_fresh_scenarios() -> None:
    bank = Bank({"champion": 0.0, "good": 5.0}, 0.5, 1)
    chosen = choose(bank.begin("champion"), ["good"], bank, FIRST)
    assert [c.policy_id for c in chosen.race.contenders] == ["good"]
    assert bank.measured == FIRST


def test_close_cases_meet_fresh_scenarios_up_to_both_bounds() -> None:
    names = [f"p{k}" for k in range(30)]
    bank = Bank({"champion": 0.0, **dict.fromkeys(names, 0.0)}, 1.0, 2)
    race, sizes = bank.begin("champion"), []
    for name in names:
        race = choose(race, [name], bank, FIRST, limits=Limits(clearly=3.0)).race
        sizes.append(len(race.champion.values))
        assert {len(c.values) for c in race.contenders} == {sizes[-1]}  # all have met the same
        assert len(race.contenders) <= Limits().contenders
    assert max(np.diff([FIRST, *sizes])) <= FIRST
    assert sizes[-1] == 4 * FIRST
    assert race.challengers == len(names)


def test_a_policy_that_was_refused_by_chance_wins_later() -> None:
    bank = Bank({"champion": 0.0, "better": 0.6, "weak": -5.0}, 1.0, 3)
    bank.rows["better"][:FIRST] = bank.rows["champion"][:FIRST] + np.resize([-1.2, 1.0], FIRST)  # unlucky at first
    race = choose(bank.begin("champion"), ["better"], bank, FIRST, limits=Limits(fresh=0)).race
    assert race.champion.policy_id == "champion"
    for _ in range(3):
        race = choose(race, ["weak"], bank, FIRST).race
    assert race.champion.policy_id == "better"


def test_a_policy_that_behaves_like_the_champion_changes_nothing() -> None:
    bank = Bank({"champion": 0.0}, 1.0, 4)
    bank.rows["twin"] = bank.rows["champion"]
    race = choose(bank.begin("champion"), ["twin", "champion"], bank, FIRST).race
    assert [c.policy_id for c in race.contenders] == ["champion"]
    assert race.challengers == 1


def test_the_race_finds_a_better_policy_than_the_best_mean() -> None:
    gained = []
    for seed in range(60):
        rng = np.random.default_rng([9, seed])
        means = {f"p{k}": float(m) for k, m in enumerate(rng.normal(0, 0.3, 40))}
        bank = Bank(means, 1.5, seed)
        race = bank.begin("p0")
        for k in range(1, 40, 3):
            race = choose(race, [f"p{j}" for j in range(k, min(40, k + 3))], bank, FIRST).race
        fixed = max(means, key=lambda name: bank.rows[name][:FIRST].mean())
        gained.append(means[race.champion.policy_id] - means[fixed])
    assert np.mean(gained) > 2 * np.std(gained) / np.sqrt(len(gained))


def pool_of(settings: SelfPlaySettings) -> Pool:
    source = chosen_source(settings)
    return Pool(validation_arena(source, settings.seed, 1, MeasurementCache()), settings.seed)


def test_the_pool_holds_the_first_set_family_by_family_and_then_scenarios_of_their_own() -> None:
    pool, again = pool_of(SMALL), pool_of(SMALL)
    first = len(pool.validation.scenarios)
    assert sorted(s.scenario.scenario_id for s in pool.scenarios(0, first)) == sorted(
        s.scenario.scenario_id for s in pool.validation.scenarios
    )
    families = pool.validation.source.validation
    drawn = [s.scenario for s in pool.scenarios(0, first + 8)]
    assert [next(f for f in families if f in s.scenario_id) for s in drawn] == [*families] * (len(drawn) // 4)
    assert [s.scenario for s in again.scenarios(first + 3, first + 5)] == drawn[first + 3 : first + 5]
    assert len({s.scenario_id for s in drawn}) == len(drawn)


def test_values_of_candidates_are_exact_or_follow_from_the_paired_difference() -> None:
    pool = pool_of(SMALL)
    source, first = pool.validation.source, len(pool.validation.scenarios)
    champion, others = source.templates[0], [REFERENCES["random"], REFERENCES["round_robin"]]
    cache = MeasurementCache()
    outcome = race_candidates(pool, None, champion, others, {}, cache, 1)
    assert outcome.state is not None
    exact = [float(advantage(pool.validation, p, 1).mean()) for p in (champion, *others)]
    assert outcome.champion == champion
    assert outcome.value == pytest.approx(exact[0])
    few = pool.scenarios(0, 4)
    met = values(source, few, [compile_policy(p) for p in (champion, others[0])], 1)
    assert outcome.means[0] == pytest.approx(exact[0] + float((met[1] - met[0]).mean()))  # out after four
    assert outcome.means[0] != pytest.approx(exact[1])
    assert len(cache) < 3 * first
    without = best_mean(pool.validation, others, (champion, exact[0]), 1)
    assert without.means == pytest.approx(exact[1:])
    assert without.champion == champion


def test_the_champions_value_counts_the_fresh_scenarios_too() -> None:
    pool = pool_of(SMALL)
    first = len(pool.validation.scenarios)
    champion, twin = REFERENCES["cheapest"], pool.validation.source.templates[0]
    outcome, challenger = None, twin
    for challenger in (twin, REFERENCES["nearest"], REFERENCES["best_fit"], REFERENCES["fastest"]):
        outcome = race_candidates(pool, None, champion, [challenger], {}, MeasurementCache(), 1)
        assert outcome.state is not None
        if len(outcome.state.marks) > first:
            break
    assert outcome is not None
    assert outcome.state is not None
    met = len(outcome.state.marks)
    assert met > first  # some pair of these is close
    ground = arena(pool.validation.source, pool.scenarios(0, met), 1)
    assert outcome.value == pytest.approx(float(advantage(ground, outcome.champion, 1).mean()))
    assert outcome.state.marks.tolist() == ground.mark.tolist()
    assert all(len(c.values) == met for c in outcome.state.race.contenders)


def test_the_race_outlasts_the_process_and_runs_without_one_still_resume(tmp_path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        play(store, SMALL, iterations=2)
        last = store.last_iteration()
        assert last is not None
        state = last[1]
        source = chosen_source(SMALL)
        standing = restored(state, source, store)
        assert standing.race is not None
        assert standing.race.race.champion.policy_id == standing.champion.policy_id
        written = checkpoint(standing, has_model=False)
        assert json.dumps(written) == json.dumps(state)
        del state["race"]  # as earlier versions wrote it
        assert restored(state, source, store).race is None


def test_without_the_race_the_champion_is_the_best_mean_so_far(tmp_path) -> None:
    told: list = []
    with Store.open(tmp_path / "a.sqlite") as store:
        play(store, SMALL.model_copy(update={"without": ("race",)}), iterations=3, tell=told.append)
        last = store.last_iteration()
    assert last is not None
    assert "race" not in last[1]
    steps = [e for e in told if e["event"] == "iteration"]
    assert all(e["validation_advantage"] >= e["candidate_validation"] for e in steps)
    assert [e["validation_advantage"] for e in steps] == sorted(e["validation_advantage"] for e in steps)
