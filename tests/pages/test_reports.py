"""The list of a review's files: asked for, watched, tried again, downloaded as they were made."""

import hashlib

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from assessments.models import Job, Report
from assessments.services import reconciling, reports
from tests.services import scene as scenes
from tests.support.begun import afresh
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def scene():
    return afresh(scenes.rate_blind)


@pytest.fixture
def revealed(scene):
    return scenes.reveal(scene)


def client_of(member) -> Client:
    client = Client()
    client.force_login(member.user, backend=django_settings.AUTHENTICATION_BACKENDS[-1])
    return client


def at(name, subject):
    return reverse(f"assessments:{name}", args=[subject.uuid])


def test_before_the_reveal_the_page_says_why_there_is_nothing_and_refuses_to_make_one(scene):
    client = client_of(scene.lead)
    url = at("review_reports", scene.review)
    text = client.get(url).content.decode()
    assert "No reports before the reveal" in text and "Make the brief" not in text
    assert client.post(url).status_code == 403
    assert not Report.objects.exists()


def test_from_asking_to_the_file(revealed):
    client = client_of(revealed.lead)
    url = at("review_reports", revealed.review)
    assert "No report yet" in client.get(url).content.decode()
    answer = client.post(url, follow=True)
    text = answer.content.decode()
    assert "The brief is being made." in text and "Waiting for a worker" in text and 'hx-trigger="every 1s"' in text
    report = Report.objects.get()
    Job.objects.filter(target=f"report:{report.pk}").update(state="running", progress=35, step="Setting the pages")
    row = client.get(at("report_row", report)).content.decode()
    assert "Setting the pages" in row and 'aria-valuenow="35"' in row and "every 1s" in row
    Job.objects.filter(target=f"report:{report.pk}").update(state="queued")
    work_off(Job.Kind.REPORT)
    row = client.get(at("report_row", report)).content.decode()
    assert "Download" in row and "every 1s" not in row, "a made row asks no more"
    report.refresh_from_db()
    assert report.sha256[:8] in row
    answer = client.get(at("report_file", report))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{report.filename}"'
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]
    assert hashlib.sha256(answer.content).hexdigest() == report.sha256
    assert AuditEvent.objects.get(action="report.downloaded").actor == revealed.lead
    assert "is there already" in client.post(url, follow=True).content.decode()
    assert Report.objects.count() == 1


def test_while_a_newer_result_is_owed_the_page_says_so_instead_of_an_old_answer(revealed):
    reconciling.agree(
        member=revealed.lead,
        review_id=revealed.review.pk,
        criterion_key="first_lot",
        option_key="own",
        value="4",
        note="Agreed.",
    )
    text = client_of(revealed.lead).post(at("review_reports", revealed.review), follow=True).content.decode()
    assert "A newer result is on its way" in text and not Report.objects.exists()


def test_a_failure_is_shown_with_its_cause_and_can_be_tried_again_without_scripting(revealed):
    client = client_of(revealed.lead)
    report = reports.ask_for_report(member=revealed.lead, review_id=revealed.review.pk)
    job = Job.objects.filter(target=f"report:{report.pk}")
    cause = "The file could not be stored: the disk is full. Nothing else is affected."
    job.update(state="queued", attempts=2, error=cause)
    row = client.get(at("report_row", report)).content.decode()
    assert "the disk is full" in row and "Tried again at" in row and "every 1s" in row
    job.update(state="failed", attempts=6)
    text = client.get(at("review_reports", revealed.review)).content.decode()
    assert f"Failed: {cause}" in text and "Try again" in text and "every 1s" not in text
    answer = client.post(at("report_retry", report))
    assert answer.status_code == 302 and answer["Location"] == at("review_reports", revealed.review)
    assert (job.get().state, job.get().error, job.get().attempts) == ("queued", "", 0)
    answer = client.post(at("report_retry", report), headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "Waiting for a worker" in answer.content.decode()


def test_rl_1_who_asked_ten_times_within_the_hour_or_has_two_under_way_is_told_when_to_come_back(revealed):
    """By the button of the list and by "Try again" alike; a refusal leaves nothing."""
    client, url = client_of(revealed.lead), at("review_reports", revealed.review)
    common = {"organization": revealed.review.organization, "review": revealed.review, "asked_by": revealed.lead}
    two = [Report.objects.create(inputs=f"{number}", **common) for number in range(reports.MOST_RUNNING)]
    with transaction.atomic():
        for report in two:
            reports._owe(report, revealed.lead)
    answer = client.post(url)
    assert answer.status_code == 429 and answer["Retry-After"] == "15"
    assert "2 reports are being made for you" in answer.content.decode()
    Job.objects.filter(kind="report").update(state="failed")
    eight = [Report(inputs=f"more {number}", asked_at=timezone.now(), **common) for number in range(8)]
    Report.objects.bulk_create(eight)
    for place in (url, at("report_retry", two[0])):
        answer = client.post(place)
        assert answer.status_code == 429 and 3500 < int(answer["Retry-After"]) <= 3600
        assert "10 reports within an hour" in answer.content.decode()
    assert Report.objects.count() == reports.MOST_AN_HOUR and not Job.objects.filter(kind="report", state="queued")
    assert not AuditEvent.objects.filter(action__in=("report.asked", "report.retried")).exists()


def test_a_file_that_no_longer_matches_its_record_is_refused_on_a_page_that_says_so(revealed, media):
    report = reports.ask_for_report(member=revealed.lead, review_id=revealed.review.pk)
    work_off(Job.Kind.REPORT)
    report.refresh_from_db()
    (media / report.path).write_bytes(b"%PDF-1.7 something else")
    answer = client_of(revealed.lead).get(at("report_file", report))
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "no longer matches its record" in text and "something else" not in text
    assert AuditEvent.objects.filter(action="report.damaged").count() == 1


def test_a_report_belongs_to_whoever_may_see_its_review(revealed):
    report = reports.ask_for_report(member=revealed.lead, review_id=revealed.review.pk)
    work_off(Job.Kind.REPORT)
    from accounts import people

    viewer = people.add_member(actor=revealed.admin, email="v@example.org", full_name="Vera", roles=("viewer",))
    for name in ("report_file", "report_row"):
        assert client_of(viewer).get(at(name, report)).status_code == 404
    assert not AuditEvent.objects.filter(action="report.downloaded").exists()


def test_the_list_asks_a_bounded_number_of_questions(revealed, django_assert_num_queries):
    client, url = client_of(revealed.lead), at("review_reports", revealed.review)

    def add(number):
        for _ in range(number):
            Report.objects.create(
                organization=revealed.admin.organization, review=revealed.review, kind="brief", asked_by=revealed.lead
            )

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    add(2)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    add(30)
    with CaptureQueriesContext(connection) as many:
        text = client.get(url).content.decode()
    assert len(many) <= len(few) + 1
    assert "1–20 of 32" in text
