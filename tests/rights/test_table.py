"""The table of rights is whole and true."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts.models import ApiToken, User
from tests.rights.reviews import bring_review_to
from tests.rights.rows import ROLES, SIGN_IN
from tests.rights.table import LIBRARY_ROUTES, TABLE, TOPICS
from tests.rights.world import make_world


def routes(resolver=None, namespace=""):
    """The names of every route of the product, with their namespaces."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern, inner)
        else:
            yield f"{namespace}{pattern.name}"


def test_every_route_is_listed_and_every_listed_route_exists():
    found = set(routes())
    assert found - set(TABLE) - LIBRARY_ROUTES == set(), "routes without a row in tests/rights"
    assert set(TABLE) - found == set(), "rows of routes that are gone"


def test_every_row_says_something_for_every_role():
    assert all(set(row.answers) == set(ROLES) for rows in TABLE.values() for row in rows)


class _Undo(Exception):
    """Ends a savepoint."""


@contextmanager
def _undone():
    """Takes back what is done within, so that the next person meets the same world."""
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass


GROUPS = sorted({(topic, row.state) for topic, listed in TOPICS.items() for rows in listed.values() for row in rows})


@pytest.mark.django_db
@pytest.mark.parametrize(("topic", "state"), GROUPS)
def test_the_answers_are_the_listed_ones(topic, state):
    """P11-10d, TI-2: every address x role x state, of another organization too."""
    world = make_world()
    User.objects.filter(pk=world.people["deactivated"].user_id).update(is_active=False)
    bring_review_to(world, state)
    asking = {role: _sessions_and_tokens(world.people[role]) for role in ROLES if role != "anonymous"}
    wrong = []
    for route, rows in TOPICS[topic].items():
        for row in (row for row in rows if row.state == state):
            with _undone():
                here = copy.deepcopy(world)
                asked = _Asked(reverse(route, kwargs=row.kwargs(here)), row.data(here), row.headers(here))
                for role in ROLES:
                    with _undone():
                        wrong += [(route, *said) for said in _ask(asked, row, role, asking.get(role))]
    assert wrong == []


@dataclass(frozen=True)
class _Asked:
    """What everyone asks of a row."""

    url: str
    data: dict
    headers: dict


def _sessions_and_tokens(member) -> tuple[SimpleCookie, dict]:
    """The cookies of a session, and the header of a token of both scopes, also for a membership that may use none."""
    client = Client()
    # Read anew: whoever signed on the way into the state has had a password since.
    client.force_login(User.objects.get(pk=member.user_id), backend=settings.AUTHENTICATION_BACKENDS[-1])
    secret = ApiToken.new_secret()
    ApiToken.objects.create(
        organization=member.organization,
        membership=member,
        name="rights",
        digest=ApiToken.digest_of(secret),
        scopes=list(ApiToken.SCOPES),
        expires_at=timezone.now() + timedelta(days=1),
    )
    return client.cookies, {"Authorization": f"Bearer {secret}"}


def _ask(asked, row, role, ways) -> list[tuple]:
    """What differs from the listed answer; nothing if it is that."""
    client, headers = Client(), asked.headers
    if ways and row.token:
        headers = headers | ways[1]
    elif ways:
        client.cookies = copy.deepcopy(ways[0])
    body = {"data": asked.data} if row.method in ("GET", "POST") or row.token else {}
    if row.token and row.method != "GET":
        body["content_type"] = "application/json"
    answer = getattr(client, row.method.lower())(asked.url, headers=headers, **body)
    expected = row.answers[role]
    signs_in = answer.status_code == 302 and answer.headers["Location"].startswith(reverse(settings.LOGIN_URL))
    if signs_in if expected == SIGN_IN else answer.status_code == expected:
        return []
    return [(row.method, row.state, role, f"expected {expected}, got {answer.status_code}: {answer.content!r:.200}")]
