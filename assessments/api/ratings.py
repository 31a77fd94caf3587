"""Ratings: everyone's once revealed, one's own before; written only as one's own."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text, Whole, YesNo
from assessments.api.filtering import FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.shapes import Person
from assessments.models import Rating
from assessments.services import ratings

MOST_AT_ONCE = 500


class RatingOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    criterion = serializers.CharField()
    option = serializers.CharField(source="option.key")
    person = Person(source="membership")
    function = serializers.CharField(source="function.key")
    score = serializers.IntegerField()
    confidence = serializers.ChoiceField(choices=Rating.Confidence.choices)
    rationale = serializers.CharField()
    suggestion = serializers.FloatField(allow_null=True, help_text="of the rule, as its author saw it")
    accepted = serializers.BooleanField()
    to_confirm = serializers.BooleanField(help_text="carried along from an earlier review, not yet its author's word")
    version = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class RatingIn(Input):
    criterion = Text(max_length=60)
    option = Text(max_length=40)
    score = Whole(
        min_value=1,
        max_value=5,
        required=False,
        allow_null=True,
        help_text="left out: keeps the score that is there, which confirms one that was carried along",
    )
    accepted = YesNo(default=False, help_text="take over the score that the facts suggest")
    confidence = serializers.ChoiceField(choices=Rating.Confidence.choices, required=False)
    rationale = Text(max_length=ratings.LONGEST_RATIONALE, required=False, allow_blank=True)
    version = Whole(min_value=0, help_text="of one's rating as one saw it; 0 where there was none")


class RatingsIn(Input):
    ratings = serializers.ListField(child=RatingIn(), min_length=1, max_length=MOST_AT_ONCE)
    facts = Whole(
        min_value=1,
        required=False,
        help_text="number of the revision whose suggestions you saw; the review's own if left out",
    )


class RatingsGiven(serializers.Serializer):
    ratings = RatingOut(many=True)


class AcceptIn(Input):
    criterion = Text(max_length=60, required=False, default="", allow_blank=True)
    option = Text(max_length=40, required=False, default="", allow_blank=True)
    version = Whole(min_value=0, default=0, help_text="of one's rating of the named cell as one saw it")


class RatingFilter(FilterSet):
    option = django_filters.CharFilter(field_name="option__key")
    function = django_filters.CharFilter(field_name="function__key")
    person = django_filters.UUIDFilter(field_name="membership__uuid")

    class Meta:
        model = Rating
        fields = ["criterion", "option", "function", "person"]


@extend_schema(tags=["ratings"])
class Ratings(ListView):
    queryset = Rating.objects.none()
    serializer_class = RatingOut
    filterset_class = RatingFilter
    ordering = ("criterion", "option__position")
    ordering_fields = ("criterion", "updated_at", "score")

    def get_queryset(self):
        visible = Rating.objects.visible_to(self.member, self.review())
        return visible.select_related("option", "membership__user", "function")

    @extend_schema(summary="Ratings: everyone's once revealed, one's own before")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Give one's own ratings, all or none", request=RatingsIn, responses={200: RatingsGiven})
    def put(self, request, id):
        review = self.review()
        given = self.read_body(RatingsIn)
        cells = [
            ratings.Given(
                one["criterion"],
                one["option"],
                score=one.get("score"),
                seen_version=one["version"],
                confidence=one.get("confidence"),
                rationale=one.get("rationale"),
                accepted=one["accepted"],
            )
            for one in given["ratings"]
        ]
        done = ratings.rate_many(member=self.member, review_id=review.pk, given=cells, seen_facts=given.get("facts"))
        return Response(RatingsGiven({"ratings": done}).data)


class AcceptSuggestions(ApiView):
    serializer_class = AcceptIn

    @extend_schema(
        summary="Take over what the facts suggest: in the named cell, or wherever one has not rated",
        tags=["ratings"],
        responses={200: RatingsGiven},
    )
    @idempotent
    def post(self, request, id):
        review = self.review()
        given = self.read_body(AcceptIn)
        taken = ratings.accept_suggestions(
            member=self.member,
            review_id=review.pk,
            criterion_key=given["criterion"],
            option_key=given["option"],
            seen_version=given["version"],
        )
        return Response(RatingsGiven({"ratings": taken}).data)
