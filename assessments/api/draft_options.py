"""The options of a program's draft, and moving its month 0 to today."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from assessments.api.base import ApiView
from assessments.api.drafts import DraftOptionOut
from assessments.api.fields import Input, Text, Whole
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH, etag, seen_version
from assessments.services import drafts


class OptionIn(Input):
    kind = Text(max_length=20)
    name = Text(max_length=80, required=False, default="", allow_blank=True, help_text="by default that of the kind")
    host = Text(max_length=40, required=False, default="", allow_blank=True, help_text="key of the option it works in")


class OptionChange(Input):
    name = Text(max_length=80, required=False)
    host = Text(max_length=40, required=False)


class ReAnchorIn(Input):
    day = serializers.DateField(required=False, help_text="UTC; by default today")
    version = Whole(min_value=0, help_text="of the draft as you saw it")


class ReAnchorOut(serializers.Serializer):
    months = serializers.IntegerField(help_text="whole months that month 0 moved by")
    assessment_date = serializers.DateField(help_text="month 0 from now on")
    moved = serializers.IntegerField(help_text="anchored facts that were shifted")
    to_confirm = serializers.IntegerField(help_text="remaining ones that somebody has to confirm")


@extend_schema(tags=["facts"])
class DraftOptions(ApiView):
    serializer_class = DraftOptionOut

    @extend_schema(summary="Add an option (the lead)", request=OptionIn, responses={201: DraftOptionOut})
    @idempotent
    def post(self, request, id):
        given = self.read_body(OptionIn)
        option = drafts.add_option(member=self.member, program=self.program(), **given)
        return Response(DraftOptionOut(option).data, status=status.HTTP_201_CREATED, headers=etag(option.version))


@extend_schema(tags=["facts"], parameters=[IF_MATCH])
class DraftOptionDetail(ApiView):
    serializer_class = DraftOptionOut

    @extend_schema(
        summary="Rename an option, or give it another host (the lead)",
        request=OptionChange,
        responses={200: DraftOptionOut},
    )
    def patch(self, request, id, key):
        program, given = self.program(), self.read_body(OptionChange)
        option = drafts.change_option(
            member=self.member, program=program, key=key, seen_version=seen_version(request), **given
        )
        return Response(DraftOptionOut(option).data, headers=etag(option.version))

    @extend_schema(summary="Remove an option with its facts from the draft (the lead)", responses={204: None})
    def delete(self, request, id, key):
        drafts.remove_option(member=self.member, program=self.program(), key=key, seen_version=seen_version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["facts"])
class DraftReAnchor(ApiView):
    serializer_class = ReAnchorOut

    @extend_schema(
        summary="Move month 0 to a day: anchored facts keep their calendar date (the lead)",
        request=ReAnchorIn,
        responses={200: ReAnchorOut},
    )
    @idempotent
    def post(self, request, id):
        given = self.read_body(ReAnchorIn)
        plan = drafts.re_anchor(
            member=self.member, program=self.program(), day=given.get("day"), seen_version=given["version"]
        )
        done = {
            "months": plan.months,
            "assessment_date": plan.new_date,
            "moved": len(plan.moved),
            "to_confirm": len(plan.confirm),
        }
        return Response(ReAnchorOut(done).data)
