"""Runs ablations: self-play without one of its parts, at an equal number of evaluations, on the same scenarios."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aurora.agents.arena.templates import general_template
from aurora.agents.models.budget import Budget
from aurora.errors import InputError
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import Cell, EvalResult, Metric, Table, metric, save_result
from aurora.evals.results.samples import Sample
from aurora.evals.results.summary import Difference, compare_subjects
from aurora.evals.transfer.domains import ALL, CHOICE_SEED, TRAINED, fresh_scenarios
from aurora.evals.transfer.measuring import VALUE, best_subject, measure_policies, references
from aurora.evals.transfer.settings import Effort, claim
from aurora.evals.transfer.training import Trajectory, train
from aurora.evals.transfer.values import SuiteValues
from aurora.evals.transfer.variants import COMPLETE, DEFAULT_VARIANTS, VARIANTS, variant_settings
from aurora.graphs.run_directory import CALLS
from aurora.statistics.intervals import mean_interval
from aurora.tools.recording import Recording
from aurora.types import Progress, no_progress

TRAINED_FOLDER = "trained"
START = "start of the search"
"""Subject of the template from which every search starts."""
SUITE = "ablations"


@dataclass(frozen=True, slots=True)
class AblationSettings:
    """Settings that determine ablations.

    Attributes:
        effort: Effort of trainings and of their judgement.
        variants: Names from `VARIANTS` beside the complete one; those that need a model are left out without one.
        model: Model as `provider:model`; empty: the search works alone.
    """

    effort: Effort = field(default_factory=Effort)
    variants: tuple[str, ...] = DEFAULT_VARIANTS
    model: str = ""

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the variants that are trained, the complete one first."""
        chosen = {COMPLETE, *self.variants}
        return tuple(n for n, v in VARIANTS.items() if n in chosen and (self.model or not v.needs_model))


def run_ablations(
    folder: Path,
    settings: AblationSettings = AblationSettings(),
    *,
    budget: Budget = Budget(),  # noqa: B008  # immutable
    command: str = "",
    interrupted: Callable[[], bool] = lambda: False,
    progress: Progress = no_progress,
) -> EvalResult:
    """Train every variant with every seed, judge all champions on the same fresh scenarios, and write the result.

    What the folder holds already is not trained or measured again, so interrupted ablations continue.

    Args:
        folder: Folder of the evaluation; it is created.
        settings: Settings of the ablations.
        budget: Budget of the model for each training.
        command: Command that repeats it.
        interrupted: Function that returns True once the work must stop.
        progress: Receives the steps done.

    Raises:
        InputError: A variant is unknown, or there are fewer than two seeds.
        RunError: The folder holds other ablations, or another process uses it.
        ModelError: The model failed, and another try can't succeed.
        FileError: A file can't be read or written.
        KeyboardInterrupt: The work was interrupted; another call continues it.
    """
    started = time.perf_counter()
    unknown = [name for name in settings.variants if name not in VARIANTS]
    if unknown:
        raise InputError(f"there are {', '.join(VARIANTS)}", parameter="variants", value=", ".join(unknown))
    if len(settings.effort.seeds) < 2:  # noqa: PLR2004  # a spread needs two
        raise InputError("ablations need at least two seeds", parameter="seeds")
    stated = claim(folder, asdict(settings))
    runs = train_variants(folder, settings, budget, progress)
    samples, reference = _judged(folder, runs, settings.effort, interrupted, progress)
    rivals = [name for name in settings.trained if name != COMPLETE]
    compared = compare_subjects(samples, COMPLETE, rivals, [VALUE], suite=SUITE) if rivals else []
    values = SuiteValues(samples)
    result = EvalResult(
        kind="ablations",
        provenance=provenance(
            command,
            seeds=settings.effort.seeds,
            settings=stated,
            seconds=time.perf_counter() - started,
            model=settings.model,
        ),
        metrics=tuple(ablation_metrics(values, compared, [*settings.trained, START, reference])),
        tables=(ablation_table(values, compared, runs, reference),),
        notes=(*notes(settings, reference), *call_notes(folder, settings)),
    )
    save_result(folder, result)
    return result


def train_variants(
    folder: Path, settings: AblationSettings, budget: Budget, progress: Progress
) -> dict[str, list[Trajectory]]:
    """Train every variant on all families, once for each seed."""
    steps = [(name, seed) for name in settings.trained for seed in settings.effort.seeds]
    families = TRAINED[ALL]
    runs: dict[str, list[Trajectory]] = {}
    for place, (name, seed) in enumerate(steps):
        stage = f"{name}, seed {seed}"
        progress("training", place, len(steps), stage)
        chosen = settings.effort.selfplay(
            seed, families.training, families.held_out, **variant_settings(name, settings.model)
        )
        where = _training_folder(folder, name, seed)
        limit = settings.effort.evaluations
        runs.setdefault(name, []).append(train(where, chosen, limit, budget=budget, progress=progress, stage=stage))
    progress("training", len(steps), len(steps))
    return runs


def _training_folder(folder: Path, variant: str, seed: int) -> Path:
    return folder / TRAINED_FOLDER / f"{variant.replace(' ', '-')}-{seed}"


def _judged(
    folder: Path,
    runs: Mapping[str, Sequence[Trajectory]],
    effort: Effort,
    interrupted: Callable[[], bool],
    progress: Progress,
) -> tuple[list[Sample], str]:
    """Return the samples of all champions, the start and the best reference, which is chosen on other scenarios."""
    families, seed, known = TRAINED[ALL].judged, effort.seeds[0], references()
    choice = fresh_scenarios(families, effort.scenarios, seed + CHOICE_SEED, levels=effort.levels)
    chosen = measure_policies(folder, f"{SUITE}, choice", choice, known, interrupted=interrupted, progress=progress)
    reference = best_subject(chosen, known)
    contestants = {name: [run.champion for run in own] for name, own in runs.items()}
    contestants |= {START: [general_template()], reference: list(known[reference])}
    judged = fresh_scenarios(families, effort.scenarios, seed, levels=effort.levels)
    samples = measure_policies(folder, SUITE, judged, contestants, interrupted=interrupted, progress=progress)
    return samples, reference


def ablation_metrics(values: SuiteValues, compared: Sequence[Difference], subjects: Sequence[str]) -> list[Metric]:
    """Return the reward of every subject, and what the complete variant is ahead of each other one."""
    metrics = []
    for name in subjects:
        strata = values.values(name)
        count = sum(len(s) for s in strata)
        metrics.append(metric(VALUE, mean_interval(strata), better="higher", samples=count, subject=name, suite=SUITE))
    metrics += [
        metric("complete less it", d.difference, samples=d.clusters, subject=d.rival, suite=SUITE) for d in compared
    ]
    return metrics


def ablation_table(
    values: SuiteValues, compared: Sequence[Difference], runs: Mapping[str, Sequence[Trajectory]], reference: str
) -> Table:
    """Return every variant with what the complete one is ahead of it."""
    found = {d.rival: d for d in compared}
    rows: list[tuple[Cell, ...]] = []
    for name in (*runs, START, reference):
        about = VARIANTS[name].about if name in VARIANTS else "reference policy" if name == reference else "template"
        behind: tuple[Cell, ...] = (None,) * 5
        if name in found:
            d = found[name]
            by_seed = values.gains_by_trial(COMPLETE, name, paired=True)
            behind = (*d.difference, d.adjusted, f"{sum(g > 0 for g in by_seed)} of {len(by_seed)}")
        own = runs.get(name, ())
        spent = round(sum(r.evaluations for r in own) / len(own)) if own else None
        level = max((r.points[-1].level for r in own), default=None)
        rows.append((name, about, *mean_interval(values.values(name)), *behind, spent, level))
    return Table(
        title="self-play without one of its parts",
        columns=(
            "variant",
            "what is different",
            "reward",
            "low",
            "high",
            "complete less it",
            "low",
            "high",
            "p, adjusted",
            "complete ahead in seeds",
            "evaluations",
            "level",
        ),
        rows=tuple(rows),
        note="Paired over scenarios, with Holm's correction. The intervals are for these trainings; the number of "
        "seeds shows whether others may differ.",
    )


def notes(settings: AblationSettings, reference: str) -> tuple[str, ...]:
    """Return remarks on the effort, the splits, and the variants that are left out."""
    effort = settings.effort
    remarks = [
        f"Every training has {effort.evaluations:,} evaluations at most, with {len(effort.seeds)} seeds.",
        f"Judged scenarios have random seeds that no training draws. The reference {reference} is the best on others.",
    ]
    if not settings.model:
        remarks.append(
            "Without a model the complete variant is the search alone; `search only` and `model only` need --model."
        )
    return tuple(remarks)


def call_notes(folder: Path, settings: AblationSettings) -> tuple[str, ...]:
    """Return the number of answers that the model gave in the trainings of each variant; nothing without a model.

    Args:
        folder: Folder of the evaluation.
        settings: Settings of the ablations.
    """
    if not settings.model:
        return ()
    answers = {}
    for name in settings.trained:
        files = [_training_folder(folder, name, seed) / CALLS for seed in settings.effort.seeds]
        answers[name] = sum(_answers(file) for file in files if file.exists())
    counted = ", ".join(f"{name} {count:,}" for name, count in answers.items())
    return (f"Answers of {settings.model} in all trainings of a variant: {counted}.",)


def _answers(file: Path) -> int:
    with Recording(file, replaying=True) as recording:
        return sum(e.kind == "model" and e.response is not None for e in recording)
