"""One decision of a run, taken apart: who was considered, what each score consists of, what would have flipped it.

A decision is the value of an expression over the features of its candidates, so nothing here is estimated:
a candidate with other features is scored anew, by the language's reference interpreter.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import PolicyError, ScenarioError
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.kernel.lanes import LOWEST
from aurora.sim.outcome import Outcome, Trace
from aurora.sim.policies.compiler import Sections, parse_sections
from aurora.sim.policies.expression import Apply, Expr, Ref, evaluate, to_text, walk
from aurora.sim.policies.features import FEATURES, GENERAL_FEATURES
from aurora.sim.policies.inputs import parse_input
from aurora.sim.policies.network import gradients_of, inputs_from, scores_of
from aurora.sim.policies.policy import Network, Policy
from aurora.sim.policies.program import Op, Program
from aurora.sim.scenarios.scenario import Scenario, path_name

MOST_IN_A_CAUSE = 3
"""Features that a cause may name; a reason with more is none that a person could use."""
TRACE_NUMBERS = 20_000_000
"""Largest number of values of general features that a trace for explanations may hold."""
FEWEST_TRACED = 5
"""Candidates of each decision that are traced at least."""
STEPS = 64
"""Points between two options at which a network's gradient is taken."""
SHOWN_INPUTS = 8
"""Inputs of a network that get a term of their own, and features that may be a cause."""


class Option(NamedTuple):
    """A candidate of a decision.

    Attributes:
        name: The node's id; for a path without a node, the sites along it.
        number: In the task's list of candidates; ties go to the lowest.
        path: Ids of its links.
        score: As the kernel computed it.
        features: Every feature of the table.
    """

    name: str
    number: int
    path: tuple[str, ...]
    score: float
    features: Mapping[str, float]


class Decision(NamedTuple):
    """A placement, with the best of the candidates that could have had the task.

    Attributes:
        number: In the order of time, from 0.
        time: Seconds.
        task_id: Who was placed.
        rule: The rule that scored.
        feasible: How many candidates had room.
        options: The best of those that were admitted, best first; the first one was chosen.
        score: The expression that scored, or the network.
        admit: The expression that admits.
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
        """The winner."""
        return self.options[0]

    @property
    def runner_up(self) -> Option | None:
        """The second best; None if nobody else was admitted."""
        return self.options[1] if len(self.options) > 1 else None

    @property
    def is_complete(self) -> bool:
        """Whether every candidate that had room is among the options."""
        return len(self.options) == self.feasible


class Term(NamedTuple):
    """A summand of a score.

    Attributes:
        text: Its expression, sign included; of a network an input.
        chosen, other: Its value for the winner and for another option. Of a network the input's share of the
            winner's lead, and 0.
    """

    text: str
    chosen: float
    other: float


def traced(encoded: EncodedScenario, program: Program, policy_id: str) -> Outcome:
    """A run with its decisions, each with all candidates where memory allows, else with the five best."""
    tasks = len(encoded.scenario.tasks)
    candidates = max(1, len(encoded.scenario.nodes), len(encoded.paths))
    room = TRACE_NUMBERS // (tasks * len(GENERAL_FEATURES))
    return run(encoded, program, trace_top=max(FEWEST_TRACED, min(candidates, room)), policy_id=policy_id)


def decisions(scenario: Scenario, policy: Policy, outcome: Outcome) -> Iterator[Decision]:
    """The decisions of a traced outcome, in the order of time.

    Raises:
        PolicyError: The policy is an explicit plan, which decides nothing.
        ScenarioError: The outcome has no trace.
    """
    trace = _trace_of(policy, outcome)
    sections = parse_sections(policy)
    for k in range(len(trace.time)):
        yield _decision(scenario, policy, outcome, k, sections)


def last_decision(scenario: Scenario, policy: Policy, outcome: Outcome, task_id: str) -> Decision | None:
    """The decision that placed a task; the last one, if it was started again. None: it was never placed.

    Raises:
        PolicyError: The policy is an explicit plan, which decides nothing.
        ScenarioError: The outcome has no trace.
    """
    trace = _trace_of(policy, outcome)
    number = next((k for k, t in enumerate(scenario.tasks) if t.task_id == task_id), -1)
    found = np.flatnonzero(trace.task == number)
    return _decision(scenario, policy, outcome, int(found[-1]), parse_sections(policy)) if len(found) else None


def decision_on(scenario: Scenario, policy: Policy, outcome: Outcome, task_id: str) -> Decision:
    """The decision that placed a task; the last one, if it was started again after a failure.

    Raises:
        ScenarioError: The scenario has no such task, or it was never placed.
    """
    found = last_decision(scenario, policy, outcome, task_id)
    if found is None:
        known = any(t.task_id == task_id for t in scenario.tasks)
        why = "was never placed" if known else "is not in the scenario"
        raise ScenarioError(f"task {task_id!r} {why} ({outcome.policy_id} on {scenario.scenario_id})")
    return found


def _trace_of(policy: Policy, outcome: Outcome) -> Trace:
    if policy.allocation_plan is not None:
        raise PolicyError(f"policy {policy.policy_id} is an explicit plan; it has no decisions to explain")
    if outcome.trace is None:
        raise ScenarioError("the outcome has no trace; simulate with trace=True")
    return outcome.trace


def _decision(scenario: Scenario, policy: Policy, outcome: Outcome, k: int, sections: Sections) -> Decision:
    trace, network = outcome.trace, policy.allocation_strategy.network
    assert trace is not None  # asked for before
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
    assert trace is not None  # asked for before
    node, path = int(trace.nodes[k, place]), int(trace.paths[k, place])
    links = () if path < 0 else tuple(scenario.links[l].link_id for l in outcome.paths[path])
    return Option(
        scenario.nodes[node].node_id if node >= 0 else path_name(scenario, () if path < 0 else outcome.paths[path]),
        int(trace.candidates[k, place]),
        links,
        float(trace.scores[k, place]),
        {f.name: float(v) for f, v in zip(FEATURES, trace.features[k, place], strict=True)},
    )


def rank(decision: Decision, features: Mapping[str, float]) -> float:
    """Score of a candidate with these features; what is not finite ranks lowest, as in the kernel."""
    if isinstance(decision.score, Network):
        value = float(scores_of(decision.score, _inputs(decision.score, features)))
    else:
        value = evaluate(decision.score, features)
    return value if math.isfinite(value) else LOWEST


def _inputs(network: Network, features: Mapping[str, float]) -> NDArray[np.float64]:
    return inputs_from(network, np.array([features[f.name] for f in FEATURES]))


def would_win(decision: Decision, option: Option, features: Mapping[str, float]) -> bool:
    """Whether an option would have been chosen over the winner, had it had these features."""
    if evaluate(decision.admit, features) == 0:
        return False
    own, best = rank(decision, features), rank(decision, decision.chosen.features)
    return own > best or (own == best and option.number < decision.chosen.number)


def is_level(decision: Decision, features: Mapping[str, float]) -> bool:
    """Whether an option with these features would at least have drawn with the winner."""
    return rank(decision, features) >= rank(decision, decision.chosen.features)


def features_read(decision: Decision) -> tuple[str, ...]:
    """Features of candidates that the score reads, in the order of the text."""
    if isinstance(decision.score, Network):
        names = [FEATURES[parse_input(text).feature].name for text in decision.score.inputs]
    else:
        names = [e.name for e in walk(decision.score) if isinstance(e, Ref)]
    return tuple(dict.fromkeys(n for n in names if n.split(".")[0] in ("node", "fit", "path")))


def terms(decision: Decision, other: Option) -> tuple[Term, ...]:
    """The summands of the score for the winner and for another option, as they stand in the expression.

    A network has none; there each input gets its share of the winner's lead by integrated gradients from the other
    option to the winner (Sundararajan, Taly & Yan, ICML 2017), the largest on their own and the rest in one.
    """
    chosen = decision.chosen.features
    if isinstance(decision.score, Network):
        return _attributed(decision.score, chosen, other.features)
    return tuple(
        Term(
            ("-" if sign < 0 else "") + to_text(expr),
            sign * evaluate(expr, chosen),
            sign * evaluate(expr, other.features),
        )
        for sign, expr in _summands(decision.score, 1.0, chosen, other.features)
    )


def _attributed(network: Network, one: Mapping[str, float], two: Mapping[str, float]) -> tuple[Term, ...]:
    """Shares of the difference of two scores; they add up to it."""
    start, end = _inputs(network, two), _inputs(network, one)
    places = (np.arange(STEPS) + 0.5) / STEPS
    gradients = gradients_of(network, start + places[:, None] * (end - start))
    shares = gradients.mean(axis=0) * (end - start)
    largest = np.argsort(-np.abs(shares), kind="stable")[:SHOWN_INPUTS]
    told = [Term(network.inputs[k], float(shares[k]), 0.0) for k in largest if shares[k] != 0]
    rest = float(scores_of(network, end) - scores_of(network, start)) - sum(t.chosen for t in told)
    return (*told, Term("the other inputs", rest, 0.0))


def _summands(expr: Expr, sign: float, one: Mapping[str, float], two: Mapping[str, float]) -> list[tuple[float, Expr]]:
    if isinstance(expr, Apply):
        match expr.op:
            case Op.ADD:
                return _summands(expr.args[0], sign, one, two) + _summands(expr.args[1], sign, one, two)
            case Op.SUB:
                return _summands(expr.args[0], sign, one, two) + _summands(expr.args[1], -sign, one, two)
            case Op.NEG:
                return _summands(expr.args[0], -sign, one, two)
            case Op.SELECT:
                # Where both take the same branch, that branch is the expression.
                truths = {evaluate(expr.args[0], features) != 0 for features in (one, two)}
                if len(truths) == 1:
                    return _summands(expr.args[1] if truths.pop() else expr.args[2], sign, one, two)
    return [(sign, expr)]


def given(option: Option, source: Option, names: tuple[str, ...]) -> dict[str, float]:
    """Features of an option with some of them taken from another."""
    return {**option.features, **{n: source.features[n] for n in names}}


def advantages(decision: Decision, other: Option) -> dict[str, float]:
    """By how much the winner's lead would shrink if the other had its value of a feature, for each that is read."""
    lead = rank(decision, decision.chosen.features) - rank(decision, other.features)
    return {
        name: lead - (rank(decision, decision.chosen.features) - rank(decision, given(other, decision.chosen, (name,))))
        for name in features_read(decision)
        if other.features[name] != decision.chosen.features[name]
    }


def is_cause(decision: Decision, other: Option, names: tuple[str, ...]) -> bool:
    """Whether the winner won over another option because of these features.

    It did if, had the other had the winner's values of them, it would at least have drawn (they are needed);
    no part of them is enough for that (all of them are needed); and, had it had the winner's values of
    everything else, it would still have lost (they suffice, and the rest is no cause).
    """
    if not names or len(set(names)) != len(names):
        return False
    rest = tuple(n for n in features_read(decision) if n not in names)
    if not is_level(decision, given(other, decision.chosen, names)):
        return False
    if is_level(decision, given(other, decision.chosen, rest)):
        return False
    parts = itertools.combinations(names, len(names) - 1)
    return not any(is_level(decision, given(other, decision.chosen, part)) for part in parts)


def cause(decision: Decision, other: Option) -> tuple[str, ...]:
    """The smallest set of features because of which the winner won over another option.

    Of several, the one with the greatest advantages; empty if they drew, so that the lower number decided, or
    if it takes more than three. Of a network only the eight features with the greatest advantages are looked at.
    """
    if is_level(decision, other.features):
        return ()
    known = advantages(decision, other)
    names = sorted((n for n in known), key=lambda n: -known[n])
    if isinstance(decision.score, Network):
        names = names[:SHOWN_INPUTS]  # of all that a network reads there would be thousands of sets
    for size in range(1, MOST_IN_A_CAUSE + 1):
        for names_ in itertools.combinations(names, size):
            if is_cause(decision, other, names_):
                return names_
    return ()
