"""The brief says what the record says: facts alone before the reveal, then the panel with its dissent."""

from datetime import UTC, datetime

import pytest

from assessments.models import Review
from assessments.reporting.brief import inputs_of
from assessments.services.briefs import basis_of, brief_for_most, brief_of
from assessments.services.programs import import_revision
from tests.services import ostara
from tests.services import scene as scenes
from tests.support.begun import afresh
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 18, 9, 12, 44, tzinfo=UTC)


def brief(review: Review, commercial=True):
    return brief_of(review, commercial=commercial, made_at=AT)


@pytest.fixture
def scene():
    return afresh(ostara.make_ostara)


def test_before_the_reveal_it_says_what_the_facts_say_and_nothing_of_the_ratings(scene):
    before = brief(scene.now())
    assert before.notice.startswith("Facts only: the ratings are not revealed yet")
    totals = {option.name: option.total for option in before.values.options}
    assert totals == pytest.approx({"CDMO": 74.2, "Hybrid": 57.8, "In-house": 18.0}, abs=0.051)
    assert [run.name[:3].strip() for run in before.scenarios.runs[1:]] == [
        "S1", "S2", "S3", "S4", "S5", "S6", "S7a", "S7b", "S8"
    ]  # fmt: skip
    assert (before.choice, before.verdict, before.accent) == ("CDMO", "Clear, with 1 mandatory condition", "cdmo")
    assert before.about == ("Unmodified MSC", "Phase 1/2")
    assert before.provenance.inputs == "facts r1 only" and before.watermark == "DRAFT"
    ostara.score(scene)
    work_off()
    during = brief(scene.now())
    assert during.state == "Scoring (blind)"
    assert (during.values, during.headlines, during.disagreement) == (before.values, before.headlines, ())
    assert ostara.WHY not in str(during)


def test_after_the_reveal_it_rests_on_the_panel_and_prints_dissent_with_its_author(scene):
    review = ostara.reveal(scene)
    told = brief(review)
    assert told.notice == "" and told.provenance.inputs == "facts r1, panel"
    assert (told.headlines[-1].value, told.headlines[-1].words) == (
        "1.00",
        "panel agreement (Kendall W, 3 raters)",
    )
    (dissent,) = told.disagreement
    assert dissent.what == "Functioning quality system, CDMO: rated from 3 to 4, panel 3.5"
    assert (dissent.quote, dissent.author) == (ostara.WHY, "Quin, QA, rated 3")


def test_conditions_name_owner_and_date_and_those_of_other_options_are_told_apart(scene):
    first, *others = brief(scene.now()).conditions
    assert (first.title, first.owner, first.due) == (
        "Process optimisation plan with owner and date",
        "CMC",
        "month 11, Oct 2027",
    )
    assert first.mandatory and not first.only_for
    assert "78% of lots released" in first.why
    assert {one.only_for for one in others} == {"Hybrid"}


def test_best_remaining_is_never_worded_as_recommended():
    scene = ostara.make_ostara(qms_maturity=0)  # G01 blocks a hybrid without any sponsor quality system
    told = brief(scene.now())
    assert told.verdict.startswith("Best remaining") and told.choice == "CDMO"
    assert "recommend" not in str(told).lower()


def test_a_result_that_lags_behind_its_inputs_says_so(scene):
    import_revision(
        member=scene.lead,
        program=scene.program,
        document=ostara.document(lots_m24=9),
        summary="More lots",
        day="2026-11-15",
    )
    assert not basis_of(scene.now()).is_current
    assert "A newer result is on its way" in brief(scene.now()).notice
    work_off()
    assert basis_of(scene.now()).is_whole and "newer" not in brief(scene.now()).notice


# -- prices and terms ---------------------------------------------------------------------------------------------


@pytest.fixture
def priced(monkeypatch):
    """The small review with a confidential cost that one gate prints and one condition rests on."""
    given = scenes.document()
    cost = next(field for field in given["schema"]["fields"] if field["key"] == "cost")
    cost["commercial"] = True
    given["gates"] = [
        {
            "id": "G90",
            "name": "Too dear",
            "entries": [
                {
                    "effect": "warn",
                    "kinds": ["cdmo"],
                    "per": "option",
                    "applies_to": "firing",
                    "when": "cost > 0",
                    "message": "A lot costs {cost:.0f} kUSD.",
                }
            ],
        }
    ]
    monkeypatch.setattr(scenes, "document", lambda: given)
    scene = scenes.make_scene(cem="cmc")
    scenes.open_review(scene)
    work_off()
    return scene


def test_prices_are_left_out_for_those_who_may_not_see_them(priced):
    review = priced.now()
    whole, public = brief(review), brief(review, commercial=False)
    assert any("A lot costs" in gate.message for gate in whole.gates)
    assert not any("A lot costs" in gate.message for gate in public.gates)
    assert whole.values == public.values
    assert inputs_of(whole) != inputs_of(public)
    assert brief_for_most(review, commercial=True, made_at=AT)[1] is True
    assert brief_for_most(review, commercial=False, made_at=AT) == (public, False)


def test_where_no_price_is_printed_all_readers_share_one_brief():
    scene = scenes.make_scene(cem="cmc")
    scenes.open_review(scene)
    work_off()
    told, with_prices = brief_for_most(scene.now(), commercial=True, made_at=AT)
    assert (told, with_prices) == (brief(scene.now(), commercial=False), False)
