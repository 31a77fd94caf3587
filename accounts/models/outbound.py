"""What people are told: notifications in the product, and what leaves it by mail."""

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models.organizations import Membership, Organization


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, member):
        """A notification is its own person's."""
        return self.filter(organization_id=member.organization_id, membership=member)

    def unread(self):
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing that a person is told once.

    kind  one of the kinds that `accounts.outbound` registers
    key   what makes it one thing: telling a person twice under one key tells once
    url   path within the product
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="notifications")
    kind = models.SlugField(max_length=40)
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=250)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    program_uuid = models.UUIDField(null=True)
    review_uuid = models.UUIDField(null=True)
    due_on = models.DateField(null=True)
    actor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["membership", "key"], name="one_notification_per_key")]
        indexes = [
            models.Index(fields=["membership", "-created_at"], name="notifications_of_a_person"),
            models.Index(fields=["membership"], condition=models.Q(read_at=None), name="unread_notifications"),
        ]

    def __str__(self):
        return self.title


class NotificationSetting(models.Model):
    """How a person wants to hear of a kind by mail, where it differs from the kind's own way."""

    class Mail(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DAILY = "daily", "In the daily summary"
        NEVER = "never", "Never"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="notification_settings")
    kind = models.SlugField(max_length=40)
    mail = models.CharField(max_length=8, choices=Mail)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "kind"], name="one_setting_per_kind")]

    def __str__(self):
        return f"{self.kind}: {self.get_mail_display()}"


class OutboundQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(organization_id=member.organization_id)


class Outbound(models.Model):
    """One thing that leaves the product: written in the transaction of the act, delivered by a worker.

    message_id  stays the same over every attempt, so that a doubled delivery is known as one
    due_at      from when it may go
    sent_at     once it is set nothing sends it again, in a restored system neither
    """

    class Kind(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Webhook"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Dropped"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.MAIL)
    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="outbound", null=True)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=250)
    body = models.TextField()
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    objects = OutboundQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "outbound"
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="outbound_that_waits"),
        ]

    def __str__(self):
        return self.subject
