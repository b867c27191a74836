"""The adapter: from a policy of one domain and typical scenarios of another, a model writes a program for the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from aurora.agents.models.metered import MeteredModel
from aurora.agents.models.structured import Answered, ask
from aurora.agents.roles.answers import ProgramAnswer, to_policy
from aurora.agents.roles.briefing import brief, features_told, value_table
from aurora.agents.roles.grammar import policy_grammar
from aurora.agents.roles.programs import program_told
from aurora.errors import AnswerError
from aurora.prompts.loader import Prompt
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Domain, Scenario

TEMPERATURE = 0.4
"""Sampling temperature, low because one program is asked for."""
REFERENCES_SHOWN = 5
SOURCE_POLICY = "the policy given"
"""Name of the policy to adapt in the table of values."""
YOURS = "yours"
"""Name of the model's own program in the table of values."""
DOMAINS_TOLD: Mapping[Domain, str] = {
    "cloud": (
        "Tasks run on machines in one place. Every node is a candidate without a path: fit.latency, path.* are 0, and "
        "latency is time in the queue alone; execution does not count. Machines differ in price, speed and power, so "
        "that none is best at all. Bursts ask for more than there is, so tasks wait and the order matters. In some "
        "families whole and shared accelerators compete, tasks wait for others, nodes fail, or prices swing."
    ),
    "edge": (
        "Every task has a site, that of its user. Each node that can be reached from there is a candidate with the "
        "shortest path to it; a node at the same site has an empty path. Small slow boxes stand near users, some of "
        "them on a battery, and large, fast, dear machines at the core. Latency is time in the queue plus "
        "fit.latency, the links' latency and the transfer of the task's data; execution follows and does not count. "
        "Limits of latency go down to tens of milliseconds. A task holds bandwidth on each link of its path until it "
        "ends. Congestion multiplies latency, nodes fail, and a box whose battery is empty goes down for good. There "
        "are no accelerators."
    ),
    "network": (
        "There are no nodes, and tasks are flows between two sites. The candidates are the few shortest paths, the "
        "first one with the least latency. A flow holds its bandwidth on each link of its path for its duration, and "
        "waits while no path has room. Links cost by bandwidth and time, so fit.cost grows with the number of links. "
        "task.cpu, node.*, fit.energy and the other features of nodes are 0, and energy is the same whatever you do. "
        "Latency is time in the queue plus fit.latency, the links' latency and the transfer of the flow's data. "
        "Congestion multiplies it."
    ),
    "hybrid": (
        "Small boxes near users, some on a battery, stand beside large machines and servers at the core. About half "
        "of the tasks have the site of a user, and reach every node by the shortest path from there (empty at the "
        "same site); the others reach every node without a path. Latency is time in the queue plus fit.latency, the "
        "links' latency and the transfer of the task's data; execution follows and does not count. A task with a site "
        "holds bandwidth on each link of its path until it ends. Nodes fail, congestion multiplies latency, prices "
        "change, and a box whose battery is empty goes down for good. In some families tasks wait for others. There "
        "are no accelerators."
    ),
}
"""Constraints of each domain, in words."""


class AdaptedPolicyAnswer(ProgramAnswer):
    """An allocation policy for the new domain."""

    grammar: ClassVar[Callable[[], str]] = policy_grammar
    """Grammar that constrains a local model."""


class Values(NamedTuple):
    """Values of a policy on typical scenarios.

    Attributes:
        by_family: Mean value of each family.
        by_objective: Mean of each objective's weight times score, and of what tasks left undone cost, over all
            scenarios; they add up to the mean value.
    """

    by_family: tuple[float, ...]
    by_objective: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean over families."""
        return float(np.mean(self.by_family))


class AdaptBriefing(NamedTuple):
    """Facts that the adapter is given.

    Attributes:
        target: Domain to adapt to.
        families: Families of its scenarios, with their meaning.
        scenarios: Typical scenarios of it, to describe.
        size: Number of typical scenarios that values are means over.
        references: Reference policies by name.
        reference_values: Their values.
        measure: Definition of a value.
        source: Domain in which the given policy was learned; None: there is no policy to adapt.
        policy: Policy to adapt; None: the model writes one anew.
        policy_values: Its values; None: there is no policy.
    """

    target: Domain
    families: Mapping[str, str]
    scenarios: Sequence[Scenario]
    size: int
    references: Mapping[str, Policy]
    reference_values: Mapping[str, Values]
    measure: str
    source: Domain | None = None
    policy: Policy | None = None
    policy_values: Values | None = None

    @property
    def best_references(self) -> tuple[str, ...]:
        """Names of the references with the highest means, best first, without those of equal values."""
        order = sorted(self.reference_values, key=lambda name: -self.reference_values[name].mean)
        distinct = {self.reference_values[name].by_family: name for name in reversed(order)}
        return tuple(name for name in order if name in distinct.values())[:REFERENCES_SHOWN]

    @property
    def known(self) -> dict[str, Values]:
        """Values of the best references and of the policy to adapt, by name."""
        shown = {name: self.reference_values[name] for name in self.best_references}
        return shown if self.policy_values is None else {**shown, SOURCE_POLICY: self.policy_values}


class Adapted(NamedTuple):
    """A program that a model wrote for a domain.

    Attributes:
        policy: Best of its valid programs on the typical scenarios, the earlier of equals.
        values: Its values there.
        answers: Number of answers of the model.
        refused: Reasons for which answers were refused.
    """

    policy: Policy
    values: Values
    answers: int
    refused: tuple[str, ...]


def adapt_policy(
    model: MeteredModel,
    prompt: Prompt,
    briefing: AdaptBriefing,
    measure: Callable[[Policy], Values],
    answers: int,
) -> Adapted:
    """Ask a model for a program; it repairs the program while it is invalid or behind others on typical scenarios.

    Args:
        model: Model to ask.
        prompt: Prompt of the role `transfer`.
        briefing: Facts for it.
        measure: Function that returns a policy's values.
        answers: Most answers, invalid ones included.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    system, user = prompt.fill(**_slots(briefing))
    conversation: list[BaseMessage] = [SystemMessage(system), HumanMessage(user)]
    mark = max(values.mean for values in briefing.known.values())
    best: Adapted | None = None
    used, refused = 0, []
    while used < answers:
        try:
            answered = ask(
                model, conversation, AdaptedPolicyAnswer, _checked, temperature=TEMPERATURE, attempts=answers - used
            )
        except AnswerError as error:
            if best is None:
                raise
            refused.append(str(error))
            used = answers
            break
        used += len(answered.rejected) + 1
        refused += answered.rejected
        policy, values = answered.value, measure(answered.value)
        if best is None or values.mean > best.values.mean:
            best = Adapted(policy, values, used, ())
        if values.mean > mark:
            break
        conversation += _sent_back(answered, values, briefing, answers - used)
    assert best is not None  # at least one answer was valid, or `ask` raised
    return best._replace(answers=used, refused=tuple(refused))


def _checked(answer: AdaptedPolicyAnswer) -> Policy:
    """Return the policy of an answer.

    Raises:
        PolicyError: The policy is invalid.
    """
    policy = to_policy(answer)
    compile_policy(policy)
    return policy


def _sent_back(
    answered: Answered, values: Values, briefing: AdaptBriefing, left: int
) -> tuple[BaseMessage, BaseMessage]:
    """Return the program and its values, with the request for a better one."""
    policy: Policy = answered.value
    table = _told({**briefing.known, YOURS: values}, briefing)
    reply = (
        f"Measured on the same {briefing.size} scenarios, your program earns a mean of {values.mean:.4f}, which is "
        f"not ahead of the best of the others:\n{table}\nFind what it gives away, and write a better program. Answers "
        f"left: {left}. The best of your programs on these scenarios counts."
    )
    return AIMessage(f"{policy.policy_description}\n{program_told(policy)}"), HumanMessage(reply)


def _told(rows: Mapping[str, Values], briefing: AdaptBriefing) -> str:
    """List values by family, and by objective."""
    by_family = value_table({n: v.by_family for n, v in rows.items()}, list(briefing.families), len(rows))
    parts = "\n".join(
        f"- {name}: {', '.join(f'{part} {value:.4f}' for part, value in values.by_objective.items())}"
        for name, values in sorted(rows.items(), key=lambda row: -row[1].mean)
    )
    return f"{by_family}\nThe same means by what they are made of, weight times score of each objective:\n{parts}"


def _slots(briefing: AdaptBriefing) -> dict[str, str]:
    if briefing.policy is None or briefing.source is None:
        origin = "There is no earlier program to start from."
        task = f"Write one policy for {briefing.target}, and say in `description` what it does, in a sentence."
    else:
        origin = (
            f"The program comes from the domain {briefing.source}. {DOMAINS_TOLD[briefing.source]}\n\n"
            f"The program, best of its search there, in the fields of your answer:\n{program_told(briefing.policy)}"
        )
        task = (
            f"Write one policy for {briefing.target}: the program adapted. Say in `description` what you kept and what "
            "you changed, in a sentence or two."
        )
    return {
        "features": features_told(),
        "measure": briefing.measure,
        "target": briefing.target,
        "target_told": DOMAINS_TOLD[briefing.target],
        "scenarios": "\n".join(brief(s) for s in briefing.scenarios),
        "count": str(briefing.size),
        "families": "\n".join(f"- {name}: {meaning}" for name, meaning in briefing.families.items()),
        "values": _told(briefing.known, briefing),
        "references": "\n".join(
            f"- {name}:\n{program_told(briefing.references[name])}" for name in briefing.best_references
        ),
        "origin": origin,
        "task": task,
    }
