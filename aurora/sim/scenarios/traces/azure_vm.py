"""Arrivals of Azure virtual machines (Bergsma et al., SOSP 2021): flavours, batches, binned lifetimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import DataError
from aurora.reading import read_lines
from aurora.sim.scenarios.expansion import usual_targets
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from aurora.sim.scenarios.traces.tables import number, scenario_of, whole

END_OF_BATCH = "|"
STEP_SECONDS = 300.0
"""Seconds between two lines, and the resolution of lifetimes."""
SERVER = {"cpu": 64.0, "memory": 448.0, "price_per_hour": 4.0, "idle_power": 180.0, "full_power": 500.0}
"""The assumed server, as the trace describes none; seven GiB a core, as memory-optimised flavours have."""
SERVERS = (
    SERVER,
    {"cpu": 48.0, "memory": 336.0, "price_per_hour": 2.2, "idle_power": 190.0, "full_power": 460.0},
    {"cpu": 96.0, "memory": 672.0, "price_per_hour": 7.2, "idle_power": 200.0, "full_power": 640.0},
)
"""The assumed kinds of servers of a window: common, old and new. Their speed is the same: a lifetime is no work."""
START_LIMIT_MS = 300_000.0
"""Time within which a machine of a window is to start."""
LARGEST_BIN = 100_000
MOST_SECONDS = 1_000_000_000


class Vm(NamedTuple):
    """A request for a virtual machine.

    Attributes:
        arrival: Seconds from the beginning of the trace.
        cores: Virtual cores.
        memory: GiB.
        shortest, longest: Bounds of its lifetime, seconds; they are equal if it outlived the trace.
    """

    arrival: float
    cores: float
    memory: float
    shortest: float
    longest: float


def read_flavours(path: Path) -> dict[str, tuple[float, float]]:
    """Read the cores and GiB of each flavour, from lines such as `2,3.5 g`.

    Raises:
        DataError: A line is malformed, or a flavour is listed twice.
    """
    flavours: dict[str, tuple[float, float]] = {}
    for line, fields in _lines(path):
        size = fields[0].split(",")
        if len(fields) != 2 or len(size) != 2:  # noqa: PLR2004  # pairs
            raise DataError(f"{path}, line {line}: 'CORES,GIB FLAVOUR' is expected")
        if fields[1] in flavours:
            raise DataError(f"{path}, line {line}: flavour {fields[1][:40]!r} is listed twice")
        flavours[fields[1]] = (number(path, line, "cores", size[0]), number(path, line, "memory", size[1]))
    return flavours


def read_lifetimes(path: Path) -> dict[int, tuple[float, float]]:
    """Read the shortest and longest lifetime of each bin, seconds, from lines such as `1200 4`, one for each step.

    Raises:
        DataError: A line is malformed.
    """
    bounds: dict[int, tuple[float, float]] = {}
    for line, fields in _lines(path):
        if len(fields) != 2:  # noqa: PLR2004  # pairs
            raise DataError(f"{path}, line {line}: 'SECONDS BIN' is expected")
        seconds = number(path, line, "seconds", fields[0])
        lifetime_bin = whole(path, line, "bin", fields[1], most=LARGEST_BIN)
        low, high = bounds.get(lifetime_bin, (seconds, seconds))
        bounds[lifetime_bin] = (min(low, seconds), max(high, seconds))
    return {lifetime_bin: (low, high + STEP_SECONDS) for lifetime_bin, (low, high) in bounds.items()}


def read_vms(
    flavours_file: Path,
    lifetimes_file: Path,
    flavours: Mapping[str, tuple[float, float]],
    lifetimes: Mapping[int, tuple[float, float]],
) -> tuple[Vm, ...]:
    """Read the two traces of the same machines: one has their flavours, the other their lifetimes.

    A lifetime `U4` lies in bin 4. One that begins with `C` was cut off by the end of the trace, and lasts until then.

    Raises:
        DataError: A file is malformed, the two don't belong together, or a flavour or bin is not known.
    """
    kinds, ages = _trace(flavours_file), _trace(lifetimes_file)
    if len(kinds) != len(ages):
        raise DataError(f"{flavours_file} has {len(kinds)} lines, {lifetimes_file} {len(ages)}; they must match")
    end = kinds[-1][1] + STEP_SECONDS
    vms: list[Vm] = []
    for (line, time, names), (_, other, tokens) in zip(kinds, ages, strict=True):
        if time != other or len(names) != len(tokens):
            raise DataError(
                f"line {line}: {flavours_file} has {len(names)} machines at {time:g} s, "
                f"{lifetimes_file} {len(tokens)} at {other:g} s"
            )
        for name, token in zip(names, tokens, strict=True):
            if name not in flavours:
                raise DataError(f"{flavours_file}, line {line}: flavour {name[:40]!r} is not in the map")
            if token[0] not in "UC":
                raise DataError(f"{lifetimes_file}, line {line}: {token[:40]!r}; U or C and a bin are expected")
            lifetime_bin = whole(lifetimes_file, line, "bin", token[1:], most=LARGEST_BIN)
            if token[0] == "U" and lifetime_bin not in lifetimes:
                raise DataError(f"{lifetimes_file}, line {line}: bin {lifetime_bin} is not in the map")
            shortest, longest = lifetimes[lifetime_bin] if token[0] == "U" else (end - time, end - time)
            vms.append(Vm(time, *flavours[name], shortest, longest))
    if not vms:
        raise DataError(f"{flavours_file} lists no machine")
    return tuple(vms)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    lines = [(line, text.split()) for line, text in read_lines(path) if text.strip()]
    if not lines:
        raise DataError(f"{path} is empty")
    return lines


def _trace(path: Path) -> list[tuple[int, float, list[str]]]:
    """Return the number, seconds and tokens of each line."""
    rows: list[tuple[int, float, list[str]]] = []
    for line, fields in _lines(path):
        if len(fields) > 2:  # noqa: PLR2004  # pairs
            raise DataError(f"{path}, line {line}: 'SECONDS TOKEN,TOKEN,|,...' is expected")
        time = float(whole(path, line, "seconds", fields[0], most=MOST_SECONDS))
        if rows and time <= rows[-1][1]:
            raise DataError(f"{path}, line {line}: {time:g} s does not come after {rows[-1][1]:g} s")
        tokens = fields[1].split(",") if len(fields) > 1 else []
        rows.append((line, time, [t for t in tokens if t and t != END_OF_BATCH]))
    return rows


@scenario_of("the trace of machines")
def vm_scenario(vms: Sequence[Vm], *, first: int, count: int, load: float, seed: int) -> Scenario:
    """Return machines `first` to `first + count` as a scenario on identical servers.

    Args:
        vms: The machines, from `read_vms`.
        first: Index of the first machine.
        count: Number of machines; the last time step may be cut.
        load: Cores requested at the busiest time over the cores of all servers; sets the number of servers.
        seed: Random seed of the lifetimes within their bins.

    Raises:
        DataError: The trace has fewer machines.
    """
    chosen = vms[first : first + count]
    if first < 0 or len(chosen) < count or not chosen:
        raise DataError(f"machines {first} to {first + count} were asked for, the trace has {len(vms)}")
    rng = np.random.default_rng([seed, 8])
    begin = chosen[0].arrival
    lifetime = rng.uniform([v.shortest for v in chosen], [v.longest for v in chosen])
    tasks = [
        Task(
            task_id=str(first + i),
            arrival_time=v.arrival - begin,
            cpu_required=v.cores,
            memory_required=v.memory,
            duration=round(float(max(1.0, seconds)), 1),
        )
        for i, (v, seconds) in enumerate(zip(chosen, lifetime, strict=True))
    ]
    servers = max(1, round(_busiest(tasks) / (load * SERVER["cpu"])))
    nodes = tuple(Node(node_id=f"server-{k}", **SERVER) for k in range(servers))
    return Scenario(
        scenario_id=f"azure-vm-{first}-{count}-{seed}",
        domain="cloud",
        nodes=nodes,
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=chosen[-1].arrival - begin + STEP_SECONDS),
        objective_targets=usual_targets(tasks, nodes, ()),
    )


@scenario_of("the trace of machines")
def window_scenario(vms: Sequence[Vm], *, start: float, seconds: float, count: int, load: float, seed: int) -> Scenario:
    """Return some of the machines that arrive in a window as a scenario on servers of several kinds.

    A machine that outlives the window runs for a quarter of the window beyond its end.

    Args:
        vms: The machines, from `read_vms`.
        start: Begin of the window, seconds of the trace.
        seconds: Length of the window.
        count: Number of machines to draw; all are taken if fewer arrive.
        load: Cores requested at the busiest time over the cores of all servers; sets the number of servers.
        seed: Random seed of the draw, and of the lifetimes within their bins.

    Raises:
        DataError: No machine arrives in the window.
    """
    rng = np.random.default_rng([seed, 11])
    arriving = [v for v in vms if start <= v.arrival < start + seconds]
    if not arriving:
        raise DataError(f"no machine arrives from {start:g} to {start + seconds:g} s of the trace")
    chosen = sorted(rng.choice(len(arriving), min(count, len(arriving)), replace=False))
    end = 1.25 * seconds
    tasks = []
    for k in chosen:
        v = arriving[int(k)]
        arrival = v.arrival - start + float(rng.uniform(0, STEP_SECONDS))  # the trace has steps of five minutes
        lifetime = float(rng.uniform(v.shortest, v.longest))
        tasks.append(
            Task(
                task_id=f"vm{k}",
                arrival_time=round(arrival, 1),
                cpu_required=v.cores,
                memory_required=v.memory,
                duration=round(max(1.0, min(lifetime, end - arrival)), 1),
                sla_latency_ms=START_LIMIT_MS,
            )
        )
    tasks.sort(key=lambda t: t.arrival_time)
    cores = _busiest(tasks) / load
    nodes: list[Node] = []
    while len(nodes) < len(SERVERS) or sum(n.cpu for n in nodes) < cores:
        nodes.append(Node(node_id=f"server-{len(nodes)}", **SERVERS[len(nodes) % len(SERVERS)]))
    return Scenario(
        scenario_id=f"azure-vm-{start:.0f}-{len(tasks)}-{seed}",
        domain="cloud",
        nodes=tuple(nodes),
        workload_definition=Workload(tasks=tuple(tasks), time_horizon=seconds),
        objective_targets=usual_targets(tasks, nodes, ()),
    )


def _busiest(tasks: Sequence[Task]) -> float:
    """Return the most cores in use at once if no task had to wait."""
    changes = sorted(
        change
        for t in tasks
        for change in ((t.arrival_time, t.cpu_required), (t.arrival_time + t.duration, -t.cpu_required))
    )
    return float(np.cumsum([amount for _, amount in changes]).max())
