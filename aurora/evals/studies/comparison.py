"""Compares two studies variation by variation, paired by seed and scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from aurora.errors import InputError
from aurora.evals.results.comparison import EvalComparison, compare_evaluations
from aurora.evals.studies.folder import outcomes_of, read_ended, read_plan
from aurora.evals.studies.plan import BASE, StudyPlan


class StudyComparison(NamedTuple):
    """Two studies on the variations and seeds that both have.

    Attributes:
        samples: Differences, second less first.
        evaluations: Variation -> mean evaluations of a run in the first and in the second.
    """

    samples: EvalComparison
    evaluations: dict[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values; the keys are those of `aurora study compare --json`."""
        return {
            **self.samples.to_json(),
            "evaluations": {v: {"first": a, "second": b} for v, (a, b) in self.evaluations.items()},
        }


def compare_studies(first: Path, second: Path) -> StudyComparison:
    """Compare two studies that were judged on the same scenarios.

    Args:
        first: Folder of the study to compare with.
        second: Folder of the study in question.

    Raises:
        RunError: A folder holds no study.
        InputError: They were judged on other scenarios, or have no variation and seed in common.
        FileError: A file can't be read.
        DataError: A file is damaged.
    """
    plans = read_plan(first), read_plan(second)
    _require_same_judge(*plans)
    means = [_evaluations(plan, folder) for plan, folder in zip(plans, (first, second), strict=True)]
    evaluations = {v: (means[0][v], means[1][v]) for v in means[0] if v in means[1]}
    return StudyComparison(compare_evaluations(first, second), evaluations)


def _require_same_judge(first: StudyPlan, second: StudyPlan) -> None:
    """Raise `InputError` for studies whose samples are of other scenarios."""
    sources = ("source", "data", "training_families", "validation_families")
    sides = [
        {"kind": plan.study.kind, **plan.study.judge.model_dump()}
        | {name: plan.variations[BASE].get(name) for name in sources if plan.study.kind == "selfplay"}
        for plan in (first, second)
    ]
    for name, value in sides[0].items():
        if value != sides[1].get(name):
            raise InputError(
                f"the studies were judged on other scenarios: {name} is {value!r} in the first and "
                f"{sides[1].get(name)!r} in the second; run one of them with the other's"
            )


def _evaluations(plan: StudyPlan, folder: Path) -> dict[str, float]:
    counts: dict[str, list[int]] = {}
    for run, outcome in outcomes_of(plan, read_ended(folder)).items():
        counts.setdefault(run.variation, []).append(outcome.evaluations)
    return {variation: sum(values) / len(values) for variation, values in counts.items()}
