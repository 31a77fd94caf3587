"""The rules of a route, over every combination of parties and signatures; and the day that a step is due."""

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership, MembershipFunction, Organization, RoleGrant
from assessments.models import ApprovalParty, ApprovalStep, Review, Signature
from assessments.services import reviews, routes
from tests.pages.test_approval import address, client_of, text_of
from tests.rights.reviews import sign
from tests.rights.world import make_world
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of

LONG_AGO = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ROLES = ("approver", "admin")


def person(key, *held):
    """A membership with its roles at hand; nothing of it is stored."""
    made = Membership(pk=key)
    made._prefetched_objects_cache = {
        "grants": [RoleGrant(role=role, granted_at=LONG_AGO, revoked_at=None) for role in held]
    }
    return made


PEOPLE = [person(1), person(2, "approver"), person(3, *ROLES), person(4, "admin")]


def party(kind, key):
    if kind == "function":
        return ApprovalParty(function_id=key)
    return ApprovalParty(membership_id=key) if kind == "person" else ApprovalParty(role=key)


def signature(signer, function=None, giver=None):
    return Signature(membership=signer, function_id=function, on_behalf_of=giver, at=LONG_AGO)


parties = st.lists(
    st.one_of(
        st.tuples(st.just("function"), st.integers(11, 13)),
        st.tuples(st.just("person"), st.integers(1, 4)),
        st.tuples(st.just("role"), st.sampled_from(ROLES)),
    ),
    min_size=1,
    max_size=5,
    unique=True,
).map(lambda named: [party(*one) for one in named])
signatures = st.lists(
    st.builds(
        signature,
        st.sampled_from(PEOPLE),
        st.sampled_from([None, 11, 12, 13]),
        st.sampled_from([None, *PEOPLE[:2]]),
    ),
    max_size=6,
)


def steps(rule, least=None):
    return ApprovalStep(rule=rule, at_least=least)


@given(parties, signatures)
def test_all_wants_every_party_and_any_wants_one(named, signed):
    left = routes.unsigned(steps("all"), named, signed)
    assert routes.fulfilled(steps("all"), named, signed) == (not left)
    assert routes.fulfilled(steps("any"), named, signed) == bool(signed)
    for one in named:
        if one.function_id:
            assert (one in left) == all(given.function_id != one.function_id for given in signed)
        if one.membership_id:
            assert (one in left) == all(routes.signer_of(given) != one.membership_id for given in signed)


@given(parties, signatures, st.integers(1, 4))
def test_at_least_counts_people_who_signed_not_signatures(named, signed, least):
    people = {given.membership_id for given in signed}
    assert routes.fulfilled(steps("at_least", least), named, signed) == (len(people) >= least)


@given(parties, signatures, signatures)
def test_a_further_signature_never_makes_a_step_less_complete(named, signed, more):
    for step in (steps("all"), steps("any"), steps("at_least", 2)):
        if routes.fulfilled(step, named, signed):
            assert routes.fulfilled(step, named, [*signed, *more])


@given(parties, signatures)
def test_the_order_of_signatures_and_parties_does_not_matter(named, signed):
    left = {routes_key(one) for one in routes.unsigned(steps("all"), named, signed) if not one.role}
    turned = {routes_key(one) for one in routes.unsigned(steps("all"), named[::-1], signed[::-1]) if not one.role}
    assert left == turned
    assert routes.fulfilled(steps("all"), named, signed) == routes.fulfilled(steps("all"), named[::-1], signed[::-1])


def routes_key(one):
    return (one.function_id, one.membership_id, one.role)


def test_two_roles_want_two_people_of_whom_each_holds_one():
    both = [party("role", role) for role in ROLES]
    plain, approver, holds_both, admin = PEOPLE
    for count in range(3):
        for signers in itertools.combinations(PEOPLE, count):
            done = routes.fulfilled(steps("all"), both, [signature(one) for one in signers])
            expected = [approver, holds_both, admin]
            assert done == (count == 2 and plain not in signers and all(one in expected for one in signers)), signers
    assert not routes.fulfilled(steps("all"), both, [signature(holds_both)])


# -- whom a route names before it is walked -------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_approver_reads_before_approval_what_the_route_will_ask_them_to_sign():
    world = make_world()
    review = reviews.open_review(member=member(world, "lead"), program=world.program, question="Where?")
    Review.objects.filter(pk=review.pk).update(criteria_version=world.draft_version)
    world.review = review
    approver, viewer = world.people["approver"], world.people["viewer"]
    MembershipFunction.objects.create(
        organization=approver.organization,
        membership=approver,
        function=approver.organization.functions.get(key="finance"),
    )
    steps = world.draft_version.routestep_rows
    steps.filter(key="functional").update(definition={"kind": "functional", "functions": ["qa"]})
    address_of_approver = approver.user.email
    for named, sees in (
        ({"role": "approver"}, True),
        ({"roles": ["auditor", "approver"]}, True),
        ({"people": [address_of_approver.upper()]}, True),
        ({"functions": ["finance"]}, True),
        ({"role": "auditor"}, False),
        ({"roles": ["auditor"]}, False),
        ({"people": [f"x{address_of_approver}", f"{address_of_approver}.org"]}, False),
        ({"functions": ["cmc"]}, False),
    ):
        steps.filter(key="executive").update(definition={"kind": "executive"} | named)
        assert Review.objects.visible_to(member(world, "approver")).filter(pk=review.pk).exists() is sees, named
        assert client_of(world, "approver").get(address(world)).status_code == (200 if sees else 404), named
    steps.filter(key="executive").update(definition={"kind": "executive", "people": [viewer.user.email]})
    assert not Review.objects.visible_to(member(world, "viewer")).exists(), "being named opens it to approvers alone"


# -- when a step is due ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_a_step_is_due_so_many_days_after_it_opened_where_the_organization_is(zone):
    world = decided_world()
    Organization.objects.filter(pk=world.program.organization_id).update(time_zone=zone)
    world.review = Review.objects.get(pk=world.review.pk)
    submit(world)
    organization = Organization.objects.get(pk=world.program.organization_id)
    today = routes.today_in(organization)
    assert step_of(world).due_on == today + datetime.timedelta(days=5)
    assert step_of(world, "executive").due_on is None
    functional_signed(world)
    assert step_of(world, "executive").due_on == today + datetime.timedelta(days=5)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "least", "words", "then"),
    [
        ("any", None, "one of them signs", "done"),
        ("all", None, "each of them signs", "waiting for QA:"),
        ("at_least", 2, "at least 2 sign", "waiting for 1 more (CMC: nobody can sign now; QA:"),
    ],
)
def test_the_page_says_the_rule_whom_it_waits_for_and_how_late_it_is(rule, least, words, then):
    world = decided_world()
    submit(world)
    step = step_of(world)
    late = routes.today_in(step.organization) - datetime.timedelta(days=2)
    ApprovalStep.objects.filter(pk=step.pk).update(rule=rule, at_least=least, due_on=late)
    said = text_of(client_of(world, "viewer").get(address(world)))
    assert words in said and "2 days overdue" in said and "open since" in said
    assert {person.name for person in routes.still_missing(step_of(world))} == {
        world.people[role].name for role in ("rater", "second", "lead")
    }
    sign(member(world, "rater"), step_of(world))
    said = text_of(client_of(world, "viewer").get(address(world)))
    assert then in said
    if rule == "any":
        assert routes.still_missing(step_of(world)) == []
    else:
        missing = {person.name for person in routes.still_missing(step_of(world))}
        assert missing == {world.people[role].name for role in ("second", "lead")}
