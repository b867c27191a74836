"""Runs a transfer evaluation: trains a champion in every domain, and judges it in every domain."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from aurora.agents.arena.changed_source import CHANGES, ChangeName
from aurora.errors import InputError
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, Table, save_result
from aurora.evals.transfer.adaptation import Recovery, adaptation_metrics, adaptation_table, measure_adaptation
from aurora.evals.transfer.domains import ALL, CHOICE_SEED, DOMAINS, TRAINED, fresh_scenarios
from aurora.evals.transfer.forgetting import Forgotten, forgetting_metrics, forgetting_table, measure_forgetting
from aurora.evals.transfer.matrix import (
    Transfer,
    pairs_table,
    proposal_table,
    rewards_table,
    shares_table,
    transfer_metrics,
    transfers,
)
from aurora.evals.transfer.measuring import best_subject, measure_policies, references
from aurora.evals.transfer.settings import Effort, claim
from aurora.evals.transfer.training import Trajectory, train
from aurora.sim.policies.policy import Policy
from aurora.types import Progress, no_progress

TRAINED_FOLDER = "trained"
QUICK_CHANGES: tuple[ChangeName, ...] = ("prices",)
"""Changes of the quick form."""


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """Settings that determine a transfer evaluation.

    Attributes:
        effort: Effort of trainings and of their judgement.
        domains: Domains to train and to judge in.
        changes: Changes of constraints after which adaptation is measured; empty: none.
        adapted: Domain whose champions adapt to the changes.
        adaptation: Largest number of evaluations of a search after a change.
        forgetting: True: forgetting is measured.
    """

    effort: Effort = field(default_factory=Effort)
    domains: tuple[str, ...] = tuple(DOMAINS)
    changes: tuple[ChangeName, ...] = tuple(CHANGES)
    adapted: str = "edge"
    adaptation: int = 8_000
    forgetting: bool = True


def run_transfer(
    folder: Path,
    settings: TransferSettings = TransferSettings(),
    *,
    command: str = "",
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> EvalResult:
    """Train a champion in every domain and in all together, judge each in every domain, and write the result.

    What the folder holds already is not trained or measured again, so an interrupted evaluation continues.

    Args:
        folder: Folder of the evaluation; it is created.
        settings: Settings of the evaluation.
        command: Command that repeats it.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the steps done.

    Raises:
        InputError: A domain is unknown, or there are fewer than two.
        RunError: The folder holds an evaluation with other settings, or another process uses it.
        FileError: A file can't be read or written.
        KeyboardInterrupt: The work was interrupted; another call continues it.
    """
    started = time.perf_counter()
    _require_valid(settings)
    stated = claim(folder, asdict(settings))
    runs = train_all(folder, settings, progress)
    champions = {name: [run.champion for run in own] for name, own in runs.items()}
    rows = [
        row
        for domain in settings.domains
        for row in judge_domain(folder, domain, champions, settings.effort, interrupted, progress)
    ]
    forgotten: list[Forgotten] = []
    for name, own in runs.items() if settings.forgetting else ():
        forgotten += measure_forgetting(folder, name, own, settings.effort, interrupted=interrupted, progress=progress)
    recoveries: list[Recovery] = []
    if settings.changes:
        bases = dict(zip(settings.effort.seeds, champions[settings.adapted], strict=True))
        effort = replace(settings.effort, evaluations=settings.adaptation)
        recoveries = measure_adaptation(
            folder, settings.adapted, bases, settings.changes, effort, interrupted=interrupted, progress=progress
        )
    result = EvalResult(
        kind="transfer",
        provenance=provenance(
            command,
            seeds=settings.effort.seeds,
            settings=stated,
            seconds=time.perf_counter() - started,
        ),
        metrics=(
            *transfer_metrics(rows),
            *forgetting_metrics(forgotten),
            *adaptation_metrics(recoveries),
        ),
        tables=(
            *_matrix_tables(rows, settings.domains),
            *((forgetting_table(forgotten),) if forgotten else ()),
            *((adaptation_table(recoveries),) if recoveries else ()),
        ),
        notes=notes(settings, runs),
    )
    save_result(folder, result)
    return result


def _require_valid(settings: TransferSettings) -> None:
    """Raise `InputError` unless domains, changes and the domain of the adaptation are known."""
    domains = ",".join(settings.domains)
    if any(d not in DOMAINS for d in settings.domains) or len(set(settings.domains)) < 2:  # noqa: PLR2004  # from, to
        raise InputError(f"give at least two of {', '.join(DOMAINS)}", parameter="domains", value=domains)
    if settings.changes and settings.adapted not in settings.domains:
        raise InputError(f"it must be one of the domains {domains}", parameter="adapted", value=settings.adapted)
    for change in settings.changes:
        if change not in CHANGES:
            raise InputError(f"there are {', '.join(CHANGES)}", parameter="changes", value=change)


def train_all(folder: Path, settings: TransferSettings, progress: Progress) -> dict[str, list[Trajectory]]:
    """Train the champions of every domain and of all together, one for each seed."""
    names = (*settings.domains, ALL)
    steps = [(name, seed) for name in names for seed in settings.effort.seeds]
    runs: dict[str, list[Trajectory]] = {}
    for place, (name, seed) in enumerate(steps):
        progress("training", place, len(steps), f"{name}, seed {seed}")
        families = _trained_families(name, settings.domains)
        chosen = settings.effort.selfplay(seed, *families)
        where = folder / TRAINED_FOLDER / f"{name}-{seed}"
        runs.setdefault(name, []).append(
            train(where, chosen, settings.effort.evaluations, progress=progress, stage=f"{name}, seed {seed}")
        )
    progress("training", len(steps), len(steps))
    return runs


def _trained_families(name: str, domains: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the training and the held-out families; those of all chosen domains for the generalist."""
    chosen = [TRAINED[d] for d in domains] if name == ALL else [TRAINED[name]]
    return tuple(f for d in chosen for f in d.training), tuple(f for d in chosen for f in d.held_out)


def judge_domain(
    folder: Path,
    domain: str,
    champions: Mapping[str, Sequence[Policy]],
    effort: Effort,
    interrupted: Callable[[], bool],
    progress: Progress,
) -> list[Transfer]:
    """Measure all champions on a domain's fresh scenarios, beside the reference that is best on others.

    Args:
        folder: Folder of the evaluation.
        domain: Domain to judge in.
        champions: Champions by what they are trained on, one for each seed.
        effort: Effort of the judgement.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the number of samples done.
    """
    families, seed, known = TRAINED[domain].judged, effort.seeds[0], references()
    choice = fresh_scenarios(families, effort.scenarios, seed + CHOICE_SEED, levels=effort.levels)
    chosen = measure_policies(folder, f"{domain}, choice", choice, known, interrupted=interrupted, progress=progress)
    reference = best_subject(chosen, known)
    judged = fresh_scenarios(families, effort.scenarios, seed, levels=effort.levels)
    samples = measure_policies(
        folder, domain, judged, {**known, **champions}, interrupted=interrupted, progress=progress
    )
    return transfers(samples, domain, reference, list(champions))


def _matrix_tables(rows: Sequence[Transfer], domains: Sequence[str]) -> tuple[Table, ...]:
    return (proposal_table(rows), shares_table(rows, domains), rewards_table(rows, domains), pairs_table(rows))


def notes(settings: TransferSettings, runs: Mapping[str, Sequence[Trajectory]]) -> tuple[str, ...]:
    """Return remarks on training, splits and intervals."""
    effort = settings.effort
    spent = [run.evaluations for own in runs.values() for run in own]
    families = "; ".join(
        f"{d}: trained on {', '.join(TRAINED[d].training)}, held out {', '.join(TRAINED[d].held_out)}"
        for d in settings.domains
    )
    return (
        f"Every training has {effort.evaluations:,} evaluations at most; the champions were chosen after "
        f"{min(spent):,} to {max(spent):,}.",
        f"Families: {families}. Held-out families are not trained on; other scenarios of theirs choose the champion.",
        "Judged scenarios have random seeds that no training draws. Intervals are over scenarios, with the mean over "
        f"{len(effort.seeds)} seeds of training on each; they do not cover other seeds of training.",
    )
