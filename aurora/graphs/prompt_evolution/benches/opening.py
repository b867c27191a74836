"""Opens the bench of a role."""

from __future__ import annotations

from pathlib import Path

from aurora.agents.arena.sources import open_source
from aurora.cluster.samples.load import SAMPLES
from aurora.errors import InputError
from aurora.graphs.prompt_evolution.bench import Bench
from aurora.graphs.prompt_evolution.benches.attacker import AttackerBench
from aurora.graphs.prompt_evolution.benches.defender import DefenderBench
from aurora.graphs.prompt_evolution.benches.explainer import ExplainerBench
from aurora.graphs.prompt_evolution.benches.operator import OperatorBench
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.generators import FAMILIES

DEFAULT_FAMILIES = 3
"""Number of the source's families that make up the cases where none is named."""


def open_bench(settings: EvolutionSettings) -> Bench:
    """Open the bench of the role that the settings name.

    Raises:
        InputError: A family is unknown, or the role can't be measured on the source.
        FileError: The trace is absent.
        DataError: The trace is not valid.
    """
    chosen, seed, level = settings.families, settings.seed, settings.level
    if settings.role == "operator":
        return OperatorBench(_known(chosen, tuple(SAMPLES), "samples") or tuple(SAMPLES), seed)
    if settings.role == "explainer":
        default = ExplainerBench.families
        return ExplainerBench(_known(chosen, tuple(FAMILIES), "families") or default, seed, level)
    source = open_source(settings.source, None if settings.data is None else Path(settings.data))
    if settings.role == "attacker":
        if not source.has_levels:
            raise InputError("the attacker writes scenarios at levels, which this source has not", parameter="source")
        levels = tuple(f"level {n}" for n in range(1, len(LEVELS) + 1))
        return AttackerBench(source, _known(chosen, levels, "families") or AttackerBench.families, seed)
    families = _known(chosen, source.training + source.validation, "families") or source.training[:DEFAULT_FAMILIES]
    return DefenderBench(source, families, seed, level)


def _known(chosen: tuple[str, ...], known: tuple[str, ...], what: str) -> tuple[str, ...]:
    for name in chosen:
        if name not in known:
            raise InputError(f"there is no such family; {what}: {', '.join(known)}", parameter="families", value=name)
    return tuple(dict.fromkeys(chosen))
