"""Running one job: claim, work under a kept lease, and what happens when it goes wrong."""

import structlog
from django.db import InterfaceError, OperationalError, connection

from accounts.audit import acting_through
from accounts.models import AuditEvent
from assessments.errors import Refusal
from assessments.jobs.claims import KeptLease, LeaseLost, claim, fail
from assessments.jobs.publisher import publisher
from assessments.jobs.registry import handler_of
from assessments.models import Job

log = structlog.get_logger(__name__)


def run(job_id: int) -> bool:
    """Work off a job if it is due. Safe to call twice, late, or for a job that is done.

    Returns whether this call did the work. Failures are kept in the row (with their cause) and not raised.
    """
    held = claim(job_id)
    if held is None:
        return False
    try:
        with KeptLease(held), acting_through(AuditEvent.Channel.WORKER, f"job-{held.job_id}"):
            handler_of(held.kind)(held)
    except LeaseLost as problem:
        log.warning("lease_lost", job_id=job_id, problem=str(problem))
        return False
    except (OperationalError, InterfaceError) as problem:
        # The database went away: nothing was stored, and the row is due again at once.
        log.warning("database_away", job_id=job_id, problem=str(problem))
        connection.close()
        fail(held, f"The database was away: {problem}", wait=False)
        return False
    except Exception as problem:  # the cause belongs into the row, whatever it is
        log.exception("job_failed", job_id=job_id, kind=held.kind, attempts=held.attempts)
        fail(held, str(problem) if isinstance(problem, Refusal) else f"{type(problem).__name__}: {problem}")
        return False
    _send_again_if_due(job_id)
    return True


def _send_again_if_due(job_id: int) -> None:
    """Inputs that came during the run are due now; waiting for the dispatcher would cost two seconds."""
    due = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).extra(where=["next_at <= clock_timestamp()"])
    for depth in due.values_list("depth", flat=True):
        publisher.publish(job_id, depth)
