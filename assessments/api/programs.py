"""Programs, and what each one's reviews and results are found under."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.models import Membership
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text, VisibleId, YesNo
from assessments.api.filtering import FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import etag
from assessments.api.shapes import Named, Numbered, Summary
from assessments.models import CriteriaVersion, Program
from assessments.services import programs


class ProgramOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    restricted = serializers.BooleanField()
    version = serializers.IntegerField()
    criteria_version = Named()
    revision = Numbered(allow_null=True)
    summary = Summary(allow_null=True, help_text="of the facts-only result")
    created_at = serializers.DateTimeField()


class ProgramIn(Input):
    name = Text(max_length=150)
    restricted = YesNo(default=False)
    criteria_version = VisibleId(CriteriaVersion.objects.visible_to)
    lead = VisibleId(lambda member: Membership.objects.visible_to(member).active())


class ProgramFilter(FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains", help_text="part of the name")

    class Meta:
        model = Program
        fields = ["name", "restricted"]


@extend_schema(tags=["programs"])
class Programs(ListView):
    queryset = Program.objects.none()
    serializer_class = ProgramOut
    filterset_class = ProgramFilter
    ordering = ("name",)
    ordering_fields = ("name", "created_at")

    def get_queryset(self):
        return Program.objects.visible_to(self.member).select_related(
            "criteria_version__criteria_set", "revision", "summary"
        )

    @extend_schema(summary="Programs that you may see")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Create a program (admins)", request=ProgramIn, responses={201: ProgramOut})
    @idempotent
    def post(self, request):
        program = programs.create_program(member=self.member, **self.read_body(ProgramIn))
        place = reverse("api:program_detail", args=[program.uuid], request=request)
        return Response(
            ProgramOut(program).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place} | etag(program.version),
        )


class ProgramDetail(ApiView):
    serializer_class = ProgramOut

    @extend_schema(summary="One program", tags=["programs"])
    def get(self, request, id):
        program = self.program()
        return Response(ProgramOut(program).data, headers=etag(program.version))
