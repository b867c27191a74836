"""Why a task went where it went: claims, each checked before it is said, and their words.

Without a model the words come from templates. With one, the model words the checked claims, and its
sentences are held against them (`aurora.agents.rewording`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from aurora.agents.wording import Audience, called, sentence, written
from aurora.errors import ScenarioError
from aurora.sim.claims import (
    FEASIBLE,
    SCORE,
    Case,
    CauseClaim,
    Checked,
    Claim,
    ComparisonClaim,
    FlipClaim,
    OutcomeClaim,
    ValueClaim,
    check,
    look_up,
)
from aurora.sim.compiler import compile_policy
from aurora.sim.decision import (
    Decision,
    Option,
    advantages,
    cause,
    decision_on,
    decisions,
    features_read,
    is_level,
    terms,
    traced,
)
from aurora.sim.flip import flips
from aurora.sim.kernel import encode, evaluate
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policy import Policy
from aurora.sim.scenario import Scenario
from aurora.sim.whatif import NodeRemoved, changed

Level = Literal["line", "short", "full"]

REASONS = 3
"""Advantages of the winner that are told."""
MEASURES = ("completed", "sla_violations", "latency_mean", "cost", "energy")
"""Fields of `Summary` that a run is told by."""
FEWEST_FOR_EXTREME = 3
"""Candidates from which on one is the lowest or highest of them; of two, the comparison says it."""
LIMITS = {"within": "meets its limit", "beyond": "misses its limit"}
"""Relations to a limit, in words."""
NO_SLA = 1e9
"""`task.sla_latency` of a task without one."""


class Explanation(NamedTuple):
    """A decision explained.

    Attributes:
        scenario_id, policy_id: Of what.
        decision: The decision.
        checked: Every claim that was made, with what became of it.
        text: Of those that hold.
    """

    scenario_id: str
    policy_id: str
    decision: Decision
    checked: tuple[Checked, ...]
    text: str


class PlanExplanation(NamedTuple):
    """A whole run explained.

    Attributes:
        scenario_id, policy_id: Of what.
        checked: Every claim about the outcome, with what became of it.
        reasons: By how many decisions each set of features decided; "draw" and "no alternative" beside them.
        text: In words.
    """

    scenario_id: str
    policy_id: str
    checked: tuple[Checked, ...]
    reasons: Counter[str]
    text: str


def explain(
    scenario: Scenario,
    policy: Policy,
    task_id: str,
    *,
    level: Level = "short",
    audience: Audience = "operator",
) -> Explanation:
    """Explain where a task was placed.

    Raises:
        ScenarioError: There is no such task, or it was never placed.
        PolicyError: The policy is not valid, or an explicit plan.
    """
    outcome = traced(encode(scenario), compile_policy(policy), policy.policy_id)
    decision = decision_on(scenario, policy, outcome, task_id)
    return explained(Case(scenario, policy, decision), level=level, audience=audience)


def explained(case: Case, *, level: Level = "short", audience: Audience = "operator") -> Explanation:
    """Explain a decision that was read already."""
    checked = check(claims_of(case.decision), case)
    held = [c.claim for c in checked if c.holds]
    return Explanation(
        case.scenario.scenario_id,
        case.policy.policy_id,
        case.decision,
        tuple(checked),
        worded(case.decision, held, level, audience),
    )


def claims_of(decision: Decision) -> list[Claim]:
    """What there is to say about a decision, the weightiest first."""
    chosen, other = decision.chosen, decision.runner_up
    claims: list[Claim] = [ValueClaim(chosen.name, FEASIBLE, float(decision.feasible))]
    if other is not None:
        if is_level(decision, other.features):
            claims.append(ComparisonClaim(chosen.name, SCORE, "equal", other.name))
        else:
            claims += _reasons(decision, other)
            found = cause(decision, other)
            if found:
                claims.append(CauseClaim(other.name, found))
            nearest = flips(decision, other)
            if nearest:
                claims.append(FlipClaim(other.name, nearest[0].feature, nearest[0].threshold, nearest[0].is_below))
    if 0 < chosen.features["task.sla_latency"] < NO_SLA:
        met = chosen.features["fit.latency"] <= chosen.features["task.slack"]
        claims.append(ComparisonClaim(chosen.name, "fit.latency", "within" if met else "beyond", "task.slack"))
    return claims


def _reasons(decision: Decision, other: Option) -> list[Claim]:
    """The winner's greatest advantages over another option: compared with it, or with all."""
    known = advantages(decision, other)
    chosen, claims = decision.chosen, list[Claim]()
    for name in sorted((n for n in known if known[n] > 0), key=lambda n: -known[n])[:REASONS]:
        lower = chosen.features[name] < other.features[name]
        if _stands_out(decision, name, min if lower else max):
            claims.append(ComparisonClaim(chosen.name, name, "lowest" if lower else "highest", ""))
        claims.append(ComparisonClaim(chosen.name, name, "lower" if lower else "higher", other.name))
    return claims


def _stands_out(decision: Decision, name: str, extreme: Callable[[Sequence[float]], float]) -> bool:
    """Whether the winner alone has the extreme value of a feature, of more candidates than a comparison would name."""
    values = [o.features[name] for o in decision.options]
    alone = values[0] == extreme(values) and values.count(values[0]) == 1
    return alone and decision.is_complete and len(values) >= FEWEST_FOR_EXTREME


def worded(decision: Decision, claims: Sequence[Claim], level: Level, audience: Audience) -> str:
    """Checked claims in words.

    Args:
        decision: What they are about.
        claims: Those that hold.
        level: `line` names the first reason; `short` is a sentence; `full` adds every number.
        audience: Operators get words, engineers the names of the language and the terms of the score.
    """
    opening = f"Task {decision.task_id} on {decision.chosen.name}"
    values = shown_values(decision)
    reasons = _told_once([c for c in claims if isinstance(c, ComparisonClaim)])
    clauses = [sentence(c, values, audience) for c in reasons if c.relation not in LIMITS]
    limits = [f"{LIMITS[c.relation]}: {sentence(c, values, audience)}" for c in reasons if c.relation in LIMITS]
    lone = decision.runner_up is None
    if lone:
        clauses = ["the only candidate with room" if decision.feasible == 1 else "the only candidate admitted"]
    elif any(c.feature == SCORE for c in reasons):
        clauses = [f"{clauses[0]}, and it comes first in the list"]
    clauses = clauses or ["highest score"]
    if level == "line":
        return f"{opening}: {clauses[0]}."
    after = [sentence(c, values, audience) for c in claims if isinstance(c, CauseClaim)]
    after = [f"runner-up {text}" for text in after]
    for claim in claims:
        if isinstance(claim, FlipClaim):
            text = sentence(claim, values, audience)
            after.append(text.replace(claim.option, "it", 1) if after else f"runner-up {text}")
    short = f"{opening}, because: {', '.join(clauses + limits)}{'; ' if after else ''}{'; '.join(after)}."
    return short if level == "short" else "\n".join([short, *_details(decision, audience)])


def _told_once(claims: Sequence[ComparisonClaim]) -> list[ComparisonClaim]:
    """Of two claims about a feature, the wider one."""
    wide = {c.feature for c in claims if c.relation in ("lowest", "highest")}
    return [c for c in claims if c.relation not in ("lower", "higher") or c.feature not in wide]


def _details(decision: Decision, audience: Audience) -> list[str]:
    """The options with what the score reads of them, and for engineers its terms."""
    read = features_read(decision)
    lines = [
        f"At {decision.time:.6g} s, {decision.feasible} candidates had room; the best {len(decision.options[:5])}:"
    ]
    for option in decision.options[:5]:
        shown = ", ".join(f"{called(f, audience)} {written(f, option.features[f])}" for f in read)
        lines.append(f"  {option.name}: score {option.score + 0.0:.6g}{f' ({shown})' if shown else ''}")
    other = decision.runner_up
    if audience == "engineer" and other is not None:
        lead = decision.chosen.score - other.score
        lines.append(f"Terms of the score, {decision.chosen.name} against {other.name} (share of the lead):")
        for term in terms(decision, other):
            share = f"{100 * (term.chosen - term.other) / lead:.1f} %" if lead else "draw"
            lines.append(f"  {term.text}: {term.chosen:.6g} against {term.other:.6g} ({share})")
    return lines


def explain_plan(scenario: Scenario, policy: Policy, *, audience: Audience = "operator") -> PlanExplanation:
    """Explain a whole run: what came of it, what decided, and what it hangs on.

    Raises:
        PolicyError: The policy is not valid, or an explicit plan.
    """
    outcome = traced(encode(scenario), compile_policy(policy), policy.policy_id)
    every = list(decisions(scenario, policy, outcome))
    if not every:
        raise ScenarioError(f"{policy.policy_id} places nothing on {scenario.scenario_id}; there is nothing to explain")
    reasons = Counter(_decided_by(d, audience) for d in every)
    summary = outcome.summary
    claims: list[Claim] = [OutcomeClaim(None, name, float(getattr(summary, name))) for name in MEASURES]
    claims += _what_it_hangs_on(scenario, policy, outcome)
    checked = check(claims, Case(scenario, policy, every[0]))
    held = [c.claim for c in checked if c.holds and isinstance(c.claim, OutcomeClaim)]
    now, then = ([sentence(c, {}, audience) for c in held if (c.change is None) is as_is] for as_is in (True, False))
    lines = [
        f"{policy.policy_id} on {scenario.scenario_id}: {len(every)} placements of {len(scenario.tasks)} tasks.",
        f"What decided: {', '.join(f'{name} ({count})' for name, count in reasons.most_common(6))}.",
        f"Outcome: {'; '.join(now)}.",
        *(f"It hangs on one node: {text}." for text in then),
    ]
    return PlanExplanation(scenario.scenario_id, policy.policy_id, tuple(checked), reasons, "\n".join(lines))


def _decided_by(decision: Decision, audience: Audience) -> str:
    other = decision.runner_up
    if other is None:
        return "no alternative"
    if is_level(decision, other.features):
        return "a draw"
    found = cause(decision, other)
    return " and ".join(called(f, audience) for f in found) if found else "many things at once"


def _what_it_hangs_on(scenario: Scenario, policy: Policy, outcome: Outcome) -> list[Claim]:
    """What would be otherwise without the node that served most tasks."""
    used = Counter(int(n) for n in outcome.tasks.node[outcome.tasks.status == Status.COMPLETED] if n >= 0)
    if not used:
        return []
    change = NodeRemoved(node_id=scenario.nodes[used.most_common(1)[0][0]].node_id)
    try:
        without = changed(scenario, change)
    except ScenarioError:  # tasks need that very node or its site: there is no run without it to tell of
        return []
    summary = evaluate(encode(without), compile_policy(policy))
    return [
        OutcomeClaim(change, name, float(getattr(summary, name)))
        for name in MEASURES
        if getattr(summary, name) != getattr(outcome.summary, name)
    ]


def shown_values(decision: Decision | None) -> dict[tuple[str, str], float]:
    """Of every option of a decision, by option and feature; none of a whole run."""
    options = () if decision is None else decision.options
    return {(o.name, f): v for o in options for f, v in {**o.features, SCORE: o.score}.items()}


def lookups(decision: Decision | None, claim: Claim) -> list[float]:
    """Every number that a claim is about; one about the outcome needs no decision."""
    match claim:
        case ValueClaim() | OutcomeClaim():
            return [claim.value]
        case ComparisonClaim() if decision is not None:
            places = [(claim.option, claim.feature)]
            if claim.relation in LIMITS:
                places.append((claim.option, claim.other))
            elif claim.other:
                places.append((claim.other, claim.feature))
            found = [look_up(decision, *place) for place in places]
            return [v for v in found if v is not None]
        case FlipClaim() if decision is not None:
            now = look_up(decision, claim.option, claim.feature)
            return [claim.threshold] if now is None else [claim.threshold, now]
    return []
