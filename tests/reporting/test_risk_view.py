"""Risk over time in words and chart data, of a real full scorecard."""

import pytest

from assessments.reporting import charts
from assessments.reporting.result_view import risk as view
from assessments.scoring import full
from assessments.scoring.headline import Problem
from assessments.scoring.profile import read_profile
from tests.support.documents import default_framework, demo_profile


@pytest.fixture(scope="module")
def numbers():
    framework = default_framework()
    document = demo_profile("meridian")
    facts = read_profile(document, framework.schema, assessment_date="2026-11-01")
    return full.full(Problem(framework, facts))


def test_a_headline_has_no_risk_and_nothing_is_made_up_for_it(numbers):
    headline = {key: value for key, value in numbers.items() if key != "risk"}
    assert view.risk_over_time(headline) is None and view.beyond_figure(headline) is None
    assert view.risk_rows(headline) == [] and view.capacity_words(headline) == []
    assert view.event_rows(headline, "cdmo") == []


def test_the_bars_of_a_half_year_add_up_to_its_p80(numbers):
    chart = view.risk_over_time(numbers)
    for panel, key in zip(chart.panels, numbers["panel" if numbers["panel"] else "facts"]["order"], strict=True):
        halves = numbers["risk"]["options"][key]["delay"]
        assert [sum(bucket) for bucket in panel.buckets] == pytest.approx([half["p80"] for half in halves])
        assert len(panel.breach) == len(panel.buckets) == 8
    assert "Hybrid" in charts.drawing(chart) and len(charts.table(chart).rows) == 24


def test_the_words_name_months_and_units(numbers):
    rows = view.risk_rows(numbers)
    assert [row.name for row in rows] == ["Hybrid", "CDMO", "In-house"]
    assert rows[2].blocked and not rows[0].blocked
    for row in rows:
        assert row.beyond.startswith(("within capacity through month 48", "above capacity from months "))
        assert row.tightest.endswith(("left", "missing"))
    # Runway 24 and need 14: 5 months in all; 10% of 26 MUSD; 0.3, 0.3 and 0.4 of each.
    assert view.capacity_words(numbers) == [
        "operational 1.5, regulatory 1.5, execution 2.0 months of delay within twelve months (a default, not stated)",
        "operational 0.8, regulatory 0.8, execution 1.0 MUSD within twelve months (a default, not stated)",
    ]


def test_the_events_are_sorted_by_the_months_they_cost(numbers):
    events = numbers["risk"]["options"]["hybrid"]["events"]
    rows = view.event_rows(numbers, "hybrid")
    assert len(rows) == 5 and [row.name for row in rows] == [event["name"] for event in events]
    assert [event["slip_mean"] for event in events] == sorted((e["slip_mean"] for e in events), reverse=True)
