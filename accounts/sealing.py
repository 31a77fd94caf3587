"""Sealing the audit trail: committed events get gap-free numbers and one digest over all that came before.

An event's transaction may commit long after a later one. So a run takes only events of transactions below the oldest
that still runs (`pg_snapshot_xmin`): of those nothing can be added any more, and numbers follow the order of transactions.
"""

import datetime
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now

from accounts import anchors
from accounts.audit import database_now, event_digest, sha256_of
from accounts.models import AuditEvent, AuditSeal, AuditSealEntry, Organization

LARGEST_RUN = 5_000  # events of one transaction of the sealer, so that it stays short
LARGEST_ROUND = 50_000  # events of one organization in one round of the periodic task
LATE = datetime.timedelta(minutes=15)  # the worker seals every minute
CHUNK = 1_000
LOCK = 0x5EA1  # the first half of the advisory lock's key; the second is the organization

log = structlog.get_logger(__name__)


class ForeignTransactions(Exception):
    """The last seal counts transactions of another server: the database was restored without `make restore`."""


@dataclass(frozen=True)
class Head:
    """The newest end of an organization's chain. number 0 and an empty digest: nothing is sealed yet."""

    number: int
    digest: str
    below_transaction: int
    seals: int


@dataclass(frozen=True)
class Waiting:
    """Events that are not sealed yet. oldest: when the first of them was written.

    late     how many of them have waited longer than LATE: the sealer is down, or an older transaction does not end
    """

    count: int
    oldest: datetime.datetime | None
    late: int


def chained(previous: str, number: int, event: str) -> str:
    """The digest of an entry: over the digest before it, its number, and the digest of its event."""
    return sha256_of(f"{previous}:{number}:{event}")


def last_seal(organization_id: int) -> AuditSeal | None:
    return AuditSeal.objects.filter(organization_id=organization_id).order_by("-number").first()


def head_of(organization_id: int) -> Head:
    last = last_seal(organization_id)
    return Head(last.last_number, last.digest, last.below_transaction, last.number) if last else Head(0, "", 0, 0)


def transaction_bounds() -> tuple[int, int]:
    """The oldest transaction that still runs, and one past the newest whose rows can be seen; 64-bit ids of this server."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
            "greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint, "
            "coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0) + 1)"
        )
        return cursor.fetchone()


def unsealed(organization_id: int, head: Head) -> QuerySet[AuditEvent]:
    """The events without a place in the chain that a later seal will take, in the order in which it will."""
    return AuditEvent.objects.filter(
        organization_id=organization_id, transaction_id__gte=head.below_transaction, entry=None
    ).order_by("transaction_id", "pk")


def waiting(organization_id: int, head: Head) -> Waiting:
    """What of an organization's trail no seal holds yet, in one query."""
    late = Count("pk", filter=Q(at__lt=Now() - LATE))
    events = unsealed(organization_id, head).order_by()
    return Waiting(**events.aggregate(count=Count("pk"), oldest=Min("at"), late=late))


def seal(organization_id: int, *, most: int = LARGEST_ROUND) -> list[AuditSeal]:
    """Seal what is committed and settled, in as many runs as it takes, up to about `most` events; then anchor each run's head.

    Returns the seals made. Raises ForeignTransactions.
    """
    made: list[AuditSeal] = []
    taken = 0
    while taken < most:
        run = _seal_run(organization_id)
        if run is None:
            break
        made.append(run)
        taken += run.last_number - run.first_number + 1
    for run in made:
        anchors.append(run)
    return made


def seal_all() -> int:
    """Seal every organization's trail. Returns how many seals were made; one organization's trouble stops no other."""
    made = 0
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        try:
            made += len(seal(organization_id))
        except (ForeignTransactions, DatabaseError) as problem:
            log.error("audit_not_sealed", organization=organization_id, problem=str(problem))
    return made


@transaction.atomic(durable=True)
def _seal_run(organization_id: int) -> AuditSeal | None:
    """One run of at most LARGEST_RUN events. None where nothing is to be sealed."""
    _lock(organization_id)
    head = head_of(organization_id)
    # Asked under the lock and in a statement of its own: every later statement sees all that was committed below it.
    oldest_running, next_id = transaction_bounds()
    if head.below_transaction > next_id:
        raise ForeignTransactions(
            f"The last seal was made below transaction {head.below_transaction}, and this server has only come to "
            f"{next_id}: the database was restored from another server. Stop everything that uses it and run "
            "`manage.py seal_audit --after-restore`."
        )
    settled = unsealed(organization_id, head).filter(transaction_id__lt=oldest_running)
    events = list(settled[: LARGEST_RUN + 1])
    if not events:
        return None
    # A run that was cut may end inside a transaction: the next one begins there.
    below = events[LARGEST_RUN].transaction_id if len(events) > LARGEST_RUN else oldest_running
    return _write(organization_id, head, events[:LARGEST_RUN], below, AuditSeal.Cause.REGULAR)


def seal_after_restore(organization_id: int) -> list[AuditSeal]:
    """Seal every event that the restored database holds unsealed, whatever its transaction id, and begin counting anew.

    Only while nothing else is connected: an event that is being written would be passed over. The watermark is this
    server's, whose ids may be smaller or larger than those of the server that wrote the events.
    """
    made: list[AuditSeal] = []
    while True:
        run = _seal_restored_run(organization_id, always=not made)
        if run is None:
            return made
        made.append(run)


@transaction.atomic(durable=True)
def _seal_restored_run(organization_id: int, *, always: bool) -> AuditSeal | None:
    _lock(organization_id)
    head = head_of(organization_id)
    oldest_running, next_id = transaction_bounds()
    restored = AuditEvent.objects.filter(organization_id=organization_id, entry=None).order_by("transaction_id", "pk")
    events = list(restored[:LARGEST_RUN])
    # Also without an event: the former server's watermark must not stand as the last one.
    if not events and not always:
        return None
    return _write(organization_id, head, events, oldest_running, AuditSeal.Cause.RESTORE)


def _lock(organization_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, organization_id])


def _write(organization_id: int, head: Head, events: list[AuditEvent], below: int, cause: str) -> AuditSeal:
    digest, number, entries = head.digest, head.number, []
    for event in events:
        number += 1
        stands = event_digest(event)
        if stands != event.digest:
            log.error("audit_event_altered", organization=organization_id, event=str(event.uuid), number=number)
        digest = chained(digest, number, stands)
        entries.append(AuditSealEntry(organization_id=organization_id, event_id=event.pk, number=number, digest=digest))
    run = AuditSeal.objects.create(
        organization_id=organization_id,
        number=head.seals + 1,
        first_number=head.number + 1,
        last_number=number,
        previous_digest=head.digest,
        digest=digest,
        below_transaction=below,
        cause=cause,
    )
    for entry in entries:
        entry.seal = run
    AuditSealEntry.objects.bulk_create(entries, batch_size=CHUNK)
    return run


def after_restore(organization: Organization, began: datetime.datetime | None = None) -> list[AuditSeal]:
    """Anchor that the database was set back to its last seal, then seal all the rest of what was restored.

    began  the restore (database time); None: now
    """
    head = head_of(organization.pk)
    anchors.append_restore(organization, head.number, head.digest, (began or database_now()).isoformat())
    made = seal_after_restore(organization.pk)
    for run in made:
        anchors.append(run)
    return made
