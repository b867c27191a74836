"""Study files: their runs, and the faults that are named before the first run."""

from pathlib import Path

import pytest

from aurora.errors import DataError, FileError
from aurora.evals.studies.choices import EvolutionChoices, SelfPlayChoices
from aurora.evals.studies.example import example_study
from aurora.evals.studies.plan import MAX_RUNS, RunName, plan_study
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.graphs.settings import SelfPlaySettings
from tests.evals.studies.made_up import TINY, study_file

END = "\nseeds: 0-1\nbudget: {iterations: 1}\n"


def test_a_grid_has_every_combination_beside_the_base(tmp_path: Path) -> None:
    plan = plan_study(study_file(tmp_path, "grid: {population: [4, 16], generations: [2, 3]}" + END))
    assert list(plan.variations) == [
        "base",
        "population=4,generations=2",
        "population=4,generations=3",
        "population=16,generations=2",
        "population=16,generations=3",
    ]
    assert len(plan.runs) == 10
    settings = plan.settings(RunName("population=4,generations=3", 1))
    assert isinstance(settings, SelfPlaySettings)
    assert (settings.population, settings.generations, settings.seed) == (4, 3, 1)


def test_a_point_of_the_grid_that_is_the_base_does_not_run_twice(tmp_path: Path) -> None:
    plan = plan_study(study_file(tmp_path, "base: {population: 4}\ngrid: {population: [4, 8]}" + END))
    assert list(plan.variations) == ["base", "population=8"]


def test_paths_begin_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "policy.json").write_text("{}")
    with pytest.raises(DataError, match=r"start: .*policy\.json"):
        plan_study(study_file(tmp_path, "base: {start: policy.json}" + END))
    with pytest.raises(DataError, match=str(tmp_path / "mine")):
        plan_study(study_file(tmp_path, "base: {source: files, data: mine}" + END))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: {populaton: 3}" + END, r"base: 'populaton' is unknown; did you mean population\?"),
        ("grid: {populaton: [3]}" + END, r"variation populaton=3: 'populaton' is unknown"),
        ("grdi: {}" + END, r"'grdi' is unknown; did you mean grid\?"),
        ("base: {}\nseeds: 0-1\nbudget: {iteration: 1}", r"budget: 'iteration' is unknown; did you mean iterations"),
        ("grid: {population: []}" + END, r"grid\.population is empty; list at least one value"),
        ("grid: {population: [-1]}" + END, r"population=-1.*population: Input should be greater"),
        ("base: {population: many}" + END, r"base: population: 'many' is not a whole number"),
        ("base: {seed: 3}" + END, r"seed is no setting of a study; list seeds under `seeds`"),
        ("base: {source: opnb}" + END, r"base: there is no source 'opnb'; there are generated"),
        ("base: {source: openb}" + END, r"base: .*needs the folder that holds openb/"),
        ("base: {training_families: [nowhere]}" + END, r"base: .*no family 'nowhere'"),
        ("base: {start: nobody}" + END, r"base, start: "),
        ("seeds: 0-1\nbudget: {}", r"no run would end; give iterations, evaluations or seconds"),
        ("seeds: []\nbudget: {iterations: 1}", r"seeds"),
        ("seeds: [1, 1]\nbudget: {iterations: 1}", r"seeds: a seed occurs twice"),
        ("seeds: 1-\nbudget: {iterations: 1}", r"seeds: write seeds as a range such as 0-9"),
        ("seeds: true\nbudget: {iterations: 1}", r"seeds"),
        ("budget: {iterations: 1}", r"seeds: Field required"),
        ("grid: {population: [3]}\nvariations: {a: {}}" + END, r"give a grid or variations, not both"),
        ("variations: {a/b: {population: 3}}" + END, r"'a/b' is no name of a variation"),
        ("variations: {base: {population: 3}}" + END, r"variations\.base: this name is that of the base settings"),
        ("variations: {a: {population: 3}, b: {population: 3}}" + END, r"its settings are those of a"),
        ("grid: {training_families: [[" + ", ".join(f"family{k}" for k in range(30)) + "]]}" + END, r"short names"),
        ("grid: {start: [a b, a-b]}" + END, r"two combinations are named start=a-b"),
        ("variations: {small: {}}" + END, r"its settings are those of base"),
        ("kind: evolve-prompts\nbase: {model: 'openai:x'}\njudge: {}" + END, r"judge: prompts are judged on their own"),
        (
            "kind: evolve-prompts\nseeds: [0]\nbudget: {seconds: 1}\nbase: {model: 'openai:x'}",
            r"budget\.seconds: .*no such",
        ),
        ("seeds: [0]\nbudget: {iterations: 1, proposals: 1}", r"budget\.proposals: .*no such limit"),
        ("seeds: 0-1\nseeds: 0-2\nbudget: {iterations: 1}", r"line 2: 'seeds' is there twice"),
        ("base: &a {}\ngrid: *a" + END, r"aliases"),
        ("base: [", r"is not YAML \(line 1"),
        ("[1, 2]", r"holds no study"),
        ("", r"holds no study"),
        ("? [a]\n: 1", r"line 1: a field needs a plain name"),
        ("base: " + "[" * 50 + "]" * 50 + END, r"nested too deeply"),
        ("base: !!python/object:os.system {}" + END, r"is not YAML"),
        (f"base: {{}}\nseeds: 0-{MAX_RUNS}\nbudget: {{iterations: 1}}", r"seeds"),
        ("grid: {population: [" + ", ".join(str(k) for k in range(2, 503)) + "]}" + END, r"1,00\d runs, at most 1,000"),
        ("grid: {" + ", ".join(f"{n}: [1, 2, 3, 4, 5, 6, 7, 8, 9]" for n in "abcdefgh") + "}" + END, r"at most 1,000"),
    ],
)
def test_a_fault_is_named_with_its_field_before_the_first_run(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        plan_study(study_file(tmp_path, text))
    assert "study.yaml" in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.yaml"):
        plan_study(tmp_path / "absent.yaml")


@pytest.mark.parametrize("kind", ["selfplay", "evolve-prompts"])
def test_the_example_is_a_study_with_every_field(tmp_path: Path, kind: str) -> None:
    text = example_study(kind)  # type: ignore[arg-type]
    plan = plan_study(study_file(tmp_path, text))
    assert plan.study.kind == kind
    listed = study_file(tmp_path / "list", _with_list(text))
    assert len(plan_study(listed).variations) > 1
    whole = study_file(tmp_path / "whole", text.replace("  # ", "  ")).read_text()
    for name in (SelfPlayChoices if kind == "selfplay" else EvolutionChoices).model_fields:
        assert f"  {name}: " in whole


def _with_list(text: str) -> str:
    """Return the example with its list of variations in place of the grid."""
    head, rest = text.split("grid:\n")
    return head + rest.split("\n", 1)[1].replace("# variations:", "variations:").replace("#   ", "  ")


def test_studies_choose_every_setting_of_a_run_but_those_that_follow() -> None:
    # A study judges on scenarios of its own, and starts without shipped champions, so that its settings alone count.
    follow = {"seed", "embedder", "prompts", "own_proposers", "without", "changed", "shipped", "test_families"}
    assert set(SelfPlayChoices.model_fields) - {"index"} == set(SelfPlaySettings.model_fields) - follow
    assert set(EvolutionChoices.model_fields) == set(EvolutionSettings.model_fields) - {"seed", "first", "meta"}
    defaults = SelfPlayChoices()
    for name in set(SelfPlayChoices.model_fields) - {"index"}:
        assert getattr(defaults, name) == getattr(SelfPlaySettings(), name), name
    for name in EvolutionChoices.model_fields:
        assert getattr(EvolutionChoices(), name) == getattr(EvolutionSettings(), name), name


def test_the_plan_survives_its_own_file(tmp_path: Path) -> None:
    plan = plan_study(study_file(tmp_path, TINY))
    again = type(plan).model_validate_json(plan.model_dump_json())
    assert again == plan
    assert [again.settings(run) for run in again.runs] == [plan.settings(run) for run in plan.runs]
