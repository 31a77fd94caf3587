"""Tripwires: proposed from the result, checked against the schema, frozen with the decision, amended by an approver."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.db import transaction

from accounts.models import AuditEvent, Membership
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, Missing, WrongState
from assessments.models import Tripwire
from assessments.services import approvals, submissions, tripwires
from assessments.services.frameworks import framework_of
from tests.services.decided import FIRST, OTHER, assigned, decided_world, member, submit
from tests.services.test_signing import functional_signed
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
WAIT = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 3}


begun, world = shared(decided_world)


def put(world, role="lead", **changed):
    with transaction.atomic():
        return tripwires.set_tripwire(member=member(world, role), review_id=world.review.pk, **WAIT | changed)


def refused(world, **changed):
    with pytest.raises(Invalid) as refusal:
        put(world, **changed)
    assert not Tripwire.objects.exists() and not AuditEvent.objects.filter(action="tripwire.set").exists()
    return [(one["field"], one["message"]) for one in refusal.value.problems]


def test_the_smallest_changes_of_the_result_are_proposed_in_words(world):
    """The suite falls behind once it waits so long that its time band drops; hosts and rivals may flip it too."""
    flips = world.review.full.numbers["flips"]["facts"]
    found = tripwires.proposed(world.review, world.review.full.numbers)
    first, then, _ = found[0]
    assert (first.field, first.option, first.threshold) == (flips[0]["field"], flips[0]["option"], flips[0]["new"])
    assert then.endswith(" first") and len(found) <= tripwires.MOST_PROPOSED
    row = put(
        world, field=first.field, option=first.option, comparison=first.comparison, threshold=str(first.threshold)
    )
    assert row.proposed and first not in [
        wire for wire, *_ in tripwires.proposed(world.review, world.review.full.numbers)
    ]


def test_a_wire_is_the_engines_as_long_as_it_stands_where_the_result_turns_whoever_says_so(world):
    first, *_ = tripwires.proposed(world.review, world.review.full.numbers)[0]
    given = {"field": first.field, "option": first.option, "comparison": first.comparison}
    assert put(world, proposed=True).proposed is False
    row = put(world, **given, threshold=first.threshold, because="It turns there.")
    assert row.proposed
    further = first.threshold + (1 if first.comparison == "ge" else -1)
    moved = put(world, **given, key=row.key, threshold=further, proposed=True)
    assert moved.proposed is False
    assert put(world, **given, key=row.key, threshold=first.threshold, by_month=24).proposed is False
    assert put(world, **given, key=row.key, threshold=first.threshold).proposed
    wires = json.loads(submit(world).proposed_decisions.get().record)["tripwires"]
    assert {wire["key"]: wire["proposed_by_engine"] for wire in wires}[row.key] is True
    assert sorted(wire["proposed_by_engine"] for wire in wires) == [False, True]


def test_what_holds_a_submission_up_is_named_as_people_call_it_and_prices_only_to_who_may_see_them(world, monkeypatch):
    row = put(world)
    Tripwire.objects.filter(pk=row.pk).update(threshold=1)

    def named(reader):
        found = submissions.check_submission(
            world.review, submitter=member(world, "lead"), reader=member(world, reader)
        )
        return [(one.what, one.message) for one in found if one.code == "tripwire"]

    assert [what for what, _ in named("viewer")] == ["Tripwire on Wait"]
    fields = dict(framework_of(world.review.criteria_version).schema.fields)
    fields["wait"] = replace(fields["wait"], commercial=True)
    known = SimpleNamespace(schema=SimpleNamespace(fields=fields))
    monkeypatch.setattr(submissions, "framework_of", lambda version: known)
    assert [what for what, _ in named("lead")] == ["Tripwire on Wait"]
    assert named("viewer") == [("Tripwire on a confidential fact", "It does not fit the facts as they are.")]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"field": "wiat"}, "field", "There is no fact 'wiat'. Did you mean"),
        ({"option": "mixx"}, "option", "Wait is a fact of options."),
        ({"field": "need"}, "option", "Need is a fact of the program, not of an option."),
        ({"threshold": 40}, "threshold", "Wait lies between 0 and 36"),
        ({"threshold": "soon"}, "threshold", "Wait is a number of months"),
        ({"threshold": "inf"}, "threshold", "Wait is a number of months"),
        ({"threshold": "1e999"}, "threshold", "Wait is a number of months"),
        ({"threshold": "nan"}, "threshold", "Wait is a number of months"),
        ({"threshold": float("inf")}, "threshold", "Wait is a number of months"),
        ({"threshold": 10**400}, "threshold", "Wait is a number of months"),
        ({"comparison": "gte"}, "comparison", "A comparison is one of"),
        ({"threshold": 1}, "threshold", "The facts cross this already (now 2 months)"),
        ({"by_month": 300}, "by_month", "a whole number from 0 to 120"),
        ({"owner": "nobody"}, "owner", "Choose an active person"),
        (
            {"field": "potency", "option": "", "comparison": "lt", "threshold": "qualified"},
            "comparison",
            "its values have no size",
        ),
        ({"field": "potency", "option": "", "comparison": "eq", "threshold": "validated"}, "threshold", "is one of"),
        ({"field": "changes", "option": "", "comparison": "eq", "threshold": 1}, "field", "cannot be compared"),
    ],
)
def test_what_the_schema_does_not_allow_is_named_with_the_nearest_name(world, changed, field, words):
    assert any(at == field and words in message for at, message in refused(world, **changed))


def test_a_person_of_another_organization_watches_nothing(world):
    assert refused(world, owner=world.people["stranger"])[0][0] == "owner"


def test_only_the_lead_sets_one_while_the_review_is_reconciled(world):
    with pytest.raises(NotAllowed):
        put(world, "rater")
    submit(world)
    with pytest.raises(WrongState):
        put(world)
    assert not Tripwire.objects.exists()


def test_one_that_was_changed_meanwhile_is_a_clash_and_a_double_is_named(world):
    row = put(world)
    with pytest.raises(Clash):
        put(world, key=row.key, threshold=4, version=7)
    with pytest.raises(Invalid):
        put(world, threshold=5)
    changed = put(world, key=row.key, threshold=4, version=1)
    assert (changed.threshold, changed.version, Tripwire.objects.count()) == (4, 2, 1)
    with pytest.raises(Clash):
        tripwires.drop_tripwire(
            member=member(world, "lead"), review_id=world.review.pk, key=changed.key, seen_version=1
        )
    tripwires.drop_tripwire(member=member(world, "lead"), review_id=world.review.pk, key=changed.key, seen_version=2)
    assert not Tripwire.objects.exists()


def test_tripwires_are_frozen_into_what_is_signed(world):
    put(world, owner=world.people["assessor"], by_month=24, because="The slot is promised by letter only.")
    proposed = submit(world).proposed_decisions.get()
    (wire,) = json.loads(proposed.record)["tripwires"]
    assert wire["sentence"] == "Wait of Suite is above 3 months, until month 24"
    assert (wire["by_on"], wire["owner"]["name"]) == ("2028-01-15", world.people["assessor"].name)
    assert wire["commercial"] is False and wire["option"] == {"key": "mix", "name": "Suite"}


def test_facts_that_cross_one_hold_the_submission_up(world):
    row = put(world)
    Tripwire.objects.filter(pk=row.pk).update(threshold=1)
    with pytest.raises(Missing) as refusal, transaction.atomic():
        submit(world)
    assert [thing["code"] for thing in refusal.value.things] == ["tripwire"]


def test_a_threshold_is_changed_though_its_owner_left_and_nobody_new_who_left_gets_one(world):
    put(world, owner=world.people["rater"])
    submit(world)
    functional_signed(world)
    row = Tripwire.objects.get()
    Membership.objects.filter(pk__in=[world.people[who].pk for who in ("rater", "second")]).update(is_active=False)

    def amended(owner):
        with transaction.atomic():
            return approvals.amend(
                member=member(world, "approver"),
                review_id=world.review.pk,
                kind="alternative",
                option_key=OTHER,
                justification="The partner has a slot now.",
                tripwires=[{"key": row.key, "threshold": "5", "owner": owner}],
                conditions=assigned(world, option=OTHER, owner="approver"),
            )

    with pytest.raises(Invalid) as refusal:
        amended(world.people["second"])
    assert [one["field"] for one in refusal.value.problems] == ["owner"]
    amended(str(world.people["rater"].uuid))
    row.refresh_from_db()
    assert (row.threshold, row.owner) == (5, world.people["rater"])


def test_an_approver_changes_drops_and_adds_with_an_amend(world):
    put(world)
    first = submit(world).proposed_decisions.get()
    functional_signed(world)
    row = Tripwire.objects.get()
    second = approvals.amend(
        member=member(world, "approver"),
        review_id=world.review.pk,
        kind="alternative",
        option_key=OTHER,
        justification="The partner has a slot now.",
        tripwires=[{"key": row.key, "threshold": "5"}, {**WAIT, "option": OTHER, "threshold": 8}],
        conditions=[],
    )
    held = json.loads(second.record)["tripwires"]
    assert [(one["option"]["key"], one["threshold"]) for one in held] == [("mix", 5), ("a", 8)]
    assert second.sha256 != first.sha256
    third = approvals.amend(
        member=member(world, "approver"),
        review_id=world.review.pk,
        kind="alternative",
        option_key=OTHER,
        justification="The partner has a slot now.",
        dropped_tripwires=[row.key],
    )
    assert len(json.loads(third.record)["tripwires"]) == 1


@pytest.mark.parametrize(
    ("said", "chosen"), [("qualified", "qualified"), ("Qualified", "qualified"), (" QUALIFIED", "qualified")]
)
def test_a_choice_is_named_by_its_key_or_by_its_words(world, said, chosen):
    row = put(world, field="potency", option="", comparison="eq", threshold=said)
    assert row.threshold == chosen
    field = framework_of(world.review.criteria_version).schema.fields["potency"]
    assert tripwires.threshold_words(field, chosen) == "Qualified"
