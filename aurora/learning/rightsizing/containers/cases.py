"""Special cases of measured use: limits that were hit, kills, plateaus, growth, start-up and autoscalers.

Each changes what the distributions say, and says so in a sentence.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.use import MIB, UNSET, ContainerUse, Demand, Size, startup_peak
from aurora.quantities import duration, percent, plain

AT_LIMIT = {"cpu": 0.95, "memory": 0.98}
"""Share of a limit from which use counts as cut off by it."""
AT_LIMIT_SHARE = 0.01
"""Share of the values at the limit from which the demand above it counts as unknown."""
THROTTLED_SHARE = 0.05
"""Share of throttled periods from which it does."""
CPU_LIMIT_RAISE = 1.5
MEMORY_LIMIT_RAISE = 1.2
OOM_RAISE = 1.2
OOM_LEAST_RAISE = 100 * MIB
"""Least memory that is added to the level of a kill."""
STARTUP_ROOM = 1.1
PLATEAU_ROOM = 1.1
"""Size over the plateau: what lies beside the heap can still grow."""
PLATEAU_WIDTH = 0.03
"""Share of the peak within which all values of the later half lie on a plateau."""
PLATEAU_RISE = 0.2
"""Share of the peak by which the first values lie below a plateau that was risen to."""
GROWTH_PARTS = 8
"""Number of parts of the past in whose peaks growth is looked for."""
GROWTH_LEAST = 0.1
"""Share of the peak that growth over the past comes to at least."""
MOST_GROWTH = 2.0
"""Most growth in the horizon, in multiples of the peak."""
LEAST_CPU = 0.01
LEAST_MEMORY = 16 * MIB
HIGHEST_TARGET = 1.0
"""Highest target of an autoscaler on CPU: above it pods use more than they request."""


class Sized(NamedTuple):
    """A size after the special cases.

    Attributes:
        size: Proposed request and limit.
        reasons: What changed it, in sentences.
        would_change: What would change it, in sentences.
        floor: Least request and limit that a case demands, whatever is set now.
        target: New target of the autoscaler; None if it stays.
        is_cut_off: Whether a limit cut the measured demand off, so that its distribution is not known.
        is_held: Whether something forbids a change.
        is_joint: Whether the size goes with those of other containers, so that none may be left out.
    """

    size: Size
    reasons: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    floor: Size = UNSET
    target: float | None = None
    is_cut_off: bool = False
    is_held: bool = False
    is_joint: bool = False


def rounded_up(value: float, grain: float) -> float:
    """Return the least multiple of a grain that is not below a value.

    >>> rounded_up(0.12301, 0.001), rounded_up(0.123, 0.001)
    (0.124, 0.123)
    """
    steps = ceil(value / grain - 1e-6)
    return round(steps * grain, 12)


def share_at_limit(demand: Demand, limit: float | None) -> float:
    """Return the share of the values at the limit; 0 without a limit."""
    if not limit:
        return 0.0
    return float((demand.values >= AT_LIMIT[demand.resource] * limit).mean())


def plateau_of(demand: Demand) -> float | None:
    """Return the level of a plateau that memory rose to and stayed on, GiB; None if there is none.

    Heaps with a maximum, such as that of a Java machine, are filled to it before they are cleaned. The level is that
    maximum, and says little about the need.
    """
    values = demand.values[np.argsort(demand.times, kind="stable")]
    peak = float(values.max())
    later = values[len(values) // 2 :]
    first = values[: max(1, len(values) // 50)]
    if peak <= 0 or later.min() < (1 - PLATEAU_WIDTH) * peak or first.min() > (1 - PLATEAU_RISE) * peak:
        return None
    return float(later.max())


def growth_of(demand: Demand) -> float:
    """Return the growth of memory peaks a second, GiB; 0 unless they rise through the whole past.

    The slope is the median of those between all pairs of peaks (Theil 1950, Sen 1968).
    """
    times, values = demand.times, demand.values
    start, end = float(times.min()), demand.end
    parts = np.minimum(((times - start) / max(end - start, 1.0) * GROWTH_PARTS).astype(np.int64), GROWTH_PARTS - 1)
    peaks = np.full(GROWTH_PARTS, -np.inf)
    np.maximum.at(peaks, parts, values)
    if not np.isfinite(peaks).all():
        return 0.0
    rises = np.diff(peaks) > 0
    if rises.sum() < GROWTH_PARTS - 2 or peaks[-1] < peaks.max() or peaks[-1] - peaks[0] < GROWTH_LEAST * peaks[-1]:
        return 0.0
    i, j = np.triu_indices(GROWTH_PARTS, 1)
    return float(np.median((peaks[j] - peaks[i]) / (j - i))) / ((end - start) / GROWTH_PARTS)


def sized_cpu(use: ContainerUse, demand: Demand, wanted: float, tail: float) -> Sized:
    """Return the CPU request and limit of a container.

    Args:
        use: The container.
        demand: Measured steady CPU.
        wanted: Request by the distribution, cores.
        tail: Limit by the distribution, cores; used only where a limit is set now.
    """
    now, scaler = use.cpu_size, use.autoscaler
    reasons, change = [], []
    request = max(rounded_up(wanted, 0.001), LEAST_CPU)
    limit = None if now.limit is None else max(tail, request)
    start = startup_peak(use)
    if start > request:
        kept = "the limit leaves room for it" if limit is not None else "without a limit it may borrow"
        reasons.append(f"start-up takes up to {plain(start, 3)} cores and is not part of the request; {kept}")
        limit = None if limit is None else max(limit, STARTUP_ROOM * start)
    floor = UNSET
    if now.limit and (cut := _cut_off(use, demand)):
        floor = Size(now.request, CPU_LIMIT_RAISE * now.limit)
        request = max(request, now.request or 0.0)
        limit = max(limit or 0.0, CPU_LIMIT_RAISE * now.limit, request)
        reasons.append(f"{cut}: demand above {plain(now.limit, 3)} cores was cut off and is not known; raise the limit")
        change.append("values under the raised limit, which show the whole demand")
    size = Size(request, None if limit is None else rounded_up(limit, 0.001))
    sized = Sized(size, tuple(reasons), tuple(change), floor, is_cut_off=floor != UNSET)
    # Over several containers the target is one for all: `kept_together` sets it once each is sized.
    if scaler is None or scaler.resource != "cpu" or scaler.is_shared:
        return sized
    if now.request is None:
        return sized._replace(reasons=(*reasons, "an autoscaler on CPU needs a request, and none is set"))
    return _scaled(sized, now.request * scaler.target)


def _cut_off(use: ContainerUse, demand: Demand) -> str:
    """Return how often the CPU limit cut demand off, in words; empty if rarely."""
    throttled, at_limit = use.throttled or 0.0, share_at_limit(demand, use.cpu_size.limit)
    if throttled > THROTTLED_SHARE:
        return f"{percent(throttled)} of periods throttled"
    return f"{percent(at_limit)} of values at the limit" if at_limit > AT_LIMIT_SHARE else ""


def _scaled(sized: Sized, product: float) -> Sized:
    """Keep the use of a pod at which an autoscaler scales: request times target."""
    wanted, limit = sized.size
    points = max(1, min(round(100 * product / max(wanted or 0.0, 1e-9)), round(100 * HIGHEST_TARGET)))
    request = rounded_up(100 * product / points, 0.001)
    reason = (
        f"an autoscaler scales at {plain(product, 3)} cores a pod (request times target); with this request its target "
        f"is {points} %, and the number of pods stays as it is"
    )
    change = "a new target without the new request, or the other way round, which changes the number of pods"
    return sized._replace(
        size=Size(request, None if limit is None else max(limit, request)),
        reasons=(*sized.reasons, reason),
        would_change=(*sized.would_change, change),
        target=points / 100,
    )


class Pod(NamedTuple):
    """CPU of the containers of a pod, over whose requests together an autoscaler's target is.

    Attributes:
        now: Requests now, cores, one for each container; None where none is set.
        wanted: Requests that each container should have at least, cores; None where a container was not measured.
        target: Target of the autoscaler, a share of the sum of the requests.
    """

    now: tuple[float | None, ...]
    wanted: tuple[float | None, ...]
    target: float


class Together(NamedTuple):
    """Requests of a pod's containers with the autoscaler's new target, a share of their sum."""

    requests: tuple[float, ...]
    target: float


def kept_together(pod: Pod) -> Together | None:
    """Return requests and a target that leave the number of pods as it is; None if that cannot be told.

    An autoscaler compares the pod's use with target times the sum of its requests (`resource` metrics of
    autoscaling/v2). So the product of sum and target has to stay. The target is a whole per cent and at most
    `HIGHEST_TARGET`; what that adds to the sum is spread over the containers in proportion.
    """
    now = [request for request in pod.now if request is not None]
    wanted = [request for request in pod.wanted if request is not None]
    if len(now) < len(pod.now) or len(wanted) < len(pod.wanted):
        return None
    product = sum(now) * pod.target
    # Rounded down, so that no container gets less than it should have.
    points = min(int(100 * product / sum(wanted) + 1e-9), round(100 * HIGHEST_TARGET))
    if points < 1:
        return None
    factor = 100 * product / points / sum(wanted)
    return Together(tuple(rounded_up(factor * request, 0.001) for request in wanted), points / 100)


def held_together(sized: Sized, now: Size, containers: int) -> Sized:
    """Return the size of now, where the requests of a pod under an autoscaler can't be set together."""
    why = (
        f"an autoscaler scales on the CPU requests of the pod's {containers} containers together, and not all of them "
        "have a request and enough values, so each stays as it is"
    )
    return Sized(now, (why,), is_cut_off=sized.is_cut_off, is_held=True)


def sized_together(sized: Sized, joint: Together, place: int, product: float) -> Sized:
    """Return the size of a container among those of its pod under an autoscaler.

    Args:
        sized: Its size by itself.
        joint: Requests of all containers, and the target.
        place: Position of the container among them.
        product: CPU of a pod at which the autoscaler scales, cores.
    """
    request, limit = joint.requests[place], sized.size.limit
    reason = (
        f"an autoscaler scales at {plain(product, 3)} cores a pod (target times the requests of its "
        f"{len(joint.requests)} containers); with the requests proposed for all of them its target is "
        f"{percent(joint.target)}, and the number of pods stays as it is"
    )
    change = "a change of some of the requests, or of the target, without the others, which changes the number of pods"
    return sized._replace(
        size=Size(request, None if limit is None else max(limit, request)),
        reasons=(*sized.reasons, reason),
        would_change=(*sized.would_change, change),
        target=joint.target,
        is_joint=True,
    )


def sized_memory(use: ContainerUse, demand: Demand, wanted: float, horizon: float) -> Sized:
    """Return the memory request and limit of a container; a limit equals its request.

    Args:
        use: The container.
        demand: Measured memory.
        wanted: Size by the distribution, GiB.
        horizon: Seconds to look ahead.
    """
    now = use.memory_size
    if use.autoscaler is not None and use.autoscaler.resource == "memory":
        return Sized(now, ("an autoscaler scales on the memory request, so it stays as it is",), is_held=True)
    reasons, change = [], []
    least, is_cut_off = LEAST_MEMORY, False
    peak, plateau = float(demand.values.max()), plateau_of(demand)
    if plateau is not None:
        least = PLATEAU_ROOM * plateau
        reasons.append(
            f"memory rose to {plain(plateau, 3)} GiB and stayed there, as a heap that fills up to its maximum does: "
            "that is the heap's limit, not the need"
        )
        change.append("a lower maximum of the heap (for Java -Xmx or MaxRAMPercentage): lower that first, then this")
    elif (growth := growth_of(demand)) > 0:
        added = min(growth * horizon, MOST_GROWTH * peak)
        least = peak + added
        reasons.append(
            f"its peaks rise through the whole past; at {plain(1024 * growth * 86_400, 3)} MiB a day it takes "
            f"{plain(added, 3)} GiB more in {duration(horizon)} (a leak?)"
        )
        change.append("an end of the growth, or a restart")
    if use.ooms:
        level = max(o.level or now.limit or now.request or peak for o in use.ooms)
        least, is_cut_off = max(least, OOM_RAISE * level, level + OOM_LEAST_RAISE), True
        times = "once" if len(use.ooms) == 1 else f"{len(use.ooms)} times"
        reasons.append(f"killed for lack of memory {times}, at up to {plain(level, 3)} GiB: the need is above that")
        change.append("a week under the raised limit without a kill")
    elif now.limit and share_at_limit(demand, now.limit) > AT_LIMIT_SHARE:
        least, is_cut_off = max(least, MEMORY_LIMIT_RAISE * now.limit), True
        reasons.append(f"at its limit of {plain(now.limit, 3)} GiB: what it would take above that is not known")
        change.append("values under the raised limit, which show the whole demand")
    size = rounded_up(max(wanted, least), MIB)
    both = [Size(value, None if now.limit is None else value) for value in (size, least)]
    return Sized(both[0], tuple(reasons), tuple(change), both[1], is_cut_off=is_cut_off)
