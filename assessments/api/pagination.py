"""Lists come in pages of a total order."""

from rest_framework.pagination import CursorPagination, PageNumberPagination


class Pages(PageNumberPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


class NewestFirst(CursorPagination):
    """For what only grows: no count, and no page that shifts while it is read."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-pk"
