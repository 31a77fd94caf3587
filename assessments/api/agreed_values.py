"""What the panel agreed on in reconciliation."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.reverse import reverse

from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH, etag, seen_version
from assessments.api.shapes import Person
from assessments.models import AgreedValue, Review
from assessments.services import reconciling


class AgreedOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    criterion = serializers.CharField()
    option = serializers.CharField(source="option.key")
    value = serializers.FloatField()
    note = serializers.CharField()
    recorded_by = Person()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class AgreedChange(Input):
    value = serializers.DecimalField(max_digits=3, decimal_places=2, min_value=1, max_value=5, coerce_to_string=False)
    note = Text(max_length=2000)


class AgreedIn(AgreedChange):
    criterion = Text(max_length=60)
    option = Text(max_length=40)


@extend_schema(tags=["ratings"])
class AgreedValues(ListView):
    queryset = AgreedValue.objects.none()
    serializer_class = AgreedOut
    ordering = ("criterion", "option__position")
    ordering_fields = ("criterion", "updated_at")

    def get_queryset(self):
        return self.review().agreed_values.select_related("option", "recorded_by__user")

    @extend_schema(summary="Values that the panel agreed on")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Record an agreed value (the lead)", request=AgreedIn, responses={201: AgreedOut})
    @idempotent
    def post(self, request, id):
        review = self.review()
        given = self.read_body(AgreedIn)
        agreed = reconciling.agree(
            member=self.member,
            review_id=review.pk,
            criterion_key=given["criterion"],
            option_key=given["option"],
            value=given["value"],
            note=given["note"],
        )
        place = reverse("api:agreed_value_detail", args=[agreed.uuid], request=request)
        return Response(
            AgreedOut(agreed).data, status=status.HTTP_201_CREATED, headers={"Location": place} | etag(agreed.version)
        )


class AgreedValueDetail(ApiView):
    serializer_class = AgreedOut

    def agreed(self) -> AgreedValue:
        visible = AgreedValue.objects.filter(review__in=Review.objects.visible_to(self.member))
        return self.find(visible.select_related("option", "recorded_by__user"), uuid=self.kwargs["id"])

    @extend_schema(summary="One agreed value", tags=["ratings"])
    def get(self, request, id):
        agreed = self.agreed()
        return Response(AgreedOut(agreed).data, headers=etag(agreed.version))

    @extend_schema(
        summary="Change an agreed value (the lead)", tags=["ratings"], parameters=[IF_MATCH], request=AgreedChange
    )
    def put(self, request, id):
        held = self.agreed()
        given = self.read_body(AgreedChange)
        agreed = reconciling.agree(
            member=self.member,
            review_id=held.review_id,
            criterion_key=held.criterion,
            option_key=held.option.key,
            value=given["value"],
            note=given["note"],
            seen_version=seen_version(request),
        )
        return Response(AgreedOut(agreed).data, headers=etag(agreed.version))

    @extend_schema(
        summary="Take an agreed value back (the lead)", tags=["ratings"], parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request, id):
        held = self.agreed()
        reconciling.take_back(
            member=self.member,
            review_id=held.review_id,
            criterion_key=held.criterion,
            option_key=held.option.key,
            seen_version=seen_version(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
