"""A tool that sizes the containers of the open cluster by their measured use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from aurora.cluster.container_use import container_uses
from aurora.cluster.resource_prices import resource_prices
from aurora.errors import InputError
from aurora.learning.rightsizing.containers.advice import ContainerAdvice, ResourceAdvice
from aurora.learning.rightsizing.containers.advise import advise
from aurora.tools.desk import Desk
from aurora.types import Frozen

MAX_ROWS = 40
"""Most rows listed."""


class OversizedArguments(Frozen):
    """Workloads to size."""

    workload_ids: tuple[str, ...] = Field(default=(), max_length=40, description="NAMESPACE/KIND/NAME; empty: all")
    finding: Literal["over", "under", "any"] = Field(default="any", description="findings that are listed")


class SizeRow(Frozen):
    """A resource of a container: amounts in cores or GiB, of each of its tasks."""

    workload_id: str
    container: str
    tasks: int
    resource: str
    unit: str
    finding: str = Field(
        description="over, under, fits, unmeasured, too_little (too few values) or held (an autoscaler forbids it)"
    )
    request_now: float | None
    request_proposed: float | None
    limit_now: float | None
    limit_proposed: float | None
    unused_now: float | None = Field(description="mean part of the request that is not used")
    freed: float | None = Field(description="requests that all its tasks give back; negative: they need more")
    freed_price_per_hour: float | None = Field(
        default=None,
        description="price of what is given back, half of a node's price for its cores and half for its memory; "
        "null: prices are not known",
    )
    chance_now: float | None = Field(
        description="of throttling at a moment (cpu) or of a kill in a week (memory) under what is set now"
    )
    chance_proposed: float | None = Field(description="the same under what is proposed; null: not known")
    confidence: float | None = Field(description="share of back-tests in which such a proposal kept its promise")
    reasons: tuple[str, ...]
    would_change: tuple[str, ...] = Field(description="what would change the answer")


class SizeTotal(Frozen):
    """Requests of all tasks of the containers whose request is known."""

    resource: str
    unit: str
    requested: float
    proposed: float
    freed: float = Field(description="by the proposals that lower requests")


class SizesFound(Frozen):
    """Sizes of containers by their measured use, those that free most first."""

    oversized: int = Field(description="rows found over")
    undersized: int = Field(description="rows found under")
    unmeasured: int = Field(description="rows without measurements, which stay as they are")
    totals: tuple[SizeTotal, ...]
    count: int = Field(description="rows that match")
    containers: tuple[SizeRow, ...]


def oversized(desk: Desk, arguments: OversizedArguments) -> SizesFound:
    """Which containers request too much or too little, by their measured use, and what they should request."""
    rows = size_rows(desk, arguments.workload_ids)
    listed = [r for r in rows if arguments.finding in ("any", r.finding)]
    order = {"over": 0, "under": 1, "held": 2, "fits": 3}
    listed.sort(key=lambda r: (order.get(r.finding, 4), -abs(r.freed or 0.0)))
    return SizesFound(
        oversized=sum(r.finding == "over" for r in rows),
        undersized=sum(r.finding == "under" for r in rows),
        unmeasured=sum(r.finding in ("unmeasured", "too_little") for r in rows),
        totals=tuple(_total(rows, resource) for resource in ("cpu", "memory")),
        count=len(listed),
        containers=tuple(listed[:MAX_ROWS]),
    )


def size_rows(desk: Desk, workload_ids: tuple[str, ...] = ()) -> list[SizeRow]:
    """Return the advice for the containers of workloads of the open cluster; of all, where none is given.

    Raises:
        InputError: No use of containers was measured, or there is no such workload.
    """
    cluster = desk.cluster
    unknown = [w for w in workload_ids if w not in cluster.workloads_by_id]
    if unknown:
        raise InputError("there is no such workload", parameter="workload_ids", value=unknown[0])
    series = desk.container_series()
    if not series:
        raise InputError("no measured use of containers is open; start with a history that has it")
    report = advise(container_uses(cluster, series))  # sized together, whichever are asked for
    chosen = [a for a in report.containers if not workload_ids or a.workload in workload_ids]
    prices = resource_prices(cluster)
    return [_row(advice, part, prices) for advice in chosen for part in (advice.cpu, advice.memory)]


def _row(advice: ContainerAdvice, part: ResourceAdvice, prices: Mapping[str, float]) -> SizeRow:
    now, then = part.now.request, part.proposed.request
    freed = None if now is None or then is None else (now - then) * advice.replicas
    price = prices.get(part.resource)
    return SizeRow(
        workload_id=advice.workload,
        container=advice.container,
        tasks=advice.replicas,
        resource=part.resource,
        unit="cores" if part.resource == "cpu" else "GiB",
        finding=part.finding,
        request_now=now,
        request_proposed=then,
        limit_now=part.now.limit,
        limit_proposed=part.proposed.limit,
        unused_now=part.slack_now,
        freed=freed,
        freed_price_per_hour=None if freed is None or price is None else freed * price,
        chance_now=part.chance_now,
        chance_proposed=part.chance,
        confidence=part.confidence,
        reasons=part.reasons[:3],
        would_change=part.would_change[:2],
    )


def _total(rows: list[SizeRow], resource: str) -> SizeTotal:
    known = [r for r in rows if r.resource == resource and r.request_now is not None]
    return SizeTotal(
        resource=resource,
        unit="cores" if resource == "cpu" else "GiB",
        requested=sum((r.request_now or 0.0) * r.tasks for r in known),
        proposed=sum((r.request_proposed or 0.0) * r.tasks for r in known),
        freed=sum(r.freed or 0.0 for r in known if (r.freed or 0.0) > 0),
    )
