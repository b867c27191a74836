"""The self-play loop: what an iteration does, and that only the settings determine it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from aurora.agents.arena.evaluation import values
from aurora.errors import RunError
from aurora.graphs.context import first_standing, validation_arena
from aurora.graphs.nodes import attack as nodes_attack
from aurora.graphs.proposers.protocols import ProposedScenario, ScenarioProposal, ScenarioRequest
from aurora.graphs.selfplay import SelfPlaySettings, play
from aurora.graphs.settings import chosen_source
from aurora.graphs.state import Standing
from aurora.memory.elo import INITIAL_RATING, round_robin
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.names import REFERENCE
from aurora.memory.store import Store
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.scenarios.spec import ScenarioSpec

SMALL = SelfPlaySettings(population=5, generations=2, training_per_family=1, validation_per_family=1, seed=7)
WHOLE = 4
"""Iterations of the uninterrupted run."""


def dump(path: Path) -> dict:
    with Store.open(path) as store:
        return store.dump()


def run(path: Path, *iterations: int, jobs: int = 1) -> dict:
    for count in iterations:
        with Store.open(path) as store:
            play(store, SMALL, iterations=count, jobs=jobs)
    return dump(path)


def first_standing_of(settings: SelfPlaySettings = SMALL) -> Standing:
    source = chosen_source(settings)
    return first_standing(validation_arena(source, settings.seed, 1, MeasurementCache()), settings.start, 1)


class Scripted(NamedTuple):
    """A proposer of given scenarios."""

    propose: Callable[[ScenarioRequest], ScenarioProposal]


def scripted(specs: Callable[[ScenarioRequest], list[ScenarioSpec]]) -> Scripted:
    return Scripted(lambda request: ScenarioProposal(tuple(ProposedScenario(spec) for spec in specs(request))))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return run(tmp_path_factory.mktemp("whole") / "a.sqlite", WHOLE)


@pytest.fixture(scope="module")
def of_one_iteration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the archive of one iteration, for tests that only read it."""
    path = tmp_path_factory.mktemp("one") / "a.sqlite"
    run(path, 1)
    return path


def test_stopping_and_resuming_and_two_threads_give_the_same_archive(tmp_path: Path, uninterrupted: dict) -> None:
    assert run(tmp_path / "a.sqlite", 1, 2, WHOLE, jobs=2) == uninterrupted


def test_another_seed_gives_another_archive(tmp_path: Path, uninterrupted: dict) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        play(store, SMALL.model_copy(update={"seed": 8}), iterations=1)
    assert dump(tmp_path / "a.sqlite")["scenarios"] != uninterrupted["scenarios"][:5]


def test_ratings_follow_from_rewards_with_the_pareto_bonus(of_one_iteration: Path) -> None:
    with Store.open(of_one_iteration) as store:
        dumped, fronts = store.dump(), store.fronts()
    rewards: dict[str, dict[str, float]] = {}
    for row in dumped["outcomes"]:
        rewards.setdefault(row["scenario_id"], {})[row["policy_id"]] = row["value"]
    ratings = dict.fromkeys((r["policy_id"] for r in dumped["policies"]), INITIAL_RATING)
    assert any(0 < len(front) < len(rewards[s]) for s, front in fronts.items())
    for scenario_id in sorted(rewards):
        worth = {p: v * (1.2 if p in fronts[scenario_id] else 1.0) for p, v in rewards[scenario_id].items()}
        ratings |= round_robin({p: ratings[p] for p in worth}, worth)
    assert {r["policy_id"]: r["rating"] for r in dumped["policies"]} == pytest.approx(ratings)


def test_resuming_a_finished_run_changes_nothing(of_one_iteration: Path) -> None:
    events: list = []
    path = of_one_iteration
    before = dump(path)
    with Store.open(path) as store:
        assert play(store, SMALL, iterations=1, tell=events.append).reason == "done"
    assert not events
    assert dump(path) == before


def test_archived_results_equal_those_of_the_kernel(of_one_iteration: Path) -> None:
    source = chosen_source(SMALL)
    with Store.open(of_one_iteration) as store:
        for row in store.scenarios():
            encoded = encode(source.expand(source.parse(row["spec"])))
            archived = store.values(row["scenario_id"])
            for name, value in archived.items():
                assert values(source, [encoded], [compile_policy(store.policy(name))], 1)[0, 0] == value


def test_the_champion_is_in_the_archive(uninterrupted: dict) -> None:
    done = [e for row in uninterrupted["iterations"] for e in json.loads(row["events"]) if e["event"] == "iteration"]
    assert {e["champion"] for e in done} <= {row["policy_id"] for row in uninterrupted["policies"]}


def test_reported_ratings_equal_those_of_the_archive(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        told: list = []
        champion = play(store, SMALL, iterations=2, tell=told.append).champion
        last = [e for e in told if e["event"] == "iteration"][-1]
        assert last["champion"] == champion.policy_id
        assert last["champion_elo"] == store.ratings([champion.policy_id])[champion.policy_id]


def test_candidates_meet_archived_rivals_and_all_references_on_every_scenario(uninterrupted: dict) -> None:
    origin = {row["policy_id"]: row["origin"] for row in uninterrupted["policies"]}
    born = {row["policy_id"]: row["iteration"] for row in uninterrupted["policies"]}
    references = {name for name, kind in origin.items() if kind == REFERENCE}
    for scenario in uninterrupted["scenarios"]:
        players = {m["policy_id"] for m in uninterrupted["matches"] if m["scenario_id"] == scenario["scenario_id"]}
        assert references < players
        assert any(born[p] == scenario["iteration"] and p not in references for p in players)
        if scenario["iteration"] > 0:
            assert any(born[p] < scenario["iteration"] and p not in references for p in players)


def test_no_pair_is_archived_twice(uninterrupted: dict) -> None:
    pairs = [(row["policy_id"], row["scenario_id"]) for row in uninterrupted["outcomes"]]
    assert len(pairs) == len(set(pairs))


def test_only_the_last_state_is_kept(uninterrupted: dict) -> None:
    *earlier, last = [json.loads(row["state"]) for row in uninterrupted["iterations"]]
    assert earlier == [None] * (WHOLE - 1)
    assert {"curriculum", "searcher", "champion", "known", "evaluations"} <= set(last)


def test_an_unsolvable_scenario_is_rejected_with_the_reason(tmp_path) -> None:
    def too_large(request):
        specs = [request.source.sample("batch", request.level, request.rng) for _ in range(request.count)]
        return [
            ScenarioSpec.model_validate(
                s.model_dump() | {"groups": [g.model_dump() | {"cpu": {"low": 900, "high": 999}} for g in s.groups]}
            )
            for s in specs
        ]

    told: list = []
    with Store.open(tmp_path / "a.sqlite") as store:
        finished = play(store, SMALL, iterations=1, tell=told.append, scenario_proposer=scripted(too_large))
        assert finished.iterations == 1
        attempts = store.dump()["attempts"]
        assert store.counts()["scenarios"] == 0
    rejected = nodes_attack.SCENARIOS_PER_ITERATION * nodes_attack.MAX_TRIES
    assert sum("large enough" in a["reason"] for a in attempts) == rejected
    assert told[-2]["rejected"] == rejected
    assert told[-2]["scenarios"] == 0


def test_near_duplicates_are_rejected(tmp_path) -> None:
    fixed = chosen_source(SMALL).sample("spot", 1, np.random.default_rng(0))
    twins = [fixed.model_copy(update={"spec_id": f"twin-{i}"}) for i in range(100)]
    proposer = scripted(lambda request: [twins.pop() for _ in range(request.count)])
    with Store.open(tmp_path / "a.sqlite") as store:
        play(store, SMALL, iterations=1, scenario_proposer=proposer)
        assert store.counts()["scenarios"] == 1
        assert all("near duplicate" in a["reason"] for a in store.dump()["attempts"] if a["kind"] == "scenario")


def test_a_higher_level_re_evaluates_the_champion_on_earlier_levels_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("aurora.graphs.nodes.rate.succeeds", lambda value, references: True)
    told: list = []
    with Store.open(tmp_path / "a.sqlite") as store:
        play(store, SMALL, iterations=4, tell=told.append)
        pairs = [(r["policy_id"], r["scenario_id"]) for r in store.dump()["outcomes"]]
        levels = {row["level"] for row in store.scenarios()}
    forgetting = [e for e in told if e["event"] == "forgetting"]
    assert [e["level"] for e in forgetting] == [2, 3]
    assert forgetting[1]["success"].keys() == forgetting[1]["passed"].keys() == {"1", "2"}
    assert all(0 <= v <= 1 for e in forgetting for v in [*e["success"].values(), *e["passed"].values()])
    assert len(pairs) == len(set(pairs))
    assert levels == {1, 2}


def test_the_time_limit_drops_an_unfinished_iteration_but_never_the_first(tmp_path: Path) -> None:
    told: list = []
    with Store.open(tmp_path / "a.sqlite") as store:
        first = play(store, SMALL, time_limit=1e-6, tell=told.append)
        assert (first.reason, first.iterations) == ("time limit", 1)
        endless = SMALL.model_copy(update={"generations": 10_000})
        before = len(told)

        def clock() -> float:
            """Count a second for each generation, so that the speed of the machine does not matter."""
            return float(sum(e["event"] == "generation" for e in told[before:]))

        finished = play(store, endless, time_limit=1.5, tell=told.append, clock=clock)
        assert finished == first._replace(simulated=told[-1]["simulated"], reason="time limit")
        assert clock() == 2
        assert store.counts()["iterations"] == sum(e["event"] == "iteration" for e in told) == 1
    assert any(e["event"] == "generation" and e["iteration"] == 1 for e in told)


def test_an_interrupt_abandons_the_iteration_within_a_generation(tmp_path: Path) -> None:
    told: list = []
    with Store.open(tmp_path / "a.sqlite") as store:
        finished = play(
            store,
            SMALL,
            iterations=2,
            tell=told.append,
            interrupted=lambda: sum(e["event"] == "generation" for e in told) > 2,
        )
        assert (finished.reason, finished.iterations) == ("interrupted", 1)
        play(store, SMALL, iterations=2)
        resumed = store.dump()
    assert resumed == run(tmp_path / "b.sqlite", 2)


def test_training_and_validation_families_are_disjoint(tmp_path: Path) -> None:
    settings = SMALL.model_copy(update={"training_families": ("batch",), "validation_families": ("spot",)})
    with Store.open(tmp_path / "a.sqlite") as store:
        play(store, settings, iterations=1)
        assert {row["family"] for row in store.scenarios()} == {"batch"}
    validation = validation_arena(chosen_source(settings), settings.seed, 1, MeasurementCache())
    assert all("spot" in e.scenario.scenario_id for e in validation.scenarios)
    assert "services" in chosen_source(settings.model_copy(update={"training_families": ("services",)})).training


@pytest.mark.parametrize(
    ("training", "validation", "message"),
    [
        (("batch",), ("batch",), "'batch' is named for both"),
        (("chess",), (), "no family 'chess'"),
        (("services", "video", "bulk", "pipelines"), (), "one of them has none"),
    ],
)
def test_invalid_choices_of_families_are_refused(training, validation, message) -> None:
    settings = SMALL.model_copy(update={"training_families": training, "validation_families": validation})
    with pytest.raises(RunError, match=message):
        chosen_source(settings)


def test_a_family_named_for_one_set_leaves_the_others() -> None:
    source = chosen_source(SMALL.model_copy(update={"test_families": ("video",), "training_families": ("backbone",)}))
    assert source.test == ("video",)
    assert source.training == ("backbone",)
    assert source.validation == ("services", "bulk", "pipelines")
    with pytest.raises(RunError, match=r"training and test .* 'video' is named for both"):
        chosen_source(SMALL.model_copy(update={"test_families": ("video",), "training_families": ("video",)}))
    assert "test_families" not in SMALL.model_dump()  # manifests of earlier versions don't have it


@pytest.mark.parametrize("source", ["openb", "swf"])
def test_self_play_runs_on_traces(tmp_path: Path, traces: Path, source: str) -> None:
    settings = SMALL.model_copy(update={"source": source, "data": str(traces), "population": 4})
    with Store.open(tmp_path / "a.sqlite") as store:
        finished = play(store, settings, iterations=1, jobs=2)
        assert finished.simulated > 0
        assert store.counts()["scenarios"] == nodes_attack.SCENARIOS_PER_ITERATION
