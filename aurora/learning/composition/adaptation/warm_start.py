"""What an adaptation begins with: what was measured before it, and the compositions to try, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aurora.learning.composition.adaptation.catalogue_changes import may_be_better
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.composing import first_of_each
from aurora.learning.composition.adaptation.judging import RecompositionSettings
from aurora.learning.composition.adaptation.steps import Step, measured_of
from aurora.learning.composition.environment.task_problem import subject_of
from aurora.learning.composition.pipelines.chains import chains_of
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, alone
from aurora.learning.composition.pipelines.rules import Rules
from aurora.learning.composition.pipelines.validation import check
from aurora.learning.composition.scores.objective import Measured
from aurora.learning.composition.searching.measurement_journal import COMPOSITIONS, read_measurements
from aurora.learning.composition.tasks.task import Task

MOST_NEW, MOST_CHAINS = 3, 40
"""Most chains that are tried first because a component of them is new, and most chains altogether."""


def earlier_measurements(folder: Path, task: Task, steps: Sequence[Step]) -> dict[Pipeline, Measured]:
    """Return what is known of compositions before an adaptation: from searches, and from adaptations before it.

    Args:
        folder: Folder of the catalogue, whose searches are read.
        task: The task.
        steps: Steps of the deployment's adaptations, the oldest first; what they measured is newer than any search.

    Raises:
        FileError: The file of measurements can't be read.
        DataError: A line of it is no measurement.
    """
    found = read_measurements(folder / COMPOSITIONS, subject_of(task))
    for step in steps:
        if step.step == "measured":
            found[parse_pipeline(step.pipeline)] = measured_of(step.figures)
    return found


def candidates(
    running: Pipeline,
    changes: Sequence[Change],
    earlier: Mapping[Pipeline, Measured],
    rules: Rules,
    settings: RecompositionSettings,
) -> list[Pipeline]:
    """Return the compositions to try, in order, each at most once; none that is not valid.

    First the running one, then chains with components that are new or cheaper, then the best of before, no two of these
    with the same components: what was good before the change is often good after it. Last come the single chains, those
    first that show most components which none before them has.

    Args:
        running: The composition that runs.
        changes: What led to the adaptation.
        earlier: What was measured before it.
        rules: What compositions may be made of now.
        settings: What compositions are worth.
    """
    chains = sorted(chains_of(rules), key=lambda one: (len(one.components), one))
    new = {change.subject for change in changes if may_be_better(change)}
    singles = [alone(chain) for chain in chains[:MOST_CHAINS]]
    appeared = [alone(chain) for chain in chains if new & set(chain.components)]
    best_first = sorted(earlier, key=lambda one: -settings.worth(earlier[one]))
    found = dict.fromkeys([running, *appeared[:MOST_NEW], *first_of_each(best_first)])
    valid = [one for one in found if not check(one, rules)]
    return list(dict.fromkeys([*valid, *_showing_most(singles, {name for one in valid for name in one.components})]))


def _showing_most(singles: Sequence[Pipeline], shown: set[str]) -> list[Pipeline]:
    """Return single chains in the order in which each shows most components that none before it has."""
    found, waiting, shown = [], list(singles), set(shown)
    while waiting:
        best = max(waiting, key=lambda one: len(set(one.components) - shown))
        waiting.remove(best)
        shown |= set(best.components)
        found.append(best)
    return found


def valid_chains(chains: Sequence[Branch], rules: Rules) -> list[Branch]:
    """Return those of some chains of which a composition may be made now."""
    return [chain for chain in chains if not check(alone(chain), rules)]
