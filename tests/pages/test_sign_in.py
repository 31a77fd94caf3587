"""Signing in, being locked out, signing out, and switching between organizations."""

import re
import time
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts import proof
from accounts.models import AuditEvent, Notification, User
from accounts.passwords import NotTheProductsName
from tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
PASSWORD = "twelve words are better than one"


@pytest.fixture(autouse=True)
def nobody_tried_before():
    """Requests per minute and address are counted in the process, over all tests of it."""
    cache.clear()


@pytest.fixture
def member():
    member = MembershipFactory(user__email="ana@example.org", with_roles=["viewer"])
    member.user.set_password(PASSWORD)
    member.user.save()
    return member


def sign_in(client, email="ana@example.org", password=PASSWORD, **more):
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


def test_the_sign_in_page_is_served_under_a_policy_without_inline_code(client):
    page = client.get("/accounts/login/")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", page.content.decode())


def test_every_answer_carries_the_protecting_headers(client):
    for path in ("/accounts/login/", "/nowhere/", "/healthz/live"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_signing_in_makes_a_new_session_that_signing_out_ends(client, member):
    client.get("/accounts/login/")
    assert sign_in(client).status_code == 302
    key = client.session.session_key
    assert Session.objects.filter(session_key=key).exists()
    client.post("/accounts/logout/")
    assert not Session.objects.filter(session_key=key).exists()


def test_the_case_of_the_address_does_not_matter(client, member):
    assert sign_in(client, "ANA@Example.org").status_code == 302


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client, member):
    wrong = sign_in(client, password="not the password")
    unknown = sign_in(client, "nobody@example.org", "not the password")
    assert wrong.status_code == unknown.status_code == 200

    def words(page):
        text = re.sub(r"(ana|nobody)@example\.org", "ADDRESS", page.content.decode())
        return re.sub(r'(csrfmiddlewaretoken" value|csrf-token" content)="[^"]+"', "", text)

    assert words(wrong) == words(unknown)


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(client, member):
    for _ in range(5):
        last = sign_in(client, password="wrong")
    assert last.status_code == 429
    assert sign_in(client).status_code == 429
    assert "_auth_user_id" not in client.session


def test_an_address_of_elsewhere_is_not_followed_after_sign_in(client, member):
    answer = sign_in(client, next="//evil.example/")
    assert answer.status_code == 302
    assert "evil" not in answer.headers["Location"]


def test_nobody_signs_themselves_up(client):
    client.post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD})
    assert not User.objects.filter(email="new@example.org").exists()


def test_a_deactivated_person_does_not_get_in(client, member):
    User.objects.filter(pk=member.user_id).update(is_active=False)
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_one_may_switch_only_to_an_organization_of_ones_own(client, member):
    second = MembershipFactory(user=member.user, with_roles=["viewer"])
    foreign = MembershipFactory(organization=OrganizationFactory())
    sign_in(client)
    assert client.post("/people/switch/", {"membership": second.uuid}).status_code == 302
    assert client.session["membership"] == str(second.uuid)
    assert client.post("/people/switch/", {"membership": foreign.uuid}).status_code == 404
    assert client.session["membership"] == str(second.uuid)


def test_switching_needs_a_post(client, member):
    second = MembershipFactory(user=member.user, with_roles=["viewer"])
    sign_in(client)
    assert client.get("/people/switch/", {"membership": second.uuid}).headers["Location"] == "/"
    assert client.session.get("membership") != str(second.uuid)


def test_two_addresses_that_differ_in_case_are_one_person(member):
    """P11-300a."""
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ANA@example.org", full_name="Another Ana")


def test_a_password_around_the_products_name_is_refused():
    with pytest.raises(ValidationError):
        NotTheProductsName().validate("Makewhere-2026-secure")
    NotTheProductsName().validate(PASSWORD)


def test_probes_tell_up_or_down_and_nothing_else(client):
    assert client.get("/healthz/live").json() == {"status": "up"}
    assert client.get("/healthz/ready").json() == {"status": "up"}


@pytest.mark.parametrize("asked", ["", "abc", "\x00", "99999999-0000-0000-0000-000000000000"])
def test_a_membership_that_is_none_of_ones_own_is_not_found(client, member, asked):
    sign_in(client)
    assert client.post("/people/switch/", {"membership": asked}).status_code == 404


@pytest.mark.parametrize("act", ["action_add", "action_primary", "action_remove"])
def test_nobody_changes_the_address_that_they_sign_in_with(client, member, act):
    sign_in(client)
    answer = client.post("/accounts/email/", {"email": "mallory@example.net", act: ""})
    assert answer.status_code == 404
    assert User.objects.get(pk=member.user_id).email == "ana@example.org"
    assert not EmailAddress.objects.filter(email="mallory@example.net").exists()


def test_the_lock_is_on_the_account_and_no_other_from_the_same_address_is_kept_out(client, member):
    other = MembershipFactory(user__email="ben@example.org", with_roles=["viewer"])
    other.user.set_password(PASSWORD)
    other.user.save()
    for spelling in ("ana@example.org", "Ana@example.org", "ANA@EXAMPLE.ORG", " ana@example.org", "ana@example.org"):
        sign_in(client, spelling, "wrong")
    assert sign_in(client).status_code == 429
    assert sign_in(client, "ben@example.org").status_code == 302


# -- the second factor --------------------------------------------------------------------------------------------

CODE_PAGE = "/accounts/2fa/authenticate/"


@pytest.fixture
def code(member):
    """What the authenticator app of the person shows now."""
    secret = generate_totp_secret()
    TOTP.activate(member.user, secret)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def wrong(code):
    return "000000" if code != "000000" else "000001"


def test_whoever_enrolled_a_factor_signs_in_with_it(client, member, code):
    assert "Your second factor" in sign_in(client).client.get(CODE_PAGE).content.decode()
    refused = client.post(CODE_PAGE, {"code": wrong(code)})
    assert refused.status_code == 200 and "missing or wrong" in refused.content.decode()
    assert "_auth_user_id" not in client.session
    client.post(CODE_PAGE, {"code": f"{code[:3]} {code[3:]}"})  # as apps show it
    assert client.session["_auth_user_id"] == str(member.user_id)


def test_v6_3_five_wrong_codes_in_a_row_lock_sign_in_even_for_the_right_one_from_any_address(client, member, code):
    """Whoever types codes has the password: the lock is on the account, and the person and admins are told."""
    admin = MembershipFactory(organization=member.organization, with_roles=["admin"])
    elsewhere = MembershipFactory(user=member.user, with_roles=["viewer"])
    sign_in(client)
    for _ in range(proof.WRONG_ATTEMPTS):
        cache.clear()  # nothing of it is kept in one process
        last = client.post(CODE_PAGE, {"code": wrong(code)})
    words = last.content.decode()
    assert last.status_code == 429 and "locked until" in words and "somebody else has your password" in words
    assert 0 < int(last.headers["Retry-After"]) <= proof.LOCKED_FOR.total_seconds()
    other = Client(REMOTE_ADDR="203.0.113.7")
    sign_in(other)
    assert other.post(CODE_PAGE, {"code": code}).status_code == 429
    assert "_auth_user_id" not in other.session
    for organization in (member.organization, elsewhere.organization):
        found = [event.action for event in AuditEvent.objects.filter(organization=organization).order_by("pk")]
        assert found == ["session.code_refused"] * proof.WRONG_ATTEMPTS + ["session.locked_out"]
    told = set(Notification.objects.filter(kind="sign_in_locked").values_list("membership", flat=True))
    assert told == {member.pk, elsewhere.pk, admin.pk}
    browser = Client()
    browser.force_login(admin.user)
    assert "Sign-in is locked until" in browser.get(reverse("accounts:person", args=[member.uuid])).content.decode()


def test_four_wrong_codes_and_a_right_one_begin_the_count_anew_and_a_lock_ends(client, member, code, monkeypatch):
    for _ in range(2):
        sign_in(client)
        for _ in range(proof.WRONG_ATTEMPTS - 1):
            assert client.post(CODE_PAGE, {"code": wrong(code)}).status_code == 200
        client.post(CODE_PAGE, {"code": code})
        assert "_auth_user_id" in client.session
        client.post("/accounts/logout/")
        member.user.authenticator_set.update(last_used_at=None)  # as after the next period began
    sign_in(client)
    for _ in range(proof.WRONG_ATTEMPTS):
        last = client.post(CODE_PAGE, {"code": wrong(code)})
    assert last.status_code == 429
    monkeypatch.setattr(proof, "LOCKED_FOR", timedelta(0))
    client.post(CODE_PAGE, {"code": code})
    assert "_auth_user_id" in client.session


def test_in_a_session_codes_are_counted_too(client, member, code):
    """Where an act asks for the code again: a session in other hands guesses none."""
    sign_in(client)
    client.post(CODE_PAGE, {"code": code})
    for given in [wrong(code)] * (proof.WRONG_ATTEMPTS - 1) + [code]:
        member.user.authenticator_set.update(last_used_at=None)  # as after the next period began
        last = client.post("/accounts/2fa/reauthenticate/", {"code": given})
    assert last.status_code == 302 and AuditEvent.objects.filter(action="session.confirmed").count() == 1
    answers = [client.post("/accounts/2fa/reauthenticate/", {"code": wrong(code)}) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
