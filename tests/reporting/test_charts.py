"""Charts: well-formed whatever the text, described, with the same numbers in the table, in colours that can be told apart."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.reporting import charts
from tests.reporting import samples

SVG = "{http://www.w3.org/2000/svg}"
ALL = [
    samples.values(),
    samples.scenarios(),
    samples.shares(),
    samples.ranks(),
    samples.ranges(),
    samples.tornado(),
    samples.risk(),
    samples.breach(),
    samples.sparkline(),
]
HOSTILE = [
    "</text><script>alert(1)</script>",
    "\"&'<>",
    "]]>",
    "<!--",
    "a\x00b\x1b\ud800",
    "😀 " * 40,
    "x" * 400,
    "",
]


def parsed(data, width=640):
    return ElementTree.fromstring(charts.drawing(data, width))


@pytest.mark.parametrize("data", ALL, ids=lambda data: type(data).__name__)
@pytest.mark.parametrize("width", [340, 640])
def test_a_chart_names_and_describes_itself(data, width):
    root = parsed(data, width)
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title.text and description.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


@pytest.mark.parametrize("data", ALL, ids=lambda data: type(data).__name__)
def test_a_chart_needs_no_style_script_or_handler(data):
    for element in parsed(data).iter():
        assert element.tag.removeprefix(SVG) not in {"style", "script", "foreignObject", "image", "a"}
        assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]


@pytest.mark.parametrize("data", ALL, ids=lambda data: type(data).__name__)
@pytest.mark.parametrize("width", [340, 640])
def test_nothing_is_drawn_outside_the_picture(data, width):
    root = parsed(data, width)
    *_, wide, tall = map(float, root.get("viewBox").split())
    for box in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert min(x, y) >= -0.01 and x + w <= wide + 0.01 and y + h <= tall + 0.01 and w > 0


def test_equal_input_gives_equal_bytes_and_other_input_other_ids():
    assert charts.drawing(samples.values()) == charts.drawing(samples.values())
    both = charts.figure(samples.values())
    ids = re.findall(r' id="([^"]+)"', both.svg + both.narrow + charts.drawing(samples.values(), 640, "again"))
    assert len(ids) == len(set(ids)) == 6


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    data = samples.values()
    first = replace(data.options[0], name=text, note=text)
    blocked = replace(data.options[2], name=text, blocked=text or "x")
    hostile = replace(data, title=text, dimensions=(text, *data.dimensions[1:]), options=(first, blocked))
    for drawn in (
        hostile,
        replace(samples.scenarios(), title=text, runs=(replace(samples.scenarios().runs[0], name=text),)),
    ):
        root = parsed(drawn)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg",
            "title",
            "desc",
            "rect",
            "text",
            "line",
            "g",
            "circle",
        }


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=60), note=st.text(max_size=120), width=st.integers(280, 900))
def test_any_text_at_any_width_is_well_formed(name, note, width):
    data = samples.values()
    assert parsed(replace(data, options=(replace(data.options[0], name=name, note=note),)), width) is not None


def test_a_bar_is_as_long_as_its_points():
    """Hybrid's 79.5 points of 100 (demo_programs: 70, 67, 83, ... times the weights) fill 79.5% of the track."""
    only = replace(samples.values(), options=samples.values().options[:1])
    boxes = [box for box in parsed(only).iter(f"{SVG}rect") if float(box.get("height")) == 14.0]
    track, *parts = boxes
    filled = sum(float(part.get("width")) + 1 for part in parts)
    assert filled / float(track.get("width")) == pytest.approx(sum(only.options[0].contributions) / 100, abs=0.002)


def test_a_blocked_option_keeps_its_bar_greyed_and_says_why():
    root = parsed(samples.values())
    groups = [group.get("opacity") for group in root.iter(f"{SVG}g")]
    assert groups == [None, None, "0.42"]
    assert "blocked: ready month 30 > need 14+9" in root.find(f"{SVG}desc").text


def test_tables_say_what_the_charts_show():
    bars = charts.table(samples.values())
    assert bars.headers[-2:] == ("Total", "Gates")
    assert bars.rows[0][0] == "Hybrid: client-in-plant" and bars.rows[0][-2:] == ("79.5", "no gate fired")
    assert bars.rows[2][-1] == "blocked: ready month 30 > need 14+9"
    runs = {row[0]: row[1:] for row in charts.table(samples.scenarios()).rows}
    assert runs["S6 Talent squeeze"] == ("CDMO", "+9.8", "In-house", "changes")
    assert runs["S7a Partner inspection finding"] == ("Hybrid", "only one left", "CDMO, In-house", "keeps")
    assert runs["S7b Own site finding"] == ("no credible option", "–", "Hybrid, CDMO, In-house", "none left")
    assert charts.table(samples.shares()).rows == (
        ("Hybrid", "78 ± 2 %"),
        ("CDMO", "22 ± 2 %"),
        ("In-house", "not ranked"),
    )
    assert len(charts.table(samples.risk()).rows) == 16


def test_tables_of_weights_and_risk_say_what_the_charts_show():
    assert charts.table(samples.ranks()).rows[2] == ("In-house", "none", "10.0 ± 0.4 %", "90.0 ± 0.4 %")
    assert charts.table(samples.ranges()).rows == (
        ("Strategic control & IP", "8.0 %", "above 7.5 %", "below: CDMO", "7.5–10 %"),
        ("Capability fit", "15 %", "any", "nobody", "any"),
        ("Operating model realism", "18 %", "below 19 %", "above: CDMO", "10–19 %"),
    )
    assert charts.table(samples.tornado()).rows[0] == ("Strategic control & IP", "−2.0", "+4.4")
    assert charts.table(samples.breach()).rows == (("Hybrid", "10 ± 1 %", "70 ± 1 %"), ("CDMO", "0 %", "100 %"))


def test_bars_of_a_tornado_end_at_their_margins_and_touch_the_present_one():
    """From −3 to 5 points over the drawing's length: halved −2 lies left of now (0.3), doubled 4.4 right of it."""
    only = replace(samples.tornado(), swings=samples.tornado().swings[:1])
    boxes = [box for box in parsed(only).iter(f"{SVG}rect") if float(box.get("height")) == 14.0]
    left, right = sorted(boxes, key=lambda box: float(box.get("x")))
    assert float(left.get("x")) + float(left.get("width")) == pytest.approx(float(right.get("x")), abs=0.02)
    assert float(left.get("width")) / float(right.get("width")) == pytest.approx(2.3 / 4.1, abs=0.01)


def test_nothing_yet_is_drawn_too():
    empty = (
        charts.ValueBars((), ()),
        charts.ScenarioMatrix((), ()),
        charts.FirstShares((), 0),
        charts.RiskOverTime((), None, "months"),
        charts.RankShares((), 0),
        charts.WeightRanges((), "none"),
        charts.Tornado((), 0.0, "a", "b"),
        charts.BreachOverTime((), (), 0.5),
    )
    for data in (*empty, charts.Sparkline((), None, "months")):
        assert parsed(data) is not None
        assert charts.table(data).rows == ()


def test_two_options_of_a_kind_have_two_accents():
    given_out = charts.accents([("a", "cdmo"), ("b", "cdmo"), ("c", "hybrid"), ("d", "hybrid"), ("e", "in_house")])
    assert given_out == {"a": "cdmo", "b": "variant_a", "c": "hybrid", "d": "variant_b", "e": "in_house"}
