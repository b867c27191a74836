"""`aurora explain`: why a task went where it went, or what decided a whole run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from aurora.cli.output import emit_json
from aurora.cli.simulate import read_scenario_or_spec


class LevelName(StrEnum):
    """How much to say."""

    line = "line"
    short = "short"
    full = "full"


class AudienceName(StrEnum):
    """For whom."""

    operator = "operator"
    engineer = "engineer"


def explain(
    scenario: Path = typer.Argument(help="A scenario or a scenario spec, JSON."),
    policy: str = typer.Argument(help="A reference policy's name or a policy file, JSON."),
    task: str | None = typer.Option(None, help="Id of the task; without it, the whole run is explained."),
    level: LevelName = typer.Option(LevelName.short, help="How much to say of a task."),
    audience: AudienceName = typer.Option(AudienceName.operator, help="Words, or the names of the language."),
    as_json: bool = typer.Option(False, "--json", help="Print text, claims and evidence as JSON."),
) -> None:
    """Explain a decision, or a whole run. Every claim is checked before it is said.

    Example: aurora explain scenario.json best_fit --task g0-1
    """
    from aurora.agents import explainer  # heavy, used here only
    from aurora.sim.references import load_policy  # heavy, used here only

    problem = read_scenario_or_spec(scenario)
    chosen = load_policy(policy)
    result: dict[str, Any]
    if task is None:
        plan = explainer.explain_plan(problem, chosen, audience=audience.value)
        result = {
            "scenario_id": plan.scenario_id,
            "policy_id": plan.policy_id,
            "text": plan.text,
            "reasons": dict(plan.reasons),
            "claims": [_claim(c) for c in plan.checked],
        }
    else:
        told = explainer.explain(problem, chosen, task, level=level.value, audience=audience.value)
        result = {
            "scenario_id": told.scenario_id,
            "policy_id": told.policy_id,
            "task_id": told.decision.task_id,
            "decision": told.decision.number,
            "time": told.decision.time,
            "text": told.text,
            "claims": [_claim(c) for c in told.checked],
        }
    if as_json:
        emit_json(result)
    else:
        typer.echo(result["text"])


def _claim(checked: Any) -> dict[str, Any]:
    from aurora.sim.claims import KINDS  # heavy, used here only

    fields = {
        name: value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        for name, value in checked.claim._asdict().items()
    }
    return {"kind": KINDS[type(checked.claim)], **fields, "holds": checked.holds, "found": checked.found}
