"""Measures the operator: how much of what a question needs it tells, which sentences hold, and which calls fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from aurora.agents.models.metered import MeteredModel
from aurora.agents.operator.answer import Answer, Sentence
from aurora.agents.roles.operator import ModelOperator
from aurora.cluster.samples.load import load_sample
from aurora.cluster.snapshot import Snapshot
from aurora.graphs.chat.surroundings import tools_for
from aurora.graphs.prompt_evolution.bench import Case, Measured
from aurora.graphs.prompt_evolution.benches.needed import QUESTIONS, Needed, looking
from aurora.prompts.loader import Prompt, Role
from aurora.tools.desk import Desk
from aurora.tools.harness import Evidence, Harness, Limits

LIMITS = Limits(calls=12, calls_a_tool=6)
"""Limits of the tools in a conversation."""
COMPLETE, HELD, CALLED = 0.6, 0.3, 0.1
"""Value of telling all that the question needs, of sentences that all hold, and of tool calls that all succeed."""

MAX_QUOTED = 200
"""Characters of a struck sentence or of a fault that are quoted."""


class Asked(NamedTuple):
    """A question of a case.

    Attributes:
        pattern: Question without names.
        name: Node or task that it is about; "" for none.
    """

    pattern: str
    name: str

    @property
    def text(self) -> str:
        """Return the question."""
        return self.pattern.replace("{node}", self.name).replace("{waiting}", self.name)


@dataclass(frozen=True)
class OperatorBench:
    """Asks questions about the sample clusters. The facts that each needs are computed without a model.

    Attributes:
        families: Sample clusters.
        seed: Random seed of the questions.
    """

    families: tuple[str, ...] = ("web-shop", "gpu-cluster", "hpc-queue")
    seed: int = 0

    role: Role = field(default="operator", init=False)
    names: frozenset[str] = field(default=frozenset(tools_for(Desk([]))), init=False)
    unit: str = field(default="points", init=False)

    def measure(self, model: MeteredModel, prompt: Prompt, case: Case) -> Measured:
        """Measure a prompt on a case; see `Bench`.

        Sentences that were struck before the second try count as well: each costs a call.

        Raises:
            ModelError: The provider failed.
            BudgetExceeded: The budget of the case or of the run is spent.
        """
        asked, snapshot = self._question(case), load_sample(case.family)
        harness, operator = _harness(snapshot), ModelOperator(model, prompt)
        answer = operator.answer(asked.text, harness, (), "read")
        return _valued(_needed(case.family, asked), answer, operator.first, harness.journal)

    def unanswered(self, case: Case) -> Measured:
        """Return no points."""
        return Measured(0.0, 0, ("there was no answer",))

    def labels(self, case: Case) -> frozenset[str]:
        """Return the name of the sample."""
        return frozenset({case.family})

    def data(self, case: Case) -> tuple[str, ...]:
        """Return the names of the sample's nodes and tasks."""
        snapshot = load_sample(case.family)
        return (*(n.node_id for n in snapshot.nodes), *(t.task_id for t in snapshot.tasks))

    def _question(self, case: Case) -> Asked:
        """Return the question of a case; no other case of the family has the same one while there are others.

        Kinds of question take turns, so that those about nodes and tasks, of which there are many, don't outnumber
        the others.
        """
        questions = _questions(case.family)
        rng = np.random.default_rng([self.seed, len(questions)])
        kinds = [[q for q in questions if q.pattern == pattern] for pattern in QUESTIONS]
        columns = [[kinds[int(k)][int(i)] for i in rng.permutation(len(kinds[k]))] for k in rng.permutation(len(kinds))]
        order = [asked for turn in zip_longest(*columns) for asked in turn if asked is not None]
        return order[int(case.name.rpartition(":")[2]) % len(order)]


def _valued(
    needed: Sequence[Needed], answer: Answer, first: Sequence[Sentence], journal: Sequence[Evidence]
) -> Measured:
    """Return the value of an answer, with what it lacked in words that name no node or task."""
    sentences = {s.text: s for s in (*first, *answer.sentences)}.values()
    struck = [s for s in sentences if s.struck]
    held = [s.text for s in answer.sentences if not s.struck]
    missing = [n.what for n in needed if not n.is_told(held)]
    failed = [e for e in journal if e.outcome != "ok"]
    complete = 1 - len(missing) / len(needed)
    share = 1 - len(struck) / len(sentences) if sentences else 0.0
    called = 1 - len(failed) / len(journal) if journal else 0.0
    value = COMPLETE * complete + HELD * share + CALLED * called if held else 0.0
    outcome = (
        f"{len(needed) - len(missing)} of {len(needed)} facts told that the question needs; {len(struck)} of "
        f"{len(sentences)} sentences struck; {len(failed)} of {len(journal)} tool calls failed"
    )
    refusals = (
        *(f"struck: {s.text[:MAX_QUOTED]} ({s.struck})" for s in struck),
        *(f"{e.tool}: {e.text[:MAX_QUOTED]}" for e in failed),
    )
    return Measured(value, 0, (outcome,), refusals, tuple(f"not told: {what}" for what in missing))


@cache
def _questions(sample: str) -> tuple[Asked, ...]:
    """Return every question about a sample."""
    snapshot = load_sample(sample)
    names = {
        "{node}": [n.node_id for n in snapshot.nodes],
        "{waiting}": [t.task_id for t in snapshot.tasks if t.state == "pending"],
    }
    found = []
    for pattern in QUESTIONS:
        slot = next((s for s in names if s in pattern), "")
        found += [Asked(pattern, name) for name in names[slot]] if slot else [Asked(pattern, "")]
    return tuple(found)


@cache
def _needed(sample: str, asked: Asked) -> tuple[Needed, ...]:
    """Return the facts that a question about a sample needs."""
    look = looking(_harness(load_sample(sample)))
    return tuple(QUESTIONS[asked.pattern](look, *filter(None, [asked.name])))


def _harness(snapshot: Snapshot) -> Harness:
    desk = Desk([], snapshot=snapshot)
    return Harness(desk, tools_for(desk), limits=LIMITS)
