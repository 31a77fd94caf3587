"""How a route bends: delegations, reassigned steps, and the question that sends a submission back."""

import uuid
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, TruncDate

from accounts.database import frozen
from accounts.models import Function, Membership, Organization
from assessments.models.decisions import ApprovalStep, Submission
from assessments.models.reviews import Review
from assessments.models.texts import SeenText


class Today(models.Func):
    """The day that it is in a time zone, by the database's clock."""

    template = "(now() AT TIME ZONE %(expressions)s)::date"
    output_field = models.DateField()


class DelegationQuerySet(models.QuerySet):
    def visible_to(self, member):
        """One's own, given or taken; an admin's: everyone's."""
        found = self.filter(organization_id=member.organization_id)
        if "admin" in member.roles:
            return found
        return found.filter(Q(giver=member) | Q(taker=member))

    def in_force(self, organization):
        """Those that hold on this day of the organization's time zone, by the database's clock."""
        today = TruncDate(Now(), tzinfo=ZoneInfo(organization.time_zone))
        return self.filter(
            organization=organization,
            revoked_at=None,
            first_day__lte=today,
            last_day__gte=today,
            giver__is_active=True,
            giver__user__is_active=True,
        )

    def in_force_there(self):
        """As `in_force`, of whatever organization: each on the day of its own time zone."""
        return self.filter(
            revoked_at=None,
            first_day__lte=Today(F("organization__time_zone")),
            last_day__gte=Today(F("organization__time_zone")),
            giver__is_active=True,
            giver__user__is_active=True,
        )

    def not_over(self, organization):
        """Those that hold now or will."""
        today = TruncDate(Now(), tzinfo=ZoneInfo(organization.time_zone))
        return self.filter(organization=organization, revoked_at=None, last_day__gte=today)


class Delegation(models.Model):
    """For a range of days (the last included, in the organization's time zone) somebody signs in another's place."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    giver = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="delegations_given")
    taker = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="delegations_taken")
    first_day = models.DateField()
    last_day = models.DateField()
    reason = SeenText(blank=True)
    created_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    revoked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ["-first_day", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="a_delegation_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(giver=F("taker")), name="nobody_delegates_to_themselves"),
        ]

    def __str__(self):
        return f"{self.giver_id} to {self.taker_id}"


class StepReassignment(models.Model):
    """A party of a step was replaced by a named person, for a reason.

    former_words  whom the step named, as it read then; of those whom the organization does not know all that there is
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    step = models.ForeignKey(ApprovalStep, on_delete=models.PROTECT, related_name="reassignments")
    former_membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    former_function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="+", null=True)
    former_role = models.CharField(max_length=20, blank=True)
    former_words = models.CharField(max_length=254, blank=True, db_default="")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    reason = SeenText()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]
        triggers = frozen("reassignment")

    def __str__(self):
        return f"Step {self.step_id} to {self.membership_id}"

    @property
    def in_place_of(self) -> str:
        """Whose place it was, in words."""
        if self.former_words:
            return self.former_words
        return self.former_membership.name if self.former_membership else str(self.former_function or self.former_role)


class ReturnQuestion(models.Model):
    """One question that a signer asks instead of returning the whole submission.

    on_behalf_of  who had delegated to the person who asked, where they asked in that place
    answered_in   the submission that carries the answer
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="questions")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="questions")
    step = models.ForeignKey(ApprovalStep, on_delete=models.PROTECT, related_name="questions")
    asked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    question = SeenText()
    asked_at = models.DateTimeField(db_default=Now())
    answer = SeenText(blank=True)
    answered_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    answered_at = models.DateTimeField(null=True)
    answered_in = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="answers", null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["asked_at", "pk"]

    def __str__(self):
        return self.question[:80]

    @property
    def asker(self) -> str:
        """Who asked, with the name of whoever had delegated to them."""
        name = self.asked_by.name
        return f"{name} on behalf of {self.on_behalf_of.name}" if self.on_behalf_of else name
