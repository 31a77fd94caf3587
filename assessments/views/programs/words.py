"""Facts in words, as people read them."""

import datetime
from collections.abc import Mapping
from typing import Any

from assessments.scoring.clock import date_of_month
from assessments.scoring.schema import Field
from assessments.services.differences import ABSENT, Difference
from assessments.services.fact_words import date_words, number, value_words

__all__ = ["date_words", "difference_words", "month_words", "number", "range_words", "value_words"]


def month_words(start: datetime.date | None, month: float | None) -> str:
    """The calendar month that a month counted from `start` falls into."""
    return "" if start is None or month is None else f"{date_of_month(start, month):%b %Y}"


def range_words(field: Field) -> str:
    """What may be typed: "0 to 36"."""
    if field.type not in ("decimal", "integer") or field.min is None or field.max is None:
        return ""
    return f"{number(field.min)} to {number(field.max)}"


def difference_words(one: Difference, kinds: Mapping[str, str]) -> dict[str, str]:
    """A difference as a row: what, option (name, kind), old, new."""
    row = {"option": one.option_name, "kind": one.kind, "old": _side(one, one.old), "new": _side(one, one.new)}
    match one.what:
        case "option":
            row["what"] = "Option added" if one.old is ABSENT else "Option removed"
            row["old"], row["new"] = (
                "" if side is ABSENT else f"{side} ({kinds.get(one.kind, one.kind)})" for side in (one.old, one.new)
            )
        case "name":
            row["what"] = "Option renamed"
        case "host":
            row["what"] = "Host"
        case "as_of":
            row["what"] = f"{one.field.label}, as of"
        case _:
            row["what"] = one.field.label
    return row


def _side(one: Difference, side: Any) -> str:
    if one.what == "value":
        return value_words(one.field, side)
    if one.what == "as_of":
        return date_words(datetime.date.fromisoformat(side)) if side else "no date"
    return "none" if side in (None, ABSENT) else str(side)
