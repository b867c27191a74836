"""`aurora simulate`: one policy on one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.output import emit_json, emit_table


def simulate(
    scenario: Path = options.path_argument(help="A scenario or a scenario spec, JSON."),
    policy: str = options.text_argument(help="A reference policy's name or a policy file, JSON."),
    trace: bool = typer.Option(False, "--trace", help="With every decision and its best candidates."),
    bounds: bool = typer.Option(False, "--bounds", help="With what no policy can beat."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Simulate a policy on a scenario.

    Example: aurora simulate scenario.json best_fit --json
    """
    from aurora.sim import kernel  # heavy, used here only
    from aurora.sim.reader import read_scenario  # heavy, used here only
    from aurora.sim.references import load_policy  # heavy, used here only
    from aurora.sim.rewards import score  # heavy, used here only

    problem = read_scenario(scenario)
    outcome = kernel.simulate(problem, load_policy(policy), trace=trace)
    scores = score(outcome.summary, problem)
    result: dict[str, Any] = {
        "scenario_id": problem.scenario_id,
        "policy_id": outcome.policy_id,
        "reward": scores.reward,
        "scores": dict(scores.objectives),
        "summary": outcome.summary_json(),
        "tasks": _tasks(problem, outcome),
    }
    if trace:
        result["decisions"] = _decisions(problem, outcome)
    if bounds:
        from aurora.evals.optimality import sharpest  # heavy, used here only
        from aurora.sim.bounds import best_reward  # heavy, used here only

        least = sharpest(kernel.encode(problem))
        result["bounds"] = {**least._asdict(), "reward": best_reward(least, problem)}
    if as_json:
        emit_json(result)
        return
    emit_table(
        f"{outcome.policy_id} on {problem.scenario_id}",
        ("measure", "value"),
        [("reward", scores.reward), *outcome.summary_json().items()],
    )
    if bounds:
        emit_table("no plan that completes every task is better", ("measure", "bound"), list(result["bounds"].items()))


def _number(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124  # only NaN differs from itself


def _tasks(scenario: Any, outcome: Any) -> list[dict[str, Any]]:
    from aurora.sim.outcome import Status  # heavy siblings

    t = outcome.tasks
    return [
        {
            "task_id": task.task_id,
            "status": Status(int(t.status[i])).name.lower(),
            "node_id": None if t.node[i] < 0 else scenario.nodes[t.node[i]].node_id,
            "path": None if t.path[i] < 0 else [scenario.links[l].link_id for l in outcome.paths[t.path[i]]],
            "start": _number(t.start[i]),
            "finish": _number(t.finish[i]),
            "latency": _number(t.latency[i]),
            "attempts": int(t.attempts[i]),
            "sla_met": bool(t.sla_met[i]),
            "cost": float(t.cost[i]),
        }
        for i, task in enumerate(scenario.tasks)
    ]


def _decisions(scenario: Any, outcome: Any) -> list[dict[str, Any]]:
    from aurora.sim.features import FEATURES  # heavy siblings

    t = outcome.trace
    return [
        {
            "time": float(t.time[k]),
            "task_id": scenario.tasks[t.task[k]].task_id,
            "rule": int(t.rule[k]),
            "feasible": int(t.feasible[k]),
            "candidates": [
                {
                    "node_id": None if t.nodes[k, c] < 0 else scenario.nodes[t.nodes[k, c]].node_id,
                    "path": None
                    if t.paths[k, c] < 0
                    else [scenario.links[l].link_id for l in outcome.paths[t.paths[k, c]]],
                    "score": float(t.scores[k, c]),
                    "features": {f.name: float(t.features[k, c, i]) for i, f in enumerate(FEATURES)},
                }
                for c in range(t.scores.shape[1])
                if t.candidates[k, c] >= 0
            ],
        }
        for k in range(len(t.time))
    ]
