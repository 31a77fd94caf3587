"""How far the daily check of records is: one row per organization."""

from django.db import models

from accounts.models import Organization
from assessments.models.reviews import Review


class RecordCheck(models.Model):
    """The check of an organization's records of one day (UTC), review by review.

    through      the last review with an answer; None: none yet
    begun        the review whose check was begun and has no answer; attempts: how often it was begun
    found        what the answers since the last event found: {"submissions", "recomputed", "faults": [{"review",
                 "what", "is_error"}]}
    lease_token  who works on it now; every step demands it
    """

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    done = models.BooleanField(default=False)
    through = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="+", null=True)
    begun = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="+", null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    found = models.JSONField(default=dict)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)

    def __str__(self):
        return f"Check of records of organization {self.organization_id}, {self.day}"
