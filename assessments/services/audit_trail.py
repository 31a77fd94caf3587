"""Reading the audit trail: which events a person may see, and the export, which is itself recorded."""

from django.db import transaction

from accounts.audit import record_event
from accounts.models import AuditEvent, Membership
from accounts.permissions import can_read_audit
from assessments.models import Program

MOST_EXPORTED = 20_000


def events_for(member: Membership):
    """The events that the person may read: the organization's, without those of programs hidden from them.

    Raises NotAllowed
    """
    can_read_audit(member).require()
    hidden = Program.objects.hidden_from(member).values("uuid")
    return AuditEvent.objects.visible_to(member).exclude(program_uuid__in=hidden)


@transaction.atomic
def record_export(*, member: Membership, filters: dict[str, str], count: int) -> None:
    """Record that events left the product, before they do. Raises NotAllowed."""
    now = member.now()
    can_read_audit(now).require()
    record_event(
        "audit.exported",
        organization_id=member.organization_id,
        actor=member,
        subject=now.organization,
        label=now.organization.name,
        new={"events": count, "filters": filters},
    )
