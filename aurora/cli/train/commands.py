"""`aurora train`: one command for each kind of network or forecaster."""

from __future__ import annotations

import typer

from aurora.cli.train import clone, forecast, rl

app = typer.Typer(help="Train a network, a cloned expert or a forecaster.", no_args_is_help=True)
app.command("forecast")(forecast.forecast)
app.command("ppo")(rl.ppo)
app.command("dqn")(rl.dqn)
app.command("sac")(rl.sac)
app.command("clone")(clone.clone)
