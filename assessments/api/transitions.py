"""The steps of a review's life. A signature needs a grant of its person's re-authentication, never a token alone."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.models import Membership
from accounts.outbound import address_of
from assessments.api.base import ApiView
from assessments.api.fields import Input, Text, VisibleId, Whole
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH_OPTIONAL, etag, seen_version
from assessments.api.reviews import WITH_IT, ReviewOut
from assessments.api.watches import TripwireIn
from assessments.errors import GrantRefused
from assessments.models import ApprovalStep, ProposedDecision, Review, Signature
from assessments.services import approvals, conditions, reconciling, reviews, submissions
from assessments.services.owning import LAST_MONTH
from assessments.services.places import LONGEST_REASON


@dataclass(frozen=True)
class Act:
    """Who asks for what on which review. `given` has only fields that the action takes."""

    member: Membership
    review: Review
    given: dict
    seen: int | None

    @property
    def common(self) -> dict:
        return {"member": self.member, "review_id": self.review.pk, "seen_version": self.seen}

    @property
    def proposal(self) -> dict:
        """The fields of a proposed decision as the services name them."""
        return {
            "kind": self.given.get("kind", ""),
            "option_key": self.given.get("option", ""),
            "justification": self.given.get("justification", ""),
            "conditions": self.given.get("conditions", []),
            "overrides": self.given.get("overrides", {}),
        }


def _start(act: Act):
    reviews.start(**act.common)


def _reveal(act: Act):
    reconciling.reveal(**act.common, reason=act.given.get("reason", ""))


def _submit(act: Act):
    submissions.submit(
        **act.common,
        **act.proposal,
        missing_reason=act.given.get("reason", ""),
        answer=act.given.get("answer", ""),
        places=act.given.get("places", []),
        seen_result=str(act.given.get("scorecard", "")),
    )


def _amend(act: Act):
    approvals.amend(
        member=act.member,
        review_id=act.review.pk,
        **act.proposal,
        dropped_conditions=act.given.get("dropped_conditions", []),
        tripwires=act.given.get("tripwires", []),
        dropped_tripwires=act.given.get("dropped_tripwires", []),
        seen_number=act.given.get("proposed_number"),
    )


def _sign(act: Act):
    if not act.given.get("grant"):
        place = address_of(reverse("assessments:review_approval", args=[act.review.uuid]))
        raise GrantRefused(
            f"A token alone never signs. The person confirms on {place}, under “Sign through a program of yours”, and the "
            "program sends the grant that is shown there, within five minutes."
        )
    approvals.sign(
        member=act.member,
        step_id=act.given["step"].pk,
        grant=act.given.get("grant", ""),
        meaning=act.given.get("meaning", ""),
        function_key=act.given.get("function", ""),
        on_behalf_of=act.given.get("on_behalf_of"),
    )


def _return(act: Act):
    approvals.return_review(**act.common, reason=act.given.get("reason", ""))


def _question(act: Act):
    approvals.ask_question(**act.common, question=act.given.get("question", ""))


def _reject(act: Act):
    approvals.reject(**act.common, reason=act.given.get("reason", ""))


def _withdraw(act: Act):
    reviews.withdraw(**act.common, reason=act.given.get("reason", ""))


MOST_OVERRIDES = 100
PROPOSAL = ("kind", "option", "justification", "conditions", "overrides")
# What each action does, and which fields it takes.
ACTIONS: dict[str, tuple[Callable[[Act], None], tuple[str, ...]]] = {
    "start": (_start, ()),
    "reveal": (_reveal, ("reason",)),
    "submit": (_submit, (*PROPOSAL, "reason", "answer", "places", "scorecard")),
    "amend": (_amend, (*PROPOSAL, "dropped_conditions", "tripwires", "dropped_tripwires", "proposed_number")),
    "sign": (_sign, ("step", "grant", "meaning", "function", "on_behalf_of")),
    "return": (_return, ("reason",)),
    "question": (_question, ("question",)),
    "reject": (_reject, ("reason",)),
    "withdraw": (_withdraw, ("reason",)),
}


class ConditionOfProposal(Input):
    key = Text(max_length=80, required=False, help_text="of a condition that is listed")
    title = Text(max_length=250, required=False, help_text="of a new one")
    because = Text(max_length=conditions.LONGEST_BECAUSE, required=False, allow_blank=True)
    owner = VisibleId(Membership.objects.visible_to)
    due_month = Whole(min_value=0, max_value=LAST_MONTH)
    version = Whole(min_value=0, required=False)


class PlaceTaken(Input):
    step = Text(max_length=60, help_text="key of the route's step")
    place = Text(
        max_length=300,
        help_text="function:KEY, role:NAME or person:ID, as a step names it; person:ADDRESS, as the criteria do, is taken too",
    )
    person = VisibleId(lambda member: Membership.objects.visible_to(member).active(), help_text="who signs instead")
    reason = Text(max_length=LONGEST_REASON)


class TransitionIn(Input):
    action = serializers.ChoiceField(choices=list(ACTIONS))
    reason = Text(
        max_length=4000, required=False, allow_blank=True, help_text="why; of `submit`: over what is missing or stale"
    )
    kind = serializers.ChoiceField(choices=ProposedDecision.Kind.choices, required=False)
    option = Text(max_length=40, required=False, allow_blank=True)
    justification = Text(max_length=8000, required=False, allow_blank=True)
    conditions = serializers.ListField(child=ConditionOfProposal(), required=False, max_length=100)
    overrides = serializers.DictField(
        child=Text(max_length=4000, allow_blank=True), required=False, help_text="{gate: reason} of a blocked option"
    )
    dropped_conditions = serializers.ListField(
        child=Text(max_length=80),
        required=False,
        max_length=100,
        help_text="of `amend`: keys of advised ones to take off; those of gates stay",
    )
    tripwires = serializers.ListField(
        child=TripwireIn(), required=False, max_length=100, help_text="of `amend`: to add, or by their keys to change"
    )
    dropped_tripwires = serializers.ListField(
        child=Text(max_length=80), required=False, max_length=100, help_text="of `amend`: keys of those to take off"
    )
    places = serializers.ListField(
        child=PlaceTaken(),
        required=False,
        max_length=50,
        help_text="of `submit`: those of the route that somebody else takes",
    )
    scorecard = serializers.UUIDField(required=False, help_text="of the result that you looked at")
    proposed_number = Whole(min_value=1, required=False, help_text="of the proposed decision that you looked at")
    step = VisibleId(ApprovalStep.objects.visible_to, required=False)
    grant = Text(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="which its person gets on the approval page by confirming with password and second factor, at most five "
        "minutes old; 403 without it",
    )
    meaning = serializers.ChoiceField(choices=Signature.Meaning.choices, required=False)
    function = Text(max_length=60, required=False, allow_blank=True, help_text="for which one signs")
    on_behalf_of = VisibleId(
        lambda member: Membership.objects.visible_to(member),
        required=False,
        help_text="who delegated to you, where you sign in their place; as it was when the grant was given, else 409",
    )
    question = Text(max_length=4000, required=False, allow_blank=True, help_text="one, to the lead")
    answer = Text(
        max_length=8000,
        required=False,
        allow_blank=True,
        help_text="of `submit`: to the question that sent it back, or what was done about the return",
    )

    def validate(self, attrs):
        action = attrs["action"]
        takes = ACTIONS[action][1]
        foreign = [name for name in attrs if name != "action" and name not in takes]
        if foreign:
            words = f"“{action}” takes {', '.join(takes) or 'no other field'}."
            raise serializers.ValidationError({name: [words] for name in foreign})
        if len(attrs.get("overrides", {})) > MOST_OVERRIDES:
            raise serializers.ValidationError({"overrides": [f"At most {MOST_OVERRIDES} gates are set aside."]})
        if action == "sign":
            step = attrs.get("step")
            if step is None or step.review_id != self.context["view"].found.pk:
                raise serializers.ValidationError({"step": ["Name a step of this review."]})
        return attrs


class Transitions(ApiView):
    serializer_class = TransitionIn

    @extend_schema(
        summary="Take a review to its next state",
        tags=["reviews"],
        parameters=[IF_MATCH_OPTIONAL],
        request=TransitionIn,
        responses={200: ReviewOut},
    )
    @idempotent
    def post(self, request, id):
        self.found = self.review()
        given = self.read_body(TransitionIn)
        do, _ = ACTIONS[given["action"]]
        do(Act(self.member, self.found, given, seen_version(request, required=False)))
        review = Review.objects.select_related(*WITH_IT).get(pk=self.found.pk)
        return Response(ReviewOut(review).data, headers=etag(review.version))
