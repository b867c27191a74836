from dataclasses import replace

import pytest

from aurora.errors import DataError, InputError, RunError
from aurora.learning.composition.scores.objective import pareto_set
from aurora.learning.composition.searching.measurement_journal import UNUSABLE, MeasurementJournal
from aurora.learning.composition.searching.search import Search, agents, next_candidate, search
from tests.learning.composition.made_up_search import made_up_problem

BUDGET = 15


class Counting:
    """Answers from a table, and counts how often each pipeline was asked for."""

    def __init__(self, table, stop_after=None):
        self.table, self.asked, self.stop_after = table, [], stop_after

    def __call__(self, pipeline):
        if self.stop_after is not None and len(self.asked) == self.stop_after:
            raise KeyboardInterrupt
        self.asked.append(pipeline)
        return self.table[pipeline]


@pytest.mark.parametrize("agent", sorted(agents()))
def test_nothing_is_measured_twice_and_the_seed_decides_everything(agent):
    problem, table = made_up_problem()
    evaluator = Counting(table)
    first = search(problem, evaluator, budget=BUDGET, seed=3, agent=agent)
    assert len(evaluator.asked) == len(set(evaluator.asked)) == len(first.steps) == first.fresh == BUDGET
    again = search(problem, Counting(table), budget=BUDGET, seed=3, agent=agent)
    assert [step.pipeline for step in again.steps] == [step.pipeline for step in first.steps]


@pytest.mark.parametrize("agent", sorted(agents()))
def test_an_interrupted_search_goes_on_the_same_way_from_its_journal(agent, tmp_path):
    problem, table = made_up_problem()
    whole = search(problem, Counting(table), budget=12, seed=1, agent=agent)
    file = tmp_path / "journal.jsonl"
    with pytest.raises(KeyboardInterrupt):
        search(problem, Counting(table, 7), budget=12, seed=1, agent=agent, journal=MeasurementJournal(file, "task"))
    evaluator = Counting(table)
    resumed = search(problem, evaluator, budget=12, seed=1, agent=agent, journal=MeasurementJournal(file, "task"))
    assert len(evaluator.asked) == resumed.fresh == 5
    assert resumed.steps == whole.steps and resumed.choice == whole.choice


def test_the_result_is_the_best_of_what_was_measured_and_its_pareto_set():
    problem, table = made_up_problem()
    result = search(problem, Counting(table), budget=30, seed=0, agent="random", how="from a table")
    measured = {step.pipeline: step.measured for step in result.steps}
    assert result.choice == max(measured, key=lambda pipeline: problem.worth(measured[pipeline]))
    assert [pipeline for pipeline, _ in result.pareto] == pareto_set(measured)
    assert [step.best for step in result.steps] == sorted(step.best for step in result.steps)
    assert result.steps[-1].best == result.reward and result.how == "from a table"


def test_exhaustive_search_finds_the_optimum_and_ends():
    problem, table = made_up_problem()
    result = search(problem, Counting(table), budget=10**6, agent="exhaustive")
    assert len(result.steps) == len(table)
    assert result.reward == max(map(problem.worth, table.values()))


def test_a_pipeline_that_can_not_run_is_marked_and_never_chosen(tmp_path):
    problem, table = made_up_problem()
    problem = replace(problem, space=problem.space[::10])
    broken = max(problem.space, key=lambda pipeline: problem.worth(table[pipeline]))

    def evaluator(pipeline):
        if pipeline == broken:
            raise RunError("the worker died")
        return table[pipeline]

    journal = MeasurementJournal(tmp_path / "journal", "task")
    result = search(problem, evaluator, budget=len(table), agent="exhaustive", journal=journal)
    assert result.failures == {broken: "the worker died"}
    assert result.choice != broken and broken not in dict(result.pareto)
    again = search(
        problem, evaluator, budget=len(table), agent="exhaustive", journal=MeasurementJournal(journal.path, "task")
    )
    assert again.failures == result.failures and again.fresh == 0


def test_a_journal_keeps_subjects_apart_and_numbers_as_they_are(tmp_path):
    _, table = made_up_problem()
    (pipeline, measured), other = next(iter(table.items())), list(table)[-1]
    file = tmp_path / "journal"
    MeasurementJournal(file, "one").add(pipeline, measured)
    MeasurementJournal(file, "two").add(other, UNUSABLE, "too slow")
    assert MeasurementJournal(file, "one").measured == {pipeline: measured}
    second = MeasurementJournal(file, "two")
    assert second.measured == {other: UNUSABLE} and second.failures == {other: "too slow"}
    file.write_text('{"subject": "one"}\n')
    with pytest.raises(DataError, match="line 1"):
        MeasurementJournal(file, "one")


def test_step_by_step_is_the_same_search():
    problem, table = made_up_problem()
    walk, path = Search(problem, "bayesian", seed=2), []
    for _ in range(10):
        assert walk.ask() == walk.ask()
        path.append(walk.tell(table[walk.ask()]))
    assert tuple(path) == search(problem, Counting(table), budget=10, seed=2, agent="bayesian").steps


def test_the_next_candidate_follows_from_measurements_that_anyone_made():
    problem, table = made_up_problem()
    measured = {pipeline: table[pipeline] for pipeline in list(table)[::9]}
    candidate = next_candidate(problem, measured, "bayesian", seed=0)
    assert candidate in table and candidate not in measured
    assert candidate == next_candidate(problem, measured, "bayesian", seed=0)
    assert next_candidate(problem, table, "exhaustive") is None


def test_bad_input_is_refused_by_name():
    problem, table = made_up_problem()
    with pytest.raises(InputError, match="agent"):
        search(problem, Counting(table), budget=5, agent="nonsense")
    with pytest.raises(InputError, match="budget"):
        search(problem, Counting(table), budget=0)
    with pytest.raises(InputError, match="chains"):
        search(replace(problem, chains=()), Counting(table), budget=5)
    with pytest.raises(InputError, match="space"):
        Search(replace(problem, space=()), "exhaustive")
    with pytest.raises(RunError, match="ask"):
        Search(problem, "random").tell(UNUSABLE)
