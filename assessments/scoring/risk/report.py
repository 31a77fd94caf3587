"""Paths in figures: means, percentiles with their errors, half-years, carriers, and what is above what can be absorbed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from assessments.scoring.language import Columns, evaluate
from assessments.scoring.risk.model import CATEGORIES, COST, DELAY, Capacity, RiskModel
from assessments.scoring.risk.paths import Paths

EVENTS_SHOWN = 5
NORMAL_95 = 1.959964


def spread_of(values: np.ndarray) -> dict[str, float]:
    """Mean and percentiles, each with its standard error; those of the percentiles from order statistics.

    values  (N,)
    """
    count = len(values)
    shares = np.array([0.5, 0.8, 0.95])
    half = NORMAL_95 * np.sqrt(shares * (1 - shares) / count)
    low, middle, high = np.quantile(values, np.clip([shares - half, shares, shares + half], 0.0, 1.0))
    found = {
        "mean": float(values.mean()),
        "se": float(values.std(ddof=1) / math.sqrt(count)) if count > 1 else 0.0,
    }
    for at, percent in enumerate(("p50", "p80", "p95")):
        found |= {percent: float(middle[at]), f"{percent}_se": float((high[at] - low[at]) / (2 * NORMAL_95))}
    return found


def half_years(parts: np.ndarray) -> list[dict[str, float]]:
    """For each half-year its mean, its P80, and the P80 shared out to the categories in proportion to their means.

    parts  (C, T, N)
    """
    whole = parts.sum(axis=0)
    p80 = np.percentile(whole, 80, axis=1)
    means = parts.mean(axis=2)
    total = means.sum(axis=0)
    share = np.divide(means, total, out=np.zeros_like(means), where=total > 0)
    return [
        {"mean": float(total[t]), "p80": float(p80[t])}
        | {category: float(p80[t] * share[c, t]) for c, category in enumerate(CATEGORIES)}
        for t in range(whole.shape[0])
    ]


def capacity_of(capacity: Capacity, columns: Columns, row: int) -> dict[str, dict[str, Any]]:
    """{"delay": {O, R, X, stated}, "cost": ..}: months and MUSD that can be absorbed within the window.

    stated  the categories whose figure is the organisation's own word; the others are shares of a default
    """
    found: dict[str, dict[str, Any]] = {}
    for unit in (DELAY, COST):
        total = float(evaluate(capacity.total[unit], columns)[row])
        figures, stated = {}, []
        for category in CATEGORIES:
            name = capacity.stated[unit].get(category)
            own = float(columns.names[name][row]) if name else math.nan
            if not math.isnan(own):
                stated.append(category)
            figures[category] = capacity.split[category] * total if math.isnan(own) else own
        found[unit] = {**figures, "stated": stated}
    return found


def _asked(
    paths: Paths, capacity: Capacity, limits: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """(unit, limits (C,), what is asked for within the window (C, T, N), where it is more (T, N)) of either unit."""
    for unit, parts in ((DELAY, paths.delay), (COST, paths.cost)):
        rolling = parts.copy()
        for back in range(1, capacity.window):
            rolling[:, back:] += parts[:, :-back]
        limit = np.array([limits[unit][category] for category in CATEGORIES])
        yield unit, limit, rolling, np.asarray((rolling > limit[:, None, None]).any(axis=0))


def _breached(above: np.ndarray, capacity: Capacity) -> dict[str, Any]:
    """above: (T, N) where an option asks for more than can be absorbed."""
    often = above.mean(axis=1)
    reached = np.flatnonzero(often >= capacity.breach_at)
    return {
        "breach": [float(share) for share in often],
        "breach_se": [math.sqrt(share * (1 - share) / above.shape[-1]) for share in map(float, often)],
        "breach_ever": float(above.any(axis=0).mean()),
        "first_breach": int(reached[0]) if len(reached) else None,
    }


def breach_of(paths: Paths, capacity: Capacity, limits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How often and when an option asks for more than can be absorbed: the breach part of `held_against` alone."""
    above = np.zeros(paths.partner.shape, bool)
    for _, _, _, here in _asked(paths, capacity, limits):
        above |= here
    return _breached(above, capacity)


def held_against(paths: Paths, capacity: Capacity, limits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How often and when an option asks for more than can be absorbed, and how much is left.

    Returns {breach: [probability per half-year], breach_se: their errors, breach_by: {delay: [..], cost: [..]},
            breach_ever, first_breach: half-year from 0 or None,
            headroom: {delay: {O, R, X}, cost: ..}, binding: {category, unit, headroom, capacity, relative}}
    """
    above = np.zeros(paths.partner.shape, bool)
    by_unit: dict[str, list[float]] = {}
    headroom: dict[str, dict[str, float]] = {}
    binding: dict[str, Any] | None = None
    for unit, limit, rolling, here in _asked(paths, capacity, limits):
        by_unit[unit] = [float(share) for share in here.mean(axis=1)]
        above |= here
        worst = np.percentile(rolling.max(axis=1), capacity.percentile, axis=1)
        headroom[unit] = {category: float(limit[c] - worst[c]) for c, category in enumerate(CATEGORIES)}
        for c, category in enumerate(CATEGORIES):
            left = float(limit[c] - worst[c])
            # Nothing can be absorbed where the limit is 0: any load then binds before everything else.
            relative = left / limit[c] if limit[c] > 0 else (0.0 if worst[c] == 0 else -math.inf)
            if binding is None or relative < binding["relative"]:
                binding = {"category": category, "unit": unit, "headroom": left, "capacity": float(limit[c])}
                binding["relative"] = float(relative)
    assert binding is not None
    if math.isinf(binding["relative"]):
        binding["relative"] = None
    return _breached(above, capacity) | {"breach_by": by_unit, "headroom": headroom, "binding": binding}


def top_events(paths: Paths, model: RiskModel) -> list[dict[str, Any]]:
    """The events that matter most: by mean months of slip, then by mean cost."""
    order = sorted(
        range(len(model.events)), key=lambda at: (-round(float(paths.slip_of[at]), 9), -float(paths.cost_of[at]))
    )
    return [
        {
            "id": model.events[at].id,
            "name": model.events[at].name,
            "category": model.events[at].category,
            "prior": model.events[at].prior,
            "probability": float(paths.strikes[at]),
            "slip_mean": float(paths.slip_of[at]),
            "cost_mean": float(paths.cost_of[at]),
        }
        for at in order[:EVENTS_SHOWN]
        if paths.strikes[at] > 0
    ]


def whole_option(paths: Paths, model: RiskModel) -> dict[str, Any]:
    """Everything about one option but what it is held against."""
    return {
        "slip": spread_of(paths.slip),
        "cost": spread_of(paths.spent),
        "partner_cost": spread_of(paths.partner.sum(axis=0)),
        "by_category": {
            category: {
                "slip": float(paths.delay[c].sum(axis=0).mean()),
                "cost": float(paths.cost[c].sum(axis=0).mean()),
            }
            for c, category in enumerate(CATEGORIES)
        },
        "delay": half_years(paths.delay),
        "spending": half_years(paths.cost),
        "events": top_events(paths, model),
    }
