"""`aurora`: all commands."""

from __future__ import annotations

import typer

from aurora import __version__
from aurora.cli import (
    compare,
    data,
    doctor,
    evolve_prompts,
    experiment,
    explain,
    forecast,
    index,
    mcp,
    policies,
    scenarios,
    selfplay,
    serve,
    simulate,
)
from aurora.cli.bench import commands as bench
from aurora.cli.chat import commands as chat
from aurora.cli.compose import app as compose
from aurora.cli.eval import commands as evaluation
from aurora.cli.futures import commands as futures
from aurora.cli.plan import commands as plan
from aurora.cli.recommend import commands as recommend
from aurora.cli.schedule import commands as schedule
from aurora.cli.snapshot import commands as snapshot
from aurora.cli.study import commands as study
from aurora.cli.train import commands as train

app = typer.Typer(
    help="Learns resource allocation by self-play and explains what it does.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CLUSTERS, SIMULATION, LEARNING, EVALUATION = (
    "Clusters and accounts: ask, plan, apply, undo",
    "Simulation and forecasts",
    "Self-play and training",
    "Evaluation and checks",
)
"""Panels of the help, in its order."""
app.command("ask", rich_help_panel=CLUSTERS)(chat.ask)
app.command("chat", rich_help_panel=CLUSTERS)(chat.chat)
app.command("mcp", rich_help_panel=CLUSTERS)(mcp.mcp)
app.command("serve", rich_help_panel=CLUSTERS)(serve.serve)
app.add_typer(snapshot.app, name="snapshot", rich_help_panel=CLUSTERS)
app.add_typer(plan.app, name="plan", rich_help_panel=CLUSTERS)
app.add_typer(recommend.app, name="recommend", rich_help_panel=CLUSTERS)
app.add_typer(experiment.app, name="experiment", rich_help_panel=CLUSTERS)
app.add_typer(schedule.app, name="schedule", rich_help_panel=CLUSTERS)
app.command("simulate", rich_help_panel=SIMULATION)(simulate.simulate)
app.command("compare", rich_help_panel=SIMULATION)(compare.compare)
app.command("explain", rich_help_panel=SIMULATION)(explain.explain)
app.command("forecast", rich_help_panel=SIMULATION)(forecast.forecast)
app.command("futures", rich_help_panel=SIMULATION)(futures.futures)
app.command("whatif", rich_help_panel=SIMULATION, help="The same as `aurora futures`.")(futures.futures)
app.add_typer(scenarios.app, name="scenarios", rich_help_panel=SIMULATION)
app.add_typer(data.app, name="data", rich_help_panel=SIMULATION)
app.command("selfplay", rich_help_panel=LEARNING)(selfplay.selfplay)
app.add_typer(policies.app, name="policies", rich_help_panel=LEARNING)
app.add_typer(train.app, name="train", rich_help_panel=LEARNING)
app.add_typer(evolve_prompts.app, name="evolve-prompts", rich_help_panel=LEARNING)
app.add_typer(compose.app, name="compose", rich_help_panel=LEARNING)
app.add_typer(study.app, name="study", rich_help_panel=LEARNING)
app.add_typer(index.app, name="index", rich_help_panel=LEARNING)
app.add_typer(evaluation.app, name="eval", rich_help_panel=EVALUATION)
app.add_typer(bench.app, name="bench", rich_help_panel=EVALUATION)
app.command("doctor", rich_help_panel=EVALUATION)(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass
