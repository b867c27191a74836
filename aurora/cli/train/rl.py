"""`aurora train ppo|dqn|sac`: a network that learns to place tasks on generated scenarios."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling
from aurora.errors import RunError

POLICY = "policy.json"
JUDGED = 200
"""Held-out scenarios of each level that a training is compared on when it ends."""
QUIET_SECONDS = 5.0
"""Where stderr is not a terminal, progress is told no more often than this."""

_LEVEL = options.text("1-3", help="Level of the curriculum, or several like 1-3, mixed.")
_STEPS = options.count(200_000, help="Decisions, over all environments.")
_SEED = options.seed()
_OUT = options.path(None, help="Folder for checkpoints, TensorBoard's events and the policy; it must be new.")
_RESUME = options.path(None, help="Folder of a training to go on with, instead of all else.")
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_PLOT = options.path(None, help="Learning curve, .html or .png.")


def ppo(
    level: str = _LEVEL,
    steps: int = _STEPS,
    seed: int = _SEED,
    out: Path | None = _OUT,
    recurrent: bool = typer.Option(False, "--recurrent", help="With an LSTM over the decisions of an episode."),
    resume: Path | None = _RESUME,
    as_json: bool = _JSON,
    plot: Path | None = _PLOT,
) -> None:
    """Proximal policy optimisation, with or without memory.

    Example: aurora train ppo --level 1 --steps 50000 --out runs/ppo-1
    """
    _train("ppo_lstm" if recurrent else "ppo", level, steps, seed, out, resume, as_json, plot)


def dqn(
    level: str = _LEVEL,
    steps: int = _STEPS,
    seed: int = _SEED,
    out: Path | None = _OUT,
    resume: Path | None = _RESUME,
    as_json: bool = _JSON,
    plot: Path | None = _PLOT,
) -> None:
    """Deep Q-learning with masked actions.

    Example: aurora train dqn --level 1 --steps 50000 --out runs/dqn-1
    """
    _train("dqn", level, steps, seed, out, resume, as_json, plot)


def sac(
    level: str = _LEVEL,
    steps: int = _STEPS,
    seed: int = _SEED,
    out: Path | None = _OUT,
    resume: Path | None = _RESUME,
    as_json: bool = _JSON,
    plot: Path | None = _PLOT,
) -> None:
    """Soft actor-critic over the weights of features.

    Example: aurora train sac --level 1 --steps 50000 --out runs/sac-1
    """
    _train("sac", level, steps, seed, out, resume, as_json, plot)


def _train(
    algorithm: Any,
    level: str,
    steps: int,
    seed: int,
    out: Path | None,
    resume: Path | None,
    as_json: bool,
    plot: Path | None,
) -> None:
    from aurora.charts import check_plot_path  # heavy, used here only
    from aurora.graphs.run_directory import owned  # heavy, used here only
    from aurora.learning.rl import (
        checkpoint,  # heavy, used here only
        trainer,  # heavy, used here only
    )

    check_plot_path(plot)
    note_compiling()
    if (out is None) == (resume is None):
        raise options.usage_error(
            "--out", "give either --out FOLDER for a new training or --resume FOLDER to go on with one"
        )
    folder = resume if out is None else out
    assert folder is not None  # one of them is given
    if resume is not None:
        trainee = trainer.resume(resume)
        if trainee.course.algorithm.split("_")[0] != algorithm.split("_")[0]:
            raise RunError(f"{resume} holds a training of {trainee.course.algorithm}; resume it with that command")
    else:
        if (folder / checkpoint.NAME).exists():
            raise RunError(
                f"{folder} holds a training already; "
                f"go on with --resume {shlex.quote(str(folder))}, or give another --out"
            )
        trainee = trainer.begin(trainer.Course(algorithm, options.parse_levels(level, "--level"), steps, seed))
    with owned(folder):
        if resume is None:
            checkpoint.save(folder, trainer.state_of(trainee))
        try:
            with _watched(trainee, folder) as tell:
                trainer.train(trainee, tell=tell, folder=folder)
        except KeyboardInterrupt:
            kept = checkpoint.load(folder)["steps"]
            done = f"stopped, {kept} steps are kept; go on" if kept else "stopped before steps were kept; begin again"
            note(f"{done} with: aurora train {algorithm.split('_')[0]} --resume {shlex.quote(str(folder))}")
            raise
        _finish(trainee, folder, as_json, plot)


@contextmanager
def _watched(trainee: Any, folder: Path) -> Iterator[Callable[[Any], None]]:
    """Progress on stderr, and the same for TensorBoard."""
    from torch.utils.tensorboard import SummaryWriter  # heavy, used here only

    course, begun = trainee.course, trainee.learner.steps
    mark = _first_fit(course)
    spent = trainee.learner.curve[-1].seconds if trainee.learner.curve else 0.0

    def line(point: Any) -> str:
        rate = (point.steps - begun) / max(point.seconds - spent, 1e-9)
        value = "" if point.value is None else f"  mean reward {point.value:.4f} (first fit about {mark:.4f})"
        return f"{course.algorithm}  {point.steps} of {course.steps} steps  {rate:.0f} steps/s{value}"

    # Steps that a killed process had reported, but not kept, are dropped from the curves.
    with SummaryWriter(str(folder), purge_step=begun + 1) as events, _shown(course.steps) as show:

        def tell(point: Any) -> None:
            if point.value is not None:
                events.add_scalar("episode/reward", point.value, point.steps)
            for name, value in point.measures.items():
                events.add_scalar(f"training/{name}", value, point.steps)
            show(line(point), point.steps, point.seconds)

        yield tell


def _first_fit(course: Any) -> float:
    """About the mean reward of first fit on scenarios like those of the training."""
    from aurora.learning.rl.rollout import policy_values  # heavy, used here only
    from aurora.learning.rl.trainer import held_out  # heavy, used here only
    from aurora.sim.policies.references import REFERENCES  # heavy, used here only

    alike = held_out(course.levels, 50, course.seed + 1)
    return fmean(policy_values(REFERENCES["first_fit"], s).mean() for s in alike.values())


@contextmanager
def _shown(steps: int) -> Iterator[Callable[[str, int, float], None]]:
    """A bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        spoken = -QUIET_SECONDS

        def speak(text: str, done: int, seconds: float) -> None:
            nonlocal spoken
            if seconds - spoken >= QUIET_SECONDS or done >= steps:
                spoken = seconds
                note(text)

        yield speak
        return
    from rich.console import Console  # slow to import, for terminals only
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # likewise

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        task = bar.add_task("", total=steps)
        yield lambda text, done, _: bar.update(task, description=text, completed=done)


def _finish(trainee: Any, folder: Path, as_json: bool, plot: Path | None) -> None:
    """Judge what was learned, write what can be kept of it, and tell."""
    from aurora.charts import Chart, Line, write_charts  # heavy, used here only
    from aurora.files import write_atomically
    from aurora.intervals import paired_interval  # heavy, used here only
    from aurora.learning.rl.rollout import agent_values, policy_values  # heavy, used here only
    from aurora.learning.rl.trainer import held_out  # heavy, used here only
    from aurora.sim.policies.references import REFERENCES  # heavy, used here only

    course, learner = trainee.course, trainee.learner
    rows = []
    for number, scenarios in held_out(course.levels, JUDGED, course.seed).items():
        values = agent_values(trainee.agent, scenarios)
        row: dict[str, Any] = {"level": number, "reward": float(values.mean())}
        for name in ("random", "first_fit"):
            row[f"over_{name}"] = paired_interval(values - policy_values(REFERENCES[name], scenarios))._asdict()
        rows.append(row)
    path = folder / POLICY if trainee.has_policy else None
    if path is not None:
        write_atomically(path, trainee.policy().model_dump_json(indent=2, exclude_none=True) + "\n")
    if plot is not None:
        points = [p for p in learner.curve if p.value is not None]
        lines = [Line("episodes in training", [p.steps for p in points], [p.value for p in points])]
        mark = _first_fit(course)
        lines.append(Line("first fit, about", [0, learner.steps], [mark, mark], dash="dash"))
        write_charts([Chart(f"{course.algorithm}", "decisions", "mean reward", tuple(lines))], plot)
    result = {
        "algorithm": course.algorithm,
        "levels": list(course.levels),
        "seed": course.seed,
        "steps": learner.steps,
        "seconds": learner.curve[-1].seconds,
        "steps_per_second": learner.steps / learner.curve[-1].seconds,
        "folder": str(folder),
        "policy": None if path is None else str(path),
        "held_out": rows,
    }
    if as_json:
        emit_json(result)
        return
    emit_table(
        f"{course.algorithm}, {learner.steps} steps in {result['seconds']:.0f} s, on {JUDGED} held-out scenarios",
        ("level", "reward", "over_random", "low", "high", "over_first_fit", "low", "high"),
        [(r["level"], r["reward"], *r["over_random"].values(), *r["over_first_fit"].values()) for r in rows],
    )
    note(f"wrote {folder if path is None else path}")
