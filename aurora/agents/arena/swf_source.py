"""The source `swf`: sequences of jobs resampled from a log in the Standard Workload Format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.source import Effort, Results
from aurora.agents.arena.templates import queue_template
from aurora.agents.arena.trace_file import trace_file
from aurora.sim.outcome import PLACE_OF_SUM, Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import undone, undone_of
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces.swf import Job, SwfSpec, expand_swf, read_jobs

SLOWDOWN_UNDONE = 100.0
"""Log slowdown that leaving all jobs undone costs; see `reward.REWARD_UNDONE`."""


class Stretch(NamedTuple):
    """A part of the log.

    Attributes:
        first, last: First and last job as shares of the log.
        gap_factor: Usual factor on the time between arrivals.
    """

    first: float
    last: float
    gap_factor: float


STRETCHES: Mapping[str, Stretch] = {
    "early": Stretch(0.0, 0.198, 1.0),
    "early_dense": Stretch(0.0, 0.198, 0.85),
    "middle": Stretch(0.626, 0.708, 1.0),
    "middle_dense": Stretch(0.626, 0.708, 0.85),
    "late": Stretch(0.9875, 1.0, 1.0),
    "late_dense": Stretch(0.9875, 1.0, 0.85),
}
"""The families. They lie outside the ten published sequences, which stay unseen."""

EFFORT = Effort(4, 50, 60)
"""Single sequences are noisy: many of them, for a few generations each."""


@dataclass(frozen=True)
class SwfSource:
    """Sequences of jobs for one machine, under EASY backfilling; see `Source`.

    Attributes:
        jobs: The log.
        processors: Processors of the machine.
    """

    jobs: tuple[Job, ...]
    processors: int
    files: tuple[Path, ...] = ()
    training: tuple[str, ...] = ("early", "early_dense")
    validation: tuple[str, ...] = ("middle", "middle_dense")
    test: tuple[str, ...] = ("late", "late_dense")
    effort: Effort = EFFORT
    templates: tuple[Policy, ...] = (queue_template(),)

    name: ClassVar[str] = "swf"
    references: ClassVar[Mapping[str, Policy]] = {
        name: REFERENCES[name] for name in ("fcfs+easy", "sjf+easy", "wfp3+easy", "unicep+easy", "f1+easy", "saf+easy")
    }
    has_levels: ClassVar[bool] = False
    must_complete: ClassVar[bool] = True
    queue_is_given: ClassVar[bool] = True
    has_pareto_bonus: ClassVar[bool] = False
    values_need_status: ClassVar[bool] = False
    unit: ClassVar[str] = "-log bounded slowdown"
    measure: ClassVar[str] = (
        "The value is minus the logarithm of the mean bounded slowdown of the jobs (waiting and run time over "
        "run time, which counts as at least 10 s), under EASY backfilling."
    )
    judged_per_family: ClassVar[int] = 20

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the log in a folder.

        Raises:
            FileError: It is absent.
            DataError: It is not valid.
        """
        log = trace_file(folder, "lublin*.swf*")
        jobs = read_jobs(log)
        return cls(jobs, max(j.processors for j in jobs), (log,))

    def sample(self, family: str, level: int, rng: np.random.Generator) -> SwfSpec:
        """Draw a sequence from the stretch of a family; the level does not count."""
        stretch = STRETCHES[family]
        seed = int(rng.integers(2**31))
        return SwfSpec(
            spec_id=f"swf-{family}-{seed}",
            family=family,
            first=int(stretch.first * len(self.jobs)),
            last=int(stretch.last * len(self.jobs)),
            gap_factor=round(stretch.gap_factor * float(np.exp(rng.normal(0, 0.05))), 3),
            duration_spread=0.5,
            seed=seed,
        )

    def mutate(self, spec: SwfSpec, rng: np.random.Generator) -> SwfSpec:
        """Return another sequence from the same stretch, at another pace."""
        seed = int(rng.integers(2**31))
        gap = float(np.clip(spec.gap_factor * np.exp(rng.normal(0, 0.2)), 0.3, 3))
        return spec.model_copy(update={"spec_id": f"swf-mutant-{seed}", "gap_factor": round(gap, 3), "seed": seed})

    def expand(self, spec: SwfSpec) -> Scenario:
        """Return the scenario that a spec describes."""
        return expand_swf(spec, self.jobs, self.processors)

    def parse(self, data: Any) -> SwfSpec:
        """Read a spec from JSON values."""
        return SwfSpec.model_validate(data)

    def value(self, scenario: Scenario, outcome: Outcome) -> float:
        """Return minus the logarithm of the mean bounded slowdown, less what leaving jobs undone costs."""
        slowdown = -math.log(max(1.0, outcome.summary.bounded_slowdown))
        return slowdown - SLOWDOWN_UNDONE * undone(outcome.summary)

    def values(self, scenario: Scenario, results: Results) -> NDArray[np.float64]:
        """Return `value` of many policies on a scenario."""
        slowdowns = results.sums[:, PLACE_OF_SUM["bounded_slowdown"]].tolist()
        logs = np.array([math.log(max(1.0, s)) for s in slowdowns])  # `np.log` may differ in the last bit
        values: NDArray[np.float64] = -logs - SLOWDOWN_UNDONE * undone_of(results.sums)
        return values
