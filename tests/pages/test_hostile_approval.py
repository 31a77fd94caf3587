"""Breaking the approval over HTTP as a hostile person would. Each test is one attack that stays closed."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.models import AuditEvent, User
from assessments.models import Decision, Delegation, ProposedDecision, Review, Signature, SigningGrant
from assessments.services import approvals, routes
from tests.pages.test_approval import address, client_of, hidden, signature_of, text_of
from tests.services.decided import OTHER, decided_world, member, submit, submitted_world
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


begun, world = shared(submitted_world)


def state(world):
    return Review.objects.values_list("state", flat=True).get(pk=world.review.pk)


def form(world, role):
    client = client_of(world, role)
    return client, signature_of(client.get(address(world)))


ACTS = ("review_sign", "review_return", "review_question", "review_reject", "review_amend")


@pytest.mark.parametrize("name", ACTS)
def test_another_organizations_admin_finds_nothing_there(world, name):
    client = client_of(world, "stranger")
    answer = client.post(address(world, name), {"reason": "x", "question": "x", "version": 1, "password": "x"})
    assert answer.status_code == 404 and state(world) == "in_approval"


def test_the_step_of_another_review_is_not_signed_under_this_one(world):
    other = decided_world()
    submit(other)
    client, given = form(world, "rater")
    answer = client.post(address(world, "review_sign"), given | {"step": str(step_of(other).uuid)})
    assert answer.status_code == 404 and not Signature.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"bound": "0" * 64},
        {"bound": ""},
        {"meaning": "approved"},
        {"meaning": "witnessed"},
        {"step": "not-a-uuid", "bound": "0" * 64},
        {"capacity": "qa@"},
        {"capacity": "finance@"},
        {"capacity": "cmc@314317cd-0563-4cf0-b7a1-57964159af5c"},
        {"capacity": "@"},
        {"capacity": "\x00"},
    ],
    ids=str,
)
def test_tampered_hidden_fields_sign_nothing(world, changed):
    client, given = form(world, "rater")
    answer = client.post(address(world, "review_sign"), given | changed)
    assert answer.status_code in (403, 404, 409, 422), answer.status_code
    assert not Signature.objects.exists()


def test_posted_fields_do_not_choose_the_signer_the_time_or_the_statement(world):
    client, given = form(world, "rater")
    forged = {
        "membership": str(world.people["approver"].pk),
        "printed_name": "Somebody Else",
        "at": "2020-01-01T00:00:00Z",
        "statement": "I sign nothing.",
        "on_behalf_of": str(world.people["approver"].uuid),
        "factors": "password+totp",
    }
    client.post(address(world, "review_sign"), given | forged)
    signature = Signature.objects.get()
    assert signature.membership == world.people["rater"] and signature.on_behalf_of is None
    assert signature.printed_name == world.people["rater"].name and signature.at.year != 2020
    assert signature.factors == "password" and "I answer for this act" in signature.statement


def test_the_same_form_sent_again_signs_nothing_more(world):
    client, given = form(world, "rater")
    first = client.post(address(world, "review_sign"), given)
    again = client.post(address(world, "review_sign"), given, follow=True)
    assert first.status_code == 302 and "You signed Functional sign-off already, on " in text_of(again)
    assert Signature.objects.count() == 1


def test_two_browsers_of_one_person_sign_once(world):
    (one, first), (other, second) = form(world, "rater"), form(world, "rater")
    one.post(address(world, "review_sign"), first)
    answer = other.post(address(world, "review_sign"), second, follow=True)
    assert "You signed Functional sign-off already" in text_of(answer)
    assert Signature.objects.count() == 1


def test_a_stale_page_does_not_sign_what_was_amended_since(world):
    functional_signed(world)
    client, given = form(world, "approver")
    amend(world)
    answer = client.post(address(world, "review_sign"), given)
    assert answer.status_code == 409 and "amended meanwhile" in text_of(answer)
    assert not Decision.objects.exists()


def test_a_stale_page_does_not_sign_the_submission_that_came_after(world):
    client, given = form(world, "rater")
    approvals.return_review(member=member(world, "second"), review_id=world.review.pk, reason="Once more.")
    submit(world, conditions=[], answer="It was looked at.")
    answer = client.post(address(world, "review_sign"), given)
    assert answer.status_code == 409 and not Signature.objects.exists()


@pytest.mark.parametrize(("name", "field"), [("review_return", "reason"), ("review_question", "question")])
def test_what_reads_otherwise_than_it_is_stored_is_refused_beside_its_field_and_stays_typed(world, name, field):
    client = client_of(world, "rater")
    answer = client.post(address(world, name), {field: "The slot is \u202etaken.", "version": world.review.version})
    text = answer.content.decode()
    assert answer.status_code == 422 and state(world) == "in_approval"
    assert "after \u201cThe slot is\u201d that nobody sees (U+202E, right-to-left override)" in text
    assert "The slot is \u202etaken." in text


@pytest.mark.parametrize(("name", "field"), [("review_return", "reason"), ("review_question", "question")])
def test_a_stale_page_does_not_end_the_submission_that_came_after(world, name, field):
    client = client_of(world, "rater")
    version = hidden(client.get(address(world)), "version")
    approvals.return_review(member=member(world, "second"), review_id=world.review.pk, reason="Once more.")
    submit(world, conditions=[], answer="It was looked at.")
    answer = client.post(address(world, name), {"version": version, field: "Too late."})
    assert answer.status_code == 409 and state(world) == "in_approval"


@pytest.mark.parametrize("name", [name for name in ACTS if name != "review_amend"])
def test_nothing_is_done_by_a_link(world, name):
    answer = client_of(world, "rater").get(address(world, name), {"reason": "x", "version": 1, "password": "x"})
    assert answer.headers["Location"] == address(world, "review_approval") and state(world) == "in_approval"


@pytest.mark.parametrize("name", ACTS)
def test_another_site_cannot_post_for_somebody(world, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["rater"].user, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(address(world, name), {"reason": "x", "question": "x", "version": 1})
    assert answer.status_code == 403 and state(world) == "in_approval"


@pytest.mark.parametrize("how", ["role", "functions", "membership", "account"])
def test_what_was_taken_away_with_the_page_open_is_gone(world, how):
    """P11-300b."""
    client, given = form(world, "rater")
    admin, rater = member(world, "admin"), world.people["rater"]
    if how == "role":
        people.revoke_role(actor=admin, membership_id=rater.pk, role="assessor")
    elif how == "functions":
        people.set_functions(actor=admin, membership_id=rater.pk, functions=())
    elif how == "membership":
        people.deactivate_member(actor=admin, membership_id=rater.pk)
    else:
        User.objects.filter(pk=rater.user_id).update(is_active=False)
    answer = client.post(address(world, "review_sign"), given)
    assert answer.status_code in (302, 403, 404)
    assert not Signature.objects.exists() and not SigningGrant.objects.exists()


def test_p11_10g_whom_the_route_does_not_name_signs_nothing_with_somebody_elses_form(world):
    _, given = form(world, "rater")
    for role in ("viewer", "assessor", "approver", "admin"):
        answer = client_of(world, role).post(address(world, "review_sign"), given)
        assert answer.status_code == 403
    assert not Signature.objects.exists()


def test_guessing_ends_after_five_whatever_the_session_or_step(world):
    """RL-1: five in fifteen minutes, counted in PostgreSQL over every session."""
    for _ in range(5):
        client, given = form(world, "rater")
        client.post(address(world, "review_sign"), given | {"password": "guess"})
    client, given = form(world, "rater")
    answer = client.post(address(world, "review_sign"), given)
    assert answer.status_code == 429 and "locked until" in text_of(answer)
    assert not Signature.objects.exists()


def test_an_amendment_cannot_smuggle_in_an_option_of_another_review(world):
    functional_signed(world)
    client = client_of(world, "approver")
    given = {"number": 1, "justification": "x"}
    for choice in ("alternative:nowhere", "recommended:own", f"recommended:{OTHER}", "blessed:mix", ""):
        assert client.post(address(world, "review_amend"), given | {"choice": choice}).status_code == 422
    assert ProposedDecision.objects.count() == 1


def test_a_function_does_not_reject_by_posting_where_it_sees_no_button(world):
    client = client_of(world, "rater")
    assert "Reject for good" not in text_of(client.get(address(world)))
    version = Review.objects.get(pk=world.review.pk).version
    answer = client.post(address(world, "review_reject"), {"version": version, "reason": "I do not like it."})
    assert answer.status_code == 403 and state(world) == "in_approval"


def test_markup_in_names_and_reasons_is_shown_as_text(world):
    """XSS-2."""
    User.objects.filter(pk=world.people["rater"].user_id).update(full_name="<script>alert(1)</script>")
    client, given = form(world, "rater")
    client.post(address(world, "review_sign"), given)
    approvals.ask_question(
        member=member(world, "second"), review_id=world.review.pk, question="<img src=x onerror=alert(1)>"
    )
    page = client_of(world, "lead").get(address(world)).content.decode()
    assert "<script>alert" not in page and "<img src=x" not in page and "&lt;img src=x" in page


def test_a_form_of_delegation_names_nobody_of_another_organization_and_gives_nobody_elses_place(world):
    today = str(routes.today_in(world.program.organization))
    client = client_of(world, "rater")
    given = {"taker": world.people["assessor"].uuid, "first_day": today, "last_day": today, "reason": "x"}
    place = reverse("assessments:delegations")
    assert client.post(place, given | {"taker": world.people["stranger"].uuid}).status_code == 422
    assert not Delegation.objects.exists()
    # `giver` is no field of somebody who is no admin: what is posted gives one's own place, never another's.
    client.post(place, given | {"giver": world.people["approver"].uuid})
    assert [one.giver for one in Delegation.objects.all()] == [world.people["rater"]]


def test_a_delegation_of_others_is_not_ended_or_seen(world):
    today = routes.today_in(world.program.organization)
    found = Delegation.objects.create(
        organization=world.program.organization, giver=world.people["rater"], taker=world.people["assessor"],
        first_day=today, last_day=today, created_by=world.people["rater"], reason="A secret operation.",
    )  # fmt: skip
    for role in ("lead", "viewer", "stranger"):
        client = client_of(world, role)
        assert client.post(reverse("assessments:delegation_end", args=[found.uuid])).status_code == 404
        assert "A secret operation." not in text_of(client.get(reverse("assessments:delegations")))
    assert not AuditEvent.objects.filter(action="delegation.ended").exists()


def test_a_reassignment_names_only_whom_the_step_names_and_people_of_the_organization(world):
    client, place = client_of(world, "lead"), address(world, "step_reassign", key="functional")
    given = {"place": "function:cmc", "person": str(world.people["assessor"].uuid), "reason": "CMC is away."}
    for changed in (
        {"place": "role:approver"},
        {"place": "function:finance"},
        {"person": str(world.people["stranger"].uuid)},
        {"person": "nobody"},
        {"reason": ""},
    ):
        assert client.post(place, given | changed).status_code == 422
    assert client.post(place, given | {"person": str(world.people["lead"].uuid)}).status_code == 403
    executive = address(world, "step_reassign", key="executive")
    answer = client.post(executive, given | {"place": "role:approver", "person": str(world.people["rater"].uuid)})
    assert answer.status_code == 403 and "cannot take this step over" in text_of(answer)
    assert step_of(world).reassignments.count() == 0
