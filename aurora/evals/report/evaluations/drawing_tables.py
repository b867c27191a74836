"""Turns drawings into tables of their numbers: the same content without a picture."""

from __future__ import annotations

from aurora.evals.report.evaluations.document import Curves, Grid, HeatMap, Radar, Scatter


def numbers_of(drawing: Radar | Curves | HeatMap | Scatter) -> Grid:
    """Return the numbers of a drawing as a table."""
    if isinstance(drawing, Radar):
        columns = ("subject, as a share of the best rival", *(f"{s.name} (1 is {s.rim})" for s in drawing.spokes))
        return Grid("", columns, tuple((name, *shares) for name, shares in drawing.series))
    if isinstance(drawing, Curves):
        rows = tuple(
            (c.name, x, y, low, high)
            for c in drawing.curves
            for x, y, low, high in zip(c.x, c.y, c.low, c.high, strict=True)
        )
        return Grid("", ("curve", drawing.x, drawing.y, "low", "high"), rows)
    if isinstance(drawing, HeatMap):
        cells = tuple((name, *texts) for name, texts in zip(drawing.rows, drawing.texts, strict=True))
        return Grid("", (drawing.corner, *drawing.columns), cells)
    points = tuple((k, p.name, p.x, p.y, p.is_best) for k, p in enumerate(drawing.points, 1))
    return Grid("", ("number", "subject", drawing.x, drawing.y, "no other dominates it"), points)
