"""The headline's numbers for many programs at once, facts only: watch, publish and impact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.ranking import ranking, totals_of, verdict_kind
from assessments.scoring.runs import Layout, run, values_of
from assessments.scoring.weights import first_shares, plausible_weights, weights_of

CHUNK = 500


@dataclass(frozen=True)
class Outcome:
    """One program: totals by option (points of 100), blocked option keys, and the verdict at batch depth."""

    totals: Mapping[str, float]
    blocked: tuple[str, ...]
    verdict: Mapping[str, Any] | None


def batch(framework: Framework, programs: Sequence[Mapping[str, Any]], *, deep: bool = True) -> list[Outcome]:
    """The outcome of every program, in order.

    programs  plain facts; programs with the same options are computed together
    deep      False: derive, gates and value only; True: scenarios, plausible weights and verdict too
    Raises    EvaluationError
    """
    groups: dict[Layout, list[int]] = {}
    for at, facts in enumerate(programs):
        groups.setdefault(Layout.of(facts["options"], tuple(facts["options"])), []).append(at)
    found: list[Outcome | None] = [None] * len(programs)
    weights = weights_of(framework)
    for layout, members in groups.items():
        step = CHUNK if deep else 10 * CHUNK
        for start in range(0, len(members), step):
            part = members[start : start + step]
            outcomes = _chunk(framework, [programs[at] for at in part], layout, weights, deep)
            for at, outcome in zip(part, outcomes, strict=True):
                found[at] = outcome
    return [one for one in found if one is not None]


def _chunk(
    framework: Framework, programs: list[Mapping[str, Any]], layout: Layout, weights: np.ndarray, deep: bool
) -> list[Outcome]:
    done = run(framework, programs, layout, scenarios=deep)
    keys, size = layout.keys[: layout.scored], len(programs)
    values = values_of(framework.criteria, done.scores)
    totals = totals_of(values, weights)[0]
    outcomes = []
    drawn = plausible_weights(framework, weights) if deep else None
    for at in range(size):
        verdict = None
        if drawn is not None:
            base = ranking(keys, totals[at], done.blocked[at])
            kept = 0
            for row in range(at + size, done.rows, size):
                winner = ranking(keys, totals[row], done.blocked[row])["winner"]
                kept += winner is not None and winner == base["winner"]
            shares = dict(zip(keys, first_shares(drawn, values[at], done.blocked[at]).tolist(), strict=True))
            share = shares.get(base["winner"], 0.0)
            kind = verdict_kind(base, share, kept, framework.verdict)
            verdict = {"kind": kind, "option": base["winner"], "runner_up": base["runner_up"], "margin": base["margin"]}
            verdict |= {"first_share": share, "scenarios_kept": kept}
        shut = tuple(key for key, blocked in zip(keys, done.blocked[at], strict=True) if blocked)
        outcomes.append(Outcome(dict(zip(keys, totals[at].tolist(), strict=True)), shut, verdict))
    return outcomes
