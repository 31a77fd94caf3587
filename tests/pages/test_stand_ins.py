"""Whoever stands in somebody's place is told whose, and nobody is offered who could not stand there."""

import re
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.models import ApprovalStep, Delegation, StepReassignment
from assessments.services import approvals, reconciling, rerouting, routes
from assessments.services.stand_ins import kept_from_some, stand_ins
from tests.factories import MembershipFactory
from tests.pages.test_approval import address, client_of, signature_of, text_of
from tests.rights.reviews import sign
from tests.services.decided import OTHER, member, submit, submitted_world
from tests.services.test_signing import step_of
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db


begun, world = shared(submitted_world)


def reassign(world, party, who, by="admin", kind="functional", reason="She is away."):
    return rerouting.reassign(
        member=member(world, by),
        step_id=step_of(world, kind).pk,
        party_key=party,
        person=member(world, who),
        reason=reason,
    )


def offered_on(page, step):
    """Who is offered for a step of the page, by uuid."""
    body = page.content.decode()
    select = re.search(rf'<select name="person"[^>]*id="reassign-{step}_person".*?</select>', body, re.S)
    return set(re.findall(r'<option value="([0-9a-f-]{36})"', select.group(0)))


def uuids(world, *roles):
    return {str(world.people[role].uuid) for role in roles}


def test_those_are_offered_who_can_take_a_place_over_and_not_whoever_reassigns(world):
    page = client_of(world, "lead").get(address(world))
    assert offered_on(page, "executive") == uuids(world, "approver", "second_approver")
    everyone = uuids(world, "viewer", "assessor", "approver", "second_approver", "admin", "rater", "second")
    assert offered_on(page, "functional") == everyone | uuids(world, "deactivated")
    assert str(world.people["admin"].uuid) not in offered_on(
        client_of(world, "admin").get(address(world)), "functional"
    )


def test_who_is_offered_is_whom_the_rule_lets_for_every_person_step_and_exception(world):
    """The page asks of everybody at once; the rule is asked one by one. Of whom a step names already both are silent."""
    reassign(world, "function:qa", "viewer")
    sign(member(world, "rater"), step_of(world))
    steps = list(ApprovalStep.objects.filter(review=world.review).prefetch_related("parties__membership"))
    people = [one.now() for role, one in world.people.items() if role != "stranger"]
    signed = {"functional": {world.people["rater"].pk}}
    for by, despite in product(
        ("lead", "admin"), ([], ["signed"], ["rated"], ["submitted"], ["rated", "submitted", "signed"])
    ):
        for step in steps:
            step.despite = despite
            ApprovalStep.objects.filter(pk=step.pk).update(despite=despite)
        found = stand_ins(member(world, by), world.review, steps, signed, people)
        for step in steps:
            named = set(step.parties.exclude(membership=None).values_list("membership", flat=True))
            let = {one for one in people if permissions.can_take_over(member(world, by), one, step)}
            assert set(found[step.key]) == {one for one in let if one.pk not in named}, (by, despite, step)
    assert let, "somebody may"


def test_whoever_is_not_offered_is_refused_with_the_reason_when_posted_all_the_same(world):
    given = {"place": "role:approver", "person": world.people["lead"].uuid, "reason": "He is away."}
    answer = client_of(world, "lead").post(address(world, "step_reassign", key="executive"), given)
    assert answer.status_code == 403 and "Nobody reassigns a step to themselves" in text_of(answer)
    assert not StepReassignment.objects.exists()


def test_nobody_stands_in_who_could_not_read_what_they_sign(world):
    """An auditor alone sees no review before it is approved."""
    with pytest.raises(NotAllowed, match="they hold the role auditor alone, which reads no review before"):
        reassign(world, "function:qa", "auditor")
    assert not StepReassignment.objects.exists()


def test_queries_do_not_grow_with_whom_could_be_offered(world):
    client = client_of(world, "lead")

    def asked():
        client.get(address(world))
        with CaptureQueriesContext(connection) as found:
            client.get(address(world))
        return len(found)

    few = asked()
    MembershipFactory.create_batch(6, organization=world.program.organization, with_roles=["approver"])
    assert asked() == few


def test_whoever_stands_in_a_place_reads_whose_before_and_after_signing(world):
    name = world.people["viewer"].name
    reassign(world, "function:qa", "viewer")
    client = client_of(world, "viewer")
    page = client.get(address(world))
    assert "You stand in the place of QA here: the signature counts for QA, and the route shows it." in text_of(page)
    assert "in the place of" not in text_of(client_of(world, "rater").get(address(world))).split("Route")[0]
    said = text_of(client.post(address(world, "review_sign"), signature_of(page), follow=True))
    assert f"{name}, in the place of QA · Reviewed for my function" in said
    record = reverse("assessments:submission_detail", args=[world.review.uuid, 1])
    assert "Functional sign-off, in the place of QA" in text_of(client.get(record))


def test_a_place_that_was_given_on_stays_that_of_whom_the_route_named(world):
    reassign(world, "function:qa", "viewer")
    reassign(world, f"person:{world.people['viewer'].uuid}", "assessor")
    assert "You stand in the place of QA here" in text_of(client_of(world, "assessor").get(address(world)))


@pytest.mark.parametrize("changed", [False, True])
def test_a_place_stays_that_of_whom_the_route_named_over_a_question_unless_the_route_begins_anew(world, changed):
    name = world.people["viewer"].name
    reassign(world, "function:qa", "viewer")
    reassign(world, "role:approver", "second_approver", kind="executive")
    sign(member(world, "viewer"), step_of(world))
    sign(member(world, "rater"), step_of(world))
    approvals.ask_question(member=member(world, "second_approver"), review_id=world.review.pk, question="Until when?")
    if changed:
        reconciling.agree(
            member=member(world, "lead"), review_id=world.review.pk, criterion_key="first_lot", option_key=OTHER,
            value="3", note="Halfway.",
        )  # fmt: skip
        compute(world.review)
        world.review.refresh_from_db()
    submit(world, conditions=[], answer="Until May.")
    said = text_of(client_of(world, "second_approver").get(address(world)))
    assert (f"{name}, in the place of QA · Reviewed" in said) is not changed
    assert (f"{name} in place of QA, by" in said) is not changed
    assert ("You stand in the place of Approver here" in said) is not changed


def test_whoever_signs_for_one_who_stands_in_a_place_reads_whose_it_is(world):
    reassign(world, "function:qa", "viewer")
    giver, taker = world.people["viewer"], world.people["assessor"]
    today = routes.today_in(giver.organization)
    Delegation.objects.create(
        organization=giver.organization, giver=giver, taker=taker, first_day=today, last_day=today, created_by=giver
    )
    assert f"{giver.name} stands in the place of QA here" in text_of(client_of(world, "assessor").get(address(world)))


def test_a_delegation_is_offered_to_whoever_holds_a_role_and_its_message_says_who_is_told(world):
    client, place = client_of(world, "rater"), reverse("assessments:delegations")
    page = client.get(place).content.decode()
    assert str(world.people["assessor"].uuid) in page and str(world.people["nobody"].uuid) not in page
    today = str(routes.today_in(world.program.organization))
    given = {"taker": world.people["nobody"].uuid, "first_day": today, "last_day": today}
    refused = client.post(place, given)
    assert refused.status_code == 422 and "has no access or no role here now" in text_of(refused)
    taker = world.people["assessor"]
    said = text_of(client.post(place, given | {"taker": taker.uuid}, follow=True))
    assert f"signs in the place of {world.people['rater'].name}. {taker.name} is told." in said
    ended = reverse("assessments:delegation_end", args=[Delegation.objects.get().uuid])
    assert f"Ended. {taker.name} is told." in text_of(client.post(ended, follow=True))


def test_those_are_offered_who_could_sign_all_that_waits_for_who_is_away_and_a_refusal_names_person_and_reason(world):
    place = reverse("assessments:delegations")

    def offered(role, **asked):
        form = client_of(world, role).get(place, asked).context["form"]
        return {str(value) for value, _ in form["taker"].field.widget.choices} - {""}

    # Nobody who rated or submitted, or is no approver, decides in the place of an approver.
    assert offered("approver") == uuids(world, "second_approver")
    assert offered("admin", giver=str(world.people["approver"].uuid)) == uuids(world, "second_approver")
    assert uuids(world, "viewer", "rater") <= offered("admin"), "an admin has not said who is away"
    assert uuids(world, "auditor") & offered("rater") == set(), "who reads no review before approval"
    today = str(routes.today_in(world.program.organization))
    for taker, reason in (("rater", "Only approvers sign an executive step."), ("auditor", "Only approvers sign")):
        given = {"taker": world.people[taker].uuid, "first_day": today, "last_day": today}
        refused = client_of(world, "approver").post(place, given)
        (said,) = refused.context["form"].errors["taker"]
        assert (
            refused.status_code == 403
            and said.startswith(f"{world.people[taker].name} cannot sign ")
            and reason in said
        )
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("despite", [[], ["signed"], ["rated"], ["submitted"], ["rated", "submitted", "signed"]])
def test_who_is_offered_for_a_delegation_is_whom_the_rule_lets(world, despite):
    sign(member(world, "rater"), step_of(world))
    ApprovalStep.objects.filter(review=world.review).update(despite=despite)
    for role in ("lead", "rater"):
        world.people[role].grants.create(organization=world.program.organization, role="approver")
    people = [one.now() for role, one in world.people.items() if role != "stranger"]
    for kind in ("functional", "executive"):
        steps = ApprovalStep.objects.filter(review=world.review, kind=kind)
        kept = kept_from_some(steps, people)
        (step,) = steps
        let = {one.pk for one in people if permissions.can_stand_in(one, step)}
        assert {one.pk for one in people} - kept == let and let, (kind, despite)
    assert kept_from_some(ApprovalStep.objects.none(), people) == set()


def test_queries_for_a_delegation_do_not_grow_with_people_or_with_what_waits(world):
    client, place = client_of(world, "approver"), reverse("assessments:delegations")

    def asked():
        client.get(place)
        with CaptureQueriesContext(connection) as found:
            client.get(place)
        return len(found)

    few = asked()
    MembershipFactory.create_batch(6, organization=world.program.organization, with_roles=["approver"])
    assert asked() == few
