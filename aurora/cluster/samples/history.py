"""Measured use of the sample workloads: 14 days in steps of five minutes, computed from a seed."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aurora.cluster.samples.load import check_sample, load_sample
from aurora.cluster.samples.making import TAKEN_AT
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.learning.series.series import Panel, Series
from aurora.types import FloatArray

STEP, DAYS = 300, 14
LENGTH = DAYS * 86_400 // STEP
END = int(TAKEN_AT.timestamp())
"""Time of the last values; they are the use that the snapshot has."""

CAMPAIGN = (int(TAKEN_AT.timestamp()) - 4 * 86_400 + 17_100, 45 * 60, 0.8)
"""Start (Thursday 11 June, 18:05), seconds and relative height of the one large spike."""
NEWSLETTER_DAYS = (0, 3)
"""Weekdays (Monday, Thursday) on which a newsletter goes out at 13:30."""
NEWSLETTER = (13.5, 10 / 60, 0.35)
"""Hour of the day, duration in hours and relative height of what a newsletter brings."""

MEMORY_OF_NOISE = 0.8
"""Share of the noise that is left after a step."""

Shape = Literal["shop", "steady"]


@dataclass(frozen=True)
class Profile:
    """The use of one container of one task.

    Attributes:
        cpu: Mean cores.
        memory: GiB at the mean.
        swing: Relative height of the daily course.
        shape: `shop` follows the customers, `steady` nobody.
        noise: Relative deviation of the noise.
        leak: GiB an hour by which memory grows until the limit, where the container is killed.
        memory_limit: GiB; memory never exceeds it.
        cpu_limit: Cores; use never exceeds them.
    """

    cpu: float
    memory: float
    swing: float = 0.35
    shape: Shape = "shop"
    noise: float = 0.05
    leak: float = 0.0
    memory_limit: float = math.inf
    cpu_limit: float = math.inf


PROFILES: dict[str, dict[str, Profile]] = {
    "shop/Deployment/web": {"nginx": Profile(0.29, 0.31), "metrics": Profile(0.02, 0.05, shape="steady")},
    "shop/Deployment/api": {"api": Profile(0.46, 0.71, noise=0.06)},
    "shop/Deployment/checkout": {"checkout": Profile(0.24, 0.52)},
    "shop/Deployment/cart": {"cart": Profile(0.11, 0.29)},
    "shop/Deployment/search": {"search": Profile(0.62, 2.55, swing=0.4)},
    "shop/Deployment/recommender": {
        "recommender": Profile(0.38, 1.21, noise=0.08, leak=0.0075, memory_limit=2.0),
    },
    "shop/Deployment/images": {"resizer": Profile(0.16, 0.58, swing=0.3, noise=0.12)},
    "shop/Deployment/orders-worker": {"worker": Profile(0.27, 0.38, swing=0.3)},
    "shop/Deployment/mailer": {"mailer": Profile(0.03, 0.14, noise=0.2)},
    "shop/StatefulSet/postgres": {"postgres": Profile(1.12, 6.4, swing=0.3, cpu_limit=2.0)},
    "shop/StatefulSet/redis": {"redis": Profile(0.09, 1.35, swing=0.25)},
    "monitoring/StatefulSet/prometheus": {"prometheus": Profile(0.55, 4.7, shape="steady")},
}
"""Containers of the web shop whose use was measured."""


def sample_history(name: str, *, by: Literal["workload", "container"] = "workload") -> Panel:
    """Return the measured use of a sample's workloads, cores and GiB in steps of five minutes over 14 days.

    The last values are those of the snapshot. Replicas are as many throughout as the snapshot has.

    Args:
        name: Name of a sample; the web shop alone has a history.
        by: `workload`: the sum over its tasks, named `NAMESPACE/KIND/NAME/cpu`. `container`: each container of each
            task, named `NAMESPACE/POD/CONTAINER/cpu`. Likewise for memory.

    Returns:
        Series with the labels `workload`, `metric` and `unit`; those of containers also with `task` and `container`.

    Raises:
        InputError: There is no such sample, or it has no history.

    Example:
        >>> len(sample_history("web-shop").series)
        24
    """
    check_sample(name)
    if name != "web-shop":
        raise InputError("only the web shop has a history", parameter="name", value=name)
    return history_of(load_sample(name), by)


def history_of(snapshot: Snapshot, by: Literal["workload", "container"]) -> Panel:
    """Return the made-up history of the tasks of the web shop; see `sample_history`."""
    series = []
    for workload, containers in PROFILES.items():
        tasks = [t.task_id for t in snapshot.tasks if t.workload_id == workload and t.state == "running"]
        for k, metric in enumerate(("cpu", "memory")):
            uses = {c: container_use(workload, c, len(tasks))[k] for c in containers}
            labels = {"workload": workload, "metric": metric, "unit": "GiB" if k else "cores"}
            if by == "workload":
                series.append(
                    _series(f"{workload}/{metric}", np.sum([u.sum(axis=0) for u in uses.values()], 0), labels)
                )
                continue
            for c, use in uses.items():
                series += [
                    _series(f"{task}/{c}/{metric}", use[i], labels | {"task": task, "container": c})
                    for i, task in enumerate(tasks)
                ]
    return Panel(tuple(series))


def container_use(workload: str, container: str, replicas: int) -> tuple[FloatArray, FloatArray]:
    """Return cores and GiB in use by a container in each replica, each float64 [replicas, LENGTH]."""
    profile = PROFILES[workload][container]
    rng = np.random.default_rng(zlib.crc32(f"{workload}/{container}".encode()))
    times = END - STEP * np.arange(LENGTH - 1, -1, -1)
    course = _course(profile, times)
    level = rng.normal(1.0, 0.04, (replicas, 1))  # some replicas get more than their share
    cpu = profile.cpu * level * course * (1 + profile.noise * _wandering(rng, replicas))
    memory = profile.memory * (1 + 0.06 * (course - 1) + 0.01 * _wandering(rng, replicas))
    if profile.leak:
        period = (profile.memory_limit - profile.memory) / profile.leak * 3600  # seconds from a start to the kill
        memory = memory + profile.leak / 3600 * np.mod(times - END + period * _ages(replicas), period)
    return _rounded(np.clip(cpu, 0.001, profile.cpu_limit)), _rounded(np.minimum(memory, profile.memory_limit))


def _rounded(values: FloatArray) -> FloatArray:
    return np.asarray(np.round(values, 4), np.float64)


def out_of_memory_kills(workload: str, container: str, replicas: int) -> list[int]:
    """Return how often the container was killed for memory in each replica, within the history."""
    profile = PROFILES[workload][container]
    period = (profile.memory_limit - profile.memory) / profile.leak * 3600
    return [int((LENGTH - 1) * STEP / period + 1 - age) for age in _ages(replicas)[:, 0]]


def _ages(replicas: int) -> FloatArray:
    """Return how far each replica is from its last start to its next kill, as a share."""
    return 0.97 - 0.09 * np.arange(replicas, dtype=np.float64)[:, None]


def _course(profile: Profile, times: np.ndarray) -> FloatArray:
    """Return the expected use at each time, relative to the mean."""
    hours = times / 3600 % 24
    if profile.shape == "steady":
        return np.asarray(1 + 0.03 * np.cos(2 * np.pi * (hours - 20) / 24), np.float64)
    day = np.cos(2 * np.pi * (hours - 19.5) / 24) + 0.35 * np.cos(4 * np.pi * (hours - 12.5) / 24)
    weekday = (times // 86_400 + 3) % 7  # 1 January 1970 was a Thursday
    course = (1 + profile.swing * day) * np.where(weekday >= 5, 1.12, 1.0)  # noqa: PLR2004  # Saturday
    start, seconds, height = CAMPAIGN
    course *= 1 + height * ((times >= start) & (times < start + seconds))
    at, length, more = NEWSLETTER
    is_mailed = np.isin(weekday, NEWSLETTER_DAYS) & (hours >= at) & (hours < at + length)
    return np.asarray(course * (1 + more * is_mailed), np.float64)


def _wandering(rng: np.random.Generator, replicas: int) -> FloatArray:
    """Return noise of unit variance that keeps for about half an hour, float64 [replicas, LENGTH]."""
    shocks = rng.normal(0.0, math.sqrt(1 - MEMORY_OF_NOISE**2), (replicas, LENGTH))
    kernel = MEMORY_OF_NOISE ** np.arange(60)  # what is older counts less than a millionth
    return np.stack([np.convolve(row, kernel)[:LENGTH] for row in shocks])


def _series(name: str, y: FloatArray, labels: dict[str, str]) -> Series:
    return Series(name, END - (LENGTH - 1) * STEP, STEP, np.round(y, 4), np.ones(LENGTH, dtype=np.bool_), labels=labels)
