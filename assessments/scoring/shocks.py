"""Scenarios: changes of facts, computed from the facts before any change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assessments.scoring.language import (
    BOOLEAN,
    Checked,
    ChoiceColumn,
    Columns,
    LanguageError,
    ListColumn,
    Scope,
    evaluate,
    parse,
)
from assessments.scoring.language import check as check_tree
from assessments.scoring.language.check import nearest
from assessments.scoring.language.tree import Either, Name, Node, Text
from assessments.scoring.rules import Problems, compile_text
from assessments.scoring.schema import Field, Schema


@dataclass(frozen=True)
class Change:
    """A fact's new value by kind ("all" in program scope), or an entry appended to a list."""

    field: Field
    values: Mapping[str, Any]  # kind: Checked, or a tree of choices
    append: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Scenario:
    id: str
    name: str
    question: str
    changes: tuple[Change, ...]


def read_scenario(
    row: Mapping[str, Any], place: str, schema: Schema, scopes: Mapping[str, Scope], problems: Problems
) -> Scenario:
    """One scenario; problems are recorded with their places."""
    changes = []
    for at, data in enumerate(row.get("changes") or ()):
        here = f"{place}.changes[{at}]"
        entry = schema.fields.get(str(data.get("field"))) if isinstance(data, Mapping) else None
        if entry is None:
            name = str(data.get("field")) if isinstance(data, Mapping) else str(data)
            problems.append((here, f"unknown field {name!r}.{nearest(name, tuple(schema.fields))}"))
            continue
        if entry.type == "list":
            items = {}
            for key, value in (data.get("append") or {}).items():
                item = entry.items.get(key)
                if item is None:
                    problems.append((f"{here}.append.{key}", f"unknown part.{nearest(str(key), tuple(entry.items))}"))
                elif item.type in ("decimal", "integer"):
                    items[key] = compile_text(
                        value, scopes["all"], item.language_type, f"{here}.append.{key}", problems
                    )
                elif item.type == "choice" and value not in item.choices:
                    problems.append((f"{here}.append.{key}", f"{value!r} is none of {', '.join(item.choices)}"))
                else:
                    items[key] = value
            changes.append(Change(entry, {}, items))
            continue
        kinds = ["all"] if entry.scope == "program" else list(data.get("kinds") or entry.kinds)
        values: dict[str, Any] = {}
        for kind in kinds:
            if kind not in scopes or (kind != "all" and kind not in entry.kinds):
                problems.append((f"{here}.kinds", f"{entry.key} is no fact of {kind!r}"))
                continue
            if entry.type == "choice":
                values[kind] = _read_choice(data.get("value"), entry, scopes[kind], f"{here}.value", problems)
            else:
                values[kind] = compile_text(
                    data.get("value"), scopes[kind], entry.language_type, f"{here}.value", problems
                )
        changes.append(Change(entry, values))
    return Scenario(
        str(row.get("id")), str(row.get("name") or row.get("id")), str(row.get("question") or ""), tuple(changes)
    )


def _read_choice(source: Any, entry: Field, scope: Scope, place: str, problems: Problems) -> Node | None:
    """A choice, a field with the same choices, or an if between such."""
    text = str(source)
    if text in entry.choices:
        return Text(0, text)
    try:
        tree = parse(text)
        _check_choice(tree, entry, scope)
        return tree
    except LanguageError as error:
        problems.append((f"{place}, character {error.position + 1}", error.message))
        return None


def _check_choice(node: Node, entry: Field, scope: Scope) -> None:
    if isinstance(node, Either):
        check_tree(node.condition, scope, BOOLEAN)
        _check_choice(node.then, entry, scope)
        _check_choice(node.otherwise, entry, scope)
    elif isinstance(node, Text):
        if node.value not in entry.choices:
            raise LanguageError(
                f"{node.value!r} is not one of its choices.{nearest(node.value, tuple(entry.choices))}", node.position
            )
    else:
        found = check_tree(node, scope).type
        if not isinstance(node, Name) or found.kind != "choice" or found.choices != tuple(entry.choices):
            raise LanguageError(f"one of {', '.join(entry.choices)} is needed here.", node.position)


def _codes(node: Node, columns: Columns, choices: tuple[str, ...]) -> Any:
    if isinstance(node, Either):
        condition = evaluate(node.condition, columns)
        return np.where(condition, _codes(node.then, columns, choices), _codes(node.otherwise, columns, choices))
    if isinstance(node, Text):
        return np.full(columns.rows, choices.index(node.value))
    assert isinstance(node, Name)
    return (columns.host or {})[node.name].codes if node.host else columns.names[node.name].codes


def shocked(change: Change, kind: str, before: Columns) -> Any:
    """The column of a changed fact for the rows of the unchanged facts."""
    if change.append is not None:
        return _appended(before.names[change.field.key], change, before)
    value = change.values[kind]
    if isinstance(value, Checked):
        return np.array(evaluate(value.tree, before))
    return ChoiceColumn(_codes(value, before, tuple(change.field.choices)), tuple(change.field.choices))


def _appended(column: ListColumn, change: Change, before: Columns) -> ListColumn:
    rows, width = column.there.shape
    assert change.append is not None

    def widened(flat: np.ndarray, last: np.ndarray) -> np.ndarray:
        return np.concatenate([flat.reshape(rows, width), last[:, None]], axis=1).ravel()

    fields: dict[str, Any] = {}
    for key, old in column.fields.items():
        new = change.append.get(key)
        if isinstance(old, ChoiceColumn):
            code = old.choices.index(new) if new in old.choices else -1
            fields[key] = ChoiceColumn(widened(old.codes, np.full(rows, code)), old.choices)
        elif isinstance(old, np.ndarray):
            last = evaluate(new.tree, before) if isinstance(new, Checked) else np.full(rows, np.nan)
            fields[key] = widened(old, last)
        else:
            fields[key] = old
    return ListColumn(np.concatenate([column.there, np.ones((rows, 1), bool)], axis=1), fields)


def stacked(columns: list[Any]) -> Any:
    """Columns of several runs below one another; lists are padded to one width."""
    first = columns[0]
    if isinstance(first, ChoiceColumn):
        return ChoiceColumn(np.concatenate([one.codes for one in columns]), first.choices)
    if isinstance(first, ListColumn):
        width = max(one.there.shape[1] for one in columns)

        def pad(flat: np.ndarray, there: np.ndarray, fill: Any) -> np.ndarray:
            square = flat.reshape(there.shape)
            return np.pad(square, ((0, 0), (0, width - there.shape[1])), constant_values=fill)

        fields: dict[str, Any] = {}
        for key, column in first.fields.items():
            if isinstance(column, ChoiceColumn):
                codes = [pad(one.fields[key].codes, one.there, -1).ravel() for one in columns]
                fields[key] = ChoiceColumn(np.concatenate(codes), column.choices)
            elif isinstance(column, np.ndarray):
                fields[key] = np.concatenate([pad(one.fields[key], one.there, np.nan).ravel() for one in columns])
        there = np.concatenate([pad(one.there, one.there, False) for one in columns])
        return ListColumn(there, fields)
    if isinstance(first, np.ndarray):
        return np.concatenate(columns)
    return type(first)(np.concatenate([one.held for one in columns]), first.choices)
