"""Draws figures as SVG without script; places are in per cent, so that texts keep their size at any width."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence

from aurora.evals.report.evaluations.document import RADAR_LIMIT, Curve, Curves, Radar, Scatter, Whisker
from aurora.evals.report.evaluations.scales import Scale, scale_of
from aurora.evals.report.evaluations.texts import clean, interval_text
from aurora.quantities import plain

COLOURS = 7
"""Colours of series in the style sheet; each has its own dashes too."""
HEIGHT = 260
"""Height of a plot with two axes, pixels."""
ROW_HEIGHT = 22
MOST_CURVES = 10
_EDGE = 8
"""Per cent from an end of an axis within which a text is aligned to that end."""
_NARROW = 300
"""Width, pixels, at which numbers of a scatter plot must not overlap."""
_NUMBER_BOX = (16, 12)


def escaped(text: str) -> str:
    """Return a text from a file for HTML and SVG."""
    return html.escape(clean(text))


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters."""
    text = clean(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def whisker_row(row: Whisker, scale: Scale) -> str:
    """Draw the interval of a row with the lines of the ticks behind it."""
    middle = ROW_HEIGHT / 2
    parts = [_vertical(scale.place(t), ROW_HEIGHT, "zero" if t == 0 else "grid") for t in scale.ticks()]
    if row.low is not None or row.high is not None:
        low, high = (
            scale.place(scale.low if row.low is None else row.low),
            scale.place(scale.high if row.high is None else row.high),
        )
        parts.append(f"<line class='whisker' x1='{low:.2f}%' x2='{high:.2f}%' y1='{middle}' y2='{middle}'/>")
        for place, bound in ((low, row.low), (high, row.high)):
            if bound is not None:
                parts.append(
                    f"<line class='whisker' x1='{place:.2f}%' x2='{place:.2f}%' y1='{middle - 4}' y2='{middle + 4}'/>"
                )
    parts.append(f"<circle class='dot' cx='{scale.place(row.value):.2f}%' cy='{middle}' r='4'/>")
    label = f"{clean(row.label)}: {interval_text(row.value, row.low, row.high)}"
    return f"<svg role='img' aria-label='{html.escape(label)}' height='{ROW_HEIGHT}'>{''.join(parts)}</svg>"


def axis_row(scale: Scale) -> str:
    """Draw the numbers of a horizontal axis."""
    return f"<svg aria-hidden='true' height='{ROW_HEIGHT}'>{''.join(_tick_texts(scale, 14))}</svg>"


def _tick_texts(scale: Scale, y: float) -> Iterator[str]:
    for tick in scale.ticks():
        place = scale.place(tick)
        anchor = "start" if place < _EDGE else "end" if place > 100 - _EDGE else "middle"
        yield f"<text x='{place:.2f}%' y='{y}' text-anchor='{anchor}'>{plain(tick, 3)}</text>"


def _vertical(place: float, height: float, kind: str) -> str:
    return f"<line class='{kind}' x1='{place:.2f}%' x2='{place:.2f}%' y1='0' y2='{height}'/>"


def _axes(x: Scale, y: Scale) -> Iterator[str]:
    """Yield the grid and the numbers of both axes."""
    for tick in x.ticks():
        yield _vertical(x.place(tick), HEIGHT, "grid")
    for tick in y.ticks():
        at = HEIGHT * (1 - y.place(tick) / 100)
        yield f"<line class='{'zero' if tick == 0 else 'grid'}' x1='0' x2='100%' y1='{at:.1f}' y2='{at:.1f}'/>"
        yield f"<text x='-6' y='{at + 4:.1f}' text-anchor='end'>{plain(tick, 3)}</text>"
    yield from _tick_texts(x, HEIGHT + 18)


def curves_svg(drawing: Curves, title: str) -> str:
    """Draw curves with their bands; of many, the ones that end highest."""
    shown = shown_curves(drawing)
    x = scale_of((v for c in shown for v in c.x), margin=0.0)
    y = scale_of(v for c in shown for v in (*c.y, *c.low, *c.high))
    shapes = "".join(_band(c, x, y, k) for k, c in enumerate(shown))
    shapes += "".join(_line(c, x, y, k) for k, c in enumerate(shown))
    inner = f"<svg class='stretched' width='100%' height='{HEIGHT}' viewBox='0 0 100 100' preserveAspectRatio='none'>"
    return _frame("".join(_axes(x, y)) + f"{inner}{shapes}</svg>", title)


def shown_curves(drawing: Curves) -> Sequence[Curve]:
    """Return the curves that are drawn: of many, the ones that end highest."""
    if len(drawing.curves) <= MOST_CURVES:
        return drawing.curves
    return sorted(drawing.curves, key=lambda c: -c.y[-1])[:MOST_CURVES]


def _points(xs: Sequence[float], ys: Sequence[float], x: Scale, y: Scale) -> str:
    return " ".join(f"{x.place(a):.2f},{100 - y.place(b):.2f}" for a, b in zip(xs, ys, strict=True))


def _line(curve: Curve, x: Scale, y: Scale, place: int) -> str:
    return f"<polyline class='line c{place % COLOURS}' points='{_points(curve.x, curve.y, x, y)}'/>"


def _band(curve: Curve, x: Scale, y: Scale, place: int) -> str:
    """Return the area between the bounds, in as many parts as bounds are missing between them."""
    parts: list[list[tuple[float, float, float]]] = [[]]
    for at, low, high in zip(curve.x, curve.low, curve.high, strict=True):
        if low is None or high is None:
            parts.append([])
        else:
            parts[-1].append((at, low, high))
    drawn = ""
    for part in parts:
        if len(part) > 1:
            upper = _points([p[0] for p in part], [p[2] for p in part], x, y)
            lower = _points([p[0] for p in part[::-1]], [p[1] for p in part[::-1]], x, y)
            drawn += f"<polygon class='band c{place % COLOURS}' points='{upper} {lower}'/>"
    return drawn


def swatch(place: int) -> str:
    """Draw the line of a series for a legend."""
    line = f"<line class='line c{place % COLOURS}' x1='0' x2='28' y1='6' y2='6'/>"
    return f"<svg class='swatch' aria-hidden='true'>{line}</svg>"


def scatter_svg(drawing: Scatter, title: str) -> str:
    """Draw subjects as numbered points; a number that would cover another is left to the table."""
    x = scale_of((p.x for p in drawing.points), is_log=drawing.is_log)
    y = scale_of(p.y for p in drawing.points)
    dots, taken = [], list[tuple[float, float]]()
    order = sorted(enumerate(drawing.points, 1), key=lambda item: item[1].is_best)
    for _, p in order:
        kind = "dot" if p.is_best else "ring"
        centre = f"cx='{x.place(p.x):.2f}%' cy='{_down(y, p.y):.1f}'"
        dots.append(f"<circle class='{kind}' {centre} r='5'><title>{escaped(p.name)}</title></circle>")
    for number, p in reversed(order):
        place, at = x.place(p.x), _down(y, p.y)
        side = -1 if place > 100 - _EDGE else 1
        box = (place / 100 * _NARROW + side * 14, at)
        if all(abs(box[0] - a) > _NUMBER_BOX[0] or abs(box[1] - b) > _NUMBER_BOX[1] for a, b in taken):
            taken.append(box)
            anchor = "end" if side < 0 else "start"
            where = f"x='{place:.2f}%' y='{at + 4:.1f}' dx='{8 * side}' text-anchor='{anchor}'"
            dots.append(f"<text class='number' {where}>{number}</text>")
    return _frame("".join(_axes(x, y)) + "".join(dots), title)


def _down(scale: Scale, value: float) -> float:
    return HEIGHT * (1 - scale.place(value) / 100)


def _frame(content: str, title: str) -> str:
    label = html.escape(clean(title))
    return f"<div class='axes'><svg role='img' aria-label='{label}' height='{HEIGHT}'>{content}</svg></div>"


RADIUS = 92.0
_WIDTH, _DEPTH = 360, 280


def radar_svg(drawing: Radar, title: str) -> str:
    """Draw a radar; the circle of 1 is the best rival's value, which is written at each axis."""
    count = len(drawing.spokes)
    middle = f"cx='{_WIDTH / 2}' cy='{_DEPTH / 2}'"
    parts = [
        f"<circle class='{'rim' if share == 1 else 'grid'}' {middle} r='{_radius(share):.1f}'/>"
        for share in (0.25, 0.5, 0.75, 1.0)
    ]
    for k, spoke in enumerate(drawing.spokes):
        (px, py), (tx, ty) = _at(k, count, RADAR_LIMIT), _at(k, count, RADAR_LIMIT * 1.1)
        parts.append(f"<line class='grid' x1='{_WIDTH / 2}' y1='{_DEPTH / 2}' x2='{px:.1f}' y2='{py:.1f}'/>")
        anchor = "middle" if abs(tx - _WIDTH / 2) < 8 else "start" if tx > _WIDTH / 2 else "end"  # noqa: PLR2004  # pixels
        name, rim = (html.escape(shortened(text, 18)) for text in spoke)
        up = -8 if ty < _DEPTH / 2 - 8 else 4
        parts.append(
            f"<text x='{tx:.1f}' y='{ty + up:.1f}' text-anchor='{anchor}'>{name}"
            f"<tspan class='rim-value' x='{tx:.1f}' dy='12'>1 = {rim}</tspan></text>"
        )
    for share in (0.5, 1.0):
        parts.append(
            f"<text class='share' x='{_WIDTH / 2 + 3}' y='{_DEPTH / 2 - _radius(share) - 2:.1f}'>{share:g}</text>"
        )
    for place, (_, shares) in reversed(list(enumerate(drawing.series))):
        corners = [_at(k, count, min(share, RADAR_LIMIT)) for k, share in enumerate(shares)]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        parts.append(f"<polygon class='line c{place % COLOURS}' points='{points}'/>")
    label = html.escape(clean(title))
    return f"<svg class='radar' role='img' aria-label='{label}' viewBox='0 0 {_WIDTH} {_DEPTH}'>{''.join(parts)}</svg>"


def _radius(share: float) -> float:
    return RADIUS * share / RADAR_LIMIT


def _at(spoke: int, count: int, share: float) -> tuple[float, float]:
    angle = 2 * math.pi * spoke / count - math.pi / 2
    return _WIDTH / 2 + _radius(share) * math.cos(angle), _DEPTH / 2 + _radius(share) * math.sin(angle)
