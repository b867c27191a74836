"""Training in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from aurora.errors import RunError
from aurora.learning.rl import checkpoint, trainer
from aurora.learning.rl.trainer import Algorithm, Course, Trainee
from aurora.learning.rl.training import Point


def train(  # what a training consists of
    algorithm: Algorithm = "ppo",
    *,
    levels: Sequence[int] = (1,),
    steps: int = 100_000,
    seed: int = 0,
    folder: Path | str | None = None,
    tell: Callable[[Point], None] = lambda _: None,
) -> Trainee:
    """Train an agent to place tasks, on scenarios generated afresh for each block of training.

    Args:
        algorithm: `ppo`, `ppo_lstm`, `dqn` or `sac`.
        levels: Levels of the curriculum, 1 to 5, mixed evenly.
        steps: Number of decisions to train on.
        seed: Random seed; the same seed trains the same agent.
        folder: Folder for checkpoints; a training that was interrupted goes on there. None: none are written.
        tell: Called with every point of the learning curve.

    Returns:
        What was learned: `agent` acts, and `policy()` is a policy like any other (of PPO and DQN).

    Raises:
        DataError: There is no such algorithm or level, or nothing to do.
        RunError: The folder holds a checkpoint that is damaged, or of another training.
    """
    course = Course(algorithm, tuple(levels), steps, seed)
    if folder is None:
        trainee = trainer.begin(course)
        trainer.train(trainee, tell=tell)
        return trainee
    where = Path(folder)
    if (where / checkpoint.NAME).exists():
        trainee = trainer.resume(where)
        if trainee.course != course:
            raise RunError(f"folder={where} holds a training of {trainee.course}; give another folder")
    else:
        where.mkdir(parents=True, exist_ok=True)
        trainee = trainer.begin(course)
        checkpoint.save(where, trainer.state_of(trainee))
    trainer.train(trainee, tell=tell, folder=where)
    return trainee
