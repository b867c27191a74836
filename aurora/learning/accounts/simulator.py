"""Simulator of an account under a configuration: autoscaling, queueing, cost.

A step of five minutes: arrivals and the backlog are served as fast as the scarcest resource allows (bottleneck law;
Denning & Buzen, ACM Computing Surveys 1978, operational analysis); what waits at the scarcest one is an M/M/c queue,
with the probability of waiting that belongs to Sakasegawa's mean wait (Annals of the Institute of Statistical
Mathematics 29, 1977): C = rho ** (sqrt(2 (c + 1)) - 1), mean wait C S / (c (1 - rho)), P(W > t) = C exp(-c (1 - rho)
t / S). The autoscaler is target tracking as Kubernetes' horizontal pod autoscaler documents it: desired = ceil(running
* utilisation / target), unless within a tenth of the target. New machines are paid at once and serve a step later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.learning.accounts.catalogue import Catalogue
from aurora.learning.accounts.configuration import Configuration
from aurora.learning.accounts.history import (
    M_BANDWIDTH,
    M_COST,
    M_CPU,
    M_CPU_PEAK,
    M_IO,
    M_LATENCY,
    M_MEMORY,
    M_MISSES,
    M_RUNNING,
    M_THROUGHPUT,
    METRICS,
)
from aurora.learning.accounts.jit import entry_point
from aurora.learning.accounts.workload import STEP, Workload
from aurora.sim.kernel.jit import inlined, jitted

TOLERANCE = 0.1
"""Tolerance of the autoscaler, relative to its target; Kubernetes' default."""
RESTART = 0.7
"""Capacity in the first step after a change of instance type: machines are replaced in turn."""
SWAP_FROM = 0.95
"""Share of memory above which machines swap."""
SWAP_SLOWDOWN = 8.0
"""Our assumption: with demand a tenth above `SWAP_FROM`, cores work at 1 / (1 + 0.8) of their speed."""
NEGLIGIBLE_EXPONENT = 60.0
"""Exponent from which on the probability of a late request counts as 0 where only sums matter: exp(-60) is 1e-26."""
PATIENCE = 2.0
"""Requests that would wait longer than this many limits are given up: they leave the backlog, as misses."""


(S_SERVING, S_PAID, S_WAIT, S_BACKLOG) = range(4)


class Setting(NamedTuple):
    """A configuration and a workload, as compiled code takes them; all float."""

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
    """Running machines; changed by `advance`.

    Attributes:
        state: Instances that serve; instances that are paid; steps until the autoscaler may act; backlog in core-hours:
            float64 [4], at the positions `S_SERVING`, `S_PAID`, `S_WAIT`, `S_BACKLOG`.
        instance: Name of the type that ran last; a change of it costs a restart.
    """

    state: NDArray[np.float64]
    instance: str

    def copy(self) -> Machines:
        """Return an independent copy."""
        return Machines(self.state.copy(), self.instance)


def new_machines(configuration: Configuration, demand: float, catalogue: Catalogue) -> Machines:
    """Return as many machines as the autoscaler would have for a steady demand.

    Args:
        configuration: Configuration to begin with.
        demand: Steady demand, busy cores.
        catalogue: Catalogue that the configuration names things from.
    """
    kind = catalogue.instance[configuration.instance]
    wanted = np.ceil(demand / (kind.cores * kind.speed * configuration.target))
    running = float(np.clip(wanted, configuration.minimum, configuration.maximum))
    return Machines(np.array([running, running, 0.0, 0.0]), configuration.instance)


def setting_of(
    configuration: Configuration, workload: Workload, limit: float, data: float, catalogue: Catalogue
) -> Setting:
    """Return a configuration and a workload as compiled code takes them."""
    kind = catalogue.instance[configuration.instance]
    storage = catalogue.storage_class[configuration.storage]
    tier = catalogue.network_tier[configuration.network]
    return Setting(
        cores=kind.cores,
        memory=kind.memory,
        speed=kind.speed,
        price=kind.price,
        iops=storage.iops,
        fixed_price=storage.price * data + tier.price,
        gbit=tier.gbit,
        minimum=float(configuration.minimum),
        maximum=float(configuration.maximum),
        target=configuration.target,
        cooldown=configuration.cooldown / STEP,
        service=workload.service,
        limit=limit,
        memory_base=workload.memory_base,
        memory_per_core=workload.memory_per_core,
        io_per_core=workload.io_per_core,
        network_per_core=workload.network_per_core,
    )


@inlined
def _queued(s: Any, servers: float, speed: float, rho: float, delay: float, without_latency: bool) -> Any:
    """Return the mean response time of a step's arrivals, and the share that is later than the limit.

    The queue is M/M/c (Sakasegawa 1977, see above); `delay` is the wait for what had come before.
    """
    service = s.service / speed
    slack = s.limit - service - delay
    tail = servers * (1.0 - rho) * slack / service
    if without_latency and tail > NEGLIGIBLE_EXPONENT:  # the power takes most of the time, and would count for nothing
        return 0.0, 0.0
    waiting = rho ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0)  # C
    latency = delay + service + waiting * service / (servers * (1.0 - rho))
    missed = 1.0 if slack <= 0.0 else waiting * np.exp(-tail)  # P(W > t)
    return latency, missed


@inlined
def _wanted(s: Any, paid: float, cpu: float, wait: float) -> Any:
    """Return how many instances the autoscaler wants: target tracking, at rest within its tolerance or cooldown."""
    ratio = cpu / s.target
    if abs(ratio - 1.0) > TOLERANCE and wait <= 0.0:
        return min(max(np.ceil(paid * ratio), s.minimum), s.maximum)
    return paid


@inlined
def _add(out: Any, s: Any, cpu: float, memory: float, paid: float, done: float) -> None:
    """Add a step to the sums of a period, all but those of late requests."""
    hours = STEP / 3600.0
    out[M_CPU] += cpu
    out[M_CPU_PEAK] = max(out[M_CPU_PEAK], cpu)
    out[M_MEMORY] += memory
    out[M_IO] += done / hours * s.io_per_core / s.iops
    out[M_BANDWIDTH] += done / hours * s.network_per_core / s.gbit
    out[M_RUNNING] += paid
    out[M_THROUGHPUT] += done
    out[M_COST] += (paid * s.price + s.fixed_price) * hours


@inlined
def _average(out: Any, s: Any, steps: int, requests: float) -> None:
    """Turn the sums of a period into its metrics."""
    for column in (M_CPU, M_MEMORY, M_IO, M_BANDWIDTH, M_RUNNING):
        out[column] /= steps
    out[M_LATENCY] /= requests
    out[M_THROUGHPUT] = out[M_THROUGHPUT] / (steps * (STEP / 3600.0)) / s.service
    out[M_MISSES] = min(1.0, out[M_MISSES] / requests)


@jitted
def serve(demand: Any, s: Any, restarted: bool, state: Any, out: Any, without_latency: bool) -> None:
    """Serve a period's demand, from within compiled code.

    Args:
        demand: Busy cores in each step, float64 [steps].
        s: The `Setting`.
        restarted: Whether machines are replaced in the first step.
        state: As in `Machines`; changed.
        out: The period's metrics, float64 [len(METRICS)]; filled in.
        without_latency: Leave out waits that change no other metric; the mean latency is then not meaningful.
    """
    hours = STEP / 3600.0
    serving, paid, wait, backlog = state[S_SERVING], state[S_PAID], state[S_WAIT], state[S_BACKLOG]
    paid = min(max(paid, s.minimum), s.maximum)
    serving = min(serving, paid)
    requests = 0.0
    out[:] = 0.0
    for k in range(len(demand)):
        memory = (s.memory_base * serving + s.memory_per_core * demand[k]) / (s.memory * serving)
        speed = s.speed / (1.0 + SWAP_SLOWDOWN * max(0.0, memory - SWAP_FROM))
        cores = serving * s.cores * speed * (RESTART if restarted and k == 0 else 1.0)
        # The scarcest resource sets the pace (bottleneck law, Denning & Buzen 1978).
        most = min(cores, s.iops / s.io_per_core, s.gbit / s.network_per_core)
        arrived = demand[k] * hours
        done = min(arrived + backlog, most * hours)
        load = min((arrived + backlog) / (most * hours), 1.0)
        before = backlog
        backlog = arrived + backlog - done
        # The wait of what arrives in this step: to work off what came before, then the queue's own.
        delay = 0.5 * (before + backlog) / most * 3600.0
        latency, missed = _queued(s, serving * s.cores * most / cores, speed, min(load, 0.995), delay, without_latency)
        patience = PATIENCE * s.limit / 3600.0 * most
        backlog -= max(0.0, backlog - patience)
        cpu = done / hours / cores
        _add(out, s, cpu, memory, paid, done)
        out[M_LATENCY] += arrived * latency
        out[M_MISSES] += arrived * missed
        requests += arrived
        serving = paid
        wait -= 1.0
        wanted = _wanted(s, paid, cpu, wait)
        if wanted != paid:
            paid = wanted
            serving = min(serving, paid)
            wait = s.cooldown
    _average(out, s, len(demand), requests)
    state[S_SERVING], state[S_PAID], state[S_WAIT], state[S_BACKLOG] = serving, paid, wait, backlog


@entry_point
def _advance(demand: Any, s: Any, restarted: bool, state: Any, out: Any) -> None:
    serve(demand, s, restarted, state, out, False)


@entry_point
def _advance_all(demand: Any, s: Any, restarted: bool, states: Any, out: Any) -> None:
    for k in range(len(demand)):
        state = states[min(k, len(states) - 1)]
        serve(demand[k], s, restarted and (k == 0 or len(states) > 1), state, out[k], True)


def advance(machines: Machines, instance: str, setting: Setting, demand: NDArray[np.float64]) -> NDArray[np.float64]:
    """Serve the demand of some steps.

    Args:
        machines: Running machines; changed.
        instance: Name of the instance type of the setting.
        setting: Configuration and workload, by `setting_of`.
        demand: Busy cores in each step, float64 [steps], at least one.

    Returns:
        The period's metrics, float64 [len(METRICS)].
    """
    out = np.empty(len(METRICS))
    _advance(demand, setting, instance != machines.instance, machines.state, out)
    machines.instance = instance
    return out


def advance_apart(
    configuration: Configuration, before: str, setting: Setting, demand: NDArray[np.float64], catalogue: Catalogue
) -> NDArray[np.float64]:
    """Serve several demands, each by machines of its own that begin as the autoscaler would have them.

    Args:
        configuration: Configuration of the setting.
        before: Name of the instance type that ran before; another one begins with a restart.
        setting: Configuration and workload, by `setting_of`.
        demand: Busy cores in each step, float64 [demands, steps].
        catalogue: Catalogue that the configuration names things from.

    Returns:
        The metrics of each, float64 [demands, len(METRICS)], but for the latency.
    """
    states = np.array([new_machines(configuration, float(path[0]), catalogue).state for path in demand])
    out = np.empty((len(demand), len(METRICS)))
    _advance_all(demand, setting, before != configuration.instance, states, out)
    return out


def advance_in_pieces(
    configuration: Configuration, setting: Setting, demand: NDArray[np.float64], catalogue: Catalogue
) -> NDArray[np.float64]:
    """Serve one demand, piece by piece.

    Args:
        configuration: Configuration of the setting.
        setting: Configuration and workload, by `setting_of`.
        demand: Busy cores in each step, float64 [pieces, steps].
        catalogue: Catalogue that the configuration names things from.

    Returns:
        The metrics of each piece, float64 [pieces, len(METRICS)], but for the latency.
    """
    states = new_machines(configuration, float(demand[0, 0]), catalogue).state[None]
    out = np.empty((len(demand), len(METRICS)))
    _advance_all(demand, setting, False, states, out)
    return out
