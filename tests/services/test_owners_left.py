"""The leads are told once of open conditions whose owner is gone, by whatever way they went."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import people
from accounts.models import Membership, Notification
from assessments.models import Condition, Program, ProgramMember, Review
from assessments.services import programs, reminders
from tests.factories import MembershipFactory
from tests.services.decided import decided_world, member, submit
from tests.services.test_condition_states import approved_world
from tests.support.begun import shared

DAY = datetime.date(2026, 2, 2)  # long before anything is due

begun, world = shared(approved_world)


@pytest.fixture
def owner(world):
    """Who sees to the one condition of the decision, and leads nothing."""
    owner = world.people["rater"]
    assert world.review.conditions.get().owner == owner
    return owner


def told():
    return list(Notification.objects.filter(kind="condition_owner_left").order_by("pk"))


@pytest.fixture
def reader(world):
    """Who sees to the condition, and whom no step of the route names: a restricted program is shown to members alone."""
    world.review.conditions.update(owner=world.people["viewer"])
    return world.people["viewer"]


def deactivate(world, person):
    people.deactivate_member(actor=member(world, "admin"), membership_id=person.pk)


def reminded(world):
    return reminders.remind_in(world.program.organization_id, DAY)["condition_owner_left"]


def test_the_lead_is_told_once_and_by_whom_it_was_seen_to(world, owner):
    row = world.review.conditions.get()
    deactivate(world, owner)
    [one] = told()
    assert one.membership == world.people["lead"]
    assert one.title == f"{owner.name} no longer sees to conditions (MSC-1, Review 1)"
    assert one.body == (
        f"{owner.name} saw to an open condition and no longer can: \u201c{row.title}\u201d. Hand it over to somebody else."
    )
    assert one.url == f"/conditions/{row.uuid}/"
    assert reminded(world) == 0 and told() == [one]


def test_many_conditions_of_a_review_are_one_thing(world, owner):
    row = world.review.conditions.get()
    row.pk, row.uuid, row.key, row.title = None, owner.uuid, "another", "Audit the partner"
    row.save()
    deactivate(world, owner)
    [one] = told()
    assert "saw to 2 open conditions" in one.body and "\u201cAudit the partner\u201d" in one.body
    assert one.url == f"/conditions/?state=undone&program={world.program.uuid}"


def test_who_comes_back_and_leaves_again_is_told_of_again(world, owner):
    for times in (1, 2):
        deactivate(world, owner)
        assert len(told()) == times
        people.reactivate_member(actor=member(world, "admin"), membership_id=owner.pk)
        assert reminded(world) == 0


def test_who_loses_every_role_can_see_to_nothing(world, owner):
    admin, roles = member(world, "admin"), sorted(owner.now().roles)
    for left, role in enumerate(roles, start=1 - len(roles)):
        people.revoke_role(actor=admin, membership_id=owner.pk, role=role)
        assert len(told()) == (left == 0)
    deactivate(world, owner)
    assert len(told()) == 1, "the same thing"


def test_who_is_given_a_role_again_and_loses_it_is_told_of_again(world, owner):
    admin = member(world, "admin")
    for times in (1, 2):
        for role in owner.now().roles:
            people.revoke_role(actor=admin, membership_id=owner.pk, role=role)
        assert len(told()) == times
        for role in ("viewer", "assessor"):
            people.grant_role(actor=admin, membership_id=owner.pk, role=role)
    deactivate(world, owner)
    assert len(told()) == 3
    people.grant_role(actor=admin, membership_id=owner.pk, role="approver")
    assert reminded(world) == 0, "it changes nothing for whoever is gone"


def test_who_is_left_an_auditor_alone_before_the_approval_is_told_of_each_time(db):
    world = decided_world()
    submit(world)
    admin, owner = member(world, "admin"), world.people["rater"]
    people.grant_role(actor=admin, membership_id=owner.pk, role="auditor")
    for times in (1, 2, 3):
        for role in owner.now().roles - {"auditor"}:
            people.revoke_role(actor=admin, membership_id=owner.pk, role=role)
        assert len(told()) == times and reminded(world) == 0
        if times < 3:
            people.grant_role(actor=admin, membership_id=owner.pk, role="assessor")
            assert reminded(world) == 0 and not Condition.objects.left_behind().exists()
    people.revoke_role(actor=admin, membership_id=owner.pk, role="auditor")
    assert len(told()) == 3 and reminded(world) == 0, "gone already"


def test_who_comes_to_a_restricted_program_again_and_leaves_it_is_told_of_again(world, reader):
    Program.objects.update(restricted=True)
    who = {"member": member(world, "admin"), "program": Program.objects.get(), "membership": reader}
    for times, join in enumerate((programs.add_member, programs.add_member, programs.appoint_lead), start=1):
        join(**who)
        programs.remove_member(**who)
        assert len(told()) == times


@pytest.mark.parametrize("restricted", [True, False])
def test_who_leaves_a_restricted_program_sees_it_no_longer(world, reader, restricted):
    remove(world, reader, restricted)
    assert len(told()) == restricted and Condition.objects.left_behind().exists() is restricted


def test_a_signer_of_its_route_sees_to_a_condition_of_a_restricted_program_without_belonging_to_it(world, owner):
    remove(world, owner)
    assert told() == [] and reminded(world) == 0 and not Condition.objects.left_behind().exists()


def remove(world, person, restricted=True):
    Program.objects.update(restricted=restricted)
    program = Program.objects.get()
    ProgramMember.objects.create(organization=program.organization, program=program, membership=person)
    programs.remove_member(member=member(world, "admin"), program=program, membership=person)


@pytest.mark.parametrize(
    "settle",
    [
        lambda review: review.conditions.update(state="done"),
        lambda review: Review.objects.filter(pk=review.pk).update(state="superseded"),
        lambda review: review.conditions.update(owner=None),
    ],
)
def test_where_nothing_is_left_to_do_nobody_is_told(world, owner, settle):
    settle(world.review)
    deactivate(world, owner)
    assert told() == [] and reminded(world) == 0


def test_the_lead_hears_of_it_before_the_approval_that_it_would_hold_up(db):
    world = decided_world()
    submit(world)
    deactivate(world, world.people["rater"])
    [one] = told()
    assert one.url == f"/reviews/{world.review.uuid}/approval/"


def test_what_happened_while_nobody_led_is_told_to_who_leads_next(world, owner):
    link = ProgramMember.objects.get(program=world.program, is_lead=True)
    Membership.objects.filter(pk=link.membership_id).update(is_active=False)
    deactivate(world, owner)
    assert told() == [] and reminded(world) == 0
    ProgramMember.objects.filter(pk=link.pk).update(membership=world.people["second"])
    assert reminded(world) == 1 and told()[0].membership == world.people["second"]


def test_a_lead_who_is_the_admin_hears_of_what_their_own_act_leaves_behind(world, owner):
    ProgramMember.objects.filter(program=world.program, is_lead=True).update(membership=world.people["admin"])
    deactivate(world, owner)
    assert [one.membership for one in told()] == [world.people["admin"]]


def test_a_round_asks_no_more_for_many_who_left_than_for_one(world, owner):
    deactivate(world, owner)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            reminders.remind_in(world.program.organization_id, DAY)
        return len(queries)

    few = asked()
    row = world.review.conditions.get()
    for at in range(5):
        gone = MembershipFactory(organization=world.program.organization)
        row.pk, row.uuid, row.key, row.owner = None, gone.uuid, f"more-{at}", gone
        row.save()
        deactivate(world, gone)
    assert len(told()) == 6 and asked() == few
    assert Condition.objects.left_behind().count() == 6
