"""A submission is refused, with the step by name, where different people cannot complete the route; and the way out."""

from dataclasses import replace

import pytest
from django.db import transaction

from accounts.models import AuditEvent, Membership
from accounts.permissions import NotAllowed
from assessments.errors import DoneAlready, Invalid, Missing
from assessments.models import ApprovalStep, Review, StepReassignment, Submission
from assessments.services import approvals, places, rerouting, routes, signing
from assessments.services.routes import Place
from tests.api.conftest import Caller, token_of
from tests.factories import MembershipFactory
from tests.pages.test_approval import address, assign, client_of, text_of, typed
from tests.rights import world as rights_world
from tests.rights.reviews import sign
from tests.services.decided import assigned, decided_world, member, submit
from tests.services.test_questions import answer, ask
from tests.services.test_signing import functional_signed, step_of

pytestmark = pytest.mark.django_db

LEFT = "vera@example.org"
HERE = "omar@example.org"


def routed(monkeypatch, **executive):
    """A world under criteria whose executive step is another one."""
    given = rights_world.document()
    given["route"][1] = {"key": "executive", "name": "Executive decision", "kind": "executive"} | executive
    monkeypatch.setattr(rights_world, "document", lambda: given)
    return decided_world()


@pytest.fixture
def left(monkeypatch):
    """The executive step names an approver who has left."""
    world = routed(monkeypatch, people=[LEFT], rule="any")
    vera = MembershipFactory(
        organization=world.program.organization, user__email=LEFT, with_roles=["approver"], is_active=False
    )
    world.people["vera"] = vera
    return world


def taken(world, who, reason="Vera Ode left in May.", party=f"person:{LEFT}", step="executive"):
    return [{"step": step, "place": party, "person": world.people[who], "reason": reason}]


def test_a_place_of_somebody_who_left_is_given_away_at_the_submission(left):
    with pytest.raises(Missing) as refusal, transaction.atomic():
        submit(left)
    (thing,) = refusal.value.things
    assert thing["step"] == "executive"
    assert thing["message"] == f"Executive decision: {LEFT} is no active member."

    # Nobody takes it without a reason, for themselves, or past a duty or a right.
    for given, field in (
        (taken(left, "approver", reason=" "), "reason"),
        (taken(left, "lead"), "person"),
        (taken(left, "rater"), "person"),
        (taken(left, "viewer"), "person"),
        (taken(left, "stranger"), "person"),
        (taken(left, "vera"), "person"),
        (taken(left, "approver", party="person:nobody@example.org"), "places"),
        (taken(left, "approver", step="board"), "places"),
    ):
        with pytest.raises(Invalid) as wrong, transaction.atomic():
            submit(left, places=given)
        assert [one["field"] for one in wrong.value.problems] == [field], given
    assert not Submission.objects.exists() and not StepReassignment.objects.exists()

    with pytest.raises(Invalid) as twice, transaction.atomic():
        submit(left, places=taken(left, "approver") + taken(left, "second_approver"))
    assert [one["message"] for one in twice.value.problems] == ["This place is given away twice; name one person."]

    submit(left, places=taken(left, "approver"))
    row = StepReassignment.objects.get()
    assert (row.membership, row.former_membership, row.by) == (
        left.people["approver"],
        left.people["vera"],
        left.people["lead"],
    )
    event = AuditEvent.objects.get(action="step.reassigned")
    assert event.reason == "Vera Ode left in May." and event.new == {"place": left.people["approver"].name}
    page = text_of(client_of(left, "viewer").get(address(left)))
    assert f"reassigned to {left.people['approver'].name} in place of {left.people['vera'].name}" in page
    functional_signed(left)
    with pytest.raises(NotAllowed, match="does not name you"), transaction.atomic():
        sign(member(left, "second_approver"), step_of(left, "executive"))
    sign(member(left, "approver"), step_of(left, "executive"))
    assert Review.objects.get(pk=left.review.pk).state == "approved"


def test_a_place_of_a_route_that_can_be_completed_is_not_given_away():
    world = decided_world()
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        submit(world, places=taken(world, "second_approver", party="role:approver"))
    (found,) = refusal.value.problems
    assert (found["field"], found["option"]) == ("places", "executive/role:approver")
    assert found["message"].startswith("The route can be completed as it is.")
    assert not Submission.objects.exists() and not StepReassignment.objects.exists()


def test_a_person_of_a_route_is_named_by_id_or_by_address_and_is_one_place(left):
    vera = left.people["vera"]
    both = taken(left, "approver", party=f"person:{vera.uuid}") + taken(
        left, "approver", party="person:Vera@Example.org"
    )
    with pytest.raises(Invalid) as twice, transaction.atomic():
        submit(left, places=both)
    (found,) = twice.value.problems
    assert (found["field"], found["option"]) == ("places", f"executive/person:{vera.uuid}")
    assert found["message"] == "This place is given away twice; name one person."
    assert not Submission.objects.exists() and not StepReassignment.objects.exists()
    submit(left, places=both[:1])
    step = step_of(left, "executive")
    (party,) = step.parties.all()
    assert routes.party_key(party) == f"person:{left.people['approver'].uuid}"
    given = {"step_id": step.pk, "person": left.people["second_approver"], "reason": "He is away."}
    by_address = f"person:{left.people['approver'].user.email.upper()}"
    row = rerouting.reassign(member=member(left, "lead"), party_key=by_address, **given)
    assert (row.former_membership, row.membership) == (left.people["approver"], left.people["second_approver"])
    event = AuditEvent.objects.filter(action="step.reassigned").latest("pk")
    assert (event.old, event.new) == ({"place": left.people["approver"].name}, {"place": row.membership.name})
    with pytest.raises(DoneAlready), transaction.atomic():
        rerouting.reassign(member=member(left, "lead"), party_key=by_address, **given)


def test_of_somebody_whom_the_organization_does_not_know_the_address_is_all_there_is(monkeypatch):
    world = routed(monkeypatch, people=[LEFT], rule="any")
    (_, executive) = routes.route_of(Review.objects.get(pk=world.review.pk).criteria_version)
    assert [place.key for place in executive.places] == [f"person:{LEFT}"]
    submit(world, places=taken(world, "approver"))
    assert StepReassignment.objects.get().former_words == LEFT


def test_after_a_return_the_page_offers_who_took_the_place_before(left):
    submit(left, places=taken(left, "approver"))
    functional_signed(left)
    with transaction.atomic():
        approvals.return_review(member=member(left, "approver"), review_id=left.review.pk, reason="Say more.")
    page = client_of(left, "lead").get(address(left)).content.decode()
    assert f'value="{left.people["approver"].uuid}" selected' in page and 'value="Vera Ode left in May."' in page


def test_the_page_and_the_api_name_the_step_and_take_who_signs_instead(left):
    assign(left)
    client = client_of(left, "lead")
    page = client.get(address(left))
    said = text_of(page)
    assert f"Executive decision: {LEFT} is no active member." in said
    assert 'href="#places"' in page.content.decode() and 'id="places"' in page.content.decode()
    offered = {value for value, _ in page.context["form"]["signs-executive-0"].field.widget.choices}
    assert offered == {"", *(str(left.people[role].uuid) for role in ("approver", "second_approver"))}
    assert "Why Needed when somebody else is named." in said
    other = client_of(left, "admin").get(address(left))
    assert f"{LEFT} is no active member" in text_of(other) and "#places" not in other.content.decode()

    caller = Caller(token_of(left.people["lead"]))
    path = f"reviews/{left.review.uuid}/transitions/"
    body = {"action": "submit", "kind": "recommended", "option": "mix", "justification": "The plant runs."}
    refused = caller.post(path, body)
    assert refused.status_code == 409 and refused.json()["problems"][0]["step"] == "executive"
    place = {
        "step": "executive",
        "place": f"person:{LEFT}",
        "person": str(left.people["rater"].uuid),
        "reason": "Left.",
    }
    wrong = caller.post(path, body | {"places": [place]})
    assert wrong.status_code == 400 and "cannot take this step over" in wrong.content.decode()

    given = typed(left, client, **{"signs-executive-0": str(left.people["approver"].uuid), "why-executive-0": ""})
    answered = client.post(address(left, "review_submit"), given)
    assert answered.status_code == 422 and "say why somebody else signs" in text_of(answered)
    assert f'value="{left.people["approver"].uuid}" selected' in answered.content.decode(), "what was chosen stays"
    assert not Submission.objects.exists()
    client.post(address(left, "review_submit"), given | {"why-executive-0": "Left."})
    assert step_of(left, "executive").parties.get().membership == left.people["approver"]


def test_steps_that_only_the_same_people_could_sign_are_refused_together(monkeypatch):
    """Each step alone has its two approvers; both together have not."""
    world = routed(monkeypatch, role="approver", rule="at_least", at_least=2)
    review, lead = Review.objects.get(pk=world.review.pk), member(world, "lead")
    functional, executive = routes.route_of(review.criteria_version)
    board = replace(executive, key="board", name="Board", rule="any", at_least=None)

    def lacking(*steps):
        return [one["message"] for one in places.without_signers(review, steps, submitter=lead)]

    assert lacking(functional, executive) == [] == lacking(functional, board)
    assert lacking(functional, executive, board) == [
        "Board: nobody signs two steps, and beside those who sign Executive decision too few are left who can sign it; "
        "name more people."
    ]
    assert lacking(functional, executive, replace(board, despite=("signed",))) == []
    assert lacking(functional, replace(executive, at_least=3)) == [
        "Executive decision: 3 have to sign, and only 2 can."
    ]
    # Whoever holds the role auditor alone reads no review before it is approved, and so signs none.
    read = replace(functional, places=(routes._role_named("auditor"),), rule="any")
    assert lacking(read, executive) == ["Functional sign-off: one has to sign, and nobody can."]
    # Both roles of `all` want a person each, and one who holds both gives one signature.
    both = replace(executive, rule="all", at_least=None, places=(*executive.places, routes._role_named("auditor")))
    assert lacking(functional, both) == [
        "Executive decision: nobody who neither rated nor submits can sign for the role auditor."
    ]
    approver = Membership.objects.filter(pk=world.people["approver"].pk)
    for role in ("second_approver", "approver"):
        world.people[role].grants.create(organization=world.program.organization, role="auditor")
    assert lacking(functional, both) == []
    approver.update(is_active=False)
    assert lacking(functional, both) == ["Executive decision: 2 have to sign, and only 1 can."]
    approver.update(is_active=True)
    # Who submitted an earlier submission, or recorded an agreed value, counts as little as a rater.
    submit(world)
    laid = step_of(world, "executive")
    assert (laid.rule, laid.at_least, laid.despite) == ("at_least", 2, [])
    AuditEvent.objects.create(
        organization=world.program.organization,
        at=signing.database_now(),
        transaction_id=1,
        actor=world.people["approver"],
        actor_name="x",
        action="value.agreed",
        object_type="agreedvalue",
        review_uuid=review.uuid,
        channel="web",
        digest="0" * 64,
    )
    assert lacking(functional, executive) == ["Executive decision: 2 have to sign, and only 1 can."]


def test_signatures_that_stand_need_nobody_any_more_and_keep_their_people_from_other_steps(monkeypatch):
    world = routed(monkeypatch, role="approver", rule="any")
    submit(world, conditions=assigned(world, owner="approver"))
    functional_signed(world)
    ask(world)
    Membership.objects.filter(pk__in=[world.people[who].pk for who in ("rater", "second")]).update(is_active=False)
    answer(world)
    assert step_of(world).state == ApprovalStep.State.DONE
    functional, executive = routes.route_of(world.review.criteria_version, stands_on=step_of(world).submission)
    assert all(place.signed for place in functional.places)
    Membership.objects.filter(pk__in=[world.people[who].pk for who in ("approver", "second_approver")]).update(
        is_active=False
    )
    Membership.objects.filter(pk=world.people["second"].pk).update(is_active=True)
    world.people["second"].grants.create(organization=world.program.organization, role="approver")
    open_to_raters = replace(executive, despite=("rated",))
    found = places.without_signers(world.review, [functional, open_to_raters], submitter=member(world, "lead"))
    assert len(found) == 1 and "beside those who sign Functional sign-off" in found[0]["message"]


def test_a_route_says_in_the_criteria_what_keeps_nobody_from_a_step(monkeypatch):
    world = routed(monkeypatch, role="approver", rule="any", despite=["rated", "submitted"])
    submit(world)
    assert step_of(world, "executive").despite == ["rated", "submitted"]
    functional_signed(world)
    said = text_of(client_of(world, "viewer").get(address(world)))
    assert "one of them signs, also whoever rated or recorded an agreed value or submitted" in said
    lead = world.people["lead"]
    lead.grants.create(organization=world.program.organization, role="approver")
    sign(member(world, "lead"), step_of(world, "executive"))
    assert Review.objects.get(pk=world.review.pk).state == "approved"


def test_only_a_place_that_nobody_can_fill_is_offered_and_given_away(monkeypatch):
    """Of two whom a step names one has left: the other keeps their place, and so do the places of other steps."""
    here = "omar@example.org"
    world = routed(monkeypatch, people=[LEFT, here], rule="all")
    organization = world.program.organization
    for email, active in ((LEFT, False), (here, True)):
        MembershipFactory(organization=organization, user__email=email, with_roles=["approver"], is_active=active)
    assign(world)
    client = client_of(world, "lead")
    page = client.get(address(world))
    assert {name for name in page.context["form"].fields if name.startswith("signs-")} == {"signs-executive-0"}
    # Somebody sends the others all the same, on the page and by the service.
    person = str(world.people["second_approver"].uuid)
    sound = {"signs-executive-1": person, "why-executive-1": "He is slow."}
    mended = {"signs-executive-0": str(world.people["approver"].uuid), "why-executive-0": "Left."}
    answered = client.post(address(world, "review_submit"), typed(world, client) | mended | sound)
    assert answered.status_code == 422
    assert "Executive decision: the place of " in text_of(answered) and "can be filled as it is." in text_of(answered)
    for given in (
        taken(world, "second_approver", party=f"person:{here}"),
        taken(world, "second_approver", party="function:qa", step="functional"),
    ):
        with pytest.raises(Invalid, match="can be filled as it is"), transaction.atomic():
            submit(world, places=taken(world, "approver") + given)
        with pytest.raises(Invalid, match="can be filled as it is"), transaction.atomic():
            submit(world, places=given)
    assert not Submission.objects.exists() and not StepReassignment.objects.exists()
    submit(world, places=taken(world, "approver"))
    assert StepReassignment.objects.count() == 1


def test_the_page_shows_every_place_that_nobody_can_fill_at_once_and_takes_them_all(monkeypatch):
    """Of a step that everybody signs one has left, and nobody who could sign speaks for the function."""
    world = routed(monkeypatch, people=[LEFT], functions=["qa"], rule="all")
    MembershipFactory(
        organization=world.program.organization, user__email=LEFT, with_roles=["approver"], is_active=False
    )
    assign(world)
    client = client_of(world, "lead")
    fields = sorted(name for name in client.get(address(world)).context["form"].fields if name.startswith("signs-"))
    assert fields == ["signs-executive-0", "signs-executive-1"]
    whose = zip(fields, ("approver", "second_approver"), strict=True)
    mended = {name: str(world.people[who].uuid) for name, who in whose}
    mended |= {"why-executive-0": "Left.", "why-executive-1": "No approver speaks for QA."}
    answered = client.post(address(world, "review_submit"), typed(world, client) | mended)
    assert answered.status_code == 302
    assert {row.membership for row in step_of(world, "executive").parties.all()} == {
        world.people["approver"], world.people["second_approver"]
    }  # fmt: skip


def test_the_page_shows_the_place_that_gets_stuck_by_the_one_that_is_given_away_and_takes_both(monkeypatch):
    given = rights_world.document()
    given["route"][1] = {"key": "executive", "name": "Executive", "kind": "executive", "people": [LEFT], "rule": "any"}
    board = {"key": "board", "name": "Board", "kind": "executive", "people": [HERE], "rule": "any"}
    given["route"].append(board)
    monkeypatch.setattr(rights_world, "document", lambda: given)
    world = decided_world()
    organization = world.program.organization
    only = MembershipFactory(organization=organization, user__email=HERE, with_roles=["approver"])
    vera = MembershipFactory(organization=organization, user__email=LEFT, with_roles=["approver"], is_active=False)
    assign(world)
    client, url = client_of(world, "lead"), address(world, "review_submit")

    def offered(answer):
        return {name for name in answer.context["form"].fields if name.startswith("signs-")}

    assert offered(client.get(address(world))) == {"signs-executive-0"}
    first = {"signs-executive-0": str(only.uuid), "why-executive-0": ""}
    answered = client.post(url, typed(world, client, **first))
    assert answered.status_code == 422 and offered(answered) == {"signs-executive-0", "signs-board-0"}
    first["why-executive-0"] = "Left."
    answered = client.post(url, typed(world, client, **first))
    assert answered.status_code == 422 and offered(answered) == {"signs-executive-0", "signs-board-0"}
    assert "Board: nobody signs two steps" in text_of(answered) and not Submission.objects.exists()
    body = answered.content.decode()
    assert f'value="{only.uuid}" selected' in body and 'value="Left."' in body, "what was typed stays"
    both = first | {"signs-board-0": str(world.people["approver"].uuid), "why-board-0": "Omar decides."}
    assert client.post(url, typed(world, client, **both)).status_code == 302
    laid = {step.key: step.parties.get().membership for step in ApprovalStep.objects.filter(kind="executive")}
    assert laid == {"executive": only, "board": world.people["approver"]}
    assert StepReassignment.objects.filter(former_membership__in=(vera, only)).count() == 2


def test_a_place_that_gets_stuck_by_another_that_is_given_away_is_given_away_with_it(monkeypatch):
    """The one who takes the first place is wanted twice then."""
    world = routed(monkeypatch, people=[LEFT], rule="any")
    world.people["vera"] = MembershipFactory(
        organization=world.program.organization, user__email=LEFT, with_roles=["approver"], is_active=False
    )
    review, lead = Review.objects.get(pk=world.review.pk), member(world, "lead")
    functional, executive = routes.route_of(review.criteria_version)
    only = world.people["approver"]
    board = replace(executive, key="board", places=(Place(f"person:{only.user.email}", only.name, membership=only),))
    steps = [functional, executive, board]
    assert places.stuck_places(review, steps, submitter=lead) == {f"executive/person:{world.people['vera'].uuid}"}
    first = taken(world, "approver")
    second = taken(world, "second_approver", party=f"person:{only.user.email}", step="board")
    with pytest.raises(Invalid, match="can be filled as it is"):
        places.take_places(lead, review, steps, second)
    given = places.take_places(lead, review, steps, second + first)
    assert places.without_signers(review, given, submitter=lead) == []
