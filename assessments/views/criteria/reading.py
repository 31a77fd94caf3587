"""What the pages of a criteria version show, as plain rows, section by section."""

import json
from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.framework_risk import CATEGORIES
from assessments.scoring.language.words import Known, number_in_words
from assessments.scoring.schema import Field
from assessments.views.criteria.wording import Wording, links_in

EFFECTS = {"block": ("Blocks", "bad"), "condition": ("Condition", "warn"), "warn": ("Warning", "")}
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


def shares(framework: Framework) -> tuple[dict[str, float], dict[str, float]]:
    """Each dimension's and each criterion's share of 100."""
    whole = sum(dimension.weight for dimension in framework.dimensions)
    own = {criterion.key: criterion.weight for criterion in framework.criteria}
    of_dimension, of_criterion = {}, {}
    for dimension in framework.dimensions:
        of_dimension[dimension.key] = 100 * dimension.weight / whole
        leaves = sum(own[key] for key in dimension.criteria)
        for key in dimension.criteria:
            of_criterion[key] = of_dimension[dimension.key] * own[key] / leaves
    return of_dimension, of_criterion


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
        steps.append(
            {
                "title": row.get("name") or row["key"],
                "who": ", ".join(who),
                "rule": words if len(who) > 1 else "",
                "days": days,
                "kind": {"functional": "Signs the submission", "executive": "Signs the proposed decision"}.get(
                    row.get("kind"), ""
                ),
            }
        )
    return steps


# -- criteria ---------------------------------------------------------------------------------------------------


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


# -- gates ------------------------------------------------------------------------------------------------------


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


# -- risk -------------------------------------------------------------------------------------------------------


def risks(framework: Framework) -> dict[str, Any]:
    wording, data = Wording(framework), framework.data
    model = data.get("risk") or {}
    length = model.get("bucket_months", 6)
    period = "half-year" if length == 6 else f"period of {length} months"
    events = [_event(row, wording, period) for row in data.get("risk_events") or ()]
    return {
        "events": events,
        "kinds": list(framework.kinds.items()),
        "period": period,
        "model": model,
        "by_category": [
            (key, words, sum(event["category"] == key for event in events)) for key, words in CATEGORIES.items()
        ],
        "absorption": _absorption(model.get("absorption") or {}, wording),
    }


def _absorption(given: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    if not given:
        return {}
    return {
        "delay": wording.expression(given.get("total_delay_months")),
        "cost": wording.expression(given.get("total_cost_musd")),
        "split": [(CATEGORIES.get(key, key), share) for key, share in (given.get("split") or {}).items()],
        "breach_at": given.get("breach_at"),
    }


def _event(row: Mapping[str, Any], wording: Wording, period: str) -> dict[str, Any]:
    kinds = wording.framework.kinds
    return {
        "key": row["id"],
        "name": row["name"],
        "category": row["category"],
        "category_words": CATEGORIES.get(row["category"], ""),
        "prior": row.get("prior"),
        "sources": wording.references(row.get("sources")),
        "active": _active(row.get("active", "all"), wording, period),
        "counted": {
            "binomial_lots": "for every lot made",
            "summed_per_bucket": f"one draw a {period}, with the sum of what falls into it",
        }.get(row.get("draws", ""), f"one draw a {period}"),
        "probability": [(kind, _chance(row.get("probability"), kind, wording)) for kind in kinds],
        "in_short": [(kind, _in_short(row.get("probability"), kind)) for kind in kinds],
        "share_cost": [(kind, _of(row.get("share_cost"), kind)) for kind in kinds],
        "share_delay": [(kind, _of(row.get("share_delay"), kind)) for kind in kinds],
        "delay": _spread(row.get("delay_months"), wording),
        "cost": _cost(row.get("cost_musd"), wording),
        "delay_off": row.get("delay_off"),
        "critical_path": row.get("critical_path"),
        "once": row.get("once"),
        "special": _special(row.get("probability_at"), wording),
        "drivers": [
            {
                "when": wording.expression(driver.get("when", True), condition=True),
                "multiply": wording.expression(driver.get("multiply")),
                "on": driver.get("on", ""),
                "kinds": wording.kinds_named(driver.get("kinds")),
                "scenarios": driver.get("scenarios") or [],
                "reason": driver.get("reason", ""),
            }
            for driver in row.get("drivers") or ()
        ],
        "contributions": [_contribution(one, wording) for one in row.get("contributions") or ()],
    }


def _of(given: Any, kind: str) -> Any:
    return given.get(kind, given.get("all")) if isinstance(given, Mapping) else given


def _chance(given: Any, kind: str, wording: Wording) -> list[tuple[str, list[tuple[str, str]]]]:
    """A probability as (for which periods, words)."""
    entry = _of(given, kind)
    if isinstance(entry, list):
        return [
            (f"periods {row['buckets'][0]}–{row['buckets'][1]}", _percent(row.get("value"), wording)) for row in entry
        ]
    return [("", _percent(entry, wording))]


def _in_short(given: Any, kind: str) -> str:
    """A probability for the table: a percentage, those of its steps, or that the facts decide."""
    entry = _of(given, kind)
    values = [row.get("value") for row in entry] if isinstance(entry, list) else [entry]
    try:
        return ", then ".join(f"{100 * float(value):g} %" for value in values)
    except (TypeError, ValueError):
        return "from the facts"


def _percent(value: Any, wording: Wording) -> list[tuple[str, str]]:
    try:
        return [("text", f"{100 * float(value):g} %")]
    except (TypeError, ValueError):
        return wording.expression(value)


def _spread(given: Any, wording: Wording) -> list[list[tuple[str, str]]]:
    return [wording.expression(entry) for entry in given] if isinstance(given, list) else []


def _cost(given: Any, wording: Wording) -> list[dict[str, Any]]:
    """Cost as rows: for which kinds, three points or one amount each."""
    if isinstance(given, list):
        return [{"kind": "", "points": _spread(given, wording), "each": []}]
    if not isinstance(given, Mapping):
        return []
    if "each" in given:
        each = given["each"]
        if not isinstance(each, Mapping):
            return [{"kind": "", "points": [], "each": wording.expression(each)}]
        return [{"kind": wording.kind(k), "points": [], "each": wording.expression(v)} for k, v in each.items()]
    return [{"kind": wording.kind(k), "points": _spread(v, wording), "each": []} for k, v in given.items()]


def _special(given: Any, wording: Wording) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return {}
    return {"month": wording.expression(given.get("month")), "value": wording.expression(given.get("value"))}


def _active(given: Any, wording: Wording, period: str) -> list[tuple[str, str]]:
    if not isinstance(given, Mapping):
        return [("text", f"in every {period}")]
    said: list[tuple[str, str]] = []
    for key, words in (("from", "from the month of "), ("until", "until the month of "), ("at", "in the month of ")):
        if key in given:
            plus = given[key].get("plus")
            after = f" and {plus} {period}s more" if plus else ""
            said += [
                ("text", ("; " if said else "") + words),
                *wording.expression(given[key].get("month")),
                ("text", after),
            ]
    if "buckets" in given:
        low, high = given["buckets"]
        said.append(("text", f"in periods {low} to {high}"))
    if "when_bucket" in given:
        said += [("text", ", where "), *wording.expression(given["when_bucket"], condition=True)]
    for kind, when in (given.get("when") or {}).items():
        to = "" if kind == "all" else f"for {wording.kind(kind)} "
        said += [("text", f"; {to}only if "), *wording.expression(when, condition=True)]
    return [piece for piece in said if piece[1]] or [("text", f"in every {period}")]


def _contribution(row: Mapping[str, Any], wording: Wording) -> list[tuple[str, str]]:
    if "each" in row:
        listed = wording.known.get(row["each"]) or Known(str(row["each"]))
        said = [("text", "each entry of "), ("fact", listed.label)]
        if "where" in row:
            said += [("text", " where "), *wording.expression(row["where"], condition=True, more=listed.items)]
        said += [("text", ", in the month "), *wording.expression(row.get("month"), more=listed.items)]
        for factor in row.get("multiply") or ():
            said += [("text", "; × "), *wording.expression(factor.get("multiply")), ("text", " where ")]
            said += wording.expression(factor.get("when", True), condition=True, more=listed.items)
        return said
    said = [("text", "once in the month "), *wording.expression((row.get("at") or {}).get("month"))]
    if "when" in row:
        said += [("text", ", if "), *wording.expression(row["when"], condition=True)]
    own = row.get("probability")
    if isinstance(own, Mapping):
        chances = {str(value) for value in own.values()}
        if len(chances) == 1:
            said += [("text", ", at "), *_percent(chances.pop(), wording)]
    return said


# -- stress -----------------------------------------------------------------------------------------------------


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


# -- facts and sources ------------------------------------------------------------------------------------------


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
