"""Faulty answers of model servers through the real clients: what becomes of each kind.

    python benchmarks/fuzz_models.py --answers 5000 --seed 1

Prints a row for each kind of fault with what the questions that met it ended in, and fails if one ended in a traceback
or took too long, if a good answer was lost or something else taken for one, if anything was paid for twice or not
counted, if a conversation that was sent back was not valid, or if the key was shown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import Field

from aurora.agents.models import metered as metered_module
from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel, metered
from aurora.agents.models.model import CallLimits, model_name
from aurora.agents.models.structured import ask
from aurora.agents.roles.answers import PolicyAnswer
from aurora.errors import AnswerError, AuroraError, DeclinedError
from aurora.evals.testing.faulty_server import FaultyServer, faulty_server
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.recording import Recording
from aurora.types import Frozen

KEY = "sk-fuzz-0123456789abcdefghij"
PATIENCE = 3.0
"""Seconds that a call may take. Where good answers take longer, accounts are not compared."""
SPARE = 7.0
"""Seconds that a question may take beyond its calls."""
QUESTIONS = 25
"""Questions of a session; what it learned of its model goes with it."""
HANGS = ("silence", "header drip", "body drip")
"""Replies that a client has to give up."""
TOOLS = ("check_expression", "feature_table")


class SentenceAnswer(Frozen):
    """A sentence."""

    text: str = Field(description="the sentence")
    claims: list[int] = Field(description="numbers of what it says")


class NoteAnswer(Frozen):
    """Sentences: a schema of our own, so that no prompt's changes this."""

    sentences: list[SentenceAnswer] = Field(min_length=1, description="in order")


class Outcome(NamedTuple):
    """What a question ended in: `answer`, `declined`, `invalid`, `failed`, or `TRACEBACK`; and in which words."""

    kind: str
    said: str
    seconds: float


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=5000, help="replies that the server shall have given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=6)
    chosen = parser.parse_args()
    started = time.perf_counter()
    rows, problems, sums = fuzz(chosen.answers, chosen.seed, chosen.threads)
    width = max(len(kind) for kind in rows)
    print(f"{'kind of reply':{width}}  {'replies':>7}  what the questions that met it ended in")
    for kind in sorted(rows):
        ended = ", ".join(f"{n} {what}" for what, n in rows[kind].most_common())
        print(f"{kind:{width}}  {rows[kind].total():7}  {ended}")
    print(json.dumps({**sums, "seconds": round(time.perf_counter() - started, 1), "problems": len(problems)}))
    for problem in problems[:20]:
        print(f"PROBLEM {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def fuzz(answers: int, seed: int, threads: int) -> tuple[dict[str, Counter[str]], list[str], dict[str, Any]]:
    """Ask until the server has given so many replies.

    Returns:
        Outcomes by kind of reply, what is wrong, and the sums of both sides' accounts.
    """
    environment = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
    outcomes: dict[int, Outcome] = {}
    models: list[MeteredModel] = []
    with (
        faulty_server() as server,
        tempfile.TemporaryDirectory() as folder,
        patch.dict(
            os.environ, {**environment, "OPENAI_BASE_URL": f"{server.url}/v1", "ANTHROPIC_BASE_URL": server.url}
        ),
        patch.object(metered_module, "CHARACTERS_A_TOKEN", 10**12),  # only what the server counted is compared
        ThreadPoolExecutor(threads) as pool,
    ):
        session = 0
        while server.sent.total() < answers:
            numbers = range(session, session + threads)
            for model, found in pool.map(lambda n: _session(n, seed, Path(folder)), numbers):
                models.append(model)
                outcomes |= found
            session += threads
        late = _late(server, models)
        problems = [*_problems(server, outcomes, late), *_shown_keys(Path(folder), outcomes)]
        problems += [] if late else _account_problems(server, models)
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for question, kinds in server.kinds.items():
        for kind in kinds:
            rows[kind.split(";")[0]][outcomes[question].kind] += 1
    spent = [m.purse.spent for m in models]
    sums = {
        "questions": len(outcomes),
        "replies": server.sent.total(),
        "outcomes": dict(Counter(o.kind for o in outcomes.values())),
        "billed_by_server": server.billed,
        "billed_by_meter": sum(s.billed for s in spent),
        "late": late,
        "slowest_question": round(max(o.seconds for o in outcomes.values()), 1),
    }
    return rows, problems, sums


def _session(number: int, seed: int, folder: Path) -> tuple[MeteredModel, dict[int, Outcome]]:
    """Questions to one model."""
    provider = ("openai", "anthropic")[number % 2]
    rng = random.Random(f"{seed} {number}")
    limits = CallLimits(PATIENCE, rng.choice((None, 500)))
    found: dict[int, Outcome] = {}
    with Recording(folder / f"{number}.jsonl") as recording:
        model = metered(model_name(f"{provider}:gpt-5-mini"), recording=recording, limits=limits, first_wait=0.001)
        model.longest_wait = 0.01
        for place in range(QUESTIONS):
            question = (seed * 1_000_000 + number) * 100 + place
            found[question] = _question(model, question, rng.choice(("policy", "explanation", "tools")))
    return model, found


def _question(model: MeteredModel, question: int, form: str) -> Outcome:
    started = time.perf_counter()
    asked = f"Answer this. [seed {question}]"
    try:
        if form == "tools":
            harness = Harness(Desk([]), TOOLS, recording=model.recording)
            value = run_agent(
                model, ("You write.", asked), PolicyAnswer, lambda a: a.description, harness=harness
            ).value
            if [e.number for e in harness.journal] != list(range(1, len(harness.journal) + 1)):
                raise AssertionError("evidence is not numbered in order")
        else:
            messages = [SystemMessage("You write."), HumanMessage(asked)]
            if form == "policy":
                value = ask(model, messages, PolicyAnswer, lambda a: a.description, temperature=0.5).value
            else:
                value = ask(model, messages, NoteAnswer, lambda a: a.sentences[0].text).value
    except AuroraError as error:
        is_invalid = isinstance(error, AnswerError)
        kind = "declined" if isinstance(error, DeclinedError) else "invalid" if is_invalid else "failed"
        return Outcome(kind, str(error), time.perf_counter() - started)
    except Exception as error:  # what must not be
        return Outcome("TRACEBACK", f"{type(error).__name__}: {error}", time.perf_counter() - started)
    return Outcome("answer", value, time.perf_counter() - started)


def _late(server: FaultyServer, models: list[MeteredModel]) -> int:
    """Good replies that came too late because the machine is busy; then the two accounts can't agree."""
    hung = sum(kind in HANGS for kinds in server.kinds.values() for kind in kinds)
    return max(0, sum(m.purse.spent.faults.get("timeout", 0) for m in models) - hung)


def _problems(server: FaultyServer, outcomes: dict[int, Outcome], late: int) -> list[str]:
    """Return what went wrong with single questions. What `late` replies explain is left out."""
    told = list(server.violations)
    for question, outcome in outcomes.items():
        where = f"question {question} ({'; '.join(server.kinds[question])}): "
        good = server.good[question]
        if outcome.kind == "TRACEBACK":
            told.append(where + outcome.said)
        if outcome.seconds > PATIENCE * len(server.kinds[question]) + SPARE:
            told.append(f"{where}took {outcome.seconds:.1f} s")
        if not late and good and outcome.kind != "answer":
            told.append(f"{where}a good answer was lost: {outcome.said}")
        if not late and len(good) > 1:
            told.append(f"{where}{len(good)} good answers were paid for")
        if outcome.kind == "answer" and outcome.said not in [f"Answer {tag}." for tag in good]:
            told.append(f"{where}took for an answer what is none: {outcome.said}")
        if any(ord(c) < 32 or ord(c) == 127 for c in outcome.said.replace("\n", "")):  # control characters
            told.append(f"{where}control characters in {outcome.said!r}")
    return told


def _account_problems(server: FaultyServer, models: list[MeteredModel]) -> list[str]:
    """Return where the server's account and the meters' differ."""
    spent = [m.purse.spent for m in models]
    pairs = {
        "requests": (server.sent.total(), sum(s.requests for s in spent)),
        "billed requests": (server.billed, sum(s.billed for s in spent)),
        "tokens in": (server.tokens[0], sum(s.tokens_in for s in spent)),
        "tokens out": (server.tokens[1], sum(s.tokens_out for s in spent)),
    }
    return [f"{what}: {a} by the server, {b} by the meter" for what, (a, b) in pairs.items() if a != b]


def _shown_keys(folder: Path, outcomes: dict[int, Outcome]) -> list[str]:
    """Return where the key stands."""
    told = [f"question {q} shows the key" for q, o in outcomes.items() if KEY in o.said]
    return told + [f"{path.name} holds the key" for path in folder.iterdir() if KEY in path.read_text()]


if __name__ == "__main__":
    main()
