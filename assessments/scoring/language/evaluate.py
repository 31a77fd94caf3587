"""Evaluating a checked tree over columns of facts. Both sides of a branch are computed; errors count where it holds."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from assessments.scoring.language.check import literal
from assessments.scoring.language.errors import EvaluationError
from assessments.scoring.language.tree import (
    Binary,
    Call,
    Choices,
    Count,
    Either,
    Name,
    Node,
    Number,
    Table,
    Text,
    Truth,
    Unary,
)


@dataclass(frozen=True)
class ChoiceColumn:
    """codes (rows,) int, -1 where missing; choices the names that the codes stand for."""

    codes: np.ndarray
    choices: tuple[str, ...]

    def equals(self, value: str) -> np.ndarray:
        return self.codes == self.choices.index(value) if value in self.choices else np.zeros(len(self.codes), bool)


@dataclass(frozen=True)
class SetColumn:
    """held (rows, choices) bool."""

    held: np.ndarray
    choices: tuple[str, ...]

    def has(self, value: str) -> np.ndarray:
        return self.held[:, self.choices.index(value)] if value in self.choices else np.zeros(len(self.held), bool)


@dataclass(frozen=True)
class ListColumn:
    """there (rows, width) bool; fields of each entry as columns of rows*width values."""

    there: np.ndarray
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """What the names stand for, all with the same number of rows.

    numbers and booleans are arrays (rows,), missing numbers NaN
    """

    rows: int
    names: Mapping[str, Any]
    host: Mapping[str, Any] | None = None
    options: Mapping[str, np.ndarray] | None = None  # (options, rows) by name


def evaluate(tree: Node, columns: Columns) -> np.ndarray:
    """The value of a checked tree for every row.

    Returns (rows,) float64 for numbers (NaN where missing) or bool for conditions
    Raises  EvaluationError for a division by zero in a row where the division counts
    """
    with np.errstate(all="ignore"):
        value = Evaluator(columns).value(tree, np.ones(columns.rows, bool))
    return np.broadcast_to(value, (columns.rows,))


class Evaluator:
    """For callers with hundreds of small trees over the same columns, to whom the ceremony of `evaluate` is dear.

    They silence NumPy's warnings themselves (`np.errstate`) and take a scalar where every row has the same value.
    """

    def __init__(self, columns: Columns):
        self.columns = columns

    def value(self, node: Node, counts: np.ndarray) -> Any:
        """The value of a checked tree, a scalar or (rows,).

        counts  (rows,) bool: the rows whose value is wanted; elsewhere it may be anything
        Raises  EvaluationError as `evaluate`, for those rows
        """
        return getattr(self, "_" + type(node).__name__.lower())(node, counts)

    def _number(self, node: Number, counts):
        return np.float64(node.value)

    def _truth(self, node: Truth, counts):
        return np.bool_(node.value)

    def _name(self, node: Name, counts):
        names = self.columns.host if node.host else self.columns.names
        return cast(Mapping[str, Any], names)[node.name]  # the check refused a host where there is none

    def _unary(self, node: Unary, counts):
        value = self.value(node.operand, counts)
        return ~value if node.operator == "not" else -value

    def _either(self, node: Either, counts):
        condition = self.value(node.condition, counts)
        then = self.value(node.then, counts & condition)
        return np.where(condition, then, self.value(node.otherwise, counts & ~condition))

    def _binary(self, node: Binary, counts):
        operator = node.operator
        if operator == "and":
            left = self.value(node.left, counts)
            return left & self.value(node.right, counts & left)
        if operator == "or":
            left = self.value(node.left, counts)
            return left | self.value(node.right, counts & ~left)
        if operator in ("in", "not in"):
            found = self._member(node, counts)
            return ~found if operator == "not in" else found
        if operator in ("==", "!="):
            found = self._equal(node, counts)
            return ~found if operator == "!=" else found
        left, right = self.value(node.left, counts), self.value(node.right, counts)
        if operator == "/":
            if np.any((right == 0) & counts):
                raise EvaluationError(f"character {node.position + 1}: division by zero")
            return left / right
        return _ARITHMETIC[operator](left, right)

    def _equal(self, node: Binary, counts):
        if isinstance(node.left, Text) and isinstance(node.right, Text):
            return np.bool_(node.left.value == node.right.value)
        if isinstance(node.right, Text):
            return self.value(node.left, counts).equals(node.right.value)
        if isinstance(node.left, Text):
            return self.value(node.right, counts).equals(node.left.value)
        left, right = self.value(node.left, counts), self.value(node.right, counts)
        if isinstance(left, ChoiceColumn):
            shared = [left.equals(choice) & right.equals(choice) for choice in left.choices]
            return np.logical_or.reduce(shared)
        return left == right

    def _member(self, node: Binary, counts):
        if isinstance(node.right, Choices):
            if isinstance(node.left, Text):
                return np.bool_(node.left.value in node.right.values)
            chosen = self.value(node.left, counts)
            return np.logical_or.reduce([chosen.equals(value) for value in node.right.values])
        held = self.value(node.right, counts)
        if isinstance(node.left, Text):
            return held.has(node.left.value)
        chosen = self.value(node.left, counts)
        return np.logical_or.reduce([chosen.equals(value) & held.has(value) for value in chosen.choices])

    def _count(self, node: Count, counts):
        listed: ListColumn = self.columns.names[node.listed.name]
        rows, width = listed.there.shape
        if width == 0:
            return np.zeros(rows)
        inner = entry_columns(self.columns, node.listed.name, _names_in(node.condition))
        there = listed.there.ravel()
        held = Evaluator(inner).value(node.condition, there & np.repeat(counts, width))
        return (np.broadcast_to(held, there.shape) & there).reshape(rows, width).sum(axis=1).astype(float)

    def _call(self, node: Call, counts):
        if node.function in ("map", "is_null", "len", "overlap", "min_over_options", "default"):
            return getattr(self, "_call_" + node.function)(node, counts)
        values = [self.value(argument, counts) for argument in node.arguments]
        if node.function == "round":
            return np.round(values[0], int(literal(node.arguments[1]) or 0) if len(values) == 2 else 0)
        return _FUNCTIONS[node.function](*values)

    def _call_map(self, node: Call, counts):
        chosen, table = node.arguments[0], cast(Table, node.arguments[1])
        result = self.value(node.arguments[2], counts) if len(node.arguments) == 3 else np.float64("nan")
        for key, value in table.rows:
            here = np.bool_(chosen.value == key) if isinstance(chosen, Text) else self.value(chosen, counts).equals(key)
            result = np.where(here, self.value(value, counts & here), result)
        return result

    def _call_is_null(self, node: Call, counts):
        value = self.value(node.arguments[0], counts)
        return value.codes < 0 if isinstance(value, ChoiceColumn) else np.isnan(value)

    def _call_default(self, node: Call, counts):
        value = self.value(node.arguments[0], counts)
        missing = np.isnan(value)
        return np.where(missing, self.value(node.arguments[1], counts & missing), value)

    def _call_len(self, node: Call, counts):
        value = self.value(node.arguments[0], counts)
        return (value.held if isinstance(value, SetColumn) else value.there).sum(axis=1).astype(float)

    def _call_overlap(self, node: Call, counts):
        left = self.value(node.arguments[0], counts)
        if isinstance(node.arguments[1], Choices):
            wanted = sorted(set(node.arguments[1].values))
            return sum((left.has(value).astype(float) for value in wanted), np.zeros(len(left.held)))
        right = self.value(node.arguments[1], counts)
        return sum((left.has(v) & right.has(v) for v in left.choices), np.zeros(len(left.held)))

    def _call_min_over_options(self, node: Call, counts):
        name = cast(Name, node.arguments[0]).name
        return np.nanmin(cast(Mapping[str, np.ndarray], self.columns.options)[name], axis=0)


def entry_columns(columns: Columns, listed: str, used: Collection[str]) -> Columns:
    """One row for each entry of a list (rows * width), with the entry's own fields and the names that are used."""
    entries: ListColumn = columns.names[listed]
    rows, width = entries.there.shape

    def spread(column: Any) -> Any:
        if isinstance(column, ChoiceColumn):
            return ChoiceColumn(np.repeat(column.codes, width), column.choices)
        if isinstance(column, SetColumn):
            return SetColumn(np.repeat(column.held, width, axis=0), column.choices)
        return column if isinstance(column, ListColumn) else np.repeat(column, width)

    return Columns(
        rows * width,
        {name: spread(column) for name, column in columns.names.items() if name in used} | dict(entries.fields),
        {name: spread(column) for name, column in (columns.host or {}).items() if name in used},
        columns.options,
    )


def names_in(*nodes: Node) -> set[str]:
    """Every name that the trees read."""
    return set().union(*map(_names_in, nodes))


def _names_in(node: Node) -> set[str]:
    """Every name that a part of a tree reads."""
    if isinstance(node, Name):
        return {node.name}
    children: list[Node] = []
    for part in vars(node).values():
        if isinstance(part, Node):
            children.append(part)
        elif isinstance(part, tuple):
            children += [p for p in part if isinstance(p, Node)]
            children += [p[1] for p in part if isinstance(p, tuple) and isinstance(p[1], Node)]
    return set().union(*map(_names_in, children)) if children else set()


def _bands(x, a, b, c, d):
    return np.select([x >= a, x >= b, x >= c, x >= d], [5.0, 4.0, 3.0, 2.0], 1.0)


def _bands_le(x, a, b, c, d):
    return np.select([x <= a, x <= b, x <= c, x <= d], [5.0, 4.0, 3.0, 2.0], 1.0)


def _minimum(*values):
    result = values[0]
    for value in values[1:]:
        result = np.minimum(result, value)
    return result


def _maximum(*values):
    result = values[0]
    for value in values[1:]:
        result = np.maximum(result, value)
    return result


_ARITHMETIC = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "bands": _bands,
    "bands_le": _bands_le,
    "ceil": np.ceil,
    "clip": np.clip,
    "floor": np.floor,
    "max": _maximum,
    "min": _minimum,
}
