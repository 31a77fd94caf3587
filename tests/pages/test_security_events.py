"""Whatever happens to a person's access stands in the audit trail of each organization that they belong to."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.core import mail
from django.core.cache import cache
from django.test import RequestFactory

from accounts import proof
from accounts.models import AuditEvent, Notification
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
PASSWORD = "twelve words are better than one"
OTHER = "another dozen of words that nobody guesses"


@pytest.fixture(autouse=True)
def nobody_tried_before():
    """Requests per minute and address are counted in the process, over all tests of it."""
    cache.clear()


@pytest.fixture
def member():
    member = MembershipFactory(user__email="ana@example.org", user__full_name="Ana Silva", with_roles=["viewer"])
    member.user.set_password(PASSWORD)
    member.user.save()
    return member


def sign_in(client, email="ana@example.org", password=PASSWORD):
    return client.post("/accounts/login/", {"login": email, "password": password})


def recorded(member, *actions) -> list[tuple]:
    events = AuditEvent.objects.filter(organization=member.organization, action__in=actions).order_by("pk")
    return [(event.action, event.actor_name, event.object_label) for event in events]


def test_signing_in_and_out_is_recorded_in_every_organization_of_the_person(client, member):
    elsewhere = MembershipFactory(user=member.user, with_roles=["viewer"])
    sign_in(client)
    client.post("/accounts/logout/")
    for one in (member, elsewhere):
        assert recorded(one, "session.begun", "session.ended") == [
            ("session.begun", "Ana Silva", "Ana Silva"),
            ("session.ended", "Ana Silva", "Ana Silva"),
        ]
    event = AuditEvent.objects.filter(action="session.begun").first()
    assert event.channel == "web"
    assert event.new == {"address": "127.0.0.1"}


def test_wrong_passwords_and_the_lock_are_recorded_and_nobody_is_said_to_have_done_it(client, member):
    for _ in range(6):
        sign_in(client, password="wrong")
    found = recorded(member, "session.refused", "session.locked_out", "session.begun")
    assert found.count(("session.refused", "System", "Ana Silva")) >= 4
    assert ("session.locked_out", "System", "Ana Silva") in found
    assert not any(action == "session.begun" for action, *_ in found)
    assert not AuditEvent.objects.filter(new__icontains="wrong").exists(), "no password stands in the trail"


def test_an_address_that_nobody_has_leaves_no_event(client, member):
    sign_in(client, email="nobody@example.org")
    assert not AuditEvent.objects.filter(action__startswith="session.").exists()


def test_a_changed_password_is_recorded_with_the_change(client, member):
    sign_in(client)
    answer = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    )
    assert answer.status_code == 302
    assert recorded(member, "password.changed", "password.reset") == [("password.changed", "Ana Silva", "Ana Silva")]


def test_a_forgotten_password_that_is_set_anew_is_recorded(client, member):
    client.post("/accounts/password/reset/", {"email": "ana@example.org"})
    link = re.search(r"/accounts/password/reset/key/\S+", mail.outbox[-1].body)[0]
    form = client.get(link, follow=True)
    answer = client.post(form.request["PATH_INFO"], {"password1": OTHER, "password2": OTHER})
    assert answer.status_code == 302
    assert recorded(member, "password.changed", "password.reset") == [("password.reset", "Ana Silva", "Ana Silva")]


def test_at_2_a_password_whose_event_cannot_be_written_is_not_changed(client, member, monkeypatch):
    sign_in(client)

    def fail(*_args, **_more):
        raise RuntimeError("no event")

    monkeypatch.setattr("accounts.security_events.record_event", fail)
    with pytest.raises(RuntimeError):
        client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
    member.user.refresh_from_db()
    assert member.user.check_password(PASSWORD)


def test_second_factors_that_come_and_go_are_recorded(member):
    request = RequestFactory().get("/")
    factor = Authenticator(user=member.user, type=Authenticator.Type.TOTP, data={})
    for signal in (authenticator_added, authenticator_removed):
        signal.send(sender=Authenticator, request=request, user=member.user, authenticator=factor)
    assert [action for action, *_ in recorded(member, "mfa.added", "mfa.removed")] == ["mfa.added", "mfa.removed"]


def test_p11_300d_where_a_password_is_changed_nobody_guesses_the_old_one_round_the_lock_of_signing(client, member):
    """A session in other hands: five wrong ones lock signing and changing, on record, and the person is told."""
    sign_in(client)
    for _ in range(5):
        cache.clear()  # what is counted in one process does not hold them up
        last = client.post("/accounts/password/change/", {"oldpassword": "x", "password1": OTHER, "password2": OTHER})
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
    assert "not taken until" in last.content.decode()
    cache.clear()
    right = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
    assert right.status_code == 429
    member.user.refresh_from_db()
    assert member.user.check_password(PASSWORD) and proof.locked_until(member.user)
    found = recorded(member, "password.refused", "signing.locked", "password.changed")
    assert [action for action, *_ in found] == ["password.refused"] * 5 + ["signing.locked"]
    assert Notification.objects.filter(kind="signing_locked", membership=member).count() == 1
