"""One question instead of a return: the functions' signatures stand if nothing frozen changed, and only then."""

import json

import pytest
from django.db import transaction

from accounts.models import AuditEvent, Notification
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Clash, DoneAlready, Invalid, WrongState
from assessments.models import ApprovalStep, ReturnQuestion, Review, Signature
from assessments.services import approvals, reconciling, rerouting, routes, verifying
from tests.rights.reviews import sign
from tests.services.decided import OTHER, decided_world, member, submit, submitted_world
from tests.services.test_signing import functional_signed, step_of
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db
QUESTION, ANSWER = "Is the slot of March still free?", "It is: the partner confirmed it on Monday."


begun, world = shared(submitted_world)


def ask(world, role="approver", **changed):
    values = {"member": member(world, role), "review_id": world.review.pk, "question": QUESTION}
    return approvals.ask_question(**values | changed)


def answer(world, **changed):
    return submit(world, **{"conditions": [], "answer": ANSWER} | changed)


def test_the_question_goes_to_the_lead_and_the_answer_into_the_record(world):
    functional_signed(world)
    asked = ask(world)
    review = Review.objects.get(pk=world.review.pk)
    assert (review.state, review.state_reason, review.returned) == ("reconciling", QUESTION, 0)
    (told,) = Notification.objects.filter(kind="question_asked")
    assert told.membership == world.people["lead"] and told.body == QUESTION
    second = answer(world)
    held = json.loads(second.record)["question"]
    assert (held["question"], held["answer"]) == (QUESTION, ANSWER)
    assert held["of_submission"] == {"number": 1, "sha256": world.more["submission"].sha256}
    asked.refresh_from_db()
    assert (asked.answer, asked.answered_by, asked.answered_in) == (ANSWER, world.people["lead"], second)
    assert Notification.objects.get(kind="question_answered").membership == world.people["approver"]


def test_if_nothing_else_changed_the_functions_signatures_stand_and_bind_the_former_record(world):
    functional_signed(world)
    ask(world)
    second = answer(world)
    functional, executive = second.steps.order_by("position")
    assert (functional.state, executive.state) == ("done", "open")
    assert functional.stands_on.submission == world.more["submission"]
    standing = routes.signatures_of([functional])[functional.pk]
    assert {one.submission_sha256 for one in standing} == {world.more["submission"].sha256}
    assert not second.signatures.exists()
    event = AuditEvent.objects.filter(action="submission.made").latest("pk")
    assert event.new["signatures_stand_from"] == 1
    sign(member(world, "approver"), executive)
    assert Review.objects.get(pk=world.review.pk).state == "approved"
    assert verifying.verify(second) == []
    assert verifying.verify_review(Review.objects.get(pk=world.review.pk)) == []


def test_if_anything_frozen_changed_they_do_not(world):
    functional_signed(world)
    ask(world)
    reconciling.agree(
        member=member(world, "lead"),
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        value="3",
        note="Halfway.",
    )
    compute(world.review)
    world.review.refresh_from_db()
    second = answer(world)
    functional = second.steps.get(kind="functional")
    assert (functional.state, functional.stands_on) == ("open", None)
    assert AuditEvent.objects.filter(action="submission.made").latest("pk").new["signatures_stand_from"] is None


def test_a_step_that_was_signed_in_part_asks_for_the_rest_alone(world):
    sign(member(world, "second"), step_of(world))
    ask(world, "rater")
    answer(world)
    functional = step_of(world)
    assert functional.state == "open"
    assert functional not in approvals.steps_waiting_for(member(world, "second"))
    with pytest.raises(DoneAlready, match="You signed Functional sign-off already"), transaction.atomic():
        sign(member(world, "second"), functional)
    assert [person.name for person in routes.still_missing(functional)] == [world.people["rater"].name]
    sign(member(world, "rater"), functional)
    assert step_of(world).state == "done"


def test_who_signed_what_stands_signs_no_other_step(world):
    functional_signed(world)
    ask(world)
    answer(world)
    verdict = permissions.separation_of_duties(member(world, "second"), step_of(world, "executive"))
    assert "another step" in verdict.reason


def test_only_so_many_questions_in_a_row(world):
    functional_signed(world)
    for _ in range(3):
        ask(world)
        answer(world)
    step = step_of(world)
    assert step.state == "done" and len(step.chain()) == 2  # nobody signed in between: one step back
    sign(member(world, "approver"), step_of(world, "executive"))


def test_a_chain_of_signatures_over_several_questions_is_bounded(world):
    functional = step_of(world)
    ApprovalStep.objects.filter(pk=functional.pk).update(rule="at_least", at_least=2)
    for role in ("second", "rater"):
        sign(member(world, role), step_of(world))
        ask(world, "rater" if role == "second" else "approver")
        answer(world)
    assert len(step_of(world).chain()) == 3
    assert step_of(world).state == "done"


def test_an_answer_is_given_to_a_question_and_only_to_one(world):
    with pytest.raises(DoneAlready), transaction.atomic():
        answer(world)
    with pytest.raises(WrongState), transaction.atomic():
        answer(world, justification="In other words.")
    ask(world, "rater")
    for words in ("", "  "):
        with pytest.raises(Invalid) as refusal, transaction.atomic():
            answer(world, answer=words)
        assert refusal.value.problems[0]["field"] == "answer"
    assert not ReturnQuestion.objects.exclude(answered_at=None).exists()


def test_a_full_return_keeps_nothing(world):
    sign(member(world, "second"), step_of(world))
    approvals.return_review(member=member(world, "rater"), review_id=world.review.pk, reason="Once more.")
    second = answer(world)
    assert {step.stands_on_id for step in second.steps.all()} == {None}
    assert not Signature.objects.filter(submission=second).exists()


@pytest.mark.parametrize("role", ["approver", "assessor", "viewer", "admin", "stranger"])
def test_only_who_may_sign_the_open_step_asks(world, role):
    with pytest.raises(NotAllowed), transaction.atomic():
        ask(world, role)
    assert not ReturnQuestion.objects.exists()
    assert Review.objects.get(pk=world.review.pk).state == "in_approval"


def test_a_question_has_words_and_is_asked_on_what_was_seen(world):
    with pytest.raises(Invalid), transaction.atomic():
        ask(world, "rater", question=" ")
    with pytest.raises(Clash), transaction.atomic():
        ask(world, "rater", seen_version=0)
    assert not ReturnQuestion.objects.exists()


def test_what_was_reassigned_stays_reassigned_after_a_question(world):
    rerouting.reassign(
        member=member(world, "lead"),
        step_id=step_of(world).pk,
        party_key="function:cmc",
        person=world.people["assessor"],
        reason="CMC is at the congress.",
    )
    sign(member(world, "second"), step_of(world))
    ask(world, "assessor")
    answer(world)
    assert {routes.party_key(party) for party in step_of(world).parties.all()} == {
        "function:qa",
        f"person:{world.people['assessor'].uuid}",
    }


@pytest.mark.django_db(transaction=True)
class TestByHand:
    def test_signatures_that_stand_on_another_record(self):
        world = decided_world()
        first = submit(world)
        functional_signed(world)
        approvals.return_review(member=member(world, "approver"), review_id=world.review.pk, reason="Look again.")
        reconciling.agree(
            member=member(world, "lead"),
            review_id=world.review.pk,
            criterion_key="first_lot",
            option_key=OTHER,
            value="3",
            note="Halfway.",
        )
        compute(world.review)
        world.review.refresh_from_db()
        second = answer(world)
        assert verifying.verify(second) == []
        former = first.steps.get(kind="functional")
        second.steps.filter(kind="functional").update(stands_on=former, state="done")
        assert [one.message for one in verifying.verify(second)] == [
            "It stands on signatures of submission 1, whose record says something else."
        ]
