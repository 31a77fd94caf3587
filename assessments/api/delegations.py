"""Who signs in whose place; and a step that goes to somebody else."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.models import Membership
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text, VisibleId
from assessments.api.idempotency import idempotent
from assessments.api.shapes import Person
from assessments.models import ApprovalStep, Delegation
from assessments.services import delegations, rerouting


class DelegationOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    giver = Person()
    taker = Person(help_text="who signs in the giver's place")
    first_day = serializers.DateField()
    last_day = serializers.DateField(help_text="included, in the organization's time zone")
    reason = serializers.CharField()
    created_by = Person()
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class DelegationIn(Input):
    giver = VisibleId(
        lambda member: Membership.objects.visible_to(member),
        required=False,
        help_text="oneself if left out; an admin names somebody else, with a reason",
    )
    taker = VisibleId(lambda member: Membership.objects.visible_to(member).active())
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    reason = Text(max_length=delegations.LONGEST_REASON, required=False, default="", allow_blank=True)


@extend_schema(tags=["decisions"])
class Delegations(ListView):
    queryset = Delegation.objects.none()
    serializer_class = DelegationOut
    ordering = ("-last_day",)
    ordering_fields = ("first_day", "last_day", "created_at")

    def get_queryset(self):
        return Delegation.objects.visible_to(self.member).select_related(
            "giver__user", "taker__user", "created_by__user"
        )

    @extend_schema(summary="Delegations given and taken; an admin's: everyone's")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Let somebody sign in one's place for a range of days",
        request=DelegationIn,
        responses={201: DelegationOut},
    )
    @idempotent
    def post(self, request):
        given = self.read_body(DelegationIn)
        delegation = delegations.delegate(
            member=self.member,
            giver=given.get("giver") or self.member,
            taker=given["taker"],
            first_day=given["first_day"],
            last_day=given["last_day"],
            reason=given["reason"],
        )
        return Response(DelegationOut(delegation).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=["decisions"])
class DelegationDetail(ApiView):
    serializer_class = DelegationOut

    @extend_schema(
        summary="End a delegation at once (who gave or took it, or an admin)", responses={200: DelegationOut}
    )
    def delete(self, request, id):
        found = self.find(Delegation.objects.visible_to(self.member), uuid=id)
        return Response(DelegationOut(delegations.end(member=self.member, delegation_id=found.pk)).data)


class ReassignIn(Input):
    place = Text(max_length=300, help_text="of the step's `places`, by its `key`; person:ADDRESS is taken too")
    person = VisibleId(lambda member: Membership.objects.visible_to(member).active())
    reason = Text(max_length=rerouting.LONGEST_REASON)


class StepReassignedOut(serializers.Serializer):
    step = serializers.UUIDField(source="step.uuid")
    person = Person(source="membership")
    reason = serializers.CharField()
    by = Person()
    at = serializers.DateTimeField()


class _OfStep(ApiView):
    def step(self) -> ApprovalStep:
        return self.find(ApprovalStep.objects.visible_to(self.member), uuid=self.kwargs["id"])


@extend_schema(tags=["decisions"])
class StepReassign(_OfStep):
    serializer_class = StepReassignedOut

    @extend_schema(
        summary="Put a named person in a place of a step (the lead or an admin)",
        request=ReassignIn,
        responses={201: StepReassignedOut},
    )
    @idempotent
    def post(self, request, id):
        step = self.step()
        given = self.read_body(ReassignIn)
        row = rerouting.reassign(
            member=self.member,
            step_id=step.pk,
            party_key=given["place"],
            person=given["person"],
            reason=given["reason"],
        )
        row.refresh_from_db()
        return Response(StepReassignedOut(row).data, status=status.HTTP_201_CREATED)


class RemindedOut(serializers.Serializer):
    people = Person(many=True)


@extend_schema(tags=["decisions"])
class StepRemind(_OfStep):
    serializer_class = RemindedOut

    @extend_schema(
        summary="Remind those who have yet to sign an open step; once a day (the lead)",
        request=None,
        responses={200: RemindedOut},
    )
    @idempotent
    def post(self, request, id):
        told = rerouting.remind(member=self.member, step_id=self.step().pk)
        return Response(RemindedOut({"people": told}).data)
