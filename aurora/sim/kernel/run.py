"""Runs of a compiled policy on an encoded scenario."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.sim.kernel import layout as at
from aurora.sim.kernel.dispatch import SCAN, SELECT, SWEEP
from aurora.sim.kernel.encode import EncodedScenario, encode
from aurora.sim.kernel.layout import Tracer
from aurora.sim.kernel.machine import FIRST_RULE
from aurora.sim.kernel.many import ALWAYS, M_GATE_STATIC, NEVER, WITH_DEVICES, simulate_many
from aurora.sim.kernel.pins import Pinned
from aurora.sim.kernel.planned import with_plan
from aurora.sim.kernel.summary import VALUES
from aurora.sim.kernel.vm import CONST, FEATURE_SCALAR, FEATURE_VECTOR
from aurora.sim.outcome import Outcome, Status, Summary, TaskOutcomes, Trace
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.features import FEATURE_INDEX, FEATURES
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.program import Program
from aurora.sim.scenarios.scenario import Scenario

TRACED_CANDIDATES = 5
"""Number of the best candidates that a trace keeps."""

CACHE_LIMIT = 40_000_000
"""Largest number of (class, node) pairs whose scores are cached; beyond it every decision is computed anew."""

MIN_TASKS_PER_CLASS = 4
"""Least mean number of tasks in a class; with fewer, caching its scores costs more than it saves."""

MIN_NODES_FOR_CACHE = 200
"""Least number of nodes for caching, unless fragmentation or an outlook is scored.

Scoring fewer costs less than finding changes."""

KNOWN_PROGRAMS = 256
"""Largest number of programs that are kept ready to run."""

_FRAGMENTATION = [FEATURE_INDEX["node.fragmentation"], FEATURE_INDEX["fit.fragmentation_increase"]]
_OUTLOOK = slice(FEATURE_INDEX["fit.typical_left"], FEATURE_INDEX["fit.next_device_left"] + 1)
_CHANGES = np.array([f.changes_idle for f in FEATURES])
_LEAST_FRAGMENTATION = 2
_DEAR = np.array([f.scope == "fit" and f.name not in ("fit.cpu_left", "fit.memory_left") for f in FEATURES])
# Rows of `task_f` and `task_i` that distinguish tasks for a feature. Requests are always distinguished.
_FLOAT_ROWS = {
    "task.duration": at.T_REQUESTED,
    "task.priority": at.T_PRIORITY,
    "task.sla_latency": at.T_SLA,
    "task.submit_time": at.T_ARRIVAL,
    "task.dependents": at.T_DEPENDENTS,
    "task.data_size": at.T_DATA,
    "task.bandwidth": at.T_BANDWIDTH,
    "fit.duration": at.T_REQUESTED,
    "fit.energy": at.T_REQUESTED,
}
_COUNTS = [place for place, field in enumerate(dataclasses.fields(Summary)) if field.type == "int"]
NO_CLASSES = np.zeros(0, np.int64)
"""Task classes of runs that cache no scores."""
EVERY_PAIR = np.zeros((0, 0, 2), np.int64)
"""Pairs of scenarios and policies of which all are run, without cached scores."""
NO_STATUS = np.zeros((0, 0, 0), np.int8)
"""Place for the ends of tasks that nobody asks for."""
_PLAN = Policy(policy_id="plan", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score="0"),)))


def simulate(scenario: Scenario, policy: Policy, *, trace: bool = False) -> Outcome:
    """Simulate `policy` on `scenario`; `docs/reference/kernel.md` has the exact meaning.

    Deterministic: the same scenario and policy give the same outcome to the bit.

    Args:
        scenario: The scenario.
        policy: The policy; its explicit plan is run if it has one.
        trace: True to keep every decision with its best candidates.

    Raises:
        PolicyError: An expression of the policy is not valid.
        ConstraintError: The policy's plan names an unknown task, node or path, or a task twice.
        ScenarioError: The scenario can't be encoded.
    """
    encoded = encode(scenario)
    top = TRACED_CANDIDATES if trace else 0
    if policy.allocation_plan is not None:
        encoded = with_plan(encoded, policy.allocation_plan)
        program = compile_policy(_PLAN)
    else:
        program = compile_policy(policy)
    return run(encoded, program, trace_top=top, policy_id=policy.policy_id)


def run(encoded: EncodedScenario, program: Program, *, trace_top: int = 0, policy_id: str = "") -> Outcome:
    """Run a compiled policy on an encoded scenario and keep the results of each task.

    Args:
        encoded: Scenario from `encode`; not changed.
        program: Program from `compile_policy`.
        trace_top: Number of best candidates to keep for every decision; 0: no trace.
        policy_id: Name of the policy in the outcome.
    """
    tracer = Pinned(_new_tracer(_most_starts(encoded.problem), trace_top)) if trace_top > 0 else NO_TRACER
    summary, run_f, run_i = _run(encoded, program, tracer)
    trace = None
    if trace_top > 0:
        trace = Trace(*(field[: summary.decisions] for field in tracer.fields))
    return outcome_of(encoded, summary, run_f, run_i, policy_id=policy_id, trace=trace)


def outcome_of(
    encoded: EncodedScenario,
    summary: Summary,
    run_f: NDArray[np.float64],
    run_i: NDArray[np.int64],
    *,
    policy_id: str = "",
    trace: Trace | None = None,
) -> Outcome:
    """Return the outcome from the state of the tasks at the end of a run (columns R_*)."""
    status = run_i[:, at.R_STATUS].astype(np.int8)
    completed = status == Status.COMPLETED
    started = run_i[:, at.R_ATTEMPTS] > 0
    start = np.where(started, run_f[:, at.R_START], np.nan)
    latency = np.full(len(status), np.nan)
    task_f = encoded.problem.task_f
    latency[completed] = (start - task_f[:, at.T_ARRIVAL])[completed] + run_f[completed, at.R_LATENCY]
    tasks = TaskOutcomes(
        status=status,
        start=start,
        finish=np.where(completed, run_f[:, at.R_FINISH], np.nan),
        node=run_i[:, at.R_NODE].astype(np.int32),
        path=run_i[:, at.R_PATH].astype(np.int32),
        attempts=run_i[:, at.R_ATTEMPTS].astype(np.int32),
        latency=latency,
        sla_met=completed & ~(latency > task_f[:, at.T_SLA] + at.TOLERANCE),
        cost=run_f[:, at.R_COST].copy(),
    )
    return Outcome(
        scenario_id=encoded.scenario.scenario_id,
        policy_id=policy_id,
        summary=summary,
        tasks=tasks,
        paths=encoded.paths,
        trace=trace,
    )


def summary_of(sums: NDArray[np.float64]) -> Summary:
    """Return the kernel's sums by name."""
    values = sums.tolist()
    for place in _COUNTS:
        values[place] = int(values[place])
    return Summary(*values)


def evaluate(encoded: EncodedScenario, program: Program) -> Summary:
    """Run a compiled policy on an encoded scenario and return its sums only, as search needs them."""
    return _run(encoded, program, NO_TRACER)[0]


def _run(
    encoded: EncodedScenario, program: Program, tracer: Pinned
) -> tuple[Summary, NDArray[np.float64], NDArray[np.int64]]:
    """Return the sums of a run, and the state of its tasks at the end."""
    tasks = encoded.problem.task_f.shape[0]
    known = known_program(program)
    pairs, classes = EVERY_PAIR, NO_CLASSES
    if tracer is NO_TRACER:
        policies = known.row
        numbers, count = task_classes(encoded, program)
        if count:
            pairs, classes = np.array([[[count, 0]]]), numbers
    else:
        policies = np.array([[known.pinned.address, ALWAYS, known.row[0, M_GATE_STATIC], SELECT]])
    run_f, run_i = np.empty((tasks, at.RUN_FLOATS)), np.empty((tasks, at.RUN_INTS), np.int64)
    sums = np.empty((1, 1, VALUES))
    simulate_many(
        scenario_row(encoded),
        None if encoded.plain else False,
        policies,
        tracer.address,
        pairs,
        classes,
        run_f,
        run_i,
        sums,
        NO_STATUS,
    )
    return summary_of(sums[0, 0]), run_f, run_i


def scenario_row(encoded: EncodedScenario) -> NDArray[np.int64]:
    """Return a scenario as `simulate_many` takes it, int64 [1, 2]."""
    return np.array([[encoded.pinned.address, encoded.all_nodes]], np.int64)


class _Known(NamedTuple):
    """Properties of a program, computed once.

    Attributes:
        program: The program.
        pinned: Addresses of its arrays.
        row: The policy as `simulate_many` takes it, int64 [1, 4].
    """

    program: Program
    pinned: Pinned
    row: NDArray[np.int64]


_KNOWN: dict[int, _Known] = {}
"""The programs that ran last, by `id`; they are kept alive here, so that no other program gets the same `id`."""


def known_program(program: Program) -> _Known:
    """Return the properties of a program, kept for the programs that ran last."""
    known = _KNOWN.get(id(program))
    if known is None:
        if len(_KNOWN) >= KNOWN_PROGRAMS:
            _KNOWN.clear()
        pinned = Pinned(program)
        known = _Known(program, pinned, np.array([policy_row(program, pinned.address)]))
        _KNOWN[id(program)] = known
    return known


def policy_row(program: Program, address: int) -> tuple[int, int, int, int]:
    """Return a policy as `simulate_many` takes it: columns M_PROGRAM to M_HOW."""
    keeps = WITH_DEVICES if reads_fragmentation(program) else NEVER
    how = SWEEP if program.admits_all and not program.uses[_DEAR].any() else SCAN
    return address, keeps, int(gate_is_static(program)), how


def reads_fragmentation(program: Program) -> bool:
    """Return whether a policy reads fragmentation where there are devices."""
    return bool(program.uses[_FRAGMENTATION].any()) or program.device_choice == _LEAST_FRAGMENTATION


def _new_tracer(starts: int, top: int) -> Tracer:
    """Allocate a record of `starts` placements, each with its `top` best candidates."""
    return Tracer(
        time=np.empty(starts),
        task=np.empty(starts, np.int64),
        rule=np.empty(starts, np.int64),
        feasible=np.empty(starts, np.int64),
        candidates=np.full((starts, top), -1, np.int64),
        nodes=np.full((starts, top), -1, np.int64),
        paths=np.full((starts, top), -1, np.int64),
        scores=np.full((starts, top), np.nan),
        features=np.full((starts, top, len(FEATURES)), np.nan),
    )


NO_TRACER = Pinned(_new_tracer(0, 0))
"""Record of a run without a trace."""


def _most_starts(problem: at.Problem) -> int:
    """Return the largest number of placements of a run: every failure may cost every task an attempt."""
    failures = int((problem.event_i[0] == at.E_FAILURE).sum())
    batteries = int(np.isfinite(problem.node_f[at.N_BATTERY]).sum())
    return int(problem.task_f.shape[0]) * min(int(problem.options[at.O_MAX_ATTEMPTS]), 1 + failures + batteries)


def task_classes(encoded: EncodedScenario, program: Program) -> tuple[NDArray[np.int64], int]:
    """Return the class of each task, as far as the policy can distinguish them; 0 classes if caching doesn't apply.

    Scores of tasks that may not use all nodes are not cached; their class has no meaning.
    """
    problem = encoded.problem
    nodes = problem.node_f.shape[1]
    if program.scores_change or program.easy or not encoded.all_nodes:
        return NO_CLASSES, 0
    with_fragmentation = problem.fragment_kind.shape[1] > 0 and reads_fragmentation(program)
    if nodes < MIN_NODES_FOR_CACHE and not with_fragmentation and not program.uses[_OUTLOOK].any():
        return NO_CLASSES, 0
    rows = sorted({row for name, row in _FLOAT_ROWS.items() if program.uses[FEATURE_INDEX[name]]})
    key = bytes(rows)
    if key not in encoded.classes:
        everywhere = problem.task_i[:, at.T_ROUTE] == 0
        columns = np.vstack(
            [
                problem.task_f[:, [at.T_CPU, at.T_MEMORY, *rows]].T,
                problem.task_i[:, [at.T_DEVICES, at.T_SHARE]].T.astype(np.float64),
                np.unique(problem.task_i[:, at.T_MODELS], return_inverse=True)[1].reshape(1, -1),
            ]
        )
        _, inverse = np.unique(columns[:, everywhere], axis=1, return_inverse=True)
        classes = np.zeros(len(everywhere), np.int64)
        classes[everywhere] = inverse.reshape(-1)
        encoded.classes[key] = (classes, int(inverse.max()) + 1, int(np.count_nonzero(everywhere)))
    classes, count, tasks = encoded.classes[key]
    if count * MIN_TASKS_PER_CLASS > tasks or count * nodes > CACHE_LIMIT:
        return NO_CLASSES, 0
    return classes, count


class GateRule(NamedTuple):
    """When only freed capacity can release a held task: `admit` is 1 and some rule always holds.

    Attributes:
        always: True if it holds whatever the constants are.
        constants: Indices of constants of which one that is not 0 suffices.
    """

    always: bool
    constants: tuple[int, ...]


def gate_rule(program: Program) -> GateRule:
    """Return when only freed capacity can release a held task, for all programs that differ in constants only."""
    if not program.admits_all:
        return GateRule(False, ())
    constants: list[int] = []
    for section in range(FIRST_RULE, len(program.sections), 2):
        first, last = program.sections[section, 0], program.sections[section, 1]
        code = program.code[first:last]
        if last - first == 1 and code[0, 0] == CONST:
            constants.append(int(code[0, 2]))
            continue
        reads = code[(code[:, 0] == FEATURE_SCALAR) | (code[:, 0] == FEATURE_VECTOR), 2]
        if _CHANGES[reads].any() or (reads >= FEATURE_INDEX["cluster.time"]).any():
            return GateRule(False, tuple(constants))
    return GateRule(True, ())


def gate_is_static(program: Program) -> bool:
    """Return whether only freed capacity can release a held task."""
    rule = gate_rule(program)
    return rule.always or bool((program.consts[list(rule.constants)] != 0).any())
