"""Demands and containers for tests."""

import numpy as np

from aurora.learning.rightsizing.containers.use import ContainerUse, Demand, Samples
from aurora.learning.series.series import Series

STEP = 300
DAY = 86_400


def demand(values, resource="cpu", *, step=STEP, start=0.0, **more):
    """Return the demand of one pod with a value every step."""
    y = np.asarray(values, np.float64)
    return pods(y, resource=resource, step=step, start=start, **more)


def pods(*values, resource="cpu", step=STEP, start=0.0, **more):
    parts = [np.asarray(y, np.float64) for y in values]
    samples = tuple(Samples(start + step * np.arange(len(y), dtype=np.float64), y) for y in parts)
    end = start + step * max(len(y) for y in parts)
    return Demand("w/c", resource, samples, end, float(step), **more)


def series(values, name="s", *, step=STEP, start=0, observed=None):
    y = np.asarray(values, np.float64)
    return Series(name, start, step, y, np.ones(len(y), bool) if observed is None else observed)


def use(cpu=None, memory=None, name="c", **more):
    """Return a container with one pod."""
    one = () if cpu is None else (series(cpu),)
    two = () if memory is None else (series(memory),)
    return ContainerUse("w", name, one, two, **more)


def busy(days=7, level=0.5, seed=0):
    """Return CPU with a daily course and noise."""
    n = days * DAY // STEP
    rng = np.random.default_rng(seed)
    return level * (1 + 0.5 * np.sin(2 * np.pi * np.arange(n) * STEP / DAY)) * rng.lognormal(0, 0.2, n)
