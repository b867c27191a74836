"""Allocates measurements to variants: successive halving, with losers stopped early by a paired bound."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from aurora.graphs.prompt_evolution.bench import Case
from aurora.graphs.prompt_evolution.state import Sample, family_means, values_of

LEAST_PAIRS = 4
"""Fewest pairs from which a variant is stopped."""
LEAST_OF_FAMILY = 2
"""Fewest cases of a family on which a variant leads there."""
RISK = 0.05
"""Probability of stopping a variant that is as good as the incumbent, over all looks at it together."""


def rungs(cases: Sequence[Case], variants: int) -> list[Sequence[Case]]:
    """Return the cases in parts after each of which half of the variants go (Jamieson & Talwalkar 2016).

    The parts double in size; their number follows from the number of variants. Each part begins a block, so that
    variants are compared on all families alike.

    Args:
        cases: Cases in blocks with one of each family.
        variants: Number of variants.
    """
    families = len({c.family for c in cases})
    blocks = len(cases) // max(1, families)
    count = min(blocks, 1 + math.ceil(math.log2(max(1, variants))))
    ends = sorted({max(1, round(blocks * 2.0 ** (k - count + 1))) for k in range(count)} | {blocks})
    return [cases[a * families : b * families] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def measured(
    cases: Sequence[Case],
    incumbent: str,
    candidates: Sequence[str],
    known: Sequence[Sample],
    measure: Callable[[str, Case], Sample],
    is_open: Callable[[], bool],
) -> Iterator[Sample]:
    """Measure candidates on cases, fewer and fewer of them, and yield each sample.

    Cases are the outer loop, so that all live candidates have met the same ones whenever the budget ends.

    Args:
        cases: Cases in blocks with one of each family.
        incumbent: Version that the candidates are compared with; it is measured on all cases already.
        candidates: Versions to measure.
        known: Samples of the incumbent.
        measure: Function that measures a version on a case.
        is_open: Function that returns False once the budget is spent.
    """
    alive, samples = list(candidates), list(known)
    parts = rungs(cases, len(candidates))
    families = len({c.family for c in cases})
    looks = sum(pairs >= LEAST_PAIRS for pairs in range(families, len(cases) + 1, families))
    for number, part in enumerate(parts):
        for case in part:
            for candidate in list(alive):
                if not is_open():
                    return
                sample = measure(candidate, case)
                samples.append(sample)
                yield sample
            if case.family == part[-1].family:  # a block is complete
                rivals = [*alive, incumbent]
                alive = [c for c in alive if not is_beaten(samples, c, incumbent, looks) or leads(samples, c, rivals)]
        if number < len(parts) - 1:
            alive = upper_half(samples, alive, incumbent)
        if not alive:
            return


def is_beaten(samples: Sequence[Sample], candidate: str, incumbent: str, looks: int = 1) -> bool:
    """Return whether a candidate is worse than the incumbent by the upper bound of its paired difference.

    Args:
        samples: Measurements.
        candidate: Version in question.
        incumbent: Version that it is compared with.
        looks: Times that this is asked in all; the risk is divided among them, so that it holds for all together.
    """
    differences = paired(samples, candidate, incumbent)
    if len(differences) < LEAST_PAIRS:
        return False
    from scipy.special import stdtrit  # noqa: PLC0415  # slow to load

    error = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    return float(np.mean(differences)) + float(stdtrit(len(differences) - 1, 1 - RISK / max(1, looks))) * error < 0


def paired(samples: Sequence[Sample], candidate: str, incumbent: str) -> list[float]:
    """Return the differences of two versions on the cases that both were measured on."""
    own, other = values_of(samples, candidate), values_of(samples, incumbent)
    return [value - other[case] for case, value in own.items() if case in other]


def upper_half(samples: Sequence[Sample], alive: Sequence[str], incumbent: str) -> list[str]:
    """Return the better half of the candidates by their paired means, and those that lead on a family."""
    means = {c: float(np.mean(paired(samples, c, incumbent) or [-math.inf])) for c in alive}
    best = sorted(alive, key=lambda c: (-means[c], c))[: math.ceil(len(alive) / 2)]
    return [c for c in alive if c in best or leads(samples, c, [*alive, incumbent])]


def leads(samples: Sequence[Sample], candidate: str, rivals: Sequence[str]) -> bool:
    """Return whether a candidate is strictly the best on a family, on which it may be the one to keep."""
    counts = Counter(s.family for s in samples if s.prompt_id == candidate and s.value is not None)
    own = {f: mean for f, mean in family_means(samples, candidate).items() if counts[f] >= LEAST_OF_FAMILY}
    others = [family_means(samples, r) for r in rivals if r != candidate]
    return any(all(mean > other.get(family, -math.inf) for other in others) for family, mean in own.items())
