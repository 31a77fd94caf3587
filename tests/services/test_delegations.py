"""Somebody signs in another's place: for days, by name, keeping the duties of both apart, and passing nothing on."""

import datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, MembershipFunction, Notification, Organization, RoleGrant
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Clash, Invalid, WrongState
from assessments.models import ApprovalStep, Delegation, Program, Review, Signature
from assessments.services import approvals, delegations, routes, signing, verifying
from tests.factories import PASSWORD, MembershipFactory
from tests.rights.reviews import sign
from tests.services.decided import member, submitted_world
from tests.services.test_signing import functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


begun, world = shared(submitted_world)


def today(world):
    return routes.today_in(Organization.objects.get(pk=world.program.organization_id))


def delegate(world, giver, taker, *, by=None, first=0, last=0, reason=""):
    return delegations.delegate(
        member=member(world, by or giver),
        giver=world.people[giver],
        taker=world.people[taker],
        first_day=today(world) + first * DAY,
        last_day=today(world) + last * DAY,
        reason=reason,
    )


def refused(error, world, *people, match=None, **more):
    with pytest.raises(error, match=match), transaction.atomic():
        delegate(world, *people, **more)
    assert not Delegation.objects.exists()
    assert not AuditEvent.objects.filter(action="delegation.given").exists()


def signs_for(world, taker, giver, step, **more):
    return sign(member(world, taker), step, on_behalf_of=world.people[giver], **more)


# -- who may, to whom, for how long --------------------------------------------------------------------------------


def test_one_delegates_for_oneself_and_both_are_told_and_it_is_on_record(world):
    given = delegate(world, "rater", "assessor", last=3, reason="Holidays.")
    event = AuditEvent.objects.get(action="delegation.given")
    assert (event.actor, event.reason) == (world.people["rater"], "Holidays.")
    assert event.new["last_day"] == str(given.last_day)
    (told,) = Notification.objects.filter(kind="delegated")  # nobody is told of their own act
    assert told.membership == world.people["assessor"] and world.people["rater"].name in told.title


def test_an_admin_delegates_for_others_with_a_reason_and_nobody_else_does(world):
    refused(NotAllowed, world, "rater", "assessor", by="lead", reason="She is away.")
    refused(Invalid, world, "rater", "assessor", by="admin", match="Say why")
    refused(Invalid, world, "approver", "admin", by="admin", reason="On leave.", match="not to themselves")
    delegate(world, "rater", "assessor", by="admin", reason="In hospital.")
    assert set(Notification.objects.filter(kind="delegated").values_list("membership", flat=True)) == {
        world.people["rater"].pk,
        world.people["assessor"].pk,
    }


@pytest.mark.parametrize(
    ("first", "last", "why"), [(0, -1, "before the first"), (-3, -1, "has passed"), (0, 366, "a year at most")]
)
def test_the_days_make_sense(world, first, last, why):
    refused(Invalid, world, "rater", "assessor", first=first, last=last, match=why)


def test_only_to_an_active_person_with_a_role_of_the_organization(world):
    refused(Invalid, world, "rater", "nobody", match="no role")
    refused(NotAllowed, world, "rater", "stranger", match="within their organization")
    Membership.objects.filter(pk=world.people["assessor"].pk).update(is_active=False)
    refused(Invalid, world, "rater", "assessor", match="no access")


def test_nothing_is_passed_on(world):
    delegate(world, "rater", "assessor")
    with pytest.raises(Invalid, match="not passed on"), transaction.atomic():
        delegate(world, "assessor", "viewer")
    with pytest.raises(Invalid, match="not passed on"), transaction.atomic():
        delegate(world, "second", "rater")
    # However two delegations came to meet, the second step of a chain gives nothing.
    Delegation.objects.create(
        organization=world.program.organization,
        giver=world.people["assessor"],
        taker=world.people["viewer"],
        first_day=today(world),
        last_day=today(world),
        created_by=world.people["assessor"],
    )
    assert not permissions.may_sign(member(world, "viewer"), step_of(world))
    assert not approvals.steps_waiting_for(member(world, "viewer")).exists()


# -- signing in another's place ------------------------------------------------------------------------------------


def test_the_signature_says_everywhere_in_whose_place_it_is_given(world):
    delegate(world, "rater", "assessor")
    taker = world.people["assessor"]
    assert step_of(world) in approvals.steps_waiting_for(member(world, "assessor"))
    signature = signs_for(world, "assessor", "rater", step_of(world))
    signature.refresh_from_db()
    assert signature.membership == taker and signature.on_behalf_of == world.people["rater"]
    assert signature.printed_name == f"{taker.name} on behalf of {world.people['rater'].name}"
    assert f"in the place of {world.people['rater'].name}" in signature.statement
    assert signature.function.key == "cmc"
    event = AuditEvent.objects.get(action="signature.given")
    assert (event.actor, event.on_behalf_of) == (taker, world.people["rater"])
    assert verifying.verify(world.more["submission"]) == []
    sign(member(world, "second"), step_of(world))
    assert step_of(world).state == "done"


def test_a_delegate_does_not_sign_silently_in_their_own_name(world):
    delegate(world, "rater", "assessor")
    with pytest.raises(NotAllowed), transaction.atomic():
        sign(member(world, "assessor"), step_of(world))
    assert not Signature.objects.exists()


@pytest.mark.parametrize("confirmed_for_the_giver", [False, True])
def test_a_grant_given_in_one_capacity_signs_in_no_other(world, confirmed_for_the_giver):
    """The assessor speaks for the function too, so that they could sign either way."""
    delegate(world, "rater", "assessor")
    cmc = world.program.organization.functions.get(key="cmc")
    MembershipFunction.objects.create(
        organization=world.program.organization, membership=world.people["assessor"], function=cmc
    )
    step, giver = step_of(world), world.people["rater"]
    common = {"member": member(world, "assessor"), "step_id": step.pk}
    grant = signing.grant_to_sign(
        **common,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
        on_behalf_of=giver if confirmed_for_the_giver else None,
    )
    signed = {**common, "grant": grant, "meaning": "reviewed"}
    with pytest.raises(Clash, match="Read it again"), transaction.atomic():
        approvals.sign(**signed, on_behalf_of=None if confirmed_for_the_giver else giver)
    assert not Signature.objects.exists()
    assert not AuditEvent.objects.filter(action="signature.given").exists()
    signature = approvals.sign(**signed, on_behalf_of=giver if confirmed_for_the_giver else None)  # not used up
    assert ("in the place of" in signature.statement) == confirmed_for_the_giver


@pytest.mark.parametrize(("first", "last"), [(1, 2), (-2, -1)])
def test_it_begins_on_its_first_day_and_ends_by_itself_after_its_last(world, first, last):
    given = delegate(world, "rater", "assessor", last=1)
    Delegation.objects.filter(pk=given.pk).update(
        first_day=today(world) + first * DAY, last_day=today(world) + last * DAY
    )
    with pytest.raises(NotAllowed), transaction.atomic():
        signs_for(world, "assessor", "rater", step_of(world))
    assert not approvals.steps_waiting_for(member(world, "assessor")).exists()


def test_the_last_day_ends_where_the_organization_is(world):
    """It is always a later day on Kiritimati (UTC+14) than on Pago Pago (UTC-11)."""
    given = delegate(world, "rater", "assessor")
    organization = Organization.objects.filter(pk=world.program.organization_id)
    organization.update(time_zone="Pacific/Pago_Pago")
    west = today(world)
    Delegation.objects.filter(pk=given.pk).update(first_day=west, last_day=west)
    assert permissions.may_sign(member(world, "assessor"), step_of(world))
    organization.update(time_zone="Pacific/Kiritimati")
    assert today(world) > west
    assert not permissions.may_sign(member(world, "assessor"), step_of(world))


def test_it_is_ended_by_giver_taker_or_admin_at_once_and_once(world):
    given = delegate(world, "rater", "assessor", last=3)
    with pytest.raises(NotAllowed), transaction.atomic():
        delegations.end(member=member(world, "lead"), delegation_id=given.pk)
    step = step_of(world)
    grant = signing.grant_to_sign(
        member=member(world, "assessor"),
        step_id=step.pk,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
        on_behalf_of=world.people["rater"],
    )
    delegations.end(member=member(world, "rater"), delegation_id=given.pk)
    with pytest.raises(NotAllowed, match="not delegated"), transaction.atomic():  # ended between grant and signature
        approvals.sign(
            member=member(world, "assessor"),
            step_id=step.pk,
            grant=grant,
            meaning="reviewed",
            on_behalf_of=world.people["rater"],
        )
    with pytest.raises(WrongState), transaction.atomic():
        delegations.end(member=member(world, "assessor"), delegation_id=given.pk)
    assert AuditEvent.objects.filter(action="delegation.ended").count() == 1
    assert not Signature.objects.exists()


def test_a_giver_who_lost_the_right_has_none_to_delegate(world):
    delegate(world, "rater", "assessor")
    MembershipFunction.objects.filter(membership=world.people["rater"]).delete()
    with pytest.raises(NotAllowed, match="could not sign this step"), transaction.atomic():
        signs_for(world, "assessor", "rater", step_of(world))


def test_a_deactivated_giver_signs_through_nobody(world):
    delegate(world, "rater", "assessor")
    Membership.objects.filter(pk=world.people["rater"].pk).update(is_active=False)
    with pytest.raises(NotAllowed), transaction.atomic():
        signs_for(world, "assessor", "rater", step_of(world))


def test_a_restricted_program_opens_to_the_delegate_for_those_days_alone(world):
    Program.objects.filter(pk=world.program.pk).update(restricted=True)
    assert not Review.objects.visible_to(member(world, "assessor")).exists()
    given = delegate(world, "rater", "assessor")
    assert Review.objects.visible_to(member(world, "assessor")).exists()
    assert Program.objects.visible_to(member(world, "assessor")).exists()
    delegations.end(member=member(world, "rater"), delegation_id=given.pk)
    assert not Review.objects.visible_to(member(world, "assessor")).exists()


# -- the duties of both stay apart (MA-3) --------------------------------------------------------------------------


@pytest.mark.parametrize("taker", ["lead", "rater", "second", "viewer"])
def test_ma_3_an_approver_does_not_delegate_to_who_submitted_rated_or_is_no_approver(world, taker):
    if taker != "viewer":
        RoleGrant.objects.create(
            organization=world.program.organization, membership=world.people[taker], role="approver"
        )
    refused(NotAllowed, world, "approver", taker, match=f"{world.people[taker].name} cannot sign")


def test_ma_3_who_became_barred_after_the_delegation_does_not_sign(world):
    functional_signed(world)
    delegate(world, "approver", "second_approver")
    RoleGrant.objects.filter(membership=world.people["second_approver"]).update(revoked_at=signing.database_now())
    with pytest.raises(NotAllowed), transaction.atomic():
        signs_for(world, "second_approver", "approver", step_of(world, "executive"))


def test_ma_3_what_was_signed_in_ones_place_counts_as_signed(world):
    """Whoever lets their functional step be signed does not then decide as an executive."""
    organization = world.program.organization
    world.people["third"] = MembershipFactory(organization=organization, with_roles=["approver"])
    qa = organization.functions.get(key="qa")
    MembershipFunction.objects.create(organization=organization, membership=world.people["third"], function=qa)
    delegate(world, "third", "second_approver")
    signs_for(world, "second_approver", "third", step_of(world))
    sign(member(world, "rater"), step_of(world))
    executive = step_of(world, "executive")
    for role in ("third", "second_approver"):
        assert "another step" in permissions.can_sign(member(world, role), executive).reason
        assert executive not in approvals.steps_waiting_for(member(world, role))


def test_two_that_must_sign_are_two_people(world):
    executive = step_of(world, "executive")
    ApprovalStep.objects.filter(pk=executive.pk).update(rule="at_least", at_least=2)
    delegate(world, "approver", "second_approver")
    functional_signed(world)
    sign(member(world, "second_approver"), step_of(world, "executive"))
    with pytest.raises(NotAllowed, match="one person gives one signature"), transaction.atomic():
        signs_for(world, "second_approver", "approver", step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).state == "in_approval"
    sign(member(world, "approver"), step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).state == "approved"


@pytest.mark.parametrize("for_the_other_first", [True, False])
def test_nobody_gives_both_signatures_of_an_executive_step_in_either_order(world, for_the_other_first):
    executive = step_of(world, "executive")
    ApprovalStep.objects.filter(pk=executive.pk).update(rule="all")
    executive.parties.all().delete()
    for role in ("approver", "second_approver"):
        executive.parties.create(organization_id=executive.organization_id, membership=world.people[role])
    delegate(world, "approver", "second_approver")
    functional_signed(world)

    def own():
        sign(member(world, "second_approver"), step_of(world, "executive"))

    def other():
        signs_for(world, "second_approver", "approver", step_of(world, "executive"))

    first, then = (other, own) if for_the_other_first else (own, other)
    first()
    assert step_of(world, "executive") not in approvals.steps_waiting_for(member(world, "second_approver"))
    with pytest.raises(NotAllowed, match="one person gives one signature"), transaction.atomic():
        then()
    assert Review.objects.get(pk=world.review.pk).state == "in_approval"
    assert Signature.objects.filter(step=executive).count() == 1


def test_who_speaks_for_two_functions_gives_one_signature_on_an_executive_step(world):
    executive, approver = step_of(world, "executive"), world.people["approver"]
    ApprovalStep.objects.filter(pk=executive.pk).update(rule="all")
    executive.parties.all().delete()
    for function in world.program.organization.functions.filter(key__in=("finance", "regulatory")):
        executive.parties.create(organization_id=executive.organization_id, function=function)
        MembershipFunction.objects.create(
            organization_id=executive.organization_id, membership=approver, function=function
        )
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"), function_key="finance")
    with pytest.raises(NotAllowed, match="one person gives one signature"), transaction.atomic():
        sign(member(world, "approver"), step_of(world, "executive"), function_key="regulatory")
    assert Signature.objects.filter(step=executive).count() == 1
    assert Review.objects.get(pk=world.review.pk).state == "in_approval"


def test_what_waits_agrees_with_what_may_be_signed_by_delegates_too(world):
    delegate(world, "rater", "assessor")
    world.people["third"] = MembershipFactory(organization=world.program.organization, with_roles=["approver"])
    delegate(world, "approver", "third")

    def agree():
        for role in world.people:
            person = member(world, role)
            for step in ApprovalStep.objects.filter(submission=world.more["submission"]).select_related("review"):
                waits = step in approvals.steps_waiting_for(person)
                able = bool(permissions.may_sign(person, step)) and bool(
                    signing.capacities(person, step, signing.proposed_of(step))
                )
                assert waits == able, (role, step.key)

    agree()
    signs_for(world, "assessor", "rater", step_of(world))
    agree()
    sign(member(world, "second"), step_of(world))
    agree()
    missing = {person.name for person in routes.still_missing(step_of(world, "executive"))}
    assert missing == {world.people[role].name for role in ("approver", "second_approver", "third")}


# -- a fixed number of queries -------------------------------------------------------------------------------------


def queries_of(act):
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def the_last_function_signs(world, more_approvers):
    for at in range(more_approvers):
        MembershipFactory(organization=world.program.organization, with_roles=["approver"], user__full_name=f"P {at}")
    sign(member(world, "rater"), step_of(world))
    step, person = step_of(world), member(world, "second")
    shown = signing.what_is_signed(step, signing.proposed_of(step))
    grant = signing.grant_to_sign(member=person, step_id=step.pk, password=PASSWORD, bound_to=shown)
    return lambda: approvals.sign(member=person, step_id=step.pk, grant=grant, meaning="reviewed")


def test_signing_asks_as_much_however_many_the_next_step_waits_for(world):
    class Undone(Exception):
        pass

    counts, name = [], step_of(world, "executive").name
    for more in (0, 12):
        try:
            with transaction.atomic():
                counts.append(queries_of(the_last_function_signs(world, more)))
                assert (
                    Notification.objects.filter(kind="step_open", title__startswith=f"Sign: {name}").count() == 2 + more
                )
                raise Undone
        except Undone:
            pass
    assert counts[0] == counts[1] < 100


def test_delegating_asks_as_much_however_many_steps_name_the_giver(world):
    days = {"first": 0, "last": 0}
    first = queries_of(lambda: delegate(world, "approver", "second_approver", **days))
    Delegation.objects.update(revoked_at=signing.database_now())
    like = step_of(world, "executive")
    for at in range(10):
        step = ApprovalStep.objects.create(
            organization=like.organization,
            review=like.review,
            submission=like.submission,
            key=f"more-{at}",
            name=f"More {at}",
            position=like.position,
            kind="executive",
            rule="any",
        )
        step.parties.create(organization=step.organization, membership=world.people["approver"])
    assert queries_of(lambda: delegate(world, "approver", "second_approver", **days)) == first
