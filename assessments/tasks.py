"""Celery's entry points: an id in, one call each. Safe to run twice; newer messages with more arguments pass."""

from celery import shared_task
from celery.signals import beat_init, worker_ready

from assessments import jobs
from assessments.jobs.dispatch import Dispatcher
from assessments.jobs.publisher import RUN_JOB
from assessments.services import (
    deliveries,
    owing_watches,
    pruning,
    record_checks,
    reminders,
    reports,
    rescore,
    summaries,
    watches,
)

__all__ = [
    "check_records",
    "owe_deliveries",
    "owe_outdated",
    "prune",
    "remind",
    "summarise",
    "reports",
    "run_job",
    "start_dispatcher",
    "watches",
]


@shared_task(name=RUN_JOB, acks_late=True, ignore_result=True)
def run_job(*, job_id: int, **_ignored) -> None:
    jobs.run(job_id)


@shared_task(name="assessments.owe_outdated", ignore_result=True)
def owe_outdated(**_ignored) -> None:
    rescore.owe_outdated()


@shared_task(name="assessments.owe_deliveries", ignore_result=True)
def owe_deliveries(**_ignored) -> None:
    deliveries.owe_due()


@shared_task(name="assessments.remind", ignore_result=True)
def remind(**_ignored) -> None:
    reminders.remind()


@shared_task(name="assessments.summarise", ignore_result=True)
def summarise(**_ignored) -> None:
    summaries.write_due()


@shared_task(name="assessments.prune", ignore_result=True)
def prune(**_ignored) -> None:
    pruning.prune()


@shared_task(name="assessments.watch_today", ignore_result=True)
def watch_today(**_ignored) -> None:
    owing_watches.owe_today()


@shared_task(name="assessments.check_records", ignore_result=True)
def check_records(**_ignored) -> None:
    record_checks.check_records()


@worker_ready.connect
def owe_outdated_at_start(**_ignored) -> None:
    rescore.owe_outdated(failed_too=True)


@worker_ready.connect
@beat_init.connect
def start_dispatcher(**_ignored) -> None:
    Dispatcher().start()
