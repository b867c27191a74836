"""Says in words why a search chose what it chose, and draws what it measured."""

from __future__ import annotations

import math
from collections.abc import Mapping

from aurora.charts import BLACK, BLUE, VERMILION, Chart, Line
from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.scores.prices import EXAMPLE
from aurora.learning.composition.searching.search import SearchResult

POINT = 0.01
"""A percentage point of accuracy."""

SAME = 0.05
"""Relative difference below which two latencies or costs count as equal in words."""

_MS = 1e3


def in_words(result: SearchResult, problem: Problem, currency: str = EXAMPLE.currency) -> str:
    """Return why the choice was made: what it gives up and gains beside the most accurate composition.

    Args:
        result: What the search found.
        problem: What was searched.
        currency: What costs are in.
    """
    finite = {p: one for p, one in measured_by(result, problem).items() if math.isfinite(one.latency)}
    best = max(finite.items(), key=lambda item: (item[1].accuracy, -item[1].latency), default=None)
    chosen = result.measured
    said = f"{result.choice} answers {chosen.accuracy:.1%} correctly"
    if math.isfinite(chosen.latency):
        said += f", 95 % of requests within {chosen.latency * _MS:.3g} ms"
    if best is None or best[0] == result.choice:
        return f"{said}; nothing that was measured is more accurate."
    points = (best[1].accuracy - chosen.accuracy) / POINT
    lost = f"{points:.1f} points less accurate than" if points >= POINT else "as accurate as"
    gains = [
        text
        for text in (
            _times(best[1].latency, chosen.latency, "faster", "slower"),
            _times(best[1].cost, chosen.cost, "cheaper", "dearer"),
        )
        if text
    ]
    compared = f"It is {lost} the most accurate, {best[0]}" + (f", and {' and '.join(gains)}." if gains else ".")
    return f"{said}. {compared} {rates(problem.weights, currency)}"


def rates(weights: Weights, currency: str = EXAMPLE.currency) -> str:
    """Return what a percentage point of accuracy weighs as much as, in latency and in cost."""
    worth = weights.accuracy * POINT
    latency = worth * weights.latency_scale / weights.latency * _MS if weights.latency else math.inf
    cost = worth * weights.cost_scale / weights.cost if weights.cost else math.inf
    known = [f"{latency:.3g} ms of latency"] if math.isfinite(latency) else []
    known += [f"{cost:.3g} {currency} per 1,000 requests"] if math.isfinite(cost) else []
    if not known:
        return "Only accuracy counts by these weights."
    return f"By these weights a point of accuracy is worth {' or '.join(known)}."


def measured_by(result: SearchResult, problem: Problem) -> Mapping[object, Measured]:
    """Return every measurement that the search knew or made, without what could not be run."""
    measured = dict(problem.known) | {step.pipeline: step.measured for step in result.steps}
    return {pipeline: one for pipeline, one in measured.items() if pipeline not in result.failures}


def search_chart(title: str, result: SearchResult, problem: Problem) -> Chart:
    """Return a chart of all that was measured, its Pareto set, and the path of the search: its best so far.

    Args:
        title: Title.
        result: What the search found.
        problem: What was searched.
    """
    path, best = [], -math.inf
    for step in result.steps:
        if step.reward > best:
            best = step.reward
            path.append(step.measured)
    if not path or path[-1] != result.measured:
        path.append(result.measured)
    marks = (
        _line("measured", list(measured_by(result, problem).values()), "#56b4e9", points=True),
        _line("Pareto set", [one for _, one in result.pareto], BLUE, points=True),
        _line("path of the search", path, VERMILION),
        _line("choice", [result.measured], BLACK, points=True),
    )
    return Chart(title, "95th percentile of latency, ms", "accuracy", marks)


def _line(name: str, measured: list[Measured], colour: str, *, points: bool = False) -> Line:
    shown = [one for one in measured if math.isfinite(one.latency)]
    return Line(name, [one.latency * _MS for one in shown], [one.accuracy for one in shown], points, colour)


def _times(other: float, own: float, less: str, more: str) -> str:
    """Return how many times a smaller or larger value is, such as `14 times faster`; empty where they are equal."""
    if not (math.isfinite(other) and math.isfinite(own) and other > 0 and own > 0) or abs(other / own - 1) < SAME:
        return ""
    ratio = max(other / own, own / other)
    return f"{ratio:.2g} times {less if other > own else more}"
