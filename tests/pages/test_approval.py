"""The approval tab: it names what is missing, waits visibly, prints what is signed, and takes the signature."""

import hashlib
import html
import json
import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEvent, MembershipFunction, User
from assessments import permissions
from assessments.models import (
    ApprovalParty,
    ApprovalStep,
    Assignment,
    Condition,
    ProposedDecision,
    Review,
    Signature,
    Submission,
)
from assessments.services import approvals, conditions, delegations, reconciling, routes, signing
from tests.factories import PASSWORD, MembershipFactory
from tests.rights.reviews import sign
from tests.services.decided import BLOCKED, FIRST, OTHER, decided_world, member, submit
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import shared
from tests.support.results import compute

pytestmark = pytest.mark.django_db


begun, world = shared(decided_world)


@pytest.fixture
def submitted(world):
    world.more["submission"] = submit(world)
    return world


def client_of(world, role):
    client = Client()
    client.force_login(world.people[role].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def address(world, name="review_approval", **kwargs):
    return reverse(f"assessments:{name}", kwargs={"uuid": world.review.uuid, **kwargs})


def text_of(answer):
    """What the page says, without its markup."""
    body = re.sub(r"<(script|style|template).*?</\1>", " ", answer.content.decode(), flags=re.S)
    said = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))
    return re.sub(r" ([,.:])", r"\1", said)


def hidden(answer, name):
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', answer.content.decode())
    return html.unescape(found.group(1)) if found else None


def assign(world):
    (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
    conditions.assign_condition(
        member=member(world, "lead"),
        review_id=world.review.pk,
        key=demand.key,
        owner=world.people["rater"],
        due_month=6,
    )


def typed(world, client, **changed):
    page = client.get(address(world))
    given = {
        "choice": f"recommended:{FIRST}",
        "justification": "The plant runs.",
        "missing_reason": "",
        "version": hidden(page, "version"),
        "seen_result": hidden(page, "seen_result"),
    }
    return given | changed


# -- before the submission ----------------------------------------------------------------------------------------


def test_the_lead_sees_what_is_missing_and_where_to_mend_it(world):
    answer = client_of(world, "lead").get(address(world))
    said = text_of(answer)
    assert "Potency assay This condition lacks an owner and a due month." in said
    assert 'href="#conditions"' in answer.content.decode()
    assert "Suite, recommended, leaning" in said and "Own, blocked: quality" in said
    assert "Functional sign-off CMC, QA: each of them signs, within 5 days" in said


def test_others_read_the_same_without_the_forms(world):
    answer = client_of(world, "rater").get(address(world))
    assert "Submit for approval" not in text_of(answer) and "<select" not in answer.content.decode()
    assert "Owner CMC, person not named yet" in text_of(answer)


def test_a_condition_is_assigned_in_place_and_its_month_shown_as_a_date(world):
    client = client_of(world, "lead")
    (demand,) = conditions.demands_on(world.review.full.numbers, FIRST)
    values = {f"{demand.key}-version": 0, f"{demand.key}-owner": world.people["rater"].uuid}
    url = address(world, "condition_assign", key=demand.key)
    refused = client.post(url, values | {f"{demand.key}-due_month": 500})
    assert refused.status_code == 422 and not Condition.objects.exists()
    assert 'value="500"' in refused.content.decode()
    answer = client.post(url, values | {f"{demand.key}-due_month": 6}, follow=True)
    assert "15 Jul 2026" in text_of(answer)
    assert "This condition lacks" not in text_of(answer)
    clash = client.post(url, values | {f"{demand.key}-due_month": 9})
    assert clash.status_code == 409 and Condition.objects.get().due_month == 6


def test_a_submission_from_the_page(world):
    assign(world)
    client = client_of(world, "lead")
    answer = client.post(address(world, "review_submit"), typed(world, client), follow=True)
    assert "Submitted. The record is frozen" in text_of(answer)
    assert Submission.objects.get().proposed_decisions.get().option.key == FIRST


def test_what_was_typed_stays_beside_what_was_refused(world):
    assign(world)
    client = client_of(world, "lead")
    given = typed(world, client, choice=f"alternative:{BLOCKED}", justification="We want <our own> plant.")
    answer = client.post(address(world, "review_submit"), given)
    assert answer.status_code == 422
    assert "Quality (G1) blocks Own: give the reason for setting it aside." in text_of(answer)
    assert "We want &lt;our own&gt; plant." in answer.content.decode()
    assert not Submission.objects.exists()


def test_missing_conditions_hold_it_up_by_name(world):
    client = client_of(world, "lead")
    answer = client.post(address(world, "review_submit"), typed(world, client))
    assert answer.status_code == 422
    assert "Potency assay: This condition lacks an owner and a due month." in text_of(answer)


def test_a_choice_that_the_result_no_longer_offers_is_refused_in_words_and_keeps_what_was_typed(world):
    client = client_of(world, "lead")
    assign(world)
    given = typed(world, client, choice=f"recommended:{OTHER}", justification="Words that took an hour.")
    answer = client.post(address(world, "review_submit"), given)
    assert answer.status_code == 422 and not Submission.objects.exists()
    said = text_of(answer)
    assert "The result says something else by now: choose again." in said and "Words that took an hour." in said
    assert f"recommended:{OTHER} is" not in said, "no key"


def test_a_pending_result_is_waited_for_visibly_and_what_was_typed_is_kept(world):
    assign(world)
    client = client_of(world, "lead")
    given = typed(world, client, justification="Words that took an hour.")
    reconciling.agree(
        member=member(world, "lead"),
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        value="3",
        note="Halfway.",
    )
    answer = client.post(address(world, "review_submit"), given)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Not submitted yet." in page and "Words that took an hour." in page
    wait = html.unescape(re.search(r'hx-get="([^"]*result/[^"]*)"', page).group(1))
    assert wait == address(world, "review_result_wait") + "?tries=1" and 'hx-trigger="load delay:2s"' in page
    assert not Submission.objects.exists()
    still = client.get(wait).content.decode()
    assert "tries=2" in still and "being computed" in still
    given_up = client.get(address(world, "review_result_wait") + "?tries=30").content.decode()
    assert "after a minute" in given_up and "hx-get" not in given_up
    compute(world.review)
    ready = client.get(wait)
    assert "The result is here: Suite is recommended" in text_of(ready) and b"hx-get" not in ready.content
    again = client.post(address(world, "review_submit"), given | {"seen_result": hidden(ready, "seen_result")})
    assert again.status_code == 302 and Submission.objects.count() == 1


def test_a_result_that_moved_under_the_page_is_shown_before_it_is_submitted(world):
    assign(world)
    client = client_of(world, "lead")
    given = typed(world, client)
    reconciling.agree(
        member=member(world, "lead"),
        review_id=world.review.pk,
        criterion_key="first_lot",
        option_key=OTHER,
        value="3",
        note="Halfway.",
    )
    compute(world.review)
    answer = client.post(address(world, "review_submit"), given)
    assert answer.status_code == 409 and "The result moved since you looked at it." in text_of(answer)
    world.review.refresh_from_db()
    assert hidden(answer, "seen_result") == str(world.review.full.uuid)
    assert not Submission.objects.exists()


# -- signing ------------------------------------------------------------------------------------------------------


def signature_of(page, **changed):
    given = {name: hidden(page, name) for name in ("step", "bound", "meaning")}
    return given | {"password": PASSWORD} | changed


def test_from_the_page_to_the_signature(submitted):
    client = client_of(submitted, "rater")
    page = client.get(address(submitted))
    said = text_of(page)
    assert (
        "You sign for Functional sign-off, with the meaning reviewed for my function, submission 1 of Review 1, "
        "which proposes: Choose Suite, as recommended."
    ) in said
    assert "I answer for this act as for one signed by hand" in said
    assert "Potency assay" in said and "Choose Suite, as recommended." in said
    answer = client.post(address(submitted, "review_sign"), signature_of(page), follow=True)
    said = text_of(answer)
    assert "Signed. Your signature is on record." in said
    assert f"{submitted.people['rater'].name}, CMC · Reviewed for my function" in said
    assert "waiting for QA: " in said and "Your password" not in said


@pytest.mark.parametrize("password", ["", "not mine"])
def test_p11_200a_without_the_right_password_nothing_is_signed(submitted, password):
    client = client_of(submitted, "rater")
    page = client.get(address(submitted))
    answer = client.post(address(submitted, "review_sign"), signature_of(page, password=password))
    assert answer.status_code == (403 if password else 422)
    assert not Signature.objects.exists()
    assert AuditEvent.objects.filter(action="signing.password_refused").count() == (1 if password else 0)
    assert "not mine" not in answer.content.decode()
    words = "The password is wrong." if password else "Nothing was signed: confirm with your password"
    assert words in errors_of(answer, "sign_password")


def errors_of(answer, field):
    """What stands beside a field; empty where nothing does."""
    found = re.search(rf'id="{field}_error">(.*?)</ul>', answer.content.decode(), flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", found.group(1))) if found else ""


def test_a_refusal_to_sign_stands_at_its_field_and_what_was_chosen_stays(submitted):
    """`rater` speaks for both functions and has an authenticator app: capacity, password and code are asked for."""
    rater = submitted.people["rater"]
    MembershipFunction.objects.create(
        organization=rater.organization, membership=rater, function=rater.organization.functions.get(key="qa")
    )
    TOTP.activate(rater.user, generate_totp_secret())
    client = client_of(submitted, "rater")
    page = client.get(address(submitted))
    given = signature_of(page, capacity="qa@", code="000000")
    for changed, field, words, status in (
        ({}, "sign_code", "The code of your second factor is missing or wrong.", 403),
        ({"code": ""}, "sign_code", "Nothing was signed: the code of your second factor is missing.", 422),
        ({"password": "not mine"}, "sign_password", "The password is wrong.", 403),
    ):
        answer = client.post(address(submitted, "review_sign"), given | changed)
        assert answer.status_code == status, changed
        assert words in errors_of(answer, field)
        others = {"sign_code", "sign_password", "sign_capacity"} - {field}
        assert not any(errors_of(answer, other) for other in others), changed
        body = answer.content.decode()
        assert '<option value="qa@" selected>' in body and "000000" not in body and PASSWORD not in body
    answer = client.post(address(submitted, "review_sign"), given | {"capacity": "finance@"})
    assert "does not wait for you in this capacity" in errors_of(answer, "sign_capacity")
    stale = client.post(address(submitted, "review_sign"), given | {"bound": "0" * 64})
    assert stale.status_code == 409 and '<option value="qa@" selected>' in stale.content.decode()
    assert not Signature.objects.exists()


def test_what_was_done_is_told_on_the_next_page_and_not_to_a_part_of_the_one_before(submitted):
    """The route of the page that is left follows the signature, and may ask before the next page does."""
    client = client_of(submitted, "rater")
    page = client.get(address(submitted))
    assert client.post(address(submitted, "review_sign"), signature_of(page)).status_code == 302
    assert "Signed." not in text_of(client.get(address(submitted), headers={"HX-Request": "true"}))
    assert "Signed." in text_of(client.get(address(submitted)))


def test_a_capacity_is_named_as_functions_and_people_are(submitted):
    rater, giver = member(submitted, "rater"), member(submitted, "second")
    words = [str(one) for one in signing.capacities(rater, step_of(submitted), signing.proposed_of(step_of(submitted)))]
    assert words == ["CMC"]
    assert str(signing.Capacity(None, giver)) == f"In the place of {giver.name}"


def test_the_page_says_who_returned_it_and_in_whose_place(submitted):
    functional_signed(submitted)
    approver, taker = member(submitted, "approver"), member(submitted, "second_approver")
    today = routes.today_in(approver.organization)
    ApprovalParty.objects.filter(step=step_of(submitted, "executive")).update(role="", membership=approver)
    delegations.delegate(member=approver, giver=approver, taker=taker, first_day=today, last_day=today)
    approvals.return_review(member=taker, review_id=submitted.review.pk, reason="Ask the clinic first.")
    said = text_of(client_of(submitted, "lead").get(address(submitted)))
    assert re.search(rf"Returned \d+ \w+ \d+ by {taker.name} on behalf of {approver.name}\. Ask the clinic first", said)


def test_queries_of_the_page_grow_neither_with_steps_nor_with_people(submitted):
    functional = step_of(submitted)
    client = client_of(submitted, "lead")

    def asked():
        with CaptureQueriesContext(connection) as found:
            assert client.get(address(submitted)).status_code == 200
        return len(found)

    client.get(address(submitted))
    few = asked()
    for at in range(4):
        step = ApprovalStep.objects.create(
            organization=functional.organization,
            review=functional.review,
            submission=functional.submission,
            key=f"further_{at}",
            name=f"Further {at}",
            position=functional.position,
            kind=("functional", "executive")[at % 2],
            rule=("all", "any")[at % 2],
            state="open",
        )
        for role in ("approver", "auditor"):
            ApprovalParty.objects.create(organization=step.organization, step=step, role=role)
    MembershipFactory.create_batch(5, organization=functional.organization, with_roles=["viewer"])
    assert asked() == few


def test_the_acts_on_the_page_are_those_that_the_rules_allow(submitted):
    """The page asks for all open steps at once; the services ask step by step."""

    def agree(step):
        for role in submitted.people:
            person = member(submitted, role)
            listed = ApprovalStep.objects.acted_on_by(person).filter(pk=step.pk).exists()
            assert listed == bool(permissions.can_act_on_step(person, step)), role

    agree(step_of(submitted))
    sign(member(submitted, "rater"), step_of(submitted))
    agree(step_of(submitted))
    sign(member(submitted, "second"), step_of(submitted))
    agree(step_of(submitted, "executive"))


def test_p11_300d_five_wrong_passwords_lock_signing_on_the_page(submitted):
    client = client_of(submitted, "rater")
    given = signature_of(client.get(address(submitted)))
    for _ in range(5):
        answer = client.post(address(submitted, "review_sign"), given | {"password": "guess"})
    assert "Signing is locked until" in text_of(answer)
    assert answer.status_code == 429
    locked = client.post(address(submitted, "review_sign"), given)
    assert locked.status_code == 429 and 0 < int(locked["Retry-After"]) <= 900
    assert "Signing is locked until" in text_of(locked)
    assert f'value="{given["bound"]}"' in locked.content.decode(), "the form stays as it was sent"
    assert not Signature.objects.exists()


def test_an_executive_reads_and_signs_the_proposed_decision_as_it_stands(submitted):
    functional_signed(submitted)
    client = client_of(submitted, "approver")
    page = client.get(address(submitted))
    assert "approved as the decision, proposed decision 1: Choose Suite, as recommended." in text_of(page)
    amend(submitted)
    answer = client.post(address(submitted, "review_sign"), signature_of(page), follow=True)
    assert answer.status_code == 409 and "amended meanwhile" in text_of(answer)
    assert "approved as the decision, proposed decision 2: Choose Partner A instead of Suite" in text_of(answer)
    answer = client.post(address(submitted, "review_sign"), signature_of(answer), follow=True)
    assert "Signed. The decision is made." in text_of(answer)
    assert Review.objects.get(pk=submitted.review.pk).state == "approved"


def test_void_signatures_stay_on_record_and_are_marked(submitted):
    executive = step_of(submitted, "executive")
    type(executive).objects.filter(pk=executive.pk).update(rule="at_least", at_least=2)
    functional_signed(submitted)
    sign(member(submitted, "approver"), executive)
    amend(submitted)
    said = text_of(client_of(submitted, "viewer").get(address(submitted)))
    assert f"{submitted.people['approver'].name} void: the proposal was amended" in said
    assert "Replaced by amendment (1)" in said


def test_p11_50a_the_decision_prints_name_time_and_meaning_as_at_signing(submitted):
    functional_signed(submitted)
    signature = sign(member(submitted, "approver"), step_of(submitted, "executive"))
    User.objects.filter(pk=submitted.people["approver"].user_id).update(full_name="Renamed Since")
    for url in (address(submitted), address(submitted, "submission_detail", number=1)):
        said = text_of(client_of(submitted, "auditor").get(url))
        assert signature.printed_name in said and "Renamed Since" not in said
        assert "Approved as the decision" in said
        assert f"{signature.at:%-d %b %Y %H:%M}" in said


@pytest.mark.parametrize(("name", "state"), [("review_return", "reconciling"), ("review_reject", "rejected")])
def test_return_and_reject_ask_for_a_reason_in_their_dialog(submitted, name, state):
    functional_signed(submitted)
    client = client_of(submitted, "approver")
    refused = client.post(address(submitted, name), {"version": submitted.review.version + 1, "reason": " "})
    assert refused.status_code == 422 and b"data-open-now" in refused.content
    version = Review.objects.get(pk=submitted.review.pk).version
    answer = client.post(
        address(submitted, name), {"version": version, "reason": "The inspection report is missing."}, follow=True
    )
    assert Review.objects.get(pk=submitted.review.pk).state == state
    assert "The inspection report is missing." in text_of(answer)


def test_after_a_return_the_earlier_submission_and_its_signatures_stay_readable(submitted):
    sign(member(submitted, "rater"), step_of(submitted))
    approvals.return_review(member=member(submitted, "second"), review_id=submitted.review.pk, reason="One question.")
    said = text_of(client_of(submitted, "lead").get(address(submitted)))
    assert "One question." in said and "Submission 1" in said
    assert f"{submitted.people['rater'].name}, CMC: Reviewed for my function" in said
    # What was proposed is where the lead begins again.
    assert "our own people stay in charge of quality" in said


def test_who_signs_reads_how_the_earlier_submissions_came_back(submitted):
    second = member(submitted, "second")
    approvals.return_review(member=second, review_id=submitted.review.pk, reason="No limit is named.")
    submit(submitted, answer="Eight lots of ten.")
    approvals.ask_question(member=member(submitted, "second"), review_id=submitted.review.pk, question="Who pays?")
    submit(submitted, answer="We do.")
    said = text_of(client_of(submitted, "rater").get(address(submitted)))
    first, later = said.index("Submission 1"), said.index("Submission 2")
    assert later < said.index(f"{second.name} asked: Who pays?") < first
    assert said.index(f"Returned by {second.name}: No limit is named.") > first


def test_a_step_that_nobody_can_sign_says_who_brings_it_on(submitted):
    pages = {role: client_of(submitted, role) for role in ("lead", "viewer")}
    assert all("It stays open" not in text_of(client.get(address(submitted))) for client in pages.values())
    MembershipFunction.objects.filter(function__key="cmc").delete()
    assert "until you put somebody in that place: reassign it" in text_of(pages["lead"].get(address(submitted)))
    assert "until the lead or an admin reassigns it" in text_of(pages["viewer"].get(address(submitted)))


# -- the record ---------------------------------------------------------------------------------------------------


def test_the_record_is_handed_out_as_it_was_hashed_and_each_time_on_record(submitted):
    """AT-8."""
    submission = submitted.more["submission"]
    answer = client_of(submitted, "lead").get(address(submitted, "submission_record", number=1))
    assert hashlib.sha256(answer.content).hexdigest() == submission.sha256
    assert answer["Content-Type"] == "application/json" and answer["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.content)["program"]["name"] == "MSC-1"
    assert AuditEvent.objects.get(action="submission.downloaded").actor == submitted.people["lead"]


def test_the_record_with_its_prices_is_not_for_everyone(submitted):
    assert client_of(submitted, "viewer").get(address(submitted, "submission_record", number=1)).status_code == 403
    page = client_of(submitted, "viewer").get(address(submitted, "submission_detail", number=1))
    assert "Prices and terms are shown to" in text_of(page)
    assert not AuditEvent.objects.filter(action="submission.downloaded").exists()


def test_verification_is_shown_with_full_hashes(submitted):
    sign(member(submitted, "rater"), step_of(submitted))
    answer = client_of(submitted, "viewer").get(address(submitted, "submission_detail", number=1))
    said = text_of(answer)
    submission = submitted.more["submission"]
    assert "Verified just now" in said and submission.sha256 in said
    assert Signature.objects.get().digest in said and ProposedDecision.objects.get().sha256 in said


@pytest.mark.parametrize("role", ["lead", "rater"])
def test_queries_before_the_submission_do_not_grow_with_the_raters(world, role, django_assert_num_queries):
    client = client_of(world, role)
    client.get(address(world))
    with CaptureQueriesContext(connection) as asked:
        client.get(address(world))
    assert len(asked) < 70
    organization = world.program.organization
    for _ in range(4):
        Assignment.objects.create(
            organization=organization,
            review=world.review,
            function=organization.functions.get(key="cmc"),
            membership=MembershipFactory(organization=organization, with_roles=["assessor"]),
            assigned_by=world.people["lead"],
        )
    with django_assert_num_queries(len(asked)):
        page = text_of(client.get(address(world)))
    if role == "lead":
        assert page.count("ratings missing.") == 4
