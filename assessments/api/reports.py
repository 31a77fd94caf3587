"""Files that the workers make of a review."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.reverse import reverse

from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input
from assessments.api.idempotency import idempotent
from assessments.api.shapes import Person
from assessments.api.stored_files import Bytes, attachment
from assessments.models import Report
from assessments.services import reports


class ReportOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    kind = serializers.ChoiceField(choices=Report.Kind.choices)
    is_draft = serializers.BooleanField()
    filename = serializers.CharField()
    sha256 = serializers.CharField(help_text="of the file; empty until it is made")
    size = serializers.IntegerField(help_text="bytes")
    asked_by = Person(allow_null=True)
    asked_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(allow_null=True)
    job = serializers.SerializerMethodField(help_text="whose progress can be asked for")

    def get_job(self, report) -> str | None:
        job = self.context["jobs"].get(report.pk)
        return str(job.uuid) if job else None


class ReportIn(Input):
    kind = serializers.ChoiceField(choices=Report.Kind.choices, default=Report.Kind.BRIEF)


def _shown(found: list[Report], many: bool = True):
    return ReportOut(found if many else found[0], many=many, context={"jobs": reports.jobs_of(found)}).data


@extend_schema(tags=["reports"])
class Reports(ListView):
    queryset = Report.objects.none()
    serializer_class = ReportOut
    ordering = ("-asked_at",)
    ordering_fields = ("asked_at", "made_at")

    def get_queryset(self):
        return Report.objects.visible_to(self.member).filter(review=self.review()).select_related("asked_by__user")

    @extend_schema(summary="Reports of a review")
    def get(self, request, *args, **kwargs):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(_shown(page))

    @extend_schema(
        summary="Ask for a report; the same inputs are answered with the same report",
        request=ReportIn,
        responses={202: ReportOut},
    )
    @idempotent
    def post(self, request, id):
        review = self.review()
        self.read_body(ReportIn)
        report = reports.ask_for_report(member=self.member, review_id=review.pk)
        place = reverse("api:report_detail", args=[report.uuid], request=request)
        return Response(_shown([report], many=False), status=status.HTTP_202_ACCEPTED, headers={"Location": place})


class ReportView(ApiView):
    serializer_class = ReportOut

    def report(self) -> Report:
        visible = Report.objects.visible_to(self.member).select_related("review__program", "asked_by__user")
        return self.find(visible, uuid=self.kwargs["id"])


class ReportDetail(ReportView):
    @extend_schema(summary="One report: made, or on its way", tags=["reports"])
    def get(self, request, id):
        return Response(_shown([self.report()], many=False))


class Pdf(Bytes):
    media_type = reports.CONTENT_TYPE
    format = "pdf"


class ReportFile(ReportView):
    renderer_classes = (Pdf, JSONRenderer)

    @extend_schema(
        summary="The file; 409 until it is made. Each download is on record",
        tags=["reports"],
        responses={(200, reports.CONTENT_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request, id):
        report = self.report()
        data = reports.open_report(member=self.member, report=report)
        return attachment(data, content_type=reports.CONTENT_TYPE, filename=report.filename, sha256=report.sha256)
