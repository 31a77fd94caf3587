"""A saved revision becomes the state of the decision's watch within seconds, also when the worker dies over it."""

import time

import pytest

from accounts.models import AuditEvent, Notification
from assessments.models import Job
from assessments.services import programs
from tests.scoring import sample
from tests.services.decided import member
from tests.services.watched import approved_world, watch_of
from tests.support.work import work_off

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(broker):
    """Facts whose month 0 is the day itself: however late these tests run, no month has gone by."""
    return approved_world()


def save(world, wait):
    given = sample.profile() | {"assessment_date": time.strftime("%Y-%m-%d"), "qms": 0, "potency": "none"}
    given["options"][3]["facts"]["wait"] = wait
    programs.import_revision(
        member=member(world, "lead"), program=world.program, document=given, summary=f"The suite waits {wait} months"
    )


def seen(world):
    watch = watch_of(world)
    return watch.seen == watch.wanted


def test_a_revision_is_followed_within_seconds(world, start_worker, wait_for):
    start_worker()
    save(world, 2)
    wait_for(lambda: seen(world), seconds=30)
    began = time.monotonic()
    save(world, 12)
    wait_for(lambda: seen(world), seconds=30)
    assert time.monotonic() - began < 10
    watch = watch_of(world)
    assert watch.state == "no_longer_holds" and watch.revision.number == 3


def test_a_worker_that_dies_over_a_watch_loses_and_doubles_nothing(world, start_worker, wait_for):
    save(world, 2)
    work_off("watch")
    assert watch_of(world).state == "holds"
    told = Notification.objects.filter(kind="decision_no_longer_holds").count()
    moves = AuditEvent.objects.filter(action="decision.watch_moved").count()
    dying = start_worker(PROBE_SLOW_WATCH="60")
    save(world, 12)
    wait_for(lambda: Job.objects.filter(kind="watch", state="running").exists(), seconds=30)
    dying.kill()
    start_worker()
    wait_for(lambda: seen(world), seconds=90)
    assert watch_of(world).state == "no_longer_holds"
    assert AuditEvent.objects.filter(action="decision.watch_moved").count() == moves + 1
    assert Notification.objects.filter(kind="decision_no_longer_holds").count() == told + 4
