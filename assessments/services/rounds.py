"""Rounds over many things of an organization: one that raises holds no other up, and stands in the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import connection, transaction

from accounts.audit import database_now, record_event
from accounts.models import AuditEvent, Organization

MOST_NAMED = 50

log = structlog.get_logger(__name__)


class Round:
    """One round. what: is done in it, such as "reminders"; left: what could not be done, each with the error's name."""

    def __init__(self, organization: Organization, what: str):
        self.organization, self.what = organization, what
        self.left: list[str] = []

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Within the block, whatever raises ends the block alone. The loss of the database ends the round."""
        try:
            yield
        except Exception as problem:
            if not connection.is_usable():
                raise
            log.exception("left_undone", what=self.what, name=name, organization=self.organization.pk)
            self.left.append(f"{name}: {type(problem).__name__}")

    def record(self) -> None:
        """Record what was left undone, once a day (UTC) while it is the same. The log has the whole error."""
        if not self.left:
            return
        said = {"what": self.what, "count": len(self.left), "named": self.left[:MOST_NAMED]}
        with transaction.atomic():
            former = AuditEvent.objects.filter(
                organization=self.organization, action="system.left_undone", new__what=self.what
            )
            last = former.order_by("-pk").first()
            if last is None or last.new != said or last.at.date() != database_now().date():
                record_event(
                    "system.left_undone",
                    organization_id=self.organization.pk,
                    actor=None,
                    subject=self.organization,
                    new=said,
                )
