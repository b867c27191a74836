"""Explains a whole run: its outcome, the deciding features, late tasks with causes, and the critical node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from aurora.agents.explain.explicit import planned_summary, violations_of
from aurora.agents.explain.late_tasks import TroubledTask, troubles, troubles_claims, troubles_text
from aurora.agents.explain.run_plan import (
    CheckedRunPlan,
    check_run_plan,
    decided_by,
    run_plan_claims,
    run_plan_text,
)
from aurora.agents.explain.wording import MEASURES, Audience, called, sentence
from aurora.errors import ScenarioError
from aurora.sim.explain.claims import Case, Checked, Claim, OutcomeClaim, check, run_of
from aurora.sim.explain.decision import Decision, decisions
from aurora.sim.explain.history import History
from aurora.sim.explain.names import shown_name
from aurora.sim.kernel import encode, evaluate
from aurora.sim.optimum.constraints import Violation
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.whatif import NodeRemoved, changed


class PlanExplanation(NamedTuple):
    """Explanation of a whole run.

    Attributes:
        scenario_id, policy_id: Scenario and policy of the run.
        checked: Every claim about the outcome with its verdict.
        reasons: Number of decisions by deciding features, or by "draw" and "no alternative"; of an explicit plan,
            number of tasks that started as planned, later or never.
        text: Explanation in words.
        troubles: Tasks that were late or did not complete, each with its cause.
        violations: Constraints that an explicit plan breaks; None if the policy is none.
        plan: Claims on which reason put tasks where, which nodes stayed unused and why, and the highest load.
    """

    scenario_id: str
    policy_id: str
    checked: tuple[Checked, ...]
    reasons: Counter[str]
    text: str
    troubles: tuple[TroubledTask, ...] = ()
    violations: tuple[Violation, ...] | None = None
    plan: tuple[CheckedRunPlan, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora explain --json` without `--task`."""
        return {
            "scenario_id": self.scenario_id,
            "policy_id": self.policy_id,
            "text": self.text,
            "reasons": dict(self.reasons),
            "late": [t.to_json() for t in self.troubles if t.status.status == "late"],
            "not_completed": [t.to_json() for t in self.troubles if t.status.status != "late"],
            "claims": [c.to_json() for c in self.checked],
            "plan": [c.to_json() for c in self.plan],
            **({} if self.violations is None else {"violations": [v._asdict() for v in self.violations]}),
        }


def explain_plan(scenario: Scenario, policy: Policy, *, audience: Audience = "operator") -> PlanExplanation:
    """Explain a whole run: its outcome, the deciding features and the critical node.

    Raises:
        PolicyError: The policy is not valid.
        ConstraintError: The policy's plan names what the scenario doesn't have.
    """
    run = run_of(scenario, policy)
    if policy.allocation_plan is not None:
        return _explain_planned(run, audience)
    outcome = run.outcome
    every = list(decisions(scenario, policy, outcome))
    reasons = Counter(_decided_by(d, audience) for d in every)
    plan = check_run_plan(run_plan_claims(run, every, audience), run, every)
    sums = outcome.summary.to_json(scenario.counted)
    claims: list[Claim] = [OutcomeClaim(None, name, float(sums[name])) for name in MEASURES if name in sums]
    claims += _critical_node_claims(scenario, policy, outcome)
    late = troubles(run)
    checked = check([*claims, *troubles_claims(late)], Case(scenario, policy, every[0] if every else None, run))
    held = [c.claim for c in checked if c.holds and isinstance(c.claim, OutcomeClaim)]
    now = [sentence(c, {}, audience) for c in held if c.change is None]
    decided = ", ".join(f"{name} ({count})" for name, count in reasons.most_common(6))
    lines = [
        f"{shown_name(policy.policy_id)} on {shown_name(scenario.scenario_id)}: {_counted(len(every), 'placement')} of "
        f"{_counted(len(scenario.tasks), 'task')}.",
        *([f"What decided: {decided}."] if decided else []),
        *run_plan_text(plan),
        f"Outcome: {'; '.join(now)}.",
        *troubles_text(late),
        *_without_text(held),
    ]
    return PlanExplanation(
        scenario.scenario_id, policy.policy_id, tuple(checked), reasons, "\n".join(lines), tuple(late), plan=plan
    )


def _explain_planned(run: History, audience: Audience) -> PlanExplanation:
    """Explain an explicit plan: how much of it came true, and the constraints that it breaks."""
    scenario, policy = run.scenario, run.policy
    sums = run.outcome.summary.to_json(scenario.counted)
    claims: list[Claim] = [OutcomeClaim(None, name, float(sums[name])) for name in MEASURES if name in sums]
    checked = check(claims, Case(scenario, policy, None, run))
    now = [sentence(c.claim, {}, audience) for c in checked if c.holds]
    counts, lines = planned_summary(run)
    opening = f"{shown_name(policy.policy_id)} on {shown_name(scenario.scenario_id)}"
    text = "\n".join([f"{opening}: {_counted(len(scenario.tasks), 'task')}.", *lines, f"Outcome: {'; '.join(now)}."])
    broken = violations_of(run)
    return PlanExplanation(scenario.scenario_id, policy.policy_id, tuple(checked), counts, text, violations=broken)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _without_text(claims: Sequence[OutcomeClaim]) -> list[str]:
    """Write what would be worse, and what better, without the node that served most tasks."""
    now = {c.measure: c.value for c in claims if c.change is None}
    groups: dict[bool, list[str]] = {True: [], False: []}
    without = ""
    for claim in claims:
        if isinstance(claim.change, NodeRemoved):
            without = shown_name(claim.change.node_id)
            noun, before = MEASURES[claim.measure], now[claim.measure]
            if noun.written(claim.value) == noun.written(before):
                continue  # a difference below the precision shown
            is_worse = (claim.value > before) != (claim.measure == "completed")
            groups[is_worse].append(f"{noun.words} {noun.written(claim.value)} instead of {noun.written(before)}")
    differences = [f"{word}: {', '.join(groups[w])}" for w, word in ((True, "worse"), (False, "better")) if groups[w]]
    return [f"Without {without}, which served most tasks, it would be {'; '.join(differences)}."] if differences else []


def _decided_by(decision: Decision, audience: Audience) -> str:
    kind, features = decided_by(decision)
    return " and ".join(called(f, audience) for f in features) if features else kind


def _critical_node_claims(scenario: Scenario, policy: Policy, outcome: Outcome) -> list[Claim]:
    """Return claims on the outcome without the node that served most tasks."""
    used = Counter(int(n) for n in outcome.tasks.node[outcome.tasks.status == Status.COMPLETED] if n >= 0)
    if not used:
        return []
    change = NodeRemoved(node_id=scenario.nodes[used.most_common(1)[0][0]].node_id)
    try:
        without = changed(scenario, change)
    except ScenarioError:  # tasks need that very node or its site: the scenario can't run without it
        return []
    summary = evaluate(encode(without), compile_policy(policy))
    return [
        OutcomeClaim(change, name, float(getattr(summary, name)))
        for name in MEASURES
        if getattr(summary, name) != getattr(outcome.summary, name)
    ]
