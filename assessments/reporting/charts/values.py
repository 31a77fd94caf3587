"""Stacked value bars: how many points of 100 each option earns in each dimension."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint


@dataclass(frozen=True)
class OptionValue:
    """One bar. contributions: points of 100 per dimension, in the order of `ValueBars.dimensions`; they sum to total."""

    name: str
    contributions: tuple[float, ...]
    total: float
    blocked: str = ""  # why, in words; empty: not blocked
    note: str = ""  # "1 condition"
    accent: str = ""  # a square before the name: in_house, cdmo, hybrid, variant_a, variant_b
    low: float | None = None  # where ratings are missing: the total lies between low and high
    high: float | None = None


@dataclass(frozen=True)
class ValueBars:
    dimensions: tuple[str, ...]
    options: tuple[OptionValue, ...]
    title: str = "Value of each option"
    inputs: str = ""  # what it rests on: "facts only, revision 12"


def _points(option: OptionValue) -> str:
    return f"{option.total:.1f}"


def describe(data: ValueBars) -> str:
    """One sentence per option, for those who do not see the bars."""
    lines = []
    for option in data.options:
        state = f"blocked: {option.blocked}" if option.blocked else option.note
        lines.append(f"{option.name} {_points(option)} of 100" + (f" ({state})" if state else ""))
    return "; ".join(lines) + "." if lines else "No option has a value yet."


def draw(data: ValueBars, width: float = 640, ident: str = "") -> str:
    """The bars as SVG, `width` px wide; below 480 px the name stands above its bar."""
    narrow = width < 480
    label = 0 if narrow else min(230.0, width * 0.36)
    left, right = label, width - 52
    length = right - left
    parts, y = [], 4.0
    for position, option in enumerate(data.options):
        if position:
            parts.append(svg.line(0, y, width, y, colours.ink("line"), stroke_width=1))
            y += 12
        under = f"blocked: {option.blocked}" if option.blocked else option.note
        room = (width if narrow else label) - 16
        tone = paint("muted" if option.blocked else "text")
        indent = 15 if option.accent else 0
        if option.accent:
            faint = 0.45 if option.blocked else None
            parts.append(svg.rect(0, y + 5, 9, 9, paint(f"option-{option.accent}"), rx=1.5, opacity=faint))
        names = svg.wrap(option.name, room - indent, 13, 2)
        for step, words in enumerate(names):
            parts.append(svg.text(indent, y + 14 + 16 * step, words, tone, 13))
        lines = svg.wrap(under, room - indent, 11, 2)
        for step, words in enumerate(lines):
            colour = paint("bad" if option.blocked else "muted")
            parts.append(svg.text(indent, y + 14 + 16 * len(names) + 14 * step, words, colour, 11))
        tall = 2 + 16 * len(names) + 14 * len(lines)
        top = y + tall + 4 if narrow else y + max(2.0, tall / 2 - 6)
        parts.append(svg.rect(left, top, length, 14, paint("track"), rx=2))
        segments, x = [], left
        for index, points in enumerate(option.contributions):
            wide = max(0.0, points) / 100 * length
            if wide > 0:
                segments.append(svg.rect(x, top, max(0.5, wide - 1), 14, paint(colours.dimension(index))))
            x += wide
        parts.append(svg.tag("g", {"opacity": 0.42 if option.blocked else None}, *segments) if segments else "")
        if option.low is not None and option.high is not None:
            ends = left + option.low / 100 * length, left + option.high / 100 * length
            parts.append(svg.line(ends[0], top + 18, ends[1], top + 18, colours.ink("text"), stroke_width=1.5))
        shown = svg.text(
            width, top + 12, _points(option), tone, 14, anchor="end", weight=None if option.blocked else 650
        )
        parts.append(shown)
        y = max(y + tall, top + 20) + 10
    entries = [(colours.dimension(index), name) for index, name in enumerate(data.dimensions)]
    marks, y = svg.legend(entries, 0, y + 12, width)
    parts.append(marks)
    return svg.document(data.title, describe(data), width, y + 2, "".join(parts), ident)


def table(data: ValueBars) -> svg.Table:
    """Options down, dimensions across, points of 100 with one decimal."""
    rows = []
    for option in data.options:
        points = tuple(f"{value:.1f}" for value in option.contributions)
        rows.append(
            (
                option.name,
                *points,
                _points(option),
                f"blocked: {option.blocked}" if option.blocked else option.note or "–",
            )
        )
    return svg.Table(f"{data.title}, points of 100", ("Option", *data.dimensions, "Total", "Gates"), tuple(rows))
