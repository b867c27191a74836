"""`aurora scenarios`: draw scenarios, read them from traces, look at them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import formats, options
from aurora.cli.terminal.output import emit_json, emit_table, note

if TYPE_CHECKING:  # heavy at run time
    from pydantic import BaseModel

app = typer.Typer(help="Generate scenarios, read them from traces, look at them.", no_args_is_help=True)
app.command("new")(formats.new_scenario)
app.command("schema")(formats.scenario_schema)


@app.command()
def generate(  # one parameter an option
    family: str = options.text("batch", help="A family; --list names them."),
    level: int = options.count(1, most=5, help="Level of the curriculum."),
    seed: int = options.seed(),
    spec: bool = typer.Option(False, "--spec", help="The spec instead of the scenario."),
    out: Path | None = options.path(None, help="File to write instead of stdout."),
    list_: bool = typer.Option(False, "--list", help="List the families instead."),
    as_json: bool = typer.Option(False, "--json", help="With --list: print the list as JSON."),
) -> None:
    """Draw a scenario of a family and print it as JSON.

    Example: aurora scenarios generate --family video --level 2 --seed 7 --out scenario.json
    """
    import numpy as np  # heavy, used here only

    from aurora.sim.scenarios.expansion import expand  # heavy, used here only
    from aurora.sim.scenarios.generators import FAMILIES, sample_spec  # heavy, used here only

    if list_:
        columns = ("family", "domain", "meaning")
        families = [(n, f.domain, f.meaning) for n, f in FAMILIES.items()]
        if as_json:
            emit_json([dict(zip(columns, row, strict=True)) for row in families])
        else:
            emit_table("families", columns, families)
        return
    drawn = sample_spec(family, level, np.random.default_rng(seed))
    _put(drawn if spec else expand(drawn), out)


def _put(found: BaseModel, out: Path | None) -> None:
    """JSON to a file, whole or not at all, or to stdout."""
    from aurora.files import write_atomically

    text = found.model_dump_json(indent=2, exclude_none=True)
    if out is None:
        typer.echo(text)
        return
    write_atomically(out, text + "\n")
    note(f"wrote {out}")


class TraceKind(StrEnum):
    """Formats that become a scenario."""

    gml = "gml"
    traffic = "traffic"
    eua = "eua"
    azure_vm = "azure-vm"
    openb = "openb"
    swf = "swf"
    csv = "csv"


_FILES = {
    TraceKind.gml: "TOPOLOGY.gml",
    TraceKind.traffic: "TOPOLOGY.txt DEMAND.txt",
    TraceKind.eua: "SITES.csv USERS.csv",
    TraceKind.azure_vm: "FLAVOURS.txt LIFETIMES.txt FLAVOUR_MAP.txt LIFETIME_MAP.txt",
    TraceKind.openb: "NODES.csv PODS.csv",
    TraceKind.swf: "LOG.swf",
    TraceKind.csv: "NODES.csv TASKS.csv",
}
_COUNT, _JOBS, _LOAD = 500, 1000, 0.7
"""Defaults of `--count`, of `--count` for jobs, and of `--load`."""
MOST_JOBS = 10_000_000
"""Lines of a log that are read at most."""


@app.command()
def read(  # one parameter an option
    kind: TraceKind = typer.Argument(help="Format."),
    files: list[Path] = options.path_argument(
        help="Files of the trace, in the order that docs/guides/traces.md gives."
    ),
    first: int = options.count(0, least=0, help="First machine, pod, job, or traffic matrix."),
    count: int | None = options.count(
        None,
        most=100_000,
        help="Flows, requests, machines, pods, jobs, or traffic matrices; default 500, 1000 jobs, or all pods.",
    ),
    load: float | None = options.number(
        None,
        least=0.01,
        most=10,
        help="Of the mean link (gml) or the servers (azure-vm), default 0.7; with openb: draw pods that arrive one by "
        "one and stay, until they ask for so much of all devices, as in the published experiment.",
    ),
    processors: int | None = options.count(
        None, most=options.MAX_PROCESSORS, help="Of the machine (swf); default: as the log says."
    ),
    step: float = options.number(
        300.0, least=1, most=options.YEAR, unit="seconds", help="Seconds between traffic matrices."
    ),
    gbps_per_unit: float = options.number(1e-6, least=1e-15, most=1e6, help="Gbit/s of 1 in a traffic file."),
    seed: int = options.seed("Of what is drawn."),
    out: Path | None = options.path(None, help="File to write instead of stdout."),
) -> None:
    """A scenario from a trace, as JSON.

    Example: aurora scenarios read gml Abilene.gml.gz --count 200 --load 0.7 --out abilene.json
    """
    from aurora.sim.scenarios.traces import azure_vm, eua, flows, openb, swf, topology  # heavy, used here only

    wanted = len(_FILES[kind].split())
    if len(files) != wanted:
        raise options.usage_error(
            "FILES", f"{kind.value} takes {wanted} files, {_FILES[kind]}; {len(files)} were given"
        )
    if kind is TraceKind.openb:
        nodes, pods = openb.read_nodes(files[0]), openb.read_pods(files[1])
        if load is None:
            _put(openb.traced_scenario(nodes, pods, first=first, count=count), out)
        else:
            _put(openb.openb_scenario(nodes, pods, seed=seed, load=load), out)
        return
    if kind is TraceKind.csv:
        from aurora.sim.scenarios.traces.own_tables import read_tables  # heavy, used here only

        _put(read_tables(files[0], files[1]), out)
        return
    if kind is TraceKind.swf:
        log = swf.read_log(files[0], limit=MOST_JOBS)
        if log.left_out:
            note(f"{log.left_out} lines are no jobs to schedule (never started, run time 0, or parts of a job)")
        if log.assumed:
            note(f"{log.assumed} jobs state no run time (most were cancelled): {swf.UNKNOWN_RUN:g} s is assumed")
        _put(swf.log_scenario(log, first=first, count=count or _JOBS, processors=processors), out)
        return
    count, load = count or _COUNT, load or _LOAD
    if kind is TraceKind.gml:
        network = topology.read_gml(files[0])
        for remark in network.remarks:
            note(remark)
        _put(flows.gravity_scenario(network, flows=count, load=load, seed=seed), out)
    elif kind is TraceKind.traffic:
        network = topology.read_capacities(files[0], gbps_per_unit=gbps_per_unit)
        matrices = flows.read_demands(files[1], len(network.sites), gbps_per_unit=gbps_per_unit)
        _put(flows.demand_scenario(network, matrices[first : first + count], step=step), out)
    elif kind is TraceKind.eua:
        sites, users = eua.read_sites(files[0]), eua.read_users(files[1])
        _put(eua.edge_scenario(sites, users, requests=count, seed=seed), out)
    else:
        flavours, lifetimes = azure_vm.read_flavours(files[2]), azure_vm.read_lifetimes(files[3])
        vms = azure_vm.read_vms(files[0], files[1], flavours, lifetimes)
        _put(azure_vm.vm_scenario(vms, first=first, count=count, load=load, seed=seed), out)


@app.command()
def show(
    scenario: Path = options.path_argument(help="A scenario or a spec, JSON."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Size, conditions and objectives of a scenario.

    Example: aurora scenarios show scenario.json
    """
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    found = load_scenario(scenario)
    conditions = found.environmental_conditions
    facts = {
        "scenario_id": found.scenario_id,
        "domain": found.domain,
        "tasks": len(found.tasks),
        "nodes": len(found.nodes),
        "links": len(found.links),
        "time_horizon": found.workload_definition.time_horizon,
        "node_failures": len(conditions.node_failures),
        "network_congestion": len(conditions.network_congestion),
        "dynamic_pricing": len(conditions.dynamic_pricing),
        "objective_weights": {k: round(v, 4) for k, v in found.weights().items()},
    }
    if as_json:
        emit_json(facts)
    else:
        emit_table(found.scenario_id, ("fact", "value"), list(facts.items()))
