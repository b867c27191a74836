"""Measures on which share of scenarios a policy is Pareto-optimal against every plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, get_args

from joblib import Parallel, delayed

from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.objectives import ObjectiveName
from aurora.sim.optimum.pareto_test import TESTED, Verdict, pareto_test
from aurora.sim.optimum.solver import is_small
from aurora.sim.policies.program import Program
from aurora.statistics.intervals import Interval, wilson
from aurora.types import Progress, no_progress

LARGE = "too large"
"""Verdict on a scenario that the solver does not take."""


class ParetoShare(NamedTuple):
    """On how many scenarios a policy is Pareto-optimal.

    Attributes:
        verdicts: Number of scenarios of each verdict of `pareto_test`, and of those too large for the solver.
        optimal: Share of all scenarios on which it is proved optimal, with its 95 % interval (Wilson): the least share.
        at_most: Share on which it is proved optimal or undecided, with its interval: the largest share.
    """

    verdicts: Mapping[str, int]
    optimal: Interval
    at_most: Interval

    def to_json(self) -> dict[str, Any]:
        """Return the share as plain values."""
        return {
            "verdicts": dict(self.verdicts),
            "optimal": self.optimal._asdict(),
            "at_most": self.at_most._asdict(),
        }


def pareto_share(
    scenarios: Sequence[EncodedScenario],
    program: Program,
    *,
    objectives: Sequence[ObjectiveName] | None = ("latency", "cost"),
    effort: float = 5.0,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> ParetoShare:
    """Test a policy on every scenario.

    Args:
        scenarios: Encoded scenarios, at least one.
        program: Compiled policy.
        objectives: Objectives that count, of `aurora.sim.optimum.pareto_test.TESTED`; None: those that each scenario
            weighs.
        effort: CP-SAT's deterministic time for a test, roughly in seconds.
        jobs: Number of threads.
        progress: Receives the number of scenarios done.

    Raises:
        ScenarioError: A task fits on nothing even when everything is free.
    """
    verdicts = []
    pending = Parallel(n_jobs=jobs, backend="threading", return_as="generator")(
        delayed(partial(_verdict, program=program, objectives=objectives, effort=effort))(e) for e in scenarios
    )
    for done, verdict in enumerate(pending, 1):
        verdicts.append(verdict)
        progress("Pareto tests", done, len(scenarios))
    counted = Counter(verdicts)
    return ParetoShare(
        {name: counted[name] for name in (*get_args(Verdict), LARGE)},
        _share(counted["optimal"], len(verdicts)),
        _share(counted["optimal"] + counted["undecided"] + counted[LARGE], len(verdicts)),
    )


def _share(count: int, total: int) -> Interval:
    return Interval(count / total, *wilson(count, total))


def _verdict(
    encoded: EncodedScenario, *, program: Program, objectives: Sequence[ObjectiveName] | None, effort: float
) -> str:
    outcome = run(encoded, program)
    counted = [n for n in encoded.scenario.weights() if n in TESTED] if objectives is None else objectives
    if outcome.summary.completed == outcome.summary.tasks and not is_small(encoded):
        return LARGE
    return pareto_test(encoded, outcome, objectives=counted, effort=effort).verdict
