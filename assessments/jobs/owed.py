"""Owing work: one upsert in the transaction of the change, and a message after it commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction

from assessments.jobs.publisher import publisher
from assessments.models import Job

# A job that waits with a message on its way needs no second one; a lost one is sent again by the dispatcher.
OWE = """
INSERT INTO assessments_job AS job
    (organization_id, uuid, kind, target, depth, state, wanted_revision, done_revision, generation, attempts,
     next_at, queued_at, sent_at, progress, step, error, asked_by_id, updated_at)
SELECT asked.organization, gen_random_uuid(), %(kind)s, asked.target, %(depth)s, 'queued', asked.wanted, 0, 1, 0,
     statement_timestamp() + %(delay)s * interval '1 second', statement_timestamp(), statement_timestamp(),
     0, '', '', %(asked_by)s::bigint, statement_timestamp()
FROM unnest(%(organizations)s::bigint[], %(targets)s::text[], %(wanted)s::bigint[]) AS asked (organization, target, wanted)
ORDER BY asked.target
ON CONFLICT (kind, target) DO UPDATE SET
    wanted_revision = GREATEST(job.wanted_revision, EXCLUDED.wanted_revision),
    depth = EXCLUDED.depth,
    generation = job.generation + 1,
    attempts = CASE WHEN job.state = 'running' AND job.lease_until >= statement_timestamp()
                    THEN job.attempts ELSE 0 END,
    state = CASE WHEN job.state = 'running' AND job.lease_until >= statement_timestamp()
                 THEN 'running' ELSE 'queued' END,
    next_at = EXCLUDED.next_at,
    queued_at = CASE WHEN job.state IN ('done', 'failed') THEN EXCLUDED.queued_at ELSE job.queued_at END,
    sent_at = CASE WHEN job.state = 'queued' AND job.sent_at > statement_timestamp() - interval '2 seconds'
                   THEN job.sent_at ELSE statement_timestamp() END,
    error = '',
    asked_by_id = EXCLUDED.asked_by_id,
    updated_at = statement_timestamp()
RETURNING id, sent_at = statement_timestamp()
"""


@dataclass(frozen=True)
class Owed:
    """A target of a job, whose it is, and the count of inputs that its result must belong to."""

    target: str
    organization_id: int
    wanted: int


def owe(
    kind: str,
    target: str,
    *,
    organization_id: int,
    wanted: int = 0,
    depth: str = "",
    delay: float = 0.0,
    asked_by=None,
) -> int:
    """Owe a piece of work; the last statement of the transaction that makes it necessary.

    target  "program:ID", "review:ID" or "report:ID"
    wanted  the count of inputs that the result must belong to
    delay   seconds until it is due
    Returns the job's id. Raises RuntimeError outside a transaction.
    """
    return owe_all(kind, [Owed(target, organization_id, wanted)], depth=depth, delay=delay, asked_by=asked_by)[0]


def owe_all(kind: str, owed: Sequence[Owed], *, depth: str = "", delay: float = 0.0, asked_by=None) -> list[int]:
    """Owe pieces of work of one kind by one statement; see `owe`. No target may come twice.

    Returns the jobs' ids in the order of their targets. Raises RuntimeError outside a transaction
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Work is owed in the transaction of the change that makes it necessary.")
    with connection.cursor() as cursor:
        cursor.execute(
            OWE,
            {
                "organizations": [one.organization_id for one in owed],
                "kind": str(kind),
                "targets": [one.target for one in owed],
                "depth": depth,
                "wanted": [one.wanted for one in owed],
                "delay": delay,
                "asked_by": asked_by.pk if asked_by else None,
            },
        )
        rows = cursor.fetchall()
    for job_id, send in rows:
        if send and delay == 0:
            transaction.on_commit(partial(publisher.publish, job_id, depth), robust=True)
    return [job_id for job_id, _ in rows]


def retry(job: Job) -> None:
    """Make a failed job due again, attempts forgotten."""
    with transaction.atomic():
        owe(
            job.kind,
            job.target,
            organization_id=job.organization_id,
            wanted=job.wanted_revision,
            depth=job.depth,
            asked_by=job.asked_by,
        )
