"""Advice for containers: requests and limits now and proposed, what they leave unused, and what they risk."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from aurora.learning.rightsizing.containers.use import RESOURCES, Resource, Size
from aurora.quantities import count, dollars, plain

Finding = Literal["over", "under", "fits", "unmeasured", "too_little", "held"]
"""What is the matter with a resource. "unmeasured", "too_little" (too few values) and "held" (an autoscaler or a rule
forbids a change) keep what is set now."""

HOURS_PER_MONTH = 730.0


class Prices(NamedTuple):
    """Prices of what is requested, dollars.

    Attributes:
        core_hour: One core for an hour.
        gib_hour: One GiB of memory for an hour.
    """

    core_hour: float
    gib_hour: float


@dataclass(frozen=True, slots=True)
class ResourceAdvice:
    """Advice for one resource of a container.

    Attributes:
        resource: The resource.
        finding: Finding; see `Finding`.
        have: Number of measured values.
        need: Number of values below which nothing is proposed.
        now: Request and limit now, cores or GiB.
        proposed: Proposed request and limit; those of now where nothing is to change.
        slack_now: Mean unused part of the request now, cores or GiB a pod; None without a request or values.
        slack: The same of the proposed request.
        chance_now: Probability under what is set now: for CPU of demand above the limit (the request, without a limit)
            at a moment of the next week, which throttles; for memory of a kill in the next week. None if unknown.
        chance: The same of what is proposed; None too where demand was cut off, so that nobody knows it.
        confidence: Share of the back-tests of this resource in which the proposal kept its promise; None without any.
        reasons: Reasons, in sentences.
        would_change: What would change the answer, in sentences.
    """

    resource: Resource
    finding: Finding
    have: int
    need: int
    now: Size
    proposed: Size
    slack_now: float | None = None
    slack: float | None = None
    chance_now: float | None = None
    chance: float | None = None
    confidence: float | None = None
    reasons: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerAdvice:
    """Advice for a container of a workload.

    Attributes:
        workload: Name of the workload.
        container: Name of the container.
        replicas: Number of pods.
        cpu: Advice for CPU.
        memory: Advice for memory.
        month_now: Price of the requests of all pods for 730 hours, dollars; None without prices or a request.
        month: The same of the proposed requests.
        autoscaler_target: Target of the autoscaler that goes with the proposed CPU request, a share of it; None if
            there is no autoscaler on CPU or nothing changes.
    """

    workload: str
    container: str
    replicas: int
    cpu: ResourceAdvice
    memory: ResourceAdvice
    month_now: float | None = None
    month: float | None = None
    autoscaler_target: float | None = None

    @property
    def name(self) -> str:
        """Workload and container."""
        return f"{self.workload}/{self.container}"

    def of(self, resource: Resource) -> ResourceAdvice:
        """Return the advice for a resource."""
        return self.cpu if resource == "cpu" else self.memory


class CalibrationSummary(NamedTuple):
    """What a resource's probabilities rest on.

    Attributes:
        resource: The resource.
        tests: Number of back-tests.
        containers: Number of containers tested.
        risk: Risk that was asked for.
        working_risk: Risk that the distributions were asked for, so that the back-tests give `risk`.
    """

    resource: Resource
    tests: int
    containers: int
    risk: float
    working_risk: float


@dataclass(frozen=True, slots=True)
class ContainerReport:
    """Advice for the containers of a cluster.

    Attributes:
        strategy: Name of the strategy.
        horizon: Seconds for which the probabilities hold.
        containers: Advice for each container, in the order in which they were given.
        calibrations: What the probabilities of each resource rest on.
        prices: Prices; None without.
    """

    strategy: str
    horizon: float
    containers: tuple[ContainerAdvice, ...]
    calibrations: tuple[CalibrationSummary, ...] = ()
    prices: Prices | None = None

    def totals(self) -> dict[str, Any]:
        """Return the requests of all pods now and proposed, cores and GiB, the money, and findings by count.

        Only containers whose request is set now count for a resource, so that both sums are of the same pods.
        """
        totals: dict[str, Any] = {}
        for resource in RESOURCES:
            pairs = [(a.of(resource), a.replicas) for a in self.containers]
            known = [(a, n) for a, n in pairs if a.now.request is not None]
            totals[resource] = {
                "now": sum((a.now.request or 0.0) * n for a, n in known),
                "proposed": sum((a.proposed.request or 0.0) * n for a, n in known),
                "containers": len(known),
                "findings": dict(Counter(a.finding for a, _ in pairs)),
            }
        priced = [a for a in self.containers if a.month_now is not None and a.month is not None]
        totals["month_now"] = sum(a.month_now or 0.0 for a in priced) if priced else None
        totals["month"] = sum(a.month or 0.0 for a in priced) if priced else None
        return totals

    def to_json(self) -> dict[str, Any]:
        """Return the report; the keys are those of `aurora recommend containers --json`."""
        containers = []
        for advice in self.containers:
            row = asdict(advice)
            for resource in RESOURCES:
                part = advice.of(resource)
                row[resource] |= {"now": part.now._asdict(), "proposed": part.proposed._asdict()}
            containers.append(row)
        return {
            "strategy": self.strategy,
            "horizon": self.horizon,
            "prices": None if self.prices is None else self.prices._asdict(),
            "calibrations": [c._asdict() for c in self.calibrations],
            "containers": containers,
            "totals": self.totals(),
        }

    def summary(self) -> list[str]:
        """Return lines on the totals, for people."""
        totals = self.totals()
        lines = []
        for resource, unit in (("cpu", "cores"), ("memory", "GiB")):
            part = totals[resource]
            if part["containers"]:
                pods = f"all pods of {count(part['containers'])} containers"
                lines.append(
                    f"{resource}: {plain(part['now'])} {unit} requested by {pods}, {plain(part['proposed'])} proposed"
                )
        if totals["month_now"] is not None:
            lines.append(
                f"a month of 730 hours: {dollars(totals['month_now'])} now, {dollars(totals['month'])} proposed"
            )
        return lines
