"""A review of one program: its life, its options, and who rates for which function."""

import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Function, Membership, Organization
from assessments.models.criteria import CriteriaVersion, Criterion, RouteStep
from assessments.models.programs import ProfileRevision, Program, ProgramMember
from assessments.models.scored import ScoredSubject
from assessments.models.texts import SeenChars, SeenText


class ReviewQuerySet(models.QuerySet):
    def visible_to(self, member):
        """The one place that says who may see a review: pages, API, exports and tasks ask here."""
        from assessments.models.decisions import ApprovalParty

        if not member.is_active or not member.roles:
            return self.none()
        belongs = Exists(ProgramMember.objects.filter(program=OuterRef("program"), membership=member))
        signs = Exists(ApprovalParty.objects.filter(step__review=OuterRef("pk")).concerning(member))
        assigned = Exists(Assignment.objects.filter(review=OuterRef("pk"), membership=member))
        leads = Exists(ProgramMember.objects.filter(program=OuterRef("program"), membership=member, is_lead=True))
        seen = Q(state__in=Review.RECORDED)
        if member.roles - {"auditor"}:
            seen |= Q(state__in=Review.FROM_APPROVAL_ON) | Q(leads) | Q(signs) | Q(assigned)
            if "assessor" in member.roles and member.function_keys:
                keys = sorted(member.function_keys)
                asked = Criterion.objects.filter(criteria_version=OuterRef("criteria_version")).filter(
                    Q(owner_function__in=keys) | Q(consulted_functions__has_any_keys=keys)
                )
                seen |= Q(Exists(asked), state__in=Review.BEFORE_APPROVAL)
            if "approver" in member.roles:
                # The route that a submission will take stands in the criteria before any step of it is laid.
                route = RouteStep.objects.filter(criteria_version=OuterRef("criteria_version"))
                seen |= Q(Exists(route.naming(member)), state__in=Review.BEFORE_APPROVAL)
            if "admin" in member.roles:
                seen = Q()
        allowed = Q(program__restricted=False) | Q(belongs) | Q(signs)
        return self.filter(organization_id=member.organization_id).filter(seen).filter(allowed).distinct()

    def newest_visible_to(self, member):
        """Of each program the newest review that the membership may see."""
        return self.visible_to(member).order_by("program_id", "-number").distinct("program_id")

    def open(self):
        return self.filter(state__in=Review.OPEN)


class Review(ScoredSubject):
    """One round of deciding. Pinned to one criteria version.

    cause  why it was opened, where a decision that no longer holds is the reason
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SCORING = "scoring", "Scoring (blind)"
        RECONCILING = "reconciling", "Reconciling"
        IN_APPROVAL = "in_approval", "In approval"
        APPROVED = "approved", "Approved"
        SUPERSEDED = "superseded", "Superseded"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    OPEN = ("draft", "scoring", "reconciling", "in_approval")
    BEFORE_APPROVAL = ("draft", "scoring", "reconciling")
    FROM_APPROVAL_ON = ("in_approval", "approved", "superseded", "rejected")
    RECORDED = ("approved", "superseded")
    REVEALED = ("reconciling", "in_approval", "approved", "superseded", "rejected")
    TAKES_RATINGS = ("scoring", "reconciling")
    TAKES_FACTS = ("draft", "scoring", "reconciling")
    EDGES = {
        ("draft", "scoring"): "start",
        ("scoring", "reconciling"): "reveal",
        ("reconciling", "in_approval"): "submit",
        ("in_approval", "reconciling"): "return",
        ("in_approval", "approved"): "approve",
        ("in_approval", "rejected"): "reject",
        ("approved", "superseded"): "supersede",
        ("draft", "withdrawn"): "withdraw",
        ("scoring", "withdrawn"): "withdraw",
        ("reconciling", "withdrawn"): "withdraw",
        ("in_approval", "withdrawn"): "withdraw",
    }

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="reviews")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField()
    question = SeenChars(max_length=250)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    state_reason = SeenText(blank=True)
    cause = SeenText(blank=True, db_default="")
    returned = models.PositiveSmallIntegerField(default=0)
    criteria_version = models.ForeignKey(CriteriaVersion, on_delete=models.PROTECT, related_name="reviews")
    revision = models.ForeignKey(ProfileRevision, on_delete=models.PROTECT, related_name="reviews")
    due_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    opened_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())
    revealed_at = models.DateTimeField(null=True)
    state_since = models.DateTimeField(db_default=Now())

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["program"],
                condition=Q(state__in=("draft", "scoring", "reconciling", "in_approval")),
                name="one_open_review_per_program",
            ),
            models.UniqueConstraint(fields=["program", "number"], name="one_review_per_number"),
        ]

    def __str__(self):
        return f"Review {self.number}"

    @property
    def is_blind(self) -> bool:
        return self.state == self.State.SCORING

    @property
    def counted_inputs(self) -> int | None:
        """The count of inputs; None while ratings are blind, as it would tell of everyone's."""
        return None if self.is_blind else self.inputs_revision

    @property
    def is_revealed(self) -> bool:
        """Whether ratings of others may be shown at all."""
        return self.revealed_at is not None

    def is_stale(self, engine: str) -> bool:
        """From approval on the result is a record: a newer engine does not make it stale."""
        return super().is_stale(engine if self.state in self.BEFORE_APPROVAL else self.headline_engine)


class ReviewOption(models.Model):
    """An alternative of a review: one of the places that the facts describe."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="options")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.SlugField(max_length=40)
    kind = models.SlugField(max_length=20)
    name = SeenChars(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["review", "key"], name="one_review_option_per_key")]

    def __str__(self):
        return self.name


class Assignment(models.Model):
    """A person who rates for a function in a review."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="assignments")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="assignments")
    due_on = models.DateField(null=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    done_at = models.DateTimeField(null=True)
    assigned_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["function__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "membership"], name="one_assignment_per_member"),
        ]

    def __str__(self):
        return f"{self.function_id}: {self.membership_id}"
