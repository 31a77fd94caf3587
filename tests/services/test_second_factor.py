"""The second factor at signing: asked for where one is enrolled, each code once, and a wrong one counts."""

import time
from datetime import timedelta

import pytest
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import proof
from accounts.models import AuditEvent, Notification
from accounts.permissions import NotAllowed
from assessments.models import Signature, SigningGrant
from assessments.services import approvals, signing, verifying
from tests.factories import PASSWORD
from tests.pages.test_approval import address, client_of, signature_of, text_of
from tests.services.decided import member, submitted_world
from tests.services.test_signing import bound, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


begun, world = shared(submitted_world)


@pytest.fixture
def secret(world):
    """The rater has enrolled an authenticator app."""
    secret = generate_totp_secret()
    TOTP.activate(world.people["rater"].user, secret)
    return secret


def code_of(secret, periods=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + periods))


def confirm(world, code="", password=PASSWORD):
    step = step_of(world)
    return signing.grant_to_sign(
        member=member(world, "rater"), step_id=step.pk, password=password, code=code, bound_to=bound(step)
    )


def put(world, grant):
    with transaction.atomic():
        return approvals.sign(member=member(world, "rater"), step_id=step_of(world).pk, grant=grant, meaning="reviewed")


def test_p11_200a_with_password_and_code_one_signs_and_the_signature_says_so(world, secret):
    signature = put(world, confirm(world, code_of(secret)))
    signature.refresh_from_db()
    assert signature.factors == "password+totp"
    assert signature.factors_in_words == "password and authenticator app"
    assert verifying.verify(world.more["submission"]) == []


@pytest.mark.parametrize("code", ["", "000000", "12345", "not a code"])
def test_the_password_alone_signs_nothing_where_a_second_factor_is_enrolled(world, secret, code):
    if code == code_of(secret):
        code = "999999"
    with pytest.raises(NotAllowed, match="code of your second factor"):
        confirm(world, code)
    assert not SigningGrant.objects.exists()
    assert AuditEvent.objects.filter(action=proof.CODE_REFUSED).count() == 1


def test_a_wrong_password_does_not_use_the_code_up(world, secret):
    code = code_of(secret)
    with pytest.raises(NotAllowed, match="password is wrong"):
        confirm(world, code, password="guess")
    assert confirm(world, code)


def test_a_code_counts_once_also_in_another_process(world, secret):
    code = code_of(secret)
    confirm(world, code)
    cache.clear()  # allauth marks used codes in the cache of one process
    with pytest.raises(NotAllowed, match="used already"):
        confirm(world, code)


def sign_in_as_far_as_the_code(world):
    client = Client()
    given = {"login": world.people["rater"].user.email, "password": PASSWORD}
    client.post(reverse("account_login"), given)
    return client


def test_the_code_that_signed_somebody_in_does_not_sign(world, secret):
    client, code = sign_in_as_far_as_the_code(world), code_of(secret)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert signed_in(client)
    cache.clear()  # as in another process
    with pytest.raises(NotAllowed, match="used already"):
        confirm(world, code)


def test_the_code_that_signed_does_not_sign_somebody_in(world, secret):
    code = code_of(secret)
    confirm(world, code)
    cache.clear()
    client = sign_in_as_far_as_the_code(world)
    answer = client.post(reverse("mfa_authenticate"), {"code": code})
    assert "used already" in text_of(answer) and not signed_in(client)


def test_a_recovery_code_that_signed_somebody_in_does_not_sign_or_sign_in_again(world, secret):
    code = RecoveryCodes.activate(world.people["rater"].user).get_unused_codes()[0]
    client = sign_in_as_far_as_the_code(world)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert signed_in(client)
    with pytest.raises(NotAllowed):
        confirm(world, code)
    again = sign_in_as_far_as_the_code(world)
    again.post(reverse("mfa_authenticate"), {"code": code})
    assert not signed_in(again)


def test_an_old_code_is_refused(world, secret):
    with pytest.raises(NotAllowed):
        confirm(world, code_of(secret, -3))


def test_somebody_elses_code_is_refused(world, secret):
    other = generate_totp_secret()
    TOTP.activate(world.people["second"].user, other)
    with pytest.raises(NotAllowed):
        confirm(world, code_of(other))


def test_a_recovery_code_stands_in_for_the_app_once(world, secret):
    code = RecoveryCodes.activate(world.people["rater"].user).get_unused_codes()[0]
    grant = confirm(world, code)
    with pytest.raises(NotAllowed):
        confirm(world, code)
    assert put(world, grant).factors == "password+recovery_code"


def test_p11_300d_five_wrong_codes_lock_signing_and_admins_are_told(world, secret):
    for _ in range(5):
        with pytest.raises(NotAllowed):
            confirm(world, "000000")
    with pytest.raises(NotAllowed, match="locked until"):
        confirm(world, code_of(secret))
    assert AuditEvent.objects.filter(action=proof.LOCKED).count() == 1
    told = Notification.objects.filter(kind="signing_locked").select_related("membership")
    admins = {world.people["admin"], world.people["deactivated"]}  # who is an admin as well, and active in this world
    assert {one.membership for one in told} == {world.people["rater"], *admins}
    page = client_of(world, "admin").get(reverse("accounts:person", args=[world.people["rater"].uuid]))
    assert "Signing is locked until" in text_of(page)


def test_p11_300c_a_device_that_was_revoked_ends_at_once(world, secret):
    code = code_of(secret)
    Authenticator.objects.all().delete()
    TOTP.activate(world.people["rater"].user, generate_totp_secret())
    with pytest.raises(NotAllowed):
        confirm(world, code)


def test_whoever_has_a_passkey_alone_is_told_which_factor_is_asked_and_it_counts_as_no_attempt(world):
    Authenticator.objects.create(user=world.people["rater"].user, type=Authenticator.Type.WEBAUTHN, data={})
    with pytest.raises(NotAllowed, match="authenticator app"):
        confirm(world, "123456")
    assert not AuditEvent.objects.filter(action__startswith="signing.").exists()
    assert "Your second factor is a passkey" in text_of(client_of(world, "rater").get(address(world)))


def test_factors_are_part_of_the_digest(world, secret):
    signature = put(world, confirm(world, code_of(secret)))
    signature.factors = "password"
    assert signing.digest_of(signature) != signature.digest


# -- the page -----------------------------------------------------------------------------------------------------


def test_the_page_asks_for_the_code_only_where_a_factor_is_enrolled(world, secret):
    assert "Code of your second factor" in text_of(client_of(world, "rater").get(address(world)))
    assert "Code of your second factor" not in text_of(client_of(world, "second").get(address(world)))


def test_from_the_page_to_the_signature_with_both_factors(world, secret):
    client = client_of(world, "rater")
    given = signature_of(client.get(address(world)))
    without = client.post(address(world, "review_sign"), given)
    assert without.status_code == 422 and not Signature.objects.exists()
    wrong = client.post(address(world, "review_sign"), given | {"code": "000000"})
    assert wrong.status_code == 403 and "000000" not in wrong.content.decode()
    assert "The attempt is on record." in text_of(wrong)
    done = client.post(address(world, "review_sign"), given | {"code": code_of(secret)}, follow=True)
    assert "Signed. Your signature is on record." in text_of(done)
    detail = client.get(address(world, "submission_detail", number=1))
    assert "password and authenticator app" in text_of(detail)


def test_the_period_of_the_code_that_was_used_is_kept(world, secret):
    before = timezone.now() - timedelta(seconds=2 * app_settings.TOTP_PERIOD)
    confirm(world, code_of(secret))
    assert Authenticator.objects.get().last_used_at > before


def signed_in(client):
    return client.get(reverse("assessments:portfolio")).status_code == 200
