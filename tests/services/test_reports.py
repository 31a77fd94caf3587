"""Reports: one file for one set of inputs, made whole or not at all, handed out only as it was made, every act recorded."""

import datetime
import hashlib

import psycopg
import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import backups
from accounts.models import AuditEvent
from accounts.permissions import NotAllowed, TooMany
from assessments import jobs
from assessments.errors import FileDamaged, ResultPending
from assessments.models import Job, Report, Review
from assessments.permissions import can_see_commercial
from assessments.services import files, reconciling, reports
from tests.services import scene as scenes
from tests.support.begun import afresh
from tests.support.results import compute
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def scoring():
    return afresh(scenes.rate_blind)


@pytest.fixture
def scene(scoring):
    return scenes.reveal(scoring)


def ask(scene, who=None) -> Report:
    return reports.ask_for_report(member=who or scene.lead, review_id=scene.review.pk)


def made(scene, who=None) -> Report:
    report = ask(scene, who)
    work_off(Job.Kind.REPORT)
    report.refresh_from_db()
    return report


def agree(scene, value):
    reconciling.agree(
        member=scene.lead,
        review_id=scene.review.pk,
        criterion_key="first_lot",
        option_key="own",
        value=value,
        note="As discussed.",
    )


def stored(media):
    return sorted(path for path in media.rglob("*") if path.is_file())


# -- asking -------------------------------------------------------------------------------------------------------


def test_before_the_reveal_nobody_gets_a_report(scoring):
    work_off()
    for member in (scoring.lead, scoring.admin):
        with pytest.raises(NotAllowed, match="once the ratings are revealed"):
            ask(scoring, member)
    assert not Report.objects.exists() and not Job.objects.filter(kind=Job.Kind.REPORT).exists()


def test_asking_again_for_the_same_inputs_answers_with_the_same_report_running_or_made(scene):
    first = ask(scene)
    assert ask(scene, scene.raters["cem"]) == first
    job = reports.job_of(first)
    assert (job.state, job.target, job.generation) == ("queued", f"report:{first.pk}", 1)
    work_off(Job.Kind.REPORT)
    assert ask(scene) == first
    assert reports.job_of(first).state == "done" and Report.objects.count() == 1
    agree(scene, "4")
    work_off()
    assert ask(scene) != first


def test_rl_1_two_files_are_made_for_one_person_at_a_time_and_ten_an_hour(scene):
    """Counted in the database; what is there already is handed out all the same, and others are not kept waiting."""
    first = made(scene)

    def asked(inputs, ago=0, who=None):
        report = Report.objects.create(
            organization=scene.review.organization, review=scene.review, inputs=inputs, asked_by=who or scene.lead
        )
        Report.objects.filter(pk=report.pk).update(asked_at=timezone.now() - datetime.timedelta(minutes=ago))
        return report

    agree(scene, "4")
    compute(scene.review)
    under_way = [asked(f"{at}") for at in range(reports.MOST_RUNNING)]
    with transaction.atomic():
        for report in under_way:
            reports._owe(report, scene.lead)
    with pytest.raises(TooMany, match="2 reports are being made"):
        ask(scene)
    assert AuditEvent.objects.filter(action="report.asked").count() == 1, "a refusal leaves nothing"
    Job.objects.filter(kind=Job.Kind.REPORT).update(state=Job.State.DONE)
    more = [asked(f"more {at}", ago=50) for at in range(7)]
    with pytest.raises(TooMany, match="10 reports within an hour") as refusal:
        ask(scene)
    assert 540 < refusal.value.retry_after <= 600, "the oldest of the ten is an hour old in ten minutes"
    Report.objects.filter(pk=more[0].pk).update(asked_at=timezone.now() - datetime.timedelta(minutes=61))
    assert ask(scene).pk != first.pk


def test_rl_1_a_failed_file_that_is_asked_for_again_counts_like_a_new_one_whichever_way_it_is_asked_for(scene):
    """A worker has as much to do for it. Asking for one that is made or under way costs nothing and counts nothing."""
    report = ask(scene)
    job = Job.objects.filter(target=reports.target_of(report))
    for at in range(1, reports.MOST_AN_HOUR):
        ask(scene)  # under way
        job.update(state="failed")
        if at % 2:
            ask(scene)
        else:
            reports.retry(member=scene.lead, report=report)
    job.update(state="failed")
    for again in (lambda: ask(scene), lambda: reports.retry(member=scene.lead, report=report)):
        with pytest.raises(TooMany, match="10 reports within an hour"):
            again()
    assert job.get().state == "failed" and Report.objects.count() == 1
    assert AuditEvent.objects.filter(action="report.retried").count() == reports.MOST_AN_HOUR - 1


def test_while_a_newer_result_is_owed_there_is_nothing_to_report(scene):
    agree(scene, "4")
    with pytest.raises(ResultPending, match="newer result is on its way"):
        ask(scene)
    assert not Report.objects.exists()


# -- making -------------------------------------------------------------------------------------------------------


def test_a_made_report_is_stored_with_its_digest_and_named_after_what_it_rests_on(scene, media):
    report = made(scene)
    (path,) = stored(media)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-") and path == media / report.path
    assert (report.sha256, report.size) == (hashlib.sha256(data).hexdigest(), len(data))
    at = report.made_at.astimezone(datetime.UTC).strftime("%Y%m%d-%H%M%SZ")
    assert report.filename == f"msc-1_review-1_draft_brief_{report.scorecard.input_digest[:12]}_{at}.pdf"
    assert report.is_draft and report.scorecard == scene.now().full
    assert [event.action for event in AuditEvent.objects.filter(object_uuid=report.uuid).order_by("pk")] == [
        "report.asked",
        "report.made",
    ]


def test_a_disk_that_takes_no_more_fails_the_job_with_its_reason_and_leaves_nothing(scene, media, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    report = ask(scene)
    with monkeypatch.context() as broken:
        broken.setattr(files.os, "fsync", full)
        assert not jobs.run(reports.job_of(report).pk)
    job = reports.job_of(report)
    assert job.error.startswith("The file could not be stored: the disk is full.")
    assert (job.state, job.attempts) == ("queued", 1)
    assert stored(media) == []
    report.refresh_from_db()
    assert (report.made_at, report.path) == (None, "")
    reports.retry(member=scene.lead, report=report)
    job.refresh_from_db()
    assert (job.attempts, job.error) == (0, "")
    assert jobs.run(job.pk)
    report.refresh_from_db()
    assert reports.open_report(member=scene.lead, report=report).startswith(b"%PDF-")


def test_a_run_clears_what_a_killed_one_left(scene, media):
    report = ask(scene)
    folder = media / "reports" / str(report.organization.uuid)
    folder.mkdir(parents=True)
    (folder / f".{report.uuid}-aaaa.token.part").write_bytes(b"%PDF-half")
    (folder / f"{report.uuid}-bbbb.pdf").write_bytes(b"of a run whose record was never stored")
    work_off(Job.Kind.REPORT)
    report.refresh_from_db()
    assert stored(media) == [media / report.path]


def test_a_run_that_lost_its_lease_stores_no_record(scene):
    report = ask(scene)
    held = jobs.claim(reports.job_of(report).pk)
    Job.objects.filter(pk=held.job_id).update(lease_token=None, state="queued")
    with pytest.raises(jobs.LeaseLost):
        reports.make_report(held)
    report.refresh_from_db()
    assert report.made_at is None


# -- handing out --------------------------------------------------------------------------------------------------


def test_every_download_is_an_audit_event(scene):
    report = made(scene)
    data = reports.open_report(member=scene.raters["cem"], report=report)
    assert hashlib.sha256(data).hexdigest() == report.sha256
    event = AuditEvent.objects.get(action="report.downloaded")
    assert (event.actor, event.new["sha256"]) == (scene.raters["cem"], report.sha256)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_file_that_is_not_what_was_made_is_never_handed_out_and_can_be_made_anew(scene, media, damage):
    report = made(scene)
    path = media / report.path
    path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FileDamaged, match="gone" if damage == "gone" else "no longer matches its record"):
        reports.open_report(member=scene.lead, report=report)
    assert AuditEvent.objects.filter(action="report.damaged", object_uuid=report.uuid).count() == 1
    assert not AuditEvent.objects.filter(action="report.downloaded").exists()
    again = made(scene)
    assert again != report
    assert reports.open_report(member=scene.lead, report=again)


def test_files_with_prices_are_for_those_who_may_see_prices(scene):
    """The list's question to the database and the rule about a person say the same for everyone."""
    report = made(scene)
    Report.objects.filter(pk=report.pk).update(commercial=True)
    Review.objects.filter(pk=scene.review.pk).update(state="in_approval")  # everyone with a role may see the review
    people = [scene.admin, scene.lead, *scene.raters.values(), *more_people(scene)]
    seen = {member.name: Report.objects.visible_to(member).exists() for member in people}
    assert seen == {member.name: bool(can_see_commercial(member, scene.program)) for member in people}
    assert set(seen.values()) == {True, False}


def more_people(scene):
    from accounts import people

    for name, roles, functions in (
        ("finn", ("assessor",), ("finance",)),
        ("fred", ("viewer",), ("finance",)),
        ("grace", ("approver",), ()),
        ("vera", ("viewer",), ()),
    ):
        yield people.add_member(
            actor=scene.admin, email=f"{name}@example.org", full_name=name, roles=roles, functions=functions
        )


# -- following the result -----------------------------------------------------------------------------------------


def test_a_new_full_result_is_followed_by_a_draft_after_a_minute_of_quiet(scene):
    job = Job.objects.get(kind=Job.Kind.REPORT, target=f"review:{scene.review.pk}")
    wait = job.next_at - job.updated_at
    assert datetime.timedelta(seconds=55) < wait <= datetime.timedelta(seconds=60)
    agree(scene, "4")
    work_off()
    assert Job.objects.filter(kind=Job.Kind.REPORT).count() == 1, "an edit moves the one that waits"
    work_off(Job.Kind.REPORT)
    report = Report.objects.get()
    assert report.asked_by is None and report.made_at and report.is_draft
    assert ask(scene, scene.raters["cem"]) == report, "whoever asks meanwhile gets the one that followed"


def test_facts_alone_are_followed_by_no_report(scoring):
    work_off()
    assert scoring.now().full_id and not Job.objects.filter(kind=Job.Kind.REPORT).exists()


def test_drafts_that_a_newer_file_replaced_go_after_a_week_and_everything_else_stays(scene, media):
    old = made(scene)
    agree(scene, "4")
    work_off()
    new = made(scene)
    assert reports.prune_reports(10) == 0
    week_ago = timezone.now() - datetime.timedelta(days=8)
    Report.objects.filter(pk__in=[old.pk, new.pk]).update(asked_at=week_ago)
    Report.objects.filter(pk=new.pk).update(asked_at=week_ago + datetime.timedelta(hours=1))
    Report.objects.filter(pk=old.pk).update(is_draft=False)
    assert reports.prune_reports(10) == 0, "a record stays"
    Report.objects.filter(pk=old.pk).update(is_draft=True)
    with psycopg.connect(settings.TEST_OWNER_URL) as backup:
        backup.execute("SELECT pg_advisory_lock(%s)", [backups.LOCK])
        assert reports.prune_reports(10) == 0, "a backup has still to copy what its snapshot names"
    assert reports.prune_reports(10) == 1
    assert list(Report.objects.values_list("pk", flat=True)) == [new.pk]
    assert stored(media) == [media / new.path]
