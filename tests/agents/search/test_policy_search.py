from typing import get_args

import numpy as np
import pytest

from aurora.agents.arena.evaluation import arena, values
from aurora.agents.arena.sources import open_source
from aurora.agents.arena.templates import general_template, placement_template, queue_templates
from aurora.agents.search.effort import YOUNG, Part, Settings
from aurora.agents.search.lineage import FIRST_SIGMA, Lineage, tunable
from aurora.agents.search.policy_search import PATIENCE, Proposal, SearchState, first_state, search, succession
from aurora.agents.search.scenario_search import Known, complexity, describe, diversity, propose
from aurora.agents.search.variation import vary
from aurora.champions.shipped import shipped_champion
from aurora.errors import FileError, InputError
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy, constants, policy_key
from aurora.sim.policies.policy import parse_policy
from aurora.sim.policies.references import REFERENCES

SOURCE = open_source("generated", None)


def ground(seed: int):
    rng, families = np.random.default_rng(seed), ("batch", "sensors", "slices")
    where = arena(SOURCE, [encode(SOURCE.expand(SOURCE.sample(f, 2, rng))) for f in families * 2], 1)
    return where._replace(families=families * 2)


def one(state: SearchState, seed: int, jobs: int = 1):
    return search(state, ground(seed), list(REFERENCES.values()), Settings(6, 3, jobs), seed, lambda *_: None)


def test_the_search_result_depends_on_the_seed_and_not_on_the_number_of_cores() -> None:
    start = first_state(SOURCE.templates[0])
    assert one(start, 3, jobs=1) == one(start, 3, jobs=2)
    assert one(start, 3) != one(start, 4)


def test_a_restored_search_equals_an_uninterrupted_one() -> None:
    first = one(first_state(SOURCE.templates[0]), 1).state
    restored = SearchState.model_validate_json(first.model_dump_json())
    assert one(restored, 2) == one(first, 2)


def test_search_improves_on_the_initial_policy() -> None:
    where = ground(5)
    found = search(
        first_state(SOURCE.templates[0]), where, list(REFERENCES.values()), Settings(12, 8), 0, lambda *_: None
    )
    start = where.mark * 0
    program = compile_policy(SOURCE.templates[0])
    from aurora.agents.arena.evaluation import values

    start = (values(SOURCE, where.scenarios, [program], 1)[0] - where.mark).mean()
    best = compile_policy(found.candidates[0][0])
    assert (values(SOURCE, where.scenarios, [best], 1)[0] - where.mark).mean() > start


def test_thresholds_of_rules_are_not_tuned() -> None:
    policy = placement_template()
    assert tunable(policy).sum() > 48
    values = np.array(constants(policy))[~tunable(policy)]
    # What is left are the thresholds of the rules and the units that features are divided by.
    assert set(values) == {0.0, 1.0, 8.0, 32.0, 128.0}


@pytest.mark.parametrize("parent", [general_template(), placement_template(), *queue_templates(), *REFERENCES.values()])
def test_variations_are_valid_and_new(parent) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        child = vary(parent, REFERENCES["wfp3+easy"], rng)
        compile_policy(child)
        assert child.policy_id == policy_key(child) != policy_key(parent)


def test_the_attacker_varies_what_was_rewarding() -> None:
    rng = np.random.default_rng(0)
    spec = SOURCE.sample("batch", 1, rng)
    known = [Known(spec, 1.0, describe(SOURCE.expand(spec)))]
    specs = propose(SOURCE, 1, known, 30, rng)
    assert len({s.spec_id for s in specs}) == 30
    assert sum(s.family == "batch" for s in specs) > 12
    for each in specs[:5]:
        description = describe(SOURCE.expand(each))
        assert 0 <= complexity(description) <= 1
        assert 0 <= diversity(description, known) <= 1
    assert diversity(known[0].description, known) == 0


def test_training_and_validation_families_are_disjoint() -> None:
    assert not set(SOURCE.training) & set(SOURCE.validation)


def test_a_source_without_its_data_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"data: source openb needs the folder that holds openb/"):
        open_source("openb", None)
    with pytest.raises(FileError, match="no openb_node_list"):
        open_source("openb", tmp_path)
    with pytest.raises(InputError, match="no such source"):
        open_source("moon", None)


@pytest.mark.parametrize("admit", ["0", "task.duration < 200", "cluster.time < 60", "fit.cost < 0.001"])
@pytest.mark.parametrize("family", ["batch", "spot", "bulk", "offload"])
def test_unplaced_tasks_never_raise_the_reward(admit: str, family: str) -> None:
    source = open_source("generated", None)
    rng = np.random.default_rng(11)
    scenarios = [encode(source.expand(source.sample(family, level, rng))) for level in (1, 2, 3) for _ in range(3)]
    strategy = REFERENCES["cheapest"].allocation_strategy
    lazy = REFERENCES["cheapest"].model_copy(
        update={"policy_id": "lazy", "allocation_strategy": strategy.model_copy(update={"admit": admit})}
    )
    honest, left = values(source, scenarios, [compile_policy(p) for p in (REFERENCES["cheapest"], lazy)], 1)
    for encoded, a, b in zip(scenarios, honest, left, strict=True):
        summary = evaluate(encoded, compile_policy(lazy))
        if summary.completed < summary.tasks:
            assert b < a


def lineage(name: str, age: int = 0) -> Lineage:
    return Lineage(policy={"policy_id": name}, parent=name, age=age)


def test_a_challenger_that_is_clearly_ahead_leads_and_the_leader_challenges() -> None:
    leads = {"old": np.zeros(6), "new": np.array([1.0, 1.2, 0.9, 1.1, 1.0, 0.8]), "other": -np.ones(6)}
    leader, rest = succession(lineage("old", 9), [lineage("other"), lineage("new", 1)], leads)
    assert leader.parent == "new"
    assert [(c.parent, c.age) for c in rest] == [("old", 0), ("other", 0)]


def test_a_challenger_that_is_ahead_by_chance_does_not_lead() -> None:
    leads = {"old": np.zeros(4), "new": np.array([3.0, -2.0, 0.1, 0.2])}
    leader, rest = succession(lineage("old"), [lineage("new")], leads)
    assert leader.parent == "old"
    assert [c.parent for c in rest] == ["new"]


def test_a_challenger_that_stays_behind_leaves() -> None:
    leads = {"old": np.zeros(4), "new": np.full(4, -0.1)}
    assert succession(lineage("old"), [lineage("new", PATIENCE)], leads)[1] == ()
    assert len(succession(lineage("old"), [lineage("new", PATIENCE - 1)], leads)[1]) == 1


def test_structures_challenge_with_tuned_weights_and_elites_are_kept() -> None:
    state = one(first_state(SOURCE.templates[0]), 3).state
    assert len(state.challengers) == 1
    assert state.challengers[0].sigma != FIRST_SIGMA or state.challengers[0].shape
    assert len(state.elites) > 1
    later = one(state.model_copy(update={"age": YOUNG}), 4).state
    assert len(later.challengers) == 2
    assert sorted(c.age for c in later.challengers) == [0, 1]


@pytest.fixture(scope="module")
def with_all_parts():
    return iterations(frozenset())


def iterations(without: frozenset[Part]) -> list[Proposal]:
    state, where, found = first_state(SOURCE.templates[0]).model_copy(update={"age": YOUNG}), ground(3), []
    for seed in range(8):
        settings, others = Settings(6, 3, 1, without), list(REFERENCES.values())
        found.append(search(state, where, others, settings, seed, lambda *_: None, seeds=(general_template(),)))
        state = found[-1].state.model_copy(update={"challengers": found[-1].state.challengers[:1]})
    return found


@pytest.mark.parametrize("part", get_args(Part))
def test_every_part_can_be_switched_off(part, with_all_parts) -> None:
    found = iterations(frozenset((part,)))
    assert found != with_all_parts
    for proposal in found:  # tuning goes on from the policy that a lineage was measured with
        lineages = (proposal.state, *proposal.state.challengers)
        assert all(parse_policy(line.policy).policy_id == line.parent for line in lineages)


def test_a_seed_races_once() -> None:
    seed_policy = placement_template()
    found = search(first_state(SOURCE.templates[0]), ground(3), [], Settings(6, 3), 1, lambda *_: None, (seed_policy,))
    assert policy_key(seed_policy) in found.state.tried


def test_what_ships_is_a_candidate_of_the_first_iteration_only() -> None:
    settings, seed = Settings(population=4, generations=1), shipped_champion("general").policy
    state, origins = first_state(general_template()), []
    for number in range(2):
        proposal = search(state, ground(number), [], settings, number, lambda *_: None, seeds=(seed,))
        origins.append({policy.policy_id: origin for policy, origin, _ in proposal.candidates})
        state = proposal.state
    assert origins[0]["champion:general"] == "shipped"
    assert "champion:general" not in origins[1]


def test_an_earlier_versions_state_is_read() -> None:
    old = {"policy": SOURCE.templates[0].model_dump(mode="json"), "sigma": 0.2, "shape": [], "parent": "p"}
    assert SearchState.model_validate(old).challengers == ()
