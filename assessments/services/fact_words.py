"""Values of facts as people read them."""

import datetime
from collections.abc import Mapping
from typing import Any

from assessments.scoring.schema import Field
from assessments.services.differences import ABSENT


def number(value: float) -> str:
    """A number without a needless fraction, with separated thousands."""
    return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"


def value_words(field: Field, value: Any) -> str:
    """A value with its unit and in its choices' words."""
    if value is ABSENT:
        return "not given"
    if value is None:
        return "unknown" if field.nullable else "missing"
    match field.type:
        case "decimal" | "integer":
            return f"{number(value)} {field.unit}" if field.unit else number(value)
        case "boolean":
            return "Yes" if value else "No"
        case "choice":
            return field.choices.get(value, str(value))
        case "multi_choice":
            return ", ".join(field.choices.get(one, str(one)) for one in value) or "none"
        case "list":
            return "; ".join(_entry_words(field, entry) for entry in value) or "none"
        case "date":
            return date_words(datetime.date.fromisoformat(value))
    return str(value)


def _entry_words(field: Field, entry: Mapping[str, Any]) -> str:
    said = []
    for key, item in field.items.items():
        value = entry.get(key)
        if item.clock == "anchored":
            said.append(f"month {number(value)}")
        elif value not in (None, ""):
            said.append(value_words(item, value))
    return ", ".join(said)


def date_words(day: datetime.date) -> str:
    return f"{day.day} {day:%b %Y}"
