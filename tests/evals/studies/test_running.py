"""A study ends with the same table whatever its workers are, and however often it is killed."""

import json
from pathlib import Path

import pytest

from aurora.errors import InputError, RunError
from aurora.evals.champion import fresh_scenarios
from aurora.evals.results.samples import read_samples
from aurora.evals.studies import judging
from aurora.evals.studies.comparison import compare_studies
from aurora.evals.studies.evaluators.opening import open_evaluator
from aurora.evals.studies.folder import OUTCOMES, owned_study, read_plan, study_status
from aurora.evals.studies.plan import RunName, plan_study
from aurora.evals.studies.playing import RunTask, play_run
from aurora.evals.studies.running import StudyResult, report_study, run_study
from aurora.evals.studies.study import Judge, RunBudget
from aurora.graphs.run_directory import ARCHIVE, open_archive
from aurora.graphs.settings import SelfPlaySettings
from aurora.sim.kernel import encode
from tests.evals.studies.made_up import TINY, figures, study_file


def archives(folder: Path) -> dict[str, object]:
    """Return the content of every archive of a study."""
    content = {}
    for path in sorted(folder.rglob(ARCHIVE)):
        with open_archive(path.parent) as store:
            content[str(path.parent.relative_to(folder))] = store.dump()
    return content


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudyResult]:
    """Return the folder and the result of a study that was not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    return folder / "out", run_study(plan_study(study_file(folder)), folder / "out", jobs=1, workers="threads")


def test_the_table_has_every_variation_beside_its_evaluations(whole: tuple[Path, StudyResult]) -> None:
    folder, result = whole
    assert result.result is not None
    table = result.result.tables[0]
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["base", "population=4"]
    assert rows["base"]["less base"] is None
    samples = read_samples(folder)
    mean = {v: sum(s.values["value"] for s in samples if s.subject == v) / len(samples) * 2 for v in rows}
    assert rows["base"]["value"] == pytest.approx(mean["base"])
    assert rows["population=4"]["less base"] == pytest.approx(mean["population=4"] - mean["base"])
    spent = [s.evaluations for s in study_status(folder) if s.run.variation == "base"]
    assert rows["base"]["evaluations a run"] == sum(spent) / 2  # type: ignore[arg-type]
    assert {s.cluster for s in samples} == {"seed 0", "seed 1"}
    assert len({s.sample for s in samples}) * 4 == len(samples)


def test_champions_meet_the_fresh_scenarios_of_the_champions_report() -> None:
    settings, judge = SelfPlaySettings(), Judge(per_family=2, seed=5)
    source = judging.opened(settings.model_dump_json())
    for level in (1, 3):
        mine = [encode(source.expand(spec)) for spec in judging.fresh_specs(source, level, judge)]
        theirs = fresh_scenarios(source, level, 2, 5)
        assert [e.scenario for e in mine] == [e.scenario for e in theirs]


@pytest.mark.parametrize(
    ("workers", "ray"),
    [("threads", None), ("processes", None), pytest.param("processes", "local", marks=pytest.mark.slow)],
)
def test_the_table_does_not_depend_on_the_workers(
    whole: tuple[Path, StudyResult], tmp_path: Path, workers: str, ray: str | None
) -> None:
    if ray:
        pytest.importorskip("ray")
    result = run_study(plan_study(study_file(tmp_path)), tmp_path / "out", jobs=2, workers=workers, ray=ray)  # type: ignore[arg-type]
    assert figures(result) == figures(whole[1])
    assert archives(tmp_path / "out") == archives(whole[0])


def test_a_finished_study_plays_nothing_again(whole: tuple[Path, StudyResult]) -> None:
    folder, result = whole
    before = (folder / OUTCOMES).read_bytes(), (folder / "samples.jsonl").read_bytes()
    assert figures(run_study(read_plan(folder), folder, jobs=1, workers="threads")) == figures(result)
    assert figures(report_study(folder)) == figures(result)
    assert ((folder / OUTCOMES).read_bytes(), (folder / "samples.jsonl").read_bytes()) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("iterations: 2", "iterations: 3", r"budget\.iterations was 2, now 3"),
        ("per_family: 1, levels", "per_family: 2, levels", r"judge\.per_family was 1, now 2"),
        ("population: 2", "population: 3", r"variation base: population was 2, now 3"),
        ("[4]", "[6]", r"variation population=4 is gone"),
        ("0-1", "1-2", r"seeds 0 are gone"),
    ],
)
def test_a_changed_study_is_refused_and_the_difference_named(
    whole: tuple[Path, StudyResult], tmp_path: Path, old: str, new: str, message: str
) -> None:
    changed = plan_study(study_file(tmp_path, TINY.replace(old, new)))
    with pytest.raises(RunError, match=message):
        run_study(changed, whole[0], workers="threads")


def test_runs_may_be_added(tmp_path: Path) -> None:
    small = plan_study(study_file(tmp_path, TINY.replace("seeds: 0-1", "seeds: [1]").replace("grid:", "# grid:")))
    first = run_study(small, tmp_path / "out", jobs=1, workers="threads")
    assert (first.runs, first.done) == (1, 1)
    archive = (tmp_path / "out" / "runs" / "base" / "1" / ARCHIVE).read_bytes()
    larger = run_study(plan_study(study_file(tmp_path, TINY)), tmp_path / "out", jobs=1, workers="threads")
    assert (larger.runs, larger.done) == (4, 4)
    assert (tmp_path / "out" / "runs" / "base" / "1" / ARCHIVE).read_bytes() == archive


def test_a_failed_run_is_told_with_its_reason_and_can_be_played_again(
    whole: tuple[Path, StudyResult], tmp_path: Path
) -> None:
    plan, out = plan_study(study_file(tmp_path)), tmp_path / "out"
    broken = RunName("population=4", 1).folder(out)
    broken.mkdir(parents=True)
    (broken / ARCHIVE).write_text("no archive")
    result = run_study(plan, out, jobs=1, workers="threads")
    assert (result.done, list(result.failures)) == (3, [RunName("population=4", 1)])
    assert "not a database" in result.failures[RunName("population=4", 1)]
    assert result.result is not None
    assert any("failed: " in str(row[2]) for row in result.result.tables[1].rows)
    assert any("1 runs failed and count nowhere" in text for text in result.result.notes)
    kept = run_study(plan, out, jobs=1, workers="threads", retry=False)
    assert figures(kept) == figures(result)
    (broken / ARCHIVE).unlink()
    assert figures(run_study(plan, out, jobs=1, workers="threads")) == figures(whole[1])


def test_evaluations_and_seconds_end_a_run(tmp_path: Path) -> None:
    settings = SelfPlaySettings(
        population=2,
        generations=1,
        training_per_family=1,
        validation_per_family=1,
        training_families=("batch",),
        validation_families=("accelerators",),
    )
    whole = play_run(RunTask(tmp_path / "whole", settings, RunBudget(iterations=3)), lambda: False)
    first = play_run(RunTask(tmp_path / "one", settings, RunBudget(iterations=1)), lambda: False)
    task = RunTask(tmp_path / "spent", settings, RunBudget(evaluations=first.evaluations + 1))
    spent = play_run(task, lambda: False)
    assert (spent.iterations, spent.reason) == (2, "budget spent")
    assert first.evaluations < spent.evaluations < whole.evaluations
    assert play_run(task, lambda: False) == spent
    late = RunTask(tmp_path / "late", settings, RunBudget(seconds=0.001))
    assert play_run(late, lambda: False).iterations == 1
    assert play_run(late, lambda: False).iterations == 1  # the seconds of earlier processes count


def test_a_run_that_must_stop_is_not_finished(tmp_path: Path) -> None:
    plan = plan_study(study_file(tmp_path))
    task = RunTask(tmp_path / "run", plan.settings(plan.runs[0]), RunBudget(iterations=2))
    play_run(task._replace(budget=RunBudget(iterations=1)), lambda: False)
    assert not play_run(task, lambda: True).is_complete
    assert play_run(task, lambda: False).iterations == 2


def test_a_study_has_one_process_at_a_time(whole: tuple[Path, StudyResult]) -> None:
    with owned_study(whole[0]), pytest.raises(RunError, match="runs the study"):
        report_study(whole[0])


def test_two_studies_are_paired_by_variation_and_seed(whole: tuple[Path, StudyResult], tmp_path: Path) -> None:
    other = TINY.replace("iterations: 2", "iterations: 3").replace("seeds: 0-1", "seeds: 0-2")
    run_study(plan_study(study_file(tmp_path, other)), tmp_path / "out", jobs=1, workers="threads")
    result = compare_studies(whole[0], tmp_path / "out")
    assert {(d.subject, d.name, d.clusters) for d in result.samples.differences} == {
        (v, m, 2) for v in ("base", "population=4") for m in ("value", "lead")
    }
    assert result.samples.only_second == 4  # the third seed of two variations on two scenarios
    first, second = result.evaluations["base"]
    assert first < second
    assert json.loads(json.dumps(result.to_json()))["evaluations"]["base"] == {"first": first, "second": second}
    foreign = plan_study(study_file(tmp_path, TINY.replace("levels: [1]", "levels: [2]")))
    run_study(foreign, tmp_path / "foreign", jobs=1, workers="threads")
    with pytest.raises(InputError, match=r"levels is \(1,\) in the first and \(2,\)"):
        compare_studies(whole[0], tmp_path / "foreign")


def test_a_scenario_that_cannot_be_judged_counts_nowhere(
    whole: tuple[Path, StudyResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = read_plan(whole[0])
    settings = plan.by_variation["base"]
    assert isinstance(settings, SelfPlaySettings)
    champion = {RunName("base", 0): {"policy_id": "no policy"}}
    with open_evaluator("threads", 1) as evaluator:
        samples = judging.judge_champions(tmp_path, settings, plan.study.judge, champion, evaluator)
    assert all(s.failure and not s.values for s in samples)
