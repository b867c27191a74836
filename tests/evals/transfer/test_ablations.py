import re
from pathlib import Path

import pytest

from aurora.errors import InputError
from aurora.evals.testing.scripted_server import ScriptedServer
from aurora.evals.transfer.ablations import AblationSettings, run_ablations
from aurora.evals.transfer.domains import ALL, TRAINED
from aurora.evals.transfer.settings import Effort
from aurora.evals.transfer.training import train
from aurora.evals.transfer.variants import COMPLETE, VARIANTS, variant_settings
from aurora.graphs.run import open_run
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.names import BY_MODEL, REFERENCE
from aurora.memory.store import Store

TINY = Effort(1, (1, 2), 2, (1,), population=4, generations=1, per_family=(1, 1))


def test_every_variant_differs_from_the_complete_one() -> None:
    without = [variant_settings(name, "openai:m") for name in VARIANTS]
    assert all(without.count(settings) == 1 for settings in without)
    assert variant_settings("search only", "openai:m") == {"proposer": "search"}


def test_settings_that_are_not_used_leave_manifests_as_they_were() -> None:
    assert not {"without", "changed"} & SelfPlaySettings().model_dump().keys()
    assert SelfPlaySettings(without=("elo",)).model_dump()["without"] == ("elo",)


def test_variants_without_a_model_are_trained_and_compared(tmp_path: Path) -> None:
    settings = AblationSettings(TINY, ("no attacker", "no Elo", "model only"))
    result = run_ablations(tmp_path, settings)
    assert [row[0] for row in result.tables[0].rows[:3]] == [COMPLETE, "no attacker", "no Elo"]
    assert {m.subject for m in result.metrics if m.name == "complete less it"} == {"no attacker", "no Elo"}
    assert any("--model" in note for note in result.notes)
    assert run_ablations(tmp_path, settings).metrics == result.metrics


def test_variants_of_a_model_run_to_the_end_and_no_answer_is_paid_twice(tmp_path: Path, server: ScriptedServer) -> None:
    settings = AblationSettings(TINY, ("search only", "model only"), "openai:scripted")
    result = run_ablations(tmp_path, settings)
    assert [row[0] for row in result.tables[0].rows[:3]] == [COMPLETE, "search only", "model only"]
    assert {m.subject for m in result.metrics if m.name == "complete less it"} == {"search only", "model only"}
    assert result.provenance.model == "openai:scripted"
    written = {}
    for name in (COMPLETE, "search-only", "model-only"):
        with Store.open(tmp_path / "trained" / f"{name}-1" / "archive.sqlite") as store:
            written[name] = {row["origin"] for row in store.dump()["policies"]}
    assert BY_MODEL in written[COMPLETE] & written["model-only"]
    assert BY_MODEL not in written["search-only"]
    assert not (tmp_path / "trained" / "search-only-1" / "calls.jsonl").exists()
    paid = server.served.total()
    assert paid > 0
    counts = dict(re.findall(r"(complete|search only|model only) (\d+)", result.notes[-1]))
    assert counts["search only"] == "0"
    assert int(counts["complete"]) + int(counts["model only"]) == paid
    assert run_ablations(tmp_path, settings).metrics == result.metrics
    assert server.served.total() == paid


def test_the_complete_variant_is_trained_once_whether_it_is_named_or_not() -> None:
    assert AblationSettings(variants=("no Elo",)).trained == (COMPLETE, "no Elo")
    assert AblationSettings(variants=tuple(VARIANTS)).trained == tuple(
        name for name, variant in VARIANTS.items() if not variant.needs_model
    )
    assert AblationSettings(variants=tuple(VARIANTS), model="openai:m").trained == tuple(VARIANTS)


def test_an_unknown_variant_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no attacker"):
        run_ablations(tmp_path, AblationSettings(TINY, ("no luck",)))


def _run(folder: Path, iterations: int, **settings: object):
    families = TRAINED[ALL]
    chosen = TINY.selfplay(1, families.training, families.held_out, **settings)
    with open_run(folder, chosen) as run:
        run.play(iterations=iterations)
        events = [e for e in run.store.events() if e["event"] == "iteration"]
        return events, run.store.scenarios(), run.store.dump()


def test_without_the_curriculum_levels_are_drawn_and_none_is_passed(tmp_path: Path) -> None:
    events, scenarios, _ = _run(tmp_path, 4, without=("curriculum",))
    levels = [e["level"] for e in events]
    assert len(set(levels)) > 1
    assert {s["level"] for s in scenarios} == set(levels)


def test_without_the_attacker_no_scenario_is_searched_for(tmp_path: Path) -> None:
    found, _, searched = _run(tmp_path / "a", 3)
    events, _, drawn = _run(tmp_path / "b", 3, without=("attacker",))
    assert all(e["attacker_simulations"] > 0 for e in found)
    assert all(e["attacker_simulations"] == 0 for e in events)
    assert {r["scenario_id"] for r in searched["scenarios"]} != {r["scenario_id"] for r in drawn["scenarios"]}


@pytest.mark.parametrize("part", ["retrieval", "elo"])
def test_rivals_differ_without_a_part_of_their_choice(tmp_path: Path, part: str) -> None:
    _, _, whole = _run(tmp_path / "a", 5)
    _, _, without = _run(tmp_path / "b", 5, without=(part,))

    def played(dump):
        references = {row["policy_id"] for row in dump["policies"] if row["origin"] == REFERENCE}
        scenarios = {row["scenario_id"]: row["iteration"] for row in dump["scenarios"]}
        return {
            (scenarios[row["scenario_id"]], row["policy_id"])
            for row in dump["outcomes"]
            if row["policy_id"] not in references and row["scenario_id"] in scenarios
        }

    rivals, fewer = played(whole), played(without)
    assert rivals != fewer
    if part == "retrieval":
        assert rivals - fewer


def test_equal_variants_have_equal_champions(tmp_path: Path) -> None:
    families = TRAINED[ALL]
    settings = TINY.selfplay(1, families.training, families.held_out, without=("elo",))
    assert train(tmp_path / "a", settings, 500) == train(tmp_path / "b", settings, 500)
