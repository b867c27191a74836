"""Shipped champions as partners of the search: which fit, and that runs with them resume to the bit."""

import pytest

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.champions.shipped import shipped_champions
from aurora.errors import RunError
from aurora.graphs.partners import fits
from aurora.graphs.run import open_run, settings_of
from aurora.graphs.run_directory import open_archive, read_manifest
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.names import SHIPPED, policy_name
from aurora.sim.policies.references import REFERENCES

PARTNER = REFERENCES["cheapest"].model_copy(update={"policy_id": "champion:cheap"})
SETTINGS = SelfPlaySettings(
    population=6, generations=2, training_per_family=1, validation_per_family=1, seed=3, shipped=(PARTNER,)
)


def of_source(**origin):
    first = shipped_champions()[0]
    changed = {"source": "generated", "unit": "reward", "training_families": ("batch",), **origin}
    return first.model_copy(update={"provenance": first.provenance.model_copy(update=changed)})


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ({}, True),
        ({"unit": "allocated devices, %"}, False),
        ({"source": "azure", "training_families": ("azure-first",)}, True),
        ({"training_families": ("batch", "services")}, False),
    ],
)
def test_a_champion_fits_if_its_values_mean_the_same_and_it_met_nothing_held_out(origin, expected) -> None:
    source = GeneratedSource()
    assert "services" in source.validation
    assert fits(of_source(**origin), source) is expected


def test_a_run_with_partners_records_them_and_resumes_to_the_bit(tmp_path) -> None:
    with open_run(tmp_path / "whole", SETTINGS) as run:
        run.play(iterations=2)
    for iterations in (1, 2):
        with open_run(tmp_path / "parts", settings_of(tmp_path / "parts") if iterations > 1 else SETTINGS) as run:
            run.play(iterations=iterations)
    with open_archive(tmp_path / "whole") as whole, open_archive(tmp_path / "parts") as parts:
        assert whole.dump() == parts.dump()
    assert settings_of(tmp_path / "whole").shipped == (PARTNER,)
    with pytest.raises(RunError, match="shipped"), open_run(tmp_path / "whole", SelfPlaySettings(seed=3)):
        pass


def test_a_partner_is_a_candidate_under_its_name(tmp_path) -> None:
    with open_run(tmp_path, SETTINGS) as run:
        run.play(iterations=1)
        rows = {p["policy_id"]: p for p in run.store.top(99)}
    assert (rows[PARTNER.policy_id]["origin"], rows[PARTNER.policy_id]["parents"]) == (SHIPPED, [])
    assert rows[PARTNER.policy_id]["games"] > 0


def test_a_run_without_partners_has_the_manifest_of_before(tmp_path) -> None:
    with open_run(tmp_path, SelfPlaySettings()):
        pass
    assert "shipped" not in read_manifest(tmp_path)["settings"]


def test_a_shipped_policy_keeps_its_name_in_an_archive() -> None:
    assert policy_name("champion:gpu", SHIPPED) == "champion:gpu"
