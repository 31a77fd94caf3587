"""Reviews and their options."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.reverse import reverse

from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text
from assessments.api.filtering import FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH, etag, seen_version
from assessments.api.shapes import Named, Numbered, Person, Summary
from assessments.models import Review, ReviewOption
from assessments.services import reviews


class ReviewOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    program = Named()
    number = serializers.IntegerField()
    question = serializers.CharField()
    state = serializers.ChoiceField(choices=Review.State.choices)
    state_reason = serializers.CharField()
    state_since = serializers.DateTimeField()
    due_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()
    criteria_version = Named()
    revision = Numbered()
    inputs_revision = serializers.IntegerField(
        source="counted_inputs", allow_null=True, help_text="the count of inputs; null while scoring is blind"
    )
    opened_by = Person()
    opened_at = serializers.DateTimeField()
    revealed_at = serializers.DateTimeField(allow_null=True)
    summary = Summary(allow_null=True, help_text="of the shown result; facts only while scoring is blind")


class ReviewIn(Input):
    question = Text(max_length=250)
    options = serializers.ListField(
        child=Text(max_length=40),
        required=False,
        max_length=50,
        help_text="keys of the facts' options; all if left out",
    )
    due_on = serializers.DateField(required=False, allow_null=True)


class ReviewFilter(FilterSet):
    state = django_filters.MultipleChoiceFilter(choices=Review.State.choices)

    class Meta:
        model = Review
        fields = ["state"]


WITH_IT = ("program", "criteria_version__criteria_set", "revision", "opened_by__user", "summary")


@extend_schema(tags=["reviews"])
class Reviews(ListView):
    queryset = Review.objects.none()
    serializer_class = ReviewOut
    filterset_class = ReviewFilter
    ordering = ("-opened_at",)
    ordering_fields = ("opened_at", "number", "state_since")

    def get_queryset(self):
        return Review.objects.visible_to(self.member).filter(program=self.program()).select_related(*WITH_IT)

    @extend_schema(summary="Reviews of a program")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Open the next review (the lead)", request=ReviewIn, responses={201: ReviewOut})
    @idempotent
    def post(self, request, id):
        given = self.read_body(ReviewIn)
        review = reviews.open_review(
            member=self.member,
            program=self.program(),
            question=given["question"],
            option_keys=given.get("options"),
            due_on=given.get("due_on"),
        )
        place = reverse("api:review_detail", args=[review.uuid], request=request)
        return Response(
            ReviewOut(review).data, status=status.HTTP_201_CREATED, headers={"Location": place} | etag(review.version)
        )


class ReviewChange(Input):
    question = Text(max_length=250, required=False)
    due_on = serializers.DateField(required=False, allow_null=True)


@extend_schema(tags=["reviews"])
class ReviewDetail(ApiView):
    serializer_class = ReviewOut

    @extend_schema(summary="One review")
    def get(self, request, id):
        review = self.review()
        return Response(ReviewOut(review).data, headers=etag(review.version))

    @extend_schema(summary="Change its question or day due (the lead)", parameters=[IF_MATCH], request=ReviewChange)
    def patch(self, request, id):
        review = self.review()
        given = self.read_body(ReviewChange)
        changed = reviews.edit_review(
            member=self.member,
            review_id=review.pk,
            question=given.get("question"),
            due_on=given.get("due_on", review.due_on),
            seen_version=seen_version(request),
        )
        return Response(ReviewOut(changed).data, headers=etag(changed.version))


class OptionOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    key = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()


class OptionsIn(Input):
    options = serializers.ListField(child=Text(max_length=40), min_length=1, max_length=50)


@extend_schema(tags=["reviews"])
class Options(ListView):
    queryset = ReviewOption.objects.none()
    serializer_class = OptionOut
    ordering = ("position",)
    ordering_fields = ("position",)

    def get_queryset(self):
        return self.review().options.all()

    @extend_schema(summary="The alternatives of a review")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Compare these options of the facts; until scoring starts (the lead)",
        parameters=[IF_MATCH],
        request=OptionsIn,
        responses={200: ReviewOut},
    )
    def put(self, request, id):
        review = self.review()
        given = self.read_body(OptionsIn)
        changed = reviews.choose_options(
            member=self.member,
            review_id=review.pk,
            option_keys=given["options"],
            seen_version=seen_version(request),
        )
        return Response(ReviewOut(changed).data, headers=etag(changed.version))
