"""The facts that a framework asks for, and what it derives from them."""

from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.language.words import number_in_words
from assessments.scoring.schema import Field
from assessments.views.criteria.reading.rules import rules
from assessments.views.criteria.wording import Wording

CLOCKS = {
    "anchored": "Counts from month 0",
    "remaining": "Remaining time",
    "duration": "Duration",
    "none": "",
}
TYPES = {
    "decimal": "Number",
    "integer": "Whole number",
    "text": "Text",
    "date": "Date",
    "boolean": "Yes or no",
    "choice": "One choice",
    "multi_choice": "Several choices",
    "list": "List",
}


def facts(framework: Framework) -> dict[str, Any]:
    wording, schema = Wording(framework), framework.schema
    sections = [
        {
            "key": key,
            "name": name,
            "fields": [_fact(field, wording) for field in schema.fields.values() if field.section == key],
        }
        for key, name in schema.sections.items()
    ]
    rest = [_fact(field, wording) for field in schema.fields.values() if field.section not in schema.sections]
    if rest:
        sections.append({"key": "other", "name": "Other facts", "fields": rest})
    rows = {row["key"]: row for row in framework.data.get("derived") or ()}
    return {
        "sections": [section for section in sections if section["fields"]],
        "derived": [
            {
                "key": quantity.key,
                "name": quantity.name,
                "unit": quantity.unit or "",
                "prior": rows[quantity.key].get("prior"),
                "sources": wording.references(rows[quantity.key].get("sources")),
                "rules": rules(rows[quantity.key].get("kinds") or rows[quantity.key].get("rules"), wording),
            }
            for quantity in framework.derived
        ],
    }


def _fact(field: Field, wording: Wording) -> dict[str, Any]:
    if field.choices:
        takes = ", ".join(field.choices.values())
    elif field.type == "list":
        takes = ", ".join(item.label for item in field.items.values())
    elif field.min is not None and field.max is not None:
        takes = f"{number_in_words(field.min)} to {number_in_words(field.max)}"
    elif field.min is not None:
        takes = f"from {number_in_words(field.min)}"
    else:
        takes = ""
    per_option = field.scope == "option"
    every = set(field.kinds) == set(wording.framework.kinds)
    return {
        "key": field.key,
        "label": field.label,
        "why": wording.cited(field.why),
        "type": TYPES[field.type],
        "takes": takes,
        "unit": field.unit or "",
        "scope": ("Each option" if every else ", ".join(wording.kind(k) for k in field.kinds))
        if per_option
        else "Program",
        "clock": CLOCKS.get(field.clock, ""),
        "owner": wording.function(field.owner) if field.owner else "",
        "commercial": field.commercial,
        "optional": field.nullable,
        "dated": field.dated,
        "used": field.used,
    }
