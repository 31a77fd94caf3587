"""The daily check of records comes to its end, whichever record ends the worker, and its work is done once."""

import datetime

import pytest

from accounts.models import AuditEvent, Notification
from assessments.models import RecordCheck
from config.celery import app
from tests.factories import ReviewFactory
from tests.services.decided import decided_world, submit

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(broker):
    world = decided_world()
    submit(world)
    ReviewFactory(
        program=world.program, revision=world.revision, number=7, state="superseded"
    )  # of which nothing is there
    return world


def tick():
    app.send_task("assessments.check_records", retry=False)


def events():
    return [one.new for one in AuditEvent.objects.filter(action="records.checked").order_by("pk")]


def lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_record_that_kills_its_worker_is_a_fault_after_three_attempts_and_the_rest_is_checked(
    world, start_worker, wait_for, tmp_path
):
    recomputed = tmp_path / "recomputed"
    start_worker(PROBE_RECOMPUTED=str(recomputed), PROBE_KILLED_BY=str(world.review.uuid))
    for attempt in (1, 2, 3):
        tick()
        wait_for(lambda attempt=attempt: lines(recomputed) == attempt)
        held = RecordCheck.objects.get()
        assert (held.begun, held.attempts, held.through) == (world.review, attempt, None), "counted before the work"
        assert events() == []
        RecordCheck.objects.update(lease_until=datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))  # it ran out
    tick()
    wait_for(lambda: events() != [])
    [event] = events()
    assert lines(recomputed) == 3
    assert (event["submissions"], event["recomputed"], event["more"]) == (1, 0, False), "its hashes are checked"
    assert event["named"][0] == (
        "MSC-1, Review 1: The result could not be recomputed: 3 attempts ended without an answer, as where the process is "
        "ended for want of memory."
    )
    assert event["named"][1].startswith("MSC-1, Review 7"), "and the round went on"
    told = Notification.objects.filter(kind="integrity_failed", membership=world.people["admin"])
    assert {one.title for one in told} == {
        "A record could not be checked (MSC-1, Review 1)",
        "A record is not what was signed (MSC-1, Review 7)",
    }


def test_of_two_workers_with_a_message_each_one_does_the_work(world, start_worker, wait_for, tmp_path):
    recomputed = tmp_path / "recomputed"
    for _ in range(2):
        start_worker(PROBE_RECOMPUTED=str(recomputed), PROBE_SLOW_RECOMPUTING="3")
    for _ in range(4):
        app.send_task(
            "assessments.check_records_in", kwargs={"organization_id": world.program.organization_id}, retry=False
        )
    wait_for(lambda: events() != [])
    assert lines(recomputed) == 1 and len(events()) == 1
