"""Sending messages for due jobs whose message may be lost, and parking those that kill their workers."""

import threading

import structlog
from django.db import DatabaseError, connection, transaction

from assessments.jobs.claims import MOST_ATTEMPTS
from assessments.jobs.publisher import publisher

EVERY_SECONDS = 2.0
ADVISORY_LOCK = 0x6D6B77  # one dispatcher at a time, wherever they run
AT_ONCE = 500

log = structlog.get_logger(__name__)

# A message is taken for lost after ten seconds: sooner would fill the queue of a busy worker with doubles.
DUE = f"""
UPDATE assessments_job SET sent_at = clock_timestamp()
WHERE id IN (
    SELECT id FROM assessments_job
    WHERE ((state = 'queued' AND next_at <= clock_timestamp())
           OR (state = 'running' AND lease_until < clock_timestamp() AND attempts < {MOST_ATTEMPTS}))
      AND (sent_at IS NULL OR sent_at < clock_timestamp() - interval '10 seconds' OR sent_at < next_at)
    ORDER BY next_at LIMIT {AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id, depth
"""

PARK = f"""
UPDATE assessments_job SET state = 'failed', lease_until = NULL, lease_token = NULL, updated_at = clock_timestamp(),
    error = 'Every worker that took this job ended before it was done (' || attempts || ' attempts).'
WHERE state = 'running' AND lease_until < clock_timestamp() AND attempts >= {MOST_ATTEMPTS}
"""


def dispatch_due() -> int:
    """Send a message for every due job whose message may be lost; how many were sent.

    Only one dispatcher works at a time (advisory lock of the transaction); the others return 0 at once.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(PARK)
        if cursor.rowcount:
            log.error("jobs_parked", count=cursor.rowcount)
        cursor.execute(DUE)
        due = cursor.fetchall()
    return sum(publisher.publish(job_id, depth) for job_id, depth in due)


class Dispatcher(threading.Thread):
    """Runs `dispatch_due` every two seconds, beside beat and in every worker: it needs no broker to wake up."""

    def __init__(self, every: float = EVERY_SECONDS):
        super().__init__(name="dispatcher", daemon=True)
        self.every = every
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(self.every):
            try:
                dispatch_due()
            except DatabaseError as problem:
                log.warning("dispatcher_waits", problem=str(problem))
            finally:
                connection.close()
