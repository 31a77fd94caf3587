"""F5, F7: of two acts at once one takes effect and the other is told; without the guard both would.

Ten rounds each, a hundred in `make test-long`.
"""

import json
import threading

import pytest
from django.db import DatabaseError, IntegrityError
from django.db.models import F

from accounts import people, proof
from accounts.models import AuditEvent, Membership, MembershipFunction, Notification
from accounts.permissions import NotAllowed
from assessments.errors import Clash, DoneAlready, GrantRefused, Refusal, ResultPending, WrongState
from assessments.models import (
    AgreedValue,
    ApprovalStep,
    Decision,
    DecisionWatch,
    ProposedDecision,
    Review,
    Signature,
    StepReassignment,
    Submission,
)
from assessments.services import (
    approvals,
    criteria,
    delegations,
    programs,
    reconciling,
    rerouting,
    reviews,
    revisions,
    signing,
    stuck_steps,
    submissions,
    telling,
)
from assessments.services.able_to_sign import stuck
from tests.scoring import sample
from tests.services.decided import OTHER, decided_world, member, submit
from tests.services.racing import at_once, between, grant_of, halfway, pausing, signing_now, without_locks
from tests.services.test_delegations import delegate
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import afresh
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)
rounds = pytest.mark.parametrize("rounds", [10, pytest.param(100, marks=pytest.mark.long)])


def submitted():
    world = decided_world()
    submit(world)
    return world


def for_executives():
    world = submitted()
    functional_signed(world)
    return world


def state(world):
    return Review.objects.values_list("state", flat=True).get(pk=world.review.pk)


def kinds(outcomes, kind):
    return [one for one in outcomes if isinstance(one, kind)]


# -- sign against sign --------------------------------------------------------------------------------------------


@rounds
def test_two_approvers_at_once_one_takes_effect_and_the_other_is_told(rounds):
    for _ in range(rounds):
        world = afresh(for_executives)
        outcomes = at_once(signing_now(world, "approver"), signing_now(world, "second_approver"))
        assert (len(kinds(outcomes, Signature)), len(kinds(outcomes, WrongState))) == (1, 1), outcomes
        assert Signature.objects.filter(step=step_of(world, "executive")).count() == 1
        assert AuditEvent.objects.filter(action="review.approved", review_uuid=world.review.uuid).count() == 1


def test_without_the_lock_both_would_sign(monkeypatch):
    world = afresh(for_executives)
    acts = signing_now(world, "approver"), signing_now(world, "second_approver")
    both_checked = threading.Barrier(2)
    without_locks(monkeypatch, lambda: both_checked.wait(timeout=30))
    outcomes = at_once(*acts)
    # Nobody is told: the second runs into the database's last constraint instead of a sentence.
    assert not kinds(outcomes, Refusal)
    assert kinds(outcomes, IntegrityError)


@rounds
def test_the_last_two_of_all_both_count_and_the_step_is_completed_once(rounds):
    for _ in range(rounds):
        world = afresh(submitted)
        outcomes = at_once(signing_now(world, "rater", "functional"), signing_now(world, "second", "functional"))
        assert len(kinds(outcomes, Signature)) == 2, outcomes
        assert (step_of(world).state, step_of(world, "executive").state) == ("done", "open")


def test_without_the_lock_the_last_two_of_all_would_each_miss_the_other(monkeypatch):
    world = afresh(submitted)
    acts = signing_now(world, "rater", "functional"), signing_now(world, "second", "functional")
    both_checked, both_wrote = threading.Barrier(2), threading.Barrier(2)
    without_locks(monkeypatch, lambda: both_checked.wait(timeout=30))
    original = approvals._advance
    monkeypatch.setattr(approvals, "_advance", lambda *args: (original(*args), both_wrote.wait(timeout=30)))
    assert len(kinds(at_once(*acts), Signature)) == 2
    assert step_of(world).state == "open"  # complete, and nobody noticed: the decision would wait for ever


@rounds
def test_f7_a_double_click_signs_once(rounds):
    for at in range(rounds):
        world = afresh(submitted)
        grant = grant_of(world, "rater", "functional")
        # The same form twice gives two grants; the same request twice uses one.
        other = grant if at % 2 else grant_of(world, "rater", "functional")
        outcomes = at_once(
            signing_now(world, "rater", "functional", grant), signing_now(world, "rater", "functional", other)
        )
        assert len(kinds(outcomes, Signature)) == len(kinds(outcomes, DoneAlready)) == 1, outcomes
        assert Signature.objects.filter(submission__review=world.review).count() == 1


# -- sign against what ends or changes what is signed -------------------------------------------------------------


@rounds
def test_sign_against_amend_the_signature_is_for_what_was_shown_or_not_at_all(rounds):
    for _ in range(rounds):
        world = afresh(for_executives)
        shown = signing.proposed_of(step_of(world, "executive"))
        signed, amended = at_once(signing_now(world, "approver"), lambda world=world: amend(world))
        if isinstance(signed, Signature):
            assert isinstance(amended, WrongState), amended
            assert Decision.objects.get(review=world.review).proposed_decision == shown
        else:
            assert isinstance(signed, Clash | GrantRefused), signed
            assert isinstance(amended, ProposedDecision)
            assert not Signature.objects.filter(step=step_of(world, "executive")).exists()
            assert state(world) == "in_approval"


def test_without_the_lock_a_signature_would_be_given_on_what_was_amended_under_it(monkeypatch):
    world = afresh(for_executives)
    sign = signing_now(world, "approver")
    signed, latest = at_once(sign, between(monkeypatch, lambda: amend(world)))
    assert isinstance(signed, Signature) and isinstance(latest, ProposedDecision)
    assert signed.proposed_decision != latest  # void from the start, and nobody was told


def ending(world, act):
    """Another act that ends the approval, by somebody who may."""
    review, reason = world.review.pk, "The slot is gone."
    second, lead = member(world, "second_approver"), member(world, "lead")
    return {
        "return": lambda: approvals.return_review(member=second, review_id=review, reason=reason),
        "question": lambda: approvals.ask_question(member=second, review_id=review, question=reason),
        "reject": lambda: approvals.reject(member=second, review_id=review, reason=reason),
        "withdraw": lambda: reviews.withdraw(member=lead, review_id=review, reason=reason),
    }[act]


ENDS = {"return": "reconciling", "question": "reconciling", "reject": "rejected", "withdraw": "withdrawn"}


@rounds
@pytest.mark.parametrize("act", ["return", "withdraw"])
def test_sign_against_what_ends_the_approval_one_takes_effect(rounds, act):
    for _ in range(rounds):
        world = afresh(for_executives)
        signed, ended = at_once(signing_now(world, "approver"), ending(world, act))
        if isinstance(signed, Signature):
            assert isinstance(ended, WrongState), ended
            assert state(world) == "approved" and Decision.objects.filter(review=world.review).exists()
        else:
            assert isinstance(signed, WrongState), signed
            assert state(world) == ENDS[act]
            assert not Decision.objects.filter(review=world.review).exists()


@pytest.mark.parametrize("act", sorted(ENDS))
def test_without_the_lock_what_was_ended_would_be_approved(monkeypatch, act):
    world = afresh(for_executives)
    sign = signing_now(world, "approver")
    signed, ended = at_once(sign, between(monkeypatch, ending(world, act)))
    assert isinstance(signed, Signature), signed
    assert not isinstance(ended, Exception), ended
    assert state(world) == "approved"  # although it was ended, and whoever ended it was told so


def reassigning(world):
    lead, person, step = member(world, "lead"), world.people["assessor"], step_of(world).pk
    return lambda: rerouting.reassign(
        member=lead, step_id=step, party_key="function:cmc", person=person, reason="CMC is away."
    )


@rounds
def test_sign_against_reassign(rounds):
    for _ in range(rounds):
        world = afresh(submitted)
        signed, moved = at_once(signing_now(world, "rater", "functional"), reassigning(world))
        if isinstance(signed, Signature):
            assert isinstance(moved, WrongState), moved
        else:
            assert isinstance(signed, NotAllowed), signed
            assert isinstance(moved, StepReassignment)


def test_without_the_lock_a_place_that_was_signed_for_would_be_given_away(monkeypatch):
    world = afresh(submitted)
    sign = signing_now(world, "rater", "functional")
    signed, moved = at_once(sign, between(monkeypatch, reassigning(world)))
    assert isinstance(signed, Signature) and isinstance(moved, StepReassignment)


# -- the last who could sign against each other, and against a step that opens --------------------------------------


def two_for_qa():
    """CMC is signed for; two people, neither of them the lead, speak for QA."""
    world = submitted()
    MembershipFunction.objects.filter(membership=world.people["lead"]).delete()
    second, qa = world.people["second"], world.program.organization.functions.get(key="qa")
    MembershipFunction.objects.get_or_create(
        organization=second.organization, membership=world.people["assessor"], function=qa
    )
    signing_now(world, "rater", "functional")()
    return world


def one_approver():
    """QA alone has to sign before the step opens that waits for the only approver."""
    world = submitted()
    signing_now(world, "rater", "functional")()
    Membership.objects.filter(pk=world.people["second_approver"].pk).update(is_active=False)
    return world


def losing(world, who, role=None):
    """An act that takes a role from somebody, or the function."""
    admin, person = member(world, "admin"), world.people[who].pk
    if role:
        return lambda: people.revoke_role(actor=admin, membership_id=person, role=role)
    return lambda: people.set_functions(actor=admin, membership_id=person, functions=("finance",))


def told_of_stuck(world):
    return [(one.membership, one.title.split(" (")[0]) for one in Notification.objects.filter(kind="step_stuck")]


@rounds
def test_of_the_last_two_who_go_at_once_one_is_seen_to_be_the_last_and_the_lead_is_told_once(rounds):
    for _ in range(rounds):
        world = afresh(two_for_qa)
        outcomes = at_once(losing(world, "second"), losing(world, "assessor", "assessor"))
        assert outcomes == [None, None]
        assert told_of_stuck(world) == [(world.people["lead"], f"Nobody can sign now: {step_of(world).name}")]


def test_without_the_lock_each_of_the_last_two_would_see_the_other_still_there(monkeypatch):
    world = afresh(two_for_qa)
    both_asked = threading.Barrier(2)
    without_locks(monkeypatch, lambda: None)
    pausing(monkeypatch, stuck_steps, "held_alone_by", lambda: both_asked.wait(timeout=30))
    assert at_once(losing(world, "second"), losing(world, "assessor", "assessor")) == [None, None]
    assert stuck(ApprovalStep.objects.all()) and told_of_stuck(world) == []


@rounds
def test_a_step_that_opens_while_its_only_signer_goes_is_told_of(rounds):
    for _ in range(rounds):
        world = afresh(one_approver)
        signed, lost = at_once(signing_now(world, "second", "functional"), losing(world, "approver", "approver"))
        assert isinstance(signed, Signature) and lost is None, (signed, lost)
        assert told_of_stuck(world) == [
            (world.people["lead"], f"Nobody can sign now: {step_of(world, 'executive').name}")
        ]


def test_without_the_lock_a_step_that_opens_while_its_only_signer_goes_would_wait_unseen(monkeypatch):
    world = afresh(one_approver)
    signing_act = signing_now(world, "second", "functional")
    pause, losing_meanwhile = halfway(losing(world, "approver", "approver"))
    without_locks(monkeypatch, lambda: None)
    pausing(monkeypatch, telling, "signed", pause)
    signed, lost = at_once(signing_act, losing_meanwhile)
    assert isinstance(signed, Signature) and lost is None, (signed, lost)
    assert stuck(ApprovalStep.objects.all()) and told_of_stuck(world) == []


def test_a_delegation_that_is_ended_while_it_is_used_waits_for_the_signature_or_ends_it():
    for _ in range(3):
        world = afresh(submitted)
        given = delegate(world, "rater", "assessor")
        rater = member(world, "rater")
        sign = signing_now(world, "assessor", "functional", on_behalf_of=world.people["rater"])
        signed, ended = at_once(sign, lambda rater=rater, pk=given.pk: delegations.end(member=rater, delegation_id=pk))
        assert not isinstance(ended, Exception), ended
        if isinstance(signed, Signature):
            ended.refresh_from_db()
            assert signed.at <= ended.revoked_at
        else:
            assert isinstance(signed, NotAllowed), signed


# -- edit against sign and submit ---------------------------------------------------------------------------------


def editing(world):
    lead = member(world, "lead")
    return lambda: reconciling.agree(
        member=lead,
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        value="3",
        note="Halfway.",
    )


def unguarded(review_id, *, states):
    """The guard off: an input is counted whatever the state."""
    Review.objects.filter(pk=review_id).update(inputs_revision=F("inputs_revision") + 1)
    return Review.objects.values_list("inputs_revision", flat=True).get(pk=review_id)


@rounds
def test_sign_against_edit_nothing_that_is_signed_changes(rounds):
    for _ in range(rounds):
        world = afresh(for_executives)
        before = list(AgreedValue.objects.filter(review=world.review).values())
        signed, edited = at_once(signing_now(world, "approver"), editing(world))
        assert isinstance(signed, Signature) and isinstance(edited, WrongState), (signed, edited)
        assert list(AgreedValue.objects.filter(review=world.review).values()) == before
        assert signed.submission_sha256 == Submission.objects.get(review=world.review).sha256


def test_without_the_guard_only_the_databases_second_wall_stops_the_edit(monkeypatch):
    world = afresh(for_executives)
    sign, edit = signing_now(world, "approver"), editing(world)
    monkeypatch.setattr(reconciling, "touch_review", unguarded)
    signed, edited = at_once(sign, edit)
    assert isinstance(signed, Signature), signed
    # Not a sentence that tells somebody what happened: the trigger's error.
    assert isinstance(edited, DatabaseError) and "takes no ratings" in str(edited), edited


@rounds
def test_submit_against_edit_the_edit_is_in_the_record_or_refused(rounds):
    for _ in range(rounds):
        world = afresh(decided_world)
        made, edited = at_once(lambda world=world: submit(world), editing(world))
        if isinstance(made, Submission):
            assert isinstance(edited, WrongState), edited
            assert not AgreedValue.objects.filter(review=world.review).exists()
        else:
            assert isinstance(made, ResultPending | Clash), made
            assert not isinstance(edited, Exception), edited
            assert not Submission.objects.filter(review=world.review).exists()


def test_without_the_lock_a_record_would_lack_what_was_edited_under_it(monkeypatch):
    world = afresh(decided_world)
    pause, editing_meanwhile = halfway(editing(world))
    without_locks(monkeypatch, lambda: None)
    pausing(monkeypatch, submissions, "record_of", pause)
    made, edited = at_once(lambda: submit(world), editing_meanwhile)
    assert isinstance(made, Submission) and not isinstance(edited, Exception), (made, edited)
    assert AgreedValue.objects.filter(review=world.review).exists() and state(world) == "in_approval"
    assert json.loads(made.record)["agreed_values"] == []  # what is signed is not what the panel agreed on


# -- the last signature against facts that are saved ---------------------------------------------------------------


def saving(world, wait):
    given = sample.profile() | {"assessment_date": "2026-01-15", "qms": 0, "potency": "none"}
    given["options"][3]["facts"]["wait"] = wait
    lead, program = member(world, "lead"), world.program
    return lambda: programs.import_revision(member=lead, program=program, document=given, summary="A longer wait")


def signed_and_looked_at(world):
    """The last signature, and the first look at its decision as soon as it is there."""
    sign = signing_now(world, "approver")
    return lambda: (sign(), work_off("watch"))


def unseen(world):
    """Whether facts were saved that the decision's watch has not seen and is owed no look at."""
    work_off("watch")
    world.program.refresh_from_db()
    return DecisionWatch.objects.get(review=world.review).revision_id != world.program.revision_id


@rounds
def test_the_last_signature_against_facts_that_are_saved_the_watch_sees_them(rounds):
    for _ in range(rounds):
        world = afresh(for_executives)
        signed, saved = at_once(signed_and_looked_at(world), saving(world, 12))
        assert not isinstance(signed, Exception) and not isinstance(saved, Exception), (signed, saved)
        assert not unseen(world)


def test_without_the_lock_facts_that_are_saved_beside_the_last_signature_would_go_unseen(monkeypatch):
    world = afresh(for_executives)
    save = saving(world, 12)
    pause, signing_meanwhile = halfway(signed_and_looked_at(world))
    without_locks(monkeypatch, lambda: None)
    pausing(monkeypatch, revisions, "owe_for_program", pause)
    signed, saved = at_once(signing_meanwhile, save)
    assert not isinstance(signed, Exception) and not isinstance(saved, Exception), (signed, saved)
    assert unseen(world)  # the decision would be told to hold under facts that nobody held it against


# -- the last signature against criteria that are published --------------------------------------------------------


def publishing(world):
    """An act that publishes the next criteria, whose draft is there already."""
    admin, document = member(world, "admin"), criteria.content_of(world.version)
    document["lenses"].clear()
    draft = criteria.import_draft(member=admin, document=document, cloned_from=world.version)
    return lambda: criteria.publish(member=admin, version_id=draft.pk, reason="Learned from two audits.")


def unseen_criteria(world, published):
    """Whether criteria were published that the decision's watch has not seen and is owed no look at."""
    work_off("watch")
    return DecisionWatch.objects.get(review=world.review).criteria_version_id != published.pk


@rounds
def test_the_last_signature_against_criteria_that_are_published_the_watch_sees_them(rounds):
    for _ in range(rounds):
        world = afresh(for_executives)
        signed, published = at_once(signed_and_looked_at(world), publishing(world))
        assert not isinstance(signed, Exception) and not isinstance(published, Exception), (signed, published)
        assert not unseen_criteria(world, published)


def signed_between_owing_and_publishing(world, monkeypatch, owe):
    """The decision is made and looked at after the new criteria owed their looks and before they are published."""
    work_off("watch")  # what the first version owed
    publish = publishing(world)
    pause, signing_meanwhile = halfway(signed_and_looked_at(world))
    pausing(monkeypatch, criteria, "owe_for_criteria", pause, owe)
    signed, published = at_once(signing_meanwhile, publish)
    assert not isinstance(signed, Exception) and not isinstance(published, Exception), (signed, published)
    return published


def test_criteria_published_beside_the_last_signature_are_seen(monkeypatch):
    world = afresh(for_executives)
    published = signed_between_owing_and_publishing(world, monkeypatch, criteria.owe_for_criteria)
    assert not unseen_criteria(world, published)


def test_criteria_that_asked_first_whether_anything_is_watched_would_go_unseen(monkeypatch):
    owe = criteria.owe_for_criteria

    def where_watched(version, actor):
        if DecisionWatch.objects.filter(criteria_version__criteria_set=version.criteria_set_id).exists():
            owe(version, actor)

    world = afresh(for_executives)
    published = signed_between_owing_and_publishing(world, monkeypatch, where_watched)
    assert unseen_criteria(world, published)


# -- wrong attempts -----------------------------------------------------------------------------------------------


def test_wrong_passwords_at_once_are_counted_all():
    world = afresh(submitted)
    step, person = step_of(world), member(world, "rater")
    shown = signing.what_is_signed(step, signing.proposed_of(step))

    def guess():
        return signing.grant_to_sign(member=person, step_id=step.pk, password="guess", bound_to=shown)

    outcomes = at_once(*[guess] * 8)
    assert len(kinds(outcomes, NotAllowed)) == 8
    assert AuditEvent.objects.filter(action=proof.PASSWORD_REFUSED).count() == 5
    assert ApprovalStep.objects.filter(state="open").count() == 1
