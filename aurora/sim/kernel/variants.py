"""Runs many scenarios that differ only in their jobs and events, without building any of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ScenarioError
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import EncodedScenario
from aurora.sim.kernel.many import simulate_many
from aurora.sim.kernel.pins import PinnedVariants, Slices
from aurora.sim.kernel.run import EVERY_PAIR, NO_CLASSES, NO_STATUS, NO_TRACER, known_program
from aurora.sim.kernel.summary import VALUES
from aurora.sim.objectives import OBJECTIVES, WITH_TARGET
from aurora.sim.policies.program import Program

_PER_TASK = [len(OBJECTIVES) + place for place, o in enumerate(WITH_TARGET) if o.adds_up]
"""Indices, among the features `objective.*` after the weights, of the targets that are one task's share."""


class Jobs(NamedTuple):
    """The jobs of many scenarios, one scenario after the other.

    Attributes:
        start: int64 [scenarios + 1], index of the first job of each scenario; every scenario has jobs.
        arrival: float64 [jobs], seconds, ascending within a scenario.
        duration: float64 [jobs], seconds.
    """

    start: NDArray[np.int64]
    arrival: NDArray[np.float64]
    duration: NDArray[np.float64]


class Happenings(NamedTuple):
    """Failures, recoveries and price changes of many scenarios, one scenario after the other.

    Attributes:
        start: int64 [scenarios + 1], index of the first event of each scenario.
        time: float64 [happenings], seconds, ascending within a scenario.
        kind: int64 [happenings], E_RECOVERY, E_FAILURE or E_PRICE of `layout`; ascending within an instant.
        target: int64 [happenings], a node, or -1 for the price of all.
        value: float64 [happenings], the factor of a price.
    """

    start: NDArray[np.int64]
    time: NDArray[np.float64]
    kind: NDArray[np.int64]
    target: NDArray[np.int64]
    value: NDArray[np.float64]


def evaluate_variants(
    template: EncodedScenario, program: Program, jobs: Jobs, happenings: Happenings
) -> NDArray[np.float64]:
    """Return the sums of every scenario, as `evaluate` does for each alone.

    Args:
        template: Scenario with the nodes of all, and one task, whose requests and SLA all jobs share.
        program: Program from `compile_policy`.
        jobs: Jobs that replace the template's task.
        happenings: Events that replace the template's.

    Returns:
        float64 [scenarios, VALUES], in the order of `aurora.sim.outcome.Summary`.

    Raises:
        ScenarioError: The template has more than one task, or has devices, batteries or links.
    """
    problem = template.problem
    if len(problem.task_f) != 1 or not template.plain:
        raise ScenarioError("variants need a template of one task and of nodes without devices, batteries and links")
    count, total = len(jobs.start) - 1, len(jobs.arrival)
    sizes = np.diff(jobs.start)
    first, longest = jobs.start[:-1], int(sizes.max(initial=0))
    task_f, task_i = np.repeat(problem.task_f, total, axis=0), np.repeat(problem.task_i, total, axis=0)
    task_f[:, at.T_ARRIVAL] = task_f[:, at.T_READY_AT] = jobs.arrival
    task_f[:, at.T_DURATION] = task_f[:, at.T_REQUESTED] = jobs.duration
    task_i[:, at.T_RANK] = np.arange(total) - np.repeat(first, sizes)
    zero, rows = np.zeros(count, np.int64), sizes[:, None]
    objective = np.repeat(problem.objective[None], count, axis=0)
    objective[:, _PER_TASK] /= rows
    happened, begun = np.diff(happenings.start), happenings.start[:-1]
    # Kinds and targets of one scenario are two rows that follow each other.
    pairs = np.empty(2 * len(happenings.time), np.int64)
    place = np.arange(len(happenings.time)) + np.repeat(begun, happened)
    pairs[place], pairs[place + np.repeat(happened, happened)] = happenings.kind, happenings.target
    pinned = PinnedVariants(
        problem,
        {
            "task_f": Slices(task_f, first * at.TASK_FLOATS, np.column_stack([sizes, zero + at.TASK_FLOATS])),
            "task_i": Slices(task_i, first * at.TASK_INTS, np.column_stack([sizes, zero + at.TASK_INTS])),
            "children_start": Slices(np.zeros(longest + 1, np.int64), zero, rows + 1),
            "arrivals": Slices(np.arange(longest), zero, rows),
            "event_time": Slices(happenings.time, begun, happened[:, None]),
            "event_i": Slices(pairs, 2 * begun, np.column_stack([zero + 2, happened])),
            "event_value": Slices(happenings.value, begun, happened[:, None]),
            "objective": Slices(objective, np.arange(count) * objective.shape[1], zero[:, None] + objective.shape[1]),
        },
    )
    rows = np.column_stack([pinned.addresses, np.full(count, template.all_nodes)])
    sums = np.empty((count, 1, VALUES))
    simulate_many(
        rows,
        None,
        known_program(program).row,
        NO_TRACER.address,
        EVERY_PAIR,
        NO_CLASSES,
        np.empty((longest, at.RUN_FLOATS)),
        np.empty((longest, at.RUN_INTS), np.int64),
        sums,
        NO_STATUS,
    )
    return sums[:, 0]
