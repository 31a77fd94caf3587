"""Gates in words: what each does to which options, and when."""

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.views.criteria.wording import Wording

EFFECTS = {"block": ("Blocks", "bad"), "condition": ("Condition", "warn"), "warn": ("Warning", "")}


def gates(framework: Framework) -> list[dict[str, Any]]:
    wording = Wording(framework)
    return [
        {
            "key": row["id"],
            "name": row.get("name") or row["id"],
            "about": row.get("about", ""),
            "prior": row.get("prior"),
            "sources": wording.references(row.get("sources")),
            "effects": list(dict.fromkeys(EFFECTS[entry["effect"]] for entry in row["entries"])),
            "entries": [_entry(entry, wording) for entry in row["entries"]],
        }
        for row in framework.data.get("gates") or ()
    ]


def _entry(row: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    condition = row.get("condition") or {}
    words, tone = EFFECTS[row["effect"]]
    return {
        "effect": words,
        "tone": tone,
        "kinds": wording.kinds_named(row.get("kinds")),
        "to_all": row.get("applies_to") == "all",
        "otherwise": bool(row.get("else")),
        "when": wording.expression(row.get("when"), condition=True),
        "message": wording.sentence(row.get("message")),
        "title": wording.sentence(condition.get("title")),
        "owner": wording.function(condition.get("owner")) if condition.get("owner") else "",
        "due": wording.expression(condition["due"]) if condition.get("due") is not None else [],
    }
