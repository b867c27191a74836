"""An evolution in its directory: opening, evolving, resuming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from pydantic import ValidationError

from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import MeteredModel, metered
from aurora.agents.models.model import CallLimits, model_name
from aurora.errors import InputError, RunError
from aurora.graphs.interrupts import interruptible
from aurora.graphs.prompt_evolution.bench import Bench, Cases, draw_cases
from aurora.graphs.prompt_evolution.budget import EvolutionBudget
from aurora.graphs.prompt_evolution.context import EvolutionContext, EvolutionEvent
from aurora.graphs.prompt_evolution.evolution import Evolved, evolve
from aurora.graphs.prompt_evolution.proposers import proposer_of
from aurora.graphs.prompt_evolution.settings import EvolutionSettings
from aurora.graphs.prompt_evolution.state import Standing
from aurora.graphs.run_directory import ARCHIVE, CALLS, MANIFEST, open_archive, owned, read_manifest, start_manifest
from aurora.memory.store import Moment, Store
from aurora.prompts.loader import Prompt, load_prompt
from aurora.tools.recording import Recording
from aurora.tools.session import note_session
from aurora.validation import explain_validation


class Inner(NamedTuple):
    """Clients in place of the providers', for models of the caller's own."""

    model: BaseChatModel
    meta_model: BaseChatModel


class EvolutionRun(NamedTuple):
    """An open evolution; no other process can write to its directory.

    Attributes:
        directory: Folder of the run.
        settings: Settings that determine it.
        store: Archive.
    """

    directory: Path
    settings: EvolutionSettings
    store: Store

    def cases(self, bench: Bench) -> Cases:
        """Return the cases of a bench by the settings."""
        chosen = self.settings
        return draw_cases(bench.families, chosen.selection, chosen.sealed, chosen.seed)

    @contextmanager
    def working(
        self,
        bench: Bench,
        *,
        generations: int = 3,
        budget: EvolutionBudget = EvolutionBudget(),  # noqa: B008  # immutable
        tell: Callable[[EvolutionEvent], None] = lambda event: None,
        replay: Path | None = None,
        limits: CallLimits | None = None,
        inner: Inner | None = None,
    ) -> Iterator[tuple[EvolutionContext, Prompt]]:
        """Open the models and the recording; yield what an evolution works with, and the first prompt.

        Args:
            bench: Bench of the role that the settings name.
            generations: Number of generations of the run at the end.
            budget: Limits of the whole run, earlier processes included.
            tell: Callback for every event.
            replay: Recording whose answers replace calls of the model; None: it is called.
            limits: Limits of a single call of the model; None: those of the environment.
            inner: Clients in place of the providers'.

        Raises:
            InputError: The budget of evaluations does not even allow for the first prompt and the sealed cases.
            RunError: The run was begun with another prompt or meta-prompt.
            ModelError: The model can't be reached, or the recording does not fit.
        """
        cases = self.cases(bench)
        _require_enough(budget, cases)
        first, meta = self._prompts()
        texts: dict[str, str] = {first.role: first.text, "evolver": meta.text}
        with (
            interruptible() as interrupted,
            Recording(replay or self.directory / CALLS, replaying=replay is not None) as calls,
        ):
            note_session(calls, self.settings.model_dump(mode="json"), texts)
            model, meta_model = _models(self.settings, calls, budget, limits, inner)
            context = EvolutionContext(
                settings=self.settings,
                bench=bench,
                cases=cases,
                store=self.store,
                model=model,
                meta_model=meta_model,
                meta=meta,
                budget=budget,
                last=generations,
                tell=tell,
                interrupted=interrupted,
            )
            yield context, first

    def evolve(self, bench: Bench, **options: Any) -> Evolved:
        """Evolve the prompt of the bench's role; see `evolution.evolve`.

        Args:
            bench: Bench of the role that the settings name.
            options: Options of `working`.

        Raises:
            InputError: The budget is too small, or the method is gepa, which `aurora.evals.gepa_rival` runs.
            RunError: The run was begun with another prompt or meta-prompt.
            ModelError: A model can't be reached or failed, or the recording does not fit.
        """
        proposer = proposer_of(self.settings.method)
        with self.working(bench, **options) as (context, first):
            return evolve(replace(context, proposer=proposer), first)

    def _prompts(self) -> tuple[Prompt, Prompt]:
        """Return the first prompt and the meta-prompt, which must be those that the run was begun with.

        Raises:
            RunError: They are others.
        """
        first, meta = load_prompt(self.settings.role), load_prompt("evolver")
        stored = {p.prompt_id: p for p in self.store.prompts()}
        if self.settings.first in stored:
            first = Prompt(self.settings.role, stored[self.settings.first].text)
        for prompt, begun in ((first, self.settings.first), (meta, self.settings.meta)):
            if prompt.prompt_id != begun:
                raise RunError(
                    f"the run was begun with the prompt {begun or 'of no version'}, and this one is "
                    f"{prompt.prompt_id}; give another folder for the run"
                )
        return first, meta


def _require_enough(budget: EvolutionBudget, cases: Cases) -> None:
    """Raise `InputError` if a budget can't end with a judgement: it would be spent for nothing."""
    blocks = len({c.family for c in cases.selection})
    needed = len(cases.selection) + blocks + 2 * len(cases.sealed)
    if budget.evaluations < needed:
        raise InputError(
            f"the first prompt needs {len(cases.selection)} evaluations, a variant {blocks} at least, and the sealed "
            f"cases {2 * len(cases.sealed)}, which is {needed} in all; allow more, or take fewer families or cases",
            parameter="budget",
            value=f"evaluations={budget.evaluations}",
        )


def with_prompts(settings: EvolutionSettings) -> EvolutionSettings:
    """Return the settings of a new run, with the versions of the prompts in use."""
    first, meta = load_prompt(settings.role), load_prompt("evolver")
    return settings.model_copy(update={"first": first.prompt_id, "meta": meta.prompt_id})


def _models(
    settings: EvolutionSettings,
    calls: Recording,
    budget: EvolutionBudget,
    limits: CallLimits | None,
    inner: Inner | None,
) -> tuple[MeteredModel, MeteredModel]:
    """Open the model and the meta-model, which pay from one purse."""
    whole = Budget(tokens=budget.tokens, dollars=budget.dollars)
    prose = settings.role == "operator"  # its answers are sentences, the others' are objects
    name, other = model_name(settings.model), model_name(settings.meta_model or settings.model)
    model = metered(
        name, budget=whole, recording=calls, limits=limits, inner=None if inner is None else inner.model, in_prose=prose
    )
    if inner is None and name == other and not prose:
        return model, model
    given = None if inner is None else inner.meta_model
    meta_model = metered(other, budget=whole, recording=calls, limits=limits, inner=given)
    meta_model.purse = model.purse
    return model, meta_model


@contextmanager
def open_evolution(
    directory: Path, settings: EvolutionSettings, *, watch: Callable[[Moment], None] = lambda moment: None
) -> Iterator[EvolutionRun]:
    """Open a new run, or one that was begun with the same settings.

    Args:
        directory: Folder of the run.
        settings: Settings that determine it.
        watch: Callback for the moments of a commit; see `Store.open`.

    Raises:
        RunError: Another process uses the directory, or the run was begun with other settings.
        StoreError: The archive can't be opened.
    """
    with owned(directory):
        start_manifest(directory, settings.model_dump(mode="json"))
        with Store.open(directory / ARCHIVE, watch=watch) as store:
            yield EvolutionRun(directory, settings, store)


def evolution_settings(directory: Path) -> EvolutionSettings:
    """Return the settings of the evolution in a directory.

    Raises:
        RunError: The directory holds no evolution, or this AURORA does not know its settings.
    """
    try:
        return EvolutionSettings.model_validate(read_manifest(directory)["settings"])
    except ValidationError as error:
        raise RunError(
            f"{directory / MANIFEST} is not of a prompt evolution ({explain_validation(error)}); give the folder of one"
        ) from None


def standing_of(directory: Path) -> Standing:
    """Return the state of the evolution in a directory.

    Raises:
        RunError: The directory holds no evolution, or no generation of it is finished.
        StoreError: The archive can't be read.
    """
    evolution_settings(directory)
    with open_archive(directory) as store:
        last = store.last_iteration()
    if last is None:
        raise RunError(f"{directory} holds no finished generation; go on with the run first")
    return Standing.model_validate(last[1])
