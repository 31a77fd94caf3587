"""The shared draft of a program's facts, field by field."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments import permissions
from assessments.api.base import ApiView
from assessments.api.fields import Anything, Input, Text, Whole, YesNo
from assessments.api.preconditions import etag
from assessments.errors import Invalid
from assessments.services import drafts


class DraftOptionOut(serializers.Serializer):
    key = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()
    host = serializers.CharField(allow_null=True)
    version = serializers.IntegerField()


class DraftOut(serializers.Serializer):
    version = serializers.IntegerField()
    updated_at = serializers.DateTimeField()
    updated_by = serializers.CharField(allow_null=True)
    assessment_date = serializers.DateField(allow_null=True, help_text="month 0")
    revision = serializers.IntegerField(allow_null=True, help_text="number of the last saved one")
    options = DraftOptionOut(many=True)
    fields = serializers.ListField(
        child=serializers.DictField(), help_text="each fact with its type, unit, range, value and version"
    )
    completeness = serializers.DictField()
    problems = serializers.ListField(child=serializers.DictField(), help_text="why it cannot be saved yet")
    changed = serializers.ListField(child=serializers.CharField(), help_text="what differs from the last revision")


class FactIn(Input):
    field = Text(max_length=60)
    option = Text(max_length=40, required=False, default="", allow_blank=True, help_text="empty for the program's own")
    value = Anything(required=False, allow_null=True, help_text="null takes it back")
    as_of = serializers.DateField(required=False, allow_null=True, help_text="of a dated fact: when it was so")
    confirm = YesNo(default=False, help_text="instead of a value: what stands there still holds")
    version = Whole(min_value=0, help_text="of the fact as you saw it; 0 where nobody gave it")

    def validate(self, attrs):
        if ("value" in attrs) == attrs["confirm"]:
            raise serializers.ValidationError({"value": ["Give a value, or confirm the one that stands there."]})
        return attrs


class FactOut(serializers.Serializer):
    field = serializers.CharField()
    option = serializers.CharField(source="option_key")
    value = serializers.JSONField(allow_null=True)
    as_of = serializers.DateField(allow_null=True)
    to_confirm = serializers.BooleanField()
    version = serializers.IntegerField()


@extend_schema(tags=["facts"])
class ProgramDraft(ApiView):
    serializer_class = DraftOut

    @extend_schema(summary="The shared draft; without prices and terms where you may not see them")
    def get(self, request, id):
        program = self.program()
        permissions.can_see_draft(self.member, program).require()
        state = drafts.draft_state(program, self.member)
        return Response(DraftOut(state).data, headers=etag(state["version"]))

    @extend_schema(
        summary="Set or confirm one fact (the lead, and the function that owns it)",
        request=FactIn,
        responses={200: FactOut},
    )
    def patch(self, request, id):
        program = self.program()
        given = self.read_body(FactIn)
        place = {"member": self.member, "program": program, "field": given["field"], "option_key": given["option"]}
        if given["confirm"]:
            value = drafts.confirm_field(**place, seen_version=given["version"])
        else:
            value = drafts.edit_field(
                **place, value=given["value"], as_of=given.get("as_of"), seen_version=given["version"]
            )
        if value is None:
            words = "Nobody has given this fact yet."
            raise Invalid([{"field": "confirm", "option": given["option"], "value": True, "message": words}])
        return Response(FactOut(value).data)
