"""Weights of a criteria draft from what people say of them: computed, and written only where asked."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from assessments import permissions
from assessments.api.criteria import CriteriaView
from assessments.api.fields import Document, Input, Text, YesNo
from assessments.api.idempotency import idempotent
from assessments.api.preconditions import IF_MATCH_OPTIONAL, etag, seen_version
from assessments.errors import WrongState
from assessments.models import CriteriaVersion
from assessments.scoring.elicitation import METHODS, PAIRS, Answer
from assessments.services.frameworks import framework_of
from assessments.services.weighing import DIMENSIONS, apply_weights, elicit, groups_of

RANKED = ("rank_sum", "rank_order_centroid")
MOST_ANSWERS = 40


class Answers(Document):
    """{function or any name: {"method": .., "given": ..}}, turned into what the engine takes."""

    def to_internal_value(self, data):
        found = super().to_internal_value(data)
        if not 0 < len(found) <= MOST_ANSWERS:
            raise serializers.ValidationError(f"There are 1 to {MOST_ANSWERS} answers.")
        return {name: _answer(name, said) for name, said in found.items()}


class Importance(Document):
    """{name of an answer: weight of its say}."""

    def to_internal_value(self, data):
        found = super().to_internal_value(data)
        if not all(_is_number(value) for value in found.values()):
            raise serializers.ValidationError("The weight of a say is a number.")
        return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _answer(name: str, said: Any) -> Answer:
    if not isinstance(said, Mapping) or set(said) != {"method", "given"}:
        raise serializers.ValidationError({name: ["An answer has a method and what is given."]})
    method, given = said["method"], said["given"]
    if method == PAIRS:
        right = isinstance(given, list) and all(
            isinstance(one, list) and len(one) == 3 and all(isinstance(k, str) for k in one[:2]) and _is_number(one[2])
            for one in given
        )
        words = "a list of [first, second, how many times as important]"
    elif method in RANKED:
        right = isinstance(given, list) and all(
            isinstance(one, str) or (isinstance(one, list) and all(isinstance(key, str) for key in one))
            for one in given
        )
        words = "a list of keys, the most important first; equal ones in a list of their own"
    elif isinstance(method, str) and method in METHODS:
        right = isinstance(given, Mapping) and all(_is_number(value) for value in given.values())
        words = "an object of points by key"
    else:
        raise serializers.ValidationError({name: [f"The method is one of {', '.join([*METHODS, PAIRS])}."]})
    if not right:
        raise serializers.ValidationError({name: [f"This method takes {words}."]})
    if method == PAIRS:
        pairs = {(a, b): float(times) for a, b, times in given}
        if len(pairs) < len(given):
            raise serializers.ValidationError({name: ["A pair is given twice."]})
        return Answer(method, pairs)
    return Answer(method, given)


class WeightsIn(Input):
    group = Text(
        max_length=60, default=DIMENSIONS, help_text='"dimensions", or the key of a dimension for its criteria'
    )
    answers = Answers(help_text='{function: {"method": "swing", "given": {"pdr": 100, ..}}}')
    importance = Importance(required=False, help_text="{function: weight of its say}; without it all alike")
    apply = YesNo(default=False, help_text="write the combined weights to the draft; needs If-Match")


class WeightsOut(serializers.Serializer):
    group = serializers.CharField()
    before = serializers.DictField(child=serializers.FloatField(), help_text="shares of 1 in the draft before")
    functions = serializers.DictField(help_text="of each answer its method, shares of 1 and, of pairs, consistency")
    combined = serializers.DictField(child=serializers.FloatField(), help_text="shares of 1")
    applied = serializers.BooleanField()
    version = serializers.IntegerField(help_text="of the draft now")


class CriteriaWeights(CriteriaView):
    serializer_class = WeightsOut

    @extend_schema(
        summary="Weights of a draft from points, swings, an order or pairs (admins)",
        tags=["criteria"],
        parameters=[IF_MATCH_OPTIONAL],
        request=WeightsIn,
        responses={200: WeightsOut},
    )
    @idempotent
    def post(self, request, id):
        version = self.version()
        permissions.can_manage_criteria(self.member).require()
        if version.state != CriteriaVersion.State.DRAFT:
            raise WrongState(f"{version} is {version.get_state_display().lower()}; weights are set in a draft.")
        given = self.read_body(WeightsIn)
        framework = framework_of(version)
        group = groups_of(framework).get(given["group"])
        if group is None:
            raise serializers.ValidationError({"group": ["This framework has no such group of weights."]})
        importance = given.get("importance")
        found = elicit(group, given["answers"], importance, framework.data.get("functions") or {})
        if given["apply"]:
            version = apply_weights(
                member=self.member,
                version_id=version.pk,
                group_key=group.key,
                answers=given["answers"],
                importance=importance,
                seen_version=seen_version(request),
            )
        data = found | {
            "group": group.key,
            "before": group.shares,
            "applied": given["apply"],
            "version": version.version,
        }
        return Response(WeightsOut(data).data, headers=etag(version.version))
