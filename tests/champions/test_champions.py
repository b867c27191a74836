"""Every champion that ships: its file, its provenance, its name everywhere, and the values that it states."""

import json
import os
from importlib.resources import files
from pathlib import Path

import pytest

import aurora
from aurora.agents.arena.alterations import with_weights
from aurora.agents.arena.evaluation import arena, values
from aurora.agents.arena.sources import open_source
from aurora.champions.champion import PREFIX, Champion, parse_champion
from aurora.champions.licences import GENERATED, licences_of
from aurora.champions.named import is_policy_name, load_policy, policy_names
from aurora.champions.shipped import shipped_champion, shipped_champions, shipped_names
from aurora.champions.telling import brief_text, provenance_text
from aurora.errors import DataError, PolicyError
from aurora.evals.policy_parts import parts
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES

DATA = os.environ.get("AURORA_DATA", "")
CHAMPIONS = shipped_champions()


def document() -> dict:
    name = shipped_names()[0]
    return json.loads((files("aurora.champions") / "data" / f"{name}.json").read_text("utf-8"))


@pytest.fixture(params=CHAMPIONS, ids=lambda c: c.name)
def champion(request) -> Champion:
    return request.param


def test_champions_ship() -> None:
    assert shipped_names()
    assert [c.name for c in CHAMPIONS] == list(shipped_names())


def test_a_champion_compiles_and_is_used_by_its_name(champion) -> None:
    compile_policy(champion.policy)
    assert aurora.load_policy(champion.policy_name) == champion.policy
    assert champion.policy_name in policy_names()
    assert is_policy_name(champion.policy_name)


def test_the_provenance_of_a_champion_is_complete(champion) -> None:
    origin = champion.provenance
    assert origin.commit
    assert "+" not in origin.commit
    apart = [set(f) for f in (origin.training_families, origin.validation_families, origin.test_families)]
    assert sum(map(len, apart)) == len(set.union(*apart))
    assert origin.data == licences_of(origin.files)
    assert set(champion.validation.families) == set(origin.validation_families)
    assert champion.test is None or set(champion.test.families) == set(origin.test_families)
    assert (champion.test is None) == (not origin.test_families)


def test_differences_are_listed_closest_first(champion) -> None:
    for judgement in (champion.validation, champion.test):
        if judgement is not None:
            means = [row.mean for row in judgement.against]
            assert means == sorted(means)
            assert all(judgement.mean - r.reference_mean == pytest.approx(r.mean, abs=1e-9) for r in judgement.against)


def test_every_part_of_a_champion_has_its_loss(champion) -> None:
    assert not champion.parts or {row.part for row in champion.parts} == {w.part for w in parts(champion.policy)}
    assert [row.mean for row in champion.parts] == sorted((row.mean for row in champion.parts), reverse=True)
    assert champion.idea  # a sentence or two by a person


def test_what_is_told_of_a_champion_names_source_and_lead(champion) -> None:
    closest = champion.judgement.closest
    for text in (provenance_text(champion), brief_text(champion)):
        assert champion.purpose in text
        assert champion.provenance.source in text
        assert closest.reference in text


def reproduced(champion: Champion, count: int) -> int:
    source = open_source(champion.provenance.source, Path(DATA) if DATA else None)
    source = with_weights(source, champion.weights)
    for example in champion.examples[:count]:
        ground = arena(source, [encode(source.expand(source.parse(example.spec)))], 1)
        own = values(source, ground.scenarios, [compile_policy(champion.policy)], 1)
        assert own[0, 0] == pytest.approx(example.value, rel=1e-6)
        assert ground.mark[0] == pytest.approx(example.best_reference_value, rel=1e-6)
        assert own[0, 0] > ground.mark[0]
    return min(count, len(champion.examples))


def needs_data(champion: Champion) -> None:
    if champion.provenance.files and not DATA:
        pytest.skip("needs traces: AURORA_DATA names their folder")


def test_a_champion_reproduces_its_value_on_two_of_its_examples(champion) -> None:
    needs_data(champion)
    assert reproduced(champion, 2) == min(2, len(champion.examples))


@pytest.mark.slow
def test_a_champion_reproduces_its_value_on_all_of_its_examples(champion) -> None:
    needs_data(champion)
    assert reproduced(champion, len(champion.examples))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("champion:gpuu", "champion:gpu"),
        ("gpu", "champion:gpu"),
        ("champion:fgdd", "there are champion:"),
        ("champion:", "there are champion:"),
        ("champion:../../gpu", "champion:"),
        ("fgdd", "fgd"),
    ],
)
def test_an_unknown_name_is_refused_with_near_names(name, hint) -> None:
    with pytest.raises(PolicyError, match=hint):
        load_policy(name)


def test_a_shipped_champion_is_found_under_both_names() -> None:
    name = shipped_names()[0]
    assert shipped_champion(name) is shipped_champion(name)
    assert shipped_champion(PREFIX + name) == shipped_champion(name)
    with pytest.raises(PolicyError, match=name):
        shipped_champion("none-of-this-name")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "Gpu"}, "name"),
        ({"purpose": ""}, "purpose"),
        ({"version": 0}, "version"),
        ({"policy": {**document()["policy"], "policy_id": "champion:other"}}, "champion:other"),
        ({"provenance": {**document()["provenance"], "data": []}}, "provenance.data"),
        ({"provenance": {**document()["provenance"], "simulations": 0}}, "provenance.simulations"),
        ({"note": "by hand"}, "note"),
    ],
)
def test_a_damaged_champion_is_refused_with_its_field(change, reason) -> None:
    with pytest.raises(DataError, match=reason):
        parse_champion({**document(), **change}, where="gpu.json")


def test_a_difference_outside_of_its_interval_is_refused() -> None:
    data = document()
    data["validation"]["against"][0]["low"] = data["validation"]["against"][0]["mean"] + 1
    with pytest.raises(DataError, match="between its bounds"):
        parse_champion(data)


def test_licences_follow_from_the_names_of_files() -> None:
    assert licences_of([]) == (GENERATED,)
    assert [row.data.partition(":")[0] for row in licences_of(["lublin_256.swf.gz", "openb_pod_list_default.csv"])] == [
        "Lublin-1",
        "openb",
    ]
    with pytest.raises(DataError, match="our_own"):
        licences_of(["our_own.swf"])


def test_references_keep_their_names() -> None:
    assert not any(name.startswith(PREFIX) for name in REFERENCES)
    assert load_policy("fgd") is REFERENCES["fgd"]


def test_fronts_are_named_only_where_they_are_asked_for() -> None:
    fronts = {c.policy_name for c in CHAMPIONS if c.weights}
    assert set(policy_names()) - set(policy_names(with_fronts=False)) == fronts
