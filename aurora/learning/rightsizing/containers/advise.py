"""Advises on requests and limits of containers, from what they were measured to use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.rightsizing.containers.advice import (
    HOURS_PER_MONTH,
    CalibrationSummary,
    ContainerAdvice,
    ContainerReport,
    Finding,
    Prices,
    ResourceAdvice,
)
from aurora.learning.rightsizing.containers.cases import (
    Pod,
    Sized,
    held_together,
    kept_together,
    sized_cpu,
    sized_memory,
    sized_together,
)
from aurora.learning.rightsizing.containers.outlook import Outlook
from aurora.learning.rightsizing.containers.risk import (
    LARGEST_SHARE,
    Calibration,
    allocate,
    back_tests,
    calibrate,
    look_ahead,
)
from aurora.learning.rightsizing.containers.strategies import CPU_RISK, MEMORY_RISK, STRATEGIES, Strategy
from aurora.learning.rightsizing.containers.use import (
    RESOURCES,
    UNITS,
    ContainerUse,
    Demand,
    Resource,
    Size,
    check_use,
    demand_of,
)
from aurora.quantities import percent, plain
from aurora.types import FloatArray, Progress, no_progress

WEEK = 7 * 86_400.0
LEAST_HOURS = 48.0
"""Hours of measurements below which AURORA proposes nothing: two of every hour of the day."""
SAME = 0.05
"""Relative change of a request below which it stays as it is."""
LIMIT_RISK = 0.1
"""Share of the risk of a CPU request that its limit may take."""


class _Fleet(NamedTuple):
    """Demands for a resource that are long enough, with their distributions.

    Attributes:
        demands: By position of the container.
        places: Place of each container in what follows, by position of the container.
        calibration: What the back-tests taught.
        outlook: Distributions.
        wanted: Sizes by the strategy.
        tails: CPU limits by the distributions.
        in_pod: Number of containers in the pod, by position of the container.
    """

    demands: dict[int, Demand]
    places: dict[int, int]
    calibration: Calibration
    outlook: Outlook
    wanted: FloatArray
    tails: FloatArray
    in_pod: Mapping[int, int] = MappingProxyType({})


def advise(  # noqa: PLR0913  # what a recommendation depends on
    uses: Sequence[ContainerUse],
    strategy: str = "aurora",
    prices: Prices | None = None,
    *,
    risk: float = CPU_RISK,
    memory_risk: float = MEMORY_RISK,
    horizon: float = WEEK,
    least_hours: float = LEAST_HOURS,
    progress: Progress = no_progress,
) -> ContainerReport:
    """Advise on requests and limits of containers.

    What was not measured stays as it is, and so does a resource with too few values. All containers are sized together:
    the risks are means over them, and no container bears more than four times the mean.

    Args:
        uses: The containers.
        strategy: Name of a strategy, one of `STRATEGIES`.
        prices: Prices of requests; None for no money.
        risk: Share of the time in which CPU demand may exceed the request.
        memory_risk: Probability of a kill for lack of memory within the horizon.
        horizon: Seconds for which the advice is to hold.
        least_hours: Hours of measurements below which nothing is proposed.
        progress: Receives how many containers are done.

    Raises:
        InputError: The strategy is not known, or an argument or a number of a container is out of range.

    Example:
        >>> from aurora.learning.rightsizing.containers import advise, made_up_containers
        >>> report = advise(made_up_containers(seed=1))
        >>> report.containers[0].cpu.finding
        'over'
    """
    _check(uses, strategy, prices, (risk, memory_risk), horizon, least_hours)
    uses = _counted(uses)
    parts = {}
    for resource, asked in zip(RESOURCES, (risk, memory_risk), strict=True):
        progress(resource, 0, len(uses))
        parts[resource] = _sized(uses, resource, STRATEGIES[strategy], asked, horizon, least_hours)
        progress(resource, len(uses), len(uses))
    containers = []
    for use, (cpu, target), (memory, _) in zip(uses, parts["cpu"].advice, parts["memory"].advice, strict=True):
        now, then = (_month(prices, use.replicas, s) for s in ((cpu.now, memory.now), (cpu.proposed, memory.proposed)))
        containers.append(
            ContainerAdvice(use.workload, use.container, use.replicas, cpu, memory, now, then, autoscaler_target=target)
        )
    summaries = tuple(part.summary for part in parts.values() if part.summary is not None)
    return ContainerReport(strategy, horizon, tuple(containers), summaries, prices)


class _Sized(NamedTuple):
    """Advice for a resource of all containers, with the new targets of autoscalers, and what it rests on."""

    advice: list[tuple[ResourceAdvice, float | None]]
    summary: CalibrationSummary | None


def _sized(
    uses: Sequence[ContainerUse],
    resource: Resource,
    strategy: Strategy,
    risk: float,
    horizon: float,
    least_hours: float,
) -> _Sized:
    """Size a resource of all containers together."""
    measured = [demand_of(use, resource) for use in uses]
    needs = [0 if d is None else (strategy.need or ceil(least_hours * 3600 / d.step)) for d in measured]
    fleet = _fleet(
        {k: d for k, d in enumerate(measured) if d is not None and d.count >= needs[k]}, strategy, risk, horizon
    )
    in_pod = Counter(use.workload for use in uses)
    fleet = fleet._replace(in_pod={k: in_pod[uses[k].workload] for k in fleet.demands})
    sizes = {k: _first_size(uses[k], strategy, fleet, k, horizon) for k in fleet.demands}
    if resource == "cpu" and strategy.sized is None:
        sizes |= _together(uses, sizes)
    advice: list[tuple[ResourceAdvice, float | None]] = []
    for k, use in enumerate(uses):
        if k in fleet.demands:
            advice.append(_judged(use, strategy, fleet, k, needs[k], risk, sizes[k]))
        else:
            advice.append((_unsized(use, resource, measured[k], needs[k]), None))
    if not fleet.demands:
        return _Sized(advice, None)
    past = fleet.calibration
    return _Sized(advice, CalibrationSummary(resource, past.tests, past.containers, risk, past.working_risk(risk)))


def _counted(uses: Sequence[ContainerUse]) -> list[ContainerUse]:
    """Return the containers with their number in the pod, where an autoscaler works on it."""
    counts = Counter(use.workload for use in uses)
    counted = []
    for use in uses:
        scaler = use.autoscaler
        if scaler is not None and scaler.container not in (None, use.container):
            scaler = None  # it watches another container of the pod
        scaler = None if scaler is None else scaler._replace(containers=counts[use.workload])
        counted.append(replace(use, autoscaler=scaler))
    return counted


def _check(
    uses: Sequence[ContainerUse],
    strategy: str,
    prices: Prices | None,
    risks: tuple[float, float],
    horizon: float,
    least_hours: float,
) -> None:
    if strategy not in STRATEGIES:
        raise InputError(f"there are {', '.join(STRATEGIES)}", parameter="strategy", value=strategy)
    for name, value in zip(("risk", "memory_risk"), risks, strict=True):
        if not 0 < value < 1:
            raise InputError("give a probability above 0 and below 1", parameter=name, value=value)
    for name, value in (("horizon", horizon), ("least_hours", least_hours)):
        if not 0 < value < np.inf:
            raise InputError("give a finite number above 0", parameter=name, value=value)
    if prices is not None and not (min(prices) >= 0 and np.isfinite(prices).all()):
        raise InputError("prices must be finite numbers from 0 up", parameter="prices", value=prices)
    names = set()
    for use in uses:
        check_use(use)
        if use.name in names:
            raise InputError(f"two containers are called {use.name!r}; give them different names")
        names.add(use.name)


def _fleet(demands: dict[int, Demand], strategy: Strategy, risk: float, horizon: float) -> _Fleet:
    """Calibrate on the demands, which are of one resource, and size them."""
    every = list(demands.values())
    resource = every[0].resource if every else "cpu"
    horizons = [look_ahead(d, horizon) for d in every]
    calibration = calibrate(resource, back_tests(every, horizon))
    outlook = calibration.outlook(every, horizons)
    rule = strategy.rule(resource)
    if rule.size is None:
        wanted = allocate(outlook, calibration.working_risk(risk))
    else:
        wanted = np.array([rule.size(d, rule.default) for d in every])
    tails = allocate(outlook, calibration.working_risk(LIMIT_RISK * risk)) if every else np.zeros(0)
    places = {k: place for place, k in enumerate(demands)}
    return _Fleet(demands, places, calibration, outlook, wanted, tails)


def _unsized(use: ContainerUse, resource: Resource, demand: Demand | None, need: int) -> ResourceAdvice:
    """Return the advice for a resource without enough values: as it is."""
    now = use.size(resource)
    if demand is None:
        return ResourceAdvice(resource, "unmeasured", 0, need, now, now, reasons=("not measured: it stays as it is",))
    hours = (need - demand.count) * demand.step / 3600
    return ResourceAdvice(
        resource,
        "too_little",
        demand.count,
        need,
        now,
        now,
        slack_now=_slack(demand, now.request),
        slack=_slack(demand, now.request),
        reasons=(f"{demand.count} values are measured and {need} are needed: it stays as it is",),
        would_change=(f"{plain(hours, 3)} more hours of measurements",),
    )


def _first_size(use: ContainerUse, strategy: Strategy, fleet: _Fleet, k: int, horizon: float) -> Sized:
    """Return the size of a container by itself."""
    demand, place = fleet.demands[k], fleet.places[k]
    wanted = float(fleet.wanted[place])
    if strategy.sized is not None:
        return strategy.sized(use, demand, wanted, fleet.in_pod[k])
    if demand.resource == "cpu":
        return sized_cpu(use, demand, wanted, float(fleet.tails[place]))
    return sized_memory(use, demand, wanted, horizon)


def _together(uses: Sequence[ContainerUse], sizes: Mapping[int, Sized]) -> dict[int, Sized]:
    """Return the sizes of the containers over which an autoscaler has one target, which keep the number of pods."""
    pods: dict[str, list[int]] = {}
    for k, use in enumerate(uses):
        if use.autoscaler is not None and use.autoscaler.resource == "cpu" and use.autoscaler.is_shared:
            pods.setdefault(use.workload, []).append(k)
    changed: dict[int, Sized] = {}
    for members in pods.values():
        scaler = uses[members[0]].autoscaler
        assert scaler is not None
        now = tuple(uses[k].cpu_size.request for k in members)
        wanted = tuple(sizes[k].size.request if k in sizes else None for k in members)
        joint = kept_together(Pod(now, wanted, scaler.target))
        for place, k in enumerate(members):
            if k not in sizes:
                continue
            if joint is None:
                changed[k] = held_together(sizes[k], uses[k].cpu_size, len(members))
            else:
                changed[k] = sized_together(sizes[k], joint, place, scaler.target * sum(r or 0.0 for r in now))
        kept = [k for k in members if k in sizes]
        near = [_is_same(uses[k].cpu_size, changed[k].size, is_safe=True) for k in kept]
        if joint is not None and all(near) and all(_meets(uses[k].cpu_size, sizes[k].floor) for k in kept):
            changed |= {k: changed[k]._replace(size=uses[k].cpu_size, target=None) for k in kept}
    return changed


def _judged(
    use: ContainerUse, strategy: Strategy, fleet: _Fleet, k: int, need: int, risk: float, sized: Sized
) -> tuple[ResourceAdvice, float | None]:
    """Return the advice for a resource, and the new target of an autoscaler on it."""
    demand, place = fleet.demands[k], fleet.places[k]
    resource = demand.resource
    now = use.size(resource)
    is_ours = strategy.rule(resource).size is None
    chance_now = _chance(fleet, place, _bound(now))
    is_safe = chance_now is not None and chance_now <= LARGEST_SHARE * risk
    if is_ours and not sized.is_joint and _meets(now, sized.floor) and _is_same(now, sized.size, is_safe=is_safe):
        sized = sized._replace(size=now, target=None)
    chance = _chance(fleet, place, _bound(sized.size))
    above = _chance(fleet, place, sized.size.request)
    factors: list[str] = []
    if sized.is_cut_off:
        chance = above = None
    else:
        factors = _factors(now, sized.size)
    reasons = (*_base_reasons(demand, above, sized.size, risk, strategy), *sized.reasons)
    change = (*factors, *sized.would_change)
    advice = ResourceAdvice(
        resource,
        "held" if sized.is_held else _finding(now, sized.size),
        demand.count,
        need,
        now,
        sized.size,
        _slack(demand, now.request),
        _slack(demand, sized.size.request),
        chance_now,
        chance,
        fleet.calibration.kept(risk) if is_ours else None,
        reasons,
        change,
    )
    return advice, sized.target


def _meets(now: Size, floor: Size) -> bool:
    """Return whether what is set now is as large as a case demands."""
    return all(least is None or (has is not None and has >= least) for has, least in zip(now, floor, strict=True))


def _is_same(now: Size, proposed: Size, *, is_safe: bool) -> bool:
    """Return whether a proposal differs so little from what is set now that it isn't worth a change.

    Args:
        now: What is set now.
        proposed: The proposal.
        is_safe: Whether what is set now bears no more than the risk of a container; if not, more is worth a change.
    """
    if not is_safe and (proposed.request or 0.0) > (now.request or 0.0):
        return False
    if (now.limit is None) != (proposed.limit is None) or not now.request or not proposed.request:
        return now == proposed
    near = abs(proposed.request - now.request) <= SAME * now.request
    return near and (now.limit is None or proposed.limit is None or proposed.limit <= now.limit * (1 + SAME))


def _finding(now: Size, proposed: Size) -> Finding:
    if now == proposed:
        return "fits"
    if now.request is None or (proposed.request or 0.0) > now.request:
        return "under"
    if (proposed.request or 0.0) < now.request:
        return "over"
    return "under" if (proposed.limit or np.inf) > (now.limit or np.inf) else "over"


def _bound(size: Size) -> float | None:
    """Return what demand may not exceed: the limit, or the request where there is none."""
    return size.request if size.limit is None else size.limit


def _chance(fleet: _Fleet, place: int, bound: float | None) -> float | None:
    """Return the probability of throttling at a moment, or of a kill within the horizon."""
    if bound is None:
        return None
    row = Outlook(fleet.outlook.sizes[place : place + 1], fleet.outlook.above[place : place + 1])
    chance = float(fleet.calibration.realised(row.chance(np.array([bound])))[0])
    return min(max(chance, 0.0), 1.0)


def _slack(demand: Demand, request: float | None) -> float | None:
    return None if request is None else float(np.maximum(request - demand.values, 0.0).mean())


def _base_reasons(demand: Demand, above: float | None, proposed: Size, risk: float, strategy: Strategy) -> list[str]:
    unit, values = UNITS[demand.resource], demand.values
    reasons = [
        f"measured {plain(float(np.median(values)), 3)} {unit} in half of the time, at most "
        f"{plain(float(values.max()), 3)}"
    ]
    if strategy.rule(demand.resource).size is not None:
        reasons.append(strategy.text)
    elif proposed.request is not None and above is not None:
        what = "demand exceeds it" if demand.resource == "cpu" else "a kill comes"
        share = f"{percent(above)} of the time" if demand.resource == "cpu" else f"with probability {percent(above)}"
        reasons.append(
            f"at {plain(proposed.request, 3)} {unit} {what} {share}; {percent(risk)} is allowed as a mean over all "
            "containers"
        )
    return reasons


def _factors(now: Size, proposed: Size) -> list[str]:
    """Return by how much demand would have to differ for what is set now to be right."""
    if not now.request or not proposed.request or now.request == proposed.request:
        return []
    factor = plain(now.request / proposed.request, 3)
    return [f"if demand were {factor} times as high, the request of now would fit"]


def _month(prices: Prices | None, replicas: int, sizes: tuple[Size, Size]) -> float | None:
    cpu, memory = sizes
    if prices is None or cpu.request is None or memory.request is None:
        return None
    return HOURS_PER_MONTH * replicas * (cpu.request * prices.core_hour + memory.request * prices.gib_hour)
