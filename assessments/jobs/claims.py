"""Claiming a job under a lease, keeping the lease, and closing the job. All times are the database's."""

import threading
import uuid
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, connection, transaction

LEASE_SECONDS = 30
RENEW_SECONDS = 10
BACK_OFF_SECONDS = (1, 5, 30, 120, 600)
MOST_ATTEMPTS = len(BACK_OFF_SECONDS) + 1

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another worker has this job now; nothing of this run may be stored."""


@dataclass
class Claim:
    """The right to work on a job until the lease ends."""

    job_id: int
    kind: str
    target: str
    depth: str
    organization_id: int
    wanted_revision: int
    generation: int
    attempts: int
    asked_by_id: int | None
    token: uuid.UUID
    lost: threading.Event = field(default_factory=threading.Event)

    @property
    def target_id(self) -> int:
        return int(self.target.split(":", 1)[1])


CLAIM = f"""
UPDATE assessments_job SET state = 'running', attempts = attempts + 1, lease_token = %(token)s,
    lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds', progress = 0, step = '',
    updated_at = clock_timestamp()
WHERE id = %(job)s AND attempts < {MOST_ATTEMPTS}
  AND ((state = 'queued' AND next_at <= clock_timestamp()) OR (state = 'running' AND lease_until < clock_timestamp()))
RETURNING kind, target, depth, organization_id, wanted_revision, generation, attempts, asked_by_id
"""


def claim(job_id: int) -> Claim | None:
    """Claim a due job in a transaction of its own; None if it is not due or somebody works on it."""
    token = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"token": token, "job": job_id})
        row = cursor.fetchone()
    if row is None:
        return None
    kind, target, depth, organization_id, wanted, generation, attempts, asked_by_id = row
    return Claim(job_id, kind, target, depth, organization_id, wanted, generation, attempts, asked_by_id, token)


def renew(held: Claim) -> bool:
    """Lengthen the lease; False if it is no longer ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE assessments_job SET lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds' "
            "WHERE id = %s AND lease_token = %s AND state = 'running'",
            [held.job_id, held.token],
        )
        return cursor.rowcount == 1


class KeptLease:
    """Renews the lease of a claim from a thread of its own while the work goes on."""

    def __init__(self, held: Claim, every: float = RENEW_SECONDS):
        self.held, self.every = held, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{held.job_id}", daemon=True)

    def __enter__(self) -> "KeptLease":
        self._thread.start()
        return self

    def __exit__(self, *_problem) -> None:
        self._ended.set()
        self._thread.join(timeout=5)

    def _keep(self) -> None:
        try:
            while not self._ended.wait(self.every):
                try:
                    if not renew(self.held):
                        self.held.lost.set()
                        return
                except DatabaseError as problem:
                    # The lease may still be ours; the store will ask for the token again.
                    log.warning("lease_not_renewed", job_id=self.held.job_id, problem=str(problem))
                    connection.close()
        finally:
            connection.close()


CLOSE = """
UPDATE assessments_job SET
    state = CASE WHEN wanted_revision <= %(done)s THEN 'done' ELSE 'queued' END,
    next_at = CASE WHEN wanted_revision <= %(done)s THEN next_at ELSE clock_timestamp() END,
    done_revision = GREATEST(done_revision, %(done)s), attempts = 0, error = '', progress = 100, step = '',
    lease_until = NULL, lease_token = NULL, sent_at = NULL, updated_at = clock_timestamp()
WHERE id = %(job)s AND lease_token = %(token)s AND state = 'running'
RETURNING state
"""


def close(held: Claim, *, done: int) -> bool:
    """Close a claim as part of the transaction that stored its result.

    done  the count of inputs that the stored result belongs to
    Returns whether everything wanted is done. If newer inputs came meanwhile, the row is due again.
    Raises LeaseLost if the lease went to another worker; the caller's transaction must then roll back.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, {"done": done, "job": held.job_id, "token": held.token})
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost(f"Job {held.job_id} is no longer leased to this run.")
    return row[0] == "done"


def close_and_rearm(held: Claim, *, done: int, depth: str, due_at) -> None:
    """Close a claim and owe the same job once more at another depth, due at `due_at` unless newer inputs came."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE assessments_job SET state = 'queued', done_revision = GREATEST(done_revision, %(done)s),
                depth = CASE WHEN wanted_revision <= %(done)s THEN %(depth)s ELSE depth END,
                next_at = CASE WHEN wanted_revision <= %(done)s THEN %(due)s ELSE clock_timestamp() END,
                attempts = 0, error = '', progress = 0, step = '', lease_until = NULL, lease_token = NULL,
                sent_at = NULL, updated_at = clock_timestamp()
            WHERE id = %(job)s AND lease_token = %(token)s AND state = 'running'
            """,
            {"done": done, "depth": depth, "due": due_at, "job": held.job_id, "token": held.token},
        )
        if cursor.rowcount != 1:
            raise LeaseLost(f"Job {held.job_id} is no longer leased to this run.")


def fail(held: Claim, error: str, *, wait: bool = True) -> None:
    """Give a claim back after a failed run: due again after the back-off, or failed when all attempts are used.

    wait  False where the machinery went away (database, broker): due again at once, still counted
    """
    last = held.attempts >= MOST_ATTEMPTS
    pause = BACK_OFF_SECONDS[held.attempts - 1] if wait and not last else 0
    with transaction.atomic(), connection.cursor() as cursor:
        # Newer inputs may have come while this run failed; they deserve a fresh start.
        cursor.execute(
            """
            UPDATE assessments_job SET
                state = CASE WHEN generation <> %(generation)s OR NOT %(last)s THEN 'queued' ELSE 'failed' END,
                attempts = CASE WHEN generation <> %(generation)s THEN 0 ELSE attempts END,
                next_at = clock_timestamp() + CASE WHEN generation <> %(generation)s THEN 0 ELSE %(pause)s END
                          * interval '1 second',
                error = %(error)s, lease_until = NULL, lease_token = NULL, sent_at = NULL,
                updated_at = clock_timestamp()
            WHERE id = %(job)s AND lease_token = %(token)s AND state = 'running'
            """,
            {
                "generation": held.generation,
                "last": last,
                "pause": pause,
                "error": error[:2000],
                "job": held.job_id,
                "token": held.token,
            },
        )


def report_progress(held: Claim, percent: int, step: str = "") -> int:
    """Show how far the work is; the count of inputs that is wanted by now, so that overtaken work can end early.

    Raises LeaseLost if somebody else has the job.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assessments_job SET progress = %s, step = %s, updated_at = clock_timestamp() "
            "WHERE id = %s AND lease_token = %s AND state = 'running' RETURNING wanted_revision",
            [percent, step[:80], held.job_id, held.token],
        )
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost(f"Job {held.job_id} is no longer leased to this run.")
    return row[0]
