"""`aurora train clone`: a network that runs accounts as their best people do, and then a little better."""

from __future__ import annotations

import shlex
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.data import account_key
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling
from aurora.cli.terminal.steps import steps as shown_steps


def clone(  # one parameter an option
    histories: list[Path] | None = options.path_argument(
        None, help="Accounts' histories: .jsonl, .jsonl.gz or .parquet."
    ),
    generate: int = options.count(0, least=0, most=10_000, help="Instead of files: so many generated accounts."),
    out: Path | None = options.path(None, help="Folder for the clone, checkpoints and the policy; it must be new."),
    resume: Path | None = options.path(None, help="Folder of a training to go on with, instead of all else."),
    steps: int = options.count(40_000, help="Of fine-tuning, over all environments."),
    share: float | None = options.share(
        None, least=0.001, most=0.999, help="Of experts among the accounts; default: what the scores show."
    ),
    catalogue: Path | None = options.path(None, help="What can be rented, .json; default: the synthetic catalogue."),
    hash_accounts: bool = typer.Option(
        False, "--hash-accounts", help="Replace names of accounts, with the key in AURORA_ACCOUNT_KEY."
    ),
    seed: int = options.seed(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
    plot: Path | None = options.path(None, help="Scores and learning curve, .html or .png."),
) -> None:
    """Find the experts among accounts, clone what they do, and fine-tune it by reinforcement.

    Example: aurora train clone --generate 200 --steps 40000 --out runs/clone-1
    """
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.graphs.run_directory import owned  # heavy, used here only
    from aurora.learning.experts.clone_course import Course, begin, course_of  # heavy, used here only

    check_plot_path(plot)
    if (out is None) == (resume is None):
        raise options.usage_error(
            "--out", "give either --out FOLDER for a new training or --resume FOLDER to go on with one"
        )
    folder = resume if out is None else out
    assert folder is not None  # one of them is given
    with owned(folder):
        if resume is None:
            paths = tuple(str(p.absolute()) for p in histories or ())
            prices = "" if catalogue is None else str(catalogue.absolute())
            begin(folder, Course(paths, generate, share, steps, seed, prices, hash_accounts))
        key = account_key() if course_of(folder).hashed else None
        note_compiling()
        # Loads torch, so after the arguments are known to be good.
        from aurora.learning.experts.clone_report import train_clone

        again = f"aurora train clone --resume {shlex.quote(str(folder))}"
        with explained(lambda: f"stopped; go on with: {again}"), shown_steps() as progress:
            report = train_clone(folder, key=key, progress=progress)
    trained, result = report.trained, report.to_json()
    if plot is not None:
        write_charts(report.charts(), plot)
        note(f"wrote {plot}")
    if as_json:
        emit_json(result)
        return
    for finding in trained.findings:
        note(f"{finding.unique_id}: {finding.message}")
    experts = [s for s in trained.identification.scores if s.is_expert]
    columns = ("account", "score", "low", "high", "probability", "cost_ratio")
    rows = [(s.account_id, s.score, s.low, s.high, s.probability, s.cost_ratio) for s in experts]
    emit_table(f"{len(experts)} experts among {len(trained.identification.scores)} accounts", columns, rows)
    policies = result["policies"]
    emit_table(
        f"{len(trained.cases)} weeks of accounts held out",
        ("policy", "cost", "misses", "moves"),
        [(name, p["cost"], p["misses"], p["moves"]) for name, p in policies.items()],
    )
    beside = result["fine_tuned_beside_clone"]
    cost, misses = beside["cost_change"], beside["misses_change"]
    note(
        f"fine-tuned beside the clone: cost {cost['mean']:+.1%} ({cost['low']:+.1%} to {cost['high']:+.1%}), "
        f"misses {misses['mean']:+.2%} ({misses['low']:+.2%} to {misses['high']:+.2%})"
    )
