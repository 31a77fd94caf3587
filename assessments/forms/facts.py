"""Facts between pages and plain data: what a control shows, what a browser posts, and the value that it means.

A fact's controls are named after it: "open_steps", "cdmo.cdmo_sites"; a list's after entry and item:
"planned_changes.0.month". Beside them go NAME.version (as shown), NAME.was (the raw content as shown) and, for dated
facts, NAME.as_of.
"""

import json
from typing import Any

from django.http import QueryDict

from assessments.errors import Invalid
from assessments.forms.versions import UNREADABLE
from assessments.forms.whole_numbers import whole_number
from assessments.scoring.schema import MAX_ITEMS, Field
from assessments.services.reviews import problem

Raw = str | list[str] | list[dict[str, str]]


def shown(field: Field, value: Any) -> Raw:
    """The raw content of the control that shows a value."""
    if field.type == "multi_choice":
        return list(value or ())
    if field.type == "list":
        return [{key: str(shown(item, entry.get(key))) for key, item in field.items.items()} for entry in value or ()]
    if value is None:
        return ""
    if field.type == "boolean":
        return "true" if value else "false"
    return str(value)


def posted(field: Field, name: str, data: QueryDict, *, drop: str = "") -> Raw:
    """The raw content that a browser sent. Empty entries of a list are left out, and the one named by `drop`."""
    if field.type == "multi_choice":
        return data.getlist(name)
    if field.type == "list":
        entries = []
        for at in range(MAX_ITEMS + 1):
            parts = {key: data.get(f"{name}.{at}.{key}", "").strip() for key in field.items}
            if any(parts.values()) and drop != f"{name}.{at}":
                entries.append(parts)
        return entries
    return data.get(name, "").strip()


def was_posted(field: Field, name: str, data: QueryDict) -> bool:
    """Whether the form held this fact's controls at all."""
    return f"{name}.version" in data


def touched(field: Field, name: str, raw: Raw, data: QueryDict) -> bool:
    """Whether somebody changed the controls since the page was made; without scripting a page posts all of them."""
    if data.get(f"{name}.as_of", "") != data.get(f"{name}.as_of.was", ""):
        return True
    return kept_raw(raw) != data.get(f"{name}.was")


def kept_raw(raw: Raw) -> str:
    """Raw content as the text of a hidden input."""
    return json.dumps(raw, ensure_ascii=False)


def typed(field: Field, raw: Raw) -> Any:
    """The plain value that raw content means; None for nothing. What means nothing stays text, for the field to refuse."""
    if field.type == "list":
        return [
            {key: _entry_value(item, entry[key]) for key, item in field.items.items()}
            for entry in raw
            if isinstance(entry, dict)
        ]
    if field.type == "multi_choice":
        return list(raw)
    text = str(raw)
    if not text:
        return None
    if field.type in ("decimal", "integer"):
        return _number(text)
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def _entry_value(item: Field, text: str) -> Any:
    value = typed(item, text)
    return "" if value is None and item.type == "text" else value


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def seen_version(name: str, data: QueryDict) -> int:
    """The version of a fact that the page showed; 0 where it showed none. Raises Invalid for one that cannot be read."""
    given = data.get(f"{name}.version", "0")
    seen = whole_number(given)
    if seen is None:
        raise Invalid([problem("version", UNREADABLE, given)])
    return seen
