"""Content for the pages of the web desk: a run, plans, conversations, an evaluation, a form to rate; as users make it.

Run as a program, it fills the folder that is its argument: `python -m tests.web.browser.desk FOLDER`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.web.browser.served import free_port

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
DEPLOY = ("compose", "deploy", "plain ? 0.8 | sleep-2ms", "--trial", "--name", "films")
"""A deployment of components that need no model."""
SERVICE: tuple[tuple[str, ...], ...] = (
    (*DEPLOY, "--port", "PORT", "--detach"),
    ("compose", "deploy", "plain ? 0.9 | sleep-1ms", "--trial", "--name", "films", "--why", "fewer waits"),
    ("compose", "rollback", "films", "--why", "p95 rose"),
    ("compose", "stop", "films"),
)
MEASURED_EACH = 25
"""Of so many compositions of the made-up task, one is measured."""
QUESTIONS = ("which pods are pending, and why?", "what happens if node-a1 fails?")


def make(folder: Path) -> None:
    """Fill a folder with runs, plans, conversations and evaluations under `runs`."""
    os.chdir(folder)
    for words in COMMANDS:
        _command(words)
    port = str(free_port())
    for words in SERVICE:
        _command(tuple(port if word == "PORT" else word for word in words))
    _measurements()
    _conversation()


def _measurements() -> None:
    """Measure some compositions of a made-up task: a search of a real one fits its models first, for minutes."""
    from aurora.learning.composition.searching.measurement_journal import COMPOSITIONS, MeasurementJournal
    from aurora.web.views.composition import COMPOSE
    from benchmarks.composition_made_up import ExactEvaluator, make_up, whole_space

    task = make_up(5)
    measure = ExactEvaluator(task)
    path = Path("runs", COMPOSE, COMPOSITIONS)
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = MeasurementJournal(path, "made-up:5")
    for pipeline in whole_space(tuple(task.chains))[::MEASURED_EACH]:
        journal.add(pipeline, measure(pipeline))


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
    from aurora.graphs.chat.surroundings import Surroundings
    from aurora.people import user

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
