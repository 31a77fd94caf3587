"""What goes with a decision: conditions with their evidence, tripwires that would end it, and its watch."""

import uuid
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now, TruncDate

from accounts.models import Function, Membership, Organization
from assessments.models.criteria import CriteriaVersion
from assessments.models.decisions import Decision
from assessments.models.evidence import Evidence
from assessments.models.programs import ProfileRevision
from assessments.models.reviews import Review
from assessments.models.scorecards import Scorecard
from assessments.models.seeing_to import why_not
from assessments.models.texts import SeenChars, SeenText


class DueOn(models.Func):
    """The calendar day that lies some months after a day, by the rule of `assessments.scoring.clock.after_months`."""

    template = "(%(expressions)s))::date"
    arg_joiner = " + make_interval(months => "
    output_field = models.DateField()


class ConditionQuerySet(models.QuerySet):
    """What is to be done about decisions that stand: those of a review that was approved and not superseded."""

    def visible_to(self, member):
        return self.filter(review__in=Review.objects.visible_to(member))

    def standing(self):
        return self.filter(review__state=Review.State.APPROVED)

    def with_due_on(self):
        """Each with `due_on`, the calendar day of its due month; null where it has none."""
        return self.annotate(due_on=DueOn(F("review__revision__assessment_date"), F("due_month")))

    def open(self):
        return self.exclude(state=Condition.State.DONE)

    def with_expired_evidence(self, organization):
        """Each with `evidence_expired`: whether evidence that stands was valid until a day that is past there."""
        today = TruncDate(Now(), tzinfo=ZoneInfo(organization.time_zone))
        links = ConditionEvidence.objects.filter(condition=OuterRef("pk"), evidence__removed_at=None)
        return self.annotate(evidence_expired=Exists(links.filter(evidence__valid_until__lt=today)))

    def with_gone(self):
        """Each with `gone` at hand: why its owner cannot see to it any more; see `Condition.gone`."""
        return self.annotate(gone=_gone(settled=Q(state=Condition.State.DONE)))

    def left_behind(self):
        """The open ones whose owner cannot see to them any more: somebody has to take them over."""
        return self.with_gone().exclude(gone="")

    def overdue(self, organization):
        """Its open ones of decisions that stand whose day is past: in its time zone, by the database's clock."""
        today = TruncDate(Now(), tzinfo=ZoneInfo(organization.time_zone))
        return self.filter(organization=organization).standing().open().with_due_on().filter(due_on__lt=today)


class TripwireQuerySet(models.QuerySet):
    def with_gone(self):
        """Each with `gone` at hand: why its owner cannot see to it any more; see `Tripwire.gone`."""
        return self.annotate(gone=_gone())


def _gone(settled: Q | None = None) -> Case:
    """Why the owner of a thing of a review cannot see to it any more; "" where they can, and where nobody has to."""
    nobody = Q(owner=None)
    why = why_not(OuterRef("owner"), OuterRef("review__program"))
    return Case(When(nobody | settled if settled else nobody, then=Value("")), default=why)


class SeenTo(models.Model):
    """What an owner sees to. Its `objects` answer `with_gone`."""

    objects: Any

    class Meta:
        abstract = True

    @cached_property
    def gone(self) -> str:
        """Why its owner cannot see to it any more, as it follows the name; "" where they can, and where nobody has to.

        Of many read them by `with_gone`: alone each asks the database."""
        return type(self).objects.with_gone().values_list("gone", flat=True).get(pk=self.pk)

    @property
    def owner_left(self) -> bool:
        """Whether somebody still has to see to it, and its owner cannot any more."""
        return bool(self.gone)


class Condition(SeenTo):
    """What must be done whichever option is chosen, or before a commitment."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        IN_PROGRESS = "in_progress", "In progress"
        DONE = "done", "Done"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="conditions")
    key = models.SlugField(max_length=80)
    gate = models.CharField(max_length=20, blank=True)
    title = SeenChars(max_length=250)
    because = SeenText(blank=True)
    mandatory = models.BooleanField(default=False)
    owner_function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+", null=True)
    owner = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    due_month = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    note = SeenText(blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    version = models.PositiveIntegerField(default=1)

    objects = ConditionQuerySet.as_manager()

    class Meta:
        ordering = ["-mandatory", "due_month", "pk"]
        constraints = [models.UniqueConstraint(fields=["review", "key"], name="one_condition_per_key")]

    def __str__(self):
        return self.title


class ConditionEvidence(models.Model):
    """What shows that a condition is met."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    condition = models.ForeignKey(Condition, on_delete=models.PROTECT, related_name="evidence_links")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="condition_links")
    added_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["condition", "evidence"], name="one_link_per_condition_and_evidence")
        ]

    def __str__(self):
        return f"{self.evidence_id} for {self.condition_id}"


class Tripwire(SeenTo):
    """A fact that would end the decision once it crosses a threshold.

    option_key  of the option whose fact it is; empty for a fact of the program
    threshold   a value of the field, in the field's unit
    by_month    until which month from the assessment date it is watched; null for ever
    proposed    whether the engine's smallest changes proposed it
    """

    class Comparison(models.TextChoices):
        LT = "lt", "is below"
        LE = "le", "is at most"
        GT = "gt", "is above"
        GE = "ge", "is at least"
        EQ = "eq", "is"
        NE = "ne", "is not"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="tripwires")
    key = models.SlugField(max_length=80)
    option_key = models.SlugField(max_length=40, blank=True)
    field = models.SlugField(max_length=60)
    comparison = models.CharField(max_length=2, choices=Comparison)
    threshold = models.JSONField()
    by_month = models.PositiveSmallIntegerField(null=True)
    owner_function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+", null=True)
    owner = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    because = SeenText(blank=True)
    proposed = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    objects = TripwireQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["review", "key"], name="one_tripwire_per_key")]

    def __str__(self):
        return self.key


class DecisionWatch(models.Model):
    """Whether an approved decision still holds, by the newest facts and criteria and the months gone by.

    revision         the newest facts that it has seen; criteria_version and elapsed_months likewise
    scorecard        the signed result, which every look is held against; a look itself is at batch depth and keeps its
                     verdict in `figures`, as a scorecard a day of each of ten thousand decisions would tell nobody more
    since            when the state began
    causes           [{"kind", "sentence", ...}]: what did it
    fired            the tripwires that are crossed, as the causes name them
    engine_version   of the engine that judged; checked_at: when it judged, by the newest inputs that it saw
    """

    class State(models.TextChoices):
        HOLDS = "holds", "Holds"
        WEAKER = "weaker", "Weaker"
        NO_LONGER_HOLDS = "no_longer_holds", "No longer holds"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="watch")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="watch")
    revision = models.ForeignKey(ProfileRevision, on_delete=models.PROTECT, related_name="+")
    criteria_version = models.ForeignKey(CriteriaVersion, on_delete=models.PROTECT, related_name="+")
    elapsed_months = models.PositiveSmallIntegerField(default=0)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="+", null=True)
    engine_version = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.HOLDS)
    since = models.DateTimeField(db_default=Now())
    sentence = models.TextField(blank=True)
    causes = models.JSONField(default=list)
    fired = models.JSONField(default=list)
    figures = models.JSONField(default=dict)
    wanted = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "decision watches"

    def __str__(self):
        return f"Watch of review {self.review_id}"
