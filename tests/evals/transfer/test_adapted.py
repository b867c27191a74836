"""Policies that a model adapts: rows of the matrix, compared with what they start from."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.roles.adapter import Adapted, Values
from aurora.errors import InputError
from aurora.evals.results.samples import Sample
from aurora.evals.transfer.adapted_comparison import ALONE, DomainSamples, adapted_name, adapted_table, judge_programs
from aurora.evals.transfer.adapted_policies import ByModel, Program, adapted_pairs, draw_typical, write_programs
from aurora.evals.transfer.domains import DOMAINS, TRAINED, fresh_scenarios
from aurora.evals.transfer.measuring import measure_policies, references
from aurora.evals.transfer.settings import Effort
from aurora.evals.transfer.transfer import TransferSettings, run_transfer
from aurora.sim.kernel import run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import parse_policy
from aurora.sim.policies.references import REFERENCES
from tests.agents.roles.test_adapter import program
from tests.agents.scripted_model import scripted

TINY = Effort(200, (1, 2), 2, (1,), population=4, generations=1, per_family=(1, 2))
EDGE = {"cloud": [REFERENCES["cheapest"], REFERENCES["greenest"]], "edge": [REFERENCES["nearest"]] * 2}


def _judged(folder: Path, champions) -> DomainSamples:
    scenarios = fresh_scenarios(TRAINED["edge"].judged, 2, 1, levels=(1,))
    samples = measure_policies(folder, "edge", scenarios, {**references(), **champions})
    return DomainSamples("edge", "first_fit", scenarios, samples)


def _program(source: str | None, trial: int, policy: str) -> Program:
    return Program(source, "edge", trial, trial + 1, Adapted(REFERENCES[policy], Values((0.5,), {}), 2, ()))


def test_typical_scenarios_are_none_that_are_judged_and_of_all_families() -> None:
    typical = draw_typical("edge", Effort())
    judged = {j.name for j in fresh_scenarios(TRAINED["edge"].judged, 8, 1)}
    names = {e.scenario.scenario_id for e in typical.measured}
    assert len(names) == 40
    assert not names & judged
    assert {j.stratum for j in typical.described} == {"sensors-2", "video-2", "sensors-4", "video-4"}
    assert {j.name for j in typical.described} <= names
    assert typical.each_family == ["sensors", "video"]


def test_values_of_typical_scenarios_add_up() -> None:
    typical = draw_typical("edge", TINY)
    values = typical.values(REFERENCES["nearest"])
    assert set(values.by_objective) == {"latency", "cost", "energy", "qos", "tasks undone"}
    assert sum(values.by_objective.values()) == pytest.approx(values.mean)
    samples = [
        GeneratedSource().value(e.scenario, run(e, compile_policy(REFERENCES["nearest"]))) for e in typical.measured
    ]
    assert values.mean == pytest.approx(sum(samples) / len(samples))


def test_the_pairs_are_the_proposals() -> None:
    assert adapted_pairs(tuple(DOMAINS)) == [("cloud", "edge"), ("edge", "network"), ("network", "hybrid")]
    assert adapted_pairs(("edge", "cloud")) == [("cloud", "edge")]


def test_every_program_has_as_many_answers_at_most(tmp_path: Path) -> None:
    bad = program("-fit.cost * fit.random")
    model = scripted(*[bad] * 100)
    programs = write_programs(tmp_path, EDGE, [("cloud", "edge")], TINY, ByModel("openai:scripted", 2, 2), model=model)
    assert [(p.source, p.trial) for p in programs] == [("cloud", 0), ("cloud", 1), (None, 0), (None, 1)]
    assert {p.adapted.answers for p in programs} == {2}
    assert len(model.inner.sent) == 8


def test_a_pair_without_a_valid_answer_is_named_and_not_scored(tmp_path: Path) -> None:
    model = scripted("no", "no", *[program("-fit.latency")] * 2)
    (failed, alone) = write_programs(
        tmp_path, EDGE, [("cloud", "edge")], TINY, ByModel("openai:scripted", 2, 1), model=model
    )
    assert failed.adapted is None
    assert "no valid" in failed.failure
    judged = judge_programs(tmp_path, _judged(tmp_path, EDGE), [failed, alone])
    assert [r.subject for r in judged.rows] == [ALONE]
    assert judged.comparisons == ()


def test_adapted_programs_are_compared_with_the_same_champions_unchanged(tmp_path: Path) -> None:
    judged = _judged(tmp_path, EDGE)
    programs = [_program("cloud", 1, "nearest"), _program(None, 0, "cheapest")]
    found = judge_programs(tmp_path, judged, programs)
    (compared,) = found.comparisons
    assert [r.subject for r in found.rows] == [adapted_name("cloud"), ALONE]

    def mean(subject: str, trial: int = 0) -> float:
        own: list[Sample] = [s for s in judged.samples if (s.subject, s.trial) == (subject, trial)]
        return sum(s.values["reward"] for s in own) / len(own)

    assert compared.row.gain.mean == pytest.approx(mean("nearest") - mean("first_fit"))
    assert compared.unchanged.mean == pytest.approx(mean("greenest") - mean("first_fit"))  # seed 2 only
    assert compared.over_unchanged.mean == pytest.approx(mean("nearest") - mean("greenest"))
    assert compared.over_alone.mean == pytest.approx(mean("nearest") - mean("cheapest"))
    row = dict(zip(adapted_table([compared]).columns[:2], adapted_table([compared]).rows[0], strict=False))
    assert row == {"trained in": "cloud", "adapted to": "edge"}


def test_a_model_is_added_to_a_finished_evaluation_and_no_answer_is_paid_twice(tmp_path: Path, server) -> None:
    plain = TransferSettings(effort=TINY, domains=("cloud", "edge"), changes=(), adapted="edge", forgetting=0)
    without = run_transfer(tmp_path, plain)
    assert server.served.total() == 0
    asked = replace(plain, by_model=ByModel("openai:scripted", 2, 1))
    result = run_transfer(tmp_path, asked)
    paid = server.served.total()
    assert 2 <= paid <= 4
    keys = {m.key for m in result.metrics}
    assert {m.key for m in without.metrics} <= keys
    assert {"edge/cloud, adapted:gain", "edge/model alone:gain", "edge/cloud, adapted:adapted less unchanged"} <= keys
    assert [r[0] for r in result.tables[2].rows][-3:] == ["cloud, adapted", "model alone", "best reference"]
    assert result.provenance.model == "openai:scripted"
    files = [tmp_path / "by-model" / "openai-scripted" / f"{name}-to-edge-1.json" for name in ("cloud", "nothing")]
    assert all(compile_policy(parse_policy(json.loads(file.read_text()))) for file in files)
    assert run_transfer(tmp_path, asked).metrics == result.metrics
    assert server.served.total() == paid
    assert json.loads((tmp_path / "settings.json").read_text()).keys().isdisjoint({"by_model", "forgetting"})


def test_more_seeds_than_there_are_champions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 seeds"):
        run_transfer(tmp_path / "x", TransferSettings(effort=TINY, by_model=ByModel("openai:m", 2, 3)))
    assert not (tmp_path / "x").exists()
