"""Tripwires of a review, its decision watch, and conditions across programs."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.models import Membership
from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text, VisibleId, Whole
from assessments.api.filtering import FilterSet
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH, seen_version
from assessments.api.shapes import Person
from assessments.errors import Invalid
from assessments.models import Condition, DecisionWatch, Review, Tripwire
from assessments.scoring.confidential import HIDDEN
from assessments.services import condition_states, tripwires
from assessments.services.evidence import Given
from assessments.services.frameworks import framework_of
from assessments.services.owning import LAST_MONTH
from assessments.services.watches.wording import shown_causes


class TripwireOut(serializers.Serializer):
    id = serializers.UUIDField(source="row.uuid")
    key = serializers.CharField(source="row.key")
    field = serializers.CharField(source="row.field")
    option = serializers.CharField(source="row.option_key", help_text="key of the option; empty for the program")
    comparison = serializers.ChoiceField(source="row.comparison", choices=Tripwire.Comparison.choices)
    threshold = serializers.JSONField(help_text="in the field's unit; null where it is confidential to you")
    by_month = serializers.IntegerField(source="row.by_month", allow_null=True)
    owner = Person(source="row.owner", allow_null=True)
    owner_left = serializers.BooleanField(
        source="row.owner_left",
        help_text="its owner left, holds no role or may not see the program: name somebody else",
    )
    because = serializers.CharField(help_text="empty where it is confidential to you")
    sentence = serializers.CharField()
    proposed_by_engine = serializers.BooleanField(source="row.proposed")
    version = serializers.IntegerField(source="row.version")


class TripwireIn(Input):
    key = Text(max_length=80, required=False, default="", help_text="of one that is changed; left out for a new one")
    version = Whole(min_value=1, required=False, help_text="of the one that is changed, as you saw it")
    field = Text(max_length=60, required=False, default="")
    option = Text(max_length=40, required=False, default="", allow_blank=True)
    comparison = serializers.ChoiceField(choices=Tripwire.Comparison.choices)
    threshold = serializers.JSONField(help_text="in the field's unit; of a choice its key or its words")
    by_month = Whole(min_value=0, max_value=LAST_MONTH, required=False, allow_null=True, default=None)
    owner = VisibleId(Membership.objects.visible_to, required=False, allow_null=True, default=None)
    because = Text(max_length=tripwires.LONGEST_REASON, required=False, default="", allow_blank=True)


def _wires(member: Membership, review: Review) -> list[dict]:
    schema = framework_of(review.criteria_version).schema
    commercial = bool(permissions.can_see_commercial(member, review.program))
    found = []
    for row in review.tripwires.with_gone().select_related("owner__user"):
        field = schema.fields.get(row.field)
        hides = not commercial and field is not None and field.commercial
        sentence = tripwires.sentence_of(tripwires.wire_of(row), schema, review.revision.facts)
        found.append(
            {
                "row": row,
                "threshold": None if hides else row.threshold,
                "sentence": HIDDEN if hides else sentence,
                "because": "" if hides else row.because,
            }
        )
    return found


@extend_schema(tags=["decisions"])
class Tripwires(ListView):
    queryset = Tripwire.objects.none()
    serializer_class = TripwireOut
    filter_backends = ()

    def get_queryset(self):
        return _wires(self.member, self.review())

    @extend_schema(summary="Tripwires: facts that would end the decision")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Add a tripwire, or change one by its key (the lead)", request=TripwireIn, responses={201: TripwireOut}
    )
    @idempotent
    def post(self, request, id):
        review = self.review()
        row = tripwires.set_tripwire(member=self.member, review_id=review.pk, **self.read_body(TripwireIn))
        found = next(one for one in _wires(self.member, review) if one["row"].pk == row.pk)
        return Response(TripwireOut(found).data, status=status.HTTP_201_CREATED)


class TripwireDetail(ApiView):
    serializer_class = TripwireOut

    @extend_schema(
        summary="Take a tripwire off (the lead)", tags=["decisions"], parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request, id):
        visible = Tripwire.objects.filter(review__in=Review.objects.visible_to(self.member))
        row = self.find(visible, uuid=id)
        tripwires.drop_tripwire(
            member=self.member, review_id=row.review_id, key=row.key, seen_version=seen_version(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class CauseOut(serializers.Serializer):
    kind = serializers.CharField(help_text="reason, gate, tripwire, fact, time, criteria or note")
    sentence = serializers.CharField()


class FiredOut(serializers.Serializer):
    key = serializers.CharField()
    sentence = serializers.CharField()
    now = serializers.CharField(allow_blank=True)


class WatchOut(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=DecisionWatch.State.choices)
    since = serializers.DateTimeField(help_text="when the state began")
    sentence = serializers.CharField()
    causes = CauseOut(many=True)
    fired = FiredOut(many=True, help_text="tripwires that are crossed")
    revision = serializers.UUIDField(help_text="the newest facts that were looked at")
    criteria_version = serializers.UUIDField()
    elapsed_months = serializers.IntegerField(help_text="from the assessment date of these facts")
    checked_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True, help_text="when another decision replaced this one")


class Watch(ApiView):
    serializer_class = WatchOut

    @extend_schema(
        summary="Whether an approved decision still holds, and what did it",
        tags=["decisions"],
        responses={200: WatchOut},
    )
    def get(self, request, id):
        review = self.review()
        row = self.find(DecisionWatch.objects.select_related("revision", "criteria_version"), review=review)
        commercial = bool(permissions.can_see_commercial(self.member, review.program))
        fired = [
            one if commercial or not one["commercial"] else one | {"sentence": HIDDEN, "now": ""} for one in row.fired
        ]
        told = {
            "id": row.uuid,
            "state": row.state,
            "since": row.since,
            "sentence": row.sentence,
            "causes": shown_causes(row.causes, commercial=commercial, hidden=HIDDEN),
            "fired": fired,
            "revision": row.revision.uuid,
            "criteria_version": row.criteria_version.uuid,
            "elapsed_months": row.elapsed_months,
            "checked_at": row.checked_at,
            "ended_at": row.ended_at,
        }
        return Response(WatchOut(told).data)


class StandingOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    title = serializers.CharField()
    mandatory = serializers.BooleanField()
    gate = serializers.CharField()
    program = serializers.UUIDField(source="review.program.uuid")
    review = serializers.UUIDField(source="review.uuid")
    owner = Person(allow_null=True)
    owner_left = serializers.BooleanField(
        help_text="it is still to be done, and its owner left, holds no role or may not see the program: hand it over"
    )
    due_month = serializers.IntegerField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    state = serializers.ChoiceField(choices=Condition.State.choices)
    note = serializers.CharField()
    done_at = serializers.DateTimeField(allow_null=True)
    evidence_expired = serializers.BooleanField(help_text="a piece of its evidence was valid until a day that is past")
    version = serializers.IntegerField()


class StandingFilter(FilterSet):
    title = django_filters.CharFilter(lookup_expr="icontains", help_text="part of the title")
    program = django_filters.UUIDFilter(field_name="review__program__uuid")
    overdue = django_filters.BooleanFilter(method="is_overdue", help_text="true: open, and the day is past")
    owner_left = django_filters.BooleanFilter(
        method="has_owner_left", help_text="true: open, and its owner cannot see to it any more"
    )

    class Meta:
        model = Condition
        fields = ["state", "mandatory"]

    def is_overdue(self, queryset, name, value):
        late = Condition.objects.overdue(self.request.member.organization).values("pk")
        return queryset.filter(pk__in=late) if value else queryset.exclude(pk__in=late)

    def has_owner_left(self, queryset, name, value):
        left = Condition.objects.left_behind().values("pk")
        return queryset.filter(pk__in=left) if value else queryset.exclude(pk__in=left)


def _standing(member: Membership):
    return (
        Condition.objects.visible_to(member)
        .standing()
        .with_due_on()
        .with_expired_evidence(member.organization)
        .with_gone()
        .select_related("review__program", "owner__user")
    )


class StandingConditions(ListView):
    queryset = Condition.objects.none()
    serializer_class = StandingOut
    filterset_class = StandingFilter
    ordering = ("due_month",)
    ordering_fields = ("due_month", "title", "state")

    def get_queryset(self):
        return _standing(self.member)

    @extend_schema(summary="Conditions of every approved decision", tags=["decisions"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class MoveIn(Input):
    state = serializers.ChoiceField(choices=Condition.State.choices)
    note = Text(max_length=condition_states.LONGEST_NOTE, required=False, default="", allow_blank=True)
    evidence_url = Text(max_length=1000, required=False, default="", help_text="a link that shows it")
    evidence_title = Text(max_length=250, required=False, default="")
    evidence_dated = serializers.DateField(required=False, allow_null=True, default=None)
    evidence_valid_until = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="the last day"
    )


EVIDENCE_PARTS = ("url", "title", "dated", "valid_until")


def _as_in_the_body(problem: dict) -> dict:
    """A problem of evidence under the name that its part has in MoveIn."""
    if problem["field"] == "file":
        words = "Give the link that shows it. Files go to conditions/{id}/evidence/."
        return problem | {"field": "evidence_url", "message": words}
    return problem | {"field": f"evidence_{problem['field']}"} if problem["field"] in EVIDENCE_PARTS else problem


class ConditionState(ApiView):
    serializer_class = StandingOut

    @extend_schema(
        summary="Say how far a condition is (its owner, the lead, an admin)",
        tags=["decisions"],
        parameters=[IF_MATCH],
        request=MoveIn,
        responses={200: StandingOut},
    )
    def put(self, request, id):
        row = self.find(_standing(self.member), uuid=id)
        given = self.read_body(MoveIn)
        told = {name: given[f"evidence_{name}"] for name in EVIDENCE_PARTS}
        try:
            condition_states.move(
                member=self.member,
                condition_id=row.pk,
                state=given["state"],
                note=given["note"],
                given=Given(**told) if any(told.values()) else None,
                seen_version=seen_version(request),
            )
        except Invalid as invalid:
            raise Invalid([_as_in_the_body(one) for one in invalid.problems]) from None
        moved = self.find(_standing(self.member), uuid=id)
        return Response(StandingOut(moved).data, headers={"ETag": f'"{moved.version}"'})


class HandOverIn(Input):
    owner = VisibleId(Membership.objects.visible_to)
    reason = Text(max_length=condition_states.LONGEST_NOTE)


class ConditionOwner(ApiView):
    serializer_class = StandingOut

    @extend_schema(
        summary="Hand a condition over to somebody else, with the reason (its owner, the lead, an admin)",
        tags=["decisions"],
        parameters=[IF_MATCH],
        request=HandOverIn,
        responses={200: StandingOut},
    )
    def put(self, request, id):
        row = self.find(_standing(self.member), uuid=id)
        given = self.read_body(HandOverIn)
        condition_states.hand_over(
            member=self.member,
            condition_id=row.pk,
            owner=given["owner"],
            reason=given["reason"],
            seen_version=seen_version(request),
        )
        moved = self.find(_standing(self.member), uuid=id)
        return Response(StandingOut(moved).data, headers={"ETag": f'"{moved.version}"'})
