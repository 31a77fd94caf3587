"""What is wrong with a field is said in the product's words, on pages and by the API, and names the way out."""

import importlib
import pkgutil
import re

import pytest
from django import forms
from django.test import Client
from django.urls import reverse
from rest_framework import serializers

import assessments.api
import assessments.forms
from accounts import field_words
from accounts.field_words import Form, OwnWords
from assessments.api.fields import Input, Text
from assessments.models import Review
from tests.api.conftest import Caller, token_of
from tests.pages.test_form_addresses import build, client_of
from tests.support.begun import shared

begun, world = shared(build)
LIBRARIES = re.compile(
    r"This field|Enter a valid|Enter a whole|Enter a number|Select a valid|Ensure (this|that)|Ensure |may not be|not a valid"
    r"|valid choice|Null characters|No file was|A valid |Expected a|Must be a valid|has wrong format"
)


class EveryKind(Form):
    reason = forms.CharField(max_length=3, min_length=2)
    why = forms.CharField(label="Why it is removed", max_length=3)
    owner = forms.ChoiceField(choices=[("a", "A")])
    some = forms.MultipleChoiceField(label="Options", choices=[("a", "A")])
    coerced = forms.TypedChoiceField(label="Kind", choices=[("a", "A")])
    file = forms.FileField(label="Evidence: a file")
    days = forms.IntegerField(label="Lasts", min_value=1, max_value=3650)
    points = forms.FloatField(label="Points", min_value=0)
    day = forms.DateField(label="First day")
    mail = forms.EmailField(label="E-mail")
    own = forms.CharField(error_messages={"required": "Confirm that it is you."})
    step = forms.UUIDField(widget=forms.HiddenInput)


def said(form):
    assert not form.is_valid()
    found = {name: [str(one) for one in errors] for name, errors in form.errors.items()}
    assert not [one for errors in found.values() for one in errors if LIBRARIES.search(one)], found
    return {name: errors[0] for name, errors in found.items()}


def test_what_is_left_out_is_asked_for_by_its_name():
    assert said(EveryKind({})) == {
        "reason": "Enter a reason.",
        "why": "Fill in “Why it is removed”.",
        "owner": "Choose an owner.",
        "some": "Choose at least one under “Options”.",
        "coerced": "Choose a kind.",
        "file": "Choose a file.",
        "days": "Fill in “Lasts”.",
        "points": "Fill in “Points”.",
        "day": "Enter a first day.",
        "mail": "Enter an e-mail.",
        "own": "Confirm that it is you.",
        "step": "The page did not send “Step” as it should: open it again.",
    }


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("reason", "x" * 4000, "“Reason” has 4,000 characters; it takes at most 3."),
        ("reason", "x", "“Reason” has 1 characters; it takes at least 2."),
        ("reason", "x\x00", "There is a character after “x” that nobody sees (U+0000). Type that place again."),
        ("owner", "b", "What was chosen under “Owner” is not offered now: choose again."),
        ("some", "b", "What was chosen under “Options” is not offered now: choose again."),
        ("days", "ten", "“Lasts” is a whole number from 1 to 3,650."),
        ("days", "0", "“Lasts” is a whole number from 1 to 3,650."),
        ("points", "-1", "“Points” is a number of at least 0."),
        ("day", "tomorrow", "“First day” is a day, such as 2026-11-30."),
        ("mail", "ana", "This is no e-mail address: one reads like ana@example.org."),
        ("step", "x", "The page did not send “Step” as it should: open it again."),
    ],
)
def test_what_cannot_be_taken_is_said_with_what_could(name, typed, words):
    assert said(EveryKind({name: [typed] if name == "some" else typed}))[name] == words


def test_every_form_of_the_product_says_its_own_words():
    for package in (assessments.forms, assessments.api):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    kinds, waiting = [], [forms.BaseForm]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        kinds += [kind] if kind.__module__.startswith(("accounts.", "assessments.")) else []
    assert len(kinds) > 30
    assert [kind for kind in kinds if not issubclass(kind, OwnWords)] == []


def test_a_message_that_the_library_adds_later_is_told_apart_by_what_it_is():
    assert id(forms.Field.default_error_messages["required"]) in field_words.STOCK
    assert len(field_words.STOCK) > 20


@pytest.mark.django_db
def test_a_page_names_the_field_that_is_empty_and_keeps_the_rest(world):
    url = reverse("assessments:review_edit", args=[world.review.uuid])
    given = {"question": " ", "due_on": "2027-01-31", "version": world.review.version}
    answer = client_of(world, "lead").post(url, given)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Enter a question." in page and "2027-01-31" in page
    assert not LIBRARIES.search(page)
    assert Review.objects.get(pk=world.review.pk).version == world.review.version


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "given"),
    [("/accounts/login/", {}), ("/accounts/login/", {"login": "ana"}), ("/accounts/password/reset/", {"email": "ana"})],
)
def test_the_pages_of_the_sign_in_say_it_likewise(url, given):
    page = Client().post(url, given).content.decode()
    assert "Enter a" in page or "This is no e-mail address" in page
    assert not LIBRARIES.search(page)


class Body(Input):
    reason = Text(max_length=4000)
    kind = serializers.ChoiceField(choices=["a", "b"])
    value = serializers.DecimalField(max_digits=3, decimal_places=2, min_value=1, max_value=5)
    day = serializers.DateField()
    owner = serializers.UUIDField()
    some = serializers.ListField(child=Text(max_length=2), min_length=1)


@pytest.mark.parametrize(
    ("field", "sent", "words"),
    [
        ("reason", None, "This is null: send a value."),
        ("reason", "", "This is empty: write something."),
        ("reason", "x" * 4001, "This takes at most 4,000 characters."),
        ("kind", "c", "This takes one of a, b."),
        ("value", "x", "This takes a number."),
        ("value", "6", "This takes at most 5."),
        ("value", "1.2345", "This takes at most 3 digits."),
        ("day", "tomorrow", "This takes a day, as YYYY-MM-DD."),
        ("owner", "x", "This takes an id."),
        ("some", "x", "This takes a list."),
        ("some", [], "This takes at least 1 entry."),
    ],
)
def test_the_api_says_what_would_be_taken(field, sent, words):
    body = Body(data={field: sent})
    assert not body.is_valid()
    assert body.errors.pop(field) == [words]
    assert all(errors == ["This is missing: send it."] for name, errors in body.errors.items() if name != field)


def test_a_body_and_what_a_list_holds_are_worded_too():
    body = Body(data={"some": ["abc"]})
    assert not body.is_valid() and body.errors["some"] == {0: ["This takes at most 2 characters."]}
    body = Body(data=[])
    assert not body.is_valid() and body.errors == {"non_field_errors": ["This takes an object of names and values."]}


@pytest.mark.django_db
def test_a_filter_of_the_api_says_it_as_a_page_does(world):
    answer = Caller(token_of(world.people["lead"])).get("criteria-versions/?state=none")
    assert answer.status_code == 400
    (problem,) = answer.json()["problems"]
    assert problem["field"] == "state" and problem["message"].endswith("is not offered now: choose again.")


@pytest.mark.django_db
def test_a_request_that_lacks_a_field_writes_nothing_and_names_it(world):
    lead, before = Caller(token_of(world.people["lead"])), world.review.assignments.count()
    place = f"reviews/{world.review.uuid}/assignments/{world.people['rater'].uuid}/"
    answer = lead("PUT", place, {"function": "", "due_on": "soon"})
    problems = {one["field"]: one["message"] for one in answer.json()["problems"]}
    assert answer.status_code == 400
    assert problems == {"function": "This is empty: write something.", "due_on": "This takes a day, as YYYY-MM-DD."}
    assert lead("PUT", place, {}).json()["problems"] == [{"field": "function", "message": "This is missing: send it."}]
    assert not LIBRARIES.search(answer.content.decode())
    assert world.review.assignments.count() == before
