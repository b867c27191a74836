"""Measures the operator: how much of what a question needs it tells, and how many of its sentences hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from aurora.agents.models.metered import MeteredModel
from aurora.agents.operator.answer import Answer
from aurora.agents.operator.rules import RulesOperator
from aurora.agents.roles.operator import ModelOperator
from aurora.cluster.samples.load import load_sample
from aurora.cluster.snapshot import Snapshot
from aurora.graphs.chat.surroundings import tools_for
from aurora.graphs.prompt_evolution.bench import Case, Measured
from aurora.prompts.loader import Prompt, Role
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness, Limits
from aurora.tools.registry import ROWS

LIMITS = Limits(calls=12, calls_a_tool=6)
"""Limits of the tools in a conversation."""
QUESTIONS = (
    "How full is the cluster?",
    "How much room is left on {node}?",
    "Why is {waiting} waiting?",
    "What happens if {node} fails?",
    "What would happen with 30 % more load?",
    "Which nodes have the most free memory?",
)
"""Questions, with names of the open cluster filled in."""
SENTENCES_NEEDED = 4
"""Number of sentences of the rules' answer that tell what a question needs; the others add to it."""
COMPLETE, HELD = 0.5, 0.5
"""Value of telling all that the question needs, and of sentences that all hold."""
_FIGURE = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])")


@dataclass(frozen=True)
class OperatorBench:
    """Asks questions about the sample clusters, and compares answers with those of the fixed rules.

    The rules' answer to a question has the names and figures that the question needs, each verified.

    Attributes:
        families: Sample clusters.
        seed: Random seed of the questions.
    """

    families: tuple[str, ...] = ("web-shop", "gpu-cluster", "hpc-queue")
    seed: int = 0

    role: Role = field(default="operator", init=False)
    names: frozenset[str] = field(default=frozenset(ROWS), init=False)
    unit: str = field(default="points", init=False)

    def measure(self, model: MeteredModel, prompt: Prompt, case: Case) -> Measured:
        """Measure a prompt on a case; see `Bench`.

        Raises:
            ModelError: The provider failed.
            BudgetExceeded: The budget of the case or of the run is spent.
        """
        question, snapshot = self._question(case), load_sample(case.family)
        needed = _needed(RulesOperator().answer(question, _harness(snapshot), (), "read"), snapshot)
        answer = ModelOperator(model, prompt).answer(question, _harness(snapshot), (), "read")
        held = [s for s in answer.sentences if not s.struck]
        told = _stated(" ".join(s.text for s in held), snapshot)
        complete = len(needed & told) / len(needed) if needed else float(bool(held))
        share = len(held) / len(answer.sentences) if answer.sentences else 0.0
        struck = tuple(f"struck: {s.struck}" for s in answer.sentences if s.struck)
        outcome = f"{len(needed & told)} of {len(needed)} names and figures told, {share:.0%} of sentences hold"
        return Measured(COMPLETE * complete + HELD * share, 0, (outcome,), struck)

    def unanswered(self, case: Case) -> Measured:
        """Return no points."""
        return Measured(0.0, 0, ("there was no answer",))

    def labels(self, case: Case) -> frozenset[str]:
        """Return the name of the sample."""
        return frozenset({case.family})

    def data(self, case: Case) -> tuple[str, ...]:
        """Return the names of the sample's nodes and tasks."""
        return _names(load_sample(case.family))

    def _question(self, case: Case) -> str:
        """Return the question of a case; no other case of the family has the same one while there are others."""
        questions = _questions(case.family)
        order = np.random.default_rng([self.seed, len(questions)]).permutation(len(questions))
        return questions[int(order[int(case.name.rpartition(":")[2]) % len(questions)])]


@cache
def _questions(sample: str) -> tuple[str, ...]:
    """Return every question about a sample."""
    snapshot = load_sample(sample)
    names = {
        "{node}": [n.node_id for n in snapshot.nodes],
        "{waiting}": [t.task_id for t in snapshot.tasks if t.state == "pending"],
    }
    filled = []
    for question in QUESTIONS:
        slot = next((s for s in names if s in question), "")
        filled += [question.replace(slot, name) for name in names[slot]] if slot else [question]
    return tuple(filled)


def _harness(snapshot: Snapshot) -> Harness:
    desk = Desk([], snapshot=snapshot)
    return Harness(desk, tools_for(desk), limits=LIMITS)


def _names(snapshot: Snapshot) -> tuple[str, ...]:
    return (*(n.node_id for n in snapshot.nodes), *(t.task_id for t in snapshot.tasks))


def _needed(answer: Answer, snapshot: Snapshot) -> set[str]:
    """Return the names and figures of an answer's sentences that cite evidence."""
    cited = [s.text for s in answer.sentences if s.cites and not s.struck]
    return _stated(" ".join(cited[:SENTENCES_NEEDED]), snapshot)


def _stated(text: str, snapshot: Snapshot) -> set[str]:
    """Return the names in a text, and its figures with two significant digits."""
    names = {n for n in _names(snapshot) if re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", text)}
    for name in names:
        text = text.replace(name, " ")
    return names | {f"{float(figure.replace(',', '')):.2g}" for figure in _FIGURE.findall(text)}
