"""Types that every package shares."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives how far a long piece of work has come; what is shown, and how often, is the receiver's decision.

    A function with long work takes `progress: Progress = no_progress` and calls it in the thread it was called in,
    at the end of each step and once at the end of a stage, with `done == total`:

        for k, series in enumerate(panel):
            ...
            progress("back-tests", k + 1, len(panel))
    """

    def __call__(self, stage: str, done: int, total: int | None = None, detail: str = "") -> None:
        """Take note of a step.

        Args:
            stage: The piece of work, such as "trees"; each stage counts for itself.
            done: Steps done in this stage.
            total: Steps of this stage; None while it is not known.
            detail: A measured value that is worth showing, such as "loss 0.031".
        """


def no_progress(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
    """Show nothing."""
