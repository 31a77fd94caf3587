"""A small framework and facts: two dimensions, three kinds, every part of the format once."""

import copy

DOCUMENT = {
    "format": "makewhere-framework/1",
    "key": "small",
    "name": "Small",
    "label": "v1",
    "kinds": {"in_house": {"name": "In-house"}, "cdmo": {"name": "CDMO"}, "hybrid": {"name": "Hybrid"}},
    "functions": {"cmc": "CMC", "qa": "QA"},
    "schema": {
        "sections": [{"key": "all", "name": "All"}],
        "fields": [
            {
                "key": "need",
                "label": "Need",
                "type": "integer",
                "unit": "months",
                "min": 0,
                "max": 48,
                "clock": "anchored",
            },
            {"key": "qms", "label": "QMS", "type": "integer", "min": 0, "max": 4},
            {
                "key": "pivotal",
                "label": "Pivotal",
                "type": "integer",
                "unit": "months",
                "nullable": True,
                "min": -120,
                "max": 120,
            },
            {
                "key": "potency",
                "label": "Potency",
                "type": "choice",
                "choices": {"none": "None", "qualified": "Qualified"},
            },
            {"key": "regions", "label": "Regions", "type": "multi_choice", "choices": {"us": "US", "eu": "EU"}},
            {
                "key": "changes",
                "label": "Changes",
                "type": "list",
                "items": {
                    "month": {"type": "integer", "min": 0, "max": 60, "unit": "months"},
                    "impact": {"type": "choice", "choices": {"minor": "Minor", "major": "Major"}},
                },
            },
            {
                "key": "wait",
                "label": "Wait",
                "type": "decimal",
                "unit": "months",
                "min": 0,
                "max": 36,
                "scope": "option",
            },
            {
                "key": "cost",
                "label": "Cost",
                "type": "decimal",
                "unit": "kUSD",
                "min": 0,
                "scope": "option",
                "file": "cost.{kind}",
            },
        ],
    },
    "derived": [
        {
            "key": "late",
            "scope": "program",
            "kinds": {"all": 'count(changes where impact == "major" and month >= default(pivotal, 99))'},
        },
        {
            "key": "ready",
            "unit": "months",
            "round": 1,
            "kinds": {"in_house": "wait + 12", "cdmo": "wait", "hybrid": "max(wait, host.wait) + 1"},
        },
        {"key": "slack", "unit": "months", "kinds": {"all": "need - ready"}},
        {"key": "dear", "kinds": {"all": "cost / min_over_options(cost)"}},
    ],
    "dimensions": [
        {
            "key": "time",
            "name": "Time",
            "weight": 60,
            "criteria": [
                {
                    "key": "first_lot",
                    "name": "First lot",
                    "owner": "cmc",
                    "weight": 6,
                    "rules": {
                        "all": {
                            "base": [
                                {"when": "slack < 0", "value": 1, "reason": "late by {slack:.1f} months"},
                                {"value": "bands(slack, 6, 3, 0, -6)", "reason": "slack {slack:.1f}"},
                            ],
                            "adjust": [{"when": "late > 0 and value > 1", "add": -1, "reason": "a late change"}],
                        }
                    },
                },
            ],
        },
        {
            "key": "money",
            "name": "Money",
            "weight": 40,
            "criteria": [
                {
                    "key": "lot_cost",
                    "name": "Cost",
                    "owner": "qa",
                    "weight": 3,
                    "rules": {"all": "bands_le(dear, 1.1, 1.3, 1.6, 2.2)"},
                },
                {
                    "key": "quality",
                    "name": "Quality",
                    "owner": "qa",
                    "weight": 1,
                    "rules": {"in_house": "1 + qms", "cdmo": 5, "hybrid": 4},
                },
            ],
        },
    ],
    "gates": [
        {
            "id": "G1",
            "name": "Quality",
            "entries": [
                {
                    "effect": "block",
                    "kinds": ["in_house"],
                    "when": "qms == 0",
                    "message": "{option} has no quality system",
                },
                {
                    "effect": "condition",
                    "kinds": ["in_house"],
                    "when": "qms <= 2",
                    "else": True,
                    "message": "inspect {option}",
                    "condition": {"title": "Mock inspection", "owner": "qa", "due": "need"},
                },
            ],
        },
        {
            "id": "G2",
            "name": "Potency",
            "entries": [
                {
                    "effect": "condition",
                    "applies_to": "all",
                    "when": 'potency == "none"',
                    "message": "no potency assay",
                    "condition": {"title": "Potency assay", "owner": "cmc"},
                }
            ],
        },
    ],
    "scenarios": [
        {"id": "S1", "name": "Wait", "changes": [{"field": "wait", "kinds": ["cdmo"], "value": "wait + 9"}]},
        {
            "id": "S2",
            "name": "Change",
            "changes": [
                {"field": "changes", "append": {"month": "default(pivotal, 24) + 1", "impact": "major"}},
                {"field": "potency", "value": '"none" if potency == "qualified" else potency'},
                {"field": "qms", "value": "max(0, qms - 3)"},
            ],
        },
    ],
    "lenses": [{"key": "cash", "name": "Cash first", "multipliers": {"money": 3}}],
}
PROFILE = {
    "need": 14,
    "qms": 3,
    "pivotal": 20,
    "potency": "qualified",
    "regions": ["us"],
    "changes": [{"month": 4, "impact": "major"}],
    "options": [
        {"key": "own", "kind": "in_house", "name": "Own", "facts": {"wait": 0, "cost": 100}},
        {"key": "a", "kind": "cdmo", "name": "Partner A", "facts": {"wait": 6, "cost": 120}},
        {"key": "b", "kind": "cdmo", "name": "Partner B", "facts": {"wait": 1, "cost": 300}},
        {"key": "mix", "kind": "hybrid", "name": "Suite", "host": "a", "facts": {"wait": 2, "cost": 100}},
    ],
}


def document():
    return copy.deepcopy(DOCUMENT)


def profile():
    return copy.deepcopy(PROFILE)
