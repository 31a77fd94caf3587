"""Who can see to a thing of a program: one answer, whether it is asked of one person or of many, and wherever it is asked."""

import datetime
from itertools import product

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, MembershipFunction, Organization, RoleGrant, User
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Invalid, Missing
from assessments.forms.approval import people_of
from assessments.models import Condition, Delegation, Program, ProgramMember, Review, Tripwire, seeing_to
from assessments.services import condition_states, deciding, routes, submissions, tripwires
from tests.factories import MembershipFactory
from tests.rights.reviews import sign
from tests.services.decided import FIRST, assigned, decided_world, member, submit, submitted_world
from tests.services.test_signing import functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)

begun, world = shared(submitted_world)


def delegate(giver, taker, first=0, last=0, **changed):
    today = routes.today_in(giver.now().organization)
    Delegation.objects.create(
        organization=giver.organization, giver=giver, taker=taker, created_by=giver, first_day=today + first * DAY,
        last_day=today + last * DAY, **changed,
    )  # fmt: skip


def everybody(world):
    """Everyone of the world, and people of every other kind."""
    organization, program = world.program.organization, world.program
    people = {role: one for role, one in world.people.items() if role != "stranger"}

    def another(name, *roles, **given):
        people[name] = MembershipFactory(organization=organization, with_roles=roles, **given)
        return people[name]

    Membership.objects.filter(pk=people["deactivated"].pk).update(is_active=False)
    User.objects.filter(pk=another("without an account", "viewer").user_id).update(is_active=False)
    RoleGrant.objects.filter(membership=another("without a role", "viewer")).update(revoked_at=program.created_at)
    belongs = another("of the program", "viewer"), another("auditor of the program", "auditor")
    belongs += (another("of the program, without a role"), another("of the program, gone", "viewer", is_active=False))
    for person in belongs:
        ProgramMember.objects.create(organization=organization, program=program, membership=person)
    named = another("named by the route", "viewer")
    step_of(world).parties.create(organization=organization, membership=named)
    speaks = another("speaks, without a role")
    MembershipFunction.objects.create(
        organization=organization, membership=speaks, function=organization.functions.get(key="qa")
    )
    gone = another("an approver who is gone", "approver", is_active=False)
    for name, giver, given in (
        ("for the named", named, {}),
        ("for a function", people["rater"], {}),
        ("for a role", people["approver"], {}),
        ("for nobody of it", people["viewer"], {}),
        ("for one who is gone", gone, {}),
        ("from tomorrow", named, {"first": 1, "last": 2}),
        ("until yesterday", named, {"first": -2, "last": -1}),
        ("no longer", named, {"revoked_at": program.created_at}),
    ):
        delegate(giver, another(name, "viewer"), **given)
    return {name: person.now() for name, person in people.items()}


# At any moment these two are on different days.
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_one_person_and_everybody_are_answered_alike(world, zone):
    Organization.objects.filter(pk=world.program.organization_id).update(time_zone=zone)
    world.program.organization.refresh_from_db()
    people = everybody(world)
    row = world.review.conditions.get()
    wire = Tripwire.objects.create(
        organization=row.organization, review=world.review, key="w", field="wait", comparison="gt", threshold=9
    )
    seen = set()
    for restricted, state in product((False, True), ("in_approval", "approved")):
        Program.objects.filter(pk=world.program.pk).update(restricted=restricted)
        Review.objects.filter(pk=world.review.pk).update(state=state)
        program = Program.objects.get(pk=world.program.pk)
        able = set(seeing_to.able(program))
        assert set(people_of(Review.objects.select_related("program").get(pk=world.review.pk))) == able
        for name, person in people.items():
            Condition.objects.filter(pk=row.pk).update(owner=person)
            verdict = permissions.can_see_to(person, program)
            why = Condition.objects.with_gone().get(pk=row.pk).gone
            assert verdict.reason == (f"{person.name} {why}." if why else ""), (name, restricted, state)
            assert bool(verdict) is (person in able) is not Condition.objects.left_behind().exists(), name
            assert Condition.objects.get(pk=row.pk).gone == why
            Tripwire.objects.filter(pk=wire.pk).update(owner=person)
            assert Tripwire.objects.with_gone().get().gone == why == Tripwire.objects.get().gone
            visible = Program.objects.visible_to(person).filter(pk=program.pk).exists()
            assert bool(verdict) is (person.is_here and visible)
            seen.add((restricted, state, why))
        assert not able - set(people.values()), "nobody of another organization"
    words = ("", seeing_to.LEFT, seeing_to.WITHOUT_ROLE, seeing_to.SHUT_OUT)
    assert {one for one in seen if one[0]} == set(product((True,), ("in_approval", "approved"), words))
    assert permissions.can_see_to(people["for a role"], program) and permissions.can_see_to(people["approver"], program)
    assert not permissions.can_see_to(people["from tomorrow"], program)


def test_a_condition_that_is_done_or_nobodys_has_nobody_who_is_gone(world):
    Membership.objects.filter(pk=world.people["rater"].pk).update(is_active=False)
    row = world.review.conditions.get()
    assert row.gone == "left"
    for changed in ({"state": "done"}, {"owner": None}):
        Condition.objects.update(**changed)
        assert Condition.objects.get().gone == "" and not Condition.objects.left_behind().exists()


def test_a_tripwire_that_nobody_is_named_to_watch_has_nobody_who_is_gone(world):
    Tripwire.objects.create(
        organization=world.program.organization,
        review=world.review,
        key="w",
        field="wait",
        comparison="gt",
        threshold=9,
    )
    assert Tripwire.objects.with_gone().get().gone == "" and not Tripwire.objects.get().owner_left


def loses_every_role(world, person):
    RoleGrant.objects.filter(membership=person).update(revoked_at=world.program.created_at)
    return "holds no role"


def is_shut_out(world, person):
    """Of a restricted program, whose people the others stay."""
    for other in ("lead", "approver", "second"):
        ProgramMember.objects.get_or_create(
            organization=person.organization, program=world.program, membership=world.people[other]
        )
    Program.objects.filter(pk=world.program.pk).update(restricted=True)
    return "may not see the program"


def is_deactivated(world, person):
    Membership.objects.filter(pk=person.pk).update(is_active=False)
    return "left"


GONE = pytest.mark.parametrize("going", [is_deactivated, loses_every_role, is_shut_out])


@GONE
def test_nobody_who_cannot_see_to_it_is_chosen_for_a_condition_and_one_who_cannot_any_more_holds_it_up(going):
    world = decided_world()
    owner = world.people["viewer"]
    words = going(world, owner)
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        submit(world, conditions=assigned(world, "viewer"))
    [one] = refusal.value.problems
    said = f"{owner.name} {words}. Choose somebody who can see to it."
    assert (one["field"], one["message"]) == ("owner", said)
    assert not Condition.objects.exists()
    submit(world, conditions=assigned(world, "second"))
    Condition.objects.update(owner=owner)
    functional_signed(world)
    with pytest.raises(Missing) as held, transaction.atomic():
        sign(member(world, "approver"), step_of(world, "executive"))
    assert held.value.things == deciding.holding_up(world.review)
    said = f"This condition lacks an owner who can see to it ({owner.name} {words})."
    assert [thing["message"] for thing in held.value.things] == [said]
    world.review.refresh_from_db()
    assert world.review.state == "in_approval"


@GONE
def test_a_submission_names_who_cannot_see_to_a_condition_any_more(going):
    world = decided_world()
    submit(world, conditions=assigned(world, "viewer"))
    Review.objects.filter(pk=world.review.pk).update(state="reconciling")
    world.review.refresh_from_db()
    words = going(world, world.people["viewer"])
    found = submissions.check_submission(world.review, submitter=member(world, "lead"))
    found = [one for one in found if one.code == "condition"]
    assert [one.message for one in found] == [
        f"This condition lacks an owner who can see to it ({world.people['viewer'].name} {words})."
    ]


@GONE
def test_who_owns_a_condition_and_can_no_longer_see_to_it_neither_moves_it_nor_hands_it_over(world, going):
    row, owner = world.review.conditions.get(), world.people["viewer"]
    Condition.objects.update(owner=owner)
    Review.objects.filter(pk=world.review.pk).update(state="approved")
    words = going(world, owner)
    for act in (
        lambda: condition_states.move(member=owner, condition_id=row.pk, state="done", note="Done."),
        lambda: condition_states.hand_over(member=owner, condition_id=row.pk, owner=world.people["lead"], reason="So."),
    ):
        with pytest.raises(NotAllowed), transaction.atomic():
            act()
    given = {"member": member(world, "lead"), "condition_id": row.pk, "reason": "She is gone."}
    Condition.objects.update(owner=world.people["second"])
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        condition_states.hand_over(**given, owner=owner)
    assert f"{owner.name} {words}." in refusal.value.problems[0]["message"]
    Condition.objects.update(owner=owner)
    taken = condition_states.hand_over(**given, owner=world.people["second"])
    assert taken.owner == world.people["second"] and not taken.owner_left
    assert not Condition.objects.left_behind().exists()


@GONE
def test_a_tripwire_keeps_an_owner_who_is_gone_and_nobody_who_is_gone_gets_one(going):
    world = decided_world()
    lead, gone, other = (world.people[role] for role in ("lead", "viewer", "assessor"))

    def put(**entry):
        with transaction.atomic():
            return tripwires.set_tripwire(member=lead.now(), review_id=world.review.pk, **entry)

    wire = {"field": "wait", "option": FIRST, "comparison": "gt"}
    row = put(**wire, threshold=9, owner=gone)
    words = going(world, gone)
    going(world, other)
    row = put(key=row.key, comparison="gt", threshold=8, owner=gone.uuid, version=row.version)
    assert (row.threshold, row.owner) == (8, gone)
    with pytest.raises(Invalid) as refusal:
        put(key=row.key, comparison="gt", threshold=7, owner=other.uuid, version=row.version)
    assert f"{other.name} {words}." in refusal.value.problems[0]["message"]
    row = put(key=row.key, comparison="gt", threshold=7, owner=None, version=row.version)
    with pytest.raises(Invalid):
        put(key=row.key, comparison="gt", threshold=7, owner=gone, version=row.version)
    assert Tripwire.objects.get().owner is None


def test_what_holds_a_signature_up_is_asked_in_as_many_queries_for_many_conditions(world):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            found = deciding.holding_up(world.review)
        return len(queries), len(found)

    Condition.objects.update(owner=world.people["nobody"])
    few, held = asked()
    row = world.review.conditions.get()
    for at in range(5):
        row.pk, row.uuid, row.key = None, MembershipFactory(organization=world.program.organization).uuid, f"more-{at}"
        row.save()
    assert held == 1 and asked() == (few, 6)
