"""`aurora explain`: why a task went where it went, or what decided a whole run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from aurora.cli import model_options, options
from aurora.cli.terminal.output import emit_json, note, say
from aurora.cli.terminal.steps import note_compiling


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
    scenario: Path = options.path_argument(help="A scenario or a scenario spec, JSON."),
    policy: str = options.text_argument(help="A reference policy's name or a policy file, JSON."),
    task: str | None = options.text(None, help="Id of the task; without it, the whole run is explained."),
    why_not: str | None = options.text(
        None, help="With --task: a node, or a flow's path, and why the task did not go there."
    ),
    level: LevelName = typer.Option(LevelName.short, help="How much to say of a task."),
    audience: AudienceName = typer.Option(AudienceName.operator, help="Words, or the names of the language."),
    model: str | None = options.text(None, help="Have PROVIDER:MODEL word the claims; its words are checked again."),
    record: Path | None = options.path(None, help="Keep the model's answers in this file, and use those it holds."),
    replay: Path | None = options.path(None, help="Answer from this recording; ask nobody."),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    as_json: bool = typer.Option(False, "--json", help="Print text, claims and evidence as JSON."),
) -> None:
    """Explain a task (why it went where it went, what it waited for, why it was not placed), or a whole run.

    Every claim is checked before it is said.

    Example: aurora explain scenario.json cheapest --task g0-1 --why-not n1-2
    """
    from aurora.agents.explain import explainer  # heavy, used here only
    from aurora.agents.explain.run_explainer import explain_plan  # heavy, used here only
    from aurora.sim.explain.claims import run_of  # heavy, used here only
    from aurora.sim.explain.waiting_claims import StatusClaim  # heavy, used here only
    from aurora.sim.policies.references import load_policy  # heavy, used here only
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    if why_not is not None and task is None:
        raise typer.BadParameter("it is about one task: name it with --task", param_hint="--why-not")
    problem = load_scenario(scenario)
    chosen = load_policy(policy)
    note_compiling()
    result: dict[str, Any]
    case = None
    if task is None:
        plan = explain_plan(problem, chosen, audience=audience.value)
        result = {
            "scenario_id": plan.scenario_id,
            "policy_id": plan.policy_id,
            "text": plan.text,
            "reasons": dict(plan.reasons),
            "late": [_trouble(t) for t in plan.troubles if t.status.status == "late"],
            "not_completed": [_trouble(t) for t in plan.troubles if t.status.status != "late"],
            "claims": [_claim(c) for c in plan.checked],
        }
    else:
        case = explainer.case_of(run_of(problem, chosen), task)
        told = explainer.explained(case, task, level=level.value, audience=audience.value)
        result = {
            "scenario_id": told.scenario_id,
            "policy_id": told.policy_id,
            "task_id": told.task_id,
            "decision": None if told.decision is None else told.decision.number,
            "time": None if told.decision is None else told.decision.time,
            "text": told.text,
            "status": next((c.claim.status for c in told.checked if isinstance(c.claim, StatusClaim)), None),
            "claims": [_claim(c) for c in told.checked],
        }
    if model is not None:
        limits = (timeout, answer_tokens)
        result |= _narrated(model, limits, plan if task is None else told, problem, level, audience, record, replay)
    if why_not is not None:
        result["why_not"] = _contrasted(case, task, why_not, audience)
    if as_json:
        emit_json(result)
    else:
        say(result["text"])
        if why_not is not None:
            say(result["why_not"]["text"])


def _trouble(found: Any) -> dict[str, Any]:
    """A task that was late or did not complete; keys of `late` and `not_completed`."""
    told = {"task_id": found.status.task, "status": found.status.status, "because": found.because}
    return told | ({"late": found.status.late} if found.status.status == "late" else {})


def _contrasted(case: Any, task: str | None, candidate: str, audience: AudienceName) -> dict[str, Any]:
    """Why a task did not go to a candidate; keys of `why_not`."""
    from aurora.agents.explain.contrast import why_not  # heavy, used here only

    found = why_not(case, task or "", candidate, audience=audience.value)
    return {
        "candidate": found.candidate,
        "because": found.because,
        "text": found.text,
        "claims": [_claim(c) for c in found.checked],
    }


def _narrated(
    model: str,
    limits: tuple[float | None, int | None],
    told: Any,
    scenario: Any,
    level: LevelName,
    audience: AudienceName,
    record: Path | None,
    replay: Path | None,
) -> dict[str, Any]:
    """The explanation in a model's words: `text`, and what was struck out of it. In AURORA's own if it declines."""
    from aurora.agents.models.faults import DECLINED  # heavy, used here only
    from aurora.agents.models.metered import metered  # heavy, used here only
    from aurora.agents.models.model import call_limits, model_name  # heavy, used here only
    from aurora.agents.roles.narrator import narrate  # heavy, used here only
    from aurora.errors import DeclinedError
    from aurora.prompts.loader import load_prompt  # heavy, used here only
    from aurora.tools.recording import Recording  # heavy, used here only

    with Recording(replay or record, replaying=replay is not None) as calls:
        asked = metered(model_name(model), recording=calls, limits=call_limits(*limits), tell=note)
        prompt = load_prompt("explainer")
        try:
            narration = narrate(asked, prompt, told, scenario, level.value, audience.value)
        except DeclinedError as error:
            if error.fault not in DECLINED:
                raise
            note(f"{error}; this is the explanation in AURORA's own words")
            return {"by_model": False, "declined": str(error), "struck": [], "prompt_id": prompt.prompt_id}
    for text, reason in narration.struck:
        note(f"struck out ({reason}): {text}")
    if not narration.is_models:
        note("no sentence of the model matched the claims; this is the text without it")
    return {
        "text": narration.text,
        "by_model": narration.is_models,
        "struck": [{"text": text, "reason": reason} for text, reason in narration.struck],
        "prompt_id": narration.prompt_id,
    }


def _claim(checked: Any) -> dict[str, Any]:
    from aurora.sim.explain.claims import KINDS  # heavy, used here only

    fields = {
        name: value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        for name, value in checked.claim._asdict().items()
    }
    return {"kind": KINDS[type(checked.claim)], **fields, "holds": checked.holds, "found": checked.found}
