"""Why the margin of two options moved between two computations: how much of it each group of inputs did, exactly.

Groups: facts (and which options are compared), judgement (the panel), weights, criteria (everything else of a criteria
version: rules, gates, value functions, which criteria there are). What a group did depends on which others had changed
before it; its share is the mean over all orders, so that no order is preferred and the shares sum to the shift.
Source: Shapley (1953), A value for n-person games; the additive game of every criterion is shared out alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from assessments.scoring.framework import canonical
from assessments.scoring.headline import Problem, cells_of
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import reads
from assessments.scoring.runs import Layout, Run, run, values_of
from assessments.scoring.weights import weights_of

FACTS, JUDGEMENT, WEIGHTS, CRITERIA = GROUPS = ("facts", "judgement", "weights", "criteria")
# Facts of one schema cannot always be read under another's: then the two are told together, or at last all as one.
PARTS: tuple[tuple[tuple[str, ...], ...], ...] = (
    ((FACTS,), (JUDGEMENT,), (WEIGHTS,), (CRITERIA,)),
    ((FACTS, CRITERIA), (JUDGEMENT,), (WEIGHTS,)),
    (GROUPS,),
)
NOTHING = 1e-9  # points
ASKED, FIRSTS, RUNNER_UP = "asked", "firsts", "runner_up"

Own = Mapping[str, Mapping[str, float]]


def attribution(before: Problem, after: Problem, pair: tuple[str, str] | None = None) -> dict[str, Any]:
    """The shift of the margin of the first of a pair over the second, in points of 100, by group and criterion.

    pair     keys of two options that both have; None: the former first against the present one, or against the runner-up
             where the first is the same
    Returns  {pair, pair_by, before, after, shift, groups: [{groups: [names], shift}], criteria: [{criterion, shift, by: [as
             groups]}], why_not}: every group has a row, mostly its own; criteria are those that moved, the largest shift
             first. pair_by: asked, firsts (the former first against the present one) or runner_up. Without a pair, or where
             one of it has no score, only why_not says something
    Raises   ValueError for a pair of which one is not in both; EvaluationError as `headline`
    """
    both = [key for key in after.chosen if key in before.chosen]
    if pair is not None and (pair[0] == pair[1] or not set(pair) <= set(both)):
        raise ValueError(f"Both have two such options: {pair[0]}, {pair[1]}.")
    game = _Game(before, after)
    ends = game.results(both, frozenset()), game.results(both, frozenset(GROUPS))
    by = ASKED
    if pair is None:
        chosen = _pair(both, *ends)
        if chosen is None:
            return _nothing("fewer than two options with a score stand in both")
        pair, by = chosen
    if any(math.isnan(end[0][key]) for end in ends for key in pair):
        return _nothing("one of the options has no score", pair, by)
    changed = game.changed()
    for parts in PARTS:
        players = [part for part in parts if changed & set(part)]
        if parts == PARTS[0] and {FACTS, CRITERIA} <= changed and not game.readable():
            continue
        try:
            worth = {
                chosen: game.terms(pair, frozenset(name for at in chosen for name in players[at]))
                for size in range(len(players) + 1)
                for chosen in combinations(range(len(players)), size)
            }
        except (EvaluationError, ValueError):
            continue
        if all(np.isfinite(terms).all() for terms in worth.values()):
            break
    shares = dict(zip(players, shapley(worth, len(players)), strict=True))
    told = _told(game, pair, parts, shares, worth[()], worth[tuple(range(len(players)))])
    return told | {"pair_by": by}


def shapley(worth: Mapping[tuple[int, ...], np.ndarray], players: int) -> list[np.ndarray]:
    """Each player's mean contribution over all orders in which they may come.

    worth  of every coalition, its members ascending; arrays are shared out entry by entry
    """
    found = []
    for player in range(players):
        others = [at for at in range(players) if at != player]
        shares = []
        for size in range(players):
            weight = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
            for chosen in combinations(others, size):
                joined = tuple(sorted((*chosen, player)))
                shares.append(weight * (worth[joined] - worth[chosen]))
        found.append(np.sum(shares, axis=0))
    return found


class _Game:
    """Two problems, and every one between them in which some groups of inputs are the later ones."""

    def __init__(self, before: Problem, after: Problem):
        self.ends = (before, after)
        self.own = tuple(_own(one) for one in self.ends)
        self.criteria = [one.key for one in after.framework.criteria]
        self.criteria += [one.key for one in before.framework.criteria if one.key not in self.criteria]
        self._runs: dict[tuple[bool, bool], Run] = {}

    def changed(self) -> set[str]:
        """The groups that are not the same in both."""
        before, after = self.ends
        found = set()
        if canonical([before.facts, sorted(before.chosen)]) != canonical([after.facts, sorted(after.chosen)]):
            found.add(FACTS)
        if canonical(before.panel) != canonical(after.panel):
            found.add(JUDGEMENT)
        if before.framework.digest != after.framework.digest:
            found.add(CRITERIA)
        was, now = self.own
        if any(was[kind][key] != now[kind][key] for kind in was for key in was[kind].keys() & now[kind].keys()):
            found.add(WEIGHTS)
        return found

    def readable(self) -> bool:
        """Whether each end's framework knows the other end's facts."""
        before, after = self.ends
        return all(
            reads(one.framework.schema, other.facts, other.chosen) for one, other in ((before, after), (after, before))
        )

    def parts(self, keys: Sequence[str], later: frozenset[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Criteria, weights and (options, criteria) values of the options asked for. Raises as `weights_of` and `run`."""
        framework = self.ends[CRITERIA in later].framework
        source = self.ends[FACTS in later]
        problem = replace(source, framework=framework, panel=self.ends[JUDGEMENT in later].panel)
        at = (CRITERIA in later, FACTS in later)
        if at not in self._runs:
            layout = Layout.of(problem.facts["options"], problem.chosen)
            self._runs[at] = run(framework, [problem.facts], layout, scenarios=False)
        done = self._runs[at]
        cells, _ = cells_of(problem, done, problem.chosen)
        values = values_of(framework.criteria, (done.scores if cells is None else cells)[0])
        home, wanted = self.own[CRITERIA in later], self.own[WEIGHTS in later]
        own = {kind: {key: wanted[kind].get(key, weight) for key, weight in home[kind].items()} for kind in home}
        rows = values[[problem.chosen.index(key) for key in keys]]
        return [one.key for one in framework.criteria], weights_of(framework, own), rows

    def results(self, keys: Sequence[str], later: frozenset[str]) -> tuple[dict[str, float], dict[str, bool]]:
        """Total and whether it is blocked, of each option asked for."""
        _, weights, values = self.parts(keys, later)
        done, chosen = self._runs[CRITERIA in later, FACTS in later], self.ends[FACTS in later].chosen
        totals = np.nansum(_contributions(weights, values), axis=1)
        totals[np.isnan(values).all(axis=1)] = np.nan
        shut = {key: bool(done.blocked[0, chosen.index(key)]) for key in keys}
        return dict(zip(keys, totals.tolist(), strict=True)), shut

    def terms(self, pair: tuple[str, str], later: frozenset[str]) -> np.ndarray:
        """(criteria of both,) what each criterion does to the margin of the pair, in points of 100."""
        names, weights, values = self.parts(pair, later)
        points = _contributions(weights, values)
        own = dict(zip(names, points[0] - points[1], strict=True))
        return np.array([own.get(key, 0.0) for key in self.criteria])


def _contributions(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(options, criteria) points of 100, the weights of an option's missing cells given to its present ones; NaN for an
    option without any."""
    present = ~np.isnan(values)
    share = present @ weights
    scaled = np.where(present, values, 0.0) * weights * 100.0
    return np.asarray(scaled / np.where(share > 0, share, np.nan)[:, None])


def _own(problem: Problem) -> Own:
    given = problem.weights or {}
    framework = problem.framework
    return {
        "dimensions": {one.key: one.weight for one in framework.dimensions} | dict(given.get("dimensions", {})),
        "criteria": {one.key: one.weight for one in framework.criteria} | dict(given.get("criteria", {})),
    }


def _pair(
    keys: Sequence[str],
    before: tuple[Mapping[str, float], Mapping[str, bool]],
    after: tuple[Mapping[str, float], Mapping[str, bool]],
) -> tuple[tuple[str, str], str] | None:
    """Who was first against who is; against the runner-up where that is the same. Blocked ones only for want of others.

    With the pair, which of the two it is.
    """

    def order(end: tuple[Mapping[str, float], Mapping[str, bool]]) -> list[str]:
        totals, shut = end
        return sorted((key for key in keys if not math.isnan(totals[key])), key=lambda key: (shut[key], -totals[key]))

    was, now = order(before), order(after)
    common = [key for key in now if key in was]
    if len(common) < 2:
        return None
    first = next(key for key in was if key in common)
    return (first, next(key for key in common if key != first)), RUNNER_UP if common[0] == first else FIRSTS


def _nothing(why_not: str, pair: tuple[str, str] | None = None, by: str = "") -> dict[str, Any]:
    names = None if pair is None else list(pair)
    return {
        "pair": names, "pair_by": by, "before": None, "after": None, "shift": None, "groups": [], "criteria": [],
        "why_not": why_not,
    }  # fmt: skip


def _told(
    game: _Game, pair: tuple[str, str], parts: Sequence[tuple[str, ...]], shares: Mapping[tuple[str, ...], np.ndarray],
    was: np.ndarray, now: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    none = np.zeros(len(game.criteria))
    columns = [shares.get(part, none) for part in parts]
    rows = []
    for at, key in enumerate(game.criteria):
        by = [float(column[at]) for column in columns]
        if any(abs(one) > NOTHING for one in by):
            rows.append({"criterion": key, "shift": float(now[at] - was[at]), "by": by})
    margins = math.fsum(was), math.fsum(now)
    return {
        "pair": list(pair),
        "before": margins[0],
        "after": margins[1],
        "shift": margins[1] - margins[0],
        "groups": [
            {"groups": list(part), "shift": math.fsum(column)} for part, column in zip(parts, columns, strict=True)
        ],
        "criteria": sorted(
            rows, key=lambda row: (-max(abs(one) for one in (row["shift"], *row["by"])), row["criterion"])
        ),
        "why_not": "",
    }
