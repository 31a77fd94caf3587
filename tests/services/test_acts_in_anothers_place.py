"""What a delegate does in another's place beside signing is told, recorded and printed with both names."""

import json

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import AuditEvent, Notification
from assessments.models import ProposedDecision
from assessments.services import approvals, telling, verifying, waiting
from tests.factories import MembershipFactory
from tests.services.decided import member, submit, submitted_world
from tests.services.test_delegations import delegate, signs_for
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


begun, world = shared(submitted_world)


def let_only_the_approver_decide(world):
    """The executive step names the approver alone; the functions have signed; a third approver is the delegate."""
    world.people["third"] = MembershipFactory(organization=world.program.organization, with_roles=["approver"])
    functional_signed(world)
    step = step_of(world, "executive")
    step.parties.all().delete()
    step.parties.create(organization=step.organization, membership=world.people["approver"])
    delegate(world, "approver", "third")


def acts_in_anothers_place(world):
    """Every act but signing, by its event: (done by the delegate, the kind that its people are told)."""
    common = {"member": member(world, "third"), "review_id": world.review.pk}
    return {
        "review.returned": (lambda: approvals.return_review(**common, reason="Too early."), "review_returned"),
        "review.question_asked": (lambda: approvals.ask_question(**common, question="By when?"), "question_asked"),
        "review.rejected": (lambda: approvals.reject(**common, reason="Too dear."), "review_rejected"),
        "decision.amended": (lambda: amend(world, member=member(world, "third")), "decision_amended"),
    }


@pytest.mark.parametrize("action", ["review.returned", "review.question_asked", "review.rejected", "decision.amended"])
def test_an_act_in_anothers_place_says_so_on_record_and_tells_them(world, action):
    let_only_the_approver_decide(world)
    act, kind = acts_in_anothers_place(world)[action]
    act()
    event = AuditEvent.objects.get(action=action)
    giver, taker = world.people["approver"], world.people["third"]
    assert (event.actor, event.on_behalf_of) == (taker, giver)
    told = Notification.objects.get(kind=kind, membership=giver)
    assert f"{taker.name} on behalf of {giver.name}" in told.title


def test_a_question_asked_in_anothers_place_says_so_wherever_it_is_read(world, client):
    let_only_the_approver_decide(world)
    giver, taker, lead = world.people["approver"], world.people["third"], world.people["lead"]
    asked = approvals.ask_question(
        member=member(world, "third"), review_id=world.review.pk, question="Is the slot still free?"
    )
    both = f"{taker.name} on behalf of {giver.name}"
    assert (asked.asked_by, asked.on_behalf_of, asked.asker) == (taker, giver, both)
    assert f"Answer {both}" in [one.words for one in waiting.waiting_for(member(world, "lead"))]
    client.force_login(lead.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    page = reverse("assessments:review_approval", args=[world.review.uuid])
    assert f"{both} asks before signing" in client.get(page).content.decode()
    second = submit(world, conditions=[], answer="It is.")
    assert json.loads(second.record)["question"]["asked_by"] == {
        "uuid": str(taker.uuid),
        "name": taker.name,
        "on_behalf_of": {"uuid": str(giver.uuid), "name": giver.name},
    }
    told = Notification.objects.filter(kind="question_answered", title__contains=f"the question of {both}")
    assert {one.membership for one in told} == {giver, taker}
    assert f"{both} asked before signing" in client.get(page).content.decode()
    assert verifying.verify(second) == []


def test_who_asks_in_their_own_right_asks_in_nobodys_place(world):
    functional_signed(world)
    delegate(world, "approver", "second_approver")
    asked = approvals.ask_question(
        member=member(world, "second_approver"), review_id=world.review.pk, question="By when?"
    )
    assert asked.on_behalf_of is None and asked.asker == world.people["second_approver"].name
    second = submit(world, conditions=[], answer="In March.")
    assert set(json.loads(second.record)["question"]["asked_by"]) == {"uuid", "name"}


def test_who_may_act_in_their_own_right_acts_in_nobodys_place(world):
    functional_signed(world)
    delegate(world, "approver", "second_approver")
    approvals.reject(member=member(world, "second_approver"), review_id=world.review.pk, reason="Too dear.")
    event = AuditEvent.objects.get(action="review.rejected")
    assert (event.actor, event.on_behalf_of) == (world.people["second_approver"], None)


def test_a_proposal_amended_in_anothers_place_says_so_in_its_record_and_in_print(world):
    let_only_the_approver_decide(world)
    first = ProposedDecision.objects.get()
    proposed = amend(world, member=member(world, "third"))
    giver, taker = world.people["approver"], world.people["third"]
    author = json.loads(proposed.record)["author"]
    assert author == {
        "uuid": str(taker.uuid),
        "name": taker.name,
        "on_behalf_of": {"uuid": str(giver.uuid), "name": giver.name},
    }
    assert proposed.written_by == f"{taker.name} on behalf of {giver.name}"
    assert set(json.loads(first.record)["author"]) == {"uuid", "name"}
    assert verifying.verify(world.more["submission"]) == []


def test_what_an_amendment_in_anothers_place_changes_of_conditions_and_tripwires_says_so_too(world):
    let_only_the_approver_decide(world)
    common = {"owner": world.people["lead"], "due_month": 4}
    wire = {"field": "wait", "option": "a", "comparison": "gt", "threshold": 9}
    amend(world, member=member(world, "third"), conditions=[{"title": "Audit the partner"} | common], tripwires=[wire])
    amend(
        world,
        member=member(world, "third"),
        dropped_tripwires=list(world.review.tripwires.values_list("key", flat=True)),
        justification="The wait is agreed by contract.",
    )
    for action in ("condition.assigned", "tripwire.set", "tripwire.dropped"):
        event = AuditEvent.objects.filter(action=action).latest("pk")
        assert (event.actor, event.on_behalf_of) == (world.people["third"], world.people["approver"]), action


def test_the_giver_is_told_that_somebody_signed_in_their_place_and_of_what_becomes_of_it(world):
    delegate(world, "rater", "assessor")
    signs_for(world, "assessor", "rater", step_of(world))
    giver, taker = world.people["rater"], world.people["assessor"]
    told = Notification.objects.get(kind="signed", membership=giver)
    assert f"{taker.name} on behalf of {giver.name} signed" in told.title
    assert {giver, taker} <= set(telling.signers_of(world.review))


def test_the_decision_made_in_anothers_place_says_so(world):
    let_only_the_approver_decide(world)
    signs_for(world, "third", "approver", step_of(world, "executive"))
    made = AuditEvent.objects.get(action="decision.made")
    assert (made.actor, made.on_behalf_of) == (world.people["third"], world.people["approver"])
    told = Notification.objects.filter(kind="decision_made", membership=world.people["approver"]).get()
    assert f"on behalf of {world.people['approver'].name} gave the last signature" in told.body
