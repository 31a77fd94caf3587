"""Derive, gates and scores for many rows at once: programs with the same options, unchanged and under scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.scoring.columns import columns_of, repeated
from assessments.scoring.framework import Criterion, Entry, Framework, Gate
from assessments.scoring.language import Columns, Evaluator
from assessments.scoring.rules import Branch
from assessments.scoring.shocks import shocked, stacked


@dataclass(frozen=True)
class Layout:
    """The options of every program of a batch; hosts that are not in the review are computed, not scored."""

    keys: tuple[str, ...]
    kinds: tuple[str, ...]
    hosts: tuple[int | None, ...]  # position of each option's host
    scored: int  # the first so many are the review's

    @classmethod
    def of(cls, options: Mapping[str, Mapping[str, Any]], chosen: Sequence[str]) -> Layout:
        keys = list(chosen)
        for key in chosen:
            host = options[key].get("host")
            if host is not None and host not in keys:
                keys.append(host)
        hosts = tuple(keys.index(host) if (host := options[key].get("host")) in keys else None for key in keys)
        return cls(tuple(keys), tuple(options[key]["kind"] for key in keys), hosts, len(chosen))


class _Across(dict[str, np.ndarray]):
    """(options, rows) of an option's number over the review's options, gathered when it is asked for."""

    def __init__(self, names: list[dict[str, Any]]):
        super().__init__()
        self.names = names

    def __missing__(self, key: str) -> np.ndarray:
        return np.array([names[key] for names in self.names if key in names])


@dataclass
class Run:
    """Columns of every row, run by run; scores (rows, options, criteria) NaN where no rule; blocked (rows, options);
    unclipped (options, criteria): the first row's scores before they were held within 1 and 5."""

    rows: int
    programs: int
    program: dict[str, Any]
    names: list[dict[str, Any]]
    columns: list[Columns]
    scores: np.ndarray
    blocked: np.ndarray
    fired: list[tuple[Gate, Entry, np.ndarray]]
    held: dict[tuple[int, int], list[tuple[Branch, np.ndarray]]]  # of (option, criterion): which branches held
    unclipped: np.ndarray


def run(framework: Framework, facts: Sequence[Mapping[str, Any]], layout: Layout, *, scenarios: bool) -> Run:
    """Everything that follows from facts without ratings.

    facts      plain facts of programs that share the layout
    scenarios  False: one row per program; True: then one block of rows per scenario of the framework
    Raises     EvaluationError
    """
    schema = framework.schema
    program = columns_of(schema.program_fields(), [one["program"] for one in facts])
    options = [
        columns_of(schema.option_fields(kind), [one["options"][key]["facts"] for one in facts])
        for key, kind in zip(layout.keys, layout.kinds, strict=True)
    ]
    rows = len(facts)
    if scenarios and framework.scenarios:
        program, options = _with_scenarios(framework, program, options, layout, rows)
        rows *= 1 + len(framework.scenarios)
    names, columns = derive(framework, program, options, layout, rows)
    held: dict[tuple[int, int], list[tuple[Branch, np.ndarray]]] = {}
    scores = np.full((rows, layout.scored, len(framework.criteria)), np.nan)
    for position in range(layout.scored):
        kind = layout.kinds[position]
        for at, criterion in enumerate(framework.criteria):
            rule = criterion.rules.get(kind)
            if rule is not None:
                value, held[position, at] = rule.trace(columns[position])
                scores[:, position, at] = value
    unclipped = scores[0].copy()
    np.clip(scores, 1.0, 5.0, out=scores)
    fired = fire(framework, columns, layout, rows)
    blocked = np.zeros((rows, layout.scored), bool)
    for _, entry, where in fired:
        if entry.effect == "block":
            blocked |= where
    return Run(rows, len(facts), program, names, columns, scores, blocked, fired, held, unclipped)


def derive(
    framework: Framework, program: dict[str, Any], options: list[dict[str, Any]], layout: Layout, rows: int
) -> tuple[list[dict[str, Any]], list[Columns]]:
    """Add every derived quantity to the names of the program and of each option, in the framework's order."""
    names = [{**program, **own} for own in options]
    across = _Across(names[: layout.scored])
    columns = [
        Columns(rows, own, None if host is None else names[host], across)
        for own, host in zip(names, layout.hosts, strict=True)
    ]
    order = sorted(range(len(names)), key=lambda at: layout.hosts[at] is not None)
    shared = Columns(rows, program, None, across)
    for quantity in framework.derived:
        if quantity.scope == "program":
            value = _rounded(quantity.rules["all"].run(shared), quantity.round)
            program[quantity.key] = value
            for own in names:
                own[quantity.key] = value
            continue
        for at in order:
            rule = quantity.rules.get(layout.kinds[at])
            if rule is not None:
                names[at][quantity.key] = _rounded(rule.run(columns[at]), quantity.round)
    return names, columns


def _rounded(value: np.ndarray, digits: int | None) -> np.ndarray:
    return value if digits is None or value.dtype == bool else np.round(value, digits)


def fire(
    framework: Framework, columns: list[Columns], layout: Layout, rows: int
) -> list[tuple[Gate, Entry, np.ndarray]]:
    """Every gate entry with (rows, options): where it fired."""
    found = []
    every = np.ones(rows, bool)
    evaluators = [Evaluator(one) for one in columns]
    for gate in framework.gates:
        before = np.zeros((rows, layout.scored), bool)
        for entry in gate.entries:
            where = np.zeros((rows, layout.scored), bool)
            with np.errstate(all="ignore"):
                if entry.applies_to_all:
                    where.T[:] = evaluators[0].value(entry.when["all"].tree, every)
                else:
                    for at in range(layout.scored):
                        when = entry.when.get(layout.kinds[at])
                        if when is not None:
                            where[:, at] = evaluators[at].value(when.tree, every)
            if entry.otherwise:
                where &= ~before
            before |= where
            if where.any():
                found.append((gate, entry, where))
    return found


def _with_scenarios(
    framework: Framework, program: dict[str, Any], options: list[dict[str, Any]], layout: Layout, rows: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The same columns with a block of rows per scenario; all changes read the unchanged facts."""
    base_program = dict(program)
    _, before = derive(framework, base_program, options, layout, rows)
    outside = Columns(rows, base_program, None, before[0].options)
    count = 1 + len(framework.scenarios)
    changed_program: dict[str, list[Any]] = {}
    changed_options: list[dict[str, list[Any]]] = [{} for _ in options]
    for at, scenario in enumerate(framework.scenarios, 1):
        for change in scenario.changes:
            key = change.field.key
            if change.field.scope == "program":
                changed_program.setdefault(key, [program[key]] * count)[at] = shocked(change, "all", outside)
                continue
            for position, kind in enumerate(layout.kinds):
                if kind in change.values:
                    blocks = changed_options[position].setdefault(key, [options[position][key]] * count)
                    blocks[at] = shocked(change, kind, before[position])

    def whole(columns: dict[str, Any], changed: dict[str, list[Any]]) -> dict[str, Any]:
        return {k: stacked(changed[k]) if k in changed else repeated(c, count) for k, c in columns.items()}

    return whole(program, changed_program), [whole(own, new) for own, new in zip(options, changed_options, strict=True)]


def values_of(criteria: Sequence[Criterion], scores: np.ndarray) -> np.ndarray:
    """Scores 1..5 (.., criteria) through the value functions into 0..1; NaN stays NaN."""
    values = (scores - 1.0) / 4.0
    for at, criterion in enumerate(criteria):
        if criterion.points != ((1.0, 0.0), (5.0, 1.0)):
            known, wanted = zip(*criterion.points, strict=True)
            values[..., at] = np.where(np.isnan(scores[..., at]), np.nan, np.interp(scores[..., at], known, wanted))
    return values
