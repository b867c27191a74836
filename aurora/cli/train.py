"""`aurora train`: networks and forecasters that learn, each from a command of its own."""

from __future__ import annotations

import typer

from aurora.cli import train_clone

app = typer.Typer(help="Train a network, a cloned expert or a forecaster.", no_args_is_help=True)
app.command("clone")(train_clone.clone)
