"""A therapy's program and its facts: a shared draft, and revisions saved on purpose."""

import uuid

from django.db import models
from django.db.models import Exists, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.functions import Now

from accounts.database import frozen
from accounts.models import Membership, Organization
from assessments.models.scored import ScoredSubject
from assessments.models.texts import SeenChars


class ProgramQuerySet(models.QuerySet):
    def visible_to(self, member):
        """The programs that the membership may see; restricted ones only for members and those whom its route names."""
        from assessments.models.decisions import ApprovalParty
        from assessments.models.reviews import Review

        if not member.is_active or not member.roles:
            return self.none()
        belongs = Exists(ProgramMember.objects.filter(program=OuterRef("pk"), membership=member))
        signs = Exists(ApprovalParty.objects.filter(step__review__program=OuterRef("pk")).concerning(member))
        found = self.filter(organization_id=member.organization_id).filter(Q(restricted=False) | Q(belongs) | Q(signs))
        if member.roles == frozenset({"auditor"}):
            found = found.filter(Exists(Review.objects.filter(program=OuterRef("pk"), state__in=Review.RECORDED)))
        return found

    def with_newest_review(self, member):
        """Each program beside the newest of its reviews that the membership may see, as `newest` (None without one)."""
        from assessments.models.reviews import Review

        seen = Review.objects.visible_to(member).filter(program=OuterRef("pk")).order_by("-number").values("pk")[:1]
        newest = FilteredRelation("reviews", condition=Q(reviews__pk=Subquery(seen)))
        return self.annotate(newest=newest).select_related("newest__summary", "summary")

    def hidden_from(self, member):
        """The restricted programs of the organization that the membership may not see."""
        mine = Program.objects.visible_to(member).values("pk")
        return self.filter(organization_id=member.organization_id, restricted=True).exclude(pk__in=mine)


class Program(ScoredSubject):
    """One therapy."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = SeenChars(max_length=150)
    restricted = models.BooleanField(default=False)
    criteria_version = models.ForeignKey("assessments.CriteriaVersion", on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey("assessments.ProfileRevision", on_delete=models.PROTECT, related_name="+", null=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = ProgramQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="one_program_per_name")]

    def __str__(self):
        return self.name


class ProgramMember(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="members")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="program_links")
    is_lead = models.BooleanField(default=False)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "membership"], name="one_link_per_program_member")]

    def __str__(self):
        return f"{self.membership_id} in {self.program_id}"


class ProfileDraft(models.Model):
    """The one shared working copy of a program's facts."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    program = models.OneToOneField(Program, on_delete=models.CASCADE, related_name="draft")
    version = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"Draft of {self.program_id}"


class DraftOption(models.Model):
    """An option of the draft: a place where the therapy could be made."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(ProfileDraft, on_delete=models.CASCADE, related_name="options")
    key = models.SlugField(max_length=40)
    kind = models.SlugField(max_length=20)
    name = SeenChars(max_length=80)
    host = models.SlugField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["draft", "key"], name="one_draft_option_per_key")]

    def __str__(self):
        return self.name


class DraftValue(models.Model):
    """One fact of the draft, with the version that a writer must have seen."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(ProfileDraft, on_delete=models.CASCADE, related_name="values")
    option_key = models.SlugField(max_length=40, blank=True)
    field = models.SlugField(max_length=60)
    value = models.JSONField(null=True)
    as_of = models.DateField(null=True)
    to_confirm = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "option_key", "field"], name="one_draft_value_per_field")
        ]

    def __str__(self):
        return f"{self.option_key}.{self.field}" if self.option_key else self.field


class ProfileRevisionQuerySet(models.QuerySet):
    def visible_to(self, member):
        """The revisions of visible programs; of these an auditor sees what approved reviews rest on."""
        found = self.filter(program__in=Program.objects.visible_to(member))
        if member.roles == frozenset({"auditor"}):
            found = found.filter(reviews__state__in=("approved", "superseded")).distinct()
        return found


class ProfileRevision(models.Model):
    """The facts as they were saved on purpose. Never changes.

    facts  {"program": {field: value}, "options": {key: {"kind", "name", "host", "facts": {field: value}}},
            "as_of": {field or option.field: date}}
    option_keys  the options in the order that people gave them, which jsonb forgets
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="revisions")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField()
    facts = models.JSONField()
    option_keys = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    assessment_date = models.DateField()
    summary = SeenChars(max_length=300)
    criteria_version = models.ForeignKey("assessments.CriteriaVersion", on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = ProfileRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["program", "number"], name="one_revision_per_number")]
        triggers = frozen("revision")

    def __str__(self):
        return f"Revision {self.number}"
