"""The plan that a whole run amounts to: which reason put tasks where, which nodes stayed unused, and the highest load.

Each claim is recomputed from the decisions and the history of the run before it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np

from aurora.agents.explain.names import join_names
from aurora.agents.explain.wording import Audience, called
from aurora.quantities import percent
from aurora.sim.explain.decision import Decision, cause, is_cause, is_level
from aurora.sim.explain.history import History
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import moment
from aurora.types import FloatArray

NO_ALTERNATIVE, DRAW, MANY = "no alternative", "a draw", "many things at once"
MAX_DECISIONS_OF_A_NODE = 5
"""Most decisions from which the reason for not using a node is taken, spread over the run."""
MAX_UNUSED = 50
"""Most unused nodes that are looked at."""
SAME = 1e-9
"""Difference up to which two shares are the same."""


class GroupOfTasks(NamedTuple):
    """A claim that one reason decided for some placements.

    Attributes:
        reason: The features that decided, joined by " and ", or `no alternative`, `a draw`, `many things at once`.
        features: The features that decided; empty for the other reasons.
        decisions: Numbers of the decisions.
        nodes: Names of the nodes or paths chosen, the most frequent first.
    """

    reason: str
    features: tuple[str, ...]
    decisions: tuple[int, ...]
    nodes: tuple[str, ...]


class UnusedNodes(NamedTuple):
    """A claim on why nodes served no task.

    Attributes:
        nodes: The nodes.
        reason: `no room`: no decision had them among its candidates; `lost`: they lost on the features wherever that
            was looked at; `lost otherwise`: on different ones.
        features: The features, for `lost`; empty for a draw.
    """

    nodes: tuple[str, ...]
    reason: str
    features: tuple[str, ...] = ()


class PeakLoad(NamedTuple):
    """A claim that no node was fuller at any time.

    Attributes:
        node: The node.
        time: First time of its highest load, seconds.
        share: Share of its cores that was held.
    """

    node: str
    time: float
    share: float


RunPlanClaim = GroupOfTasks | UnusedNodes | PeakLoad


class CheckedRunPlan(NamedTuple):
    """A claim with its verdict."""

    claim: RunPlanClaim
    holds: bool

    def to_json(self) -> dict[str, Any]:
        """Return an item of `plan` in `aurora explain --json`."""
        kind = {GroupOfTasks: "group", UnusedNodes: "unused", PeakLoad: "peak"}[type(self.claim)]
        return {"kind": kind, **self.claim._asdict(), "holds": self.holds}


def decided_by(decision: Decision) -> tuple[str, tuple[str, ...]]:
    """Return the kind of reason that decided, and the features if some did."""
    other = decision.runner_up
    if other is None:
        return NO_ALTERNATIVE, ()
    if is_level(decision, other.features):
        return DRAW, ()
    features = cause(decision, other)
    return ("features", features) if features else (MANY, ())


def run_plan_claims(run: History, decisions: Sequence[Decision], audience: Audience) -> list[RunPlanClaim]:
    """Return the claims about the plan that a run amounts to."""
    groups: dict[tuple[str, tuple[str, ...]], list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(decided_by(decision), []).append(decision)
    claims: list[RunPlanClaim] = []
    for (kind, features), members in sorted(groups.items(), key=lambda g: -len(g[1])):
        reason = " and ".join(called(f, audience) for f in features) if features else kind
        claims.append(GroupOfTasks(reason, features, tuple(d.number for d in members), _chosen(members)))
    unused: dict[UnusedNodes, list[str]] = {}
    for name in _unused(run)[:MAX_UNUSED] if decisions else ():
        unused.setdefault(_why_unused(name, decisions), []).append(name)
    claims += [claim._replace(nodes=tuple(nodes)) for claim, nodes in unused.items()]
    peak = _peak(run)
    return claims if peak is None else [*claims, peak]


def check_run_plan(
    claims: Sequence[RunPlanClaim], run: History, decisions: Sequence[Decision]
) -> tuple[CheckedRunPlan, ...]:
    """Check claims; a cause is decided again, loads are summed anew at every start."""
    by_number = {d.number: d for d in decisions}
    return tuple(CheckedRunPlan(c, _holds(c, run, by_number)) for c in claims)


def run_plan_text(checked: Sequence[CheckedRunPlan]) -> list[str]:
    """Write the claims that hold as sentences."""
    held = [c.claim for c in checked if c.holds]
    groups = [c for c in held if isinstance(c, GroupOfTasks)]
    unused = [c for c in held if isinstance(c, UnusedNodes)]
    placed = [f"{c.reason}: {len(c.decisions)} on {join_names(c.nodes)}" for c in groups]
    lines = [f"Where: {'; '.join(placed)}."] if placed else []
    lines += [f"Not used: {'; '.join(f'{join_names(c.nodes)}, {_unused_words(c)}' for c in unused)}."] if unused else []
    lines += [
        f"No node held more than {percent(c.share)} of its cores ({shown_name(c.node)} at {moment(c.time)})."
        for c in held
        if isinstance(c, PeakLoad)
    ]
    return lines


def _unused_words(claim: UnusedNodes) -> str:
    if claim.reason == "no room":
        return "never a candidate with room"
    if claim.reason == "lost":
        listed = " and ".join(called(f, "operator") for f in claim.features)
        return f"lost on {listed}" if listed else "lost by the order of the list"
    return "lost on different features"


def _chosen(members: Sequence[Decision]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for decision in members:
        counts[decision.chosen.name] = counts.get(decision.chosen.name, 0) + 1
    return tuple(sorted(counts, key=lambda n: (-counts[n], n)))


def _unused(run: History) -> list[str]:
    return [n.node_id for k, n in enumerate(run.scenario.nodes) if not run.of_node.get(k)]


def _why_unused(name: str, decisions: Sequence[Decision]) -> UnusedNodes:
    """Return a claim on one node; its name is filled in by the caller."""
    ranked = [d for d in decisions if any(o.name == name for o in d.options)]
    if not ranked:
        is_known = all(d.is_complete for d in decisions)
        return UnusedNodes((), "no room" if is_known else "lost otherwise")
    step = max(1, len(ranked) // MAX_DECISIONS_OF_A_NODE)
    causes = set()
    for decision in ranked[::step][:MAX_DECISIONS_OF_A_NODE]:
        option = next(o for o in decision.options if o.name == name)
        causes.add(None if is_level(decision, option.features) else cause(decision, option))
    if len(causes) > 1 or () in causes:
        return UnusedNodes((), "lost otherwise")
    return UnusedNodes((), "lost", causes.pop() or ())


def _peak(run: History) -> PeakLoad | None:
    """Return the highest share of a node's cores that was held; None if no task held any."""
    best: PeakLoad | None = None
    for k, attempts in run.of_node.items():
        node = run.scenario.nodes[k]
        if not node.cpu:
            continue
        steps = [(a.start, 1, run.scenario.tasks[a.task].cpu_required) for a in attempts]
        steps += [(a.end, 0, -run.scenario.tasks[a.task].cpu_required) for a in attempts]
        held = 0.0
        for time, _, cores in sorted(steps):
            held += cores
            if best is None or held / node.cpu > best.share + SAME:
                best = PeakLoad(node.node_id, time, held / node.cpu)
    return None if best is None or best.share <= 0 else best


def _holds(claim: RunPlanClaim, run: History, decisions: Mapping[int, Decision]) -> bool:
    match claim:
        case GroupOfTasks():
            is_distinct = 0 < len(claim.decisions) == len(set(claim.decisions))
            if not is_distinct or any(n not in decisions for n in claim.decisions):
                return False
            members = [decisions[n] for n in claim.decisions]
            return _is_named(claim) and _chosen(members) == claim.nodes and all(_is_so(claim, d) for d in members)
        case UnusedNodes():
            unused, every = set(_unused(run)), list(decisions.values())
            is_distinct = 0 < len(claim.nodes) == len(set(claim.nodes))
            return is_distinct and all(
                n in unused and _why_unused(n, every) == claim._replace(nodes=()) for n in claim.nodes
            )
        case PeakLoad():
            return _is_peak(claim, run)


def _is_named(claim: GroupOfTasks) -> bool:
    """Test whether a group's reason is the words for its features, or of the other kinds."""
    if not claim.features:
        return claim.reason in (NO_ALTERNATIVE, DRAW, MANY)
    return claim.reason in {" and ".join(called(f, a) for f in claim.features) for a in get_args(Audience)}


def _is_so(claim: GroupOfTasks, decision: Decision) -> bool:
    """Test whether a group's reason decided."""
    other = decision.runner_up
    if other is None or claim.reason == NO_ALTERNATIVE:
        return other is None and claim.reason == NO_ALTERNATIVE and not claim.features
    if claim.features:
        return is_cause(decision, other, claim.features)
    level = is_level(decision, other.features)
    return level if claim.reason == DRAW else not level and not cause(decision, other)


def _is_peak(claim: PeakLoad, run: History) -> bool:
    """Test a highest load by summing what is held at every start."""
    nodes = {n.node_id: k for k, n in enumerate(run.scenario.nodes)}
    if claim.node not in nodes:
        return False
    shares = {k: _shares(run, k) for k in run.of_node}
    starts, held = shares.get(nodes[claim.node], (np.zeros(0), np.zeros(0)))
    is_there = (starts == claim.time) & (np.abs(held - claim.share) <= SAME)
    is_first = not ((starts < claim.time) & (held >= claim.share - SAME)).any()
    return bool(is_there.any()) and is_first and all((h <= claim.share + SAME).all() for _, h in shares.values())


def _shares(run: History, node: int) -> tuple[FloatArray, FloatArray]:
    """Return the starts on a node and the share of its cores that is held after each, both float64 [attempts]."""
    attempts, cores = run.of_node[node], run.scenario.nodes[node].cpu
    starts, ends = np.array([a.start for a in attempts]), np.array([a.end for a in attempts])
    asked = np.array([run.scenario.tasks[a.task].cpu_required for a in attempts])
    if not cores:
        return starts, np.zeros(len(starts))
    taken = np.concatenate([[0.0], np.cumsum(asked[np.argsort(starts, kind="stable")])])
    given = np.concatenate([[0.0], np.cumsum(asked[np.argsort(ends, kind="stable")])])
    until = np.searchsorted(np.sort(starts), starts, side="right"), np.searchsorted(np.sort(ends), starts, side="right")
    return starts, (taken[until[0]] - given[until[1]]) / cores
