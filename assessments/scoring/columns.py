"""Facts into columns: one program's facts, or those of many programs with the same options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assessments.scoring.language import ChoiceColumn, ListColumn, SetColumn
from assessments.scoring.schema import Field


def column_of(entry: Field, values: Sequence[Any]) -> Any:
    """One column of plain values (None: missing); None for types that no rule reads."""
    match entry.type:
        case "decimal" | "integer":
            return np.array([np.nan if value is None else value for value in values], dtype=float)
        case "boolean":
            return np.array(values, dtype=bool)
        case "choice":
            codes = {choice: code for code, choice in enumerate(entry.choices)}
            return ChoiceColumn(np.array([codes.get(value, -1) for value in values]), tuple(entry.choices))
        case "multi_choice":
            names = tuple(entry.choices)
            return SetColumn(np.array([[name in (value or ()) for name in names] for value in values], bool), names)
        case "list":
            width = max((len(value or ()) for value in values), default=0)
            padded = [list(value or ()) + [{}] * (width - len(value or ())) for value in values]
            there = np.array([[at < len(value or ()) for at in range(width)] for value in values], bool).reshape(
                -1, width
            )
            flat = [item for row in padded for item in row]
            return ListColumn(
                there, {key: column_of(item, [one.get(key) for one in flat]) for key, item in entry.items.items()}
            )
    return None


def columns_of(fields: Sequence[Field], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every column that rules may read."""
    made = {entry.key: column_of(entry, [row.get(entry.key) for row in rows]) for entry in fields}
    return {key: column for key, column in made.items() if column is not None}


def repeated(column: Any, times: int) -> Any:
    """A column stacked several times below itself."""
    if isinstance(column, ChoiceColumn):
        return ChoiceColumn(np.tile(column.codes, times), column.choices)
    if isinstance(column, SetColumn):
        return SetColumn(np.tile(column.held, (times, 1)), column.choices)
    if isinstance(column, ListColumn):
        return ListColumn(np.tile(column.there, (times, 1)), {k: repeated(c, times) for k, c in column.fields.items()})
    return np.tile(column, times)
