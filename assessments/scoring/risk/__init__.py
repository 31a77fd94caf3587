"""Risk over time: months of program delay and MUSD, who carries them, half-year by half-year.

`risk_of(framework, run, layout, ...)` gives the "risk" part of a scorecard:

    draws, unit_months, half_years ["0-6", ..]
    options   {key: {slip, cost, partner_cost: {mean, se, p50, p80, p95, each with its _se}; by_category {O|R|X: {slip, cost}};
              delay, spending [{mean, p80, O, R, X} per half-year]; events [the five that matter most];
              breach [per half-year] with breach_se, breach_by {delay|cost: [..]}, breach_ever, first_breach,
              headroom {delay|cost: {O, R, X}}, binding}}
    capacity  {delay, cost: {O, R, X, stated [categories]}}, null where the framework has none
    paired    {"a|b": {slip, slip_se, cost, cost_se}} mean difference on the same paths, a less b
    scenarios {id: {option: {slip_p80, slip_mean, cost_p80, breach_ever, first_breach}}}

Source: the framework's own model (assessments/frameworks), after the usual event table of schedule risk analysis.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.risk.chances import chances
from assessments.scoring.risk.model import risk_model
from assessments.scoring.risk.paths import Paths, draws_of, paths
from assessments.scoring.risk.report import breach_of, capacity_of, held_against, whole_option
from assessments.scoring.runs import Layout, Run

SCENARIO_DRAWS = 2_000

__all__ = ["SCENARIO_DRAWS", "risk_of", "risk_model"]


def risk_of(
    framework: Framework, done: Run, layout: Layout, *, draws: int = 0, scenario_draws: int = SCENARIO_DRAWS,
    compat: bool = False,
) -> dict[str, Any] | None:  # fmt: skip
    """The risk of one program's options, in the shape of the package docstring; None where the framework has no events.

    done            a run of one program, with or without scenarios
    draws           paths of the unchanged facts; 0: as many as the framework says
    scenario_draws  paths of each scenario; 0: no risk of scenarios
    compat          as the figures of the demo programs were computed
    Raises          EvaluationError
    """
    model = risk_model(framework)
    if model is None:
        return None
    keys = layout.keys[: layout.scored]
    runs = ["", *(scenario.id for scenario in framework.scenarios)][: done.rows]
    drawn = draws_of(framework, model, draws or model.paths)
    capacity = model.capacity
    limits = capacity_of(capacity, done.columns[0], 0) if capacity else None
    odds = [chances(model, layout.kinds[at], done.columns[at], runs) for at in range(layout.scored)]
    options: dict[str, Any] = {}
    walked: dict[str, Paths] = {}
    for key, own in zip(keys, odds, strict=True):
        walked[key] = paths(model, own, 0, drawn, compat=compat)
        options[key] = whole_option(walked[key], model)
        if capacity and limits:
            options[key] |= held_against(walked[key], capacity, limits)
    found: dict[str, Any] = {
        "draws": drawn.count,
        "bucket_months": model.bucket_months,
        "half_years": [model.spans_of(bucket) for bucket in range(model.buckets)],
        "options": options,
        "capacity": limits,
        "paired": {f"{a}|{b}": _paired(walked[a], walked[b]) for a, b in itertools.combinations(keys, 2)},
        "scenarios": {},
    }
    if not scenario_draws or done.rows == 1:
        return found
    few = draws_of(framework, model, scenario_draws)
    for row, scenario in enumerate(framework.scenarios, 1):
        there = capacity_of(capacity, done.columns[0], row) if capacity else None
        found["scenarios"][scenario.id] = {}
        for key, own in zip(keys, odds, strict=True):
            walk = paths(model, own, row, few, compat=compat)
            slip, spent = walk.slip, walk.spent
            entry: dict[str, Any] = {
                "slip_mean": float(slip.mean()),
                "slip_p80": float(np.percentile(slip, 80)),
                "cost_p80": float(np.percentile(spent, 80)),
            }
            if capacity and there:
                held = breach_of(walk, capacity, there)
                entry |= {"breach_ever": held["breach_ever"], "first_breach": held["first_breach"]}
            found["scenarios"][scenario.id][key] = entry
    return found


def _paired(a: Paths, b: Paths) -> dict[str, float]:
    """Mean difference on the same paths, whose error is smaller than that of either mean."""
    slip, cost = a.slip - b.slip, a.spent - b.spent
    root = math.sqrt(len(slip))
    return {
        "slip": float(slip.mean()),
        "slip_se": float(slip.std(ddof=1) / root),
        "cost": float(cost.mean()),
        "cost_se": float(cost.std(ddof=1) / root),
    }
