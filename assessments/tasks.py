"""Celery's entry points: an id in, one call each. Safe to run twice; newer messages with more arguments pass."""

from celery import shared_task
from celery.signals import beat_init, worker_ready
from django.conf import settings

from accounts.audit import acting_through, database_now
from accounts.models import AuditEvent, Organization
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
    "check_records_in",
    "owe_deliveries",
    "owe_outdated",
    "prune",
    "remind",
    "remind_in",
    "summarise",
    "summarise_in",
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
    """Each organization in a task of its own: one that takes long, or fails, takes no other's time."""
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        remind_in.delay(organization_id=organization_id)


@shared_task(name="assessments.remind_in", ignore_result=True)
def remind_in(*, organization_id: int, **_ignored) -> None:
    with acting_through(AuditEvent.Channel.WORKER):
        reminders.remind_in(organization_id)


@shared_task(name="assessments.summarise", ignore_result=True)
def summarise(**_ignored) -> None:
    for organization_id in summaries.organizations_due(database_now()):
        summarise_in.delay(organization_id=organization_id)


@shared_task(name="assessments.summarise_in", ignore_result=True)
def summarise_in(*, organization_id: int, **_ignored) -> None:
    with acting_through(AuditEvent.Channel.WORKER):
        summaries.write_in(organization_id)


@shared_task(name="assessments.prune", ignore_result=True)
def prune(**_ignored) -> None:
    pruning.prune()


@shared_task(name="assessments.watch_today", ignore_result=True)
def watch_today(**_ignored) -> None:
    owing_watches.owe_today()


@shared_task(name="assessments.check_records", ignore_result=True)
def check_records(**_ignored) -> None:
    for organization_id in record_checks.organizations_due():
        check_records_in.delay(organization_id=organization_id)


# Ended in time by an error, a review that takes for ever is a fault of its own; ended with its process, it would come again.
@shared_task(
    name="assessments.check_records_in", ignore_result=True, soft_time_limit=settings.CELERY_TASK_TIME_LIMIT * 2 // 3
)
def check_records_in(*, organization_id: int, **_ignored) -> None:
    """One piece, and a message for the next; where that is lost, the next tick of beat goes on."""
    if record_checks.check_next(organization_id).more:
        check_records_in.delay(organization_id=organization_id)


@worker_ready.connect
def owe_outdated_at_start(**_ignored) -> None:
    rescore.owe_outdated(failed_too=True)


@worker_ready.connect
@beat_init.connect
def start_dispatcher(**_ignored) -> None:
    Dispatcher().start()
