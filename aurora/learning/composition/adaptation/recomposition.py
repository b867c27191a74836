"""Recomposes a running application within a budget of trials.

Compositions are measured on recent labelled data. What was measured of their chains tells what every other composition
of these chains is worth, so no more is tried once a few trials have brought nothing. The best ones then answer live
requests in the shadow of the running one, and a sequential test on the labels of those requests decides. What takes
over is compared with what it replaced once more, and rolled back if it is worse. Each step is on disk before the next
one begins, so that an adaptation that was killed goes on where it stopped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from aurora.errors import InputError
from aurora.learning.composition.adaptation.application import Application
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.composing import first_of_each
from aurora.learning.composition.adaptation.judging import (
    RecompositionSettings,
    comparison_figures,
    finite,
    in_words,
    margin,
    refusal,
    shadow_figures,
)
from aurora.learning.composition.adaptation.paired import compare
from aurora.learning.composition.adaptation.steps import AdaptationJournal, Step, StepName, figures_of, measured_of
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured
from aurora.types import Progress, no_progress

RUNNING, COMPOSED = "running", "composed"
"""Verdicts of the step that measures the running composition, and of those that follow from measured chains."""

Outcome: TypeAlias = Literal["swapped", "kept", "rolled back"]


class Recomposed(NamedTuple):
    """What came of a recomposition.

    Attributes:
        outcome: Whether another composition took over.
        running: The composition that runs now.
        reason: Why, in a sentence.
        measured: Every candidate whose scores are known: measured, and the best that their chains compose.
        trials: Compositions that were measured, the running one included.
    """

    outcome: Outcome
    running: Pipeline
    reason: str
    measured: Mapping[Pipeline, Measured]
    trials: int


def recompose(
    application: Application,
    changes: Sequence[Change],
    candidates: Iterable[Pipeline],
    journal: AdaptationJournal,
    settings: RecompositionSettings,
    *,
    progress: Progress = no_progress,
) -> Recomposed:
    """Find a better composition, and have it take over if it is shown to be better; go on if one was begun.

    Args:
        application: The running application.
        changes: What led to it.
        candidates: Compositions to measure, the likeliest first. One whose chains are all measured is passed over.
        journal: Journal of the deployment.
        settings: Weights, budget and levels.
        progress: Receives the number of compositions that are measured.

    Raises:
        InputError: A step on disk has a pipeline that can't be read.
        FileError: A step can't be written.
    """
    return _Recomposition(application, candidates, journal, settings, journal.begin(changes, application.running)).run(
        progress
    )


class _Recomposition:
    """One recomposition, with the steps that are taken."""

    def __init__(
        self,
        application: Application,
        candidates: Iterable[Pipeline],
        journal: AdaptationJournal,
        settings: RecompositionSettings,
        steps: Sequence[Step],
    ) -> None:
        self.application, self.candidates, self.journal, self.settings = application, candidates, journal, settings
        self.steps = list(steps)
        self.changes = steps[0].changes
        self.before = parse_pipeline(steps[0].pipeline)
        self.old: Measured | None = None
        self.measured: dict[Pipeline, Measured] = {}
        self.composed: dict[Pipeline, Measured] = {}
        self.unusable: dict[Pipeline, str] = {}
        for step in steps:
            if step.step == "measured" and step.verdict == RUNNING:
                self.old = measured_of(step.figures)
            elif step.step == "measured" and step.verdict == COMPOSED:
                self.composed[parse_pipeline(step.pipeline)] = measured_of(step.figures)
            elif step.step == "measured":
                self.measured[parse_pipeline(step.pipeline)] = measured_of(step.figures)
            elif step.step == "unusable" and step.verdict != RUNNING:
                self.unusable[parse_pipeline(step.pipeline)] = step.reason

    def run(self, progress: Progress) -> Recomposed:
        if (rolled_back := self._last("rolled back")) is not None:
            return self._end("rolled back", rolled_back.reason)
        swapped = self._last("swapped")
        if swapped is None and (swapping := self._last("swapping")) is not None:
            # killed during the swap: either composition may run now
            candidate = parse_pipeline(swapping.pipeline)
            if self.application.runs(candidate):
                swapped = self._add("swapped", candidate, reason="it took over before the adaptation was interrupted")
        if swapped is None:
            self._refit()
            self._measure(progress)
            chosen = self._chosen()
            if isinstance(chosen, str):
                return self._end("kept", chosen)
            self._add("swapping", chosen)
            if refused := self.application.swap(chosen):
                return self._end("kept", f"{chosen} did not take over: {refused}")
            swapped = self._add("swapped", chosen)
        return self._probation(parse_pipeline(swapped.pipeline))

    def _refit(self) -> None:
        if len(self.steps) == 1:
            figures = self.application.refit(self.changes)
            if figures:
                self._add("refitted", None, reason="fitted on recent labelled data", figures=figures)

    def _measure(self, progress: Progress) -> None:
        """Measure the running composition, then candidates until the budget is spent or nothing more is gained."""
        if self.composed:
            return
        budget = self.settings.budget
        self._measure_running()
        for known in list(self.measured):
            # measured before a kill: the application has to be told of its chains once more
            self._try(known)
        progress("compositions", self.tried, budget)
        if self._last("refitted") is not None and self.tried < budget:
            self._try(self.before)
        best, vain = self._best(), 0
        for candidate in self.candidates:
            if self.tried >= budget or vain >= self.settings.patience:
                break
            if candidate in self.unusable or self.application.is_measured(candidate):
                continue
            self._try(candidate)
            before, best = best, self._best()
            vain = 0 if best > before + self.settings.worthwhile else vain + 1
            progress("compositions", self.tried, budget, str(candidate))
        for pipeline, found in self.composed.items():
            self._add("measured", pipeline, verdict=COMPOSED, figures=self._figures(found))

    def _best(self) -> float:
        """Compose what is measured by now, and return the highest reward of all that is known."""
        self.composed = dict(self.application.compose(self.settings.weights, self.settings.finalists))
        found = [*self.measured.values(), *self.composed.values()]
        return max(map(self.settings.worth, found), default=-math.inf)

    @property
    def tried(self) -> int:
        return 1 + len(self.measured) + len(self.unusable)

    def _measure_running(self) -> None:
        if any(step.verdict == RUNNING for step in self.steps):
            return
        try:
            self.old = self.application.measure_running()
        except InputError as error:
            self._add("unusable", self.before, verdict=RUNNING, reason=str(error))
            return
        self._add("measured", self.before, verdict=RUNNING, figures=self._figures(self.old))

    def _figures(self, found: Measured) -> dict[str, float]:
        return {**figures_of(found), **finite(reward=self.settings.worth(found))}

    def _try(self, pipeline: Pipeline) -> None:
        try:
            found = self.application.measure(pipeline)
        except InputError as error:
            self.unusable[pipeline] = str(error)
            self._add("unusable", pipeline, reason=str(error))
            return
        if pipeline not in self.measured:
            self.measured[pipeline] = found
            self._add("measured", pipeline, figures=self._figures(found))

    def _chosen(self) -> Pipeline | str:
        """Return the first finalist that is shown to be better, or why none is."""
        known = {**self.measured, **self.composed}
        worth = {pipeline: self.settings.worth(found) for pipeline, found in known.items()}
        old = -math.inf if self.old is None else self.settings.worth(self.old)
        least, is_fitted_anew = old + self.settings.least_gain, self._last("refitted") is not None
        better = [one for one in worth if worth[one] > least and (is_fitted_anew or one != self.before)]
        better = first_of_each(sorted(better, key=lambda one: -worth[one]))
        if not better:
            if not worth:
                return f"none of the {len(self.unusable)} other compositions that were tried can be run"
            best = max(worth, key=lambda one: worth[one])
            return (
                f"none of the {len(self.measured)} other compositions that were measured has a higher reward, nor any "
                f"that their chains compose: the best is {best} with {worth[best]:.4f}; the running one has {old:.4f}"
            )
        finalists = better[: self.settings.finalists]
        reasons = []
        for candidate in finalists:
            judged = self._judged(candidate, len(finalists))
            if judged.verdict == "better":
                return candidate
            reasons.append(f"{candidate}: {judged.reason}")
        return f"none of {len(finalists)} candidates was shown to be better on live requests ({'; '.join(reasons)})"

    def _judged(self, candidate: Pipeline, finalists: int) -> Step:
        """Return the step that judged a candidate in the shadow of the running composition."""
        for step in self.steps:
            if step.step == "shadowed" and step.pipeline == str(candidate):
                return step
        try:
            seen = self.application.shadow(candidate, self.settings.shadow_requests)
        except InputError as error:
            return self._add("shadowed", candidate, verdict="failed", reason=str(error))
        if refused := refusal(seen, self.settings):
            return self._add("shadowed", candidate, verdict="failed", reason=refused, figures=shadow_figures(seen))
        needed = margin(self.old, self._known(candidate), self.settings, self.settings.least_gain)
        found = compare(seen.running, seen.candidate, margin=needed, alpha=self.settings.alpha / finalists)
        return self._add(
            "shadowed",
            candidate,
            verdict=found.verdict,
            reason=in_words(found),
            figures={**shadow_figures(seen), **comparison_figures(found)},
        )

    def _probation(self, candidate: Pipeline) -> Recomposed:
        """Compare what took over with what it replaced, and roll back if it is worse."""
        old = self.old
        try:
            seen = self.application.review(self.settings.shadow_requests)
        except InputError as error:
            return self._end("swapped", f"{candidate} runs; it was not compared once more: {error}")
        needed = margin(self.old, self._known(candidate), self.settings, 0.0)
        found = compare(seen.running, seen.candidate, margin=needed, alpha=self.settings.alpha)
        if found.verdict == "worse":
            self.application.roll_back()
            reason = f"after it took over, {in_words(found)}"
            self._add("rolled back", self.before, verdict="worse", reason=reason, figures=comparison_figures(found))
            return self._end("rolled back", f"{candidate} was rolled back: {reason}")
        gain = self.settings.worth(self._known(candidate))
        text = f"{candidate} runs, with a reward of {gain:.4f}"
        if old is not None and math.isfinite(self.settings.worth(old)):
            text += f"; {self.before} has {self.settings.worth(old):.4f}"
        return self._end("swapped", text, comparison_figures(found))

    def _end(self, outcome: Outcome, reason: str, figures: Mapping[str, float] | None = None) -> Recomposed:
        running = self.application.running
        kept = {**(figures or {}), "trials": float(self.tried)}
        self._add("ended", running, verdict=outcome, reason=reason, figures=kept)
        return Recomposed(outcome, running, reason, {**self.measured, **self.composed}, self.tried)

    def _known(self, candidate: Pipeline) -> Measured:
        return self.measured.get(candidate) or self.composed[candidate]

    def _last(self, name: StepName) -> Step | None:
        return next((step for step in reversed(self.steps) if step.step == name), None)

    def _add(
        self,
        name: StepName,
        pipeline: Pipeline | None,
        *,
        verdict: str = "",
        reason: str = "",
        figures: Mapping[str, float] | None = None,
    ) -> Step:
        step = self.journal.add(name, pipeline, verdict=verdict, reason=reason, figures=figures)
        self.steps.append(step)
        return step
