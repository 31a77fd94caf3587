"""Who the token is, and the people of its organization."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.models import Membership
from assessments.api.base import ApiView, ListView
from assessments.api.filtering import FilterSet


class MemberOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    title = serializers.CharField()
    is_active = serializers.BooleanField()
    functions = serializers.SerializerMethodField()

    def get_functions(self, member) -> list[str]:
        return [function.key for function in member.functions]


class MeOut(MemberOut):
    email = serializers.EmailField(source="user.email")
    organization = serializers.CharField(source="organization.slug")
    roles = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField()

    def get_roles(self, member) -> list[str]:
        return sorted(member.roles)

    def get_scopes(self, member) -> list[str]:
        return list(self.context["request"].auth.scopes)


class Me(ApiView):
    serializer_class = MeOut

    @extend_schema(summary="Who the token is, with its rights", tags=["people"])
    def get(self, request):
        return Response(MeOut(self.member, context=self.get_serializer_context()).data)


class MemberFilter(FilterSet):
    class Meta:
        model = Membership
        fields = ["is_active"]


@extend_schema(summary="The people of the organization", tags=["people"])
class People(ListView):
    queryset = Membership.objects.none()
    serializer_class = MemberOut
    filterset_class = MemberFilter
    ordering = ("user__full_name",)
    ordering_fields = ("user__full_name",)

    def get_queryset(self):
        return Membership.objects.visible_to(self.member).with_rights()
