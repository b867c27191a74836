"""`aurora scenarios`: generate scenarios, read them from traces, show them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import formats, options
from aurora.cli.terminal.output import emit_json, emit_table, note

if TYPE_CHECKING:  # heavy at run time
    from pydantic import BaseModel

app = typer.Typer(help="Generate scenarios, read them from traces, show them.", no_args_is_help=True)
app.command("new")(formats.new_scenario)
app.command("schema")(formats.scenario_schema)


@app.command()
def generate(  # one parameter an option
    family: str = options.text("batch", help="Family of scenarios; --list names them."),
    level: int = options.count(1, most=5, help="Curriculum level."),
    seed: int = options.seed(),
    spec: bool = typer.Option(False, "--spec", help="Print the spec instead of the scenario."),
    out: Path | None = options.path(None, help="File to write instead of stdout."),
    list_families: bool = typer.Option(False, "--list", help="List the families instead."),
    as_json: bool = typer.Option(False, "--json", help="With --list: print the list as JSON."),
) -> None:
    """Generate a scenario of a family and print it as JSON.

    Example: aurora scenarios generate --family video --level 2 --seed 7 --out scenario.json
    """
    import numpy as np  # heavy, used here only

    from aurora.sim.scenarios.expansion import expand  # heavy, used here only
    from aurora.sim.scenarios.generators import FAMILIES, sample_spec  # heavy, used here only

    if list_families:
        columns = ("family", "domain", "meaning")
        families = [(n, f.domain, f.meaning) for n, f in FAMILIES.items()]
        if as_json:
            emit_json([dict(zip(columns, row, strict=True)) for row in families])
        else:
            emit_table("families", columns, families)
        return
    sampled = sample_spec(family, level, np.random.default_rng(seed))
    _write(sampled if spec else expand(sampled), out)


def _write(document: BaseModel, out: Path | None) -> None:
    """Write a document as JSON to a file (whole or not at all) or to stdout."""
    from aurora.files import write_atomically

    text = document.model_dump_json(indent=2, exclude_none=True)
    if out is None:
        typer.echo(text)
        return
    write_atomically(out, text + "\n")
    note(f"wrote {out}")


class TraceKind(StrEnum):
    """Formats of traces; the keys of `TRACE_FORMATS`, without its heavy imports."""

    gml = "gml"
    traffic = "traffic"
    eua = "eua"
    azure_vm = "azure-vm"
    openb = "openb"
    swf = "swf"
    csv = "csv"


@app.command()
def read(  # one parameter an option
    kind: TraceKind = typer.Argument(help="Format of the trace."),
    files: list[Path] = options.path_argument(
        help="Files of the trace, in the order that docs/guides/traces.md gives."
    ),
    first: int = options.count(0, least=0, help="Index of the first machine, pod, job, or traffic matrix."),
    count: int | None = options.count(
        None,
        most=100_000,
        help="Number of flows, requests, machines, pods, jobs, or traffic matrices; default 500, 1000 jobs, all pods.",
    ),
    load: float | None = options.number(
        None,
        least=0.01,
        most=10,
        help="Load of the mean link (gml) or of the servers (azure-vm), default 0.7. With openb: draw pods that arrive "
        "one by one and stay, up to this share of all devices, as in the published experiment.",
    ),
    processors: int | None = options.count(
        None, most=options.MAX_PROCESSORS, help="Number of processors of the machine (swf); default: as the log says."
    ),
    step: float = options.number(
        300.0, least=1, most=options.YEAR, unit="seconds", help="Time between traffic matrices."
    ),
    gbps_per_unit: float = options.number(1e-6, least=1e-15, most=1e6, help="Gbit/s of one unit in a traffic file."),
    seed: int = options.seed("Random seed of the draws."),
    out: Path | None = options.path(None, help="File to write instead of stdout."),
) -> None:
    """Read a scenario from a trace and print it as JSON.

    Example: aurora scenarios read gml Abilene.gml.gz --count 200 --load 0.7 --out abilene.json
    """
    from aurora.sim.scenarios.traces.formats import TRACE_FORMATS, TraceOptions, read_trace  # heavy, used here only

    names = TRACE_FORMATS[kind.value].files
    if len(files) != len(names):
        raise options.usage_error(
            "FILES", f"{kind.value} takes {len(names)} files, {' '.join(names)}; {len(files)} were given"
        )
    trace = read_trace(kind.value, files, TraceOptions(first, count, load, processors, step, gbps_per_unit, seed))
    for remark in trace.remarks:
        note(remark)
    _write(trace.scenario, out)


@app.command()
def show(
    scenario: Path = options.path_argument(help="Scenario or scenario spec, JSON."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Show the size, conditions and objectives of a scenario.

    Example: aurora scenarios show scenario.json
    """
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    loaded = load_scenario(scenario)
    conditions = loaded.environmental_conditions
    facts = {
        "scenario_id": loaded.scenario_id,
        "domain": loaded.domain,
        "tasks": len(loaded.tasks),
        "nodes": len(loaded.nodes),
        "links": len(loaded.links),
        "time_horizon": loaded.workload_definition.time_horizon,
        "node_failures": len(conditions.node_failures),
        "network_congestion": len(conditions.network_congestion),
        "dynamic_pricing": len(conditions.dynamic_pricing),
        "objective_weights": {k: round(v, 4) for k, v in loaded.weights().items()},
    }
    if as_json:
        emit_json(facts)
    else:
        emit_table(loaded.scenario_id, ("fact", "value"), list(facts.items()))
