"""The decisions of a run: their candidates, the terms of the scores, and the features that caused the choice.

A decision is the value of an expression over the features of its candidates, so nothing here is estimated:
a candidate with other features is scored anew, by the language's reference interpreter.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import PolicyError, ScenarioError
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.kernel.lanes import LOWEST
from aurora.sim.outcome import Outcome, Trace
from aurora.sim.policies.compiler import Sections, parse_sections
from aurora.sim.policies.expression import Apply, Expr, Ref, evaluate, to_text, walk
from aurora.sim.policies.features import FEATURES, NETWORK_FEATURES
from aurora.sim.policies.inputs import parse_input
from aurora.sim.policies.network import gradients_of, inputs_from, scores_of
from aurora.sim.policies.policy import Network, Policy
from aurora.sim.policies.program import Op, Program
from aurora.sim.scenarios.scenario import Scenario, path_name

MS_PER_SECOND = 1000.0
MAX_CAUSE_FEATURES = 3
"""Most features of a cause; a reason with more helps nobody."""
MIN_LEAD_SHARE = 0.1
"""Least share of the winner's lead that a feature makes up which is called a reason without being a cause."""
TRACE_NUMBERS = 20_000_000
"""Largest number of values of `NETWORK_FEATURES` that a trace for explanations may hold."""
MIN_CANDIDATES_TRACED = 5
"""Least number of candidates traced for each decision."""
GRADIENT_POINTS = 64
"""Points between two options at which a network's gradient is taken."""
MAX_INPUTS_NAMED = 8
"""Most inputs of a network that get a term of their own, and most features that may be a cause."""
OTHER_INPUTS = "the other inputs"
"""Term of the inputs of a network that get none of their own."""


class Option(NamedTuple):
    """A candidate of a decision.

    Attributes:
        name: The node's id; for a path without a node, the sites along it.
        number: Position in the task's list of candidates; ties go to the lowest.
        path: Ids of the links of its path.
        score: Score that the kernel computed.
        features: Value of every feature by name.
        delays: Seconds that a signal takes over each link of its path, without congestion.
    """

    name: str
    number: int
    path: tuple[str, ...]
    score: float
    features: Mapping[str, float]
    delays: tuple[float, ...] = ()


class Decision(NamedTuple):
    """A placement of a task with its best candidates.

    Attributes:
        number: Number of the decision in the order of time, from 0.
        time: Time of the decision, seconds.
        task_id: Id of the task that was placed.
        rule: Index of the rule that scored.
        feasible: Number of candidates with room.
        options: The best of the candidates that the policy admits, best first; the first was chosen.
        score: Expression that scored, or network.
        admit: Expression that admits candidates.
    """

    number: int
    time: float
    task_id: str
    rule: int
    feasible: int
    options: tuple[Option, ...]
    score: Expr | Network
    admit: Expr

    @property
    def chosen(self) -> Option:
        """Candidate that was chosen."""
        return self.options[0]

    @property
    def runner_up(self) -> Option | None:
        """Second best candidate; None if no other was admitted."""
        return self.options[1] if len(self.options) > 1 else None

    @property
    def is_complete(self) -> bool:
        """True if every candidate with room is among the options."""
        return len(self.options) == self.feasible


class Term(NamedTuple):
    """A summand of a score.

    Attributes:
        text: Expression of the summand with its sign; for a network, the name of an input.
        chosen, other: Value for the winner and for another option. For a network, the input's share of the winner's
            lead, and 0.
    """

    text: str
    chosen: float
    other: float


class ScoreSplit(NamedTuple):
    """The scores of several options, each split into the same summands.

    Attributes:
        terms: Expression of each summand with its sign; for a network, the names of inputs, and of the rest.
        values: For each option, the value of each summand.
        is_relative: False: the values of an option add up to its score; True: to its distance from the winner's score,
            as for a network.
    """

    terms: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    is_relative: bool


def traced(encoded: EncodedScenario, program: Program, policy_id: str) -> Outcome:
    """Run a program and trace its decisions, with all candidates where memory allows, else with the five best."""
    tasks = len(encoded.scenario.tasks)
    candidates = max(1, len(encoded.scenario.nodes), len(encoded.paths))
    room = TRACE_NUMBERS // (tasks * len(NETWORK_FEATURES))
    top = max(MIN_CANDIDATES_TRACED, min(candidates, room))
    return _compact(run(encoded, program, trace_top=top, policy_id=policy_id))


def _compact(outcome: Outcome) -> Outcome:
    """Return an outcome whose trace takes no more memory than its decisions need.

    The kernel's arrays have room for every attempt that tasks may make, several times what most runs use.
    """
    trace = outcome.trace
    if trace is None:
        return outcome
    return replace(outcome, trace=Trace(**{f.name: np.array(getattr(trace, f.name)) for f in fields(trace)}))


def decisions(scenario: Scenario, policy: Policy, outcome: Outcome) -> Iterator[Decision]:
    """Yield the decisions of a traced outcome in the order of time.

    Raises:
        PolicyError: The policy is an explicit plan, which decides nothing.
        ScenarioError: The outcome has no trace.
    """
    trace = _trace_of(policy, outcome)
    sections = parse_sections(policy)
    for k in range(len(trace.time)):
        yield _decision(scenario, policy, outcome, k, sections)


def last_decision(scenario: Scenario, policy: Policy, outcome: Outcome, task_id: str) -> Decision | None:
    """Return the last decision that placed a task; None if it was never placed.

    Raises:
        PolicyError: The policy is an explicit plan, which decides nothing.
        ScenarioError: The outcome has no trace.
    """
    trace = _trace_of(policy, outcome)
    number = next((k for k, t in enumerate(scenario.tasks) if t.task_id == task_id), -1)
    placements = np.flatnonzero(trace.task == number)
    return (
        _decision(scenario, policy, outcome, int(placements[-1]), parse_sections(policy)) if len(placements) else None
    )


def decision_on(scenario: Scenario, policy: Policy, outcome: Outcome, task_id: str) -> Decision:
    """Return the last decision that placed a task.

    Raises:
        ScenarioError: The scenario has no such task, or it was never placed.
    """
    decision = last_decision(scenario, policy, outcome, task_id)
    if decision is None:
        known = any(t.task_id == task_id for t in scenario.tasks)
        reason = "was never placed" if known else "is not in the scenario"
        raise ScenarioError(f"task {task_id!r} {reason} ({outcome.policy_id} on {scenario.scenario_id})")
    return decision


def _trace_of(policy: Policy, outcome: Outcome) -> Trace:
    if policy.allocation_plan is not None:
        raise PolicyError(f"policy {policy.policy_id} is an explicit plan; it has no decisions to explain")
    if outcome.trace is None:
        raise ScenarioError("the outcome has no trace; simulate with trace=True")
    return outcome.trace


def _decision(scenario: Scenario, policy: Policy, outcome: Outcome, k: int, sections: Sections) -> Decision:
    trace, network = outcome.trace, policy.allocation_strategy.network
    assert trace is not None  # checked by `_trace_of`
    options = tuple(
        _option(scenario, outcome, k, place)
        for place in range(trace.candidates.shape[1])
        if trace.candidates[k, place] >= 0
    )
    return Decision(
        k,
        float(trace.time[k]),
        scenario.tasks[trace.task[k]].task_id,
        int(trace.rule[k]),
        int(trace.feasible[k]),
        options,
        sections.rules[trace.rule[k]][1] if network is None else network,
        sections.admit,
    )


def _option(scenario: Scenario, outcome: Outcome, k: int, place: int) -> Option:
    trace = outcome.trace
    assert trace is not None  # checked by `_trace_of`
    node, path = int(trace.nodes[k, place]), int(trace.paths[k, place])
    links = () if path < 0 else tuple(scenario.links[l] for l in outcome.paths[path])
    return Option(
        scenario.nodes[node].node_id if node >= 0 else path_name(scenario, () if path < 0 else outcome.paths[path]),
        int(trace.candidates[k, place]),
        tuple(l.link_id for l in links),
        float(trace.scores[k, place]),
        {f.name: float(v) for f, v in zip(FEATURES, trace.features[k, place], strict=True)},
        tuple(l.latency_ms / MS_PER_SECOND for l in links),
    )


def rank(decision: Decision, features: Mapping[str, float]) -> float:
    """Return the score of a candidate with these features; scores that are not finite rank lowest, as in the kernel."""
    if isinstance(decision.score, Network):
        value = float(scores_of(decision.score, _inputs(decision.score, features)))
    else:
        value = evaluate(decision.score, features)
    return value if math.isfinite(value) else LOWEST


def _inputs(network: Network, features: Mapping[str, float]) -> NDArray[np.float64]:
    return inputs_from(network, np.array([features[f.name] for f in FEATURES]))


def would_win(decision: Decision, option: Option, features: Mapping[str, float]) -> bool:
    """Test whether an option would have beaten the winner with these features."""
    if evaluate(decision.admit, features) == 0:
        return False
    own, best = rank(decision, features), rank(decision, decision.chosen.features)
    return own > best or (own == best and option.number < decision.chosen.number)


def is_level(decision: Decision, features: Mapping[str, float]) -> bool:
    """Test whether an option would have beaten the winner, or drawn with it, with these features."""
    return rank(decision, features) >= rank(decision, decision.chosen.features)


def names_read(decision: Decision) -> frozenset[str]:
    """Return every feature that the decision reads, of candidates, task and cluster, to admit and to score."""
    exprs = [decision.admit] if isinstance(decision.score, Network) else [decision.admit, decision.score]
    names = {e.name for expr in exprs for e in walk(expr) if isinstance(e, Ref)}
    if isinstance(decision.score, Network):
        names |= {FEATURES[parse_input(text).feature].name for text in decision.score.inputs}
    return frozenset(names)


def features_read(decision: Decision) -> tuple[str, ...]:
    """Return the features of candidates that the score reads, in the order of its text."""
    if isinstance(decision.score, Network):
        names = [FEATURES[parse_input(text).feature].name for text in decision.score.inputs]
    else:
        names = [e.name for e in walk(decision.score) if isinstance(e, Ref)]
    return tuple(dict.fromkeys(n for n in names if n.split(".")[0] in ("node", "fit", "path")))


def terms(decision: Decision, other: Option) -> tuple[Term, ...]:
    """Return the summands of the score for the winner and for another option, in the order of the expression.

    A network has none; there each input gets its share of the winner's lead by integrated gradients from the other
    option to the winner (Sundararajan, Taly & Yan, ICML 2017), the largest on their own and the rest in one.
    """
    chosen = decision.chosen.features
    if isinstance(decision.score, Network):
        return _attributed(decision.score, chosen, other.features)
    return tuple(
        Term(
            _signed(sign, expr),
            sign * evaluate(expr, chosen),
            sign * evaluate(expr, other.features),
        )
        for sign, expr in _summands(decision.score, 1.0, (chosen, other.features))
    )


def split_scores(decision: Decision, options: Sequence[Option]) -> ScoreSplit:
    """Return the scores of options split into the summands of the policy's expression.

    A network has no summands; see `terms` for what its inputs get instead.

    Args:
        decision: The decision.
        options: Some of its options, at least one.
    """
    chosen, features = decision.chosen.features, [o.features for o in options]
    if isinstance(decision.score, Network):
        network = decision.score
        shares = np.array([-_shares(network, chosen, f) for f in features])
        gaps = [float(rank(decision, f) - rank(decision, chosen)) for f in features]
        largest = np.argsort(-np.abs(shares).max(axis=0), kind="stable")[:MAX_INPUTS_NAMED]
        rows = tuple(
            (*(float(v) for v in row[largest]), gap - float(row[largest].sum()))
            for row, gap in zip(shares, gaps, strict=True)
        )
        return ScoreSplit((*(network.inputs[k] for k in largest), OTHER_INPUTS), rows, is_relative=True)
    summands = _summands(decision.score, 1.0, features)
    return ScoreSplit(
        tuple(_signed(sign, expr) for sign, expr in summands),
        tuple(tuple(sign * evaluate(expr, f) for sign, expr in summands) for f in features),
        is_relative=False,
    )


def _signed(sign: float, expr: Expr) -> str:
    return ("-" if sign < 0 else "") + to_text(expr)


def _shares(network: Network, chosen: Mapping[str, float], other: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the share of each input in the lead of one score over another, by integrated gradients."""
    start, end = _inputs(network, other), _inputs(network, chosen)
    places = (np.arange(GRADIENT_POINTS) + 0.5) / GRADIENT_POINTS
    gradients = gradients_of(network, start + places[:, None] * (end - start))
    return np.asarray(gradients.mean(axis=0) * (end - start), np.float64)


def _attributed(network: Network, chosen: Mapping[str, float], other: Mapping[str, float]) -> tuple[Term, ...]:
    """Return the share of each input in the difference of two scores; the shares add up to it."""
    start, end = _inputs(network, other), _inputs(network, chosen)
    shares = _shares(network, chosen, other)
    largest = np.argsort(-np.abs(shares), kind="stable")[:MAX_INPUTS_NAMED]
    named = [Term(network.inputs[k], float(shares[k]), 0.0) for k in largest if shares[k] != 0]
    rest = float(scores_of(network, end) - scores_of(network, start)) - sum(t.chosen for t in named)
    return (*named, Term(OTHER_INPUTS, rest, 0.0))


def _summands(expr: Expr, sign: float, of: Sequence[Mapping[str, float]]) -> list[tuple[float, Expr]]:
    """Return the summands of an expression with their signs, for candidates with these features."""
    if isinstance(expr, Apply):
        match expr.op:
            case Op.ADD:
                return _summands(expr.args[0], sign, of) + _summands(expr.args[1], sign, of)
            case Op.SUB:
                return _summands(expr.args[0], sign, of) + _summands(expr.args[1], -sign, of)
            case Op.NEG:
                return _summands(expr.args[0], -sign, of)
            case Op.SELECT:
                # Where all take the same branch, that branch is the expression.
                truths = {evaluate(expr.args[0], features) != 0 for features in of}
                if len(truths) == 1:
                    return _summands(expr.args[1] if truths.pop() else expr.args[2], sign, of)
    return [(sign, expr)]


def with_values_of(option: Option, source: Option, names: tuple[str, ...]) -> dict[str, float]:
    """Return the features of an option, with the named ones taken from another option."""
    return {**option.features, **{n: source.features[n] for n in names}}


def advantages(decision: Decision, other: Option) -> dict[str, float]:
    """Return by how much the winner's lead shrinks if the other option takes its value, for each feature read."""
    lead = rank(decision, decision.chosen.features) - rank(decision, other.features)
    return {
        name: lead
        - (rank(decision, decision.chosen.features) - rank(decision, with_values_of(other, decision.chosen, (name,))))
        for name in features_read(decision)
        if other.features[name] != decision.chosen.features[name]
    }


def is_cause(decision: Decision, other: Option, names: tuple[str, ...]) -> bool:
    """Test whether the winner beat another option because of these features.

    Three conditions must hold. With the winner's values of these features, the other option would at least have
    drawn; with those of a proper subset, it would not have; with those of all other features, it would have lost.
    """
    if not names or len(set(names)) != len(names):
        return False
    rest = tuple(n for n in features_read(decision) if n not in names)
    if not is_level(decision, with_values_of(other, decision.chosen, names)):
        return False
    if is_level(decision, with_values_of(other, decision.chosen, rest)):
        return False
    parts = itertools.combinations(names, len(names) - 1)
    return not any(is_level(decision, with_values_of(other, decision.chosen, part)) for part in parts)


def cause(decision: Decision, other: Option) -> tuple[str, ...]:
    """Return the smallest set of features because of which the winner beat another option.

    Among several sets of that size, the one with the greatest advantages is returned. The result is empty if the
    options drew, so that the lower number decided, or if more than `MAX_CAUSE_FEATURES` are needed. For a network,
    only the `MAX_INPUTS_NAMED` features with the greatest advantages are tried.
    """
    if is_level(decision, other.features):
        return ()
    lead_lost = advantages(decision, other)
    names = sorted((n for n in lead_lost), key=lambda n: -lead_lost[n])
    if isinstance(decision.score, Network):
        names = names[:MAX_INPUTS_NAMED]  # the inputs of a network have thousands of subsets
    for size in range(1, MAX_CAUSE_FEATURES + 1):
        for subset in itertools.combinations(names, size):
            if is_cause(decision, other, subset):
                return subset
    return ()
