"""Scenario matrix: who comes first in each stress run, by how much, and whether that keeps the answer."""

from dataclasses import dataclass

from assessments.reporting.charts import colours, svg
from assessments.reporting.charts.colours import paint


@dataclass(frozen=True)
class ScenarioOption:
    key: str
    name: str
    accent: str


@dataclass(frozen=True)
class ScenarioRun:
    """One run.

    margin  points between the first two, None with fewer than two unblocked
    keeps   None for the base run
    tied    the first ones where they have the same value; there is no winner then
    """

    name: str
    winner: str | None
    margin: float | None
    unblocked: tuple[str, ...]
    keeps: bool | None
    tied: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScenarioMatrix:
    options: tuple[ScenarioOption, ...]
    runs: tuple[ScenarioRun, ...]
    title: str = "What the stress runs do to the answer"


def _margin(run: ScenarioRun) -> str:
    return "only one left" if run.margin is None else f"+{run.margin:.1f}"


def _outcome(run: ScenarioRun) -> str:
    if run.keeps is None:
        return "base"
    if run.winner is None:
        return "tie" if run.tied else "none left"
    return "keeps" if run.keeps else "changes"


def _first(data: ScenarioMatrix, run: ScenarioRun) -> str:
    named = [option.name for option in data.options if option.key == run.winner or option.key in run.tied]
    return " and ".join(named) or "no credible option"


def describe(data: ScenarioMatrix) -> str:
    stress = [run for run in data.runs if run.keeps is not None]
    kept = sum(1 for run in stress if run.keeps)
    changed = [f"{run.name}: {_first(data, run)} first" for run in stress if not run.keeps]
    return f"{kept} of {len(stress)} runs keep the answer." + (f" Changed by {'; '.join(changed)}." if changed else "")


def draw(data: ScenarioMatrix, width: float = 640, ident: str = "") -> str:
    """A row per run, a column per option. A dot marks the first option, its margin in points stands beside it."""
    narrow = width < 480
    last = 58.0 if narrow else 72.0
    label = width * (0.32 if narrow else 0.34)
    step = (width - label - last) / max(1, len(data.options))
    size = 11 if narrow else 12
    parts, y = [], 14.0
    for column, option in enumerate(data.options):
        shown = svg.fit(option.name, step - 6, 11)
        parts.append(svg.text(label + column * step, y, shown, paint(f"option-{option.accent}"), 11, weight=600))
    parts.append(svg.text(width, y, "answer", paint("muted"), 11, anchor="end"))
    y += 8
    for run in data.runs:
        parts.append(svg.line(0, y, width, y, colours.ink("line"), stroke_width=1))
        names = svg.wrap(run.name, label - 8, size, 3 if narrow else 2)
        tall = 10 + 14 * len(names)
        middle = y + tall / 2 + 4
        for index, words in enumerate(names):
            weight = 600 if run.keeps is None else None
            parts.append(svg.text(0, y + 16 + 14 * index, words, paint("text"), size, weight=weight))
        for column, option in enumerate(data.options):
            x = label + column * step
            if option.key == run.winner or option.key in run.tied:
                dot = {
                    "cx": float(x + 5),
                    "cy": float(middle - 4),
                    "r": 5.0,
                    **paint(f"option-{option.accent}"),
                }
                parts.append(svg.tag("circle", dot))
                words = "tied" if run.tied else "alone" if run.margin is None else _margin(run)
                shown = svg.fit(words, step - 16, size)
                parts.append(svg.text(x + 15, middle, shown, paint("text"), size, weight=600))
            elif option.key not in run.unblocked:
                parts.append(svg.text(x, middle, svg.fit("blocked", step - 4, size - 1), paint("bad"), size - 1))
        tone = {"keeps": "good", "base": "muted"}.get(_outcome(run), "bad")
        bold = 600 if tone == "bad" else None
        parts.append(svg.text(width, middle, _outcome(run), paint(tone), size, anchor="end", weight=bold))
        y += tall
    return svg.document(data.title, describe(data), width, y + 4, "".join(parts), ident)


def table(data: ScenarioMatrix) -> svg.Table:
    rows = []
    for run in data.runs:
        gone = [option.name for option in data.options if option.key not in run.unblocked]
        margin = "–" if run.winner is None else _margin(run)
        rows.append((run.name, _first(data, run), margin, ", ".join(gone) or "–", _outcome(run)))
    return svg.Table(data.title, ("Run", "First", "Margin, points", "Blocked", "Answer"), tuple(rows))
