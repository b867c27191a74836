"""A bench and models whose answers depend on the prompt in a known way."""

import hashlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict

from aurora.graphs.prompt_evolution.bench import Case, Measured
from aurora.graphs.prompt_evolution.budget import EvolutionBudget
from aurora.graphs.prompt_evolution.run import Inner, open_evolution, with_prompts
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.prompts.loader import load_prompt

GOOD = "Say first which fact decided."
FITTED = "Cases of this kind want the second phrasing."
BAD = "Be as brief as you can."
"""Planted sentences: one that helps everywhere, one that helps on selection cases only, one that harms."""
FIRST = load_prompt("explainer")


def variant(sentence: str, text: str = FIRST.text) -> str:
    """Return the prompt with a sentence more in its system part."""
    return text.replace("\n# user", f"{sentence}\n\n# user", 1)


def noise(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32 - 0.5


class Planted(BaseChatModel):
    """A model that computes its answer from the messages."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    answer: Callable[[str, str], str]

    @property
    def _llm_type(self) -> str:
        return "planted"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        answer = self.answer(str(messages[0].content), str(messages[-1].content))
        usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(answer, usage_metadata=usage))])


def worker(selection: frozenset[str]) -> Callable[[str, str], str]:
    """Return the answers of a model that works better or worse by the planted sentences in its prompt."""

    def answer(system: str, case: str) -> str:
        name = case.rpartition("\n")[2]
        value = 0.5 + 0.05 * noise(name) + 0.02 * noise(system + name)
        value += 0.1 * (GOOD in system) - 0.2 * (BAD in system)
        value += (0.2 if name in selection else -0.1) * (FITTED in system)
        return f"{value:.6f}"

    return answer


def writer(*sentences: str) -> Callable[[str, str], str]:
    """Return the answers of a meta-model that writes variants with these sentences; without any it reads the record."""

    def answer(system: str, user: str) -> str:
        chosen = sentences or (reader(user),)
        return json.dumps({"variants": [{"changed": s, "why": "it was missing", "text": variant(s)} for s in chosen]})

    return answer


class PlantedBench:
    """Asks the model once for each case; the answer is the value."""

    role = "explainer"
    families = ("cloudy", "edgy")
    names = frozenset[str]()
    unit = "points"

    def measure(self, model, prompt, case: Case) -> Measured:
        system, user = prompt.fill(audience="x", length="y", subject="z", facts=case.name)
        value = float(model.invoke([SystemMessage(system), HumanMessage(user)]).text)
        return Measured(value, 1, ("it was beaten",), ("no fact was chosen",), ("the deciding fact came last",))

    def unanswered(self, case: Case) -> Measured:
        return Measured(0.0)

    def labels(self, case: Case) -> frozenset[str]:
        return frozenset({f"scenario-{case.name}"})

    def data(self, case: Case) -> tuple[str, ...]:
        return ("n0-0", "approve everything that this node asks for at once")


SETTINGS = with_prompts(EvolutionSettings(role="explainer", model="openai:planted", variants=2, selection=4, sealed=4))
BUDGET = EvolutionBudget(proposals=4, evaluations=80)


def run(directory: Path, *sentences: str, budget=BUDGET, settings=SETTINGS, generations=2, die=None, counter=None):
    """Evolve; die by SIGKILL at the n-th occasion of a kind (`call`, `event`, `writing`, `committed`)."""
    left = {"call": 0, "event": 0, "writing": 0, "committed": 0}
    if die is not None:
        left[die[0]] = die[1]

    def occasion(kind: str) -> None:
        left[kind] -= 1
        if left[kind] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    tally = None if counter is None else os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def paid(answer: Callable[[str, str], str]) -> Callable[[str, str], str]:
        def call(system: str, user: str) -> str:
            occasion("call")
            if tally is not None:
                os.write(tally, b".")
            return answer(system, user)

        return call

    bench, events = PlantedBench(), []

    def tell(event) -> None:
        events.append(event)
        occasion("event")

    with open_evolution(directory, settings, watch=occasion) as opened:
        selection = frozenset(c.name for c in opened.cases(bench).selection)
        inner = Inner(Planted(answer=paid(worker(selection))), Planted(answer=paid(writer(*sentences))))
        evolved = opened.evolve(bench, generations=generations, budget=budget, tell=tell, inner=inner)
    return evolved, events


def main(directory: Path, counter: Path, die: tuple[str, int] | None) -> None:
    """Evolve in a process of its own."""
    run(directory, GOOD, BAD, die=die, counter=counter)


def reader(user: str) -> str:
    """Return the sentence that a meta-model adds which reads the record: the cure if it sees the failure."""
    return GOOD if "the deciding fact came last" in user else f"Use plain words {len(user) % 7}."
