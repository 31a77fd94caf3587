"""Immutable results of computations, and the few figures of them that lists show."""

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.database import unchanging
from accounts.models import Organization
from assessments.models.programs import Program
from assessments.models.reviews import Review


class Scorecard(models.Model):
    """The result of one computation. Never changes; deleted only where nothing refers to it.

    numbers  the engine's JSON (see assessments.scoring)
    """

    class Depth(models.TextChoices):
        HEADLINE = "headline", "Headline"
        FULL = "full", "Full"
        BATCH = "batch", "Batch"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="scorecards")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="scorecards", null=True)
    revision = models.ForeignKey("assessments.ProfileRevision", on_delete=models.PROTECT, related_name="+")
    criteria_version = models.ForeignKey("assessments.CriteriaVersion", on_delete=models.PROTECT, related_name="+")
    inputs_revision = models.BigIntegerField()
    input_digest = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=20)
    depth = models.CharField(max_length=10, choices=Depth)
    numbers = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "review", "input_digest", "engine_version", "depth"],
                name="one_scorecard_per_input",
                nulls_distinct=False,
            )
        ]
        triggers = unchanging("scorecard")

    def __str__(self):
        return self.input_digest[:12]


class ResultSummary(models.Model):
    """The few figures of a result that lists show.

    risk  of the first option, once the full result is there: P80 delay by half-year, what can be absorbed, first breach
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=6)
    verdict = models.CharField(max_length=24)
    option_key = models.CharField(max_length=40, blank=True)
    option_name = models.CharField(max_length=80, blank=True)
    option_kind = models.CharField(max_length=20, blank=True)
    runner_up_name = models.CharField(max_length=80, blank=True)
    total = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    first_share = models.FloatField(null=True)
    scenarios_kept = models.PositiveSmallIntegerField(null=True)
    scenarios_run = models.PositiveSmallIntegerField(null=True)
    conditions = models.PositiveSmallIntegerField(default=0)
    blocked = models.JSONField(default=list)
    risk = models.JSONField(null=True)
    computed_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class ProgramSummary(ResultSummary):
    program = models.OneToOneField(Program, on_delete=models.CASCADE, related_name="summary")

    def __str__(self):
        return f"Summary of program {self.program_id}"


class ReviewSummary(ResultSummary):
    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="summary")

    def __str__(self):
        return f"Summary of review {self.review_id}"
