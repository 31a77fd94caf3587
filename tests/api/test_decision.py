"""A review's decision by the API: submitted, amended, signed with a grant and never by a token alone."""

import hashlib
import html
import json
import re
import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import proof
from accounts.models import AuditEvent, IdempotencyKey, MembershipFunction
from accounts.permissions import NotAllowed
from assessments.models import Review, Signature, SigningGrant
from assessments.scoring.confidential import HIDDEN
from assessments.services import routes, signing, tripwires
from tests.api.conftest import Caller, token_of
from tests.factories import PASSWORD
from tests.pages.test_approval import signature_of, text_of
from tests.rights import world as rights_world
from tests.rights.reviews import sign
from tests.services.decided import BLOCKED, assigned, decided_world, submit
from tests.support.results import compute


def grant_for(member, step, giver=None, **more):
    """What the approval page gives a person who has just typed the password."""
    step.review = Review.objects.get(pk=step.review_id)
    return signing.grant_to_sign(
        member=member,
        step_id=step.pk,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
        on_behalf_of=giver,
        **more,
    )


@pytest.fixture
def submitted(world, review_in, caller):
    review = review_in("reconciling")
    body = {"action": "submit", "kind": "not_yet", "justification": "Wait for the slot.", "reason": "QA is short."}
    early = caller("lead").post(f"reviews/{review.uuid}/transitions/", body)
    assert (early.status_code, early.json()["code"]) == (409, "result_pending")
    assert int(early.headers["Retry-After"]) > 0
    compute(review)
    answer = caller("lead").post(f"reviews/{review.uuid}/transitions/", body, Idempotency_Key="submit-1")
    assert (answer.status_code, answer.json()["state"]) == (200, "in_approval")
    return review


def test_a_place_is_named_alike_at_the_submission_and_after_it(world, review_in, caller):
    review, lead = review_in("reconciling"), caller("lead")
    compute(review)
    place, viewer = f"reviews/{review.uuid}/transitions/", world.people["viewer"]
    body = {"action": "submit", "kind": "not_yet", "justification": "Wait for the slot.", "reason": "QA is short."}
    MembershipFunction.objects.filter(function__key="cmc").delete()
    stuck = lead.post(place, body)
    assert (stuck.status_code, [one["step"] for one in stuck.json()["problems"]]) == (409, ["functional"])
    taken = {"step": "functional", "place": "function:cmc", "person": str(viewer.uuid), "reason": "CMC is away."}
    assert lead.post(place, body | {"places": [taken]}).status_code == 200
    step = lead.get(f"reviews/{review.uuid}/submissions/").json()["results"][0]["steps"][0]
    keys = [one["key"] for one in step["places"]]
    assert keys == [f"person:{viewer.uuid}", "function:qa"]
    moved = {"place": keys[0], "person": str(world.people["rater"].uuid), "reason": "She is away too."}
    assert lead.post(f"steps/{step['id']}/reassign/", moved).status_code == 201
    by_address = f"person:{world.people['rater'].user.email}"
    back = {"place": by_address, "person": str(viewer.uuid), "reason": "She is here again."}
    assert lead.post(f"steps/{step['id']}/reassign/", back).status_code == 201
    step = lead.get(f"reviews/{review.uuid}/submissions/").json()["results"][0]["steps"][0]
    assert [one["key"] for one in step["places"]] == keys


def test_the_record_has_the_digest_that_is_signed(submitted, caller):
    lead = caller("lead")
    listed = lead.get(f"reviews/{submitted.uuid}/submissions/").json()["results"][0]
    record = lead.get(f"submissions/{listed['id']}/record/")
    assert hashlib.sha256(record.content).hexdigest() == listed["sha256"]
    assert [step["state"] for step in listed["steps"]] == ["open", "waiting"]


def test_without_a_grant_nobody_signs_and_nothing_is_written(world, submitted, caller):
    step = submitted.submissions.first().steps.order_by("position")[0]
    body = {"action": "sign", "step": str(step.uuid), "meaning": "reviewed"}
    stolen = grant_for(world.people["lead"].now(), step)
    for more in ({}, {"grant": ""}, {"grant": "x" * 43}, {"grant": stolen}):
        answer = caller("rater").post(f"reviews/{submitted.uuid}/transitions/", body | more)
        assert (answer.status_code, answer.json()["code"]) == (403, "grant_refused")
    assert not Signature.objects.exists()


def test_p11_200a_from_the_page_with_password_and_code_to_a_signature_by_the_api_once(world, submitted, caller):
    """The person confirms what the page shows; the program signs that and nothing else. Nobody else has use of it."""
    rater, secret = world.people["rater"], generate_totp_secret()
    TOTP.activate(rater.user, secret)
    page, place = (
        reverse("assessments:review_approval", args=[submitted.uuid]),
        f"reviews/{submitted.uuid}/transitions/",
    )
    browser = Client()
    browser.force_login(rater.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    form = signature_of(browser.get(page), through="program")
    act = reverse("assessments:review_sign", args=[submitted.uuid])
    assert "Sign through a program" not in text_of(browser.get(page))
    assert "no API token" in text_of(browser.post(act, form)) and not SigningGrant.objects.exists()
    token_of(rater, "read")
    assert browser.post(act, form).status_code == 403 and not SigningGrant.objects.exists()

    program = caller("rater")
    step = str(submitted.submissions.first().steps.get(kind="functional").uuid)
    told = program.post(place, {"action": "sign", "step": step, "meaning": "reviewed"})
    assert (told.status_code, told.json()["code"]) == (403, "grant_refused")
    assert page in told.json()["detail"] and "Sign through a program" in text_of(browser.get(page))
    assert browser.post(act, form | {"code": "000000"}).status_code == 403
    assert browser.post(act, form | {"password": "guess", "code": "000000"}).status_code == 403
    assert not SigningGrant.objects.exists()
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    shown = browser.post(act, form | {"code": code})
    assert shown.status_code == 200 and "no-store" in shown["Cache-Control"] and not Signature.objects.exists()
    body = json.loads(html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", shown.content.decode(), re.S)[1]))
    assert body["grant"] not in browser.get(page).content.decode()
    assert (body["step"], body["function"]) == (step, "cmc")

    for role, changed in (("lead", {}), ("assessor", {}), ("rater", {"meaning": "approved"})):
        assert caller(role).post(place, body | changed).status_code in (400, 403)
    assert not Signature.objects.exists()
    assert program.post(place, body, Idempotency_Key="sign").status_code == 200
    signature = Signature.objects.get()
    assert (signature.membership, signature.factors, signature.function.key) == (rater, "password+totp", "cmc")
    assert program.post(place, body).status_code == 409 and Signature.objects.count() == 1
    assert not IdempotencyKey.objects.filter(body__contains=body["grant"]).exists()


def test_a_grant_confirmed_for_one_function_signs_for_no_other(world, submitted, caller):
    rater = world.people["rater"]
    here = rater.organization
    MembershipFunction.objects.create(organization=here, membership=rater, function=here.functions.get(key="qa"))
    step = submitted.submissions.first().steps.get(kind="functional")
    grant = grant_for(rater.now(), step, function_key="qa")
    body = {"action": "sign", "step": str(step.uuid), "meaning": "reviewed", "grant": grant}
    for changed in ({}, {"function": "cmc"}):  # without a name: the first that is missing, which is CMC
        answer = caller("rater").post(f"reviews/{submitted.uuid}/transitions/", body | changed)
        assert (answer.status_code, answer.json()["code"]) == (409, "clash")
    assert not Signature.objects.exists()
    answer = caller("rater").post(f"reviews/{submitted.uuid}/transitions/", body | {"function": "qa"})
    assert answer.status_code == 200 and Signature.objects.get().function.key == "qa"


def test_rl_1_while_signing_is_locked_the_api_answers_when_to_come_back_and_not_even_a_former_grant_signs(
    world, submitted, caller
):
    functional = submitted.submissions.first().steps.order_by("position")[0]
    grant = grant_for(world.people["rater"].now(), functional)
    for _ in range(proof.WRONG_ATTEMPTS):
        with pytest.raises(NotAllowed):
            signing.grant_to_sign(
                member=world.people["rater"].now(),
                step_id=functional.pk,
                password="guess",
                bound_to=signing.what_is_signed(functional, signing.proposed_of(functional)),
            )
    body = {"action": "sign", "step": str(functional.uuid), "meaning": "reviewed", "grant": grant}
    answer = caller("rater").post(f"reviews/{submitted.uuid}/transitions/", body, Idempotency_Key="sign-locked")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert 0 < int(answer.headers["Retry-After"]) <= 900 and "locked until" in answer.json()["detail"]
    assert not Signature.objects.exists()


def test_with_their_grants_all_sign_and_the_review_is_approved(world, submitted, caller):
    place = f"reviews/{submitted.uuid}/transitions/"
    functional, executive = submitted.submissions.first().steps.order_by("position")
    for role, step, meaning in (
        ("rater", functional, "reviewed"),
        ("lead", functional, "reviewed"),
        ("approver", executive, "approved"),
    ):
        grant = grant_for(world.people[role].now(), step)
        body = {"action": "sign", "step": str(step.uuid), "meaning": meaning, "grant": grant}
        answer = caller(role).post(place, body, Idempotency_Key=f"sign-{role}")
        assert answer.status_code == 200, answer.content
        again = caller(role).post(place, body, Idempotency_Key=f"sign-{role}")
        assert again.content == answer.content  # the grant is spent, the answer is kept
    assert answer.json()["state"] == "approved"
    assert Signature.objects.count() == 3


def test_who_submitted_does_not_approve_by_the_api_either(world, submitted, caller):
    executive = submitted.submissions.first().steps.order_by("position")[1]
    body = {"action": "sign", "step": str(executive.uuid), "meaning": "approved", "grant": "x"}
    assert caller("lead").post(f"reviews/{submitted.uuid}/transitions/", body).status_code in (403, 409)
    assert not Signature.objects.exists()


# -- the route bends ----------------------------------------------------------------------------------------------


def test_a_delegate_signs_by_the_api_and_says_in_whose_place(world, submitted, caller):
    today = str(routes.today_in(world.program.organization))
    given = {"taker": str(world.people["assessor"].uuid), "first_day": today, "last_day": today}
    made = caller("rater").post("delegations/", given)
    assert made.status_code == 201, made.content
    functional = submitted.submissions.first().steps.get(kind="functional")
    grant = grant_for(world.people["assessor"].now(), functional, world.people["rater"])
    place, step = f"reviews/{submitted.uuid}/transitions/", str(functional.uuid)
    body = {"action": "sign", "step": step, "meaning": "reviewed", "grant": grant}
    assert caller("assessor").post(place, body).status_code == 403  # not silently in their own name
    answer = caller("assessor").post(place, body | {"on_behalf_of": str(world.people["rater"].uuid)})
    assert answer.status_code == 200, answer.content
    assert caller("viewer").get("delegations/").json()["count"] == 0
    assert caller("rater")("DELETE", f"delegations/{made.json()['id']}/").json()["revoked_at"]
    assert caller("rater")("DELETE", f"delegations/{made.json()['id']}/").status_code == 409


def test_an_approver_adds_changes_and_drops_tripwires_with_an_amend_by_the_api(world, submitted, caller):
    first = submitted.submissions.first().proposed_decisions.get()
    functional = submitted.submissions.first().steps.get(kind="functional")
    for role in ("rater", "lead"):
        sign(world.people[role].now(), functional)
    place = f"reviews/{submitted.uuid}/transitions/"
    body = {"action": "amend", "kind": "not_yet", "justification": "Wait for the slot.", "proposed_number": 1}
    wire = {"field": "wait", "option": "mix", "comparison": "gt", "threshold": 9}
    for threshold in ("1e999", "inf", "nan"):
        refused = caller("approver").post(place, body | {"tripwires": [wire | {"threshold": threshold}]})
        assert refused.status_code == 400 and "threshold" in refused.content.decode(), refused.content
    assert caller("lead").post(place, body | {"action": "submit", "tripwires": [wire]}).status_code == 400
    answer = caller("approver").post(place, body | {"tripwires": [wire]})
    assert answer.status_code == 200, answer.content
    (row,) = submitted.tripwires.all()
    changed = wire | {"key": row.key, "threshold": 10, "version": 1}
    answer = caller("approver").post(place, body | {"proposed_number": 2, "tripwires": [changed]})
    assert answer.status_code == 200, answer.content
    assert submitted.tripwires.get().threshold == 10
    stale = caller("approver").post(place, body | {"proposed_number": 3, "tripwires": [changed | {"threshold": 11}]})
    assert stale.status_code == 409
    answer = caller("approver").post(place, body | {"proposed_number": 3, "dropped_tripwires": [row.key]})
    assert answer.status_code == 200, answer.content
    assert not submitted.tripwires.exists() and first.submission.proposed_decisions.count() == 4


def test_p11_50a_every_signature_tells_name_time_and_meaning(world, submitted, caller):
    functional = submitted.submissions.first().steps.get(kind="functional")
    signature = sign(world.people["rater"].now(), functional)
    listed = caller("viewer").get(f"reviews/{submitted.uuid}/submissions/").json()["results"][0]
    (shown,) = next(step for step in listed["steps"] if step["kind"] == "functional")["signatures"]
    assert shown["printed_name"] == world.people["rater"].name and shown["meaning"] == "reviewed"
    assert shown["at"].startswith(f"{signature.at:%Y-%m-%dT%H:%M:%S}")
    assert (shown["statement"], shown["factors"], shown["submission"]) == (signature.statement, "password", 1)
    assert shown["on_behalf_of"] is None


@pytest.mark.django_db
def test_p11_10b_all_that_is_signed_of_a_proposed_decision_is_read_by_the_api_and_prices_by_those_who_may(monkeypatch):
    """Of each field the value of the very record whose digest is signed; what rests on prices is left out by name."""
    document = rights_world.document()
    for field in document["schema"]["fields"]:
        field["commercial"] = field["key"] in ("wait", "qms")
    document["gates"][0]["entries"][0]["message"] = "{option} has a quality system of {qms}"
    monkeypatch.setattr(rights_world, "document", lambda: document)
    world = decided_world()
    wire = {"field": "wait", "option": "a", "comparison": "gt", "threshold": 31.5, "because": "The slot is gone then."}
    tripwires.set_tripwire(member=world.people["lead"].now(), review_id=world.review.pk, by_month=9, **wire)
    submission = submit(
        world,
        kind="alternative",
        option_key=BLOCKED,
        overrides={"G1": "The sister plant lends its own."},
        conditions=assigned(world, option=BLOCKED),
    )
    proposed = submission.proposed_decisions.get()
    frozen = json.loads(proposed.record)

    def read(role):
        answer = Caller(token_of(world.people[role])).get(f"reviews/{world.review.uuid}/submissions/")
        return answer.json()["results"][0]["proposed_decisions"][0]

    told = read("lead")
    assert hashlib.sha256(told["record"].encode()).hexdigest() == told["sha256"] == proposed.sha256
    assert told["sentence"] == frozen["sentence"] and told["justification"] == frozen["justification"]

    def as_the_api_spells(entries):
        for entry in entries:
            owner = entry.get("owner")
            entry |= {"owner": owner and {"id": owner["uuid"], "name": owner["name"]}} if "owner" in entry else {}
            entry |= {"option": entry["option"]["key"]} if "option" in entry else {}
        return entries

    wires = as_the_api_spells(frozen["tripwires"])
    assert told["conditions"] == as_the_api_spells(frozen["conditions"]) and len(told["conditions"]) >= 1
    assert told["overrides"] == frozen["overrides"] and "quality system of" in told["overrides"][0]["message"]
    assert [one | {"commercial": True} for one in told["tripwires"]] == wires and wires[0]["threshold"] == 31.5

    less = read("viewer")
    assert less["record"] is None and "31.5" not in json.dumps(less)
    assert less["overrides"] == [frozen["overrides"][0] | {"message": HIDDEN}]
    assert [one | {"commercial": True} for one in less["tripwires"]] == [
        wires[0] | {"threshold": None, "sentence": HIDDEN, "because": ""}
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["reconciling", "in_approval"])
def test_what_somebody_wrote_beside_a_tripwire_on_a_price_is_read_by_those_who_may_see_prices(monkeypatch, state):
    """On the page and by the API, before the submission and after it; beside any other tripwire everyone reads it."""
    document = rights_world.document()
    for field in document["schema"]["fields"]:
        field["commercial"] = field["key"] == "wait"
    monkeypatch.setattr(rights_world, "document", lambda: document)
    world = decided_world()
    for field, because, more in (
        ("wait", "Above 1.2 MUSD a lot it pays no more.", {"option": "a", "comparison": "gt", "threshold": 31.5}),
        ("need", "Too much by hand.", {"comparison": "gt", "threshold": 30}),
    ):
        lead = world.people["lead"].now()
        tripwires.set_tripwire(member=lead, review_id=world.review.pk, field=field, because=because, **more)
    if state == "in_approval":
        submit(world)
    places = {"reconciling": ("lead", "admin"), "in_approval": ("lead", "admin", "approver")}
    without = {"reconciling": ("rater",), "in_approval": ("rater", "viewer")}

    def read(role):
        """(the page, the API's tripwires, the API's submissions)"""
        client, caller = Client(), Caller(token_of(world.people[role]))
        client.force_login(world.people[role].user)
        page = client.get(reverse("assessments:review_approval", args=[world.review.uuid]))
        answers = [caller.get(f"reviews/{world.review.uuid}/{part}/") for part in ("tripwires", "submissions")]
        assert [one.status_code for one in (page, *answers)] == [200] * 3
        return [one.content.decode() for one in (page, *answers[: 1 if state == "reconciling" else 2])]

    for role in places[state]:
        assert all("1.2 MUSD" in text for text in read(role)), role
    for role in without[state]:
        texts = read(role)
        assert not any("1.2 MUSD" in text or "31.5" in text for text in texts), role
        assert all("Too much by hand." in text for text in texts), role


def test_a_question_and_its_answer_by_the_api(world, submitted, caller):
    place = f"reviews/{submitted.uuid}/transitions/"
    functional = submitted.submissions.first().steps.get(kind="functional")
    sign(world.people["rater"].now(), functional)
    asked = caller("lead").post(place, {"action": "question", "question": "Is the slot free?"})
    assert (asked.status_code, asked.json()["state"]) == (200, "reconciling")
    body = {"action": "submit", "kind": "not_yet", "justification": "Wait for the slot.", "reason": "QA is short."}
    assert caller("lead").post(place, body).status_code == 400
    again = caller("lead").post(place, body | {"answer": "It is."})
    assert (again.status_code, again.json()["state"]) == (200, "in_approval")
    second = caller("viewer").get(f"reviews/{submitted.uuid}/submissions/").json()["results"][0]
    assert second["answers"][0]["answer"] == "It is." and second["answers"][0]["on_behalf_of"] is None
    (standing,) = second["steps"][0]["signatures"]
    assert (second["number"], standing["submission"], second["steps"][0]["state"]) == (2, 1, "open")


@pytest.mark.parametrize(
    ("state", "body"),
    [
        ("draft", {"action": "start"}),
        ("scoring", {"action": "reveal", "reason": "QA is away."}),
        ("draft", {"action": "withdraw", "reason": "It ended."}),
    ],
)
def test_what_moves_a_review_on_and_is_sent_twice_is_told_as_done(world, review_in, caller, state, body):
    review_in(state)
    place = f"reviews/{world.review.uuid}/transitions/"
    first, again = (caller("lead").post(place, body) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()["code"]) == (200, 409, "done_already")
    other = caller("admin").post(place, body)
    assert (other.status_code, other.json()["code"]) == (409, "wrong_state")
    assert AuditEvent.objects.filter(action__in=("review.started", "review.revealed", "review.withdrawn")).count() == (
        2 if state == "scoring" else 1
    )


def test_a_returned_review_is_submitted_with_what_was_done_by_the_api(world, submitted, caller):
    place = f"reviews/{submitted.uuid}/transitions/"
    assert caller("lead").post(place, {"action": "return", "reason": "No slot is named."}).status_code == 200
    body = {"action": "submit", "kind": "not_yet", "justification": "Wait for the slot.", "reason": "QA is short."}
    without = caller("lead").post(place, body)
    assert (without.status_code, [one["field"] for one in without.json()["problems"]]) == (400, ["answer"])
    assert caller("lead").post(place, body | {"answer": "The slot of March."}).status_code == 200
    second, first = caller("viewer").get(f"reviews/{submitted.uuid}/submissions/").json()["results"]
    person = world.people["lead"]
    assert first["answer_to_return"] is None and second["answers"] == []
    assert second["answer_to_return"] == {
        "reason": "No slot is named.",
        "returned_by": {"id": str(person.uuid), "name": person.name},
        "on_behalf_of": None,
        "answer": "The slot of March.",
    }


def test_a_step_is_reassigned_and_reminded_of_by_the_api(world, submitted, caller):
    step = submitted.submissions.first().steps.get(kind="functional").uuid
    listed = caller("lead").get(f"reviews/{submitted.uuid}/submissions/").json()["results"][0]["steps"][0]
    assert [place["key"] for place in listed["places"]] == ["function:cmc", "function:qa"]
    body = {"place": "function:cmc", "person": str(world.people["viewer"].uuid), "reason": "CMC is away."}
    assert caller("lead").post(f"steps/{step}/reassign/", body).status_code == 201
    assert caller("lead").post(f"steps/{step}/reassign/", body).status_code == 409
    told = caller("lead").post(f"steps/{step}/remind/")
    assert [person["name"] for person in told.json()["people"]] == [world.people["viewer"].name]
    assert caller("lead").post(f"steps/{step}/remind/").status_code == 409
    listed = caller("lead").get(f"reviews/{submitted.uuid}/submissions/").json()["results"][0]["steps"][0]
    assert listed["reassigned"][0]["in_place_of"] == "CMC"
