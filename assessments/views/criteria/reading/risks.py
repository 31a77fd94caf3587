"""Risk events in words: when they strike, how often, what they cost and delay."""

from collections.abc import Mapping
from typing import Any

from assessments.scoring.framework import Framework
from assessments.scoring.framework_risk import CATEGORIES
from assessments.scoring.language.words import Known
from assessments.views.criteria.wording import Wording


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
