"""What is owed is worked off once, whatever happens to messages, workers and leases."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from assessments import jobs
from assessments.jobs.claims import MOST_ATTEMPTS, KeptLease, claim, close, close_and_rearm, fail
from assessments.jobs.dispatch import DUE, PARK
from assessments.jobs.publisher import Publisher
from assessments.models import Job
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organization():
    return OrganizationFactory()


def owe(organization, wanted=1, delay=0.0, depth="headline"):
    with transaction.atomic():
        return jobs.owe(
            Job.Kind.RESCORE, "review:1", organization_id=organization.pk, wanted=wanted, delay=delay, depth=depth
        )


def due_ids():
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        return [job_id for job_id, _depth in cursor.fetchall()]


def expire_lease(job_id):
    Job.objects.filter(pk=job_id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_work_is_owed_only_inside_the_transaction_that_makes_it_necessary(organization):
    with pytest.raises(RuntimeError):
        jobs.owe(Job.Kind.RESCORE, "review:1", organization_id=organization.pk)
    assert not Job.objects.exists()


def test_a_rolled_back_change_owes_nothing(organization):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        jobs.owe(Job.Kind.RESCORE, "review:1", organization_id=organization.pk)
        raise ZeroDivisionError
    assert not Job.objects.exists()


def test_two_hundred_edits_leave_one_open_job_that_wants_the_last(organization):
    for wanted in range(1, 201):
        owe(organization, wanted)
    job = Job.objects.get()
    assert (job.state, job.wanted_revision) == ("queued", 200)


def test_a_late_edit_never_lowers_what_is_wanted(organization):
    owe(organization, 5)
    owe(organization, 3)
    assert Job.objects.get().wanted_revision == 5


def test_only_one_of_many_workers_gets_the_claim(organization):
    job_id = owe(organization)
    barrier, claims = threading.Barrier(8), []

    def take():
        barrier.wait()
        try:
            claims.append(claim(job_id))
        finally:
            connection.close()

    workers = [threading.Thread(target=take) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claims) == 8
    assert len([held for held in claims if held]) == 1


def test_a_doubled_message_for_a_done_job_does_nothing(organization):
    job_id = owe(organization)
    close(claim(job_id), done=1)
    assert claim(job_id) is None
    assert Job.objects.get().state == "done"


def test_a_job_is_not_claimed_before_it_is_due(organization):
    assert claim(owe(organization, delay=60)) is None


def test_closing_with_older_inputs_leaves_the_job_due(organization):
    job_id = owe(organization, 1)
    held = claim(job_id)
    owe(organization, 2)
    assert close(held, done=1) is False
    job = Job.objects.get()
    assert (job.state, job.done_revision, job.attempts) == ("queued", 1, 0)
    assert claim(job_id).wanted_revision == 2


def test_a_worker_whose_lease_ran_out_can_neither_close_nor_report(organization):
    job_id = owe(organization)
    late = claim(job_id)
    expire_lease(job_id)
    now = claim(job_id)
    with pytest.raises(jobs.LeaseLost):
        close(late, done=1)
    with pytest.raises(jobs.LeaseLost):
        jobs.report_progress(late, 50)
    fail(late, "too late to matter")
    assert Job.objects.get().lease_token == now.token
    assert close(now, done=1)
    assert Job.objects.get().attempts == 0


def test_a_live_lease_is_not_taken_over(organization):
    job_id = owe(organization)
    assert claim(job_id)
    assert claim(job_id) is None
    assert due_ids() == []


def test_the_lease_is_renewed_while_the_work_goes_on(organization):
    job_id = owe(organization)
    held = claim(job_id)
    Job.objects.filter(pk=job_id).update(lease_until=timezone.now() + timedelta(seconds=1))
    with KeptLease(held, every=0.05):
        threading.Event().wait(0.3)
    assert Job.objects.get().lease_until > timezone.now() + timedelta(seconds=20)


def test_failures_back_off_and_end_shown_with_their_cause(organization):
    job_id = owe(organization)
    waits = []
    for _ in range(MOST_ATTEMPTS):
        Job.objects.filter(pk=job_id, state="queued").update(next_at=timezone.now() - timedelta(seconds=1))
        before = timezone.now()
        fail(claim(job_id), "the disk is full")
        job = Job.objects.get()
        waits.append(round((job.next_at - before).total_seconds()))
    assert waits == [1, 5, 30, 120, 600, 0]
    assert (job.state, job.error) == ("failed", "the disk is full")
    assert claim(job_id) is None
    jobs.retry(job)
    assert Job.objects.get().attempts == 0
    assert claim(job_id)


def test_a_newer_input_gives_a_failed_job_a_fresh_start(organization):
    job_id = owe(organization)
    Job.objects.filter(pk=job_id).update(state="failed", attempts=6, error="old")
    owe(organization, 2)
    job = Job.objects.get()
    assert (job.state, job.attempts, job.error) == ("queued", 0, "")


def test_an_input_that_comes_during_a_failing_run_waits_no_back_off(organization):
    job_id = owe(organization)
    held = claim(job_id)
    owe(organization, 2)
    fail(held, "broken")
    assert claim(job_id).wanted_revision == 2


def test_a_task_that_kills_its_workers_is_parked(organization):
    job_id = owe(organization)
    for _ in range(MOST_ATTEMPTS):
        assert claim(job_id)
        expire_lease(job_id)
    assert claim(job_id) is None
    with connection.cursor() as cursor:
        cursor.execute(PARK)
    job = Job.objects.get()
    assert job.state == "failed"
    assert "6 attempts" in job.error


def test_a_headline_is_followed_by_the_full_depth_unless_newer_inputs_came(organization):
    job_id = owe(organization, 1)
    close_and_rearm(claim(job_id), done=1, depth="full", due_at=timezone.now())
    held = claim(job_id)
    assert held.depth == "full"
    owe(organization, 2)
    close(held, done=1)
    assert claim(job_id).depth == "headline"


def test_a_lost_message_is_sent_again_but_one_on_its_way_is_not_doubled(organization):
    job_id = owe(organization)
    assert due_ids() == []
    Job.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    assert due_ids() == [job_id]
    assert due_ids() == []


def test_a_broker_that_is_away_is_asked_once_in_five_seconds(settings, monkeypatch):
    from celery import Celery

    # A port where nothing listens: every attempt is refused, as with a stopped broker.
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr("assessments.jobs.publisher.current_app", away)
    publisher = Publisher()
    answers = [publisher.publish(number) for number in range(50)]
    assert answers == [False] * 50
    assert (publisher.sent, publisher.failed, publisher.skipped) == (0, 1, 49)


def test_a_snapshot_refuses_to_run_inside_another_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError), jobs.snapshot():
        pass


def test_nothing_can_be_written_in_a_snapshot(organization):
    from django.db.utils import InternalError

    with pytest.raises(InternalError), jobs.snapshot():
        Job.objects.create(organization=organization, kind="rescore", target="review:9")
    assert not Job.objects.exists()
