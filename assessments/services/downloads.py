"""Recording that something left the product as a file, before it does."""

from typing import Any

from django.db import models, transaction

from accounts.audit import record_event
from accounts.models import Membership
from assessments.models import Program


@transaction.atomic
def record_download(
    action: str,
    *,
    member: Membership,
    subject: models.Model,
    label: str = "",
    program: Program | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """Record a file that is about to be handed out. The view has found it visible and asked for the right to it."""
    record_event(
        action,
        organization_id=member.organization_id,
        actor=member,
        subject=subject,
        label=label,
        program=program,
        new=new,
    )
