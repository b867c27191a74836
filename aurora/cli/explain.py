"""`aurora explain`: the reasons for a task's placement, or for the outcome of a whole run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import model_options, options
from aurora.cli.terminal.output import emit_json, note, say
from aurora.cli.terminal.steps import note_compiling

if TYPE_CHECKING:  # heavy at run time
    from aurora.agents.explain.contrast import Contrast
    from aurora.agents.explain.explainer import Explanation
    from aurora.agents.explain.run_explainer import PlanExplanation
    from aurora.agents.roles.narration import NarrationReport


class LevelName(StrEnum):
    """Amounts of detail."""

    line = "line"
    short = "short"
    full = "full"


class AudienceName(StrEnum):
    """Readers of an explanation."""

    operator = "operator"
    engineer = "engineer"


def explain(
    scenario: Path = options.path_argument(help="Scenario or scenario spec, JSON."),
    policy: str = options.policy_argument(help="Name of a reference or champion, or policy file, JSON."),
    task: str | None = options.text(None, help="Id of the task; without it, the whole run is explained."),
    why_not: str | None = options.text(
        None, help="With --task: explain why the task did not go to this node, or over this path."
    ),
    level: LevelName = typer.Option(LevelName.short, help="Amount of detail about a task."),
    audience: AudienceName = typer.Option(AudienceName.operator, help="Plain words, or names of the policy language."),
    model: str | None = options.text(None, help="PROVIDER:MODEL that words the claims; its sentences are checked."),
    record: Path | None = model_options.record(),
    replay: Path | None = model_options.replay(),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    as_json: bool = typer.Option(False, "--json", help="Print text, claims and evidence as JSON."),
) -> None:
    """Explain a task (why it went where it went, what it waited for, why it was not placed), or a whole run.

    Every claim is checked before it is printed.

    Example: aurora explain scenario.json cheapest --task g0-1 --why-not n1-2
    """
    from aurora.agents.explain.contrast import why_not as explain_why_not  # heavy, used here only
    from aurora.agents.explain.explainer import case_of, explain_case  # heavy, used here only
    from aurora.agents.explain.run_explainer import explain_plan  # heavy, used here only
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.sim.explain.claims import run_of  # heavy, used here only
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    if why_not is not None and task is None:
        raise typer.BadParameter("it is about one task: name it with --task", param_hint="--why-not")
    loaded_scenario, loaded_policy = load_scenario(scenario), load_policy(policy)
    note_compiling()
    contrast: Contrast | None = None
    explanation: Explanation | PlanExplanation
    if task is None:
        explanation = explain_plan(loaded_scenario, loaded_policy, audience=audience.value)
    else:
        case = case_of(run_of(loaded_scenario, loaded_policy), task)
        explanation = explain_case(case, task, level=level.value, audience=audience.value)
    result = explanation.to_json()
    if model is not None:
        from aurora.agents.models.access import ModelAccess  # heavy, used here only
        from aurora.agents.roles.narration import narrate_by  # likewise

        narration = narrate_by(
            ModelAccess(model, record, replay, timeout, answer_tokens),
            explanation,
            loaded_scenario,
            level=level.value,
            audience=audience.value,
            remark=note,
        )
        _note_struck(narration)
        result |= narration.to_json()
    if task is not None and why_not is not None:
        contrast = explain_why_not(case, task, why_not, audience=audience.value)
        result["why_not"] = contrast.to_json()
    if as_json:
        emit_json(result)
        return
    say(result["text"])
    if contrast is not None:
        say(contrast.text)
        if contrast.changes_text:
            say(contrast.changes_text)


def _note_struck(narration: NarrationReport) -> None:
    """Note on stderr which of a model's sentences were not used, and why."""
    if narration.declined is not None:
        note(f"{narration.declined}; this is the explanation in AURORA's own words")
        return
    for text, reason in narration.struck:
        note(f"struck out ({reason}): {text}")
    if not narration.by_model:
        note("no sentence of the model matched the claims; this is the text without it")
