"""The source `openb`: lists of pods sampled from a trace of a cluster with accelerators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.source import Effort, Results
from aurora.agents.arena.templates import placement_template
from aurora.agents.arena.trace_file import trace_file
from aurora.errors import ScenarioError
from aurora.sim.outcome import Outcome, Status
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.scenario import Node, Scenario
from aurora.sim.scenarios.traces.openb import OpenbSpec, Pod, expand_openb, read_nodes, read_pods


class Mix(NamedTuple):
    """Weights of pods by the devices that they ask for.

    Attributes:
        fractional, whole, multiple, cpu_only: Weights against the trace's own shares.
        constrained: Share of pods that are bound to device models.
    """

    fractional: float
    whole: float
    multiple: float
    cpu_only: float
    constrained: float


MIXES: Mapping[str, Mix] = {
    "as_traced": Mix(1.0, 1.0, 1.0, 1.0, 0.0),
    "fractional": Mix(3.0, 1.0, 1.0, 0.5, 0.0),
    "multiple": Mix(0.5, 1.0, 12.0, 0.5, 0.0),
    "constrained": Mix(1.0, 1.0, 1.0, 1.0, 0.3),
    "whole": Mix(0.4, 2.0, 3.0, 1.0, 0.1),
    "mixed": Mix(1.5, 0.7, 5.0, 0.7, 0.2),
    "cpu_heavy": Mix(1.0, 1.2, 1.5, 4.0, 0.05),
    "shared": Mix(6.0, 0.5, 2.0, 0.2, 0.15),
}
"""The families."""

EFFORT = Effort(12, 1, 6)
LISTS_EFFORT = Effort(12, 1, 3)

LISTS = ("gpushare60", "gpuspec33", "multigpu30")
"""Published lists of pods beside the default one."""

NODE_SHARE = 1.0
"""Share of the nodes that take part. Fewer are faster, but what a policy gains on them says little about all nodes."""


@dataclass(frozen=True)
class OpenbSource:
    """Lists of pods that ask for more than there is, on the nodes of the trace; see `Source`.

    Attributes:
        nodes, pods: The trace, with its default list of pods.
        lists: Other lists of pods, by name. A family `NAME` draws from a list as traced, `NAME_MIX` with a mix.
    """

    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    lists: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    training: tuple[str, ...] = ("as_traced", "fractional", "multiple", "constrained")
    validation: tuple[str, ...] = ("whole", "mixed")
    test: tuple[str, ...] = ("cpu_heavy", "shared")
    effort: Effort = EFFORT
    templates: tuple[Policy, ...] = (placement_template(),)

    name: str = "openb"

    references: ClassVar[Mapping[str, Policy]] = {
        name: REFERENCES[name]
        for name in ("random", "first_fit", "best_fit", "dot_product", "gpu_packing", "gpu_clustering", "fgd")
    }
    has_levels: ClassVar[bool] = False
    must_complete: ClassVar[bool] = False
    queue_is_given: ClassVar[bool] = True
    admission_is_given: ClassVar[bool] = True
    has_pareto_bonus: ClassVar[bool] = False
    values_need_status: ClassVar[bool] = True
    unit: ClassVar[str] = "allocated devices, %"
    measure: ClassVar[str] = (
        "The value is the share of all accelerator capacity, in percent, that is allocated after a list of "
        "pods that asks for more than there is. Pods arrive one after another and never leave."
    )
    judged_per_family: ClassVar[int] = 3

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the trace in a folder.

        Raises:
            FileError: A file is absent.
            DataError: A file is not valid.
        """
        files = (
            trace_file(folder, "openb_node_list_gpu_node.csv*"),
            trace_file(folder, "openb_pod_list_default.csv*"),
        )
        return cls(read_nodes(files[0]), read_pods(files[1]), files=files)

    @classmethod
    def open_lists(cls, folder: Path) -> Self:
        """Read the trace in a folder with the published lists of pods, to train on all of them.

        Raises:
            FileError: A file is absent.
            DataError: A file is not valid.
        """
        source = cls.open(folder)
        files = {name: trace_file(folder, f"openb_pod_list_{name}.csv*") for name in LISTS}
        return replace(
            source,
            name="openb_lists",
            lists={name: read_pods(file) for name, file in files.items()},
            files=(*source.files, *files.values()),
            training=("as_traced", *LISTS),
            validation=("mixed", "gpushare60_multiple", "gpuspec33_fractional", "multigpu30_constrained"),
            test=("shared", "gpushare60_whole", "gpuspec33_cpu_heavy", "multigpu30_mixed"),
            effort=LISTS_EFFORT,
        )

    def sample(self, family: str, level: int, rng: np.random.Generator) -> OpenbSpec:
        """Draw a list of pods with the mix of a family; the level does not count."""
        pods = next((name for name in self.lists if family == name or family.startswith(f"{name}_")), "")
        mix = MIXES[family.removeprefix(pods).lstrip("_") or "as_traced"]
        seed = int(rng.integers(2**31))
        return OpenbSpec(
            spec_id=f"openb-{family}-{seed}",
            fractional_weight=mix.fractional,
            whole_weight=mix.whole,
            multiple_weight=mix.multiple,
            cpu_only_weight=mix.cpu_only,
            constrained_share=mix.constrained,
            cpu_factor=round(float(np.exp(rng.normal(0, 0.1))), 3),
            node_share=NODE_SHARE,
            seed=seed,
            pods=pods,
        )

    def mutate(self, spec: OpenbSpec, rng: np.random.Generator) -> OpenbSpec:
        """Return a list of pods with a varied mix."""
        seed = int(rng.integers(2**31))
        factors = np.exp(rng.normal(0, 0.5, 4))
        weights = (spec.fractional_weight, spec.whole_weight, spec.multiple_weight, spec.cpu_only_weight)
        fractional, whole, multiple, cpu_only = (
            round(float(np.clip(w * f, 0.05, 20)), 3) for w, f in zip(weights, factors, strict=True)
        )
        return spec.model_copy(
            update={
                "spec_id": f"openb-mutant-{seed}",
                "fractional_weight": fractional,
                "whole_weight": whole,
                "multiple_weight": multiple,
                "cpu_only_weight": cpu_only,
                "constrained_share": round(float(np.clip(spec.constrained_share + rng.normal(0, 0.1), 0, 0.6)), 3),
                "cpu_factor": round(float(np.clip(spec.cpu_factor * np.exp(rng.normal(0, 0.1)), 0.5, 1.5)), 3),
                "seed": seed,
            }
        )

    def expand(self, spec: OpenbSpec) -> Scenario:
        """Return the scenario that a spec describes.

        Raises:
            ScenarioError: The spec names a list of pods that the source does not have.
        """
        return expand_openb(spec, self.nodes, self._list(spec.pods))

    def _list(self, name: str) -> tuple[Pod, ...]:
        """Return a list of pods by its name; empty: the default one."""
        if name and name not in self.lists:
            raise ScenarioError(f"source {self.name} has no list of pods {name!r}")
        return self.lists[name] if name else self.pods

    def parse(self, data: Any) -> OpenbSpec:
        """Read a spec from JSON values."""
        return OpenbSpec.model_validate(data)

    def value(self, scenario: Scenario, outcome: Outcome) -> float:
        """Return the allocated share of all accelerator capacity, in percent."""
        return float(_allocated(scenario, outcome.tasks.status[None])[0])

    def values(self, scenario: Scenario, results: Results) -> NDArray[np.float64]:
        """Return `value` of many policies on a scenario."""
        assert results.status is not None  # `values_need_status`
        return _allocated(scenario, results.status)


def _allocated(scenario: Scenario, status: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the allocated share of accelerators in percent from the status of tasks, int8 [policies, tasks]."""
    demand = np.array([t.accelerators * t.accelerator_share for t in scenario.tasks])
    capacity = sum(n.accelerators for n in scenario.nodes)
    return np.array([100 * demand[row].sum() / capacity for row in status == Status.COMPLETED])
