"""Totals, ranks with ties, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TIE = 1e-12


def same(a: float, b: float) -> bool:
    """Equal within the relative tolerance of a tie."""
    return abs(a - b) <= TIE * max(1.0, abs(a), abs(b))


def totals_of(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Total, lower and upper bound in points of 100.

    values   (.., options, criteria) 0..1, NaN where missing
    weights  (criteria,) with the sum 1
    Returns  three (.., options); the total scales the present weights up, NaN where nothing is present
    """
    present = ~np.isnan(values)
    low = np.where(present, values, 0.0) @ weights
    share = present @ weights
    with np.errstate(all="ignore"):
        total = np.where(share >= 1.0 - TIE, low, np.where(share > TIE, low / share, np.nan))
    return total * 100.0, low * 100.0, np.where(share >= 1.0 - TIE, low, low + 1.0 - share) * 100.0


def ranking(
    keys: Sequence[str], totals: Sequence[float] | np.ndarray, blocked: Sequence[bool] | np.ndarray
) -> dict[str, Any]:
    """Winner, runner-up and margin among the unblocked; winner is None when the first are tied."""
    open_ = [
        (total, key) for key, total, shut in zip(keys, totals, blocked, strict=True) if not shut and total == total
    ]
    open_.sort(key=lambda pair: -pair[0])
    unblocked = [key for key, shut in zip(keys, blocked, strict=True) if not shut]
    if not open_:
        return {"winner": None, "runner_up": None, "margin": None, "tied": [], "unblocked": unblocked}
    best = open_[0][0]
    tied = [key for total, key in open_ if same(total, best)]
    if len(tied) > 1:
        tied = [key for key in keys if key in tied]
        return {"winner": None, "runner_up": None, "margin": 0.0, "tied": tied, "unblocked": unblocked}
    second = open_[1] if len(open_) > 1 else None
    return {
        "winner": open_[0][1],
        "runner_up": second[1] if second else None,
        "margin": float(best - second[0]) if second else None,
        "tied": [],
        "unblocked": unblocked,
    }


def ranks(
    keys: Sequence[str], totals: Sequence[float] | np.ndarray, blocked: Sequence[bool] | np.ndarray
) -> dict[str, int | None]:
    """1 + the number of better unblocked options; equal totals have equal ranks, blocked ones none."""
    found: dict[str, int | None] = {}
    for key, total, shut in zip(keys, totals, blocked, strict=True):
        better = sum(
            1
            for other, closed in zip(totals, blocked, strict=True)
            if not closed and other > total and not same(other, total)
        )
        found[key] = None if shut or total != total else 1 + better
    return found


def verdict_kind(place: Mapping[str, Any], first_share: float, kept: int, thresholds: Mapping[str, float]) -> str:
    """no_credible_option, best_remaining, clear, leaning or close_call."""
    if not place["unblocked"]:
        return "no_credible_option"
    if len(place["unblocked"]) == 1:
        return "best_remaining"
    enough = place["margin"] is not None and place["margin"] >= thresholds["clear_margin"]
    if enough and first_share >= thresholds["clear_first_share"] and kept >= thresholds["clear_scenarios"]:
        return "clear"
    if place["winner"] is not None and first_share >= thresholds["leaning_first_share"]:
        return "leaning"
    return "close_call"
