"""Ranges of single weights: how far each may move, the others keeping their proportions, until the answer changes."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint


@dataclass(frozen=True)
class RangeOfWeight:
    """All shares are 0 to 1.

    low, high              the range in which the first option stays first
    order_low, order_high  the range in which the whole order stays
    below, above           who comes first beyond it; empty: nobody
    """

    name: str
    weight: float
    low: float
    high: float
    order_low: float
    order_high: float
    below: str = ""
    above: str = ""


@dataclass(frozen=True)
class WeightRanges:
    rows: tuple[RangeOfWeight, ...]
    first: str  # the option that comes first
    title: str = "How far one weight may move"


def percent(share: float) -> str:
    """A share as a percentage with a digit below ten."""
    return f"{share * 100:.0f}" if share in (0.0, 1.0) or 0.1 <= share <= 0.9 else f"{share * 100:.1f}"


def range_words(low: float, high: float) -> str:
    """ "7.5–19 %", "above 7.5 %", "below 19 %", "any"."""
    if low <= 0 and high >= 1:
        return "any"
    if high >= 1:
        return f"above {percent(low)} %"
    return f"below {percent(high)} %" if low <= 0 else f"{percent(low)}–{percent(high)} %"


def beyond_words(row: RangeOfWeight) -> str:
    """Who comes first beyond the range: "below: CDMO; above: Hybrid"."""
    said = [f"below: {row.below}"] if row.below and row.low > 0 else []
    said += [f"above: {row.above}"] if row.above and row.high < 1 else []
    return "; ".join(said) or "nobody"


def describe(data: WeightRanges) -> str:
    shown = "; ".join(f"{row.name} {range_words(row.low, row.high)} (now {percent(row.weight)} %)" for row in data.rows)
    return f"{data.first} stays first: {shown}."


def draw(data: WeightRanges, width: float = 640, ident: str = "") -> str:
    narrow = width < 480
    label, value = (0.0 if narrow else min(210.0, width * 0.34)), 84.0
    length = width - label - value
    parts, y = [], 2.0
    top = y
    for row in data.rows:
        room = width if narrow else label - 10
        parts.append(svg.text(0, y + 14, svg.fit(row.name, room, 12), paint("text"), 12))
        line = y + 26 if narrow else y + 10
        parts.append(svg.rect(label, line - 4, length, 8, paint("track"), rx=2))
        whole = max(1.0, (row.high - row.low) * length)
        parts.append(svg.rect(label + row.low * length, line - 4, whole, 8, paint("dim-8"), rx=2, opacity=0.4))
        inner = max(1.0, (row.order_high - row.order_low) * length)
        parts.append(svg.rect(label + row.order_low * length, line - 4, inner, 8, paint("dim-8"), rx=2))
        at = label + row.weight * length
        dot = {"cx": float(at), "cy": float(line), "r": 4.5, **paint("text")}
        parts.append(svg.tag("circle", dot))
        parts.append(
            svg.text(width, line + 4, range_words(row.low, row.high), paint("text"), 12, anchor="end", weight=600)
        )
        y = line + 14
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = label + share * length
        parts.insert(0, svg.line(x, top, x, y, colours.ink("line"), stroke_width=1))
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        parts.append(svg.text(x, y + 12, f"{share * 100:.0f} %", paint("muted"), 10, anchor=anchor))
    y += 32
    x = 0.0
    for strength, words in ((1.0, "the whole order stays"), (0.4, f"{data.first} stays first")):
        shown = svg.fit(words, width / 2 - 20, 11)
        parts.append(svg.rect(x, y - 9, 9, 9, paint("dim-8"), rx=1.5, opacity=strength))
        parts.append(svg.text(x + 14, y, shown, paint("muted"), 11))
        x += 14 + svg.width_of(shown, 11) + 14
    if not narrow:
        parts.append(svg.tag("circle", {"cx": float(x + 5), "cy": float(y - 4), "r": 4.5, **paint("text")}))
        parts.append(svg.text(x + 14, y, "the weight now", paint("muted"), 11))
    return svg.document(data.title, describe(data), width, y + 6, "".join(parts), ident)


def table(data: WeightRanges) -> svg.Table:
    rows = tuple(
        (
            row.name,
            f"{percent(row.weight)} %",
            range_words(row.low, row.high),
            beyond_words(row),
            range_words(row.order_low, row.order_high),
        )
        for row in data.rows
    )
    headers = ("Weight", "Now", f"{data.first} stays first", "Then first", "Whole order stays")
    return svg.Table(f"{data.title}, the others keeping their proportions", headers, rows)
