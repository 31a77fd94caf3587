"""The audit trail: one row per act, written in the transaction of the act, never changed; and what seals it."""

import uuid

from django.db import models
from django.db.models.functions import Now

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
            models.Index(fields=["organization", "object_uuid", "-id"], name="audit_by_object"),
            models.Index(fields=["organization", "transaction_id"], name="audit_by_transaction"),
        ]
        triggers = frozen("audit")

    def __str__(self):
        return f"{self.action} {self.object_label}"


class AuditSeal(models.Model):
    """A sealed run of events: everything that was committed below a transaction id and not sealed before.

    number             counts the seals of an organization, without gaps
    first_number       of the run's entries; the last likewise
    previous_digest    of the entry before the run; empty for the first
    digest             of the run's last entry: the head of the chain
    below_transaction  every event of a transaction below it is sealed (transaction ids of this server)
    """

    class Cause(models.TextChoices):
        REGULAR = "regular", "Regular"
        RESTORE = "restore", "After a restore"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveBigIntegerField()
    first_number = models.PositiveBigIntegerField()
    last_number = models.PositiveBigIntegerField()
    previous_digest = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    below_transaction = models.BigIntegerField()
    cause = models.CharField(max_length=8, choices=Cause, default=Cause.REGULAR)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["organization", "number"], name="one_seal_per_number")]
        triggers = frozen("seal")

    def __str__(self):
        return f"Seal {self.number}"


class AuditSealEntry(models.Model):
    """An event's place in the chain of its organization: gap-free number, and a digest over all before it."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    seal = models.ForeignKey(AuditSeal, on_delete=models.PROTECT, related_name="entries")
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="entry")
    number = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["organization", "number"], name="one_entry_per_number")]
        triggers = frozen("seal_entry")

    def __str__(self):
        return str(self.number)


class TrailReviewQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(organization_id=member.organization_id)


class TrailReview(models.Model):
    """Somebody's word that they reviewed the audit trail up to a sealed number."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reviewer = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    through_number = models.PositiveBigIntegerField()
    note = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    objects = TrailReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        triggers = frozen("trail_review")

    def __str__(self):
        return f"Reviewed through {self.through_number}"
