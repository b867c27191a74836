"""Figures of reports: their numbers follow from metrics, samples and tables."""

from pathlib import Path

import pytest

from aurora import journal
from aurora.evals.report.evaluations.figures.curves import curves_of_runs, curves_of_table, is_curve_table
from aurora.evals.report.evaluations.figures.elo import ratings_by_suite, ratings_of, ratings_over_suites
from aurora.evals.report.evaluations.figures.matrices import is_matrix, matrices_of_metrics, matrix_of_table
from aurora.evals.report.evaluations.figures.radar import radar_of
from aurora.evals.report.evaluations.figures.tradeoffs import PRICES, scatter_of
from aurora.evals.report.evaluations.kinds import KINDS
from aurora.evals.report.evaluations.scales import scale_of
from aurora.evals.results.result import Metric, Table
from aurora.evals.results.samples import Sample

BENCHMARK = KINDS["benchmark"]


def _metrics(**values: tuple[float, float, str]) -> list[Metric]:
    return [
        Metric(name=name, value=value, better=better, subject=subject)
        for name, (own, rival, better) in values.items()
        for subject, value in (("champion", own), ("ppo", rival))
    ]


def test_a_radar_is_relative_to_the_best_rival_and_further_out_is_better() -> None:
    metrics = _metrics(
        value=(0.6, 0.5, "higher"), latency=(20.0, 10.0, "lower"), cost=(1.0, 2.0, "lower"), debt=(-1.0, 2.0, "higher")
    )
    found = radar_of(metrics, BENCHMARK)
    assert found is not None
    assert dict(found.radar.series)["champion"] == pytest.approx((1.2, 0.5, 2.0))
    assert dict(found.radar.series)["ppo"] == (1.0, 1.0, 1.0)
    assert found.left_out == ("debt",)
    assert radar_of(metrics[:4], BENCHMARK) is None


def test_ratings_follow_the_direction_and_leave_bounds_out() -> None:
    samples = [
        Sample(subject=subject, sample=f"s{k}", values={"cost": cost + k})
        for k in range(6)
        for subject, cost in (("cheap", 1.0), ("dear", 2.0), ("bound", 0.0))
    ]
    assert [r.player for r in ratings_of(samples, "cost", "lower", {"bound"})] == ["cheap", "dear"]
    assert [r.player for r in ratings_of(samples, "cost", "higher", {"bound"})] == ["dear", "cheap"]
    assert ratings_of(samples[:1], "cost", "lower", ()) == []


def test_a_subject_of_an_easy_suite_is_not_rated_above_one_that_beats_it_elsewhere() -> None:
    """`local` meets only `weak`, so its many wins say nothing of `best` and `good`."""
    places = {"hard": ("best", "good", "fair", "weak"), "easy": ("local", "weak")}
    samples = [
        Sample(suite=suite, subject=subject, sample=f"s{k}", values={"value": float((k + 3 * n) % 7 - 3 * n)})
        for suite, subjects in places.items()
        for n, subject in enumerate(subjects)
        for k in range(30)
    ]
    by_suite = ratings_by_suite(samples, "value", "higher", ())
    assert {suite: {r.player for r in rated} for suite, rated in by_suite.items()} == {
        suite: set(subjects) for suite, subjects in places.items()
    }
    assert [r.player for r in by_suite["hard"]] == ["best", "good", "fair", "weak"]
    assert ratings_over_suites(samples, "value", "higher", ()) == [], "only `weak` is in both"
    also = [s.model_copy(update={"suite": "easy"}) for s in samples if s.subject == "good"]
    assert [r.player for r in ratings_over_suites([*samples, *also], "value", "higher", ())] == ["good", "weak"]
    assert ratings_by_suite(samples, "value", "neither", ()) == {}


def test_points_that_another_dominates_are_not_marked() -> None:
    metrics = [
        Metric(name="value", value=v, better="higher", subject=s) for s, v in (("a", 1.0), ("b", 2.0), ("c", 0.5))
    ]
    times = {"a": 1.0, "b": 5.0, "c": 2.0}
    samples = [Sample(subject=s, sample="x", values={"decision_time": t}) for s, t in times.items()]
    found = scatter_of(PRICES["time"], metrics, samples, ())
    assert found is not None
    assert {p.name for p in found.points if p.is_best} == {"a", "b"}
    assert scatter_of(PRICES["price"], metrics, samples, ()) is None


def test_square_tables_and_pairs_are_matrices() -> None:
    table = Table(title="m", columns=("from", "a", "b"), rows=(("a", 1.0, "0.5 [0.4, 0.6]"), ("b", None, 1)))
    assert is_matrix(table)
    assert matrix_of_table(table).values == ((1.0, 0.5), (None, 1.0))
    assert not is_matrix(Table(title="t", columns=("from", "a", "x"), rows=(("a", 1, 1), ("b", 1, 1))))
    pairs = [Metric(name="share", value=v, subject=s, suite=t) for s, t, v in (("a", "b", 0.5), ("b", "a", 0.7))]
    ((title, heat_map),) = matrices_of_metrics(pairs)
    assert title == "share"
    assert heat_map.values == ((None, 0.5), (0.7, None))


def test_curves_come_from_tables_and_from_runs_of_several_seeds(tmp_path: Path) -> None:
    rows = (("x", 2, 0.4, None, None), ("x", 1, 0.2, 0.1, 0.3), ("y", 1, None, None, None))
    table = Table(title="c", columns=("search", "evaluations", "reward", "low", "high"), rows=rows)
    assert is_curve_table(table)
    (curve,) = curves_of_table(table).curves
    assert (curve.x, curve.y, curve.low) == ((1.0, 2.0), (0.2, 0.4), (0.1, None))
    for seed, gains in (("1", (0.0, 0.2, 0.9)), ("2", (0.2, 0.4))):
        folder = tmp_path / "trained" / "openb" / f"champion-{seed}" / "run"
        folder.mkdir(parents=True)
        journal.append(folder / "events.jsonl", [{"event": "iteration", "validation_advantage": g} for g in gains])
    found = curves_of_runs(tmp_path)
    assert found is not None
    (mean,) = found.curves
    assert mean.name == "openb/champion, 2 seeds"
    assert mean.y == pytest.approx((0.1, 0.3))
    assert mean.low[0] is not None
    assert mean.low[0] < mean.y[0]


def test_runs_of_a_study_that_differ_in_the_seed_are_one_curve(tmp_path: Path) -> None:
    for variation in ("base", "population=3"):
        for seed in "01":
            folder = tmp_path / "runs" / variation / seed
            folder.mkdir(parents=True)
            journal.append(
                folder / "events.jsonl", [{"event": "iteration", "validation_advantage": g} for g in (0.0, 0.1)]
            )
    found = curves_of_runs(tmp_path)
    assert found is not None
    assert [c.name for c in found.curves] == ["base, 2 seeds", "population=3, 2 seeds"]


def test_an_axis_of_zeros_is_not_one_of_billionths() -> None:
    assert (scale_of([0.0, 0.0]).low, scale_of([0.0]).high) == (-1.0, 1.0)


@pytest.mark.parametrize("values", [(0.0, 0.0), (1e-9, 1e9), (-5.0, -4.999), (3.0, 1e300)])
def test_ticks_are_few_and_on_the_axis(values: tuple[float, float]) -> None:
    scale = scale_of(values)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 8
    assert all(scale.low - 1e-9 * abs(scale.low) <= t <= scale.high + 1e-9 * abs(scale.high) for t in ticks)
    assert [scale.place(v) for v in (scale.low, scale.high)] == pytest.approx([0, 100])
