"""The type of a suite: functions that measure a decision, a run or a plan, and how their values are summarised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.evals.explanations.sampling import SampledPlan, SampledRun
from aurora.evals.results.result import Better, Metric, Table


class Measured(NamedTuple):
    """What a suite measured on one decision, run or plan.

    Attributes:
        shares: Name -> number of statements for which it is true, and number of statements; those of none are left out.
        amounts: Name -> value that is no share.
    """

    shares: Mapping[str, tuple[float, int]] = {}
    amounts: Mapping[str, float] = {}


class Suite(NamedTuple):
    """A suite of measurements.

    Attributes:
        name: Name for `--suite`.
        meaning: Description in a line.
        of_decision: Measures a decision, by its run and its number there; None: decisions are not measured.
        of_run: Measures a whole run; None: runs are not measured.
        of_plan: Measures a plan for a cluster; None: plans are not measured.
        better: Name of a value -> direction in which it improves; `higher` for those not named.
        units: Name of an amount -> unit.
        tables: Returns tables from the metrics of the suite; None: one that lists them.
    """

    name: str
    meaning: str
    of_decision: Callable[[SampledRun, int, np.random.Generator], Measured] | None = None
    of_run: Callable[[SampledRun, np.random.Generator], Measured] | None = None
    of_plan: Callable[[SampledPlan, np.random.Generator], Measured] | None = None
    better: Mapping[str, Better] = {}
    units: Mapping[str, str] = {}
    tables: Callable[[Sequence[Metric]], Iterable[Table]] | None = None


def listed(suite: Suite, metrics: Sequence[Metric]) -> Table:
    """Return a table that lists the metrics of a suite."""
    return Table(
        title=f"{suite.name}: {suite.meaning}",
        columns=("of", "measure", "value", "low", "high", "number"),
        rows=tuple((m.subject, m.name, m.value, m.low, m.high, m.samples) for m in metrics),
    )
