"""The table of trace formats, which the command line, Python and the documentation read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from aurora.errors import InputError
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces import azure_vm, eua, flows, openb, swf, topology
from aurora.sim.scenarios.traces.own_tables import read_tables

DEFAULT_COUNT, DEFAULT_JOBS, DEFAULT_LOAD = 500, 1000, 0.7
"""Defaults of `count`, of `count` for jobs, and of `load`."""
MAX_LINES_OF_LOG = 10_000_000
"""Largest number of lines of a job log that are read."""


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """The part of a trace that becomes a scenario, and assumptions on what the trace does not state.

    Attributes:
        first: Index of the first machine, pod, job or traffic matrix.
        count: Number of flows, requests, machines, pods, jobs or traffic matrices; None for the format's default.
        load: Load of the mean link (gml) or of the servers (azure-vm); for openb: draw pods up to this share of all
            devices. None for the format's default.
        processors: Number of processors of the machine (swf); None: as the log states.
        step: Time between traffic matrices, seconds.
        gbps_per_unit: Gbit/s of one unit in a traffic file.
        seed: Random seed of drawn flows, requests, lifetimes and pods.
    """

    first: int = 0
    count: int | None = None
    load: float | None = None
    processors: int | None = None
    step: float = 300.0
    gbps_per_unit: float = 1e-6
    seed: int = 0


class TraceScenario(NamedTuple):
    """A scenario from a trace.

    Attributes:
        scenario: The scenario.
        remarks: Sentences on what was left out or assumed.
    """

    scenario: Scenario
    remarks: tuple[str, ...] = ()


class TraceFormat(NamedTuple):
    """A format of traces.

    Attributes:
        files: Names of the files, in the order in which they are given.
        read: Returns the scenario of the files.
    """

    files: tuple[str, ...]
    read: Callable[[Sequence[Path], TraceOptions], TraceScenario]


def read_trace(name: str, files: Sequence[Path], options: TraceOptions | None = None) -> TraceScenario:
    """Read a scenario from the files of a trace.

    Args:
        name: A format of `TRACE_FORMATS`, such as "swf".
        files: The files in the format's order.
        options: Part of the trace to use.

    Raises:
        InputError: The format is unknown, or takes another number of files.
        FileError: A file can't be read.
        DataError: A file is malformed, or has too few entries.
    """
    if name not in TRACE_FORMATS:
        names = ", ".join(TRACE_FORMATS)
        raise InputError(f"there is no such format; choose among {names}", parameter="name", value=name)
    trace_format = TRACE_FORMATS[name]
    if len(files) != len(trace_format.files):
        raise InputError(
            f"{name} takes {len(trace_format.files)} files, {' '.join(trace_format.files)}; {len(files)} were given",
            parameter="files",
        )
    return trace_format.read(files, options or TraceOptions())


def _gml(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    network = topology.read_gml(files[0])
    scenario = flows.gravity_scenario(
        network, flows=options.count or DEFAULT_COUNT, load=options.load or DEFAULT_LOAD, seed=options.seed
    )
    return TraceScenario(scenario, tuple(network.remarks))


def _traffic(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    network = topology.read_capacities(files[0], gbps_per_unit=options.gbps_per_unit)
    matrices = flows.read_demands(files[1], len(network.sites), gbps_per_unit=options.gbps_per_unit)
    chosen = matrices[options.first : options.first + (options.count or DEFAULT_COUNT)]
    return TraceScenario(flows.demand_scenario(network, chosen, step=options.step))


def _eua(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    sites, users = eua.read_sites(files[0]), eua.read_users(files[1])
    return TraceScenario(eua.edge_scenario(sites, users, requests=options.count or DEFAULT_COUNT, seed=options.seed))


def _azure_vm(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    flavours, lifetimes = azure_vm.read_flavours(files[2]), azure_vm.read_lifetimes(files[3])
    vms = azure_vm.read_vms(files[0], files[1], flavours, lifetimes)
    return TraceScenario(
        azure_vm.vm_scenario(
            vms,
            first=options.first,
            count=options.count or DEFAULT_COUNT,
            load=options.load or DEFAULT_LOAD,
            seed=options.seed,
        )
    )


def _openb(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    nodes, pods = openb.read_nodes(files[0]), openb.read_pods(files[1])
    if options.load is None:
        return TraceScenario(openb.traced_scenario(nodes, pods, first=options.first, count=options.count))
    return TraceScenario(openb.openb_scenario(nodes, pods, seed=options.seed, load=options.load))


def _swf(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    log = swf.read_log(files[0], limit=MAX_LINES_OF_LOG)
    remarks = []
    if log.left_out:
        remarks.append(f"{log.left_out} lines are no jobs to schedule (never started, run time 0, or parts of a job)")
    if log.assumed:
        remarks.append(f"{log.assumed} jobs state no run time (most were cancelled): {swf.UNKNOWN_RUN:g} s is assumed")
    scenario = swf.log_scenario(
        log, first=options.first, count=options.count or DEFAULT_JOBS, processors=options.processors
    )
    return TraceScenario(scenario, tuple(remarks))


def _csv(files: Sequence[Path], options: TraceOptions) -> TraceScenario:
    del options  # the tables state everything
    return TraceScenario(read_tables(files[0], files[1]))


TRACE_FORMATS: Mapping[str, TraceFormat] = {
    "gml": TraceFormat(("TOPOLOGY.gml",), _gml),
    "traffic": TraceFormat(("TOPOLOGY.txt", "DEMAND.txt"), _traffic),
    "eua": TraceFormat(("SITES.csv", "USERS.csv"), _eua),
    "azure-vm": TraceFormat(("FLAVOURS.txt", "LIFETIMES.txt", "FLAVOUR_MAP.txt", "LIFETIME_MAP.txt"), _azure_vm),
    "openb": TraceFormat(("NODES.csv", "PODS.csv"), _openb),
    "swf": TraceFormat(("LOG.swf",), _swf),
    "csv": TraceFormat(("NODES.csv", "TASKS.csv"), _csv),
}
"""Every format by its name on the command line."""
