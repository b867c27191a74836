"""`aurora plan explain`: why a plan's tasks go where they go, and what came of it."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.plan.edit import policy_of
from aurora.cli.terminal.output import emit_json, note, say


def explain(
    plan: str = options.text_argument(help="Id of a plan, or its beginning."),
    policy: str | None = options.text(
        None, help="Reference or policy file that is asked for its decisions. Default: that of the plan."
    ),
    history: str | None = options.text(
        None, most=options.MAX_PATH, help="Measured use of workloads: a file, or sample:web-shop."
    ),
    later: str | None = options.text(
        None, most=options.MAX_PATH, help="Snapshot of the system afterwards, to compare with what was expected."
    ),
    why_not: str | None = options.text(None, help="TASK=NODE: explain why this task does not go to this node instead."),
    folder: Path = options.path(Path("runs/plans"), "--folder", help="Folder of the plans."),
    as_json: bool = typer.Option(False, "--json", help="Print text, claims and evidence as JSON."),
) -> None:
    """Explain a plan: reasons by task and node, nodes passed over, forecast, and what is expected and what came.

    Every claim is recomputed before it is printed; claims that do not hold are left out and counted.

    Example: aurora plan explain 1a2b3c --history sample:web-shop
    """
    from aurora.cluster.explanation import explain_from_folder, why_not_from_folder  # heavy, used here only
    from aurora.cluster.explanation.why_not import sentence  # likewise
    from aurora.cluster.opening import open_history, open_snapshot  # likewise
    from aurora.cluster.plans.folder import load  # likewise

    if why_not is not None:
        task, equals, node = why_not.rpartition("=")
        if not equals:
            raise options.usage_error("--why-not", "write it as TASK=NODE")
        contrast = why_not_from_folder(plan, task, node, folder, policy_of(load(folder, plan), policy))
        emit_json(contrast.to_json()) if as_json else say(sentence(contrast))
        return
    explanation = explain_from_folder(
        plan,
        folder,
        policy_of(load(folder, plan), policy),
        history=() if history is None else open_history(history),
        later=None if later is None else open_snapshot(later),
    )
    if as_json:
        emit_json(explanation.to_json())
        return
    say(explanation.text)
    for dropped in explanation.dropped:
        note(f"left out, since it does not hold ({dropped.evidence}): {dropped.text}")
