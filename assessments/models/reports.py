"""Files that the workers make of a review."""

import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Membership, Organization
from assessments.models.decisions import Submission
from assessments.models.programs import ProgramMember
from assessments.models.reviews import Review
from assessments.models.scorecards import Scorecard


class ReportQuerySet(models.QuerySet):
    def visible_to(self, member):
        """Files of the reviews that the membership may see; those that print prices and terms only for their readers."""
        found = self.filter(review__in=Review.objects.visible_to(member))
        finance = "assessor" in member.roles and "finance" in member.function_keys
        if finance or member.roles & {"approver", "admin", "auditor"}:
            return found
        leads = ProgramMember.objects.filter(program=OuterRef("review__program"), membership=member, is_lead=True)
        return found.filter(Q(commercial=False) | Q(Exists(leads)))


class Report(models.Model):
    """One file: wanted, then made by a worker, then served under the rights of its review.

    inputs      SHA-256 of all that the file says, but for the time of its making; empty once the file is damaged
    commercial  whether it prints prices and terms, so that fewer people may have it
    path        below MEDIA_ROOT; empty until the file is there
    sha256      of the file's bytes
    asked_by    null where nobody asked: drafts follow the result by themselves
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
    inputs = models.CharField(max_length=64, blank=True)
    commercial = models.BooleanField(default=False)
    path = models.CharField(max_length=300, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    asked_at = models.DateTimeField(db_default=Now())
    made_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]

    def __str__(self):
        return self.filename or f"{self.get_kind_display()} of {self.review}"
