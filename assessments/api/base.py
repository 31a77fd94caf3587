"""What the endpoints have in common: the caller's membership, and finding what it may see."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin

from accounts.models import Membership
from assessments.api.filtering import Filters, TotalOrder
from assessments.models import Program, Review


class ApiView(GenericAPIView):
    """An endpoint. Each names its `input` where it takes a body."""

    filter_backends = ()
    pagination_class = None

    @property
    def member(self) -> Membership:
        return self.request.member

    def find(self, queryset: QuerySet, **by):
        """The one row. Raises Http404 for what is not there and for what may not be seen alike."""
        return get_object_or_404(queryset, **by)

    def program(self) -> Program:
        visible = Program.objects.visible_to(self.member).select_related(
            "criteria_version__criteria_set", "revision", "summary"
        )
        return self.find(visible, uuid=self.kwargs["id"])

    def review(self) -> Review:
        visible = Review.objects.visible_to(self.member).select_related(
            "program", "criteria_version__criteria_set", "revision", "opened_by__user", "summary"
        )
        return self.find(visible, uuid=self.kwargs["id"])

    def read_body(self, serializer_class) -> dict:
        """The validated body. Raises ValidationError naming each field that is wrong."""
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class ListView(ListModelMixin, ApiView):
    """A list in pages: `get_queryset`, `serializer_class`, `ordering`, and where useful `filterset_class`."""

    filter_backends = (Filters, TotalOrder)
    ordering_fields: tuple[str, ...] = ()
    ordering: tuple[str, ...] = ("pk",)
    pagination_class = GenericAPIView.pagination_class

    def get(self, request, *args, **kwargs):
        return self.list(request, *args, **kwargs)
