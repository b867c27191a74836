"""Adaptation speed: evaluations until a champion recovers after constraints change, against a search from scratch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from aurora.agents.arena.alterations import CHANGES, ChangeName
from aurora.evals.results.result import Cell, Metric, Table, metric
from aurora.evals.results.samples import Sample
from aurora.evals.transfer.domains import CHOICE_SEED, TRAINED, fresh_scenarios
from aurora.evals.transfer.measuring import best_subject, measure_policies, references
from aurora.evals.transfer.settings import Effort
from aurora.evals.transfer.training import Trajectory, train
from aurora.evals.transfer.values import SuiteValues
from aurora.graphs.start import checked_start
from aurora.sim.policies.policy import Policy
from aurora.statistics.intervals import Interval, mean_interval
from aurora.types import Progress, no_progress

SUITE = "adaptation"
Search = Literal["from the champion", "from scratch"]
SEARCHES: tuple[Search, ...] = ("from the champion", "from scratch")
RECOVERED_SHARE = 0.95
"""Share of the gain before the change from which a champion has recovered."""


class Recovery(NamedTuple):
    """A search after a change of constraints.

    Attributes:
        change: Name of the change.
        search: Start of the search.
        before: Gain of the champion over the best reference before the change, mean over seeds.
        at_once: Gain right after the change: of the champion, or of the template from which the search starts.
        end: Gain at the end, with its interval over scenarios.
        evaluations: Evaluations of each seed until the gain is `RECOVERED_SHARE` of that before; None: not reached.
        limit: Largest number of evaluations.
        scenarios: Number of scenarios.
    """

    change: ChangeName
    search: Search
    before: float
    at_once: float
    end: Interval
    evaluations: tuple[int | None, ...]
    limit: int
    scenarios: int

    @property
    def recovered(self) -> int:
        """Number of seeds that recovered."""
        return sum(e is not None for e in self.evaluations)

    @property
    def mean_evaluations(self) -> Interval:
        """Mean over seeds with its interval; a seed that did not recover counts the limit."""
        return mean_interval([np.array([self.limit if e is None else e for e in self.evaluations], dtype=np.float64)])


class _Point(NamedTuple):
    evaluations: int
    policy: Policy


def measure_adaptation(
    folder: Path,
    domain: str,
    bases: Mapping[int, Policy],
    changes: Sequence[ChangeName],
    effort: Effort,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> list[Recovery]:
    """Search on from champions after each change, and from scratch, and measure every champion on the way.

    Args:
        folder: Folder of the evaluation; the runs are kept in it.
        domain: Domain that the champions are trained on, and in which they are judged.
        bases: Champion of each seed before the change.
        changes: Names of the changes.
        effort: Effort of the searches and of the judgement.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the steps done.
    """
    families = TRAINED[domain]
    before = _gains(
        folder, domain, "", {f"champion-{seed}": p for seed, p in bases.items()}, effort, interrupted, progress
    )
    found = []
    for place, change in enumerate(changes):
        progress("changes", place, len(changes), change)
        runs: dict[tuple[Search, int], list[_Point]] = {}
        for seed, champion in bases.items():
            for search in SEARCHES:
                start = checked_start(champion) if search == SEARCHES[0] else None
                settings = effort.selfplay(seed, families.training, families.held_out, start=start, changed=change)
                name = f"{change}-{'champion' if start else 'scratch'}-{seed}"
                run = train(folder / "adapted" / name, settings, effort.evaluations, progress=progress, stage=name)
                runs[search, seed] = _points(run, champion if start else None)
        policies = {
            f"{search}-{seed}@{p.evaluations}": p.policy for (search, seed), points in runs.items() for p in points
        }
        gains = _gains(folder, domain, change, policies, effort, interrupted, progress)
        for search in SEARCHES:
            found.append(_recovery(change, search, runs, before, gains, effort))
        progress("changes", place + 1, len(changes), change)
    return found


def _points(run: Trajectory, champion: Policy | None) -> list[_Point]:
    """Return the policies that a search stands at: its start, if it has one, and every new champion."""
    start = [] if champion is None else [_Point(0, champion)]
    return start + [_Point(p.evaluations, p.champion) for p in run.changes()]


class _Gains(NamedTuple):
    values: SuiteValues
    reference: str
    scenarios: int

    def of(self, subject: str) -> float:
        return self.values.gains_by_trial(subject, self.reference)[0]


def _gains(  # what is measured, where and how
    folder: Path,
    domain: str,
    change: ChangeName,
    policies: Mapping[str, Policy],
    effort: Effort,
    interrupted: Callable[[], bool],
    progress: Progress,
) -> _Gains:
    """Measure policies and references on fresh scenarios with a change; the best reference is chosen on others."""
    families, suite = TRAINED[domain].judged, f"{SUITE} {change or 'unchanged'}"
    seed = effort.seeds[0]
    contestants = references()

    def measured(name: str, seed: int, subjects: Mapping[str, Sequence[Policy]]) -> list[Sample]:
        scenarios = fresh_scenarios(families, effort.scenarios, seed, change, effort.levels)
        return measure_policies(folder, name, scenarios, subjects, interrupted=interrupted, progress=progress)

    reference = best_subject(measured(f"{suite}, choice", seed + CHOICE_SEED, contestants), contestants)
    own = {name: (policy,) for name, policy in policies.items()}
    samples = measured(suite, seed, {reference: contestants[reference], **own})
    return _Gains(SuiteValues(samples), reference, len({s.sample for s in samples}))


def _recovery(
    change: ChangeName,
    search: Search,
    runs: Mapping[tuple[Search, int], Sequence[_Point]],
    before: _Gains,
    gains: _Gains,
    effort: Effort,
) -> Recovery:
    seeds = [seed for name, seed in runs if name == search]
    evaluations: list[int | None] = []
    for seed in seeds:
        goal = RECOVERED_SHARE * before.of(f"champion-{seed}")
        reached = [p.evaluations for p in runs[search, seed] if gains.of(f"{search}-{seed}@{p.evaluations}") >= goal]
        evaluations.append(reached[0] if reached else None)
    first, last = ([f"{search}-{s}@{runs[search, s][place].evaluations}" for s in seeds] for place in (0, -1))
    strata = [gains.values.gains(name, gains.reference) for name in last]
    return Recovery(
        change=change,
        search=search,
        before=float(np.mean([before.of(f"champion-{seed}") for seed in seeds])),
        at_once=float(np.mean([gains.of(name) for name in first])),
        end=mean_interval([np.mean(parts, axis=0) for parts in zip(*strata, strict=True)]),
        evaluations=tuple(evaluations),
        limit=effort.evaluations,
        scenarios=gains.scenarios,
    )


def adaptation_metrics(rows: Sequence[Recovery]) -> list[Metric]:
    """Return evaluations until recovery, and the gain at the end, of both searches after every change."""
    metrics = []
    for r in rows:
        suite = f"{SUITE} {r.change}"
        metrics.append(
            metric(
                "evaluations to recover",
                r.mean_evaluations,
                better="lower",
                samples=len(r.evaluations),
                subject=r.search,
                suite=suite,
            )
        )
        metrics.append(metric("gain", r.end, better="higher", samples=r.scenarios, subject=r.search, suite=suite))
    return metrics


def adaptation_table(rows: Sequence[Recovery]) -> Table:
    """Return how both searches recover from every change."""
    cells: list[tuple[Cell, ...]] = [
        (
            CHANGES[r.change][0],
            r.search,
            r.before,
            r.at_once,
            *r.end,
            f"{r.recovered} of {len(r.evaluations)}",
            ", ".join("not reached" if e is None else f"{e:,}" for e in r.evaluations),
        )
        for r in rows
    ]
    return Table(
        title="adaptation to changed constraints",
        columns=(
            "change",
            "search",
            "gain before",
            "first gain after",
            "gain at the end",
            "low",
            "high",
            "recovered",
            "evaluations, by seed",
        ),
        rows=tuple(cells),
        note=f"Gains are over the best reference. Recovered: the gain is at least {RECOVERED_SHARE:.0%} of that of the "
        "same seed before the change. 0: the champion needed no search.",
    )
