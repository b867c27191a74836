"""Mutations: the share of false sentences and false claims that are caught, by kind, and of true ones that are kept.

False sentences are edits of true ones, and false claims put into words. Each is held against the facts of its
decision or run. False claims are checked as well, those about plans for clusters only so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from aurora.agents.explain.explainer import claims_of
from aurora.agents.explain.run_explainer import explain_plan
from aurora.agents.explain.run_plan import check_run_plan
from aurora.agents.explain.telling.composing import phrased
from aurora.agents.explain.telling.facts import KnownFacts, known_of_decision
from aurora.agents.explain.telling.holding import hold
from aurora.agents.roles.narrator import known_of
from aurora.cluster.explanation.checking import check as check_plan
from aurora.cluster.explanation.gathering import gather
from aurora.evals.explanations.mutations import Said, mutants
from aurora.evals.explanations.mutations.claims import false_claims, irrelevant, weak
from aurora.evals.explanations.mutations.emphasis import emphasised, exchanged
from aurora.evals.explanations.mutations.plan_claims import false_plan_claims, false_run_claims
from aurora.evals.explanations.sampling import SampledPlan, SampledRun
from aurora.evals.explanations.suites.suite import Measured, Suite
from aurora.evals.explanations.wording import Ground, ground_of
from aurora.sim.explain.claims import Claim, check
from aurora.sim.explain.decision import Decision

KINDS: Mapping[str, tuple[str, ...]] = {
    "wrong number": ("wrong digit", "rounded too far", "number of another claim"),
    "wrong unit": ("unit",),
    "wrong node": ("invented name", "subjects swapped"),
    "wrong comparator": ("opposite", "superlative turned", "counterfactual turned", "negation"),
    "cause of another decision": ("another decision's cause",),
    "true but irrelevant cause": (),
    "right number, wrong subject": (),
    "misleading emphasis": (),
    "unsupported advice": ("advice or command", "judgement"),
}
"""Kind -> mutators of sentences that make it; others are made here, or from claims."""
EDITS: Mapping[str, Callable[[Said, np.random.Generator], Iterator[str]]] = {
    "right number, wrong subject": exchanged,
    "misleading emphasis": emphasised,
}
MAX_TRUE = 4
"""Most true sentences of a decision or run that must be kept."""
MAX_FALSE = 2
"""Most false sentences of a mutator for a decision or run."""

Caught = dict[str, tuple[float, int]]


def _count(caught: Caught, kind: str, hits: Sequence[bool]) -> None:
    true, of = caught.get(kind, (0.0, 0))
    caught[kind] = true + sum(hits), of + len(hits)


def _is_struck(text: str, cited: Sequence[int], known: KnownFacts) -> bool:
    return not hold([(text, tuple(cited))], known).kept


def _sentences(ground: Ground, caught: Caught, rng: np.random.Generator) -> None:
    """Hold true sentences, and those that mutators make of them."""
    order = [ground.sentences[k] for k in rng.permutation(len(ground.sentences))]
    _count(
        caught,
        "true sentences kept",
        [not _is_struck(s.text, (s.cited,), ground.known) for s in order[:MAX_TRUE]],
    )
    for kind, mutators in KINDS.items():
        for mutator in mutators:
            made = _first((f.text, f.cited) for s in order for f in mutants(mutator, s, rng))
            _count(caught, kind, [_is_struck(text, (cited,), ground.known) for text, cited in made])
        if kind in EDITS:
            made = _first((text, s.cited) for s in order for text in EDITS[kind](s, rng))
            _count(caught, kind, [_is_struck(text, (cited,), ground.known) for text, cited in made])


def _first(made: Iterator[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the first false sentences; each comes from a true one at random."""
    return [sentence for sentence, _ in zip(made, range(MAX_FALSE), strict=False)]


def _of_decision(run: SampledRun, number: int, rng: np.random.Generator) -> Measured:
    case = run.case(number)
    decision = case.decision
    assert decision is not None  # decisions are sampled
    claims = claims_of(decision)
    known = known_of_decision(claims, decision, case.scenario)
    caught: Caught = {}
    _count(caught, "true claims kept", [c.holds for c in check(claims, case)])
    ground = ground_of(known, rng)
    _sentences(ground, caught, rng)
    true_texts = {s.text for s in ground.sentences}
    others = [d for d in run.decisions if d.number != decision.number]
    others = [others[k] for k in rng.permutation(len(others))[:20]]
    for kind, false in false_claims(claims, decision, others, rng).items():
        _count(caught, kind, [not c.holds for c in check(false, case)])
        worded = [_worded(c, claims, known, decision, run) for c in false]
        # a limit that had passed is worded alike whether it is claimed to be met or missed
        _count(caught, kind, [_is_struck(text, (cited,), known) for text, cited in worded if text not in true_texts])
    for kind, true in (("true but irrelevant cause", irrelevant(decision)), ("misleading emphasis", weak(decision))):
        _count(caught, kind, [_is_struck_as_reason(c, claims, decision, run) for c in true[:MAX_FALSE]])
    return Measured(caught)


def _worded(
    false: Claim, claims: Sequence[Claim], known: KnownFacts, decision: Decision, run: SampledRun
) -> tuple[str, int]:
    """Return a false claim in words, and the number of the true claim of its type that it cites."""
    cited = next((n for n, c in enumerate(claims, 1) if type(c) is type(false)), 1)
    fact = known_of_decision([false], decision, run.history.scenario).facts[0]
    return f"{phrased(fact.readings[0], 0, known.names, 'operator')}.", cited


def _is_struck_as_reason(claim: Claim, claims: Sequence[Claim], decision: Decision, run: SampledRun) -> bool:
    """Return whether a true claim without weight is struck where it is given as the reason."""
    known = known_of_decision([*claims, claim], decision, run.history.scenario)
    place, fact = (phrased(f.readings[0], 0, known.names, "operator") for f in (known.background[0], known.facts[-1]))
    return _is_struck(f"{place[0].upper()}{place[1:]} because {fact}.", (len(claims) + 1,), known)


def _of_run(run: SampledRun, rng: np.random.Generator) -> Measured:
    history = run.history
    explanation = explain_plan(history.scenario, history.policy)
    caught: Caught = {}
    _sentences(ground_of(known_of(explanation, history.scenario, "operator"), rng), caught, rng)
    true = [c.claim for c in explanation.plan]
    _count(caught, "true claims kept", [c.holds for c in explanation.plan])
    for kind, false in false_run_claims(true, rng).items():
        _count(caught, kind, [not c.holds for c in check_run_plan(false, history, run.decisions)])
    return Measured(caught)


def _of_plan(plan: SampledPlan, rng: np.random.Generator) -> Measured:
    true = gather(plan.case)
    caught: Caught = defaultdict(lambda: (0.0, 0))
    _count(caught, "true claims kept", [c.holds for c in check_plan(true, plan.case)])
    for kind, false in false_plan_claims(true, plan.case, rng).items():
        _count(caught, kind, [not c.holds for c in check_plan(false, plan.case)])
    return Measured(caught)


SUITE = Suite("mutations", "share of false sentences and claims that are caught", _of_decision, _of_run, _of_plan)
