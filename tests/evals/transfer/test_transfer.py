from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aurora.errors import InputError, RunError
from aurora.evals.results.result import load_result
from aurora.evals.results.samples import Sample, read_samples
from aurora.evals.transfer.domains import CHOICE_SEED, DOMAINS, fresh_scenarios
from aurora.evals.transfer.matrix import transfer_metrics, transfers
from aurora.evals.transfer.settings import Effort, claim
from aurora.evals.transfer.training import Point, Trajectory, train
from aurora.evals.transfer.transfer import TransferSettings, run_transfer
from aurora.sim.policies.references import REFERENCES

TINY = Effort(200, (1, 2), 2, (1,), population=4, generations=1, per_family=(1, 2))


def test_every_family_belongs_to_one_domain_and_no_held_out_one_is_trained_on() -> None:
    for families in DOMAINS.values():
        assert families.training
        assert families.held_out
        assert not set(families.training) & set(families.held_out)
    judged = [f for families in DOMAINS.values() for f in families.judged]
    assert len(judged) == len(set(judged)) == 10


def test_the_best_reference_is_chosen_on_other_scenarios() -> None:
    judged = fresh_scenarios(("sensors",), 3, 1)
    choice = fresh_scenarios(("sensors",), 3, 1 + CHOICE_SEED)
    assert len({j.name for j in judged}) == 15
    assert not {j.name for j in judged} & {j.name for j in choice}
    assert {j.stratum for j in judged} == {f"sensors-{level}" for level in range(1, 6)}


def test_a_training_that_goes_on_ends_like_one_in_one_go(tmp_path: Path) -> None:
    families = DOMAINS["edge"]
    settings = TINY.selfplay(3, families.training, families.held_out)
    train(tmp_path / "a", settings, 100)
    assert train(tmp_path / "a", settings, 400) == train(tmp_path / "b", settings, 400)


def test_no_champion_costs_more_than_the_limit(tmp_path: Path) -> None:
    families = DOMAINS["edge"]
    settings = TINY.selfplay(3, families.training, families.held_out)
    limit = 2000
    more = train(tmp_path, settings, limit)
    less = train(tmp_path, settings, more.points[1].evaluations)
    assert less.points == more.points[:2]
    assert all(p.evaluations <= limit for p in more.points)


def test_levels_that_a_run_left_are_those_of_its_points() -> None:
    a, b, c = (REFERENCES[n] for n in ("first_fit", "best_fit", "cheapest"))
    run = Trajectory((Point(1, 1, a), Point(2, 1, b), Point(3, 2, b), Point(4, 2, c)))
    assert run.left_levels() == {1: b}
    assert [p.evaluations for p in run.changes()] == [1, 2, 4]


def _samples(values: dict[str, list[list[float]]]) -> list[Sample]:
    """Return samples of subjects: an array for each trial, with the value of every scenario."""
    return [
        Sample(subject=subject, sample=f"s{k}", stratum="x", trial=trial, values={"reward": value})
        for subject, trials in values.items()
        for trial, row in enumerate(trials)
        for k, value in enumerate(row)
    ]


def test_a_planted_share_is_recovered() -> None:
    rng = np.random.default_rng(4)
    reference = rng.normal(0.5, 0.1, 40)
    gain = rng.normal(0.05, 0.02, 40)
    samples = _samples(
        {
            "fgd": [reference.tolist()],
            "edge": [(reference + gain).tolist(), (reference + gain).tolist()],
            "cloud": [(reference + 0.7 * gain).tolist(), (reference + 0.9 * gain).tolist()],
        }
    )
    rows = {r.subject: r for r in transfers(samples, "edge", "fgd", ["edge", "cloud"])}
    assert rows["cloud"].share.ratio == pytest.approx(0.8)
    assert rows["edge"].share.ratio == pytest.approx(1.0)
    assert rows["cloud"].by_seed == (pytest.approx(0.7 * gain.mean()), pytest.approx(0.9 * gain.mean()))
    shares = {m.key: m.value for m in transfer_metrics(list(rows.values())) if m.name == "share"}
    assert shares == {"edge/edge:share": pytest.approx(100), "edge/cloud:share": pytest.approx(80)}


def test_no_share_is_given_where_retraining_gains_nothing() -> None:
    rng = np.random.default_rng(4)
    reference = rng.normal(0.5, 0.1, 40)
    samples = _samples(
        {"fgd": [reference.tolist()], "edge": [(reference + rng.normal(0, 0.1, 40)).tolist()], "cloud": [[0.6] * 40]}
    )
    rows = transfers(samples, "edge", "fgd", ["edge", "cloud"])
    assert not any(r.has_share for r in rows)
    assert not [m for m in transfer_metrics(rows) if m.name == "share"]


@pytest.mark.parametrize(("seed", "ahead"), [(7, 0.025), (18, 0.01), (24, 0.02), (24, 0.08), (24, 0.0)])
def test_a_domain_has_shares_for_all_subjects_or_for_none(seed: int, ahead: float) -> None:
    """In the first three cases, the interval of a share is bounded for one subject only."""
    rng = np.random.default_rng(seed)
    samples = []
    for stratum in range(10):
        own, cloud = rng.normal(ahead, 0.12 if stratum < 2 else 0.01, 8), rng.normal(0, 0.2, 8)
        rows = {"fgd": 0 * own, "edge": own, "cloud": cloud, "hybrid": 0.5 * own}
        samples += [
            Sample(subject=name, sample=f"{stratum}-{k}", stratum=str(stratum), values={"reward": row[k]})
            for name, row in rows.items()
            for k in range(8)
        ]
    rows = transfers(samples, "edge", "fgd", ["edge", "cloud", "hybrid"])
    assert {r.has_share for r in rows} == {ahead == 0.08}
    assert all(r.share.is_bounded for r in rows if r.has_share)


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    claim(tmp_path, {"seeds": (1, 2), "evaluations": 5})
    claim(tmp_path, {"seeds": (1, 2), "evaluations": 5})
    with pytest.raises(RunError, match="evaluations"):
        claim(tmp_path, {"seeds": (1, 2), "evaluations": 6})


def test_unknown_domains_are_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hybrid"):
        run_transfer(tmp_path / "x", TransferSettings(domains=("cloud", "mars")))
    with pytest.raises(InputError, match="adapted"):
        run_transfer(tmp_path / "x", TransferSettings(domains=("cloud", "network")))
    assert not (tmp_path / "x").exists()


def test_an_interrupted_evaluation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    settings = TransferSettings(
        effort=TINY, domains=("edge", "network"), changes=("prices",), adapted="edge", adaptation=100, forgetting=300
    )
    seen: list[int] = []

    def after_five() -> bool:
        seen.append(1)
        return len(seen) > 5

    with pytest.raises(KeyboardInterrupt):
        run_transfer(tmp_path / "a", settings, interrupted=after_five)
    partly = read_samples(tmp_path / "a")
    whole = run_transfer(tmp_path / "a", settings)
    straight = run_transfer(tmp_path / "b", settings)
    assert 0 < len(partly) < len(read_samples(tmp_path / "a"))
    assert read_samples(tmp_path / "a")[: len(partly)] == partly
    assert whole.metrics == straight.metrics
    assert whole.tables == straight.tables
    assert load_result(tmp_path / "a") == whole
    keys = {m.key for m in whole.metrics}
    assert {"network/edge:reward", "edge/network:gain", "adaptation prices/from scratch:evaluations to recover"} <= keys
    with pytest.raises(RunError, match="effort"):
        run_transfer(tmp_path / "a", replace(settings, effort=replace(TINY, evaluations=300)))
