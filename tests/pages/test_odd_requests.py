"""Requests that no page of ours sends: answered, never with a server error, and nothing of them is kept."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.forms.yaml_text import YamlProblem, read_yaml
from assessments.models import Assignment, DraftOption, ProfileRevision, Program, Signature
from assessments.services import signing
from tests.factories import PASSWORD
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
NO_IDS = ("", "abc", "-1", "\x00", "é", "99999999-0000-0000-0000-000000000000")


begun, world = shared(make_world)


def signed_in(world, role):
    client = Client()
    user = User.objects.get(pk=world.people[role].user_id)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


@pytest.mark.parametrize("given", NO_IDS)
def test_an_assignment_that_is_none_is_not_found(world, given):
    bring_review_to(world, "draft")
    url = reverse("assessments:review_unassign", args=[world.review.uuid])
    assert signed_in(world, "lead").post(url, {"assignment": given}).status_code == 404
    assert Assignment.objects.filter(review=world.review).exists()


def test_an_import_without_a_text_goes_back_to_the_form(world):
    url = reverse("assessments:program_import_confirm", args=[world.program.uuid])
    answer = signed_in(world, "lead").post(url, {})
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("assessments:program_import", args=[world.program.uuid])
    assert ProfileRevision.objects.filter(program=world.program).count() == 1


def test_an_option_takes_no_name_that_cannot_be_stored(world):
    client = signed_in(world, "lead")
    common = {"organization": world.program.organization, "draft": world.program.draft}
    option = DraftOption.objects.create(key="a", kind="cdmo", name="A", **common)
    url = reverse("assessments:option_change", args=[world.program.uuid, option.key])
    answer = client.post(url, {"name": "Part\x00ner", "version": option.version})
    assert answer.status_code == 422
    option.refresh_from_db()
    assert (option.name, option.version) == ("A", 1)


@pytest.mark.parametrize("bound", ["é", "😀", "0" * 64, ""])
def test_what_was_not_shown_is_not_signed(world, bound):
    bring_review_to(world, "in_approval")
    step = world.review.steps.get(kind="functional")
    data = {"step": step.uuid, "bound": bound, "meaning": signing.MEANING_OF["functional"], "password": PASSWORD}
    answer = signed_in(world, "rater").post(reverse("assessments:review_sign", args=[world.review.uuid]), data)
    assert answer.status_code in (409, 422)
    assert not Signature.objects.filter(step=step).exists()


@pytest.mark.parametrize("days", ["since=0001-01-01", "until=9999-12-31", "until=0001-01-01", "since=2026-13-45"])
def test_the_trail_is_asked_for_any_day(world, days):
    assert signed_in(world, "admin").get(f"{reverse('assessments:audit')}?{days}").status_code == 200


def test_a_program_that_is_sent_twice_is_made_once_and_the_second_is_told(world):
    url = reverse("assessments:program_new")
    data = {"name": world.program.name, "criteria_version": world.version.pk, "lead": world.people["lead"].pk}
    answer = signed_in(world, "admin").post(url, data)
    assert answer.status_code == 422
    assert "already" in answer.content.decode()
    assert Program.objects.filter(name=world.program.name).count() == 1


@pytest.mark.parametrize(
    "text", ["qms_maturity: 0x" + "f" * 5000, 'program_name: "\\uD800"', "lots_now: 1" + "0" * 400]
)
def test_numbers_without_bounds_and_half_characters_are_named_by_their_line(text):
    with pytest.raises(YamlProblem, match="Line 1|no YAML"):
        read_yaml(text)


def test_a_method_that_a_page_does_not_take_is_answered_by_a_page(world):
    answer = signed_in(world, "lead").post(reverse("assessments:portfolio"))
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert "does not open like that" in answer.content.decode()


def test_a_static_file_may_load_and_run_nothing_when_it_is_opened_by_itself(client):
    answer = client.get("/static/css/tokens.css")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("given", ["²", "٣", "9" * 5000])
def test_a_number_in_an_address_or_hidden_field_is_made_of_plain_digits(world, given):
    client = signed_in(world, "lead")
    program = world.program.uuid
    revision = reverse("assessments:revision_detail", args=[program, 1])
    assert client.get(revision, {"against": given}).status_code == 404
    assert client.get(reverse("assessments:facts_moved", args=[program]), {"since": given}).status_code == 404
    common = {"organization": world.program.organization, "draft": world.program.draft}
    option = DraftOption.objects.create(key="a", kind="cdmo", name="A", **common)
    changed = client.post(
        reverse("assessments:option_change", args=[program, option.key]), {"name": "Partner", "version": given}
    )
    assert changed.status_code == 422 and "could not be read" in changed.content.decode()
    option.refresh_from_db()
    assert option.name == "A"
