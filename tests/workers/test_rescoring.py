"""Edits over HTTP become the shown result of the latest inputs, whatever happens to the broker and the workers.

Lost, doubled and stuck are counted from the ledger of what the editors were told: the bar is 0, 0, 0.
"""

import time

import pytest

from assessments.models import Job, RatingVersion, Scorecard
from tests.workers.edits import Editors, revealed_review, settled

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

OUTAGE_SECONDS = 20


@pytest.fixture
def edited(web):
    """A review, people who edit it, and how many versions of ratings there are before they do."""
    world, persons = revealed_review(4)
    return world.review, Editors(web.address, world, persons), RatingVersion.objects.count()


def assert_nothing_lost_or_doubled(ledger, before):
    assert ledger.refused == []
    assert ledger.count > 20
    assert (ledger.lost(), ledger.doubled(before)) == (0, 0)


def test_two_hundred_edits_are_computed_once_in_each_depth(edited, start_worker, wait_for):
    """The workers were away: what they catch up with is the last state, not two hundred of them."""
    review, editors, before = edited
    editors.pause = 0
    editors.start(most=50)
    ledger = editors.wait()
    assert ledger.count == 200
    assert Job.objects.get(kind="rescore", target=f"review:{review.pk}").wanted_revision >= 200
    start_worker()
    wait_for(lambda: settled(review))
    assert_nothing_lost_or_doubled(ledger, before)
    made = Scorecard.objects.filter(review=review).values_list("depth", flat=True)
    assert sorted(made) == ["full", "headline"]


def outage(editors, web, break_it, mend_it):
    """Edit through an outage; the ledger, and how often the web process waited for the broker."""
    editors.start()
    time.sleep(1)
    waits = web.waits_for_the_broker()
    break_it()
    time.sleep(OUTAGE_SECONDS)
    waits = web.waits_for_the_broker() - waits
    mend_it()
    time.sleep(1)
    return editors.finish(), waits


def test_while_the_broker_is_stopped_every_edit_is_saved_and_the_result_follows(
    edited, web, broker, start_worker, wait_for
):
    review, editors, before = edited
    start_worker()
    ledger, waits = outage(editors, web, broker.stop, broker.start)
    assert_nothing_lost_or_doubled(ledger, before)
    assert 1 <= waits <= OUTAGE_SECONDS / 5 + 1, "at most one wait per process and five seconds"
    wait_for(lambda: settled(review), seconds=60)


@pytest.mark.long
def test_a_broker_that_hangs_holds_no_edit_up(edited, web, broker, start_worker, wait_for):
    review, editors, before = edited
    start_worker()
    ledger, waits = outage(editors, web, broker.pause, broker.resume)
    assert_nothing_lost_or_doubled(ledger, before)
    assert 1 <= waits <= OUTAGE_SECONDS / 5 + 1
    assert max(ledger.durations) < 5
    wait_for(lambda: settled(review), seconds=60)


def test_a_worker_killed_in_the_middle_of_the_full_depth_costs_time_and_nothing_else(edited, start_worker, wait_for):
    review, editors, before = edited
    target = f"review:{review.pk}"
    first = start_worker(PROBE_SLOW_FULL="60")
    editors.start(most=10)
    ledger = editors.wait()
    wait_for(
        lambda: Job.objects.filter(
            kind="rescore", target=target, depth="full", state="running", progress__gt=2
        ).exists()
    )
    first.kill()
    review.refresh_from_db()
    assert review.headline_revision == review.inputs_revision, "the headline does not wait for the full depth"
    assert review.full_id is None
    start_worker()
    wait_for(lambda: settled(review), seconds=75)
    assert_nothing_lost_or_doubled(ledger, before)
    assert Scorecard.objects.filter(review=review, depth="full").count() == 1


@pytest.mark.long
def test_edits_during_the_full_depth_are_shown_before_it_would_have_ended(edited, start_worker, wait_for):
    review, editors, before = edited
    start_worker(PROBE_SLOW_FULL="30")
    editors.start(most=10)
    editors.wait()
    wait_for(
        lambda: Job.objects.filter(kind="rescore", target=f"review:{review.pk}", depth="full", progress__gt=2).exists()
    )
    editors.start(most=1)
    editors.wait()

    def headline_is_current() -> bool:
        review.refresh_from_db()
        return review.headline_revision == review.inputs_revision

    wait_for(headline_is_current, seconds=5)


@pytest.mark.long
def test_workers_killed_again_and_again_during_edits(edited, broker, start_worker, wait_for):
    review, editors, before = edited
    editors.start()
    for _ in range(6):
        worker = start_worker()
        time.sleep(4)
        broker.flush()
        worker.kill()
    ledger = editors.finish()
    start_worker()
    wait_for(lambda: settled(review), seconds=75)
    assert_nothing_lost_or_doubled(ledger, before)
