"""The waterfall: its bars meet, its table sums, and its words say which way the margin went."""

import xml.etree.ElementTree as tree

import pytest

from assessments.reporting import charts
from assessments.reporting.charts.waterfall import describe, margin_words

SVG = "{http://www.w3.org/2000/svg}"
DATA = charts.Waterfall(
    ahead=("In-house", "in_house"),
    behind=("Hybrid & co", "hybrid"),
    first="Review 1",
    before=9.0,
    steps=(charts.Step("Facts", -12.5), charts.Step("Judgement", 0.0), charts.Step("Weights", 1.5)),
    last="Review 2",
    after=-2.0,
)


def bars(width):
    root = tree.fromstring(charts.drawing(DATA, width))
    found = [one for one in root.iter(f"{SVG}rect") if one.get("height") == "14"]
    return [(float(one.get("x")), float(one.get("width")), one.get("class")) for one in found]


@pytest.mark.parametrize("width", [340, 640])
def test_each_bar_begins_where_the_one_before_it_ended(width):
    first, facts, weights, last = bars(width)  # judgement did nothing and has no bar
    scale = first[1] / 9.0
    assert facts[0] + facts[1] == pytest.approx(first[0] + first[1], abs=0.02)
    assert facts[1] == pytest.approx(12.5 * scale, abs=0.02)
    assert weights[0] == pytest.approx(facts[0], abs=0.02)
    assert last[0] + last[1] == pytest.approx(first[0], abs=0.02)  # left of level: the other option leads
    assert (first[2], facts[2], weights[2], last[2]) == (
        "c-opt-in_house", "c-opt-hybrid", "c-opt-in_house", "c-opt-hybrid",
    )  # fmt: skip
    assert max(x + wide for x, wide, _ in bars(width)) <= width


def test_the_table_gives_every_step_with_the_margin_that_it_leads_to():
    table = charts.table(DATA)
    assert table.rows == (
        ("Review 1", "", "+9.0"),
        ("Facts", "-12.5", "-3.5"),
        ("Judgement", "0.0", "-3.5"),
        ("Weights", "+1.5", "-2.0"),
        ("Review 2", "-11.0", "-2.0"),
    )


def test_the_words_say_who_leads():
    assert margin_words(0.04, "A", "B") == "A and B level"
    assert margin_words(-3.2, "A", "B") == "A 3.2 points behind B"
    assert describe(DATA).startswith("Review 1: In-house 9.0 points ahead of Hybrid & co.")
    assert describe(DATA).endswith("Facts -12.5, Judgement 0.0, Weights +1.5.")
