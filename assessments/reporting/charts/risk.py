"""Where the risk lives: P80 per half-year by category, one panel per option, against what can be absorbed."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import CATEGORY_NAMES, paint

CATEGORIES = tuple(CATEGORY_NAMES)


@dataclass(frozen=True)
class RiskPanel:
    """One option. buckets: per half-year the P80 of O, R and X in the chart's unit; breach: buckets above capacity."""

    name: str
    accent: str
    buckets: tuple[tuple[float, float, float], ...]
    note: str = ""  # "within capacity through month 48"
    breach: tuple[bool, ...] = ()


@dataclass(frozen=True)
class RiskOverTime:
    panels: tuple[RiskPanel, ...]
    capacity: float | None  # per half-year, in the unit
    unit: str  # "months of delay we carry" or "MUSD"
    bucket_months: int = 6
    title: str = "Where the risk lives"


def _span(data: RiskOverTime, index: int) -> str:
    return f"{index * data.bucket_months}–{(index + 1) * data.bucket_months}"


def _ceiling(data: RiskOverTime) -> float:
    """A round top of the axis above every bar and the capacity: 1, 2 or 5 times a power of ten."""
    top = max([sum(bucket) for panel in data.panels for bucket in panel.buckets] + [data.capacity or 0.0, 1e-9])
    power = 10.0 ** len(str(int(top))) / 100
    while True:
        for step in (1, 2, 4, 5, 10):
            if step * power >= top * 1.08:
                return step * power
        power *= 10


def describe(data: RiskOverTime) -> str:
    lines = []
    for panel in data.panels:
        highest = max(map(sum, panel.buckets), default=0.0)
        lines.append(f"{panel.name}: {panel.note or f'highest half-year {highest:.1f}'}")
    held = f" Capacity {data.capacity:.1f}." if data.capacity is not None else ""
    return f"P80 per half-year, {data.unit}. {'; '.join(lines)}.{held}"


def draw(data: RiskOverTime, width: float = 640, ident: str = "") -> str:
    left, plot = 28.0, 58.0
    top, parts, y = _ceiling(data), [], 12.0
    marks, y = svg.legend([(f"cat-{key}", CATEGORY_NAMES[key]) for key in CATEGORIES], 0, y, width - 130)
    if data.capacity is not None:
        parts.append(
            svg.line(width - 118, 9, width - 102, 9, colours.ink("text"), stroke_width=1.5, stroke_dasharray="3 2")
        )
        parts.append(svg.text(width, 12, "can be absorbed", paint("muted"), 11, anchor="end"))
    parts.append(marks)
    for panel in data.panels:
        y += 16
        shown = svg.fit(panel.name, width * 0.45, 12.5)
        parts.append(svg.rect(0, y - 9, 9, 9, paint(f"option-{panel.accent}"), rx=1.5))
        parts.append(svg.text(15, y, shown, paint("text"), 12.5))
        after = 15 + svg.width_of(shown, 12.5) + 8
        parts.append(svg.text(after, y, svg.fit(panel.note, width - after, 11), paint("muted"), 11))
        base = y + 10 + plot
        for share in (0.0, 0.5, 1.0):
            level = base - share * plot
            parts.append(svg.line(left, level, width, level, colours.ink("line"), stroke_width=1))
            parts.append(svg.text(left - 6, level + 3.5, f"{top * share:g}", paint("muted"), 10, anchor="end"))
        step = (width - left) / max(1, len(panel.buckets))
        for index, bucket in enumerate(panel.buckets):
            x, level = left + index * step + step * 0.14, base
            for key, amount in zip(CATEGORIES, bucket, strict=True):
                tall = max(0.0, amount) / top * plot
                level -= tall
                if tall > 0:
                    parts.append(svg.rect(x, level, step * 0.72, tall, paint(f"cat-{key}")))
            if index < len(panel.breach) and panel.breach[index]:
                box = {"fill": "none", **colours.ink("bad")}
                parts.append(svg.rect(x - 2, level - 2, step * 0.72 + 4, base - level + 2, box, rx=2, stroke_width=1.5))
            parts.append(svg.text(x + step * 0.36, base + 12, _span(data, index), paint("muted"), 9.5, anchor="middle"))
        if data.capacity is not None:
            level = base - data.capacity / top * plot
            parts.append(
                svg.line(left, level, width, level, colours.ink("text"), stroke_width=1.5, stroke_dasharray="3 2")
            )
        y = base + 16
    return svg.document(f"{data.title}: {data.unit}", describe(data), width, y + 2, "".join(parts), ident)


def table(data: RiskOverTime) -> svg.Table:
    rows = []
    for panel in data.panels:
        for index, bucket in enumerate(panel.buckets):
            above = index < len(panel.breach) and panel.breach[index]
            amounts = tuple(f"{amount:.1f}" for amount in (*bucket, sum(bucket)))
            rows.append((f"{panel.name}, months {_span(data, index)}", *amounts, "above" if above else "within"))
    headers = (
        "Option and half-year",
        *(name.capitalize() for name in CATEGORY_NAMES.values()),
        "Sum",
        "Capacity",
    )
    return svg.Table(f"{data.title}: {data.unit}, P80", headers, tuple(rows))
