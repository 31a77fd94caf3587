"""What was submitted, what is proposed, and who signed what."""

from django.db.models import Prefetch
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.idempotency import idempotent
from assessments.api.shapes import Person
from assessments.models import (
    ApprovalParty,
    ApprovalStep,
    ProposedDecision,
    ReturnQuestion,
    Review,
    Signature,
    StepReassignment,
    Submission,
    Tripwire,
)
from assessments.services import coming_back, proposals, recomputing, records, routes, verifying


class FrozenPerson(serializers.Serializer):
    """A person as a frozen record names them: the name is the one of that time."""

    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()


class FrozenCondition(serializers.Serializer):
    key = serializers.CharField()
    gate = serializers.CharField(help_text="that demands it; empty if it is advised")
    title = serializers.CharField()
    because = serializers.CharField()
    mandatory = serializers.BooleanField()
    owner_function = serializers.CharField(help_text="key of the function; empty for none")
    owner = FrozenPerson(allow_null=True)
    due_month = serializers.IntegerField(allow_null=True, help_text="counted from the assessment date")
    due_on = serializers.DateField(allow_null=True)


class FrozenOverride(serializers.Serializer):
    gate = serializers.CharField()
    name = serializers.CharField()
    message = serializers.CharField(help_text="why the gate blocks the option")
    reason = serializers.CharField(help_text="for setting it aside")


class FrozenTripwire(serializers.Serializer):
    key = serializers.CharField()
    field = serializers.CharField()
    label = serializers.CharField()
    unit = serializers.CharField()
    option = serializers.CharField(source="option.key", default="", help_text="key; empty for the program")
    comparison = serializers.ChoiceField(choices=Tripwire.Comparison.choices)
    threshold = serializers.JSONField(help_text="in the field's unit; null where it is confidential to you")
    by_month = serializers.IntegerField(allow_null=True, help_text="counted from the assessment date")
    by_on = serializers.DateField(allow_null=True)
    owner_function = serializers.CharField(help_text="key of the function; empty for none")
    owner = FrozenPerson(allow_null=True)
    because = serializers.CharField(help_text="empty where it is confidential to you")
    proposed_by_engine = serializers.BooleanField()
    sentence = serializers.CharField()


class ProposedOut(serializers.Serializer):
    """A proposed decision as it was frozen and is signed, whatever became of its parts since."""

    id = serializers.UUIDField(source="uuid")
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ProposedDecision.Kind.choices)
    option = serializers.CharField(source="option.key", allow_null=True)
    sentence = serializers.CharField(source="said.sentence", help_text="the choice in words, as the signers read it")
    justification = serializers.CharField()
    conditions = FrozenCondition(source="said.conditions", many=True)
    overrides = FrozenOverride(source="said.overrides", many=True, help_text="gates that the choice sets aside")
    tripwires = FrozenTripwire(source="said.tripwires", many=True, help_text="what would end it")
    sha256 = serializers.CharField(help_text="of the record's bytes")
    record = serializers.CharField(
        source="text",
        allow_null=True,
        help_text="the very text whose SHA-256 is signed; null without the right to see prices and terms",
    )
    author = Person()
    written_by = serializers.CharField(help_text="the author's name, with whose place was taken")
    created_at = serializers.DateTimeField()


class SignatureOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    person = Person(source="membership")
    printed_name = serializers.CharField(help_text="as it was when signed, with whose place was taken")
    on_behalf_of = Person(allow_null=True, help_text="who had delegated to the person")
    function = serializers.CharField(source="function.key", allow_null=True)
    meaning = serializers.ChoiceField(choices=Signature.Meaning.choices)
    proposed_decision = serializers.UUIDField(
        source="proposed_decision.uuid",
        allow_null=True,
        help_text="which it binds; a signature on any but the last is void",
    )
    statement = serializers.CharField(help_text="that the signature makes, as it was shown")
    statement_version = serializers.CharField()
    factors = serializers.CharField(help_text="what the person proved themselves with, such as password+totp")
    submission = serializers.IntegerField(
        source="submission.number", help_text="a former one where the signature stands from it, and binds its record"
    )
    submission_sha256 = serializers.CharField()
    proposed_sha256 = serializers.CharField(help_text="empty on a functional step")
    at = serializers.DateTimeField()
    digest = serializers.CharField(help_text="SHA-256 over all that the signature binds")


class PlaceOut(serializers.Serializer):
    key = serializers.SerializerMethodField(
        help_text="function:KEY, role:NAME or person:ID; names it for a reassignment"
    )
    name = serializers.SerializerMethodField()

    def get_key(self, party) -> str:
        return routes.party_key(party)

    def get_name(self, party) -> str:
        return routes.party_words(party)


class ReassignedOut(serializers.Serializer):
    person = Person(source="membership")
    in_place_of = serializers.CharField()
    reason = serializers.CharField()
    by = Person()
    at = serializers.DateTimeField()


class StepOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    key = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ApprovalStep.Kind.choices)
    rule = serializers.ChoiceField(choices=ApprovalStep.Rule.choices)
    at_least = serializers.IntegerField(allow_null=True)
    despite = serializers.ListField(
        child=serializers.CharField(), help_text="duties (rated, submitted, signed) that keep nobody from signing it"
    )
    state = serializers.ChoiceField(choices=ApprovalStep.State.choices)
    due_on = serializers.DateField(allow_null=True)
    places = PlaceOut(many=True, source="parties.all", help_text="who may sign: people, functions, roles")
    signatures = SignatureOut(
        many=True, source="all_signatures", help_text="also those that stand from former submissions"
    )
    opened_at = serializers.DateTimeField(allow_null=True)
    reassigned = ReassignedOut(many=True, source="reassignments.all")


class AnswerOut(serializers.Serializer):
    question = serializers.CharField()
    asked_by = Person()
    on_behalf_of = Person(allow_null=True, help_text="who had delegated to the person who asked")
    answer = serializers.CharField()
    answered_by = Person()


class AnsweredReturn(serializers.Serializer):
    reason = serializers.CharField(help_text="for which the former submission was returned")
    returned_by = Person(allow_null=True)
    on_behalf_of = Person(allow_null=True, help_text="who had delegated to the person who returned it")
    answer = serializers.CharField(help_text="what was done about it, by whoever submitted again")


class SubmissionOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    number = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of the record's bytes")
    submitted_by = Person()
    submitted_at = serializers.DateTimeField()
    missing_reason = serializers.CharField()
    scorecard = serializers.UUIDField(source="scorecard.uuid")
    proposed_decisions = ProposedOut(many=True)
    steps = StepOut(many=True)
    answers = AnswerOut(many=True, help_text="to the question that sent the former submission back")
    answer_to_return = AnsweredReturn(allow_null=True, help_text="null where the former one was not returned")


class Submissions(ListView):
    queryset = Submission.objects.none()
    serializer_class = SubmissionOut
    ordering = ("-number",)
    ordering_fields = ("number",)

    def get_queryset(self):
        moved = StepReassignment.objects.select_related(
            "membership__user", "by__user", "former_membership__user", "former_function"
        )
        parties = ApprovalParty.objects.select_related("membership__user", "function")
        return (
            self.review()
            .submissions.defer("record")
            .select_related("submitted_by__user", "scorecard")
            .prefetch_related(
                Prefetch(
                    "proposed_decisions", queryset=ProposedDecision.objects.select_related("option", "author__user")
                ),
                Prefetch("steps__reassignments", queryset=moved),
                Prefetch("steps__parties", queryset=parties),
                Prefetch(
                    "answers",
                    queryset=ReturnQuestion.objects.select_related(
                        "asked_by__user", "on_behalf_of__user", "answered_by__user"
                    ),
                ),
            )
        )

    def paginate_queryset(self, queryset):
        page = super().paginate_queryset(queryset)
        steps = [step for submission in page for step in submission.steps.all()]
        signatures = routes.signatures_of(steps)
        for step in steps:
            step.all_signatures = signatures[step.pk]
        review = self.review()
        commercial = bool(permissions.can_see_commercial(self.member, review.program))
        answers = coming_back.answers_to_returns(review) if review.returned else {}
        for submission in page:
            submission.answer_to_return = answers.get(submission.number)
            for proposed in submission.proposed_decisions.all():
                proposed.said = proposals.said_in(proposed, review, commercial=commercial)
                proposed.text = proposed.record if commercial else None
        return page

    @extend_schema(summary="Submissions with proposed decisions, steps and signatures", tags=["decisions"])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)


class SubmissionRecord(ApiView):
    """The frozen text itself, so that anyone can take its digest again; it holds prices and terms."""

    @extend_schema(
        summary="The frozen record: the very bytes whose SHA-256 was signed",
        tags=["decisions"],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request, id):
        visible = Submission.objects.filter(review__in=Review.objects.visible_to(self.member))
        submission = self.find(visible.select_related("review__program"), uuid=id)
        return HttpResponse(
            records.hand_out(member=self.member, submission=submission).encode(),
            content_type="application/json",
            headers={"ETag": f'"{submission.sha256}"'},
        )


class MismatchOut(serializers.Serializer):
    what = serializers.CharField()
    message = serializers.CharField()


class VersionOut(serializers.Serializer):
    name = serializers.CharField()
    then = serializers.CharField(help_text="in the record")
    now = serializers.CharField(help_text="here")


class RecomputedOut(serializers.Serializer):
    outcome = serializers.ChoiceField(
        choices=("same", "within", "beyond", "differs", "unreadable"),
        help_text="same: bit for bit. within, beyond: other versions compute here, and every figure lies within its stated "
        "error or not. differs: the versions that the record names, and other figures. unreadable: nothing was computed",
    )
    sentence = serializers.CharField()
    figures = serializers.IntegerField(help_text="how many were compared")
    versions = VersionOut(source="others", many=True, help_text="those that are not the record's")
    mismatches = MismatchOut(many=True, help_text="hashes, signatures and rows that are not what was signed")


class SubmissionRecompute(ApiView):
    """Read from the record alone, and stored nowhere; that it was asked for is an audit event."""

    serializer_class = RecomputedOut

    @extend_schema(
        summary="Recompute the result from the frozen record, and verify its hashes and signatures",
        tags=["decisions"],
        request=None,
        responses={200: RecomputedOut},
    )
    @idempotent
    def post(self, request, id):
        visible = Submission.objects.filter(review__in=Review.objects.visible_to(self.member))
        submission = self.find(visible.select_related("review__program", "revision", "scorecard"), uuid=id)
        found = recomputing.recompute(member=self.member, submission=submission)
        data = {name: getattr(found, name) for name in ("outcome", "sentence", "figures", "others")}
        return Response(RecomputedOut(data | {"mismatches": verifying.verify(submission)}).data)
