"""The decision framework: versions of criteria, rules, gates, risks and scenarios, as rows with stable keys."""

import json
import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Membership, Organization
from assessments.models.texts import SeenChars, SeenText


class CriteriaSet(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.SlugField(max_length=80)
    name = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_criteria_set_per_key")]

    def __str__(self):
        return self.name


class CriteriaVersionQuerySet(models.QuerySet):
    def visible_to(self, member):
        """Published and retired versions for whoever holds a role, drafts for admins."""
        if not member.is_active or not member.roles:
            return self.none()
        found = self.filter(organization_id=member.organization_id)
        return found if "admin" in member.roles else found.exclude(state=CriteriaVersion.State.DRAFT)

    def published(self):
        return self.filter(state=CriteriaVersion.State.PUBLISHED)


ONLY_THE_STATE_MOVES = """
IF OLD.state = 'draft' THEN RETURN NEW; END IF;
IF to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state' THEN
    RAISE EXCEPTION 'Criteria version % is %; only its state may move.', OLD.id, OLD.state;
END IF;
IF NEW.state = OLD.state OR (OLD.state = 'published' AND NEW.state = 'retired') THEN RETURN NEW; END IF;
RAISE EXCEPTION 'Criteria version % cannot go from % to %.', OLD.id, OLD.state, NEW.state;
"""

ONLY_DRAFTS_ARE_DELETED = """
IF OLD.state = 'draft' THEN RETURN OLD; END IF;
RAISE EXCEPTION 'Criteria version % is %; it cannot be deleted.', OLD.id, OLD.state;
"""

ROWS_OF_DRAFTS_ONLY = """
IF TG_OP <> 'INSERT' THEN
    SELECT state INTO version_state FROM assessments_criteriaversion WHERE id = OLD.criteria_version_id FOR SHARE;
    IF version_state <> 'draft' THEN
        RAISE EXCEPTION 'Criteria version % is %; its rows never change.', OLD.criteria_version_id, version_state;
    END IF;
END IF;
IF TG_OP <> 'DELETE' THEN
    SELECT state INTO version_state FROM assessments_criteriaversion WHERE id = NEW.criteria_version_id FOR SHARE;
    IF version_state <> 'draft' THEN
        RAISE EXCEPTION 'Criteria version % is %; its rows never change.', NEW.criteria_version_id, version_state;
    END IF;
    RETURN NEW;
END IF;
RETURN OLD;
"""


class CriteriaVersion(models.Model):
    """One version of a criteria set. A draft is edited, a published one is pinned by reviews and never changes.

    meta    what has no rows of its own: about, kinds, functions, schema sections, risk parameters,
            plausible weights, verdict thresholds
    digest  SHA-256 of the canonical JSON of the whole content; empty while a draft
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    criteria_set = models.ForeignKey(CriteriaSet, on_delete=models.PROTECT, related_name="versions")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    label = SeenChars(max_length=80, blank=True)
    cloned_from = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)
    meta = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    published_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", null=True)
    published_at = models.DateTimeField(null=True)
    publish_reason = SeenText(blank=True)

    objects = CriteriaVersionQuerySet.as_manager()

    class Meta:
        ordering = ["criteria_set__name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["criteria_set", "number"], name="one_criteria_version_per_number")
        ]
        triggers = [
            pgtrigger.Trigger(
                name="only_state_moves",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=ONLY_THE_STATE_MOVES,
            ),
            pgtrigger.Trigger(
                name="only_drafts_deleted",
                operation=pgtrigger.Delete,
                when=pgtrigger.Before,
                func=ONLY_DRAFTS_ARE_DELETED,
            ),
        ]

    def __str__(self):
        return f"{self.criteria_set.name} v{self.number}"


class VersionRow(models.Model):
    """A row of a criteria version.

    key         stable over versions
    definition  the row's part of the framework document, without its key and the children that have rows
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    criteria_version = models.ForeignKey(CriteriaVersion, on_delete=models.CASCADE, related_name="%(class)s_rows")
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField()
    definition = models.JSONField(default=dict)

    class Meta:
        abstract = True
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["criteria_version", "key"], name="%(app_label)s_%(class)s_one_per_key")
        ]
        triggers = [
            pgtrigger.Trigger(
                name="rows_of_drafts_only",
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                declare=[("version_state", "text")],
                func=ROWS_OF_DRAFTS_ONLY,
            )
        ]

    def __str__(self):
        return self.name or self.key


class Source(VersionRow):
    """A source that criteria, gates and risks cite."""

    class Meta(VersionRow.Meta):
        pass


class ProfileField(VersionRow):
    """A field of the profile schema."""

    scope = models.CharField(max_length=10)
    section = models.CharField(max_length=60)
    owner_function = models.CharField(max_length=60, blank=True)
    commercial = models.BooleanField(default=False)

    class Meta(VersionRow.Meta):
        pass


class DerivedQuantity(VersionRow):
    class Meta(VersionRow.Meta):
        pass


class Dimension(VersionRow):
    weight = models.DecimalField(max_digits=9, decimal_places=4)

    class Meta(VersionRow.Meta):
        pass


class Criterion(VersionRow):
    dimension = models.ForeignKey(Dimension, on_delete=models.CASCADE, related_name="criteria")
    weight = models.DecimalField(max_digits=9, decimal_places=4)
    owner_function = models.CharField(max_length=60)
    consulted_functions = models.JSONField(default=list)

    class Meta(VersionRow.Meta):
        pass


class Rule(VersionRow):
    """What the facts suggest as the score of one criterion for one kind of option (or `all`)."""

    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=20)

    class Meta(VersionRow.Meta):
        pass


class Gate(VersionRow):
    class Meta(VersionRow.Meta):
        pass


class RiskEvent(VersionRow):
    category = models.CharField(max_length=1)

    class Meta(VersionRow.Meta):
        pass


class Scenario(VersionRow):
    class Meta(VersionRow.Meta):
        pass


class Lens(VersionRow):
    class Meta(VersionRow.Meta):
        pass


class RouteStepQuerySet(models.QuerySet):
    def naming(self, member):
        """The steps that name the membership, before any submission lays them: itself, a function or a role of its."""
        address = json.dumps(member.user.email, ensure_ascii=False)  # in its quotes: no address is part of another
        found = Q(definition__people__icontains=address)
        if member.roles:
            found |= Q(definition__role__in=sorted(member.roles))
            found |= Q(definition__roles__has_any_keys=sorted(member.roles))
        if member.function_keys:
            found |= Q(definition__functions__has_any_keys=sorted(member.function_keys))
        return self.filter(found)


class RouteStep(VersionRow):
    """A step of the approval route that submissions under this version follow."""

    objects = RouteStepQuerySet.as_manager()

    class Meta(VersionRow.Meta):
        pass
