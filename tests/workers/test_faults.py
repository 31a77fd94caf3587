"""Nothing owed is lost, doubled or stuck: killed workers, stopped and flushed brokers, doubled messages."""

import time
from collections import Counter

import pytest
from django.db import transaction

from accounts.models import AuditEvent
from assessments import jobs
from assessments.jobs.publisher import publisher
from assessments.models import Job
from tests.factories import OrganizationFactory

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def organization():
    return OrganizationFactory()


def owe(organization, target, wanted=1):
    with transaction.atomic():
        return jobs.owe(Job.Kind.DELIVER, target, organization_id=organization.pk, wanted=wanted)


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


def test_a_worker_killed_in_the_middle_costs_time_but_no_work(organization, start_worker, wait_for):
    first = start_worker()
    job_id = owe(organization, "probe:40")
    wait_for(lambda: Job.objects.get(pk=job_id).progress >= 3)
    first.kill()
    assert deeds() == {}
    start_worker()
    wait_for(all_done, seconds=75)
    assert deeds() == {"probe:40": 1}


def test_a_flushed_broker_loses_nothing(organization, broker, start_worker, wait_for):
    for at in range(20):
        owe(organization, f"probe-{at}:1")
    broker.flush()
    start_worker()
    wait_for(all_done, seconds=60)
    assert set(deeds().values()) == {1}
    assert len(deeds()) == 20


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


def test_edits_go_on_while_the_broker_is_away_and_are_worked_off_after(organization, broker, start_worker, wait_for):
    start_worker()
    owe(organization, "before:1")
    wait_for(all_done)
    broker.stop()
    failed, began, edits = publisher.failed, time.monotonic(), 0
    slowest = 0.0
    while time.monotonic() - began < 20:
        edits += 1
        at = time.monotonic()
        owe(organization, "during:1", wanted=edits)
        slowest = max(slowest, time.monotonic() - at)
        time.sleep(0.1)
    waited = publisher.failed - failed
    broker.start()
    wait_for(all_done, seconds=60)
    job = Job.objects.get(target="during:1")
    assert (job.wanted_revision, job.done_revision) == (edits, edits)
    assert 1 <= waited <= 5, "at most one call per five seconds may wait for a broker that is away"
    assert slowest < 2.0
    last = AuditEvent.objects.filter(object_label="during:1").latest("pk")
    assert last.new == {"wanted": edits}
