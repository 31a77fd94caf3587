"""No request sets what it does not name: generated over every body that the API takes."""

import uuid

import pytest
from django.apps import apps

from assessments.api import urls  # brings every module of bodies in
from assessments.api.fields import Input, VisibleId
from assessments.models import Condition, Delegation, StepReassignment


def bodies(kind=Input):
    for one in kind.__subclasses__():
        yield one
        yield from bodies(one)


def columns():
    """Every field name of every model of ours, and what attackers try besides."""
    names = {"id", "pk", "is_staff", "is_superuser", "roles", "organization_id", "membership_id", "__class__", "_state"}
    for model in apps.get_models():
        if model._meta.app_label in ("accounts", "assessments"):
            names |= {field.name for field in model._meta.get_fields()}
    return names


ALL = sorted(set(bodies()), key=lambda one: one.__name__)


def test_there_are_bodies_to_try():
    assert urls.urlpatterns and len(ALL) >= 8


@pytest.mark.parametrize("body", ALL, ids=lambda one: one.__name__)
def test_every_column_that_a_body_does_not_name_is_refused(body):
    """MA-1."""
    known = set(body().fields)
    for name in columns() - known:
        serializer = body(data={name: "x"})
        assert not serializer.is_valid()
        assert "Unknown field" in str(serializer.errors[name]), name


@pytest.mark.parametrize("body", ALL, ids=lambda one: one.__name__)
def test_no_body_names_what_only_services_decide(body):
    decided = {
        "organization",
        "inputs_revision",
        "headline",
        "digest",
        "sha256",
        "created_by",
        "submitted_by",
        "uuid",
        "id",
    }
    assert decided.isdisjoint(body().fields)


RELATIONS = [
    ("programs/", lambda world: {"name": "X", "criteria_version": world.version, "lead": world.people["lead"]}),
    ("criteria-versions/", lambda world: {"document": {"key": "x"}, "cloned_from": world.version}),
]


def test_every_relation_of_a_body_is_tried():
    fields = {
        (body.__name__, name) for body in ALL for name, field in body().fields.items() if isinstance(field, VisibleId)
    }
    tried = {("ProgramIn", "criteria_version"), ("ProgramIn", "lead"), ("CriteriaDraftIn", "cloned_from")}
    tried |= {("TransitionIn", "step"), ("ConditionIn", "owner"), ("ConditionAssigned", "owner")}
    tried |= {("ConditionOfProposal", "owner"), ("TransitionIn", "on_behalf_of"), ("TripwireIn", "owner")}
    tried |= {("DelegationIn", "giver"), ("DelegationIn", "taker"), ("ReassignIn", "person")}
    tried |= {("PlaceTaken", "person"), ("HandOverIn", "owner")}
    assert fields == tried


@pytest.mark.parametrize("path, body", RELATIONS)
def test_a_foreign_id_is_refused_like_a_random_one_and_nothing_is_written(world, caller, path, body):
    """The stranger names rows of another organization, one at a time."""
    for name, value in body(world).items():
        if not hasattr(value, "uuid"):
            continue
        messages = []
        for given in (value.uuid, uuid.uuid4()):
            data = {key: str(one.uuid) if hasattr(one, "uuid") else one for key, one in body(world).items()}
            answer = caller("stranger").post(path, data | {name: str(given)})
            assert answer.status_code == 400
            messages.append([one["message"] for one in answer.json()["problems"] if one["field"] == name])
        assert messages[0] == messages[1] != []
    assert world.people["stranger"].organization.slug
    from assessments.models import CriteriaVersion, Program

    assert not Program.objects.filter(organization=world.people["stranger"].organization).exists()
    assert not CriteriaVersion.objects.filter(organization=world.people["stranger"].organization).exists()


def test_foreign_people_and_steps_are_refused_in_bodies_about_a_review(world, review_in, caller):
    review = review_in("in_approval")
    lead, foreign = caller("lead"), str(world.people["stranger"].uuid)
    step = str(review.submissions.first().steps.first().uuid)
    condition = {"owner": foreign, "due_month": 3}
    amended = {"action": "amend", "conditions": [condition]}
    signed = {"action": "sign", "step": step, "grant": "x", "meaning": "reviewed"}
    place = {"step": "functional", "place": "function:cmc", "person": foreign, "reason": "Away."}
    submitted = {"action": "submit", "kind": "recommended", "justification": "It fits.", "places": [place]}
    wire = {"field": "wait", "option": "a", "comparison": "gt", "threshold": 9}
    week = {"first_day": "2030-01-01", "last_day": "2030-01-07"}
    for method, path, body, field in (
        ("POST", "conditions/", condition | {"title": "X"}, "owner"),
        ("PUT", "conditions/", condition | {"key": "x", "version": 0}, "owner"),
        ("POST", "transitions/", amended, "conditions[0].owner"),
        ("POST", "transitions/", submitted, "places[0].person"),
        ("POST", "transitions/", {"action": "sign", "step": foreign}, "step"),
        ("POST", "transitions/", {"action": "start", "step": step}, "step"),
        ("POST", "transitions/", signed | {"on_behalf_of": foreign}, "on_behalf_of"),
        ("POST", "tripwires/", wire | {"owner": foreign}, "owner"),
        ("POST", "/delegations/", week | {"taker": foreign}, "taker"),
        ("POST", "/delegations/", week | {"taker": str(world.people["rater"].uuid), "giver": foreign}, "giver"),
        ("POST", f"/steps/{step}/reassign/", {"place": "x", "person": foreign, "reason": "Away."}, "person"),
    ):
        answer = lead(method, path[1:] if path.startswith("/") else f"reviews/{review.uuid}/{path}", body)
        assert answer.status_code == 400, (path, body)
        assert field in [one["field"] for one in answer.json()["problems"]], (path, body)
    assert not review.conditions.exists() and not review.tripwires.exists()
    assert not Delegation.objects.exists() and not StepReassignment.objects.exists()


def test_a_condition_is_not_handed_over_to_a_foreign_person(world, review_in, caller):
    review, lead = review_in("approved"), world.people["lead"]
    row = Condition.objects.create(organization=lead.organization, review=review, key="x", title="X", owner=lead)
    given = {"owner": str(world.people["stranger"].uuid), "reason": "Away."}
    answer = caller("lead")("PUT", f"conditions/{row.uuid}/owner/", given, If_Match=f'"{row.version}"')
    assert (answer.status_code, [one["field"] for one in answer.json()["problems"]]) == (400, ["owner"])
    row.refresh_from_db()
    assert row.owner == lead


def test_a_person_of_another_organization_is_not_found_in_an_address(world, review_in, caller):
    review = review_in("draft")
    foreign = world.people["stranger"].uuid
    answer = caller("lead")("PUT", f"reviews/{review.uuid}/assignments/{foreign}/", {"function": "cmc"})
    assert answer.status_code == 404
    assert not review.assignments.filter(membership=world.people["stranger"]).exists()
