"""The headline's numbers for many programs at once, of their facts or with the judgement of a panel: watch and impact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.scoring.framework import Framework
from assessments.scoring.ranking import ranking, totals_of, verdict_kind
from assessments.scoring.runs import Layout, Run, run, values_of
from assessments.scoring.weights import first_shares, plausible_weights, weights_of

CHUNK = 500


@dataclass(frozen=True)
class Outcome:
    """One program: totals by option (points of 100), blocked option keys, and the verdict at batch depth.

    blocked_by, demanded  by option the ids of the gates that block it, or demand a condition of it
    """

    totals: Mapping[str, float]
    blocked: tuple[str, ...]
    verdict: Mapping[str, Any] | None
    blocked_by: Mapping[str, tuple[str, ...]]
    demanded: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Judged:
    """What people judged of a program, to be carried over to other facts or rules.

    options   the keys that are compared, in their order
    panel     as in `headline.Problem`; a suggestion of None is the one that the rules make now
    criteria  keys that the panel was asked about. A criterion that came later takes its suggestion as it is
    """

    options: tuple[str, ...]
    panel: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    criteria: frozenset[str]


def batch(
    framework: Framework,
    programs: Sequence[Mapping[str, Any]],
    *,
    deep: bool = True,
    judged: Sequence[Judged] | None = None,
) -> list[Outcome]:
    """The outcome of every program, in order.

    programs  plain facts; programs with the same options are computed together
    deep      False: derive, gates and value only; True: scenarios, plausible weights and verdict too
    judged    of every program what people judged, an offset on what the rules suggest; None: facts only
    Raises    EvaluationError
    """
    groups: dict[Layout, list[int]] = {}
    for at, facts in enumerate(programs):
        keys = judged[at].options if judged is not None else tuple(facts["options"])
        groups.setdefault(Layout.of(facts["options"], keys), []).append(at)
    found: list[Outcome | None] = [None] * len(programs)
    weights = weights_of(framework)
    for layout, members in groups.items():
        step = CHUNK if deep else 10 * CHUNK
        for start in range(0, len(members), step):
            part = members[start : start + step]
            said = None if judged is None else [judged[at] for at in part]
            outcomes = _chunk(framework, [programs[at] for at in part], layout, weights, deep, said)
            for at, outcome in zip(part, outcomes, strict=True):
                found[at] = outcome
    return [one for one in found if one is not None]


def _chunk(
    framework: Framework, programs: list[Mapping[str, Any]], layout: Layout, weights: np.ndarray, deep: bool,
    judged: list[Judged] | None,
) -> list[Outcome]:  # fmt: skip
    done = run(framework, programs, layout, scenarios=deep)
    keys, size = layout.keys[: layout.scored], len(programs)
    scores = done.scores if judged is None else _with_judgement(framework, keys, done, judged)
    values = values_of(framework.criteria, scores)
    blocked_by, demanded = _gates(done, keys, "block"), _gates(done, keys, "condition")
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
        told = dict(zip(keys, totals[at].tolist(), strict=True))
        outcomes.append(Outcome(told, shut, verdict, blocked_by[at], demanded[at]))
    return outcomes


def _with_judgement(framework: Framework, keys: Sequence[str], done: Run, judged: Sequence[Judged]) -> np.ndarray:
    """Scores of every row with each program's judgement as an offset; NaN where a panel that was asked said nothing."""
    shape = (done.programs, len(keys), len(framework.criteria))
    value, offset, asked = np.full(shape, np.nan), np.zeros(shape), np.ones(shape, bool)
    for row, one in enumerate(judged):
        for at, criterion in enumerate(framework.criteria):
            asked[row, :, at] = criterion.key in one.criteria
            for position, key in enumerate(keys):
                cell = one.panel.get(criterion.key, {}).get(key, {})
                said, then = cell.get("value"), cell.get("suggestion")
                if said is None:
                    continue
                value[row, position, at] = said
                offset[row, position, at] = said - (done.scores[row, position, at] if then is None else float(then))
    times = (done.rows // done.programs, 1, 1)
    value, offset, asked = np.tile(value, times), np.tile(offset, times), np.tile(asked, times)
    carried = np.where(np.isnan(done.scores), value, np.clip(done.scores + offset, 1.0, 5.0))
    return np.where(asked, np.where(np.isnan(value), np.nan, carried), done.scores)


def _gates(done: Run, keys: Sequence[str], effect: str) -> list[dict[str, tuple[str, ...]]]:
    """Of every program, by option, the ids of the gates that fire with an effect under its unchanged facts."""
    found: list[dict[str, list[str]]] = [{key: [] for key in keys} for _ in range(done.programs)]
    for gate, entry, where in done.fired:
        if entry.effect == effect:
            for row, position in np.argwhere(where[: done.programs]).tolist():
                own = found[row][keys[position]]
                if gate.id not in own:
                    own.append(gate.id)
    return [{key: tuple(ids) for key, ids in own.items()} for own in found]
