"""A change leads to a composition that is shown to be better, or to none, with every step on disk."""

from __future__ import annotations

import math

import pytest

from aurora.errors import DataError, InputError
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.judging import RecompositionSettings
from aurora.learning.composition.adaptation.recomposition import recompose
from aurora.learning.composition.adaptation.steps import AdaptationJournal, figures_of, measured_of, read_steps
from aurora.learning.composition.pipelines.pipeline import single
from tests.learning.composition.adaptation.fakes import WEIGHTS, A, B, C, D, FakeApplication, Killed, at

CHANGE = Change(kind="accuracy", subject="sound", before=0.9, after=0.8, unit="share", text="accuracy fell")
SETTINGS = RecompositionSettings(WEIGHTS, budget=10)


@pytest.fixture
def journal(tmp_path):
    return AdaptationJournal.opened(tmp_path / "nested" / "adaptation.jsonl", clock=lambda: "2026-01-01T00:00:00+00:00")


def reopened(journal):
    return AdaptationJournal.opened(journal.path, clock=journal.clock)


def names(journal):
    return [step.step for step in journal.steps]


def test_a_better_composition_takes_over_and_every_step_says_so(journal):
    application = FakeApplication({A: at(0.8), B: at(0.7), C: at(0.9)})
    result = recompose(application, [CHANGE], [B, C], journal, SETTINGS)
    assert result.outcome == "swapped"
    assert application.running == result.running == C
    assert result.trials == 4
    expected = ["started", "refitted", *["measured"] * 4, "shadowed", "swapping", "swapped", "ended"]
    assert names(journal) == expected
    assert journal.steps[0].changes == (CHANGE,)
    assert journal.steps[6].verdict == "better"
    assert "points" in journal.steps[6].reason
    assert read_steps(journal.path) == journal.steps


def test_none_is_tried_on_live_requests_where_none_measures_better(journal):
    application = FakeApplication({A: at(0.8), B: at(0.7)})
    result = recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert result.outcome == "kept"
    assert "none of the 2 other compositions" in result.reason
    assert str(B) in result.reason
    assert not [call for call in application.calls if call[0] in ("shadow", "swap")]


def test_a_composition_that_was_lucky_in_its_measurement_is_not_swapped_in(journal):
    application = FakeApplication({A: at(0.8), B: at(0.9)}, true={B: 0.7})
    result = recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert result.outcome == "kept"
    assert application.running == A
    assert journal.steps[-2].verdict == "worse"


def test_the_next_finalist_is_tried_where_the_first_fails_live_requests(journal):
    application = FakeApplication({A: at(0.8), B: at(0.95), C: at(0.9)}, failures={B: 3})
    result = recompose(application, [CHANGE], [B, C], journal, SETTINGS)
    assert result.running == C
    judged = [step for step in journal.steps if step.step == "shadowed"]
    assert [step.verdict for step in judged] == ["failed", "better"]
    assert "failed 3 of" in judged[0].reason


def test_what_turns_out_worse_after_the_swap_is_rolled_back(journal):
    application = FakeApplication({A: at(0.8), B: at(0.9)})

    def swap(pipeline):
        application.replaced, application.running = A, pipeline
        application.true[B] = 0.6
        return ""

    application.swap = swap
    result = recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert result.outcome == "rolled back"
    assert application.running == result.running == A
    assert names(journal)[-2:] == ["rolled back", "ended"]


def test_a_cheaper_composition_may_lose_as_much_accuracy_as_it_saves(journal):
    application = FakeApplication({A: at(0.80, cost=6.0), B: at(0.79, cost=1.0)})
    assert recompose(application, [CHANGE], [B], journal, SETTINGS).running == B


def test_an_overloaded_composition_gives_way_to_any_that_serves(journal):
    application = FakeApplication({A: at(0.9, latency=math.inf), B: at(0.6)})
    result = recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert result.running == B
    assert "latency" not in journal.steps[2].figures


def test_no_overloaded_composition_takes_over(journal):
    application = FakeApplication({A: at(0.7), B: at(0.99, latency=math.inf)})
    assert recompose(application, [CHANGE], [B], journal, SETTINGS).outcome == "kept"


def test_a_running_composition_that_can_no_longer_be_run_is_replaced(journal):
    application = FakeApplication({B: at(0.6)}, true={A: 0.8})
    result = recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert result.running == B
    assert [step.verdict for step in journal.steps if step.step == "unusable"] == ["running", ""]


def test_a_refused_swap_leaves_the_running_composition(journal):
    application = FakeApplication({A: at(0.8), B: at(0.9)})
    application.refusal = "it did not start within 60 s"
    result = recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert result.outcome == "kept"
    assert "did not start" in result.reason


def test_no_more_is_measured_than_the_budget_and_nothing_twice(journal):
    application = FakeApplication({A: at(0.8), B: at(0.7), C: at(0.7), D: at(0.9)})
    settings = RecompositionSettings(WEIGHTS, budget=3)
    result = recompose(application, [CHANGE], [B, B, A, C, D], journal, settings)
    measured = [call[1] for call in application.calls if call[0] == "measure"]
    assert measured == [A, A, B]
    assert result.trials == 3


def test_no_more_is_tried_once_trials_bring_nothing(journal):
    others = [single(f"other-{k}") for k in range(8)]
    application = FakeApplication({A: at(0.8), B: at(0.85), **{one: at(0.85 + 0.0001) for one in others}})
    result = recompose(application, [CHANGE], [B, *others], journal, RecompositionSettings(WEIGHTS, patience=2))
    assert [call[1] for call in application.calls if call[0] == "measure"] == [A, A, B, *others[:2]]
    assert result.trials == 5


def test_what_measured_chains_compose_takes_over_without_a_trial_of_its_own(journal):
    application = FakeApplication({A: at(0.8), B: at(0.82), C: at(0.81), D: at(0.95)}, made_of={D: (B, C)})
    result = recompose(application, [CHANGE], [B, C, D], journal, SETTINGS)
    assert result.running == D
    assert result.measured[D] == at(0.95)
    assert [step.pipeline for step in journal.steps if step.verdict == "composed"] == [str(D)]


def test_trials_go_on_while_what_they_compose_gets_better(journal):
    made = [single(f"made-{k}") for k in range(3)]
    parts = [single(f"part-{k}") for k in range(3)]
    table = {A: at(0.8), **{one: at(0.1) for one in parts}, **{one: at(0.9 + 0.01 * k) for k, one in enumerate(made)}}
    application = FakeApplication(table, made_of={one: parts[: k + 1] for k, one in enumerate(made)})
    settings = RecompositionSettings(WEIGHTS, patience=1)
    assert recompose(application, [CHANGE], parts, journal, settings).running == made[2]


@pytest.mark.parametrize("at_call", ["measure", "shadow", "swap"])
def test_a_killed_adaptation_goes_on_where_it_stopped(journal, at_call):
    application = FakeApplication({A: at(0.8), B: at(0.7), C: at(0.9)})
    application.kill_at = at_call
    with pytest.raises(Killed):
        recompose(application, [CHANGE], [B, C], journal, SETTINGS)
    result = recompose(application, [], [B, C], reopened(journal), SETTINGS)
    assert result.outcome == "swapped"
    assert application.running == C
    steps = read_steps(journal.path)
    assert [step.pipeline for step in steps if step.step == "measured"] == ["a", "a", "b", "c"]
    assert {step.number for step in steps} == {1}
    assert sum(call[0] == "swap" for call in application.calls) == 1


def test_the_next_adaptation_has_the_next_number(journal):
    application = FakeApplication({A: at(0.8), B: at(0.7)})
    for _ in range(2):
        recompose(application, [CHANGE], [B], journal, SETTINGS)
    assert {step.number for step in journal.steps} == {1, 2}


def test_a_line_that_is_no_step_is_named(journal):
    journal.path.write_text('{"step": "guessed"}\n')
    with pytest.raises(DataError, match="line 1"):
        read_steps(journal.path)


def test_measurements_come_back_from_their_figures():
    for found in (at(0.8), at(0.8, latency=math.inf)):
        assert measured_of(figures_of(found)) == found


@pytest.mark.parametrize(
    ("name", "value"), [("budget", 0), ("patience", 0), ("finalists", 0), ("shadow_requests", 0), ("alpha", 1.0)]
)
def test_settings_out_of_range_are_named(name, value):
    with pytest.raises(InputError, match=name):
        RecompositionSettings(WEIGHTS, **{name: value})


def test_components_that_were_fitted_anew_may_win_in_the_same_pipeline(journal):
    application = FakeApplication({A: at(0.9)})
    application.measure_running = lambda: at(0.7)
    application._right = lambda pair, requests: [application.random.random(requests) < p for p in (0.7, 0.9)]
    result = recompose(application, [CHANGE], [], journal, SETTINGS)
    assert result.outcome == "swapped"
    assert result.running == A


def test_the_running_pipeline_is_no_candidate_unless_it_was_fitted_anew(journal):
    load = CHANGE.model_copy(update={"kind": "load"})
    application = FakeApplication({A: at(0.9)})
    application.measure_running = lambda: at(0.7)
    assert recompose(application, [load], [A], journal, SETTINGS).outcome == "kept"
