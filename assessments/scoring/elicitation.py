"""Weights from what people say of them: points, swings, an order, pairs; each function apart, and combined.

Every way takes the keys of one group of siblings (the dimensions, or the criteria of one) and gives {key: share of 1},
fit for `Problem.weights`. What names other keys, leaves one out, or is no finite number of zero or more is refused.

Sources: direct rating and swing: von Winterfeldt & Edwards (1986), Decision Analysis and Behavioral Research. Rank-sum:
Stillwell, Seaver & Edwards (1981), OBHP 28, 62-77. Rank order centroid: Barron & Barrett (1996), Management Science 42(11)
1515-1523. Pairs: Saaty (1980), The Analytic Hierarchy Process; one judgement left out: Harker (1987), Mathematical
Modelling 9(11) 837-848.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

FULL_SWING = 100.0
STRONGEST = 9.0  # of Saaty's scale from 1/9 to 9
RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)  # by the number of keys; Saaty (1980)
ACCEPTED = 0.10  # the consistency ratio from which on judgements are to be looked at again
SCALE = tuple(sorted({Fraction(1, n) for n in range(1, 10)} | {Fraction(n) for n in range(1, 10)}))
ALIKE = 1e-9

Pairs = Mapping[tuple[str, str], float]


def direct(keys: Sequence[str], points: Mapping[str, float]) -> dict[str, float]:
    """Shares in proportion to points, of any sum. Raises ValueError naming what is wrong with them."""
    _named_once(keys, points)
    for key, value in points.items():
        _number(value, f"The weight of {key}")
    total = math.fsum(points.values())
    if total <= 0:
        raise ValueError(f"All weights are 0: {', '.join(keys)}.")
    return {key: points[key] / total for key in keys}


def swing(keys: Sequence[str], points: Mapping[str, float]) -> dict[str, float]:
    """Shares in proportion to how much the swing from the worst to the best of each is worth.

    points  0 to 100; the swing that is worth most has 100, so that all are judged against the same one
    Raises  ValueError naming the keys whose points are impossible
    """
    shares = direct(keys, points)
    beyond = [key for key in keys if points[key] > FULL_SWING]
    if beyond:
        raise ValueError(f"A swing has at most {FULL_SWING:g} points: {', '.join(beyond)}.")
    if max(points.values()) < FULL_SWING:
        raise ValueError(
            f"The swing that is worth most has {FULL_SWING:g} points; the largest given is {max(points.values()):g}."
        )
    return shares


def rank_sum(keys: Sequence[str], order: Sequence[str | Sequence[str]]) -> dict[str, float]:
    """Shares 2 (n + 1 - r) / (n (n + 1)) by rank r. See `_by_rank` for the order and what is refused."""
    count = len(keys)
    return _by_rank(keys, order, [2 * (count + 1 - rank) / (count * (count + 1)) for rank in range(1, count + 1)])


def rank_order_centroid(keys: Sequence[str], order: Sequence[str | Sequence[str]]) -> dict[str, float]:
    """Shares (1/n) (1/r + 1/(r + 1) + .. + 1/n) by rank r: the centroid of all weights of that order.

    Steep for many keys (of 25 the first has 15%, the last 0.2%): there rank-sum is the better start.
    """
    count = len(keys)
    tails = [math.fsum(1 / place for place in range(rank, count + 1)) / count for rank in range(1, count + 1)]
    return _by_rank(keys, order, tails)


@dataclass(frozen=True)
class Repair:
    """A judgement that contradicts the others, and what they say in its place.

    pair, said    how many times as important the first of the pair is as the second
    implied       what the other judgements together say of it
    nearest       that on Saaty's scale: a whole number, or one over a whole number
    ratio         the consistency ratio if it were that
    """

    pair: tuple[str, str]
    said: float
    implied: float
    nearest: float
    ratio: float


@dataclass(frozen=True)
class Pairwise:
    """Weights from judgements of pairs, and how well these agree with each other.

    eigenvalue  the largest of the matrix: as many as there are keys where all judgements agree
    ratio       Saaty's consistency ratio; None for fewer than three keys (why_not)
    acceptable  ratio at most 0.10
    repairs     what contradicts most, where the ratio is not acceptable; several where they do so equally
    """

    weights: Mapping[str, float]
    eigenvalue: float
    ratio: float | None
    acceptable: bool
    repairs: tuple[Repair, ...]
    why_not: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON-able data."""
        repairs = [
            {
                "pair": list(one.pair),
                "said": one.said,
                "implied": one.implied,
                "nearest": one.nearest,
                "ratio": one.ratio,
            }
            for one in self.repairs
        ]
        return {
            "eigenvalue": self.eigenvalue, "ratio": self.ratio, "acceptable": self.acceptable, "repairs": repairs,
            "why_not": self.why_not,
        }  # fmt: skip


def pairwise(keys: Sequence[str], judgements: Pairs) -> Pairwise:
    """The principal eigenvector of reciprocal judgements (the analytic hierarchy process), for up to ten keys.

    judgements  {(a, b): how many times as important a is as b, from 1/9 to 9}; each pair once, in either direction
    Raises      ValueError naming pairs that are unknown, missing, given twice or off the scale
    """
    matrix = _matrix(keys, judgements)
    eigenvalue, weights = _principal(matrix)
    shares = dict(zip(keys, weights.tolist(), strict=True))
    if len(keys) < 3:
        return Pairwise(shares, eigenvalue, None, True, (), "One judgement has no other to contradict.")
    ratio = _ratio(eigenvalue, len(keys))
    acceptable = ratio <= ACCEPTED
    return Pairwise(shares, eigenvalue, ratio, acceptable, () if acceptable else _repairs(keys, matrix, judgements))


@dataclass(frozen=True)
class Answer:
    """What one function says of the weights of a group. method: a key of METHODS; given: what that method takes."""

    method: str
    given: Any


def elicited(
    keys: Sequence[str], answers: Mapping[str, Answer], importance: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """The weights of every function, and those of all together.

    answers     {function: answer}
    importance  {function: weight of its say}; None: every function counts alike
    Returns     {"functions": {function: {method, weights, consistency (pairs only) or null}}, "combined": {key: share}}
    Raises      ValueError naming the function and what is wrong with its answer
    """
    found: dict[str, dict[str, Any]] = {}
    for function, answer in answers.items():
        consistency = None
        try:
            if answer.method == PAIRS:
                judged = pairwise(keys, answer.given)
                weights, consistency = dict(judged.weights), judged.plain()
            elif answer.method in METHODS:
                weights = METHODS[answer.method](keys, answer.given)
            else:
                raise ValueError(f"Unknown method {answer.method!r}; it is one of {', '.join([*METHODS, PAIRS])}.")
        except ValueError as error:
            raise ValueError(f"{function}: {error}") from error
        found[function] = {"method": answer.method, "weights": weights, "consistency": consistency}
    each = {function: one["weights"] for function, one in found.items()}
    return {"functions": found, "combined": combined(keys, each, importance)}


def combined(
    keys: Sequence[str], functions: Mapping[str, Mapping[str, float]], importance: Mapping[str, float] | None = None
) -> dict[str, float]:
    """The weighted mean over functions of each one's shares: how many people a function has buys no weight.

    Raises ValueError for no function, unknown ones, or impossible weights
    """
    if not functions:
        raise ValueError("No function has given weights.")
    shares = {function: direct(keys, weights) for function, weights in functions.items()}
    say = direct(list(functions), dict.fromkeys(functions, 1.0) if importance is None else importance)
    return {key: math.fsum(say[function] * own[key] for function, own in shares.items()) for key in keys}


METHODS: Mapping[str, Callable[[Sequence[str], Any], dict[str, float]]] = {
    "direct": direct,
    "swing": swing,
    "rank_sum": rank_sum,
    "rank_order_centroid": rank_order_centroid,
}
PAIRS = "pairwise"


def _named_once(keys: Sequence[str], given: Mapping[str, Any] | Sequence[str]) -> None:
    """Raises ValueError where keys are none or not the ones given, each once."""
    if not keys:
        raise ValueError("There is nothing to weigh.")
    names = list(given)
    for wrong, what in (
        ([key for key in names if key not in keys], "Unknown"),
        ([key for key in keys if key not in names], "Without a weight"),
        ([key for key in keys if names.count(key) > 1], "Named twice"),
    ):
        if wrong:
            raise ValueError(f"{what}: {', '.join(str(key) for key in wrong)}.")


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{what} is {value!r}; it is a finite number, not negative.")
    return float(value)


def _by_rank(keys: Sequence[str], order: Sequence[str | Sequence[str]], shares: Sequence[float]) -> dict[str, float]:
    """The share of each key's place; keys of equal importance have the mean of the places that they fill.

    order   the most important first; keys of equal importance stand together in a sequence of their own
    Raises  ValueError naming keys that are unknown, missing or named twice
    """
    groups = [[group] if isinstance(group, str) else list(group) for group in order]
    _named_once(keys, [key for group in groups for key in group])
    found: dict[str, float] = {}
    start = 0
    for group in groups:
        end = start + len(group)
        found |= dict.fromkeys(group, math.fsum(shares[start:end]) / max(1, len(group)))
        start = end
    return {key: found[key] for key in keys}


def _matrix(keys: Sequence[str], judgements: Pairs) -> np.ndarray:
    """(n, n) reciprocal matrix. Raises as `pairwise`."""
    if not 0 < len(keys) < len(RANDOM_INDEX):
        raise ValueError(f"Pairs are compared among 1 to {len(RANDOM_INDEX) - 1} keys, not {len(keys)}.")
    matrix = np.eye(len(keys))
    place = {key: at for at, key in enumerate(keys)}
    for (a, b), value in judgements.items():
        what = f"{a} against {b}"
        if a not in place or b not in place or a == b:
            raise ValueError(f"Unknown pair: {what}.")
        _number(value, what)
        if not 1 / STRONGEST - ALIKE <= value <= STRONGEST + ALIKE:
            raise ValueError(f"{what} is {value:g}; the scale goes from 1/9 to 9.")
        if (b, a) in judgements:
            raise ValueError(f"Judged in both directions: {what}.")
        matrix[place[a], place[b]], matrix[place[b], place[a]] = value, 1 / value
    missing = [f"{a} against {b}" for a, b in combinations(keys, 2) if not {(a, b), (b, a)} & set(judgements)]
    if missing:
        raise ValueError(f"Not judged: {', '.join(missing)}.")
    return matrix


def _principal(matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The largest eigenvalue, and its vector with the sum 1 (both real and positive: Perron and Frobenius)."""
    values, vectors = np.linalg.eig(matrix)
    at = int(values.real.argmax())
    vector = np.abs(vectors[:, at].real)
    return float(values[at].real), vector / vector.sum()


def _ratio(eigenvalue: float, count: int) -> float:
    return max(0.0, (eigenvalue - count) / (count - 1) / RANDOM_INDEX[count])


def _repairs(keys: Sequence[str], matrix: np.ndarray, judgements: Pairs) -> tuple[Repair, ...]:
    """The judgement whose replacement by what the others say makes all agree best; several if they do so equally."""
    found = []
    for a, b in judgements:
        i, j = keys.index(a), keys.index(b)
        without = matrix.copy()
        without[i, j] = without[j, i] = 0.0
        without[i, i] = without[j, j] = 2.0
        _, weights = _principal(without)
        implied = float(weights[i] / weights[j])
        mended = matrix.copy()
        mended[i, j], mended[j, i] = implied, 1 / implied
        ratio = _ratio(_principal(mended)[0], len(keys))
        nearest = min(SCALE, key=lambda step: abs(math.log(step / implied)))
        found.append(Repair((a, b), float(matrix[i, j]), implied, float(nearest), ratio))
    least = min(one.ratio for one in found)
    return tuple(one for one in found if one.ratio <= least + ALIKE)
