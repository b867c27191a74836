"""Made-up containers to try the commands with: each shows one thing that advice must get right."""

from __future__ import annotations

import numpy as np

from aurora.learning.rightsizing.containers.use import Autoscaler, ContainerUse, OomEvent, Resource, Size
from aurora.learning.series.series import Series
from aurora.types import FloatArray

START = 1_780_272_000
"""Monday, 1 June 2026."""
STEP = 300
PER_DAY = 86_400 // STEP
METRICS: dict[Resource, str] = {"cpu": "cores", "memory": "gib"}


def made_up_containers(days: int = 14, seed: int = 0) -> tuple[ContainerUse, ...]:
    """Return made-up containers of a web shop.

    Args:
        days: Days of five-minute values, from 1 June 2026 on.
        seed: Random seed.
    """
    rng = np.random.default_rng(seed)
    n = days * PER_DAY
    day = np.sin(2 * np.pi * (np.arange(n) / PER_DAY - 0.35))

    def load(level: float, swing: float, noise: float) -> FloatArray:
        return np.asarray(level * np.maximum(0.02, 1 + swing * day) * rng.lognormal(0, noise, n))

    def flat(level: float, noise: float = 0.02) -> FloatArray:
        return np.asarray(level * rng.lognormal(0, noise, n))

    def made(name: str, cpu: FloatArray, memory: FloatArray | None, *sizes: Size, **more: object) -> ContainerUse:
        workload, _, container = name.rpartition("/")
        rows = {"cpu": (cpu,), "memory": () if memory is None else (memory,)}
        one, two = (tuple(_series(name, r, y) for y in rows[r]) for r in ("cpu", "memory"))
        return ContainerUse(workload, container, one, two, *sizes, **more)  # type: ignore[arg-type]

    capped = np.minimum(load(1.1, 0.5, 0.2), 1.0)
    heap = np.minimum(0.4 + 3.0 * np.arange(n) / PER_DAY, 2.0) * rng.uniform(0.985, 1.0, n)
    leak = 0.6 + 0.05 * np.arange(n) / PER_DAY + rng.uniform(0, 0.02, n)
    starting = load(0.15, 0.3, 0.2)
    starts = tuple(START + STEP * k for k in range(0, n, 2 * PER_DAY))
    starting[:: 2 * PER_DAY] = starting[1 :: 2 * PER_DAY] = 1.8
    return (
        made("shop/deployment/web/app", load(0.6, 0.6, 0.15), flat(0.45), Size(2.0), Size(2.0, 2.0), replicas=4),
        made(
            "shop/deployment/api/app",
            load(0.8, 0.4, 0.15),
            flat(0.7),
            Size(1.0),
            Size(1.0, 1.0),
            replicas=6,
            autoscaler=Autoscaler("cpu", 0.9),
        ),
        made("shop/deployment/search/jvm", load(0.5, 0.5, 0.2), heap, Size(1.0, 2.0), Size(4.0, 4.0), replicas=2),
        made(
            "shop/statefulset/cache/redis",
            flat(0.1, 0.3),
            flat(1.9, 0.01),
            Size(0.5),
            Size(2.0, 2.0),
            ooms=(OomEvent(START + 86_400 * (days // 2), 2.0),),
        ),
        made(
            "shop/deployment/checkout/app", capped, flat(0.3), Size(1.0, 1.0), Size(1.0, 1.0), throttled=0.2, replicas=3
        ),
        made("shop/deployment/mail/worker", load(0.05, 0.2, 0.4), None, Size(0.5), Size(1.0, 1.0)),
        made("shop/deployment/reports/app", starting, flat(0.5, 0.1), Size(1.0, 2.0), Size(1.0, 1.0), starts=starts),
        made("shop/deployment/sync/agent", flat(0.2, 0.3), leak, Size(0.25), Size(2.0, 2.0)),
        made(
            "shop/deployment/new/app",
            load(0.3, 0.3, 0.2)[: PER_DAY // 2],
            flat(0.2)[: PER_DAY // 2],
            Size(1.0),
            Size(1.0, 1.0),
        ),
    )


def _series(name: str, resource: Resource, y: FloatArray) -> Series:
    y = np.asarray(np.round(np.maximum(y, 0.0), 5), np.float64)
    labels = {"metric": resource, "unit": METRICS[resource]}
    return Series(f"{name}/{resource}", START, STEP, y, np.ones(len(y), dtype=bool), labels=labels)
