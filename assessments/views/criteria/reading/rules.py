"""Rules of a criterion or of a derived quantity in words."""

import json
from collections.abc import Mapping
from typing import Any

from assessments.scoring.language.words import number_in_words
from assessments.views.criteria.wording import Wording


def rules(given: Mapping[str, Any] | None, wording: Wording) -> list[dict[str, Any]]:
    """The rules of a criterion or quantity; kinds with the same rule share one."""
    grouped: dict[str, dict[str, Any]] = {}
    for kind, rule in (given or {}).items():
        entry = grouped.setdefault(json.dumps(rule, sort_keys=True, default=str), {"kinds": [], "rule": rule})
        entry["kinds"].append(kind)
    return [
        {"kinds": [(kind, wording.kind(kind)) for kind in entry["kinds"]], **_rule(entry["rule"], wording)}
        for entry in grouped.values()
    ]


def _rule(rule: Any, wording: Wording) -> dict[str, Any]:
    if not isinstance(rule, Mapping):
        return {"base": [{"when": None, "value": wording.expression(rule), "reason": []}], "adjust": []}
    base = [
        {
            "when": wording.expression(row["when"], condition=True) if "when" in row else None,
            "value": wording.expression(row["value"]),
            "reason": wording.sentence(row.get("reason")),
        }
        for row in rule.get("base") or ()
    ]
    adjust = [
        {
            "when": wording.expression(row.get("when", True), condition=True),
            "add": _signed(row["add"], wording),
            "reason": wording.sentence(row.get("reason")),
        }
        for row in rule.get("adjust") or ()
    ]
    return {"base": base, "adjust": adjust}


def _signed(value: Any, wording: Wording) -> list[tuple[str, str]]:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return [("text", "+ "), *wording.expression(value)]
    return [("text", ("+" if number >= 0 else "") + number_in_words(number))]
