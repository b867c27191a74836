"""What becomes of demand under a configuration: autoscaling, queueing, cost.

A step of five minutes: arrivals and the backlog are served as fast as the scarcest resource allows (bottleneck law;
Denning & Buzen, ACM Computing Surveys 1978, operational analysis); what waits at the scarcest one is an M/M/c queue,
with the probability of waiting that belongs to Sakasegawa's mean wait (Annals of the Institute of Statistical
Mathematics 29, 1977): C = rho ** (sqrt(2 (c + 1)) - 1), mean wait C S / (c (1 - rho)), P(W > t) = C exp(-c (1 - rho)
t / S). The autoscaler is target tracking as Kubernetes' horizontal pod autoscaler documents it: desired = ceil(running
* utilisation / target), unless within a tenth of the target. New machines are paid at once and serve a step later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import Configuration
from aurora.learning.accounts.history import METRICS
from aurora.learning.accounts.workload import STEP, Workload

TOLERANCE = 0.1
"""Of the autoscaler, relative to its target; Kubernetes' default."""
RESTART = 0.7
"""Capacity in the first step after a change of instance type: machines are replaced in turn."""
SWAP_FROM = 0.95
"""Share of memory above which machines swap."""
SWAP_SLOWDOWN = 8.0
"""Our assumption: with demand a tenth above `SWAP_FROM`, cores work at 1 / (1 + 0.8) of their speed."""
NEGLIGIBLE = 60.0
"""Exponent of a chance of waiting too long below which it is taken for 0 where only sums matter: exp(-60) is 1e-26."""
PATIENCE = 2.0
"""Requests that would wait longer than this many limits are given up: they leave the backlog, as misses."""


class Setting(NamedTuple):
    """A configuration and a workload, as the kernel takes them; all float."""

    cores: float
    memory: float
    speed: float
    price: float
    iops: float
    fixed_price: float
    gbit: float
    minimum: float
    maximum: float
    target: float
    cooldown: float
    service: float
    limit: float
    memory_base: float
    memory_per_core: float
    io_per_core: float
    network_per_core: float


@dataclass(slots=True)
class Machines:
    """What runs at the moment; changed by `advance`.

    Attributes:
        state: float64 [4]: instances that serve; instances that are paid; steps until the autoscaler may act; backlog,
            core-hours.
        instance: Name of the type that ran last; a change of it costs a restart.
    """

    state: NDArray[np.float64]
    instance: str

    def copy(self) -> Machines:
        """One that can go another way."""
        return Machines(self.state.copy(), self.instance)


def new_machines(configuration: Configuration, demand: float, catalogue: Catalogue) -> Machines:
    """As many as the autoscaler would have for a demand that has lasted.

    Args:
        configuration: To begin with.
        demand: Busy cores.
        catalogue: That it names things from.
    """
    kind = catalogue.instance[configuration.instance]
    wanted = np.ceil(demand / (kind.cores * kind.speed * configuration.target))
    running = float(np.clip(wanted, configuration.minimum, configuration.maximum))
    return Machines(np.array([running, running, 0.0, 0.0]), configuration.instance)


def setting_of(
    configuration: Configuration, workload: Workload, limit: float, data: float, catalogue: Catalogue
) -> Setting:
    """What the kernel needs to know of a configuration and a workload."""
    kind = catalogue.instance[configuration.instance]
    storage = catalogue.storage_class[configuration.storage]
    tier = catalogue.network_tier[configuration.network]
    return Setting(
        kind.cores,
        kind.memory,
        kind.speed,
        kind.price,
        storage.iops,
        storage.price * data + tier.price,
        tier.gbit,
        float(configuration.minimum),
        float(configuration.maximum),
        configuration.target,
        configuration.cooldown / STEP,
        workload.service,
        limit,
        workload.memory_base,
        workload.memory_per_core,
        workload.io_per_core,
        workload.network_per_core,
    )


def _advance(
    demand: NDArray[np.float64],
    s: Any,
    restarted: bool,
    state: NDArray[np.float64],
    out: NDArray[np.float64],
    without_latency: bool = False,
) -> None:
    hours = STEP / 3600.0
    serving, paid, wait, backlog = state[0], state[1], state[2], state[3]
    paid = min(max(paid, s.minimum), s.maximum)
    serving = min(serving, paid)
    requests = 0.0
    out[:] = 0.0
    for k in range(len(demand)):
        memory = (s.memory_base * serving + s.memory_per_core * demand[k]) / (s.memory * serving)
        speed = s.speed / (1.0 + SWAP_SLOWDOWN * max(0.0, memory - SWAP_FROM))
        cores = serving * s.cores * speed * (RESTART if restarted and k == 0 else 1.0)
        most = min(cores, s.iops / s.io_per_core, s.gbit / s.network_per_core)
        arrived = demand[k] * hours
        done = min(arrived + backlog, most * hours)
        load = min((arrived + backlog) / (most * hours), 1.0)
        before = backlog
        backlog = arrived + backlog - done
        # The wait of what arrives in this step: to work off what came before, then the queue's own.
        delay = 0.5 * (before + backlog) / most * 3600.0
        rho = min(load, 0.995)
        servers = serving * s.cores * most / cores
        service = s.service / speed
        slack = s.limit - service - delay
        tail = servers * (1.0 - rho) * slack / service
        if without_latency and tail > NEGLIGIBLE:  # the power takes most of the time, and would count for nothing
            latency = missed = 0.0
        else:
            waiting = rho ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0)
            latency = delay + service + waiting * service / (servers * (1.0 - rho))
            missed = 1.0 if slack <= 0.0 else waiting * np.exp(-tail)
        patience = PATIENCE * s.limit / 3600.0 * most
        given_up = max(0.0, backlog - patience)
        backlog -= given_up
        cpu = done / hours / cores
        out[0] += cpu
        out[1] = max(out[1], cpu)
        out[2] += memory
        out[3] += done / hours * s.io_per_core / s.iops
        out[4] += done / hours * s.network_per_core / s.gbit
        out[5] += paid
        out[6] += arrived * latency
        out[7] += done
        out[8] += arrived * missed
        out[9] += (paid * s.price + s.fixed_price) * hours
        requests += arrived
        serving = paid
        wait -= 1.0
        ratio = cpu / s.target
        if abs(ratio - 1.0) > TOLERANCE and wait <= 0.0:
            wanted = min(max(np.ceil(paid * ratio), s.minimum), s.maximum)
            if wanted != paid:
                paid = wanted
                serving = min(serving, paid)
                wait = s.cooldown
    n = len(demand)
    for column in (0, 2, 3, 4, 5):
        out[column] /= n
    out[6] /= requests
    out[7] = out[7] / (n * hours) / s.service
    out[8] = min(1.0, out[8] / requests)
    state[0], state[1], state[2], state[3] = serving, paid, wait, backlog


_compiled: Callable[..., None] = njit(cache=True, nogil=True, error_model="numpy")(_advance)


def advance(machines: Machines, instance: str, setting: Setting, demand: NDArray[np.float64]) -> NDArray[np.float64]:
    """Serve some steps' demand.

    Args:
        machines: What runs; is changed.
        instance: Name of the instance type of the setting.
        setting: By `setting_of`.
        demand: Busy cores in each step, float64 [steps], at least one.

    Returns:
        The period's metrics, float64 [len(METRICS)].
    """
    out = np.empty(len(METRICS))
    _compiled(demand, setting, instance != machines.instance, machines.state, out)
    machines.instance = instance
    return out


def _advance_all(
    demand: NDArray[np.float64],
    s: Any,
    restarted: bool,
    states: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    for k in range(len(demand)):
        state = states[min(k, len(states) - 1)]
        _compiled(demand[k], s, restarted and (k == 0 or len(states) > 1), state, out[k], True)


_compiled_all: Callable[..., None] = njit(cache=True, nogil=True, error_model="numpy")(_advance_all)


def advance_apart(
    configuration: Configuration, before: str, setting: Setting, demand: NDArray[np.float64], catalogue: Catalogue
) -> NDArray[np.float64]:
    """Serve several demands, each by machines of its own that begin as the autoscaler would have them.

    Args:
        configuration: That of the setting.
        before: Name of the instance type that ran before; another one begins with a restart.
        setting: By `setting_of`.
        demand: Busy cores in each step, float64 [demands, steps].
        catalogue: That it names things from.

    Returns:
        The metrics of each, float64 [demands, len(METRICS)], but for the latency.
    """
    states = np.array([new_machines(configuration, float(path[0]), catalogue).state for path in demand])
    out = np.empty((len(demand), len(METRICS)))
    _compiled_all(demand, setting, before != configuration.instance, states, out)
    return out


def advance_in_pieces(
    configuration: Configuration, setting: Setting, demand: NDArray[np.float64], catalogue: Catalogue
) -> NDArray[np.float64]:
    """Serve one demand, piece by piece.

    Args:
        configuration: That of the setting.
        setting: By `setting_of`.
        demand: Busy cores in each step, float64 [pieces, steps].
        catalogue: That it names things from.

    Returns:
        The metrics of each piece, float64 [pieces, len(METRICS)], but for the latency.
    """
    states = new_machines(configuration, float(demand[0, 0]), catalogue).state[None]
    out = np.empty((len(demand), len(METRICS)))
    _compiled_all(demand, setting, False, states, out)
    return out
