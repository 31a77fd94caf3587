"""What the machine owes: one row per kind and target for ever, re-armed by upsert."""

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models import Membership, Organization


class Job(models.Model):
    """One thing owed. The database alone says what is owed; messages only hurry it along.

    target           "program:ID", "review:ID" or "report:ID"
    wanted_revision  the count of inputs that the result must belong to
    generation       raised by each re-arming, so that a run that started before cannot close it
    lease_token      who works on it now; storing and closing demand it
    """

    class Kind(models.TextChoices):
        RESCORE = "rescore", "Rescore"
        WATCH = "watch", "Watch"
        IMPACT = "impact", "Impact"
        REPORT = "report", "Report"
        IMPORT = "import", "Import"
        EXPORT = "export", "Export"
        DELIVER = "deliver", "Deliver"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    target = models.CharField(max_length=60)
    depth = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    wanted_revision = models.BigIntegerField(default=0)
    done_revision = models.BigIntegerField(default=0)
    generation = models.BigIntegerField(default=1)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    queued_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    progress = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)
    asked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "target"], name="one_job_per_kind_and_target")]
        indexes = [models.Index(fields=["state", "next_at"], name="jobs_by_due")]

    def __str__(self):
        return f"{self.kind} {self.target}"
