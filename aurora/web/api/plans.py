"""Plans of changes: made, listed, shown, edited, approved by hash, applied, undone; each change with who and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field

from aurora import journal
from aurora.cluster.changes import PlanChange
from aurora.cluster.plans import folder
from aurora.cluster.plans.making import Proposal
from aurora.cluster.plans.plan import Plan, diff, inverse
from aurora.cluster.plans.proposals import ASKED_FOR
from aurora.cluster.plans.report import show_plan
from aurora.cluster.plans.requests import PlanRequest, make_requested
from aurora.errors import InputError
from aurora.tools.plan_edits import edited
from aurora.types import Frozen
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OpenModel, Page, page_of
from aurora.web.api.given import GivenPolicy, policy_of
from aurora.web.api.jobs import ACCEPTED, Jobs
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext
from aurora.web.refusals import AbsentError, ConflictError
from aurora.web.views.plans.acting import Applications, approve

PlanId = Annotated[str, Path(pattern="^[0-9a-f]{6,12}$", description="id of the plan, or its first 6 digits")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="hash of exactly the plan that was shown")]
Name = Annotated[str, Field(min_length=1, max_length=400)]
MAX_MINUTES = 7 * 24 * 60.0


class AskPlan(Frozen):
    """What a plan is to change."""

    changes: list[PlanChange] = Field(default_factory=list, max_length=200, description="changes named in full")
    drains: list[Name] = Field(default_factory=list, max_length=100, description="nodes to cordon and empty")
    away: list[Name] = Field(
        default_factory=list, max_length=200, description="tasks that leave their nodes, or nodes that tasks leave"
    )
    remedies: list[Name] = Field(
        default_factory=list, max_length=50, description="waiting tasks that some node is made to fit"
    )
    places_pending: bool = Field(default=False, description="place the waiting tasks that fit somewhere")
    policy: GivenPolicy = Field(default="least_allocated", description="policy that chooses nodes")
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        default=0, description="random seed of the simulated effect; null: it is not simulated"
    )


class Shown(Frozen):
    """The plan that a person has seen."""

    sha256: Sha256


class Approve(Shown):
    """An approval."""

    minutes: float = Field(default=60.0, ge=1, le=MAX_MINUTES, description="how long it holds")


class Edit(Shown):
    """What becomes of a plan."""

    without: list[Annotated[int, Field(ge=1, le=100_000)]] = Field(
        default_factory=list, max_length=1000, description="numbers of changes to leave out, from 1"
    )
    changes: list[PlanChange] = Field(
        default_factory=list, max_length=200, description="changes in its own ones' place, or at the end"
    )


class PlanRow(OpenModel):
    """A plan, as `aurora plan list --json` lists it."""

    plan_id: str = Field(description="its id")
    status: str = Field(description="new, approved, replaced, expired, in progress, stopped, applied or rolled back")
    snapshot_id: str = Field(description="system that it was made for")
    created_at: str = Field(description="when it was made, UTC")
    expires_at: str = Field(description="when it ends, UTC")
    changes: int = Field(description="number of changes")
    risks: list[str] = Field(description="codes of its risks")
    source: str = Field(description="who or what made it")
    replaced_by: str | None = Field(description="plan that was edited from it; null: none")


class PlanShown(OpenModel):
    """What `aurora plan show --json` prints."""

    plan: dict[str, Any] = Field(description="changes, effect, risks, money, hash")
    inverse: list[dict[str, Any]] = Field(description="what undoes it")
    violations: list[dict[str, Any]] = Field(description="what it breaks, so that it can't be applied; empty: nothing")
    progress: dict[str, Any] = Field(description="how far its application is")
    remarks: list[str] = Field(description="what was left out of it, and why")


class Diff(Frozen):
    """Every field that a plan changes."""

    diff: list[str] = Field(description="lines `subject: field now -> proposed`")
    inverse: list[str] = Field(description="the same of what undoes it")


class Approval(Frozen):
    """An approval."""

    plan_sha256: str = Field(description="hash of the plan")
    who: str = Field(description="who approved")
    at: datetime = Field(description="when, UTC")
    expires_at: datetime = Field(description="until when it holds, UTC")


class Application(Frozen):
    """An application, or its undoing, that was begun; it goes on when the caller leaves."""

    plan_id: str = Field(description="the plan")
    is_running: bool = Field(description="whether it is under way")
    problem: str = Field(description="why the last one ended early; empty: it did not")
    progress: dict[str, Any] = Field(description="how far it is, as `aurora plan apply --json` has it")


class JournalEntry(OpenModel):
    """A line of a plan's journal."""


def router(context: WebContext, jobs: Jobs) -> APIRouter:
    """Return the routes of plans.

    Args:
        context: What the server shares.
        jobs: Runs what takes longer.
    """
    routes = APIRouter(prefix="/plans", tags=["plans"])
    desk = context.desk
    applications = Applications(desk, context.refresh)

    def found(plan_id: str) -> Plan:
        with _absent():
            return folder.load(desk.plans, plan_id)

    def shown(plan_id: str, sha256: str) -> Plan:
        plan = found(plan_id)
        if plan.sha256 != sha256:
            raise ConflictError(f"plan {plan.plan_id} has the hash {plan.sha256}, not the one given; look at it again")
        return plan

    def described(plan: Plan) -> Any:
        return show_plan(plan.plan_id, desk.plans).to_json()

    def application(plan: Plan) -> Application:
        return Application(
            plan_id=plan.plan_id,
            is_running=applications.is_running(plan.plan_id),
            problem=applications.problem(plan.plan_id),
            progress=folder.progress_of(desk.plans, plan).to_json(),
        )

    @routes.get("", response_model=Page[PlanRow])
    def list_plans(limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the plans, the newest first. Files that can't be read are left out."""
        plans, _ = folder.readable_plans(desk.plans, datetime.now(UTC))
        page = page_of(plans, lambda p: p.plan.plan_id, limit, cursor)
        return {**page, "items": [p.to_json() for p in page["items"]]}

    @routes.post("", status_code=201, response_model=PlanShown, responses=ACCEPTED)
    async def make_plan(owner: Owner, given: AskPlan) -> Response:
        """Make a plan for the cluster and keep it; nothing is changed."""
        context.require("plan")
        response = await jobs.answer("plan", owner, lambda _: made(given))
        if response.status_code == 200:  # noqa: PLR2004
            response.status_code = 201
        return response

    @routes.get("/{plan_id}", response_model=PlanShown)
    def read_plan(plan_id: PlanId) -> Any:
        """Read a plan: changes, effect, money, risks, what it breaks, how far it is."""
        return described(found(plan_id))

    @routes.get("/{plan_id}/diff", response_model=Diff)
    def read_diff(plan_id: PlanId) -> Diff:
        """Read every field that a plan changes."""
        plan = found(plan_id)
        return Diff(diff=diff(plan), inverse=diff(inverse(plan)))

    @routes.post("/{plan_id}/edit", status_code=201, response_model=PlanShown)
    def edit_plan(plan_id: PlanId, given: Edit) -> Any:
        """Make another plan from one; it needs its own approval."""
        context.require("plan")
        plan = shown(plan_id, given.sha256)
        if not given.without and not given.changes:
            raise InputError("say what is to be left out or changed", parameter="without")
        proposals = [Proposal(change, ASKED_FOR) for change in given.changes]
        command = f"POST /api/plans/{plan.plan_id}/edit by {context.who}"
        return described(edited(desk, plan.plan_id, without=given.without, changes=proposals, command=command))

    @routes.post("/{plan_id}/approval", status_code=201, response_model=Approval)
    def approve_plan(plan_id: PlanId, given: Approve) -> Any:
        """Approve exactly the plan that was shown, for some time."""
        context.require("apply")
        plan = shown(plan_id, given.sha256)
        return approve(plan.plan_id, given.sha256, context.who, desk, minutes=given.minutes).model_dump()

    @routes.post("/{plan_id}/application", status_code=202, response_model=Application)
    def apply_plan(plan_id: PlanId, given: Shown) -> Application:
        """Apply an approved plan, or go on with one that was interrupted; read how far it is at this address."""
        context.require("apply")
        return begun(shown(plan_id, given.sha256), "apply")

    @routes.get("/{plan_id}/application", response_model=Application)
    def read_application(plan_id: PlanId) -> Application:
        """Read how far an application, or its undoing, is."""
        return application(found(plan_id))

    @routes.post("/{plan_id}/rollback", status_code=202, response_model=Application)
    def roll_back_plan(plan_id: PlanId, given: Shown) -> Application:
        """Undo what was done of a plan, the last step first."""
        context.require("apply")
        plan = shown(plan_id, given.sha256)
        if folder.progress_of(desk.plans, plan).state == "not started":
            raise ConflictError(f"nothing was done of plan {plan.plan_id}; there is nothing to undo")
        return begun(plan, "roll back")

    @routes.get("/{plan_id}/journal", response_model=Page[JournalEntry])
    def read_journal(plan_id: PlanId, limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """Read what was done of a plan: every step, with who and when."""
        path = folder.journal_path(desk.plans, found(plan_id))
        numbered = list(enumerate(journal.read(path)))
        page = page_of(numbered, lambda entry: str(entry[0]), limit, cursor)
        return {**page, "items": [line for _, line in page["items"]]}

    def begun(plan: Plan, work: Literal["apply", "roll back"]) -> Application:
        if work == "apply":
            approved = any(a.plan_sha256 == plan.sha256 for a in folder.approvals(desk.plans))
            if not approved:
                raise ConflictError(f"plan {plan.plan_id} is not approved; approve it first")
        if not applications.start(plan.plan_id, plan.sha256, work, context.who):
            raise ConflictError(f"plan {plan.plan_id} is under way already; read how far it is")
        return application(plan)

    def made(given: AskPlan) -> dict[str, Any]:
        request = PlanRequest(
            asked=tuple(Proposal(change, ASKED_FOR) for change in given.changes),
            away=tuple(given.away),
            remedies=tuple((task, "") for task in given.remedies),
            drains=tuple(given.drains),
            places_pending=given.places_pending,
            policy=policy_of(given.policy, desk),
            seed=given.seed,
        )
        if request.is_empty:
            raise InputError("say what is to change: changes, drains, away, remedies or places_pending")
        history = [desk.series(name) for name in desk.series_ids]
        source, origin = f"API: {context.who}", context.settings.snapshot if history else ""
        command = f"POST /api/plans {given.model_dump_json(exclude_defaults=True)[:4000]}"
        return make_requested(
            desk.cluster, request, desk.plans, history=history, origin=origin, source=source, command=command
        ).to_json()

    return routes


@contextmanager
def _absent() -> Iterator[None]:
    """Report a plan that is not there, or is not one alone, as such."""
    try:
        yield
    except InputError as error:
        raise AbsentError(error.reason, parameter="plan_id") from None
