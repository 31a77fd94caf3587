"""Criteria sets, their versions and documents."""

from typing import Any

import django_filters
import yaml
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.reverse import reverse

from assessments.api.base import ApiView, ListView
from assessments.api.fields import Document, Input, Text, VisibleId
from assessments.api.filtering import FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH, IF_MATCH_OPTIONAL, etag, seen_version
from assessments.api.shapes import Named, Person
from assessments.models import CriteriaSet, CriteriaVersion
from assessments.services import criteria


class CriteriaSetOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    key = serializers.CharField()
    name = serializers.CharField()


class CriteriaVersionOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    criteria_set = Named()
    number = serializers.IntegerField()
    label = serializers.CharField()
    state = serializers.ChoiceField(choices=CriteriaVersion.State.choices)
    digest = serializers.CharField(help_text="SHA-256 of the content's canonical JSON; empty for a draft")
    version = serializers.IntegerField()
    created_by = Person()
    created_at = serializers.DateTimeField()
    published_by = Person(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    publish_reason = serializers.CharField()


class CriteriaDraftIn(Input):
    document = Document(help_text="a framework document")
    cloned_from = VisibleId(CriteriaVersion.objects.visible_to, required=False, allow_null=True, default=None)


class ReasonIn(Input):
    reason = Text(max_length=2000)


class Yaml(BaseRenderer):
    """The document as a file that reads in again."""

    media_type = "application/yaml"
    format = "yaml"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type=None, renderer_context=None) -> str:
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)


class VersionFilter(FilterSet):
    state = django_filters.MultipleChoiceFilter(choices=CriteriaVersion.State.choices)
    criteria_set = django_filters.UUIDFilter(field_name="criteria_set__uuid")

    class Meta:
        model = CriteriaVersion
        fields = ["state", "criteria_set"]


class CriteriaSets(ListView):
    queryset = CriteriaSet.objects.none()
    serializer_class = CriteriaSetOut
    ordering = ("name",)
    ordering_fields = ("name", "key")

    def get_queryset(self):
        return CriteriaSet.objects.filter(organization_id=self.member.organization_id)

    @extend_schema(summary="Criteria sets of the organization", tags=["criteria"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


WITH_IT = ("criteria_set", "created_by__user", "published_by__user")


@extend_schema(tags=["criteria"])
class CriteriaVersions(ListView):
    queryset = CriteriaVersion.objects.none()
    serializer_class = CriteriaVersionOut
    filterset_class = VersionFilter
    ordering = ("criteria_set__name", "-number")
    ordering_fields = ("criteria_set__name", "number", "created_at", "published_at")

    def get_queryset(self):
        return CriteriaVersion.objects.visible_to(self.member).select_related(*WITH_IT)

    @extend_schema(summary="Versions of criteria; drafts for admins")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="A new draft from a document (admins)", request=CriteriaDraftIn, responses={201: CriteriaVersionOut}
    )
    @idempotent
    def post(self, request):
        given = self.read_body(CriteriaDraftIn)
        version = criteria.import_draft(member=self.member, **given)
        place = reverse("api:criteria_version_detail", args=[version.uuid], request=request)
        return Response(
            CriteriaVersionOut(version).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place} | etag(version.version),
        )


class CriteriaView(ApiView):
    serializer_class = CriteriaVersionOut

    def version(self) -> CriteriaVersion:
        visible = CriteriaVersion.objects.visible_to(self.member)
        return self.find(visible.select_related(*WITH_IT), uuid=self.kwargs["id"])

    def answer(self, version: CriteriaVersion) -> Response:
        return Response(CriteriaVersionOut(version).data, headers=etag(version.version))


class CriteriaVersionDetail(CriteriaView):
    @extend_schema(summary="One version of criteria", tags=["criteria"])
    def get(self, request, id):
        return self.answer(self.version())

    @extend_schema(summary="Discard a draft (admins)", tags=["criteria"], parameters=[IF_MATCH], responses={204: None})
    def delete(self, request, id):
        version, seen = self.version(), seen_version(request)
        criteria.discard_draft(member=self.member, version_id=version.pk, seen_version=seen)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CriteriaDocument(CriteriaView):
    renderer_classes = (JSONRenderer, Yaml)

    @extend_schema(
        summary="The framework document, as JSON or YAML",
        tags=["criteria"],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            # The schema is of what is in the file, whichever way it is written.
            (200, "application/yaml"): OpenApiTypes.OBJECT,
        },
    )
    def get(self, request, id):
        version = self.version()
        return Response(criteria.content_of(version), headers=etag(version.version))


class PublishCriteria(CriteriaView):
    @extend_schema(
        summary="Publish a draft; changes no review (admins)",
        tags=["criteria"],
        parameters=[IF_MATCH_OPTIONAL],
        request=ReasonIn,
        responses={200: CriteriaVersionOut},
    )
    @idempotent
    def post(self, request, id):
        version = self.version()
        given = self.read_body(ReasonIn)
        criteria.publish(
            member=self.member,
            version_id=version.pk,
            reason=given["reason"],
            seen_version=seen_version(request, required=False),
        )
        return self.answer(self.version())


class RetireCriteria(CriteriaView):
    @extend_schema(
        summary="Retire a published version; pinned reviews keep it (admins)",
        tags=["criteria"],
        request=ReasonIn,
        responses={200: CriteriaVersionOut},
    )
    @idempotent
    def post(self, request, id):
        version = self.version()
        criteria.retire(member=self.member, version_id=version.pk, reason=self.read_body(ReasonIn)["reason"])
        return self.answer(self.version())
