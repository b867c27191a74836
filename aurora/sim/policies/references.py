"""Published heuristics, each written in the policy language.

They seed the search, are the baseline of every report, and serve as examples of the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy

Algorithm = Literal["greedy", "bin_packing", "load_balancing", "custom"]
DeviceChoice = Literal["best_fit", "worst_fit", "least_fragmentation", "random"]

_FGD = "Weng et al., USENIX ATC 2023, and the authors' simulator"
_KUBE = "kube-scheduler, NodeResourcesFit"


class _Placement(NamedTuple):
    name: str
    meaning: str
    algorithm: Algorithm
    score: str
    device_choice: DeviceChoice = "best_fit"


class _Queue(NamedTuple):
    name: str
    meaning: str
    order: str


_CPU = "(task.cpu / node.cpu_free)"
_MEMORY = "(task.memory / node.memory_free)"
_DEVICES = "(task.accelerator_demand / node.accelerators_free)"
_DURATION = "max(task.duration, 1)"
_WAITED = f"(task.wait / {_DURATION})"

# kube-scheduler divides whole numbers; the 1e-6 keeps 100 * 0.29 from becoming 28.
# Scores of the published simulator are whole numbers from 0 to 100; rounding and ties matter there.
_PLACEMENTS: tuple[_Placement, ...] = (
    _Placement("random", "any node and device that fits, by a hash", "custom", "fit.random", "random"),
    _Placement("round_robin", "the node that was used longest ago", "load_balancing", "-node.last_placement"),
    _Placement("first_fit", "the first node that fits", "greedy", "-node.index"),
    _Placement(
        "best_fit",
        f"least cores (in steps of 2.56) and devices left, whatever the memory: for GPU clusters ({_FGD})",
        "bin_packing",
        "floor(100 * (1 - 0.5 * (node.cpu_free - task.cpu) / 128"
        " - 0.5 * (node.accelerators_free - task.accelerator_demand) / 8))",
    ),
    _Placement(
        "worst_fit",
        "most cores, memory and devices left",
        "load_balancing",
        "fit.cpu_left + fit.memory_left + fit.accelerators_left",
    ),
    _Placement(
        "dot_product",
        f"least aligned free resources ({_FGD})",
        "bin_packing",
        "floor(100 * (1 - 0.5 * (node.cpu_free * task.cpu / 16384"
        " + node.accelerators_free * task.accelerator_demand / 64)))",
    ),
    _Placement(
        "gpu_packing",
        f"a device in use, then a free one on a node in use, then a free node ({_FGD})",
        "bin_packing",
        "0 if task.accelerators == 0 else"
        " 33 - node.accelerators_total if node.accelerators_idle == node.accelerators_total else"
        " 100 - floor(10 * (fit.device_left + task.accelerator_share) + 1e-6) if fit.device_shared else"
        " 50 - task.accelerators",
    ),
    _Placement(
        "gpu_clustering",
        f"nodes that hold the same class of request, then mixed, idle, other ({_FGD})",
        "bin_packing",
        "0 if task.accelerators == 0 else floor(25 * (8 - node.accelerators_free) / 8 + 1e-6) + ("
        "(75 if fit.same_class_tasks == node.accelerator_tasks else 50) if fit.same_class_tasks > 0 else"
        " 25 if node.accelerator_tasks == 0 else 0)",
    ),
    _Placement(
        "fgd",
        f"least growth of fragmentation ({_FGD})",
        "custom",
        "floor(100 * sigmoid(-fit.fragmentation_increase))",
        "least_fragmentation",
    ),
    _Placement(
        "borg",
        "the score that AlphaEvolve found for Borg (Novikov et al., 2025), cores and memory",
        "custom",
        f"-({_CPU} + {_MEMORY} + {_MEMORY} / {_CPU} + {_CPU} / {_MEMORY})",
    ),
    _Placement(
        "borg_gpu",
        "AlphaEvolve's score with the devices as a third resource",
        "custom",
        f"-({_CPU} + {_MEMORY} + {_DEVICES} + {_MEMORY} / {_CPU} + {_CPU} / {_MEMORY}"
        f" + {_DEVICES} / {_CPU} + {_CPU} / {_DEVICES} + {_DEVICES} / {_MEMORY} + {_MEMORY} / {_DEVICES})",
    ),
    _Placement(
        "least_allocated",
        f"most free after placement ({_KUBE})",
        "load_balancing",
        "floor((floor(100 * fit.cpu_left + 1e-6) + floor(100 * fit.memory_left + 1e-6)) / 2)",
    ),
    _Placement(
        "most_allocated",
        f"least free after placement ({_KUBE})",
        "bin_packing",
        "floor((floor(100 * (1 - fit.cpu_left) + 1e-6) + floor(100 * (1 - fit.memory_left) + 1e-6)) / 2)",
    ),
    _Placement(
        "balanced_allocation",
        "cores and memory used evenly (kube-scheduler, NodeResourcesBalancedAllocation)",
        "load_balancing",
        "floor(100 * (1 - abs(fit.cpu_left - fit.memory_left) / 2))",
    ),
    _Placement("cheapest", "lowest price of this placement", "greedy", "-fit.cost"),
    _Placement("fastest", "shortest network latency and execution", "greedy", "-(fit.latency + fit.duration)"),
    _Placement("nearest", "lowest network latency", "greedy", "-fit.latency"),
    _Placement("greenest", "least added energy", "greedy", "-fit.energy"),
)

_RL = "Zhang et al., SC 2020"
_QUEUES: tuple[_Queue, ...] = (
    _Queue("fcfs", "first come, first served", "task.submit_time"),
    _Queue("sjf", "shortest job first, by requested time", "task.duration"),
    _Queue(
        "wfp3",
        f"long waits and large jobs first (Tang et al., Cluster 2009; {_RL})",
        f"-({_WAITED} * {_WAITED} * {_WAITED}) * task.cpu",
    ),
    _Queue(
        "unicep",
        f"long waits, small and short jobs first (Tang et al., Cluster 2009; {_RL})",
        f"-task.wait / (max(log(task.cpu) / 0.6931471805599453, 0.001) * {_DURATION})",
    ),
    _Queue(
        "f1",
        f"learned by regression (Carastan-Santos & de Camargo, SC 2017; {_RL})",
        "log(max(task.duration, 0.1)) / 2.302585092994046 * task.cpu"
        " + 870 * (log(max(task.submit_time, 0.1)) / 2.302585092994046)",
    ),
    _Queue("saf", "smallest area first: requested time times processors", "task.duration * task.cpu"),
    _Queue("priority", "most urgent first", "-task.priority"),
    _Queue("earliest_deadline", "least slack first", "task.submit_time + task.sla_latency"),
    _Queue(
        "wfp3_published",
        f"WFP3 as it was measured in {_RL}: waiting time computed as -1 - submit",
        "-((-1 - task.submit_time) / task.duration * ((-1 - task.submit_time) / task.duration)"
        " * ((-1 - task.submit_time) / task.duration)) * task.cpu",
    ),
    _Queue(
        "unicep_published",
        f"UNICEP as it was measured in {_RL}: waiting time computed as -1 - submit",
        "-(-1 - task.submit_time) / (max(log(task.cpu) / 0.6931471805599453, 1.6017132519074588e-15) * task.duration)",
    ),
)


def _references() -> dict[str, Policy]:
    policies: dict[str, Policy] = {}
    for placement in _PLACEMENTS:
        strategy = AllocationStrategy(
            algorithm_type=placement.algorithm,
            decision_rules=(DecisionRule(score=placement.score),),
            device_choice=placement.device_choice,
        )
        policies[placement.name] = Policy(
            policy_id=placement.name,
            policy_description=placement.meaning,
            allocation_strategy=strategy,
        )
    for queue in _QUEUES:
        for suffix, backfill in (("", "none"), ("+easy", "easy")):
            strategy = AllocationStrategy(
                order=queue.order,
                decision_rules=(DecisionRule(score="-node.index"),),
                head_of_line_blocking=True,
                backfill="easy" if backfill == "easy" else "none",
            )
            policies[queue.name + suffix] = Policy(
                policy_id=queue.name + suffix,
                policy_description=queue.meaning + (", EASY backfilling" if suffix else ""),
                allocation_strategy=strategy,
            )
    return policies


REFERENCES: Mapping[str, Policy] = MappingProxyType(_references())
"""Every reference policy by name."""

PLACEMENT_REFERENCES: tuple[str, ...] = tuple(p.name for p in _PLACEMENTS)
"""Names of the references that choose a candidate; they take tasks in order of arrival."""

QUEUE_REFERENCES: tuple[str, ...] = tuple(q.name for q in _QUEUES)
"""Names of the references that choose the next task, without backfilling."""
