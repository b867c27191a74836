"""The attacker's search: what it proposes is learnable, solvable and new, within its budget, and always the same."""

from collections.abc import Sequence

import numpy as np
import pytest

from aurora.agents.arena.evaluation import measurements, values
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.sources import open_source
from aurora.agents.arena.templates import general_template
from aurora.agents.search.adversarial_search import (
    MIN_CANDIDATES,
    NEWCOMERS,
    Candidate,
    Found,
    Opposition,
    expected_rates,
    search_scenarios,
)
from aurora.agents.search.lineage import tunable
from aurora.agents.search.scenario_search import NEAR_DUPLICATE, Known, describe, diversity
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy, constants, with_constants
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import LEARNABLE, succeeds
from aurora.sim.scenarios.generators import sample_spec
from aurora.sim.scenarios.spec import ScenarioSpec

SOURCE = open_source("generated", None)
COUNT = 5


def rival(seed: int) -> Policy:
    """Return the template with other weights."""
    template, rng = general_template(), np.random.default_rng(seed)
    weights = np.array(constants(template))
    weights[tunable(template)] *= rng.lognormal(0, 0.3, int(tunable(template).sum()))
    return with_constants(template, weights.tolist()).model_copy(update={"policy_id": f"rival-{seed}"})


PLAYERS = {f"rival-{seed}": rival(seed) for seed in range(6)}


def opposition(players: dict[str, Policy], simulations: int, jobs: int = 1) -> Opposition:
    def measure(scenarios: Sequence[EncodedScenario], policies: Sequence[Policy]) -> list:
        return measurements(SOURCE, scenarios, [compile_policy(p) for p in policies], jobs)

    return Opposition(players, next(iter(players.values()), general_template()), simulations, measure)


def search(seed: int, simulations: int = 900, known: Sequence[Known] = (), level: int = 1, jobs: int = 1) -> Found:
    trial = opposition(PLAYERS, simulations, jobs)
    return search_scenarios(SOURCE, level, known, trial, COUNT, np.random.default_rng(seed), lambda: None)


def learnable_share(specs: Sequence) -> float:
    scenarios = [encode(SOURCE.expand(spec)) for spec in specs]
    marks = values(SOURCE, scenarios, [compile_policy(p) for p in SOURCE.references.values()], 1)
    achieved = values(SOURCE, scenarios, [compile_policy(p) for p in PLAYERS.values()], 1)
    rates = [np.mean([succeeds(v, marks[:, i].tolist()) for v in achieved[:, i]]) for i in range(len(scenarios))]
    return float(np.mean([LEARNABLE[0] <= rate <= LEARNABLE[1] for rate in rates]))


def test_more_of_its_scenarios_are_learnable_than_of_random_ones() -> None:
    found = [spec for seed in range(3) for spec in search(seed, 2000).specs]
    rng = np.random.default_rng(3)
    drawn = [SOURCE.sample(SOURCE.training[i % len(SOURCE.training)], 1, rng) for i in range(30)]
    assert learnable_share(found) >= 0.5 > learnable_share(drawn)


def test_it_is_the_same_on_one_thread_and_two_and_keeps_to_its_budget() -> None:
    one, two = search(4, 400), search(4, 400, jobs=2)
    assert (one.specs, one.simulations) == (two.specs, two.simulations)
    assert search(4, 400).simulations <= 400
    fewest = int(MIN_CANDIDATES * COUNT) * (len(SOURCE.references) + len(PLAYERS))
    assert 0 < search(4, 0).simulations <= fewest


def test_what_is_known_or_proposed_already_is_not_proposed_again() -> None:
    first = search(5).specs
    known = [Known(spec, 1.0, describe(SOURCE.expand(spec))) for spec in first]
    again = search(5, known=known).specs
    assert not {s.spec_id for s in first} & {s.spec_id for s in again}
    for spec in again:
        description = describe(SOURCE.expand(spec))
        assert diversity(description, known) >= NEAR_DUPLICATE
        known.append(Known(spec, 1.0, description))


def without_choice(spec: ScenarioSpec) -> ScenarioSpec:
    """Return a spec with one large node, on which all policies do the same."""
    classes = [spec.node_classes[0].model_dump() | {"count": 1, "cpu": 999, "memory": 9999}]
    return ScenarioSpec.model_validate(spec.model_dump() | {"node_classes": classes, "time_horizon": 1e9})


def too_large(spec: ScenarioSpec) -> ScenarioSpec:
    """Return a spec whose tasks fit nowhere."""
    groups = [g.model_dump() | {"cpu": {"low": 900, "high": 999}} for g in spec.groups]
    return ScenarioSpec.model_validate(spec.model_dump() | {"groups": groups})


@pytest.mark.parametrize("spoilt", [without_choice, too_large])
def test_scenarios_without_a_choice_or_a_witness_are_not_proposed(spoilt, monkeypatch) -> None:
    monkeypatch.setattr(GeneratedSource, "sample", lambda self, family, level, rng: spoilt(sample_spec("spot", 1, rng)))
    found = search(6, 400)
    assert not found.specs


@pytest.mark.parametrize(("successes", "players"), [(0, 0), (0, 6), (3, 6), (6, 6)])
def test_newcomers_may_succeed_or_fail(successes: int, players: int) -> None:
    spec = SOURCE.sample("batch", 1, np.random.default_rng(0))
    rates = expected_rates(Candidate(spec, encode(SOURCE.expand(spec)), (0.0,), successes, players, 0.0, 1.0))
    assert len(rates) == NEWCOMERS + 1
    assert rates[0] == successes / (players + NEWCOMERS)
    assert rates == sorted(rates)
    assert rates[-1] <= 1


def test_it_searches_without_players_too() -> None:
    trial = opposition({}, 400)
    found = search_scenarios(SOURCE, 2, (), trial, COUNT, np.random.default_rng(0), lambda: None)
    assert len(found.specs) == COUNT
