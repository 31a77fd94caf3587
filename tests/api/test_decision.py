"""A review's decision by the API: submitted, amended, signed with a grant and never by a token alone."""

import hashlib

import pytest

from assessments.models import Review, Signature
from assessments.services import signing
from tests.factories import PASSWORD
from tests.support.results import compute


def grant_for(member, step):
    """What the approval page gives a person who has just typed the password."""
    step.review = Review.objects.get(pk=step.review_id)
    return signing.grant_to_sign(
        member=member,
        step_id=step.pk,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
    )


@pytest.fixture
def submitted(world, review_in, caller):
    review = review_in("reconciling")
    body = {"action": "submit", "kind": "not_yet", "justification": "Wait for the slot.", "reason": "QA is short."}
    early = caller("lead").post(f"reviews/{review.uuid}/transitions/", body)
    assert (early.status_code, early.json()["code"]) == (409, "result_pending")
    assert int(early.headers["Retry-After"]) > 0
    compute(review)
    answer = caller("lead").post(f"reviews/{review.uuid}/transitions/", body, Idempotency_Key="submit-1")
    assert (answer.status_code, answer.json()["state"]) == (200, "in_approval")
    return review


def test_the_record_has_the_digest_that_is_signed(submitted, caller):
    lead = caller("lead")
    listed = lead.get(f"reviews/{submitted.uuid}/submissions/").json()["results"][0]
    record = lead.get(f"submissions/{listed['id']}/record/")
    assert hashlib.sha256(record.content).hexdigest() == listed["sha256"]
    assert [step["state"] for step in listed["steps"]] == ["open", "waiting"]


def test_without_a_grant_nobody_signs_and_nothing_is_written(world, submitted, caller):
    step = submitted.submissions.first().steps.order_by("position")[0]
    body = {"action": "sign", "step": str(step.uuid), "meaning": "reviewed"}
    stolen = grant_for(world.people["lead"].now(), step)
    for more in ({}, {"grant": ""}, {"grant": "x" * 43}, {"grant": stolen}):
        answer = caller("rater").post(f"reviews/{submitted.uuid}/transitions/", body | more)
        assert (answer.status_code, answer.json()["code"]) == (403, "grant_refused")
    assert not Signature.objects.exists()


def test_with_their_grants_all_sign_and_the_review_is_approved(world, submitted, caller):
    place = f"reviews/{submitted.uuid}/transitions/"
    functional, executive = submitted.submissions.first().steps.order_by("position")
    for role, step, meaning in (
        ("rater", functional, "reviewed"),
        ("lead", functional, "reviewed"),
        ("approver", executive, "approved"),
    ):
        grant = grant_for(world.people[role].now(), step)
        body = {"action": "sign", "step": str(step.uuid), "meaning": meaning, "grant": grant}
        answer = caller(role).post(place, body, Idempotency_Key=f"sign-{role}")
        assert answer.status_code == 200, answer.content
        again = caller(role).post(place, body, Idempotency_Key=f"sign-{role}")
        assert again.content == answer.content  # the grant is spent, the answer is kept
    assert answer.json()["state"] == "approved"
    assert Signature.objects.count() == 3


def test_who_submitted_does_not_approve_by_the_api_either(world, submitted, caller):
    executive = submitted.submissions.first().steps.order_by("position")[1]
    body = {"action": "sign", "step": str(executive.uuid), "meaning": "approved", "grant": "x"}
    assert caller("lead").post(f"reviews/{submitted.uuid}/transitions/", body).status_code in (403, 409)
    assert not Signature.objects.exists()
