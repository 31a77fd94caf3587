"""Mail leaves once for its reader, is tried again as long as it makes sense, and not at all while it is held."""

import email
import smtplib
from datetime import timedelta
from email import policy

import pytest
from django.core import mail
from django.db import transaction
from django.db.models import F
from django.utils.html import escape

from accounts import delivery
from accounts.delivery import BACK_OFF, MOST_ATTEMPTS, STALE_DAYS
from accounts.models import AuditEvent, Membership, Outbound
from accounts.outbound import notify
from accounts.permissions import NotAllowed
from assessments import jobs
from assessments.models import Job
from assessments.services import deliveries
from tests.factories import MembershipFactory, OrganizationFactory
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)
SAVED = {"state": "sent", "attempts": 1, "error": ""}


@pytest.fixture
def organization():
    return OrganizationFactory(name="Halden")


@pytest.fixture
def reader(organization):
    return MembershipFactory(organization=organization, with_roles=["viewer"])


@pytest.fixture
def admin(organization):
    made = MembershipFactory(organization=organization, with_roles=["admin"])
    return Membership.objects.with_rights().get(pk=made.pk)


def tell(reader, key="1", **more):
    given = {"title": "Sign: Executive decision", "url": "/reviews/1/approval/", "key": f"step_open:{key}"} | more
    with transaction.atomic():
        notify([reader], "step_open", organization_id=reader.organization_id, **given)
    return Outbound.objects.order_by("-pk")[0]


def make_due():
    """As if the pause were over."""
    Outbound.objects.update(due_at=F("due_at") - timedelta(days=30))


def state_of(row):
    row.refresh_from_db()
    return {name: getattr(row, name) for name in SAVED}


def breaks(monkeypatch, problem):
    def send(row):
        raise problem

    monkeypatch.setattr(delivery, "_send", send)


def test_what_is_told_goes_out_by_a_job_of_the_organization_and_is_marked_as_sent(reader):
    row = tell(reader)
    job = Job.objects.get(kind="deliver")
    assert job.target == f"outbound:{reader.organization_id}"
    work_off("deliver")
    assert state_of(row) == SAVED
    assert row.sent_at is not None
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([reader.user.email], "Sign: Executive decision")
    assert sent.message()["Message-ID"] == row.message_id
    assert f"/people/me/notifications/{row.notification.uuid}/" in sent.body
    assert "/people/me/notifications/\n" in sent.body, "the way to one's settings"
    job.refresh_from_db()
    assert job.state == "done"


def test_what_was_sent_is_never_sent_again(reader):
    tell(reader)
    work_off("deliver")
    make_due()
    deliveries.owe(reader.organization_id)
    work_off("deliver")
    assert len(mail.outbox) == 1


def test_an_attempt_is_claimed_before_it_is_made_so_that_nobody_else_makes_it_meanwhile(reader, monkeypatch):
    row = tell(reader)
    found = []
    monkeypatch.setattr(delivery, "_send", lambda row: found.append(delivery.deliver_next(row.organization_id)))
    delivery.deliver_next(reader.organization_id)
    assert found == [None]
    assert state_of(row) == SAVED


def test_a_failed_attempt_keeps_its_cause_and_is_made_again_later_with_the_same_message_id(reader, monkeypatch):
    row = tell(reader)
    breaks(monkeypatch, ConnectionRefusedError("nobody there"))
    work_off_once(reader)
    assert state_of(row) == {"state": "queued", "attempts": 1, "error": "ConnectionRefusedError: nobody there"}
    job = Job.objects.get(kind="deliver")
    assert job.state == "queued"
    assert timedelta(0) <= job.next_at - row.due_at < timedelta(seconds=1), "the job waits for the mail's pause"
    monkeypatch.undo()
    make_due()
    work_off_once(reader)
    assert state_of(row) == SAVED | {"attempts": 2}
    assert mail.outbox[0].message()["Message-ID"] == row.message_id


def work_off_once(reader):
    while delivery.deliver_next(reader.organization_id):
        pass
    deliveries.owe(reader.organization_id)
    jobs.run(Job.objects.get(kind="deliver").pk)


def test_after_the_last_attempt_a_mail_has_failed_and_an_admin_may_try_again(reader, admin, monkeypatch):
    row = tell(reader)
    breaks(monkeypatch, ConnectionRefusedError("nobody there"))
    for _ in range(MOST_ATTEMPTS):
        make_due()
        assert delivery.deliver_next(reader.organization_id) == row
    assert state_of(row) == {
        "state": "failed",
        "attempts": MOST_ATTEMPTS,
        "error": "ConnectionRefusedError: nobody there",
    }
    make_due()
    assert delivery.deliver_next(reader.organization_id) is None
    with pytest.raises(NotAllowed):
        delivery.try_again(member=reader, outbound=row)
    monkeypatch.undo()
    delivery.try_again(member=admin, outbound=row)
    delivery.deliver_next(reader.organization_id)
    assert state_of(row) == SAVED
    assert AuditEvent.objects.filter(action="outbound.retried", actor=admin).count() == 1


def test_a_mailbox_that_the_server_does_not_know_is_not_tried_again(reader, monkeypatch):
    row = tell(reader)
    breaks(monkeypatch, smtplib.SMTPRecipientsRefused({row.to: (550, b"no such user")}))
    delivery.deliver_next(reader.organization_id)
    assert state_of(row)["state"] == "failed"


def test_a_mail_whose_every_worker_was_killed_is_parked(reader):
    row = tell(reader)
    Outbound.objects.update(attempts=MOST_ATTEMPTS)
    make_due()
    delivery.deliver_next(reader.organization_id)
    assert state_of(row)["state"] == "failed"
    assert row.error == "Every worker that took this mail ended before it was sent."
    assert mail.outbox == []


def test_each_pause_is_the_next_of_the_list(reader, monkeypatch):
    row = tell(reader)
    breaks(monkeypatch, OSError("no"))
    for pause in (*BACK_OFF, BACK_OFF[-1]):
        make_due()
        before = Outbound.objects.get()
        delivery.deliver_next(reader.organization_id)
        row.refresh_from_db()
        assert before.due_at < row.due_at
        assert abs((row.due_at - row.created_at).total_seconds() - pause) < 30


def test_nothing_goes_out_while_it_is_held_and_nobody_but_an_admin_holds_or_releases(reader, admin):
    with pytest.raises(NotAllowed):
        delivery.hold(member=reader, reason="Restored.")
    with pytest.raises(ValueError, match="Say why"):
        delivery.hold(member=admin, reason=" ")
    delivery.hold(member=admin, reason="Restored.")
    row = tell(reader)
    work_off("deliver")
    assert state_of(row) == {"state": "queued", "attempts": 0, "error": ""}
    assert deliveries.owe_due() == 0
    with pytest.raises(NotAllowed):
        delivery.release(member=reader, drop_old=False)
    assert delivery.release(member=admin, drop_old=False) == delivery.Released(1, 0)
    work_off("deliver")
    assert state_of(row) == SAVED
    assert list(
        AuditEvent.objects.filter(action__startswith="outbound.").order_by("pk").values_list("action", "reason")
    ) == [
        ("outbound.held", "Restored."),
        ("outbound.released", ""),
    ]


@pytest.mark.parametrize(("drop_old", "sent"), [(True, 1), (False, 2)])
def test_at_the_release_old_mail_is_sent_or_dropped_as_the_admin_says(reader, admin, drop_old, sent):
    delivery.hold(member=admin, reason="Restored.")
    old, new = tell(reader, "1"), tell(reader, "2")
    Outbound.objects.filter(pk=old.pk).update(created_at=F("created_at") - timedelta(days=STALE_DAYS, hours=1))
    assert delivery.release(member=admin, drop_old=drop_old) == delivery.Released(sent, 2 - sent)
    work_off("deliver")
    assert len(mail.outbox) == sent
    assert state_of(new) == SAVED
    assert state_of(old)["state"] == ("dropped" if drop_old else "sent")


def test_one_organization_held_holds_no_other(reader, admin):
    delivery.hold(member=admin, reason="Restored.")
    other = MembershipFactory(with_roles=["viewer"])
    tell(other)
    work_off("deliver")
    assert [message.to for message in mail.outbox] == [[other.user.email]]


def test_who_lost_access_before_the_mail_left_gets_none(reader):
    row = tell(reader)
    Membership.objects.filter(pk=reader.pk).update(is_active=False)
    work_off("deliver")
    assert state_of(row)["state"] == "dropped"
    assert mail.outbox == []


def test_a_mail_whose_job_was_never_written_is_owed_by_the_next_tick(reader):
    tell(reader)
    Job.objects.filter(kind="deliver").update(state="done")
    assert deliveries.owe_due() == 1
    assert deliveries.owe_due() == 0
    work_off("deliver")
    assert len(mail.outbox) == 1


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</p><svg onload=alert(1)>",
    "&lt;script&gt;",
    "<a href='javascript:alert(1)'>here</a>",
    "<math><mtext><style><img src=x onerror=alert(1)>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_is_text_in_both_parts_of_a_mail(reader, text):
    tell(reader, title=f"Returned: {text}", body=f"Lena writes: {text}")
    work_off("deliver")
    read = email.message_from_bytes(mail.outbox[0].message().as_bytes(), policy=policy.default)
    plain, page = (read.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert f"Lena writes: {text}" in plain
    assert text not in page
    assert escape(text) in page


def test_only_addresses_of_the_product_become_links_in_the_page(reader):
    tell(reader, body="Look at https://evil.example/\n\nhttp://evil.example/\n\nhttp://localhost:8000/x y")
    work_off("deliver")
    page = mail.outbox[0].alternatives[0][0]
    links = [part.split('"')[0] for part in page.split('href="')[1:]]
    assert len(links) == 2
    assert all(link.startswith("http://localhost:8000/people/me/notifications/") for link in links)


@pytest.mark.parametrize("breaks_line", ["\n", "\r", "\r\n", "\u2028", "\x85", "\x0b"])
def test_no_line_break_of_a_title_adds_a_header(reader, breaks_line):
    tell(reader, title=f"Sign{breaks_line}Bcc: everyone@example.org{breaks_line}{breaks_line}body")
    work_off("deliver")
    read = email.message_from_bytes(mail.outbox[0].message().as_bytes(), policy=policy.default)
    assert read["Bcc"] is None
    assert read["Subject"] == "Sign Bcc: everyone@example.org body"
    assert mail.outbox[0].recipients() == [reader.user.email]


def test_a_subject_that_came_in_past_the_front_door_is_refused_by_the_mail_itself(reader):
    row = tell(reader)
    Outbound.objects.update(subject="Sign\nBcc: everyone@example.org")
    work_off("deliver")
    assert state_of(row)["state"] == "failed"
    assert mail.outbox == []
