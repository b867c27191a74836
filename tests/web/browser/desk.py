"""Content for the pages of the web desk: a run, plans, conversations, an evaluation, a form to rate; as users make it.

Run as a program, it fills the folder that is its argument: `python -m tests.web.browser.desk FOLDER`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

RUN = ("selfplay", "--iterations", "1", "--seed", "3", "--train-on", "batch", "--validate-on", "spot", "--no-report")
"""The quickest run of self-play."""
GUARD = ("--guardrail", "latency")
COMMANDS: tuple[tuple[str, ...], ...] = (
    (*RUN, "--run", "runs/first"),
    ("plan", "new", "sample:web-shop", "--drain", "node-a1", "--quick"),
    ("plan", "new", "sample:web-shop", "--scale", "shop/Deployment/checkout=5", "--quick"),
    ("eval", "rate", "new", "--decisions", "2", "--runs", "1", "--planted", "1"),
    ("eval", "explanations", "--decisions", "3", "--plans", "0", "--suite", "completeness"),
    ("eval", "explanations", "--decisions", "4", "--plans", "0", "--suite", "completeness", "--out", "runs/eval/later"),
    ("experiment", "sample", "--out", "runs/june.csv"),
    (
        "experiment",
        "new",
        "runs/trial",
        "--before",
        "runs/june.csv",
        "--metric",
        "cost",
        "--start",
        "2026-07-01",
        *GUARD,
    ),
    ("experiment", "sample", "--of", "runs/trial", "--days", "14", "--out", "runs/july.csv"),
    ("experiment", "status", "runs/trial", "--add", "runs/july.csv"),
)
QUESTIONS = ("which pods are pending, and why?", "what happens if node-a1 fails?")


def make(folder: Path) -> None:
    """Fill a folder with runs, plans, conversations and evaluations under `runs`."""
    os.chdir(folder)
    for words in COMMANDS:
        _command(words)
    _conversation()


def _command(words: tuple[str, ...]) -> None:
    from aurora.cli.main import main

    sys.argv = ["aurora", *words]
    try:
        main()
    except SystemExit as exit:
        if exit.code:
            raise RuntimeError(f"this failed: aurora {' '.join(words)}") from None


def _conversation() -> None:
    from aurora.graphs.chat.conversation import Conversation
    from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT, open_desk, open_operator
    from aurora.graphs.chat.sessions import Sessions
    from aurora.graphs.chat.surroundings import Surroundings, user

    with Sessions() as sessions:
        row = sessions.new(DEFAULT_SNAPSHOT)
        surroundings = Surroundings(
            open_desk(), open_operator(""), who=user(), archive=sessions.archive(row.session_id)
        )
        talk = Conversation(surroundings, row.session_id, sessions.saver)
        for number, question in enumerate(QUESTIONS, 1):
            talk.ask(question)
            sessions.touch(row.session_id, number, question)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
