"""`aurora eval`: evaluations of policies, explanations and prompts, their comparison and reports."""

from __future__ import annotations

import typer

from aurora.cli.eval import benchmark, compare, explanations, export, rate, report, transfer, trials

app = typer.Typer(
    help="Evaluations of policies, explanations and prompts: run, compare, report, and gates for CI.",
    no_args_is_help=True,
)
app.command("benchmark")(benchmark.benchmark)
app.command("compare")(compare.compare)
app.command("export")(export.export)
app.command("transfer")(transfer.transfer)
app.command("ablations")(transfer.ablations)
app.command("explanations")(explanations.explanations)
app.command("trials")(trials.trials)
app.add_typer(rate.app, name="rate")
app.command("report")(report.report)
