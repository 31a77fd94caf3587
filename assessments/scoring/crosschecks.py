"""Other methods on the same values and weights, as a check: TOPSIS and PROMETHEE II. They enter no total and no verdict.

Both compare options with each other, so that an option that comes or goes may turn the order of the rest; that is why
they only check. Sources: Hwang & Yoon (1981), Multiple Attribute Decision Making, Springer (vector normalisation); Brans &
Vincke (1985), Management Science 31(6) 647-656 (usual preference, type I; linear with indifference, type V).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from assessments.scoring.ranking import TIE, ranking, ranks

# In values of 0 to 1: half a step of a score of 1 to 5 says nothing yet, two steps say all.
INDIFFERENCE, PREFERENCE = 0.125, 0.5
NOTE = "A check by other methods on the same scores and weights; it enters no total and no verdict."


def closeness(matrix: np.ndarray, weights: np.ndarray, benefit: np.ndarray | None = None) -> np.ndarray:
    """Relative closeness of every option to the best of all columns (TOPSIS).

    matrix   (.., options, criteria) finite; each column in its criterion's own unit
    weights  (criteria,) or (.., criteria), >= 0 with a positive sum; scaled to sum to 1 here
    benefit  (criteria,) False where less is better; None: more is better everywhere
    Returns  (.., options) 0..1; NaN for all options of a matrix in which none differs from another (0/0 has no answer)
    Raises   ValueError for a matrix that is not finite or weights that are impossible
    """
    weights = _checked(matrix, weights)
    norm = np.sqrt((matrix**2).sum(axis=-2, keepdims=True))
    # A column of zeros sets nobody apart, as any other constant column: it adds no distance.
    scaled = matrix / np.where(norm > 0, norm, 1.0) * weights[..., None, :]
    if benefit is not None:
        scaled = np.where(benefit, scaled, -scaled)
    to_best = np.sqrt(((scaled - scaled.max(axis=-2, keepdims=True)) ** 2).sum(axis=-1))
    to_worst = np.sqrt(((scaled - scaled.min(axis=-2, keepdims=True)) ** 2).sum(axis=-1))
    whole = to_best + to_worst
    apart = whole.max(axis=-1, keepdims=True) > TIE
    return np.where(apart, to_worst / np.where(whole > 0, whole, 1.0), np.nan)


def flows(
    matrix: np.ndarray, weights: np.ndarray, benefit: np.ndarray | None = None, *,
    indifference: float | np.ndarray = 0.0, preference: float | np.ndarray = 0.0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """How much every option is preferred to the others, and they to it (PROMETHEE; the net flow is the difference).

    matrix, weights, benefit  as `closeness`
    indifference, preference  differences up to the first say nothing, from the second on all; linear between them;
                              numbers or (criteria,). Both 0: any difference says all (the usual preference)
    Returns  (.., options) positive and negative flow, 0..1 each; NaN where there is one option only
    Raises   ValueError as `closeness`, and for thresholds that are negative or the wrong way round
    """
    weights = _checked(matrix, weights)
    low, high = np.asarray(indifference, dtype=float), np.asarray(preference, dtype=float)
    if not ((low >= 0) & (high >= low)).all():
        raise ValueError("Thresholds are 0 <= indifference <= preference.")
    signed = matrix if benefit is None else np.where(benefit, matrix, -matrix)
    others = matrix.shape[-2] - 1
    if others < 1:
        nothing = np.full(matrix.shape[:-1], np.nan)
        return nothing, nothing
    difference = signed[..., :, None, :] - signed[..., None, :, :]
    width = high - low
    rising = (difference - low) / np.where(width > 0, width, 1.0)
    preferred = np.where(width > 0, np.clip(rising, 0.0, 1.0), difference > low + TIE)
    index = np.einsum("...ijk,...k->...ij", preferred, weights)
    return index.sum(axis=-1) / others, index.sum(axis=-2) / others


def crosschecks_of(
    keys: Sequence[str], weights: np.ndarray, values: np.ndarray, blocked: np.ndarray, winner: str | None
) -> dict[str, Any]:
    """The part of a full scorecard by other methods; see the package docstring. Blocked options are left out.

    values  (m, n) 0..1, NaN where missing
    winner  of the result that the verdict rests on; None: none
    """
    open_ = [at for at in range(len(keys)) if not blocked[at]]
    names, known = [keys[at] for at in open_], values[open_]
    why_not = ""
    if len(open_) < 2:
        why_not = "fewer than two options are open"
    elif np.isnan(known).any():
        why_not = "some cells have no score yet"
    elif not (np.ptp(known, axis=0) * weights > TIE).any():
        why_not = "no open option differs from another"
    found: dict[str, Any] = {"note": NOTE}
    thresholds = {"indifference": INDIFFERENCE, "preference": PREFERENCE}
    if why_not:
        empty: dict[str, Any] = {"options": None, "order": [], "winner": None, "same": None, "why_not": why_not}
        return found | {"topsis": empty, "promethee": empty | thresholds, "promethee_usual": empty}
    linear = flows(known, weights, indifference=INDIFFERENCE, preference=PREFERENCE)
    usual = flows(known, weights)
    found["topsis"] = _method(names, closeness(known, weights), winner)
    found["promethee"] = _method(names, linear[0] - linear[1], winner) | thresholds
    for at, key in enumerate(names):
        found["promethee"]["options"][key] |= {"plus": float(linear[0][at]), "minus": float(linear[1][at])}
    found["promethee_usual"] = _method(names, usual[0] - usual[1], winner)
    return found


def _method(names: Sequence[str], figures: np.ndarray, winner: str | None) -> dict[str, Any]:
    """One method's figure and rank of every option, best first, and whether it has the same first as the result."""
    none = np.zeros(len(names), bool)
    placed = ranks(names, figures, none)
    first = ranking(names, figures, none)["winner"]
    return {
        "options": {key: {"value": float(v), "rank": placed[key]} for key, v in zip(names, figures, strict=True)},
        "order": [names[at] for at in np.argsort(-figures, kind="stable")],
        "winner": first,
        "same": None if winner is None else first == winner,
        "why_not": "",
    }


def _checked(matrix: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weights with the sum 1. Raises ValueError."""
    if not np.isfinite(matrix).all():
        raise ValueError("Every value of the options compared must be known.")
    if not np.isfinite(weights).all() or (weights < 0).any() or (weights.sum(axis=-1) <= 0).any():
        raise ValueError("Weights are finite and not negative, and not all of them 0.")
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
