"""Saved revisions of a program's facts."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.reverse import reverse

from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Document, Input, Text
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH_OPTIONAL, seen_version
from assessments.api.shapes import Person
from assessments.models import ProfileRevision
from assessments.scoring.confidential import facts_without_commercial
from assessments.services import drafts, programs
from assessments.services.frameworks import framework_of


class RevisionOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    number = serializers.IntegerField()
    summary = serializers.CharField()
    assessment_date = serializers.DateField()
    digest = serializers.CharField(help_text="SHA-256 of the facts' canonical JSON")
    created_by = Person()
    created_at = serializers.DateTimeField()


class RevisionWithFacts(RevisionOut):
    facts = serializers.DictField(help_text="without prices and terms where you may not see them")


class RevisionIn(Input):
    summary = Text(max_length=300, help_text="what changed, in a few words")
    document = Document(required=False, help_text="a profile in either file layout; the draft if left out")
    assessment_date = serializers.DateField(
        required=False, help_text="month 0 for a document that names none; today if left out"
    )


@extend_schema(tags=["facts"])
class Revisions(ListView):
    queryset = ProfileRevision.objects.none()
    serializer_class = RevisionOut
    ordering = ("-number",)
    ordering_fields = ("number",)

    def get_queryset(self):
        return (
            ProfileRevision.objects.visible_to(self.member)
            .filter(program=self.program())
            .select_related("created_by__user")
        )

    @extend_schema(summary="Saved revisions of a program's facts")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Save the draft or a document as the next revision (the lead)",
        parameters=[IF_MATCH_OPTIONAL],
        request=RevisionIn,
        responses={201: RevisionOut},
    )
    @idempotent
    def post(self, request, id):
        given = self.read_body(RevisionIn)
        common = {
            "member": self.member,
            "program": self.program(),
            "summary": given["summary"],
            "seen_version": seen_version(request, required=False),
        }
        if "document" in given:
            day = given.get("assessment_date")
            revision = programs.import_revision(
                **common, document=given["document"], day=day.isoformat() if day else None
            )
        else:
            revision = drafts.save_revision(**common)
        place = reverse("api:revision_detail", args=[revision.uuid], request=request)
        return Response(RevisionOut(revision).data, status=status.HTTP_201_CREATED, headers={"Location": place})


class RevisionDetail(ApiView):
    serializer_class = RevisionWithFacts

    @extend_schema(summary="One revision with its facts", tags=["facts"])
    def get(self, request, id):
        visible = ProfileRevision.objects.visible_to(self.member)
        revision = self.find(visible.select_related("program", "created_by__user", "criteria_version"), uuid=id)
        if not permissions.can_see_commercial(self.member, revision.program):
            revision.facts = facts_without_commercial(revision.facts, framework_of(revision.criteria_version))
        return Response(RevisionWithFacts(revision).data)
