"""What was submitted, what is proposed, and who signed what."""

from django.db.models import Prefetch
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from assessments import permissions
from assessments.api.base import ApiView, ListView
from assessments.api.shapes import Person
from assessments.models import ApprovalParty, ApprovalStep, ProposedDecision, Review, Signature, Submission


class ProposedOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ProposedDecision.Kind.choices)
    option = serializers.CharField(source="option.key", allow_null=True)
    justification = serializers.CharField()
    sha256 = serializers.CharField()
    author = Person()
    created_at = serializers.DateTimeField()


class SignatureOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    person = Person(source="membership")
    printed_name = serializers.CharField()
    function = serializers.CharField(source="function.key", allow_null=True)
    meaning = serializers.ChoiceField(choices=Signature.Meaning.choices)
    proposed_decision = serializers.UUIDField(
        source="proposed_decision.uuid",
        allow_null=True,
        help_text="which it binds; a signature on any but the last is void",
    )
    submission_sha256 = serializers.CharField()
    proposed_sha256 = serializers.CharField()
    at = serializers.DateTimeField()
    digest = serializers.CharField(help_text="SHA-256 over all that the signature binds")


class StepOut(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    key = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ApprovalStep.Kind.choices)
    rule = serializers.ChoiceField(choices=ApprovalStep.Rule.choices)
    at_least = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(choices=ApprovalStep.State.choices)
    due_on = serializers.DateField(allow_null=True)
    parties = serializers.SerializerMethodField(help_text="who may sign: people, functions, roles by name")
    signatures = SignatureOut(many=True)

    def get_parties(self, step) -> list[str]:
        return [str(party) for party in step.parties.all()]


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


class Submissions(ListView):
    queryset = Submission.objects.none()
    serializer_class = SubmissionOut
    ordering = ("-number",)
    ordering_fields = ("number",)

    def get_queryset(self):
        signatures = Signature.objects.select_related("membership__user", "function", "proposed_decision")
        parties = ApprovalParty.objects.select_related("membership__user", "function")
        return (
            self.review()
            .submissions.defer("record")
            .select_related("submitted_by__user", "scorecard")
            .prefetch_related(
                Prefetch(
                    "proposed_decisions", queryset=ProposedDecision.objects.select_related("option", "author__user")
                ),
                Prefetch("steps__signatures", queryset=signatures),
                Prefetch("steps__parties", queryset=parties),
            )
        )

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
        permissions.can_see_commercial(self.member, submission.review.program).require()
        return HttpResponse(
            submission.record.encode(),
            content_type="application/json",
            headers={"ETag": f'"{submission.sha256}"'},
        )
