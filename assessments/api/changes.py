"""What changed between two reviews, submissions or revisions of a program, and why the margin moved."""

from uuid import UUID

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from assessments import permissions
from assessments.api.base import ApiView
from assessments.errors import Invalid
from assessments.models import Review
from assessments.services import changes
from assessments.services.differences import ABSENT


class SideOut(serializers.Serializer):
    kind = serializers.ChoiceField(choices=("review", "submission", "revision"))
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    at = serializers.DateTimeField(help_text="since when it stands so")
    facts = serializers.IntegerField(source="revision", help_text="number of the revision")
    criteria = serializers.CharField()
    frozen = serializers.BooleanField(help_text="read from a record that never changes")
    verdict = serializers.DictField(allow_null=True, help_text="on the basis that both are compared on")
    totals = serializers.DictField(child=serializers.FloatField(allow_null=True), help_text="points of 100 by option")
    risk = serializers.DictField(
        allow_null=True, help_text="by option: delay (months) and cost (MUSD), P80; when beyond"
    )


class ChangedFactOut(serializers.Serializer):
    what = serializers.CharField(help_text="value, as_of, name, host, or option: there on one side only")
    field = serializers.CharField(allow_null=True)
    label = serializers.CharField(allow_null=True)
    option = serializers.CharField(help_text="empty for the program")
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    moves = serializers.ListField(
        child=serializers.ChoiceField(choices=("cells", "gates", "risk")), help_text="what it moves by itself"
    )


class ChangedCellOut(serializers.Serializer):
    criterion = serializers.CharField()
    option = serializers.CharField()
    values = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="1 to 5 as the result uses it, then and now"
    )
    suggestions = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="1 to 5 as the facts say, then and now"
    )
    moved = serializers.BooleanField()


class ChangedWeightOut(serializers.Serializer):
    criterion = serializers.CharField()
    shares = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="of 1, then and now")
    moved = serializers.BooleanField()
    set_anew = serializers.BooleanField(help_text="false: its share only follows from what was set for others")


class ChangedGateOut(serializers.Serializer):
    gate = serializers.CharField()
    name = serializers.CharField()
    option = serializers.CharField()
    before = serializers.ListField(child=serializers.CharField())
    after = serializers.ListField(child=serializers.CharField())
    message = serializers.CharField()
    moved = serializers.BooleanField()


class GroupShift(serializers.Serializer):
    groups = serializers.ListField(child=serializers.CharField())
    shift = serializers.FloatField()


class CriterionShift(serializers.Serializer):
    criterion = serializers.CharField()
    shift = serializers.FloatField()
    by = serializers.ListField(child=serializers.FloatField(), help_text="in the order of `groups`")


class HiddenOut(serializers.Serializer):
    """Rows that `show=matters` leaves out; all 0 with `show=all`."""

    facts = serializers.IntegerField(help_text="that differ and move no score, gate or risk")
    scores = serializers.IntegerField(help_text="criteria of which no score moved")
    weights = serializers.IntegerField(help_text="that nobody set otherwise")
    gates = serializers.IntegerField(help_text="that fire as before")


class ShiftOut(serializers.Serializer):
    pair = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="the first's lead over the second"
    )
    pair_by = serializers.ChoiceField(
        choices=("", "asked", "firsts", "runner_up"),
        help_text="asked; firsts: the former first against the present one; runner_up: the first of both against the next",
    )
    before = serializers.FloatField(allow_null=True, help_text="points of 100")
    after = serializers.FloatField(allow_null=True)
    shift = serializers.FloatField(allow_null=True)
    groups = GroupShift(many=True, help_text="their shifts sum to the shift; each is its mean over all orders")
    criteria = CriterionShift(many=True)
    why_not = serializers.CharField(help_text="why there is none; empty where there is one")


class NamedSideOut(serializers.Serializer):
    kind = serializers.ChoiceField(choices=("review", "submission", "revision"))
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    is_later = serializers.BooleanField(help_text="whether it is `after`")


class ChangesOut(serializers.Serializer):
    base = NamedSideOut(help_text="what the review is held against: what `against` names, or the default")
    target = NamedSideOut(help_text="the review of the address")
    before = SideOut(help_text="the earlier of base and target; everything here reads from it to the later")
    after = SideOut(help_text="the later of base and target")
    basis = serializers.ChoiceField(choices=("panel", "facts"))
    why_facts = serializers.CharField(help_text="why ratings are left out on both sides; empty with basis panel")
    carried = serializers.CharField(
        help_text="whose judgement is carried over to saved facts, as an offset on what these suggest; empty where each "
        "side has its own"
    )
    show = serializers.ChoiceField(choices=changes.SHOWS)
    hidden = HiddenOut()
    withheld = serializers.BooleanField(help_text="prices and terms are left out for you")
    facts = ChangedFactOut(many=True)
    options = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="added, removed, both"
    )
    cells = ChangedCellOut(many=True)
    weights = ChangedWeightOut(many=True)
    gates = ChangedGateOut(many=True)
    attribution = ShiftOut()


def _side(found: changes.Comparison, at: int) -> dict:
    side, card, risk = (found.before, found.after)[at], found.cards[at], found.risks[at]
    options = card[found.basis]["options"] if card else {}
    return {
        **{name: getattr(side, name) for name in ("kind", "uuid", "name", "at", "revision", "criteria", "frozen")},
        "verdict": card["verdict"] if card else None,
        "totals": {key: own["total"] for key, own in options.items()},
        "risk": risk
        and {
            key: {
                "delay_p80": own["slip"]["p80"],
                "cost_p80": own["cost"]["p80"],
                "first_breach": own.get("first_breach"),
                "breach_ever": own.get("breach_ever"),
            }
            for key, own in risk["options"].items()
        },
    }


def _named(side: changes.Side, later: changes.Side) -> dict:
    return {"kind": side.kind, "uuid": side.uuid, "name": side.name, "is_later": side is later}


def _fact(one: changes.FactMoved) -> dict:
    difference, field = one.difference, one.difference.field
    old, new = (None if value is ABSENT else value for value in (difference.old, difference.new))
    return {
        "what": difference.what,
        "field": field.key if field else None,
        "label": field.label if field else None,
        "option": difference.option,
        "old": old,
        "new": new,
        "moves": sorted(one.moves),
    }


def _gate(one: changes.GateMoved) -> dict:
    same = {name: getattr(one, name) for name in ("gate", "name", "option", "message", "moved")}
    return {**same, "before": one.effects[0], "after": one.effects[1]}


class ReviewChanges(ApiView):
    """While ratings are blind, or where one side has none, both sides are compared by their facts alone."""

    serializer_class = ChangesOut

    @extend_schema(
        summary="What changed up to a review: facts, scores, weights, gates, result, risk, and why the margin moved",
        tags=["results"],
        parameters=[
            OpenApiParameter(
                "against",
                OpenApiTypes.UUID,
                description="a review, submission or revision of the program; by default the last approved review before",
            ),
            OpenApiParameter("option", str, description="key of the option whose lead is told apart; with `over`"),
            OpenApiParameter(
                "show",
                str,
                enum=changes.SHOWS,
                default=changes.ALL,
                description="matters: only what matters, as the page shows it at first (facts that move something, criteria "
                "of which a score moved, weights that were set otherwise, gates that fire otherwise); all: everything",
            ),
            OpenApiParameter("over", str, description="key of the option that it leads; by default as `pair_by` says"),
        ],
    )
    def get(self, request, id):
        review = self.review()
        base = self.base(review)
        commercial = bool(permissions.can_see_commercial(self.member, review.program))
        sides = changes.side_of(base), changes.side_of(review)
        before, after = changes.in_order(*sides)
        try:
            found = changes.compare(before, after, commercial=commercial, pair=changes.pair_of(request.query_params))
        except Invalid as fault:
            raise ValidationError({one["field"]: [one["message"]] for one in fault.problems}) from fault
        show = request.query_params.get("show", changes.ALL)
        if show not in changes.SHOWS:
            raise ValidationError({"show": [f"One of {', '.join(changes.SHOWS)}."]})
        shown, hidden = changes.only_what_matters(found) if show == changes.MATTERS else (found, changes.Hidden())
        data = {
            "base": _named(sides[0], after),
            "target": _named(sides[1], after),
            "before": _side(found, 0),
            "after": _side(found, 1),
            "basis": found.basis,
            "why_facts": found.why_facts,
            "carried": found.carried,
            "show": show,
            "hidden": hidden,
            "withheld": not commercial,
            "facts": [_fact(one) for one in shown.facts],
            "options": {"added": found.added, "removed": found.removed, "both": found.both},
            "cells": shown.cells,
            "weights": shown.weights,
            "gates": [_gate(one) for one in shown.gates],
            "attribution": found.shift,
        }
        return Response(ChangesOut(data).data)

    def base(self, review: Review) -> changes.Subject:
        """Raises ValidationError for what is no UUID, Http404 for what is not there."""
        given = self.request.query_params.get("against", "")
        if not given:
            found: changes.Subject | None = changes.default_base(self.member, review.program, review)
        else:
            try:
                found = changes.find(self.member, review.program, UUID(given))
            except ValueError as problem:
                raise ValidationError({"against": ["This is no UUID."]}) from problem
        if found is None:
            raise Http404("Nothing was approved before this review; name what to compare with." if not given else "")
        return found
