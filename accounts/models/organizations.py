"""The tenant, its functions, and who belongs to it with which roles."""

import uuid
from functools import cached_property

from django.db import models
from django.db.models.functions import Now


class Organization(models.Model):
    """The tenant.

    outbound_held_since  while set, nothing leaves the product for this organization: set by a restore
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=150)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    outbound_held_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return self.name


class Function(models.Model):
    """A function of the cross-functional team, such as QA; data of each organization."""

    DEFAULTS = (
        ("cmc", "CMC"),
        ("analytical", "Analytical"),
        ("qa", "QA"),
        ("regulatory", "Regulatory"),
        ("clinical_operations", "Clinical Operations"),
        ("supply_chain", "Supply Chain"),
        ("finance", "Finance"),
        ("program_leadership", "Program Leadership"),
    )

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="functions")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_function_per_key")]

    def __str__(self):
        return self.name


class MembershipQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(organization_id=member.organization_id)

    def active(self):
        return self.filter(is_active=True, user__is_active=True)

    def with_rights(self):
        """All that rights are decided from, in a fixed number of queries."""
        return self.select_related("user", "organization").prefetch_related("grants", "function_links__function")


class Membership(models.Model):
    """A user in an organization: the scope of every right."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="memberships")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["user__full_name", "pk"]
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_user")]

    def __str__(self):
        return self.user.full_name

    @property
    def is_here(self) -> bool:
        """Whether the person still has access to the organization."""
        return self.is_active and self.user.is_active

    @property
    def name(self) -> str:
        return self.user.full_name

    def now(self) -> "Membership":
        """The membership as the database has it now: inside a transaction, rights are asked of this one."""
        return Membership.objects.with_rights().get(pk=self.pk)

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles held now."""
        return frozenset(grant.role for grant in self.grants.all() if grant.revoked_at is None)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions the person speaks for, in the organization's order."""
        held = [link.function for link in self.function_links.all()]
        return tuple(sorted(held, key=lambda function: (function.position, function.pk)))

    @cached_property
    def function_keys(self) -> frozenset[str]:
        return frozenset(function.key for function in self.functions)


class RoleGrant(models.Model):
    """One role given to one membership; kept when it is taken back."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer"
        ASSESSOR = "assessor", "Assessor"
        APPROVER = "approver", "Approver"
        ADMIN = "admin", "Admin"
        AUDITOR = "auditor", "Auditor"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    granted_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    granted_at = models.DateTimeField(db_default=Now())
    revoked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "role"], condition=models.Q(revoked_at=None), name="one_live_grant_per_role"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["viewer", "assessor", "approver", "admin", "auditor"]), name="known_role"
            ),
        ]

    def __str__(self):
        return self.get_role_display()


class MembershipFunction(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="function_links")
    function = models.ForeignKey(Function, on_delete=models.PROTECT, related_name="membership_links")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["membership", "function"], name="one_link_per_member_and_function")
        ]

    def __str__(self):
        return f"{self.membership_id} {self.function_id}"
