"""The source `swf`: sequences of jobs resampled from logs in the Standard Workload Format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.source import Effort, Results
from aurora.agents.arena.swf_families import Family, Log, families, find_log, named_families, read_logs
from aurora.agents.arena.templates import queue_templates
from aurora.sim.outcome import PLACE_OF_SUM, Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import undone, undone_of
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces.swf import SwfSpec, expand_swf

SLOWDOWN_UNDONE = 100.0
"""Log slowdown that leaving all jobs undone costs; see `reward.REWARD_UNDONE`."""
GAP_SPREAD, FLURRY_SPREAD, DURATION_SPREAD = 0.1, 0.9, 0.5
"""Standard deviations of the logarithms of the pace, the size of a flurry and the times of jobs.

Times vary only in a log without estimates: whole minutes and hours are what people ask for, and stay so.
"""
FLURRY_RANGE = (16, 512)

EFFORT = Effort(4, 16, 24)
"""Single sequences are noisy: many of them, for a few generations each."""


@dataclass(frozen=True)
class SwfSource:
    """Sequences of jobs for the machines of one or more logs, under EASY backfilling; see `Source`.

    Attributes:
        logs: The logs; specs that name none mean the first.
    """

    logs: tuple[Log, ...]
    files: tuple[Path, ...]
    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...] = ()
    effort: Effort = EFFORT
    templates: tuple[Policy, ...] = queue_templates()

    name: ClassVar[str] = "swf"
    references: ClassVar[Mapping[str, Policy]] = {
        name: REFERENCES[name] for name in ("fcfs+easy", "sjf+easy", "wfp3+easy", "unicep+easy", "f1+easy", "saf+easy")
    }
    has_levels: ClassVar[bool] = False
    must_complete: ClassVar[bool] = True
    queue_is_given: ClassVar[bool] = True
    admission_is_given: ClassVar[bool] = False
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
        """Read the logs (`*.swf`, `*.swf.gz`) of a folder.

        Raises:
            FileError: There is none.
            DataError: One is not valid, or too short, or two have the same name.
        """
        logs = read_logs(folder)
        names = {role: tuple(f.name for f in rows) for role, rows in families(logs).items()}
        return cls(logs, tuple(log.path for log in logs), names["training"], names["validation"], names["test"])

    def sample(self, family: str, level: int, rng: np.random.Generator) -> SwfSpec:
        """Draw a sequence of a family; the level does not count."""
        chosen = named_families(self.logs)[family]
        log, stretch = self._log(chosen.log), chosen.stretch
        seed = int(rng.integers(2**31))
        return SwfSpec(
            spec_id=f"swf-{family}-{seed}",
            family=family,
            log=log.name,
            first=stretch.first,
            last=stretch.last,
            block=stretch.block,
            gap_factor=round(chosen.gap_factor * float(np.exp(rng.normal(0, GAP_SPREAD))), 3),
            duration_spread=0.0 if log.has_estimates else DURATION_SPREAD,
            flurry=_flurry(chosen, rng),
            seed=seed,
        )

    def mutate(self, spec: SwfSpec, rng: np.random.Generator) -> SwfSpec:
        """Return another sequence from the same stretch, at another pace."""
        seed = int(rng.integers(2**31))
        gap = float(np.clip(spec.gap_factor * np.exp(rng.normal(0, 0.2)), 0.3, 3))
        return spec.model_copy(update={"spec_id": f"swf-mutant-{seed}", "gap_factor": round(gap, 3), "seed": seed})

    def expand(self, spec: SwfSpec) -> Scenario:
        """Return the scenario that a spec describes.

        Raises:
            DataError: No log has the name in the spec.
        """
        log = self._log(spec.log)
        return expand_swf(spec, log.jobs, log.processors)

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

    def _log(self, name: str) -> Log:
        """Return a log by its name in families; the first if the name is empty."""
        return self.logs[0] if not name else find_log(self.logs, name)


def _flurry(family: Family, rng: np.random.Generator) -> int:
    """Draw the number of jobs of a flurry; 0 if the family has none."""
    if not family.flurry:
        return 0
    return int(np.clip(family.flurry * np.exp(rng.normal(0, FLURRY_SPREAD)), *FLURRY_RANGE))
