"""Runs a transfer evaluation: trains a champion in every domain, and judges it in every domain."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aurora.agents.arena.alterations import CHANGES, ChangeName
from aurora.errors import InputError
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, Table, save_result
from aurora.evals.transfer.adaptation import Recovery, adaptation_metrics, adaptation_table, measure_adaptation
from aurora.evals.transfer.adapted_comparison import (
    Comparison,
    DomainSamples,
    adapted_metrics,
    adapted_notes,
    adapted_table,
    judge_programs,
)
from aurora.evals.transfer.adapted_policies import ByModel, Program, adapted_pairs, write_programs
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
from aurora.prompts.loader import load_prompt
from aurora.sim.policies.policy import Policy
from aurora.types import Progress, no_progress

TRAINED_FOLDER = "trained"
FORGETTING_FOLDER = "short-iterations"
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
        forgetting: Largest number of evaluations of each training with short iterations, which leaves levels, so that
            forgetting is measured; 0: it is not.
        by_model: Adaptation by a model; None: there is none.
    """

    effort: Effort = field(default_factory=Effort)
    domains: tuple[str, ...] = tuple(DOMAINS)
    changes: tuple[ChangeName, ...] = tuple(CHANGES)
    adapted: str = "edge"
    adaptation: int = 8_000
    forgetting: int = 12_000
    by_model: ByModel | None = None

    @property
    def binding(self) -> dict[str, Any]:
        """Settings that a folder can't change later; forgetting and a model may be added to a finished evaluation."""
        return {name: value for name, value in asdict(self).items() if name not in ("forgetting", "by_model")}


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
    stated = claim(folder, settings.binding)
    domains = settings.domains
    runs = train_all(folder / TRAINED_FOLDER, (*domains, ALL), domains, settings.effort, progress)
    champions = {name: [run.champion for run in own] for name, own in runs.items()}
    programs: list[Program] = []
    if settings.by_model is not None:
        pairs = adapted_pairs(settings.domains)
        programs = write_programs(folder, champions, pairs, settings.effort, settings.by_model, progress=progress)
    rows: list[Transfer] = []
    compared: list[Comparison] = []
    for domain in settings.domains:
        judged = judge_domain(folder, domain, champions, settings.effort, interrupted, progress)
        rows += transfers(judged.samples, domain, judged.reference, list(champions))
        by_model = judge_programs(folder, judged, programs, interrupted=interrupted, progress=progress)
        rows += by_model.rows
        compared += by_model.comparisons
    forgotten = _forgotten(folder, settings, interrupted, progress)
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
            settings={**stated, **_added(settings)},
            seconds=time.perf_counter() - started,
            model="" if settings.by_model is None else settings.by_model.model,
        ),
        metrics=(
            *transfer_metrics(rows),
            *adapted_metrics(compared),
            *forgetting_metrics(forgotten),
            *adaptation_metrics(recoveries),
        ),
        tables=(
            *_matrix_tables(rows, settings.domains),
            *((adapted_table(compared),) if compared else ()),
            *((forgetting_table(forgotten),) if forgotten else ()),
            *((adaptation_table(recoveries),) if recoveries else ()),
        ),
        notes=(*notes(settings, runs), *_added_notes(settings, programs, forgotten)),
    )
    save_result(folder, result)
    return result


def _added(settings: TransferSettings) -> dict[str, Any]:
    """Return the settings of what may be added to a finished evaluation."""
    by_model = settings.by_model
    if by_model is None:
        return {"forgetting": settings.forgetting}
    return {
        "forgetting": settings.forgetting,
        "answers": by_model.answers,
        "model_seeds": by_model.seeds,
        "prompt": load_prompt("transfer").prompt_id,
    }


def _forgotten(
    folder: Path, settings: TransferSettings, interrupted: Callable[[], bool], progress: Progress
) -> list[Forgotten]:
    """Train with short iterations in every domain, and measure what later champions forget; nothing at 0 evaluations.

    Iterations of the usual size are so few within an evaluation's effort that no run leaves a level.
    """
    found: list[Forgotten] = []
    if not settings.forgetting:
        return found
    effort = settings.effort.with_short_iterations(settings.forgetting)
    runs = train_all(folder / FORGETTING_FOLDER, settings.domains, settings.domains, effort, progress)
    for name, own in runs.items():
        found += measure_forgetting(folder, name, own, settings.effort, interrupted=interrupted, progress=progress)
    return found


def _added_notes(
    settings: TransferSettings, programs: Sequence[Program], forgotten: Sequence[Forgotten]
) -> tuple[str, ...]:
    remarks: tuple[str, ...] = ()
    if settings.by_model is not None:
        remarks += adapted_notes(settings.by_model, programs)
    if settings.forgetting and not forgotten:
        remarks += (f"No run left a level within {settings.forgetting:,} evaluations, so forgetting is not measured.",)
    if forgotten:
        effort = settings.effort.with_short_iterations(settings.forgetting)
        remarks += (
            f"Forgetting is measured on trainings of their own, with {settings.forgetting:,} evaluations at most and "
            f"{effort.population} candidates in {effort.generations} generations an iteration.",
        )
    return remarks


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
    if settings.by_model is not None and settings.by_model.seeds > len(settings.effort.seeds):
        raise InputError(
            f"there are {len(settings.effort.seeds)} seeds of training",
            parameter="model_seeds",
            value=str(settings.by_model.seeds),
        )


def train_all(
    folder: Path, names: Sequence[str], domains: Sequence[str], effort: Effort, progress: Progress
) -> dict[str, list[Trajectory]]:
    """Train champions, one for each seed.

    Args:
        folder: Folder of the trainings.
        names: Domains to train on; `all` is the union of the chosen ones.
        domains: Chosen domains.
        effort: Effort of each training.
        progress: Receives the trainings done.
    """
    steps = [(name, seed) for name in names for seed in effort.seeds]
    runs: dict[str, list[Trajectory]] = {}
    for place, (name, seed) in enumerate(steps):
        stage = f"{name}, seed {seed}"
        progress("training", place, len(steps), stage)
        chosen = effort.selfplay(seed, *_trained_families(name, domains))
        where = folder / f"{name}-{seed}"
        runs.setdefault(name, []).append(train(where, chosen, effort.evaluations, progress=progress, stage=stage))
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
) -> DomainSamples:
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
    judged = fresh_scenarios(families, effort.scenarios, seed, levels=effort.levels)
    samples = measure_policies(
        folder, domain, judged, {**known, **champions}, interrupted=interrupted, progress=progress
    )
    return DomainSamples(domain, best_subject(chosen, known), judged, samples)


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
