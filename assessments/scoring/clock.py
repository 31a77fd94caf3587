"""The clock of facts: elapsed calendar months, and what they do to anchored and remaining values."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assessments.scoring.schema import EARLIEST_SHIFTED, Field, Schema


def after_months(day: datetime.date, months: int) -> datetime.date:
    """The day some months after (or before) a day: on the same day of the month, or on its last where that day is lacking.

    The one rule for the date of a month; PostgreSQL's `date + make_interval(months => n)` says the same
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def elapsed_months(start: datetime.date, day: datetime.date) -> int:
    """Whole calendar months from `start` to `day`: the most whose date has come; 0 where `day` is earlier.

    So `elapsed_months(start, day) >= n` is the same as `day >= after_months(start, n)`.
    """
    months = (day.year - start.year) * 12 + day.month - start.month
    return max(0, months - (day < after_months(start, months)))


def date_of_month(start: datetime.date, month: float) -> datetime.date:
    """The calendar date of a month counted from `start` (`after_months`); a fraction of a month is taken of 30 days."""
    whole = int(month // 1)
    return after_months(start, whole) + datetime.timedelta(days=round((month - whole) * 30))


def is_anchored(field: Field) -> bool:
    """Whether the clock moves the field's value, or a value inside its entries."""
    return field.clock == "anchored" or any(item.clock == "anchored" for item in field.items.values())


def shifted_value(field: Field, value: Any, months: int) -> Any:
    """A value `months` later: anchored numbers less the months, also in entries of a list; any other as it is.

    Never floored: an anchored month that has passed is negative.
    """
    if value is None or not is_anchored(field):
        return value
    if field.type == "list":
        return [
            {key: shifted_value(field.items[key], inner, months) if key in field.items else inner for key, inner in
             entry.items()}
            for entry in value
        ]  # fmt: skip
    return value - months


def below_range(field: Field, value: Any) -> bool:
    """Whether an anchored value lies below what a person may type: the clock moved it there."""
    if value is None or not is_anchored(field):
        return False
    if field.type == "list":
        return any(below_range(item, entry.get(key)) for entry in value for key, item in field.items.items())
    return field.min is not None and value < field.min


def reaches_earliest(field: Field, value: Any) -> bool:
    """Whether an anchored value has gone further back than facts may."""
    if value is None or not is_anchored(field):
        return False
    if field.type == "list":
        return any(reaches_earliest(item, entry.get(key)) for entry in value for key, item in field.items.items())
    return value < EARLIEST_SHIFTED


@dataclass(frozen=True)
class Place:
    """One value of plain facts: its field, the option's key ("" for the program) and the value."""

    field: Field
    option: str
    value: Any


def places(facts: Mapping[str, Any], schema: Schema) -> Iterator[Place]:
    """Every value of plain facts that the schema knows, program first, in the schema's order."""
    for field in schema.program_fields():
        if field.key in facts["program"]:
            yield Place(field, "", facts["program"][field.key])
    for key, option in facts["options"].items():
        for field in schema.option_fields(option["kind"]):
            if field.key in option["facts"]:
                yield Place(field, key, option["facts"][field.key])


def runs_out(field: Field) -> bool:
    """Whether a value shrinks by itself as months pass: what remains to the program, such as its runway."""
    return field.clock == "remaining" and field.scope == "program" and field.type in ("decimal", "integer")


def later_value(field: Field, value: Any, months: int) -> Any:
    """A value `months` later if nobody has confirmed anything since: anchored ones less the months, what runs out less
    them too but never below 0, any other as it stands (a wait for a slot does not shrink until somebody says so).
    """
    if value is not None and runs_out(field):
        return max(0, value - months)
    return shifted_value(field, value, months)


def later(facts: Mapping[str, Any], schema: Schema, months: int) -> dict[str, Any]:
    """Plain facts `months` after the day that they were stated for; see `later_value`. The facts given do not change."""
    moved = {
        **facts,
        "program": dict(facts["program"]),
        "options": {key: {**option, "facts": dict(option["facts"])} for key, option in facts["options"].items()},
    }
    for place in places(facts, schema):
        own = moved["options"][place.option]["facts"] if place.option else moved["program"]
        own[place.field.key] = later_value(place.field, place.value, months)
    return moved
