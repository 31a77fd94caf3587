"""Who rates for which function in a review."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.models import Function, Membership
from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.fields import Input, Text
from assessments.api.shapes import Person
from assessments.errors import Invalid
from assessments.models import Assignment
from assessments.services import ratings, reviews


class AssignmentOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    person = Person(source="membership")
    function = serializers.CharField(source="function.key")
    due_on = serializers.DateField(allow_null=True)
    state = serializers.SerializerMethodField(
        help_text="open or done; null while scoring is blind, but for the lead and oneself"
    )

    def get_state(self, assignment) -> str | None:
        own = assignment.membership_id == self.context["request"].member.pk
        return assignment.state if own or self.context["progress"] else None


class AssignmentIn(Input):
    function = Text(max_length=60, help_text="the key of a function of the organization")
    due_on = serializers.DateField(required=False, allow_null=True)


class AssignmentDone(Input):
    state = serializers.ChoiceField(choices=["done"])


class AssignmentView:
    """What list and detail share: progress is for the lead until the reveal."""

    def get_serializer_context(self):
        context = super().get_serializer_context()
        review = self.found
        return context | {
            "progress": not review.is_blind or bool(permissions.can_lead_review(self.member, review.program))
        }


class Assignments(AssignmentView, ListView):
    queryset = Assignment.objects.none()
    serializer_class = AssignmentOut
    ordering = ("function__position",)
    ordering_fields = ("due_on", "function__position")

    def get_queryset(self):
        self.found = self.review()
        return self.found.assignments.select_related("membership__user", "function")

    @extend_schema(summary="Who rates for which function", tags=["reviews"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class AssignmentDetail(AssignmentView, ApiView):
    serializer_class = AssignmentOut

    def person(self) -> Membership:
        return self.find(Membership.objects.visible_to(self.member), uuid=self.kwargs["person"])

    def answer(self, assignment, code=status.HTTP_200_OK) -> Response:
        return Response(AssignmentOut(assignment, context=self.get_serializer_context()).data, status=code)

    @extend_schema(summary="Ask a person to rate for a function (the lead)", tags=["reviews"], request=AssignmentIn)
    def put(self, request, id, person):
        self._found()
        given = self.read_body(AssignmentIn)
        function = Function.objects.filter(organization_id=self.member.organization_id, key=given["function"]).first()
        if function is None:
            words = f"The organization has no function {given['function']!r}."
            raise Invalid([{"field": "function", "option": "", "value": given["function"], "message": words}])
        assignment = reviews.assign(
            member=self.member,
            review_id=self.found.pk,
            membership=self.person(),
            function=function,
            due_on=given.get("due_on"),
        )
        return self.answer(assignment)

    @extend_schema(summary="Say that one's own scoring is done", tags=["reviews"], request=AssignmentDone)
    def patch(self, request, id, person):
        self._found()
        if self.person().pk != self.member.pk:
            permissions.can_rate(self.member, self.found, None).require()
        self.read_body(AssignmentDone)
        return self.answer(ratings.finish_scoring(member=self.member, review_id=self.found.pk))

    @extend_schema(summary="Take an assignment back (the lead)", tags=["reviews"], responses={204: None})
    def delete(self, request, id, person):
        self._found()
        reviews.unassign(member=self.member, review_id=self.found.pk, membership=self.person())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _found(self):
        self.found = self.review()
        return self.found
