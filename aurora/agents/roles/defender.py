"""The defender with a model: up to three policies from a conversation with tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.answers import InvalidPolicy, PolicyAnswer, ProgramAnswer, to_policy
from aurora.agents.roles.briefing import brief_all, features_told, quote_texts, value_table
from aurora.agents.roles.programs import champion_told, program_told
from aurora.champions.champion import PREFIX
from aurora.champions.shipped import shipped_champion
from aurora.errors import AnswerError, ModelError, PolicyError
from aurora.prompts.loader import Prompt
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import AllocationStrategy, Policy
from aurora.sim.scenarios.scenario import Scenario
from aurora.tools.harness import Harness

STANCES: tuple[tuple[float, str], ...] = (
    (0.2, "improve the champion or the best policy above in the way you are surest of"),
    (0.7, "take another structure than the policies above"),
    (1.0, "be bold: use a feature or an idea that none of the policies above uses"),
)
"""Stance of each candidate, with the sampling temperature where it is asked for alone."""
TEMPERATURE = 0.7
"""Sampling temperature of a conversation for all candidates."""
REFERENCES_SHOWN = 6
LUCKY_REFERENCE = "random"
"""Reference that sometimes wins by chance; a loss against it teaches nothing."""
DEFENDER_TOOLS = (
    "draft_policy",
    "simulate_policy",
    "explain_decision",
    "objective_bounds",
    "show_policy",
    "rl_advice",
    "feature_table",
    "check_expression",
)
"""Tools of the defender. Each is paid for in every request, so large ones that led to no better policy are left out."""


def tools_of(*, with_networks: bool, in_units: bool) -> tuple[str, ...]:
    """Return the useful tools.

    Args:
        with_networks: True: a trained network takes part, which can advise.
        in_units: True: latency, cost, energy and SLAs make up the value, to which the bounds refer.
    """
    left_out = {*(() if with_networks else ("rl_advice",)), *(() if in_units else ("objective_bounds",))}
    return tuple(name for name in DEFENDER_TOOLS if name not in left_out)


class DefendBriefing(NamedTuple):
    """Facts that the defender is given.

    Attributes:
        scenarios: Scenarios to do well on.
        measure: Definition of a value.
        references: Values of the reference policies on each scenario.
        best: Best policies so far, with their mean value.
        champion: Policy that is best on validation, with its mean value over the best reference there; None
            before there is one.
        lessons: Results of the latest policies written, and why they lost.
        failures: Reasons for which earlier attempts failed.
        queue: Strategy whose blocking and backfilling the protocol prescribes; None: they are free.
        is_tuned: True: a search tunes the factors of the policies written.
        in_units: True: latency, cost, energy and SLAs make up the value.
        rows: Values of the best policies on each scenario, by id.
    """

    scenarios: Sequence[Scenario]
    measure: str
    references: Mapping[str, Sequence[float]]
    best: Sequence[tuple[Policy, float]]
    failures: Sequence[str]
    queue: AllocationStrategy | None = None
    champion: tuple[Policy, float] | None = None
    lessons: Sequence[str] = ()
    is_tuned: bool = False
    in_units: bool = True
    rows: Mapping[str, Sequence[float]] = MappingProxyType({})


class Candidates(NamedTuple):
    """Policies that the defender wrote, and the reasons against the others."""

    policies: tuple[Policy, ...]
    failures: tuple[str, ...]


def write_policies(
    model: MeteredModel, prompt: Prompt, briefing: DefendBriefing, harness: Callable[[], Harness], count: int
) -> Candidates:
    """Ask a model for policies, all in one conversation; a local model is asked for each one separately.

    Each request repeats the conversation so far, so one conversation sends about half the tokens of three
    (`benchmarks/model_tokens.py`, with `--apart` for three). A local model answers without tools, under the grammar
    of a single policy.

    Args:
        model: Model to ask.
        prompt: Prompt of the defender.
        briefing: Facts for the prompt.
        harness: Factory of the tools of a conversation.
        count: Number of candidates, at most three.

    Raises:
        ModelError: The provider failed in a way that another try can't cure.
        BudgetExceeded: The budget is spent.
    """
    ask = _each if model.name_.row.is_local else _together
    candidates = ask(model, prompt, briefing, harness, count)
    policies = {policy.policy_id: policy for policy in candidates.policies}
    return Candidates(tuple(policies.values()), candidates.failures)


def _together(
    model: MeteredModel, prompt: Prompt, briefing: DefendBriefing, harness: Callable[[], Harness], count: int
) -> Candidates:
    tools = harness()
    wanted = "\n".join(f"{place}. {stance}" for place, (_, stance) in enumerate(STANCES[:count], 1))
    task = (
        f"Write {count} policies in one {PolicyAnswer.__name__}, the first by its own fields, the others as its "
        f"alternatives:\n{wanted}"
    )
    filled = prompt.fill(
        **_slots(briefing),
        tools=_TOOLS_TOLD.format(calls=tools.limits.calls, each=tools.limits.calls_a_tool),
        task=task,
    )
    refused: list[str] = []

    def accept(answer: PolicyAnswer) -> tuple[Policy, ...]:
        """Return the valid policies; an answer without one is sent back."""
        accepted, reasons = [], []
        for place, program in enumerate(answer.programs[:count], 1):
            try:
                accepted.append(_accepted(_valid(program), briefing.queue))
            except PolicyError as error:
                reasons.append(f"policy {place}: {error}")
        if not accepted:
            raise PolicyError("; ".join(reasons))
        refused.extend(reasons)
        return tuple(accepted)

    candidates = _asked(model, filled, accept, tools, TEMPERATURE)
    return candidates._replace(failures=(*candidates.failures, *refused))


def _each(
    model: MeteredModel, prompt: Prompt, briefing: DefendBriefing, harness: Callable[[], Harness], count: int
) -> Candidates:
    slots = _slots(briefing)
    conversations = []
    for temperature, stance in STANCES[:count]:
        task = f"Write one policy, as one {PolicyAnswer.__name__}: {stance}."
        filled = prompt.fill(**slots, tools="", task=task)
        conversations.append(
            _asked(model, filled, lambda answer: (_accepted(answer, briefing.queue),), harness(), temperature)
        )
    return Candidates(
        tuple(policy for candidates in conversations for policy in candidates.policies),
        tuple(reason for candidates in conversations for reason in candidates.failures),
    )


def _asked(
    model: MeteredModel,
    filled: tuple[str, str],
    accept: Callable[[PolicyAnswer], tuple[Policy, ...]],
    tools: Harness,
    temperature: float,
) -> Candidates:
    """Run a conversation; one that fails leaves its reason."""
    try:
        finished = run_agent(model, filled, PolicyAnswer, accept, harness=tools, temperature=temperature)
    except AnswerError as error:
        return Candidates((), (str(error),))
    except ModelError as error:
        if not error.retryable:
            raise
        return Candidates((), (str(error),))
    return Candidates(finished.value, finished.rejected)


def _valid(answer: ProgramAnswer | InvalidPolicy) -> ProgramAnswer:
    """Return a policy of an answer with several.

    Raises:
        PolicyError: The policy was invalid.
    """
    if isinstance(answer, InvalidPolicy):
        raise PolicyError(answer.reason)
    return answer


def _accepted(answer: ProgramAnswer, queue: AllocationStrategy | None) -> Policy:
    """Return the policy of an answer.

    Raises:
        PolicyError: The policy is invalid, or changes the prescribed queue discipline.
    """
    policy = to_policy(answer)
    compile_policy(policy)
    own = policy.allocation_strategy
    if queue is not None and _discipline(queue) != _discipline(own):
        raise PolicyError(f"the queue discipline is given: {_discipline(queue)}")
    return policy


def _discipline(strategy: AllocationStrategy) -> str:
    return f"head_of_line_blocking {str(strategy.head_of_line_blocking).lower()}, backfill {strategy.backfill}"


_TOOLS_TOLD = (
    "You may call tools before you answer. `draft_policy` gives a draft's value on every scenario below, to compare "
    "with the mark; its `score` is that of the last rule. `show_policy` gives a program in full. Try several drafts "
    "in one turn, look closer only where one loses, and answer soon. You have {calls} calls, at most {each} of one "
    "tool; each turn repeats all of this conversation, which is paid for."
)
_TUNED = (
    "A search tunes the factors that multiply terms in `order` and `score` afterwards. It changes no structure, no "
    "threshold and nothing within a function, so structure is what you are asked for."
)


_NOT_TUNED = "Nothing tunes your numbers afterwards."


def _shown(policy: Policy) -> tuple[str, str]:
    """Return what is told of a policy: for a shipped champion its origin and lead, else ""; and the program."""
    if not policy.policy_id.startswith(PREFIX):
        return "", program_told(policy)
    champion = shipped_champion(policy.policy_id)
    origin, closest = champion.provenance, champion.judgement.closest
    judged = "that it was chosen on" if champion.test is None else "that it never met"
    return (
        f" (ships with AURORA; trained on {origin.source}, {origin.simulations:,} simulations; {closest.mean:+.3g} "
        f"over {closest.reference} on families {judged}, {origin.unit})",
        champion_told(champion),
    )


def _slots(briefing: DefendBriefing) -> dict[str, str]:
    names = [s.scenario_id for s in briefing.scenarios]
    given = "" if briefing.queue is None else f" The queue discipline is given: {_discipline(briefing.queue)}."
    best = [
        f"- {value:.4f}; {' '.join(f'{v:.4f}' for v in row)}{'; ' if len(row) else ''}{p.policy_id}{origin}:\n{program}"
        for p, value in briefing.best
        for row, (origin, program) in [(briefing.rows.get(p.policy_id, ()), _shown(p))]
    ]
    champion = "none yet"
    if briefing.champion is not None:
        policy, value = briefing.champion
        shown = "shown below" if any(p.policy_id == policy.policy_id for p, _ in briefing.best) else "its program:"
        lead = f"{value:+.4f} on validation (unit of the value) against each scenario's best reference"
        champion = f"{policy.policy_id}, {lead}, {shown}"
        champion += "" if shown == "shown below" else f"\n{program_told(policy)}"
    references = {name: row for name, row in briefing.references.items() if name != LUCKY_REFERENCE}
    return {
        "features": features_told(briefing.scenarios, in_units=briefing.in_units),
        "measure": briefing.measure + given,
        "tuned": _TUNED if briefing.is_tuned else _NOT_TUNED,
        "scenarios": brief_all(briefing.scenarios, in_units=briefing.in_units),
        "references": value_table(references, names, REFERENCES_SHOWN),
        "champion": champion,
        "policies": "\n".join(best) or "- none yet",
        "lessons": "\n".join(f"- {lesson}" for lesson in briefing.lessons) or "- none yet",
        "failures": quote_texts(briefing.failures),
    }
