"""Made-up samples for tests of results."""

from collections.abc import Iterable, Sequence

import numpy as np

from aurora.evals.results.samples import Sample, SampleKey


def samples(subject: str, shift: float = 0.0, *, count: int = 30, strata: int = 2, seed: int = 1) -> list[Sample]:
    """Return samples whose reward is the scenario's difficulty plus a shift, and noise of the subject's own."""
    difficulty = np.random.default_rng(seed).normal(0, 1, count)
    noise = np.random.default_rng([seed, sum(subject.encode())]).normal(0, 0.1, count)
    return [
        Sample(
            suite="made-up",
            subject=subject,
            sample=f"s{k}",
            stratum=f"trace {k % strata}",
            values={"reward": float(difficulty[k] + shift + noise[k])},
        )
        for k in range(count)
    ]


def keys(count: int) -> list[SampleKey]:
    """Return the keys of `count` samples of one subject."""
    return [SampleKey("made-up", "a", f"s{k}") for k in range(count)]


def measured(batch: Sequence[SampleKey]) -> Iterable[Sample]:
    """Return a sample for each key, with the length of its name as reward."""
    for key in batch:
        yield Sample(**key._asdict(), values={"reward": float(len(key.sample))})
