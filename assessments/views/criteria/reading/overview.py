"""A framework on one page: what it weighs, when it is sure, who signs."""

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.views.criteria.reading.shares import shares
from assessments.views.criteria.wording import Wording
from assessments.views.duty_words import despite_words


def overview(framework: Framework) -> dict[str, Any]:
    """The framework on one page: what it weighs, when it is sure, who signs."""
    wording, data = Wording(framework), framework.data
    of_dimension, _ = shares(framework)
    low, high = framework.plausible["dimension"]
    dimensions = [
        {
            "key": row["key"],
            "name": row["name"],
            "about": row.get("about", ""),
            "weight": row["weight"],
            "share": of_dimension[row["key"]],
            "low": row["weight"] * low,
            "high": row["weight"] * high,
            "criteria": len(row["criteria"]),
            "place": min(at, 9),
        }
        for at, row in enumerate(data["dimensions"], 1)
    ]
    priors, parts = count_priors(data)
    return {
        "about": data.get("about", ""),
        "dimensions": dimensions,
        "weights_total": sum(row["weight"] for row in data["dimensions"]),
        "figures": [
            (len(framework.dimensions), "dimensions"),
            (len(framework.criteria), "criteria"),
            (len(framework.gates), "gates"),
            (len(data.get("risk_events") or ()), "risk events"),
            (len(framework.scenarios), "stress scenarios"),
            (len(framework.schema.fields), "facts asked for"),
            (len(wording.sources), "sources"),
        ],
        "priors": priors,
        "parts": parts,
        "kinds": [(key, name, (data["kinds"][key] or {}).get("long", "")) for key, name in framework.kinds.items()],
        "verdict": verdict_rules(framework),
        "plausible": framework.plausible,
        "route": route(framework),
    }


def count_priors(data: Mapping[str, Any]) -> tuple[int, int]:
    """How many parts with numbers rest on expert judgement alone, and how many there are."""
    rows = [leaf for dimension in data["dimensions"] for leaf in dimension["criteria"]]
    rows += [*(data.get("gates") or ()), *(data.get("risk_events") or ()), *(data.get("derived") or ())]
    return sum(bool(row.get("prior")) for row in rows), len(rows)


def verdict_rules(framework: Framework) -> list[tuple[str, str]]:
    limits = framework.verdict
    runs = len(framework.scenarios)
    return [
        (
            "Clear",
            f"The first option leads by at least {limits['clear_margin']:g} points, comes first in at least "
            f"{limits['clear_first_share']:.0%} of plausible weightings, and keeps first place in at least "
            f"{limits['clear_scenarios']:g} of {runs} stress runs.",
        ),
        ("Leaning", f"It comes first in at least {limits['leaning_first_share']:.0%} of plausible weightings."),
        ("Close call", "Anything less, with two or more options left."),
        ("Best remaining", "Every other option is blocked; this one is never called recommended."),
        ("No credible option", "Every option is blocked: the facts have to change first."),
    ]


def route(framework: Framework) -> list[dict[str, Any]]:
    wording = Wording(framework)
    steps = []
    for row in framework.data.get("route") or ():
        who = wording.functions_named(row.get("functions"))
        roles = [*([row["role"]] if row.get("role") else []), *(row.get("roles") or ())]
        who += [f"any {role}" if row.get("rule", "any") == "any" else f"every {role}" for role in roles]
        who += row.get("people") or []
        rule = row.get("rule", "any")
        words = {"all": "all of them sign", "any": "one of them signs"}.get(
            rule, f"at least {row.get('at_least')} of them sign"
        )
        days = row.get("due_days")
        despite = despite_words(row.get("despite") or ())
        steps.append(
            {
                "title": row.get("name") or row["key"],
                "who": ", ".join(who),
                "rule": words if len(who) > 1 else "",
                "days": days,
                "despite": f"Also signed by {despite}" if despite else "",
                "kind": {"functional": "Signs the submission", "executive": "Signs the proposed decision"}.get(
                    row.get("kind"), ""
                ),
            }
        )
    return steps
