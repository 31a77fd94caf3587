"""Addresses and names of tokens have nothing in them that a reader does not see: on the page, in a command, behind both."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse

from accounts import people
from accounts.models import ApiToken, User
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return MembershipFactory(user__full_name="Ada Ng", with_roles=["admin"])


@pytest.mark.parametrize("email", ["q@exam\u00adple.org", "q\u200b@example.org", "\u202eq@example.org"])
def test_an_address_has_only_what_is_seen_on_the_page_and_behind_it(admin, client, email):
    with pytest.raises(ValueError, match="There is a character"), transaction.atomic():
        people.add_member(actor=admin, email=email, full_name="Quinn Roy")
    with pytest.raises(ValueError, match="There is a character"), transaction.atomic():
        people.found_organization(name="Halden", slug="halden", admin_email=email, admin_name="Quinn Roy")
    client.force_login(admin.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    answer = client.post(
        reverse("accounts:person_add"), {"email": email, "full_name": "Quinn Roy", "roles": ["viewer"]}
    )
    assert answer.status_code == 422 and "There is a character" in str(answer.context["form"].errors["email"])
    assert User.objects.count() == 1


def test_a_token_has_a_name_that_is_seen_whoever_makes_it(admin, client):
    with pytest.raises(ValueError, match="There is a character"), transaction.atomic():
        people.issue_token(member=admin, name="Night\u2066ly")
    with pytest.raises(CommandError, match="There is a character"):
        call_command("api_token", admin.user.email, organization=admin.organization.slug, name="Night\u2066ly")
    client.force_login(admin.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    answer = client.post(reverse("accounts:token_issue"), {"name": "Night\u2066ly", "scopes": ["read"], "days": 9})
    assert answer.status_code == 422 and "There is a character" in answer.content.decode()
    assert not ApiToken.objects.exists()
