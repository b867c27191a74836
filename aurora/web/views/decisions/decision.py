"""One task of a run: why it went where it went, what it waited for, or why it was not placed."""

from __future__ import annotations

from typing import NamedTuple

from aurora.agents.explain.explainer import case_of, explain_case, shown_values
from aurora.agents.explain.wording import called, no_flip_text, sentence, value_text
from aurora.errors import ScenarioError
from aurora.quantities import duration, plain
from aurora.sim.explain.claims import Case, FlipClaim
from aurora.sim.explain.decision import Decision, Option, cause, features_read, is_level, split_scores
from aurora.sim.explain.flip import flips
from aurora.sim.explain.waiting_claims import WaitClaim, attempt_claims, number_of, status_claim, wait_claims
from aurora.sim.policies.policy import Network
from aurora.web.views.decisions.runs import Run

MAX_CANDIDATES = 12
"""Most candidates that are shown, best first."""
REASONS = {
    "dependency": "for other tasks to complete",
    "room": "for room",
    "queue": "for its turn",
    "policy": "though there was room: the policy did not place it",
}
"""Reasons for a wait, in words."""


class Candidate(NamedTuple):
    """A candidate of a decision.

    Attributes:
        name: Node, or sites along a path.
        score: Its score.
        parts: Value of each term of the score.
        features: Names and values of the features that the score reads.
    """

    name: str
    score: float
    parts: tuple[float, ...]
    features: tuple[tuple[str, str], ...]


class Waited(NamedTuple):
    """A stretch of waiting.

    Attributes:
        text: From when to when, and for what.
        on: Tasks that it waited for.
        nodes: Nodes whose return ended it.
    """

    text: str
    on: tuple[str, ...]
    nodes: tuple[str, ...]


class Explained(NamedTuple):
    """What happened to a task.

    Attributes:
        task_id: The task.
        status: completed, late, unplaced, dropped, failed or unplaceable.
        asks: What it asks for.
        lines: The explanation in sentences, each checked against the run.
        number: Number of the decision in the order of time, from 0; None: it was never placed.
        time: Time of the decision; empty: never placed.
        terms: Terms of the score.
        is_relative: True: terms add up to the distance from the winner's score.
        candidates: Candidates, best first; the first was chosen.
        feasible: Number of candidates that had room.
        because: Features that decided against the runner-up; empty: a draw, or more than three.
        flips: What would have let the runner-up win.
        waits: Its waits.
        attempts: Its starts.
        has_choices: False where an explicit plan decided.
        others: Every node or path that it may be asked about, without the chosen one.
    """

    task_id: str
    status: str
    asks: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    number: int | None
    time: str
    terms: tuple[str, ...]
    is_relative: bool
    candidates: tuple[Candidate, ...]
    feasible: int
    because: tuple[str, ...]
    flips: tuple[str, ...]
    waits: tuple[Waited, ...]
    attempts: tuple[str, ...]
    has_choices: bool
    others: tuple[str, ...]

    @property
    def is_placed(self) -> bool:
        """True if it started at least once."""
        return bool(self.attempts)


def explained(run: Run, task_id: str) -> Explained:
    """Explain what happened to a task of a run.

    Args:
        run: The run.
        task_id: Id of the task.

    Raises:
        ScenarioError: There is no such task.
    """
    history = run.history
    number = number_of(history, task_id)
    if number is None:
        raise ScenarioError(f"task {task_id[:80]!r} is not in this scenario; choose one from the list")
    case = case_of(history, task_id)
    decision = case.decision
    text = explain_case(case, task_id, level="full").text
    options = () if decision is None else decision.options[:MAX_CANDIDATES]
    split = None if decision is None else split_scores(decision, options)
    return Explained(
        task_id=task_id,
        status=status_claim(history, number).status,
        asks=_asks(run, number),
        lines=tuple(line for line in text.split("\n") if line.strip()),
        number=None if decision is None else decision.number,
        time="" if decision is None else duration(decision.time),
        terms=() if split is None else split.terms,
        is_relative=split is not None and split.is_relative,
        candidates=()
        if decision is None or split is None
        else tuple(_candidate(decision, o, v) for o, v in zip(options, split.values, strict=True)),
        feasible=0 if decision is None else decision.feasible,
        because=_because(decision),
        flips=_flips(decision),
        waits=tuple(_waited(w) for w in wait_claims(history, number)),
        attempts=tuple(
            f"{a.where}, {duration(a.start)} to {duration(a.end)}, {_ENDINGS[a.ending]}"
            for a in attempt_claims(history, number)
        ),
        has_choices=history.policy.allocation_plan is None,
        others=_others(run, case, number),
    )


_ENDINGS = {"completed": "completed", "node_failed": "lost: the node failed", "battery_empty": "lost: battery empty"}


def _asks(run: Run, number: int) -> tuple[tuple[str, str], ...]:
    """Return what a task asks for."""
    task = run.history.scenario.tasks[number]
    asks = [
        ("cores", plain(task.cpu_required) if task.cpu_required else ""),
        ("memory", f"{plain(task.memory_required)} GiB" if task.memory_required else ""),
        ("devices", f"{task.accelerators} × {task.accelerator_share:g}" if task.accelerators else ""),
        ("runs for", duration(task.duration)),
        ("arrives at", duration(task.arrival_time)),
        ("priority", str(task.priority)),
        ("latency allowed", "" if task.sla_latency_ms is None else duration(task.sla_latency_ms / 1000)),
    ]
    return tuple((name, value) for name, value in asks if value)


def _candidate(decision: Decision, option: Option, parts: tuple[float, ...]) -> Candidate:
    read = features_read(decision)
    values = tuple((called(f, "operator"), value_text(f, option.features[f], "operator")) for f in read)
    return Candidate(option.name, option.score + 0.0, parts, values)


def _because(decision: Decision | None) -> tuple[str, ...]:
    other = None if decision is None else decision.runner_up
    if decision is None or other is None:
        return ()
    return tuple(called(f, "operator") for f in cause(decision, other))


def _flips(decision: Decision | None) -> tuple[str, ...]:
    """Return what would have let the runner-up win, or that nothing alone would have."""
    other = None if decision is None else decision.runner_up
    if decision is None or other is None:
        return ()
    if is_level(decision, other.features):
        return (f"{other.name} scores the same; {decision.chosen.name} comes first in the list.",)
    values = shown_values(decision)
    found = tuple(
        f"{sentence(FlipClaim(other.name, f.feature, f.threshold, f.is_below), values, 'operator')}."
        for f in flips(decision, other)
    )
    return found or tuple(no_flip_text(decision, other, "operator"))


def _waited(wait: WaitClaim) -> Waited:
    until = "the end of the run" if wait.end is None else duration(wait.end)
    return Waited(f"{duration(wait.start)} to {until}: {REASONS[wait.reason]}", wait.on, wait.returned)


def _others(run: Run, case: Case, number: int) -> tuple[str, ...]:
    """Return the candidates that one may ask about: nodes, or for a flow its paths."""
    from aurora.sim.explain.shortage import name_of, places_of  # noqa: PLC0415  # used here only

    history = run.history
    task = history.scenario.tasks[number]
    if task.destination_site is not None:
        names = [name_of(history.encoded, place) for place in places_of(history.encoded, number)]
    else:
        names = [n.node_id for n in history.scenario.nodes]
    chosen = None if case.decision is None else case.decision.chosen.name
    return tuple(dict.fromkeys(n for n in names if n != chosen))


def is_network(run: Run) -> bool:
    """Return whether a network scores, which has no terms of its own."""
    return isinstance(run.history.policy.allocation_strategy.network, Network)
