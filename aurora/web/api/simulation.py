"""Simulations: one policy, several, the reasons for an outcome."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from aurora.agents.explain.contrast import why_not as explain_why_not
from aurora.agents.explain.explainer import case_of, explain_case
from aurora.agents.explain.run_explainer import explain_plan
from aurora.errors import InputError, PolicyError, ScenarioError
from aurora.evals.compare import compare_policies, suitable_references
from aurora.sim.explain.claims import run_of
from aurora.sim.policies.policy import Policy
from aurora.sim.report import report_simulation, report_what_if
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.sim.scenarios.whatif import Change
from aurora.types import Frozen, Identifier, Progress
from aurora.web.api.answers import OpenModel
from aurora.web.api.given import GivenPolicy, GivenScenario, check_size, policy_of, scenario_of
from aurora.web.api.jobs import ACCEPTED, Jobs
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext

MOST_TRACED = 2_000_000
"""Most pairs of task and node where every decision is kept."""
MOST_BOUNDED = 100
"""Most tasks for which bounds are computed; more take a minute and longer."""


class Simulate(Frozen):
    """A simulation."""

    scenario: GivenScenario = None
    policy: GivenPolicy
    trace: bool = Field(default=False, description="add every decision with its best candidates")
    bounds: bool = Field(default=False, description="add bounds that no policy beats")
    changes: list[Change] = Field(
        default_factory=list, max_length=50, description="changes to simulate besides, made in this order"
    )


class Compare(Frozen):
    """A comparison."""

    scenarios: list[Scenario | ScenarioSpec] = Field(
        default_factory=list, max_length=50, description="scenarios or specs; empty: the server's cluster as it is"
    )
    policies: list[GivenPolicy] = Field(
        default_factory=list, max_length=50, description="policies; empty: the references that suit the scenarios"
    )


class Explain(Frozen):
    """A question about a simulation."""

    scenario: GivenScenario = None
    policy: GivenPolicy
    task_id: Identifier | None = Field(default=None, description="task to explain; null: the whole run")
    why_not: Identifier | None = Field(default=None, description="node or path that the task did not go to")
    level: Literal["line", "short", "full"] = Field(default="short", description="amount of detail about a task")
    audience: Literal["operator", "engineer"] = Field(
        default="operator", description="plain words, or names of the policy language"
    )


class Simulated(OpenModel):
    """What `aurora simulate --json` prints. With changes: `changes, before, after` instead of the sums."""

    scenario_id: str = Field(description="the scenario")
    policy_id: str = Field(description="the policy")
    reward: float | None = Field(default=None, description="reward by the scenario's own objectives")
    scores: dict[str, Any] | None = Field(default=None, description="score of each objective, 0 to 1")
    summary: dict[str, Any] | None = Field(default=None, description="sums; fields of aurora.sim.outcome.Summary")
    bill: float | None = Field(default=None, description="price of all nodes over the run, dollars")
    tasks: list[dict[str, Any]] | None = Field(default=None, description="where each task went, and when")
    violations: list[dict[str, Any]] | None = Field(default=None, description="constraints that a plan breaks")


class Compared(OpenModel):
    """What `aurora compare --json` prints."""

    scenarios: list[str] = Field(description="the scenarios")
    winner: str = Field(description="policy with the best mean reward")
    why: str = Field(description="who wins, and by which objectives")
    policies: list[dict[str, Any]] = Field(description="the policies, best mean reward first")


class Explained(OpenModel):
    """What `aurora explain --json` prints."""

    scenario_id: str = Field(description="the scenario")
    policy_id: str = Field(description="the policy")
    text: str = Field(description="the explanation; every claim in it was checked")
    claims: list[dict[str, Any]] = Field(description="its claims, with what was found")


def router(context: WebContext, jobs: Jobs) -> APIRouter:
    """Return the routes of simulations.

    Args:
        context: What the server shares.
        jobs: Runs what takes longer.
    """
    routes = APIRouter(tags=["simulation"], responses=ACCEPTED)
    desk = context.desk

    @routes.post("/simulate", response_model=Simulated)
    async def simulate(owner: Owner, given: Simulate) -> Response:
        """Simulate a policy on a scenario, as it is or with changes."""
        return await jobs.answer("simulate", owner, lambda progress: _simulated(given, progress))

    @routes.post("/compare", response_model=Compared)
    async def compare(owner: Owner, given: Compare) -> Response:
        """Compare policies on the same scenarios, each against the best."""
        return await jobs.answer("compare", owner, lambda progress: _compared(given, progress))

    @routes.post("/explain", response_model=Explained)
    async def explain(owner: Owner, given: Explain) -> Response:
        """Explain why a task went where it went, or a whole run."""
        return await jobs.answer("explain", owner, lambda progress: _explained(given, progress))

    def _simulated(given: Simulate, progress: Progress) -> dict[str, Any]:
        if given.changes and (given.trace or given.bounds):
            raise InputError("trace and bounds go with a simulation as it is; leave out changes", parameter="changes")
        scenario, policy = scenario_of(given.scenario, desk), policy_of(given.policy, desk)
        check_size([scenario], 2 if given.changes else 1)
        if given.changes:
            return report_what_if(scenario, policy, given.changes).to_json()
        if given.trace:
            check_size([scenario], 1, MOST_TRACED)
        if given.bounds and len(scenario.tasks) > MOST_BOUNDED:
            raise InputError(
                f"bounds of {len(scenario.tasks)} tasks take minutes; leave them out above {MOST_BOUNDED} tasks",
                parameter="bounds",
            )
        report = report_simulation(scenario, policy, trace=given.trace)
        progress("simulation", 1, 1)
        return (report.with_bounds(progress) if given.bounds else report).to_json()

    def _compared(given: Compare, progress: Progress) -> dict[str, Any]:
        scenarios = [scenario_of(s, desk) for s in given.scenarios] or [scenario_of(None, desk)]
        _require_own([s.scenario_id for s in scenarios], "scenario_id")
        named = [policy_of(p, desk) for p in given.policies]
        _require_own([p.policy_id for p in named], "policy_id")
        policies: dict[str, Policy] = {p.policy_id: p for p in named} or suitable_references(scenarios)
        check_size(scenarios, len(policies))
        return compare_policies(scenarios, policies, progress).to_json()

    def _explained(given: Explain, progress: Progress) -> dict[str, Any]:
        if given.why_not is not None and given.task_id is None:
            raise InputError("it is about one task; name it in task_id", parameter="why_not")
        scenario, policy = scenario_of(given.scenario, desk), policy_of(given.policy, desk)
        check_size([scenario], 1, MOST_TRACED)
        if given.task_id is None:
            return explain_plan(scenario, policy, audience=given.audience).to_json()
        run = run_of(scenario, policy)
        progress("simulation", 1, 1)
        case = case_of(run, given.task_id)
        result = explain_case(case, given.task_id, level=given.level, audience=given.audience).to_json()
        if given.why_not is not None:
            contrast = explain_why_not(case, given.task_id, given.why_not, audience=given.audience)
            result["why_not"] = contrast.to_json()
        return result

    return routes


def _require_own(names: list[str], field: Annotated[str, "scenario_id or policy_id"]) -> None:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        error = ScenarioError if field == "scenario_id" else PolicyError
        raise error(f"{field} {twice[0]!r} occurs twice; give each once, with an id of its own")
