"""The table of rights is whole and true."""

from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts.models import ApiToken, User
from tests.rights.reviews import bring_review_to
from tests.rights.rows import ROLES, SIGN_IN
from tests.rights.table import LIBRARY_ROUTES, TABLE
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


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(TABLE))
def test_the_answers_are_the_listed_ones(route):
    world = make_world()
    User.objects.filter(pk=world.people["deactivated"].user_id).update(is_active=False)
    wrong = []
    for state, rows in groupby(sorted(TABLE[route], key=lambda row: row.state), key=lambda row: row.state):
        with _undone():
            bring_review_to(world, state)
            for row in rows:
                for role in ROLES:
                    with _undone():
                        wrong += _ask(world, route, row, role)
    assert wrong == []


def _token_of(member):
    """A token of both scopes, also for a membership that may use none."""
    secret = ApiToken.new_secret()
    ApiToken.objects.create(
        organization=member.organization,
        membership=member,
        name="rights",
        digest=ApiToken.digest_of(secret),
        scopes=list(ApiToken.SCOPES),
        expires_at=timezone.now() + timedelta(days=1),
    )
    return {"Authorization": f"Bearer {secret}"}


def _ask_with_token(world, route, row, role):
    headers = row.headers(world) | ({} if role == "anonymous" else _token_of(world.people[role]))
    send = getattr(Client(), row.method.lower())
    url = reverse(route, kwargs=row.kwargs(world))
    body = {"data": row.data(world)} | ({} if row.method == "GET" else {"content_type": "application/json"})
    answer = send(url, headers=headers, **body)
    if answer.status_code == row.answers[role]:
        return []
    return [
        (
            row.method,
            row.state,
            role,
            f"expected {row.answers[role]}, got {answer.status_code}: {answer.content!r:.300}",
        )
    ]


def _ask(world, route, row, role):
    if row.token:
        return _ask_with_token(world, route, row, role)
    client = Client()
    if role != "anonymous":
        # Read anew: whoever signed on the way into the state has had a password since.
        user = User.objects.get(pk=world.people[role].user_id)
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    url = reverse(route, kwargs=row.kwargs(world))
    send = getattr(client, row.method.lower())
    answer = send(url, row.data(world)) if row.method in ("GET", "POST") else send(url)
    expected = row.answers[role]
    if expected == SIGN_IN:
        if answer.status_code == 302 and answer.headers["Location"].startswith(reverse(settings.LOGIN_URL)):
            return []
    elif answer.status_code == expected:
        return []
    return [(row.method, row.state, role, f"expected {expected}, got {answer.status_code}")]
