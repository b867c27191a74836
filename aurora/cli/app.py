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
    policies,
    scenarios,
    selfplay,
    simulate,
)
from aurora.cli.bench import commands as bench
from aurora.cli.chat import commands as chat
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
app.command("selfplay")(selfplay.selfplay)
app.command("simulate")(simulate.simulate)
app.command("compare")(compare.compare)
app.command("explain")(explain.explain)
app.command("forecast")(forecast.forecast)
app.command("futures")(futures.futures)
app.command("whatif", help="The same as `aurora futures`.")(futures.futures)
app.command("ask")(chat.ask)
app.command("chat")(chat.chat)
app.add_typer(evaluation.app, name="eval")
app.add_typer(evolve_prompts.app, name="evolve-prompts")
app.add_typer(study.app, name="study")
app.add_typer(bench.app, name="bench")
app.add_typer(train.app, name="train")
app.add_typer(policies.app, name="policies")
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(index.app, name="index")
app.add_typer(recommend.app, name="recommend")
app.add_typer(plan.app, name="plan")
app.add_typer(experiment.app, name="experiment")
app.add_typer(data.app, name="data")
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(schedule.app, name="schedule")
app.command("doctor")(doctor.doctor)


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
