"""Explicit plans: made from an outcome, and run in the kernel."""

from __future__ import annotations

from aurora.sim.kernel import EncodedScenario, run, with_plan
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import PlannedTask
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Scenario


def plan_of(outcome: Outcome, scenario: Scenario) -> tuple[PlannedTask, ...]:
    """Return the last attempt of every task that was started, as a plan."""
    did = outcome.tasks
    return tuple(
        PlannedTask(
            task_id=task.task_id,
            node_id=scenario.nodes[did.node[t]].node_id if did.node[t] >= 0 else None,
            path=tuple(scenario.links[l].link_id for l in outcome.paths[did.path[t]]) if did.path[t] >= 0 else (),
            start=float(did.start[t]),
        )
        for t, task in enumerate(scenario.tasks)
        if did.attempts[t]
    )


def run_plan(encoded: EncodedScenario, plan: tuple[PlannedTask, ...]) -> Outcome:
    """Run a plan; a task that can't start at its planned time waits for its place.

    Raises:
        ConstraintError: The plan names an unknown task, node or path, or a task twice.
    """
    return run(with_plan(encoded, plan), compile_policy(REFERENCES["first_fit"]))
