"""The smallest set of changes that would have brought a task to another candidate, over constraints and features.

Constraints come first: each lack of the candidate at the time of the decision needs its change. Where the policy still
prefers another, quantities of the candidate that its score reads are changed too, alone, then two and three together.
Sets are found at the decision, and each is simulated: with it the task goes to the candidate, and with less it does
not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aurora.errors import AuroraError
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import Decision, Option, features_read, last_decision, would_win
from aurora.sim.explain.edits import Edit, EditKind, edited, rounded
from aurora.sim.explain.flip import LEVERS, MAX_FACTOR
from aurora.sim.explain.history import History
from aurora.sim.explain.shortage import Place, Shortage, link_free, name_of, never_fits, places_of, shortages
from aurora.sim.kernel import layout as at
from aurora.sim.scenarios.scenario import Scenario

MAX_TOGETHER = 3
"""Most quantities that are changed together for the policy's sake."""
MAX_SIMULATED = 24
"""Most sets that are simulated."""
MAX_ROUNDS = 3
"""Most times that lacks are removed which show only when others are gone."""
STEPS = 32
"""Points between the present values and the farthest ones."""
BEYOND = 1e-3
"""Distance beyond a threshold, relative to the change, so that rounding does not undo it."""
MAX_DEVICES = 64

Features = Mapping[str, float]


class Dial(NamedTuple):
    """A quantity of a candidate that may be changed.

    Attributes:
        kind: Kind of its edit.
        feature: Feature that shows its value.
        follows: Features that change with it.
        ends: Returns the lowest and the highest value, from the features.
        moved: Returns the features with another value.
    """

    kind: EditKind
    feature: str
    follows: frozenset[str]
    ends: Callable[[Features], tuple[float, float]]
    moved: Callable[[Features, float], Features]


def smallest_changes(run: History, task: int, candidate: str) -> tuple[Edit, ...] | None:
    """Return the smallest set of changes that would have brought a task to a candidate; None if none is found.

    Args:
        run: The run.
        task: Index of the task.
        candidate: Name of a node, or of a flow's path, to which it did not go.
    """
    task_id = run.scenario.tasks[task].task_id
    needed: tuple[Edit, ...] = ()
    decided = run
    for _ in range(MAX_ROUNDS):  # what is lacking beside may show only once the first lacks are gone
        lacks = _required(decided, task, candidate, _place(decided, task, candidate))
        if lacks is None:
            return None
        if not lacks:
            break
        needed = _joined(needed, lacks)
        for fewer in _subsets(needed):
            if brings(run, task_id, candidate, fewer):
                return fewer
        try:
            decided = run_of(edited(run.scenario, task_id, needed), run.policy)
        except AuroraError:  # the edited scenario can't be encoded
            return None
    decision = last_decision(decided.scenario, run.policy, decided.outcome, task_id)
    option = None if decision is None else next((o for o in decision.options if o.name == candidate), None)
    if decision is None or option is None or option is decision.chosen:
        return None
    for more in itertools.islice(_preferred(decision, option, decided.scenario), MAX_SIMULATED):
        edits = _joined(needed, more)
        if is_smallest(run, task_id, candidate, edits):
            return edits
    return None


def is_smallest(run: History, task_id: str, candidate: str, edits: Sequence[Edit]) -> bool:
    """Test by simulation whether a task goes to a candidate with edits, and with one of them less does not."""
    if not edits or not brings(run, task_id, candidate, edits):
        return False
    groups = _groups(edits)
    return not any(
        brings(run, task_id, candidate, [e for other in groups if other is not group for e in other])
        for group in (groups if len(groups) > 1 else ())
    )


def brings(run: History, task_id: str, candidate: str, edits: Sequence[Edit]) -> bool:
    """Test by simulation whether a task is placed last on a candidate with edits."""
    try:
        again = run_of(edited(run.scenario, task_id, edits), run.policy)
        decision = last_decision(again.scenario, run.policy, again.outcome, task_id)
    except AuroraError:  # the edited scenario can't be encoded
        return False
    return decision is not None and decision.chosen.name == candidate


def _subsets(edits: Sequence[Edit]) -> Iterator[tuple[Edit, ...]]:
    """Yield the subsets of edits, the smallest first; those of one kind stay together."""
    groups = _groups(edits)
    for count in range(1, len(groups) + 1):
        for chosen in itertools.combinations(groups, count):
            yield tuple(e for group in chosen for e in group)


def _groups(edits: Sequence[Edit]) -> list[list[Edit]]:
    """Return edits that belong together: those of one kind, as of every link of a path."""
    return [list(g) for _, g in itertools.groupby(sorted(edits, key=lambda e: e.kind), key=lambda e: e.kind)]


def _joined(first: Sequence[Edit], then: Sequence[Edit]) -> tuple[Edit, ...]:
    """Join edits; a later one of the same quantity replaces the earlier one."""
    changed = {(e.kind, e.subject): e for e in first}
    for e in then:
        before = changed.get((e.kind, e.subject))
        changed[e.kind, e.subject] = e if before is None else e._replace(now=before.now)
    return tuple(changed.values())


def _place(run: History, task: int, candidate: str) -> Place | None:
    return next((p for p in places_of(run.encoded, task) if name_of(run.encoded, p) == candidate), None)


def _required(run: History, task: int, candidate: str, place: Place | None) -> tuple[Edit, ...] | None:
    """Return the edits without which the candidate could not take the task; None if no edit helps."""
    scenario, asked = run.scenario, run.scenario.tasks[task]
    node = next((k for k, n in enumerate(scenario.nodes) if n.node_id == candidate), -1)
    edits: list[Edit] = []
    if place is None:
        if node < 0 or not asked.allowed_nodes or candidate in asked.allowed_nodes:
            return None  # no path leads there
        edits.append(Edit("allow", candidate))
        place = Place(node, -1)
        if asked.source_site is not None:
            return tuple(edits)  # its path is known once it is allowed
    attempts = run.of_task.get(task, ())
    time = attempts[-1].start if attempts else None
    before = attempts[-1].decision if attempts else None
    lacking = never_fits(run.encoded, task, place)
    if time is None:
        time = asked.arrival_time
    known = {s.resource for s in lacking}
    lacking = [s for s in shortages(run, task, place, time, before) if s.resource not in known] + [
        _largest(s, shortages(run, task, place, time, before)) for s in lacking
    ]
    for shortage in lacking:
        edits += _removing(run, shortage, place, time, before)
    return tuple(edits)


def _largest(shortage: Shortage, now: Sequence[Shortage]) -> Shortage:
    """Return the larger of two shortages of a resource: with everything free, and at the time."""
    same = [s for s in now if s.resource == shortage.resource]
    return min([shortage, *same], key=lambda s: s.free)


def _removing(run: History, shortage: Shortage, place: Place, time: float, before: int | None) -> Iterator[Edit]:
    """Yield the edits that remove a shortage."""
    node = run.scenario.nodes[place.node] if place.node >= 0 else None
    missing = shortage.asked - shortage.free
    match shortage.resource:
        case "cpu" if node is not None:
            yield Edit("cpu", node.node_id, node.cpu, rounded(node.cpu, node.cpu + missing, 6))
        case "memory" if node is not None:
            yield Edit("memory", node.node_id, node.memory, rounded(node.memory, node.memory + missing, 6))
        case "accelerators" if node is not None:
            yield Edit("accelerators", node.node_id, node.accelerators, node.accelerators + np.ceil(missing))
        case "accelerator_share" if node is not None:
            yield Edit("accelerators", node.node_id, node.accelerators, node.accelerators + 1.0)
        case "model" if node is not None:
            yield Edit("model", node.node_id)
        case "node_down" if node is not None:
            yield Edit("up", node.node_id)
        case "battery" if node is not None and node.battery is not None:
            yield Edit("battery", node.node_id, node.battery, MAX_FACTOR * node.battery)
        case "bandwidth":
            for number in run.encoded.paths[place.path]:
                link = run.scenario.links[number]
                lack = shortage.asked - link_free(run, number, time, before)
                if lack > at.TOLERANCE:
                    yield Edit(
                        "bandwidth", link.link_id, link.bandwidth, rounded(link.bandwidth, link.bandwidth + lack, 6)
                    )


def _preferred(decision: Decision, option: Option, scenario: Scenario) -> Iterator[tuple[Edit, ...]]:
    """Yield sets of edits with which an option would have won the decision, the fewest and smallest first."""
    read = set(features_read(decision))
    start = option.features
    moves = []
    for dial in DIALS:
        low, high = dial.ends(start)
        now = start[dial.feature]
        if dial.follows & read and _edits(option, dial, now, now, scenario):
            moves += [(dial, now, end) for end in (low, high) if end != now]
    for count in range(1, MAX_TOGETHER + 1):
        found: list[tuple[float, tuple[Edit, ...]]] = []
        for chosen in itertools.combinations(moves, count):
            if len({d.kind for d, _, _ in chosen}) < count:
                continue
            share = _least_share(decision, option, chosen)
            if share is not None:
                far = [(d, now, now + share * (end - now)) for d, now, end in chosen]
                found.append((share, tuple(e for move in far for e in _edits(option, *move, scenario))))
        yield from (edits for _, edits in sorted(found, key=lambda f: f[0]))


def _least_share(decision: Decision, option: Option, moves: Sequence[tuple[Dial, float, float]]) -> float | None:
    """Return the least share of the way to the ends at which an option wins; None if it does not."""

    def wins(share: float) -> bool:
        features: Features = option.features
        for dial, now, end in moves:
            features = dial.moved(features, now + share * (end - now))
        return would_win(decision, option, features)

    lost = 0.0
    for share in np.linspace(0, 1, STEPS + 1)[1:]:
        if wins(float(share)):
            won = float(share)
            for _ in range(30):
                middle = (lost + won) / 2
                lost, won = (lost, middle) if wins(middle) else (middle, won)
            return min(1.0, won * (1 + BEYOND))
        lost = float(share)
    return None


def _edits(option: Option, dial: Dial, now: float, then: float, scenario: Scenario) -> list[Edit]:
    """Return the edits of the scenario that give a quantity of an option a value; empty if there is none."""
    node = next((n for n in scenario.nodes if n.node_id == option.name), None)
    links = [l for l in scenario.links if l.link_id in option.path]
    match dial.kind:
        case "bandwidth":
            return [Edit("bandwidth", l.link_id, l.bandwidth, rounded(0.0, l.bandwidth + then - now)) for l in links]
        case "latency":
            factor = then / now if now else 1.0
            return [
                Edit("latency", l.link_id, l.latency_ms, rounded(l.latency_ms, l.latency_ms * factor)) for l in links
            ]
        case "accelerators" if node is not None:
            count = np.ceil(then) if then > now else np.floor(then)
            return [Edit("accelerators", node.node_id, node.accelerators, node.accelerators + float(count) - now)]
        case "battery":
            if node is None or node.battery is None or now >= 1:
                return []
            capacity = node.battery * (1 - now) / max(1 - then, 1e-9)
            return [Edit("battery", node.node_id, node.battery, rounded(node.battery, capacity))]
        case "cpu" if node is not None:
            return [Edit("cpu", node.node_id, node.cpu, rounded(node.cpu, then))]
        case "memory" if node is not None:
            return [Edit("memory", node.node_id, node.memory, rounded(node.memory, then))]
        case "price" if node is not None and now:
            value = node.price_per_hour * then / now
            return [Edit("price", node.node_id, node.price_per_hour, rounded(node.price_per_hour, value))]
        case "speed" if node is not None:
            return [Edit("speed", node.node_id, node.speed, rounded(node.speed, then))]
        case "carbon" if node is not None and node.carbon_intensity is not None and now:
            value = node.carbon_intensity * then / now
            return [Edit("carbon", node.node_id, node.carbon_intensity, rounded(node.carbon_intensity, value))]
    return []


def _capacity(kind: str, need: str) -> Callable[[Features, float], Features]:
    """Return how features follow from another capacity of cores or memory."""

    def moved(features: Features, total: float) -> Features:
        used = features[f"node.{kind}_total"] - features[f"node.{kind}_free"]
        free = total - used
        changed = {
            **features,
            f"node.{kind}_total": total,
            f"node.{kind}_free": free,
            f"node.{kind}_load": used / total if total else 0.0,
            f"fit.{kind}_left": (free - features[need]) / total if total else 0.0,
        }
        before, after = _dominant_share(features), _dominant_share(changed)
        return {**changed, "fit.cost": features["fit.cost"] * (after / before if before else 1.0)}

    return moved


def _dominant_share(features: Features) -> float:
    pairs = (
        ("task.cpu", "node.cpu_total"),
        ("task.memory", "node.memory_total"),
        ("task.accelerator_demand", "node.accelerators_total"),
    )
    return max(features[need] / features[total] if features[total] > 0 else 0.0 for need, total in pairs)


def _capacity_ends(kind: str, need: str) -> Callable[[Features], tuple[float, float]]:
    def ends(features: Features) -> tuple[float, float]:
        total = features[f"node.{kind}_total"]
        used = total - features[f"node.{kind}_free"]
        return used + features[need], MAX_FACTOR * total

    return ends


def _devices(features: Features, total: float) -> Features:
    more = total - features["node.accelerators_total"]
    free, demand = features["node.accelerators_free"] + more, features["task.accelerator_demand"]
    changed = {
        **features,
        "node.accelerators_total": total,
        "node.accelerators_free": free,
        "node.accelerators_idle": features["node.accelerators_idle"] + more,
        "node.accelerator_load": 1 - free / total if total else 0.0,
        "fit.accelerators_left": (free - demand) / total if total else 0.0,
    }
    before, after = _dominant_share(features), _dominant_share(changed)
    return {**changed, "fit.cost": features["fit.cost"] * (after / before if before else 1.0)}


def _device_ends(features: Features) -> tuple[float, float]:
    total, idle = features["node.accelerators_total"], features["node.accelerators_idle"]
    return total - max(0.0, idle - np.ceil(features["task.accelerator_demand"])), float(MAX_DEVICES)


def _bandwidth(features: Features, free: float) -> Features:
    before, load = features["path.bandwidth_free"], features["path.load"]
    used = before * load / (1 - load) if load < 1 else 0.0
    return {**features, "path.bandwidth_free": free, "path.load": used / (used + free) if used + free else 0.0}


def _lever(kind: EditKind, feature: str) -> Dial:
    lever = next(l for l in LEVERS if l.feature == feature)
    return Dial(kind, feature, lever.follows, lever.limits, lever.moved)


DIALS: tuple[Dial, ...] = (
    Dial(
        "cpu",
        "node.cpu_total",
        frozenset(("node.cpu_total", "node.cpu_free", "node.cpu_load", "fit.cpu_left", "fit.cost")),
        _capacity_ends("cpu", "task.cpu"),
        _capacity("cpu", "task.cpu"),
    ),
    Dial(
        "memory",
        "node.memory_total",
        frozenset(("node.memory_total", "node.memory_free", "node.memory_load", "fit.memory_left", "fit.cost")),
        _capacity_ends("memory", "task.memory"),
        _capacity("memory", "task.memory"),
    ),
    Dial(
        "accelerators",
        "node.accelerators_total",
        frozenset(
            (
                "node.accelerators_total",
                "node.accelerators_free",
                "node.accelerators_idle",
                "node.accelerator_load",
                "fit.accelerators_left",
            )
        ),
        _device_ends,
        _devices,
    ),
    Dial(
        "bandwidth",
        "path.bandwidth_free",
        frozenset(("path.bandwidth_free", "path.load")),
        lambda features: (features["task.bandwidth"], MAX_FACTOR * features["path.bandwidth_free"]),
        _bandwidth,
    ),
    Dial(
        "battery",
        "node.battery",
        frozenset(("node.battery",)),
        lambda features: (
            max(0.01, features["node.battery"] / MAX_FACTOR),
            1 - (1 - features["node.battery"]) / MAX_FACTOR,
        ),
        lambda features, value: {**features, "node.battery": value},
    ),
    _lever("price", "node.price"),
    _lever("speed", "node.speed"),
    _lever("latency", "fit.latency"),
    _lever("carbon", "node.carbon_intensity"),
)
"""Quantities of a candidate that may be changed, those of the node first."""
