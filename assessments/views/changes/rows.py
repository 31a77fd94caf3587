"""A comparison in words: rows of tables and the data of its charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.reporting import charts, result_view
from assessments.reporting.charts.waterfall import margin_words, signed
from assessments.reporting.result_view.names import Names
from assessments.scoring.attribution import ASKED, FIRSTS
from assessments.scoring.effects import CELLS, GATES, RISK
from assessments.services.changes import AREAS_APART, Cell, Comparison
from assessments.views.criteria.comparing import compare as compare_criteria
from assessments.views.programs.words import difference_words

GROUPS = {"facts": "Facts", "judgement": "Judgement", "weights": "Weights", "criteria": "Criteria"}
MOVES = {CELLS: "scores", GATES: "gates", RISK: "risk"}
EFFECTS = {"block": "blocks", "condition": "sets a condition", "warn": "warns"}
MOST_STEPS = 7


@dataclass(frozen=True)
class Row:
    """What differs, then and now. changed: whether it does; numeric: whether its figures stand to the right."""

    what: str
    old: str
    new: str
    changed: bool
    numeric: bool = False


@dataclass(frozen=True)
class CellWords:
    """One cell of the table of scores: "3 to 4", and what did it. option: by name."""

    option: str
    was: str
    now: str
    moved: bool
    because: str


def names_of(found: Comparison) -> Names:
    """What both sides' criteria are called, the newer names before the older."""
    newer, older = (Names.of(side.problem.framework.data) for side in (found.after, found.before))
    return Names(
        dimensions={**older.dimensions, **newer.dimensions},
        criteria={**newer.criteria, **{key: name for key, name in older.criteria.items() if key not in newer.criteria}},
        dimension_of={**older.dimension_of, **newer.dimension_of},
    )


def accents_of(found: Comparison) -> dict[str, str]:
    order = [*found.after.problem.chosen, *found.removed]
    return charts.accents([(key, found.kinds[key]) for key in order])


# -- the result -----------------------------------------------------------------------------------------------------


def result_rows(found: Comparison) -> list[Row]:
    """Verdict, margin, how firm, and every option's points, then and now."""
    both = [_result_of(card, why) for card, why in zip(found.cards, found.why_no_card, strict=True)]
    rows = [
        Row(
            what,
            both[0].get(what, "–"),
            both[1].get(what, "–"),
            both[0].get(what) != both[1].get(what),
            what in NUMERIC,
        )
        for what in ("Verdict", "First", "Margin", "First share", "Stress runs", "Mandatory conditions")
    ]
    for key, name in found.names.items():
        sides = [_points_of(card, found.basis, key) for card in found.cards]
        rows.append(Row(f"{name}, points", sides[0], sides[1], sides[0] != sides[1], numeric=True))
    return rows


NUMERIC = ("Margin", "First share", "Stress runs", "Mandatory conditions")


def _result_of(card: Mapping[str, Any] | None, why_not: str) -> dict[str, str]:
    if card is None:
        return {"Verdict": f"None: {why_not}"}
    verdict = card["verdict"]
    share = card["robustness"]["first_share"].get(verdict["option"])
    return {
        "Verdict": "A tie" if verdict["tied"] else result_view.verdict_kind_words(verdict["kind"]),
        "First": result_view.choice_words(card),
        "Margin": "–" if verdict["margin"] is None else f"{round(verdict['margin'], 9):.1f} points",
        "First share": result_view.first_share_words(share) if share and verdict["runner_up"] else "–",
        "Stress runs": f"{verdict['scenarios_kept']} of {verdict['scenarios']} kept",
        "Mandatory conditions": str(verdict["conditions"]),
    }


def _points_of(card: Mapping[str, Any] | None, basis: str, key: str) -> str:
    own = card[basis]["options"].get(key) if card else None
    if own is None:
        return "not compared"
    said = "–" if own["total"] is None else f"{own['total']:.1f}"
    return f"{said}, blocked" if own["blocked"] else said


# -- the shift ------------------------------------------------------------------------------------------------------


def shift_words(found: Comparison) -> list[str]:
    """The shift in two or three sentences; one that says why where there is none."""
    shift, names = found.shift, found.names
    if shift["why_not"]:
        return [f"The shift of the margin cannot be told apart: {shift['why_not']}"]
    pair = [names[key] for key in shift["pair"]]
    said = [
        f"{found.before.name}: {margin_words(shift['before'], *pair)}. "
        f"{found.after.name}: {margin_words(shift['after'], *pair)}."
    ]
    moved = [(_group(row["groups"]), row["shift"]) for row in shift["groups"] if signed(row["shift"]) != "0.0"]
    if moved:
        parts = ", ".join(f"{name.lower()} {signed(points)}" for name, points in moved)
        said.append(f"The shift of {signed(shift['shift'])} points is made up of {parts}.".replace(" -", " −"))
    else:
        said.append("Nothing that was changed moved it.")
    said += [] if shift["pair_by"] == ASKED else [_why_these(found, pair), *_first_elsewhere(found, pair[0])]
    said += _blocked(found)
    together = [row["groups"] for row in shift["groups"] if len(row["groups"]) > 1]
    if together:
        parted = " and ".join(GROUPS[key].lower() for key in together[0])
        said.append(f"One side's facts cannot be read under the other's criteria, so {parted} are told together.")
    return said


def pairing(found: Comparison) -> dict[str, Any]:
    """The options that the margin can be asked of, and the two that were: empty where they were not chosen by hand."""
    asked = found.shift["pair"] if found.shift["pair_by"] == ASKED else ("", "")
    return {
        "options": [(key, found.names[key] + _shut(found, key)) for key in found.both] if len(found.both) > 1 else [],
        "option": asked[0],
        "over": asked[1],
    }


def _shut(found: Comparison, key: str) -> str:
    """Where a gate blocks an option, in brackets; empty where none does."""
    shut = [card is not None and card[found.basis]["options"][key]["blocked"] for card in found.cards]
    if all(shut):
        return " (blocked on both sides)"
    named = [side.name for side, is_shut in zip((found.before, found.after), shut, strict=True) if is_shut]
    return f" (blocked in {named[0]})" if named else ""


def _why_these(found: Comparison, pair: list[str]) -> str:
    """Why the margin is of these two where nobody chose them."""
    before, after = found.before.name, found.after.name
    if found.shift["pair_by"] == FIRSTS:
        return f"These two because {pair[0]} comes first in {before} and {pair[1]} in {after}, of the options in both."
    return f"These two because, of the options in both, {pair[0]} comes first in each and {pair[1]} is next in {after}."


def _first_elsewhere(found: Comparison, told: str) -> list[str]:
    """Where the former first is not compared any more, the pair is the best of those that are."""
    card = found.cards[0]
    first = card["verdict"]["option"] if card else None
    if first is None or first not in found.removed:
        return []
    return [f"{found.names[first]} came first in {found.before.name} and is not compared in {found.after.name}; {told} is "
            "the best of those in both."]  # fmt: skip


def _blocked(found: Comparison) -> list[str]:
    """A margin says nothing of gates: an option that is blocked keeps its points and has no rank."""
    said = []
    for side, card in zip((found.before, found.after), found.cards, strict=True):
        shut = [key for key in found.shift["pair"] if card and card[found.basis]["options"][key]["blocked"]]
        if shut:
            names = " and ".join(found.names[key] for key in shut)
            said.append(f"{names} {'is' if len(shut) == 1 else 'are'} blocked in {side.name}, whatever the points.")
    return said


def _group(groups: list[str]) -> str:
    said = " and ".join(GROUPS[key] if at == 0 else GROUPS[key].lower() for at, key in enumerate(groups))
    return "Everything together" if len(groups) == len(GROUPS) else said


def _waterfall(found: Comparison, steps: list[charts.Step], title: str) -> charts.Waterfall:
    pair, accents = found.shift["pair"], accents_of(found)
    ahead, behind = ((found.names[key], accents[key]) for key in pair)
    return charts.Waterfall(
        ahead,
        behind,
        found.before.name,
        found.shift["before"],
        tuple(steps),
        found.after.name,
        found.shift["after"],
        title,
    )


def by_group(found: Comparison) -> charts.Waterfall | None:
    """Facts, judgement, weights, criteria; None where there is nothing to tell apart."""
    if found.shift["why_not"]:
        return None
    steps = [charts.Step(_group(row["groups"]), row["shift"]) for row in found.shift["groups"]]
    return _waterfall(found, steps, "Why the margin moved")


def by_criterion(found: Comparison, names: Names) -> charts.Waterfall | None:
    """The criteria that did the most; the others as one step. None where no criterion moved."""
    rows = sorted(found.shift["criteria"], key=lambda row: (-abs(row["shift"]), row["criterion"]))
    if found.shift["why_not"] or not rows:
        return None
    steps = [charts.Step(names.criteria[row["criterion"]], row["shift"]) for row in rows[:MOST_STEPS]]
    if rest := rows[MOST_STEPS:]:
        words = f"{len(rest)} other {'criterion' if len(rest) == 1 else 'criteria'}"
        steps.append(charts.Step(words, sum(row["shift"] for row in rest)))
    return _waterfall(found, steps, "What each criterion did")


def shift_table(found: Comparison, names: Names) -> dict[str, Any] | None:
    """Every criterion that moved, by what moved it: headers and rows of words."""
    rows = found.shift["criteria"]
    if found.shift["why_not"] or not rows:
        return None
    groups = [_group(row["groups"]) for row in found.shift["groups"]]
    return {
        "headers": [*groups, "Together"],
        "rows": [
            (names.criteria[row["criterion"]], [signed(points) for points in (*row["by"], row["shift"])])
            for row in rows
        ],
        "sum": [signed(points) for points in (*(row["shift"] for row in found.shift["groups"]), found.shift["shift"])],
    }


# -- facts, scores, weights, gates, risk ----------------------------------------------------------------------------


def fact_rows(found: Comparison) -> list[dict[str, Any]]:
    """Facts that differ, those that moved something first."""
    kinds = found.after.problem.framework.schema.kinds
    rows = []
    for one in found.facts:
        moves = ", ".join(MOVES[part] for part in MOVES if part in one.moves)
        rows.append(difference_words(one.difference, kinds) | {"moves": moves})
    return sorted(rows, key=lambda row: not row["moves"])


def score_rows(found: Comparison, names: Names) -> list[tuple[str, list[CellWords]]]:
    """Per criterion one cell per option, in the order of `found.names`."""
    cells: dict[str, dict[str, Cell]] = {}
    for cell in found.cells:
        cells.setdefault(cell.criterion, {})[cell.option] = cell
    rows = []
    for criterion, own in cells.items():
        words = [_cell_words(name, own.get(key)) for key, name in found.names.items()]
        rows.append((names.criteria.get(criterion, criterion), words))
    return rows


def _cell_words(option: str, cell: Cell | None) -> CellWords:
    if cell is None:
        return CellWords(option, "", "", False, "")
    was, now = (_score(value) for value in cell.values)
    because = []
    if cell.moved:
        if cell.suggestions[0] != cell.suggestions[1]:
            because.append(f"facts {_score(cell.suggestions[0])} to {_score(cell.suggestions[1])}")
        judged = cell.judged
        if None not in judged and abs(judged[0] - judged[1]) > 1e-9:
            because.append(f"judgement {signed(judged[0] or 0.0)} to {signed(judged[1] or 0.0)}")
    return CellWords(option, was, now, cell.moved, ", ".join(because))


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def weight_rows(found: Comparison, names: Names, *, every: bool) -> list[Row]:
    """Own weights that were set otherwise, with the shares of 100 that follow; or the shares of all criteria."""
    if not every:
        areas = [] if found.same_criteria else _areas(found)
        set_anew = [change["rows"] for area in areas if area["name"] == "Weights" for change in area["changes"]]
        return [Row(what, old, new, True, numeric=True) for rows in set_anew for what, old, new in rows]
    rows = []
    for one in found.weights:
        old, new = ("none" if share is None else f"{share * 100:.1f}" for share in one.shares)
        rows.append(Row(names.criteria.get(one.criterion, one.criterion), old, new, one.moved, numeric=True))
    return rows


def gate_rows(found: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "gate": one.gate,
            "name": one.name,
            "option": found.names.get(one.option, one.option),
            "kind": accents_of(found).get(one.option, ""),
            "old": _effects(one.effects[0]),
            "new": _effects(one.effects[1]),
            "message": one.message,
            "moved": one.moved,
        }
        for one in found.gates
    ]


def _effects(effects: tuple[str, ...]) -> str:
    return " and ".join(EFFECTS.get(one, one) for one in effects) or "does not fire"


def risk_rows(found: Comparison) -> list[dict[str, Any]]:
    """Per option its delay and cost at the 80th percentile, and when it first asks for more than can be absorbed."""
    accents, rows = accents_of(found), []
    for key, name in found.names.items():
        sides = [risk["options"].get(key) if risk else None for risk in found.risks]
        figures = []
        for what, words in (
            ("Delay, P80", lambda own: f"{own['slip']['p80']:.1f} months"),
            ("Cost, P80", lambda own: f"{own['cost']['p80']:.1f} MUSD"),
        ):
            old, new = ("–" if own is None else words(own) for own in sides)
            figures.append(Row(what, old, new, old != new, numeric=True))
        old, new = (_breach(own, risk) if own and risk else "–" for own, risk in zip(sides, found.risks, strict=True))
        figures.append(Row("Beyond what can be absorbed", old, new, old != new))
        rows.append({"name": name, "kind": accents[key], "figures": figures})
    return rows


def _breach(own: Mapping[str, Any], risk: Mapping[str, Any]) -> str:
    if "first_breach" not in own:
        return "no capacity known"
    at = own["first_breach"]
    return "in no half-year" if at is None else f"from month {risk['half_years'][at].partition('-')[0]}"


def criteria_areas(found: Comparison, *, every: bool) -> list[dict[str, Any]]:
    """What the criteria say otherwise, area by area."""
    if found.same_criteria:
        return []
    return [area for area in _areas(found) if every or area["name"] not in AREAS_APART]


def areas_hidden(found: Comparison) -> int:
    """How many areas of the criteria differ and are told in a table of their own, or move nothing."""
    return 0 if found.same_criteria else sum(area["name"] in AREAS_APART for area in _areas(found))


def _areas(found: Comparison) -> list[dict[str, Any]]:
    return compare_criteria(found.before.problem.framework, found.after.problem.framework)
