"""Ratings with their history, and the values a panel agrees on."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.database import frozen
from accounts.models import Function, Membership, Organization
from assessments.models.programs import ProfileRevision
from assessments.models.reviews import Review, ReviewOption
from assessments.models.texts import SeenText

ONLY_WHILE_RATING = """
SELECT state INTO review_state FROM assessments_review
    WHERE id = (CASE WHEN TG_OP = 'DELETE' THEN OLD.review_id ELSE NEW.review_id END) FOR SHARE;
IF review_state NOT IN ('scoring', 'reconciling') THEN
    RAISE EXCEPTION 'Review % is %; it takes no ratings.',
        (CASE WHEN TG_OP = 'DELETE' THEN OLD.review_id ELSE NEW.review_id END), review_state;
END IF;
IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
RETURN NEW;
"""


def only_while_rating() -> list[pgtrigger.Trigger]:
    return [
        pgtrigger.Trigger(
            name="only_while_rating",
            operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            declare=[("review_state", "text")],
            func=ONLY_WHILE_RATING,
        )
    ]


class RatingQuerySet(models.QuerySet):
    def visible_to(self, member, review: Review):
        """Everyone's ratings once revealed; before that one's own, whoever asks."""
        found = self.filter(review=review, organization_id=member.organization_id)
        return found if review.is_revealed else found.filter(membership=member)


class Rating(models.Model):
    """One person's score from 1 to 5 for a criterion and an option, as it stands now.

    suggestion  what the rule derived from the facts of `revision` when the author looked; null without a rule
    to_confirm  carried forward from an earlier review, or from changed criteria: not yet the author's own word
    """

    class Confidence(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="ratings")
    option = models.ForeignKey(ReviewOption, on_delete=models.PROTECT, related_name="ratings")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    criterion = models.CharField(max_length=60)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField()
    confidence = models.CharField(max_length=6, choices=Confidence, default=Confidence.MEDIUM)
    rationale = SeenText(blank=True)
    suggestion = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    revision = models.ForeignKey(ProfileRevision, on_delete=models.PROTECT, related_name="+")
    accepted = models.BooleanField(default=False)
    to_confirm = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(db_default=Now())

    objects = RatingQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "option", "criterion", "membership"], name="one_rating_per_cell_and_person"
            ),
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="score_from_1_to_5"),
        ]
        triggers = only_while_rating()

    def __str__(self):
        return f"{self.criterion}: {self.score}"


class RatingVersion(models.Model):
    """The history of a rating. The audit event of each version carries the digest of its value and salt."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    score = models.PositiveSmallIntegerField()
    confidence = models.CharField(max_length=6)
    rationale = SeenText(blank=True)
    suggestion = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    revision = models.ForeignKey(ProfileRevision, on_delete=models.PROTECT, related_name="+")
    accepted = models.BooleanField(default=False)
    salt = models.CharField(max_length=32)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["rating", "number"], name="one_rating_version_per_number")]
        triggers = frozen("rating_version")

    def __str__(self):
        return f"{self.rating_id} v{self.number}"


class AgreedValue(models.Model):
    """What the panel agreed on for a cell in reconciliation; stands before the mean of the functions.

    suggestion  what the rule derived from the facts that the panel looked at; null without a rule
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="agreed_values")
    option = models.ForeignKey(ReviewOption, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    criterion = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=3, decimal_places=2)
    note = SeenText()
    suggestion = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    recorded_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "option", "criterion"], name="one_agreed_value_per_cell"),
            models.CheckConstraint(condition=Q(value__gte=1, value__lte=5), name="agreed_from_1_to_5"),
        ]
        triggers = only_while_rating()

    def __str__(self):
        return f"{self.criterion}: {self.value}"
