"""Compares policies on the same scenarios: which is best, by how much, and by which objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.sim.kernel import EncodedScenario, encode, run, simulate
from aurora.sim.objectives import BY_NAME, OBJECTIVES, ObjectiveName
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.report import bill
from aurora.sim.rewards import score
from aurora.sim.scenarios.scenario import Scenario
from aurora.statistics.intervals import Interval, paired_interval
from aurora.types import Progress, no_progress

EQUAL_REWARD = 1e-12
"""Difference of rewards up to which two policies are equal."""
MAX_POLICIES_NAMED = 4
"""Most policies that a sentence names."""

_FOR_DEVICES = ("gpu_packing", "gpu_clustering", "fgd", "borg_gpu")
_FOR_LINKS = ("nearest",)


class Standing(NamedTuple):
    """A policy on all scenarios.

    Attributes:
        policy_id: The policy.
        reward: Mean over scenarios with its 95 % interval; without width for one scenario.
        behind: The winner's reward less this one's, likewise; 0 for the winner.
        amounts: Mean over scenarios of the amount of each objective that at least one scenario counts, in the units of
            `OBJECTIVES`.
        bill: Mean over scenarios of what all nodes that are up cost, dollars.
        undone: Mean over scenarios of the tasks that were not completed.
        parts: What each objective gives to the reward: weight times score, mean over scenarios.
        rewards: On each scenario, by its id.
    """

    policy_id: str
    reward: Interval
    behind: Interval
    amounts: Mapping[ObjectiveName, float]
    bill: float
    undone: float
    parts: Mapping[str, float]
    rewards: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the standing as plain values, each amount under the key that the table of objectives gives it."""
        return {
            "policy_id": self.policy_id,
            "reward": self.reward._asdict(),
            "behind": self.behind._asdict(),
            **{BY_NAME[name].compared: amount for name, amount in self.amounts.items()},
            "bill": self.bill,
            "undone": self.undone,
            "parts": self.parts,
            "rewards": self.rewards,
        }


class Comparison(NamedTuple):
    """Policies on the same scenarios.

    Attributes:
        scenario_ids: The scenarios.
        standings: The policies, best mean reward first; ties in the order in which they were given.
        why: A sentence that says who wins and by which objectives.
    """

    scenario_ids: tuple[str, ...]
    standings: tuple[Standing, ...]
    why: str

    @property
    def winner(self) -> Standing:
        """The policy with the highest mean reward."""
        return self.standings[0]

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora compare --json`."""
        return {
            "scenarios": list(self.scenario_ids),
            "winner": self.winner.policy_id,
            "why": self.why,
            "policies": [s.to_json() for s in self.standings],
        }


def suitable_references(scenarios: Sequence[Scenario]) -> dict[str, Policy]:
    """Return the reference policies that read what the scenarios have.

    Those for devices are left out where no node has any, those for links where there is none, and variants that only
    reproduce published figures always.
    """
    devices = any(n.accelerators for s in scenarios for n in s.nodes)
    links = any(s.links for s in scenarios)
    absent = {*(() if devices else _FOR_DEVICES), *(() if links else _FOR_LINKS)}
    return {n: p for n, p in REFERENCES.items() if n not in absent and "_published" not in n}


def compare_policies(
    scenarios: Sequence[Scenario],
    policies: Mapping[str, Policy],
    progress: Progress = no_progress,
) -> Comparison:
    """Simulate every policy on every scenario.

    Args:
        scenarios: At least one, with ids of their own.
        policies: By the name under which they are shown; at least one.
        progress: Receives the number of simulations done.

    Raises:
        PolicyError: An expression of a policy is not valid.
        ConstraintError: A policy's plan names what a scenario doesn't have.
        ScenarioError: A scenario can't be encoded.
    """
    results: dict[str, list[Summary]] = {name: [] for name in policies}
    for number, scenario in enumerate(scenarios):
        encoded = encode(scenario)
        for place, (name, policy) in enumerate(policies.items(), 1):
            results[name].append(_summary(encoded, policy))
            progress("simulations", number * len(policies) + place, len(scenarios) * len(policies))
    rewards = {
        name: np.array([score(summary, s).reward for s, summary in zip(scenarios, found, strict=True)])
        for name, found in results.items()
    }
    order = sorted(policies, key=lambda name: -float(rewards[name].mean()))
    standings = tuple(_standing(n, scenarios, results[n], rewards[n], rewards[order[0]]) for n in order)
    return Comparison(tuple(s.scenario_id for s in scenarios), standings, _why(standings, len(scenarios)))


def _summary(encoded: EncodedScenario, policy: Policy) -> Summary:
    if policy.allocation_plan is not None:
        return simulate(encoded.scenario, policy).summary
    return run(encoded, compile_policy(policy)).summary


def _standing(
    name: str,
    scenarios: Sequence[Scenario],
    found: Sequence[Summary],
    rewards: NDArray[np.float64],
    best: NDArray[np.float64],
) -> Standing:
    parts: dict[str, float] = {}
    for scenario, summary in zip(scenarios, found, strict=True):
        weights = scenario.weights()
        for objective, value in score(summary, scenario).objectives.items():
            parts[objective] = parts.get(objective, 0.0) + weights[objective] * value / len(scenarios)
    return Standing(
        policy_id=name,
        reward=_interval(rewards),
        behind=_interval(best - rewards),
        amounts={
            o.name: float(np.mean([o.amount(s) for s in found]))
            for o in OBJECTIVES
            if any(o.name in c.counted for c in scenarios)
        },
        bill=float(np.mean([bill(c, s.makespan) for c, s in zip(scenarios, found, strict=True)])),
        undone=float(np.mean([s.unplaced for s in found])),
        parts=parts,
        rewards={c.scenario_id: float(r) for c, r in zip(scenarios, rewards, strict=True)},
    )


def _interval(values: NDArray[np.float64]) -> Interval:
    if len(values) == 1:
        return Interval(float(values[0]), float(values[0]), float(values[0]))
    return paired_interval(values)


def _why(standings: Sequence[Standing], scenarios: int) -> str:
    """Say who wins, by how much over the next, and what each objective gives to the lead."""
    best = standings[0]
    equal = [s.policy_id for s in standings if best.reward.mean - s.reward.mean <= EQUAL_REWARD]
    others = [s for s in standings if s.policy_id not in equal]
    mean = "a mean reward" if scenarios > 1 else "a reward"
    if len(equal) > 1:
        unnamed = len(equal) - MAX_POLICIES_NAMED
        shown = ", ".join(equal[:MAX_POLICIES_NAMED]) + (f" and {unnamed} more" if unnamed > 0 else "")
        start = f"{shown} are equal, with {mean} of {best.reward.mean:.4f}"
    else:
        start = f"{best.policy_id} is best, with {mean} of {best.reward.mean:.4f}"
    if not others:
        return f"{start}; nothing else was compared."
    other = others[0]
    lead = best.reward.mean - other.reward.mean
    gains = {o: best.parts.get(o, 0.0) - other.parts.get(o, 0.0) for o in {**best.parts, **other.parts}}
    largest_first = sorted(gains.items(), key=lambda gain: -gain[1])
    listed = ", ".join(f"{objective} {gain:+.4f}" for objective, gain in largest_first if abs(gain) > EQUAL_REWARD)
    sentence = f"{start}, {lead:.4f} above {other.policy_id}: {listed}"
    if scenarios > 1:
        ahead = sum(best.rewards[s] > other.rewards[s] + EQUAL_REWARD for s in best.rewards)
        low, high = other.behind.low, other.behind.high
        sentence += f"; ahead on {ahead} of {scenarios} scenarios, 95 % interval {low:+.4f} to {high:+.4f}"
    return sentence + "."
