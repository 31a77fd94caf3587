"""What a panel's single ratings say: agreement, spread, functions that alone would choose otherwise, what to talk about.

Sources: Kendall & Babington Smith (1939), The Problem of m Rankings, with the usual correction for ties; Krippendorff,
Content Analysis, ordinal metric, missing values allowed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.ranking import ranking, totals_of
from assessments.scoring.runs import values_of

FEWEST_RATERS = 2
FEWEST_CRITERIA = 2


@dataclass(frozen=True)
class Rated:
    """One person's score of a cell. rater: any stable mark of the person; function: the key of what they speak for."""

    criterion: str
    option: str
    rater: str
    function: str
    score: float


@dataclass(frozen=True)
class Figure:
    """A number, or why there is none. of: how many criteria or cells it rests on."""

    value: float | None
    of: int
    why_not: str = ""

    def plain(self) -> dict[str, Any]:
        return {"value": self.value, "of": self.of, "why_not": self.why_not}


def kendall_w(scores: np.ndarray) -> float | None:
    """Kendall's coefficient of concordance of one criterion, corrected for ties.

    scores   (raters, options), complete, at least 2 x 2
    Returns  0..1; None where every rater gives every option the same score (0/0 has no answer)
    """
    raters, options = scores.shape
    sums = np.zeros(options)
    ties = 0.0
    for row in scores:
        _, place, counts = np.unique(row, return_inverse=True, return_counts=True)
        sums += (np.cumsum(counts) - (counts - 1) / 2)[place]  # the mean rank among equal scores
        ties += float((counts**3 - counts).sum())
    spread = float(((sums - sums.mean()) ** 2).sum())
    whole = raters**2 * (options**3 - options) - raters * ties
    return None if whole <= 0 else 12.0 * spread / whole


def krippendorff_alpha(units: Sequence[Sequence[float]]) -> float | None:
    """Krippendorff's alpha with the ordinal metric.

    units    the scores of each cell, one a rater; cells with fewer than two scores tell nothing and are left out
    Returns  at most 1; None where nothing can be compared, or where every score is the same
    """
    pairable = [list(unit) for unit in units if len(unit) >= FEWEST_RATERS]
    levels = sorted({score for unit in pairable for score in unit})
    if len(levels) < 2:
        return None
    place = {level: at for at, level in enumerate(levels)}
    coincidence = np.zeros((len(levels), len(levels)))
    for unit in pairable:
        counts = np.bincount([place[score] for score in unit], minlength=len(levels)).astype(float)
        coincidence += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    margins = coincidence.sum(axis=1)
    total = margins.sum()
    cumulated = np.concatenate([[0.0], np.cumsum(margins)])
    distance = np.zeros_like(coincidence)
    for a in range(len(levels)):
        for b in range(a + 1, len(levels)):
            between = cumulated[b + 1] - cumulated[a] - (margins[a] + margins[b]) / 2
            distance[a, b] = distance[b, a] = between**2
    expected = float((np.outer(margins, margins) * distance).sum() / (total - 1))
    return None if expected <= 0 else 1.0 - float((coincidence * distance).sum()) / expected


def _concordance(by_criterion: Mapping[str, Mapping[str, Mapping[str, float]]], options: Sequence[str]) -> Figure:
    """Kendall's W over the raters who rated every option of a criterion, averaged over the criteria with two such."""
    found, raters = [], set()
    for rows in by_criterion.values():
        whole = [[row[option] for option in options] for row in rows.values() if all(o in row for o in options)]
        if len(whole) >= FEWEST_RATERS and len(options) >= 2:
            value = kendall_w(np.array(whole))
            if value is not None:
                found.append(value)
            raters |= set(rows)
    if len(raters) < FEWEST_RATERS:
        return Figure(None, 0, "fewer than two people rated every option of a criterion")
    if len(found) < FEWEST_CRITERIA:
        return Figure(None, len(found), "fewer than two criteria have raters who tell the options apart")
    return Figure(float(np.mean(found)), len(found))


def _reliability(cells: Mapping[tuple[str, str], Sequence[Rated]]) -> Figure:
    units = [[one.score for one in ratings] for ratings in cells.values()]
    usable = sum(1 for unit in units if len(unit) >= FEWEST_RATERS)
    if not usable:
        return Figure(None, 0, "no cell was rated by two people")
    value = krippendorff_alpha(units)
    return Figure(value, usable, "" if value is not None else "every score is the same")


def agreement_of(
    framework: Framework, keys: Sequence[str], ratings: Sequence[Rated], weights: np.ndarray, cells: np.ndarray,
    blocked: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    """The part of a full scorecard about the panel.

    cells    (options, criteria) panel scores 1..5, NaN where missing
    Returns  {raters, functions, kendall_w, krippendorff_alpha: {value, of, why_not}, spread {criterion: {option: points}},
             alone [{function, winner, margin}], agenda [{criterion, option, spread, low, high, lowest, highest (function
             keys), winner, share}]}: `winner` what comes first if the cell takes its lowest or highest function mean,
             None if the answer stays; `share` of that way after which the answer changes
    """
    by_cell: dict[tuple[str, str], list[Rated]] = defaultdict(list)
    by_criterion: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for one in ratings:
        by_cell[one.criterion, one.option].append(one)
        by_criterion[one.criterion][one.rater][one.option] = one.score
    means = {cell: _function_means(rows) for cell, rows in by_cell.items()}
    base = _place(framework, keys, weights, cells, blocked)
    names = [criterion.key for criterion in framework.criteria]
    spread: dict[str, dict[str, float]] = defaultdict(dict)
    agenda: list[dict[str, Any]] = []
    for (criterion, option), own in means.items():
        scores = [one.score for one in by_cell[criterion, option]]
        spread[criterion][option] = max(scores) - min(scores)
        lowest, highest = min(own, key=lambda key: own[key]), max(own, key=lambda key: own[key])
        if own[highest] - own[lowest] <= 0 or option not in keys or criterion not in names:
            continue
        at = (list(keys).index(option), names.index(criterion))
        winner, share = _what_if(framework, keys, weights, cells, blocked, at, (own[lowest], own[highest]), base)
        agenda.append(
            {
                "criterion": criterion,
                "option": option,
                "spread": spread[criterion][option],
                "low": own[lowest],
                "high": own[highest],
                "lowest": lowest,
                "highest": highest,
                "winner": winner,
                "share": share,
            }
        )
    agenda.sort(
        key=lambda row: (row["winner"] is None, row["share"] or 0.0, -(row["high"] - row["low"]), row["criterion"])
    )
    return {
        "raters": len({one.rater for one in ratings}),
        "functions": len({one.function for one in ratings}),
        "kendall_w": _concordance(by_criterion, keys).plain(),
        "krippendorff_alpha": _reliability(by_cell).plain(),
        "spread": {criterion: dict(row) for criterion, row in spread.items()},
        "alone": _alone(framework, keys, weights, cells, blocked, means, base),
        "agenda": agenda,
    }


def _easiest_first(row: Mapping[str, Any]) -> tuple[bool, float, float, str]:
    return row["winner"] is None, row["share"] or 0.0, row["low"] - row["high"], row["criterion"]


def _function_means(rows: Sequence[Rated]) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for one in rows:
        scores[one.function].append(one.score)
    return {function: math.fsum(own) / len(own) for function, own in sorted(scores.items())}


def _place(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, cells: np.ndarray, blocked: np.ndarray
) -> dict[str, Any]:
    return ranking(keys, totals_of(values_of(framework.criteria, cells), weights)[0], blocked)


def _what_if(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, cells: np.ndarray, blocked: np.ndarray,
    at: tuple[int, int], ends: tuple[float, float], base: Mapping[str, Any],
) -> tuple[str | None, float | None]:  # fmt: skip
    """Which option comes first if a cell takes one of two values, and after which part of the nearer way."""
    best: tuple[float, str] | None = None
    for end in ends:
        here = cells[at]
        if math.isnan(here) or here == end:
            continue
        for share in np.linspace(0.05, 1.0, 20):
            changed = cells.copy()
            changed[at] = here + share * (end - here)
            winner = _place(framework, keys, weights, changed, blocked)["winner"]
            if winner != base["winner"]:
                if winner is not None and (best is None or share < best[0]):
                    best = (float(share), winner)
                break
    return (best[1], best[0]) if best else (None, None)


def _alone(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, cells: np.ndarray, blocked: np.ndarray,
    means: Mapping[tuple[str, str], Mapping[str, float]], base: Mapping[str, Any],
) -> list[dict[str, Any]]:  # fmt: skip
    """Functions whose own scores, the others' unchanged elsewhere, put another option first."""
    names = [criterion.key for criterion in framework.criteria]
    found = []
    for function in sorted({key for own in means.values() for key in own}):
        changed = cells.copy()
        for (criterion, option), own in means.items():
            if function in own and option in keys and criterion in names:
                changed[list(keys).index(option), names.index(criterion)] = own[function]
        place = _place(framework, keys, weights, changed, blocked)
        if place["winner"] is not None and place["winner"] != base["winner"]:
            found.append({"function": function, "winner": place["winner"], "margin": place["margin"]})
    return found
