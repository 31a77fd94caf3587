"""The table of rights is whole and true."""

import pytest
from django.conf import settings
from django.urls import get_resolver, reverse

from accounts.models import User
from tests.factories import MembershipFactory, OrganizationFactory
from tests.rights.table import LIBRARY_ROUTES, ROLES, SIGN_IN, TABLE


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
    assert found - set(TABLE) - LIBRARY_ROUTES == set(), "routes without a row in tests/rights/table.py"
    assert set(TABLE) - found == set(), "rows of routes that are gone"


def test_every_row_says_something_for_every_role():
    assert all(set(answers) == set(ROLES) for row in TABLE.values() for answers in row.values())


@pytest.fixture
def people(db):
    """One person of each role in one organization, and an admin of another."""
    here = OrganizationFactory()
    made = {
        role: MembershipFactory(organization=here, with_roles=[role])
        for role in ("viewer", "assessor", "approver", "admin", "auditor")
    }
    made["nobody"] = MembershipFactory(organization=here)
    made["stranger"] = MembershipFactory(with_roles=["admin"])
    made["deactivated"] = MembershipFactory(organization=here, with_roles=["admin"])
    return made


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("route", "method"), [(route, method) for route, row in TABLE.items() for method in row])
def test_the_answer_is_the_listed_one(client, people, route, method, role):
    if role != "anonymous":
        client.force_login(people[role].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    if role == "deactivated":
        User.objects.filter(pk=people[role].user_id).update(is_active=False)
    foreign = people["viewer" if role == "stranger" else "stranger"]
    answer = client.generic(
        method,
        reverse(route),
        f"membership={foreign.uuid}",
        content_type="application/x-www-form-urlencoded",
    )
    expected = TABLE[route][method][role]
    if expected == SIGN_IN:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse(settings.LOGIN_URL))
    else:
        assert answer.status_code == expected
