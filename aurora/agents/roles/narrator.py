"""The explainer with a model, which chooses facts, their order and phrasing; code writes the sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aurora.agents.explain.explainer import Explanation, Level
from aurora.agents.explain.run_explainer import PlanExplanation
from aurora.agents.explain.telling.composing import SentenceChoice, compose, offered, opening, phrased
from aurora.agents.explain.telling.facts import KnownFacts, known_of_decision, known_of_run
from aurora.agents.explain.telling.holding import Held, hold
from aurora.agents.explain.wording import Audience, called
from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.answers import ExplanationAnswer, SentenceAnswer, explanation_answer
from aurora.prompts.loader import Prompt
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import NOUNS
from aurora.sim.explain.waiting_claims import WaitingClaim
from aurora.sim.scenarios.scenario import Scenario

TEMPERATURE = 0.3
LENGTH_OF_LEVEL: Mapping[Level, tuple[int, str]] = {
    "line": (1, "in one sentence that tells one or two facts"),
    "short": (3, "in two or three sentences"),
    "full": (8, "in up to eight sentences that tell every fact"),
}
"""Most sentences by level of detail, and the instruction to the model."""
AUDIENCE_TEXT: Mapping[Audience, str] = {
    "operator": "an operator who runs the system and knows no formulas",
    "engineer": "an engineer who knows the policy language",
}
PHRASING_LETTERS = "abcdefgh"
"""Letters of phrasings."""


class Narration(NamedTuple):
    """An explanation whose sentences a model chose.

    Attributes:
        text: Sentences that hold; where none does, the text without a model.
        is_models: True: at least one sentence is the model's.
        struck: Sentences that a model wrote itself and that don't hold, each with the reason.
        prompt_id: Version of the prompt.
        chosen: Numbers of the facts that the model chose, in its order, repeated ones included.
        arranged: Sentences that it chose.
        rejected: Reasons for which earlier answers were sent back.
    """

    text: str
    is_models: bool
    struck: tuple[tuple[str, str], ...]
    prompt_id: str
    chosen: tuple[int, ...] = ()
    arranged: tuple[SentenceChoice, ...] = ()
    rejected: tuple[str, ...] = ()


def narrate(
    model: MeteredModel,
    prompt: Prompt,
    explanation: Explanation | PlanExplanation,
    scenario: Scenario,
    level: Level,
    audience: Audience,
) -> Narration:
    """Let a model arrange an explanation.

    The model's sentences cover the decision, or the run as a whole. A task's waits and attempts follow in the text of
    the templates. A task that was never placed has no decision, so no model is asked.

    Args:
        model: Model to ask.
        prompt: Prompt of the explainer.
        explanation: Explanation of a decision or of a whole run, with its checked claims.
        scenario: Scenario whose names may be used.
        level: Detail of the text.
        audience: Reader of the text.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    if isinstance(explanation, Explanation) and explanation.decision is None:
        return Narration(explanation.text, False, (), prompt.prompt_id)
    known = known_of(explanation, scenario, audience)
    most, length = LENGTH_OF_LEVEL[level]
    ids = tuple(
        f"{n}{letter}"
        for n, fact in enumerate(known.facts, 1)
        for letter in PHRASING_LETTERS[: len(offered(fact, known.names))]
    )
    filled = prompt.fill(
        audience=AUDIENCE_TEXT[audience],
        length=length,
        subject=_subject(explanation, known),
        facts="\n".join(_listed(known, audience)),
    )

    def accept(answer: ExplanationAnswer) -> tuple[Held, tuple[SentenceChoice, ...]]:
        return _held(answer, known, audience), tuple(_choice(s) for s in answer.sentences)

    finished = run_agent(model, filled, explanation_answer(ids, most), accept, temperature=TEMPERATURE)
    held, arranged = finished.value
    chosen = tuple(number for sentence in arranged for number, _ in sentence.claims)
    way = explanation.way if isinstance(explanation, Explanation) and held.text else ()
    text = "\n".join([held.text or explanation.text, *way])
    return Narration(text, bool(held.text), held.struck, prompt.prompt_id, chosen, arranged, finished.rejected)


def known_of(explanation: Explanation | PlanExplanation, scenario: Scenario, audience: Audience) -> KnownFacts:
    """Return the facts of an explanation's claims that hold."""
    claims = [c.claim for c in explanation.checked if c.holds and not isinstance(c.claim, WaitingClaim)]
    if isinstance(explanation, Explanation):
        assert explanation.decision is not None  # without one there is nothing to word
        return known_of_decision(claims, explanation.decision, scenario)
    names = {called(f, audience): f for f in NOUNS}
    reasons: dict[frozenset[str] | str, int] = {}
    for reason, count in explanation.reasons.most_common():
        parts = reason.split(" and ")
        reasons[frozenset(names[p] for p in parts) if all(p in names for p in parts) else reason] = count
    return known_of_run(claims, scenario, explanation.policy_id, explanation.reasons.total(), reasons)


def _held(answer: ExplanationAnswer, known: KnownFacts, audience: Audience) -> Held:
    """Return the sentences of an answer that hold, after one that names what is explained."""
    if not answer.free:
        return hold(compose([_choice(s) for s in answer.sentences], known, audience), known)
    held = hold([(s.text, s.claims) for s in answer.free], known)
    first = opening(known, audience)
    if not held.kept or shown_name(known.names.task, known.names.words) in held.kept[0].replace(",", "").split():
        return held
    return held._replace(text=f"{first} {held.text}", kept=(first, *held.kept))


def _choice(sentence: SentenceAnswer) -> SentenceChoice:
    phrasings = tuple((int(f[:-1]), PHRASING_LETTERS.index(f[-1])) for f in sentence.facts)
    return SentenceChoice(phrasings, sentence.link, sentence.figures)


def _subject(explanation: Explanation | PlanExplanation, known: KnownFacts) -> str:
    words = known.names.words
    if isinstance(explanation, PlanExplanation):
        return (
            f"a whole run of {shown_name(explanation.policy_id, words)} on {shown_name(explanation.scenario_id, words)}"
        )
    decision = explanation.decision
    assert decision is not None  # a task without one is not worded by a model
    return f"why task {shown_name(decision.task_id, words)} went to {shown_name(decision.chosen.name, words)}"


def _listed(known: KnownFacts, audience: Audience) -> Iterator[str]:
    """List facts by number with their role, then the other phrasings of each kind once."""
    others = list[str]()
    seen = set[tuple[str, object]]()
    for number, fact in enumerate(known.facts, 1):
        reading = fact.readings[0]
        texts = [phrased(reading, which, known.names, audience) for which in offered(fact, known.names)]
        yield f"{number} ({fact.role}) {texts[0]}"
        like = reading.kind, reading.slots.get("measure") if reading.kind == "outcome" else None
        if like not in seen:
            others += [f"{number}{PHRASING_LETTERS[k]} {text}" for k, text in enumerate(texts) if k]
        seen.add(like)
    yield "Above is phrasing a; b is, for facts of the same form too:"
    yield from others
