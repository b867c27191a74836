"""Words for the features of candidates, and the format of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from aurora.quantities import energy, mass, plain
from aurora.sim.explain.claims import FEASIBLE, SCORE
from aurora.sim.policies.features import FEATURES


def moment(value: float) -> str:
    """Format a moment or a duration with its unit; short ones in milliseconds."""
    return f"{1000 * value:.3g} ms" if 0 < abs(value) < 1 else f"{plain(value)} s"


def _share(value: float) -> str:
    return f"{100 * value:.3g} %"


def written_seconds(value: float) -> str:
    """Format a duration of a feature; zero in milliseconds, as most such features are short."""
    return "0 ms" if value == 0 else moment(value)


def _time_left(value: float) -> str:
    return written_seconds(value) if value >= 0 else f"none, {moment(-value)} late"


def _unit(plural: str, singular: str) -> Callable[[float], str]:
    return lambda value: f"{plain(value)} {singular if value == 1 else plural}"


class Noun(NamedTuple):
    """Name of a feature in prose, and the format of its value."""

    words: str
    written: Callable[[float], str]


_UNITS: Mapping[str, Callable[[float], str]] = {
    "share": _share,
    "s": written_seconds,
    "0 or 1": plain,
    "": plain,
    "$": lambda v: f"${v:.4g}",
    "$/h": lambda v: f"${v:.4g}/h",
    "J": energy,
    "g": mass,
}
_SINGULAR: Mapping[str, str] = {"cores": "core", "devices": "device", "tasks": "task", "links": "link"}
_WORDS: Mapping[str, str] = {
    "node.index": "place in the list",
    "node.cpu_total": "cores",
    "node.cpu_free": "free cores",
    "node.cpu_load": "load",
    "node.memory_total": "size in memory",
    "node.memory_free": "free memory",
    "node.memory_load": "memory load",
    "node.accelerators_total": "accelerators",
    "node.accelerators_free": "free accelerator capacity",
    "node.accelerators_idle": "idle accelerators",
    "node.accelerator_load": "accelerator load",
    "node.accelerator_largest_free": "largest free share of one accelerator",
    "node.accelerator_tasks": "tasks on accelerators",
    "node.fragmentation": "fragmentation",
    "node.model_demand": "demand for its accelerator model",
    "node.speed": "speed",
    "node.price": "price",
    "node.idle_power": "idle power",
    "node.full_power": "full power",
    "node.carbon_intensity": "carbon intensity",
    "node.battery": "battery",
    "node.tasks": "running tasks",
    "node.active": "activity",
    "node.last_placement": "number of its last placement",
    "node.failures": "failures",
    "node.next_release": "time until its next task ends",
    "fit.cpu_left": "share of cores left",
    "fit.memory_left": "share of memory left",
    "fit.accelerators_left": "share of accelerators left",
    "fit.device_left": "share of the accelerator left",
    "fit.device_shared": "sharing of the accelerator",
    "fit.fragmentation_increase": "added fragmentation",
    "fit.same_class_tasks": "tasks that ask for accelerators alike",
    "fit.duration": "run time",
    "fit.cost": "cost",
    "fit.energy": "energy",
    "fit.carbon": "CO2",
    "fit.latency": "network latency",
    "fit.random": "random number",
    "fit.typical_left": "share of the typical mix that still fits",
    "fit.typical_lost": "share of the typical mix shut out",
    "fit.placements_left": "room for typical tasks",
    "fit.placements_lost": "loss of room for typical tasks",
    "fit.usable_left": "accelerators that the typical mix can use",
    "fit.usable_lost": "loss of accelerators that the typical mix can use",
    "fit.next_device_left": "share that the next typical task leaves of its accelerator",
    "fit.stranded_accelerators": "accelerators without cores for them",
    "fit.stranded_accelerators_increase": "added accelerators without cores for them",
    "fit.stranded_cpu": "cores beyond what its accelerators need",
    "fit.stranded_cpu_increase": "added cores beyond what its accelerators need",
    "fit.rank_cost": "share of cheaper options",
    "fit.rank_energy": "share of options with less energy",
    "fit.rank_latency": "share of options with a lower network latency",
    "fit.rank_cpu_left": "share of options with fewer cores left",
    "fit.device_waste": "expected waste on the shared accelerator",
    "fit.device_waste_increase": "added expected waste on the shared accelerator",
    "path.hops": "hops",
    "path.bandwidth_free": "free bandwidth",
    "path.load": "path load",
    "task.slack": "time left",
    SCORE: "score",
    FEASIBLE: "number of candidates with room",
}
COUNT_FEATURES = frozenset(
    (
        "node.cpu_total",
        "node.cpu_free",
        "node.accelerators_total",
        "node.accelerators_idle",
        "node.accelerator_tasks",
        "node.tasks",
        "node.failures",
        "fit.same_class_tasks",
        "path.hops",
    )
)
"""Features that are counts; their name is the unit."""
NOUNS: Mapping[str, Noun] = {
    f.name: Noun(_WORDS.get(f.name, f.meaning), _UNITS.get(f.unit) or _unit(f.unit, _SINGULAR.get(f.unit, f.unit)))
    for f in FEATURES
} | {
    "task.slack": Noun(_WORDS["task.slack"], _time_left),
    SCORE: Noun(_WORDS[SCORE], plain),
    FEASIBLE: Noun(_WORDS[FEASIBLE], plain),
}
