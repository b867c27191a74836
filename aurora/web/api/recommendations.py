"""Recommendations: for the cluster's containers by their measured use, and for accounts by their histories."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from aurora.cluster.container_use import container_uses
from aurora.errors import InputError
from aurora.learning.rightsizing.containers.strategies import CPU_RISK, MEMORY_RISK, STRATEGIES
from aurora.types import Frozen, Identifier, Progress
from aurora.web.api.answers import OpenModel
from aurora.web.api.jobs import ACCEPTED, Jobs
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext
from aurora.web.refusals import TooLargeError

MOST_PERIODS = 20_000
"""Most periods of a request, over all its accounts."""
MOST_FLIPPED = 5
"""Most accounts for which a request looks for what would change the finding."""
ShortName = Annotated[str, Field(min_length=1, max_length=128)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class AskContainers(Frozen):
    """How containers are to be sized."""

    strategy: str = Field(default="aurora", max_length=64, description=f"one of {', '.join(STRATEGIES)}")
    risk: float = Field(
        default=CPU_RISK, ge=1e-6, le=0.5, description="share of the time in which CPU demand may exceed the request"
    )
    memory_risk: float = Field(
        default=MEMORY_RISK, ge=1e-6, le=0.5, description="probability of a kill for lack of memory within the horizon"
    )
    days: float = Field(default=7.0, ge=1 / 24, le=90, description="days for which the advice is to hold")


class Advice(OpenModel):
    """What `aurora recommend containers --json` prints."""

    strategy: str = Field(description="how it was sized")
    horizon: float = Field(description="seconds for which it is to hold")
    containers: list[dict[str, Any]] = Field(
        description="workload, container, replicas, cpu and memory (finding, now, proposed, chance, reasons), money"
    )
    totals: dict[str, Any] = Field(description="sums now and proposed")


class AccountPeriod(Frozen):
    """A period of an account's history, as a row of `aurora recommend` has it."""

    account_id: Identifier = Field(description="the account")
    time: int = Field(ge=0, le=2**40, description="start of the period, seconds since 1970")
    instance: ShortName = Field(description="type of instance, of the catalogue")
    storage: ShortName = Field(description="class of storage, of the catalogue")
    network: ShortName = Field(description="tier of the network, of the catalogue")
    minimum: int = Field(ge=0, le=10**6, description="least instances")
    maximum: int = Field(ge=0, le=10**6, description="most instances")
    target: Share = Field(description="CPU utilisation that scaling aims at")
    cooldown: int = Field(ge=0, le=10**6, description="seconds between two changes of the number of instances")
    cpu: Share = Field(description="mean CPU utilisation")
    cpu_peak: Share = Field(description="largest CPU utilisation of any five minutes")
    running: Amount = Field(description="mean number of instances that ran")
    memory: Amount | None = Field(default=None, description="mean memory demand over capacity")
    io: Share | None = Field(default=None, description="mean storage operations over what the class allows")
    bandwidth: Share | None = Field(default=None, description="mean traffic over the tier's bandwidth")
    latency: Amount | None = Field(default=None, description="mean response time, seconds")
    throughput: Amount | None = Field(default=None, description="requests completed a second")
    misses: Share | None = Field(default=None, description="share of requests later than the limit")
    cost: Amount | None = Field(default=None, description="dollars of the period")
    limit: Amount = Field(description="promised response time, seconds")
    data: Amount = Field(description="GiB stored")
    tier: ShortName | None = Field(default=None, description="tier of the account, in words of its owner")
    site: ShortName | None = Field(default=None, description="place of the account, likewise")


class AskAccounts(Frozen):
    """Accounts to judge."""

    periods: list[AccountPeriod] = Field(
        min_length=2, max_length=MOST_PERIODS, description="periods of all accounts, in any order"
    )
    misses: float = Field(default=0.01, ge=1e-6, le=0.5, description="share of requests that may be late")
    flips: bool = Field(default=False, description="look for what would change the findings: seconds for each account")


class AccountAdvice(OpenModel):
    """What `aurora recommend --json` prints, with what it rests on."""

    recommendations: list[dict[str, Any]] = Field(
        description="account, finding, reasons, now, proposed, savings, risk, confidence, flips"
    )
    price_source: str = Field(description="source of the prices, with its date")
    remarks: list[str] = Field(description="repairs of the data, and what was assumed or left out, in sentences")


def router(context: WebContext, jobs: Jobs) -> APIRouter:
    """Return the routes of recommendations.

    Args:
        context: What the server shares.
        jobs: Runs what takes longer.
    """
    routes = APIRouter(prefix="/recommend", tags=["recommendations"], responses=ACCEPTED)
    desk = context.desk

    @routes.post("/containers", response_model=Advice)
    async def recommend_containers(owner: Owner, given: AskContainers | None = None) -> Response:
        """Recommend requests and limits of the cluster's containers, each with its risk and reasons."""
        asked = given or AskContainers()
        return await jobs.answer("recommend", owner, lambda progress: _advised(asked, progress))

    @routes.post("/accounts", response_model=AccountAdvice)
    async def recommend_accounts(owner: Owner, given: AskAccounts) -> Response:
        """Recommend for each account whether to change its configuration, to what, and what that saves."""
        return await jobs.answer("recommend accounts", owner, lambda progress: _judged(given, progress))

    def _judged(given: AskAccounts, progress: Progress) -> dict[str, Any]:
        from aurora.learning.accounts import accounts_in, synthetic_catalogue  # noqa: PLC0415  # heavy, used here only
        from aurora.learning.rightsizing.report import recommend  # noqa: PLC0415  # likewise

        rows = [p.model_dump(exclude_none=True) for p in given.periods]
        found = accounts_in(rows, synthetic_catalogue())
        if given.flips and len(found.accounts) > MOST_FLIPPED:
            raise TooLargeError(f"with flips, give at most {MOST_FLIPPED} accounts", parameter="flips")
        report = recommend(found.accounts, misses=given.misses, with_flips=given.flips, progress=progress)
        remarks = [f"{f.unique_id}: {f.message}" for f in found.findings]
        return {
            "recommendations": report.to_json(),
            "price_source": report.price_source,
            "remarks": [*remarks, *report.remarks, *report.assumptions],
        }

    def _advised(asked: AskContainers, progress: Progress) -> dict[str, Any]:
        from aurora.learning.rightsizing.containers import advise  # noqa: PLC0415  # heavy, used here only

        series = desk.container_series()
        if not series:
            raise InputError("the server has no measured use of containers; start it with --history")
        uses = container_uses(desk.cluster, series)
        return advise(
            uses,
            asked.strategy,
            risk=asked.risk,
            memory_risk=asked.memory_risk,
            horizon=asked.days * 86_400,
            progress=progress,
        ).to_json()

    return routes
