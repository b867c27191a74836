"""Programs that a model adapts from one domain to another, and programs that it writes there from nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.reward import GENERAL_REFERENCES, REWARD_MEASURE
from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import MeteredModel, metered
from aurora.agents.models.model import model_name
from aurora.agents.roles.adapter import AdaptBriefing, Adapted, Values, adapt_policy
from aurora.errors import AnswerError
from aurora.evals.benchmark.suites import Judged
from aurora.evals.transfer.domains import TRAINED, fresh_scenarios
from aurora.evals.transfer.matrix import PROPOSAL
from aurora.evals.transfer.settings import Effort
from aurora.files import write_atomically, writing
from aurora.graphs.run_directory import CALLS
from aurora.prompts.loader import Prompt, load_prompt
from aurora.sim.kernel import EncodedScenario, encode, run
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import score
from aurora.sim.scenarios.generators import FAMILIES
from aurora.sim.scenarios.scenario import Domain
from aurora.tools.recording import Recording
from aurora.types import Progress, no_progress

BY_MODEL_FOLDER = "by-model"
"""Folder of what models write: a recording and a folder of programs for each."""
TYPICAL_SEED = 104_729
"""Added to the seed of the judged scenarios for the typical ones."""
TYPICAL_PER_LEVEL = 4
"""Typical scenarios of each family and level."""
DESCRIBED_LEVELS = (2, 4)
"""Levels of which the prompt describes a scenario of each family."""


@dataclass(frozen=True, slots=True)
class ByModel:
    """Settings of adaptation by a model.

    Attributes:
        model: Model as `provider:model`.
        answers: Most answers of the model for each program, invalid ones included.
        seeds: Number of seeds of training whose champions are adapted.
        budget: Budget of all programs together.
    """

    model: str
    answers: int = 3
    seeds: int = 1
    budget: Budget = field(default_factory=Budget)


class Program(NamedTuple):
    """A program that a model wrote for a domain.

    Attributes:
        source: Domain whose champion it adapts; None: it starts from nothing.
        target: Domain that it is for.
        trial: Number of the training, from 0.
        seed: Random seed of that training; a program from nothing only shares its number.
        adapted: Program; None: no answer was valid.
        failure: Reason why there is none; empty: there is one.
    """

    source: str | None
    target: str
    trial: int
    seed: int
    adapted: Adapted | None
    failure: str = ""

    @property
    def label(self) -> str:
        """Name of the program for people."""
        return f"{self.source or 'nothing'} to {self.target}, seed {self.seed}"

    @property
    def file_name(self) -> str:
        """Name of the file of its policy."""
        return f"{self.source or 'nothing'}-to-{self.target}-{self.seed}.json"


def adapted_pairs(domains: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of source and target that the proposal names, among some domains."""
    return [pair for pair in PROPOSAL if set(pair) <= set(domains)]


def write_programs(
    folder: Path,
    champions: Mapping[str, Sequence[Policy]],
    pairs: Sequence[tuple[str, str]],
    effort: Effort,
    settings: ByModel,
    *,
    model: MeteredModel | None = None,
    progress: Progress = no_progress,
) -> list[Program]:
    """Let a model adapt the champions of each pair to its target, and write as many programs there from nothing.

    Every program has the same number of answers. What the recording in the folder holds is not asked again. The
    policies are written to the folder.

    Args:
        folder: Folder of the evaluation.
        champions: Champions by what they are trained on, one for each seed of training.
        pairs: Pairs of source and target.
        effort: Effort of the judgement, which gives seeds and levels.
        settings: Settings of the adaptation.
        model: Model to ask; None: it is opened as the settings say, with its recording in the folder.
        progress: Receives the programs done.

    Raises:
        ModelError: The model can't be reached, or another try can't succeed.
        BudgetExceeded: The budget is spent.
        RunError: The recording can't be used.
        FileError: The folder can't be written.
    """
    where = folder / BY_MODEL_FOLDER / re.sub(r"[^A-Za-z0-9.-]+", "-", settings.model)
    with writing(where):
        where.mkdir(parents=True, exist_ok=True)
    if model is not None:
        programs = _written(model, champions, pairs, effort, settings, progress)
    else:
        with Recording(where / CALLS) as recording:
            opened = metered(model_name(settings.model), budget=settings.budget, recording=recording)
            programs = _written(opened, champions, pairs, effort, settings, progress)
    for program in programs:
        if program.adapted is not None:
            text = program.adapted.policy.model_dump_json(indent=2, exclude_none=True)
            write_atomically(where / program.file_name, text + "\n")
    return programs


def _written(
    model: MeteredModel,
    champions: Mapping[str, Sequence[Policy]],
    pairs: Sequence[tuple[str, str]],
    effort: Effort,
    settings: ByModel,
    progress: Progress,
) -> list[Program]:
    prompt = load_prompt("transfer")
    starts = [(source, target) for target in dict.fromkeys(t for _, t in pairs) for source in _sources(target, pairs)]
    wanted = [(source, target, trial) for source, target in starts for trial in range(settings.seeds)]
    programs = []
    for place, (source, target, trial) in enumerate(wanted):
        program = Program(source, target, trial, effort.seeds[trial], None)
        progress("programs of the model", place, len(wanted), program.label)
        model.recording.begin(program.label)
        policy = None if source is None else champions[source][trial]
        try:
            adapted = _ask(model, prompt, source, target, policy, effort, settings.answers)
        except AnswerError as error:
            program = program._replace(failure=str(error))
        else:
            program = program._replace(adapted=adapted)
        programs.append(program)
    progress("programs of the model", len(wanted), len(wanted))
    return programs


def _sources(target: str, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
    return [*(source for source, other in pairs if other == target), None]


def _ask(
    model: MeteredModel,
    prompt: Prompt,
    source: str | None,
    target: str,
    policy: Policy | None,
    effort: Effort,
    answers: int,
) -> Adapted:
    typical = draw_typical(target, effort)
    briefing = AdaptBriefing(
        target=cast(Domain, target),
        families={name: FAMILIES[name].meaning for name in typical.each_family},
        scenarios=[j.scenario for j in typical.described],
        size=len(typical.measured),
        references=GENERAL_REFERENCES,
        reference_values={name: typical.values(p) for name, p in GENERAL_REFERENCES.items()},
        measure=REWARD_MEASURE,
        source=cast("Domain | None", source),
        policy=policy,
        policy_values=None if policy is None else typical.values(policy),
    )
    return adapt_policy(model, prompt, briefing, typical.values, answers)


class Typical(NamedTuple):
    """Typical scenarios of a domain.

    Attributes:
        described: Scenarios that a prompt describes.
        measured: Scenarios that programs are measured on.
        families: Family of each of these.
    """

    described: Sequence[Judged]
    measured: Sequence[EncodedScenario]
    families: Sequence[str]

    @property
    def each_family(self) -> list[str]:
        """Families of the scenarios, in order."""
        return list(dict.fromkeys(self.families))

    def values(self, policy: Policy) -> Values:
        """Return the values of a policy, every family and every scenario of one counting the same."""
        program = compile_policy(policy)
        parts: dict[str, list[dict[str, float]]] = {}
        for encoded, family in zip(self.measured, self.families, strict=True):
            parts.setdefault(family, []).append(_parts(encoded, run(encoded, program)))
        means = [{name: float(np.mean([p[name] for p in own])) for name in own[0]} for own in parts.values()]
        return Values(
            tuple(sum(mean.values()) for mean in means),
            {name: float(np.mean([mean[name] for mean in means])) for name in means[0]},
        )


def _parts(encoded: EncodedScenario, outcome: Outcome) -> dict[str, float]:
    """Return what adds up to the value of an outcome: weighted scores, and what tasks left undone cost."""
    scores, weights = score(outcome.summary, encoded.scenario), encoded.scenario.weights()
    earned: dict[str, float] = {name: weights[name] * value for name, value in scores.objectives.items()}
    return {**earned, "tasks undone": GeneratedSource().value(encoded.scenario, outcome) - scores.reward}


def draw_typical(target: str, effort: Effort) -> Typical:
    """Draw typical scenarios of all families of a domain, as those that champions are trained or chosen on.

    Args:
        target: Domain.
        effort: Effort of the judgement, which gives levels and the seed that the typical scenarios stay clear of.
    """
    by_level = {
        level: fresh_scenarios(
            TRAINED[target].judged, TYPICAL_PER_LEVEL, effort.seeds[0] + TYPICAL_SEED, levels=(level,)
        )
        for level in effort.levels
    }
    shown = [level for level in effort.levels if level in DESCRIBED_LEVELS] or list(effort.levels)
    described = [j for level in shown for j in {j.stratum: j for j in reversed(by_level[level])}.values()]
    drawn = [j for own in by_level.values() for j in own]
    return Typical(described, [encode(j.scenario) for j in drawn], [j.stratum.rsplit("-", 1)[0] for j in drawn])
