"""Reads evaluations for a report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aurora.errors import InputError
from aurora.evals.results.result import EvalResult, load_result
from aurora.evals.results.samples import Sample, read_samples

MOST_EVALUATIONS = 50
"""Largest number of evaluations of one report."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation as read from its folder.

    Attributes:
        path: Folder of the evaluation, or the file with its result.
        name: Name by which the report calls it.
        result: Its result.
        samples: Its samples; none where the folder has no file of them.
    """

    path: Path
    name: str
    result: EvalResult
    samples: tuple[Sample, ...]

    @property
    def command(self) -> str:
        """Return the command that repeats the evaluation; empty: it is not recorded."""
        return self.result.provenance.command

    @property
    def report_command(self) -> str:
        """Return the command that draws its figures again."""
        return f"aurora eval report {shlex.quote(str(self.path))}"


def read_evaluations(paths: Sequence[Path]) -> list[Evaluation]:
    """Read the evaluations in folders, each under a name of its own.

    Args:
        paths: Folders of evaluations, or files with their results, which come without samples.

    Raises:
        InputError: There is no path, there are too many, or one occurs twice.
        FileError: A file can't be read.
        DataError: A file is not the result of an evaluation, or a line of the samples is no sample.
    """
    if not 1 <= len(paths) <= MOST_EVALUATIONS:
        raise InputError(f"a report is of 1 to {MOST_EVALUATIONS} evaluations", parameter="folders", value=len(paths))
    places = [path.resolve() for path in paths]
    if len(set(places)) < len(places):
        twice = next(path for k, path in enumerate(paths) if places[k] in places[:k])
        raise InputError("the folder occurs twice; give it once", parameter="folders", value=twice)
    return [
        Evaluation(path, name, load_result(path), tuple(read_samples(path) if path.is_dir() else ()))
        for path, name in zip(paths, _names(places), strict=True)
    ]


def _names(places: Sequence[Path]) -> list[str]:
    """Return the shortest ends of the paths that tell them apart."""
    for depth in range(1, max(len(p.parts) for p in places)):
        names = ["/".join(p.parts[1:][-depth:]) for p in places]
        if len(set(names)) == len(names):
            return names
    return [str(p) for p in places]
