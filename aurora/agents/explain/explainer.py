"""Explains the placement of a task by claims, each checked before it is put into words.

Templates here write the text; with a model `aurora.agents.roles.narrator` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from aurora.agents.explain.explicit import planned_claims, planned_text, violations_of
from aurora.agents.explain.waiting import candidate_kind, fate_text, wait_in_a_word, way_claims, way_text
from aurora.agents.explain.wording import Audience, called, no_flip_text, sentence, value_text
from aurora.errors import ScenarioError
from aurora.quantities import plain
from aurora.sim.explain.claims import (
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
    run_of,
)
from aurora.sim.explain.decision import (
    MIN_LEAD_SHARE,
    Decision,
    Option,
    advantages,
    cause,
    features_read,
    is_level,
    last_decision,
    terms,
)
from aurora.sim.explain.flip import flips
from aurora.sim.explain.history import History
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import moment
from aurora.sim.explain.waiting_claims import StatusClaim, number_of
from aurora.sim.optimum.constraints import Violation
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario

Level = Literal["line", "short", "full"]

MAX_REASONS = 3
"""Most advantages of the winner that are named where no small set of them decided."""
MAX_OPTIONS_LISTED = 5
"""Most candidates listed with their scores, best first."""
MIN_CANDIDATES_FOR_EXTREME = 3
"""Fewest candidates of which one is called lowest or highest; between two a comparison says it."""
LIMIT_RELATIONS = frozenset(("within", "beyond"))
"""Relations of a value to its limit."""
NO_SLA = 1e9
"""`task.sla_latency` of a task without one."""


class Explanation(NamedTuple):
    """Explanation of what happened to a task.

    Attributes:
        scenario_id, policy_id: Scenario and policy of the run.
        task_id: Task explain_case.
        decision: Decision that placed it, the last one if it was restarted; None: it was never placed.
        checked: Every claim with its verdict.
        text: Text of the claims that hold.
        way: Sentences of the text about the task's waits and attempts.
        violations: Constraints that an explicit plan breaks with the task; None if the policy is none.
    """

    scenario_id: str
    policy_id: str
    task_id: str
    decision: Decision | None
    checked: tuple[Checked, ...]
    text: str
    way: tuple[str, ...] = ()
    violations: tuple[Violation, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora explain --task --json`."""
        return {
            "scenario_id": self.scenario_id,
            "policy_id": self.policy_id,
            "task_id": self.task_id,
            "decision": None if self.decision is None else self.decision.number,
            "time": None if self.decision is None else self.decision.time,
            "text": self.text,
            "status": next((c.claim.status for c in self.checked if isinstance(c.claim, StatusClaim)), None),
            "claims": [c.to_json() for c in self.checked],
            **({} if self.violations is None else {"violations": [v._asdict() for v in self.violations]}),
        }


def explain(
    scenario: Scenario,
    policy: Policy,
    task_id: str,
    *,
    level: Level = "short",
    audience: Audience = "operator",
) -> Explanation:
    """Explain where a task was placed and what it waited for, or why it was never placed.

    Raises:
        ScenarioError: There is no such task.
        PolicyError: The policy is not valid.
        ConstraintError: The policy's plan names what the scenario doesn't have.
    """
    run = run_of(scenario, policy)
    return explain_case(case_of(run, task_id), task_id, level=level, audience=audience)


def case_of(run: History, task_id: str) -> Case:
    """Return a task of a run, with the decision that placed it last if there is one; an explicit plan has none.

    Raises:
        ScenarioError: There is no such task.
    """
    if number_of(run, task_id) is None:
        raise ScenarioError(
            f"task {task_id!r} is not in the scenario ({run.policy.policy_id} on {run.scenario.scenario_id})"
        )
    if run.policy.allocation_plan is not None:
        return Case(run.scenario, run.policy, None, run)
    decision = last_decision(run.scenario, run.policy, run.outcome, task_id)
    return Case(run.scenario, run.policy, decision, run)


def explain_case(
    case: Case, task_id: str = "", *, level: Level = "short", audience: Audience = "operator"
) -> Explanation:
    """Explain a task of a run that was traced already.

    Args:
        case: Run, with the decision that placed the task if there is one. Without `run`, only the decision is
            explain_case, not the waiting.
        task_id: Task to explain; "": the decision's.
        level: Detail of the text.
        audience: Reader of the text.
    """
    decision, run = case.decision, case.run
    task_id = task_id or (decision.task_id if decision is not None else "")
    task = None if run is None else number_of(run, task_id)
    if run is not None and run.policy.allocation_plan is not None:
        return _explain_planned(case, run, task_id)
    claims: list[Claim] = [] if decision is None else claims_of(decision)
    if run is not None and task is not None:
        claims += way_claims(run, task)
    checked = check(claims, case)
    held = [c.claim for c in checked if c.holds]
    kind = candidate_kind(next(t for t in case.scenario.tasks if t.task_id == task_id))
    text = fate_text(task_id, held, kind) if decision is None else worded(decision, held, level, audience)
    if level == "line":
        waited, way = wait_in_a_word(held), []
        text = f"{text.removesuffix('.')}; {waited}." if waited else text
    else:
        way = way_text(held, kind=kind, is_full=level == "full")
    return Explanation(
        case.scenario.scenario_id,
        case.policy.policy_id,
        task_id,
        decision,
        tuple(checked),
        "\n".join([text, *way]),
        tuple(way),
    )


def _explain_planned(case: Case, run: History, task_id: str) -> Explanation:
    checked = check(planned_claims(run, task_id), case)
    text = planned_text(run, task_id, [c.claim for c in checked if c.holds])
    broken = violations_of(run, task_id)
    return Explanation(
        case.scenario.scenario_id, case.policy.policy_id, task_id, None, tuple(checked), text, violations=broken
    )


def claims_of(decision: Decision) -> list[Claim]:
    """Return the claims about a decision, most important first."""
    chosen = decision.chosen
    claims: list[Claim] = [ValueClaim(chosen.name, FEASIBLE, float(decision.feasible))]
    if decision.runner_up is not None:
        claims += claims_against(decision, decision.runner_up)
    if 0 < chosen.features["task.sla_latency"] < NO_SLA:
        met = chosen.features["fit.latency"] <= chosen.features["task.slack"]
        claims.append(ComparisonClaim(chosen.name, "fit.latency", "within" if met else "beyond", "task.slack"))
    return claims


def claims_against(decision: Decision, other: Option) -> list[Claim]:
    """Return claims on why the winner beat another option, and what would have let that one win."""
    if is_level(decision, other.features):
        return [ComparisonClaim(decision.chosen.name, SCORE, "equal", other.name)]
    causes = cause(decision, other)
    claims = _reasons(decision, other, causes)
    if causes:
        claims.append(CauseClaim(other.name, causes))
    nearest = flips(decision, other)
    if nearest:
        claims.append(FlipClaim(other.name, nearest[0].feature, nearest[0].threshold, nearest[0].is_below))
    return claims


def _reasons(decision: Decision, other: Option, causes: Sequence[str]) -> list[Claim]:
    """Return the advantages of the winner over another option.

    These are the features of the cause; where a cause would need too many, those with the largest share of the lead.
    """
    lead_lost = advantages(decision, other)
    lead = decision.chosen.score - other.score
    weighty = [
        n for n in sorted(lead_lost, key=lambda n: -lead_lost[n]) if lead_lost[n] >= MIN_LEAD_SHARE * abs(lead) > 0
    ][:MAX_REASONS]
    names = sorted(causes, key=lambda n: -lead_lost.get(n, 0.0)) or weighty
    chosen, claims = decision.chosen, list[Claim]()
    for name in names:
        lower = chosen.features[name] < other.features[name]
        if other is decision.runner_up and _stands_out(decision, name, min if lower else max):
            claims.append(ComparisonClaim(chosen.name, name, "lowest" if lower else "highest", ""))
        claims.append(ComparisonClaim(chosen.name, name, "lower" if lower else "higher", other.name))
    return claims


def _stands_out(decision: Decision, name: str, extreme: Callable[[Sequence[float]], float]) -> bool:
    """Check that the winner alone has a feature's extreme value among enough candidates."""
    values = [o.features[name] for o in decision.options]
    alone = values[0] == extreme(values) and values.count(values[0]) == 1
    return alone and decision.is_complete and len(values) >= MIN_CANDIDATES_FOR_EXTREME


def worded(decision: Decision, claims: Sequence[Claim], level: Level, audience: Audience) -> str:
    """Put claims that hold into words.

    Args:
        decision: Decision that the claims are about.
        claims: Claims that hold.
        level: `line` names the first reason; `short` is a sentence; `full` adds every number.
        audience: Operators get words, engineers the names of the language and the terms of the score.
    """
    opening = f"Task {shown_name(decision.task_id)} on {shown_name(decision.chosen.name)}"
    values = shown_values(decision)
    reasons = _told_once([c for c in claims if isinstance(c, ComparisonClaim)])
    clauses = [sentence(c, values, audience) for c in reasons if c.relation not in LIMIT_RELATIONS]
    limits = [sentence(c, values, audience) for c in reasons if c.relation in LIMIT_RELATIONS]
    other, causes = decision.runner_up, [c for c in claims if isinstance(c, CauseClaim)]
    if other is None:
        clauses = ["the only candidate with room" if decision.feasible == 1 else "the only candidate admitted"]
    elif any(c.feature == SCORE for c in reasons):
        clauses = [f"{clauses[0]}, and it comes first in the list"]
    elif not causes:
        clauses = [f"the highest score ({plain(decision.chosen.score)}), by more than three features", *clauses]
    if level == "line":
        return f"{opening}: {clauses[0]}."
    after = [f"runner-up {sentence(c, values, audience)}" for c in causes]
    for claim in claims:
        if isinstance(claim, FlipClaim):
            text = sentence(claim, values, audience)
            after.append(text.replace(shown_name(claim.option), "it", 1) if after else f"runner-up {text}")
    short = f"{opening}, because: {'; '.join([', '.join(clauses), *after, *limits])}."
    if level == "short":
        return short
    none: list[str] = []
    has_flip = any(isinstance(c, FlipClaim) for c in claims)
    if other is not None and not has_flip and not is_level(decision, other.features):
        none = [line.replace(" of it ", " of the runner-up ") for line in no_flip_text(decision, other, audience)]
    return "\n".join([short, *none, *_details(decision, audience)])


def _told_once(claims: Sequence[ComparisonClaim]) -> list[ComparisonClaim]:
    """Keep the wider of two claims about a feature."""
    wide = {c.feature for c in claims if c.relation in ("lowest", "highest")}
    return [c for c in claims if c.relation not in ("lower", "higher") or c.feature not in wide]


def _details(decision: Decision, audience: Audience) -> list[str]:
    """List the options with the features that the score reads, and for engineers the terms of the score."""
    read = features_read(decision)
    best = decision.options[:MAX_OPTIONS_LISTED]
    count = f"{decision.feasible} candidate{'' if decision.feasible == 1 else 's'} had room"
    shown = f"; the best {len(best)}" if len(best) < decision.feasible else ""
    lines = [f"At {moment(decision.time)}, {count}{shown}:"]
    for option in best:
        values = ", ".join(f"{called(f, audience)} {value_text(f, option.features[f], audience)}" for f in read)
        lines.append(f"  {shown_name(option.name)}: score {option.score + 0.0:.6g}{f' ({values})' if values else ''}")
    other = decision.runner_up
    if audience == "engineer" and other is not None:
        lead = decision.chosen.score - other.score
        lines.append(
            f"Terms of the score, {shown_name(decision.chosen.name)} against {shown_name(other.name)} "
            "(share of the lead):"
        )
        for term in terms(decision, other):
            share = f"{100 * (term.chosen - term.other) / lead:.1f} %" if lead else "draw"
            lines.append(f"  {term.text}: {term.chosen:.6g} against {term.other:.6g} ({share})")
    return lines


def shown_values(decision: Decision | None) -> dict[tuple[str, str], float]:
    """Return the values of every option of a decision, by option and feature; empty for a whole run."""
    options = () if decision is None else decision.options
    return {(o.name, f): v for o in options for f, v in {**o.features, SCORE: o.score}.items()}


def lookups(decision: Decision | None, claim: Claim) -> list[float]:
    """Return every number that a claim is about; a claim about the outcome needs no decision."""
    match claim:
        case ValueClaim() | OutcomeClaim():
            return [claim.value]
        case ComparisonClaim() if decision is not None:
            places = [(claim.option, claim.feature)]
            if claim.relation in LIMIT_RELATIONS:
                places.append((claim.option, claim.other))
            elif claim.other:
                places.append((claim.other, claim.feature))
            values = [look_up(decision, *place) for place in places]
            return [v for v in values if v is not None]
        case FlipClaim() if decision is not None:
            now = look_up(decision, claim.option, claim.feature)
            return [claim.threshold] if now is None else [claim.threshold, now]
    return []
