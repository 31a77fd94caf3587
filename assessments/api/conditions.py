"""What must be done whichever option is chosen: demanded by gates, or advised."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.models import Membership
from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text, VisibleId, Whole
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH, seen_version
from assessments.api.shapes import Person
from assessments.models import Condition, Review
from assessments.scoring.confidential import HIDDEN, confidential
from assessments.services import conditions
from assessments.services.frameworks import framework_of
from assessments.services.owning import LAST_MONTH


class ConditionOut(serializers.Serializer):
    id = serializers.UUIDField(allow_null=True, help_text="null while nobody was asked to see to it")
    key = serializers.CharField()
    gate = serializers.CharField(help_text="that demands it; empty if it is advised")
    title = serializers.CharField()
    because = serializers.CharField()
    mandatory = serializers.BooleanField()
    owner = Person(allow_null=True)
    due_month = serializers.IntegerField(allow_null=True, help_text="counted from the assessment date")
    state = serializers.ChoiceField(choices=Condition.State.choices)
    version = serializers.IntegerField(help_text="0 while nobody was asked to see to it")


class ConditionAssigned(Input):
    key = Text(max_length=80)
    owner = VisibleId(Membership.objects.visible_to)
    due_month = Whole(min_value=0, max_value=LAST_MONTH)
    version = Whole(min_value=0)


class ConditionIn(Input):
    title = Text(max_length=250)
    because = Text(max_length=conditions.LONGEST_BECAUSE, required=False, default="", allow_blank=True)
    owner = VisibleId(Membership.objects.visible_to)
    due_month = Whole(min_value=0, max_value=LAST_MONTH)
    function = Text(max_length=60, required=False, default="", allow_blank=True)


def _rows(member, review: Review) -> list[dict]:
    """Stored conditions, and until the submission what gates demand and nobody was asked to see to."""
    stored = list(review.conditions.select_related("owner__user"))
    hidden: frozenset[str] = frozenset()
    if not permissions.can_see_commercial(member, review.program):
        hidden = confidential(framework_of(review.criteria_version)).gates
    found = [
        {
            "id": row.uuid,
            "key": row.key,
            "gate": row.gate,
            "title": row.title,
            "because": HIDDEN if row.gate in hidden else row.because,
            "mandatory": row.mandatory,
            "owner": row.owner,
            "due_month": row.due_month,
            "state": row.state,
            "version": row.version,
        }
        for row in stored
    ]
    if review.state not in Review.BEFORE_APPROVAL or review.headline is None:
        return found
    known = {row.key for row in stored}
    return found + [
        {
            "id": None,
            "key": demand.key,
            "gate": demand.gate,
            "title": demand.title,
            "because": HIDDEN if demand.gate in hidden else demand.because,
            "mandatory": True,
            "owner": None,
            "due_month": demand.due_month,
            "state": Condition.State.OPEN,
            "version": 0,
        }
        for demand in conditions.demands(review.headline.numbers)
        if demand.key not in known
    ]


@extend_schema(tags=["decisions"])
class Conditions(ListView):
    queryset = Condition.objects.none()
    serializer_class = ConditionOut
    filter_backends = ()

    def get_queryset(self):
        return _rows(self.member, self.review())

    def one(self, review: Review, code: int, **by) -> Response:
        row = review.conditions.get(**by)
        found = next(one for one in _rows(self.member, review) if one["key"] == row.key)
        return Response(ConditionOut(found).data, status=code)

    @extend_schema(summary="Conditions: demanded by gates, or advised")
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Say who sees to a condition, and by when (the lead)",
        request=ConditionAssigned,
        responses={200: ConditionOut},
    )
    def put(self, request, id):
        review = self.review()
        given = self.read_body(ConditionAssigned)
        conditions.assign_condition(
            member=self.member,
            review_id=review.pk,
            key=given["key"],
            owner=given["owner"],
            due_month=given["due_month"],
            seen_version=given["version"],
        )
        return self.one(review, status.HTTP_200_OK, key=given["key"])

    @extend_schema(
        summary="Advise a condition that no gate demands (the lead)", request=ConditionIn, responses={201: ConditionOut}
    )
    @idempotent
    def post(self, request, id):
        review = self.review()
        given = self.read_body(ConditionIn)
        conditions.advise_condition(
            member=self.member,
            review_id=review.pk,
            title=given["title"],
            because=given["because"],
            owner=given["owner"],
            due_month=given["due_month"],
            function_key=given["function"],
        )
        return self.one(review, status.HTTP_201_CREATED, key=conditions.key_of("advised", given["title"].strip()))


class ConditionDetail(ApiView):
    serializer_class = ConditionOut

    @extend_schema(
        summary="Take an advised condition off the list (the lead)",
        tags=["decisions"],
        parameters=[IF_MATCH],
        responses={204: None},
    )
    def delete(self, request, id):
        visible = Condition.objects.filter(review__in=Review.objects.visible_to(self.member))
        row = self.find(visible, uuid=id)
        conditions.drop_condition(
            member=self.member, review_id=row.review_id, key=row.key, seen_version=seen_version(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
