"""The sources of a framework, each with its links and with what rests on it."""

from typing import Any

from assessments.scoring.framework import Framework
from assessments.views.criteria.wording import links_in


def sources(framework: Framework) -> list[dict[str, Any]]:
    """Every source with its links and with what rests on it."""
    data = framework.data
    cited: dict[str, list[tuple[str, str, str]]] = {}

    def note(keys: Any, section: str, anchor: str, name: str) -> None:
        for key in keys or ():
            cited.setdefault(key, []).append((section, anchor, name))

    for dimension in data["dimensions"]:
        for leaf in dimension["criteria"]:
            note(leaf.get("sources"), "criteria", leaf["key"], leaf["name"])
    for row in data.get("gates") or ():
        note(row.get("sources"), "gates", row["id"], row.get("name") or row["id"])
    for row in data.get("risk_events") or ():
        note(row.get("sources"), "risks", row["id"], row["name"])
    for row in data.get("derived") or ():
        note(row.get("sources"), "facts", row["key"], row.get("name") or row["key"])
    for row in data.get("scenarios") or ():
        note(row.get("sources"), "stress", row["id"], row["name"])
    return [
        {
            "key": key,
            "title": row.get("title", key),
            "places": links_in(str(row.get("where", ""))),
            "note": row.get("note", ""),
            "cited": cited.get(key, []),
        }
        for key, row in (data.get("sources") or {}).items()
    ]
