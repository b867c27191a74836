"""Samples explanations of decisions and of whole runs, and plants errors in some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from aurora.agents.explain.explainer import explain_case
from aurora.agents.explain.run_explainer import explain_plan
from aurora.agents.explain.wording import MEASURES, called, value_text
from aurora.evals.explanations.decisions import cases
from aurora.evals.ratings.items import Facts, Item, Kind, RatingSet, named
from aurora.evals.ratings.planting import NUMBER, OF_RUNS, PLANTERS, Told, planted
from aurora.quantities import energy, plain
from aurora.sim.explain.claims import Case
from aurora.sim.explain.decision import Decision, features_read
from aurora.sim.explain.names import shown_name

DECISIONS_EXAMINED = 12
"""Decisions that are looked at for each one in the form, so that most have candidates that differ."""
OPTIONS_SHOWN = 6
"""Most candidates of a decision that are listed."""
NODES_SHOWN = 12
"""Most nodes of a run that are listed."""


class FormSettings(NamedTuple):
    """Content of a rating form.

    Attributes:
        decisions: Number of explanations of decisions.
        runs: Number of explanations of whole runs.
        planted: Number of explanations with a planted error.
        seed: Random seed.
    """

    decisions: int = 20
    runs: int = 5
    planted: int = 6
    seed: int = 0


class _Candidate(NamedTuple):
    """An explanation that can become an item."""

    kind: Kind
    question: str
    told: Told
    facts: tuple[Facts, ...]


def sample_set(settings: FormSettings) -> RatingSet:
    """Return the items of a form, shuffled, with errors planted in some.

    Args:
        settings: Content of the form.
    """
    rng = np.random.default_rng([settings.seed, 23])
    candidates = [*_decisions(settings.decisions, rng), *_runs(settings.runs, rng)]
    places = [int(p) for p in rng.permutation(len(candidates))]
    items: list[Item] = []
    chosen = {int(p) for p in rng.permutation(len(candidates))[: settings.planted]}
    kinds = tuple(PLANTERS)
    for number, place in enumerate(places, 1):
        of = candidates[place]
        turn = number % len(kinds)
        of_kind = kinds[turn:] + kinds[:turn] if of.kind == "decision" else OF_RUNS
        error = planted(of.told, rng, of_kind) if place in chosen else None
        items.append(
            Item(
                item=f"item-{number:02d}",
                kind=of.kind,
                question=of.question,
                text=of.told.text if error is None else error[1],
                facts=of.facts,
                planted="" if error is None else error[0],
                original="" if error is None else of.told.text,
            )
        )
    return named(RatingSet(seed=settings.seed, items=tuple(items)))


def _decisions(count: int, rng: np.random.Generator) -> Iterator[_Candidate]:
    """Yield decisions between candidates that differ, at most one of a run where there are enough."""
    seen = set[str]()
    spare: list[_Candidate] = []
    for _, task, case in cases(count * DECISIONS_EXAMINED, rng, None):
        decision = case.decision
        if count == 0:
            return
        if decision is None or decision.runner_up is None or decision.chosen.score == decision.runner_up.score:
            continue
        made = _decision(task, case, decision)
        if case.scenario.scenario_id in seen:
            spare.append(made)
            continue
        seen.add(case.scenario.scenario_id)
        count -= 1
        yield made
    yield from spare[:count]


def _decision(task: str, case: Case, decision: Decision) -> _Candidate:
    names = [f for f in features_read(decision) if f in decision.chosen.features]
    chosen = decision.chosen.name
    words = [called(f, "operator") for f in names]
    rows = tuple(
        (
            f"{o.name} (chosen)" if o is decision.chosen else o.name,
            *(_written(f, o.features[f], decision.chosen.features[f]) for f in names),
            plain(o.score),
        )
        for o in decision.options[:OPTIONS_SHOWN]
    )
    told = Told(
        explain_case(case, task).text,
        chosen,
        tuple(n.node_id for n in case.scenario.nodes if n.node_id != chosen),
        tuple(words),
        _numbers(rows),
    )
    caption = f"Candidates with room, best first ({len(rows)} of {decision.feasible}); the highest score wins"
    facts = Facts(caption=caption, columns=("candidate", *words, "score"), rows=rows)
    return _Candidate("decision", f"Why was task {shown_name(task)} placed where it was?", told, (facts,))


def _written(feature: str, value: float, chosen: float) -> str:
    """Return a value as text; energies in the unit of the chosen candidate's, so that a column can be compared."""
    return energy(value, scale=chosen) if feature == "fit.energy" else value_text(feature, value, "operator")


def _runs(count: int, rng: np.random.Generator) -> Iterator[_Candidate]:
    seen = set[str]()
    for _, _, case in cases(count * DECISIONS_EXAMINED * 2, rng, None):
        if count == 0:
            return
        if case.scenario.scenario_id not in seen and case.run is not None:
            seen.add(case.scenario.scenario_id)
            count -= 1
            yield _run(case)


def _run(case: Case) -> _Candidate:
    explanation = explain_plan(case.scenario, case.policy)
    assert case.run is not None  # decisions come from a run
    sums = case.run.outcome.summary.to_json(case.scenario.counted)
    tasks = ("tasks", str(len(case.scenario.tasks)))
    totals = (tasks, *((m.words, m.written(float(sums[n]))) for n, m in MEASURES.items() if n in sums))
    trace = case.run.outcome.trace
    reasons = tuple((reason, str(n)) for reason, n in explanation.reasons.most_common())
    placed = 0 if trace is None else len(trace.time)
    told = Told(explanation.text, "", (), (), _numbers((*totals, *reasons)))
    tables = (
        Facts(caption="Outcome of the run", columns=("measure", "value"), rows=totals),
        Facts(caption=f"What decided the {placed} placements", columns=("reason", "placements"), rows=reasons),
    )
    question = f"What did {shown_name(explanation.policy_id)} do on {shown_name(explanation.scenario_id)}, and why?"
    return _Candidate("run", question, told, tables)


def _numbers(rows: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """Return the numbers in the cells of a table after the first of each row."""
    return frozenset(number for row in rows for cell in row[1:] for number in NUMBER.findall(cell))
