"""Nothing owed is lost, doubled or stuck: killed workers, stopped and flushed brokers, doubled messages."""

from collections import Counter

import pytest
from django.db import transaction

from accounts.models import AuditEvent
from assessments import jobs
from assessments.jobs.publisher import publisher
from assessments.models import Job
from config.celery import app
from tests.factories import OrganizationFactory

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def organization():
    return OrganizationFactory()


def owe(organization, target, wanted=1):
    with transaction.atomic():
        return jobs.owe(Job.Kind.IMPORT, target, organization_id=organization.pk, wanted=wanted)


def all_done():
    return Job.objects.exists() and not Job.objects.exclude(state=Job.State.DONE).exists()


def deeds():
    """How often the work of each target took effect."""
    return Counter(AuditEvent.objects.filter(action="probe.done").values_list("object_label", flat=True))


def test_what_is_owed_is_done_by_a_worker(organization, start_worker, wait_for):
    start_worker()
    owe(organization, "probe:1")
    wait_for(all_done)
    assert deeds() == {"probe:1": 1}


def test_a_flushed_broker_loses_nothing(organization, broker, start_worker, wait_for):
    for at in range(20):
        owe(organization, f"probe-{at}:1")
    broker.flush()
    start_worker()
    wait_for(all_done, seconds=60)
    assert set(deeds().values()) == {1}
    assert len(deeds()) == 20


def test_messages_of_edits_are_taken_before_those_of_long_work(organization, broker):
    with transaction.atomic():
        long = jobs.owe(Job.Kind.RESCORE, "review:1", organization_id=organization.pk, depth="full")
        edit = jobs.owe(Job.Kind.RESCORE, "review:2", organization_id=organization.pk, depth="headline")
    with app.connection_for_read() as connection, connection.SimpleQueue("makewhere") as queue:
        taken = [queue.get(timeout=5) for _ in range(2)]
        assert [message.payload[1]["job_id"] for message in taken] == [edit, long]


def test_doubled_and_late_messages_do_the_work_once(organization, start_worker, wait_for):
    job_id = owe(organization, "probe:1")
    for _ in range(10):
        publisher.publish(job_id)
    start_worker()
    wait_for(all_done)
    publisher.publish(job_id)
    marker = owe(organization, "marker:1")
    wait_for(lambda: Job.objects.get(pk=marker).state == Job.State.DONE)
    assert deeds() == {"probe:1": 1, "marker:1": 1}


@pytest.mark.long
def test_jobs_that_fail_never_end_or_kill_their_worker_do_not_keep_the_others_from_theirs(
    organization, broker, start_worker, wait_for
):
    """And so do messages that nobody understands: an unknown task, and a body that is no JSON."""
    with transaction.atomic():
        poisonous = [
            jobs.owe(kind, "poison:1", organization_id=organization.pk)
            for kind in (Job.Kind.IMPACT, Job.Kind.EXPORT, Job.Kind.WATCH)
        ]
    app.send_task("assessments.unheard_of", retry=False)
    with app.producer_pool.acquire() as producer:
        producer.publish(b"\x80\x04K\x01.", content_type="application/x-python-serialize", routing_key="makewhere")
    start_worker(TASK_TIME_LIMIT="3")
    for at in range(5):
        owe(organization, f"good-{at}:1")
    wait_for(lambda: sum(deeds().values()) == 5, seconds=60)
    assert set(deeds().values()) == {1}
    wait_for(lambda: not Job.objects.filter(pk__in=poisonous, attempts=0).exists(), seconds=60)
    failing = Job.objects.get(kind=Job.Kind.IMPACT)
    assert failing.error == "ArithmeticError: There is no answer to this."
