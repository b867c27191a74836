"""Recommendations: requests and limits of the cluster's containers by their measured use."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from aurora.cluster.container_use import container_uses
from aurora.errors import InputError
from aurora.learning.rightsizing.containers.strategies import CPU_RISK, MEMORY_RISK, STRATEGIES
from aurora.types import Frozen
from aurora.web.api.answers import OpenModel
from aurora.web.api.jobs import ACCEPTED, Jobs
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext


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
        return await jobs.answer("recommend", owner, lambda: _advised(asked))

    def _advised(asked: AskContainers) -> dict[str, Any]:
        from aurora.learning.rightsizing.containers import advise  # noqa: PLC0415  # heavy, used here only

        series = desk.container_series()
        if not series:
            raise InputError("the server has no measured use of containers; start it with --history")
        uses = container_uses(desk.cluster, series)
        return advise(
            uses, asked.strategy, risk=asked.risk, memory_risk=asked.memory_risk, horizon=asked.days * 86_400
        ).to_json()

    return routes
