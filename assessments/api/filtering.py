"""Filters and orders of lists."""

from django_filters import rest_framework as library
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter

from accounts.field_words import OwnWords

__all__ = ["Filters", "TotalOrder", "FilterSet"]


class FilterSet(library.FilterSet):
    """Says of a value that cannot be what a page says of a field."""

    def get_form_class(self):
        made = super().get_form_class()
        return type(made)(made.__name__, (OwnWords, made), {})


class Filters(DjangoFilterBackend):
    """The view's `filterset_class`; a value that cannot be is refused with its parameter's name."""


class TotalOrder(OrderingFilter):
    """`?ordering=name,-opened_at`: of the view's `ordering_fields`, and always by the key last."""

    def get_ordering(self, request, queryset, view):
        asked = [term.strip() for term in request.query_params.get(self.ordering_param, "").split(",") if term.strip()]
        known = dict.fromkeys(view.ordering_fields)
        unknown = [term for term in asked if term.lstrip("-") not in known or term.startswith("--")]
        if unknown:
            raise ValidationError({self.ordering_param: [f"Order by {', '.join(known)}, not by {unknown[0]!r}."]})
        terms = asked or list(view.ordering)
        return [*(term for term in terms if term.lstrip("-") != "pk"), "pk"]
