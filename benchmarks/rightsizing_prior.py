"""Learns the weights of `learned.json` for `aurora recommend containers`, on the machines set aside for development.

    python -m benchmarks.rightsizing_prior TRACES

TRACES is the folder of `aurora bench rightsizing` with the data sets that `benchmarks.rightsizing_traces` makes. Each
data set counts alike. Machines that `aurora bench rightsizing` judges are not used (see `rightsizing_split.json`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aurora.evals.rightsizing_data import machines, planetlab
from aurora.learning.rightsizing.containers.features import DAY, features, sizes_to_try
from aurora.learning.rightsizing.containers.learned import fitted, information_of
from aurora.learning.rightsizing.containers.risk import BackTest, realised_losses
from aurora.learning.rightsizing.containers.use import Demand, Resource

TARGET = Path(__file__).parents[1] / "aurora" / "learning" / "rightsizing" / "containers" / "learned.json"
HOUR = DAY / 24
DAYLONG = ((16, 8), (32 / 3, 16 / 3), (8, 4), (12, 8))
"""Hours of the past and of the horizon, for series of a day."""
LONG: dict[Resource, tuple[tuple[float, float, int], ...]] = {
    "cpu": ((16, 8, 4), (4, 12, 2), (48, 24, 4), (72, 24, 4), (168, 24, 4), (168, 56, 4), (168, 168, 4), (336, 168, 4)),
    "memory": ((16, 8, 4), (72, 24, 4), (96, 48, 4), (24, 48, 4), (120, 72, 4), (48, 168, 4), (72, 168, 4)),
}
"""Hours of the past and of the horizon, and number of moments of each series, for series of weeks."""
PENALTY = 5.0
"""Second derivative of the penalty, for features of unit deviation; the constant has next to none."""
TESTS = 2000.0
"""Back-tests that each data set counts as, beside the penalty."""


def back_test(demand: Demand, moment: float, ahead: float, past: float) -> BackTest | None:
    """Return the back-test of a moment with a bounded past; None if it was not measured."""
    before = demand.until(moment)
    after = demand.within(moment, moment + ahead)
    if before is None or not after:
        return None
    pods = before.within(moment - past, moment)
    if not pods:
        return None
    return BackTest(Demand(demand.name, demand.resource, pods, moment, demand.step), np.sort(after[0].values), ahead, 0)


def tests_of_days(demands: Sequence[Demand]) -> list[BackTest]:
    """Return back-tests of series of a day, from its beginning on."""
    tests = [back_test(d, d.start + past * HOUR, ahead * HOUR, past * HOUR) for d in demands for past, ahead in DAYLONG]
    return [t for t in tests if t is not None]


def tests_of_weeks(demands: Sequence[Demand], resource: Resource, seed: int = 0) -> list[BackTest]:
    """Return back-tests of series of weeks, at random moments."""
    rng = np.random.default_rng(seed)
    tests = []
    for demand in demands:
        length = demand.end - demand.start
        for past, ahead, count in LONG[resource]:
            free = length - (past + ahead) * HOUR
            if free < 0:
                continue
            for _ in range(count):
                offset = np.floor(rng.uniform(0, free) / demand.step) * demand.step + past * HOUR
                tests.append(back_test(demand, demand.start + offset, ahead * HOUR, past * HOUR))
    return [t for t in tests if t is not None]


def learn(sets: Sequence[Sequence[BackTest]]) -> dict[str, list[float] | list[list[float]]]:
    """Return the weights and their information, rounded."""
    rows, above, counts = [], [], []
    for tests in sets:
        sizes = np.stack([sizes_to_try(t.before) for t in tests])
        rows.append(np.concatenate([features(t.before, t.horizon, s) for t, s in zip(tests, sizes, strict=True)]))
        above.append(realised_losses(sizes, [t.after for t in tests], tests[0].before.resource).ravel())
        counts.append(np.full(sizes.size, TESTS / len(tests)))
    every = np.concatenate(rows)
    penalty = PENALTY * (every.var(axis=0) + 1e-9)
    penalty[0] = 1e-2
    start = np.zeros(every.shape[1])
    weights = fitted(every, np.concatenate(above), np.concatenate(counts), start, np.diag(penalty))
    chance = 1 / (1 + np.exp(-np.clip(every @ weights, -30, 30)))
    information = information_of(every, chance, np.concatenate(counts)) / (TESTS * len(sets))
    information += 1e-6 * np.eye(len(weights))
    return {
        "weights": [float(f"{w:.5g}") for w in weights],
        "information": [[float(f"{i:.5g}") for i in row] for row in information],
    }


def main(folder: Path) -> None:
    """Learn both resources and write the file."""
    google, azure = (
        folder / "google_2011_days" / "google_2011_days.csv.gz",
        folder / "azure_vms" / "azure_2017_100.csv.gz",
    )
    cpu = [
        tests_of_weeks(machines(google, "cpu")[0], "cpu"),
        tests_of_days(planetlab(folder / "planetlab")[0]),
        tests_of_weeks(machines(azure, "cpu")[0], "cpu"),
    ]
    memory = [tests_of_weeks(machines(google, "memory")[0], "memory")]
    print([len(tests) for tests in (*cpu, *memory)], "back-tests")
    lines = json.dumps({"cpu": learn(cpu), "memory": learn(memory)})
    TARGET.write_text(lines.replace('"memory"', '\n"memory"').replace(", [", ",\n[") + "\n", encoding="utf-8")
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
