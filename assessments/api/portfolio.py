"""Every program with what its newest review says."""

import django_filters
from django.db.models import OuterRef, Prefetch, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers

from assessments.api.base import ListView
from assessments.api.filtering import FilterSet
from assessments.api.programs import ProgramOut
from assessments.api.reviews import ReviewOut
from assessments.models import DecisionWatch, Program, Review


class PortfolioReview(ReviewOut):
    program = None


class PortfolioRow(ProgramOut):
    review = serializers.SerializerMethodField(help_text="the newest that you may see")

    watch = serializers.ChoiceField(
        source="watch_state",
        choices=DecisionWatch.State.choices,
        allow_null=True,
        help_text="whether the approved decision still holds; null without one",
    )

    @extend_schema_field(PortfolioReview(allow_null=True))
    def get_review(self, program):
        return PortfolioReview(program.newest[0]).data if program.newest else None


class PortfolioFilter(FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains", help_text="part of the name")
    watch = django_filters.ChoiceFilter(field_name="watch_state", choices=DecisionWatch.State.choices)

    class Meta:
        model = Program
        fields = ["name"]


class Portfolio(ListView):
    queryset = Program.objects.none()
    serializer_class = PortfolioRow
    filterset_class = PortfolioFilter
    ordering = ("name",)
    ordering_fields = ("name", "created_at")

    def get_queryset(self):
        visible = Review.objects.visible_to(self.member)
        newest = visible.filter(program=OuterRef("program")).order_by("-number").values("pk")[:1]
        shown = visible.filter(pk=Subquery(newest)).select_related(
            "criteria_version__criteria_set", "revision", "opened_by__user", "summary"
        )
        decided = visible.filter(program=OuterRef("pk"), state=Review.State.APPROVED)
        watched = decided.filter(watch__checked_at__isnull=False).values("watch__state")[:1]
        return (
            Program.objects.visible_to(self.member)
            .annotate(watch_state=Subquery(watched))
            .select_related("criteria_version__criteria_set", "revision", "summary")
            .prefetch_related(Prefetch("reviews", queryset=shown, to_attr="newest"))
        )

    @extend_schema(summary="Every program with its newest review and result", tags=["results"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)
