"""`aurora train ppo|dqn|sac`: train a network that places tasks, on generated scenarios."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling
from aurora.cli.terminal.steps import steps as show_steps
from aurora.errors import RunError

if TYPE_CHECKING:
    from aurora.learning.rl.report import TrainingReport
    from aurora.learning.rl.trainer import Algorithm
    from aurora.types import Progress


def _command(algorithm: Algorithm, description: str) -> Callable[..., None]:
    """Return the command that trains by an algorithm; only PPO has `--recurrent`."""

    def command(  # an option each
        level: str = options.text("1-3", help="Level of the curriculum, or several like 1-3, mixed."),
        steps: int = options.count(200_000, help="Number of decisions to train on, over all environments."),
        seed: int = options.seed(),
        out: Path | None = options.path(None, help="New folder for checkpoints, TensorBoard's events and the policy."),
        recurrent: bool = typer.Option(False, "--recurrent", help="With an LSTM over the decisions of an episode."),
        resume: Path | None = options.path(None, help="Folder of a training to continue, instead of all else."),
        as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
        plot: Path | None = options.path(None, help="Learning curve, .html or .png."),
    ) -> None:
        # Where the option is removed, its default stays typer's declaration.
        _train("ppo_lstm" if recurrent is True else algorithm, level, steps, seed, out, resume, as_json, plot)

    command.__name__ = algorithm
    command.__doc__ = description
    if algorithm != "ppo":
        signature = inspect.signature(command, eval_str=True)
        shared = [p for p in signature.parameters.values() if p.name != "recurrent"]
        command.__signature__ = signature.replace(parameters=shared)  # type: ignore[attr-defined]  # what typer reads
    return command


ppo = _command(
    "ppo",
    """Train by proximal policy optimisation (PPO), with or without an LSTM.

    Example: aurora train ppo --level 1 --steps 50000 --out runs/ppo-1
    """,
)
dqn = _command(
    "dqn",
    """Train by deep Q-learning (DQN) with masked actions.

    Example: aurora train dqn --level 1 --steps 50000 --out runs/dqn-1
    """,
)
sac = _command(
    "sac",
    """Train by soft actor-critic (SAC), whose actions are weights of features.

    Example: aurora train sac --level 1 --steps 50000 --out runs/sac-1
    """,
)


def _train(  # an option each
    algorithm: Algorithm,
    level: str,
    steps: int,
    seed: int,
    out: Path | None,
    resume: Path | None,
    as_json: bool,
    plot: Path | None,
) -> None:
    from aurora.charts import check_plot_path  # heavy, used here only
    from aurora.learning.rl import checkpoint, report, trainer  # likewise

    check_plot_path(plot)
    note_compiling()
    if (out is None) == (resume is None):
        raise options.usage_error(
            "--out", "give either --out FOLDER for a new training or --resume FOLDER to go on with one"
        )
    folder = resume if out is None else out
    assert folder is not None  # one of them is given
    name = algorithm.split("_", maxsplit=1)[0]
    if resume is not None:
        config = trainer.load_config(resume)
        if config.algorithm.split("_")[0] != name:
            raise RunError(f"{resume} holds a training of {config.algorithm}; resume it with that command")
        levels, seed = config.levels, config.seed
    elif (folder / checkpoint.NAME).exists():
        raise RunError(
            f"{folder} holds a training already; go on with --resume {shlex.quote(str(folder))}, or give another --out"
        )
    else:
        levels = options.parse_levels(level, "--level")
    with explained(lambda: _kept(name, folder)):
        first_fit = report.first_fit_reward(levels, seed)
        with _progress(first_fit) as progress:
            if resume is None:
                result = report.train(
                    algorithm, levels=levels, steps=steps, seed=seed, folder=folder, progress=progress
                )
            else:
                result = report.resume_training(folder, progress=progress)
    if plot is not None:
        _draw(result, first_fit, plot)
    _print(result, as_json)


@contextmanager
def _progress(first_fit: float) -> Iterator[Progress]:
    """Show progress with the reward of first fit after the mean reward."""
    with show_steps() as show:

        def progress(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
            compared = f" (first fit about {first_fit:.4f})" if "reward" in detail else ""
            show(stage, done, total, detail + compared)

        yield progress


def _kept(command: str, folder: Path) -> str:
    """Return how to continue an interrupted training; "" if it had not begun."""
    from aurora.learning.rl import checkpoint  # heavy, used here only

    if not (folder / checkpoint.NAME).exists():
        return ""
    kept = checkpoint.load(folder)["steps"]
    state = f"stopped, {kept} steps are kept; go on" if kept else "stopped before steps were kept; begin again"
    return f"{state} with: aurora train {command} --resume {shlex.quote(str(folder))}"


def _draw(result: TrainingReport, first_fit: float, plot: Path) -> None:
    from aurora.charts import Chart, Line, write_charts  # heavy, used here only

    points = [(p.steps, p.mean_return) for p in result.curve if p.mean_return is not None]
    lines = (
        Line("episodes in training", [steps for steps, _ in points], [reward for _, reward in points]),
        Line("first fit, about", [0, result.steps], [first_fit, first_fit], dash="dash"),
    )
    write_charts([Chart(result.algorithm, "decisions", "mean reward", lines)], plot)


def _print(result: TrainingReport, as_json: bool) -> None:
    from aurora.learning.rl.report import HELD_OUT  # heavy, used here only

    if as_json:
        emit_json(result.to_json())
        return
    emit_table(
        f"{result.algorithm}, {result.steps} steps in {result.seconds:.0f} s, on {HELD_OUT} held-out scenarios",
        ("level", "reward", "over_random", "low", "high", "over_first_fit", "low", "high"),
        [(r.level, r.reward, *r.over_random, *r.over_first_fit) for r in result.held_out],
    )
    note(f"wrote {result.folder if result.policy_file is None else result.policy_file}")
