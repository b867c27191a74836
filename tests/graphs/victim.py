"""A process that plays, counts its simulations, and dies at a given point."""

import os
import signal
from pathlib import Path

from aurora.graphs.run import open_run
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.measurement_cache import MeasurementCache
from tests.memory.bag_of_words import BagOfWords

WORDS = BagOfWords()
TINY = SelfPlaySettings(
    seed=3, population=4, generations=2, training_per_family=1, validation_per_family=1, embedder=WORDS.fingerprint
)


def play(directory: Path, iterations: int, jobs: int, counter: Path, die: tuple[str, int] | None) -> None:
    """Play a run; die by SIGKILL at the n-th occasion of a kind.

    Kinds: `simulation` (before its block is kept), `writing` (within the transaction), `committed` (after it), `event`.
    """
    left = {"simulation": 0, "writing": 0, "committed": 0, "event": 0}
    if die is not None:
        left[die[0]] = die[1]

    def occasion(kind: str) -> None:
        left[kind] -= 1
        if left[kind] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    tally = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    add_rows = MeasurementCache.add_rows

    def counted(cache, keys, *rows):
        for _ in keys:
            occasion("simulation")
        os.write(tally, b"." * len(keys))
        add_rows(cache, keys, *rows)

    MeasurementCache.add_rows = counted
    with open_run(directory, TINY, WORDS, watch=occasion) as opened:
        opened.play(iterations=iterations, jobs=jobs, tell=lambda event: occasion("event"))


def hold(directory: Path, held, release) -> None:
    """Hold the lock of a run until released."""
    with open_run(directory, TINY, WORDS):
        held.set()
        release.wait(300)


def play_on(directory: Path, began, result) -> None:
    """Play until interrupted, and print how the run ended."""

    def tell(event):
        if event["event"] == "generation" and event["iteration"] >= 1:
            began.set()

    with open_run(directory, TINY, WORDS) as opened:
        result.put(opened.play(tell=tell)[:2])
