"""The detectors in the replay, until one of them asks for a recomposition."""

from __future__ import annotations

import numpy as np

from aurora.learning.composition.adaptation.catalogue_changes import Listed
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.watch import UNKNOWN, Watch, Window, needs_recomposition
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.tasks import machines
from aurora.learning.composition.tasks.task import Split
from benchmarks.composition_adaptation.replayed import Replayed
from benchmarks.composition_adaptation.setting import DELAY, RATE, STREAM, WINDOW, Kind
from benchmarks.composition_adaptation.world import Fits, World, busy_seconds


def first_changes(
    application: Replayed, before: World, old: Fits, reference: Split, kind: Kind, model: str
) -> list[Change]:
    """Return the first changes that ask for a recomposition; the clock stands at the alarm."""
    running = application.running

    def predicted(split: Split) -> np.ndarray:
        branches = sorted({b for stage in running.stages for b in stage.branches})
        table = before.table(old, split, branches)
        # of the classes, what the composition answers: its stages as the evaluator runs them
        answers = np.zeros(len(split.labels), np.int64)
        open_rows = np.ones(len(answers), bool)
        for stage in running.stages:
            mean = np.mean([table.measurements[b].probabilities for b in stage.branches], axis=0)
            answers[open_rows] = mean.argmax(axis=1)[open_rows]
            if stage.threshold is not None:
                open_rows &= mean.max(axis=1) < stage.threshold
        return answers

    listed = {name: Listed() for branch in before.chains for name in branch.components}
    watch = Watch(
        Window(reference.items, predicted(reference), reference.labels),
        machines.INPUT,
        machines.CLASSES,
        listed=listed,
        capacity=0.7 / busy_seconds(before, old, reference, running),
    )
    after = {name: one for name, one in listed.items() if not (kind.removed and name == model)}
    if kind.fee:
        after[model] = Listed(cost=kind.fee)
    if kind.hidden:
        after |= {name: Listed() for name in parse_pipeline(kind.hidden).components}
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    random = np.random.default_rng(len(reference.labels) + int(application.clock))
    rate, rates = application.world.queue.rate, [RATE] * 20
    for _ in range(STREAM // WINDOW):
        split = application.draw(WINDOW)
        application.pass_time(WINDOW)
        rates.append(rate)
        seconds = WINDOW / rate
        counts = random.poisson(np.array(rates[-30:]) * seconds).astype(float)
        answers = predicted(split)
        unknown = np.full(WINDOW, UNKNOWN)
        changes = watch.step(Window(split.items, answers, unknown, counts, seconds, after), running)
        waiting.append((answers, split.labels))
        if len(waiting) > DELAY // WINDOW:
            changes += watch.late_labels(*waiting.pop(0))
        if needs_recomposition(changes):
            return changes
    return []
