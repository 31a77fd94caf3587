"""The smallest single changes of a score or a fact that put another option first, or open a blocked one.

A fact is varied over its whole range or its choices, through the compiled rules and gates; people's judgement stays an
offset on what the rules suggest. All variations are computed together, as rows of one run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.ranking import TIE, ranking, same, totals_of
from assessments.scoring.runs import Layout, Run, run, values_of
from assessments.scoring.schema import Field

STEPS = 12  # values of a number in the first look over its range
FINER = 9  # round values, about, between the last that keeps the answer and the first that changes it
MOST = 12  # flips told of each kind
LEAST_BASE = 0.1  # of a range: what a change is measured against where the present value is 0


@dataclass(frozen=True)
class Change:
    """One fact with another value.

    option  the key it belongs to, "" for the program
    size    of a number the change as a part of the present value, of a choice the steps as a part of all
    """

    field: Field
    option: str
    old: Any
    new: Any
    size: float


def _span(field: Field) -> tuple[float, float] | None:
    if field.min is None or field.max is None or field.max <= field.min:
        return None
    return float(field.min), float(field.max)


def _variations(field: Field, option: str, old: Any, new: Sequence[Any] | None = None) -> list[Change]:
    """Every value tried for a fact. A number that is not stated is not varied: nobody knows from where."""
    if field.type == "boolean":
        return [Change(field, option, old, not old, 1.0)]
    if field.type == "choice":
        order = list(field.choices)
        near = order.index(old) if old in order else None
        widest = max(1, len(order) - 1)
        return [
            Change(field, option, old, value, 1.0 if near is None else abs(order.index(value) - near) / widest)
            for value in order
            if value != old
        ]
    span = _span(field)
    if field.type not in ("decimal", "integer") or span is None or old is None:
        return []
    values = [span[0], *_round_values(*span, STEPS), span[1]] if new is None else list(new)
    if field.type == "integer":
        values = sorted({int(round(value)) for value in values})
    measure = abs(old) or LEAST_BASE * (span[1] - span[0])
    return [Change(field, option, old, value, abs(value - old) / measure) for value in values if value != old]


def _round_values(low: float, high: float, about: int = FINER) -> list[float]:
    """Round numbers strictly between two values: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough - TIE)
    first = math.floor(low / step) + 1
    digits = max(0, -math.floor(math.log10(step)))
    values = [round(at * step, digits) for at in range(first, first + about + 2)]
    return [value for value in values if low < value < high]


def _changed(facts: Mapping[str, Any], change: Change) -> Mapping[str, Any]:
    key = change.field.key
    if not change.option:
        return {**facts, "program": {**facts["program"], key: change.new}}
    own = facts["options"][change.option]
    options = {**facts["options"], change.option: {**own, "facts": {**own["facts"], key: change.new}}}
    return {**facts, "options": options}


def _varied(framework: Framework, facts: Mapping[str, Any], keys: Sequence[str]) -> list[tuple[Field, str, Any]]:
    """Every fact that rules read: (field, option key, value)."""
    fields = framework.schema.fields.values()
    found = [(f, "", facts["program"].get(f.key)) for f in fields if f.scope == "program" and f.used]
    for key in keys:
        option = facts["options"][key]
        found += [
            (f, key, option["facts"].get(f.key)) for f in framework.schema.option_fields(option["kind"]) if f.used
        ]
    return found


@dataclass(frozen=True)
class Outcome:
    """What a row of a run comes to. blocked: keys; margin in points, None where one or no option is open."""

    winner: str | None
    margin: float | None
    blocked: frozenset[str]
    behind: Mapping[str, float]  # points behind the best open option


def _outcomes(
    framework: Framework, done: Run, keys: Sequence[str], weights: np.ndarray, cells: np.ndarray
) -> list[Outcome]:
    totals = totals_of(values_of(framework.criteria, cells), weights)[0]
    found = []
    for row in range(done.rows):
        place = ranking(keys, totals[row], done.blocked[row])
        open_ = [total for total, shut in zip(totals[row], done.blocked[row], strict=True) if not shut]
        best = max(open_, default=math.nan)
        found.append(
            Outcome(
                place["winner"],
                place["margin"],
                frozenset(key for key, shut in zip(keys, done.blocked[row], strict=True) if shut),
                {key: float(best - total) for key, total in zip(keys, totals[row], strict=True)},
            )
        )
    return found


def fact_flips(
    framework: Framework,
    facts: Mapping[str, Any],
    layout: Layout,
    weights: np.ndarray,
    cells_of: Callable[[Run], np.ndarray],
) -> dict[str, list[dict[str, Any]]]:
    """{"answer": [..], "opens": [..]}: smallest changes of one fact that change what comes first, or open a blocked option.

    cells_of  the scores of every row of a run whose first row has the unchanged facts
    Returns   rows {field, label, option, unit, commercial, type, old, new, size, direction, winner, margin, opens, behind}:
              `new` is the nearest value tried that makes the change; `direction` "up", "down" or "to"
    Raises    EvaluationError
    """
    keys = layout.keys[: layout.scored]
    subjects = _varied(framework, facts, layout.keys)
    first = [change for field, option, old in subjects for change in _variations(field, option, old)]
    base, outcomes = _run(framework, facts, layout, weights, cells_of, first)
    finer: list[Change] = []
    for field, option, old in subjects:
        if field.type in ("decimal", "integer") and old is not None:
            own = [(c, o) for c, o in zip(first, outcomes, strict=True) if c.field is field and c.option == option]
            finer += _between(field, option, old, own, base)
    more = _run(framework, facts, layout, weights, cells_of, finer)[1] if finer else []
    tried = [*zip(first, outcomes, strict=True), *zip(finer, more, strict=True)]
    answer: dict[tuple[str, str, Any], tuple[Change, Outcome]] = {}
    opens: dict[tuple[str, str, Any], tuple[Change, Outcome]] = {}
    for change, outcome in tried:
        side = _side(change)
        if outcome.winner != base.winner:
            _keep(answer, (change.field.key, change.option, side), change, outcome)
        for key in base.blocked - outcome.blocked:
            _keep(opens, (change.field.key, change.option, (side, key)), change, outcome)
    return {
        "answer": [_row(c, o, keys, base, None) for c, o in _smallest(answer)],
        "opens": [
            _row(c, o, keys, base, where[2][1])
            for where, (c, o) in sorted(opens.items(), key=lambda kv: _size(kv[1][0]))
        ][:MOST],
    }


def _run(
    framework: Framework, facts: Mapping[str, Any], layout: Layout, weights: np.ndarray,
    cells_of: Callable[[Run], np.ndarray], changes: Sequence[Change],
) -> tuple[Outcome, list[Outcome]]:  # fmt: skip
    rows = [facts, *(_changed(facts, change) for change in changes)]
    done = run(framework, rows, layout, scenarios=False)
    found = _outcomes(framework, done, layout.keys[: layout.scored], weights, cells_of(done))
    return found[0], found[1:]


def _differs(outcome: Outcome, base: Outcome) -> bool:
    return outcome.winner != base.winner or bool(base.blocked - outcome.blocked)


def _between(field: Field, option: str, old: Any, own: list[tuple[Change, Outcome]], base: Outcome) -> list[Change]:
    """Values between the nearest that changes something and the one before it, on either side of the present value."""
    found: list[Change] = []
    for side in (-1, 1):
        row = sorted((c for c in own if (c[0].new - old) * side > 0), key=lambda c: c[0].size)
        last = old
        for change, outcome in row:
            if _differs(outcome, base):
                if field.type == "integer" and abs(change.new - last) <= 1:
                    break
                found += _variations(field, option, old, _round_values(*sorted((last, change.new))))
                break
            last = change.new
    return found


def _side(change: Change) -> str:
    if change.field.type in ("decimal", "integer"):
        return "up" if change.new > change.old else "down"
    return "to"


def _size(change: Change) -> tuple[float, str, str]:
    return change.size, change.field.key, change.option


def _keep(
    found: dict[tuple[str, str, Any], tuple[Change, Outcome]],
    where: tuple[str, str, Any],
    change: Change,
    outcome: Outcome,
) -> None:
    held = found.get(where)
    if held is None or _size(change) < _size(held[0]):
        found[where] = (change, outcome)


def _smallest(found: Mapping[Any, tuple[Change, Outcome]]) -> list[tuple[Change, Outcome]]:
    return sorted(found.values(), key=lambda pair: _size(pair[0]))[:MOST]


def _row(change: Change, outcome: Outcome, keys: Sequence[str], base: Outcome, opens: str | None) -> dict[str, Any]:
    field = change.field
    return {
        "field": field.key,
        "label": field.label,
        "option": change.option,
        "unit": field.unit or "",
        "commercial": field.commercial,
        "type": field.type,
        "old": change.old,
        "new": change.new,
        "old_words": field.choices.get(change.old, "") if field.type == "choice" and change.old else "",
        "new_words": field.choices.get(change.new, "") if field.type == "choice" else "",
        "size": change.size,
        "direction": _side(change),
        "winner": outcome.winner,
        "margin": outcome.margin,
        "opens": opens,
        "behind": None if opens is None else outcome.behind[opens],
        "blocks": [key for key in keys if key in outcome.blocked - base.blocked],
    }


def score_flips(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, scores: np.ndarray, blocked: np.ndarray
) -> list[dict[str, Any]]:
    """Changes of a single score that put another open option first; the smallest first.

    scores   (m, n) 1..5, NaN where missing
    Returns  rows {criterion, option, score, flip, change, winner}: `flip` the score at which the two are equal, `change`
             in points of the scale of 1 to 5. Closed form on the value function's own pieces
    """
    values = values_of(framework.criteria, scores)
    totals = totals_of(values, weights)[0]
    place = ranking(keys, totals, blocked)
    first = place["winner"]
    if first is None:
        return []
    leader, rows = list(keys).index(first), []
    for rival, key in enumerate(keys):
        if rival == leader or blocked[rival] or math.isnan(totals[rival]):
            continue
        gap = (totals[leader] - totals[rival]) / 100.0
        for at, criterion in enumerate(framework.criteria):
            for position, sign in ((leader, -1.0), (rival, 1.0)):
                if math.isnan(values[position, at]) or weights[at] <= 0:
                    continue
                wanted = values[position, at] + sign * gap / weights[at]
                if not -TIE <= wanted <= 1 + TIE:
                    continue
                levels, shares = zip(*criterion.points, strict=True)
                flip = float(np.interp(wanted, shares, levels))
                change = flip - float(scores[position, at])
                if same(change, 0.0):
                    continue
                rows.append(
                    {
                        "criterion": criterion.key,
                        "option": keys[position],
                        "score": float(scores[position, at]),
                        "flip": flip,
                        "change": change,
                        "winner": key,
                    }
                )
    return sorted(rows, key=_by_change)[:MOST]


def _by_change(row: Mapping[str, Any]) -> tuple[float, str, str]:
    return abs(row["change"]), row["criterion"], row["option"]
