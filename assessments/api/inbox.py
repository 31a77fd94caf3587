"""What waits for the token's person, and what they were told."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts import reading
from accounts.kinds import KINDS
from accounts.models import Notification
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input
from assessments.api.filtering import Filters, FilterSet
from assessments.api.pagination import NewestFirst
from assessments.api.shapes import Named, Numbered
from assessments.services.waiting import PAGES, waiting_for


class WaitingOut(serializers.Serializer):
    kind = serializers.ChoiceField(choices=list(PAGES))
    words = serializers.CharField()
    detail = serializers.CharField(help_text="a question or a reason that stands behind it; may be empty")
    program = Named(source="review.program")
    review = Numbered()
    since = serializers.DateTimeField()
    due_on = serializers.DateField(source="due", allow_null=True)
    is_late = serializers.BooleanField()


class InboxOut(serializers.Serializer):
    unread = serializers.IntegerField(help_text="notifications, counted up to 100")
    waiting = WaitingOut(many=True)


class Inbox(ApiView):
    serializer_class = InboxOut

    @extend_schema(summary="What waits for the token's person, oldest due first", tags=["inbox"])
    def get(self, request):
        found = {"unread": reading.unread_count(self.member), "waiting": waiting_for(self.member)}
        return Response(InboxOut(found).data)


class NotificationOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    kind = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    url = serializers.CharField(help_text="path of the page that it is about")
    program = serializers.UUIDField(source="program_uuid", allow_null=True)
    review = serializers.UUIDField(source="review_uuid", allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class ReadIn(Input):
    read = serializers.BooleanField()


class ReadAllIn(Input):
    read = serializers.ChoiceField(choices=[True])
    up_to = serializers.UUIDField(required=False, help_text="the newest notification that was looked at; none: all")


class ReadOut(serializers.Serializer):
    count = serializers.IntegerField(help_text="how many were unread")


class NotificationFilter(FilterSet):
    kind = django_filters.ChoiceFilter(choices=[(name, kind.title) for name, kind in KINDS.items()])
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")
    program = django_filters.UUIDFilter(field_name="program_uuid")
    review = django_filters.UUIDFilter(field_name="review_uuid")

    class Meta:
        model = Notification
        fields = ["kind", "unread", "program", "review"]


class Notifications(ListView):
    queryset = Notification.objects.none()
    serializer_class = NotificationOut
    filter_backends = (Filters,)
    filterset_class = NotificationFilter
    pagination_class = NewestFirst

    def get_queryset(self):
        return Notification.objects.visible_to(self.member)

    @extend_schema(summary="What the token's person was told, newest first", tags=["inbox"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="notifications_read_all",
        summary="Mark all as read, or all up to one",
        tags=["inbox"],
        request=ReadAllIn,
        responses=ReadOut,
    )
    def patch(self, request):
        given = self.read_body(ReadAllIn)
        newest = None
        if given.get("up_to"):
            newest = self.find(self.get_queryset(), uuid=given["up_to"]).pk
        return Response(ReadOut({"count": reading.read_all(self.member, newest=newest)}).data)


class NotificationDetail(ApiView):
    serializer_class = NotificationOut

    def _found(self) -> Notification:
        return self.find(Notification.objects.visible_to(self.member), uuid=self.kwargs["id"])

    @extend_schema(summary="One notification", tags=["inbox"])
    def get(self, request, id):
        return Response(NotificationOut(self._found()).data)

    @extend_schema(summary="Mark one as read or unread", tags=["inbox"], request=ReadIn)
    def patch(self, request, id):
        row = self._found()
        reading.set_read(row, read=self.read_body(ReadIn)["read"])
        row.refresh_from_db()
        return Response(NotificationOut(row).data)
