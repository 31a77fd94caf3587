"""The audit trail: one row per act, written in the transaction of the act, never changed."""

import uuid

from django.db import models

from accounts.database import frozen
from accounts.models.organizations import Membership, Organization


class AuditEventQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(organization_id=member.organization_id)


class AuditEvent(models.Model):
    class Channel(models.TextChoices):
        WEB = "web", "Web"
        API = "api", "API"
        IMPORT = "import", "Import"
        WORKER = "worker", "Worker"
        COMMAND = "command", "Command line"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField()
    transaction_id = models.BigIntegerField()
    actor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    actor_name = models.CharField(max_length=150)
    on_behalf_of = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    channel = models.CharField(max_length=10, choices=Channel)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_uuid = models.UUIDField(null=True)
    object_label = models.CharField(max_length=250, blank=True)
    program_uuid = models.UUIDField(null=True)
    review_uuid = models.UUIDField(null=True)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["review_uuid"], name="audit_by_review"),
        ]
        triggers = frozen("audit")

    def __str__(self):
        return f"{self.action} {self.object_label}"
