"""The audit trail, for those who may read it."""

import datetime

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.models import AuditEvent
from assessments.api.base import ListView
from assessments.api.filtering import Filters, FilterSet
from assessments.api.pagination import NewestFirst
from assessments.services.audit_trail import events_for


class AuditEventOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    at = serializers.DateTimeField()
    actor = serializers.CharField(source="actor_name")
    channel = serializers.CharField()
    action = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.UUIDField(source="object_uuid", allow_null=True)
    object_label = serializers.CharField()
    program = serializers.UUIDField(source="program_uuid", allow_null=True)
    review = serializers.UUIDField(source="review_uuid", allow_null=True)
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    reason = serializers.CharField()
    request_id = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of all that the event says")


class AuditFilter(FilterSet):
    program = django_filters.UUIDFilter(field_name="program_uuid")
    review = django_filters.UUIDFilter(field_name="review_uuid")
    since = django_filters.IsoDateTimeFilter(field_name="at", method="begins")
    until = django_filters.IsoDateTimeFilter(field_name="at", method="ends")

    class Meta:
        model = AuditEvent
        fields = ["action", "object_type", "program", "review", "since", "until", "request_id"]

    def begins(self, queryset, name, value):
        return queryset.filter(at__gte=_in_utc(value, "since"))

    def ends(self, queryset, name, value):
        return queryset.filter(at__lt=_in_utc(value, "until"))


def _in_utc(moment: datetime.datetime, parameter: str) -> datetime.datetime:
    """The same instant in UTC: PostgreSQL takes no offset beyond 16 hours. Raises ValidationError outside the calendar."""
    try:
        return moment.astimezone(datetime.UTC)
    except OverflowError:
        raise ValidationError({parameter: ["This moment lies outside the calendar."]}) from None


class AuditEvents(ListView):
    queryset = AuditEvent.objects.none()
    serializer_class = AuditEventOut
    filter_backends = (Filters,)
    filterset_class = AuditFilter
    pagination_class = NewestFirst

    def get_queryset(self):
        return events_for(self.member)

    @extend_schema(summary="The audit trail, newest first (admins, approvers, auditors)", tags=["audit"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)
