"""Where scenarios come from: generated families, the openb trace, an SWF log, own files.

A source says how to draw, vary and expand specs, what a policy's value on a scenario is, which
references it is held against, and which families are for training and which for validation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.agents.arena.templates import general_template, placement_template, queue_template
from aurora.errors import DataError
from aurora.memory.ledger import Ledger
from aurora.sim.kernel import EncodedScenario, run
from aurora.sim.outcome import Outcome, Status, Summary
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Program
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score, undone
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, mutate_spec, sample_spec
from aurora.sim.scenarios.resample import ResampleSpec
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.sim.scenarios.traces.openb import OpenbSpec, expand_openb, read_nodes, read_pods
from aurora.sim.scenarios.traces.swf import SwfSpec, expand_swf, read_jobs

Spec = ScenarioSpec | OpenbSpec | SwfSpec | ResampleSpec


REWARD_UNDONE, SLOWDOWN_UNDONE = 2.0, 100.0
"""What leaving all tasks undone costs, in reward and in log slowdown.

Cost, slowdown and the like are measured on tasks that completed, so a policy could do better by leaving out the
expensive ones, or all of them; search finds that. With these weights no task is worth leaving out.
"""


class Effort(NamedTuple):
    """How much a source asks for, as its scenarios are more or less noisy.

    Attributes:
        generations: Of search in an iteration; its training scenarios stay the same for so long.
        training_per_family, validation_per_family: Scenarios of each family.
    """

    generations: int
    training_per_family: int
    validation_per_family: int


class Source(NamedTuple):
    """A source of scenarios and the measure of policies on them.

    Attributes:
        name: As on the command line.
        training, validation: Families; no family is in both.
        effort: How much an iteration asks for.
        has_levels: Whether specs differ by the curriculum's level.
        must_complete: Whether a scenario needs a witness that completes every task.
        queue_is_given: Whether blocking and backfilling belong to the protocol, so that no policy changes them.
        references: Policies that set the mark.
        templates: Policies that the search starts from.
        sample: (family, level, rng) -> spec.
        mutate: (spec, rng) -> spec.
        expand: spec -> scenario.
        parse: JSON of a spec -> spec.
        value: (scenario, outcome) -> what the policy achieved, higher is better.
        unit: Of the value.
        measure: What the value is, for models.
        has_pareto_bonus: Whether the value is a reward, which counts 1.2 times in matches where no other
            policy on that scenario dominates.
        files: Traces that it reads.
        ledger: Where measurements that were paid for are kept; None: nowhere.
    """

    name: str
    training: tuple[str, ...]
    validation: tuple[str, ...]
    effort: Effort
    has_levels: bool
    must_complete: bool
    queue_is_given: bool
    references: Mapping[str, Policy]
    templates: tuple[Policy, ...]
    sample: Callable[[str, int, np.random.Generator], Spec]
    mutate: Callable[[Spec, np.random.Generator], Spec]
    expand: Callable[[Spec], Scenario]
    parse: Callable[[Any], Spec]
    value: Callable[[Scenario, Outcome], float]
    unit: str
    measure: str
    has_pareto_bonus: bool = False
    files: tuple[Path, ...] = ()
    ledger: Ledger | None = None


def measure(source: Source, encoded: EncodedScenario, program: Program) -> tuple[float, Summary]:
    """Value and sums of a compiled policy on an encoded scenario."""
    outcome = run(encoded, program)
    return source.value(encoded.scenario, outcome), outcome.summary


def open_source(name: str, data: Path | None) -> Source:
    """A source by name: `generated`, `openb`, `swf` or `files`.

    Args:
        name: The source.
        data: Folder with the traces (as `openb/` and `swf/` in it), or with scenario files for `files`.

    Raises:
        DataError: The source is unknown, or its trace is not there.
        ScenarioError: A file of `files` is not a scenario.
    """
    if name == "generated":
        return _generated()
    if name not in ("openb", "swf", "files"):
        raise DataError(f"unknown source {name!r}; there are generated, openb, swf, files")
    if data is None and name == "files":
        raise DataError("--source files needs --data DIR, the folder that holds scenario or spec files (*.json)")
    if data is None:
        raise DataError(f"--source {name} needs --data DIR, the folder that holds {name}/")
    if name == "files":
        from aurora.agents.arena.own_source import files_source  # noqa: PLC0415  # it builds on this module

        return files_source(data)
    return _openb(data / "openb") if name == "openb" else _swf(data / "swf")


PLACED = (
    "random",
    "round_robin",
    "first_fit",
    "best_fit",
    "worst_fit",
    "fgd",
    "least_allocated",
    "most_allocated",
    "balanced_allocation",
    "cheapest",
    "fastest",
    "nearest",
    "greenest",
    "sjf+easy",
    "priority+easy",
    "earliest_deadline+easy",
)
"""References for scenarios with several nodes."""

REWARD_MEASURE = (
    "The value is the reward: the sum over objectives of weight times score, where latency, cost and "
    "energy score 1 / (1 + value / target) and qos the share of tasks within their SLA, less "
    f"{REWARD_UNDONE:g} times the share of tasks left undone."
)


def reward_less_undone(scenario: Scenario, outcome: Outcome) -> float:
    """Return the reward less what leaving tasks undone costs."""
    return score(outcome.summary, scenario).reward - REWARD_UNDONE * undone(outcome.summary)


def _generated() -> Source:
    def expand_spec(spec: Spec) -> Scenario:
        assert isinstance(spec, ScenarioSpec)
        return expand(spec)

    def mutate(spec: Spec, rng: np.random.Generator) -> Spec:
        assert isinstance(spec, ScenarioSpec)
        return mutate_spec(spec, rng)

    validation = ("services", "video", "bulk", "pipelines")
    return Source(
        name="generated",
        training=tuple(f for f in FAMILIES if f not in validation),
        validation=validation,
        effort=Effort(12, 5, 15),
        has_levels=True,
        must_complete=True,
        queue_is_given=False,
        references={n: REFERENCES[n] for n in PLACED},
        templates=(general_template(),),
        sample=sample_spec,
        mutate=mutate,
        expand=expand_spec,
        parse=ScenarioSpec.model_validate,
        value=reward_less_undone,
        unit="reward",
        measure=REWARD_MEASURE,
        has_pareto_bonus=True,
    )


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise DataError(f"no {pattern} in {folder}; --data names the folder that holds {folder.name}/")
    return found[0]


OPENB_MIXES: Mapping[str, tuple[float, float, float, float, float]] = {
    # Weights of fractional, whole, multiple and no device, and the share with a model constraint.
    "as_traced": (1.0, 1.0, 1.0, 1.0, 0.0),
    "fractional": (3.0, 1.0, 1.0, 0.5, 0.0),
    "multiple": (0.5, 1.0, 12.0, 0.5, 0.0),
    "constrained": (1.0, 1.0, 1.0, 1.0, 0.3),
    "whole": (0.4, 2.0, 3.0, 1.0, 0.1),
    "mixed": (1.5, 0.7, 5.0, 0.7, 0.2),
}


def _openb(folder: Path) -> Source:
    files = (_only(folder, "openb_node_list_gpu_node.csv*"), _only(folder, "openb_pod_list_default.csv*"))
    nodes, pods = read_nodes(files[0]), read_pods(files[1])

    def sample(family: str, level: int, rng: np.random.Generator) -> Spec:
        fractional, whole, multiple, none, constrained = OPENB_MIXES[family]
        seed = int(rng.integers(2**31))
        return OpenbSpec(
            spec_id=f"openb-{family}-{seed}",
            fractional_weight=fractional,
            whole_weight=whole,
            multiple_weight=multiple,
            cpu_only_weight=none,
            constrained_share=constrained,
            cpu_factor=round(float(np.exp(rng.normal(0, 0.1))), 3),
            node_share=0.3,
            seed=seed,
        )

    def mutate(spec: Spec, rng: np.random.Generator) -> Spec:
        assert isinstance(spec, OpenbSpec)
        seed = int(rng.integers(2**31))
        factors = np.exp(rng.normal(0, 0.5, 4))
        weights = (spec.fractional_weight, spec.whole_weight, spec.multiple_weight, spec.cpu_only_weight)
        fractional, whole, multiple, none = (
            round(float(np.clip(w * f, 0.05, 20)), 3) for w, f in zip(weights, factors, strict=True)
        )
        return spec.model_copy(
            update={
                "spec_id": f"openb-mutant-{seed}",
                "fractional_weight": fractional,
                "whole_weight": whole,
                "multiple_weight": multiple,
                "cpu_only_weight": none,
                "constrained_share": round(float(np.clip(spec.constrained_share + rng.normal(0, 0.1), 0, 0.6)), 3),
                "cpu_factor": round(float(np.clip(spec.cpu_factor * np.exp(rng.normal(0, 0.1)), 0.5, 1.5)), 3),
                "seed": seed,
            }
        )

    def expand_spec(spec: Spec) -> Scenario:
        assert isinstance(spec, OpenbSpec)
        return expand_openb(spec, nodes, pods)

    def value(scenario: Scenario, outcome: Outcome) -> float:
        demand = np.array([t.accelerators * t.accelerator_share for t in scenario.tasks])
        placed = outcome.tasks.status == Status.COMPLETED
        return float(100 * demand[placed].sum() / sum(n.accelerators for n in scenario.nodes))

    names = ("random", "first_fit", "best_fit", "dot_product", "gpu_packing", "gpu_clustering", "fgd")
    return Source(
        name="openb",
        training=("as_traced", "fractional", "multiple", "constrained"),
        validation=("whole", "mixed"),
        effort=Effort(12, 1, 6),
        has_levels=False,
        must_complete=False,
        queue_is_given=True,
        references={n: REFERENCES[n] for n in names},
        templates=(placement_template(),),
        sample=sample,
        mutate=mutate,
        expand=expand_spec,
        parse=OpenbSpec.model_validate,
        value=value,
        unit="allocated devices, %",
        measure="The value is the share of all accelerator capacity, in percent, that is allocated after a list of "
        "pods that asks for more than there is. Pods arrive one after another and never leave.",
        files=files,
    )


SWF_STRETCHES: Mapping[str, tuple[float, float, float]] = {
    # First and last job as shares of the log, and the usual factor on the time between arrivals. The
    # stretches lie outside the ten published sequences, which stay unseen.
    "early": (0.0, 0.198, 1.0),
    "early_dense": (0.0, 0.198, 0.85),
    "middle": (0.626, 0.708, 1.0),
    "middle_dense": (0.626, 0.708, 0.85),
}


def _swf(folder: Path) -> Source:
    log = _only(folder, "lublin*.swf*")
    jobs = read_jobs(log)
    processors = max(j.processors for j in jobs)

    def sample(family: str, level: int, rng: np.random.Generator) -> Spec:
        low, high, gap = SWF_STRETCHES[family]
        seed = int(rng.integers(2**31))
        return SwfSpec(
            spec_id=f"swf-{family}-{seed}",
            family=family,
            first=int(low * len(jobs)),
            last=int(high * len(jobs)),
            gap_factor=round(gap * float(np.exp(rng.normal(0, 0.05))), 3),
            duration_spread=0.5,
            seed=seed,
        )

    def mutate(spec: Spec, rng: np.random.Generator) -> Spec:
        assert isinstance(spec, SwfSpec)
        seed = int(rng.integers(2**31))
        gap = float(np.clip(spec.gap_factor * np.exp(rng.normal(0, 0.2)), 0.3, 3))
        return spec.model_copy(update={"spec_id": f"swf-mutant-{seed}", "gap_factor": round(gap, 3), "seed": seed})

    def expand_spec(spec: Spec) -> Scenario:
        assert isinstance(spec, SwfSpec)
        return expand_swf(spec, jobs, processors)

    names = ("fcfs+easy", "sjf+easy", "wfp3+easy", "unicep+easy", "f1+easy", "saf+easy")
    return Source(
        name="swf",
        training=("early", "early_dense"),
        validation=("middle", "middle_dense"),
        # Single sequences are noisy: many of them, for a few generations each.
        effort=Effort(4, 50, 60),
        has_levels=False,
        must_complete=True,
        queue_is_given=True,
        references={n: REFERENCES[n] for n in names},
        templates=(queue_template(),),
        sample=sample,
        mutate=mutate,
        expand=expand_spec,
        parse=SwfSpec.model_validate,
        value=lambda _, outcome: (
            -math.log(max(1.0, outcome.summary.bounded_slowdown)) - SLOWDOWN_UNDONE * undone(outcome.summary)
        ),
        unit="-log bounded slowdown",
        measure="The value is minus the logarithm of the mean bounded slowdown of the jobs (waiting and run time over "
        "run time, which counts as at least 10 s), under EASY backfilling.",
        files=(log,),
    )


def difficulty(level: int) -> float:
    """The level's difficulty, 0 to 1."""
    return LEVELS[level - 1].difficulty / 10
