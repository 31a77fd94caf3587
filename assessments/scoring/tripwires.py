"""Tripwires: one fact, a comparison and a threshold that would end a decision."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.scoring.clock import is_anchored
from assessments.scoring.language.check import closest, nearest
from assessments.scoring.schema import Field, Schema, ValueProblem

WORDS = {"lt": "is below", "le": "is at most", "gt": "is above", "ge": "is at least", "eq": "is", "ne": "is not"}
TYPES = {"decimal", "integer", "choice", "boolean"}
ORDERED = {"decimal", "integer"}


@dataclass(frozen=True)
class Wire:
    """option: the key whose fact it is, "" for one of the program; threshold in the field's own unit.

    by_month  until the date of which month, counted from month 0 of the signed facts, it counts; None for ever
    """

    field: str
    option: str
    comparison: str
    threshold: Any
    by_month: int | None = None


def check(wire: Wire, schema: Schema, facts: Mapping[str, Any]) -> tuple[Field | None, Any, list[tuple[str, str]]]:
    """The field, the cleaned threshold, and what is wrong with the wire as (part, message); see `Wire` for the parts."""
    field = schema.fields.get(wire.field)
    if field is None:
        return None, None, [("field", f"There is no fact {wire.field!r}.{nearest(wire.field, tuple(schema.fields))}")]
    faults = []
    if field.scope == "program" and wire.option:
        faults.append(("option", f"{field.label} is a fact of the program, not of an option."))
    elif field.scope != "program":
        option = facts["options"].get(wire.option)
        if option is None:
            hint = nearest(wire.option, tuple(facts["options"])) if wire.option else ""
            faults.append(("option", f"Say of which option: {field.label} is a fact of options.{hint}"))
        elif field.kinds and option["kind"] not in field.kinds:
            faults.append(("option", f"{field.label} is no fact of {option['name']}."))
    if field.type not in TYPES:
        return field, None, [*faults, ("field", f"{field.label} cannot be compared with a threshold.")]
    if wire.comparison not in WORDS:
        hint = closest(wire.comparison, tuple(WORDS))
        faults.append(("comparison", f"A comparison is one of {', '.join(WORDS)}.{hint}"))
    elif field.type not in ORDERED and wire.comparison not in ("eq", "ne"):
        faults.append(("comparison", f"{field.label} is compared by “is” or “is not”: its values have no size."))
    try:
        threshold = field.clean(chosen(field, wire.threshold), shifted=True)
        if threshold is None:
            faults.append(("threshold", "Give a threshold."))
    except ValueProblem as fault:
        threshold = None
        faults.append(("threshold", _said(field, wire.threshold) or str(fault)))
    return field, threshold, faults


def values_of(field: Field) -> list[str]:
    """What a threshold of the field can be, in the words that people choose from; empty where it is a number."""
    return list(field.choices.values()) if field.type == "choice" else ["Yes", "No"] if field.type == "boolean" else []


def chosen(field: Field, given: Any) -> Any:
    """The key of a choice that its words name, in whatever capitals; whatever else is given as it is."""
    if field.type != "choice" or not isinstance(given, str) or given in field.choices:
        return given
    named = [key for key, words in field.choices.items() if words.casefold() == given.strip().casefold()]
    return named[0] if len(named) == 1 else given


def _said(field: Field, given: Any) -> str:
    """Which values there are, in words; empty for a number."""
    values = values_of(field)
    return f"{field.label} is one of {', '.join(values)}.{closest(str(given)[:80], values)}" if values else ""


def value_of(wire: Wire, facts: Mapping[str, Any]) -> Any:
    """The value that a wire watches; None where the facts lack it."""
    own = facts["options"].get(wire.option, {}).get("facts", {}) if wire.option else facts["program"]
    return own.get(wire.field)


def crossed(wire: Wire, value: Any) -> bool:
    """Whether a value ends the decision. A value that nobody stated crosses nothing."""
    if value is None or isinstance(value, str) != isinstance(wire.threshold, str):
        return False
    match wire.comparison:
        case "lt":
            return bool(value < wire.threshold)
        case "le":
            return bool(value <= wire.threshold)
        case "gt":
            return bool(value > wire.threshold)
        case "ge":
            return bool(value >= wire.threshold)
        case "eq":
            return bool(value == wire.threshold)
    return bool(value != wire.threshold)


def lapsed(last_day: datetime.date | None, day: datetime.date) -> bool:
    """Whether a wire counts no more on a day: its own last day is the date that was printed when it was signed."""
    return last_day is not None and day > last_day


def fired(wire: Wire, schema: Schema, today: Mapping[str, Any], months: int) -> tuple[bool, Any]:
    """Whether a wire is crossed, and by which value, told as the signed record counts.

    today   facts as the clock has moved them to today
    months  whole months from month 0 of the signed facts to today: an anchored month is held against the calendar
            month that the threshold stood for, so that the mere passing of time crosses no such wire
    Whether it still counts, `lapsed` says
    """
    value, field = value_of(wire, today), schema.fields.get(wire.field)
    if field is None:
        return False, value
    if value is not None and is_anchored(field) and field.type in ORDERED:
        value = value + months
    return crossed(wire, value), value
