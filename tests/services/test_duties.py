"""MA-3: whoever rated, agreed values, submitted or signed decides nothing, by whatever path the right came to them.

Each duty is tried by each path, when the grant is asked for and, where the right is lost in between, when the
signature is written.
"""

import itertools

import pytest
from django.db import transaction

from accounts import people
from accounts.models import MembershipFunction, Notification
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import DoneAlready, Invalid, WrongState
from assessments.models import (
    ApprovalStep,
    Delegation,
    ProgramMember,
    ProposedDecision,
    Review,
    Signature,
    StepReassignment,
    duties,
)
from assessments.scoring import framework_route
from assessments.services import approvals, reconciling, rerouting, routes, signing
from assessments.views.duty_words import DID
from tests.api.conftest import Caller, token_of
from tests.factories import PASSWORD, MembershipFactory
from tests.pages.test_approval import address, client_of
from tests.rights.reviews import sign
from tests.services.decided import BLOCKED, OTHER, decided_world, member, submit
from tests.services.test_signing import amend, bound, functional_signed, step_of
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db

# Who carries which duty in the world below, once both functions have signed: `second` rated for QA and signed.
DUTIES = {
    "submitted": "lead",
    "rated": "rater",
    "signed a functional step": "second",
    "recorded an agreed value": "recorder",
    "recorded one that was taken back": "once_recorder",
}


def agreed(world):
    """Two more leads each record an agreed value, and one of the two is taken back."""
    for role, criterion in (("recorder", "lot_cost"), ("once_recorder", "first_lot")):
        world.people[role] = MembershipFactory(organization=world.program.organization, with_roles=["assessor"])
        common = {"program": world.program, "organization": world.program.organization}
        ProgramMember.objects.create(membership=world.people[role], is_lead=True, **common)
        cell = {"review_id": world.review.pk, "criterion_key": criterion, "option_key": BLOCKED}
        reconciling.agree(member=member(world, role), value="3", note="As the table says.", **cell)
    reconciling.take_back(member=member(world, "lead"), seen_version=1, **cell)
    compute(world.review)
    world.review.refresh_from_db()


def signed_world():
    world = decided_world()
    agreed(world)
    world.more["submission"] = submit(world)
    functional_signed(world)
    return world


begun, world = shared(signed_world)


def made_approver(world, who):
    """By a role change: an admin makes the person an approver."""
    people.grant_role(actor=member(world, "admin"), membership_id=world.people[who].pk, role="approver")


def grant_refused(world, who):
    step = step_of(world, "executive")
    with pytest.raises(NotAllowed, match="someone else"):
        signing.grant_to_sign(member=member(world, who), step_id=step.pk, password=PASSWORD, bound_to=bound(step))


def nothing_decided(world):
    assert Review.objects.get(pk=world.review.pk).state == "in_approval"
    assert not Signature.objects.filter(step=step_of(world, "executive")).exists()


# -- the paths ----------------------------------------------------------------------------------------------------


def by_role_change(world, who):
    made_approver(world, who)
    grant_refused(world, who)


def by_the_page(world, who):
    made_approver(world, who)
    step = step_of(world, "executive")
    client = client_of(world, who)
    given = {"step": step.uuid, "bound": bound(step), "meaning": "approved", "password": PASSWORD}
    assert client.post(address(world, "review_sign"), given).status_code == 403
    page = client.get(address(world)).content.decode()
    assert "Your password" not in page and "Amend…" not in page


def by_the_api(world, who):
    made_approver(world, who)
    step = step_of(world, "executive")
    # A grant as it would lie there had one been given.
    token = f"stolen-or-forged-{who}"
    signing.SigningGrant.objects.create(
        organization=step.organization,
        membership=world.people[who],
        digest=signing.sha256_of(token),
        bound_to=signing.bound_in(bound(step), None),
        expires_at=signing.database_now() + signing.GOOD_FOR,
    )
    caller = Caller(token_of(world.people[who]))
    body = {"action": "sign", "step": str(step.uuid), "meaning": "approved", "grant": token}
    assert caller.post(f"reviews/{world.review.uuid}/transitions/", body).status_code == 403


def by_delegation(world, who):
    made_approver(world, who)
    today = routes.today_in(world.program.organization)
    # As if it had been given before the duty arose: giving it now is refused (test_delegations).
    Delegation.objects.create(
        organization=world.program.organization,
        giver=world.people["approver"],
        taker=world.people[who],
        first_day=today,
        last_day=today,
        created_by=world.people["approver"],
    )
    step = step_of(world, "executive")
    grant_refused(world, who)
    with pytest.raises(NotAllowed, match="someone else"), transaction.atomic():
        approvals.sign(
            member=member(world, who),
            step_id=step.pk,
            grant="",
            meaning="approved",
            on_behalf_of=world.people["approver"],
        )
    assert not approvals.steps_waiting_for(member(world, who)).exists()


def by_letting_somebody_else_sign(world, who):
    """The other way round: the person under the duty delegates to somebody who is free of it."""
    made_approver(world, who)
    today = routes.today_in(world.program.organization)
    Delegation.objects.create(
        organization=world.program.organization,
        giver=world.people[who],
        taker=world.people["second_approver"],
        first_day=today,
        last_day=today,
        created_by=world.people[who],
    )
    step = step_of(world, "executive")
    verdict = permissions.can_sign_for(member(world, "second_approver"), member(world, who), step)
    assert "could not sign this step" in verdict.reason


def by_reassigning(world, who):
    made_approver(world, who)
    with pytest.raises(NotAllowed, match="cannot take this step over"), transaction.atomic():
        rerouting.reassign(
            member=member(world, "admin"),
            step_id=step_of(world, "executive").pk,
            party_key="role:approver",
            person=world.people[who],
            reason="The approver is away.",
        )
    assert not StepReassignment.objects.exists()


def by_a_change_of_function(world, who):
    """The executive step asks for a function, and the person gets it."""
    made_approver(world, who)
    step = step_of(world, "executive")
    organization = world.program.organization
    finance = organization.functions.get(key="finance")
    step.parties.create(organization=organization, function=finance)
    people.set_functions(actor=member(world, "admin"), membership_id=world.people[who].pk, functions=("finance",))
    grant_refused(world, who)


def by_being_named(world, who):
    made_approver(world, who)
    step = step_of(world, "executive")
    step.parties.create(organization=step.organization, membership=world.people[who])
    grant_refused(world, who)


def as_admin(world, who):
    """Every role at once is no way round."""
    for role in ("admin", "auditor", "viewer", "approver"):
        people.grant_role(actor=member(world, "admin"), membership_id=world.people[who].pk, role=role)
    grant_refused(world, who)


def by_amending_or_ending(world, who):
    made_approver(world, who)
    person, review = member(world, who), world.review.pk
    for act in (
        lambda: amend(world, member=person, option_key=OTHER),
        lambda: approvals.reject(member=person, review_id=review, reason="Because."),
        lambda: approvals.return_review(member=person, review_id=review, reason="Because."),
        lambda: approvals.ask_question(member=person, review_id=review, question="Why?"),
    ):
        with pytest.raises(NotAllowed), transaction.atomic():
            act()
    assert ProposedDecision.objects.count() == 1


PATHS = (
    by_role_change,
    by_the_page,
    by_the_api,
    by_delegation,
    by_letting_somebody_else_sign,
    by_reassigning,
    by_a_change_of_function,
    by_being_named,
    as_admin,
    by_amending_or_ending,
)


def test_ma_3_no_path_leads_round_a_duty(world):
    for duty, path in itertools.product(DUTIES, PATHS):
        with transaction.atomic():
            path(world, DUTIES[duty])
            nothing_decided(world)
            transaction.set_rollback(True)  # each path from the same world


def test_the_paths_are_open_to_who_carries_no_duty(world):
    """The control: what was refused above was refused for the duty."""
    assert permissions.can_sign(member(world, "second_approver"), step_of(world, "executive"))
    rerouting.reassign(
        member=member(world, "admin"),
        step_id=step_of(world, "executive").pk,
        party_key="role:approver",
        person=world.people["second_approver"],
        reason="The approver is away.",
    )
    with pytest.raises(NotAllowed, match="does not name you"), transaction.atomic():
        sign(member(world, "approver"), step_of(world, "executive"))
    sign(member(world, "second_approver"), step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).state == "approved"


# -- what the route says otherwise ---------------------------------------------------------------------------------


def test_the_criteria_name_the_duties_that_are_asked_about():
    """The engine imports nothing of ours, so the words stand there a second time."""
    assert framework_route.DUTIES == duties.ALL == tuple(DID)


def may_sign(world, who):
    """Asked of one person and of the steps that wait for them: both must say the same."""
    step = step_of(world, "executive")
    verdict = bool(permissions.can_sign(member(world, who), step))
    assert verdict == ApprovalStep.objects.waiting_for(member(world, who)).filter(pk=step.pk).exists()
    assert verdict == (world.people[who] in routes.still_missing(step))
    return verdict


def test_unless_the_route_says_so(world):
    for who in DUTIES.values():
        made_approver(world, who)
    steps = ApprovalStep.objects.filter(pk=step_of(world, "executive").pk)
    # `rater` and `second` rated and signed: either is enough to keep them away.
    opens = {
        (): set(),
        ("rated",): {"recorder", "once_recorder"},
        ("submitted",): {"lead"},
        ("signed",): set(),
        ("rated", "signed"): {"rater", "second", "recorder", "once_recorder"},
    }
    for despite, able in opens.items():
        steps.update(despite=list(despite))
        assert {who for who in DUTIES.values() if may_sign(world, who)} == able, despite
    sign(member(world, "second"), step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).state == "approved"


def test_who_amends_may_sign_what_they_amended_and_counts_once(world):
    ApprovalStep.objects.filter(pk=step_of(world, "executive").pk).update(rule="at_least", at_least=2)
    amend(world, member=member(world, "approver"), option_key=OTHER)
    sign(member(world, "approver"), step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).state == "in_approval"
    with pytest.raises(DoneAlready, match="You signed Executive decision already"), transaction.atomic():
        sign(member(world, "approver"), step_of(world, "executive"))
    sign(member(world, "second_approver"), step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).decision.proposed_decision.author == world.people["approver"]


# -- lost between the grant and the signature ---------------------------------------------------------------------


def _lose_the_role(world):
    people.revoke_role(actor=member(world, "admin"), membership_id=world.people["approver"].pk, role="approver")


def _lose_access(world):
    people.deactivate_member(actor=member(world, "admin"), membership_id=world.people["approver"].pk)


def _lose_the_account(world):
    type(world.people["approver"].user).objects.filter(pk=world.people["approver"].user_id).update(is_active=False)


def _lose_the_place(world):
    rerouting.reassign(
        member=member(world, "lead"),
        step_id=step_of(world, "executive").pk,
        party_key="role:approver",
        person=world.people["second_approver"],
        reason="The approver is away.",
    )


def _become_one_who_submitted(world):
    type(world.more["submission"]).objects.create(
        organization=world.program.organization,
        review=world.review,
        number=9,
        record="{}",
        sha256="0" * 64,
        revision=world.more["submission"].revision,
        scorecard=world.more["submission"].scorecard,
        submitted_by=world.people["approver"],
    )


@pytest.mark.parametrize(
    "lose",
    [_lose_the_role, _lose_access, _lose_the_account, _lose_the_place, _become_one_who_submitted],
    ids=lambda lose: lose.__name__,
)
def test_ma_3_what_is_lost_between_grant_and_signature_is_lost(world, lose):
    step = step_of(world, "executive")
    approver = member(world, "approver")
    grant = signing.grant_to_sign(member=approver, step_id=step.pk, password=PASSWORD, bound_to=bound(step))
    lose(world)
    with pytest.raises(NotAllowed), transaction.atomic():
        approvals.sign(member=approver, step_id=step.pk, grant=grant, meaning="approved")
    assert not Signature.objects.filter(step=step).exists()


# -- reassigning --------------------------------------------------------------------------------------------------


def reassign(world, by="lead", to="assessor", party="function:cmc", reason="CMC is away.", kind="functional"):
    return rerouting.reassign(
        member=member(world, by),
        step_id=step_of(world, kind).pk,
        party_key=party,
        person=world.people[to],
        reason=reason,
    )


@pytest.fixture
def fresh():
    world = decided_world()
    world.more["submission"] = submit(world)
    return world


@pytest.mark.parametrize("by", ["rater", "assessor", "viewer", "approver", "auditor", "stranger"])
def test_only_lead_and_admin_reassign(fresh, by):
    with pytest.raises(NotAllowed), transaction.atomic():
        reassign(fresh, by=by)
    assert not StepReassignment.objects.exists()


def test_nobody_reassigns_to_themselves_to_a_stranger_or_without_a_reason(fresh):
    for changed in ({"to": "lead"}, {"by": "admin", "to": "admin"}, {"to": "stranger"}, {"to": "nobody"}):
        with pytest.raises(NotAllowed), transaction.atomic():
            reassign(fresh, **changed)
    for reason in ("  ", "x" * 4001):
        with pytest.raises(Invalid) as refusal, transaction.atomic():
            reassign(fresh, reason=reason)
        assert [one["field"] for one in refusal.value.problems] == ["reason"]
    with pytest.raises(Invalid, match="The step names no place 'function:finance'"), transaction.atomic():
        reassign(fresh, party="function:finance")
    assert not StepReassignment.objects.exists()
    assert ApprovalStep.objects.get(pk=step_of(fresh).pk).parties.count() == 2


def test_all_who_speak_for_the_function_are_told_that_it_waits_for_them_no_more(fresh):
    function = step_of(fresh).parties.get(function__key="cmc").function
    colleague = MembershipFactory(organization=fresh.program.organization, with_roles=["assessor"])
    MembershipFunction.objects.create(organization=function.organization, membership=colleague, function=function)
    row = reassign(fresh)
    told = set(Notification.objects.filter(kind="step_reassigned").values_list("membership", flat=True))
    assert row.former_function == function
    assert {fresh.people["rater"].pk, colleague.pk, fresh.people["assessor"].pk} <= told
    assert fresh.people["second"].pk not in told


def test_what_was_signed_is_not_given_away(fresh):
    sign(member(fresh, "rater"), step_of(fresh))
    with pytest.raises(WrongState, match="has signed"), transaction.atomic():
        reassign(fresh)


def test_a_reassigned_place_is_signed_by_its_new_person_alone(fresh):
    reassign(fresh)
    with pytest.raises(NotAllowed), transaction.atomic():
        sign(member(fresh, "rater"), step_of(fresh))
    sign(member(fresh, "assessor"), step_of(fresh))
    sign(member(fresh, "second"), step_of(fresh))
    assert step_of(fresh).state == "done"
    page = client_of(fresh, "viewer").get(address(fresh)).content.decode()
    assert f"reassigned to {fresh.people['assessor'].name} in place of CMC" in page and "CMC is away." in page


def test_the_lead_reminds_once_a_day_those_who_have_yet_to_sign(fresh):
    step = step_of(fresh)
    sign(member(fresh, "second"), step)
    with pytest.raises(NotAllowed), transaction.atomic():
        rerouting.remind(member=member(fresh, "rater"), step_id=step.pk)
    assert rerouting.remind(member=member(fresh, "lead"), step_id=step.pk) == [fresh.people["rater"]]
    with pytest.raises(WrongState, match="reminded already"), transaction.atomic():
        rerouting.remind(member=member(fresh, "lead"), step_id=step.pk)
    with pytest.raises(WrongState), transaction.atomic():
        rerouting.remind(member=member(fresh, "lead"), step_id=step_of(fresh, "executive").pk)
