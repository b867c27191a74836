"""How soon a composition has recovered from a change, what was lost meanwhile, and how often detectors cry wolf.

    python benchmarks/composition_adaptation.py recovery --seeds 5 --out recovery.json
    python benchmarks/composition_adaptation.py alarms --windows 1000

`recovery`: the task `machines`, whose law is stated, is replayed faster than real time. The running composition is the
optimum of the enumerated space before the change. Then the inputs shift, the law changes, a sensor is stuck, the load
rises, a model is removed, one gets dearer, or one appears. Labels arrive `DELAY` requests late. Three ways to go on:

- fixed: nothing is changed; where the model is removed, its stage is gone, and the best single chain of the rest runs.
- adapted: detectors, components fitted anew, a warm start, the shadow test, the swap.
- from nothing: the same detectors and the same test, but a search that knows nothing of before.

Recovered is a composition whose reward is within 1 % of that of the enumerated optimum after the change, with the same
components; rewards are judged on fresh items of the new law. A trial takes `TRIAL_SECONDS` in which requests go on.
Lost are points of accuracy times requests (and reward times requests) against that optimum until the stream ends.
Answers are those of scikit-learn and LightGBM; times, memory and sizes are of the same chains in ONNX Runtime, measured
once under the usual conditions. Intervals are 95 % over seeds (Student).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.catalogue_changes import Listed
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.drift import InputReference, prediction_drift
from aurora.learning.composition.adaptation.labels import AccuracyWatch
from aurora.learning.composition.adaptation.load_changes import load_change
from aurora.learning.composition.adaptation.recomposition import (
    RecompositionSettings,
    Shadow,
    Trials,
    recompose,
)
from aurora.learning.composition.adaptation.steps import AdaptationJournal
from aurora.learning.composition.adaptation.warm_start import searched_trials, warm_trials
from aurora.learning.composition.adaptation.watch import UNKNOWN, Watch, Window, needs_recomposition
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.components.estimators import estimator_of
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.pipelines.rules import Limits, Rules
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.profiles.profiling import measure_branch
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights, reward
from aurora.learning.composition.scores.queueing import Service
from aurora.learning.composition.spaces.scored_space import ScoredSpace
from aurora.learning.composition.spaces.space import enumerate_space, pipelines
from aurora.learning.composition.tasks import machines
from aurora.learning.composition.tasks.task import Split
from aurora.statistics.intervals import mean_interval

CHAINS = tuple(
    parse_pipeline(text).stages[0].branches[0]
    for text in (
        "logistic",
        "naive-bayes",
        "tree-8",
        "boosting-20",
        "boosting-100",
        "forest-20",
        "standardise > logistic",
        "standardise > mlp-32",
        "standardise > mlp-256",
        "standardise > svc",
        "standardise > products > logistic",
        "select-6 > tree-8",
    )
)
LIMITS = Limits(stages=2, branches=2, gate_branches=1, transformations=2, thresholds=(0.6, 0.8, 0.95))
RATE = 200.0
WINDOW = 500
DELAY = 500
LEARNED, CHOSEN = 2000, 1000
"""Labelled requests after the alarm on which components are fitted anew, and on which candidates are measured."""
STREAM = 40_000
"""Requests after the change for which losses are counted."""
TRIAL_SECONDS = 5.0
BUDGET = 20
EARLIER = 60
"""Compositions that were measured before the change."""
JUDGED = 3000
SIMULATED = 2000
"""Requests of a simulated queue."""
TOLERANCE = 0.01
ACCURACY, LATENCY, COST = 1.0, 0.1, 0.1


@dataclass(frozen=True)
class Kind:
    """A change.

    Attributes:
        conditions: Conditions of readings after it.
        utilisation: Share of time for which the running composition would be busy under the new load; 0: same load.
        removed: Whether the model that the running composition uses most is removed.
        fee: Cost of a thousand requests that is added for that model, in the scale of costs.
        hidden: Chain that is not there before.
    """

    conditions: machines.Conditions = machines.USUAL
    utilisation: float = 0.0
    removed: bool = False
    fee: float = 0.0
    hidden: str = ""


KINDS: Mapping[str, Kind] = {
    "inputs shift": Kind(machines.Conditions(shift=1.0)),
    "law changes": Kind(machines.Conditions(change=1.0)),
    "sensor stuck": Kind(machines.Conditions(missing=("load_share",))),
    "load rises": Kind(utilisation=1.3),
    "model removed": Kind(removed=True),
    "model dearer": Kind(fee=5.0),
    "model appears": Kind(hidden="standardise > svc"),
}


class Fits:
    """Chains, fitted when they are first asked.

    Args:
        data: What they are fitted on.
    """

    def __init__(self, data: Split) -> None:
        self._data = data
        self._made: dict[Branch, Any] = {}

    def __call__(self, branch: Branch, items: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes of items."""
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415  # takes seconds

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if branch not in self._made:
                steps = [estimator_of(shipped()[name].recipe, 0) for name in branch.components]
                self._made[branch] = make_pipeline(*steps).fit(self._data.items, self._data.labels)
            return np.asarray(self._made[branch].predict_proba(items), np.float32)


@dataclass(eq=False)
class World:
    """What holds after a change (or before one): who measures, and under what.

    Attributes:
        profile: Chain -> measurement of its times.
        chains: Chains that are there.
        service: Load.
        fees: Model -> cost that is added for a thousand requests.
    """

    profile: Mapping[Branch, ChainMeasurement]
    chains: tuple[Branch, ...]
    service: Service
    fees: Mapping[str, float] = field(default_factory=dict)

    def table(self, fits: Fits, split: Split, chains: Sequence[Branch] | None = None) -> TableEvaluator:
        """Return the measurements of chains on items."""
        count = len(split.labels)
        found = {}
        for branch in self.chains if chains is None else chains:
            one = self.profile[branch]
            seconds = np.resize(one.seconds, count)
            found[branch] = replace(one, probabilities=fits(branch, np.asarray(split.items)), seconds=seconds)
        return TableEvaluator(found, split.labels, self.service)

    def measured(self, fits: Fits, split: Split, pipeline: Pipeline) -> Measured:
        """Return the measurement of one composition."""
        branches = {branch for stage in pipeline.stages for branch in stage.branches}
        if absent := [str(b) for b in branches if b not in self.chains]:
            raise InputError(f"{', '.join(absent)}: a model is no longer in the catalogue")
        found = self.table(fits, split, sorted(branches))(pipeline)
        return found._replace(cost=found.cost + sum(self.fees.get(name, 0.0) for name in pipeline.components))

    def correct(self, fits: Fits, split: Split, pipeline: Pipeline) -> np.ndarray:
        """Return whether a composition answers each item correctly."""
        branches = sorted({branch for stage in pipeline.stages for branch in stage.branches})
        return self.table(fits, split, branches).trace(pipeline).is_correct

    def optimum(self, fits: Fits, split: Split, weights: Weights) -> tuple[Pipeline, Measured]:
        """Return the composition with the highest reward of all."""
        space = enumerate_space(LIMITS, self.table(fits, split))
        rewards = space.rewards(weights)
        if self.fees:
            fee = [sum(self.fees.get(n, 0.0) for n in space.pipeline(k).components) for k in range(len(space))]
            rewards = rewards - weights.cost * np.array(fee) / weights.cost_scale
        best = space.pipeline(int(rewards.argmax()))
        return best, self.measured(fits, split, best)


class Replayed:
    """The application in the replay: labels are known, and a clock counts requests.

    Args:
        world: What holds after the change.
        old: Components before.
        running: The running composition.
        draw: Draws readings of the new law.
    """

    def __init__(self, world: World, old: Fits, running: Pipeline, draw: Callable[[int], Split]) -> None:
        self.world, self.running, self.draw = world, running, draw
        self.fits = self.new = old
        self.clock = 0.0
        self.history: list[tuple[float, Pipeline, Fits]] = [(0.0, running, old)]
        self.chosen: Split | None = None

    def pass_time(self, requests: float) -> None:
        """Let requests pass."""
        self.clock += requests

    def runs(self, candidate: Pipeline) -> bool:
        """Return whether a candidate runs."""
        return self.running == candidate and self.fits is self.new

    def refit(self, changes: Sequence[Change]) -> Mapping[str, float]:
        """Wait for labelled requests; fit on them what the law concerns."""
        is_law = any(one.kind in ("accuracy", "inputs", "predictions") for one in changes)
        count = (LEARNED if is_law else 0) + CHOSEN
        self.pass_time(count + DELAY)
        recent = self.draw(count)
        items = np.asarray(recent.items)
        self.chosen = Split(items[-CHOSEN:], recent.labels[-CHOSEN:])
        if not is_law:
            return {}
        self.new = Fits(Split(items[:LEARNED], recent.labels[:LEARNED]))
        return {"items": float(LEARNED)}

    def _measured(self, fits: Fits, pipeline: Pipeline) -> Measured:
        assert self.chosen is not None
        self.pass_time(TRIAL_SECONDS * self.world.service.rate)
        return self.world.measured(fits, self.chosen, pipeline)

    def measure_running(self) -> Measured:
        """Measure the running composition."""
        return self._measured(self.fits, self.running)

    def measure(self, candidate: Pipeline) -> Measured:
        """Measure a candidate."""
        return self._measured(self.new, candidate)

    def _both(self, pairs: Sequence[tuple[Fits, Pipeline]], requests: int) -> Shadow:
        split = self.draw(requests)
        self.pass_time(requests + DELAY)
        first, second = (self.world.correct(fits, split, pipeline) for fits, pipeline in pairs)
        return Shadow(first, second, requests)

    def shadow(self, candidate: Pipeline, requests: int) -> Shadow:
        """Have a candidate answer beside the running composition."""
        if any(b not in self.world.chains for stage in self.running.stages for b in stage.branches):
            split = self.draw(requests)
            right = self.world.correct(self.new, split, candidate)
            return Shadow(right, right, requests)
        return self._both([(self.fits, self.running), (self.new, candidate)], requests)

    def swap(self, candidate: Pipeline) -> str:
        """Have a candidate take over."""
        self.running, self.fits = candidate, self.new
        self.history.append((self.clock, candidate, self.new))
        return ""

    def review(self, requests: int) -> Shadow:
        """Compare with what ran before."""
        _, pipeline, fits = self.history[-2]
        if any(b not in self.world.chains for stage in pipeline.stages for b in stage.branches):
            raise InputError("a model of it is no longer in the catalogue")
        return self._both([(fits, pipeline), (self.fits, self.running)], requests)

    def roll_back(self) -> None:
        """Have the composition before run again."""
        _, self.running, self.fits = self.history[-2]
        self.history.append((self.clock, self.running, self.fits))


def profile(folder: Path) -> dict[Branch, ChainMeasurement]:
    """Return times, memory and sizes of the chains in ONNX Runtime; measured once, kept in a folder."""
    task = machines.task()
    found = {}
    for k, branch in enumerate(CHAINS):
        found[branch] = measure_branch(branch, task, folder)
        print(f"{k + 1} of {len(CHAINS)} chains profiled: {branch}", file=sys.stderr)
    return found


def weights_of(evaluator: TableEvaluator) -> Weights:
    """Return the weights, with the scales of the slowest and the dearest single chain."""
    singles = [evaluator(Pipeline((Stage((branch,)),))) for branch in evaluator.measurements]
    finite = [one for one in singles if math.isfinite(one.latency)]
    return Weights(ACCURACY, LATENCY, COST, max(o.latency for o in finite), max(o.cost for o in finite))


def replay(name: str, seed: int, way: str, chains: Mapping[Branch, ChainMeasurement], folder: Path) -> dict[str, Any]:
    """Replay one change in one way.

    Args:
        name: The change.
        seed: Random seed of data, search and detectors.
        way: `fixed`, `adapted` or `nothing`.
        chains: Their profiles.
        folder: Folder of the journal.
    """
    kind = KINDS[name]
    hidden = {parse_pipeline(kind.hidden).stages[0].branches[0]} if kind.hidden else set()
    before = World(chains, tuple(b for b in sorted(chains) if b not in hidden), Service(rate=RATE, requests=SIMULATED))
    draws = iter(range(1000 * (seed + 1), 1000 * (seed + 2)))
    old = Fits(machines.readings(4000, next(draws)))
    reference = machines.readings(2000, next(draws))
    table = before.table(old, reference)
    weights = weights_of(table)
    running, _ = before.optimum(old, reference, weights)
    model = max(
        (b.model for stage in running.stages for b in stage.branches),
        key=lambda one: sum(b.model == one for stage in running.stages for b in stage.branches),
    )
    fees = {model: kind.fee * weights.cost_scale} if kind.fee else {}
    there = tuple(b for b in sorted(chains) if not (kind.removed and model in b.components))
    rate = kind.utilisation / _busy_seconds(before, old, reference, running) if kind.utilisation else RATE
    world = World(chains, there, Service(rate=rate, requests=SIMULATED), fees)
    application = Replayed(world, old, running, lambda count: machines.readings(count, next(draws), kind.conditions))
    judged = machines.readings(JUDGED, next(draws), kind.conditions)
    alarm, trials, outcome = math.nan, 0, ""
    if way != "fixed":
        changes = _watched(application, before, old, reference, kind, model)
        alarm = application.clock
        if changes:
            settings = RecompositionSettings(weights, budget=BUDGET, shadow_requests=4000)
            problem = _problem(world, weights)
            earlier = _front(enumerate_space(LIMITS, table), weights) if way == "adapted" else {}
            made = _trials(problem, earlier, settings, seed)
            journal = AdaptationJournal.opened(folder / f"{name}-{seed}-{way}.jsonl")
            result = recompose(application, changes, made, journal, settings)
            trials, outcome = result.trials, result.outcome
    fallback = _best_single(before, table, weights, there)
    return {
        "change": name,
        "seed": seed,
        "way": way,
        "alarm": alarm,
        "trials": trials,
        "outcome": outcome,
        **_judged(application, judged, weights, _goal(application, kind, judged, weights), fallback),
    }


def _front(space: ScoredSpace, weights: Weights) -> dict[Pipeline, Measured]:
    """Return the compositions that a search before the change had measured: the best by the weights."""
    best = np.argsort(-space.rewards(weights))[:EARLIER]
    return {space.pipeline(int(k)): space.measured(int(k)) for k in best}


def _problem(world: World, weights: Weights) -> Problem:
    entries = {name: one for name, one in shipped().items() if any(name in b.components for b in world.chains)}
    rules = Rules(entries, machines.INPUT, machines.CLASSES, LIMITS)
    return Problem(
        weights=weights,
        moves=EditSpace(rules, world.chains),
        chains=world.chains,
        space=tuple(pipelines(LIMITS, world.chains)),
        load=world.service.rate,
        most_stages=LIMITS.stages,
        most_branches=LIMITS.branches,
    )


def _trials(
    problem: Problem, earlier: Mapping[Pipeline, Measured], settings: RecompositionSettings, seed: int
) -> Trials:
    search = searched_trials(problem, seed=seed)
    there = set(problem.chains)
    return warm_trials(
        earlier,
        settings.worth,
        search,
        is_valid=lambda one: all(b in there for stage in one.stages for b in stage.branches),
    )


def _watched(application: Replayed, before: World, old: Fits, reference: Split, kind: Kind, model: str) -> list[Change]:
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
        capacity=0.7 / _busy_seconds(before, old, reference, running),
    )
    after = {name: one for name, one in listed.items() if not (kind.removed and name == model)}
    if kind.fee:
        after[model] = Listed(cost=kind.fee)
    if kind.hidden:
        after |= {name: Listed() for name in parse_pipeline(kind.hidden).components}
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    random = np.random.default_rng(len(reference.labels) + int(application.clock))
    rate, rates = application.world.service.rate, [RATE] * 20
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


def _busy_seconds(world: World, fits: Fits, split: Split, running: Pipeline) -> float:
    """Return the time for which a request keeps a worker busy, on average, in seconds."""
    branches = sorted({b for stage in running.stages for b in stage.branches})
    return float(world.table(fits, split, branches).trace(running).total_seconds.mean())


def _best_single(world: World, table: TableEvaluator, weights: Weights, there: Sequence[Branch]) -> Pipeline:
    singles = [Pipeline((Stage((branch,)),)) for branch in world.chains if branch in there]
    return max(singles, key=lambda one: reward(table(one), weights))


def _goal(application: Replayed, kind: Kind, judged: Split, weights: Weights) -> Measured:
    """Return the measurement of the enumerated optimum after the change, with the components that there can be."""
    old = application.history[0][2]
    made = {id(old): old, id(application.new): application.new}
    if kind.conditions != machines.USUAL and application.new is old:
        fresh = Fits(application.draw(LEARNED))
        made[id(fresh)] = fresh
    found = [application.world.optimum(fits, judged, weights)[1] for fits in made.values()]
    return max(found, key=lambda one: reward(one, weights))


def _judged(
    application: Replayed, judged: Split, weights: Weights, best: Measured, fallback: Pipeline
) -> dict[str, float]:
    """Return when the composition had recovered, and what was lost until the stream ended."""
    goal = reward(best, weights)
    recovered, lost, lost_reward, worth, accuracy = math.inf, 0.0, 0.0, -math.inf, 0.0
    ends = [at for at, _, _ in application.history[1:]] + [math.inf]
    for (at, pipeline, made), end in zip(application.history, ends, strict=True):
        try:
            found = application.world.measured(made, judged, pipeline)
        except InputError:
            found = application.world.measured(made, judged, fallback)
        worth = reward(found, weights) if math.isfinite(found.latency) else -math.inf
        accuracy = found.accuracy
        has_recovered = worth >= goal - TOLERANCE * abs(goal)
        recovered = min(recovered, at) if has_recovered else math.inf
        stretch = max(0.0, min(end, STREAM) - min(at, STREAM))
        lost += stretch * 100 * (best.accuracy - found.accuracy)
        # what is overloaded answers no request in time: it is worth nothing
        lost_reward += stretch * (goal - max(worth, 0.0))
    return {
        "recovered": recovered,
        "lost_points": lost,
        "lost_reward": lost_reward,
        "goal": goal,
        "end": max(worth, 0.0),
        "accuracy_goal": best.accuracy,
        "accuracy_end": accuracy,
    }


def recovery(seeds: int, names: Sequence[str], out: Path | None, profiles: Path) -> None:
    """Print the table of recoveries."""
    chains = profile(profiles)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for seed in range(seeds):
                for way in ("fixed", "adapted", "nothing"):
                    rows.append(replay(name, seed, way, chains, Path(folder)))
                    print(json.dumps(rows[-1]), file=sys.stderr)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n")
    print(
        "| change | way | recovered | requests until then | trials | points lost × requests / 1,000 "
        "| reward lost × requests / 1,000 | end, % of optimum |\n|---|---|---|---|---|---|---|---|"
    )
    for name in names:
        for way in ("fixed", "adapted", "nothing"):
            chosen = [row for row in rows if row["change"] == name and row["way"] == way]
            done = [row["recovered"] for row in chosen if math.isfinite(row["recovered"])]
            cells = [
                name,
                way,
                f"{len(done)} of {len(chosen)}",
                _text(done, 0) if done and way != "fixed" else "–",
                _text([row["trials"] for row in chosen], 1) if way != "fixed" else "–",
                _text([row["lost_points"] / 1000 for row in chosen], 1),
                _text([row["lost_reward"] / 1000 for row in chosen], 2),
                _text([100 * max(row["end"], 0) / row["goal"] for row in chosen], 1),
            ]
            print(f"| {' | '.join(cells)} |")


def alarms(windows: int) -> None:
    """Print the share of windows without any change in which each detector raises an alarm."""
    random = np.random.default_rng(0)
    counts = {"inputs (KS, Holm)": 0, "embeddings (energy)": 0, "predictions (chi-squared)": 0, "load (scan)": 0}
    alpha = 0.05
    for k in range(windows):
        first, second = machines.readings(500, 10_000 + 2 * k), machines.readings(300, 10_001 + 2 * k)
        counts["inputs (KS, Holm)"] += bool(
            InputReference(first.items, machines.INPUT).drift(second.items, alpha=alpha)
        )
        if k % 10 == 0:
            kind = replace(machines.INPUT, kind="embedding", names=())
            found = InputReference(first.items, kind, seed=k).drift(second.items, alpha=alpha)
            counts["embeddings (energy)"] += 10 * bool(found)
        changes = prediction_drift(first.labels, second.labels, machines.CLASSES, alpha=alpha)
        counts["predictions (chi-squared)"] += bool(changes)
        arrivals = random.poisson(20, 30).astype(float)
        counts["load (scan)"] += load_change(arrivals, 1.0, 1.0, alpha=alpha, seed=k) is not None
    print(f"| detector | windows with an alarm at {alpha:.0%} |\n|---|---|")
    for name, count in counts.items():
        print(f"| {name} | {count / windows:.1%} of {windows} |")
    lengths = []
    for _ in range(50):
        labels = random.integers(0, 3, 22_000)
        right = random.random(22_000) < 0.9
        watch = AccuracyWatch(right[:2000], labels[:2000], machines.CLASSES, labels_to_false_alarm=5000)
        seen = watch.add(right[2000:], labels[2000:])
        lengths.append(20_000 if seen is None else len(watch._seen))
    print(f"\nlabels to a false alarm, at least 5,000 stated: {np.mean(lengths):,.0f} (streams end at 20,000)")


def _text(values: Sequence[float], digits: int) -> str:
    if len(values) == 1:
        return f"{values[0]:,.{digits}f}"
    found = mean_interval([np.array(values, np.float64)])
    return f"{found.mean:,.{digits}f} [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("recovery")
    one.add_argument("--seeds", type=int, default=5)
    one.add_argument("--only", nargs="*", default=list(KINDS), choices=list(KINDS))
    one.add_argument("--out", type=Path)
    one.add_argument("--profiles", type=Path, default=Path("runs/compose"))
    two = commands.add_parser("alarms")
    two.add_argument("--windows", type=int, default=1000)
    given = parser.parse_args()
    if given.command == "alarms":
        alarms(given.windows)
    else:
        recovery(given.seeds, given.only, given.out, given.profiles)


if __name__ == "__main__":
    main()
