"""When is a worker taken for stuck: only with due jobs that nobody works on."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from assessments.models import Job
from config.supervisor.watchdog import Watchdog, jobs_left_alone
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)


def job(target: str, minutes: int = 0, **changed) -> None:
    """A job that is due in `minutes`."""
    made = Job.objects.create(organization=OrganizationFactory(), kind=Job.Kind.RESCORE, target=target)
    Job.objects.filter(pk=made.pk).update(next_at=Now() + timedelta(minutes=minutes), **changed)


def test_a_job_that_is_due_for_long_is_left_alone(app_url):
    job("review:1", -1)
    assert jobs_left_alone(app_url, 20) == 1


def test_a_job_that_has_just_become_due_is_not(app_url):
    job("review:1")
    assert jobs_left_alone(app_url, 20) == 0


@pytest.mark.parametrize("state", ["done", "failed"])
def test_nothing_is_owed_for_a_closed_job(app_url, state):
    job("review:1", -1, state=state)
    assert jobs_left_alone(app_url, 20) == 0


def test_a_job_under_a_living_lease_excuses_the_worker(app_url):
    job("review:1", -1)
    job("review:2", state="running", lease_until=Now() + timedelta(minutes=1))
    assert jobs_left_alone(app_url, 20) == 0


def test_a_job_whose_lease_ran_out_long_ago_is_left_alone(app_url):
    job("review:1", state="running", lease_until=Now() - timedelta(minutes=1))
    assert jobs_left_alone(app_url, 20) == 1


def test_a_broker_that_is_away_is_not_the_workers_fault(app_url):
    job("review:1", -1)
    assert not Watchdog(app_url, "redis://127.0.0.1:1/0").worker_is_stuck(worker_since=0.0)


def test_a_new_worker_gets_time_to_begin(app_url):
    job("review:1", -1)
    assert not Watchdog(app_url, "redis://127.0.0.1:1/0").worker_is_stuck(worker_since=time.monotonic())
