"""What an adaptation proposes for a deployment: the best of before, then short chains and what is composed of them."""

from __future__ import annotations

from collections.abc import Mapping

from aurora.learning.composition.adaptation.chain_times import branches_of
from aurora.learning.composition.adaptation.judging import RecompositionSettings
from aurora.learning.composition.adaptation.recomposition import Trials
from aurora.learning.composition.adaptation.warm_start import searched_trials, warm_trials
from aurora.learning.composition.catalogue import Entry
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.pipelines.chains import chains_of
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.rules import Limits, Rules
from aurora.learning.composition.pipelines.validation import branch_misfits, check
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.tasks.task import Task

MOST_CHAINS = 40
AGENT = "hill-climbing"
"""It needs no enumeration: with the components of a catalogue, the space is large."""


def proposals(
    task: Task,
    running: Pipeline,
    entries: Mapping[str, Entry],
    earlier: Mapping[Pipeline, Measured],
    weights: Weights,
    *,
    rate: float,
    seed: int = 0,
) -> Trials:
    """Propose the best compositions of before, then what a search proposes; none has a component that was withdrawn.

    Args:
        task: The task.
        running: The composition that runs.
        entries: Id -> component of the catalogue as it is now.
        earlier: What was measured before this adaptation.
        weights: What accuracy, latency and cost are worth.
        rate: Requests a second.
        seed: Random seed of the search.
    """
    usable = {name: one for name, one in entries.items() if one.is_for(task.name)}
    rules = Rules(usable, task.input, task.classes, Limits(branches=2, transformations=2))
    # what runs may have a component that can't be composed any more
    own = {branch for branch in branches_of(running) if not branch_misfits(branch, rules)}
    short = sorted(chains_of(rules), key=lambda one: (len(one.components), one))
    chains = tuple(sorted({*own, *short[:MOST_CHAINS]}))
    problem = Problem(
        weights=weights,
        moves=EditSpace(rules, chains),
        chains=chains,
        load=rate,
        most_stages=rules.limits.stages,
        most_branches=rules.limits.branches,
    )
    return warm_trials(
        earlier,
        RecompositionSettings(weights).worth,
        searched_trials(problem, AGENT, seed=seed),
        is_valid=lambda pipeline: not check(pipeline, rules),
    )
