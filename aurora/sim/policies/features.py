"""The feature table: every name that a policy may use, declared once.

The parser, the compiler, the kernel, the prompts and the documentation read this table. A new
feature is a row here and a line in `aurora/sim/kernel` that computes it. The rows `objective.*` follow
from the table of objectives.

Axes. `order` is evaluated over the waiting tasks: `task.*` varies, and `cluster.*` is one number. `admit` and `score`
are evaluated over the candidates of one task: `node.*`, `fit.*` and `path.*` vary, and `task.*` and `cluster.*` are one
number. `when` may use `task.*` and `cluster.*` only. `objective.*` is constant in a scenario and may be used wherever
`cluster.*` may. For a candidate without a node (a network path) `node.*` is 0; without a path, `path.*` is 0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from aurora.sim.objectives import OBJECTIVES, WITH_TARGET
from aurora.types import FloatArray

Scope = Literal["task", "node", "fit", "path", "cluster", "objective"]


class Feature(NamedTuple):
    """One row of the table.

    Attributes:
        name: Name in expressions, `scope.word`.
        unit: Unit of the value.
        meaning: Description in a line, for people and models.
        changes_idle: True if the value can change while the node (for `task`: the waiting task) does not, so that it
            can't be cached until the node's next change.
        scale: Typical magnitude, by which search divides values to make terms comparable.
        needs: Optional field of a node that at least one node must state for the feature to be informative; empty:
            none.
        for_networks: False if networks don't take it as an input: their inputs are the same in every saved model.
    """

    name: str
    unit: str
    meaning: str
    changes_idle: bool = False
    scale: float = 1.0
    needs: str = ""
    for_networks: bool = True

    @property
    def scope(self) -> Scope:
        """Scope of the feature, the part before the dot."""
        return self.name.split(".", 1)[0]  # type: ignore[return-value]


def _for_rules(name: str, unit: str, meaning: str, *, changes_idle: bool = False, scale: float = 1.0) -> Feature:
    """Return a row that networks don't take as an input."""
    return Feature(name, unit, meaning, changes_idle, scale, for_networks=False)


FEATURES: tuple[Feature, ...] = (
    # What the task asks for.
    Feature("task.cpu", "cores", "cores asked for", scale=8),
    Feature("task.memory", "GiB", "memory asked for", scale=32),
    Feature("task.accelerators", "devices", "accelerator devices asked for"),
    Feature("task.accelerator_share", "share", "share of each device asked for; 0 if none is asked for"),
    Feature("task.accelerator_demand", "devices", "devices times share"),
    Feature("task.model_constrained", "0 or 1", "whether only some accelerator models are allowed"),
    Feature("task.bandwidth", "Gbit/s", "bandwidth asked for on each link"),
    Feature("task.data_size", "GiB", "data moved before the task can answer"),
    Feature("task.duration", "s", "requested execution time on a node of speed 1", scale=600),
    Feature("task.priority", "1 to 5", "priority, 5 is most urgent", scale=5),
    Feature("task.sla_latency", "s", "latest acceptable latency; 1e9 if there is none", scale=10),
    Feature("task.submit_time", "s", "arrival time", scale=3600),
    Feature("task.dependents", "tasks", "tasks that wait, directly, for this one to finish"),
    Feature("task.dominant_share", "share", "largest request over the largest node's capacity"),
    Feature("task.wait", "s", "time since arrival", changes_idle=True, scale=600),
    Feature("task.slack", "s", "time left to start within the SLA", changes_idle=True, scale=600),
    _for_rules(
        *(
            "task.predicted_duration",
            "s",
            "run time by its user's last two finished tasks; at most the request",
        ),
        changes_idle=True,
        scale=600,
    ),
    Feature("task.attempts", "starts", "times it was started and lost to a failure", changes_idle=True),
    _for_rules("task.room", "share", "share of its candidates that have room for it now", changes_idle=True),
    _for_rules(
        *("task.expected_start", "s", "time until it has room if running tasks end as requested; 1e9: unknown"),
        changes_idle=True,
        scale=600,
    ),
    # What the node is and has left.
    Feature("node.index", "", "position of the candidate's node in the scenario, from 0"),
    Feature("node.cpu_total", "cores", "capacity", scale=64),
    Feature("node.cpu_free", "cores", "free now", scale=64),
    Feature("node.cpu_load", "share", "used share of the cores"),
    Feature("node.memory_total", "GiB", "capacity", scale=256),
    Feature("node.memory_free", "GiB", "free now", scale=256),
    Feature("node.memory_load", "share", "used share of the memory"),
    Feature("node.accelerators_total", "devices", "devices of the node", scale=8),
    Feature("node.accelerators_free", "devices", "free devices, shares added up", scale=8),
    Feature("node.accelerators_idle", "devices", "devices that nothing uses", scale=8),
    Feature("node.accelerator_load", "share", "used share of the devices; 0 if it has none"),
    Feature("node.accelerator_largest_free", "share", "largest free share of a single device"),
    Feature("node.accelerator_tasks", "tasks", "running tasks that use an accelerator"),
    Feature("node.fragmentation", "devices", "free devices the typical task mix can't use (FGD's F)"),
    Feature("node.model_demand", "share", "share of the typical task mix that may use its device model"),
    Feature("node.speed", "", "speed factor"),
    Feature("node.price", "$/h", "price now", changes_idle=True),
    Feature("node.idle_power", "W", "power while active and idle", scale=100),
    Feature("node.full_power", "W", "power at full cpu load", scale=300),
    Feature("node.carbon_intensity", "g/kWh", "CO2 for its energy now", True, 400, "carbon_intensity"),
    Feature("node.battery", "share", "battery left; 1 on mains", changes_idle=True),
    Feature("node.tasks", "tasks", "running tasks", scale=8),
    Feature("node.active", "0 or 1", "whether it hosts a task"),
    Feature("node.last_placement", "", "number of the decision that last used it, from 1; 0 if none"),
    Feature("node.failures", "", "failures so far"),
    _for_rules(
        *("node.next_release", "s", "time until its next task ends as requested; 0 if none runs"),
        changes_idle=True,
        scale=600,
    ),
    # How the task would fit.
    Feature("fit.cpu_left", "share", "free share of the node's cores after placement"),
    Feature("fit.memory_left", "share", "free share of the node's memory after placement"),
    Feature("fit.accelerators_left", "share", "free share of the node's devices after placement"),
    Feature("fit.device_left", "share", "free share of the chosen device after placement; 0 for whole devices"),
    Feature("fit.device_shared", "0 or 1", "whether the chosen device already hosts a task"),
    Feature("fit.fragmentation_increase", "devices", "change of node.fragmentation by this placement (FGD)"),
    Feature("fit.same_class_tasks", "tasks", "tasks on the node that ask for accelerators as this one does"),
    Feature("fit.duration", "s", "execution time on this node", scale=600),
    Feature("fit.cost", "$", "price of the placement at today's prices", changes_idle=True),
    Feature("fit.energy", "J", "added energy, idle power included if the node was idle", scale=10000),
    Feature("fit.carbon", "g", "CO2 of the added energy at today's intensities", True, needs="carbon_intensity"),
    Feature("fit.latency", "s", "network latency and transfer time now", changes_idle=True, scale=0.1),
    Feature("fit.random", "0 to 1", "a hash of seed, task and candidate", changes_idle=True),
    # What it leaves for the typical mix; docs/reference/outlook.md has the formulas.
    _for_rules("fit.typical_left", "share", "share of the typical mix that still fits on the node after placement"),
    _for_rules("fit.typical_lost", "share", "share of the typical mix that fits on the node now, but not after it"),
    _for_rules("fit.placements_left", "tasks", "typical tasks that the node still takes after placement", scale=8),
    _for_rules("fit.placements_lost", "tasks", "fall of fit.placements_left by this placement"),
    _for_rules("fit.usable_left", "devices", "free devices that the typical mix can use after placement", scale=4),
    _for_rules("fit.usable_lost", "devices", "fall of fit.usable_left by this placement"),
    _for_rules("fit.next_device_left", "share", "expected fit.device_left of the next typical task; 1 if it won't fit"),
    _for_rules("fit.stranded_accelerators", "devices", "free devices without cores for them after placement"),
    _for_rules("fit.stranded_accelerators_increase", "devices", "rise of that by this placement"),
    _for_rules("fit.stranded_cpu", "cores", "free cores beyond what free devices need after placement", scale=32),
    _for_rules("fit.stranded_cpu_increase", "cores", "rise of that by this placement", scale=8),
    _for_rules("fit.device_waste", "devices", "expected free part of the shared device in the end, after placement"),
    _for_rules("fit.device_waste_increase", "devices", "rise of fit.device_waste by this placement"),
    # How it ranks among the candidates of the decision.
    _for_rules("fit.rank_cost", "share", "share of the other candidates with a lower fit.cost", changes_idle=True),
    _for_rules("fit.rank_energy", "share", "share of the other candidates with a lower fit.energy", changes_idle=True),
    _for_rules("fit.rank_latency", "share", "share of the others with a lower fit.latency", changes_idle=True),
    _for_rules("fit.rank_cpu_left", "share", "share of the others with a lower fit.cpu_left", changes_idle=True),
    # The path to it.
    Feature("path.hops", "links", "links on the path"),
    Feature("path.bandwidth_free", "Gbit/s", "least free bandwidth on the path", changes_idle=True),
    Feature("path.load", "share", "highest used share of a link on the path", changes_idle=True),
    # The whole system.
    Feature("cluster.time", "s", "time since the start", changes_idle=True, scale=3600),
    Feature("cluster.queue_length", "tasks", "tasks waiting", changes_idle=True, scale=10),
    Feature("cluster.running", "tasks", "tasks running", changes_idle=True, scale=10),
    Feature("cluster.cpu_load", "share", "used share of all cores", changes_idle=True),
    Feature("cluster.memory_load", "share", "used share of all memory", changes_idle=True),
    Feature("cluster.accelerator_load", "share", "used share of all devices", changes_idle=True),
    Feature("cluster.price_factor", "", "current price factor of all nodes", changes_idle=True),
    Feature("cluster.nodes_up", "share", "share of the nodes that are up", changes_idle=True),
    _for_rules(
        *("cluster.next_release", "s", "time until the next task ends as requested; 0 if none runs"),
        changes_idle=True,
        scale=600,
    ),
    _for_rules("cluster.idle_nodes", "share", "share of the nodes up that host nothing", changes_idle=True),
    _for_rules("cluster.whole_nodes", "share", "free devices that are on wholly free nodes", changes_idle=True),
    _for_rules("cluster.cpu_free_median", "share", "free cores of a node, median over nodes", changes_idle=True),
    _for_rules("cluster.cpu_free_high", "share", "free cores of a node, 90 % quantile over nodes", changes_idle=True),
    _for_rules("cluster.typical_fit", "share", "typical mix that fits on a node, mean over nodes", changes_idle=True),
    # What the scenario asks for.
    *(
        Feature(f"objective.{o.name}", "share", f"weight of {o.meaning} among the objectives", needs=o.needs)
        for o in OBJECTIVES
    ),
    *(
        Feature(f"objective.{o.name}_target", o.unit, o.target, scale=o.target_scale, needs=o.needs)
        for o in WITH_TARGET
    ),
)

GENERAL_FEATURES: tuple[Feature, ...] = tuple(f for f in FEATURES if not f.needs)
"""Features that are informative in every scenario, which search and prompts use."""

NETWORK_FEATURES: tuple[Feature, ...] = tuple(f for f in GENERAL_FEATURES if f.for_networks)
"""Features that networks take as inputs."""

FEATURE_INDEX: dict[str, int] = {feature.name: index for index, feature in enumerate(FEATURES)}

BOUND = 10.0
"""Limit of a scaled feature's absolute value as an input of a network."""

LARGEST_SHARE = 1e12
"""Multiple of the typical magnitude beyond which a feature counts as infinite."""


def squash(values: FloatArray, scale: FloatArray | float) -> FloatArray:
    """Return features as inputs of a network: s / (1 + |s| / BOUND) with s = value / scale; NaN counts as 0.

    The result is close to s if a feature is about its typical magnitude, and never beyond ±BOUND. Unlike clipping, it
    keeps different values different (a task without an SLA has a `task.sla_latency` of 1e9 s).

    Args:
        values: Features, in an array of any shape.
        scale: Typical magnitude of each feature, broadcast against `values`.
    """
    share = np.clip(np.nan_to_num(values / scale, nan=0.0), -LARGEST_SHARE, LARGEST_SHARE)
    return np.asarray(share / (1.0 + np.abs(share) / BOUND))


def feature_table() -> str:
    """Return the table as Markdown, for docs/reference/policy-language.md."""
    rows = [f"| `{f.name}` | {f.unit} | {f.meaning} | {'idle' if f.changes_idle else ''} |" for f in FEATURES]
    return "\n".join(["| feature | unit | meaning | |", "|---|---|---|---|", *rows])
