"""A sparkline for a table cell: a few bars against a limit. The numbers stand in its description and table."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint


@dataclass(frozen=True)
class Sparkline:
    """values: one per period, in `unit`, at least 0; limit: what can be absorbed, in the same unit, or None.

    marked  the periods that are beyond what can be absorbed; where nothing says so, those above the limit
    """

    values: tuple[float, ...]
    limit: float | None
    unit: str
    title: str = "Risk per half-year"
    marked: tuple[bool, ...] = ()


def describe(data: Sparkline) -> str:
    shown = ", ".join(f"{value:.1f}" for value in data.values) or "no values yet"
    return f"{shown} {data.unit}" + (f"; can be absorbed: {data.limit:.1f}" if data.limit is not None else "")


def draw(data: Sparkline, width: float = 96, ident: str = "") -> str:
    tall = 24.0
    top = max([*data.values, data.limit or 0.0, 1e-9]) * 1.05
    step = width / max(1, len(data.values))
    parts = []
    for index, value in enumerate(data.values):
        high = max(0.0, value) / top * tall
        above = data.limit is not None and value > data.limit
        beyond = data.marked[index] if data.marked else above
        fill = paint("bad") if beyond else {"fill": colours.TOKENS["line-strong"][0], "class": "c-muted"}
        parts.append(svg.rect(index * step + 0.75, tall - high, max(0.5, step - 1.5), high, fill))
    if data.limit is not None:
        level = tall - data.limit / top * tall
        parts.append(svg.line(0, level, width, level, colours.ink("text"), stroke_width=1, stroke_dasharray="2 2"))
    return svg.document(data.title, describe(data), width, tall, "".join(parts), ident)


def table(data: Sparkline) -> svg.Table:
    rows = tuple((str(index + 1), f"{value:.1f}") for index, value in enumerate(data.values))
    return svg.Table(f"{data.title}, {data.unit}", ("Period", "Value"), rows)
