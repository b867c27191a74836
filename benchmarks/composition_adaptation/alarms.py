"""The table of false alarms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aurora.learning.composition.adaptation.drift import InputReference, prediction_drift
from aurora.learning.composition.adaptation.labels import AccuracyWatch
from aurora.learning.composition.adaptation.load_changes import load_change
from aurora.learning.composition.tasks import machines


def alarms(windows: int) -> None:
    """Print the share of windows without any change in which each detector raises an alarm."""
    random = np.random.default_rng(0)
    counts = {"inputs (KS, Holm)": 0, "embeddings (energy)": 0, "predictions (chi-squared)": 0, "load (scan)": 0}
    alpha = 0.05
    for k in range(windows):
        first, second = machines.readings(500, 10_000 + 2 * k), machines.readings(300, 10_001 + 2 * k)
        counts["inputs (KS, Holm)"] += bool(
            InputReference(first.items, machines.INPUT).drift(second.items, alpha=alpha)
        )
        if k % 10 == 0:
            kind = replace(machines.INPUT, kind="embedding", names=())
            found = InputReference(first.items, kind, seed=k).drift(second.items, alpha=alpha)
            counts["embeddings (energy)"] += 10 * bool(found)
        changes = prediction_drift(first.labels, second.labels, machines.CLASSES, alpha=alpha)
        counts["predictions (chi-squared)"] += bool(changes)
        arrivals = random.poisson(20, 30).astype(float)
        counts["load (scan)"] += load_change(arrivals, 1.0, 1.0, alpha=alpha, seed=k) is not None
    print(f"| detector | windows with an alarm at {alpha:.0%} |\n|---|---|")
    for name, count in counts.items():
        print(f"| {name} | {count / windows:.1%} of {windows} |")
    lengths = []
    for _ in range(50):
        labels = random.integers(0, 3, 22_000)
        right = random.random(22_000) < 0.9
        watch = AccuracyWatch(right[:2000], labels[:2000], machines.CLASSES, labels_to_false_alarm=5000)
        seen = watch.add(right[2000:], labels[2000:])
        lengths.append(20_000 if seen is None else len(watch._seen))
    print(f"\nlabels to a false alarm, at least 5,000 stated: {np.mean(lengths):,.0f} (streams end at 20,000)")
