"""Scenarios under an explicit plan: each task may start only at its planned place and time."""

from __future__ import annotations

import numpy as np

from aurora.errors import ConstraintError
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import EncodedScenario
from aurora.sim.policies.policy import PlannedTask

MAX_NODES_NAMED = 5
"""Largest number of allowed nodes that an error names."""


def with_plan(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> EncodedScenario:
    """Return the scenario in which each task may start only at its planned place and time.

    Raises:
        ConstraintError: The plan names an unknown task, node or path, or a task twice.
    """
    problem = encoded.problem
    task_f, task_i = problem.task_f.copy(), problem.task_i.copy()
    task_i[:, at.T_PIN] = -2
    for (t, candidate), line in zip(planned_candidates(encoded, plan).items(), plan, strict=True):
        if line.start > task_f[t, at.T_ARRIVAL] + task_f[t, at.T_PATIENCE] + at.TOLERANCE:
            continue  # it has left when the plan would start it
        task_i[t, at.T_PIN] = candidate
        task_f[t, at.T_READY_AT] = max(task_f[t, at.T_ARRIVAL], line.start)
        task_f[t, at.T_PLAN_KEY] = line.start
    options = problem.options.copy()
    options[at.O_HAS_PLAN] = 1
    arrivals = np.argsort(task_f[:, at.T_READY_AT], kind="stable")
    pinned = problem._replace(task_f=task_f, task_i=task_i, arrivals=arrivals, options=options)
    return EncodedScenario(encoded.scenario, pinned, encoded.paths)


def planned_candidates(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> dict[int, int]:
    """Return task -> number of its planned candidate, in the order of the plan.

    Raises:
        ConstraintError: The plan names an unknown task, node or path, or a task twice.
    """
    scenario = encoded.scenario
    tasks = {t.task_id: i for i, t in enumerate(scenario.tasks)}
    nodes = {n.node_id: i for i, n in enumerate(scenario.nodes)}
    links = {l.link_id: i for i, l in enumerate(scenario.links)}
    candidates: dict[int, int] = {}
    for line in plan:
        if line.task_id not in tasks:
            raise ConstraintError(f"allocation_plan: unknown task {line.task_id!r}; use an id of the scenario")
        t = tasks[line.task_id]
        if t in candidates:
            raise ConstraintError(f"allocation_plan: task {line.task_id!r} is planned twice; keep one line")
        candidates[t] = _planned_candidate(line, encoded, t, nodes, links)
    return candidates


def _planned_candidate(
    line: PlannedTask, encoded: EncodedScenario, task: int, nodes: dict[str, int], links: dict[str, int]
) -> int:
    problem = encoded.problem
    if line.node_id is not None and line.node_id not in nodes:
        raise ConstraintError(
            f"allocation_plan: task {line.task_id!r} names the unknown node {line.node_id!r}; use an id of the scenario"
        )
    wanted_node = -1 if line.node_id is None else nodes[line.node_id]
    unknown = [l for l in line.path if l not in links]
    if unknown:
        raise ConstraintError(f"allocation_plan: task {line.task_id!r} names the unknown link {unknown[0]!r}")
    wanted_path = tuple(links[l] for l in line.path)
    route = problem.task_i[task, at.T_ROUTE]
    first, last = problem.route_start[route], problem.route_start[route + 1]
    for c in range(first, last):
        path = int(problem.candidate_path[c])
        held = encoded.paths[path] if path >= 0 else ()
        if problem.candidate_node[c] == wanted_node and wanted_path in ((), held):
            return int(c - first)
    allowed = encoded.scenario.tasks[task].allowed_nodes
    if allowed and line.node_id is not None and line.node_id not in allowed:
        raise ConstraintError(
            f"allocation_plan: task {line.task_id!r} may not use node {line.node_id!r}; its allowed_nodes are "
            f"{', '.join(allowed[:MAX_NODES_NAMED])}{' and others' if len(allowed) > MAX_NODES_NAMED else ''}"
        )
    raise ConstraintError(
        f"allocation_plan: task {line.task_id!r} has no candidate with node {line.node_id!r} and path "
        f"{list(line.path)}; a flow takes one of its {encoded.scenario.paths_per_pair} shortest paths and no node"
    )
