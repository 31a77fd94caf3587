"""What follows from verifying a trail: an event, and, where something does not match, word to admins and auditors."""

from django.db import transaction

from accounts import anchors, chain
from accounts.audit import acting_through, record_event
from accounts.models import AuditEvent, Membership, Organization, RoleGrant
from accounts.outbound import notify

TRAIL = "/audit/verify/"
ANCHORS_GONE = "The anchors of the audit trail are gone"
TAMPERED = "Somebody changed rows in the database itself"
REMOVED = "Somebody removed or moved the file outside the database that would show a cut end"


@transaction.atomic
def record_outcome(organization: Organization, result: chain.Result, actor: Membership | None = None) -> None:
    """Record what verifying found; who answers for records is told once of each first wrong number."""
    record_event(
        "audit.verified" if result else "audit.found_broken",
        organization_id=organization.pk,
        actor=actor,
        subject=organization,
        label=organization.name,
        new={
            "entries": result.sealed,
            "head": result.head,
            "anchored": result.anchored,
            "faults": [str(fault) for fault in result.faults],
            "warnings": list(result.warnings),
        },
    )
    if not result:
        first = result.faults[0]
        _tell(
            organization,
            title=f"The audit trail does not match from number {first.number} on" if first.number else ANCHORS_GONE,
            body=f"{first.message} {TAMPERED if first.number else REMOVED}: tell whoever runs this system.",
            key=f"trail_broken:{first.number}:{result.sealed}",
        )
    if result.anchors_begin:
        _tell(
            organization,
            title=f"The anchors of the audit trail begin at number {result.anchors_begin}",
            body=result.warnings[0],
            key=f"anchors_begin:{result.anchors_begin}",
        )


def _tell(organization: Organization, *, title: str, body: str, key: str) -> None:
    roles = (RoleGrant.Role.ADMIN, RoleGrant.Role.AUDITOR)
    notify(
        Membership.objects.active()
        .filter(organization=organization, grants__role__in=roles, grants__revoked_at=None)
        .distinct(),
        "integrity_failed",
        organization_id=organization.pk,
        title=title,
        body=body,
        url=TRAIL,
        key=key,
    )


def verify(organization_id: int) -> chain.Result:
    """Verify an organization's trail by itself, as every night, and record what was found."""
    organization = Organization.objects.get(pk=organization_id)
    result = chain.verify(organization, anchors.kept_of(organization))
    with acting_through(AuditEvent.Channel.WORKER):
        record_outcome(organization, result)
    return result
