"""A scorecard's numbers as the rows of tables: gates, conditions, lenses, dimensions, criteria, cells that moved."""

import calendar
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.reporting.result_view.names import Names
from assessments.reporting.result_view.words import Numbers, Option, options, result_of

_EFFECTS = {"block": 0, "condition": 1, "warn": 2}


@dataclass(frozen=True)
class Gate:
    """One gate that fired. effect: block, condition or warn; message: in plain words, with its numbers."""

    id: str
    name: str
    effect: str
    options: tuple[Option, ...]
    message: str


@dataclass(frozen=True)
class Condition:
    """What must be done. due: "month 6, May 2027", empty without one; for_choice: it binds the option that comes first."""

    gate: str
    gate_name: str
    title: str
    owner: str
    month: float | None
    due: str
    why: str
    options: tuple[Option, ...]
    for_choice: bool
    every_option: bool


@dataclass(frozen=True)
class LensRow:
    """Who comes first under one view of what matters. totals: per option in the review's order, points of 100."""

    key: str
    name: str
    first: str
    accent: str
    margin: float | None
    totals: tuple[float | None, ...]
    changes: bool


@dataclass(frozen=True)
class CheckRow:
    """What another method says. scale: of its figures; figures: per option in the review's order, None where blocked.

    why_not  why it says nothing; empty where it does
    """

    name: str
    scale: str
    first: str
    accent: str
    figures: tuple[float | None, ...]
    differs: bool
    why_not: str


@dataclass(frozen=True)
class DimensionRow:
    """values: 0 to 100 per option in the review's order, None where all of it is missing; weight: share of 1.

    best  per option, whether no other has more and one has less
    lead  what the dimension adds to the margin of the first over the second, points of 100; None without two
    """

    key: str
    name: str
    weight: float
    values: tuple[float | None, ...]
    best: tuple[bool, ...]
    lead: float | None = None

    @property
    def weight_percent(self) -> str:
        return f"{self.weight * 100:.0f}"

    @property
    def lead_words(self) -> str:
        return "–" if self.lead is None else signed(self.lead)

    @property
    def cells(self) -> list[tuple[float | None, bool]]:
        """(value, whether it is the best) per option."""
        return list(zip(self.values, self.best, strict=True))


@dataclass(frozen=True)
class SideRow:
    """One option under both results, in points of 100. panel and judgement: None before there is a panel."""

    option: Option
    blocked: bool
    facts: float | None
    panel: float | None
    judgement: float | None

    @property
    def judgement_words(self) -> str:
        return "–" if self.judgement is None else signed(self.judgement)


@dataclass(frozen=True)
class Cell:
    """One criterion and option. suggestion: what the facts say; value: what the result uses; both 1 to 5 or None."""

    suggestion: float | None
    reason: str
    value: float | None

    @property
    def judgement(self) -> float | None:
        """What people added to the suggestion; None where there is nothing to compare."""
        if self.value is None or self.suggestion is None:
            return None
        return self.value - self.suggestion

    @property
    def judgement_words(self) -> str:
        """Empty where people took over what the facts suggest."""
        return signed(self.judgement) if self.judgement else ""


@dataclass(frozen=True)
class CriterionRow:
    """weight: share of 1; dimension: set on the first criterion of a dimension only."""

    key: str
    name: str
    weight: float
    cells: tuple[Cell, ...]
    dimension: str = ""

    @property
    def weight_percent(self) -> str:
        return f"{self.weight * 100:.1f}"


@dataclass(frozen=True)
class Clipped:
    """A cell held within the scale of 1 to 5. by: "rule" or "judgement"; both scores in words."""

    criterion: str
    option: Option
    by: str
    unclipped: str
    score: str


@dataclass(frozen=True)
class Moved:
    """A cell whose suggestion moved after it was judged; the judgement was carried along."""

    criterion: str
    option: Option
    was: float
    now: float
    judgement: float

    @property
    def judgement_words(self) -> str:
        return signed(self.judgement)


def month_words(month: float | None, start: datetime.date | None) -> str:
    """ "month 6, May 2027": a month of the facts with its calendar month; empty without one.

    start  the day of month 0; the date of a month is on the same day or the month's last, a fraction taken of 30 days
    """
    if month is None:
        return ""
    said = f"month {month:g}" if month == int(month) else f"month {month:.1f}"
    if start is None:
        return said
    years, index = divmod(start.month - 1 + int(month // 1), 12)
    year = start.year + years
    if not datetime.MINYEAR <= year < datetime.MAXYEAR:
        return said
    of_month = datetime.date(year, index + 1, min(start.day, calendar.monthrange(year, index + 1)[1]))
    on = of_month + datetime.timedelta(days=round(month % 1 * 30))
    return f"{said}, {calendar.month_abbr[on.month]} {on.year}"


def signed(points: float) -> str:
    """ "+1.2", "-0.4"; nothing is "0.0"."""
    said = f"{points:+.1f}"
    return "0.0" if said in ("+0.0", "-0.0") else said


def gate_rows(numbers: Numbers) -> list[Gate]:
    """Blocks first, then conditions, then warnings."""
    known = options(numbers)
    rows = [
        Gate(gate["id"], gate["name"], gate["effect"], tuple(known[key] for key in gate["options"]), gate["message"])
        for gate in numbers["gates"]
    ]
    return sorted(rows, key=lambda row: (_EFFECTS.get(row.effect, 3), row.id))


def condition_rows(numbers: Numbers, names: Names, start: datetime.date | None = None) -> list[Condition]:
    """One row per condition, whichever options it binds; those of the option that comes first stand first.

    start  the day of month 0
    """
    known, first = options(numbers), numbers["verdict"]["option"]
    merged: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for gate in numbers["gates"]:
        if gate["condition"]:
            merged.setdefault((gate["id"], gate["condition"]["title"]), []).append(gate)
    rows = []
    for (gate_id, title), gates in merged.items():
        keys = [key for key in known if any(key in gate["options"] for gate in gates)]
        months = [gate["condition"]["due"] for gate in gates if gate["condition"]["due"] is not None]
        binding = next((gate for gate in gates if first in gate["options"]), gates[0])
        month = binding["condition"]["due"] if binding["condition"]["due"] is not None else min(months, default=None)
        rows.append(
            Condition(
                gate=gate_id,
                gate_name=binding["name"],
                title=title,
                owner=names.function(binding["condition"]["owner"] or ""),
                month=month,
                due=month_words(month, start),
                why=binding["message"],
                options=tuple(known[key] for key in keys),
                for_choice=first is None or first in keys,
                every_option=len(keys) == len(known),
            )
        )
    return sorted(rows, key=lambda row: (not row.for_choice, row.month is None, row.month or 0.0, row.gate))


def lens_rows(numbers: Numbers, names: Names) -> list[LensRow]:
    known, base = options(numbers), numbers["verdict"]["option"]
    rows = []
    for key, lens in names.ordered(numbers["lenses"], names.lenses):
        winner = lens["winner"]
        if winner:
            first = known[winner].name
        else:
            first = " and ".join(known[one].name for one in lens["tied"]) + " tied" if lens["tied"] else "none left"
        margin = lens["margin"] if lens["runner_up"] else None
        totals = tuple(lens["totals"][option] for option in known)
        accent = known[winner].accent if winner else ""
        rows.append(LensRow(key, lens["name"], first, accent, margin, totals, winner != base))
    return rows


_CHECKS = {
    "topsis": ("TOPSIS", "closeness to the best, 0 to 1"),
    "promethee": ("PROMETHEE II, with thresholds", "net preference, −1 to 1"),
    "promethee_usual": ("PROMETHEE II, any difference", "net preference, −1 to 1"),
}


def check_rows(numbers: Numbers) -> list[CheckRow]:
    """The cross-checks by other methods; none before the full depth."""
    known, checks = options(numbers), numbers.get("crosschecks") or {}
    rows = []
    for key, (name, scale) in _CHECKS.items():
        check = checks.get(key)
        if check is None:
            continue
        said, winner = check["options"] or {}, check["winner"]
        figures = tuple(said[option]["value"] if option in said else None for option in known)
        first, accent = (known[winner].name, known[winner].accent) if winner else ("a tie", "")
        rows.append(CheckRow(name, scale, first, accent, figures, check["same"] is False, check["why_not"]))
    return rows


def side_rows(numbers: Numbers) -> list[SideRow]:
    """Facts only beside the panel, the best of the shown result first."""
    known, facts, panel = options(numbers), numbers["facts"]["options"], numbers["panel"]
    rows = []
    for key in result_of(numbers)["order"]:
        said = facts[key]["total"]
        judged = panel["options"][key]["total"] if panel else None
        shift = judged - said if judged is not None and said is not None else None
        rows.append(SideRow(known[key], facts[key]["blocked"], said, judged, shift))
    return rows


def dimension_rows(numbers: Numbers, names: Names, basis: str | None = None) -> list[DimensionRow]:
    known, result = options(numbers), result_of(numbers, basis)["options"]
    weights = dict.fromkeys(names.dimensions, 0.0)
    for criterion, weight in numbers["weights"].items():
        weights[names.dimension_of[criterion]] += weight
    rows = []
    for key, name in names.dimensions.items():
        values = tuple(result[option]["dimensions"][key]["value"] for option in known)
        there = [value for value in values if value is not None]
        top = max(there, default=0.0)
        apart = bool(there) and min(there) < top - 1e-9
        best = tuple(apart and value is not None and value > top - 1e-9 for value in values)
        rows.append(DimensionRow(key, name, weights[key], values, best, _lead(numbers, result, key)))
    return rows


def criterion_rows(numbers: Numbers, names: Names, basis: str | None = None) -> list[CriterionRow]:
    """Every criterion with what the facts suggest and what the result uses, per option in the review's order."""
    known, result = options(numbers), result_of(numbers, basis)["options"]
    rows, last = [], ""
    for key in numbers["criteria"]:
        cells = []
        for option in known:
            suggested = numbers["suggestions"][key][option]
            cells.append(Cell(suggested["score"], suggested["reason"], result[option]["scores"][key]))
        dimension = names.dimension_of[key]
        heading = names.dimensions[dimension] if dimension != last else ""
        rows.append(CriterionRow(key, names.criteria[key], numbers["weights"][key], tuple(cells), heading))
        last = dimension
    return rows


def moved_rows(numbers: Numbers, names: Names) -> list[Moved]:
    known = options(numbers)
    return [
        Moved(names.criteria[one["criterion"]], known[one["option"]], one["was"], one["now"], one["judgement"])
        for one in numbers["moved"]
    ]


def _lead(numbers: Numbers, result: Mapping[str, Any], dimension: str) -> float | None:
    first, second = numbers["verdict"]["option"], numbers["verdict"]["runner_up"]
    if not first or not second:
        return None
    won, lost = (result[key]["dimensions"][dimension]["contribution"] for key in (first, second))
    return float(won - lost)


def lead_words(numbers: Numbers) -> str:
    """Whose lead over whom the dimensions' shares of the margin are; empty without two open options."""
    first, second = numbers["verdict"]["option"], numbers["verdict"]["runner_up"]
    known = options(numbers)
    return f"{known[first].name} over {known[second].name}" if first and second else ""


def clipped_rows(numbers: Numbers, names: Names) -> list[Clipped]:
    known = options(numbers)
    return [
        Clipped(
            names.criteria[one["criterion"]],
            known[one["option"]],
            one["by"],
            f"{one['unclipped']:.1f}",
            f"{one['score']:g}",
        )
        for one in numbers.get("clipped", ())
    ]


def certain_words(numbers: Numbers) -> list[str]:
    """Which options stay ahead of which whatever the missing cells turn out to be; empty where no cell is missing."""
    result, known = result_of(numbers), options(numbers)
    rows = result["options"]
    if all(row["high"] - row["low"] < 1e-9 for row in rows.values()):
        return []
    pairs = [(a, b) for a, b in result.get("certain", ()) if not rows[a]["blocked"] and not rows[b]["blocked"]]
    if not pairs:
        return ["No option is certainly ahead of another: the missing cells could still turn every pair."]
    return [
        f"Whatever the missing cells turn out to be, {known[a].name} stays ahead of {known[b].name}." for a, b in pairs
    ]
