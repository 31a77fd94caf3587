"""Writing the audit trail: `record_event` belongs into the transaction of the act it records."""

import datetime
import hashlib
import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from accounts.models import AuditEvent


@dataclass(frozen=True)
class Origin:
    """By which way an act came in: a channel and, where there is one, a request id."""

    channel: str = AuditEvent.Channel.COMMAND
    request_id: str = ""


_COMMAND_LINE = Origin()
_origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


@contextmanager
def acting_through(channel: str, request_id: str = ""):
    """Within the block, events bear this channel, and the id of the request around it unless another is given.

    Set by middleware, jobs and imports; without it an act comes from the command line.
    """
    around = _origin.get() or _COMMAND_LINE
    token = _origin.set(Origin(channel, request_id or around.request_id))
    try:
        yield
    finally:
        _origin.reset(token)


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, UTF-8, no NaN. What digests are taken of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def sha256_of(value: Any) -> str:
    """SHA-256 (hex) of a value's canonical JSON, or of a text as it stands."""
    text = value if isinstance(value, str) else canonical_json(value)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    return str(value)


def event_digest(event: AuditEvent) -> str:
    """The digest of all that an event says."""
    return sha256_of(
        {
            "organization": event.organization_id,
            "uuid": event.uuid,
            "at": event.at,
            "transaction_id": event.transaction_id,
            "actor": event.actor_id,
            "actor_name": event.actor_name,
            "on_behalf_of": event.on_behalf_of_id,
            "channel": event.channel,
            "action": event.action,
            "object_type": event.object_type,
            "object_uuid": event.object_uuid,
            "object_label": event.object_label,
            "program_uuid": event.program_uuid,
            "review_uuid": event.review_uuid,
            "old": event.old,
            "new": event.new,
            "reason": event.reason,
            "request_id": event.request_id,
        }
    )


def database_now() -> datetime.datetime:
    """The database server's clock (UTC): the only clock of records."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@dataclass(frozen=True)
class Entry:
    """One of several events of an act; see `record_event`."""

    action: str
    subject: Any
    label: str = ""
    old: Any = None
    new: Any = None


def record_event(
    action: str,
    *,
    organization_id: int,
    actor,
    subject,
    label: str = "",
    old: Any = None,
    new: Any = None,
    reason: str = "",
    on_behalf_of=None,
    program=None,
    review=None,
) -> AuditEvent:
    """Record an act inside the transaction that performs it.

    action   what was done, such as "rating.given"
    actor    the membership that did it; None only where no person did (bootstrap)
    subject  the model instance it was done to
    old, new JSON values before and after
    Raises   RuntimeError outside a transaction: an event must vanish with its act
    """
    entry = Entry(action, subject, label=label, old=old, new=new)
    return record_events(
        [entry],
        organization_id=organization_id,
        actor=actor,
        reason=reason,
        on_behalf_of=on_behalf_of,
        program=program,
        review=review,
    )[0]


def record_events(
    entries: list[Entry],
    *,
    organization_id: int,
    actor,
    reason: str = "",
    on_behalf_of=None,
    program=None,
    review=None,
) -> list[AuditEvent]:
    """Record what one act did to several subjects, in a fixed number of queries. Raises as `record_event` does."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record_event must run inside the transaction of the act.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), pg_current_xact_id()::text::bigint")
        at, transaction_id = cursor.fetchone()
    origin = _origin.get() or _COMMAND_LINE
    events = []
    for entry in entries:
        event = AuditEvent(
            organization_id=organization_id,
            at=at,
            transaction_id=transaction_id,
            actor=actor,
            actor_name=actor.user.full_name if actor else "System",
            on_behalf_of=on_behalf_of,
            channel=origin.channel,
            action=entry.action,
            object_type=entry.subject._meta.model_name,
            object_uuid=getattr(entry.subject, "uuid", None),
            object_label=(entry.label or str(entry.subject))[:250],
            program_uuid=program.uuid if program else None,
            review_uuid=review.uuid if review else None,
            old=_stored(entry.old),
            new=_stored(entry.new),
            reason=reason,
            request_id=origin.request_id,
        )
        event.digest = event_digest(event)
        events.append(event)
    return AuditEvent.objects.bulk_create(events)


def _stored(value: Any) -> Any:
    """A value as the table keeps it, so that its digest can be taken again from what was stored."""
    return json.loads(canonical_json(value), parse_float=_as_kept) if value is not None else None


def _as_kept(text: str) -> float | int:
    """A number as jsonb gives it back: no minus zero, and whole numbers beyond floats' own digits without an exponent."""
    number = float(text)
    return int(Decimal(text)) if abs(number) >= 1e16 else number + 0.0
