"""Stress scenarios and lenses in words."""

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.views.criteria.wording import Wording


def stress(framework: Framework) -> dict[str, Any]:
    wording, data = Wording(framework), framework.data
    names = {row["key"]: row["name"] for row in data["dimensions"]}
    lenses = data.get("lenses") or []
    return {
        "scenarios": [
            {
                "key": row["id"],
                "name": row["name"],
                "question": row.get("question", ""),
                "sources": wording.references(row.get("sources")),
                "changes": [_change(change, wording) for change in row.get("changes") or ()],
            }
            for row in data.get("scenarios") or ()
        ],
        "lenses": [row.get("name") or row["key"] for row in lenses],
        "matrix": [
            (name, [_factor((row.get("multipliers") or {}).get(key)) for row in lenses]) for key, name in names.items()
        ],
    }


def _factor(value: Any) -> str:
    return "×1" if value is None else f"×{value:g}"


def _change(row: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    field = wording.framework.schema.fields.get(row["field"])
    append = row.get("append")
    if append:
        items = field.items if field else {}
        parts: list[tuple[str, str]] = []
        for key, value in append.items():
            item = items.get(key)
            label = item.label if item else key.replace("_", " ")
            numeric = item is not None and item.type in ("decimal", "integer")
            words = (
                wording.expression(value)
                if numeric
                else [("text", (item.choices if item else {}).get(value, str(value)))]
            )
            parts += [("text", f"{'; ' if parts else ''}{label}: "), *words]
        return {
            "fact": field.label if field else row["field"],
            "kinds": [],
            "value": [("text", "one more entry: "), *parts],
        }
    value = row.get("value")
    choices = field.choices if field else {}
    choice = choices.get(str(value))
    return {
        "fact": field.label if field else row["field"],
        "kinds": wording.kinds_named(row.get("kinds")) if field and field.scope == "option" else [],
        "value": [("text", choice)] if choice else wording.expression(value, choices=choices),
    }
