"""The clock of facts: whole months, and what they do to values that count from month 0."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.reporting.result_view import month_words
from assessments.scoring.clock import (
    after_months,
    below_range,
    date_of_month,
    elapsed_months,
    is_anchored,
    reaches_earliest,
    shifted_value,
)
from assessments.scoring.framework import Framework
from tests.scoring import sample

DAYS = st.dates(datetime.date(2000, 1, 1), datetime.date(2060, 12, 31))
FIELDS = Framework.from_data(sample.document()).schema.fields


def stops_list():
    """A list whose months count from month 0."""
    document = sample.document()
    entry = next(row for row in document["schema"]["fields"] if row["key"] == "changes")
    entry["items"]["month"]["clock"] = "anchored"
    return Framework.from_data(document).schema.fields["changes"]


D = datetime.date


@pytest.mark.parametrize(
    ("start", "months", "day"),
    [
        (D(2026, 1, 31), 1, D(2026, 2, 28)),
        (D(2028, 1, 31), 1, D(2028, 2, 29)),  # a leap year
        (D(2100, 1, 31), 1, D(2100, 2, 28)),  # none, as 100 divides it and 400 does not
        (D(2024, 2, 29), 12, D(2025, 2, 28)),
        (D(2024, 2, 29), 48, D(2028, 2, 29)),
        (D(2026, 1, 31), 2, D(2026, 3, 31)),
        (D(2026, 12, 15), 1, D(2027, 1, 15)),
        (D(2027, 10, 31), 1, D(2027, 11, 30)),
        (D(2026, 3, 31), -1, D(2026, 2, 28)),
        (D(2026, 1, 15), -13, D(2024, 12, 15)),
    ],
)
def test_the_date_of_a_month_is_on_the_same_day_or_the_months_last(start, months, day):
    assert after_months(start, months) == day == date_of_month(start, months)


def test_the_pages_of_results_name_the_calendar_month_of_the_same_date():
    """They read plain data and import nothing of the engine's, so the rule stands there a second time."""
    for start in (D(2026, 1, 31), D(2028, 2, 29), D(2026, 6, 25), D(2026, 12, 1)):
        for half in range(-30, 80):
            day = date_of_month(start, half / 2)
            assert month_words(half / 2, start) == f"month {half / 2:g}, {day:%b %Y}"


@given(DAYS, DAYS, st.integers(0, 120))
def test_so_many_months_have_passed_exactly_from_that_day_on(start, day, months):
    assert (elapsed_months(start, day) >= months) == (months == 0 or day >= after_months(start, months))


def test_a_month_has_a_date_and_a_fraction_of_it_too():
    start = datetime.date(2026, 1, 10)
    assert date_of_month(start, 2) == datetime.date(2026, 3, 10)
    assert date_of_month(start, 2.5) == datetime.date(2026, 3, 25)
    assert date_of_month(start, -1) == datetime.date(2025, 12, 10)


def test_only_anchored_values_move_and_they_may_pass_zero():
    assert is_anchored(FIELDS["need"]) and not is_anchored(FIELDS["qms"])
    assert shifted_value(FIELDS["need"], 4, 6) == -2
    assert shifted_value(FIELDS["qms"], 4, 6) == 4
    assert shifted_value(FIELDS["need"], None, 6) is None
    rows = shifted_value(stops_list(), [{"month": 4, "impact": "major"}], 6)
    assert rows == [{"month": -2, "impact": "major"}]


@pytest.mark.parametrize(("value", "below", "earliest"), [(0, False, False), (-1, True, False), (-121, True, True)])
def test_what_the_clock_moved_below_its_range_is_known(value, below, earliest):
    assert (below_range(FIELDS["need"], value), reaches_earliest(FIELDS["need"], value)) == (below, earliest)
    rows = [{"month": 3, "impact": "minor"}, {"month": value, "impact": "major"}]
    assert (below_range(stops_list(), rows), reaches_earliest(stops_list(), rows)) == (below, earliest)


@pytest.mark.parametrize("key", ["need", "qms"])
def test_a_value_that_is_missing_or_not_anchored_is_never_below(key):
    value = None if key == "need" else -500
    assert not below_range(FIELDS[key], value) and not reaches_earliest(FIELDS[key], value)
