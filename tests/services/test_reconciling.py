"""The reveal shows everything at once; agreed values are the lead's, with a note, and dissent stays."""

from decimal import Decimal

import pytest

from accounts.models import AuditEvent
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, Missing, ReviewClosed, WrongState
from assessments.models import AgreedValue, Job, Rating, Review
from assessments.services import ratings, reconciling, reviews
from tests.services import scene as scenes
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def scoring():
    scene = scenes.make_scene(cem="cmc", quin="qa")
    scenes.start_scoring(scene)
    return scene


begun, scene = shared(scoring)


@pytest.fixture
def revealed(scene):
    scene.rate("cem", 2)
    scene.rate("quin", 5)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    return scene


def agree(scene, value="3.5", note="Split the difference.", who=None, **more):
    given = {"criterion_key": "first_lot", "option_key": "own"} | more
    return reconciling.agree(member=who or scene.lead, review_id=scene.review.pk, value=value, note=note, **given)


# -- the reveal ---------------------------------------------------------------------------------------------------


def test_nothing_is_revealed_before_somebody_rated(scene):
    with pytest.raises(Missing, match="Nobody has rated"):
        reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    assert scene.now().state == "scoring"


def test_whoever_is_not_done_is_named_and_a_reason_reveals_anyway(scene):
    scene.rate("cem", 2)
    with pytest.raises(Missing) as refusal:
        reconciling.reveal(member=scene.lead, review_id=scene.review.pk)
    assert [thing["what"] for thing in refusal.value.things] == ["Cem (CMC)", "Quin (QA)"]
    with pytest.raises(Clash):
        reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.", seen_version=1)
    review = reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Quin is ill.", seen_version=2)
    assert (review.state, review.state_reason, review.is_revealed) == ("reconciling", "Quin is ill.", True)
    event = AuditEvent.objects.get(action="review.revealed")
    assert (event.old, event.new, event.reason) == ({"state": "scoring"}, {"state": "reconciling"}, "Quin is ill.")
    assert Job.objects.get(target=f"review:{review.pk}").wanted_revision == review.inputs_revision


def test_only_the_lead_reveals_once(scene):
    scene.rate("cem", 2)
    for who in (scene.admin, scene.raters["cem"]):
        with pytest.raises(NotAllowed):
            reconciling.reveal(member=who, review_id=scene.review.pk, reason="Now.")
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.")
    with pytest.raises(WrongState):
        reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Again.")
    assert AuditEvent.objects.filter(action="rating.revealed").count() == 1


def test_a_review_that_was_returned_takes_ratings_and_agreed_values_again(revealed):
    Review.objects.filter(pk=revealed.review.pk).update(state="in_approval")
    with pytest.raises(ReviewClosed):
        revealed.rate("cem", 3, seen_version=1)
    with pytest.raises(ReviewClosed):
        agree(revealed)
    Review.objects.filter(pk=revealed.review.pk).update(state="reconciling")
    assert revealed.rate("cem", 3, seen_version=1).version == 2
    assert agree(revealed).value == Decimal("3.50")
    assert AuditEvent.objects.filter(action="rating.changed").latest("pk").new["score"] == 3


# -- agreed values ------------------------------------------------------------------------------------------------


def test_an_agreed_value_keeps_note_and_the_suggestion_it_was_agreed_under(revealed):
    before = revealed.now().inputs_revision
    held = agree(revealed, value="3,5")
    assert (held.value, held.note, held.version, held.recorded_by) == (
        Decimal("3.50"),
        "Split the difference.",
        1,
        revealed.lead,
    )
    assert held.suggestion == Rating.objects.first().suggestion
    assert revealed.now().inputs_revision == before + 1
    event = AuditEvent.objects.get(action="value.agreed")
    assert (event.old, event.new) == (None, {"value": "3.50", "note": "Split the difference."})
    assert list(Rating.objects.values_list("score", flat=True)) == [2, 5], "dissent stays"


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"value": "0.99"}, "value"),
        ({"value": "5.01"}, "value"),
        ({"value": "NaN"}, "value"),
        ({"value": "Infinity"}, "value"),
        ({"value": "1e999999"}, "value"),
        ({"value": "high"}, "value"),
        ({"value": ""}, "value"),
        ({"note": "  "}, "note"),
        ({"note": "x" * 4001}, "note"),
        ({"criterion_key": "nonsense"}, "criterion"),
        ({"option_key": "moon"}, "option"),
    ],
)
def test_what_cannot_be_agreed_is_named_and_leaves_nothing(revealed, wrong, field):
    before = revealed.now().inputs_revision
    with pytest.raises(Invalid) as refusal:
        agree(revealed, **wrong)
    assert [problem["field"] for problem in refusal.value.problems] == [field]
    assert not AgreedValue.objects.exists()
    assert revealed.now().inputs_revision == before


def test_the_trail_names_criteria_and_options_in_words(revealed):
    agree(revealed)
    held = AgreedValue.objects.get()
    reconciling.take_back(
        member=revealed.lead, review_id=revealed.review.pk, criterion_key="first_lot", option_key="own",
        seen_version=held.version,
    )  # fmt: skip
    criterion = revealed.review.criteria_version.criterion_rows.get(key="first_lot").name
    option = revealed.review.options.get(key="own").name
    labels = AuditEvent.objects.filter(action__in=("rating.revealed", "value.agreed", "value.taken_back"))
    assert set(labels.values_list("object_label", flat=True)) == {f"{criterion}, {option}"}
    assert "first_lot" not in criterion


def test_agreed_values_are_the_leads_and_need_the_reveal(scene):
    scene.rate("cem", 2)
    with pytest.raises(ReviewClosed):
        agree(scene)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.")
    for who in (scene.admin, scene.raters["cem"]):
        with pytest.raises(NotAllowed):
            agree(scene, who=who)
    assert not AgreedValue.objects.exists()


def test_an_agreed_value_is_edited_from_the_version_that_was_seen_and_taken_back(revealed):
    agree(revealed)
    with pytest.raises(Clash) as clash:
        agree(revealed, value="2", note="Lower.")
    assert clash.value.current == {"value": "3.50", "note": "Split the difference."}
    assert clash.value.attempted == {"value": "2.00", "note": "Lower."}
    assert agree(revealed, value="2", note="Lower.", seen_version=1).version == 2
    assert agree(revealed, value="2", note="Lower.", seen_version=1).version == 2, "the same again changes nothing"
    cell = {"review_id": revealed.review.pk, "criterion_key": "first_lot", "option_key": "own"}
    with pytest.raises(Clash):
        reconciling.take_back(member=revealed.lead, seen_version=1, **cell)
    with pytest.raises(NotAllowed):
        reconciling.take_back(member=revealed.admin, seen_version=2, **cell)
    reconciling.take_back(member=revealed.lead, seen_version=2, **cell)
    assert not AgreedValue.objects.exists()
    assert AuditEvent.objects.get(action="value.taken_back").old == {"value": "2.00", "note": "Lower."}
    assert agree(revealed).version == 1


def test_a_carried_rating_that_nobody_confirmed_is_no_reason_to_reveal(scene):
    scene.rate("cem", 2)
    reviews.withdraw(member=scene.lead, review_id=scene.review.pk, reason="Again.")
    scenes.start_scoring(scene)
    with pytest.raises(Missing, match="Nobody has rated"):
        reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.")
    ratings.confirm_carried(member=scene.raters["cem"], review_id=scene.review.pk)
    assert reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.").state == "reconciling"
