"""Witnesses that a scenario is solvable: plans under which every task completes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from aurora.extras import is_installed
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.kernel import layout as at
from aurora.sim.optimum.plans import plan_of
from aurora.sim.optimum.solver import MOST_OPTIONS, is_small, solve
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import PlannedTask, Policy

WITNESS_EFFORT = 2.0
"""CP-SAT's deterministic time, roughly in seconds."""
MAX_TASKS_NAMED = 5
"""Largest number of tasks that a reason names."""


class Witness(NamedTuple):
    """A plan that completes every task, or why there is none.

    Attributes:
        by: Name of the reference policy that found it, `solver`, or "" without one.
        plan: The plan; empty without one.
        reason: Reason why there is none; "" with one.
    """

    by: str
    plan: tuple[PlannedTask, ...]
    reason: str

    @property
    def is_solvable(self) -> bool:
        """True if there is a plan."""
        return self.by != ""


def witness(encoded: EncodedScenario, references: Mapping[str, Policy]) -> Witness:
    """Look for a plan under which every task completes, first with policies, then with the solver."""
    hopeless = unplaceable(encoded)
    if hopeless:
        return Witness("", (), hopeless)
    most = 0
    for name, policy in references.items():
        outcome = run(encoded, compile_policy(policy))
        most = max(most, outcome.summary.completed)
        if most == len(encoded.scenario.tasks):
            return Witness(name, plan_of(outcome, encoded.scenario), "")
    return solver_witness(encoded, most)


def unplaceable(encoded: EncodedScenario) -> str:
    """Name the tasks that fit nowhere even when everything is free; "" if there are none."""
    tasks = [encoded.scenario.tasks[t] for t in np.flatnonzero(encoded.problem.task_i[:, at.T_PLACEABLE] == 0)]
    if not tasks:
        return ""
    names = ", ".join(t.task_id for t in tasks[:MAX_TASKS_NAMED])
    where = "no allowed node or path" if any(t.allowed_nodes for t in tasks) else "no node or path"
    more = f" and {len(tasks) - MAX_TASKS_NAMED} more" if len(tasks) > MAX_TASKS_NAMED else ""
    return f"{where} is large enough, even when everything is free, for {names}{more}"


def solver_witness(encoded: EncodedScenario, most: int) -> Witness:
    """Ask the solver where no reference is a witness.

    Args:
        encoded: The scenario; every task fits somewhere when everything is free.
        most: Number of tasks that the best reference completes.
    """
    so_far = f"no witness: the best reference completes {most} of {len(encoded.scenario.tasks)} tasks"
    if not is_small(encoded):
        return Witness("", (), f"{so_far}, and with over {MOST_OPTIONS} task-candidate pairs it is too large to solve")
    if not is_installed("solver"):
        return Witness("", (), f"{so_far}, and no solver is installed (pip install 'aurora-alloc[solver]')")
    solution = solve(encoded, "makespan", effort=WITNESS_EFFORT)
    if solution.plan:
        return Witness("solver", solution.plan, "")
    if solution.status == "infeasible":
        return Witness("", (), f"{so_far}, and the solver proved that no plan completes all")
    return Witness("", (), f"{so_far}, and the solver found no plan either")
