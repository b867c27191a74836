"""`aurora`: the commands and how errors end."""

from __future__ import annotations

import sys

import typer

from aurora import __version__
from aurora.cli import (
    bench,
    compare,
    data,
    doctor,
    experiment,
    explain,
    forecast,
    futures,
    index,
    policies,
    recommend,
    scenarios,
    selfplay,
    simulate,
    train,
)
from aurora.errors import AuroraError

INTERRUPTED = 130

app = typer.Typer(
    help="Learns resource allocation by self-play and explains what it does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("selfplay")(selfplay.selfplay)
app.command("simulate")(simulate.simulate)
app.command("compare")(compare.compare)
app.command("explain")(explain.explain)
app.command("forecast")(forecast.forecast)
app.command("futures")(futures.futures)
app.command("whatif", help="The same as `aurora futures`.")(futures.futures)
app.add_typer(bench.app, name="bench")
app.add_typer(train.app, name="train")
app.add_typer(policies.app, name="policies")
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(index.app, name="index")
app.add_typer(recommend.app, name="recommend")
app.add_typer(experiment.app, name="experiment")
app.command("data")(data.data)
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


def main() -> None:
    """Run the command line; an `AuroraError` ends it with its message and exit code."""
    debug = "--debug" in sys.argv  # wherever it stands
    sys.argv = [a for a in sys.argv if a != "--debug"]
    try:
        sys.exit(app(standalone_mode=False))
    except AuroraError as error:
        if debug:
            raise
        typer.echo(f"aurora: {error}", err=True)
        sys.exit(error.exit_code)
    except typer.TyperException as error:  # wrong usage
        message = error.format_message().replace("Value error, ", "")  # pydantic's word before its message
        if message:  # a command without arguments has shown its help instead
            command = getattr(getattr(error, "ctx", None), "command_path", "aurora")
            typer.echo(f"aurora: {message.rstrip('.')}; see `{command} --help`", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("aurora: interrupted", err=True)
        sys.exit(INTERRUPTED)
