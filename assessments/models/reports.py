"""Files that the workers make of a review."""

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models import Membership, Organization
from assessments.models.decisions import Submission
from assessments.models.reviews import Review
from assessments.models.scorecards import Scorecard


class ReportQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(review__in=Review.objects.visible_to(member))


class Report(models.Model):
    """One file: wanted, then made by a worker, then served under the rights of its review.

    path    below MEDIA_ROOT; empty until the file is there
    sha256  of the file's bytes
    """

    class Kind(models.TextChoices):
        BRIEF = "brief", "Decision brief (PDF)"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="reports")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reports", null=True)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="+", null=True)
    kind = models.CharField(max_length=10, choices=Kind)
    is_draft = models.BooleanField(default=True)
    path = models.CharField(max_length=300, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    made_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]

    def __str__(self):
        return self.filename or f"{self.get_kind_display()} of review {self.review_id}"
