"""Report on a trained clone: the experts, and what it and its fine-tuning made of held-out accounts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aurora.charts import Chart, Line
from aurora.files import write_atomically
from aurora.learning.experts.clone_training import Trained, train
from aurora.learning.experts.cloning import chooser
from aurora.learning.experts.serving import Served, compare_served, run_policy, served_means
from aurora.types import Progress, no_progress

RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class CloneReport:
    """Result of training a clone.

    Attributes:
        trained: Networks, scores of the accounts and held-out cases.
        served: Outcome on the held-out cases of keeping everything, of the clone, and of the fine-tuned policy.
    """

    trained: Trained
    served: dict[str, Served]

    def to_json(self) -> dict[str, Any]:
        """Return the report as `aurora train clone --json` prints it; see docs/cloning.md."""
        trained, judged = self.trained, self.trained.identification
        return {
            "catalogue": trained.catalogue.source,
            "accounts": len(judged.scores),
            "refused": [r._asdict() for r in judged.refused],
            "findings": [f"{f.unique_id}: {f.message}" for f in trained.findings],
            "threshold": judged.threshold,
            "experts": [
                {
                    "account_id": s.account_id,
                    "score": s.score,
                    "low": s.low,
                    "high": s.high,
                    "probability": s.probability,
                    "cost_ratio": s.cost_ratio,
                    "parts": dict(s.parts),
                }
                for s in judged.scores
                if s.is_expert
            ],
            "held_out_cases": len(trained.cases),
            "policies": {name: served_means(s) for name, s in self.served.items()},
            "fine_tuned_beside_clone": compare_served(self.served["clone"], self.served["fine_tuned"]),
        }

    def charts(self) -> list[Chart]:
        """Return charts of the accounts' scores and, where this process fine-tuned, of the learning curve."""
        ranked = list(enumerate(self.trained.identification.scores, 1))
        groups = [
            Line(
                name,
                [place for place, s in ranked if s.is_expert is expert],
                [s.score for _, s in ranked if s.is_expert is expert],
                points=True,
            )
            for name, expert in (("experts", True), ("others", False))
        ]
        charts = [Chart("Scores of accounts", "place", "score", tuple(groups))]
        curve = self.trained.curve
        if curve:
            at = [u.steps for u in curve]
            reward = Line("reward", at, [u.reward for u in curve])
            divergence = Line("divergence", at, [u.divergence for u in curve])
            charts.append(Chart("Fine-tuning", "steps", "reward of a period", (reward,)))
            charts.append(Chart("Distance from the clone", "steps", "nats", (divergence,)))
        return charts


def train_clone(folder: Path, *, key: str | None = None, progress: Progress = no_progress) -> CloneReport:
    """Train a clone in a folder, judge it on held-out accounts, and write the result there.

    Args:
        folder: Folder in which `clone_course.begin` was called; a training that was interrupted is resumed.
        key: Secret key with which names of accounts are hashed.
        progress: Receives every epoch and update.

    Raises:
        InputError: The training hashes names of accounts, and there is no key.
        DataError: Histories are malformed or too few, or the scores of accounts form no groups.
        FileError: A file can't be read or written.
        RunError: The folder holds no training, or a checkpoint of another.
    """
    trained = train(folder, key=key, progress=progress)
    cases, catalogue = trained.cases, trained.catalogue
    served = {
        "keep": run_policy(lambda seen, _: np.zeros(len(seen), np.int64), cases, catalogue),
        "clone": run_policy(chooser(trained.clone), cases, catalogue),
        "fine_tuned": run_policy(chooser(trained.policy), cases, catalogue),
    }
    report = CloneReport(trained, served)
    write_atomically(folder / RESULT, json.dumps(report.to_json(), indent=2))
    return report
