"""The shown result of a program or a review: which inputs it belongs to, whether a newer one is owed, its numbers."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments import permissions
from assessments.api.base import ApiView
from assessments.models import Program, Review
from assessments.scoring.confidential import without_commercial
from assessments.services.frameworks import framework_of
from assessments.services.shown import shown


class ScorecardOut(serializers.Serializer):
    state = serializers.CharField(help_text="fresh, pending (a newer one is on its way), failed, none")
    inputs_revision = serializers.IntegerField(
        allow_null=True, help_text="the count of inputs that there is now; null while scoring is blind"
    )
    scored_revision = serializers.IntegerField(
        allow_null=True, help_text="the count of inputs that the numbers belong to; null while scoring is blind"
    )
    inputs = serializers.CharField(help_text="what the numbers rest on, in words")
    cause = serializers.CharField(help_text="why the computation failed")
    job = serializers.UUIDField(allow_null=True, help_text="null while scoring is blind")
    id = serializers.UUIDField(allow_null=True)
    basis = serializers.CharField(allow_null=True, help_text="facts (always so while scoring is blind) or panel")
    engine = serializers.CharField(allow_null=True)
    depth = serializers.CharField(allow_null=True)
    input_digest = serializers.CharField(allow_null=True)
    computed_at = serializers.DateTimeField(allow_null=True)
    withheld = serializers.BooleanField(help_text="numbers that rest on prices and terms are left out for you")
    numbers = serializers.DictField(allow_null=True)


def _answer(request, subject: Program | Review, program: Program) -> Response:
    now = shown(subject)
    card = now.scorecard
    withheld = not permissions.can_see_commercial(request.member, program)
    version = f'W/"{card.uuid if card else ""}:{now.state}:{now.wanted}:{int(withheld)}"'
    if request.headers.get("If-None-Match") == version:
        return Response(status=304, headers={"ETag": version})
    numbers = card.numbers if card else None
    if numbers is not None and withheld:
        numbers = without_commercial(numbers, framework_of(card.criteria_version))
    data = {
        "state": now.state,
        "inputs_revision": now.wanted,
        "scored_revision": now.revision,
        "inputs": now.inputs,
        "cause": now.cause,
        "job": now.job.uuid if now.job and permissions.can_follow_job(subject) else None,
        "id": card.uuid if card else None,
        "basis": card.numbers["basis"] if card else None,
        "engine": card.engine_version if card else None,
        "depth": card.depth if card else None,
        "input_digest": card.input_digest if card else None,
        "computed_at": now.at,
        "withheld": withheld,
        "numbers": numbers,
    }
    return Response(ScorecardOut(data).data, headers={"ETag": version})


class ProgramScorecard(ApiView):
    serializer_class = ScorecardOut

    @extend_schema(summary="The facts-only result of a program", tags=["results"])
    def get(self, request, id):
        program = self.program()
        return _answer(request, program, program)


class ReviewScorecard(ApiView):
    serializer_class = ScorecardOut

    @extend_schema(summary="The shown result of a review; facts only while scoring is blind", tags=["results"])
    def get(self, request, id):
        review = self.review()
        return _answer(request, review, review.program)
