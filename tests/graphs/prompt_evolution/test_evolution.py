"""Prompt evolution with planted sentences: gains are found, over-fitting shows, budgets hold, kills cost nothing."""

import json
import signal

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.graphs.prompt_evolution.allocation import measured
from aurora.graphs.prompt_evolution.bench import draw_cases
from aurora.graphs.prompt_evolution.budget import EvolutionBudget
from aurora.graphs.prompt_evolution.evolution import stated
from aurora.graphs.prompt_evolution.judging import gains, judge_selected
from aurora.graphs.prompt_evolution.run import standing_of
from aurora.graphs.prompt_evolution.selection import select_versions
from aurora.graphs.prompt_evolution.state import Sample, Standing, Variant, values_of
from aurora.graphs.run_directory import ARCHIVE, CALLS
from aurora.memory.store import Store
from aurora.statistics.intervals import mean_interval
from tests.graphs.prompt_evolution.planted import (
    BAD,
    BUDGET,
    FIRST,
    FITTED,
    GOOD,
    SETTINGS,
    main,
    run,
    variant,
)


def dump(directory) -> dict:
    with Store.open(directory / ARCHIVE) as store:
        return store.dump()


def test_a_planted_better_sentence_is_found_and_its_sealed_gain_is_reported(tmp_path) -> None:
    evolved, _ = run(tmp_path, GOOD, BAD)
    standing = evolved.standing
    assert evolved.reason == "done"
    best = standing.variant(standing.kept[0])
    assert (best.text, best.parent_id, best.changed) == (variant(GOOD), FIRST.prompt_id, GOOD)
    assert "it was beaten" in best.causes
    (judged,) = standing.judged
    assert judged.verdict == "gain"
    assert judged.prompt_id == best.prompt_id
    assert judged.sealed[1] < 0.1 < judged.sealed[2]
    assert judged.selection[0] == pytest.approx(0.1, abs=0.02)
    assert (judged.pairs, judged.judgements) == (8, 1)


def test_a_prompt_that_fits_the_selection_cases_is_exposed_by_the_sealed_ones(tmp_path) -> None:
    evolved, _ = run(tmp_path, FITTED, BAD)
    (judged,) = evolved.standing.judged
    assert judged.selection[0] == pytest.approx(0.2, abs=0.03)
    assert judged.sealed[0] == pytest.approx(-0.1, abs=0.03)
    assert judged.verdict == "loss"


def test_noise_is_no_gain(tmp_path) -> None:
    evolved, _ = run(tmp_path, "Use plain words.", "Use short words.")
    assert all(j.verdict == "none" for j in evolved.standing.judged)


def test_a_loser_is_stopped_early(tmp_path) -> None:
    standing = run(tmp_path, GOOD, BAD)[0].standing
    loser = next(v.prompt_id for v in standing.variants if v.changed == BAD)
    winner = next(v.prompt_id for v in standing.variants if v.changed == GOOD)
    selection = 2 * SETTINGS.selection
    assert len(values_of(standing.samples, loser)) < selection
    assert len(values_of(standing.samples, winner)) == selection + 2 * SETTINGS.sealed


def test_a_variant_that_was_proposed_before_or_breaks_a_rule_is_refused_and_costs_no_measurement(tmp_path) -> None:
    standing = run(tmp_path, GOOD, "Do as scenario-cloudy:0 wants.")[0].standing
    assert [v.changed for v in standing.variants[1:]] == [GOOD]
    assert any("scenario-cloudy:0" in r and "measured on" in r for r in standing.refusals)
    attempts = dump(tmp_path)["attempts"]
    assert {a["kind"] for a in attempts} == {"prompt"}
    twice = run(tmp_path / "twice", GOOD, GOOD)[0].standing
    assert len([v for v in twice.variants if v.generation == 1]) == 1
    assert any("proposed before" in r for r in twice.refusals)


@pytest.mark.parametrize("evaluations", [26, 27, 28, 33, 40, 60])
def test_the_budget_of_evaluations_holds_exactly(tmp_path, evaluations) -> None:
    evolved, events = run(tmp_path, GOOD, FITTED, budget=EvolutionBudget(4, evaluations))
    assert evolved.standing.evaluations == len(evolved.standing.samples) <= evaluations
    assert max(e["evaluations"] for e in events) <= evaluations
    assert evolved.standing.proposals > 0
    if evolved.standing.judged:
        assert evolved.standing.judged[0].pairs == 8


def test_a_budget_that_can_not_end_with_a_judgement_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="is 26 in all"):
        run(tmp_path, GOOD, budget=EvolutionBudget(4, 25))


@pytest.mark.parametrize("proposals", [0, 1, 3])
def test_the_budget_of_proposals_holds_exactly(tmp_path, proposals) -> None:
    standing = run(tmp_path, GOOD, BAD, budget=EvolutionBudget(proposals, 80), generations=5)[0].standing
    assert standing.proposals == proposals
    assert len(standing.variants) <= 1 + proposals


def test_the_budget_of_tokens_leaves_room_for_the_sealed_cases(tmp_path) -> None:
    evolved, _ = run(tmp_path, GOOD, BAD, budget=EvolutionBudget(4, 80, tokens=120 * 40))
    assert evolved.standing.use.tokens <= 120 * 40
    assert evolved.standing.judged[0].pairs == 8


def test_a_spent_budget_is_resumed_with_a_larger_one_and_pays_nothing_twice(tmp_path) -> None:
    whole, _ = run(tmp_path / "whole", GOOD, BAD, counter=tmp_path / "whole.count")
    little = EvolutionBudget(4, 80, tokens=700)
    evolved, _ = run(tmp_path / "run", GOOD, BAD, budget=little, counter=tmp_path / "count")
    assert evolved.reason == "budget spent"
    assert (tmp_path / "count").stat().st_size * 120 <= 700
    evolved, _ = run(tmp_path / "run", GOOD, BAD, counter=tmp_path / "count")
    assert (tmp_path / "count").stat().st_size == len(
        [1 for line in (tmp_path / "run" / CALLS).open() if json.loads(line)["kind"] == "model"]
    )
    assert evolved == whole


@pytest.mark.parametrize("method", ["best-of", "rewording"])
def test_rivals_run_at_the_same_budget(tmp_path, method) -> None:
    chosen = SETTINGS.model_copy(update={"method": method})
    standing = run(tmp_path, GOOD, BAD, settings=chosen)[0].standing
    assert standing.proposals == BUDGET.proposals
    assert standing.evaluations <= BUDGET.evaluations
    assert all(v.by == method and not v.causes for v in standing.variants[1:])
    if method == "rewording":
        assert standing.proposing.calls == 0
        again = run(tmp_path / "again", GOOD, BAD, settings=chosen)[0].standing
        assert again == standing


def test_only_the_evolver_finds_what_the_record_shows_at_the_same_budget(tmp_path) -> None:
    gains = {}
    for method in ("evolver", "best-of", "rewording"):
        chosen = SETTINGS.model_copy(update={"method": method})
        standing = run(tmp_path / method, settings=chosen)[0].standing
        gains[method] = [j.verdict for j in standing.judged if j.verdict == "gain"]
        assert standing.proposals <= BUDGET.proposals
        assert standing.evaluations <= BUDGET.evaluations
    assert gains == {"evolver": ["gain"], "best-of": [], "rewording": []}


def test_the_best_of_many_equal_prompts_is_rarely_called_a_gain() -> None:
    rng = np.random.default_rng(0)
    cases = draw_cases(("a", "b"), 4, 6, 0)
    names = ["first", *(f"v{k}" for k in range(6))]
    called, selection, sealed = 0, [], []
    for _ in range(200):
        level = {c.name: rng.normal() for c in (*cases.selection, *cases.sealed)}
        samples = [
            Sample(prompt_id=n, case=c.name, family=c.family, value=level[c.name] + rng.normal())
            for n in names
            for c in (*cases.selection, *cases.sealed)
        ]
        variants = tuple(Variant(prompt_id=n, text=n) for n in names)
        standing = Standing(role="explainer", first="first", variants=variants)
        best = select_versions(samples, cases.selection, names).kept[0]
        if best == "first":
            continue
        judged = judge_selected(standing, samples, best, cases)
        called += judged.verdict == "gain"
        selection.append(judged.selection[0])
        sealed.append(judged.sealed[0])
    assert called <= 12  # 5 % two-sided, so 2.5 % of 200 are expected
    assert np.mean(selection) > 0.4  # what the selection score alone would have claimed
    assert abs(np.mean(sealed)) < 0.1


@pytest.fixture(scope="module")
def whole(processes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert died(processes, folder / "run", folder / "count", None) == 0
    return dump(folder / "run"), (folder / "count").stat().st_size


def died(processes, directory, counter, die) -> int:
    process = processes.Process(target=main, args=(directory, counter, die))
    process.start()
    process.join(60)
    return process.exitcode


@pytest.mark.parametrize(
    "deaths",
    [
        [("call", 1), ("call", 2), ("call", 12)],
        [("writing", 1), ("writing", 1), ("writing", 2)],
        [("committed", 1), ("committed", 1)],
        [("event", 3), ("event", 14), ("event", 9)],
        [("call", 9), ("event", 12), ("committed", 1), ("writing", 1)],
    ],
    ids=str,
)
def test_a_killed_evolution_ends_as_an_uninterrupted_one_and_pays_nothing_twice(
    processes, whole, tmp_path, deaths
) -> None:
    for die in deaths:
        assert died(processes, tmp_path / "run", tmp_path / "count", die) == -signal.SIGKILL
    assert died(processes, tmp_path / "run", tmp_path / "count", None) == 0
    assert dump(tmp_path / "run") == whole[0]
    assert (tmp_path / "count").stat().st_size == whole[1]
    assert standing_of(tmp_path / "run").judged


def test_few_pairs_of_each_family_are_judged_together() -> None:
    """Two pairs of each of three families leave each spread one degree of freedom, and no usable interval."""
    cases = draw_cases(("a", "b", "c"), 2, 2, 0)
    rng = np.random.default_rng(1)
    values = {(v, c.name): float(rng.normal(v == "new", 0.1)) for v in ("old", "new") for c in cases.sealed}
    samples = [Sample(prompt_id=v, case=n, family=n.partition(":")[0], value=x) for (v, n), x in values.items()]
    few = gains(samples, "new", "old", cases.sealed)
    assert [len(f) for f in few] == [6]
    assert mean_interval(few).low > 0.5
    many = draw_cases(("a", "b", "c"), 4, 4, 0).sealed
    samples = [Sample(prompt_id=v, case=c.name, family=c.family, value=1.0) for v in ("old", "new") for c in many]
    assert [len(f) for f in gains(samples, "new", "old", many)] == [4, 4, 4]


def test_a_budget_with_too_few_sealed_cases_for_any_gain_says_so() -> None:
    few, enough = (draw_cases(("a",), 2, n, 0) for n in (5, 6))
    assert "With 5 sealed cases no gain can be shown; take at least 6" in stated(EvolutionBudget(), few, 1, 2)
    assert "no gain can be shown" not in stated(EvolutionBudget(), enough, 1, 2)


def test_all_looks_at_an_equal_variant_stop_it_as_rarely_as_one() -> None:
    rng, stopped, cases = np.random.default_rng(0), 0, draw_cases(("a",), 12, 2, 0).selection
    for _ in range(400):
        samples = [Sample(prompt_id="old", case=c.name, family=c.family, value=0.0) for c in cases]

        def measure(name, case):
            return Sample(prompt_id=name, case=case.name, family=case.family, value=float(rng.normal()))

        seen = list(measured(cases, "old", ["new"], samples, measure, lambda: True))
        stopped += len(seen) < len(cases)
    assert stopped / 400 < 0.06
