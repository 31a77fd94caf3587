"""Mail over SMTP, against a server on this machine: what arrives, what is refused for good, what is tried again."""

import email
import socket
from email import policy

import pytest
from django.urls import reverse

from accounts import delivery
from tests.factories import MembershipFactory
from tests.services.test_delivery import make_due, state_of, tell
from tests.support.smtp_server import certificate_for, smtp_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader():
    return MembershipFactory(with_roles=["viewer"])


@pytest.fixture
def send_through(settings):
    """`send_through(port)` sends by SMTP as production does, with more settings by name."""

    def use(port, **more):
        given = {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "HOST": "localhost",
            "PORT": port,
            "TIMEOUT": 5,
        }
        for name, value in (given | {"USE_TLS": False} | more).items():
            setattr(settings, f"EMAIL_{name}", value)

    return use


def attempt(reader):
    make_due()
    delivery.deliver_next(reader.organization_id)


def test_v1_3_11_a_mail_arrives_with_its_headers_and_both_parts_and_nobody_is_added(reader, send_through, settings):
    settings.DEFAULT_FROM_EMAIL = "Makewhere <makewhere@makewhere.example>"
    row = tell(reader, title="Sign: Große Entscheidung\r\nBcc: everyone@example.org", body=".\r\nDATA\r\n.")
    with smtp_server() as box:
        send_through(box.port)
        attempt(reader)
    assert state_of(row) == {"state": "sent", "attempts": 1, "error": ""}
    [taken] = box.taken
    assert "<makewhere@makewhere.example>" in taken.sender and taken.recipients == (reader.user.email,)
    read = email.message_from_bytes(taken.data, policy=policy.default)
    assert (read["From"], read["To"]) == ("Makewhere <makewhere@makewhere.example>", reader.user.email)
    assert read["Subject"].strip() == "Sign: Große Entscheidung Bcc: everyone@example.org" and read["Bcc"] is None
    assert read["Message-ID"] == row.message_id and read["Auto-Submitted"] == "auto-generated" and read["Date"]
    assert read.get_content_type() == "multipart/alternative"
    plain, page = (read.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert f"/people/me/notifications/{row.notification.uuid}/" in plain and "<html" in page
    assert "DATA" in plain, "a line with one dot ends no mail"


def test_an_address_that_the_server_refuses_fails_at_once_and_an_admin_reads_why(reader, send_through, client):
    row = tell(reader)
    admin = MembershipFactory(organization=reader.organization, with_roles=["admin"])
    with smtp_server() as box:
        send_through(box.port)
        box.answers["RCPT"] = "550 5.1.1 No such user\x00 here"
        attempt(reader)
        attempt(reader)
    assert box.said.count("RCPT") == 1 and box.taken == []
    found = state_of(row)
    assert (found["state"], found["attempts"]) == ("failed", 1)
    assert found["error"] == f"The mail server refuses {reader.user.email}: 550 5.1.1 No such user here"
    client.force_login(admin.user)
    assert "550 5.1.1 No such user here" in client.get(reverse("accounts:mail")).content.decode()


def test_a_mail_that_the_server_refuses_for_good_is_not_tried_again(reader, send_through):
    row = tell(reader)
    with smtp_server() as box:
        send_through(box.port)
        box.answers["END"] = "554 5.7.1 Message refused by policy"
        attempt(reader)
    found = state_of(row)
    assert found == {
        "state": "failed",
        "attempts": 1,
        "error": "The mail server says: 554 5.7.1 Message refused by policy",
    }


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_what_is_refused_for_the_time_being_is_tried_again_and_arrives_once(reader, send_through, step):
    row = tell(reader)
    with smtp_server() as box:
        send_through(box.port)
        box.answers[step] = "451 4.7.1 Come back later"
        attempt(reader)
        found = state_of(row)
        assert (found["state"], found["attempts"], box.taken) == ("queued", 1, [])
        assert "451 4.7.1 Come back later" in found["error"]
        box.answers.clear()
        attempt(reader)
        attempt(reader)
    assert state_of(row) == {"state": "sent", "attempts": 2, "error": ""}
    assert len(box.taken) == 1


def test_while_nobody_listens_mail_waits(reader, send_through):
    row = tell(reader)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    send_through(port)
    attempt(reader)
    found = state_of(row)
    assert (found["state"], found["attempts"]) == ("queued", 1) and "ConnectionRefusedError" in found["error"]
    with smtp_server() as box:
        send_through(box.port)
        attempt(reader)
    assert state_of(row)["state"] == "sent" and len(box.taken) == 1


def test_with_tls_asked_for_nothing_travels_in_the_clear_or_to_a_server_that_cannot_prove_its_name(
    reader, send_through, tmp_path, monkeypatch
):
    row = tell(reader)
    with smtp_server() as box:  # offers no TLS
        send_through(box.port, USE_TLS=True)
        attempt(reader)
    assert (state_of(row)["state"], box.taken, "MAIL" in box.said) == ("queued", [], False)
    certificate = certificate_for("localhost", tmp_path)
    with smtp_server(certificate) as box:
        send_through(box.port, USE_TLS=True)
        attempt(reader)
        assert (state_of(row)["state"], box.taken) == ("queued", []) and "CERTIFICATE_VERIFY_FAILED" in row.error
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        attempt(reader)
    assert state_of(row)["state"] == "sent"
    assert [taken.encrypted for taken in box.taken] == [True]
