"""Who may call: a usable token of an active membership, within its scopes. A session opens nothing."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts import people
from accounts.models import ApiToken, AuditEvent, Membership, RoleGrant, User
from tests.api.conftest import Caller, token_of

ME = "me/"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer mkw_wrong", "Bearer a b", "Basic YTpi", "Bearer \xff"]
)
def test_without_a_usable_token_nobody_gets_in(world, header):
    answer = Client().get("/api/v1/me/", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Makewhere"'
    assert answer.json()["code"] in ("not_authenticated", "authentication_failed")


def test_an_expired_or_revoked_token_ends(world):
    lead = world.people["lead"]
    assert Caller(token_of(lead, days=-0.001)).get(ME).status_code == 401
    secret = token_of(lead)
    assert Caller(secret).get(ME).status_code == 200
    ApiToken.objects.filter(digest=ApiToken.digest_of(secret)).update(revoked_at=Now())
    assert Caller(secret).get(ME).status_code == 401


def test_a_token_ends_with_its_membership_and_with_its_person(world):
    secret, other = token_of(world.people["rater"]), token_of(world.people["viewer"])
    people.deactivate_member(actor=world.people["admin"], membership_id=world.people["rater"].pk)
    User.objects.filter(pk=world.people["viewer"].user_id).update(is_active=False)
    assert Caller(secret).get(ME).status_code == 401
    assert Caller(other).get(ME).status_code == 401


def test_only_the_digest_of_a_token_is_stored(world):
    secret = token_of(world.people["lead"])
    assert not ApiToken.objects.filter(digest__contains=secret[5:20]).exists()


def test_the_scope_read_writes_nothing(world, caller):
    reader = caller("admin", "read")
    assert reader.get(ME).json()["scopes"] == ["read"]
    answer = reader.post(f"criteria-versions/{world.draft_version.uuid}/publish/", {"reason": "Now."})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    world.draft_version.refresh_from_db()
    assert world.draft_version.state == "draft"


def test_the_scope_write_alone_reads_nothing(caller):
    assert caller("admin", "write").get(ME).status_code == 403


def test_a_session_opens_no_endpoint_but_the_schema(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["admin"].user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    assert client.get("/api/v1/programs/").status_code == 401
    assert client.post("/api/v1/programs/", {}, content_type="application/json").status_code == 401
    assert client.get("/api/v1/schema/").status_code == 200
    assert Client().get("/api/v1/schema/").status_code == 401
    assert Client().get("/api/v1/docs/").status_code == 302


def test_rights_are_those_of_now(world, caller):
    admin = caller("admin")
    assert admin.get("audit-events/").status_code == 200
    RoleGrant.objects.filter(membership=world.people["admin"]).update(revoked_at=Now())
    assert admin.get("audit-events/").status_code == 403


def test_the_last_use_is_written_at_most_once_a_minute(world, django_assert_max_num_queries):
    token = Caller(token_of(world.people["lead"]))
    digest = ApiToken.digest_of(token.secret)
    token.get(ME)
    first = ApiToken.objects.get(digest=digest).last_used_at
    assert first is not None
    token.get(ME)
    assert ApiToken.objects.get(digest=digest).last_used_at == first
    ApiToken.objects.filter(digest=digest).update(last_used_at=timezone.now() - timedelta(seconds=61))
    token.get(ME)
    assert ApiToken.objects.get(digest=digest).last_used_at >= first


def test_a_token_acts_for_one_membership_of_a_person_with_two(world):
    person = world.people["lead"].user
    elsewhere = Membership.objects.create(organization=world.people["stranger"].organization, user=person)
    assert Caller(token_of(elsewhere)).get(f"programs/{world.program.uuid}/").status_code == 404
    assert Caller(token_of(world.people["lead"])).get(f"programs/{world.program.uuid}/").status_code == 200


def test_the_trail_names_channel_and_request(world, review_in, caller):
    review = review_in("draft")
    answer = caller("lead").post(
        f"reviews/{review.uuid}/transitions/", {"action": "withdraw", "reason": "Done."}, X_Request_ID="client-7"
    )
    assert answer.headers["X-Request-ID"] == "client-7"
    event = AuditEvent.objects.get(action="review.withdrawn")
    assert (event.channel, event.request_id) == ("api", "client-7")
    assert event.actor == world.people["lead"]
