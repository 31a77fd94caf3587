"""An open step that nobody can complete: who could sign is known, and the leads are told once, by whatever way it came."""

import datetime
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import people
from accounts.models import Membership, MembershipFunction, Notification, NotificationSetting, Outbound
from assessments import permissions
from assessments.errors import WrongState
from assessments.models import ApprovalParty, ApprovalStep, Program, ProgramMember, Review
from assessments.services import approvals, programs, reminders, rerouting, routes
from assessments.services.able_to_sign import Able, held_alone_by, stuck
from tests.factories import MembershipFactory
from tests.pages.test_approval import address, client_of, text_of
from tests.rights.reviews import sign
from tests.services.decided import decided_world, member, submit
from tests.services.test_signing import step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 2, 2)  # long before anything is due
# Those of the functional step, and those of the executive one.
EXCEPTIONS = (
    ([], []),
    (["signed"], []),
    ([], ["rated"]),
    ([], ["submitted"]),
    (["signed"], ["rated", "submitted", "signed"]),
)
STAYS = "It stays open until"


def waiting_world():
    """In approval; CMC is signed for, and one person who is no lead speaks for QA."""
    world = decided_world()
    lead = world.people["lead"]
    submit(world)
    MembershipFunction.objects.filter(membership=lead).delete()
    sign(member(world, "rater"), step_of(world))
    return world


begun, world = shared(waiting_world)


@pytest.fixture
def only(world):
    return world.people["second"]


def told():
    return list(Notification.objects.filter(kind="step_stuck").order_by("pk"))


def reminded(world):
    return reminders.remind_in(world.program.organization_id, DAY)["step_stuck"]


def deactivate(world, person):
    people.deactivate_member(actor=member(world, "admin"), membership_id=person.pk)


def reactivate(world, person):
    people.reactivate_member(actor=member(world, "admin"), membership_id=person.pk)


def take_the_roles(world, person):
    for role in person.now().roles:
        people.revoke_role(actor=member(world, "admin"), membership_id=person.pk, role=role)


def leave_auditor_alone(world, person):
    people.grant_role(actor=member(world, "admin"), membership_id=person.pk, role="auditor")
    people.revoke_role(actor=member(world, "admin"), membership_id=person.pk, role="assessor")


def take_the_function(world, person):
    people.set_functions(actor=member(world, "admin"), membership_id=person.pk, functions=("finance",))


@pytest.mark.parametrize("loses", [deactivate, take_the_roles, leave_auditor_alone, take_the_function])
def test_the_lead_is_told_once_that_a_step_lost_whoever_alone_could_sign_it(world, only, loses):
    assert STAYS not in text_of(client_of(world, "lead").get(address(world)))
    loses(world, only)
    [one] = told()
    assert one.membership == world.people["lead"]
    assert one.title == "Nobody can sign now: Functional sign-off (MSC-1, Review 1)"
    assert one.body == (
        f"{only.name} was the last who could sign in the place of QA. The step stays open until you put somebody in that "
        "place: reassign it."
    )
    assert one.url == f"{address(world)}#reassign-functional"
    assert reminded(world) == 0 and told() == [one]
    page = client_of(world, "lead").get(one.url.split("#")[0])
    assert f"{STAYS} you put somebody in that place" in text_of(page)
    assert 'id="reassign-functional"' in page.content.decode()


def test_nobody_is_told_while_somebody_else_can_sign(world, only):
    qa = world.program.organization.functions.get(key="qa")
    MembershipFunction.objects.create(organization=qa.organization, membership=world.people["assessor"], function=qa)
    deactivate(world, only)
    assert told() == []
    deactivate(world, world.people["assessor"])
    assert [one.body.split(" was ")[0] for one in told()] == [world.people["assessor"].name]


def test_a_loss_that_keeps_nobody_from_signing_is_told_to_nobody(world, only):
    admin = member(world, "admin")
    people.grant_role(actor=admin, membership_id=only.pk, role="viewer")
    people.revoke_role(actor=admin, membership_id=only.pk, role="assessor")
    people.set_functions(actor=admin, membership_id=only.pk, functions=("qa", "finance"))
    people.set_functions(actor=admin, membership_id=only.pk, functions=("qa",))
    deactivate(world, world.people["rater"])  # signed already
    assert told() == []


def test_what_is_rolled_back_was_told_to_nobody(world, only):
    with transaction.atomic():
        deactivate(world, only)
        assert len(told()) == 1
        transaction.set_rollback(True)
    assert told() == [] and only.now().is_active


def test_who_comes_back_and_is_lost_again_is_told_of_again(world, only):
    for times in (1, 2, 3):
        deactivate(world, only)
        assert len(told()) == times and reminded(world) == 0
        reactivate(world, only)
        assert reminded(world) == 0


def test_whoever_takes_the_place_brings_the_step_on_and_is_told_of_when_they_are_lost_too(world, only):
    deactivate(world, only)
    taker = world.people["viewer"]
    rerouting.reassign(
        member=member(world, "lead"), step_id=step_of(world).pk, party_key="function:qa", person=taker, reason="Gone."
    )
    assert stuck(ApprovalStep.objects.all()) == [] and reminded(world) == 0
    assert STAYS not in text_of(client_of(world, "lead").get(address(world)))
    deactivate(world, taker)
    assert len(told()) == 2 and f"in the place of {taker.name}. " in told()[1].body


def test_who_leaves_a_restricted_program_still_signs_the_step_that_names_them(world, only):
    Program.objects.update(restricted=True)
    program = Program.objects.get()
    ProgramMember.objects.create(organization=program.organization, program=program, membership=only)
    programs.remove_member(member=member(world, "admin"), program=program, membership=only)
    assert told() == [] and reminded(world) == 0
    sign(only.now(), step_of(world))
    assert step_of(world).state == "done"


@pytest.mark.parametrize("state", ["returned", "signed"])
def test_where_the_step_is_not_open_nobody_is_told(world, only, state):
    if state == "returned":
        approvals.return_review(member=only.now(), review_id=world.review.pk, reason="Look again.")
    else:
        sign(only.now(), step_of(world))
    deactivate(world, only)
    assert told() == [] and reminded(world) == 0


def test_a_step_that_opens_when_nobody_can_sign_it_any_more_is_told_then(world, only):
    for role in ("approver", "second_approver"):
        deactivate(world, world.people[role])
    assert told() == []
    said = text_of(client_of(world, "lead").get(address(world)))
    assert "nobody can sign now" in said and STAYS in said
    sign(only.now(), step_of(world))
    [one] = told()
    assert one.body.startswith("Nobody can sign in the place of Approver.") and reminded(world) == 0


def test_a_number_of_signatures_is_lost_once_too_few_are_left(world):
    functional_signed_by_second(world)
    ApprovalStep.objects.filter(kind="executive").update(rule="at_least", at_least=2)
    third = MembershipFactory(organization=world.program.organization, with_roles=["approver"])
    deactivate(world, third)
    assert told() == []
    sign(member(world, "approver"), step_of(world, "executive"))
    deactivate(world, world.people["approver"])
    assert told() == [], "who signed is needed no more"
    deactivate(world, world.people["second_approver"])
    assert len(told()) == 1


def functional_signed_by_second(world):
    sign(member(world, "second"), step_of(world))


def test_what_happened_while_nobody_led_is_told_to_who_leads_next_and_an_admin_who_leads_hears_of_their_own_act(
    world, only
):
    link = ProgramMember.objects.get(program=world.program, is_lead=True)
    Membership.objects.filter(pk=link.membership_id).update(is_active=False)
    deactivate(world, only)
    assert told() == [] and reminded(world) == 0
    ProgramMember.objects.filter(pk=link.pk).update(membership=world.people["admin"])
    assert reminded(world) == 1
    reactivate(world, only)
    deactivate(world, only)
    assert [one.membership for one in told()] == [world.people["admin"]] * 2


def test_a_lead_chooses_how_to_hear_of_it(world, only):
    lead = world.people["lead"]
    NotificationSetting.objects.create(
        organization=lead.organization, membership=lead, kind="step_stuck", mail=NotificationSetting.Mail.NEVER
    )
    assert "Nobody can sign a step" in text_of(client_of(world, "lead").get("/people/me/notifications/"))
    deactivate(world, only)
    assert len(told()) == 1 and not Outbound.objects.filter(subject__contains="Nobody can sign").exists()


@pytest.mark.parametrize("others", [False, True])
def test_where_nobody_is_left_to_remind_the_lead_reads_who_brings_the_step_on(world, only, others):
    if others:
        ProgramMember.objects.create(
            organization=only.organization, program=world.program, membership=world.people["viewer"], is_lead=True
        )
    deactivate(world, only)
    who = f"you, {world.people['viewer'].name} or an admin" if others else "you or an admin"
    said = (
        f"There is nobody to remind: nobody could sign Functional sign-off now. To bring it on, {who} put somebody in that "
        "place: reassign it."
    )
    answer = client_of(world, "lead").post(address(world, "step_remind", key="functional"))
    assert answer.status_code == 409 and said in text_of(answer)
    assert not Notification.objects.filter(kind="step_reminder").exists()


def test_a_lead_who_alone_could_sign_is_told_to(world, only):
    lead, qa = world.people["lead"], world.program.organization.functions.get(key="qa")
    MembershipFunction.objects.create(organization=qa.organization, membership=lead, function=qa)
    deactivate(world, only)
    with pytest.raises(WrongState, match="nobody but you could sign Functional sign-off now. Sign it, or reassign it"):
        rerouting.remind(member=lead.now(), step_id=step_of(world).pk)


def everything(world):
    """Who can sign which open step, as it is read of all at once: those whose signature a step still waits for."""
    steps = list(
        ApprovalStep.objects.filter(review=world.review).prefetch_related(
            "parties__function", "parties__membership__user"
        )
    )
    given = routes.signatures_of(steps)
    counting = {step.pk: routes.counting_signatures(step) for step in steps}
    return steps, counting, Able(steps, [world.review], given, counting)


@pytest.mark.parametrize("signed", [(), ("second",), ("second", "approver")])
@pytest.mark.parametrize("rule", ["all", "any", "at_least"])
def test_who_can_sign_is_whom_the_rule_lets_for_every_person_step_and_exception(world, signed, rule):
    organization = world.program.organization
    others = [MembershipFactory(organization=organization, with_roles=["auditor"])]
    others += [MembershipFactory(organization=organization), MembershipFactory(organization=organization)]
    functions = {one.key: one for one in organization.functions.all()}
    for person, key in ((others[0], "qa"), (others[1], "cmc"), (world.people["approver"], "qa")):
        MembershipFunction.objects.create(organization=organization, membership=person, function=functions[key])
    for kind, place in (
        ("functional", {"role": "viewer"}),
        ("functional", {"membership": others[2]}),
        ("functional", {"membership": world.people["deactivated"]}),
        ("executive", {"function": functions["qa"]}),
        ("executive", {"membership": world.people["rater"]}),
        ("executive", {"membership": world.people["second_approver"]}),
    ):
        ApprovalParty.objects.create(organization=organization, step=step_of(world, kind), **place)
    Membership.objects.filter(pk=world.people["deactivated"].pk).update(is_active=False)
    ApprovalStep.objects.filter(review=world.review).update(
        rule=rule, at_least=3 if rule == "at_least" else None, state="open"
    )
    for role in signed:
        sign(member(world, role), step_of(world, "executive" if role == "approver" else "functional"))
    ApprovalStep.objects.filter(review=world.review).update(state="open")
    Review.objects.filter(pk=world.review.pk).update(state="in_approval")
    seen = 0
    for despite in EXCEPTIONS:
        for kind, duties in zip(("functional", "executive"), despite, strict=True):
            ApprovalStep.objects.filter(kind=kind).update(despite=duties)
        steps, counting, able = everything(world)
        for step in steps:
            parties = list(step.parties.all())
            left = routes.unsigned(step, parties, counting[step.pk]) if rule == "all" else parties
            found = {person for place in left for person in able.of(place, step)}
            waited = {person for person in routes.still_missing(step) if permissions.reads_before_approval(person)}
            assert found == waited, (despite, step)
            assert all(permissions.can_sign(person.now(), step) for person in found)
            seen += len(found)
            lost = [one for one in stuck(ApprovalStep.objects.filter(pk=step.pk))]
            assert [place for one in lost for place in one.places] == able.lacking(step)
            for person in able.people if despite == EXCEPTIONS[-1] else ():
                mine = [one.places for one in held_alone_by(person) if one.step == step]
                without = able.lacking(step, without=person)
                assert [place for places in mine for place in places] == [
                    p for p in without if p not in able.lacking(step)
                ]
    assert seen, "somebody may"


def test_a_round_and_a_loss_ask_no_more_for_many_steps_than_for_one(world, only):
    def asked(act):
        with CaptureQueriesContext(connection) as queries:
            act()
        return len(queries)

    def both():
        return asked(lambda: stuck(ApprovalStep.objects.all())), asked(lambda: held_alone_by(only.now()))

    few = both()
    for at in range(4):
        copied(world, at)
    assert len(held_alone_by(only.now())) == 5 and both() == few
    only.user.is_active = False
    only.user.save()
    assert len(stuck(ApprovalStep.objects.all())) == 5 and both()[0] == few[0]


def copied(world, at):
    """Another program whose review waits for the same, with the steps of the first."""
    step = ApprovalStep.objects.get(pk=step_of(world).pk)
    parties, signature = list(step.parties.all()), step.signatures.get()
    submission = step.submission
    proposed = submission.proposed_decisions.get()
    program = again(Program.objects.get(pk=world.program.pk), name=f"Copy {at}")
    review = again(Review.objects.get(pk=world.review.pk), program=program)
    submission = again(submission, review=review)
    again(proposed, submission=submission)
    step = again(step, review=review, submission=submission)
    again(signature, step=step, submission=submission)
    for party in parties:
        again(party, step=step)


def again(row, **changed):
    row.pk, row._state.adding = None, True
    if not isinstance(row, ApprovalParty):
        row.uuid = uuid.uuid4()
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row
