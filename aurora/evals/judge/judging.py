"""Has a judge rate explanations, several times each, and adds its figures to an evaluation."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aurora.agents.models.budget import Spent
from aurora.agents.models.metered import MeteredModel
from aurora.errors import AnswerError, BudgetExceeded, InputError
from aurora.evals.judge.asking import rate
from aurora.evals.judge.rubric import MOST_TOGETHER
from aurora.evals.judge.summary import JUDGE, Judged, metrics_of, tables_of
from aurora.evals.judge.texts import JudgedText, places_of, questions_of, texts_of
from aurora.evals.ratings.items import CRITERIA, RatingSet
from aurora.evals.ratings.reading import Rating
from aurora.evals.results.calls import CONCURRENT, EvalModel, cost_of, opened, side_by_side, usage_table
from aurora.evals.results.result import EvalResult, save_result
from aurora.evals.results.samples import Sample, SampleKey, measure_samples, read_samples
from aurora.prompts.loader import Prompt, load_prompt
from aurora.types import Progress, no_progress

TOGETHER = 4
"""Explanations of a question."""
TRIALS = 3
"""Ratings of each explanation."""
OPINION = (
    "The judge's figures are a model's opinion. They are metrics of their own and change none that code measures; "
    "a gate asks for one only if its condition names it."
)


class Judging(NamedTuple):
    """What a judge rates, and how often.

    Attributes:
        rating_set: Items that people rate too.
        ratings: People's ratings of them; empty: nobody has rated yet.
        trials: Ratings of each text.
        together: Texts of a question, up to `MOST_TOGETHER`.
    """

    rating_set: RatingSet
    ratings: Sequence[Rating] = ()
    trials: int = TRIALS
    together: int = TOGETHER


class _Question(NamedTuple):
    """A question to the judge: its part of the recording, and its texts with their samples' keys."""

    part: str
    trial: int
    texts: tuple[JudgedText, ...]
    keys: tuple[SampleKey, ...]


def judge_explanations(
    folder: Path,
    result: EvalResult,
    judge: EvalModel,
    judging: Judging,
    *,
    tell: Callable[[str], None] | None = None,
    progress: Progress = no_progress,
) -> EvalResult:
    """Have a judge rate explanations; write a result with its metrics, tables, calls and cost to the folder.

    Ratings that the folder holds already are not asked for again, nor is an answer that came in before a kill.

    Args:
        folder: Folder of the evaluation.
        result: Result of what code has measured, to which the judge's figures are added.
        judge: Model that rates.
        judging: What it rates.
        tell: Callback for notes to a person.
        progress: Receives the number of ratings done.

    Raises:
        InputError: `trials` or `together` is out of range.
        FileError: The folder can't be read or written, or another process measures into it.
        DataError: The folder's file of samples is damaged.
        RunError: The folder's recording of calls can't be used.
        ModelError: The model can't be called, or the provider failed.
    """
    if judging.trials < 1 or not 1 <= judging.together <= MOST_TOGETHER:
        raise InputError(f"a judge needs 1 trial or more, and 1 to {MOST_TOGETHER} explanations of a question")
    began, stopped = time.perf_counter(), ""
    prompt = load_prompt("judge")
    with opened(folder, judge, tell=tell) as model:
        questions = list(_questions(judging, f"{model.name_} {prompt.prompt_id}"))
        keys = [key for q in questions for key in q.keys]

        def shown(stage: str, done: int, total: int | None = None, detail: str = "") -> None:
            progress("ratings by the judge", done, total, detail)

        def measure(wanted: Sequence[SampleKey]) -> list[Sample]:
            missing = set(wanted)
            chosen = [q for q in questions if missing & set(q.keys)]
            return [
                s for of in side_by_side(chosen, lambda q: _asked(model, prompt, q)) for s in of if s.key in missing
            ]

        try:
            batch = CONCURRENT * judging.together
            samples = measure_samples(folder, keys, measure, batch=batch, progress=shown)
        except BudgetExceeded as error:
            stopped, wanted = f"{error}.", set(keys)
            samples = [s for s in read_samples(folder) if s.key in wanted]
        spent = model.purse.spent
    judged = list(_judged(questions, samples))
    settings: dict[str, object] = {"judge": str(model.name_), "judge's prompt": prompt.prompt_id}
    settings |= {"judged set": judging.rating_set.name, "trials": judging.trials, "together": judging.together}
    metrics = metrics_of(judged, judging.ratings)
    tables = [*tables_of(judged, judging.ratings, metrics), usage_table(str(model.name_), spent, "judge: calls")]
    merged = _with_costs(result, str(model.name_), spent, settings, time.perf_counter() - began).model_copy(
        update={
            "metrics": (*result.metrics, *metrics),
            "tables": (*result.tables, *tables),
            "notes": (*result.notes, *_notes(len(keys), samples, stopped)),
        }
    )
    save_result(folder, merged)
    return merged


def _questions(judging: Judging, judge: str) -> Iterator[_Question]:
    """Yield all questions; samples of another judge, prompt, set or size of a question have other names."""
    texts, seed = texts_of(judging.rating_set), judging.rating_set.seed
    session = hashlib.sha256(f"{judge} {judging.rating_set.name} {judging.together}".encode()).hexdigest()[:8]
    for trial in range(judging.trials):
        for of in questions_of(texts, judging.together, seed, trial):
            yield _Question(f"{JUDGE} {session} {trial}", trial, of, tuple(_key(session, t, trial) for t in of))


def _key(session: str, text: JudgedText, trial: int) -> SampleKey:
    shown = "planted" if text.item.planted else text.item.kind
    return SampleKey(JUDGE, shown if text.version == "as shown" else text.version, f"{session}/{text.name}", trial)


def _asked(model: MeteredModel, prompt: Prompt, question: _Question) -> list[Sample]:
    """Return a sample for each text of a question; its calls are counted at the first."""
    ratings, failure = None, ""
    with model.recording.part(question.part) as own:
        try:
            ratings = rate(model, prompt, question.texts)
        except AnswerError as error:  # of this question; an error of the provider ends the evaluation
            failure = str(error)
    spent, count = cost_of(own.exchanges), len(question.texts)
    return [
        Sample(
            **key._asdict(),
            cluster=text.item.item,
            values={} if ratings is None else {c: float(v) for c, v in ratings[place].scores.items()},
            failure=failure,
            seconds=spent.seconds / count,
            model_calls=0 if place else spent.calls,
            dollars=spent.dollars / count,
        )
        for place, (key, text) in enumerate(zip(question.keys, question.texts, strict=True))
    ]


def _judged(questions: Sequence[_Question], samples: Sequence[Sample]) -> Iterator[Judged]:
    values = {s.key: s.values for s in samples if s.values}
    for q in questions:
        places = places_of([q.texts])
        for text, key in zip(q.texts, q.keys, strict=True):
            if key in values:
                yield Judged(text, q.trial, places[text.name], {c: values[key][c] for c in CRITERIA})


def _notes(wanted: int, samples: Sequence[Sample], stopped: str) -> Iterator[str]:
    yield OPINION
    yield from (f"judge: {s.sample}, trial {s.trial}, failed: {s.failure}" for s in samples if s.failure)
    if len(samples) < wanted:
        yield f"{wanted - len(samples)} of {wanted} ratings are left to ask for. {stopped}".rstrip()


def _with_costs(result: EvalResult, name: str, spent: Spent, settings: dict[str, object], seconds: float) -> EvalResult:
    made = result.provenance
    update = {
        "settings": made.settings | settings,
        "model": name,
        "model_calls": spent.calls,
        "dollars": spent.dollars,
        "seconds": made.seconds + seconds,
    }
    return result.model_copy(update={"provenance": made.model_copy(update=update)})
