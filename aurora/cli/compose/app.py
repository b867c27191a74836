"""`aurora compose`: the group of its commands."""

from __future__ import annotations

import typer

from aurora.cli.compose import adaptation, attack, catalogue, deployment, measuring, search, space

app = typer.Typer(
    help="Inference applications made of models and transformations: found, deployed, changed while they run.",
    no_args_is_help=True,
)
app.add_typer(catalogue.app, name="catalogue")
app.command()(measuring.data)
app.command()(measuring.profile)
app.command()(search.search)
app.command()(attack.attack)
app.command()(space.space)
app.command()(deployment.deploy)
app.command()(deployment.status)
app.command()(deployment.rollback)
app.command()(deployment.stop)
app.command()(adaptation.adapt)
app.command()(deployment.manifest)
