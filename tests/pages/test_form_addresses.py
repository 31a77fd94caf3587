"""An address that only takes a form leads whoever reads it to the page that holds the form."""

import copy
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.converters import get_converters

from assessments.models import Review
from tests.factories import PASSWORD
from tests.rights.reviews import bring_review_to
from tests.rights.rows import SIGN_IN
from tests.rights.table import LIBRARY_ROUTES, TABLE
from tests.rights.world import make_world
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
EXAMPLES = {"uuid": "00000000-0000-4000-8000-000000000000", "slug": "any", "int": 1, "str": "any", "path": "any"}


def build():
    world = make_world()
    bring_review_to(world, "draft")
    return world


begun, world = shared(build)


def client_of(world, role):
    client = Client()
    client.force_login(world.people[role].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def addresses(resolver=None, namespace=""):
    """Every address of a page: its route, and a URL that names nothing that there is."""
    kinds = {type(converter): EXAMPLES[name] for name, converter in get_converters().items()}
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif namespace != "api:" and pattern.name not in LIBRARY_ROUTES:
            named = {name: kinds[type(one)] for name, one in pattern.pattern.converters.items()}
            yield f"{namespace}{pattern.name}", reverse(f"{namespace}{pattern.name}", kwargs=named)


def test_every_address_of_a_page_is_one_that_can_be_read(world):
    client = client_of(world, "admin")
    read = {route: client.get(url).status_code for route, url in addresses()}
    assert len(read) > 100
    assert [route for route, status in read.items() if status == 405] == []


def leads(row):
    return row.method == "GET" and 302 in row.answers.values()


ACTS = [
    (route, row)
    for route, rows in TABLE.items()
    if any(row.method == "POST" and 405 not in row.answers.values() for row in rows)
    and not any(row.token for row in rows)
    for row in rows
    if leads(row)
]
IN_DRAFT = [(route, row) for route, row in ACTS if row.state == "draft"]
LATER = sorted({row.state for _, row in ACTS} - {"draft"})


def may(route, role):
    """Whether somebody with the role may do the act in any state, or is told at the form what is wrong."""
    return any(row.method == "POST" and row.answers[role] in (200, 302, 409, 422) for row in TABLE[route])


def follow(world, route, row):
    led = [role for role, answer in row.answers.items() if answer == 302 and may(route, role)]
    url = reverse(route, kwargs=row.kwargs(copy.deepcopy(world)))
    assert led, route
    for role in led:
        answer = client_of(world, role).get(url, follow=True)
        assert answer.status_code == 200, (route, role, answer.redirect_chain)
        assert urlsplit(answer.redirect_chain[-1][0]).path != url, route


@pytest.mark.parametrize(("route", "row"), IN_DRAFT, ids=[route for route, _ in IN_DRAFT])
def test_who_may_do_an_act_is_led_to_a_page_that_opens(world, route, row):
    follow(world, route, row)


@pytest.mark.parametrize("state", LATER)
def test_who_may_do_an_act_of_a_later_state_is_led_to_a_page_that_opens(state, db):
    world = make_world()
    bring_review_to(world, state)
    for route, row in ACTS:
        if row.state == state:
            with transaction.atomic():
                follow(world, route, row)
                transaction.set_rollback(True)


def test_nearly_every_act_is_walked():
    assert len({route for route, _ in ACTS}) >= 50
    assert all(row.answers["anonymous"] == SIGN_IN for _, row in ACTS)


def test_a_refusal_that_is_reloaded_leads_back_to_its_form_and_changes_nothing(world):
    client, url = client_of(world, "lead"), reverse("assessments:review_edit", args=[world.review.uuid])
    assert client.post(url, {"question": "", "version": world.review.version}).status_code == 422
    answer = client.get(url)
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        reverse("assessments:review_setup", args=[world.review.uuid]),
    )
    assert Review.objects.get(pk=world.review.pk).version == world.review.version


def test_a_sign_in_in_between_leads_back_to_the_form(world):
    client, url = Client(), reverse("assessments:review_edit", args=[world.review.uuid])
    asked = client.post(url, {"question": "Where?"})
    given = {"login": world.people["lead"].user.email, "password": PASSWORD}
    answer = client.post(asked.headers["Location"], given, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == reverse("assessments:review_setup", args=[world.review.uuid])


def test_nobody_is_led_anywhere_by_what_they_may_not_see(world):
    """TI-2."""
    for route, row in IN_DRAFT:
        if row.answers["stranger"] == 404:
            url = reverse(route, kwargs=row.kwargs(copy.deepcopy(world)))
            assert client_of(world, "stranger").get(url).status_code == 404, route
