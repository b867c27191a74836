"""Runs of every policy of a list on every scenario of another, over threads, as a search needs them.

Policies that differ in their constants only are described for the kernel at once. The pairs are divided into blocks
that take about a millisecond or more, so that threads seldom wait for Python's lock.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import EncodedScenario
from aurora.sim.kernel.many import SKIPPED, simulate_many
from aurora.sim.kernel.pins import PinnedVariants, Slices
from aurora.sim.kernel.run import (
    EVERY_PAIR,
    NO_CLASSES,
    NO_STATUS,
    NO_TRACER,
    GateRule,
    gate_rule,
    known_program,
    policy_row,
    scenario_row,
    task_classes,
)
from aurora.sim.kernel.summary import VALUES
from aurora.sim.policies.program import Program

LEAST_BLOCK, LARGEST_BLOCK = 400_000, 4_000_000
"""Least and largest estimated work of a block, in visits of a node by a task; about 2 and 20 ms."""
VISITS_PER_TASK = 30
"""Work of a task beside its visits of nodes, in such visits."""
BLOCKS_PER_THREAD = 6
"""Number of blocks that each thread takes, so that none waits long for the last one."""


class Block(NamedTuple):
    """Results of some policies on some scenarios, as soon as they are there.

    Attributes:
        scenarios, policies: Indices of the scenarios, int64, and of the policies.
        sums: float64 [scenarios, policies, VALUES], in the order of `aurora.sim.outcome.Summary`; NaN for pairs that
            were not asked for.
        status: int8 [scenarios, policies, tasks], a `Status` of each task, if it was asked for; the block is then of
            one scenario.
    """

    scenarios: NDArray[np.int64]
    policies: slice
    sums: NDArray[np.float64]
    status: NDArray[np.int8] | None


def run_grid(
    scenarios: Sequence[EncodedScenario],
    programs: Sequence[Program],
    jobs: int,
    take: Callable[[Block], None],
    *,
    wanted: NDArray[np.bool_] | None = None,
    with_status: bool = False,
) -> None:
    """Run every program on every scenario.

    Each result is the same to the bit as that of `evaluate`, whatever the number of threads.

    Args:
        scenarios: Encoded scenarios.
        programs: Programs from `compile_policy`.
        jobs: Number of threads.
        take: Takes the results of a block. Threads call it at the same time, in no particular order.
        wanted: bool [scenarios, programs], pairs to run; None: all.
        with_status: True to keep how each task ended.
    """
    if not scenarios or not programs or (wanted is not None and not wanted.any()):
        return
    policies = Policies(programs)
    queue = deque(_blocks(scenarios, len(programs), jobs, wanted, single=with_status))

    def work() -> None:
        while queue:
            try:
                chosen, some = queue.popleft()
            except IndexError:  # another thread took the last one
                return
            here = [scenarios[s] for s in chosen]
            pick = None if wanted is None else wanted[chosen, some]
            sums, status = _run_block(here, policies, some, pick, with_status=with_status)
            take(Block(chosen, some, sums, status))

    helpers = min(jobs, len(queue)) - 1
    if helpers < 1:
        work()
        return
    with ThreadPoolExecutor(helpers) as pool:
        others = [pool.submit(work) for _ in range(helpers)]
        try:
            work()
            for other in others:
                other.result()
        finally:
            queue.clear()  # where one failed or was interrupted, the others stop too


def _blocks(
    scenarios: Sequence[EncodedScenario],
    programs: int,
    jobs: int,
    wanted: NDArray[np.bool_] | None,
    *,
    single: bool,
) -> Iterator[tuple[NDArray[np.int64], slice]]:
    """Divide the pairs into blocks: several scenarios with all programs, or one scenario with some programs."""
    work = [e.problem.task_f.shape[0] * (e.problem.node_f.shape[1] + VISITS_PER_TASK) for e in scenarios]
    counts = [programs] * len(scenarios) if wanted is None else wanted.sum(axis=1).tolist()
    total = sum(w * c for w, c in zip(work, counts, strict=True))
    aim = min(max(total / (jobs * BLOCKS_PER_THREAD), LEAST_BLOCK), LARGEST_BLOCK)
    for kind in (True, False):
        group: list[int] = []
        load = 0.0
        for s, encoded in enumerate(scenarios):
            if encoded.plain is not kind or not counts[s]:
                continue
            own = work[s] * counts[s]
            if single or own > aim:
                parts = max(1, min(programs, round(own / aim)))
                bounds = np.linspace(0, programs, parts + 1).astype(int).tolist()
                for first, last in itertools.pairwise(bounds):
                    yield np.array([s]), slice(first, last)
                continue
            group.append(s)
            load += own
            if load >= aim:
                yield np.array(group), slice(0, programs)
                group, load = [], 0.0
        if group:
            yield np.array(group), slice(0, programs)


def _run_block(
    scenarios: Sequence[EncodedScenario],
    policies: Policies,
    some: slice,
    wanted: NDArray[np.bool_] | None,
    *,
    with_status: bool,
) -> tuple[NDArray[np.float64], NDArray[np.int8] | None]:
    """Run a block, whose scenarios are all plain or all not; return the sums, and how tasks ended if asked for."""
    rows = policies.rows[some]
    longest = max(e.problem.task_f.shape[0] for e in scenarios)
    sums = np.full((len(scenarios), len(rows), VALUES), np.nan)
    status = np.empty((1, len(rows), longest), np.int8) if with_status else NO_STATUS
    pairs, classes = _pairs(scenarios, policies, some, wanted)
    simulate_many(
        np.concatenate([scenario_row(e) for e in scenarios]),
        None if scenarios[0].plain else False,
        rows,
        NO_TRACER.address,
        pairs,
        classes,
        np.empty((longest, at.RUN_FLOATS)),
        np.empty((longest, at.RUN_INTS), np.int64),
        sums,
        status,
    )
    return sums, status if with_status else None


def _pairs(
    scenarios: Sequence[EncodedScenario], policies: Policies, some: slice, wanted: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return `pairs` and `classes` of `simulate_many`."""
    kinds = policies.kinds[some]
    pairs = np.zeros((len(scenarios), len(kinds), 2), np.int64)
    parts: list[NDArray[np.int64]] = []
    length = 0
    for kind in np.unique(kinds).tolist():
        for s, encoded in enumerate(scenarios):
            numbers, count = task_classes(encoded, policies.leaders[kind])
            if count:
                pairs[s, kinds == kind] = count, length
                parts.append(numbers)
                length += len(numbers)
    if wanted is not None:
        pairs[~wanted, 0] = SKIPPED
    elif not parts:
        return EVERY_PAIR, NO_CLASSES
    return pairs, np.concatenate(parts) if parts else NO_CLASSES


class Policies:
    """Programs as `simulate_many` takes them.

    Attributes:
        rows: int64 [programs, 4], columns M_PROGRAM to M_HOW; valid as long as this object lives.
        kinds: int64 [programs], equal for programs that differ in constants only.
        leaders: One program of each kind.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        groups: dict[tuple[object, ...], list[int]] = {}
        for number, program in enumerate(programs):
            groups.setdefault(structure_of(program), []).append(number)
        self.rows = np.empty((len(programs), 4), np.int64)
        self.kinds = np.empty(len(programs), np.int64)
        self.leaders = [programs[members[0]] for members in groups.values()]
        self._alive: list[Any] = []
        for kind, members in enumerate(groups.values()):
            self.kinds[members] = kind
            if len(members) == 1:
                known = known_program(programs[members[0]])
                self.rows[members] = known.row
                self._alive.append(known)
            else:
                self.rows[members] = self._described([programs[m] for m in members])

    def _described(self, programs: Sequence[Program]) -> NDArray[np.int64]:
        """Return the rows of programs that differ in constants only."""
        consts = np.array([p.consts for p in programs], np.float64)
        count, size = consts.shape
        first = np.arange(count) * size
        pinned = PinnedVariants(programs[0], {"consts": Slices(consts.reshape(-1), first, np.full((count, 1), size))})
        self._alive.append(pinned)
        rows = np.empty((count, 4), np.int64)
        rows[:] = policy_row(programs[0], 0)
        rows[:, 0] = pinned.addresses
        rule: GateRule = gate_rule(programs[0])
        rows[:, 2] = rule.always or (consts[:, list(rule.constants)] != 0).any(axis=1)
        return rows


def structure_of(program: Program) -> tuple[object, ...]:
    """Return what programs that differ in constants only have in common."""
    arrays = (program.code, program.sections, program.uses, program.uses_order)
    return (*(a.tobytes() for a in arrays), len(program.consts), *program[5:])
