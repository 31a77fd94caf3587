"""Ratings: everyone's once revealed, one's own before; written only as one's own."""

import django_filters
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text, Whole
from assessments.api.filtering import FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.shapes import Person
from assessments.errors import Clash, Invalid
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
    score = Whole(min_value=1, max_value=5)
    confidence = serializers.ChoiceField(choices=Rating.Confidence.choices, required=False)
    rationale = Text(max_length=ratings.LONGEST_RATIONALE, required=False, allow_blank=True)
    version = Whole(min_value=0, help_text="of one's rating as one saw it; 0 where there was none")


class RatingsIn(Input):
    ratings = serializers.ListField(child=RatingIn(), min_length=1, max_length=MOST_AT_ONCE)


class RatingsGiven(serializers.Serializer):
    ratings = RatingOut(many=True)


class AcceptIn(Input):
    criterion = Text(max_length=60, required=False, default="", allow_blank=True)
    option = Text(max_length=40, required=False, default="", allow_blank=True)


class RatingFilter(FilterSet):
    option = django_filters.CharFilter(field_name="option__key")
    function = django_filters.CharFilter(field_name="function__key")
    person = django_filters.UUIDFilter(field_name="membership__uuid")

    class Meta:
        model = Rating
        fields = ["criterion", "option", "function", "person"]


def give_all(member, review, given: list[dict]) -> list[Rating]:
    """Record all or none. Raises Invalid or Clash that names each entry that cannot be taken."""
    with transaction.atomic():
        done, problems, clashes = [], [], []
        for at, one in enumerate(given):
            place = f"ratings[{at}]"
            try:
                done.append(
                    ratings.rate(
                        member=member,
                        review_id=review.pk,
                        criterion_key=one["criterion"],
                        option_key=one["option"],
                        score=one["score"],
                        seen_version=one["version"],
                        confidence=one.get("confidence"),
                        rationale=one.get("rationale"),
                    )
                )
            except Invalid as refusal:
                problems += [{**problem, "field": f"{place}.{problem['field']}"} for problem in refusal.problems]
            except Clash as refusal:
                cell = {"place": place, "criterion": one["criterion"], "option": one["option"]}
                clashes.append((cell, refusal))
        if problems:
            raise Invalid(problems)
        if clashes:
            raise Clash(
                "You changed these ratings elsewhere meanwhile; none was taken.",
                current=[cell | {"version": clash.version, "value": clash.current} for cell, clash in clashes],
                attempted=[cell | {"value": clash.attempted} for cell, clash in clashes],
            )
        return done


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
        given = self.read_body(RatingsIn)["ratings"]
        return Response(RatingsGiven({"ratings": give_all(self.member, review, given)}).data)


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
        )
        return Response(RatingsGiven({"ratings": taken}).data)
