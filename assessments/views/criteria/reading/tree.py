"""Dimensions with their criteria: weights, anchors, rules in words."""

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.language.words import number_in_words
from assessments.views.criteria.reading.rules import rules
from assessments.views.criteria.reading.shares import shares
from assessments.views.criteria.wording import Wording


def tree(framework: Framework) -> list[dict[str, Any]]:
    """Dimensions with their criteria: weights, anchors, rules in words."""
    wording = Wording(framework)
    of_dimension, of_criterion = shares(framework)
    return [
        {
            "key": row["key"],
            "name": row["name"],
            "about": row.get("about", ""),
            "weight": row["weight"],
            "share": of_dimension[row["key"]],
            "place": min(at, 9),
            "criteria": [_criterion(leaf, wording, of_criterion[leaf["key"]]) for leaf in row["criteria"]],
        }
        for at, row in enumerate(framework.data["dimensions"], 1)
    ]


def _criterion(row: Mapping[str, Any], wording: Wording, share: float) -> dict[str, Any]:
    function = row.get("value_function") or {}
    return {
        "key": row["key"],
        "name": row["name"],
        "owner": wording.function(row.get("owner")),
        "consulted": wording.functions_named(row.get("consulted")),
        "weight": row["weight"],
        "share": share,
        "prior": row.get("prior"),
        "question": row.get("question", ""),
        "why": wording.cited(row.get("why")),
        "rationale": row.get("weight_rationale", ""),
        "sources": wording.references(row.get("sources")),
        "anchors": [
            (
                "" if key == "all" else wording.kind(key),
                sorted(scale.items(), key=lambda pair: int(pair[0]), reverse=True),
            )
            for key, scale in (row.get("anchors") or {}).items()
            if isinstance(scale, Mapping)
        ],
        "points": [(number_in_words(a), number_in_words(100 * b)) for a, b in function.get("points") or ()],
        "rules": rules(row.get("rules"), wording),
    }
