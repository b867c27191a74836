"""The charts of a run of self-play, as data."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from aurora.charts import COLOURS, Band, Chart, Line, Mark
from aurora.evals.report.selfplay.elo import RatedAt, RatingCurve, drawn
from aurora.evals.report.selfplay.front import Front
from aurora.statistics.intervals import Interval
from aurora.web.views.selfplay_live import Live
from aurora.web.views.selfplay_standing import Step

_BLUE, _ORANGE, _GREEN, _PURPLE, _GREY = COLOURS[:5]
_OTHERS = (COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[5], COLOURS[4])


def reward_chart(steps: Sequence[Step], unit: str) -> Chart:
    """Return the values over the best reference: training, validation, and the attacker's scenarios with intervals.

    Args:
        steps: Finished iterations.
        unit: Unit of values.
    """
    x = [s.iteration for s in steps]
    marks: list[Mark] = []
    led = [(s.iteration, s.lead) for s in steps if s.lead is not None]
    if led:
        marks += _with_band("champion, attacker's scenarios", [k for k, _ in led], [i for _, i in led], _ORANGE)
    marks.append(Line("best candidate, training", x, [s.training for s in steps], colour=_GREY, dash="dash"))
    marks.append(Line("champion, validation", x, [s.validation for s in steps], colour=_BLUE))
    return Chart("Value over the best reference", "iteration", unit, tuple(marks))


def attacker_chart(steps: Sequence[Step]) -> Chart:
    """Return the attacker's reward with its intervals.

    Args:
        steps: Finished iterations.
    """
    x, values = [s.iteration for s in steps], [s.attacker for s in steps]
    return Chart("Attacker's reward", "iteration", "reward, 0 to 1", tuple(_with_band("attacker", x, values, _GREEN)))


def learnable_chart(steps: Sequence[Step]) -> Chart:
    """Return the share of the attacker's scenarios that are neither easy nor hopeless.

    Args:
        steps: Finished iterations.
    """
    x = [s.iteration for s in steps]
    line = Line("in the 0.3–0.7 band", x, [100 * s.learnable for s in steps], colour=_GREEN)
    return Chart("Learnable scenarios", "iteration", "% of scenarios", (line,))


def level_chart(steps: Sequence[Step]) -> Chart:
    """Return the level of the curriculum.

    Args:
        steps: Finished iterations.
    """
    x = [s.iteration for s in steps]
    return Chart("Curriculum", "iteration", "level", (Line("level", x, [s.level for s in steps], colour=_ORANGE),))


def elo_chart(curves: Sequence[RatingCurve]) -> Chart:
    """Return the ratings over iterations, those of the champion with intervals.

    Args:
        curves: Ratings of the best policies.
    """
    marks: list[Mark] = []
    others = iter(_OTHERS)
    for curve in sorted(drawn(curves), key=lambda c: ("reference", "policy", "champion").index(c.role)):
        x = [p.iteration + 1 for p in curve.points]
        if curve.role == "champion":
            marks += _with_band(f"{curve.name} (champion)", x, [_rated(p) for p in curve.points], COLOURS[1])
        elif curve.role == "reference":
            marks.append(Line(curve.name, x, [p.elo for p in curve.points], colour=_GREY, dash="dot"))
        else:
            marks.append(Line(curve.name, x, [p.elo for p in curve.points], colour=next(others)))
    return Chart("Elo", "iteration", "Elo", tuple(marks))


def front_chart(front: Front) -> Chart:
    """Return a Pareto front: cost and latency of its policies.

    Args:
        front: The front.
    """
    x, y = [p.cost for p in front.points], [p.latency for p in front.points]
    return Chart("Pareto front", "cost, $", "mean latency, s", (Line("policies", x, y, points=True, colour=_BLUE),))


def live_chart(live: Live, unit: str) -> Chart:
    """Return the best mean advantage of each generation of the iteration that is played.

    Args:
        live: What the log says.
        unit: Unit of values.
    """
    first = live.generation - len(live.advantages) + 2
    x = list(range(first, first + len(live.advantages)))
    line = Line("best of the generation", x, list(live.advantages), colour=_BLUE)
    return Chart("This iteration", "generation", unit, (line,))


def _rated(point: RatedAt) -> Interval:
    return Interval(point.elo, point.low, point.high)


def _with_band(name: str, x: Sequence[int], values: Sequence[Interval], colour: str) -> list[Mark]:
    """Return a line with the band of its intervals; where an interval is open there is no band."""
    closed = [(k, v.low, v.high) for k, v in zip(x, values, strict=True) if isfinite(v.low) and isfinite(v.high)]
    line = Line(name, list(x), [v.mean for v in values], colour=colour)
    if not closed:
        return [line]
    places, low, high = zip(*closed, strict=True)
    return [Band(f"{name}, 95 %", places, low, high, colour), line]
