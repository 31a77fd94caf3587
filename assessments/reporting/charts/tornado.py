"""Tornado: what the margin of the first option over the second becomes if one weight is halved or doubled."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint


@dataclass(frozen=True)
class Swing:
    """The margin, points of 100, with the weight halved and doubled; below 0 the second leads."""

    name: str
    half: float
    double: float


@dataclass(frozen=True)
class Tornado:
    """margin: now, points of 100; first, second: names of the two."""

    swings: tuple[Swing, ...]
    margin: float
    first: str
    second: str
    title: str = "One weight halved or doubled"


def points(value: float) -> str:
    shown = f"{value:+.1f}".replace("-", "−")
    return "0.0" if shown in ("+0.0", "−0.0") else shown


def describe(data: Tornado) -> str:
    shown = "; ".join(f"{one.name} {points(one.half)} to {points(one.double)}" for one in data.swings)
    return f"Margin of {data.first} over {data.second} in points, now {points(data.margin)}: {shown}."


def draw(data: Tornado, width: float = 640, ident: str = "") -> str:
    narrow = width < 480
    label, edge = (0.0 if narrow else min(210.0, width * 0.34)), 40.0
    ends = [end for one in data.swings for end in (one.half, one.double)] + [data.margin, 0.0]
    low, high = min(ends), max(ends)
    span = max(high - low, 1e-9)
    left, length = label + edge, width - label - 2 * edge

    def at(value: float) -> float:
        return left + (value - low) / span * length

    parts, y = [], 16.0
    top = y - 4
    for one in data.swings:
        room = width if narrow else label - 10
        parts.append(svg.text(0, y + 14, svg.fit(one.name, room, 12), paint("text"), 12))
        line = y + 28 if narrow else y + 10
        for end, tone in ((one.half, "dim-8"), (one.double, "dim-1")):
            x, wide = min(at(end), at(data.margin)), abs(at(end) - at(data.margin))
            if wide > 0.25:
                parts.append(svg.rect(x, line - 7, wide, 14, paint(tone), rx=1.5))
        small, large = sorted((one.half, one.double))
        ends_of = [(large, 5, "start")] if large - small < 0.05 else [(small, -5, "end"), (large, 5, "start")]
        for end, aside, anchor in ends_of:
            colour = paint("bad" if end < 0 else "muted")
            parts.append(svg.text(at(end) + aside, line + 4, points(end), colour, 11, anchor=anchor))
        y = line + 15
    now = svg.line(at(data.margin), top, at(data.margin), y, colours.ink("text"), stroke_width=1.25)
    tie = svg.line(at(0.0), top, at(0.0), y, colours.ink("bad"), stroke_width=1.25, stroke_dasharray="3 2")
    parts += [now, tie]
    near = abs(at(data.margin) - at(0.0)) < 60
    parts.append(
        svg.text(
            at(data.margin) + (3 if near else 0),
            10,
            f"now {points(data.margin)}",
            paint("muted"),
            10,
            anchor="start" if near else "middle",
        )
    )
    parts.append(
        svg.text(at(0.0) - (3 if near else 0), 10, "tie", paint("bad"), 10, anchor="end" if near else "middle")
    )
    marks, y = svg.legend([("dim-8", "weight halved"), ("dim-1", "weight doubled")], 0, y + 14, width)
    parts.append(marks)
    return svg.document(data.title, describe(data), width, y + 2, "".join(parts), ident)


def table(data: Tornado) -> svg.Table:
    rows = tuple((one.name, points(one.half), points(one.double)) for one in data.swings)
    caption = f"{data.title}: margin of {data.first} over {data.second}, points (now {points(data.margin)})"
    return svg.Table(caption, ("Weight", "Halved", "Doubled"), rows)
