"""The decision brief: at most two pages whatever comes in, text that stays text, the same bytes for the same input."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pypdf
import pytest

from assessments.reporting import charts
from assessments.reporting.brief import (
    Change,
    Condition,
    Disagreement,
    Gate,
    Signature,
    Step,
    brief_pdf,
    inputs_of,
)
from tests.reporting import samples


def read(data):
    return pypdf.PdfReader(io.BytesIO(data))


def words(data):
    """The text of all pages with line breaks as single spaces."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in read(data).pages))


@pytest.fixture(scope="module")
def made():
    return brief_pdf(samples.brief(risk=samples.risk()))


def test_it_says_what_an_executive_needs(made):
    """A11-10: and which versions made it."""
    text = words(made)
    for said in (
        "Where should MLX-07 be made through month 48?",
        "Clear, with 2 mandatory conditions",
        "Hybrid: client-in-plant",
        "14.3 points ahead of the CDMO.",
        "79.5",
        "S6 Talent squeeze",
        "G04",
        "Weight on capability fit above 31 %",
        "Owner CMC · due month 6, May 2027",
        "QA alone would choose the CDMO.",
        "“Two lots failed on viability.” — Maria Kaur, CMC",
        "Proposed decision 1: as recommended",
        "I reviewed the CMC facts and stand by them",
        "18 Nov 2026, 09:12:44 UTC",
        "waiting for A. Novak, due 30 Nov 2026",
        "engine 1.0.0",
        "scorecard 3f9a1c77e2",
    ):
        assert said in text
    assert samples.DIGEST in text.replace(" ", "")


def test_it_is_tagged_titled_and_a4(made):
    reader = read(made)
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in catalog and catalog["/Lang"].startswith("en")
    assert reader.metadata.title == "Where should MLX-07 be made through month 48?"
    assert len(reader.pages) <= 2
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    fonts = {font.get_object()["/BaseFont"] for page in reader.pages for font in page["/Resources"]["/Font"].values()}
    assert any("Inter-Regular" in name for name in fonts)


def test_equal_input_gives_equal_bytes(made):
    assert brief_pdf(samples.brief(risk=samples.risk())) == made


def test_drafts_carry_a_watermark_and_records_none():
    assert "DRAFT" in words(brief_pdf(samples.brief(watermark="DRAFT")))
    assert "DRAFT" not in words(brief_pdf(samples.brief()))


HOSTILE = '#panic("x") $x^2$ *bold* <label> @ref `raw` \\ // /* #read("/etc/passwd") #sys.inputs "quoted"'


def test_markup_in_text_is_printed_as_letters():
    hostile = samples.brief(
        program=HOSTILE,
        sentence=HOSTILE,
        disagreement=(Disagreement(HOSTILE, HOSTILE, HOSTILE),),
        conditions=(Condition(HOSTILE, HOSTILE),),
        state=HOSTILE,
    )
    text = words(brief_pdf(hostile))
    assert text.count('#panic("x") $x^2$ *bold*') >= 3
    assert "root:" not in text


def test_however_much_comes_in_it_stays_on_two_pages_and_says_that_more_is_on_record():
    long = "Nobody could say in one line why the second suite matters so much here. " * 60
    signature = Signature(
        "Somebody With A Rather Long Name-Of-Two-Parts",
        long,
        samples.SIGNED_AT,
        samples.DIGEST,
        "Program Leadership",
    )
    full = samples.brief(
        question=long,
        sentence=long,
        choice=long,
        verdict=long,
        risk=samples.risk(),
        gates=tuple(Gate(f"G{n:02}", "condition", ("In-house", "CDMO", "Hybrid"), long) for n in range(40)),
        changes=tuple(Change(long, long) for _ in range(40)),
        conditions=tuple(Condition(long, long, long, True, long, long) for _ in range(40)),
        disagreement=(Disagreement(long, long, long),) * 40,
        steps=tuple(Step(long, "done", (signature,) * 30, long) for _ in range(12)),
    )
    data = brief_pdf(full)
    assert len(read(data).pages) == 2
    assert "more on record" in words(data) and "whole text on record" in words(data)


def test_nothing_but_the_question_makes_a_brief_too():
    bare = samples.brief(
        headlines=(),
        values=None,
        scenarios=None,
        gates=(),
        changes=(),
        conditions=(),
        disagreement=(),
        proposal=None,
        steps=(),
    )
    assert len(read(brief_pdf(bare)).pages) == 1


def test_a_void_signature_is_printed_and_named_void(made):
    assert re.search(r"Ines Okafor.*?void", words(made))


def test_the_time_comes_from_the_data_alone():
    later = samples.SIGNED_AT + timedelta(days=1, microseconds=4711)
    provenance = samples.brief().provenance
    assert "19 Nov 2026" in words(brief_pdf(samples.brief(provenance=replace(provenance, made_at=later))))


def test_the_charts_are_those_of_the_page():
    """The drawing is embedded as it is: the same function, another width."""
    assert "Talent squeeze" in charts.drawing(samples.scenarios(), 400)
    assert "S7b Own site finding" in words(brief_pdf(samples.brief()))


def test_two_briefs_rest_on_the_same_inputs_unless_they_say_something_else():
    brief = samples.brief()
    later = replace(brief.provenance, made_at=samples.SIGNED_AT + timedelta(days=1))
    assert inputs_of(replace(brief, provenance=later)) == inputs_of(brief)
    assert inputs_of(replace(brief, sentence="14.4 points ahead of the CDMO.")) != inputs_of(brief)
    assert inputs_of(replace(brief, steps=())) != inputs_of(brief)


def test_p11_50a_a_signature_that_stands_and_one_on_behalf_of_somebody_say_so():
    brief = samples.brief()
    given = brief.steps[0].signatures[0]
    signatures = (replace(given, stands_from=1), replace(given, name="Ben Ode on behalf of Ada Ng"))
    steps = (replace(brief.steps[0], signatures=signatures), *brief.steps[1:])
    text = words(brief_pdf(replace(brief, steps=steps)))
    assert "stands from submission 1" in text and "Ben Ode on behalf of Ada Ng" in text
    assert given.meaning in text and "18 Nov 2026, 09:12:44 UTC" in text
