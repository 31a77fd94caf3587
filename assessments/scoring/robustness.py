"""How much the answer rests on the weights: SMAA-2 over any weights, and closed-form ranges of single weights.

Sources: Lahdelma & Salminen (2001), Operations Research 49(3) 444-454, SMAA-2: rank acceptability, central weights,
confidence factors. Ranges of one weight: the additive value is linear in it when the others keep their proportions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.ranking import TIE, same
from assessments.scoring.runs import values_of
from assessments.scoring.weights import BIT_GENERATOR, seed_of

SCRAMBLES, POINTS = 16, 1024  # independent scrambled Sobol sets: their scatter gives the error
SCORE_DRAWS = 4_096
HALF_STEP = 0.5  # of a score of 1 to 5: how far a score may be off for confidence factors
LEAST_ACCEPTED = 30  # draws that a central weight needs before its confidence factor means anything
STREAM_WEIGHTS, STREAM_SCORES = 3, 4


def uniform_simplex(uniform: np.ndarray) -> np.ndarray:
    """(.., n) points of the simplex, uniform, from (.., n) uniform numbers: exponentials over their sum."""
    drawn = -np.log(np.clip(uniform, 1e-300, 1.0))
    return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))


def any_weights(framework: Framework) -> np.ndarray:
    """(SCRAMBLES * POINTS, criteria): uniform among the dimensions and, apart, within each dimension."""
    if "any_weights" not in framework.cache:
        # Taken in here, not above: it is a quarter of what a process needs to start, and few of them ever draw.
        from scipy.stats import qmc

        keys = [dimension.key for dimension in framework.dimensions]
        of = np.array([keys.index(criterion.dimension) for criterion in framework.criteria])
        size = len(keys) + len(of)
        streams = np.random.SeedSequence(seed_of(framework), spawn_key=(STREAM_WEIGHTS,)).spawn(SCRAMBLES)
        uniform = np.concatenate(
            [
                qmc.Sobol(size, scramble=True, rng=np.random.Generator(np.random.PCG64DXSM(stream))).random(POINTS)
                for stream in streams
            ]
        )
        outer = uniform_simplex(uniform[:, : len(keys)])
        weights = np.zeros((len(uniform), len(of)))
        for at in range(len(keys)):
            own = np.flatnonzero(of == at)
            weights[:, own] = outer[:, at, None] * uniform_simplex(uniform[:, len(keys) + own])
        framework.cache["any_weights"] = weights
    found: np.ndarray = framework.cache["any_weights"]
    return found


def ranks_of(totals: np.ndarray) -> np.ndarray:
    """(draws, options) ranks from 1: one more than the options that are better by more than a tie."""
    better = totals[:, None, :] > totals[:, :, None] * (1 + TIE) + TIE
    return 1 + better.sum(axis=2)


@dataclass(frozen=True)
class Acceptability:
    """rank (m, m): share of draws in which option i has rank r + 1; winning (m, m): i beats j; an error of each;
    apart_error (m, m): error of the difference between two options' shares of first ranks, on the same draws;
    central (m, n) mean weights of the draws where i is first, NaN where it never is; confidence (m,), NaN likewise."""

    rank: np.ndarray
    error: np.ndarray
    winning: np.ndarray
    winning_error: np.ndarray
    apart_error: np.ndarray
    central: np.ndarray
    confidence: np.ndarray
    draws: int


def acceptability(
    values: np.ndarray, weights: np.ndarray, *, groups: int = SCRAMBLES, spread: np.ndarray | None = None
) -> Acceptability:
    """SMAA-2 of point values under drawn weights.

    values   (m, n) 0..1, finite
    weights  (draws, n), each row sums to 1; `groups` equal parts of it are independent
    spread   (score draws, m, n) values for the confidence factors; None: no confidence factors
    Raises   ValueError for a value that is not finite, or draws that are no multiple of the groups
    """
    if not np.isfinite(values).all():
        raise ValueError("Every value of the options compared must be known.")
    if len(weights) % groups:
        raise ValueError(f"{len(weights)} draws do not make {groups} equal groups.")
    count = len(values)
    totals = weights @ values.T
    rank = ranks_of(totals)
    hits = rank[:, :, None] == np.arange(1, count + 1)
    shares = hits.mean(axis=0)
    won = totals[:, :, None] > totals[:, None, :] * (1 + TIE) + TIE
    first = hits[:, :, 0].astype(float)
    central = np.full((count, values.shape[1]), np.nan)
    confidence = np.full(count, np.nan)
    for at in range(count):
        leads = rank[:, at] == 1
        if leads.any():
            central[at] = weights[leads].mean(axis=0)
        if spread is not None and leads.sum() >= LEAST_ACCEPTED:
            drawn = spread @ central[at]
            confidence[at] = (drawn[:, at] >= drawn.max(axis=1) - TIE).mean()
    return Acceptability(
        shares,
        _error(hits, groups),
        won.mean(axis=0),
        _error(won, groups),
        _error(first[:, :, None] - first[:, None, :], groups),
        central,
        confidence,
        len(weights),
    )


def _error(drawn: np.ndarray, groups: int) -> np.ndarray:
    """The standard error of the mean over draws: from the scatter of independent groups, of plain draws where there is
    one group only."""
    if groups > 1:
        parts = drawn.reshape(groups, -1, *drawn.shape[1:]).mean(axis=1)
        return np.asarray(parts.std(axis=0, ddof=1) / math.sqrt(groups))
    return np.asarray(drawn.std(axis=0) / math.sqrt(len(drawn)))


def score_draws(framework: Framework, scores: np.ndarray) -> np.ndarray:
    """(SCORE_DRAWS, m, n) scores, each uniform within half a step of what it is, within 1 and 5.

    scores  (m, n) 1..5
    """
    generator = np.random.Generator(
        np.random.PCG64DXSM(np.random.SeedSequence(seed_of(framework), spawn_key=(STREAM_SCORES,)))
    )
    offsets = generator.uniform(-HALF_STEP, HALF_STEP, (SCORE_DRAWS, *scores.shape))
    return np.asarray(np.clip(scores + offsets, 1.0, 5.0))


@dataclass(frozen=True)
class WeightRange:
    """The range of one weight (share of 1) in which the first option stays first, and who comes first beyond it.

    below, above           the option that takes over there; None: nobody, down to 0 or up to 1
    order_low, order_high  the range in which the whole order of the options stays as it is
    """

    weight: float
    low: float
    high: float
    below: str | None
    above: str | None
    order_low: float = 0.0
    order_high: float = 1.0


def weight_range(
    weight: float, inside: np.ndarray, outside: np.ndarray, keys: Sequence[str], first: int,
    rivals: Sequence[int] | None = None,
) -> WeightRange:  # fmt: skip
    """The exact range of a weight t for which V_i(t) = t * inside_i + (1 - t) * outside_i keeps its maximum at `first`.

    weight           the weight now, 0..1
    inside, outside  (m,) value of the part that the weight belongs to, and of all the rest with its own proportions
    rivals           positions that may take over; None: every other
    Source           linear in t: the flip against j is t* = -(A_i - A_j) / ((v_i - v_j) - (A_i - A_j))
    """
    low, high, below, above = 0.0, 1.0, None, None
    for at, key in enumerate(keys):
        if at == first or (rivals is not None and at not in rivals):
            continue
        rest = outside[first] - outside[at]
        slope = (inside[first] - inside[at]) - rest
        if abs(slope) <= TIE:
            continue
        flip = -rest / slope
        if weight < flip <= high and slope < 0:
            high, above = float(flip), key
        elif low <= flip < weight and slope > 0:
            low, below = float(flip), key
    return WeightRange(float(weight), low, high, below, above)


def multiplier(weight: float, wanted: float) -> float | None:
    """What an own weight is to be multiplied with, the others kept, so that its share becomes `wanted`; None for all."""
    if wanted >= 1.0 - TIE or weight <= 0:
        return None
    return wanted * (1 - weight) / (weight * (1 - wanted))


def weight_ranges(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, values: np.ndarray, first: str
) -> dict[str, dict[str, WeightRange]]:
    """{"dimensions": {key: range}, "criteria": {key: range}} of the first option among the options given, and of their
    order.

    values  (m, n) 0..1, finite
    """
    leader = list(keys).index(first)
    order = np.argsort(-(values @ weights), kind="stable").tolist()
    found: dict[str, dict[str, WeightRange]] = {"dimensions": {}, "criteria": {}}
    parts = [
        (
            "dimensions",
            dimension.key,
            [at for at, one in enumerate(framework.criteria) if one.dimension == dimension.key],
        )
        for dimension in framework.dimensions
    ]
    parts += [("criteria", criterion.key, [at]) for at, criterion in enumerate(framework.criteria)]
    for group, key, own in parts:
        weight = math.fsum(weights[own])
        if weight <= TIE or weight >= 1.0 - TIE:
            continue
        inside = values[:, own] @ weights[own] / weight
        outside = (values @ weights - values[:, own] @ weights[own]) / (1 - weight)
        one = weight_range(weight, inside, outside, keys, leader)
        low, high = one.low, one.high
        for place, position in enumerate(order[:-1]):
            behind = weight_range(weight, inside, outside, keys, position, order[place + 1 :])
            low, high = max(low, behind.low), min(high, behind.high)
        found[group][key] = replace(one, order_low=low, order_high=high)
    return found


def tornado(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, values: np.ndarray, pair: tuple[str, str]
) -> list[dict[str, Any]]:
    """The margin between two options with each dimension's own weight halved and doubled; the widest first. Points."""
    a, b = (values[list(keys).index(key)] for key in pair)
    rows = []
    for dimension in framework.dimensions:
        own = np.array([one.dimension == dimension.key for one in framework.criteria])
        ends = []
        for factor in (0.5, 2.0):
            changed = np.where(own, weights * factor, weights)
            ends.append(float(changed @ (a - b) / changed.sum() * 100.0))
        rows.append({"dimension": dimension.key, "half": ends[0], "double": ends[1]})
    return sorted(rows, key=lambda row: -abs(row["double"] - row["half"]))


def equal_weights(framework: Framework) -> np.ndarray:
    """(criteria,) every dimension alike, and within it every criterion."""
    sizes = {dimension.key: len(dimension.criteria) for dimension in framework.dimensions}
    return np.array([1.0 / len(sizes) / sizes[criterion.dimension] for criterion in framework.criteria])


def robustness_of(
    framework: Framework, keys: Sequence[str], weights: np.ndarray, scores: np.ndarray, values: np.ndarray,
    blocked: np.ndarray, place: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The part of a full scorecard about weights; see the package docstring. Blocked options are left out.

    scores, values  (m, n), NaN where missing
    place           winner and runner-up of the result that the verdict rests on
    """
    open_ = [at for at in range(len(keys)) if not blocked[at]]
    known = values[open_]
    if len(open_) < 2 or np.isnan(known).any():
        reason = "fewer than two options are open" if len(open_) < 2 else "some cells have no score yet"
        return {"any_weights": None, "why_not": reason, "ranges": None, "tornado": [], "weight_flips": []}
    names = [keys[at] for at in open_]
    spread = values_of(framework.criteria, score_draws(framework, scores[open_]))
    smaa = acceptability(known, any_weights(framework), spread=spread)
    found: dict[str, Any] = {
        "any_weights": {
            "draws": smaa.draws,
            "generator": f"scrambled Sobol, {BIT_GENERATOR}",
            "options": {
                key: {
                    "ranks": [
                        {"value": float(v), "se": float(e)} for v, e in zip(smaa.rank[at], smaa.error[at], strict=True)
                    ],
                    **_confidence(smaa.confidence[at]),
                    "central": None if np.isnan(smaa.central[at]).any() else _by_dimension(framework, smaa.central[at]),
                    "beats": {
                        other: {"value": float(smaa.winning[at, j]), "se": float(smaa.winning_error[at, j])}
                        for j, other in enumerate(names)
                        if j != at
                    },
                }
                for at, key in enumerate(names)
            },
            "paired": {
                f"{names[i]}|{names[j]}": {
                    "value": float(smaa.rank[i, 0] - smaa.rank[j, 0]),
                    "se": float(smaa.apart_error[i, j]),
                }
                for i, j in combinations(range(len(names)), 2)
            },
        },
        "why_not": "",
    }
    first, second = place["winner"], place["runner_up"]
    if first is None:
        return found | {"ranges": None, "tornado": [], "weight_flips": []}
    ranges = weight_ranges(framework, names, weights, known, first)
    found["ranges"] = {
        group: {
            key: {
                "low": one.low,
                "high": one.high,
                "below": one.below,
                "above": one.above,
                "order_low": one.order_low,
                "order_high": one.order_high,
            }
            for key, one in rows.items()
        }
        for group, rows in ranges.items()
    }
    found["tornado"] = tornado(framework, names, weights, known, (first, second)) if second else []
    found["weight_flips"] = _flips(ranges["dimensions"])
    return found


def _confidence(factor: float) -> dict[str, float | None]:
    """The confidence factor with its error from the score draws; None where the option was first too seldom."""
    if math.isnan(factor):
        return {"confidence": None, "confidence_se": None}
    return {"confidence": float(factor), "confidence_se": math.sqrt(factor * (1 - factor) / SCORE_DRAWS)}


def _by_dimension(framework: Framework, weights: np.ndarray) -> dict[str, float]:
    return {
        dimension.key: float(
            sum(w for w, one in zip(weights, framework.criteria, strict=True) if one.dimension == dimension.key)
        )
        for dimension in framework.dimensions
    }


def _flips(ranges: Mapping[str, WeightRange]) -> list[dict[str, Any]]:
    """Changes of one dimension's weight that put another option first; the smallest change of its multiplier first."""
    rows = []
    for key, one in ranges.items():
        for wanted, option in ((one.low, one.below), (one.high, one.above)):
            if option is None or same(wanted, one.weight):
                continue
            factor = multiplier(one.weight, wanted)
            if factor is None or factor <= 0:
                continue
            rows.append(
                {"dimension": key, "weight": one.weight, "flip": wanted, "multiplier": factor, "option": option}
            )
    return sorted(rows, key=lambda row: abs(math.log(row["multiplier"])))
