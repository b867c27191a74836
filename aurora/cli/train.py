"""`aurora train`: networks and forecasters that learn, each from a command of its own."""

from __future__ import annotations

import typer

from aurora.cli import train_clone, train_forecast, train_rl

app = typer.Typer(help="Train a network, a cloned expert or a forecaster.", no_args_is_help=True)
app.command("forecast")(train_forecast.forecast)
app.command("ppo")(train_rl.ppo)
app.command("dqn")(train_rl.dqn)
app.command("sac")(train_rl.sac)
app.command("clone")(train_clone.clone)
