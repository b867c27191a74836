"""Tools on an archive with its index."""

import json
from collections.abc import Iterator

import pytest

from aurora.champions.shipped import shipped_champions
from aurora.memory.index import open_index
from aurora.memory.store import Store
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.registry import TOOLS
from tests.memory.bag_of_words import BagOfWords
from tests.memory.test_index import SPECS, _commit


@pytest.fixture
def harness(tmp_path) -> Iterator[Harness]:
    with Store.open(tmp_path / "a.sqlite") as store:
        _commit(store, 0, SPECS[:6], ["fgd", "sjf"])
        with open_index(tmp_path / "index", store, BagOfWords()) as index:
            desk = Desk([], store=store, index=index, expand=lambda s: expand(ScenarioSpec.model_validate(s)))
            yield Harness(desk, list(TOOLS))


def ask(harness: Harness, name: str, **arguments):
    shown = harness.call(name, arguments)
    return json.loads(shown.split("] ", 1)[1]) if harness.journal[-1].outcome == "ok" else shown


def test_the_most_similar_scenario_to_an_archived_one_is_itself(harness: Harness) -> None:
    found = ask(harness, "similar_scenarios", description=SPECS[2].spec_id)["found"]
    assert found[0]["id"] == SPECS[2].spec_id
    assert found[0]["similarity"] == pytest.approx(1)
    assert len(found) == 3


def test_a_scenario_that_no_policy_met_has_no_best_one(harness: Harness) -> None:
    found = ask(harness, "similar_scenarios", description=SPECS[2].spec_id)["found"]
    assert found[0]["best_policy"] is None


def test_an_empty_archive_answers_with_scenarios_of_shipped_champions(tmp_path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store, open_index(tmp_path / "index", store, BagOfWords()) as index:
        harness = Harness(Desk([], store=store, index=index), ["similar_scenarios", "similar_policies", "show_policy"])
        asked = "packing pods onto nodes with accelerators"
        found = ask(harness, "similar_scenarios", description=asked, limit=2)["found"]
        assert {f["best_policy"] for f in found} <= {"champion:gpu", "champion:gpu-four-lists"}
        assert found[0]["similarity"] >= found[1]["similarity"] > 0
        assert ask(harness, "similar_policies", description=asked)["found"] == []
        assert "fragmentation" in ask(harness, "show_policy", policy_id=found[0]["best_policy"])["program"]


@pytest.mark.parametrize("champion", shipped_champions(), ids=lambda c: c.name)
def test_a_shipped_champion_is_shown_with_its_purpose_and_idea(champion) -> None:
    shown = ask(Harness(Desk([]), ["show_policy"]), "show_policy", policy_id=champion.policy_name)
    assert champion.purpose in shown["text"]
    assert champion.idea in shown["text"]


def test_policies_are_found_by_words(harness: Harness) -> None:
    found = ask(harness, "similar_policies", description="shortest job first by task duration", limit=1)["found"]
    assert [f["id"] for f in found] == ["sjf"]


def test_ratings_equal_those_of_the_archive(harness: Harness) -> None:
    top = ask(harness, "top_policies", limit=2)["policies"]
    assert {p["policy_id"] for p in top} == {"fgd", "sjf"}
    assert ask(harness, "policy_elo", policy_id="fgd")["elo"] == next(p["elo"] for p in top if p["policy_id"] == "fgd")
    assert "the archive has no policy 'x'" in ask(harness, "policy_elo", policy_id="x")


def test_archived_scenarios_can_be_simulated_by_id(harness: Harness) -> None:
    assert 0 < ask(harness, "simulate_policy", scenario_id=SPECS[1].spec_id, policy_id="sjf")["value"] <= 1
