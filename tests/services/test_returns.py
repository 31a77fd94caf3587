"""A submission that was returned comes back with what was done about it: asked once, frozen, read by who signs."""

import html
import json

import pytest
from django.db import transaction

from accounts.models import MembershipFunction
from assessments.errors import Invalid, Missing
from assessments.models import Rating, ReturnQuestion, Review, Submission
from assessments.services import approvals, verifying
from assessments.services.inputs import touch_review
from tests.pages.test_approval import address, client_of, text_of, typed
from tests.services.decided import OTHER, decided_world, member, submit, submitted_world
from tests.services.test_questions import ask
from tests.services.test_signing import functional_signed, step_of
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db
REASON, ANSWER = "No limit is named.", "Eight lots of ten, in the conditions now."


begun, world = shared(submitted_world)


def give_back(world, role="rater"):
    approvals.return_review(member=member(world, role), review_id=world.review.pk, reason=REASON)


@pytest.mark.parametrize("words", ["", "  ", "x" * 8001, "Eight\u202e lots"])
def test_a_returned_review_is_not_submitted_again_without_a_word_on_what_was_done(world, words):
    give_back(world)
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        submit(world, conditions=[], answer=words)
    assert [one["field"] for one in refusal.value.problems] == ["answer"]
    assert Review.objects.get(pk=world.review.pk).state == "reconciling" and Submission.objects.count() == 1


def test_the_answer_is_frozen_beside_the_reason_and_who_returned_it(world):
    first = world.more["submission"]
    give_back(world)
    second = submit(world, conditions=[], answer=f" {ANSWER} ")
    held = json.loads(second.record)["return"]
    person = world.people["rater"]
    assert held.pop("returned_at") and held == {
        "of_submission": {"number": 1, "sha256": first.sha256},
        "returned_by": {"uuid": str(person.uuid), "name": person.name},
        "reason": REASON,
        "answer": ANSWER,
    }
    assert second.return_answer == ANSWER and "return" not in json.loads(first.record)
    assert verifying.verify(second) == verifying.verify(first) == []


def test_a_first_submission_answers_nothing():
    world = decided_world()
    with pytest.raises(Invalid, match="No question and no return"), transaction.atomic():
        submit(world, answer=ANSWER)
    assert not Submission.objects.exists()


def test_signatures_stand_over_a_question_that_follows_an_answered_return(world):
    """What was done about an earlier return tells two records apart no more than an earlier question does."""
    give_back(world)
    submit(world, conditions=[], answer=ANSWER)
    functional_signed(world)
    ask(world)
    third = submit(world, conditions=[], answer="It is.")
    assert step_of(world).state == "done" and verifying.verify(third) == []
    assert third.return_answer == "" and "return" not in json.loads(third.record)


def test_after_a_question_the_route_and_missing_ratings_are_named_together(world):
    functional_signed(world)
    ask(world)
    Rating.objects.filter(membership=world.people["rater"], option__key=OTHER).update(to_confirm=True)
    touch_review(world.review.pk, states=("reconciling",))
    compute(world.review)
    world.review.refresh_from_db()
    MembershipFunction.objects.filter(function__key="qa").delete()
    with pytest.raises(Missing) as refusal, transaction.atomic():
        submit(world, conditions=[], answer="It is.")
    assert [one["code"] for one in refusal.value.things] == ["route", "to_confirm"]
    assert Submission.objects.count() == 1 and not ReturnQuestion.objects.exclude(answered_at=None).exists()


def test_the_page_names_at_once_what_fields_lack_and_what_is_missing(world):
    give_back(world)
    MembershipFunction.objects.filter(function__key="qa").delete()
    Rating.objects.filter(membership=world.people["rater"], option__key=OTHER).update(to_confirm=True)
    touch_review(world.review.pk, states=("reconciling",))
    compute(world.review)
    lead, place = client_of(world, "lead"), address(world, "review_submit")
    form = lead.post(place, typed(world, lead, justification="")).context["form"]
    assert set(form.errors) == {"justification", "answer", "missing_reason", "__all__"}
    assert len(form.errors["justification"]) == 1, "said once, by the form"
    assert "1 rating carried forward, not confirmed." in form.errors["missing_reason"][0]
    assert form.errors["__all__"] == ["Approval route: Functional sign-off: nobody speaks for QA."]
    assert Submission.objects.count() == 1 and Review.objects.get(pk=world.review.pk).state == "reconciling"


def test_the_page_asks_for_it_keeps_what_was_typed_and_shows_it_to_who_signs(world):
    give_back(world)
    lead, place, person = client_of(world, "lead"), address(world, "review_submit"), world.people["rater"].name
    said = text_of(lead.get(address(world)))
    assert f"by {person}. {REASON} Say below what was done about it" in said and "What was done about it" in said
    without = lead.post(place, typed(world, lead, justification="It runs now."))
    assert without.status_code == 422 and without.context["form"].errors["answer"]
    kept = lead.post(place, typed(world, lead, answer=ANSWER, justification=""))
    assert kept.status_code == 422 and kept.context["form"]["answer"].value() == ANSWER
    assert Submission.objects.count() == 1
    assert lead.post(place, typed(world, lead, answer=ANSWER)).status_code == 302
    for role in ("rater", "approver"):
        body = client_of(world, role).get(address(world)).content.decode()
        card = body.split('aria-label="Return and answer"')[1].split("</section>")[0]
        for words in (person, REASON, world.people["lead"].name, ANSWER):
            assert words in html.unescape(card)
    detail = text_of(client_of(world, "rater").get(address(world, "submission_detail", number=2)))
    assert f"About the return {ANSWER}" in detail
