"""The history of a run, attempt by attempt: the resources that each held, its times, and how it ended.

An outcome keeps the last attempt of every task. Its trace has every placement; how long each lasted follows from
the scenario's failures and batteries, and which devices it took from what was left of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from aurora.errors import ScenarioError
from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.encode import share_of
from aurora.sim.outcome import Outcome, Status, Trace
from aurora.sim.policies.features import FEATURE_INDEX
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Node, Scenario

Ending = Literal["completed", "node_failed", "battery_empty"]
TIME_TOLERANCE = 1e-9
"""Relative difference, and difference in seconds, up to which two times are the same."""
_MASK = (1 << 64) - 1


class Attempt(NamedTuple):
    """A start of a task and its end.

    Attributes:
        decision: Number of the decision that made it, in the order of time.
        task: Index of the task.
        number: Number of the attempt among those of the task, from 1.
        node: Index of the node; -1 for a flow.
        path: Index into the outcome's paths; -1 without one.
        start, end: Times between which it holds its resources, seconds.
        ending: Way in which it ended.
        devices: Numbers of the node's devices that it uses.
    """

    decision: int
    task: int
    number: int
    node: int
    path: int
    start: float
    end: float
    ending: Ending
    devices: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A traced run with the resources that every attempt held.

    Attributes:
        encoded: The scenario.
        policy: The policy that decided.
        outcome: The outcome with its trace.
        attempts: All attempts in the order of their decisions.
        of_task, of_node, of_link: The attempts of each task, on each node and over each link, in that order.
        down: Times at which each node was down, as (from, until, reason).
    """

    encoded: EncodedScenario
    policy: Policy
    outcome: Outcome
    attempts: tuple[Attempt, ...]
    of_task: Mapping[int, Sequence[Attempt]]
    of_node: Mapping[int, Sequence[Attempt]]
    of_link: Mapping[int, Sequence[Attempt]]
    down: Mapping[int, Sequence[tuple[float, float, Ending]]]

    @property
    def scenario(self) -> Scenario:
        """Scenario of the run."""
        return self.encoded.scenario


def history(encoded: EncodedScenario, policy: Policy, outcome: Outcome) -> History:
    """Reconstruct the history of a traced run.

    Raises:
        ScenarioError: The outcome has no trace.
    """
    trace = outcome.trace
    if trace is None:
        raise ScenarioError("the outcome has no trace; simulate with trace=True")
    down = _failures(encoded.scenario)
    attempts = _without_batteries(encoded, outcome, trace, down)
    attempts = _with_batteries(encoded.scenario, trace, attempts, down)
    attempts = _with_devices(encoded.scenario, policy, trace, attempts)
    links = outcome.paths
    return History(
        encoded,
        policy,
        outcome,
        tuple(attempts),
        _grouped((a.task, a) for a in attempts),
        _grouped((a.node, a) for a in attempts if a.node >= 0),
        _grouped((link, a) for a in attempts if a.path >= 0 for link in links[a.path]),
        down,
    )


def _grouped(pairs: Iterable[tuple[int, Attempt]]) -> dict[int, list[Attempt]]:
    groups: dict[int, list[Attempt]] = defaultdict(list)
    for key, attempt in pairs:
        groups[key].append(attempt)
    return dict(groups)


def _failures(scenario: Scenario) -> dict[int, list[tuple[float, float, Ending]]]:
    numbers = {n.node_id: k for k, n in enumerate(scenario.nodes)}
    failures: dict[int, list[tuple[float, float, Ending]]] = defaultdict(list)
    for f in scenario.environmental_conditions.node_failures:
        until = math.inf if f.duration is None else f.start + f.duration
        failures[numbers[f.node_id]].append((f.start, until, "node_failed"))
    return {n: sorted(stretches) for n, stretches in failures.items()}


def _without_batteries(
    encoded: EncodedScenario,
    outcome: Outcome,
    trace: Trace,
    down: Mapping[int, Sequence[tuple[float, float, Ending]]],
) -> list[Attempt]:
    """Return all attempts with their ends if no battery gets empty."""
    scenario, started = encoded.scenario, defaultdict[int, int](int)
    attempts = []
    for k in range(len(trace.time)):
        t, node, path = int(trace.task[k]), int(trace.nodes[k, 0]), int(trace.paths[k, 0])
        started[t] += 1
        start = float(trace.time[k])
        speed = scenario.nodes[node].speed if node >= 0 else 1.0
        latency = float(trace.features[k, 0, FEATURE_INDEX["fit.latency"]])
        end = start + latency + scenario.tasks[t].duration / speed
        ending: Ending = "completed"
        if started[t] == outcome.tasks.attempts[t] and outcome.tasks.status[t] == Status.COMPLETED:
            end = float(outcome.tasks.finish[t])
        else:  # lost to a failure or an empty battery, since the task was started again or failed
            failure = next((begin for begin, _, _ in down.get(node, ()) if begin >= start), math.inf)
            if failure <= end:
                end, ending = failure, "node_failed"
        attempts.append(Attempt(k, t, started[t], node, path, start, end, ending, ()))
    return attempts


def _with_batteries(
    scenario: Scenario,
    trace: Trace,
    attempts: Sequence[Attempt],
    down: dict[int, list[tuple[float, float, Ending]]],
) -> list[Attempt]:
    """Return the attempts, cut off where their node's battery got empty; `down` is extended."""
    cut = list(attempts)
    for n, node in enumerate(scenario.nodes):
        if node.battery is None:
            continue
        own = [a for a in attempts if a.node == n]
        empty = _emptied(scenario, node, own)
        if math.isinf(empty):
            continue
        same = [float(t) for t in trace.time if abs(t - empty) <= TIME_TOLERANCE * max(1.0, empty)]
        empty = same[0] if same else empty  # tasks that start again at that moment do so at the kernel's time
        down.setdefault(n, []).append((empty, math.inf, "battery_empty"))
        for a in own:
            if a.end > empty:
                cut[a.decision] = a._replace(end=empty, ending="battery_empty")
    return cut


def _emptied(scenario: Scenario, node: Node, own: Sequence[Attempt]) -> float:
    """Return the time at which a node's battery is empty, seconds; infinite if it lasts."""
    assert node.battery is not None
    left, now, hosted, cores = node.battery, 0.0, 0, 0.0
    steps = [(a.start, 1, a) for a in own] + [(a.end, -1, a) for a in own]
    for time, step, attempt in sorted(steps, key=lambda s: (s[0], s[1])):
        power = 0.0
        if hosted:
            power = node.idle_power + (node.full_power - node.idle_power) * (cores / node.cpu if node.cpu else 0.0)
        used = power * (time - now)
        if power and used > left * (1 + TIME_TOLERANCE):
            return now + left / power
        left, now = left - used, time
        hosted += step
        cores += step * scenario.tasks[attempt.task].cpu_required
    return math.inf


def _with_devices(scenario: Scenario, policy: Policy, trace: Trace, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts with the devices that they took (docs/reference/kernel.md, Candidates)."""
    by_hash = policy.allocation_strategy.device_choice == "random"
    completed = list(attempts)
    placed: dict[int, list[Attempt]] = defaultdict(list)
    for a in attempts:
        if a.node < 0 or scenario.tasks[a.task].accelerators == 0:
            continue
        running = [b for b in placed[a.node] if b.end >= a.start]
        mine = a._replace(devices=_taken(scenario, trace, a, running, by_hash=by_hash))
        placed[a.node] = [*running, mine]
        completed[a.decision] = mine
    return completed


def _taken(
    scenario: Scenario, trace: Trace, attempt: Attempt, before: Sequence[Attempt], *, by_hash: bool
) -> tuple[int, ...]:
    """Find the devices that an attempt took, from the attempts that had not ended before it started."""
    task, features = scenario.tasks[attempt.task], trace.features[attempt.decision, 0]
    left_in_all = at.DEVICE * float(features[FEATURE_INDEX["node.accelerators_free"]])
    free = min(_free_meanwhile(scenario, attempt, before), key=lambda shares: abs(sum(shares) - left_in_all))
    share = share_of(task.accelerator_share)
    if share == at.DEVICE:
        return tuple(d for d, f in enumerate(free) if f == at.DEVICE)[: task.accelerators]
    left = round(at.DEVICE * float(features[FEATURE_INDEX["fit.device_left"]]))
    alike = [d for d, f in enumerate(free) if f == left + share]
    # Only the random choice distinguishes devices with the same free share; it takes the lowest hash.
    hashes = {d: _hash(scenario.seed, attempt.task, 64 * attempt.node + d) if by_hash else 0 for d in alike}
    return (min(alike, key=lambda d: (hashes[d], d)),)


def _free_meanwhile(scenario: Scenario, attempt: Attempt, before: Sequence[Attempt]) -> Iterator[list[int]]:
    """Yield the free shares of the node's devices after each event of the instant at which an attempt started.

    The kernel processes one event at a time, completions in the order of their starts and then what else ends
    attempts: of those that end at this instant, the later ones may still hold their devices.
    """
    ending = sorted((a for a in before if a.end <= attempt.start), key=lambda a: (a.ending != "completed", a.decision))
    running = [a for a in before if a.end > attempt.start]
    for freed in range(len(ending), -1, -1):
        yield free_shares(scenario, attempt.node, [*running, *ending[freed:]])


def free_shares(scenario: Scenario, node: int, running: Iterable[Attempt]) -> list[int]:
    """Return the free parts (`layout.DEVICE` of them) of each device of a node on which these attempts run."""
    free = [at.DEVICE] * scenario.nodes[node].accelerators
    for a in running:
        for d in a.devices:
            free[d] -= share_of(scenario.tasks[a.task].accelerator_share)
    return free


def _hash(seed: int, task: int, number: int) -> int:
    """Return the hash of a device in a random choice (docs/reference/kernel.md, `fit.random`); the lowest wins."""
    return _mix((_mix((_mix(seed) + task) & _MASK) + number) & _MASK) >> 11


def _mix(x: int) -> int:
    """Take one step of splitmix64 (Steele, Lea & Flood, OOPSLA 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)
