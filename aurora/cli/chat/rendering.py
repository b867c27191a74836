"""Prints answers, evidence, plans and questions to a person, at any width, without control characters from data."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aurora.cli.terminal.output import emit_table, note, on_terminal, printable, say, terminal_width

if TYPE_CHECKING:  # heavy at run time
    from aurora.agents.operator.answer import Answer, Sentence
    from aurora.tools.harness import Evidence

MAX_ARGUMENTS = 80
"""Most characters of a call's arguments in a line."""
MAX_EVIDENCE_LINES = 200


def print_text(text: str) -> None:
    """Print text, wrapped at words on a terminal; lines of a list hang."""
    if not on_terminal():
        say(text)
        return
    from aurora.cli.terminal.tables import wrapped

    for line in text.split("\n"):
        shown = printable(line)
        is_item = shown.lstrip().startswith(("- ", "* ", "risk: ")) or re.match(r"\d+\. ", shown) is not None
        hang = "  " if is_item else ""
        say("\n".join(wrapped(shown, terminal_width(), hang=hang)) if shown else "")


def print_sentence(sentence: Sentence) -> None:
    """Print a sentence that holds; note one that was struck, and why."""
    if sentence.struck:
        note(f"struck out ({sentence.struck}): {sentence.text}")
        return
    print_text(f"{sentence.text} [{', '.join(sentence.cites)}]" if sentence.cites else sentence.text)
    sys.stdout.flush()


def print_answer(answer: Answer, shown: Sequence[Sentence] = ()) -> None:
    """Print how a question was read, what holds of its answer, tables, questions back, and what was struck.

    Args:
        answer: The answer.
        shown: Its sentences that were printed when they came.
    """
    held = [s for s in answer.sentences if not s.struck]
    if answer.reading:
        print_text(answer.reading)
    for sentence in held:
        if sentence not in shown:
            print_sentence(sentence)
    if not held and not answer.asks_back and not answer.tables:
        print_text("I don't know: nothing that I could say is borne out by what was looked up.")
    for table in answer.tables:
        cites = f" [{', '.join(table.cites)}]" if table.cites else ""
        emit_table(f"{table.title}{cites}", table.columns, table.rows)
    if answer.as_of:
        print_text(answer.as_of)
    if answer.asks_back:
        print_text("\n".join(["Did you mean:", *(f"- {q}" for q in answer.asks_back)]))
    sys.stdout.flush()
    struck = [s for s in answer.sentences if s.struck]
    for sentence in struck:
        if sentence not in shown:
            print_sentence(sentence)
    if struck:
        number, total = len(struck), len(answer.sentences)
        verb = "was" if number == 1 else "were"
        note(f"{number} of {total} sentence{'s' * (total > 1)} {verb} not supported and struck")


def print_request(request: dict[str, Any]) -> None:
    """Print the question about a plan, and how it is answered."""
    for action in request["action_requests"]:
        print_text(action["description"])
    allowed = [d for config in request.get("review_configs", ()) for d in config["allowed_decisions"]]
    edit = "/edit N,M to leave out changes, " if not allowed or "edit" in allowed else ""
    print_text(f"Answer with /approve, {edit}or /reject REASON.".replace("approve, or", "approve or"))


def print_call(evidence: Evidence) -> None:
    """Note a tool call when it has its result."""
    shown = printable(arguments_text(evidence.arguments))
    failed = "" if evidence.outcome == "ok" else f", {evidence.outcome}"
    note(f"  [E{evidence.number}] {evidence.tool}({shown}) {evidence.seconds:.1f} s{failed}")


def arguments_text(arguments: Any) -> str:
    """Return the arguments of a call, shortened."""
    items = arguments.items() if isinstance(arguments, dict) else [("", arguments)]
    text = ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in items)
    return text if len(text) <= MAX_ARGUMENTS else text[: MAX_ARGUMENTS - 3] + "..."


def print_evidence(evidence: Evidence) -> None:
    """Print a tool call with its whole result, a field on a line."""
    print_text(f"[E{evidence.number}] {evidence.tool}({arguments_text(evidence.arguments)}), {evidence.outcome}")
    try:
        lines = list(_outline(json.loads(evidence.text), ""))
    except ValueError:
        lines = [evidence.text]
    print_text("\n".join(lines[:MAX_EVIDENCE_LINES]))
    if len(lines) > MAX_EVIDENCE_LINES:
        note(f"{len(lines) - MAX_EVIDENCE_LINES} lines more; /save writes them all")


def _outline(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                yield f"{indent}{key}:"
                yield from _outline(item, indent + "  ")
            else:
                yield f"{indent}{key}: {_plain(item)}"
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                plain = all(not isinstance(v, dict | list) for v in item.values())
                if plain:
                    yield f"{indent}- {', '.join(f'{k} {_plain(v)}' for k, v in item.items())}"
                else:
                    yield f"{indent}-"
                    yield from _outline(item, indent + "  ")
            else:
                yield f"{indent}- {_plain(item)}"
    else:
        yield f"{indent}{_plain(value)}"


def _plain(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ("none" if value == [] else str(value)) if not isinstance(value, str) else printable(value)
