"""The model of a self-play run on the command line: its settings, and notes on calls and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aurora.cli.terminal.output import note
from aurora.errors import ModelError

if TYPE_CHECKING:  # heavy at run time
    from aurora.graphs.run import Run
    from aurora.graphs.settings import SelfPlaySettings


def settings_by_model(proposer: str, model: str | None, level: int, *, offline: bool) -> dict[str, Any]:
    """Return the settings of a run about its model; none without a model.

    Args:
        proposer: Proposer of scenarios and policies.
        model: Name of the model; None for the one that the environment names.
        level: Lowest level at which it is called.
        offline: True if a recording answers, so that no model is called.

    Raises:
        ModelError: The model can't be called on this machine.
    """
    if proposer == "search":
        return {}
    from aurora.agents.models.model import connect, model_name  # heavy siblings
    from aurora.prompts.loader import load_prompt  # heavy siblings

    name = model_name(model)
    connect(name, offline=offline)  # fails before there is a run directory
    return {
        "proposer": proposer,
        "model": str(name),
        "model_from_level": level,
        "prompts": (load_prompt("attacker").prompt_id, load_prompt("defender").prompt_id),
    }


def asked_from(run: Run) -> dict[str, int | None]:
    """Return the lowest level at which a run calls its model, and the level it has reached; null without levels."""
    if not run.source.has_levels:
        return {"from_level": None, "level": None}
    last = run.store.last_iteration()
    level = 1 if last is None else last[1]["curriculum"]["level"]
    return {"from_level": run.settings.model_from_level, "level": level}


def tell_when_asked(run: Run) -> None:
    """Note, at the start of a run, that its model is called only from a higher level on."""
    if not run.settings.model:
        return
    levels = asked_from(run)
    begins, level = levels["level"], levels["from_level"]
    if begins is not None and level is not None and begins < level:
        note(
            f"{run.settings.model} is called from level {level} on (--model-from-level), and the run begins at level "
            f"{begins}: until then the search works alone"
        )


def require_answers(settings: SelfPlaySettings, usage: dict[str, Any] | None) -> None:
    """Raise an error if a model was called and never answered; note if it was not called, or in vain.

    Args:
        settings: Settings of the run.
        usage: Usage of the model, with `asked_from`; None without a model.

    Raises:
        ModelError: No answer came.
    """
    model = settings.model
    if not model or usage is None:
        return
    if not usage["requests"]:
        note(f"{model} was never called: {_why_not_asked(usage)}")
    elif not usage["calls"]:
        faults = ", ".join(f"{count} {fault}" for fault, count in usage["faults"].items()) or "no reason is known"
        raise ModelError(
            f"no answer came from {model} in {usage['requests']} requests ({faults}); the run holds only results of "
            "the search and the references. See the attempts in the archive, and docs/guides/models.md"
        )
    elif not usage["accepted"] and usage["answers_sent_back"]:
        note(f"{model} answered {usage['calls']} questions, and no answer could be used; see the report's attempts")


def _why_not_asked(usage: dict[str, Any]) -> str:
    reached, level = usage["level"], usage["from_level"]
    if level is None or reached is None:
        return "its budget allowed no call"
    if reached < level:
        return (
            f"level {level} was not reached, the run is at level {reached}; go on with --resume, or begin another run "
            f"with --model-from-level {reached}"
        )
    return f"level {level} is reached, but no iteration was played there that needed it; go on with --resume"
