"""What is sent twice, as by a double click, is done once, and told as the person's own and not as somebody else's."""

import pytest

from accounts.models import AuditEvent
from assessments.models import Delegation, ProgramMember, Review, Signature, StepReassignment, Submission
from assessments.services import routes
from tests.pages.test_approval import address, client_of, signature_of, text_of, typed
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def submitted_world():
    world = decided_world()
    world.more["submission"] = submit(world)
    return world


begun, world = shared(submitted_world)


def twice(client, place, given):
    """The answers to a form that is sent twice."""
    return client.post(place, given), client.post(place, given, follow=True)


def one_event(world, action):
    return AuditEvent.objects.filter(review_uuid=world.review.uuid, action=action).count() == 1


@pytest.mark.parametrize(
    ("role", "name", "field", "action", "said"),
    [
        ("rater", "review_return", "reason", "review.returned", "You returned this review with this reason already"),
        ("rater", "review_question", "question", "review.question_asked", "You asked this question already"),
        ("approver", "review_reject", "reason", "review.rejected", "You rejected this review with this reason already"),
    ],
)
def test_who_ends_a_submission_twice_is_told_that_it_was_they(world, role, name, field, action, said):
    if role == "approver":
        functional_signed(world)
    client = client_of(world, role)
    given = {field: "What does it cost? ", "version": Review.objects.get(pk=world.review.pk).version}
    first, second = twice(client, address(world, name), given)
    assert first.status_code == 302 and second.redirect_chain and said in text_of(second)
    assert "meanwhile" not in text_of(second) and one_event(world, action)


LIFE = {
    "review_start": ("draft", "", "review.started", "You started the scoring of this review already"),
    "review_reveal": ("scoring", "QA is away.", "review.revealed", "You revealed the ratings of this review already"),
    "review_withdraw": ("draft", "It ended.", "review.withdrawn", "You withdrew this review with this reason already"),
}


@pytest.mark.parametrize("name", LIFE)
def test_a_review_that_is_moved_on_twice_is_moved_once_and_told_to_whoever_did_it(name):
    state, reason, action, said = LIFE[name]
    world = make_world()
    bring_review_to(world, state)
    given = {"reason": reason, "version": Review.objects.get(pk=world.review.pk).version}
    ProgramMember.objects.create(
        organization=world.program.organization, program=world.program, membership=world.people["admin"], is_lead=True
    )
    first, second = twice(client_of(world, "lead"), address(world, name), given)
    assert first.status_code == 302 and said in text_of(second), text_of(second)
    assert one_event(world, action)
    others = [("admin", given)] + ([("lead", given | {"reason": "Another reason."})] if reason else [])
    for role, sent in others:
        answer = client_of(world, role).post(address(world, name), sent)
        assert answer.status_code == 409 and said not in text_of(answer)
    assert one_event(world, action)


def test_another_reason_or_another_person_is_not_taken_for_the_same(world):
    version = Review.objects.get(pk=world.review.pk).version
    assert (
        client_of(world, "rater").post(address(world, "review_return"), {"reason": "A", "version": version}).status_code
        == 302
    )
    for role, reason in (("rater", "B"), ("second", "A")):
        answer = client_of(world, role).post(address(world, "review_return"), {"reason": reason, "version": version})
        assert answer.status_code == 409 and "already" not in text_of(answer)
    assert one_event(world, "review.returned")


def test_a_submission_that_is_sent_twice_is_made_once(world):
    client = client_of(world, "rater")
    version = Review.objects.get(pk=world.review.pk).version
    assert client.post(address(world, "review_return"), {"reason": "Once more.", "version": version}).status_code == 302
    lead = client_of(world, "lead")
    given, place = typed(world, lead, answer="It was looked at."), address(world, "review_submit")
    first, second = twice(lead, place, given)
    said = "You submitted this review with this choice and these words already"
    assert first.status_code == 302 and said in text_of(second)
    for other in ({"choice": "not_yet:"}, {"choice": "alternative:own"}, {"justification": "It does not run."}):
        answer = lead.post(place, given | other)
        assert answer.status_code == 409 and "already" not in text_of(answer)
    assert Submission.objects.filter(review=world.review).count() == 2


def test_the_last_signature_that_is_sent_twice_decides_once(world):
    functional_signed(world)
    client = client_of(world, "approver")
    given = signature_of(client.get(address(world)))
    first, second = twice(client, address(world, "review_sign"), given)
    assert first.status_code == 302 and "already, on " in text_of(second) and "It was done once." in text_of(second)
    assert Signature.objects.filter(membership=world.people["approver"]).count() == 1


def test_a_place_that_is_given_away_twice_is_given_once_and_a_place_that_never_was_is_named(world):
    client, place = client_of(world, "lead"), address(world, "step_reassign", key="functional")
    given = {"place": "function:qa", "person": str(world.people["assessor"].uuid), "reason": "She is away."}
    first, second = twice(client, place, given)
    name = world.people["assessor"].name
    assert first.status_code == 302 and f"You put {name} in the place of QA already" in text_of(second)
    late = client_of(world, "admin").post(place, given)
    assert late.status_code == 409
    assert f"{world.people['lead'].name} put {name} in the place of QA meanwhile" in text_of(late)
    unknown = client.post(place, given | {"place": "function:moon"})
    said = text_of(unknown)
    assert unknown.status_code == 422 and "meanwhile" not in said
    assert "The step names no place 'function:moon'. Its places are: " in said and "CMC (function:cmc)" in said
    assert StepReassignment.objects.filter(step=step_of(world)).count() == 1


def test_a_delegation_that_is_given_twice_is_given_once(world):
    client = client_of(world, "rater")
    today = routes.today_in(world.program.organization).isoformat()
    given = {"taker": str(world.people["assessor"].uuid), "first_day": today, "last_day": today, "reason": "Away."}
    first, second = twice(client, "/delegations/", given)
    assert first.status_code == 302, text_of(first)
    assert (
        f"You let {world.people['assessor'].name} sign in the place of {member(world, 'rater').name} already"
        in text_of(second)
    )
    assert Delegation.objects.count() == 1
    other = client.post("/delegations/", given | {"reason": "On leave."})
    assert other.status_code == 422 and "signs in this place on some of these days already" in text_of(other)
