"""A waterfall: how a margin between two options went from one value to another, step by step."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint

ROW, BAR = 28.0, 14.0


@dataclass(frozen=True)
class Step:
    """shift: points of 100; above 0 towards the first option of the pair, below towards the other."""

    name: str
    shift: float


@dataclass(frozen=True)
class Waterfall:
    """ahead, behind: (name, accent) of the pair; the margin is the first's lead, below 0 where it trails.

    before, after  the margin at either end, points of 100; the steps sum to their difference
    """

    ahead: tuple[str, str]
    behind: tuple[str, str]
    first: str
    before: float
    steps: tuple[Step, ...]
    last: str
    after: float
    title: str = "Why the margin moved"


def signed(points: float) -> str:
    """ "+1.2", "-0.4"; nothing is "0.0"."""
    said = f"{round(points, 9):+.1f}"  # so that the same margin, summed in another order, reads the same
    return "0.0" if said in ("+0.0", "-0.0") else said


def margin_words(margin: float, ahead: str, behind: str) -> str:
    """ "CDMO 3.1 points ahead of Hybrid", "CDMO and Hybrid level"."""
    if signed(margin) == "0.0":
        return f"{ahead} and {behind} level"
    return f"{ahead} {abs(round(margin, 9)):.1f} points {'ahead of' if margin > 0 else 'behind'} {behind}"


def describe(data: Waterfall) -> str:
    names = data.ahead[0], data.behind[0]
    steps = ", ".join(f"{step.name} {signed(step.shift)}" for step in data.steps)
    ends = f"{data.first}: {margin_words(data.before, *names)}. {data.last}: {margin_words(data.after, *names)}."
    return f"{ends} {steps}." if steps else ends


def draw(data: Waterfall, width: float = 640, ident: str = "") -> str:
    """The steps from top to bottom, `width` px wide; below 480 px each name stands above its bar."""
    narrow = width < 480
    left = 0.0 if narrow else min(190.0, width * 0.32)
    right = width - 52
    levels = [data.before]
    for step in data.steps:
        levels.append(levels[-1] + step.shift)
    low, high = min(0.0, data.after, *levels), max(0.0, data.after, *levels)
    scale = (right - left) / ((high - low) or 1.0)

    def x(points: float) -> float:
        return left + (points - low) * scale

    tall = ROW + 14 if narrow else ROW
    parts: list[str] = []
    y, bottom = 4.0, 4.0 + tall * (len(data.steps) + 2)
    parts.append(svg.line(x(0), 0, x(0), bottom, colours.ink("line-strong"), stroke_width=1, stroke_dasharray="3 2"))
    rows = [(data.first, 0.0, data.before, True)]
    rows += [(step.name, at, at + step.shift, False) for step, at in zip(data.steps, levels, strict=False)]
    rows += [(data.last, 0.0, data.after, True)]
    for position, (name, start, end, is_end) in enumerate(rows):
        top = y + 18 if narrow else y + (ROW - BAR) / 2
        room = width - 60 if narrow else left - 10
        baseline = y + 13 if narrow else top + 11
        parts.append(svg.text(0, baseline, svg.fit(name, room, 12), paint("text"), 12, weight=600 if is_end else None))
        towards = data.ahead if end > start else data.behind
        wide = abs(x(end) - x(start))
        if wide > 0:
            parts.append(
                svg.rect(min(x(start), x(end)), top, max(1.0, wide), BAR, paint(f"option-{towards[1]}"), rx=1.5,
                         opacity=None if is_end else 0.72)
            )  # fmt: skip
        if position < len(rows) - 1 and not narrow:  # to where the next one begins; there a name stands between
            since = top if end == start else top + BAR
            parts.append(svg.line(x(end), since, x(end), top + tall, colours.ink("line-strong"), stroke_width=1))
        shown = signed(end - start)
        parts.append(svg.text(width, top + 11, shown, paint("text"), 12, anchor="end", weight=600 if is_end else None))
        y += tall
    entries = [(f"option-{accent}", f"towards {name}") for name, accent in (data.ahead, data.behind)]
    marks, y = svg.legend(entries, 0, y + 16, width)
    parts.append(marks)
    return svg.document(data.title, describe(data), width, y + 2, "".join(parts), ident)


def table(data: Waterfall) -> svg.Table:
    """Every step with the margin that it leads to."""
    rows = [(data.first, "", signed(data.before))]
    level = data.before
    for step in data.steps:
        level += step.shift
        rows.append((step.name, signed(step.shift), signed(level)))
    rows.append((data.last, signed(data.after - data.before), signed(data.after)))
    caption = f"Margin of {data.ahead[0]} over {data.behind[0]}, points of 100"
    return svg.Table(caption, ("Step", "Shift", "Margin"), tuple(rows))
