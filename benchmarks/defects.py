"""How well planted defects are found: precision and recall over seeds.

Run: python -m benchmarks.defects --seeds 2000-2099

Each series is a day or a week of CPU utilisation in steps of 5 minutes: a level, a daily course, and noise whose
neighbours are correlated (AR(1), 0 to 0.9), normal or with heavy tails (Student's t with 4 degrees of freedom).
Whatever is planted is known to the value. A step counts as found within an hour of its place. The thresholds of
`aurora.learning.series.quality.detection` were chosen on seeds 0-39.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aurora.learning.series.quality.detection import level_steps, outliers
from aurora.learning.series.quality.repair import repair
from aurora.learning.series.samples import Samples
from aurora.types import FloatArray

DAY, N, STEP = 288, 7 * 288, 300
NEAR = 12
"""Values, an hour, by which a step may be found off its place."""


@dataclass
class Tally:
    """Planted, found, and found where planted."""

    planted: int = 0
    found: int = 0
    right: int = 0
    series: int = 0

    def add(self, planted: set[int], found: set[int], near: int = 0) -> None:
        """Count a series; each planted one is found at most once."""
        self.series += 1
        self.planted += len(planted)
        self.found += len(found)
        left = set(found)
        for place in sorted(planted):
            hit = min(left, key=lambda f: abs(f - place), default=None)
            if hit is not None and abs(hit - place) <= near:
                left.remove(hit)
                self.right += 1

    def row(self) -> str:
        """Planted, precision, recall, and false alarms a series."""
        precision = f"{self.right / self.found:9.3f}" if self.found else "        –"
        recall = f"{self.right / self.planted:6.3f}" if self.planted else "     –"
        return f"{self.planted:7d} {self.found:6d} {precision} {recall} {(self.found - self.right) / self.series:12.3f}"


class Kind(NamedTuple):
    """Of a series: correlation of neighbours, whether the noise has heavy tails, amplitude of the daily course."""

    correlation: float
    heavy: bool
    course: float


KINDS = [Kind(r, *rest) for r in (0.0, 0.5, 0.9) for rest in ((False, 0.0), (True, 0.0), (False, 4.0))]


def series(rng: np.random.Generator, kind: Kind, count: int = N) -> FloatArray:
    """Values with noise of standard deviation 1."""
    shocks = rng.standard_t(4, count) / np.sqrt(2) if kind.heavy else rng.normal(size=count)
    noise = shocks.copy()
    for k in range(1, count):
        noise[k] = kind.correlation * noise[k - 1] + np.sqrt(1 - kind.correlation**2) * shocks[k]
    daily = kind.course * np.sin(2 * np.pi * np.arange(count) / DAY + rng.uniform(0, 6))
    return np.asarray(50 + daily + noise, dtype=np.float64)


def steps_table(seeds: range) -> dict[str, Tally]:
    """Lasting steps of 0 to 8 standard deviations: one in a day, two in a week."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for days, places_of in ((1, ((60, 230),)), (7, ((300, 800), (1200, 1700)))):
        for kind in KINDS:
            if days == 1 and kind.course:
                continue  # a course can't be told from steps in a day
            for size in (0, 2, 3, 4, 8):
                for seed in seeds:
                    rng = np.random.default_rng([seed, 1])
                    y = series(rng, kind, days * DAY)
                    places = {int(rng.integers(*place)) for place in places_of} if size else set()
                    for place in places:
                        y[place:] += size * rng.choice([-1, 1])
                    found = {s.position for s in level_steps(y, DAY)}
                    name = f"{days} days, AR {kind.correlation:g}: {f'steps of {size} sd' if size else 'no step'}"
                    tallies[name].add(places, found, NEAR)
    return tallies


def outliers_table(seeds: range) -> dict[str, Tally]:
    """Five single values each, 0 to 20 standard deviations off."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for kind in KINDS:
        tails = ", heavy tails" if kind.heavy else ", daily course" if kind.course else ""
        for size in (0, 6, 10, 20):
            for seed in seeds:
                rng = np.random.default_rng([seed, 2])
                y = series(rng, kind)
                places = {int(k) for k in rng.choice(N, 5, replace=False)} if size else set()
                for place in places:
                    y[place] += size
                found = {int(k) for k in outliers(y, DAY)}
                tallies[f"AR {kind.correlation:g}{tails}: {f'5 of {size} sd' if size else 'no outlier'}"].add(
                    places, found
                )
    return tallies


def repairs_table(seeds: range) -> dict[str, Tally]:
    """Defects of times and values, all in one series: is the count of each right to the value?"""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for seed in seeds:
        rng = np.random.default_rng([seed, 3])
        y = series(rng, Kind(0.5, False, 4.0))
        times = 1.7e9 + STEP * np.arange(N, dtype=np.float64)
        picked = rng.choice(np.arange(1, N - 1), 60, replace=False)
        lost, below, holes, doubles = picked[:10], picked[10:20], picked[20:40], picked[40:]
        y[lost], y[below] = np.nan, -1.0
        kept = np.setdiff1d(np.arange(N), holes)
        rows = rng.permutation(np.concatenate([kept, doubles]))
        sample = Samples("s", times[rows], y[rows], labels={"unit": "percent"})
        _, findings = repair(sample, detect=False)
        counted: dict[str, int] = {f.defect: f.count for f in findings}
        truth = {"gap": 20, "duplicate": 20, "not_a_number": 10, "negative": 10}
        truth["unsorted"] = int((np.diff(times[rows]) < 0).sum())
        counter = np.cumsum(rng.uniform(1, 5, N))
        starts = np.sort(rng.choice(np.arange(20, N), 4, replace=False))
        for start in starts:
            counter[start:] -= counter[start] - rng.uniform(0, 1)
        _, findings = repair(Samples("c", times, counter), detect=False)
        counted |= {f.defect: f.count for f in findings}
        truth["reset"] = 4
        for defect in sorted({*truth, *counted}):
            planted, found = truth.get(defect, 0), counted.get(defect, 0)
            tallies[defect].add(set(range(planted)), set(range(found)))
    return tallies


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", default="2000-2099", help="A range.")
    first, last = (int(part) for part in parser.parse_args().seeds.split("-"))
    seeds = range(first, last + 1)
    for title, table in (
        ("lasting steps", steps_table(seeds)),
        ("outliers", outliers_table(seeds)),
        ("repairs", repairs_table(seeds)),
    ):
        print(f"{title:48} planted  found precision recall false/series")
        for name, tally in table.items():
            print(f"{name:48} {tally.row()}")
        print()


if __name__ == "__main__":
    main()
