"""What becomes of a submission: who may act on it, in which order, and that of two at once one takes effect."""

import json

import pytest
from django.db import transaction

from accounts.audit import sha256_of
from accounts.models import AuditEvent, MembershipFunction, RoleGrant
from accounts.models.audit import AuditEventQuerySet
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Clash, DoneAlready, Invalid, Missing, WrongState
from assessments.models import ApprovalStep, Decision, ProgramMember, ProposedDecision, Review, Signature
from assessments.services import approvals, conditions, programs, ratings, reviews, routes, signing
from tests.factories import PASSWORD
from tests.rights.reviews import bring_review_to, sign
from tests.rights.world import make_world
from tests.services.decided import BLOCKED, FIRST, OTHER, assigned, decided_world, member, submit, submitted_world
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db


begun, world = shared(submitted_world)


def state(world):
    return Review.objects.values_list("state", flat=True).get(pk=world.review.pk)


def approve(world, role="approver"):
    functional_signed(world)
    return sign(member(world, role), step_of(world, "executive"))


# -- the order of steps -------------------------------------------------------------------------------------------


def test_each_function_signs_then_the_executive_and_the_decision_is_made(world):
    functional, executive = step_of(world), step_of(world, "executive")
    sign(member(world, "rater"), functional)
    functional.refresh_from_db()
    assert functional.state == "open"
    sign(member(world, "second"), functional)
    functional.refresh_from_db()
    executive.refresh_from_db()
    assert (functional.state, executive.state, state(world)) == ("done", "open", "in_approval")
    assert executive.due_on is not None
    signature = sign(member(world, "approver"), executive)
    decision = Decision.objects.get()
    assert state(world) == "approved"
    assert decision.decided_at == signature.at and decision.proposed_decision == signature.proposed_decision
    assert list(AuditEvent.objects.filter(action__in=("review.approved", "decision.made")).order_by("pk")) != []
    assert not ApprovalStep.objects.exclude(state="done").exists()


def test_an_executive_cannot_sign_before_the_functions_did(world):
    with pytest.raises(WrongState, match="not open"):
        sign(member(world, "approver"), step_of(world, "executive"))
    assert not Signature.objects.exists()


def test_a_function_signs_once(world):
    sign(member(world, "second"), step_of(world))
    with pytest.raises(WrongState, match="function has signed"):
        sign(member(world, "lead"), step_of(world))
    assert Signature.objects.count() == 1


def test_a_person_of_two_functions_signs_for_each_of_them(world):
    rater, organization = world.people["rater"], world.program.organization
    MembershipFunction.objects.create(
        organization=organization, membership=rater, function=organization.functions.get(key="qa")
    )
    sign(rater.now(), step_of(world), function_key="qa")
    assert step_of(world).state == "open"
    sign(rater.now(), step_of(world))
    assert {signature.function.key for signature in Signature.objects.all()} == {"cmc", "qa"}
    assert step_of(world).state == "done"


def test_nobody_signs_for_a_function_that_is_not_theirs(world):
    with pytest.raises(Invalid):
        sign(member(world, "rater"), step_of(world), function_key="qa")


@pytest.mark.parametrize("kind", ["functional", "executive"])
def test_the_meaning_belongs_to_the_step(world, kind):
    role = "rater"
    if kind == "executive":
        functional_signed(world)
        role = "approver"
    wrong = "approved" if kind == "functional" else "reviewed"
    with pytest.raises(Invalid), transaction.atomic():
        sign(member(world, role), step_of(world, kind), meaning=wrong)


def test_the_former_approved_review_of_the_program_is_superseded():
    world = make_world()
    bring_review_to(world, "superseded")
    assert sorted(Review.objects.values_list("state", flat=True)) == ["approved", "superseded"]
    event = AuditEvent.objects.get(action="review.superseded")
    assert event.object_uuid == world.review.uuid and event.reason == "Review 2 was approved."


# -- rules of a step ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "at_least", "expected"),
    [("any", None, [False, True, True]), ("at_least", 2, [False, False, True]), ("all", None, [False, False, True])],
)
def test_how_many_must_sign(world, rule, at_least, expected):
    step = step_of(world)
    step.rule, step.at_least = rule, at_least
    parties = list(step.parties.all())
    signed, answers = [], [routes.fulfilled(step, parties, [])]
    for role in ("rater", "second"):
        signed.append(sign(member(world, role), step_of(world)))
        answers.append(routes.fulfilled(step, parties, signed))
    assert answers == expected


# -- separation of duties (MA-3) ----------------------------------------------------------------------------------


def as_approver(world, role):
    person = world.people[role]
    RoleGrant.objects.get_or_create(organization=world.program.organization, membership=person, role="approver")
    return person.now()


@pytest.mark.parametrize(
    ("role", "why"),
    [
        ("lead", "You submitted this review"),
        ("rater", "You signed another step"),
        ("assessor", "You rated in this review"),
    ],
)
def test_who_took_part_does_not_decide_whatever_roles_they_got_since(world, role, why):
    if role == "assessor":
        approvals.return_review(member=member(world, "rater"), review_id=world.review.pk, reason="One more rater.")
        person, organization = world.people[role], world.program.organization
        MembershipFunction.objects.create(
            organization=organization, membership=person, function=organization.functions.get(key="qa")
        )
        lead = member(world, "lead")
        reviews.assign(member=lead, review_id=world.review.pk, membership=person, function=person.now().functions[0])
        ratings.accept_suggestions(member=person.now(), review_id=world.review.pk)
        compute(world.review)
        world.review.refresh_from_db()
        submit(world, conditions=[], answer="One more rates.")
    functional_signed(world)
    person = as_approver(world, role)
    with pytest.raises(NotAllowed, match=why):
        sign(person, step_of(world, "executive"))
    with pytest.raises(NotAllowed, match=why), transaction.atomic():
        amend(world, member=person)
    assert step_of(world, "executive") not in approvals.steps_waiting_for(person)
    assert state(world) == "in_approval"


def test_whoever_submitted_an_earlier_time_does_not_decide_either(world):
    approvals.return_review(member=member(world, "rater"), review_id=world.review.pk, reason="Once more.")
    ProgramMember.objects.create(
        organization=world.program.organization, program=world.program, membership=world.people["second"], is_lead=True
    )
    submit(world, member=member(world, "second"), conditions=[], answer="It was looked at.")
    for role in ("rater", "lead"):
        sign(member(world, role), step_of(world))
    with pytest.raises(NotAllowed):
        sign(as_approver(world, "lead"), step_of(world, "executive"))


def test_rights_are_asked_again_when_the_signature_is_written(world):
    functional_signed(world)
    approver = member(world, "approver")
    step = step_of(world, "executive")
    grant = signing.grant_to_sign(
        member=approver,
        step_id=step.pk,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
    )
    RoleGrant.objects.filter(membership=approver).update(revoked_at=signing.database_now())
    with pytest.raises(NotAllowed), transaction.atomic():
        approvals.sign(member=approver, step_id=step.pk, grant=grant, meaning="approved")
    assert state(world) == "in_approval"


# -- what waits for whom ------------------------------------------------------------------------------------------


def waiting(world, role):
    return [step.key for step in approvals.steps_waiting_for(member(world, role))]


def test_a_step_waits_for_those_who_can_sign_it_now(world):
    everyone = ("rater", "second", "lead", "approver", "second_approver", "admin", "viewer", "stranger")
    assert {role: waiting(world, role) for role in everyone} == {
        "rater": ["functional"],
        "second": ["functional"],
        "lead": ["functional"],
        "approver": [],
        "second_approver": [],
        "admin": [],
        "viewer": [],
        "stranger": [],
    }
    sign(member(world, "second"), step_of(world))
    assert [waiting(world, role) for role in ("rater", "second", "lead")] == [["functional"], [], []]
    sign(member(world, "rater"), step_of(world))
    assert [waiting(world, role) for role in ("rater", "approver", "second_approver")] == [
        [],
        ["executive"],
        ["executive"],
    ]
    sign(member(world, "approver"), step_of(world, "executive"))
    assert not any(waiting(world, role) for role in everyone)


def test_what_waits_agrees_with_what_may_be_signed(world):
    for role in world.people:
        person = member(world, role)
        if not person.roles:
            continue
        for step in ApprovalStep.objects.all():
            waits = step in approvals.steps_waiting_for(person)
            assert waits == bool(permissions.can_sign(person, step)), (role, step.key)


# -- return, reject ----------------------------------------------------------------------------------------------


def test_a_return_needs_a_reason_ends_the_steps_and_keeps_the_signatures(world):
    sign(member(world, "second"), step_of(world))
    with pytest.raises(Invalid), transaction.atomic():
        approvals.return_review(member=member(world, "rater"), review_id=world.review.pk, reason=" ")
    assert state(world) == "in_approval"
    approvals.return_review(
        member=member(world, "rater"), review_id=world.review.pk, reason="The potency data of March are missing."
    )
    review = Review.objects.get(pk=world.review.pk)
    assert (review.state, review.returned) == ("reconciling", 1)
    assert review.state_reason == "The potency data of March are missing."
    assert set(review.steps.values_list("state", flat=True)) == {"ended"}
    assert Signature.objects.count() == 1
    assert AuditEvent.objects.get(action="review.returned").reason == "The potency data of March are missing."
    again = submit(world, conditions=[], answer="They are in the facts.")
    assert again.number == 2 and not again.signatures.exists()
    assert [step.state for step in again.steps.all()] == ["open", "waiting"]


def test_a_rejection_is_final(world):
    functional_signed(world)
    approvals.reject(member=member(world, "approver"), review_id=world.review.pk, reason="The program ends.")
    assert state(world) == "rejected"
    with pytest.raises(WrongState), transaction.atomic():
        submit(world)
    with pytest.raises(WrongState), transaction.atomic():
        approvals.return_review(member=member(world, "approver"), review_id=world.review.pk, reason="After all.")


@pytest.mark.parametrize("act", [approvals.return_review, approvals.reject])
@pytest.mark.parametrize("role", ["approver", "assessor", "viewer", "admin", "stranger"])
def test_only_who_may_sign_the_open_step_ends_it(world, act, role):
    with pytest.raises(NotAllowed), transaction.atomic():
        act(member=member(world, role), review_id=world.review.pk, reason="Because.")
    assert state(world) == "in_approval"
    assert step_of(world).state == "open"


@pytest.mark.parametrize("now", ["draft", "reconciling", "rejected", "withdrawn", "approved", "superseded"])
def test_p11_10f_nothing_is_decided_on_a_review_that_is_not_in_approval(now):
    world = make_world()
    bring_review_to(world, now)
    approver, before = member(world, "approver"), Signature.objects.count()
    for step in world.review.steps.all():
        # Of a step that they signed themselves they are told that.
        with pytest.raises((WrongState, DoneAlready)), transaction.atomic():
            sign(approver, step)
    for act in (approvals.return_review, approvals.reject):
        with pytest.raises(WrongState), transaction.atomic():
            act(member=approver, review_id=world.review.pk, reason="Because.")
    with pytest.raises(WrongState), transaction.atomic():
        approvals.amend(member=approver, review_id=world.review.pk, kind="not_yet", justification="Because.")
    world.review.refresh_from_db()
    assert world.review.state == now and Signature.objects.count() == before


# -- amend --------------------------------------------------------------------------------------------------------


def test_an_amendment_is_the_next_number_and_functional_signatures_stand(world):
    functional_signed(world)
    proposed = amend(world)
    assert (proposed.number, proposed.option.key, proposed.author) == (2, OTHER, world.people["second_approver"])
    assert sha256_of(proposed.record) == proposed.sha256
    held = json.loads(proposed.record)
    assert held["sentence"] == "Choose Partner A instead of Suite, the recommended option."
    assert [(row["title"], row["due_month"]) for row in held["conditions"]] == [("Potency assay", 6)]
    assert Signature.objects.counting(proposed).count() == 2
    sign(member(world, "approver"), step_of(world, "executive"))
    assert Decision.objects.get().proposed_decision == proposed


def test_an_amendment_makes_executive_signatures_void_and_asks_for_them_again():
    world = decided_world()
    world.more["submission"] = submit(world)
    executive = step_of(world, "executive")
    ApprovalStep.objects.filter(pk=executive.pk).update(rule="at_least", at_least=2)
    functional_signed(world)
    first = sign(member(world, "approver"), executive)
    assert state(world) == "in_approval" and waiting(world, "approver") == []
    proposed = amend(world)
    assert first not in Signature.objects.counting(proposed)
    assert waiting(world, "approver") == waiting(world, "second_approver") == ["executive"]
    sign(member(world, "second_approver"), executive)
    assert state(world) == "in_approval"
    sign(member(world, "approver"), executive)
    assert state(world) == "approved"
    assert Signature.objects.filter(step=executive).count() == 3


def test_a_completed_executive_step_opens_again_when_a_later_one_amends(world):
    executive = step_of(world, "executive")
    last = ApprovalStep.objects.create(
        organization=executive.organization, review=executive.review, submission=executive.submission, key="board",
        name="Board", position=9, kind="executive", rule="any",
    )  # fmt: skip
    last.parties.create(organization=last.organization, role="approver")
    functional_signed(world)
    sign(member(world, "approver"), executive)
    last.refresh_from_db()
    assert (state(world), last.state) == ("in_approval", "open")
    amend(world)
    executive.refresh_from_db()
    last.refresh_from_db()
    assert (executive.state, last.state) == ("open", "waiting")


def test_an_amendment_that_changes_nothing_is_refused(world):
    functional_signed(world)
    with pytest.raises(Invalid, match="nothing would change"), transaction.atomic():
        amend(
            world,
            kind="recommended",
            option_key=FIRST,
            justification="The plant runs, and our own people stay in charge of quality.",
        )
    assert ProposedDecision.objects.count() == 1


def test_an_amendment_of_what_was_amended_meanwhile_is_a_clash(world):
    functional_signed(world)
    amend(world, seen_number=1)
    with pytest.raises(Clash), transaction.atomic():
        amend(world, kind="not_yet", option_key="", seen_number=1)


def test_an_amendment_brings_the_conditions_that_its_option_needs(world):
    functional_signed(world)
    amend(
        world,
        option_key=BLOCKED,
        overrides={"G1": "Taken over from the sister plant."},
        conditions=[*assigned(world), {"title": "Second source", "owner": world.people["lead"], "due_month": 12}],
    )
    held = json.loads(ProposedDecision.objects.get(number=2).record)
    assert [row["title"] for row in held["conditions"]] == ["Potency assay", "Second source"]


def test_no_amendment_with_a_condition_that_nobody_owns():
    world = decided_world(qms=1)
    (block,) = [demand for demand in _demands(world, BLOCKED) if demand.gate == "G1"]
    submit(world)
    functional_signed(world)
    change = {"kind": "alternative", "option_key": BLOCKED}
    with pytest.raises(Missing) as refusal, transaction.atomic():
        amend(world, **change)
    assert [thing["what"] for thing in refusal.value.things] == ["Mock inspection"]
    amend(world, **change, conditions=[{"key": block.key, "owner": world.people["second"], "due_month": 9}])
    # Back again: the gate does not fire for the other option, so its condition goes, and the trail says so.
    amend(world)
    assert not world.review.conditions.filter(key=block.key).exists()
    event = AuditEvent.objects.get(action="condition.dropped")
    assert (event.actor, event.object_label) == (member(world, "second_approver"), "Mock inspection")
    assert event.old == {
        "title": "Mock inspection", "gate": "G1", "owner": world.people["second"].name, "due_month": 9
    }  # fmt: skip


def test_an_amendment_takes_an_advised_condition_off_but_none_that_a_gate_demands(world):
    functional_signed(world)
    advised = {"title": "Second source", "owner": world.people["lead"], "due_month": 12}
    amend(world, conditions=[advised])
    key = world.review.conditions.get(title="Second source").key
    for title in ("Second source", "second SOURCE", "Potency assay"):
        with pytest.raises(Invalid) as refusal, transaction.atomic():
            amend(world, conditions=[advised | {"title": title, "due_month": 3}])
        assert [one["field"] for one in refusal.value.problems] == ["title"]
    with pytest.raises(Invalid, match="listed already"), transaction.atomic():
        amend(world, conditions=[advised | {"title": "Third source"}, advised | {"title": "THIRD source"}])
    demanded = world.review.conditions.get(mandatory=True).key
    for refused, keys in ((WrongState, [key, demanded]), (Invalid, ["made-up"])):
        with pytest.raises(refused), transaction.atomic():
            amend(world, dropped_conditions=keys)
    assert set(world.review.conditions.values_list("title", "due_month")) == {
        ("Potency assay", 6),
        ("Second source", 12),
    }
    assert not AuditEvent.objects.filter(action="condition.dropped").exists()
    third = amend(world, dropped_conditions=[key])
    assert [row["title"] for row in json.loads(third.record)["conditions"]] == ["Potency assay"]
    event = AuditEvent.objects.get(action="condition.dropped")
    assert (event.actor, event.old["title"]) == (member(world, "second_approver"), "Second source")


def _demands(world, option):
    return conditions.demands_on(world.review.full.numbers, option)


def test_functions_do_not_amend(world):
    with pytest.raises(NotAllowed), transaction.atomic():
        amend(world, member=member(world, "rater"))


# -- the act and its event are one (AT-2) -------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["sign", "return", "reject", "amend"])
def test_at_2_an_act_and_its_event_exist_both_or_neither(world, act, monkeypatch):
    functional_signed(world)
    events = AuditEvent.objects.exclude(action__startswith="signing.")
    before = (state(world), Signature.objects.count(), ProposedDecision.objects.count(), events.count())

    class Broken(Exception):
        pass

    original = AuditEventQuerySet.bulk_create

    def written(self, events, **options):
        original(self, events, **options)
        if not events[0].action.startswith("signing."):
            raise Broken
        return events

    monkeypatch.setattr(AuditEventQuerySet, "bulk_create", written, raising=True)
    acts = {
        "sign": lambda: sign(member(world, "approver"), step_of(world, "executive")),
        "return": lambda: approvals.return_review(
            member=member(world, "approver"), review_id=world.review.pk, reason="Why."
        ),
        "reject": lambda: approvals.reject(member=member(world, "approver"), review_id=world.review.pk, reason="Why."),
        "amend": lambda: amend(world),
    }
    with pytest.raises(Broken), transaction.atomic():
        acts[act]()
    after = (state(world), Signature.objects.count(), ProposedDecision.objects.count(), events.count())
    assert after == before
    monkeypatch.undo()
    acts[act]()
    assert events.count() > before[3]


def test_facts_saved_while_in_approval_do_not_touch_what_is_signed(world):
    from tests.scoring import sample

    programs.import_revision(
        member=member(world, "lead"),
        program=world.program,
        document=sample.profile() | {"assessment_date": "2026-02-15", "qms": 4},
        summary="The inspection passed.",
    )
    review = Review.objects.get(pk=world.review.pk)
    assert review.revision_id == world.more["submission"].revision_id
    approve(world)
    assert Decision.objects.get().submission == world.more["submission"]
