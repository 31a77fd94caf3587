"""How likely each half-year asks for more than can be absorbed: one row of bars an option, against one in two."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint
from assessments.reporting.charts.shares import share_words


@dataclass(frozen=True)
class BreachPanel:
    """chances: (share 0 to 1, one standard error) per half-year; note: "from months 6–12 on"."""

    name: str
    accent: str
    chances: tuple[tuple[float, float], ...]
    note: str = ""


@dataclass(frozen=True)
class BreachOverTime:
    """half_years: "0–6" and so on; limit: the share from which a half-year counts as beyond."""

    panels: tuple[BreachPanel, ...]
    half_years: tuple[str, ...]
    limit: float
    title: str = "Chance of more than can be absorbed"


def describe(data: BreachOverTime) -> str:
    shown = []
    for panel in data.panels:
        worst = max(range(len(panel.chances)), key=lambda at: panel.chances[at][0], default=None)
        if worst is not None:
            shown.append(f"{panel.name} at most {share_words(*panel.chances[worst])}, months {data.half_years[worst]}")
    return "; ".join(shown) + "." if shown else "No half-year is known."


def draw(data: BreachOverTime, width: float = 640, ident: str = "") -> str:
    left, plot = 34.0, 44.0
    parts, y = [], -4.0
    for panel in data.panels:
        y += 16
        shown = svg.fit(panel.name, width * 0.45, 12.5)
        parts.append(svg.rect(0, y - 9, 9, 9, paint(f"option-{panel.accent}"), rx=1.5))
        parts.append(svg.text(15, y, shown, paint("text"), 12.5))
        after = 15 + svg.width_of(shown, 12.5) + 8
        parts.append(svg.text(after, y, svg.fit(panel.note, width - after, 11), paint("muted"), 11))
        base = y + 20 + plot
        for share in (0.0, 1.0):
            level = base - share * plot
            parts.append(svg.line(left, level, width, level, colours.ink("line"), stroke_width=1))
            parts.append(svg.text(left - 6, level + 3.5, f"{share * 100:.0f} %", paint("muted"), 10, anchor="end"))
        step = (width - left) / max(1, len(panel.chances))
        for index, (share, _) in enumerate(panel.chances):
            x, tall = left + index * step + step * 0.14, share * plot
            tone = paint("bad") if share >= data.limit else paint(f"option-{panel.accent}")
            parts.append(svg.rect(x, base - tall, step * 0.72, max(0.5, tall), tone, rx=1))
            parts.append(
                svg.text(x + step * 0.36, base - tall - 3, f"{share * 100:.0f}", paint("text"), 10, anchor="middle")
            )
            parts.append(
                svg.text(x + step * 0.36, base + 12, data.half_years[index], paint("muted"), 9.5, anchor="middle")
            )
        level = base - data.limit * plot
        parts.append(
            svg.line(left, level, width, level, colours.ink("text"), stroke_width=1.25, stroke_dasharray="3 2")
        )
        y = base + 18
    return svg.document(data.title, describe(data), width, y + 2, "".join(parts), ident)


def table(data: BreachOverTime) -> svg.Table:
    rows = tuple((panel.name, *(share_words(*chance) for chance in panel.chances)) for panel in data.panels)
    return svg.Table(data.title, ("Months", *data.half_years), rows)
