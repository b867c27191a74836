"""`aurora scenarios`: draw scenarios and look at them."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli.output import emit_json, emit_table, note
from aurora.errors import ScenarioError

app = typer.Typer(help="Generate scenarios and look at them.", no_args_is_help=True)


@app.command()
def generate(  # one parameter an option
    family: str = typer.Option("batch", help="A family; `aurora scenarios generate --family ?` lists them."),
    level: int = typer.Option(1, min=1, max=5, help="Level of the curriculum."),
    seed: int = typer.Option(0, min=0),
    spec: bool = typer.Option(False, "--spec", help="The spec instead of the scenario."),
    out: Path | None = typer.Option(None, help="File to write instead of stdout."),
) -> None:
    """Draw a scenario of a family and print it as JSON.

    Example: aurora scenarios generate --family video --level 2 --seed 7 --out scenario.json
    """
    import numpy as np  # heavy, used here only

    from aurora.graphs.run_directory import write_atomically  # heavy, used here only
    from aurora.sim.expansion import expand  # heavy, used here only
    from aurora.sim.generators import FAMILIES, sample_spec  # heavy, used here only

    if family == "?":
        emit_table(
            "families",
            ("family", "domain", "meaning"),
            [(n, f.domain, f.meaning) for n, f in FAMILIES.items()],
        )
        return
    drawn = sample_spec(family, level, np.random.default_rng(seed))
    text = (drawn if spec else expand(drawn)).model_dump_json(indent=2, exclude_none=True)
    if out is None:
        typer.echo(text)
        return
    try:
        write_atomically(out, text + "\n")
    except OSError as error:
        raise ScenarioError(f"can't write {out}: {error.strerror}") from None
    note(f"wrote {out}")


@app.command()
def show(
    scenario: Path = typer.Argument(help="A scenario or a spec, JSON."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Size, conditions and objectives of a scenario.

    Example: aurora scenarios show scenario.json
    """
    from aurora.cli.simulate import read_scenario_or_spec  # heavy, used here only

    found = read_scenario_or_spec(scenario)
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
