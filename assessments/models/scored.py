"""What a program and a review have in common: inputs that are counted, results that follow them."""

from django.db import models
from django.db.models.functions import Now


class ScoredSubject(models.Model):
    """A thing whose inputs are counted and whose results name the count they belong to.

    inputs_revision    raised by the first statement of every input write
    headline_revision  the count of inputs that the shown headline result belongs to; the full likewise
    """

    inputs_revision = models.BigIntegerField(default=0)
    inputs_changed_at = models.DateTimeField(db_default=Now())
    headline_revision = models.BigIntegerField(default=0)
    headline_engine = models.CharField(max_length=20, blank=True)
    headline = models.ForeignKey("assessments.Scorecard", on_delete=models.PROTECT, related_name="+", null=True)
    full_revision = models.BigIntegerField(default=0)
    full_engine = models.CharField(max_length=20, blank=True)
    full = models.ForeignKey("assessments.Scorecard", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        abstract = True

    def is_stale(self, engine: str) -> bool:
        """Whether the shown result belongs to older inputs or another engine."""
        return self.headline_revision < self.inputs_revision or self.headline_engine != engine

    @property
    def shows_full(self) -> bool:
        """Whether the full result belongs to the same inputs and engine as the headline, and is shown in its place."""
        same_inputs = self.full_id is not None and self.full_revision == self.headline_revision
        return same_inputs and self.full_engine == self.headline_engine
