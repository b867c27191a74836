"""Makes a champion that ships from a run: its policy, its provenance, and what it achieves on fresh scenarios."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import aurora
from aurora.agents.arena.alterations import with_weights
from aurora.agents.arena.evaluation import arena, values
from aurora.agents.arena.source import Source, Spec
from aurora.champions.champion import PREFIX, Champion, Difference, Example, Judgement, Loss, Provenance, parse_champion
from aurora.champions.licences import licences_of
from aurora.champions.shipped import shipped_champions
from aurora.errors import RunError
from aurora.evals.policy_parts import losses
from aurora.evals.results.result import RESULT_FILE, load_result
from aurora.graphs.run import settings_of
from aurora.graphs.run_directory import EVENTS, open_archive, read_manifest
from aurora.graphs.settings import PARTS, SelfPlaySettings, chosen_source
from aurora.reading import parse_json, read_text
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy, policy_key
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.source_tree import source_commit
from aurora.statistics.intervals import mean_interval

SHIPPED_SEED = 4_000_037
"""First word of the random seeds of scenarios on which a champion that ships is judged."""
MAX_EXAMPLES = 16
"""Largest number of examples of a champion."""


class _Family(NamedTuple):
    """The values of a champion and the references on scenarios of one family.

    Attributes:
        name: Name of the family.
        specs: Specs of the scenarios.
        scenarios: The encoded scenarios.
        own: Values of the champion, float64 [scenarios].
        references: Values of the references, float64 [references, scenarios].
    """

    name: str
    specs: tuple[Spec, ...]
    scenarios: tuple[EncodedScenario, ...]
    own: NDArray[np.float64]
    references: NDArray[np.float64]


class Judging(NamedTuple):
    """The fresh scenarios on which a champion that ships is judged.

    Attributes:
        per_family: Scenarios of each family, and of each level where the source has levels.
        seed: Random seed of the scenarios.
        jobs: Number of threads.
    """

    per_family: int = 32
    seed: int = 0
    jobs: int = 1


def champion_of_run(
    directory: Path,
    *,
    name: str,
    purpose: str,
    idea: str = "",
    judging: Judging = Judging(),  # noqa: B008  # immutable
    policy: str = "",
    rejected: Sequence[Path] = (),
) -> Champion:
    """Return the champion of a run as it ships; nothing is written.

    Args:
        directory: Folder of the run.
        name: Name under which it ships, such as `gpu`.
        purpose: Purpose in words.
        idea: What it does that heuristics don't, in words.
        judging: Fresh scenarios on which it is judged.
        policy: Id of another policy of the run; empty: the champion that validation chose.
        rejected: Folders of runs with other seeds whose champions were not chosen; their budgets are added.

    Returns:
        The champion, its version one above that of the shipped one of its name.

    Raises:
        RunError: A folder holds no run with a finished iteration, or the runs differ in more than the seed.
        StoreError: The archive can't be read, or holds no such policy.
        DataError: A trace is absent or not valid, its licence is not known, or the name is not valid.
        FileError: A trace can't be read.
    """
    settings = settings_of(directory)
    source = _trained_source(directory, settings)
    with open_archive(directory) as store:
        last = store.last_iteration()
        if last is None:
            raise RunError(f"{directory} holds no finished iteration; go on with the run")
        chosen = store.policy(policy) if policy else parse_policy(last[1]["champion"])
    provenance = _provenance((directory, *rejected), settings, source)
    judged = judge(chosen, source, provenance.test_families, judging)
    return parse_champion(
        {
            "format": 1,
            "name": name,
            "version": 1 + next((c.version for c in shipped_champions() if c.name == name), 0),
            "purpose": purpose,
            "idea": idea,
            "policy": chosen.model_copy(update={"policy_id": PREFIX + name}),
            "provenance": provenance,
            **judged._asdict(),
        },
        where=name,
    )


def rejudged(champion: Champion, source: Source, judging: Judging, *, idea: str = "") -> Champion:
    """Return a champion with its values measured anew, on the test families that its source has by now.

    Args:
        champion: The champion; its policy and how it was found stay the same.
        source: Its source, open.
        judging: Fresh scenarios on which it is judged.
        idea: What it does that heuristics don't, in words; empty: as before.

    Raises:
        RunError: The source lacks a family that the champion was trained or chosen on.
    """
    origin = champion.provenance
    known = {f for part in PARTS for f in getattr(source, part)}
    absent = sorted({*origin.training_families, *origin.validation_families} - known)
    if absent:
        raise RunError(f"source {source.name} has no {', '.join(absent)} by now; train {champion.name} anew")
    test = tuple(f for f in source.test if f not in (*origin.training_families, *origin.validation_families))
    own = replace(source, training=origin.training_families, validation=origin.validation_families, test=test)
    update = {"test_families": test, "judged_at": judged_at()}
    judged = judge(champion.policy, with_weights(own, champion.weights), test, judging)._asdict()
    judged |= {"provenance": origin.model_copy(update=update), "idea": idea or champion.idea}
    return parse_champion({**{name: getattr(champion, name) for name in Champion.model_fields}, **judged})


def judged_at() -> str:
    """Return the commit of the source tree that measures values here, or the version outside of a checkout."""
    return source_commit() or f"aurora {aurora.__version__}"


def _trained_source(directory: Path, settings: SelfPlaySettings) -> Source:
    """Return the source of a run with the families that its manifest names.

    Raises:
        RunError: The source has other files or families by now than the run was begun with.
    """
    source, manifest = chosen_source(settings), read_manifest(directory)
    if {f.name for f in source.files} != {*manifest["files"]}:
        raise RunError(f"{directory}: source {source.name} reads other files by now; train with this AURORA")
    families = {part: tuple(manifest.get("families", {}).get(part, getattr(source, part))) for part in PARTS}
    unknown = {n for names in families.values() for n in names} - {n for p in PARTS for n in getattr(source, p)}
    if unknown:
        raise RunError(f"{directory}: source {source.name} has no {', '.join(sorted(unknown))} by now; train anew")
    return replace(source, **families)


class Judged(NamedTuple):
    """The values of a champion on fresh scenarios, its parts, and examples of them; see `Champion`."""

    validation: Judgement
    test: Judgement | None
    parts: tuple[Loss, ...]
    examples: tuple[Example, ...]


def judge(policy: Policy, source: Source, test: Sequence[str], judging: Judging) -> Judged:
    """Measure a policy and the references on fresh scenarios of every family of a source.

    Args:
        policy: The policy.
        source: Source of the scenarios, with the families for training and validation.
        test: Families that neither training nor validation met.
        judging: How many scenarios, of which seed.
    """
    families = (*source.training, *source.validation, *test)
    measured = {family: _measured(policy, source, family, judging) for family in families}
    return Judged(
        _judgement(source, [measured[f] for f in source.validation], judging.seed),
        _judgement(source, [measured[f] for f in test], judging.seed) if test else None,
        part_losses(policy, source, [measured[f].scenarios for f in test or source.validation], judging.jobs),
        _examples(source, list(measured.values())),
    )


def part_losses(
    policy: Policy, source: Source, strata: Sequence[Sequence[EncodedScenario]], jobs: int
) -> tuple[Loss, ...]:
    """Return what a policy loses without each of its parts; see `aurora.evals.policy_parts.losses`."""
    return tuple(Loss(part=p.part, **p.loss._asdict()) for p in losses(policy, source, strata, jobs))


def fresh(source: Source, family: str, judging: Judging) -> tuple[tuple[Spec, ...], tuple[EncodedScenario, ...]]:
    """Draw scenarios of a family that no run meets, at every level; return their specs and the scenarios."""
    rng = np.random.default_rng([SHIPPED_SEED, judging.seed, *family.encode()])
    levels = [level.number for level in LEVELS] if source.has_levels else [1]
    specs = tuple(source.sample(family, level, rng) for level in levels for _ in range(judging.per_family))
    return specs, tuple(encode(source.expand(spec)) for spec in specs)


def _measured(policy: Policy, source: Source, family: str, judging: Judging) -> _Family:
    specs, scenarios = fresh(source, family, judging)
    ground = arena(source, scenarios, judging.jobs)
    own = values(source, ground.scenarios, [compile_policy(policy)], judging.jobs)[0]
    return _Family(family, specs, ground.scenarios, own, ground.reference_values)


def _judgement(source: Source, families: Sequence[_Family], seed: int) -> Judgement:
    rows = []
    for place, reference in enumerate(source.references):
        difference = mean_interval([f.own - f.references[place] for f in families])
        mean = float(np.mean([f.references[place].mean() for f in families]))
        rows.append(Difference(reference=reference, reference_mean=mean, **difference._asdict()))
    return Judgement(
        families=tuple(f.name for f in families),
        scenarios=sum(len(f.own) for f in families),
        seed=seed,
        mean=float(np.mean([f.own.mean() for f in families])),
        against=tuple(sorted(rows, key=lambda r: r.mean)),
    )


def _examples(source: Source, families: Sequence[_Family]) -> tuple[Example, ...]:
    """Return the scenario of each family on which the champion is furthest ahead, if it is."""
    names, examples = tuple(source.references), []
    for family in families:
        leads = family.own - family.references.max(axis=0)
        place = int(np.argmax(leads))
        if leads[place] <= 0:
            continue
        best = int(np.argmax(family.references[:, place]))
        examples.append(
            Example(
                family=family.name,
                spec=json.loads(family.specs[place].model_dump_json()),
                value=float(family.own[place]),
                best_reference=names[best],
                best_reference_value=float(family.references[best, place]),
            )
        )
    return tuple(examples[:MAX_EXAMPLES])


class _Budget(NamedTuple):
    """The budget of a run.

    Attributes:
        iterations: Committed iterations.
        simulations: Simulations of these.
        seconds: Wall-clock seconds of all of its processes.
    """

    iterations: int
    simulations: int
    seconds: float


def _budget(directory: Path) -> _Budget:
    with open_archive(directory) as store:
        last = store.last_iteration()
    if last is None:
        raise RunError(f"{directory} holds no finished iteration; go on with the run")
    return _Budget(last[0] + 1, last[1]["evaluations"], run_seconds(directory))


def _provenance(directories: Sequence[Path], settings: SelfPlaySettings, source: Source) -> Provenance:
    """Return the provenance of the champion of the first run."""
    manifest, start = read_manifest(directories[0]), settings.start
    budgets, everyone = [_budget(d) for d in directories], [settings_of(d) for d in directories]
    for directory, other in zip(directories, everyone, strict=True):
        if other.model_copy(update={"seed": settings.seed}) != settings:
            raise RunError(f"{directory} differs from {directories[0]} in more than its seed; leave it out")
    return Provenance(
        source=settings.source,
        unit=source.unit,
        training_families=source.training,
        validation_families=source.validation,
        test_families=source.test,
        seeds=tuple(s.seed for s in everyone),
        iterations=sum(b.iterations for b in budgets),
        simulations=sum(b.simulations for b in budgets),
        seconds=round(sum(b.seconds for b in budgets), 3),
        proposer=settings.proposer,
        parent="" if start is None else _parent(start),
        partners=tuple(p.policy_id for p in settings.shipped),
        files=manifest["files"],
        data=licences_of(manifest["files"]),
        commit=str(manifest.get("commit") or _evaluated_at(directories[0])),
        aurora=str(manifest.get("aurora", aurora.__version__)),
        judged_at=judged_at(),
    )


def _evaluated_at(directory: Path) -> str:
    """Return the commit of the evaluation that a run is part of; empty if it is part of none."""
    for folder in directory.absolute().parents:
        if (folder / RESULT_FILE).is_file():
            return load_result(folder).provenance.commit
    return ""


def _parent(start: Policy) -> str:
    """Return the name of the shipped champion that a policy equals, else its id."""
    key = policy_key(start)
    names = {policy_key(c.policy): c.policy_name for c in shipped_champions()}
    return names.get(key, start.policy_id)


def run_seconds(directory: Path) -> float:
    """Return the wall-clock seconds of all processes of a run, by its event log.

    Raises:
        RunError: The log is absent or damaged.
    """
    path = directory / EVENTS
    total = before = 0.0
    for number, line in enumerate(read_text(path, error=RunError).splitlines(), 1):
        event = parse_json(line, f"{path}, line {number}", error=RunError)
        seconds = event.get("seconds", before) if isinstance(event, dict) else before
        if seconds < before:  # another process opened the log
            total += before
        before = seconds
    return total + before
