"""Tokens of the API, and the keys that make a repeated POST harmless."""

import hashlib
import secrets
import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models.organizations import Membership, Organization


class ApiTokenQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(organization_id=member.organization_id, membership=member)

    def usable(self):
        return self.filter(
            revoked_at=None, expires_at__gt=Now(), membership__is_active=True, membership__user__is_active=True
        )

    def that_change(self):
        """Those that may do more than read."""
        return self.filter(scopes__contains=["write"])


class ApiToken(models.Model):
    """A bearer token of one membership. Only its digest is stored.

    window_from  when the minute began in which `requests` are counted
    """

    PREFIX = "mkw_"
    SCOPES = ("read", "write")

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="api_tokens")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    window_from = models.DateTimeField(null=True)
    requests = models.PositiveIntegerField(default=0, db_default=0)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self):
        return self.name

    @classmethod
    def new_secret(cls) -> str:
        return cls.PREFIX + secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()


class IdempotencyKey(models.Model):
    """The first answer to a POST, given again when the same request comes twice."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "key"], name="one_answer_per_key")]

    def __str__(self):
        return self.key
