"""Measured use of containers, the demand in it, and the sizes that requests and limits have now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.series.series import Series
from aurora.types import FloatArray

Resource = Literal["cpu", "memory"]
RESOURCES: tuple[Resource, ...] = ("cpu", "memory")
UNITS: dict[Resource, str] = {"cpu": "cores", "memory": "GiB"}
MIB = 1 / 1024
"""Size of a MiB in GiB."""

STARTUP_SECONDS = 600
"""Time after a start whose CPU use is start-up, not steady demand."""


class OomEvent(NamedTuple):
    """A kill for lack of memory.

    Attributes:
        time: Unix time.
        level: Memory limit at that time, GiB; None if it was not recorded.
    """

    time: int
    level: float | None = None


class Autoscaler(NamedTuple):
    """A horizontal pod autoscaler that scales on the use of a request.

    Attributes:
        resource: Resource whose use it watches.
        target: Target use as a share of the request.
        containers: Number of containers in a pod, over whose requests together the target is.
        container: Name of the container whose request alone the target is of; None for those of the whole pod.
    """

    resource: Resource
    target: float
    containers: int = 1
    container: str | None = None

    @property
    def is_shared(self) -> bool:
        """Whether its target is over the requests of several containers together."""
        return self.containers > 1 and self.container is None


class Size(NamedTuple):
    """Request and limit of a resource, cores or GiB; None where none is set."""

    request: float | None = None
    limit: float | None = None


UNSET = Size()
"""Neither a request nor a limit."""


@dataclass(frozen=True, slots=True)
class ContainerUse:
    """A container of a workload: what it asks for, and what it was measured to use.

    Attributes:
        workload: Name of the workload, such as `shop/deployment/web`.
        container: Name of the container in its pods.
        cpu: CPU in use, cores, a series for each pod; empty if not measured.
        memory: Working set, GiB, a series for each pod; empty if not measured.
        cpu_size: CPU request and limit now.
        memory_size: Memory request and limit now.
        ooms: Kills for lack of memory.
        throttled: Share of scheduling periods in which the CPU limit throttled it; None if not measured.
        replicas: Number of pods.
        autoscaler: Horizontal pod autoscaler of the workload; None without one.
        starts: Unix times at which the container started.
    """

    workload: str
    container: str
    cpu: tuple[Series, ...] = ()
    memory: tuple[Series, ...] = ()
    cpu_size: Size = UNSET
    memory_size: Size = UNSET
    ooms: tuple[OomEvent, ...] = ()
    throttled: float | None = None
    replicas: int = 1
    autoscaler: Autoscaler | None = None
    starts: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Workload and container."""
        return f"{self.workload}/{self.container}"

    def size(self, resource: Resource) -> Size:
        """Return the request and limit of a resource now."""
        return self.cpu_size if resource == "cpu" else self.memory_size


class Samples(NamedTuple):
    """Measured values of a pod.

    Attributes:
        times: Unix times, ascending, float64 [n].
        values: Cores or GiB, float64 [n].
    """

    times: FloatArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Demand:
    """Measured demand for one resource of a container; values that were filled in are left out.

    Attributes:
        name: Name of the container.
        resource: The resource.
        pods: Measured values of each pod; at least one has some.
        end: Unix time at which the measurements end.
        step: Seconds between values.
        request: Request now; None if none is set.
        ooms: Kills for lack of memory; empty for CPU.
    """

    name: str
    resource: Resource
    pods: tuple[Samples, ...]
    end: float
    step: float
    request: float | None = None
    ooms: tuple[OomEvent, ...] = ()

    @property
    def count(self) -> int:
        """Number of measured values."""
        return sum(len(p.values) for p in self.pods)

    @property
    def start(self) -> float:
        """Unix time of the first value."""
        return min(float(p.times[0]) for p in self.pods)

    @property
    def times(self) -> FloatArray:
        """Unix times of the values of all pods, float64 [count]."""
        return np.concatenate([p.times for p in self.pods])

    @property
    def values(self) -> FloatArray:
        """Values of all pods, float64 [count]."""
        return np.concatenate([p.values for p in self.pods])

    def until(self, moment: float) -> Demand | None:
        """Return the demand before a Unix time; None if nothing was measured before it."""
        pods = _between(self.pods, -np.inf, moment)
        ooms = tuple(o for o in self.ooms if o.time < moment)
        return Demand(self.name, self.resource, pods, moment, self.step, self.request, ooms) if pods else None

    def within(self, first: float, last: float) -> tuple[Samples, ...]:
        """Return the values of each pod from one Unix time up to, not including, another."""
        return _between(self.pods, first, last)


def _between(pods: Sequence[Samples], first: float, last: float) -> tuple[Samples, ...]:
    kept = []
    for pod in pods:
        a, b = np.searchsorted(pod.times, (first, last))
        if b > a:
            kept.append(Samples(pod.times[a:b], pod.values[a:b]))
    return tuple(kept)


def demand_of(use: ContainerUse, resource: Resource, *, with_startup: bool = False) -> Demand | None:
    """Return the measured demand of a container; None if the resource was not measured.

    Args:
        use: The container.
        resource: The resource.
        with_startup: True to keep the CPU use of the minutes after a start. Memory keeps it always: a kill at the start
            is a kill. It is also kept if more than half of all values are start-up, as with jobs.

    Raises:
        InputError: A value is negative or not finite.
    """
    series = use.cpu if resource == "cpu" else use.memory
    pods = []
    for one in series:
        if not np.isfinite(one.y).all() or (len(one) and one.y.min() < 0):
            raise InputError(f"series {one.unique_id} of {use.name}: a use must be a finite number from 0 up")
        times = one.start + one.step * np.arange(len(one), dtype=np.float64)
        pods.append(Samples(times[one.observed], one.y[one.observed]))
    pods = [p for p in pods if len(p.values)]
    if not pods:
        return None
    if resource == "cpu" and use.starts and not with_startup:
        steady = [_without_startup(p, use.starts) for p in pods]
        if 2 * sum(len(p.values) for p in steady) > sum(len(p.values) for p in pods):
            pods = [p for p in steady if len(p.values)]
    end = max(float(s.start + len(s) * s.step) for s in series if len(s))
    ooms = tuple(sorted(use.ooms)) if resource == "memory" else ()
    step = float(min(s.step for s in series))
    return Demand(use.name, resource, tuple(pods), end, step, use.size(resource).request, ooms)


def _without_startup(pod: Samples, starts: Sequence[int]) -> Samples:
    begins = np.sort(np.asarray(starts, np.float64))
    k = np.searchsorted(begins, pod.times, side="right") - 1
    since = np.where(k >= 0, pod.times - begins[np.maximum(k, 0)], np.inf)
    steady = since >= STARTUP_SECONDS
    return Samples(pod.times[steady], pod.values[steady])


def startup_peak(use: ContainerUse) -> float:
    """Return the highest CPU use in the minutes after a start, cores; 0 if no start was recorded."""
    whole = demand_of(use, "cpu", with_startup=True)
    if whole is None or not use.starts:
        return 0.0
    peaks = [0.0]
    for begin in use.starts:
        peaks += [float(p.values.max()) for p in whole.within(begin, begin + STARTUP_SECONDS)]
    return max(peaks)


def check_use(use: ContainerUse) -> None:
    """Refuse a container whose numbers can't be.

    Raises:
        InputError: A request, a limit, the level of a kill, a share or a count is out of range.
    """
    sizes = [(f"{r} {name}", value) for r in RESOURCES for name, value in use.size(r)._asdict().items()]
    sizes += [("level of a kill", o.level) for o in use.ooms]
    for what, value in sizes:
        if value is not None and not 0 <= value < np.inf:
            raise InputError(f"{use.name}: a {what} of {value:g}; give a number from 0 up")
    if use.throttled is not None and not 0 <= use.throttled <= 1:
        raise InputError(f"{use.name}: a throttled share of {use.throttled:g}; give a share from 0 to 1")
    if use.replicas < 0:
        raise InputError(f"{use.name}: {use.replicas} replicas; give a count from 0 up")
    if use.autoscaler is not None and not 0 < use.autoscaler.target < np.inf:
        raise InputError(f"{use.name}: an autoscaler's target of {use.autoscaler.target:g}; give a share above 0")
