"""Trains the champions of job queues: one for Lublin-1, one for SDSC-SP2, and one for both.

    python benchmarks/train_queues.py both --data TRACES --run runs/queue

Each starts from the template of its kind, or from `--start`, and meets stretches of the logs outside the published
sequences. The default effort is that of the figures in the documentation; `--full` takes the source's own and stops
after `--time-limit`.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

from aurora.agents.arena.templates import queue_templates
from aurora.files import write_atomically
from aurora.graphs.session import selfplay
from aurora.graphs.settings import SelfPlaySettings
from aurora.graphs.start import checked_start
from aurora.sim.policies.policy import Policy, read_policy


class Training(NamedTuple):
    """The training of a champion.

    Attributes:
        families: Patterns of families; empty: all.
        template: Position in `queue_templates`.
        seed: Random seed.
        training, validation: Sequences of each family.
    """

    families: tuple[str, ...]
    template: int
    seed: int
    training: int
    validation: int


TRAININGS = {
    "lublin": Training(("lublin*",), 1, 2, 8, 16),
    "sdsc": Training(("sdsc*",), 2, 3, 10, 16),
    "both": Training((), 0, 4, 6, 10),
}


def template_of(name: str) -> Policy:
    """Return the template from which a training starts."""
    return checked_start(queue_templates()[TRAININGS[name].template])


def main() -> None:
    """Train a champion and write it beside its run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=TRAININGS)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds swf/")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--start", type=Path, help="policy to start from, such as one of tune_queues.py")
    parser.add_argument("--full", action="store_true", help="the source's own effort, until the time limit")
    parser.add_argument("--time-limit", type=float, default=580.0, help="seconds, with --full")
    given = parser.parse_args()
    chosen = TRAININGS[given.name]
    start = checked_start(read_policy(given.start)) if given.start else template_of(given.name)
    settings = SelfPlaySettings(
        source="swf",
        data=str(given.data.absolute()),
        seed=chosen.seed,
        training_families=chosen.families,
        validation_families=chosen.families,
        start=start if given.start or chosen.template else None,
    )
    if not given.full:
        effort = {
            "population": 10,
            "generations": 3,
            "training_per_family": chosen.training,
            "validation_per_family": chosen.validation,
        }
        settings = settings.model_copy(update=effort)
    result = selfplay(
        given.run,
        settings,
        iterations=None if given.full else 1,
        time_limit=given.time_limit if given.full else None,
    )
    path = given.run / "champion.json"
    write_atomically(path, result.champion.model_dump_json(indent=1) + "\n")
    print(
        f"{path}: {result.validation_advantage:+.4f} over the best reference of each validation sequence, by hindsight"
    )


if __name__ == "__main__":
    main()
