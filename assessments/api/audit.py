"""The audit trail, for those who may read it."""

import datetime

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.models import AuditEvent, TrailReview
from accounts.permissions import can_read_audit
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text
from assessments.api.filtering import Filters, FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.pagination import NewestFirst
from assessments.api.shapes import Person
from assessments.services import audit_trail
from assessments.services.audit_trail import WITHHELD, events_for, record_read


class AuditEventOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    at = serializers.DateTimeField()
    actor = serializers.CharField(source="actor_name")
    on_behalf_of = Person(allow_null=True, help_text="in whose place the actor acted")
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
    number = serializers.IntegerField(
        source="sealed_number", allow_null=True, help_text="place in the sealed trail; null until it is sealed"
    )
    withheld = serializers.ChoiceField(
        choices=["", *WITHHELD],
        help_text="why contents are left out: what the event is about is not open to the caller; else empty",
    )


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
        answer = super().get(request, *args, **kwargs)
        record_read(member=self.member)
        return answer


class FaultOut(serializers.Serializer):
    number = serializers.IntegerField(
        help_text="the first number that is wrong; 0 where the heads kept outside are gone"
    )
    message = serializers.CharField()


class VerificationIn(Input):
    after = Text(required=False, max_length=2000, help_text="from the former answer, to go on where it ended")


class VerificationOut(serializers.Serializer):
    state = serializers.ChoiceField(choices=["more", "matches", "broken"])
    through = serializers.IntegerField(help_text="the last number that matches")
    total = serializers.IntegerField(help_text="the last number that is sealed")
    after = serializers.CharField(help_text="to be sent with the next request while state is `more`")
    head = serializers.CharField(source="result.head", default=None, allow_null=True)
    anchored = serializers.IntegerField(
        source="result.anchored",
        default=None,
        allow_null=True,
        help_text="the last number compared with a head kept outside the database; null where none are at hand",
    )
    anchors_begin = serializers.IntegerField(
        source="result.anchors_begin",
        default=None,
        allow_null=True,
        help_text="the number at which the heads kept outside begin where they begin later than the seals: numbers before "
        "it cannot be compared; 0 where they do not",
    )
    not_sealed_yet = serializers.IntegerField(source="result.younger", default=None, allow_null=True)
    not_sealed_since = serializers.DateTimeField(
        source="result.oldest", default=None, allow_null=True, help_text="when the oldest of these was written"
    )
    sealing_late = serializers.IntegerField(
        source="result.late",
        default=None,
        allow_null=True,
        help_text="how many of these have waited longer than 15 minutes: the sealer is down",
    )
    faults = FaultOut(source="result.faults", many=True, default=list)
    warnings = serializers.ListField(
        source="result.warnings",
        child=serializers.CharField(),
        default=list,
        help_text="what contradicts nothing, and what to do about it",
    )


class VerifyTrail(ApiView):
    @extend_schema(
        summary="Verify the sealed trail from its rows, a bounded part a request; the result is an event itself",
        tags=["audit"],
        request=VerificationIn,
        responses=VerificationOut,
    )
    @idempotent
    def post(self, request):
        given = self.read_body(VerificationIn)
        verification = audit_trail.verify(member=self.member, after=given.get("after", ""))
        return Response(VerificationOut(verification).data)


class TrailReviewIn(Input):
    through_number = serializers.IntegerField(min_value=1, max_value=2**53)
    note = Text(required=False, allow_blank=True, max_length=audit_trail.LONGEST_NOTE)


class TrailReviewOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    reviewer = Person()
    through_number = serializers.IntegerField()
    note = serializers.CharField()
    at = serializers.DateTimeField()


class TrailReviews(ListView):
    serializer_class = TrailReviewOut
    filter_backends = ()
    queryset = TrailReview.objects.none()

    def get_queryset(self):
        can_read_audit(self.member).require()
        return TrailReview.objects.visible_to(self.member).select_related("reviewer__user")

    @extend_schema(summary="Who reviewed the audit trail, newest first", tags=["audit"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Record that you reviewed the trail up to a sealed number",
        tags=["audit"],
        request=TrailReviewIn,
        responses={201: TrailReviewOut},
    )
    @idempotent
    def post(self, request):
        given = self.read_body(TrailReviewIn)
        review = audit_trail.record_review(
            member=self.member, through_number=given["through_number"], note=given.get("note", "")
        )
        return Response(TrailReviewOut(self.get_queryset().get(pk=review.pk)).data, status=status.HTTP_201_CREATED)
