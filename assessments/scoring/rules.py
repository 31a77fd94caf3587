"""Rules, compiled: a base by first matching branch, adjustments that add up, and the sentences that say why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assessments.scoring.language import (
    BOOLEAN,
    NUMBER,
    Checked,
    ChoiceColumn,
    Columns,
    Evaluator,
    LanguageError,
    Scope,
    SetColumn,
    Type,
    check,
    parse,
)
from assessments.scoring.language.check import nearest

Problems = list[tuple[str, str]]
_SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)(?::(\.[0-6]f|d|,))?\}")


@dataclass(frozen=True)
class Branch:
    """`when` None: always. The value counts as the base, or is added."""

    when: Checked | None
    value: Checked
    reason: str


@dataclass(frozen=True)
class Rule:
    """What gives one quantity; `type` is that of its result."""

    base: tuple[Branch, ...]
    adjust: tuple[Branch, ...]
    type: Type
    place: str

    def run(self, columns: Columns) -> np.ndarray:
        """(rows,) values. Raises EvaluationError."""
        return self.trace(columns)[0]

    def trace(self, columns: Columns) -> tuple[np.ndarray, list[tuple[Branch, np.ndarray]]]:
        """The values, and for every branch the rows in which it held."""
        every = np.ones(columns.rows, bool)
        held: list[tuple[Branch, np.ndarray]] = []
        with np.errstate(all="ignore"):
            evaluator = Evaluator(columns)
            free = every
            for branch in self.base:
                here = free
                if branch.when is not None:
                    here = free & evaluator.value(branch.when.tree, free)
                    free = free & ~here
                held.append((branch, here))
            value: Any = None
            for branch, here in reversed(held):
                part = evaluator.value(branch.value.tree, here)
                value = part if value is None else np.where(here, part, value)
            if self.adjust:
                evaluator = Evaluator(replace(columns, names={**columns.names, "value": value}))
                for branch in self.adjust:
                    here = every if branch.when is None else every & evaluator.value(branch.when.tree, every)
                    held.append((branch, here))
                    value = value + np.where(here, evaluator.value(branch.value.tree, here), 0.0)
        if np.ndim(value) == 0:
            value = np.full(columns.rows, value)
        return value, held


def compile_text(source: Any, scope: Scope, expected: Type | None, place: str, problems: Problems) -> Checked | None:
    """One expression; a problem is recorded with its place and None returned."""
    if isinstance(source, bool):
        source = "true" if source else "false"
    if isinstance(source, int | float):
        source = repr(source)
    if not isinstance(source, str):
        problems.append((place, f"an expression is a text, not {type(source).__name__}"))
        return None
    try:
        return check(parse(source), scope, expected)
    except LanguageError as error:
        problems.append((f"{place}, character {error.position + 1}", error.message))
        return None


def check_template(template: Any, names: Mapping[str, Any], place: str, problems: Problems) -> str:
    """A sentence with {name} and {name:.1f}; unknown names are problems."""
    text = "" if template is None else str(template)
    for name, _ in _SLOT.findall(text):
        if name not in names:
            problems.append((place, f"unknown name '{name}' in the sentence.{nearest(name, tuple(names))}"))
    if "{" in _SLOT.sub("", text):
        problems.append((place, "a brace in the sentence holds a name, as {ready:.1f}"))
    return text


def slots_of(template: str) -> set[str]:
    """The names whose values a sentence prints."""
    return {name.removeprefix("host.") for name, _ in _SLOT.findall(template)}


def fill(template: str, columns: Columns, row: int = 0, extra: Mapping[str, str] | None = None) -> str:
    """The sentence with the values of one row."""

    def said(match: re.Match[str]) -> str:
        name, form = match.groups()
        if extra and name in extra:
            return extra[name]
        value = (columns.host or {}).get(name[5:]) if name.startswith("host.") else columns.names.get(name)
        return words_of(value, row, form)

    return _SLOT.sub(said, template)


def words_of(column: Any, row: int, form: str | None = None) -> str:
    """One value of a column in words."""
    if isinstance(column, ChoiceColumn):
        return column.choices[column.codes[row]].replace("_", " ") if column.codes[row] >= 0 else "not stated"
    if isinstance(column, SetColumn):
        return ", ".join(name for name, held in zip(column.choices, column.held[row], strict=True) if held) or "none"
    if not isinstance(column, np.ndarray):
        return "" if column is None else str(column)
    value = column[row]
    if isinstance(value, np.bool_ | bool):
        return "yes" if value else "no"
    if np.isnan(value):
        return "not stated"
    if form in (None, ",", "d"):
        return str(int(value)) if value == int(value) else f"{value:.2f}".rstrip("0").rstrip(".")
    said = f"{value:{form}}"
    whole, point, rest = said.partition(".")
    # What is whole once rounded is told as such: "month 26", never "month 26.0".
    if not point or rest.strip("0"):
        return said
    return "0" if whole == "-0" else whole


def compile_rule(
    data: Any, scope: Scope, place: str, problems: Problems, expected: Type | None = NUMBER, nullable: bool = False
) -> Rule | None:
    """A rule: an expression, or {base: [..], adjust: [..]}. Problems are recorded with their places."""
    before = len(problems)
    names = {**scope.names, **{f"host.{name}": 1 for name in scope.host or ()}}
    wanted = replace(expected, nullable=nullable) if expected is not None else None
    if not isinstance(data, Mapping):
        checked = compile_text(data, scope, wanted, place, problems)
        return Rule((Branch(None, checked, ""),), (), checked.type, place) if checked else None
    for key in data:
        if key not in ("base", "adjust"):
            problems.append((f"{place}.{key}", "a rule has 'base' and 'adjust'"))
    rows = data.get("base")
    rows = rows if isinstance(rows, list) and rows else [{}]
    base = []
    for at, row in enumerate(rows):
        here = f"{place}.base[{at}]"
        if not isinstance(row, Mapping) or "value" not in row:
            problems.append((here, "a branch has 'value', and 'when' unless it is the last"))
            continue
        when = compile_text(row["when"], scope, BOOLEAN, f"{here}.when", problems) if "when" in row else None
        if ("when" in row) == (at == len(rows) - 1):
            problems.append((here, "the last branch, and only it, has no 'when'"))
        value = compile_text(row["value"], scope, wanted, f"{here}.value", problems)
        reason = check_template(row.get("reason"), names, f"{here}.reason", problems)
        if value:
            base.append(Branch(when, value, reason))
    inner = replace(scope, names={**scope.names, "value": NUMBER})
    adjust = []
    for at, row in enumerate(data.get("adjust") or ()):
        here = f"{place}.adjust[{at}]"
        if not isinstance(row, Mapping) or "add" not in row:
            problems.append((here, "an adjustment has 'when' and 'add'"))
            continue
        when = compile_text(row.get("when", True), inner, BOOLEAN, f"{here}.when", problems)
        value = compile_text(row["add"], inner, NUMBER, f"{here}.add", problems)
        reason = check_template(row.get("reason"), {**names, "value": 1}, f"{here}.reason", problems)
        if when and value:
            adjust.append(Branch(when, value, reason))
    if len(problems) > before:
        return None
    kind = replace(base[0].value.type, nullable=any(branch.value.type.nullable for branch in base))
    return Rule(tuple(base), tuple(adjust), kind, place)
