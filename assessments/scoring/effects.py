"""Which of many changed facts matter: those that move a score, a gate, or what the draws of risk are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.language import EvaluationError
from assessments.scoring.risk.chances import chances
from assessments.scoring.risk.model import risk_model
from assessments.scoring.risk.report import capacity_of
from assessments.scoring.runs import Layout, run

CELLS, GATES, RISK = "cells", "gates", "risk"
EVERYTHING = frozenset({CELLS, GATES, RISK})


@dataclass(frozen=True)
class FactChange:
    """One fact that becomes another: of the program where `option` is empty."""

    field: str
    option: str
    value: Any


def moved_by(
    framework: Framework, facts: Mapping[str, Any], keys: Sequence[str], changes: Sequence[FactChange]
) -> list[frozenset[str]]:
    """What each change alone would move of these facts: any of "cells", "gates", "risk".

    keys    of the options that are scored
    Returns one entry per change; all three where the changed facts have no answer at all
    Raises  EvaluationError where the unchanged facts have none
    """
    layout = Layout.of(facts["options"], keys)
    rows = [_changed(facts, change) for change in changes]
    try:
        found = _marks(framework, [facts, *rows], layout)
    except EvaluationError:
        (base,) = _marks(framework, [facts], layout)
        return [_moved(base, _alone(framework, row, layout)) for row in rows]
    return [_moved(found[0], one) for one in found[1:]]


def _alone(framework: Framework, facts: Mapping[str, Any], layout: Layout) -> dict[str, bytes] | None:
    try:
        return _marks(framework, [facts], layout)[0]
    except EvaluationError:
        return None


def _moved(base: Mapping[str, bytes], other: Mapping[str, bytes] | None) -> frozenset[str]:
    if other is None:
        return EVERYTHING
    return frozenset(part for part in EVERYTHING if base[part] != other[part])


def _changed(facts: Mapping[str, Any], change: FactChange) -> Mapping[str, Any]:
    if not change.option:
        return {**facts, "program": {**facts["program"], change.field: change.value}}
    own = facts["options"][change.option]
    options = {**facts["options"], change.option: {**own, "facts": {**own["facts"], change.field: change.value}}}
    return {**facts, "options": options}


def _marks(framework: Framework, facts: Sequence[Mapping[str, Any]], layout: Layout) -> list[dict[str, bytes]]:
    """Of every row its scores, fired gates and risk, as bytes that are equal when they are.

    Raises EvaluationError
    """
    done = run(framework, facts, layout, scenarios=False)
    return [
        {
            CELLS: done.scores[row].tobytes(),
            # By their place in the framework: another row may be alone in having fired a gate at all.
            GATES: repr(
                [
                    (gate.id, gate.entries.index(entry), where[row].tolist())
                    for gate, entry, where in done.fired
                    if where[row].any()
                ]
            ).encode(),
            RISK: risk,
        }
        for row, risk in enumerate(_risk(framework, done.columns, layout, done.rows))
    ]


def _risk(framework: Framework, columns: Sequence[Any], layout: Layout, rows: int) -> list[bytes]:
    model = risk_model(framework)
    if model is None:
        return [b""] * rows
    parts: list[list[bytes]] = [[] for _ in range(rows)]
    for at in range(layout.scored):
        odds = chances(model, layout.kinds[at], columns[at], [""] * rows)
        for one in fields(odds):
            if one.name in ("cost_factor", "share"):  # of the kind, not of the facts
                continue
            values = getattr(odds, one.name)
            for row in range(rows):
                parts[row].append(np.ascontiguousarray(values[row]).tobytes())
    if model.capacity is not None:
        for row in range(rows):
            parts[row].append(repr(capacity_of(model.capacity, columns[0], row)).encode())
    return [b"|".join(part) for part in parts]
