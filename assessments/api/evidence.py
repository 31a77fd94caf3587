"""Evidence of a condition: listed, attached as a file or a link, removed with a reason, handed out."""

import datetime

from django.utils.functional import cached_property
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text
from assessments.api.idempotency import idempotent
from assessments.api.parsers import JSON, Multipart
from assessments.api.shapes import Person
from assessments.api.stored_files import Bytes, attachment
from assessments.models import Condition, Evidence
from assessments.services import condition_states
from assessments.services import evidence as evidence_service
from assessments.services.downloads import record_download
from assessments.services.routes import today_in


class EvidenceOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    kind = serializers.ChoiceField(choices=Evidence.Kind.choices)
    title = serializers.CharField()
    url = serializers.CharField(help_text="of a link; empty for a file")
    filename = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    sha256 = serializers.CharField(help_text="of the file's bytes")
    dated = serializers.DateField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True, help_text="the last day; null for ever")
    expired = serializers.SerializerMethodField()
    uploaded_by = Person()
    uploaded_at = serializers.DateTimeField()

    def get_expired(self, row: Evidence) -> bool:
        return row.has_expired(self.context["view"].today)


class EvidenceIn(Input):
    file = serializers.FileField(required=False, allow_empty_file=True, help_text="or a link; at most 20 MB")
    url = Text(max_length=1000, required=False, default="", allow_blank=True, help_text="http or https")
    title = Text(max_length=250, required=False, default="", allow_blank=True)
    dated = serializers.DateField(required=False, allow_null=True, default=None)
    valid_until = serializers.DateField(required=False, allow_null=True, default=None)


class RemovalIn(Input):
    reason = Text(max_length=condition_states.LONGEST_NOTE)


class Today:
    """The day that it is in the organization, asked once for all that is shown."""

    @cached_property
    def today(self) -> datetime.date:
        return today_in(self.member.organization)


class ConditionEvidence(Today, ListView):
    queryset = Evidence.objects.none()
    serializer_class = EvidenceOut
    filter_backends = ()
    parser_classes = (JSON, Multipart)
    most_bytes = evidence_service.MOST_BYTES

    def condition(self) -> Condition:
        visible = Condition.objects.visible_to(self.member).standing().select_related("review__program")
        return self.find(visible, uuid=self.kwargs["id"])

    def get_queryset(self):
        links = self.condition().evidence_links.filter(evidence__removed_at=None)
        found = Evidence.objects.filter(condition_links__in=links)
        return found.select_related("uploaded_by__user").order_by("condition_links__pk")

    @extend_schema(summary="Evidence of a condition", tags=["decisions"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    def keep(self, request, id) -> tuple[Condition, evidence_service.Kept]:
        """Write the file, which no transaction waits for."""
        row = self.condition()
        permissions.can_move_condition(self.member, row).require()
        body = self.read_body(EvidenceIn)
        file = body.pop("file", None)
        # One byte more than allowed is enough to refuse it.
        data = file.read(evidence_service.MOST_BYTES + 1) if file else b""
        given = evidence_service.Given(filename=file.name if file else "", data=data, **body)
        return row, condition_states.keep_file(self.member, row.pk, given)

    @extend_schema(
        summary="Attach a file (as multipart/form-data) or a link (the condition's owner, the lead, an admin)",
        tags=["decisions"],
        request={"multipart/form-data": EvidenceIn, "application/json": EvidenceIn},
        responses={201: EvidenceOut},
    )
    @idempotent(before="keep")
    def post(self, request, id, *, prepared):
        row, kept = prepared
        evidence = condition_states.attach(member=self.member, condition_id=row.pk, kept=kept)
        return Response(self.get_serializer(evidence).data, status=status.HTTP_201_CREATED)


class EvidenceView(Today, ApiView):
    serializer_class = EvidenceOut

    def evidence(self) -> tuple[Evidence, Condition]:
        """A piece of evidence that is attached to a condition of a decision that stands."""
        visible = Evidence.objects.visible_to(self.member).filter(removed_at=None)
        row = self.find(visible.select_related("uploaded_by__user", "program"), uuid=self.kwargs["id"])
        conditions = Condition.objects.visible_to(self.member).standing().select_related("review__program")
        return row, self.find(conditions, evidence_links__evidence=row)


class EvidenceRemoval(EvidenceView):
    @extend_schema(
        summary="Remove a piece of evidence, with the reason (the condition's owner, the lead, an admin)",
        tags=["decisions"],
        request=RemovalIn,
        responses={200: EvidenceOut},
    )
    @idempotent
    def post(self, request, id):
        row, condition = self.evidence()
        given = self.read_body(RemovalIn)
        removed = condition_states.remove_evidence(
            member=self.member, condition_id=condition.pk, evidence_id=row.pk, reason=given["reason"]
        )
        return Response(self.get_serializer(removed).data)


class EvidenceFile(EvidenceView):
    renderer_classes = (Bytes, JSONRenderer)

    @extend_schema(
        summary="The file of a piece of evidence. Each download is on record",
        tags=["decisions"],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request, id):
        row, _ = self.evidence()
        self.find(Evidence.objects.filter(kind=Evidence.Kind.FILE), pk=row.pk)
        data = evidence_service.read_back(row)
        record_download(
            "evidence.downloaded",
            member=self.member,
            subject=row,
            label=row.title,
            program=row.program,
            new={"file": row.filename, "sha256": row.sha256},
        )
        return attachment(data, content_type=Bytes.media_type, filename=row.filename, sha256=row.sha256)
