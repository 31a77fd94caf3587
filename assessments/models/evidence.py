"""What facts, ratings and conditions rest on: files and links."""

import datetime
import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Membership, Organization
from assessments.models.programs import Program
from assessments.models.texts import SeenChars


class EvidenceQuerySet(models.QuerySet):
    def visible_to(self, member):
        return self.filter(program__in=Program.objects.visible_to(member))


class Evidence(models.Model):
    """A file or a link of a program.

    path    below MEDIA_ROOT, chosen at random; filename is what the person called it
    sha256  of the file's bytes
    valid_until  the last day on which it shows what it shows; null: for ever
    """

    class Kind(models.TextChoices):
        FILE = "file", "File"
        LINK = "link", "Link"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=4, choices=Kind)
    title = SeenChars(max_length=250)
    url = models.URLField(max_length=1000, blank=True)
    path = models.CharField(max_length=300, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    dated = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    uploaded_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="file", url="") & ~Q(path="") | Q(kind="link", path="") & ~Q(url=""),
                name="evidence_is_a_file_or_a_link",
            )
        ]

    def __str__(self):
        return self.title

    def has_expired(self, today: datetime.date) -> bool:
        """Whether the last day on which it is valid is past."""
        return self.valid_until is not None and self.valid_until < today
