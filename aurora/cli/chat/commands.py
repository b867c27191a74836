"""`aurora ask`, one question, and `aurora chat`, a conversation about a snapshot."""

from __future__ import annotations

import secrets
import sys
from contextlib import nullcontext
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import model_options, options
from aurora.cli.terminal import interrupts
from aurora.cli.terminal.output import emit_json, note, on_terminal

if TYPE_CHECKING:  # heavy at run time
    from aurora.agents.operator.answer import Answer, Operator
    from aurora.graphs.chat.conversation import Conversation
    from aurora.graphs.chat.surroundings import Surroundings

MAX_PIPED = 100_000
"""Most characters that are read from a pipe."""
SNAPSHOT_HELP = "Snapshot file, sample such as sample:web-shop, or kubernetes[:CONTEXT] for the live cluster."
MODEL_HELP = "PROVIDER:MODEL that answers; default: AURORA_MODEL, else rules without a model."
HISTORY_HELP = "File of measured series: forecasts and reserves rest on it. Samples that have one bring it."


class ModeName(StrEnum):
    """What a conversation may do."""

    read = "read"
    plan = "plan"
    apply = "apply"


_SNAPSHOT = options.text(None, "--snapshot", most=options.MAX_PATH, help=SNAPSHOT_HELP)
_HISTORY = options.path(None, help=HISTORY_HELP)
_MODEL = options.text(None, help=MODEL_HELP)


class TargetName(StrEnum):
    """Where a conversation applies approved plans."""

    files = "files"
    kubernetes = "kubernetes"


_PLANS = options.path(Path("runs/plans"), help="Folder of plans.")


def ask(
    question: str = options.text_argument("", help="The question; - or nothing: from a pipe.", most=10_000, lines=True),
    snapshot: str | None = _SNAPSHOT,
    history: Path | None = _HISTORY,
    model: str | None = _MODEL,
    mode: ModeName = typer.Option(ModeName.read, help="plan may write plans; nothing is ever applied here."),
    plans: Path = _PLANS,
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
    as_json: bool = typer.Option(False, "--json", help="Print answer, sentences and evidence as JSON."),
) -> None:
    """Answer one question about a snapshot. What needs a person's approval is an error that shows the plan.

    Example: aurora ask "why are pods pending?" --snapshot sample:web-shop
    """
    from langgraph.checkpoint.memory import InMemorySaver

    from aurora.cli.chat import rendering
    from aurora.cli.chat.progress import Progress
    from aurora.errors import PlanError

    text = _question(question)
    surroundings = _surroundings(snapshot or _default(), history, model, plans, timeout, answer_tokens)
    from aurora.graphs.chat.conversation import Conversation

    talk = Conversation(surroundings, secrets.token_hex(4), InMemorySaver())
    is_shown = on_terminal() and not as_json and ":" in surroundings.operator.name
    try:
        with Progress() if is_shown else nullcontext() as progress:
            step = talk.ask(text, mode=mode.value, **({} if progress is None else progress.told))
    except KeyboardInterrupt:
        stopped = interrupts.Interrupted("stopped; nothing was changed")
        if talk.is_at_work:
            interrupts.tell(str(stopped))
            _leave(talk, interrupts.INTERRUPTED)
        raise stopped from None
    if step.request is not None:
        described = step.request["action_requests"][0]["description"]
        raise PlanError(
            f"this needs a person's approval, and nobody is here to give it. {described} "
            "Approve it with `aurora plan approve`, then `aurora plan apply`, or in `aurora chat`"
        )
    assert step.answer is not None  # it was told, or a person is asked
    if as_json:
        emit_json(answer_json(talk, step.answer))
        return
    rendering.print_answer(step.answer, step.shown)


def chat(
    resume: str | None = options.text(None, help="Id, name or beginning of the id of a conversation, or last."),
    snapshot: str | None = _SNAPSHOT,
    history: Path | None = _HISTORY,
    model: str | None = _MODEL,
    mode: ModeName | None = typer.Option(None, help="What may be done: read, plan, or apply what you approve."),
    target: TargetName = typer.Option(
        TargetName.files,
        help="Where approved plans go: files (scripts for Slurm), or the cluster of --snapshot kubernetes[:CONTEXT].",
    ),
    plans: Path = _PLANS,
    sessions: Path = options.path(Path("runs/chat/sessions.sqlite"), help="File of conversations."),
    timeout: float | None = model_options.timeout(),
    answer_tokens: int | None = model_options.answer_tokens(),
) -> None:
    """Talk about a snapshot: questions in plain words, plans, approvals. /help lists the commands.

    Example: aurora chat --snapshot sample:web-shop
    """
    from aurora.cli.chat.talk import Talk
    from aurora.graphs.chat.conversation import Conversation
    from aurora.graphs.chat.sessions import Sessions

    with Sessions(sessions) as kept:
        if resume is not None:
            row = kept.find(resume)
            snapshot, history = snapshot or row.snapshot, history or (Path(row.history) if row.history else None)
            model = model or row.model or None
        snapshot = snapshot or _default()
        applies_live = target is TargetName.kubernetes
        surroundings = _surroundings(snapshot, history, model, plans, timeout, answer_tokens, applies_live=applies_live)
        if resume is None:
            name = surroundings.operator.name
            row = kept.new(snapshot, history=str(history or ""), model=name if ":" in name else "")
        surroundings = replace(surroundings, archive=kept.archive(row.session_id))
        talk = Conversation(surroundings, row.session_id, kept.saver)

        def another(name: str) -> object:
            return _operator(name, timeout, answer_tokens)

        with interrupts.explained(lambda: f"stopped; go on with: aurora chat --resume {row.session_id}"):
            Talk(talk, kept, another, None if mode is None else mode.value).run()
    _leave(talk, 0)


def answer_json(talk: Conversation, answer: Answer) -> dict[str, object]:
    """Return an answer as `aurora ask --json` prints it; docs/guides/chat.md names the keys."""
    dumped = answer.model_dump(mode="json")
    return {
        "question": answer.question,
        "by": answer.by,
        "mode": talk.mode,
        "answer": answer.text,
        "sentences": dumped["sentences"],
        "tables": dumped["tables"],
        "asks_back": dumped["asks_back"],
        "read_as": answer.read_as,
        "evidence": [
            {
                "id": f"E{e.number}",
                "tool": e.tool,
                "arguments": e.arguments,
                "outcome": e.outcome,
                "result": e.text,
                "seconds": round(e.seconds, 3),
            }
            for e in talk.evidence
        ],
    }


def _leave(talk: Conversation, code: int) -> None:
    """Leave at once where a stopped turn still waits for a model, which Python would wait for."""
    if talk.is_at_work:
        import os

        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _question(given: str) -> str:
    text = given.strip()
    if text in ("", "-"):
        if sys.stdin.isatty():
            raise typer.BadParameter('give a question, such as "why are pods pending?"', param_hint="QUESTION")
        text = sys.stdin.read(MAX_PIPED + 1).strip()
        if len(text) > MAX_PIPED:
            raise typer.BadParameter(f"the question has more than {MAX_PIPED:,} characters", param_hint="QUESTION")
    if not text:
        raise typer.BadParameter("the question is empty", param_hint="QUESTION")
    return text


def _default() -> str:
    from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT

    note(f"no --snapshot is given: this is about {DEFAULT_SNAPSHOT}")
    return DEFAULT_SNAPSHOT


def _surroundings(
    snapshot: str,
    history: Path | None,
    model: str | None,
    plans: Path,
    timeout: float | None,
    answer_tokens: int | None,
    *,
    applies_live: bool = False,
) -> Surroundings:
    import os

    from aurora.cluster.opening import live_context
    from aurora.graphs.chat.opening import open_desk
    from aurora.graphs.chat.surroundings import Surroundings
    from aurora.people import user

    if live_context(snapshot) is not None:
        note(f"reading {snapshot} ...")
    operator = _operator(model or os.environ.get("AURORA_MODEL", ""), timeout, answer_tokens)
    desk = open_desk(snapshot, history=history, plans=plans, applies_live=applies_live)
    return Surroundings(desk, operator, who=user())


def _operator(name: str, timeout: float | None, answer_tokens: int | None) -> Operator:
    from aurora.graphs.chat.opening import open_operator

    limits = None
    if name:
        from aurora.agents.models.model import call_limits

        limits = call_limits(timeout, answer_tokens)
    return open_operator(name, limits=limits, tell=note)
